// Objects as a whole: their hash is the plain hash, what is read is what was stored, equal content is stored once, zeros nowhere, damage is seen.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { StoreStatistics } from "../../../kernel-bindings/generated/assembly/content-store";
import { BLOCK_BYTES } from "../limits";
import { ContentStore } from "../store";
import { fillRandom, hashHex, hex, makeStore, random, roomySizes, seed, tightSizes } from "./bench";
import { FakeBlock } from "./fake-block";

const BYTES: u32 = 9 << 20;
const content: usize = heap.alloc(BYTES);
const readBack: usize = heap.alloc(BYTES);
const statistics: usize = heap.alloc(StoreStatistics.SIZE);
const savedHash: usize = heap.alloc(32);

function storeHex(store: ContentStore, at: usize, lengthBytes: u32): string {
  const status = store.store(<u32>at, lengthBytes);
  return status == Status.Ok ? hex(store.hash) : "status " + status.toString();
}
function readsBack(store: ContentStore, objectHash: usize, at: usize, lengthBytes: u32, offset: u32, count: u32): bool {
  memory.fill(readBack, 0xee, count);
  if (store.objects.find(objectHash) != Status.Ok || store.objects.lengthBytes != lengthBytes) return false;
  if (store.objects.copyOut(objectHash, lengthBytes, offset, <u32>readBack, count) != Status.Ok) return false;
  const expected = offset >= lengthBytes ? 0 : min(count, lengthBytes - offset);
  return store.objects.lengthBytes == expected && memory.compare(readBack, at + offset, expected) == 0;
}

fillRandom(content, BYTES);
const lengths: StaticArray<u32> = [
  0, 1, 31, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 66560, 131071, 131072, 131073, 200000, 1000000, 8388607, 8388608, 8388609, 8388608 + 65536, 8388608 + 65537, 9 << 20,
];

