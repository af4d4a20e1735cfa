// Writers against a byte array: random writes, gaps, truncates and finishes, with pools so small that everything is put away and loaded again.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { EMPTY_HASH } from "../limits";
import { ContentStore, Sizes } from "../store";
import { fillRandom, hashHex, hex, makeStore, random, roomySizes, seed, tightSizes } from "./bench";
import { FakeBlock } from "./fake-block";

const LIMIT: u32 = 9 << 20;
const model: usize = heap.alloc(LIMIT);
const scratch: usize = heap.alloc(LIMIT);
let modelBytes: u32 = 0;

function open(store: ContentStore, base: usize): i32 {
  const badge = store.writers.open(base);
  return badge ? store.writers.find(badge) : -1;
}
function write(store: ContentStore, writer: i32, offset: u32, count: u32): void {
  fillRandom(scratch, count);
  expect(store.writers.write(writer, offset, <u32>scratch, count)).toBe(Status.Ok);
  if (offset > modelBytes) memory.fill(model + modelBytes, 0, offset - modelBytes);
  memory.copy(model + offset, scratch, count);
  if (count) modelBytes = max(modelBytes, offset + count);
}
function truncate(store: ContentStore, writer: i32, length: u32): void {
  expect(store.writers.truncate(writer, length)).toBe(Status.Ok);
  if (length > modelBytes) memory.fill(model + modelBytes, 0, length - modelBytes);
  modelBytes = length;
}
function finishes(store: ContentStore, writer: i32): bool {
  const status = store.writers.finish(writer);
  if (status != Status.Ok) return false;
  return hex(store.writers.base(writer)) == hashHex(model, modelBytes) && store.writers.contentBytes(writer) == modelBytes;
}
function reads(store: ContentStore, writer: i32, offset: u32, count: u32): bool {
  if (store.writers.read(writer, offset, <u32>scratch, count) != Status.Ok) return false;
  const expected = offset >= modelBytes ? 0 : min(count, modelBytes - offset);
  return store.writers.lengthBytes == expected && memory.compare(scratch, model + offset, expected) == 0;
}
/** Random life of a writer whose content stays below `limit`. */
function live(store: ContentStore, writer: i32, limit: u32, steps: u32, block: FakeBlock): void {
  for (let step: u32 = 0; step < steps; step++) {
    const what = random(16);
    const note = "step " + step.toString() + " length " + modelBytes.toString();
    if (what < 8) {
      const count = random(what < 6 ? 5000 : 150000);
      // Mostly within or at the end, sometimes behind a gap.
      const offset = random(min(what == 0 ? limit : modelBytes + 1, limit));
      write(store, writer, offset, min(count, limit - offset));
    } else if (what < 10) truncate(store, writer, what == 8 ? random(limit) : random(modelBytes + 1));
    else if (what < 14) expect(reads(store, writer, random(modelBytes + 5), random(150000))).toBe(true, note);
    else {
      expect(finishes(store, writer)).toBe(true, note);
      if (what == 15) {
        expect(store.prepare()).toBe(Status.Ok);
        block.commit();
      }
    }
  }
  expect(finishes(store, writer)).toBe(true, "the end");
  expect(reads(store, writer, 0, LIMIT)).toBe(true, "the end");
}

