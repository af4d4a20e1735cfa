// How domains end, whom they take with them, and how they come back (docs/supervision.md §§3-4).
//
// A domain that ends loses its handles, timers and bits at once. Off the stack it stops; on the stack it is dying, and is
// unwound by throwing into it when its callee returns to it. What stays true: `dyingCount` domains are dying, all of them
// on the stack; `kernel.unsettled` is set while one is or while a restart is due; a domain restarts only when what it
// stands on is running and every activation on the stack has a higher rank, so no domain is ever entered twice.
import { Fault, kernelDomain, traceGivenUp, traceRestart, traceTrap } from "./abi.ts";
import { type Domain, DomainState } from "./domain.ts";
import { classify, PowerOff, Unwinding } from "./faults.ts";
import type { Kernel } from "./kernel.ts";

const faultReportLimit = 256;
/** Restarts in one go. Each domain gives up long before; this bounds a mistake in that reasoning. */
const settleLimit = 10_000;
const anyRank = Infinity;

export class Supervisor {
  /** Domains on the stack of which no instruction runs again. */
  dyingCount = 0;

  constructor(private readonly kernel: Kernel) {}

  // ---- ends

  /** Ends a domain from outside, at any time. On an empty stack what follows from it happens at once. */
  kill(domain: Domain, text: string): void {
    this.end(domain, Fault.killed, text);
    this.kernel.deliver();
  }

  /** Handles an error that came out of `domain`, whose activation is over: ends it, or passes on what is not the domain's. */
  contain(domain: Domain, error: unknown): void {
    if (domain.state === DomainState.Dying && (error instanceof Unwinding || classify(error) !== null)) return this.finish(domain);
    if (error instanceof PowerOff) this.kernel.powerOffStatus = error.status;
    const fault = classify(error);
    if (fault === null) throw error;
    this.end(domain, fault.code, fault.text);
  }

  /** An activation of `domain` is over: if it was dying it is stopped now. */
  finish(domain: Domain): void {
    if (domain.state !== DomainState.Dying || this.kernel.isOnStack(domain)) return;
    this.dyingCount--;
    domain.state = domain.fate;
  }

  refuseStart(domain: Domain, text: string): void {
    this.end(domain, Fault.startRefused, text);
  }

  /** Throws into a domain that is dying; it has just come back from the kernel. */
  leaveIfDying(domain: Domain): void {
    if (domain.state === DomainState.Dying) throw new Unwinding(domain.name);
  }

  /** Ends a domain and everything that stands on it. */
  end(domain: Domain, code: number, text: string): void {
    if (!domain.isAlive || domain.isClient) return;
    const waves: Domain[] = [domain];
    this.endOne(domain, code, text);
    for (let index = 0; index < waves.length; index++) {
      this.endDrivers(waves[index]!, waves);
      this.endDependants(waves[index]!, waves);
    }
    this.kernel.unsettled = true;
    this.kernel.attention.raised = true;
  }

  /**
   * The kernel was stopped in the middle of a system call of `running`, with an empty stack now: what it keeps may be
   * half-written. Everything that follows from the manifest is made anew, and every domain ends.
   */
  startOver(running: Domain, text: string): void {
    const { domains, timers } = this.kernel;
    this.dyingCount = 0;
    timers.recount();
    for (const domain of domains) {
      if (domain.state === DomainState.Dying) domain.state = domain.fate;
      domain.table.reset();
      domain.forgetBadges();
    }
    for (const domain of domains) if (domain.isClient) domain.table.restorePermanent();
    for (const domain of domains) {
      if (domain.isAlive && !domain.isClient) this.end(domain, domain === running ? Fault.timeLimit : Fault.peerRestarted, text);
      // A restart that was under way.
      if (domain.state === DomainState.Restarting && (domain.policy!.timer === null || domain.policy!.timer.deadline < 0)) domain.policy!.isDue = true;
    }
    this.kernel.unsettled = true;
    this.kernel.attention.raised = true;
  }

  /** The domains with `onPeerRestart` that stand on `fallen`, directly or not: one pass, because ranks rise. */
  private endDependants(fallen: Domain, waves: Domain[]): void {
    const down = new Set<Domain>([fallen]);
    for (const domain of this.kernel.byRank) {
      const below = domain.standsOn.filter((peer) => down.has(peer));
      if (below.length === 0 || domain.state === DomainState.Loaded || domain.state === DomainState.Absent) continue;
      down.add(domain);
      if (domain.isAlive) {
        this.endOne(domain, Fault.peerRestarted, `${below[0]!.name}, which it stands on, ended`);
        waves.push(domain);
      }
      if (below.some(({ fate }) => fate !== DomainState.Restarting)) this.giveUp(domain, "what it stands on does not come back");
    }
  }

  /** A device that knows addresses of the fallen domain's memory is stopped, and its driver with it. */
  private endDrivers(fallen: Domain, waves: Domain[]): void {
    for (const { driver, exposed } of this.kernel.ports) {
      if (!exposed.has(fallen) || driver === fallen || !driver.isAlive) continue;
      this.endOne(driver, Fault.deviceReach, `its device knows addresses of ${fallen.name}, which ended`);
      waves.push(driver);
    }
    if (fallen.port === null || fallen.port.isResetConfirmed) return;
    // The device may still write: nobody whose memory it knows may go on in that memory, and nobody may drive it.
    this.giveUp(fallen, "its device could not be reset");
    for (const owner of fallen.port.exposed) {
      if (!owner.isAlive || owner.isClient) continue;
      this.endOne(owner, Fault.deviceReach, `the device of ${fallen.name} knows its addresses and could not be reset`);
      waves.push(owner);
    }
  }

