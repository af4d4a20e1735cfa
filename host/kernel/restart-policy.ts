// How often a domain may die and how long it waits before it comes back (docs/supervision.md §4). Counts its own deaths:
// those that something else brought about are not noted here. What stays true: at most `limit` times are remembered.
import type { RestartEntry } from "./manifest.ts";
import type { Timer } from "./timers.ts";

const nanosecondsPerMillisecond = 1e6;
const longestBackoffMs = 3_600_000;

export class RestartPolicy {
  /** When the backoff ends; made by the kernel. */
  timer: Timer | null = null;
  /** The restart waits for nothing but its turn. */
  isDue = false;
  /** Only the first restart within the window may happen while somebody waits for it. */
  needsEmptyStack = false;
  private readonly deaths: number[] = [];

  constructor(private readonly entry: RestartEntry) {}

  /** Notes a death at `now` (nanoseconds). Answers how long the restart waits, in nanoseconds, or −1: too many. */
  noteDeath(now: number): number {
    const { limit, windowMs, backoffMs } = this.entry;
    while (this.deaths.length !== 0 && now - this.deaths[0]! >= windowMs * nanosecondsPerMillisecond) this.deaths.shift();
    if (this.deaths.length === limit) return -1;
    this.deaths.push(now);
    const count = this.deaths.length;
    this.needsEmptyStack = count > 1;
    if (count === 1) return 0;
    return Math.min(backoffMs * 2 ** (count - 2), longestBackoffMs) * nanosecondsPerMillisecond;
  }
}
