// Check of everything: content store, allocation, log, live tree, snapshots. Reads all, changes nothing but to commit first.
//
// Each part reports its problems as lines; a part that cannot be finished is itself a problem, and the next goes on.
//
// Safety: `damaged` and `tree` hold hashes, `name` the longest name.
import { CheckReport, FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MapCursor, MerkleMap } from "../base/merkle-map";
import { Core } from "./core";
import { Report } from "./report";
import { TreeCheck } from "./tree-check";
import { HASH_BYTES, InodeRecord, NAME_BYTES_MAX, SnapshotValue } from "./tree-format";
import { TreeVisitor } from "./tree-walk";

const CONTENT_STEP: u32 = 256;
const FIRST_NAME: usize = memory.data<u8>([1], 1);

export class Checker extends TreeVisitor {
  readonly report: Report;
  private tree: TreeCheck;
  private cursor: MapCursor = new MapCursor();
  private map: MerkleMap;
  private damaged: usize = heap.alloc(HASH_BYTES);
  private treeRoot: usize = heap.alloc(HASH_BYTES);
  private name: usize = heap.alloc(NAME_BYTES_MAX);
  private nameBytes: u32 = 0;
  private extents: u64 = 0;
  private checkedBlocks: u64 = 0;
  private leakedBlocks: u64 = 0;

  constructor(private core: Core) {
    super();
    const report = new Report();
    this.report = report;
    this.tree = new TreeCheck(core, report);
    this.map = new MerkleMap(core.state.cache);
  }

  run(): u32 {
    const status = this.core.committer.commit();
    if (status != Status.Ok && status != Status.NoSpace) return status;
    this.report.clear();
    this.leakedBlocks = 0;
    this.checkContents();
    this.checkBlocks();
    this.checkLog();
    this.core.state.root();
    this.core.visited.clear();
    this.finish(this.tree.run(), "the tree");
    this.finish(this.checkSnapshots(), "the snapshots");
    return Status.Ok;
  }

  /** A CheckReport at `out`. */
  fill(out: usize): void {
    memory.fill(out, 0, CheckReport.SIZE);
    CheckReport.setProblems(out, this.report.problems);
    CheckReport.setFiles(out, this.tree.files);
    CheckReport.setDirectories(out, this.tree.directories);
    CheckReport.setEntries(out, this.tree.entries);
    CheckReport.setExtents(out, this.extents);
    CheckReport.setCheckedBlocks(out, this.checkedBlocks);
    CheckReport.setLeakedBlocks(out, this.leakedBlocks);
    CheckReport.setReportBytes(out, this.report.lengthBytes);
  }

  visitNode(hash: usize, index: u32): u32 { return Status.Ok; }

  /** Of a snapshot's inode: is its content there? */
  visitInode(inode: u64, record: usize): u32 {
    const contents = this.core.contents;
    const status = contents.describe(InodeRecord.content(record));
    if (InodeRecord.size(record) != 0 && InodeRecord.kind(record) != FileKind.directory && (status != Status.Ok || contents.lengthBytes != InodeRecord.size(record))) {
      this.report.text("snapshot ").bytes(this.name, this.nameBytes).text(": content of inode ").number(inode).text(" is missing").end();
    }
    return Status.Ok;
  }

  private finish(status: u32, what: string): void {
    if (status != Status.Ok) this.report.text(what).text(" cannot be read to the end: status ").number(status).end();
  }

  private checkContents(): void {
    const contents = this.core.contents;
    let cursor: u32 = 0;
    let damagedCount: u64 = 0;
    let status: u32;
    this.extents = 0;
    // The cursor rises and ends at 0; a store that turns it back is cut off.
    do {
      status = contents.check(cursor, CONTENT_STEP, this.damaged);
      if (status != Status.Ok) break;
      this.extents += contents.checked;
      damagedCount += contents.damaged;
      if (contents.damaged > 0) this.report.number(contents.damaged).text(" stored extents do not match their hash, the first ").hash(this.damaged).end();
      if (contents.cursor != 0 && contents.cursor <= cursor) status = Status.ProtocolBreach;
      cursor = contents.cursor;
    } while (cursor != 0 && status == Status.Ok);
    this.finish(status, "the content store");
    this.tree.readsContents = damagedCount > 0;
  }

  private checkBlocks(): void {
    const blocks = this.core.blocks;
    const contents = this.core.contents;
    let status = blocks.verify();
    this.finish(status, "the block service's structures");
    this.checkedBlocks = status == Status.Ok ? blocks.checkedBlocks : 0;
    if (status == Status.Ok && blocks.damagedBlocks > 0) this.report.number(blocks.damagedBlocks).text(blocks.damagedBlocks == 1 ? " block of the block service is damaged, at " : " blocks of the block service are damaged, the first at ").number(blocks.firstDamaged).end();
    const ownedBelow = blocks.ownedBlocks;
    const recounted = contents.recount();
    this.finish(recounted, "the content store's index");
    if (recounted != Status.Ok) return;
    if (contents.notAllocated > 0) this.report.number(contents.notAllocated).text(" stored blocks are not allocated").end();
    if (contents.overlapping > 0) this.report.number(contents.overlapping).text(" stored blocks overlap").end();
    if (status == Status.Ok) status = blocks.describe();
    if (status == Status.Ok) status = blocks.countAllocated();
    if (status != Status.Ok) return;
    const used = blocks.allocatedBlocks;
    const owned = contents.ownedBlocks + ownedBelow;
    this.leakedBlocks = used > owned ? used - owned : 0;
    if (this.leakedBlocks > 0) this.report.number(this.leakedBlocks).text(" blocks are allocated and belong to nobody").end();
  }

  private checkLog(): void {
    const log = this.core.log;
    const status = log.check();
    this.finish(status, "the log");
    if (status == Status.Ok && log.isBroken) this.report.text("the log's chain is broken at height ").number(log.firstBroken).end();
  }

  private checkSnapshots(): u32 {
    const core = this.core;
    let status = this.cursor.seek(core.state.snapshots, FIRST_NAME, 1);
    while (status == Status.Ok && this.cursor.isAtEntry) {
      this.nameBytes = min(this.cursor.keyBytes, NAME_BYTES_MAX);
      memory.copy(this.name, this.cursor.key, this.nameBytes);
      if (this.cursor.valueBytes != SnapshotValue.BYTES) return Status.Corrupted;
      memory.copy(this.treeRoot, SnapshotValue.tree(this.cursor.value), HASH_BYTES);
      this.map.forget();
      let walked = this.map.open(this.treeRoot);
      if (walked == Status.Ok) walked = core.walk.run(this.map, true, this);
      if (walked != Status.Ok) this.report.text("snapshot ").bytes(this.name, this.nameBytes).text(" cannot be read to the end: status ").number(walked).end();
      status = this.cursor.next();
    }
    return status;
  }
}
