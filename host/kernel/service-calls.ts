// System calls that reach the world outside the domains: clock, entropy, console, trace notes, power, the list of
// domains, ending one, and giving up. Each needs its capability; the world itself is injected.
import {
  Fault, kindClock, kindConsole, kindControl, kindEntropy, kindPower, kindTrace, rightRead, rightWrite, Status, wasmPageBytes,
} from "./abi.ts";
import { storeWord } from "./device-calls.ts";
import { type Domain, DomainState } from "./domain.ts";
import { DomainFault, PowerOff } from "./faults.ts";
import type { Kernel } from "./kernel.ts";

const clockBytes = 16;
const controlRecordBytes = 64;
const controlNameBytes = 24;
const faultTextLimit = 256; // UTF-16 units shown of a fault message
const word = 0x1_0000_0000;

export function makeServiceCalls(kernel: Kernel, domain: Domain) {
  const { clock, entropy, console } = kernel.parts;
  const table = domain.table;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** Ok, or why this handle with this range of own memory will not do. */
  function check(handle: number, kind: number, address: number, length: number): number {
    const slot = table.find(handle);
    if (slot === null) return Status.InvalidHandle;
    if (slot.kind !== kind) return Status.WrongKind;
    return domain.holds(address >>> 0, length >>> 0) ? Status.Ok : Status.InvalidArgument;
  }
  function checkControl(handle: number, right: number): number {
    const slot = table.find(handle);
    if (slot === null) return Status.InvalidHandle;
    if (slot.kind !== kindControl) return Status.WrongKind;
    return (slot.rights & right) !== 0 ? Status.Ok : Status.Denied;
  }
  const own = (address: number, length: number): Uint8Array =>
    domain.bytes.subarray(address >>> 0, (address >>> 0) + (length >>> 0));

  return {
    clock_read(handle: number, out: number): number {
      const refusal = check(handle, kindClock, out, clockBytes);
      if (refusal !== Status.Ok) return -refusal;
      const monotonic = clock.monotonicNanoseconds();
      const at = out >>> 0;
      storeWord(domain.bytes, at, monotonic % word);
      storeWord(domain.bytes, at + 4, Math.floor(monotonic / word));
      // Unix nanoseconds pass 2^53, so the product is made of two exact halves.
      const unix = clock.unixMicroseconds();
      const low = (unix % word) * 1000;
      storeWord(domain.bytes, at + 8, low % word);
      storeWord(domain.bytes, at + 12, Math.floor(unix / word) * 1000 + Math.floor(low / word));
      return 0;
    },

    entropy_read(handle: number, address: number, length: number): number {
      const refusal = check(handle, kindEntropy, address, length);
      if (refusal !== Status.Ok) return -refusal;
      entropy.fill(own(address, length));
      return 0;
    },

    console_write(handle: number, address: number, length: number): number {
      const refusal = check(handle, kindConsole, address, length);
      return refusal !== Status.Ok ? -refusal : console.write(own(address, length));
    },

    console_read(handle: number, address: number, length: number): number {
      const refusal = check(handle, kindConsole, address, length);
      if (refusal !== Status.Ok) return -refusal;
      const count = console.read(own(address, length));
      return count < 0 ? -Status.EndOfFile : count;
    },

    console_arguments(handle: number, address: number, length: number): number {
      const refusal = check(handle, kindConsole, address, length);
      if (refusal !== Status.Ok) return -refusal;
      const text = encoder.encode(console.arguments);
      own(address, length).set(text.subarray(0, length >>> 0));
      return text.length;
    },

    trace_note(handle: number, address: number, length: number): number {
      const refusal = check(handle, kindTrace, address, length);
      if (refusal !== Status.Ok) return -refusal;
      if (kernel.trace !== null) kernel.trace.note(kernel.depth, domain.id, kernel.requestId, own(address, length));
      if (kernel.parts.logNotes) kernel.parts.log(`${domain.name}: ${decoder.decode(own(address, length))}`);
      return kernel.trace === null ? 0 : 1;
    },

    power_off(handle: number, status: number): never {
      // It never returns: a module that may not switch the power off and tries to is at fault.
      if (check(handle, kindPower, 0, 0) !== Status.Ok) throw new DomainFault(Fault.misuse, `power_off with handle ${handle}`);
      throw new PowerOff(Math.min(status >>> 0, 126));
    },

    control_list(handle: number, out: number, max: number): number {
      const refused = checkControl(handle, rightRead);
      if (refused !== Status.Ok) return -refused;
      const count = Math.min(max >>> 0, kernel.domains.length);
      if (!domain.holds(out >>> 0, count * controlRecordBytes)) return -Status.InvalidArgument;
      for (let index = 0; index < count; index++) {
        writeControlRecord(domain.bytes, (out >>> 0) + index * controlRecordBytes, kernel.domains[index]!, encoder);
      }
      return count;
    },

    /** Ends a domain as a bug in it would. A client is code outside all domains: it cannot be ended. */
    control_kill(handle: number, id: number): number {
      const refused = checkControl(handle, rightWrite);
      if (refused !== Status.Ok) return -refused;
      const victim = kernel.domains[id >>> 0];
      if (victim === undefined || victim.state === DomainState.Absent || victim.isClient) return -Status.InvalidArgument;
      if (!victim.isAlive) return -Status.PeerDead;
      kernel.supervisor.end(victim, Fault.killed, `killed by ${domain.name}`);
      kernel.supervisor.settle(domain);
      return 0;
    },

    fault(message: number, length: number, line: number, column: number): never {
      const units = Math.min(length >>> 0, faultTextLimit);
      const isInside = domain.holds(message >>> 0, units * 2);
      const text = isInside ? decodeUtf16(domain.bytes, message >>> 0, units) : "(message outside memory)";
      throw new DomainFault(Fault.abort, `fault: ${text} (line ${line >>> 0}, column ${column >>> 0})`);
    },
  };
}

/** 64 bytes: docs/supervision.md §8. */
function writeControlRecord(bytes: Uint8Array, at: number, domain: Domain, encoder: TextEncoder): void {
  bytes.fill(0, at, at + controlRecordBytes);
  bytes.set(encoder.encode(domain.name).subarray(0, controlNameBytes), at);
  storeWord(bytes, at + 24, domain.state);
  storeWord(bytes, at + 28, domain.restarts);
  storeWord(bytes, at + 32, domain.memoryPages);
  storeWord(bytes, at + 36, domain.calls);
  storeWord(bytes, at + 40, domain.busyNanoseconds % word);
  storeWord(bytes, at + 44, Math.floor(domain.busyNanoseconds / word));
  storeWord(bytes, at + 48, domain.isAlive ? (domain.memoryPages * wasmPageBytes) / 1024 : 0);
  storeWord(bytes, at + 52, domain.lastFault);
  storeWord(bytes, at + 56, domain.refusedHandles);
  storeWord(bytes, at + 60, domain.rank);
}

function decodeUtf16(bytes: Uint8Array, at: number, units: number): string {
  let text = "";
  for (let index = 0; index < units; index++) text += String.fromCharCode(bytes[at + index * 2]! | (bytes[at + index * 2 + 1]! << 8));
  return text;
}
