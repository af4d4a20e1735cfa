// The content store without its interface: puts the parts together and has the operations that need more than one of them.
//
// All memory is taken here, once:
//
//   ┌───────────────┬──────────────────┬──────────────┬──────────────┬─────────┬──────────────────────────────┐
//   │ index table   │ group pool       │ page cache   │ writer pages │ staging │ tables, scratch, small parts │
//   │ entries × 48  │ slots × 64 KiB   │ × 4 KiB      │ × 4 KiB      │ 1 MiB   │                              │
//   └───────────────┴──────────────────┴──────────────┴──────────────┴─────────┴──────────────────────────────┘
//
// Safety: the table's memory is zero when it is taken: fresh memory of a domain is.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { hash } from "../base/blake3/index";
import { Checker } from "./checker";
import { Collector } from "./collector";
import { Counters } from "./counters";
import { Entry } from "./entry";
import { ExtentReader } from "./extent-reader";
import { ExtentWriter } from "./extent-writer";
import { GroupPool } from "./group-pool";
import { GroupRunReader } from "./group-run-reader";
import { Holes } from "./holes";
import { IndexTable } from "./index-table";
import { Keeper } from "./keeper";
import { BLOCK_BYTES, EMPTY_HASH, GROUP_BYTES, Kind, OBJECT_BYTES_MAX, PAGE_BYTES } from "./limits";
import { Loader } from "./loader";
import { BlockLayer, Transfer } from "./lower";
import { ObjectReader } from "./object-reader";
import { Changes } from "./piece";
import { Recount } from "./recount";
import { RunWriter } from "./run-writer";
import { ROOT_BYTES, Runs } from "./runs";
import { SlotCache } from "./slot-cache";
import { Space } from "./space";
import { STAGING_BYTES, StagingBuffer } from "./staging";
import { groupCountOf, levelOf } from "./tree-shape";
import { TreeWalk } from "./tree-walk";
import { WriterLength } from "./writer-length";
import { WriterPages } from "./writer-pages";
import { WriterSlots } from "./writer-slots";
import { WriterTable } from "./writer-table";
import { WriterTree } from "./writer-tree";
import { Writers } from "./writers";

/** How much of everything; the group pool needs dirtyMax slots and a few dozen more. */
export class Sizes {
  constructor(readonly indexSlots: u32, readonly groupSlots: u32, readonly dirtyMax: u32, readonly cachePages: u32, readonly writerPages: u32) {}
}

function blocks(lengthBytes: usize): usize { return (heap.alloc(lengthBytes + BLOCK_BYTES) + BLOCK_BYTES - 1) & ~<usize>(BLOCK_BYTES - 1); }

export class ContentStore {
  readonly index: IndexTable;
  readonly counters: Counters;
  readonly collector: Collector;
  readonly writers: Writers;
  readonly objects: ObjectReader;
  readonly checker: Checker;
  readonly recount: Recount;
  /** Of store. */
  readonly hash: usize = heap.alloc(32);
  isDuplicate: bool = false;
  /** Of describe. */
  describedBlocks: u64 = 0;
  private groups: GroupPool;
  private pages: SlotCache;
  private staging: StagingBuffer;
  private changes: Changes;
  private runs: Runs;
  private loader: Loader;
  private extents: ExtentReader;
  private extentWriter: ExtentWriter;
  private walk: TreeWalk;
  private keeper: Keeper;
  private space: Space;
  private mountStatus: u32 = Status.NotFormatted;

  constructor(readonly block: BlockLayer, private transfer: Transfer, sizes: Sizes) {
    // Locals first: the compiler wants every field assigned before `this` is used.
    const index = new IndexTable(heap.alloc(IndexTable.bytesFor(sizes.indexSlots)), sizes.indexSlots);
    const groups = new GroupPool(blocks(<usize>sizes.groupSlots * GROUP_BYTES), sizes.groupSlots, sizes.dirtyMax);
    const pages = new SlotCache(blocks(<usize>sizes.cachePages * PAGE_BYTES), PAGE_BYTES, sizes.cachePages);
    const staging = new StagingBuffer(blocks(STAGING_BYTES));
    const counters = new Counters();
    const space = new Space(block);
    const changes = new Changes(block);
    const runWriter = new RunWriter(block);
    const runs = new Runs(index, block, runWriter, staging);
    const extents = new ExtentReader(index, block, staging, groups, pages);
    const walk = new TreeWalk(extents);
    const keeper = new Keeper(index, walk);
    const extentWriter = new ExtentWriter(index, keeper, counters, space, staging, groups, runWriter, changes);
    const objects = new ObjectReader(extents, new GroupRunReader(index, groups, block), transfer);
    const table = new WriterTable();
    const writerPages = new WriterPages(blocks(<usize>sizes.writerPages * PAGE_BYTES), sizes.writerPages);
    const slots = new WriterSlots(table, writerPages, groups, extents, extentWriter);
    const tree = new WriterTree(table, writerPages, slots, extents, extentWriter, new Holes(extents.zeros, extentWriter));
    const writers = new Writers(tree, new WriterLength(tree), objects, keeper, space, transfer);
    this.index = index;
    this.groups = groups;
    this.pages = pages;
    this.staging = staging;
    this.counters = counters;
    this.space = space;
    this.changes = changes;
    this.runs = runs;
    this.loader = new Loader(block, index, runs, counters);
    this.extents = extents;
    this.walk = walk;
    this.keeper = keeper;
    this.extentWriter = extentWriter;
    this.objects = objects;
    this.writers = writers;
    this.collector = new Collector(index, keeper, writers, extentWriter, counters, changes, runs, block, transfer);
    this.checker = new Checker(index, extents, objects);
    this.recount = new Recount(index, runs, block);
  }

