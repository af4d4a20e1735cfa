// One-shot timers of the domains. What stays true: `armedCount` is the number of timers with a deadline, so that a
// kernel without armed timers never reads the clock.
import type { Domain } from "./domain.ts";

export class Timer {
  /** Monotonic nanoseconds; −1 while disarmed. */
  deadline = -1;
  constructor(readonly domain: Domain, readonly bit: number) {}
}

export class Timers {
  armedCount = 0;
  private readonly all: Timer[] = [];

  create(domain: Domain, bit: number): Timer {
    const timer = new Timer(domain, bit);
    this.all.push(timer);
    domain.timers.push(timer);
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

  /** Sets the bits of timers that are due; true if there was one. */
  expire(now: number): boolean {
    let any = false;
    for (const timer of this.all) {
      if (timer.deadline < 0 || timer.deadline > now) continue;
      this.disarm(timer);
      timer.domain.signal(1 << timer.bit);
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
