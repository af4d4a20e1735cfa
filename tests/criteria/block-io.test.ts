// Criterion 1, *block I/O*, in Node: random reads and writes against a model, through the driver and the device model, and through the block service.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { runProgram } from "../support/program.ts";

for (const seed of [1, 2, 3]) {
  test(`block I/O: random reads and writes of the device against a model, seed ${seed}`, async () => {
    const { output, status } = await runProgram("block-device-integrity", new MemoryDisk(131072), `integrity ${seed} 4000`);
    assert.match(output, /integrity: 4\d\d\d operations, .* 0 errors, 0 differences/);
    assert.equal(status, 0);
  });
  test(`block I/O: random transactions of the block service against a model, seed ${seed}`, async () => {
    const { output, status } = await runProgram("block-exerciser", new MemoryDisk(262144), `block ${seed} 3000`);
    assert.match(output, /block service: 3000 operations, 0 mismatches/);
    assert.equal(status, 0);
  });
}

test("block I/O: a disk that changes one bit is noticed", async () => {
  const disk = new MemoryDisk(131072);
  const write = disk.write.bind(disk);
  let writes = 0;
  disk.write = (views, offset) => {
    const done = write(views, offset);
    if (++writes === 500) disk.bytes[offset + 17]! ^= 4;
    return done;
  };
  const { status } = await runProgram("block-device-integrity", disk, "integrity 1 4000");
  assert.equal(status, 1);
});
