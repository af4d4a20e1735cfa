// A checkpoint: entries move from the journal into segments, and the layers below write themselves out with a root that names them.
//
//   segments, tiles, keys ─► content store        root ─► block.setRoot        contentStore.checkpoint ─► block.commit (empty) ─► block.checkpoint
//
// Only when the last step has succeeded does the log's memory follow; until then it stands as before, the arena still holds every entry, and the old root is put back. Objects that a failed
// checkpoint stored are found again as duplicates by the next one, or freed by a collection.
//
// Safety: `segment` has SEGMENT_BYTES_MAXIMUM bytes, and `fill` stops before an entry that does not fit; `root` has ROOT_BYTES_MAXIMUM.
import { Entry } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES } from "./entry";
import { Log } from "./log";
import { Root, ROOT_BYTES_MAXIMUM } from "./root";
import { Segment, SEGMENT_BYTES_MAXIMUM, SEGMENT_BYTES_WRITTEN, SEGMENT_HEAD_BYTES, writeSegmentHead } from "./segment";

export class Checkpointer {
  private segment: usize = heap.alloc(SEGMENT_BYTES_MAXIMUM);
  private root: usize = heap.alloc(ROOT_BYTES_MAXIMUM);
  private lastSegment: usize = heap.alloc(HASH_BYTES);

  constructor(private log: Log) {}

  /** The object `state` holds the state at the present height: archive and make durable. Ok also without new entries. */
  run(state: usize): u32 {
    const log = this.log;
    if (log.mountStatus != Status.Ok) return log.mountStatus;
    log.index.begin();
    let status = this.archive();
    if (status == Status.Ok) status = this.buildRoot(state);
    if (status == Status.Ok) status = log.journal.setRoot(this.root, Root.bytes(this.root));
    if (status == Status.Ok) status = log.objects.checkpoint();
    if (status == Status.Ok) status = log.journal.commit(0, 0);
    return status == Status.Ok ? this.finish() : this.fail(status);
  }

  /** The step that makes it so; then memory follows. */
  private finish(): u32 {
    const log = this.log;
    const status = log.journal.checkpoint();
    // NotDurable: it was written and is what a mount will find; only nobody can promise when.
    if (status != Status.Ok && status != Status.NotDurable) return this.fail(status);
    memory.copy(log.root, this.root, ROOT_BYTES_MAXIMUM);
    log.hasRoot = true;
    log.arena.reset(log.nextHeight);
    return status;
  }

  /** Store everything in the arena as segments. Bounded by the arena. */
  private archive(): u32 {
    const log = this.log;
    memory.copy(this.lastSegment, Root.lastSegment(log.root), HASH_BYTES);
    for (let index: u32 = 0; index < log.arena.count;) {
      const first = index;
      index = this.fill(first);
      const lengthBytes = SEGMENT_HEAD_BYTES + Segment.entryBytes(this.segment);
      let status = log.objects.store(this.segment, lengthBytes, this.lastSegment);
      if (status == Status.Ok) status = log.index.append(log.arena.first + first, this.lastSegment);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  /** Make a segment of the entries from `first` on; returns the index after its last. */
  private fill(first: u32): u32 {
    const arena = this.log.arena;
    let offset = SEGMENT_HEAD_BYTES;
    let index = first;
    // At least one entry fits: PAYLOAD_BYTES_MAXIMUM sees to it.
    for (; index < arena.count; index++) {
      const bytes = arena.entryBytes(index);
      if (offset + bytes > (index == first ? SEGMENT_BYTES_MAXIMUM : SEGMENT_BYTES_WRITTEN)) break;
      memory.copy(this.segment + offset, arena.entry(index), bytes);
      offset += bytes;
    }
    assert(index > first);
    writeSegmentHead(this.segment, this.log.index.segmentCount, arena.entry(first), index - first, offset - SEGMENT_HEAD_BYTES, this.lastSegment);
    const last = index < arena.count ? Entry.previous(arena.entry(index)) : this.log.chain.head;
    memory.copy(Segment.lastEntry(this.segment), last, HASH_BYTES);
    return index;
  }

  private buildRoot(state: usize): u32 {
    const log = this.log;
    Root.clear(this.root, log.index.levelCount);
    Root.setNextHeight(this.root, log.nextHeight);
    Root.setSegmentCount(this.root, log.index.segmentCount);
    Root.setHash(Root.head(this.root), log.chain.head);
    Root.setHash(Root.state(this.root), state);
    Root.setHash(Root.lastSegment(this.root), this.lastSegment);
    const status = log.objects.store(log.keysBuffer, log.keys.encode(log.keysBuffer), Root.recentKeys(this.root));
    return status == Status.Ok ? log.index.storeOpen(this.root) : status;
  }

  private fail(status: u32): u32 {
    const log = this.log;
    log.index.undo();
    if (status == Status.Lost) return log.recover(status);
    // A checkpoint that something else makes must not find the root of this one. The old root fits, and if even this fails, so will that.
    log.journal.setRoot(log.root, log.hasRoot ? Root.bytes(log.root) : 0);
    return status;
  }
}