  /** Starts from what the block service has. Writers end. */
  mount(): u32 {
    this.reset();
    let status = this.block.describe();
    if (status == Status.Ok) status = this.block.mountStatus;
    if (status == Status.Ok) status = this.loader.load();
    if (status != Status.Ok) this.reset();
    this.mountStatus = status;
    return status;
  }

  /** Ok if the store serves, else why it does not. A mount that failed because something below did not answer is tried again. */
  ready(): u32 {
    if (this.mountStatus == Status.DeviceGone || this.mountStatus == Status.Cancelled) this.mount();
    return this.mountStatus;
  }

  format(blockCount: u64, flags: u32): u32 {
    const status = this.block.format(blockCount, flags);
    return status == Status.Ok ? this.mount() : status;
  }

  /** Stores the bytes of a lease as one object; its hash is in `hash`. */
  store(data: u32, lengthBytes: u32, isEssential: bool = false): u32 {
    this.isDuplicate = false;
    if (lengthBytes > OBJECT_BYTES_MAX) return Status.TooLarge;
    if (lengthBytes > GROUP_BYTES) return this.storeLarge(data, lengthBytes);
    if (!lengthBytes) {
      memory.copy(this.hash, EMPTY_HASH, 32);
      return Status.Ok;
    }
    const tail = this.extentWriter.stagingTail(lengthBytes);
    if (!tail) return this.extentWriter.status;
    let status = this.transfer.read(data, 0, tail, lengthBytes);
    if (status != Status.Ok) return status;
    hash(tail, lengthBytes, this.hash);
    status = this.extentWriter.putStaged(this.hash, lengthBytes, isEssential);
    this.isDuplicate = this.extentWriter.isDuplicate;
    return status;
  }

  /** A large object goes through a writer of its own. */
  private storeLarge(data: u32, lengthBytes: u32): u32 {
    const badge = this.writers.open(EMPTY_HASH);
    if (!badge) return this.writers.status;
    const writer = this.writers.find(badge);
    let status = this.writers.write(writer, 0, data, lengthBytes);
    if (status == Status.Ok) status = this.writers.finish(writer);
    if (status == Status.Ok) {
      memory.copy(this.hash, this.writers.base(writer), 32);
      this.isDuplicate = this.extentWriter.isDuplicate;
    }
    this.writers.close(writer);
    return status;
  }

  /** Length of an object in objects.lengthBytes; blocks that it occupies, alone or with others, in describedBlocks. */
  describe(objectHash: usize): u32 {
    this.describedBlocks = 0;
    const status = this.objects.find(objectHash);
    if (status != Status.Ok || this.objects.lengthBytes == 0) return status;
    const entry = this.index.find(Kind.object, objectHash);
    this.describedBlocks = Entry.blockCount(entry);
    if (!Entry.isTree(entry)) return Status.Ok;
    const groupCount = groupCountOf(Entry.lengthBytes(entry));
    this.walk.start(Kind.object, objectHash, levelOf(groupCount), 0, groupCount);
    while (this.walk.next()) {
      if (this.walk.entry) this.describedBlocks += Entry.blockCount(this.walk.entry);
      if (this.walk.level) this.walk.descend();
    }
    return this.walk.status;
  }

  /** Everything staged goes to the device, every change of the index into the open transaction. */
  prepare(): u32 {
    const status = this.extentWriter.flush();
    return status == Status.Ok ? this.changes.attach() : status;
  }

  /** Prepares, writes the index out and hands the block service the new root. */
  checkpoint(): u32 {
    let status = this.prepare();
    if (status == Status.Ok) status = this.runs.checkpoint();
    if (status != Status.Ok) return status;
    // The root also goes into the journal: should power fail before the block service's checkpoint, replay still knows which segments are owned.
    this.changes.oweRoot(this.runs.root, ROOT_BYTES);
    status = this.changes.attach();
    return status == Status.Ok ? this.block.setRoot(this.runs.root, ROOT_BYTES) : status;
  }

  private reset(): void {
    this.index.reset();
    this.counters.reset();
    this.staging.reset();
    this.groups.reset();
    this.groups.resetOwners();
    this.pages.reset();
    this.changes.reset();
    this.runs.reset();
    this.extents.reset();
    this.space.reset();
    this.keeper.isCollecting = false;
    this.writers.reset();
  }
}
