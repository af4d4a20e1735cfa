// The services and the kernel below the filesystem, through their generated clients: nothing but translation.
//
// Safety: replies are read from `messageOut` right after the call that filled it, and hashes copied out of it at once.
import * as axiom from "../../kernel-bindings/generated/assembly/axiom";
import * as block from "../../kernel-bindings/generated/assembly/block";
import * as contentStore from "../../kernel-bindings/generated/assembly/content-store";
import { FilesystemCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { capabilityDrop, capabilityMint, clockRead, entropyRead, leaseRead, leaseWrite, timerSet, traceNote } from "../../kernel-bindings/assembly/kernel";
import { Blocks, Contents, Log, Platform } from "./lower";

const HASH_BYTES: u32 = 32;
const MARK_MAX: u32 = 256;
const RIGHT_TRANSFER: u32 = 256;
const NOTE_BYTES: i32 = 96;
const BLOCK_SHIFT: u32 = 12;
const RECORD_BYTES_MIN: u64 = 256 << 10;
const RECORD_BYTES_MAX: u64 = 4 << 20;
/** Segments of the log checked at a time: 4 MiB. */
const CHECK_SEGMENTS: u32 = 64;
/** Bits of allocation read at a time: of 1 GiB. */
const ALLOCATION_BYTES: u32 = 32768;

export class AxiomLog extends Log {
  describe(): u32 {
    const status = -axiom.callDescribe(FilesystemCapabilities.axiom);
    this.height = axiom.DescribeReply.height();
    this.isFormatted = axiom.DescribeReply.formatted() != 0;
    return status;
  }
  format(blockCount: u64, flags: u32, genesis: usize, lengthBytes: u32): u32 {
    return -axiom.callFormat(FilesystemCapabilities.axiom, blockCount, flags, 0, genesis, lengthBytes);
  }
  propose(stateRoot: usize, count: u32, batch: usize, lengthBytes: u32): u32 {
    const status = -axiom.callPropose(FilesystemCapabilities.axiom, stateRoot, count, 0, 0, batch, lengthBytes);
    this.height = axiom.ProposeReply.height();
    this.flags = axiom.ProposeReply.flags();
    return status;
  }
  sync(): u32 { return -axiom.callSync(FilesystemCapabilities.axiom); }
  read(height: u64, buffer: usize, capacityBytes: u32): u32 {
    const status = -axiom.callRead(FilesystemCapabilities.axiom, height, 0, buffer, capacityBytes);
    this.count = axiom.ReadReply.count();
    this.lengthBytes = min(axiom.ReadReply.lengthBytes(), capacityBytes);
    this.nextHeight = axiom.ReadReply.nextHeight();
    return status;
  }
  checkpoint(state: usize): u32 { return -axiom.callCheckpoint(FilesystemCapabilities.axiom, state); }
  lastCheckpoint(stateOut: usize): u32 {
    const status = -axiom.callLastCheckpoint(FilesystemCapabilities.axiom);
    memory.copy(stateOut, axiom.LastCheckpointReply.state(), HASH_BYTES);
    this.height = axiom.LastCheckpointReply.height();
    this.found = axiom.LastCheckpointReply.found() != 0;
    return status;
  }
  mark(): u32 { return -axiom.callMark(FilesystemCapabilities.axiom); }
  /** In steps, so that none of them takes long: the log only grows. */
  check(): u32 {
    let cursor: u64 = 0;
    // The cursor rises and ends at 0; a log that turns it back is cut off.
    while (true) {
      const status = -axiom.callCheckSome(FilesystemCapabilities.axiom, cursor, CHECK_SEGMENTS);
      if (status != Status.Ok) return status;
      this.checked = axiom.CheckSomeReply.checked();
      this.firstBroken = axiom.CheckSomeReply.firstBroken();
      this.isBroken = axiom.CheckSomeReply.broken() != 0;
      const next = axiom.CheckSomeReply.cursor();
      if (next == 0) return Status.Ok;
      if (next <= cursor) return Status.ProtocolBreach;
      cursor = next;
    }
  }
}

export class StoreContents extends Contents {
  /** Where collectMark says which hashes were new; the collector keeps its own account of what it has walked. */
  private fresh: usize = heap.alloc(MARK_MAX);

  store(source: u32, address: usize, lengthBytes: u32, hashOut: usize): u32 {
    const status = -contentStore.callStore(FilesystemCapabilities.contentStore, source == 0 ? contentStore.StoreFlag.essential : 0, source, address, lengthBytes);
    memory.copy(hashOut, contentStore.StoreReply.hash(), HASH_BYTES);
    return status;
  }
  get(hash: usize, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    const status = -contentStore.callGet(FilesystemCapabilities.contentStore, hash, offsetBytes, source, address, lengthBytes);
    this.lengthBytes = min(contentStore.GetReply.lengthBytes(), lengthBytes);
    return status;
  }
  describe(hash: usize): u32 {
    const status = -contentStore.callDescribe(FilesystemCapabilities.contentStore, hash);
    this.lengthBytes = contentStore.DescribeReply.lengthBytes();
    return status;
  }
  openWriter(base: usize): u32 {
    const status = -contentStore.callOpenWriter(FilesystemCapabilities.contentStore, base);
    if (status != Status.Ok) return status;
    this.writer = contentStore.OpenWriterReply.writer();
    return this.writer == 0 ? Status.ProtocolBreach : Status.Ok;
  }
  writerWrite(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    const status = -contentStore.callWriterWrite(writer, offsetBytes, source, address, lengthBytes);
    this.lengthBytes = contentStore.WriterWriteReply.lengthBytes();
    return status;
  }
  writerRead(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    const status = -contentStore.callWriterRead(writer, offsetBytes, source, address, lengthBytes);
    this.lengthBytes = min(contentStore.WriterReadReply.lengthBytes(), lengthBytes);
    return status;
  }
  writerTruncate(writer: u32, lengthBytes: u64): u32 { return -contentStore.callWriterTruncate(writer, lengthBytes); }
  writerFinish(writer: u32, hashOut: usize): u32 {
    const status = -contentStore.callWriterFinish(writer);
    memory.copy(hashOut, contentStore.WriterFinishReply.hash(), HASH_BYTES);
    this.lengthBytes = contentStore.WriterFinishReply.lengthBytes();
    return status;
  }
  closeWriter(writer: u32): void { capabilityDrop(writer); }
  collectBegin(): u32 { return -contentStore.callCollectBegin(FilesystemCapabilities.contentStore); }
  collectMark(hashes: usize, count: u32): u32 {
    assert(count <= MARK_MAX);
    return -contentStore.callCollectMark(FilesystemCapabilities.contentStore, count, 0, hashes, count * HASH_BYTES, 0, this.fresh, count);
  }
  collectSweep(limit: u32): u32 {
    const status = -contentStore.callCollectSweep(FilesystemCapabilities.contentStore, limit);
    this.freedBlocks = contentStore.CollectSweepReply.freedBlocks();
    this.freedObjects = contentStore.CollectSweepReply.freedObjects();
    this.remaining = contentStore.CollectSweepReply.remaining();
    return status;
  }
  check(cursor: u32, limit: u32, damagedOut: usize): u32 {
    const status = -contentStore.callCheck(FilesystemCapabilities.contentStore, cursor, limit);
    memory.copy(damagedOut, contentStore.CheckReply.firstDamaged(), HASH_BYTES);
    this.cursor = contentStore.CheckReply.cursor();
    this.checked = contentStore.CheckReply.checked();
    this.damaged = contentStore.CheckReply.damaged();
    return status;
  }
  recount(): u32 {
    const status = -contentStore.callRecount(FilesystemCapabilities.contentStore);
    this.ownedBlocks = contentStore.RecountReply.ownedBlocks();
    this.notAllocated = contentStore.RecountReply.notAllocated();
    this.overlapping = contentStore.RecountReply.overlapping();
    return status;
  }
  statistics(out: usize): u32 { return -contentStore.callStatistics(FilesystemCapabilities.contentStore, 0, out, contentStore.StoreStatistics.SIZE); }
}

export class BlockFigures extends Blocks {
  private bits: usize = heap.alloc(ALLOCATION_BYTES);

  describe(): u32 {
    const status = -block.callDescribe(FilesystemCapabilities.block);
    this.blockCount = block.DescribeReply.blockCount();
    this.freeBlocks = block.DescribeReply.freeBlocks();
    this.flags = block.DescribeReply.flags();
    return status;
  }
  verify(): u32 {
    const status = -block.callVerify(FilesystemCapabilities.block);
    this.checkedBlocks = block.VerifyReply.checkedBlocks();
    this.damagedBlocks = block.VerifyReply.damagedBlocks();
    this.firstDamaged = block.VerifyReply.firstDamaged();
    this.ownedBlocks = block.VerifyReply.ownedBlocks();
    return status;
  }
  /** A record takes at most an eighth of the log, and 4 MiB (docs/formats/block.md). */
  readLimits(): u32 {
    const status = -block.callStatistics(FilesystemCapabilities.block, 0, this.bits, block.BlockStatistics.SIZE);
    if (status != Status.Ok) return status;
    const eighth = block.BlockStatistics.logBlocks(this.bits) << (BLOCK_SHIFT - 3);
    this.recordBytes = <u32>min<u64>(max<u64>(eighth, RECORD_BYTES_MIN), RECORD_BYTES_MAX);
    return Status.Ok;
  }
  countAllocated(): u32 {
    this.allocatedBlocks = 0;
    let first: u64 = 0;
    // Each turn covers a window of blocks or ends: bounded by the size of the device.
    while (first < this.blockCount) {
      memory.fill(this.bits, 0, ALLOCATION_BYTES);
      const status = -block.callReadAllocation(FilesystemCapabilities.block, first, 0, this.bits, ALLOCATION_BYTES);
      if (status != Status.Ok) return status;
      const count = min<u64>(block.ReadAllocationReply.blockCount(), <u64>ALLOCATION_BYTES << 3);
      if (count == 0) return Status.ProtocolBreach;
      for (let i: u32 = 0; i < ALLOCATION_BYTES; i += 8) this.allocatedBlocks += popcnt<u64>(load<u64>(this.bits + i));
      first += count;
    }
    return Status.Ok;
  }
}

export class KernelPlatform extends Platform {
  private times: usize = heap.alloc(16);
  private line: usize = heap.alloc(NOTE_BYTES);

  now(): u64 { return clockRead(FilesystemCapabilities.clock, this.times) < 0 ? 0 : load<u64>(this.times, 8); }
  random(out: usize, lengthBytes: u32): u32 {
    const status = entropyRead(FilesystemCapabilities.entropy, out, lengthBytes);
    return status < 0 ? -status : Status.Ok;
  }
  setTimer(microseconds: u32): void { timerSet(FilesystemCapabilities.timer, microseconds); }
  mint(rights: u32, badge: u32): i32 { return capabilityMint(FilesystemCapabilities.self, rights | RIGHT_TRANSFER, badge); }
  note(words: string, status: u32): void {
    const length = min(words.length, NOTE_BYTES - 4);
    for (let i = 0; i < length; i++) store<u8>(this.line + i, <u8>words.charCodeAt(i));
    store<u8>(this.line + length, 0x20);
    store<u8>(this.line + length + 1, <u8>(0x30 + status / 10 % 10));
    store<u8>(this.line + length + 2, <u8>(0x30 + status % 10));
    traceNote(FilesystemCapabilities.trace, this.line, length + 3);
  }
  drop(handle: u32): void { capabilityDrop(handle); }
  readLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const status = leaseRead(source, offsetBytes, address, lengthBytes);
    return status < 0 ? -status : Status.Ok;
  }
  writeLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const status = leaseWrite(source, offsetBytes, address, lengthBytes);
    return status < 0 ? -status : Status.Ok;
  }
}
