// The interface: refuses what the store cannot serve now, finds writers by badge, mints their capabilities, and puts results into replies.
//
// Badges below WRITER_BADGES are clients' (services/system.json: 1 axiom, 2 filesystem) and answer for the store itself; every other badge is a writer's and answers the writer operations alone. A writer's badge
// does not outlive a format.
import * as kernel from "../../kernel-bindings/assembly/kernel";
import { ContentStoreCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import {
  CheckReply, CollectSweepReply, DescribeReply, GetReply, OpenWriterReply, RecountReply, Server, StoreFlag, StoreReply, StoreStatistics, WriterFinishReply, WriterReadReply, WriterWriteReply,
} from "../../kernel-bindings/generated/assembly/content-store";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Transfer } from "./lower";
import { ContentStore } from "./store";

/** The first that a writer can have (writer-table.ts). */
const WRITER_BADGES: u32 = 257;
/** The client that drives collections. */
const FILESYSTEM_BADGE: u32 = 2;
/** Bits 0–7 are ours to interpret; TRANSFER lets the holder hand the writer on. */
const WRITER_RIGHTS: u32 = 255 | 256;

export class ContentStoreService extends Server {
  private scratch: usize = heap.alloc(StoreStatistics.SIZE);
  private hash: usize = heap.alloc(32);
  /** The writer capability that the last reply carried, or 0. */
  private minted: u32 = 0;

  constructor(private content: ContentStore, private transfer: Transfer) { super(); }

  /** Serves a message. The reply of openWriter carries a copy of the capability minted for it; ours goes now, or the writer would never be closed. */
  receive(badge: u32, rights: u32): u32 {
    if (this.minted) {
      kernel.capabilityDrop(this.minted);
      this.minted = 0;
    }
    return this.dispatch(badge, rights);
  }

  /** Mounts; an image that cannot be mounted makes operations answer why. */
  start(): u32 {
    this.content.mount();
    return Status.Ok;
  }

  /** A client died or gave up its last capability with this badge: what was kept for it alone goes. */
  closed(badge: u32): void {
    if (badge == FILESYSTEM_BADGE) this.content.collector.stop();
    const writer = this.content.writers.find(badge);
    if (writer >= 0) this.content.writers.close(writer);
  }

  store(badge: u32, rights: u32, flags: u32, data: u32, dataLength: u32): u32 {
    let status = this.ready(badge);
    if (status == Status.Ok && (flags & ~StoreFlag.essential) != 0) status = Status.InvalidArgument;
    if (status == Status.Ok) status = this.content.store(data, dataLength, (flags & StoreFlag.essential) != 0);
    if (status != Status.Ok) return status;
    StoreReply.setHash(this.content.hash);
    StoreReply.setDuplicate(this.content.isDuplicate ? 1 : 0);
    return status;
  }

