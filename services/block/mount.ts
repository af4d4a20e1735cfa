// From whatever is on the disk to a served state, or to the reason why not (docs/formats/block.md §5; the argument is docs/crash-contract.md).
//
//   slots ─► newest generation ─► chain of records ─► what lies past its end ─► verify what was not flushed, apply ─► epoch record, flush ─► redo images home
//              └──── the generation before it, if a node of the map that this wants does not verify ◄────┘
//
// What stays true: nothing is written before the cut is known; damage to what was flushed ends in Corrupted, never in a shorter history; no byte of an image can trap the service.
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeadRecords } from "./dead-records";
import { isPassing } from "./disk";
import { BLOCK_BYTES, MAXIMUM_BLOCKS } from "./geometry";
import { ItemType, LogRecord, RecordKind, itemsOf } from "./log-record";
import { RedoReplay } from "./redo-replay";
import { Slots } from "./slots";
import { COUNT_LIMIT, FORMAT_VERSION, Superblock } from "./superblock";
import { COMPATIBLE_NOT_FLUSHED, Volume } from "./volume";

export class Mount {
  readonly slots: Slots;
  private redo: RedoReplay;
  private dead: DeadRecords;
  /** Slots of the generation that is mounted, and of the newest valid one before it; −1: none. */
  private chosen: i32 = -1;
  private previous: i32 = -1;
  private mayFallBack: bool = false;
  /** F: the highest sequence known to have been flushed. */
  private flushed: u64 = 0;
  /** Last sequence of the chain, and of what is kept of it. */
  private chainEnd: u64 = 0;
  private lastKind: u32 = 0;
  private hasRedo: bool = false;
  /** Where the kept records end: what this mount writes comes after it. */
  private keptEnd: u64 = 0;

  constructor(readonly volume: Volume) {
    this.slots = new Slots(volume.disk, volume.geometry, volume.damage);
    this.redo = new RedoReplay(volume);
    this.dead = new DeadRecords(volume.log, volume.extents.buffer, volume.scan);
  }

  /** Mount; the result is also volume.mountStatus. */
  run(): u32 {
    const volume = this.volume;
    this.forget();
    let status = volume.disk.open();
    if (!status) status = this.survey();
    if (!status) status = this.recoverNewest();
    if (!status) status = this.begin();
    if (!status) status = this.coverGenerations();
    if (!status && this.hasRedo) status = this.layRedo();
    if (!status && this.slots.damagedCount != 0 && !volume.isReadOnly) this.slots.emptyDamaged();
    volume.isDamaged = status == Status.Corrupted;
    volume.mountStatus = status;
    return status;
  }

  /** The service may have been mounted before: nothing of that may remain. */
  private forget(): void {
    const volume = this.volume;
    volume.mountStatus = Status.NotFormatted;
    volume.failure = Status.Ok;
    volume.hasWritten = false;
    volume.refusedAt = u64.MAX_VALUE;
    volume.isNextWritten = false;
    volume.isReadOnly = false;
    volume.isUncovered = false;
    volume.fellBack = false;
    volume.droppedTail = false;
    volume.highestGeneration = 0;
    volume.scanUse++;
    volume.commitCount = 0;
    volume.syncCount = 0;
    volume.checkpointCount = 0;
    volume.replayedCount = 0;
    volume.droppedCount = 0;
    volume.extents.checkedCount = 0;
    volume.log.forgetAhead();
    volume.disk.resetCounts();
    volume.damage.forget();
    volume.cache.reset();
    volume.reader.reset();
    volume.transaction.begin();
    volume.kept.drop();
    volume.transaction.patchCount = 0;
    volume.discards.reset();
    this.flushed = 0;
  }

  /** Look at the slots and at what the newest generation says of the image. */
  private survey(): u32 {
    const volume = this.volume;
    // However short the device is: an image that was cut says so, and is not taken for none.
    this.slots.read();
    // Not damage: a mount that cannot see all of the image does not judge it.
    if (isPassing(this.slots.readFailure)) return this.slots.readFailure;
    this.previous = this.slots.newestBelow(u64.MAX_VALUE, 0);
    if (this.previous < 0) return this.slots.hasMagic ? Status.Corrupted : this.slots.readFailure ? this.slots.readFailure : Status.NotFormatted;
    const top = this.slots.get(this.previous);
    if (!this.isKnown(top)) return Status.UnsupportedVersion;
    if (top.blockCount > volume.disk.blockCount) return Status.Truncated;
    if (top.blockCount > MAXIMUM_BLOCKS) return Status.TooLarge;
    volume.highestGeneration = top.generation;
    return Status.Ok;
  }