  private endOne(domain: Domain, code: number, text: string): void {
    const { kernel } = this;
    domain.lastFault = code;
    domain.fate = DomainState.Dead;
    if (kernel.faultReports.length < faultReportLimit) kernel.faultReports.push({ domain: domain.name, code, text });
    if (kernel.trace !== null) {
      kernel.trace.record(traceTrap, kernel.depth, kernelDomain, domain.id, 0, 0, kernel.requestId, code);
      kernel.trace.note(kernel.depth, domain.id, kernel.requestId, new TextEncoder().encode(text));
    }
    kernel.parts.log(`${domain.name}: ${text}`);
    this.chooseFate(domain, code);
    if (kernel.isOnStack(domain)) {
      domain.state = DomainState.Dying;
      this.dyingCount++;
    } else {
      domain.state = domain.fate;
    }
    domain.pending = 0;
    domain.closedBadges.clear();
    for (const timer of domain.timers) kernel.timers.disarm(timer);
    domain.port?.close();
    domain.table.releaseAll();
    for (const other of kernel.domains) other.table.endLeasesOf(domain);
  }

  private chooseFate(domain: Domain, code: number): void {
    const { policy } = domain;
    if (policy === null) return;
    domain.fate = DomainState.Restarting;
    const isOwn = code !== Fault.peerRestarted && code !== Fault.deviceReach;
    const delay = isOwn ? policy.noteDeath(this.kernel.parts.clock.monotonicNanoseconds()) : 0;
    if (delay < 0) return this.giveUp(domain, "it ended too often");
    policy.isDue = delay === 0;
    if (!isOwn) policy.needsEmptyStack = false;
    if (delay === 0) return;
    policy.timer ??= this.kernel.timers.add(() => {
      policy.isDue = true;
      this.kernel.unsettled = true;
      this.kernel.attention.raised = true;
    });
    this.kernel.timers.arm(policy.timer, this.kernel.parts.clock.monotonicNanoseconds() + delay);
  }

  /** The domain stays stopped; the log says so, whatever its settings. */
  private giveUp(domain: Domain, reason: string): void {
    if (domain.fate === DomainState.GivenUp) return;
    domain.fate = DomainState.GivenUp;
    if (domain.state === DomainState.Restarting || domain.state === DomainState.Dead) domain.state = DomainState.GivenUp;
    if (domain.policy !== null) {
      domain.policy.isDue = false;
      if (domain.policy.timer !== null) this.kernel.timers.disarm(domain.policy.timer);
    }
    this.kernel.trace?.record(traceGivenUp, this.kernel.depth, kernelDomain, domain.id, 0, 0, this.kernel.requestId, domain.restarts);
    this.kernel.parts.log(`${domain.name}: given up after ${domain.restarts} restarts: ${reason}`);
  }

  // ---- restarts

  /**
   * Restarts what is due, while `running` (null: nobody) is on top of the stack and has just come back from the kernel.
   * Throws into it if it is dying.
   */
  settle(running: Domain | null): void {
    const rank = running === null ? anyRank : running.rank;
    for (let count = 0; count < settleLimit && this.kernel.powerOffStatus === null; count++) {
      if (running !== null) this.leaveIfDying(running);
      if (this.nextRestart(rank) === null) break;
      this.kernel.deliverClosedBelow(rank); // before they come back
      if (running !== null) this.leaveIfDying(running);
      const next = this.nextRestart(rank);
      if (next !== null) this.restart(next);
    }
    // On an empty stack what is still due waits for a domain that backs off, whose timer raises the flag again.
    const waits = this.kernel.depth !== 0 && this.kernel.domains.some(({ state, policy }) => state === DomainState.Restarting && policy!.isDue);
    this.kernel.unsettled = this.dyingCount !== 0 || waits;
  }

  private nextRestart(rank: number): Domain | null {
    const isEmpty = this.kernel.depth === 0;
    for (const domain of this.kernel.byRank) {
      if (domain.rank >= rank) return null;
      if (domain.state !== DomainState.Restarting || !domain.policy!.isDue || (domain.policy!.needsEmptyStack && !isEmpty)) continue;
      if (domain.standsOn.every(({ state }) => state !== DomainState.Restarting && state !== DomainState.Dying)) return domain;
    }
    return null;
  }

  private restart(domain: Domain): void {
    const { kernel } = this;
    domain.policy!.isDue = false;
    domain.restarts = (domain.restarts + 1) >>> 0;
    kernel.trace?.record(traceRestart, kernel.depth, kernelDomain, domain.id, 0, 0, kernel.requestId, domain.restarts);
    domain.forgetBadges();
    for (const other of kernel.domains) if (other !== domain) other.table.holdPermanentBadges(domain);
    let topLevel: () => void;
    try {
      topLevel = domain.revive();
    } catch (error) {
      domain.state = DomainState.Loaded; // so that it can end: there is no memory for it
      this.end(domain, Fault.startRefused, `no fresh instance: ${String(error)}`);
      return;
    }
    domain.table.restorePermanent();
    kernel.initialize(domain, topLevel);
    domain.pending = 0; // bits sent before it was ready are lost
    if (domain.state === DomainState.Loaded && kernel.powerOffStatus === null) kernel.startDomain(domain);
  }
}
