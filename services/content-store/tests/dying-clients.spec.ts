// Clients that die in the middle of a request, so that what they lent cannot be read or written any more, and a layer below that does not answer for a while: an error of that request, and nothing else.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { EMPTY_HASH } from "../limits";
import { ContentStore } from "../store";
import { MemoryTransfer, fillRandom, hashHex, hex, makeStore, roomySizes, seed, tightSizes } from "./bench";
import { FakeBlock } from "./fake-block";

const BYTES: u32 = 1 << 20;
const content: usize = heap.alloc(BYTES);
const other: usize = heap.alloc(BYTES);
const readBack: usize = heap.alloc(BYTES);
const objectHash: usize = heap.alloc(32);
seed(17);
fillRandom(content, BYTES);
fillRandom(other, BYTES);

let block: FakeBlock = new FakeBlock(4000);
let transfer: MemoryTransfer = new MemoryTransfer();
let store: ContentStore = makeStore(block, roomySizes(), transfer);

/** A writer whose base is an object of `lengthBytes` of `content`, on the device. */
function writerOf(lengthBytes: u32): i32 {
  expect(store.store(<u32>content, lengthBytes)).toBe(Status.Ok);
  memory.copy(objectHash, store.hash, 32);
  expect(store.prepare()).toBe(Status.Ok);
  block.commit();
  return store.writers.find(store.writers.open(objectHash));
}
/** Is the writer's content what it was opened with? */
function isUnchanged(writer: i32, lengthBytes: u32): bool {
  if (store.writers.contentBytes(writer) != lengthBytes) return false;
  if (store.writers.read(writer, 0, <u32>readBack, BYTES) != Status.Ok || store.writers.lengthBytes != lengthBytes) return false;
  if (memory.compare(readBack, content, lengthBytes) != 0) return false;
  return store.writers.finish(writer) == Status.Ok && hex(store.writers.base(writer)) == hashHex(content, lengthBytes);
}

