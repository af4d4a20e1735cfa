// Patches: what is made of two images gives the second again; bodies that are not sound are refused; when a write becomes one; and a mount that lays them over their blocks.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES } from "../geometry";
import { applyPatch, isPatchSound, makePatch } from "../patch";
import { Random, World } from "./memory-disk";

const before: usize = heap.alloc(BLOCK_BYTES);
const after: usize = heap.alloc(BLOCK_BYTES);
const body: usize = heap.alloc(8 + BLOCK_BYTES);

/** A body with one piece, of zeros. */
function piece(at: u32, offset: u32, length: u32): u32 {
  store<u16>(body + at, <u16>offset);
  store<u16>(body + at, <u16>length, 2);
  memory.fill(body + at + 4, 0, length);
  return at + 4 + length;
}
function mounted(): World {
  const world = new World();
  assert(!world.mount.run());
  return world;
}

describe("a patch", () => {
  it("makes the new image of the old one, and is shorter", () => {
    const random = new Random(11);
    let wrong = 0, patches = 0;
    for (let round: u32 = 0; round < 20_000; round++) {
      for (let i: u32 = 0; i < BLOCK_BYTES; i += 8) store<u64>(before + i, <u64>random.next(1 << 30));
      memory.copy(after, before, BLOCK_BYTES);
      for (let changes = random.next(1 << random.next(11)); changes > 0; changes--) {
        const at = random.next(BLOCK_BYTES), length = min(1 + random.next(60), BLOCK_BYTES - at);
        memory.fill(after + at, <u8>random.next(256), length);
      }
      const bytes = makePatch(before, after, body + 8);
      if (!bytes) continue;
      patches++;
      if (bytes >= BLOCK_BYTES || !isPatchSound(body, 8 + bytes)) { wrong++; continue; }
      applyPatch(body, 8 + bytes, before);
      if (memory.compare(before, after, BLOCK_BYTES)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(patches).toBeGreaterThan(10_000);
    expect(patches).toBeLessThan(20_000);
    expect(makePatch(after, after, body + 8)).toBe(12);
  });

  it("is refused if a piece is empty, out of order, outside the block or the body, or missing", () => {
    expect(isPatchSound(body, piece(8, 0, 4))).toBe(true);
    expect(isPatchSound(body, piece(piece(8, 0, 4), 4, 1))).toBe(true);
    expect(isPatchSound(body, piece(8, 4095, 1))).toBe(true);
    expect(isPatchSound(body, 8)).toBe(false);
    expect(isPatchSound(body, 4)).toBe(false);
    expect(isPatchSound(body, piece(8, 0, 0))).toBe(false);
    expect(isPatchSound(body, piece(piece(8, 0, 4), 3, 1))).toBe(false);
    expect(isPatchSound(body, piece(8, 4095, 2))).toBe(false);
    expect(isPatchSound(body, piece(8, 4096, 1))).toBe(false);
    expect(isPatchSound(body, piece(8, 0, 4) - 1)).toBe(false);
    expect(isPatchSound(body, piece(8, 0, 4) + 3)).toBe(false);
  });

  it("is written where the log since the checkpoint has the block, and only there; a mount makes the block of it", () => {
    const world = new World().fresh();
    assert(!world.volume.allocate(0, 1, false));
    const address = world.volume.allocator.foundAddress;
    assert(!world.commit(1) && !world.volume.checkpoint());
    memory.fill(after, 7, BLOCK_BYTES);
    // In memory as it is on the disk: not enough.
    assert(!world.volume.read(address, <u32>before, BLOCK_BYTES));
    for (let i: u32 = 0; i < 5; i++) {
      store<u8>(after + i * 900, <u8>(50 + i));
      assert(!world.volume.write(address, <u32>after, BLOCK_BYTES));
      if (i > 1) assert(!world.commit(2));
    }
    expect(world.volume.transaction.patchCount).toBe(4);
    expect(world.volume.log.usedBlocks).toBeLessThan(8);
    assert(!world.volume.sync());
    // What lies at home is torn.
    memory.fill(world.disk.address(address) + 512, 0x99, 1024);
    const found = mounted();
    assert(!found.volume.read(address, <u32>before, BLOCK_BYTES));
    expect(memory.compare(before, after, BLOCK_BYTES)).toBe(0);
    expect(memory.compare(found.disk.address(address), after, BLOCK_BYTES)).toBe(0);

    const checkpointed = mounted();
    assert(!checkpointed.volume.checkpoint());
    store<u8>(after, 1);
    assert(!checkpointed.volume.write(address, <u32>after, BLOCK_BYTES));
    expect(checkpointed.volume.transaction.patchCount).toBe(0);
  });

  it("is laid over the image in memory where the disk cannot be written", () => {
    const world = new World().fresh();
    assert(!world.volume.allocate(0, 1, false));
    const address = world.volume.allocator.foundAddress;
    memory.fill(after, 7, BLOCK_BYTES);
    for (let i: u32 = 0; i < 3; i++) {
      store<u8>(after + i * 900, <u8>(50 + i));
      assert(!world.volume.write(address, <u32>after, BLOCK_BYTES) && !world.commit(2));
    }
    assert(!world.volume.sync());
    const reader = new World();
    reader.disk.isReadOnly = true;
    expect(reader.mount.run()).toBe(Status.Ok);
    assert(!reader.volume.read(address, <u32>before, BLOCK_BYTES));
    expect(memory.compare(before, after, BLOCK_BYTES)).toBe(0);
    expect(memory.compare(reader.disk.address(address), after, BLOCK_BYTES)).not.toBe(0);
  });
});
