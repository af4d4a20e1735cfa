// The hosted kernel: the domains, who is running, and what is pending.
// One activity at a time is inside the domains; `depth` counts its activations and `stack` names them, rank falling. Only
// when `depth` is 0 are notifications delivered, lowest rank first. Calls themselves are in call.ts, the other system calls
// beside it; how domains end and come back is in supervisor.ts.
import {
  kernelDomain, Status, statusName, traceBackground, traceBackgroundReturn, traceClosed, traceClosedReturn, traceInterrupt,
  traceNotified, traceNotifiedReturn, traceStart,
} from "./abi.ts";
import type { CallObserver } from "./call-observer.ts";
import type { Clock } from "./clock.ts";
import type { HostConsole } from "./console.ts";
import { type Attention, Domain, DomainState } from "./domain.ts";
import type { DevicePort } from "./device-port.ts";
import type { Entropy } from "./entropy.ts";
import { type FaultReport, PowerOff } from "./faults.ts";
import { Supervisor } from "./supervisor.ts";
import { Timers } from "./timers.ts";
import type { TraceWriter } from "./trace-writer.ts";
import type { Watchdog } from "./watchdog.ts";

export interface KernelParts {
  clock: Clock;
  entropy: Entropy;
  console: HostConsole;
  /** Takes a line about a fault, a failed start or, when notes are wanted, a trace note. */
  log: (line: string) => void;
  logNotes: boolean;
  /** The largest segment dma_segments gives out: tests make it small to see drivers handle many. */
  dmaSegmentBytes: number;
}

/** Activations at most; ranks bound the chain too, this bounds the JavaScript stack. */
export const depthLimit = 64;
/** Deliveries in one go; a system whose domains only notify each other returns to its host all the same. */
const deliveryLimit = 100_000;

export class Kernel {
  readonly domains: Domain[] = [];
  /** Lowest rank first, then as in the manifest. */
  byRank: Domain[] = [];
  readonly ports: DevicePort[] = [];
  readonly consoleListeners: Array<{ domain: Domain; bit: number }> = [];
  readonly timers = new Timers();
  readonly attention: Attention = { raised: false };
  readonly faultReports: FaultReport[] = [];
  readonly supervisor: Supervisor;
  trace: TraceWriter | null = null;
  /** Counts messages, when somebody wants that. */
  observer: CallObserver | null = null;
  /** There is a trace or an observer: calls and replies are looked at. */
  isWatched = false;
  watchdog: Watchdog | null = null;
  /** Activations on the stack. */
  depth = 0;
  /** Their domains; behind `depth` are leftovers. */
  readonly stack: Domain[] = [];
  /** A domain is dying, or a restart is due: what returns must look. */
  unsettled = false;
  /** Code outside of the system runs in the middle of something: nothing is delivered until it has returned. */
  isHooked = false;
  /** Of the outermost call or event; inherited by everything below it. */
  requestId = 0;
  powerOffStatus: number | null = null;
  private lastRequestId = 0;

  constructor(readonly parts: KernelParts) {
    this.supervisor = new Supervisor(this);
    const nobody = new Domain(kernelDomain, "kernel", 0, 0, this.attention);
    for (let index = 0; index < depthLimit + 2; index++) this.stack.push(nobody);
  }

  addDomain(name: string, rank: number, memoryPages: number): Domain {
    const domain = new Domain(this.domains.length, name, rank, memoryPages, this.attention);
    this.domains.push(domain);
    this.byRank = [...this.domains].sort((a, b) => a.rank - b.rank || a.id - b.id);
    return domain;
  }

  watchCalls(trace: TraceWriter | null, observer: CallObserver | null): void {
    this.trace = trace;
    this.observer = observer;
    this.isWatched = trace !== null || observer !== null;
  }

  newRequestId(): number {
    this.lastRequestId = (this.lastRequestId + 1) | 0 || 1;
    return this.lastRequestId;
  }

  isOnStack(domain: Domain): boolean {
    for (let index = 0; index < this.depth; index++) if (this.stack[index] === domain) return true;
    return false;
  }

  /** Runs a domain's top-level code. */
  initialize(domain: Domain, topLevel: () => void): void {
    this.enter(domain, topLevel);
  }

  /** Starts the loaded domains in the order of the manifest. Answers the statuses of those that refused and did not come back. */
  start(): Map<string, number> {
    const refused = new Map<string, number>();
    for (const domain of this.domains) {
      if (domain.isStopped) refused.set(domain.name, Status.PeerDead); // its top-level code trapped
      if (domain.state !== DomainState.Loaded) {
        this.supervisor.settle(null);
        continue;
      }
      domain.table.enterPresentEpochs();
      const status = this.startDomain(domain);
      if (status !== Status.Ok) refused.set(domain.name, status);
      this.supervisor.settle(null);
      if (this.powerOffStatus !== null) return refused;
    }
    this.deliver();
    for (const name of refused.keys()) if (this.domains.find((domain) => domain.name === name)!.state === DomainState.Ready) refused.delete(name);
    return refused;
  }

  /** Runs a loaded domain's `start`, and ends it if it refuses. Answers the status; PeerRestarted for one that died. */
  startDomain(domain: Domain): number {
    this.trace?.record(traceStart, this.depth, kernelDomain, domain.id, 0, 0, 0, 0);
    domain.state = DomainState.Ready;
    let status: number = Status.PeerRestarted;
    this.enter(domain, () => { status = domain.start() >>> 0; });
    if (domain.state !== DomainState.Ready || this.powerOffStatus !== null) return status;
    if (status !== Status.Ok) this.supervisor.refuseStart(domain, `start answered ${statusName(status)}`);
    return status;
  }

