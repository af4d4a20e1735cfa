// The block-device interface in memory: what it promises, in the fewest words, with no device behind it. Services can be tested
// against it, and the conformance suite holds it and the real driver to the same answers.
import type { VirtioBlkOptions } from "../../../host/devices/virtio-blk.ts";
import type { DomainContext, TypeScriptDomain } from "../../../host/kernel/typescript-domain.ts";
import { DeviceFlag, Transfer, RequestFlag } from "../../../kernel-bindings/generated/host/block-device.ts";
import { statusNumber } from "../../driver/driver-system.ts";

export interface FakeDriverOptions {
  sectors: number; blockBytes: number; readOnly: boolean; canFlush: boolean; canDiscard: boolean; canWriteZeroes: boolean;
  /** Asked before a read, write or flush, as the device model's: type 0, 1 or 4 (VIRTIO 1.2 §5.2.6). */
  fault: NonNullable<VirtioBlkOptions["fault"]>;
}
const defaults: FakeDriverOptions = { sectors: 4096, blockBytes: 512, readOnly: false, canFlush: true, canDiscard: true, canWriteZeroes: true, fault: () => "none" };

const sectorBytes = 512;
const fields = 16;
const batchRecord = 32;
const completionRecord = 16;
const transferBytes = 1 << 20;
const slotCount = 64;
/** Requests of batches that were accepted and not reaped. */
const unreapedLimit = 1024;
/** What a message of each operation carries: leases, capabilities, and the right that its lease must have. */
const shapes: Record<number, [leases: number, capabilities: number, rights: number]> = {
  1: [0, 0, 0], 2: [1, 0, 2], 3: [1, 0, 1], 4: [0, 0, 0], 5: [0, 0, 0], 6: [0, 0, 0], 7: [1, 0, 2], 8: [0, 1, 0], 9: [0, 0, 0], 10: [1, 0, 1],
  11: [1, 0, 2], 12: [1, 0, 2], 13: [0, 0, 0], 14: [0, 0, 0], 15: [0, 0, 0], 16: [1, 0, 2], 17: [1, 0, 2], 18: [2, 0, 1],
};
const identity = "axiomfs memory";
const ok = 0;
const [invalid, outOfRange, unsupported, readOnlyStatus, notDurable, busy, outOfMemory, breach, deviceError] =
  ["InvalidArgument", "OutOfRange", "Unsupported", "ReadOnly", "NotDurable", "Busy", "OutOfMemory", "ProtocolBreach", "DeviceError"].map(statusNumber) as [number, number, number, number, number, number, number, number, number];

interface Finished { tag: number; status: number; lengthBytes: number }

