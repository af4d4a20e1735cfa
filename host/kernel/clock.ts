// Time as the kernel gives it to domains. Injected, so that a test or the simulator decides what time it is.
// Monotonic time is a number of nanoseconds (exact for 104 days), Unix time a number of microseconds: no BigInt.

export interface Clock {
  monotonicNanoseconds(): number;
  unixMicroseconds(): number;
  /** Returns after `nanoseconds`, or earlier. Nothing else runs meanwhile. */
  sleep(nanoseconds: number): void;
  /** Monotonic time for trace records: reading it changes nothing. */
  traceNanoseconds(): number;
}

const longestSleepMilliseconds = 50; // so that a console that became readable is noticed

export class RealClock implements Clock {
  private readonly origin = performance.now();
  /** Made when first needed: a browser gives shared memory to isolated pages only. */
  private sleepWord: Int32Array | null = null;

  monotonicNanoseconds(): number {
    return Math.floor((performance.now() - this.origin) * 1e6);
  }

  unixMicroseconds(): number {
    return Math.floor((performance.timeOrigin + performance.now()) * 1000);
  }

  sleep(nanoseconds: number): void {
    this.sleepWord ??= new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(this.sleepWord, 0, 0, Math.min(nanoseconds / 1e6, longestSleepMilliseconds));
  }

  traceNanoseconds(): number {
    return this.monotonicNanoseconds();
  }
}

/** Time that moves only when it is read, slept on or advanced: two runs see the same values. */
export class DeterministicClock implements Clock {
  private now = 0;

  constructor(
    private readonly unixStartMicroseconds = 1_700_000_000_000_000,
    private readonly nanosecondsPerRead = 1000,
  ) {}

  monotonicNanoseconds(): number {
    this.now += this.nanosecondsPerRead;
    return this.now;
  }

  unixMicroseconds(): number {
    return this.unixStartMicroseconds + Math.floor(this.now / 1000);
  }

  sleep(nanoseconds: number): void {
    this.now += Math.max(0, Math.ceil(nanoseconds));
  }

  traceNanoseconds(): number {
    return this.now;
  }

  /** Moves time from outside: a test that waits for a timer. */
  advance(nanoseconds: number): void {
    this.sleep(nanoseconds);
  }
}
