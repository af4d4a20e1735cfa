// Takes extents in, once each: looks the key up, stages what is new, and writes what is staged.
//
// An entry is in the index from the moment its content is staged; it gets its address when the run it is part of was written, and only then is the journal told of it.
// So an entry in the journal never names blocks that were not written in its own transaction.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Counters } from "./counters";
import { Entry, EntryFlag, RUN_NONE } from "./entry";
import { GroupPool } from "./group-pool";
import { IndexTable } from "./index-table";
import { Keeper } from "./keeper";
import { EXTENT_BLOCKS_MAX, GROUP_BYTES, Kind, VALUE_BYTES, blocksOf } from "./limits";
import { Change, Changes } from "./piece";
import { ESSENTIAL, EXTENTS_MAX, RunWriter } from "./run-writer";
import { Space } from "./space";
import { STAGED_SLOT, STAGING_BLOCKS, StagingBuffer } from "./staging";

const NEW_FLAGS: u32 = EntryFlag.kept | EntryFlag.staged | RUN_NONE << EntryFlag.runShift;
/** Full groups written together, and gathered before they are. */
const GROUP_RUN: u32 = STAGING_BLOCKS / EXTENT_BLOCKS_MAX;

export class ExtentWriter {
  /** Of put: the key was there already. */
  isDuplicate: bool = false;
  private groupRecords: usize = heap.alloc(GROUP_RUN * Entry.BYTES);

  constructor(
    readonly index: IndexTable, readonly keeper: Keeper, readonly counters: Counters,
    private space: Space, private staging: StagingBuffer, private groups: GroupPool, private runs: RunWriter, private changes: Changes,
  ) {}

  reset(): void { this.staging.reset(); }

  /** Where up to GROUP_BYTES may be put before putStaged, or 0 and a status in `status`. */
  status: u32 = 0;
  stagingTail(lengthBytes: u32): usize {
    this.status = this.staging.hasRoom(lengthBytes) ? Status.Ok : this.flushBuffer();
    return this.status == Status.Ok ? this.staging.tail : 0;
  }

  /** Stores an object of up to GROUP_BYTES whose bytes lie at `stagingTail`; an essential one may go to the reserve. */
  putStaged(objectHash: usize, lengthBytes: u32, isEssential: bool): u32 {
    const found = this.index.find(Kind.object, objectHash);
    if (found) return this.match(found);
    return isEssential || this.space.fits(blocksOf(lengthBytes)) ? this.insert(Kind.object, objectHash, lengthBytes, 0, isEssential ? ESSENTIAL : 0) : Status.NoSpace;
  }

  /** Stores an object of up to GROUP_BYTES, or the top page of a larger one (`lengthBytes` is the object's), or a partial group. */
  put(kind: u32, value: usize, lengthBytes: u64, firstGroup: u32, extent: usize, extentBytes: u32): u32 {
    const found = this.index.find(kind, value);
    if (found) return this.match(found);
    if (!this.space.fits(blocksOf(extentBytes))) return Status.NoSpace;
    const tail = this.stagingTail(extentBytes);
    if (!tail) return this.status;
    memory.copy(tail, extent, extentBytes);
    return this.insert(kind, value, lengthBytes, firstGroup, 0);
  }

  /** Stores an interior page over `below` groups from `firstGroup` on. */
  putPage(value: usize, firstGroup: u32, below: u32, page: usize, childCount: u32): u32 {
    this.isDuplicate = this.index.find(Kind.interior, value) != 0;
    if (this.isDuplicate) return this.keeper.keepSubtree(value, firstGroup, below);
    return this.put(Kind.interior, value, childCount * VALUE_BYTES, firstGroup, page, childCount * VALUE_BYTES);
  }

