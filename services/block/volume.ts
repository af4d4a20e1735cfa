// The mounted image: transactions, durability and checkpoints over the parts that own the bytes. Knows no messages; block-service.ts translates.
//
// An answer of the device that may pass (isPassing) leaves everything as it was, and the same can be asked for again.
//
// What stays true (docs/crash-contract.md): `sync` answers Ok only after a flush that followed the last record; after a failed flush or a failed write of the log nothing more is acknowledged;
// redo images go home only after a durable record names their record flushed; freed blocks wait for two durable generations.
import { BlockFlag } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { BlockCache } from "./block-cache";
import { BlockReader } from "./block-reader";
import { Checkpoint } from "./checkpoint";
import { CheckpointUndo } from "./checkpoint-undo";
import { Damage } from "./damage";
import { Discards } from "./discards";
import { Disk, Entropy, Leases, isPassing } from "./disk";
import { ExtentCheck } from "./extent-check";
import { BLOCK_BYTES, BLOCK_SHIFT, Geometry, MAXIMUM_RECORD_BYTES } from "./geometry";
import { KeptData } from "./kept-data";
import { LOG_MARGIN_BLOCKS, Log, UNFLUSHED_LIMIT_BYTES } from "./log";
import { LogRecord, RecordKind } from "./log-record";
import { MapReader } from "./map-reader";
import { MapTree } from "./map-tree";
import { PageFrames } from "./page-frames";
import { Roots } from "./roots";
import { SUPERBLOCK_BYTES, Superblock } from "./superblock";
import { Transaction } from "./transaction";

/** Compatible feature flag: the image was written on a device that cannot flush. */
export const COMPATIBLE_NOT_FLUSHED: u64 = 1;
/** Badge of the content store's endpoint: it alone allocates, so the open transaction is its own. */
const STORE_BADGE: u32 = 1;

export class Volume {
  readonly geometry: Geometry;
  readonly allocator: Allocator;
  readonly log: Log;
  readonly map: Checkpoint;
  readonly discards: Discards;
  readonly roots: Roots = new Roots();
  readonly cache: BlockCache;
  readonly reader: BlockReader;
  readonly transaction: Transaction;
  readonly kept: KeptData;
  readonly extents: ExtentCheck;
  /** What the mount found damaged, and reads since. */
  readonly damage: Damage;
  /** A record read back from the log: mount, replay and verify take turns. */
  readonly scan: LogRecord = new LogRecord(heap.alloc(MAXIMUM_RECORD_BYTES), MAXIMUM_RECORD_BYTES);
  /** The newest durable superblock, and the next one while it is being made. */
  readonly superblock: Superblock;
  readonly slotBlock: usize = heap.alloc(BLOCK_BYTES);
  private undo: CheckpointUndo;
  private sealRecord: LogRecord = new LogRecord(heap.alloc(BLOCK_BYTES), BLOCK_BYTES);

  /** Why the image is not served; Ok when it is. */
  mountStatus: u32 = Status.NotFormatted;
  /** Lost or DeviceError after a failure that ended all promises; Ok before. */
  failure: u32 = Status.Ok;
  /** Where a record was written that was refused, and may be there all the same, until another one has taken its place; u64.MAX_VALUE: nowhere. */
  refusedAt: u64 = u64.MAX_VALUE;
  /** The superblock of the next generation may be on the disk already, although nobody was told of it. */
  isNextWritten: bool = false;
  /** Since the mount a write and its flush were done, so that another mount may find a device that works. */
  hasWritten: bool = false;
  isReadOnly: bool = false;
  /** The two newest generations are not both of the present size, or not both sound: another is published before anything changes. */
  isUncovered: bool = false;
  fellBack: bool = false;
  isDamaged: bool = false;
  droppedTail: bool = false;
  /** The highest generation on the disk, valid or not in its roots. */
  highestGeneration: u64 = 0;
  /** Counts how often `scan` was overwritten, so that a replay knows whether its record is still there. */
  scanUse: u32 = 0;
  /** Transactions since the newest checkpoint, whose payload only the log has. */
  uncheckpointedCount: u64 = 0;
  commitCount: u64 = 0;
  syncCount: u64 = 0;
  checkpointCount: u64 = 0;
  replayedCount: u64 = 0;
  droppedCount: u64 = 0;

