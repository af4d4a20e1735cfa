// Version and feature flags of a superblock (docs/formats/block.md §2), also of the generation that a mount falls back to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, FakeDevice, blake3, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";
import { ImageMap } from "./image-map.ts";

const Status = { ReadOnly: 34, UnsupportedVersion: 36, AlreadyFormatted: 42 } as const;
const Field = { version: 8, incompatible: 32, readOnly: 40, compatible: 48 } as const;

/** A sealed image with a redo image that is not home. */
function makeImage(): { bytes: Uint8Array; address: bigint } {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  const address = bench.store(pattern(1, blockBytes));
  bench.commit(Uint8Array.of(1));
  bench.block.checkpoint();
  bench.write(address, pattern(2, blockBytes));
  bench.commit(Uint8Array.of(2));
  bench.block.sync();
  bench.block.sync();
  bench.close();
  return { bytes: bench.device.bytes, address };
}
const { bytes, address } = makeImage();

/** The image with bits set in a field of its newest superblock, or of the one before behind a checkpoint that is damaged; mounted. */
function mountWith(offset: number, bits: bigint, isFallback: boolean): BlockBench {
  const device = new FakeDevice(bytes.slice()), slots = new ImageMap(device).slots(), slot = slots[isFallback ? 1 : 0]!;
  if (isFallback) device.bytes[Number(slots[0]!.view.getBigUint64(168, true)) * blockBytes + 50]! ^= 1;
  slot.view.setBigUint64(offset, slot.view.getBigUint64(offset, true) | bits, true);
  const at = slot.address * blockBytes;
  device.bytes.set(blake3(device.bytes.subarray(at, at + 480)), at + 480);
  return new BlockBench(device);
}

for (const isFallback of [false, true]) {
  const name = isFallback ? "of the generation that is fallen back to" : "of the newest generation";
  for (const [field, offset] of [["version", Field.version], ["incompatible", Field.incompatible]] as const) {
    test(`an unknown ${field} flag or number ${name}: UnsupportedVersion, and nothing is written`, () => {
      for (const bit of offset === Field.version ? [0n, 2n, 31n] : [0n, 1n, 31n, 63n]) {
        const bench = mountWith(offset, 1n << bit, isFallback);
        assert.equal(bench.block.describe().mountStatus, Status.UnsupportedVersion, `bit ${bit}`);
        assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.UnsupportedVersion);
        assert.equal(statusOf(() => bench.block.format({ blockCount: 0n, flags: 0 })), Status.AlreadyFormatted, "not without force");
        assert.equal(bench.device.writes, 0);
        bench.close();
      }
    });
  }
  test(`an unknown read-only-compatible flag ${name}: everything can be read, nothing is written`, () => {
    for (const bit of [0n, 63n]) {
      const bench = mountWith(Field.readOnly, 1n << bit, isFallback);
      const { mountStatus, flags } = bench.block.describe();
      assert.equal(mountStatus, 0);
      assert.equal((flags & BlockFlag.readOnly) !== 0, true);
      assert.deepEqual(bench.read(address, 1), pattern(2, blockBytes), "the redo image is seen");
      assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.ReadOnly);
      assert.equal(statusOf(() => bench.writeDurable(address, pattern(3, blockBytes))), Status.ReadOnly);
      assert.equal(statusOf(() => bench.block.checkpoint()), Status.ReadOnly);
      bench.idle(10);
      assert.equal(bench.device.writes, 0);
      bench.close();
    }
  });
  test(`an unknown compatible flag ${name} is ignored and kept`, () => {
    const bench = mountWith(Field.compatible, 1n << 40n, isFallback);
    assert.equal(bench.block.describe().mountStatus, 0);
    for (let i = 0; i < 5; i++) { bench.commit(Uint8Array.of(i)); bench.block.checkpoint(); }
    for (const { view } of new ImageMap(bench.device).slots()) assert.equal(view.getBigUint64(Field.compatible, true), 1n << 40n);
    bench.close();
  });
}