  /** Stores the full group in a dirty slot, without a copy: the slot itself is staged. */
  putSlot(slot: u32, value: usize, group: u32): u32 {
    const found = this.index.find(Kind.group, value);
    if (found) {
      const status = this.match(found);
      if (status == Status.Ok) this.groups.dirtyToClean(slot, Kind.group, value);
      return status;
    }
    const entry = this.space.fits(EXTENT_BLOCKS_MAX) ? this.index.insert(Kind.group, value) : 0;
    if (!entry) return Status.NoSpace;
    this.space.staged(EXTENT_BLOCKS_MAX);
    Entry.fill(entry, Kind.group, value, GROUP_BYTES, group, STAGED_SLOT + slot, NEW_FLAGS);
    this.counters.add(entry);
    this.isDuplicate = false;
    this.groups.dirtyToStaged(slot, Kind.group, value);
    return this.groups.stagedCount >= GROUP_RUN ? this.flushGroups() : Status.Ok;
  }

  /** Writes everything staged. What could not be written stays staged and readable. */
  flush(): u32 {
    const status = this.flushBuffer();
    return status == Status.Ok ? this.flushGroups() : status;
  }

  private flushBuffer(): u32 {
    const count = this.staging.count;
    if (!count) return Status.Ok;
    let status = this.changes.reserve(EXTENTS_MAX);
    if (status != Status.Ok) return status;
    status = this.runs.write(this.staging.base, this.staging.records, count);
    for (let i: u32 = 0; i < this.runs.written; i++) this.settle(this.staging.records + <usize>i * Entry.BYTES);
    this.staging.removeFirst(this.runs.written);
    return status;
  }

  /** Writes the staged slots, each row of neighbours as one run. */
  private flushGroups(): u32 {
    let slot: u32 = 0;
    while (this.groups.stagedCount && slot < this.groups.slotCount) {
      if (!this.groups.isStaged(slot)) {
        slot++;
        continue;
      }
      let count: u32 = 0;
      while (count < GROUP_RUN && slot + count < this.groups.slotCount && this.groups.isStaged(slot + count)) {
        const record = this.groupRecords + <usize>count * Entry.BYTES;
        memory.copy(record, this.index.find(Kind.group, this.groups.value(slot + count)), Entry.BYTES);
        Entry.setAddress(record, count * EXTENT_BLOCKS_MAX);
        count++;
      }
      let status = this.changes.reserve(GROUP_RUN);
      if (status != Status.Ok) return status;
      status = this.runs.write(this.groups.address(slot), this.groupRecords, count);
      for (let i: u32 = 0; i < this.runs.written; i++) {
        this.settle(this.groupRecords + <usize>i * Entry.BYTES);
        this.groups.stagedToClean(slot + i);
      }
      if (status != Status.Ok) return status;
      slot += count;
    }
    return Status.Ok;
  }

  /** An extent is on the device: its entry gets the address, the journal is told. */
  private settle(record: usize): void {
    const entry = this.index.find(Entry.kind(record), record);
    Entry.setAddress(entry, Entry.address(record));
    Entry.setFlags(entry, Entry.flags(entry) & ~EntryFlag.staged);
    this.changes.note(entry, Change.added);
    this.space.written(Entry.blockCount(entry));
  }

  private match(entry: usize): u32 {
    this.isDuplicate = true;
    if (Entry.kind(entry) == Kind.object) this.counters.duplicateObjects++;
    else if (Entry.kind(entry) == Kind.group) this.counters.duplicateGroups++;
    return this.keeper.keep(entry, EntryFlag.kept);
  }

  private insert(kind: u32, value: usize, lengthBytes: u64, firstGroup: u32, recordFlags: u32): u32 {
    this.isDuplicate = false;
    const entry = this.index.insert(kind, value);
    if (!entry) return Status.NoSpace;
    const address = this.staging.append(kind, value, lengthBytes, firstGroup, recordFlags);
    Entry.fill(entry, kind, value, lengthBytes, firstGroup, address, NEW_FLAGS);
    this.counters.add(entry);
    this.space.staged(Entry.blockCount(entry));
    return Status.Ok;
  }
}
