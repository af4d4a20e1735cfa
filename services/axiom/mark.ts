// During a collection: tell the content store which objects the log needs. These are all segments, all tiles, the open tiles as the last checkpoint stored them, and the recent keys.
// The state object and what it names are the file system's to mark.
//
// Every tile is descended into, whether it was marked before or not, so that a mark that failed half way can be made again.
//
// Safety: `hashes` has room for GROUP hashes and is handed on when it is full.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES } from "./entry";
import { Log } from "./log";
import { Root } from "./root";
import { SegmentWalk } from "./segment-walk";

const GROUP: u32 = 128;

export class Marker {
  private walk: SegmentWalk;
  private hashes: usize = heap.alloc(<usize>GROUP * HASH_BYTES);
  private count: u32 = 0;

  constructor(private log: Log) { this.walk = new SegmentWalk(log.index, log.objects); }

  run(): u32 {
    const log = this.log;
    if (log.mountStatus != Status.Ok) return log.mountStatus;
    if (!log.hasRoot) return Status.Ok;
    this.count = 0;
    let status = this.add(Root.recentKeys(log.root));
    for (let level: u32 = 0; level < Root.levelCount(log.root) && status == Status.Ok; level++) {
      if (Root.tileCount(log.root, level)) status = this.add(Root.tileHash(log.root, level));
    }
    this.walk.start(Root.nextHeight(log.root));
    while (status == Status.Ok && this.walk.next()) {
      // A tile that cannot be read hides what it names: sweeping now would free it for good.
      status = this.walk.status == Status.Ok ? this.add(this.walk.hash) : this.walk.status;
    }
    return status == Status.Ok ? this.flush() : status;
  }

  private add(hash: usize): u32 {
    memory.copy(this.hashes + this.count * HASH_BYTES, hash, HASH_BYTES);
    this.count++;
    return this.count == GROUP ? this.flush() : <u32>Status.Ok;
  }

  private flush(): u32 {
    if (this.count == 0) return Status.Ok;
    const status = this.log.objects.mark(this.hashes, this.count);
    this.count = 0;
    // The log names an object that the store does not have.
    return status == Status.NotFound ? <u32>Status.Corrupted : status;
  }
}
