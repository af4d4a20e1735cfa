// The hosted kernel: the domains, who is running, what is pending, and how a domain dies.
// One activity at a time is inside the domains; `depth` counts its activations. Only when it is 0 are notifications and
// closed badges delivered, lowest rank first. Calls themselves are in call.ts, the other system calls beside it.
import {
  Fault, kernelDomain, Status, statusName, traceInterrupt, traceNotified, traceNotifiedReturn, traceStart, traceTrap,
} from "./abi.ts";
import type { Clock } from "./clock.ts";
import type { HostConsole } from "./console.ts";
import { type Attention, Domain, DomainState } from "./domain.ts";
import type { DevicePort } from "./device-port.ts";
import type { Entropy } from "./entropy.ts";
import { classify, type FaultReport, PowerOff } from "./faults.ts";
import { Timers } from "./timers.ts";
import type { TraceWriter } from "./trace-writer.ts";

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

/** Deliveries in one go; a system whose domains only notify each other returns to its host all the same. */
const deliveryLimit = 100_000;
const faultReportLimit = 256;

export class Kernel {
  readonly domains: Domain[] = [];
  readonly ports: DevicePort[] = [];
  readonly consoleListeners: Array<{ domain: Domain; bit: number }> = [];
  readonly timers = new Timers();
  readonly attention: Attention = { raised: false };
  readonly faultReports: FaultReport[] = [];
  trace: TraceWriter | null = null;
  /** Activations on the stack. */
  depth = 0;
  /** Of the outermost call or event; inherited by everything below it. */
  requestId = 0;
  powerOffStatus: number | null = null;
  private lastRequestId = 0;
  private byRank: Domain[] = [];

  constructor(readonly parts: KernelParts) {}

  addDomain(name: string, rank: number, memoryPages: number): Domain {
    const domain = new Domain(this.domains.length, name, rank, memoryPages, this.attention);
    this.domains.push(domain);
    this.byRank = [...this.domains].sort((a, b) => a.rank - b.rank || a.id - b.id);
    return domain;
  }

  newRequestId(): number {
    this.lastRequestId = (this.lastRequestId + 1) | 0 || 1;
    return this.lastRequestId;
  }

  /** Runs a domain's top-level code. */
  initialize(domain: Domain, topLevel: () => void): void {
    this.enter(domain, topLevel);
  }

  /** Ends a domain from outside; only between activities. */
  kill(domain: Domain, text: string): void {
    if (this.depth !== 0) throw new Error("a domain is killed only while the stack is empty");
    this.end(domain, Fault.killed, text);
    this.deliver();
  }

  /** Starts the loaded domains in the order of the manifest. Answers the statuses of those that refused. */
  start(): Map<string, number> {
    const refused = new Map<string, number>();
    for (const domain of this.domains) {
      if (domain.state === DomainState.Dead) refused.set(domain.name, Status.PeerDead); // its top-level code trapped
      if (domain.state !== DomainState.Loaded) continue;
      this.trace?.record(traceStart, this.depth, kernelDomain, domain.id, 0, 0, 0, 0);
      domain.state = DomainState.Ready;
      let status: number = Status.PeerRestarted;
      this.enter(domain, () => { status = domain.start() >>> 0; });
      if (this.powerOffStatus !== null) return refused;
      if (status === Status.Ok) continue;
      refused.set(domain.name, status);
      if (domain.state === DomainState.Ready) this.end(domain, Fault.killed, `start answered ${statusName(status)}`);
    }
    this.deliver();
    return refused;
  }

  /** Delivers what is pending. Does nothing unless the stack is empty. */
  deliver(): void {
    if (this.depth !== 0) return;
    if (this.timers.armedCount !== 0) this.timers.expire(this.parts.clock.monotonicNanoseconds());
    for (let count = 0; this.attention.raised && this.powerOffStatus === null; count++) {
      const domain = this.nextDeliverable();
      if (domain === null) this.attention.raised = false;
      else if (count === deliveryLimit) return;
      else this.deliverTo(domain);
    }
  }

  /** Lets devices, timers and the console make progress; true if anything happened. Never enters a domain. */
  advance(): boolean {
    let any = this.timers.armedCount !== 0 && this.timers.expire(this.parts.clock.monotonicNanoseconds());
    for (const port of this.ports) if (port.model.advance()) any = true;
    if (this.consoleListeners.length !== 0 && this.parts.console.hasInput()) {
      for (const { domain, bit } of this.consoleListeners) domain.signal(1 << bit);
      any = true;
    }
    return any;
  }

  /** One turn of an idle system: everything that can happen without a client happens. */
  turn(): void {
    if (this.depth !== 0) return;
    for (let count = 0; count < deliveryLimit && this.powerOffStatus === null; count++) {
      const moved = this.advance();
      this.deliver();
      if (!moved) return;
    }
  }

  /** Handles an error that came out of `domain`: ends it, or passes on what is not the domain's. */
  contain(domain: Domain, error: unknown): void {
    if (error instanceof PowerOff) this.powerOffStatus = error.status;
    const fault = classify(error);
    if (fault === null) throw error;
    this.end(domain, fault.code, fault.text);
  }

  /** Ends a domain. Its handles, grants and timers go at once; its device is reset; the others go on. */
  end(domain: Domain, code: number, text: string): void {
    if (domain.state === DomainState.Dead) return;
    domain.state = DomainState.Dead;
    if (this.faultReports.length < faultReportLimit) this.faultReports.push({ domain: domain.name, code, text });
    if (this.trace !== null) {
      this.trace.record(traceTrap, this.depth, kernelDomain, domain.id, 0, 0, this.requestId, code);
      this.trace.note(this.depth, domain.id, this.requestId, new TextEncoder().encode(text));
    }
    this.parts.log(`${domain.name}: ${text}`);
    domain.pending = 0;
    domain.closedBadges.length = 0;
    for (const timer of domain.timers) this.timers.disarm(timer);
    domain.port?.close();
    domain.table.releaseAll();
  }

  noteInterrupt(port: DevicePort): void {
    this.trace?.record(traceInterrupt, this.depth, kernelDomain, port.driver.id, 0, 0, this.requestId, port.interruptCount);
  }

  /** Runs `activity` in `domain` as an event of its own; errors of the domain end it. */
  private enter(domain: Domain, activity: () => void): void {
    const requestId = this.requestId;
    const depth = this.depth;
    this.requestId = this.newRequestId();
    this.depth = depth + 1;
    try {
      activity();
    } catch (error) {
      this.depth = depth;
      if (error instanceof PowerOff) this.powerOffStatus = error.status;
      else this.contain(domain, error);
    } finally {
      this.depth = depth;
      this.requestId = requestId;
    }
  }

  private nextDeliverable(): Domain | null {
    for (const domain of this.byRank) {
      if (domain.state !== DomainState.Ready) continue;
      if (domain.closedBadges.length !== 0 || (domain.pending !== 0 && domain.notified !== null)) return domain;
    }
    return null;
  }

  private deliverTo(domain: Domain): void {
    if (domain.closedBadges.length !== 0) {
      const badge = domain.closedBadges.shift()!;
      if (!domain.isBadgeHeld(badge)) this.enter(domain, () => domain.closed!(badge));
      return;
    }
    const bits = domain.pending;
    domain.pending = 0;
    this.enter(domain, () => {
      this.trace?.record(traceNotified, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, bits);
      domain.notified!(bits);
      this.trace?.record(traceNotifiedReturn, this.depth - 1, kernelDomain, domain.id, 0, 0, this.requestId, 0);
    });
  }
}
