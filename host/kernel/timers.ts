// One-shot timers: of the domains, and of the kernel for restarts that back off. What stays true: `armedCount` is the number of timers with a deadline, so that a
// kernel without armed timers never reads the clock.
import type { Domain } from "./domain.ts";

export class Timer {
  /** Monotonic nanoseconds; −1 while disarmed. */
  deadline = -1;
  constructor(private readonly onExpiry: () => void) {}

  expire(): void {
    this.onExpiry();
  }
}

export class Timers {
  armedCount = 0;
  private readonly all: Timer[] = [];

  create(domain: Domain, bit: number): Timer {
    const timer = this.add(() => domain.signal(1 << bit));
    domain.timers.push(timer);
    return timer;
  }

  /** A timer of the kernel itself. */
  add(onExpiry: () => void): Timer {
    const timer = new Timer(onExpiry);
    this.all.push(timer);
    return timer;
  }

  arm(timer: Timer, deadline: number): void {
    if (timer.deadline < 0) this.armedCount++;
    timer.deadline = deadline;
  }

  disarm(timer: Timer): void {
    if (timer.deadline >= 0) this.armedCount--;
    timer.deadline = -1;
  }

  /** After an interruption that may have come between a deadline and its count. */
  recount(): void {
    this.armedCount = this.all.filter(({ deadline }) => deadline >= 0).length;
  }

  /** Sets the bits of timers that are due; true if there was one. */
  expire(now: number): boolean {
    let any = false;
    for (const timer of this.all) {
      if (timer.deadline < 0 || timer.deadline > now) continue;
      this.disarm(timer);
      timer.expire();
      any = true;
    }
    return any;
  }

  /** The earliest deadline, or Infinity. */
  next(): number {
    let earliest = Infinity;
    for (const timer of this.all) if (timer.deadline >= 0 && timer.deadline < earliest) earliest = timer.deadline;
    return earliest;
  }
}