  /** Delivers what is pending. Does nothing unless the stack is empty. */
  deliver(): void {
    if (this.depth !== 0 || this.isHooked) return;
    if (this.timers.armedCount !== 0) this.timers.expire(this.parts.clock.monotonicNanoseconds());
    for (let count = 0; this.attention.raised && this.powerOffStatus === null; count++) {
      if (this.unsettled) this.supervisor.settle(null);
      const domain = this.nextDeliverable();
      if (domain === null) this.attention.raised = this.unsettled;
      if (domain === null || count === deliveryLimit) return;
      if (domain.closedBadges.size !== 0) this.deliverClosed(domain);
      else this.deliverBits(domain);
    }
  }

  /** Lets devices, timers and the console make progress; true if anything happened. Never enters a domain. */
  advance(): boolean {
    let any = this.timers.armedCount !== 0 && this.timers.expire(this.parts.clock.monotonicNanoseconds());
    this.isHooked = true; // whoever made the disk may call back
    for (const port of this.ports) if (port.model.advance()) any = true;
    this.isHooked = false;
    if (this.consoleListeners.length !== 0 && this.parts.console.hasInput()) {
      for (const { domain, bit } of this.consoleListeners) domain.signal(1 << bit);
      any = true;
    }
    return any;
  }

  /** An idle system: everything that can happen without a client happens, background work last. With `limit` 1 at most one step of that. */
  turn(limit = deliveryLimit): void {
    if (this.depth !== 0) return;
    for (let count = 0; count < limit && this.powerOffStatus === null; count++) {
      const moved = this.advance();
      this.deliver();
      if (!moved && !this.workInBackground()) return;
    }
  }

  /** Nothing runs any more. */
  shutDown(): void {
    this.depth = 0;
    for (const domain of this.domains) if (domain.state !== DomainState.Absent) domain.state = DomainState.Dead;
    this.supervisor.dyingCount = 0;
    this.unsettled = false;
  }

  noteInterrupt(port: DevicePort): void {
    this.trace?.record(traceInterrupt, this.depth, kernelDomain, port.driver.id, 0, 0, this.requestId, port.interruptCount);
  }

  /** Tells servers below `rank` of badges that are gone. They are not on the stack: ranks fall along it. */
  deliverClosedBelow(rank: number): void {
    for (const server of this.byRank) {
      if (server.rank >= rank) return;
      while (server.state === DomainState.Ready && server.closedBadges.size !== 0 && this.depth < depthLimit) this.deliverClosed(server);
    }
  }

  /** Runs `activity` in `domain` as an event; errors of the domain end it. */
  enter(domain: Domain, activity: () => void): void {
    const requestId = this.requestId;
    const depth = this.depth;
    if (depth === 0) this.requestId = this.newRequestId();
    this.stack[depth] = domain;
    this.depth = depth + 1;
    domain.isIdle = false;
    try {
      if (depth === 0 && this.watchdog !== null) this.watchdog.run(domain, activity);
      else activity();
      this.leave(depth, requestId);
      if (this.unsettled) this.supervisor.finish(domain);
    } catch (error) {
      this.leave(depth, requestId);
      if (error instanceof PowerOff) this.powerOffStatus = error.status;
      if (error instanceof PowerOff && depth === 0) return;
      this.supervisor.contain(domain, error);
    }
  }

  private leave(depth: number, requestId: number): void {
    const left = this.stack[depth]!;
    if (left.bytes.length === 0 && left.state !== DomainState.Absent) left.view();
    this.depth = depth;
    this.requestId = requestId;
  }

  private nextDeliverable(): Domain | null {
    for (const domain of this.byRank) {
      if (domain.state !== DomainState.Ready) continue;
      if (domain.closedBadges.size !== 0 || (domain.pending !== 0 && domain.notified !== null)) return domain;
    }
    return null;
  }

  private deliverClosed(domain: Domain): void {
    const badge = domain.takeClosedBadge();
    if (badge === null) return;
    this.enter(domain, () => {
      this.trace?.record(traceClosed, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, badge);
      domain.closed!(badge);
      this.trace?.record(traceClosedReturn, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, 0);
    });
  }

  private deliverBits(domain: Domain): void {
    const bits = domain.pending;
    domain.pending = 0;
    this.enter(domain, () => {
      this.trace?.record(traceNotified, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, bits);
      domain.notified!(bits);
      this.trace?.record(traceNotifiedReturn, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, 0);
    });
  }

  /** One step of background work, lowest rank first; false when nobody has any. */
  private workInBackground(): boolean {
    if (this.attention.raised || this.powerOffStatus !== null) return false;
    for (const domain of this.byRank) {
      if (domain.background === null || domain.state !== DomainState.Ready) continue;
      if (domain.isIdle && domain.calls === domain.callsWhenIdle) continue;
      this.enter(domain, () => {
        this.trace?.record(traceBackground, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, 0);
        const hasMore = domain.background!() !== 0;
        this.trace?.record(traceBackgroundReturn, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, hasMore ? 1 : 0);
        domain.isIdle = !hasMore;
        domain.callsWhenIdle = domain.calls;
      });
      return true;
    }
    return false;
  }
}