export class FakeDriver implements TypeScriptDomain {
  readonly content: Uint8Array;
  private readonly grants: Array<{ handle: number; lengthBytes: number } | null> = new Array<null>(slotCount).fill(null);
  private finished: Finished[] = [];
  private readonly counts = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0, discards: 0, writeZeroes: 0 };
  private scratch = 0;

  private readonly options: FakeDriverOptions;

  constructor(options: Partial<FakeDriverOptions>) {
    this.options = { ...defaults, ...options };
    this.content = new Uint8Array(this.options.sectors * sectorBytes);
  }

  start(context: DomainContext): void {
    this.scratch = context.reserve(transferBytes, 4096);
  }

  receive(_badge: number, _rights: number, context: DomainContext): number {
    const view = context.messageIn;
    const shape = shapes[context.operation];
    if (shape === undefined) return unsupported;
    if (view.getUint8(12) !== shape[0] || view.getUint8(13) !== shape[1] || [...Array(shape[0]).keys()].some((lease) => (view.getUint32(76 + 16 * lease, true) & shape[2]) === 0)) return breach;
    const sector = view.getBigUint64(fields, true), second = view.getBigUint64(fields + 8, true);
    switch (context.operation) {
      case 1: return this.describe(view);
      case 2: return this.transfer(context, Transfer.read, sector, context.lease(0).handle, 0, context.lease(0).length);
      case 3: return this.transfer(context, Transfer.write, sector, context.lease(0).handle, 0, context.lease(0).length);
      case 4: return this.flush();
      case 5: return this.erase(Transfer.discard, sector, second, 0);
      case 6: return this.erase(Transfer.writeZeroes, sector, second, 0);
      case 7: return this.identify(context);
      case 8: return this.attach(context, view.getUint32(fields, true));
      case 9: return this.detach(context, view.getUint32(fields, true));
      case 10: return this.submit(context, view.getUint32(fields, true));
      case 11: return this.reap(context);
      case 12: return this.put(context, [this.counts.reads, this.counts.writes, this.counts.flushes, this.counts.readBytes, this.counts.writtenBytes, 0, 0, this.counts.errors]);
      case 13: view.setUint32(fields, this.finished.length, true); view.setUint32(fields + 4, 0, true); return ok;
      case 14: return this.limits(view);
      case 15: return this.erase(Transfer.writeZeroes, sector, second, view.getUint32(fields + 16, true));
      case 16: return this.put(context, [0, 0, 0, 0, 0, this.counts.discards, this.counts.writeZeroes, 0]);
      case 17: return this.put(context, [0, 0, 0, 0, 0]);
      case 18: return this.writeTogether(context, sector, second);
    }
    return unsupported;
  }

  private describe(view: DataView): number {
    const { sectors, blockBytes, readOnly, canFlush, canDiscard, canWriteZeroes } = this.options;
    view.setBigUint64(fields, BigInt(sectors), true);
    const flags = (readOnly ? DeviceFlag.readOnly : 0) | (canFlush ? DeviceFlag.flush : 0) | (canDiscard ? DeviceFlag.discard : 0) | (canWriteZeroes ? DeviceFlag.writeZeroes : 0);
    [blockBytes, flags, transferBytes, 1, unreapedLimit, 1].forEach((value, index) => view.setUint32(fields + 8 + index * 4, value, true));
    return ok;
  }

  private limits(view: DataView): number {
    const { blockBytes, canDiscard, canWriteZeroes } = this.options;
    [blockBytes, 0, 0, 0, canDiscard ? 1 << 21 : 0, blockBytes / sectorBytes, canWriteZeroes ? 1 << 21 : 0, 0].forEach((value, index) => view.setUint32(fields + index * 4, value, true));
    return ok;
  }

  /** Is this a range of whole blocks on the disk? */
  private admit(sector: bigint, sectorCount: bigint, isWrite: boolean): number {
    const blockSectors = BigInt(this.options.blockBytes / sectorBytes), end = BigInt(this.options.sectors);
    if (sector % blockSectors !== 0n || sectorCount % blockSectors !== 0n) return invalid;
    if (sector > end || sectorCount > end - sector) return outOfRange;
    return isWrite && this.options.readOnly ? readOnlyStatus : ok;
  }

  private transfer(context: DomainContext, transfer: number, sector: bigint, source: number, offset: number, length: number): number {
    if (length % sectorBytes !== 0) return invalid;
    const refused = this.admit(sector, BigInt(length / sectorBytes), transfer === Transfer.write);
    if (refused !== ok) return refused;
    if (length > 0 && this.fails(transfer === Transfer.read ? 0 : 1, Number(sector), length)) return deviceError;
    for (let done = 0; done < length; done += transferBytes) {
      const part = Math.min(length - done, transferBytes);
      const place = this.content.subarray(Number(sector) * sectorBytes + done, Number(sector) * sectorBytes + done + part);
      if (transfer === Transfer.read) context.bytes.set(place, this.scratch);
      const moved = transfer === Transfer.read
        ? context.calls.lease_write(source, offset + done, this.scratch, part)
        : context.calls.lease_read(source, offset + done, this.scratch, part);
      if (moved < 0) return -moved;
      if (transfer === Transfer.write) place.set(context.bytes.subarray(this.scratch, this.scratch + part));
    }
    if (length === 0) return ok;
    if (transfer === Transfer.read) { this.counts.reads++; this.counts.readBytes += length; }
    else { this.counts.writes++; this.counts.writtenBytes += length; }
    return ok;
  }

  /** Both or neither, unless the device fails one. */
  private writeTogether(context: DomainContext, sector: bigint, other: bigint): number {
    const parts = [sector, other].map((at, index) => ({ at, ...context.lease(index) }));
    for (const { at, length } of parts) {
      const refused = length % sectorBytes !== 0 ? invalid : this.admit(at, BigInt(length / sectorBytes), true);
      if (refused !== ok) return refused;
    }
    return parts.map(({ at, handle, length }) => this.transfer(context, Transfer.write, at, handle, 0, length)).find((status) => status !== ok) ?? ok;
  }

  private fails(type: number, sector: number, lengthBytes: number): boolean {
    if (this.options.fault({ number: 0, type, sector, lengthBytes }) !== "fail") return false;
    this.counts.errors++;
    return true;
  }

  private flush(): number {
    if (!this.options.canFlush) return notDurable;
    if (this.fails(4, 0, 0)) return deviceError;
    this.counts.flushes++;
    return ok;
  }

  private erase(transfer: number, sector: bigint, sectorCount: bigint, flags: number): number {
    const isDiscard = transfer === Transfer.discard;
    if ((flags & ~RequestFlag.unmap) !== 0) return invalid;
    if (this.options.readOnly) return readOnlyStatus;
    if (!(isDiscard ? this.options.canDiscard : this.options.canWriteZeroes)) return unsupported;
    const refused = this.admit(sector, sectorCount, true);
    if (refused !== ok || sectorCount === 0n) return refused;
    if (isDiscard) this.counts.discards++;
    else {
      this.counts.writeZeroes++;
      this.content.fill(0, Number(sector) * sectorBytes, Number(sector + sectorCount) * sectorBytes);
    }
    return ok;
  }

  private identify(context: DomainContext): number {
    const { handle, length } = context.lease(0);
    const text = new TextEncoder().encode(identity).subarray(0, length);
    context.bytes.set(text, this.scratch);
    const written = context.calls.lease_write(handle, 0, this.scratch, text.length);
    context.messageIn.setUint32(fields, text.length, true);
    return written < 0 ? -written : ok;
  }

  private attach(context: DomainContext, lengthBytes: number): number {
    const handle = context.capability(0);
    const last = lengthBytes === 0 ? -invalid : this.touch(context, handle, lengthBytes - 1);
    const slot = this.grants.indexOf(null);
    if (last < 0 || slot < 0) {
      context.calls.capability_drop(handle);
      return last < 0 ? -last : outOfMemory;
    }
    this.grants[slot] = { handle, lengthBytes };
    context.messageIn.setUint32(fields, slot, true);
    return ok;
  }

  /** Does the grant reach this byte, in one direction at least? */
  private touch(context: DomainContext, handle: number, offset: number): number {
    const read = context.calls.lease_read(handle, offset, this.scratch, 1);
    return read === -statusNumber("Denied") ? context.calls.lease_write(handle, offset, this.scratch, 0) : read;
  }

  private detach(context: DomainContext, slot: number): number {
    const grant = this.grants[slot];
    if (!grant) return invalid;
    context.calls.capability_drop(grant.handle);
    this.grants[slot] = null;
    return ok;
  }

  private submit(context: DomainContext, count: number): number {
    const { handle, length } = context.lease(0);
    if (count > 1024 || count * batchRecord > length) return invalid;
    if (count === 0) { context.messageIn.setUint32(fields, 0, true); return ok; }
    const copied = context.calls.lease_read(handle, 0, this.scratch, count * batchRecord);
    if (copied < 0) return -copied;
    const room = Math.min(count, unreapedLimit - this.finished.length);
    if (room <= 0) return busy;
    // A copy, because the transfers use the same memory.
    const records = new DataView(context.bytes.slice(this.scratch, this.scratch + count * batchRecord).buffer);
    for (let index = 0; index < room; index++) this.finished.push(this.run(context, records, index * batchRecord));
    context.messageIn.setUint32(fields, room, true);
    context.calls.notify(context.handle("completion"), 1);
    return ok;
  }

  private run(context: DomainContext, records: DataView, at: number): Finished {
    const word = (offset: number): number => records.getUint32(at + offset, true);
    const [transfer, tag, slot, offset, length, flags] = [word(0), word(4), word(16), word(20), word(24), word(28)];
    const sector = records.getBigUint64(at + 8, true);
    const ended = (status: number): Finished => {
      if (status !== ok && status !== deviceError) this.counts.errors++;
      return { tag, status, lengthBytes: status === ok ? length : 0 };
    };
    const meaningful = RequestFlag.background | (transfer === Transfer.flush ? RequestFlag.barrier : transfer === Transfer.writeZeroes ? RequestFlag.unmap : 0);
    if ((flags & ~meaningful) !== 0) return ended(invalid);
    if (transfer === Transfer.flush) return { ...ended(this.flush()), lengthBytes: 0 };
    if (transfer === Transfer.discard || transfer === Transfer.writeZeroes) {
      return ended(length === 0 || length % sectorBytes !== 0 ? invalid : this.erase(transfer, sector, BigInt(length / sectorBytes), flags & RequestFlag.unmap));
    }
    if (transfer !== Transfer.read && transfer !== Transfer.write) return ended(invalid);
    const grant = this.grants[slot];
    const refused = length % sectorBytes !== 0 ? invalid : this.admit(sector, BigInt(length / sectorBytes), transfer === Transfer.write);
    if (refused !== ok) return ended(refused);
    if (!grant || length === 0 || length > transferBytes) return ended(invalid);
    if (length > grant.lengthBytes || offset > grant.lengthBytes - length) return ended(outOfRange);
    return ended(this.transfer(context, transfer, sector, grant.handle, offset, length));
  }

  private reap(context: DomainContext): number {
    const { handle, length } = context.lease(0);
    const handed = this.finished.slice(0, Math.floor(length / completionRecord));
    handed.forEach(({ tag, status, lengthBytes }, index) => {
      [tag, status, lengthBytes, 0].forEach((value, word) => context.view.setUint32(this.scratch + index * completionRecord + word * 4, value, true));
    });
    const written = handed.length === 0 ? 0 : context.calls.lease_write(handle, 0, this.scratch, handed.length * completionRecord);
    if (written < 0) return -written;
    this.finished = this.finished.slice(handed.length);
    context.messageIn.setUint32(fields, handed.length, true);
    context.messageIn.setUint32(fields + 4, 0, true);
    return ok;
  }

  private put(context: DomainContext, counts: readonly number[]): number {
    const { handle, length } = context.lease(0);
    if (length < counts.length * 8) return invalid;
    counts.forEach((count, index) => context.view.setBigUint64(this.scratch + index * 8, BigInt(count), true));
    const written = context.calls.lease_write(handle, 0, this.scratch, counts.length * 8);
    return written < 0 ? -written : ok;
  }
}
