// System calls of a driver: registers, and device addresses for memory. A register access outside a window, of the wrong
// width for its offset, or through another kind of handle ends the driver: its result could be taken for a value.
import {
  Fault, kindDma, kindGrant, kindLease, kindWindow, rightRead, rightWrite, Status,
} from "./abi.ts";
import type { WindowPart } from "./device-port.ts";
import type { Domain } from "./domain.ts";
import { DomainFault } from "./faults.ts";
import type { Kernel } from "./kernel.ts";

const transports = { pci: 1, mmio: 2 } as const;
const flagConfined = 1;
const segmentBytes = 16;

export function makeDeviceCalls(kernel: Kernel, domain: Domain) {
  const table = domain.table;

  function window(handle: number, offset: number, width: number, operation: string): WindowPart {
    const slot = table.find(handle);
    if (slot === null || slot.kind !== kindWindow) throw new DomainFault(Fault.misuse, `${operation}: handle ${handle} is no window`);
    const part = slot.part!;
    if (offset % width !== 0 || offset > part.sizeBytes - width) {
      throw new DomainFault(Fault.misuse, `${operation}: offset ${offset} of a window of ${part.sizeBytes} bytes`);
    }
    return part;
  }
  const read = (width: number, name: string) => (handle: number, offset: number): number =>
    window(handle, offset >>> 0, width, name).read(offset >>> 0, width) | 0;
  const write = (width: number, name: string, mask: number) => (handle: number, offset: number, value: number): void => {
    window(handle, offset >>> 0, width, name).write(offset >>> 0, width, (value & mask) >>> 0);
  };

  return {
    mmio_read8: read(1, "mmio_read8"),
    mmio_read16: read(2, "mmio_read16"),
    mmio_read32: read(4, "mmio_read32"),
    mmio_write8: write(1, "mmio_write8", 0xff),
    mmio_write16: write(2, "mmio_write16", 0xffff),
    mmio_write32: write(4, "mmio_write32", -1),

    dma_segments(
      handle: number, source: number, offset: number, length: number, deviceWrites: number, out: number, max: number,
    ): number {
      offset >>>= 0;
      length >>>= 0;
      out >>>= 0;
      max >>>= 0;
      const dma = table.find(handle);
      if (dma === null) return -Status.InvalidHandle;
      if (dma.kind !== kindDma) return -Status.WrongKind;
      const map = dma.port!.dma;
      let owner = domain;
      let start = offset;
      const slot = source === 0 ? null : table.find(source);
      if (source === 0) {
        if (!domain.holds(offset, length) || domain.touchesMessage(offset, length)) return -Status.InvalidArgument;
      } else {
        if (slot === null) return -Status.InvalidHandle;
        if (slot.kind !== kindLease && slot.kind !== kindGrant) return -Status.WrongKind;
        if ((slot.rights & (deviceWrites !== 0 ? rightWrite : rightRead)) === 0) return -Status.Denied;
        if (length > slot.length || offset > slot.length - length) return -Status.OutOfRange;
        owner = slot.target!;
        start = slot.base + offset;
      }
      if (length === 0) return 0;
      const limit = kernel.parts.dmaSegmentBytes;
      const firstBytes = Math.min(length, limit - (start % limit));
      const count = 1 + Math.ceil((length - firstBytes) / limit);
      if (count > max) return -Status.TooLarge;
      if (!domain.holds(out, count * segmentBytes)) return -Status.InvalidArgument;
      if (slot !== null) {
        map.openLent(slot, deviceWrites !== 0 ? rightWrite : rightRead);
        if (owner !== domain) dma.port!.exposed.add(owner);
      } else if (!map.openOwn(start, length, deviceWrites !== 0 ? rightRead | rightWrite : rightRead)) return -Status.OutOfMemory;
      writeSegments(domain, out, owner.id, start, length, limit);
      return count;
    },

    device_parameters(handle: number, out: number, count: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      if (slot.kind !== kindDma) return -Status.WrongKind;
      const { model, timeOutMs } = slot.port!;
      const values = [transports[model.transport], model.notifyMultiplier, model.queueVector, flagConfined, model.notify.sizeBytes, model.configurationBytes, timeOutMs];
      const written = Math.min(count >>> 0, values.length);
      if (!domain.holds(out >>> 0, written * 4)) return -Status.InvalidArgument;
      for (let index = 0; index < written; index++) storeWord(domain.bytes, (out >>> 0) + index * 4, values[index]!);
      return written;
    },
  };
}

/** Writes { u64 address, u32 length, u32 0 } entries, cut at multiples of `limit` as physical pages would cut them. */
function writeSegments(domain: Domain, out: number, ownerId: number, start: number, length: number, limit: number): void {
  let at = out;
  while (length > 0) {
    const part = Math.min(length, limit - (start % limit));
    storeWord(domain.bytes, at, start);
    storeWord(domain.bytes, at + 4, ownerId + 1);
    storeWord(domain.bytes, at + 8, part);
    storeWord(domain.bytes, at + 12, 0);
    at += segmentBytes;
    start += part;
    length -= part;
  }
}

/** Little-endian, at any alignment. */
export function storeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