  get(badge: u32, rights: u32, hash: usize, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 {
    let status = this.ready(badge);
    if (status != Status.Ok) return status;
    const objects = this.content.objects;
    memory.copy(this.hash, hash, 32);
    status = objects.find(this.hash);
    if (status == Status.Ok) status = objects.copyOut(this.hash, objects.lengthBytes, offsetBytes, buffer, bufferLength);
    if (status == Status.Ok) GetReply.setLengthBytes(<u32>objects.lengthBytes);
    return status;
  }

  describe(badge: u32, rights: u32, hash: usize): u32 {
    let status = this.ready(badge);
    if (status != Status.Ok) return status;
    memory.copy(this.hash, hash, 32);
    status = this.content.describe(this.hash);
    DescribeReply.setLengthBytes(this.content.objects.lengthBytes);
    DescribeReply.setBlockCount(this.content.describedBlocks);
    return status;
  }

  openWriter(badge: u32, rights: u32, base: usize): u32 {
    const status = this.ready(badge);
    if (status != Status.Ok) return status;
    const writers = this.content.writers;
    memory.copy(this.hash, base, 32);
    const writerBadge = writers.open(this.hash);
    if (!writerBadge) return writers.status;
    const handle = kernel.capabilityMint(ContentStoreCapabilities.self, WRITER_RIGHTS, writerBadge);
    if (handle < 0) {
      writers.close(writers.find(writerBadge));
      return <u32>-handle;
    }
    this.minted = handle;
    OpenWriterReply.setWriter(handle);
    return Status.Ok;
  }

  writerWrite(badge: u32, rights: u32, offsetBytes: u64, data: u32, dataLength: u32): u32 {
    const writer = this.writer(badge);
    if (writer < 0) return <u32>-writer;
    const status = this.content.writers.write(writer, offsetBytes, data, dataLength);
    WriterWriteReply.setLengthBytes(this.content.writers.contentBytes(writer));
    return status;
  }

  writerRead(badge: u32, rights: u32, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 {
    const writer = this.writer(badge);
    if (writer < 0) return <u32>-writer;
    const status = this.content.writers.read(writer, offsetBytes, buffer, bufferLength);
    WriterReadReply.setLengthBytes(this.content.writers.lengthBytes);
    return status;
  }

  writerTruncate(badge: u32, rights: u32, lengthBytes: u64): u32 {
    const writer = this.writer(badge);
    return writer < 0 ? <u32>-writer : this.content.writers.truncate(writer, lengthBytes);
  }

  writerFinish(badge: u32, rights: u32): u32 {
    const writer = this.writer(badge);
    if (writer < 0) return <u32>-writer;
    const status = this.content.writers.finish(writer);
    if (status != Status.Ok) return status;
    WriterFinishReply.setHash(this.content.writers.base(writer));
    WriterFinishReply.setLengthBytes(this.content.writers.contentBytes(writer));
    return status;
  }

  prepare(badge: u32, rights: u32): u32 {
    const status = this.ready(badge);
    return status == Status.Ok ? this.content.prepare() : status;
  }

  checkpoint(badge: u32, rights: u32): u32 {
    const status = this.ready(badge);
    return status == Status.Ok ? this.content.checkpoint() : status;
  }

  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 { return badge < WRITER_BADGES ? this.content.format(blockCount, flags) : <u32>Status.Denied; }

  collectBegin(badge: u32, rights: u32): u32 {
    const status = this.ready(badge);
    return status == Status.Ok ? this.content.collector.begin() : status;
  }

  collectMark(badge: u32, rights: u32, count: u32, hashes: u32, hashesLength: u32, fresh: u32, freshLength: u32): u32 {
    const status = this.ready(badge);
    return status == Status.Ok ? this.content.collector.mark(count, hashes, hashesLength, fresh, freshLength) : status;
  }

  collectSweep(badge: u32, rights: u32, limit: u32): u32 {
    let status = this.ready(badge);
    if (status != Status.Ok) return status;
    const collector = this.content.collector;
    status = collector.sweep(limit);
    CollectSweepReply.setFreedBlocks(collector.freedBlocks);
    CollectSweepReply.setFreedObjects(collector.freedObjects);
    CollectSweepReply.setRemaining(collector.remaining);
    return status;
  }

  check(badge: u32, rights: u32, cursor: u32, limit: u32): u32 {
    let status = this.ready(badge);
    if (status != Status.Ok) return status;
    const checker = this.content.checker;
    status = checker.step(cursor, limit);
    CheckReply.setFirstDamaged(checker.firstDamaged);
    CheckReply.setCursor(checker.cursor);
    CheckReply.setChecked(checker.checked);
    CheckReply.setDamaged(checker.damaged);
    return status;
  }

  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 {
    const status = this.ready(badge);
    if (status != Status.Ok) return status;
    this.content.counters.write(this.scratch);
    return this.transfer.write(statistics, 0, this.scratch, min(StoreStatistics.SIZE, statisticsLength));
  }

  recount(badge: u32, rights: u32): u32 {
    let status = this.ready(badge);
    if (status != Status.Ok) return status;
    const recount = this.content.recount;
    status = recount.run();
    RecountReply.setOwnedBlocks(recount.ownedBlocks);
    RecountReply.setNotAllocated(recount.notAllocated);
    RecountReply.setOverlapping(recount.overlapping);
    return status;
  }

  /** Ok if an operation of the store itself may run. A writer's capability is not the store's. */
  private ready(badge: u32): u32 { return badge < WRITER_BADGES ? this.content.ready() : <u32>Status.Denied; }

  /** The writer of this badge, or −Status. A writer that is gone lost its unsaved content to a format. */
  private writer(badge: u32): i32 {
    if (badge < WRITER_BADGES) return -<i32>Status.WrongKind;
    const status = this.content.ready();
    if (status != Status.Ok) return -<i32>status;
    const writer = this.content.writers.find(badge);
    return writer >= 0 ? writer : -<i32>Status.Lost;
  }
}
