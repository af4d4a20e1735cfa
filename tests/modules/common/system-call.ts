// System calls by number, for test modules that are told which one to make. The numbers are those of `Step` in tests/conformance/probe-system.ts
// and of the conformance suite's table.
import * as kernel from "../../../kernel-bindings/assembly/kernel";

/** No system call has this number. */
export const NO_SUCH_CALL: i32 = -1000;

/** The call's answer; 0 of one that has none. */
export function systemCall(number: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32): i32 {
  switch (number) {
    case 1: return kernel.call(a);
    case 2: return kernel.leaseRead(a, b, c, d);
    case 3: return kernel.leaseWrite(a, b, c, d);
    case 4: return kernel.grantCreate(a, b, c, d);
    case 5: return kernel.capabilityMint(a, b, c);
    case 6: return kernel.capabilityDrop(a);
    case 7: return kernel.capabilityRevoke(a);
    case 8: return kernel.notify(a, b);
    case 9: return kernel.wait(a, b);
    case 10: return kernel.dmaSegments(a, b, c, d, e, f, g);
    case 11: return kernel.deviceParameters(a, b, c);
    case 12: return kernel.mmioRead8(a, b);
    case 13: return kernel.mmioRead16(a, b);
    case 14: return kernel.mmioRead32(a, b);
    case 15: kernel.mmioWrite8(a, b, c); return 0;
    case 16: kernel.mmioWrite16(a, b, c); return 0;
    case 17: kernel.mmioWrite32(a, b, c); return 0;
    case 18: return kernel.interruptAcknowledge(a);
    case 19: kernel.fence(); kernel.relax(); return 0;
    case 20: return kernel.clockRead(a, b);
    case 21: return kernel.timerSet(a, b);
    case 22: return kernel.entropyRead(a, b, c);
    case 23: return kernel.consoleWrite(a, b, c);
    case 24: return kernel.consoleRead(a, b, c);
    case 25: return kernel.consoleArguments(a, b, c);
    case 26: return kernel.traceNote(a, b, c);
    case 27: kernel.powerOff(a, b); return 0;
    case 28: return kernel.controlList(a, b, c);
    case 29: kernel.fault(a, b, c, d); return 0;
    case 30: return kernel.controlKill(a, b);
    default: return NO_SUCH_CALL;
  }
}
