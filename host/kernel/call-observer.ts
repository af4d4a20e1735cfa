// Counts messages, for tests: a hook that hears of each, and the death of one domain at a chosen one (docs/supervision.md
// §8). Calls and replies count alike, from 1, once the domains have started. Absent, it costs a comparison with null.
import { Fault } from "./abi.ts";
import { type Domain, DomainState } from "./domain.ts";
import type { Kernel } from "./kernel.ts";

/** Kills `domain` at the message with this number. */
export interface Injection { domain: string; message: number }
/** Hears of each message before it is acted on, and may kill. */
export type MessageHook = (index: number, callerId: number, calleeId: number) => void;

export class CallObserver {
  /** Messages so far. */
  count = 0;
  /** The domains have started. */
  isCounting = false;

  constructor(
    private readonly kernel: Kernel, private readonly victim: Domain | null, private readonly message: number, private readonly hook: MessageHook | null,
  ) {}

  /** Will somebody act at the next message? */
  isDue(): boolean {
    if (!this.isCounting) return false;
    if (this.hook !== null || this.count + 1 === this.message) return true;
    this.count++;
    return false;
  }

  /** Counts a message from one domain to another; true when one of them died of it. The caller of the two is on top of the stack. */
  interrupts(from: Domain, to: Domain): boolean {
    if (!this.isCounting) return false;
    const { kernel } = this;
    const epochs = from.restarts + to.restarts;
    this.count++;
    kernel.isHooked = true;
    this.hook?.(this.count, from.id, to.id);
    kernel.isHooked = false;
    if (this.victim !== null && this.count === this.message) kernel.supervisor.end(this.victim, Fault.killed, `killed at message ${this.message}`);
    if (!kernel.unsettled) return false;
    const isOver = (): boolean => from.state !== DomainState.Ready || to.state !== DomainState.Ready;
    if (isOver()) return true;
    kernel.supervisor.settle(from.rank > to.rank ? from : to);
    return isOver() || from.restarts + to.restarts !== epochs;
  }
}