  private isKnown(superblock: Superblock): bool { return superblock.version == FORMAT_VERSION && !superblock.incompatibleFlags; }

  /** Recover from the newest generation whose map can be read as far as that needs it. */
  private recoverNewest(): u32 {
    const volume = this.volume;
    let status: u32 = Status.Corrupted;
    do {
      this.chosen = this.previous;
      const superblock = this.slots.get(this.chosen);
      this.flushed = max(this.flushed, this.slots.highestSequence(superblock.imageId));
      this.previous = this.slots.newestBelow(superblock.generation, superblock.imageId);
      status = this.recover(superblock);
    } while (status && this.mayFallBack && !isPassing(status) && this.previous >= 0);
    volume.fellBack = volume.superblock.generation != volume.highestGeneration || this.slots.damagedCount != 0;
    return status;
  }

  /** The state that this generation and the log behind it lead to, in memory; nothing is written. `mayFallBack` says whether the map was at fault. */
  private recover(superblock: Superblock): u32 {
    const volume = this.volume;
    this.forgetGeneration();
    this.mayFallBack = false;
    if (!this.isKnown(superblock)) return Status.UnsupportedVersion;
    volume.isReadOnly = volume.disk.isReadOnly || superblock.readOnlyFlags != 0;
    this.mayFallBack = true;
    if (!superblock.layOut(volume.geometry) || superblock.blockCount > volume.disk.blockCount) {
      volume.damage.note(StructureRole.superblock, volume.geometry.slotAddress(this.chosen));
      return Status.Corrupted;
    }
    let status = volume.map.read(superblock);
    if (status) return status;
    volume.superblock.copyFrom(superblock);
    volume.allocator.reset();
    volume.roots.reset(volume.map);
    status = this.protectGenerationBefore();
    if (!status) status = this.followChain();
    if (!status) status = this.lookPastTheEnd();
    if (!status) status = this.apply();
    this.mayFallBack = volume.allocator.tree.hasFailed;
    return status;
  }

  /** What was found out from one generation. */
  private forgetGeneration(): void {
    this.lastKind = 0;
    this.hasRedo = false;
    this.volume.replayedCount = 0;
    this.volume.uncheckpointedCount = 0;
    this.volume.log.forgetAhead();
  }

  /** Where the log must be kept from: the generation before, if the circle still holds that far back. */
  private tail(superblock: Superblock): u64 {
    if (this.previous < 0) return superblock.logPosition;
    const position = this.slots.get(this.previous).logPosition;
    return position <= superblock.logPosition && superblock.logPosition - position <= this.volume.geometry.logBlocks ? position : superblock.logPosition;
  }

  private restart(): void { this.volume.log.begin(this.volume.superblock, this.tail(this.volume.superblock)); }

  /**
   * Block what was freed between the generation before and this one, as the service did before it stopped: a mount may return to that generation, and its log
   * holds redo images of these blocks. A log that does not lead from there to here protects nothing, because no mount could follow it.
   */
  private protectGenerationBefore(): u32 {
    const log = this.volume.log;
    const end = this.volume.superblock.logPosition;
    if (this.previous < 0 || this.tail(this.volume.superblock) == end) return Status.Ok;
    log.begin(this.slots.get(this.previous), log.tail);
    while (log.head < end && this.next() == Status.Ok && this.checkPlaces(this.volume.scan) == Status.Ok) {
      const items = itemsOf(this.volume.scan);
      while (items.next()) {
        if (items.type != ItemType.free) continue;
        const status = this.volume.allocator.replayOlderFree(items.address, items.runCount);
        // Nor does one that frees what is in use, or free already: it is not the log of a sound image.
        if (status == Status.Corrupted && !this.volume.allocator.tree.hasFailed) return Status.Ok;
        if (status) return status;
      }
      log.accept(this.volume.scan, true);
    }
    return Status.Ok;
  }