describe("whoever lent the bytes dies", () => {
  beforeEach(() => {
    block = new FakeBlock(4000);
    transfer = new MemoryTransfer();
    store = makeStore(block, roomySizes(), transfer);
  });

  it("a small file that was to be overwritten is what it was", () => {
    const writer = writerOf(3000);
    transfer.aliveFor = 0;
    expect(store.writers.write(writer, 0, <u32>other, 3000)).toBe(Status.InvalidHandle);
    expect(store.writers.write(writer, 100, <u32>other, 30)).toBe(Status.InvalidHandle);
    expect(store.writers.write(writer, 0, <u32>other, 60000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(isUnchanged(writer, 3000)).toBe(true);
  });

  it("a small file with unsaved bytes keeps them", () => {
    const writer = writerOf(3000);
    expect(store.writers.write(writer, 0, <u32>other, 3000)).toBe(Status.Ok);
    transfer.aliveFor = 0;
    expect(store.writers.write(writer, 0, <u32>content, 3000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(store.writers.read(writer, 0, <u32>readBack, BYTES)).toBe(Status.Ok);
    expect(memory.compare(readBack, other, 3000)).toBe(0);
  });

  it("a group that was to be overwritten is what it was", () => {
    const writer = writerOf(300000);
    transfer.aliveFor = 0;
    expect(store.writers.write(writer, 65536, <u32>other, 65536)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(isUnchanged(writer, 300000)).toBe(true);
  });

  it("a hole stays a hole", () => {
    const writer = store.writers.find(store.writers.open(EMPTY_HASH));
    expect(store.writers.truncate(writer, 300000)).toBe(Status.Ok);
    transfer.aliveFor = 0;
    expect(store.writers.write(writer, 65536, <u32>other, 65536)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    memory.fill(readBack, 0, 300000);
    expect(hex(store.writers.base(writer))).toBe(hashHex(readBack, 300000));
  });

  it("in the middle of a long write, each byte is old or new", () => {
    const writer = writerOf(300000);
    transfer.aliveFor = 2;
    expect(store.writers.write(writer, 0, <u32>other, 400000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(store.writers.contentBytes(writer)).toBe(300000, "not longer than before");
    expect(store.writers.read(writer, 0, <u32>readBack, BYTES)).toBe(Status.Ok);
    expect(memory.compare(readBack, other, 131072)).toBe(0);
    expect(memory.compare(readBack + 131072, content + 131072, 300000 - 131072)).toBe(0);
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    expect(hex(store.writers.base(writer))).toBe(hashHex(readBack, 300000));
  });

  it("an object that could not be read is not stored", () => {
    transfer.aliveFor = 0;
    expect(store.store(<u32>content, 5000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = 1;
    expect(store.store(<u32>content, 200000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(store.prepare()).toBe(Status.Ok);
    expect(store.store(<u32>other, 5000)).toBe(Status.Ok);
    expect(hex(store.hash)).toBe(hashHex(other, 5000));
    expect(store.writers.find(store.writers.open(EMPTY_HASH))).toBeGreaterThan(-1, "the writer of the large one was given back");
  });

  it("a reader that dies is told so and leaves nothing", () => {
    const writer = writerOf(300000);
    transfer.aliveFor = 1;
    expect(store.objects.copyOut(objectHash, 300000, 0, <u32>readBack, 300000)).toBe(Status.InvalidHandle);
    transfer.aliveFor = -1;
    expect(isUnchanged(writer, 300000)).toBe(true);
  });

  it("a collection whose driver is gone frees nothing until it is begun again", () => {
    const writer = writerOf(3000);
    store.writers.close(writer);
    expect(store.collector.begin()).toBe(Status.Ok);
    store.collector.stop();
    expect(store.collector.sweep(1000)).toBe(Status.InvalidArgument);
    expect(store.collector.begin()).toBe(Status.Ok);
    expect(store.collector.sweep(1000)).toBe(Status.Ok);
    expect(store.collector.freedObjects).toBe(1);
  });
});

describe("the block service does not answer for a while", () => {
  it("in the middle of a checkpoint: the transaction is not committed without the new root", () => {
    block = new FakeBlock(4000);
    store = makeStore(block, tightSizes());
    for (let i: u32 = 0; i < 40; i++) expect(store.store(<u32>content + i * 5000, 5000)).toBe(Status.Ok);
    expect(store.checkpoint()).toBe(Status.Ok);
    block.checkpoint();
    expect(store.store(<u32>other, 5000)).toBe(Status.Ok);
    memory.copy(objectHash, store.hash, 32);
    expect(store.prepare()).toBe(Status.Ok);
    block.refuseAttach = true;
    expect(store.checkpoint()).not.toBe(Status.Ok);
    block.refuseAttach = false;
    // What comes next is stored and attached behind the root that is owed.
    expect(store.store(<u32>other + 9000, 5000)).toBe(Status.Ok);
    expect(store.prepare()).toBe(Status.Ok);
    block.commit();
    block.crash();
    expect(store.mount()).toBe(Status.Ok);
    expect(store.objects.find(objectHash)).toBe(Status.Ok);
    expect(store.objects.copyOut(objectHash, 5000, 0, <u32>readBack, 5000)).toBe(Status.Ok);
    expect(store.recount.run()).toBe(Status.Ok);
    expect(store.recount.notAllocated + store.recount.overlapping).toBe(0);
    expect(store.recount.ownedBlocks).toBe(block.countUsed());
  });

  it("at the mount: it is mounted at the first request that finds it answering", () => {
    block = new FakeBlock(4000);
    block.describeStatus = Status.DeviceGone;
    store = makeStore(block, roomySizes());
    expect(store.ready()).toBe(Status.DeviceGone);
    block.describeStatus = Status.Ok;
    expect(store.ready()).toBe(Status.Ok);
  });
});