describe("a writer", () => {
  it("of small content", () => {
    seed(11);
    const block = new FakeBlock(6000);
    const store = makeStore(block, tightSizes());
    modelBytes = 0;
    live(store, open(store, EMPTY_HASH), 80000, 300, block);
  });
  it("of a few groups, with pools that are too small", () => {
    seed(12);
    const block = new FakeBlock(20000);
    const store = makeStore(block, tightSizes());
    modelBytes = 0;
    live(store, open(store, EMPTY_HASH), 800000, 200, block);
  });
  it("of two levels of pages, with pools that are too small", () => {
    seed(13);
    const block = new FakeBlock(20000);
    const store = makeStore(block, tightSizes());
    modelBytes = 0;
    live(store, open(store, EMPTY_HASH), LIMIT, 60, block);
  });
  it("goes on from a base that was mounted", () => {
    seed(14);
    const block = new FakeBlock(20000);
    const store = makeStore(block, tightSizes());
    modelBytes = 0;
    let writer = open(store, EMPTY_HASH);
    write(store, writer, 0, 8388608 + 70000);
    expect(finishes(store, writer)).toBe(true);
    const base = heap.alloc(32);
    memory.copy(base, store.writers.base(writer), 32);
    store.prepare();
    block.commit();
    store.mount();
    expect(store.writers.find(1)).toBe(-1, "writers end with the mount");
    writer = open(store, base);
    expect(reads(store, writer, 5000000, 70000)).toBe(true);
    expect(finishes(store, writer)).toBe(true, "unchanged");
    const reads0 = block.reads;
    write(store, writer, 3000001, 10);
    expect(finishes(store, writer)).toBe(true);
    expect(block.reads - reads0).toBeLessThan(4, "one group and its path");
    live(store, writer, LIMIT, 30, block);
    // A base of more than a level, extended by one byte, by one group, and over the next level.
    truncate(store, writer, 8388608);
    expect(finishes(store, writer)).toBe(true);
    write(store, writer, 8388608, 1);
    expect(finishes(store, writer)).toBe(true);
    truncate(store, writer, 65537);
    expect(finishes(store, writer)).toBe(true);
    truncate(store, writer, 65536);
    expect(finishes(store, writer)).toBe(true);
    truncate(store, writer, LIMIT);
    expect(finishes(store, writer)).toBe(true);
    truncate(store, writer, 0);
    expect(finishes(store, writer)).toBe(true);
    heap.free(base);
  });
  it("writes a small change of a large object as one group and its path", () => {
    seed(15);
    const block = new FakeBlock(20000);
    const store = makeStore(block, roomySizes());
    modelBytes = 0;
    const writer = open(store, EMPTY_HASH);
    write(store, writer, 0, LIMIT);
    expect(finishes(store, writer)).toBe(true);
    store.prepare();
    const free = block.countFree();
    write(store, writer, 5000000, 4096);
    expect(finishes(store, writer)).toBe(true);
    store.prepare();
    expect(free - block.countFree()).toBe(16 + 1 + 1);
  });
  it("shares the pools with many others", () => {
    seed(16);
    const block = new FakeBlock(20000);
    const store = makeStore(block, new Sizes(20000, 64, 16, 16, 90));
    const lengths = new StaticArray<u32>(70);
    const writers = new StaticArray<i32>(70);
    for (let i = 0; i < 70; i++) writers[i] = open(store, EMPTY_HASH);
    // Content of writer i: bytes i, from 0 on; pieces come round robin.
    for (let turn = 0; turn < 12; turn++) {
      for (let i = 0; i < 70; i++) {
        const count = i % 7 == 0 ? 40000 : 900;
        memory.fill(scratch, <u8>(i + 1), count);
        expect(store.writers.write(writers[i], lengths[i], <u32>scratch, count)).toBe(Status.Ok);
        lengths[i] += count;
      }
    }
    for (let i = 0; i < 70; i++) {
      memory.fill(model, <u8>(i + 1), lengths[i]);
      modelBytes = lengths[i];
      expect(reads(store, writers[i], 0, LIMIT)).toBe(true, "writer " + i.toString());
      expect(finishes(store, writers[i])).toBe(true, "writer " + i.toString());
      store.writers.close(writers[i]);
    }
  });
  it("is refused when there are too many, and when its base is unknown", () => {
    const store = makeStore(new FakeBlock(100), tightSizes());
    fillRandom(scratch, 32);
    expect(store.writers.open(scratch)).toBe(0);
    expect(store.writers.status).toBe(Status.NotFound);
    for (let i = 0; i < 256; i++) expect(store.writers.open(EMPTY_HASH)).not.toBe(0);
    expect(store.writers.open(EMPTY_HASH)).toBe(0);
    expect(store.writers.status).toBe(Status.OutOfMemory);
    store.writers.close(17);
    expect(store.writers.find(store.writers.open(EMPTY_HASH))).toBe(17);
  });
  it("refuses what is too large and is as it was", () => {
    const store = makeStore(new FakeBlock(100), tightSizes());
    modelBytes = 0;
    const writer = open(store, EMPTY_HASH);
    write(store, writer, 0, 100);
    expect(store.writers.write(writer, 0xffffffffffffffff, <u32>scratch, 10)).toBe(Status.TooLarge);
    expect(store.writers.write(writer, (1 << 34) - 5, <u32>scratch, 10)).toBe(Status.TooLarge);
    expect(store.writers.truncate(writer, (1 << 34) + 1)).toBe(Status.TooLarge);
    expect(store.writers.write(writer, 0, <u32>scratch, 600000)).toBe(Status.NoSpace);
    expect(finishes(store, writer)).toBe(true);
  });
});