  /** Read the next record of the chain into `scan`. Ok, Corrupted (the chain ends) or the device's status. */
  private next(): u32 {
    const log = this.volume.log;
    const left = this.volume.geometry.logBlocks - (log.head - log.checkpointPosition);
    if (!left) return Status.Corrupted;
    const status = log.readRecord(log.head, this.volume.scan);
    if (status) return status;
    return this.volume.scan.blockCount <= left && log.isNext(this.volume.scan) ? Status.Ok : Status.Corrupted;
  }

  private followChain(): u32 {
    const log = this.volume.log;
    this.restart();
    // Bounded: every record takes at least one of the log's blocks.
    for (;;) {
      const status = this.next();
      if (status == Status.Corrupted) break;
      if (status) return status;
      this.flushed = max(this.flushed, this.volume.scan.flushed);
      log.accept(this.volume.scan, this.volume.scan.kind != RecordKind.seal);
    }
    this.chainEnd = log.sequence;
    return this.flushed > this.chainEnd ? this.breakAt(log.head) : Status.Ok;
  }

  /** The chain should go on at this position, and does not. */
  private breakAt(position: u64): u32 {
    this.volume.damage.note(StructureRole.logRecord, this.volume.log.addressOf(position));
    return Status.Corrupted;
  }

  /** Whole records of this life of the image past the chain's end are either dead, written before a crash and cut off, or proof that something before them was lost to damage. */
  private lookPastTheEnd(): u32 {
    const status = this.dead.look(this.isBounded, this.volume.geometry.maximumRecordBytes);
    if (status) return status;
    return this.dead.isProofOfDamage ? this.breakAt(this.volume.log.head) : <u32>Status.Ok;
  }

  /** Did the device that the log was written on flush, so that the bound of what waits for a flush held? */
  private get isBounded(): bool { return this.volume.disk.canFlush && !(this.volume.superblock.compatibleFlags & COMPATIBLE_NOT_FLUSHED); }

  /** Go through the chain again: check what was not flushed, and take into the allocation what is kept. */
  private apply(): u32 {
    const volume = this.volume;
    const log = volume.log;
    this.restart();
    while (log.sequence < this.chainEnd) {
      let status = this.next();
      const record = volume.scan;
      if (!status) status = this.checkPlaces(record);
      if (!status && record.sequence > this.flushed) {
        status = this.verifyExtents(record);
        if (status == Status.Corrupted) break;
      }
      if (!status) status = this.applyRuns(record);
      if (status) return status == Status.Corrupted && !volume.allocator.tree.hasFailed ? this.breakAt(log.head) : status;
      this.lastKind = record.kind;
      log.accept(record, record.kind != RecordKind.seal);
      volume.replayedCount++;
      if (record.kind == RecordKind.transaction) volume.uncheckpointedCount++;
    }
    // What the generation before needs is overwritten in part: nobody can go back that far.
    if (log.usedBlocks > volume.geometry.logBlocks) log.tail = log.checkpointPosition;
    this.keptEnd = log.head;
    volume.droppedCount = this.chainEnd - log.sequence;
    volume.droppedTail = volume.droppedCount != 0 || this.dead.areThere;
    return Status.Ok;
  }

  /**
   * Every address in a record must be one that clients can have; and it must not bind more blocks than it allocates, nor that be more than there are: extents are written to fresh blocks alone
   * (docs/crash-contract.md rule 6), so what a mount has to verify of a record is bounded by the room that the image had.
   */
  private checkPlaces(record: LogRecord): u32 {
    const geometry = this.volume.geometry;
    let allocated: u64 = 0, bound: u64 = 0;
    const items = itemsOf(record);
    while (items.next()) {
      let count: u32 = 0;
      if (items.type == ItemType.allocation || items.type == ItemType.free) count = items.runCount;
      else if (items.type == ItemType.extent) count = items.extentBlocks;
      else if (items.type == ItemType.redo) count = items.redoBlocks;
      else if (items.type == ItemType.patch) count = 1;
      if (count && !geometry.isForClients(items.address, count)) return Status.Corrupted;
      if (items.type == ItemType.allocation) allocated += count;
      else if (items.type == ItemType.extent) bound += count;
    }
    return bound <= allocated && allocated <= geometry.blockCount ? Status.Ok : Status.Corrupted;
  }

  private verifyExtents(record: LogRecord): u32 {
    const flushedExtents = record.flushedExtents;
    const items = itemsOf(record);
    for (let number: u32 = 0; items.next(); ) {
      if (items.type != ItemType.extent) continue;
      if (number++ < flushedExtents) continue;
      const status = this.volume.extents.check(items);
      if (status) return status;
    }
    return Status.Ok;
  }

