// Collection: begin clears all flags, marks come from above, the sweep frees what carries none.
//
//   begin ──► mark … (stores, matches and writers go on and protect what they touch) ──► sweep … ──► nothing remains
//
// `reached` says that a root was handed in here; `kept` that something was stored, matched or held since the begin. They are two flags because "fresh" must tell of the
// first alone: a node that the filesystem stored meanwhile is kept, but what it names has not been handed in.
// If any walk fails, what lies below is unknown: the collection then frees nothing until it is begun again.
//
// Safety: scratch is BATCH hashes and as many bytes.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Counters } from "./counters";
import { Entry, EntryFlag } from "./entry";
import { ExtentWriter } from "./extent-writer";
import { IndexTable } from "./index-table";
import { Keeper } from "./keeper";
import { EMPTY_HASH, Kind, sameValue } from "./limits";
import { BlockLayer, Transfer } from "./lower";
import { Change, Changes } from "./piece";
import { Runs } from "./runs";
import { Writers } from "./writers";

const BATCH: u32 = 128;
/** So many frees, and the block service is asked whether a checkpoint is due. */
const FREES_BETWEEN_LOOKS: u32 = 16;
/** Entries looked at in one sweep step at most. */
const SWEEP_LOOKS: u32 = 65536;
const PROTECTED: u32 = EntryFlag.reached | EntryFlag.kept;

export class Collector {
  /** Of sweep. */
  freedBlocks: u64 = 0;
  freedObjects: u32 = 0;
  remaining: u32 = 0;
  private hashes: usize = heap.alloc(BATCH * 32);
  private fresh: usize = heap.alloc(BATCH);
  /** The sweep goes on at the first key whose top 32 bits are not below this. */
  private nextPrefix: u64 = 0;

  constructor(
    private index: IndexTable, private keeper: Keeper, private writers: Writers, private extents: ExtentWriter, private counters: Counters,
    private changes: Changes, private runs: Runs, private block: BlockLayer, private transfer: Transfer,
  ) {}

  begin(): u32 {
    // What is staged goes out first, so that the sweep meets nothing without an address.
    const status = this.extents.flush();
    if (status != Status.Ok) return status;
    for (let slot = this.index.nextUsed(0); slot < this.index.slotLimit; slot = this.index.nextUsed(slot + 1)) {
      const entry = this.index.entry(slot);
      Entry.setFlags(entry, Entry.flags(entry) & ~PROTECTED);
    }
    this.keeper.begin();
    this.nextPrefix = 0;
    this.keeper.failure = this.writers.keepAll();
    return this.keeper.failure;
  }

  /** Whoever drives the collection is gone: nothing is freed until it is begun again. */
  stop(): void { this.keeper.isCollecting = false; }

  mark(count: u32, hashes: u32, hashesBytes: u32, fresh: u32, freshBytes: u32): u32 {
    if (!this.keeper.isCollecting || count > hashesBytes >> 5 || count > freshBytes) return Status.InvalidArgument;
    let result: u32 = Status.Ok;
    for (let done: u32 = 0; done < count; done += BATCH) {
      const part = min(BATCH, count - done);
      let status = this.transfer.read(hashes, done * 32, this.hashes, part * 32);
      if (status != Status.Ok) return status;
      for (let i: u32 = 0; i < part; i++) {
        status = this.markOne(this.hashes + i * 32, this.fresh + i);
        if (status == Status.NotFound) result = status;
        else if (status != Status.Ok) return status;
      }
      status = this.transfer.write(fresh, done, this.fresh, part);
      if (status != Status.Ok) return status;
    }
    return result;
  }

  private markOne(objectHash: usize, fresh: usize): u32 {
    store<u8>(fresh, 0);
    if (sameValue(objectHash, EMPTY_HASH)) return Status.Ok;
    const entry = this.index.find(Kind.object, objectHash);
    if (!entry) return Status.NotFound;
    const status = this.keeper.keep(entry, EntryFlag.reached);
    store<u8>(fresh, this.keeper.isFresh ? 1 : 0);
    return status;
  }

  sweep(limit: u32): u32 {
    this.freedBlocks = 0;
    this.freedObjects = 0;
    this.remaining = 0;
    if (!this.keeper.isCollecting) return Status.InvalidArgument;
    if (this.keeper.failure != Status.Ok) return this.keeper.failure;
    let slot = this.index.nextUsed(this.index.homeOf(<u32>this.nextPrefix));
    let freed: u32 = 0;
    let looks: u32 = 0;
    const wasDue = this.needsCheckpoint();
    while (slot < this.index.slotLimit && freed < limit && looks < SWEEP_LOOKS) {
      const entry = this.index.entry(slot);
      looks++;
      if (Entry.flags(entry) & (PROTECTED | EntryFlag.staged)) slot++;
      else {
        const status = this.free(entry);
        // The keys' order is not the disk's: what is freed may lie anywhere, and the block service can only remember so much of that until a checkpoint.
        if (status == Status.Busy && freed) break;
        if (status != Status.Ok) return status;
        // It says so long before, so that the checkpoint itself still has room.
        if (++freed % FREES_BETWEEN_LOOKS == 0 && !wasDue && this.needsCheckpoint()) break;
      }
      slot = this.index.nextUsed(slot);
    }
    if (slot < this.index.slotLimit) {
      this.nextPrefix = this.index.prefixOf(this.index.entry(slot));
      // What is left, as far as the spread of keys tells.
      this.remaining = max<u32>(1, <u32>(<u64>this.index.count * (this.index.slotLimit - slot) / this.index.slotLimit));
    } else this.keeper.isCollecting = false;
    return Status.Ok;
  }

  private needsCheckpoint(): bool { return this.block.describe() == Status.Ok && this.block.isCheckpointDue; }

  private free(entry: usize): u32 {
    let status = this.changes.reserve(1);
    if (status != Status.Ok) return status;
    status = this.block.free(Entry.address(entry), Entry.blockCount(entry));
    if (status != Status.Ok) return status;
    this.changes.note(entry, Change.removed);
    this.freedBlocks += Entry.blockCount(entry);
    if (Entry.kind(entry) == Kind.object) this.freedObjects++;
    this.counters.remove(entry);
    this.runs.entryRemoved(entry);
    this.index.remove(entry);
    return Status.Ok;
  }
}
