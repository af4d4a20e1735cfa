// Checkpoints: segments, tiles, reading far back, marking and checking, and objects with changed bytes.
import { Entry } from "../../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Root } from "../root";
import { SegmentIndex } from "../segment-index";
import { SegmentWalk } from "../segment-walk";
import { Bytes, FakeJournal, FakeObjects, flip, hex } from "./fake-lower";
import { World } from "./world";

function equal(a: Bytes, b: Bytes): bool {
  return a.length == b.length && memory.compare(changetype<usize>(a), changetype<usize>(b), a.length) == 0;
}

/** A log with a checkpoint after each batch, and all its entries. */
function archived(world: World, batches: u32, model: Bytes[]): void {
  world.format();
  for (let i: u32 = 0; i < batches; i++) {
    world.add(i * 3 + 1, i % 70); world.add(i * 3 + 2, i % 11); world.add(0, 5);
    world.propose();
    for (let height: u64 = model.length; height < world.log.nextHeight; height++) model.push(world.entry(height));
    world.checkpointer.run(world.root);
  }
}

describe("a log of many checkpoints", () => {
  it("gives every entry back, from segments as from memory, before and after a mount", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 230, model);
    expect(world.log.index.segmentCount).toBe(230);
    world.one(999999);
    for (let height: u64 = model.length; height < world.log.nextHeight; height++) model.push(world.entry(height));
    for (let pass = 0; pass < 2; pass++) {
      let wrong = 0;
      for (let height = 0; height < model.length; height++) if (!equal(world.entry(height), model[height])) wrong++;
      expect(wrong).toBe(0);
      expect(world.log.mount()).toBe(Status.Ok);
      expect(world.log.index.segmentCount).toBe(230);
    }
    expect(world.reader.locate(model.length, 1000)).toBe(Status.Ok);
    expect(world.reader.runCount).toBe(0);
    expect(world.reader.locate(model.length + 1, 1000)).toBe(Status.NotFound);
    expect(world.reader.locate(3, 100)).toBe(Status.TooLarge);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(model.length);
  });

  it("packs one large checkpoint into segments of at most 64 KiB", () => {
    const world = new World(1 << 20, 4096, 65536);
    world.format();
    for (let key: u64 = 1; key < 40; key++) world.one(key, <u32>(key % 5 == 0 ? 61440 : key * 500));
    const height = world.log.nextHeight;
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.log.index.segmentCount).toBeGreaterThan(8);
    const names = world.objects.names();
    for (let i = 0; i < names.length; i++) expect(world.objects.objects.get(names[i]).length).toBeLessThan(65537);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(height);
  });

  it("checks in steps what it checks in one, and says when the log was archived between two of them", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 130, model);
    let steps = 0;
    let cursor: u64 = 0;
    do {
      expect(world.checker.step(cursor, 16)).toBe(Status.Ok);
      if (world.checker.cursor != 0) expect(world.checker.cursor).toBe(cursor + 16);
      cursor = world.checker.cursor;
      steps++;
    } while (cursor != 0);
    expect(steps).toBe(9, "130 segments and the tile over the first hundred");
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(model.length);
    expect(world.checker.step(0, 16)).toBe(Status.Ok);
    cursor = world.checker.cursor;
    expect(world.checker.step(cursor + 1, 16)).toBe(Status.Busy, "not where the last step ended");
    world.one(4242);
    expect(world.checker.step(cursor, 16)).toBe(Status.Ok, "entries may be added meanwhile");
    cursor = world.checker.cursor;
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.checker.step(cursor, 16)).toBe(Status.Busy);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
  });

  it("marks what it needs: with everything else gone it still mounts, reads and checks", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 205, model);
    expect(world.marker.run()).toBe(Status.Ok);
    const names = world.objects.names();
    let dropped = 0;
    for (let i = 0; i < names.length; i++) {
      if (world.objects.marked.has(names[i])) continue;
      world.objects.objects.delete(names[i]);
      dropped++;
    }
    expect(dropped).toBeGreaterThan(200, "partial tiles and keys of older checkpoints");
    expect(world.log.mount()).toBe(Status.Ok);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(model.length);
  });

  it("makes a checkpoint without new entries", () => {
    const world = new World();
    world.format();
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.log.index.segmentCount).toBe(1);
    expect(world.log.mount()).toBe(Status.Ok);
    expect(Root.nextHeight(world.log.root)).toBe(1);
  });
});