  private applyRuns(record: LogRecord): u32 {
    const allocator = this.volume.allocator;
    const items = itemsOf(record);
    while (items.next()) {
      let status: u32 = Status.Ok;
      if (items.type == ItemType.redo || items.type == ItemType.patch) {
        this.hasRedo = true;
        status = allocator.replayWrite(items.address, items.type == ItemType.redo ? items.redoBlocks : 1);
      } else if (items.type == ItemType.extent) status = allocator.replayWrite(items.address, items.extentBlocks);
      else if (items.type == ItemType.allocation) status = allocator.replayAllocation(items.address, items.runCount);
      else if (items.type == ItemType.free) status = allocator.replayFree(items.address, items.runCount);
      if (status) return status;
    }
    return Status.Ok;
  }

  /** Name the cut in a record of a new epoch, unless nothing was written since the last one, and make everything kept durable. */
  private begin(): u32 {
    const volume = this.volume;
    const log = volume.log;
    // Also behind an epoch record that does not call everything before it flushed: from now on it is, and redo images may overwrite what was verified.
    const needsEpoch = this.dead.areWhole || volume.droppedCount != 0 || this.lastKind != RecordKind.epoch || this.flushed + 1 < log.sequence;
    if (!volume.isReadOnly && !log.freeBlocks) log.tail = log.checkpointPosition;
    // No room for the record, or a count that would run out: what the next generation, epoch or record is called by would not be believed.
    if ((needsEpoch && !log.freeBlocks) || max(max(volume.highestGeneration, this.dead.highestEpoch), max(log.sequence, log.head)) >= COUNT_LIMIT / 2) volume.isReadOnly = true;
    // Only what is durable may be called so, by a sync or in the epoch record, and it has to be before redo images overwrite what was verified.
    if (this.flushed < log.sequence && volume.disk.canFlush && !volume.disk.isReadOnly) {
      const status = volume.disk.flush();
      if (status) return this.serveReadOnly(status);
    }
    if (volume.isReadOnly) {
      log.noteFlushed();
      return Status.Ok;
    }
    log.durable = log.sequence;
    if (needsEpoch) {
      log.epoch = this.dead.highestEpoch;
      let status = volume.appendEmpty(RecordKind.epoch);
      if (!status && volume.disk.canFlush) status = volume.disk.flush();
      if (status) return this.serveReadOnly(status);
    }
    log.noteFlushed();
    return Status.Ok;
  }

  /**
   * If the newest generation was passed over, or the one before is not there or of a smaller image, the mounted state is published once more, so that nothing that is written from now on meets one of them,
   * and damage to one generation loses nothing (docs/formats/block.md §5, §6).
   */
  private coverGenerations(): u32 {
    const volume = this.volume;
    const generation = volume.superblock.generation;
    volume.isUncovered = generation != volume.highestGeneration || !this.hasGenerationBefore(generation);
    if (volume.isReadOnly || !volume.isUncovered) return Status.Ok;
    const status = volume.republish();
    return status ? this.serveReadOnly(status) : <u32>Status.Ok;
  }

  /** Is there a superblock of the generation before, of the same size? */
  private hasGenerationBefore(generation: u64): bool {
    if (this.previous < 0) return false;
    const before = this.slots.get(this.previous);
    return before.generation + 1 == generation && before.blockCount == this.volume.geometry.blockCount;
  }

  /** Redo images to their places; if the device refuses one of these, all of them into memory, and the image is served for reading alone. */
  private layRedo(): u32 {
    const volume = this.volume, from = volume.log.checkpointPosition;
    const status = this.redo.run(from, this.keptEnd);
    if (status != Status.DeviceError || volume.isReadOnly) return status;
    this.serveReadOnly(status);
    return this.redo.run(from, this.keptEnd);
  }

  /**
   * The device takes no write: what was verified is served, and nothing is promised of it, because nobody knows what of it is durable (docs/crash-contract.md rule 9).
   * A status that passes ends the mount, which is tried again.
   */
  private serveReadOnly(status: u32): u32 {
    if (isPassing(status)) return status;
    this.volume.isReadOnly = true;
    this.volume.failure = Status.DeviceError;
    return Status.Ok;
  }
}
