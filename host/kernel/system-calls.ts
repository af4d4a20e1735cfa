// The system calls of one domain as one object: what a module imports from `kernel`, and what a TypeScript domain or
// client uses directly. Fixed arity and 32-bit integers throughout; results below 0 are −Status (docs/abi.md §4).
import { makeCall } from "./call.ts";
import { makeCapabilityCalls } from "./capability-calls.ts";
import { makeDeviceCalls } from "./device-calls.ts";
import type { Domain } from "./domain.ts";
import { makeEventCalls } from "./event-calls.ts";
import type { Kernel } from "./kernel.ts";
import { makeMemoryCalls } from "./memory-calls.ts";
import { makeServiceCalls } from "./service-calls.ts";

export function makeSystemCalls(kernel: Kernel, domain: Domain) {
  return {
    call: makeCall(kernel, domain),
    ...makeMemoryCalls(domain),
    ...makeCapabilityCalls(domain),
    ...makeEventCalls(kernel, domain),
    ...makeDeviceCalls(kernel, domain),
    ...makeServiceCalls(kernel, domain),
  };
}

export type SystemCalls = ReturnType<typeof makeSystemCalls>;
