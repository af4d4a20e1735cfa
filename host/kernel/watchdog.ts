// Time limits on the hosted kernel (docs/supervision.md §5, docs/decisions/0004-hosted-watchdog.md).
//
// A module that loops without system calls can be stopped by V8 alone: its time-out around the outermost activity unwinds
// everything, skipping every `catch` and `finally` on the way. In the middle of the kernel's own work that would leave
// tables half-written, so there are two limits: past the first, the next system call throws at a point where all is in
// order; V8's comes later, when whoever runs makes no system calls. Should it hit the kernel all the same (a busy machine
// may not run us at all between the two), `isInKernel` says so: the tables are made anew and every domain ends.
import { Fault } from "./abi.ts";
import type { Domain } from "./domain.ts";
import { DomainFault } from "./faults.ts";
import type { Kernel } from "./kernel.ts";

/** System calls between two looks at the clock. */
const callsPerLook = 64;
/** How much later than the limit V8 strikes: long enough for a look at the clock, also while others have the processors. */
const graceMs = 100;
const timeoutCode = "ERR_SCRIPT_EXECUTION_TIMEOUT";
const slotName = "axiomfsActivity";

interface Script { runInThisContext(options: { timeout: number }): unknown }
interface ScriptModule { Script: new (source: string) => Script }

export class Watchdog {
  /** The kernel, and not a module, is running. */
  isInKernel = true;
  private readonly script: Script;
  private readonly limits = new Map<Domain, number>();
  private deadline = Infinity;
  private callsSinceLook = 0;

  constructor(private readonly kernel: Kernel) {
    const machine = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
    const virtualMachine = machine?.getBuiltinModule?.("node:vm") as ScriptModule | undefined;
    if (virtualMachine === undefined) throw new Error("the watchdog needs Node: only V8's own time-out can stop a module that loops");
    this.script = new virtualMachine.Script(`globalThis.${slotName}()`);
  }

  /** Runs an outermost activity that enters `domain`. Answers false if it took too long: then every domain in it has ended. */
  run(domain: Domain, activity: () => void): boolean {
    const limit = this.limitOf(domain);
    if (limit === 0) {
      activity();
      return true;
    }
    const outerDeadline = this.deadline; // a restart in the middle of a call has a limit of its own
    this.deadline = performance.now() + limit;
    (globalThis as Record<string, unknown>)[slotName] = activity;
    try {
      this.script.runInThisContext({ timeout: limit + graceMs });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code !== timeoutCode) throw error;
      this.strike();
      return false;
    } finally {
      this.deadline = outerDeadline;
      this.isInKernel = true;
    }
  }

  /** A system call: the kernel runs until it returns, and looks at the clock now and then. */
  guardSystemCall(inner: (...registers: number[]) => number | void): (...registers: number[]) => number | void {
    return (a, b, c, d, e, f, g) => {
      this.isInKernel = true;
      if (++this.callsSinceLook >= callsPerLook) this.look();
      const result = inner(a!, b!, c!, d!, e!, f!, g!);
      this.isInKernel = false;
      return result;
    };
  }

  /** An entry point of a module. */
  guardEntry<Arguments extends number[], Result>(inner: (...registers: Arguments) => Result): (...registers: Arguments) => Result {
    return (...registers) => {
      this.isInKernel = false;
      try {
        return inner(...registers);
      } finally {
        this.isInKernel = true;
      }
    };
  }

  /**
   * Milliseconds that an activity which enters `domain` may take: the greatest sum of limits along a chain of calls from it,
   * because time in callees counts here. 0, unbounded, if a domain that it may reach has no limit.
   */
  limitOf(domain: Domain): number {
    const known = this.limits.get(domain);
    if (known !== undefined) return known;
    // Ranks fall along every chain, so the limits of all below are known when a domain's turn comes.
    for (const each of this.kernel.byRank) {
      const below = each.table.permanentServers().filter((server) => server !== each).map((server) => this.limits.get(server)!);
      const isBounded = each.timeLimitMs !== 0 && below.every((limit) => limit !== 0);
      this.limits.set(each, isBounded ? each.timeLimitMs + Math.max(0, ...below) : 0);
    }
    return this.limits.get(domain)!;
  }

  private look(): void {
    this.callsSinceLook = 0;
    if (performance.now() < this.deadline) return;
    const { kernel } = this;
    const running = kernel.stack[kernel.depth - 1]!;
    this.deadline = Infinity;
    this.endOthers(running);
    throw new DomainFault(Fault.timeLimit, `its time limit of ${running.timeLimitMs} ms, with its callees', has passed`);
  }

  /** V8 has unwound everything: what the boundaries would have done is done here. */
  private strike(): void {
    const { kernel } = this;
    const stack = kernel.stack.slice(0, kernel.depth);
    kernel.depth = 0;
    kernel.requestId = 0;
    const running = stack.pop()!;
    if (this.isInKernel) {
      kernel.isHooked = false;
      kernel.supervisor.startOver(running, "V8's time-out hit the kernel's own work");
      return;
    }
    for (const domain of stack) kernel.supervisor.finish(domain); // those that were dying are off the stack now
    kernel.supervisor.finish(running);
    kernel.supervisor.end(running, Fault.timeLimit, `its time limit of ${running.timeLimitMs} ms, with its callees', has passed`);
    for (const domain of stack) kernel.supervisor.end(domain, Fault.peerRestarted, `${running.name} ran out of time above it`);
  }

  /** The others on the stack end with the one that ran too long, as they do when V8 strikes. */
  private endOthers(running: Domain): void {
    const { kernel } = this;
    for (const domain of kernel.stack.slice(0, kernel.depth - 1)) kernel.supervisor.end(domain, Fault.peerRestarted, `${running.name} ran out of time above it`);
  }
}
