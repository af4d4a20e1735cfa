// One domain as the kernel sees it: a memory, two message buffers, a capability table and the functions to enter it.
// The hot paths read these fields directly. What stays true: `bytes`, `inWords` and `outWords` view a memory that never
// moves (its initial size is its maximum) and is a new one after each restart; nothing enters a domain whose state is
// not Ready; the table, the handles of the manifest and the count of restarts live as long as the system.
import { CapabilityTable } from "./capability-table.ts";
import type { DevicePort } from "./device-port.ts";
import type { RestartPolicy } from "./restart-policy.ts";
import { firstLeaseWord, messageBytes, messageWords } from "./abi.ts";
import type { Timer } from "./timers.ts";

/** docs/supervision.md §2. */
export const DomainState = { Absent: 0, Loaded: 1, Ready: 2, Dead: 3, Restarting: 4, GivenUp: 5, Dying: 6 } as const;

/** Set whenever a notification or a closed badge waits for delivery, so that an idle return costs one test. */
export interface Attention { raised: boolean }

/** How the kernel enters a domain. Registers are 32 bits wide. */
export interface EntryPoints {
  start: () => number;
  receive: (badge: number, rights: number) => number;
  notified: ((bits: number) => void) | null;
  closed: ((badge: number) => void) | null;
  background: (() => number) | null;
}

const noMemory = new Uint8Array(0);
const noWords = new Int32Array(0);

export class Domain {
  state: number = DomainState.Absent;
  private memory: { readonly buffer: ArrayBufferLike } = noMemory;
  bytes: Uint8Array = noMemory;
  inWords: Int32Array = noWords;
  outWords: Int32Array = noWords;
  /** Header and fields of each message: what a reply carries besides its capability slots. */
  inHead: Int32Array = noWords;
  outHead: Int32Array = noWords;
  messageInAddress = 0;
  messageOutAddress = 0;
  receive: (badge: number, rights: number) => number = unreachable;
  start: () => number = unreachable;
  notified: ((bits: number) => void) | null = null;
  closed: ((badge: number) => void) | null = null;
  background: (() => number) | null = null;
  readonly table: CapabilityTable;
  /** Pending notification bits. */
  pending = 0;
  /** Bits that `wait` may name: those of the kernel and of lower ranks. */
  waitable = 0;
  /** Badges whose last copy has gone, not yet told; each once, in the order in which they ended. */
  readonly closedBadges = new Set<number>();
  private readonly badgeCounts = new Map<number, number>();
  readonly timers: Timer[] = [];
  /** The device whose driver this is. */
  port: DevicePort | null = null;
  calls = 0;
  /** The epoch: an endpoint made in another one has a peer that restarted. */
  restarts = 0;
  busyNanoseconds = 0;
  /** Uses of stale and forged handles. */
  refusedHandles = 0;
  lastFault = 0;
  /** Own CPU time of one activation; 0 is no limit. */
  timeLimitMs = 0;
  /** What the manifest says of its restarts; null: dead for ever. */
  policy: RestartPolicy | null = null;
  /** Domains of lower rank whose end ends this one (`onPeerRestart`). */
  standsOn: readonly Domain[] = [];
  /** The state that a dying domain takes when it is off the stack. */
  fate: number = DomainState.Dead;
  /** Code outside all domains: it never ends. */
  isClient = false;
  /** `background` has said that there is nothing to do, and the domain has not been entered since. */
  isIdle = false;
  /** `calls` when it said so. */
  callsWhenIdle = 0;
  /** Makes a fresh memory and instance and binds them; answers the top-level code. */
  revive: () => () => void = unreachableRevival;

  constructor(
    readonly id: number, readonly name: string, readonly rank: number, readonly memoryPages: number,
    private readonly attention: Attention,
  ) {
    this.table = new CapabilityTable(this);
  }

