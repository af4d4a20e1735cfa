// The time that each domain runs itself: not in its callees, not in `wait`'s devices' place. For people who look at
// `services`; the kernel decides nothing by it. What stays true: at every moment one domain, or nobody, is charged.
import type { Domain } from "./domain.ts";

const nanosecondsPerMillisecond = 1e6;

export class BusyTime {
  private running: Domain | null = null;
  private since = 0;

  /** Charges this domain for what its entry points take; to be called after each load. */
  watch(domain: Domain): void {
    domain.wrapEntries((inner) => (...registers) => {
      const outer = this.goTo(domain);
      try {
        return inner(...registers);
      } finally {
        this.goTo(outer);
      }
    });
  }

  private goTo(next: Domain | null): Domain | null {
    const now = performance.now();
    const previous = this.running;
    if (previous !== null) previous.busyNanoseconds += Math.round((now - this.since) * nanosecondsPerMillisecond);
    this.running = next;
    this.since = now;
    return previous;
  }
}
