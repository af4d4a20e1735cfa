// The cache against a model of the disk, the log and the open transaction: every image is the right one, pinned ones stay, and the bound holds. A scan does not push out what is used.
import { BLOCK_BYTES } from "../geometry";
import { BlockCache, CAPACITY } from "../block-cache";
import { MemoryDisk, Random } from "./memory-disk";

const SPAN: u32 = 4096;
const data: usize = heap.alloc(BLOCK_BYTES);
/** By block, versions: on the disk, committed (0: gone home), open (0: none). */
const home: usize = heap.alloc(SPAN * 4);
const committed: usize = heap.alloc(SPAN * 4);
const open: usize = heap.alloc(SPAN * 4);

function at(table: usize, block: u32): u32 { return load<u32>(table + <usize>block * 4); }
function put(table: usize, block: u32, value: u32): void { store<u32>(table + <usize>block * 4, value); }
function fillWith(image: usize, value: u32): void { for (let i: u32 = 0; i < BLOCK_BYTES; i += 1024) store<u32>(image + i, value); }
function holds(image: usize, value: u32): bool {
  for (let i: u32 = 0; i < BLOCK_BYTES; i += 1024) if (load<u32>(image + i) != value) return false;
  return true;
}

class Model {
  readonly cache: BlockCache = new BlockCache();
  readonly disk: MemoryDisk = new MemoryDisk();
  private random: Random;
  private version: u32 = 0;
  private sequence: u64 = 0;
  openCount: u32 = 0;
  committedCount: u32 = 0;
  wrong: u32 = 0;
  constructor(seed: u32) {
    this.random = new Random(seed);
    this.cache.reset();
    this.disk.erase();
    memory.fill(home, 0, SPAN * 4); memory.fill(committed, 0, SPAN * 4); memory.fill(open, 0, SPAN * 4);
  }
  private check(is: bool): void { if (!is) this.wrong++; }
  private current(block: u32): u32 { return at(open, block) ? at(open, block) : at(committed, block) ? at(committed, block) : at(home, block); }
  /** Half of all in a hot tenth. */
  private block(): u32 { return this.random.next(this.random.next(2) ? SPAN / 10 : SPAN); }

  private read(block: u32): void {
    let image = this.cache.find(block);
    if (!image) {
      // Only what the disk holds may be missing.
      this.check(!at(open, block) && !at(committed, block));
      image = this.cache.claim();
      this.disk.read(block, 0, image, 1);
      this.cache.fill(block);
    }
    this.check(holds(image, this.current(block)));
  }
  private write(block: u32): void {
    if (!this.cache.room) return;
    fillWith(data, ++this.version);
    this.cache.putOpen(block, data);
    if (!at(open, block)) this.openCount++;
    put(open, block, this.version);
  }
  private end(isCommit: bool): void {
    this.sequence++;
    for (let block: u32 = 0; block < SPAN; block++) {
      const version = at(open, block);
      if (!version) continue;
      if (isCommit && !at(committed, block)) this.committedCount++;
      if (isCommit) put(committed, block, version);
      put(open, block, 0);
    }
    this.openCount = 0;
    if (isCommit) this.cache.commitOpen(this.sequence); else this.cache.abandonOpen();
  }
  private sendSome(count: u32): void {
    for (; count && this.cache.committedCount; count--) {
      const before = this.cache.lagsSince;
      this.check(before <= this.cache.oldestSequence && this.cache.oldestSequence <= this.sequence);
      this.cache.sendOldestHome(this.disk);
      this.check(!this.cache.committedCount || this.cache.lagsSince >= before);
    }
    let left: u32 = 0;
    for (let block: u32 = 0; block < SPAN; block++) {
      const version = at(committed, block);
      if (!version) continue;
      if (holds(this.disk.address(block), version)) { put(home, block, version); put(committed, block, 0); } else left++;
    }
    this.committedCount = left;
  }
  /** Written past the cache. */
  private overwrite(block: u32): void {
    if (at(open, block) || at(committed, block)) return;
    this.cache.forget(block, 1);
    fillWith(this.disk.address(block), ++this.version);
    put(home, block, this.version);
  }
  private ahead(first: u32): void {
    for (let block = first; block < min(first + 8, SPAN); block++) this.cache.fillAhead(block, this.disk.address(block), true);
  }

  run(operations: u32): void {
    for (let i: u32 = 0; i < operations; i++) {
      const choice = this.random.next(1000);
      if (choice < 700) this.read(this.block());
      else if (choice < 930) this.write(this.block());
      else if (choice < 960) this.overwrite(this.block());
      else if (choice < 980) this.ahead(this.block());
      else if (choice < 985) this.end(this.random.next(4) != 0);
      else if (choice < 990) this.sendSome(this.random.next(100));
      this.check(this.cache.openCount == this.openCount && this.cache.committedCount == this.committedCount);
    }
  }
}

describe("the block cache", () => {
  it("gives the newest image of every block, and never loses one that the disk does not have", () => {
    const model = new Model(7);
    model.run(1_000_000);
    expect(model.wrong).toBe(0);
    expect(model.cache.evictionCount).toBeGreaterThan(1000);
    expect(model.cache.hitCount).toBeGreaterThan(10_000);
  });

  it("keeps what is used through a long scan", () => {
    const cache = new BlockCache();
    cache.reset();
    const HOT: u32 = CAPACITY / 2;
    // Used four times with other blocks in between, then 40 caches' worth of blocks that are read once.
    for (let round = 0; round < 4; round++) for (let block: u32 = 0; block < HOT; block++) if (!cache.find(block)) { cache.claim(); cache.fill(block); }
    for (let block: u32 = 100_000; block < 100_000 + 40 * CAPACITY; block++) if (!cache.find(block)) { cache.claim(); cache.fill(block); }
    let kept: u32 = 0;
    for (let block: u32 = 0; block < HOT; block++) if (cache.peek(block)) kept++;
    expect(kept).toBe(HOT);
  });

  it("gives a block that comes back soon a place in the main queue", () => {
    const cache = new BlockCache();
    cache.reset();
    cache.claim(); cache.fill(1);
    let next: u64 = 1000;
    while (cache.peek(1)) { cache.claim(); cache.fill(next++); }
    cache.claim(); cache.fill(1);
    for (let i: u32 = 0; i < 2 * CAPACITY; i++) { cache.claim(); cache.fill(next++); }
    expect(cache.peek(1)).not.toBe(0);
  });

  it("is bounded in images, and says so", () => {
    const cache = new BlockCache();
    cache.reset();
    let written: u32 = 0;
    while (cache.room) cache.putOpen(written++, data);
    expect(written).toBe(256);
    cache.commitOpen(5);
    expect(cache.room).toBe(0);
    cache.reset();
    written = 0;
    while (cache.putCommitted(written, data)) written++;
    expect(written).toBe(CAPACITY - 64);
  });
});