describe("store and get", () => {
  it("hash like BLAKE3 and read back, staged and written, cached and not", () => {
    const block = new FakeBlock(9000);
    const store = makeStore(block, tightSizes());
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i];
      expect(storeHex(store, content, length)).toBe(hashHex(content, length), "length " + length.toString());
      memory.copy(savedHash, store.hash, 32);
      expect(readsBack(store, savedHash, content, length, 0, length)).toBe(true, "staged " + length.toString());
      expect(store.prepare()).toBe(Status.Ok);
      block.commit();
      expect(store.mount()).toBe(Status.Ok);
      expect(readsBack(store, savedHash, content, length, 0, length)).toBe(true, "from the device " + length.toString());
      for (let k = 0; k < 20; k++) {
        expect(readsBack(store, savedHash, content, length, random(length + 10), random(70000))).toBe(true, "random access in " + length.toString());
      }
      expect(store.recount.run()).toBe(Status.Ok);
      expect(store.recount.notAllocated + store.recount.overlapping).toBe(0);
    }
  });
  it("store equal content once", () => {
    const block = new FakeBlock(3000);
    const store = makeStore(block, roomySizes());
    storeHex(store, content, 1000000);
    storeHex(store, content + 1000, 5000);
    store.prepare();
    const free = block.countFree();
    const writes = block.writes;
    expect(storeHex(store, content, 1000000)).toBe(hashHex(content, 1000000));
    expect(store.isDuplicate).toBe(true);
    storeHex(store, content + 1000, 5000);
    expect(store.isDuplicate).toBe(true);
    store.prepare();
    expect(block.countFree()).toBe(free);
    expect(block.writes).toBe(writes);
    // One byte appended: the groups before it are shared, one group and the top page are new.
    storeHex(store, content, 1000001);
    store.prepare();
    expect(free - block.countFree()).toBe(6, "a last group of 16,961 bytes and a top page");
    store.counters.write(statistics);
    expect(<u32>StoreStatistics.duplicateGroups(statistics)).toBe(16 + 15);
    expect(<u32>StoreStatistics.duplicateObjects(statistics)).toBe(2);
    expect(<u32>StoreStatistics.objects(statistics)).toBe(3);
    expect(<u32>StoreStatistics.groups(statistics)).toBe(17);
  });
  it("store zeros nowhere", () => {
    const block = new FakeBlock(3000);
    const store = makeStore(block, tightSizes());
    memory.fill(readBack, 0, BYTES);
    const zeros = readBack;
    expect(storeHex(store, zeros, BYTES)).toBe(hashHex(zeros, BYTES));
    memory.copy(savedHash, store.hash, 32);
    store.prepare();
    block.commit();
    expect(3000 - 8 - block.countFree()).toBe(3, "two pages and the top page");
    expect(store.mount()).toBe(Status.Ok);
    const copy = heap.alloc(100000);
    memory.fill(copy, 1, 100000);
    expect(store.objects.copyOut(savedHash, BYTES, 4000000, <u32>copy, 100000)).toBe(Status.Ok);
    expect(memory.compare(copy, zeros, 100000)).toBe(0);
    heap.free(copy);
  });
  it("pack small objects into few writes", () => {
    const block = new FakeBlock(3000);
    const store = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 1000; i++) storeHex(store, content + i * 16, 1000);
    store.prepare();
    expect(block.writes).toBe(4);
  });
  it("work in a fragmented device", () => {
    const block = new FakeBlock(3000);
    block.longestRun = 19;
    const store = makeStore(block, tightSizes());
    storeHex(store, content, 3000000);
    memory.copy(savedHash, store.hash, 32);
    for (let i: u32 = 0; i < 300; i++) storeHex(store, content + i * 16, 1000 + i * 30);
    expect(store.prepare()).toBe(Status.Ok);
    block.commit();
    expect(store.mount()).toBe(Status.Ok);
    expect(readsBack(store, savedHash, content, 3000000, 0, 3000000)).toBe(true);
    store.recount.run();
    expect(<u32>store.recount.ownedBlocks).toBe(block.countUsed());
    expect(store.recount.overlapping).toBe(0);
  });
  it("read neighbouring groups together, and only what was asked for", () => {
    const block = new FakeBlock(3000);
    const store = makeStore(block, roomySizes());
    storeHex(store, content, 4 << 20);
    memory.copy(savedHash, store.hash, 32);
    store.prepare();
    block.commit();
    store.mount();
    let reads = block.reads;
    expect(readsBack(store, savedHash, content, 4 << 20, 100, 4)).toBe(true);
    expect(block.reads - reads).toBe(2, "top page and one group");
    reads = block.reads;
    expect(readsBack(store, savedHash, content, 4 << 20, 65536 + 5, 1 << 20)).toBe(true);
    expect(block.reads - reads).toBe(2, "seventeen groups");
    expect(readsBack(store, savedHash, content, 4 << 20, 0, 4 << 20)).toBe(true);
  });
  it("see every flipped bit before a byte is handed out", () => {
    seed(77);
    const block = new FakeBlock(3000);
    const store = makeStore(block, roomySizes());
    storeHex(store, content, 700000);
    memory.copy(savedHash, store.hash, 32);
    store.prepare();
    block.commit();
    for (let k = 0; k < 40; k++) {
      store.mount();
      let at = random(3000);
      while (block.state[at] != 1) at = random(3000);
      const byte = at * BLOCK_BYTES + random(64);
      block.disk[byte] ^= 4;
      memory.fill(readBack, 0, 700000);
      const status = store.objects.copyOut(savedHash, 700000, 0, <u32>readBack, 700000);
      expect(status).toBe(Status.Corrupted);
      expect(memory.compare(readBack, content, <usize>store.objects.lengthBytes)).toBe(0, "nothing wrong was handed out");
      store.checker.step(0, 1000);
      expect(store.checker.damaged).toBe(1);
      expect(hex(store.checker.firstDamaged)).toBe(hex(savedHash), "the object is named, not its part");
      block.disk[byte] ^= 4;
    }
    store.mount();
    store.checker.step(0, 1000);
    expect(store.checker.damaged).toBe(0);
    expect(store.checker.checked).toBe(12);
  });
  it("refuse what does not fit, early, and go on", () => {
    const block = new FakeBlock(200);
    const store = makeStore(block, tightSizes());
    expect(store.store(<u32>content, 2000000)).toBe(Status.NoSpace);
    let stored: u32 = 0;
    while (store.store(<u32>(content + stored * 8), 4096) == Status.Ok) stored++;
    expect(stored).toBeGreaterThan(100);
    expect(store.prepare()).toBe(Status.Ok, "what was taken in can be written");
    block.commit();
    expect(store.mount()).toBe(Status.Ok);
  });
});

describe("a device that fails", () => {
  it("does not make the store forget or lie", () => {
    const block = new FakeBlock(6000);
    const store = makeStore(block, tightSizes());
    storeHex(store, content, 5000);
    memory.copy(savedHash, store.hash, 32);
    block.failWrites = true;
    expect(store.prepare()).toBe(Status.DeviceError);
    expect(readsBack(store, savedHash, content, 5000, 0, 5000)).toBe(true, "still staged");
    expect(storeHex(store, content, 300000)).toBe(hashHex(content, 300000), "there is room in memory");
    expect(store.store(<u32>(content + 7), 8000000)).toBe(Status.DeviceError, "there is none any more");
    block.failWrites = false;
    expect(store.prepare()).toBe(Status.Ok);
    block.commit();
    expect(store.mount()).toBe(Status.Ok);
    expect(readsBack(store, savedHash, content, 5000, 0, 5000)).toBe(true);
    store.mount();
    block.failReads = true;
    expect(store.objects.copyOut(savedHash, 5000, 0, <u32>readBack, 5000)).toBe(Status.DeviceError);
    block.failReads = false;
    expect(readsBack(store, savedHash, content, 5000, 0, 5000)).toBe(true);
  });
});