  constructor(readonly disk: Disk, readonly leases: Leases, readonly entropy: Entropy) {
    const geometry = new Geometry();
    const damage = new Damage();
    const cache = new BlockCache();
    const nodes = new MapReader(disk, geometry, damage);
    const map = new Checkpoint(disk, geometry, nodes);
    const frames = new PageFrames();
    const tree = new MapTree(disk, geometry, frames, map, nodes);
    const allocator = new Allocator(geometry, tree, frames);
    this.geometry = geometry;
    this.allocator = allocator;
    const log = new Log(disk, geometry), kept = new KeptData(disk, log, cache, leases);
    this.log = log;
    this.kept = kept;
    const superblock = new Superblock(heap.alloc(SUPERBLOCK_BYTES));
    this.map = map;
    this.damage = damage;
    this.discards = new Discards(disk, allocator);
    this.superblock = superblock;
    this.undo = new CheckpointUndo(map, superblock);
    this.transaction = new Transaction(geometry, allocator, cache, leases);
    this.cache = cache;
    this.reader = new BlockReader(disk, geometry, allocator, cache, kept, leases);
    this.extents = new ExtentCheck(disk);
  }

  get flags(): u32 {
    let flags: u32 = 0;
    if (!this.mountStatus) flags |= BlockFlag.formatted;
    if (this.isReadOnly || this.disk.isReadOnly) flags |= BlockFlag.readOnly;
    if (!this.disk.canFlush) flags |= BlockFlag.cannotFlush;
    if (this.fellBack) flags |= BlockFlag.fellBack;
    if (this.isDamaged) flags |= BlockFlag.damaged;
    if (this.droppedTail) flags |= BlockFlag.droppedTail;
    if (!this.mountStatus && (this.log.isCheckpointWanted || this.allocator.isCheckpointWanted)) flags |= BlockFlag.checkpointWanted;
    if (!this.mountStatus && (this.log.isCheckpointDue || this.allocator.isCheckpointDue)) flags |= BlockFlag.checkpointDue;
    return flags;
  }

  /** Why the image may not be changed; Ok if it may. */
  get refusal(): u32 {
    if (this.mountStatus) return this.mountStatus;
    if (this.failure) return this.failure;
    return this.isReadOnly || this.disk.isReadOnly ? Status.ReadOnly : Status.Ok;
  }

  /** Whether an operation that changes the image may begin; what has to be done first is done. */
  writable(): u32 {
    let refused = this.refusal;
    // Its transaction was dropped: what is written to its blocks from now on must not be taken for what it bound.
    if (!refused && this.refusedAt != u64.MAX_VALUE && this.transaction.isEmpty) refused = this.bury();
    return refused || !this.isUncovered ? refused : this.republish();
  }

  private fail(status: u32): u32 {
    this.failure = status;
    return status;
  }

  /** A flush or a write that commits, checkpoints or empties the log did not answer Ok. What the device itself refused ends all promises with `verdict`. */
  private judge(status: u32, verdict: u32): u32 { return isPassing(status) ? status : this.fail(verdict); }

  /** Put everything written so far beyond the reach of power loss. A failure is final: nobody knows what a device kept after a flush that failed. */
  flush(): u32 {
    // A device that cannot flush proves nothing: no record then calls another one flushed, and a mount verifies all since the checkpoint.
    if (!this.disk.canFlush) return Status.Ok;
    this.kept.write(); // what cannot be written stays, and is met again by the commit
    const status = this.disk.flush();
    if (status) return this.judge(status, Status.Lost);
    if (this.log.unflushedBytes > 0) this.hasWritten = true;
    this.log.noteFlushed();
    // What the open transaction has written needs no check at mount.
    this.transaction.record.flushedExtents = this.kept.writtenExtents(this.transaction.record);
    return Status.Ok;
  }

