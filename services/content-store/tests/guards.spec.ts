// Guards that random lives seldom meet: a lost index entry, pools that are full to the last page, content changed while its old version waits to be written.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Entry } from "../entry";
import { EMPTY_HASH, Kind } from "../limits";
import { ContentStore } from "../store";
import { fillRandom, hashHex, hex, makeStore, roomySizes, seed, tightSizes } from "./bench";
import { FakeBlock } from "./fake-block";

const BYTES: u32 = 9 << 20;
const content: usize = heap.alloc(BYTES);
const readBack: usize = heap.alloc(BYTES);
const objectHash: usize = heap.alloc(32);
seed(91);
fillRandom(content, BYTES);

function open(store: ContentStore, base: usize): i32 {
  const badge = store.writers.open(base);
  return badge ? store.writers.find(badge) : -1;
}
/** Takes the group with this number out of the index, as damage of the index would. */
function forgetGroup(store: ContentStore, group: u32): void {
  for (let slot = store.index.nextUsed(0); slot < store.index.slotLimit; slot = store.index.nextUsed(slot + 1)) {
    const entry = store.index.entry(slot);
    if (Entry.kind(entry) != Kind.group || Entry.firstGroup(entry) != group) continue;
    store.index.remove(entry);
    return;
  }
}

describe("a group that the index does not have", () => {
  it("is a hole only if its value says so", () => {
    const block = new FakeBlock(4000);
    const store = makeStore(block, roomySizes());
    // Groups 0 and 2 have content, group 1 is a hole.
    memory.copy(readBack, content, 196608);
    memory.fill(readBack + 65536, 0, 65536);
    store.store(<u32>readBack, 196608);
    memory.copy(objectHash, store.hash, 32);
    store.prepare();
    block.commit();
    store.mount();
    forgetGroup(store, 2);
    expect(store.objects.copyOut(objectHash, 196608, 65536, <u32>readBack, 65536)).toBe(Status.Ok, "the hole");
    expect(store.objects.copyOut(objectHash, 196608, 131072, <u32>readBack, 65536)).toBe(Status.Corrupted, "not the lost group, though the hole was read just before");
    store.mount();
    forgetGroup(store, 0);
    expect(store.objects.copyOut(objectHash, 196608, 0, <u32>readBack, 65536)).toBe(Status.Corrupted);
  });
});

describe("writers", () => {
  it("are refused when no page can be put away, and those that have one work on", () => {
    const store = makeStore(new FakeBlock(4000), tightSizes());
    let working = 0;
    for (let i = 0; i < 20; i++) {
      const writer = open(store, EMPTY_HASH);
      const status = store.writers.write(writer, 0, <u32>(content + i), 70000);
      if (status == Status.Ok) {
        expect(store.writers.finish(writer)).toBe(Status.Ok);
        expect(hex(store.writers.base(writer))).toBe(hashHex(content + i, 70000));
        working++;
      } else expect(status).toBe(Status.OutOfMemory);
    }
    expect(working).toBeGreaterThan(1);
    expect(working).toBeLessThan(12);
  });
  it("that only grow are refused too", () => {
    const store = makeStore(new FakeBlock(4000), tightSizes());
    memory.fill(readBack, 0, 70000);
    let working = 0;
    for (let i = 0; i < 20; i++) {
      const writer = open(store, EMPTY_HASH);
      const status = store.writers.truncate(writer, 70000);
      if (status == Status.Ok) working++;
      else expect(status).toBe(Status.OutOfMemory);
    }
    expect(working).toBeGreaterThan(1);
    for (let i = 0; i < working; i++) {
      expect(store.writers.finish(i)).toBe(Status.Ok);
      expect(hex(store.writers.base(i))).toBe(hashHex(readBack, 70000));
    }
  });
  it("leave a version that waits to be written as it is", () => {
    const block = new FakeBlock(4000);
    const store = makeStore(block, roomySizes());
    const writer = open(store, EMPTY_HASH);
    expect(store.writers.write(writer, 0, <u32>content, 196608)).toBe(Status.Ok);
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    memory.copy(objectHash, store.writers.base(writer), 32);
    expect(store.writers.write(writer, 70000, <u32>(content + 1), 10)).toBe(Status.Ok);
    expect(store.objects.copyOut(objectHash, 196608, 0, <u32>readBack, 196608)).toBe(Status.Ok);
    expect(memory.compare(readBack, content, 196608)).toBe(0);
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    expect(store.prepare()).toBe(Status.Ok);
    block.commit();
    store.mount();
    expect(store.objects.copyOut(objectHash, 196608, 0, <u32>readBack, 196608)).toBe(Status.Ok);
    expect(memory.compare(readBack, content, 196608)).toBe(0);
  });
  it("are as long as before when a write fails on the way", () => {
    const block = new FakeBlock(6000);
    const store = makeStore(block, tightSizes());
    const writer = open(store, EMPTY_HASH);
    store.writers.write(writer, 0, <u32>content, 100000);
    block.failWrites = true;
    expect(store.writers.write(writer, 100000, <u32>(content + 100000), 8000000)).toBe(Status.DeviceError);
    expect(<u32>store.writers.contentBytes(writer)).toBe(100000);
    block.failWrites = false;
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    expect(hex(store.writers.base(writer))).toBe(hashHex(content, 100000));
  });
  it("go on from a stored object whose last page has one group only", () => {
    const block = new FakeBlock(8000);
    const store = makeStore(block, tightSizes());
    const bytes: u32 = (8 << 20) + 5;
    store.store(<u32>content, bytes);
    memory.copy(objectHash, store.hash, 32);
    store.prepare();
    block.commit();
    store.mount();
    const writer = open(store, objectHash);
    expect(store.writers.write(writer, bytes, <u32>(content + bytes), 70000)).toBe(Status.Ok);
    expect(store.writers.finish(writer)).toBe(Status.Ok);
    expect(hex(store.writers.base(writer))).toBe(hashHex(content, bytes + 70000));
    store.mount();
    const reader = open(store, objectHash);
    expect(store.writers.write(reader, 0, <u32>content, 1)).toBe(Status.Ok);
    expect(store.writers.read(reader, 8 << 20, <u32>readBack, 100)).toBe(Status.Ok);
    expect(store.writers.lengthBytes).toBe(5);
    expect(memory.compare(readBack, content + (8 << 20), 5)).toBe(0);
  });
  it("of small content are refused when what is staged would no longer fit", () => {
    const block = new FakeBlock(150);
    const store = makeStore(block, tightSizes());
    let stored: u32 = 0;
    for (let status: u32 = Status.Ok; status == Status.Ok && stored < 300;) {
      const writer = open(store, EMPTY_HASH);
      status = store.writers.write(writer, 0, <u32>(content + stored * 8), 5000);
      if (status == Status.Ok) status = store.writers.finish(writer);
      if (status == Status.Ok) stored++;
      else expect(status).toBe(Status.NoSpace);
      store.writers.close(writer);
    }
    expect(stored).toBe(142 / 2);
    expect(store.prepare()).toBe(Status.Ok);
  });
});
