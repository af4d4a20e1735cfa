// All system calls of one domain: the import module `kernel` (docs/abi.md §4).
import { makeCall } from "./call.ts";
import { makeCapabilityCalls } from "./capability-calls.ts";
import { makeDeviceCalls } from "./device-calls.ts";
import type { Domain } from "./domain.ts";
import { makeEventCalls } from "./event-calls.ts";
import type { Kernel } from "./kernel.ts";
import { makeMemoryCalls } from "./memory-calls.ts";
import { makeServiceCalls } from "./service-calls.ts";

/** Those in which code outside of the system runs (disk, console, clock), which may end the very domain that called. */
const outward = [
  "wait", "relax", "timer_set", "clock_read", "entropy_read", "console_write", "console_read", "console_arguments",
  "mmio_read8", "mmio_read16", "mmio_read32", "mmio_write8", "mmio_write16", "mmio_write32",
] as const;

export function makeSystemCalls(kernel: Kernel, domain: Domain) {
  const calls = {
    call: makeCall(kernel, domain),
    ...makeMemoryCalls(domain),
    ...makeCapabilityCalls(kernel, domain),
    ...makeEventCalls(kernel, domain),
    ...makeDeviceCalls(kernel, domain),
    ...makeServiceCalls(kernel, domain),
  };
  for (const name of outward) wrap(calls, name, (inner) => (a, b, c) => {
    const result = inner(a, b, c);
    if (kernel.unsettled) kernel.supervisor.leaveIfDying(domain);
    return result;
  });
  if (kernel.watchdog !== null) {
    const { watchdog } = kernel;
    for (const name of Object.keys(calls) as Array<keyof SystemCalls>) wrap(calls, name, (inner) => watchdog.guardSystemCall(inner));
  }
  return calls;
}

type Registers = (...registers: number[]) => number | void;

function wrap(calls: SystemCalls, name: keyof SystemCalls, make: (inner: Registers) => Registers): void {
  (calls as unknown as Record<string, Registers>)[name] = make(calls[name] as unknown as Registers);
}

export type SystemCalls = {
  call: (handle: number) => number;
} & ReturnType<typeof makeMemoryCalls> & ReturnType<typeof makeCapabilityCalls> & ReturnType<typeof makeEventCalls>
  & ReturnType<typeof makeDeviceCalls> & ReturnType<typeof makeServiceCalls>;