describe("tampering", () => {
  it("with any byte of any object is found by mount or check, and the height is named", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 4, model);
    world.objects.marked.clear();
    world.marker.run();
    const names = world.objects.marked.values();
    expect(names.length).toBe(4 + 1 + 1);
    for (let k = 0; k < names.length; k++) {
      const object = world.objects.objects.get(names[k]);
      for (let i = 0; i < object.length; i++) {
        flip(object, i);
        const status = world.log.mount();
        if (status == Status.Ok) {
          expect(world.checker.run()).toBe(Status.Ok);
          // A changed recent key is still a key: the content store, which this fake is not, would refuse the object.
          const isKeys = load<u32>(changetype<usize>(object)) == 0x4b525841;
          if (world.checker.broken == 0 && !isKeys) expect(i).toBe(-1, "a changed byte was not seen");
        }
        flip(object, i);
      }
    }
    expect(world.log.mount()).toBe(Status.Ok);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
  });

  it("with one segment breaks its entries and no others", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 120, model);
    for (let height: u64 = 1; height < 400; height += 133) {
      world.log.index.find(height);
      const name = hex(world.log.index.found);
      const object = world.objects.objects.get(name);
      world.objects.objects.delete(name);
      expect(world.checker.run()).toBe(Status.Ok);
      const first = load<u64>(changetype<usize>(object), 16);
      const count = load<u32>(changetype<usize>(object), 24);
      expect(world.checker.firstBroken).toBe(first);
      expect(world.checker.broken).toBe(count);
      expect(world.checker.checked).toBe(model.length - count);
      world.objects.objects.set(name, object);
    }
  });

  it("with the root is refused at mount or found by check, except in the state, which is the file system's", () => {
    const world = new World();
    const model: Bytes[] = [];
    archived(world, 3, model);
    const root = world.journal.root;
    for (let i = 0; i < root.length; i++) {
      if (i >= 64 && i < 96) continue;
      flip(root, i);
      if (world.log.mount() == Status.Ok) {
        world.checker.run();
        if (world.checker.broken == 0) expect(i).toBe(-1, "a changed byte was not seen");
      }
      flip(root, i);
    }
  });

  it("with the journal behind a running log's back is found by check", () => {
    const world = new World();
    world.format();
    for (let key: u64 = 1; key < 5; key++) world.one(key);
    world.journal.pieces[2][100] ^= 1;
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.firstBroken).toBe(3);
    expect(world.checker.broken).toBe(2);
    expect(world.checker.checked).toBe(world.log.nextHeight - 2);
  });
});

describe("the index of segments", () => {
  it("finds a height among 25,000 segments with at most one tile for each level", () => {
    const objects = new FakeObjects(new FakeJournal());
    const index = new SegmentIndex(objects);
    const name: usize = heap.alloc(32);
    memory.fill(name, 0, 32);
    for (let i: u64 = 0; i < 25000; i++) {
      store<u64>(name, i);
      expect(index.append(i * 7, name)).toBe(Status.Ok);
    }
    expect(index.levelCount).toBe(3);
    let wrong = 0;
    for (let i: u64 = 0; i < 25000; i += 13) {
      objects.gets = 0;
      if (index.find(i * 7 + i % 7) != Status.Ok || load<u64>(index.found) != i || objects.gets > 2) wrong++;
    }
    expect(wrong).toBe(0);
    const walk = new SegmentWalk(index, objects);
    walk.start(25000 * 7);
    let segments: u64 = 0;
    while (walk.next()) {
      if (walk.status) wrong++;
      if (walk.isTile) continue;
      if (load<u64>(walk.hash) != segments || walk.first != segments * 7 || walk.end != segments * 7 + 7) wrong++;
      segments++;
    }
    expect(wrong).toBe(0);
    expect(segments).toBe(25000);
  });
});
