// System calls about events: notify, wait, timer_set, and the turns of a polling loop.
// `wait` never enters a domain: devices, timers and the console advance, nothing else (docs/abi.md §5).
import { kindInterrupt, kindNotification, kindTimer, rightSignal, Status, traceNotification } from "./abi.ts";
import type { Domain } from "./domain.ts";
import type { Kernel } from "./kernel.ts";

export function makeEventCalls(kernel: Kernel, domain: Domain) {
  const table = domain.table;
  const clock = kernel.parts.clock;

  return {
    notify(handle: number, bits: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      if (slot.kind !== kindNotification) return -Status.WrongKind;
      if ((slot.rights & rightSignal) === 0) return -Status.Denied;
      const target = slot.target!;
      if (!target.isAlive) return -Status.PeerDead;
      const allowed = bits & slot.base;
      if (allowed === 0) return 0;
      target.signal(allowed);
      kernel.trace?.record(traceNotification, kernel.depth, domain.id, target.id, 0, 0, kernel.requestId, allowed);
      return 0;
    },

    wait(mask: number, timeoutMicroseconds: number): number {
      if (mask === 0 || (mask & ~domain.waitable) !== 0) return -Status.InvalidArgument;
      let deadline = -1;
      for (;;) {
        // Somebody who called this domain is dead: it should come to an end.
        if (kernel.supervisor.dyingCount !== 0) return -Status.Cancelled;
        const moved = kernel.advance();
        if (kernel.supervisor.dyingCount !== 0) return -Status.Cancelled;
        const got = domain.pending & mask;
        if (got !== 0) {
          domain.pending &= ~got;
          return got;
        }
        if (moved) continue;
        if (timeoutMicroseconds === 0) return 0;
        const now = clock.monotonicNanoseconds();
        if (deadline < 0) deadline = now + (timeoutMicroseconds >>> 0) * 1000;
        if (now >= deadline) return 0;
        clock.sleep(Math.min(deadline, kernel.timers.next()) - now);
      }
    },

    timer_set(handle: number, microseconds: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      if (slot.kind !== kindTimer) return -Status.WrongKind;
      const duration = microseconds >>> 0;
      if (duration === 0) kernel.timers.disarm(slot.timer!);
      else kernel.timers.arm(slot.timer!, clock.monotonicNanoseconds() + duration * 1000);
      return 0;
    },

    interrupt_acknowledge(handle: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      if (slot.kind !== kindInterrupt) return -Status.WrongKind;
      slot.port!.acknowledgeInterrupt();
      return 0;
    },

    /** The device model runs on this thread: every store is in order already. */
    fence(): number {
      return 0;
    },

    relax(): number {
      kernel.advance();
      return 0;
    },
  };
}