  /** Flush before `bytes` more would wait: a mount never has more than the bound to verify. */
  private bound(bytes: u64): u32 { return this.log.unflushedBytes + bytes > UNFLUSHED_LIMIT_BYTES ? this.flush() : Status.Ok; }

  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    const refused = this.writable();
    return refused ? refused : this.transaction.allocate(hint, count, fromReserve);
  }

  free(address: u64, count: u32): u32 {
    const refused = this.writable();
    return refused ? refused : this.transaction.free(address, count);
  }

  /** Whole blocks into a caller's lease. */
  read(address: u64, lease: u32, lengthBytes: u32): u32 { return this.mountStatus ? this.mountStatus : this.reader.read(address, lease, lengthBytes); }

  /** Data to fresh blocks, bound to the open transaction by `count` descriptors: straight from the caller's lease, or, the first short run, kept back until `commit`. */
  writeExtents(address: u64, count: u32, data: u32, dataLength: u32, descriptors: u32): u32 {
    const refused = this.writable();
    if (refused) return refused;
    const blocks = dataLength >> BLOCK_SHIFT;
    if (!blocks || dataLength & (BLOCK_BYTES - 1)) return Status.InvalidArgument;
    if (dataLength > UNFLUSHED_LIMIT_BYTES) return Status.TooLarge;
    const record = this.transaction.record, isKept = this.kept.hasRoomFor(blocks);
    let status = this.transaction.canBind(address, blocks, count);
    if (!status && !isKept) status = this.bound(dataLength);
    const extentsBefore = record.extentCount;
    if (!status) status = this.transaction.bind(address, blocks, count, descriptors);
    if (status) return status;
    status = isKept ? this.kept.keep(address, blocks, data, extentsBefore) : this.writeRun(address, blocks, data);
    if (status) record.rewind();
    else this.allocator.unfresh(address, blocks);
    return status;
  }
  private writeRun(address: u64, blocks: u32, lease: u32): u32 {
    this.cache.forget(address, blocks);
    const status = this.disk.write(address, lease, 0, blocks);
    if (!status) this.log.unflushedBytes += <u64>blocks << BLOCK_SHIFT;
    return status;
  }

  /** Blocks in place, through the journal. */
  write(address: u64, lease: u32, lengthBytes: u32): u32 {
    let status = this.writable();
    const blocks = lengthBytes >> BLOCK_SHIFT;
    if (!status && lengthBytes & (BLOCK_BYTES - 1)) status = Status.InvalidArgument;
    if (!status && blocks > this.cache.room && this.cache.committedCount) status = this.sendHome();
    return status ? status : this.transaction.write(address, blocks, lease, this.log.checkpointSequence);
  }

  attach(badge: u32, lease: u32, lengthBytes: u32): u32 {
    const refused = this.writable();
    return refused ? refused : this.transaction.attach(badge, lease, lengthBytes);
  }

  /**
   * Close the open transaction with a last piece of payload: one log write, what was kept back at the same time, no flush. A transaction with nothing in it writes nothing. DeviceError without `failure`: what was kept
   * back cannot be written, and the transaction is still open.
   */
  commit(badge: u32, lease: u32, lengthBytes: u32): u32 {
    let status = this.writable();
    if (!status) status = this.transaction.attach(badge, lease, lengthBytes);
    if (status) return status;
    const record = this.transaction.record;
    if (!this.transaction.isEmpty) {
      status = this.makeRoom(record.blockCount);
      if (!status) status = this.bound((<u64>record.blockCount << BLOCK_SHIFT) + this.kept.lengthBytes);
      if (!status) status = this.append(record);
      if (status) {
        record.rewind();
        return status;
      }
      this.refusedAt = u64.MAX_VALUE;
      this.transaction.close(record.sequence);
      this.commitCount++;
      this.uncheckpointedCount++;
    }
    this.roots.commit();
    return Status.Ok;
  }

  /** The open transaction's record to the log, and what was kept back to its place. */
  private append(record: LogRecord): u32 {
    this.log.seal(record);
    this.refusedAt = this.log.head;
    if (this.kept.writeWith(record)) return Status.Ok;
    // One after the other, to know which of them it is.
    const status = this.kept.write();
    if (status && !isPassing(status)) {
      const buried = this.bury();
      return buried ? buried : status;
    }
    if (status) return status;
    const appended = this.log.append(record, false);
    return appended ? this.judge(appended, Status.DeviceError) : <u32>Status.Ok;
  }

  /** A seal takes the place of a record that was refused, for good: it is flushed before anything else is written. */
  private bury(): u32 {
    let status: u32 = this.log.head == this.refusedAt ? this.appendEmpty(RecordKind.seal) : <u32>Status.Ok;
    if (!status) status = this.flush();
    if (!status) this.refusedAt = u64.MAX_VALUE;
    return status;
  }

  /** Everything committed so far survives power loss when this answers Ok. At most one flush; none when nothing is new. */
  sync(): u32 {
    if (this.mountStatus) return this.mountStatus;
    if (this.failure) return this.failure;
    if (!this.disk.canFlush) return Status.NotDurable;
    this.syncCount++;
    if (this.log.durable < this.log.committed) return this.flush();
    // Idle: leave a seal, so that damage to what was acknowledged is told from a torn tail. It promises nothing and waits for no flush.
    return this.wantsSeal ? this.appendEmpty(RecordKind.seal) : <u32>Status.Ok;
  }

  /** Whether everything is durable and no record says so yet. */
  get wantsSeal(): bool {
    if (this.refusal || this.isUncovered || !this.disk.canFlush) return false;
    return this.log.durable >= this.log.committed && this.log.named < this.log.committed && this.log.freeBlocks > LOG_MARGIN_BLOCKS;
  }

  /** A seal or an epoch record. */
  appendEmpty(kind: u32): u32 {
    this.sealRecord.begin(kind);
    if (kind == RecordKind.epoch) this.log.epoch++;
    this.log.seal(this.sealRecord);
    const status = this.log.append(this.sealRecord, kind == RecordKind.seal);
    return status ? this.judge(status, Status.DeviceError) : <u32>Status.Ok;
  }

  /** Room in the log for a record, if need be by giving up the log that only the generation before the newest needs. */
  private makeRoom(blocks: u64): u32 {
    if (blocks + LOG_MARGIN_BLOCKS <= this.log.freeBlocks) return Status.Ok;
    if (this.log.geometry.logBlocks - (this.log.head - this.log.checkpointPosition) < blocks + LOG_MARGIN_BLOCKS) return Status.Busy;
    return this.republish();
  }

  /** Write the newest generation once more under the next number, with a checkpoint of its own: the two last ones then hold the same state, and damage to either loses nothing. */
  republish(): u32 {
    this.undo.keepSuperblock();
    this.superblock.generation = this.highestGeneration + 1;
    let status = this.map.writeAgain(this.superblock);
    status = status ? this.judge(status, Status.DeviceError) : this.flush();
    if (!status) status = this.publish();
    if (status) {
      this.undo.putBackSuperblock();
      return status;
    }
    this.isUncovered = false;
    this.discards.takeOlder();
    this.allocator.releaseOlder();
    this.log.tail = this.log.checkpointPosition;
    return Status.Ok;
  }

  /** Number, checksum and write the superblock that was prepared, and flush. A generation that was not acknowledged is given again: to the same slot, so that the last two stay. */
  publish(): u32 {
    this.superblock.generation = this.highestGeneration + 1;
    const address = this.geometry.slotAddress(this.superblock.slot);
    this.superblock.seal(address);
    memory.fill(this.slotBlock, 0, BLOCK_BYTES);
    memory.copy(this.slotBlock, this.superblock.address, SUPERBLOCK_BYTES);
    this.isNextWritten = true;
    const written = this.disk.write(address, 0, this.slotBlock, 1);
    if (written) return this.judge(written, Status.DeviceError);
    const status = this.flush();
    if (status) return status;
    this.highestGeneration++;
    this.isNextWritten = false;
    return Status.Ok;
  }

  /** Empty the slot of the next generation, for good, before what a superblock there leads to is written over. */
  private unpublish(): u32 {
    memory.fill(this.slotBlock, 0, BLOCK_BYTES);
    const written = this.disk.write(this.geometry.slotAddress(this.superblock.slot), 0, this.slotBlock, 1);
    if (written) return this.judge(written, Status.DeviceError);
    const status = this.flush();
    if (!status) this.isNextWritten = false;
    return status;
  }

  /** Let a durable record call every committed one flushed: from then on no mount verifies an extent that a redo image on its way home overwrites. Not more flushes than that takes. */
  sealCommitted(): u32 {
    const log = this.log;
    let status: u32 = log.durable < log.committed ? this.flushForHome() : <u32>Status.Ok;
    if (!status && log.named < log.committed) status = this.appendEmpty(RecordKind.seal);
    return status || log.sealed >= log.committed ? status : this.flushForHome();
  }

  /** A device that cannot flush is taken at its word here; `sync` still answers NotDurable. */
  private flushForHome(): u32 {
    const status = this.flush();
    if (!status) this.log.noteFlushed();
    return status;
  }

  /** Committed redo images go to their places. */
  private sendHome(): u32 {
    let status = this.sealCommitted();
    if (status) return status;
    status = this.cache.sendHome(this.disk);
    return status ? this.judge(status, Status.DeviceError) : <u32>Status.Ok;
  }

  /** Make the state of the last commit the newest generation, in the order that docs/crash-contract.md rule 3 wants: homes and pages, flush, superblock, flush, release. */
  checkpoint(): u32 {
    let status = this.writable();
    if (!status && !this.transaction.isEmpty) status = Status.Busy;
    if (!status && this.cache.committedCount) status = this.sendHome();
    return status ? status : this.nextGeneration();
  }

  /** The state in memory becomes the newest generation. The open transaction is empty and no redo image waits. */
  nextGeneration(): u32 {
    const status = this.writeState();
    if (status) return status;
    const position = this.log.checkpointPosition;
    this.log.checkpointPosition = this.log.head;
    this.log.checkpointSequence = this.log.sequence;
    this.log.tail = position;
    this.log.named = this.log.sequence;
    this.log.noteFlushed();
    this.discards.takeOlder();
    this.allocator.advance();
    this.roots.commit(); // `abandon` must not lead back behind what the log has been released for
    this.hasWritten = true;
    this.checkpointCount++;
    this.uncheckpointedCount = 0;
    return this.disk.canFlush ? Status.Ok : Status.NotDurable;
  }

  /** The next generation, whole or not at all. */
  writeState(): u32 {
    this.undo.keep();
    const status = this.writeGeneration();
    if (status) this.undo.putBack();
    return status;
  }

  /** Pages, flush, superblock, flush. */
  private writeGeneration(): u32 {
    const log = this.log;
    this.roots.apply(this.map);
    this.superblock.generation = this.highestGeneration + 1;
    this.superblock.describeLog(log.epoch, log.head, log.sequence, log.lastHash);
    if (!this.disk.canFlush) this.superblock.compatibleFlags |= COMPATIBLE_NOT_FLUSHED;
    this.superblock.describePlaces(this.geometry);
    const cleared: u32 = this.isNextWritten ? this.unpublish() : <u32>Status.Ok;
    if (cleared) return cleared;
    const written = this.allocator.tree.write(this.superblock);
    if (written) return this.judge(written, Status.DeviceError);
    const status = this.flush();
    return status ? status : this.publish();
  }

  /**
   * A client is gone: what it put into the open transaction and did not commit goes with it. Blocks and frees cannot be told apart by client, so a transaction goes as a whole with the client that made it,
   * which is the content store; any other loses its pieces and its root, and what the others put in stays.
   */
  dropClient(badge: u32): void {
    if (this.mountStatus) return;
    if (badge == STORE_BADGE || this.transaction.isMadeBy(badge)) {
      this.abandon();
      return;
    }
    this.transaction.record.dropPayload(badge);
    this.roots.abandonOf(badge);
  }

  /** Drop the open transaction and the roots that were set in it. */
  abandon(): u32 {
    if (this.mountStatus) return this.mountStatus;
    this.transaction.abandon();
    this.kept.drop();
    this.roots.abandon();
    return Status.Ok;
  }
}