  /** Binds the memory and the entry points; the caller has checked the buffers' addresses. */
  load(memory: { readonly buffer: ArrayBufferLike }, messageIn: number, messageOut: number, entry: EntryPoints): void {
    this.memory = memory;
    this.messageInAddress = messageIn;
    this.messageOutAddress = messageOut;
    this.view();
    this.start = entry.start;
    this.receive = entry.receive;
    this.notified = entry.notified;
    this.closed = entry.closed;
    this.background = entry.background;
    this.isIdle = false;
    this.state = DomainState.Loaded;
  }

  /**
   * Views the memory; once more when the views have lost it: `memory.grow(0)` in a module changes nothing but the buffer object
   * under them (WebAssembly JavaScript interface §5.3), and they are of length 0 from then on. Whoever has just left module code
   * looks at a length before it uses a view.
   */
  view(): void {
    const { buffer } = this.memory;
    this.bytes = new Uint8Array(buffer);
    this.inWords = new Int32Array(buffer, this.messageInAddress, messageWords);
    this.outWords = new Int32Array(buffer, this.messageOutAddress, messageWords);
    this.inHead = this.inWords.subarray(0, firstLeaseWord);
    this.outHead = this.outWords.subarray(0, firstLeaseWord);
  }

  /** Puts something around every entry point. */
  wrapEntries(wrap: <Registers extends number[], Result>(inner: (...registers: Registers) => Result) => (...registers: Registers) => Result): void {
    this.start = wrap(this.start);
    this.receive = wrap(this.receive);
    if (this.notified !== null) this.notified = wrap(this.notified);
    if (this.closed !== null) this.closed = wrap(this.closed);
    if (this.background !== null) this.background = wrap(this.background);
  }

  /** Is [address, address + length) inside this memory? Both are unsigned. */
  holds(address: number, length: number): boolean {
    if (this.bytes.length === 0) this.view();
    const size = this.bytes.length;
    return length <= size && address <= size - length;
  }

  /** Does a range of this memory touch a message buffer? An empty range touches nothing. */
  touchesMessage(address: number, length: number): boolean {
    if (length === 0) return false;
    const end = address + length; // both are at most 2^32, so the sum is exact
    return (address < this.messageInAddress + messageBytes && end > this.messageInAddress)
      || (address < this.messageOutAddress + messageBytes && end > this.messageOutAddress);
  }

  signal(bits: number): void {
    this.pending |= bits;
    this.attention.raised = true;
  }

  /** Loaded or ready: it can be told things, and it can end. */
  get isAlive(): boolean {
    return this.state === DomainState.Ready || this.state === DomainState.Loaded;
  }

  get isStopped(): boolean {
    return this.state >= DomainState.Dead;
  }

  holdBadge(badge: number): void {
    this.badgeCounts.set(badge, (this.badgeCounts.get(badge) ?? 0) + 1);
  }

  /** One copy of an endpoint to this domain is gone; after the last the server is told once its turn comes. */
  releaseBadge(badge: number): void {
    const count = this.badgeCounts.get(badge)! - 1;
    if (count > 0) {
      this.badgeCounts.set(badge, count);
      return;
    }
    this.badgeCounts.delete(badge);
    if (!this.isAlive || this.closed === null) return;
    this.closedBadges.add(badge);
    this.attention.raised = true;
  }

  /** The next badge to tell of, or null. One that was minted again before its end was told is alive. */
  takeClosedBadge(): number | null {
    for (const badge of this.closedBadges) {
      this.closedBadges.delete(badge);
      if (!this.badgeCounts.has(badge)) return badge;
    }
    return null;
  }

  /** A new epoch: copies of earlier ones count for nothing; the caller counts those of the manifest again. */
  forgetBadges(): void {
    this.badgeCounts.clear();
    this.closedBadges.clear();
  }
}

function unreachableRevival(): never {
  throw new Error("a domain that was never loaded was restarted");
}

function unreachable(): number {
  throw new Error("a domain without a module was entered");
}
