// Both kernels give the same order of events for the same inputs: one workload, traced on each and compared event by event. Times and
// interrupts belong to the device and are left out, and so do the driver's notes of its requests; who calls whom, with which operation, badge, depth and answer, is not.
// A checkpoint in the background, which no client's call holds, is compared step by step.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { TraceDecoder, type TraceEvent } from "../../host/trace/trace-decoder.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { MemoryDisk, sectorBytes } from "../../host/devices/disk.ts";
import { BlockClient, BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { output, start } from "../cli/program.ts";
import { FilesystemBench, MiB } from "../filesystem/bench.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-order-"));
after(() => rmSync(folder, { recursive: true }));

const workload = [
  "mkdir -p /a/b", "put /a/note some words", "ls -l -R /", "snapshot create one", "mv /small /a/b/moved", "rm /a/note", "sync", "cat /a/b/moved", "hash -R /", "snapshot create two",
  "snapshot diff one two", "rm -r /a /big", "snapshot rollback one", "ls -R /", "stat /big", "snapshot delete two", "snapshot list", "df",
].join("; ");

/** What happened, without times: the device decides those, and when its interrupts come. */
function events(path: string): TraceEvent[] {
  const reader = new TraceReader(path);
  const found = [...new TraceDecoder(reader.header).decode(reader.records())].filter((event) => event.kind !== "interrupt" && (event.kind !== "note" || event.caller !== "virtio-blk"));
  reader.close();
  return found;
}
const line = (event: TraceEvent): string =>
  [event.kind, event.depth, event.caller, event.callee, event.operation, event.status, event.kind === "reply" ? "" : event.argument, event.text].join(" ");

/** A file behind the hosted device cannot forget, so the disk in QEMU does not either. */
const withoutDiscard = ["--qemu-arg=-global", "--qemu-arg=virtio-blk-device.discard=off"];

test("the same workload makes the same calls in the same order on both kernels", () => {
  const [microkernel, hosted] = ["microkernel.img", "hosted.img"].map((name) => join(folder, name)) as [string, string];
  output("mkfs", microkernel, "--size", "64M");
  for (const [name, length] of [["small", 5000], ["big", 700_000]] as const) {
    const path = join(folder, name);
    writeFileSync(path, randomBytes(length / 2).toString("hex"));
    output("import", microkernel, path, `/${name}`);
  }
  copyFileSync(microkernel, hosted);
  const traces = [join(folder, "microkernel.trace"), join(folder, "hosted.trace")] as const;
  const printed = [output("boot", microkernel, "--run", workload, "--trace", traces[0], ...withoutDiscard), output("boot", hosted, "--hosted", "--run", workload, "--trace", traces[1])];
  const [first, second] = traces.map((trace) => events(trace).map(line)) as [string[], string[]];
  const differs = first.findIndex((entry, index) => entry !== second[index]);
  assert.equal(differs, -1, `event ${differs} is "${first[differs]}" on the microkernel and "${second[differs]}" on the hosted kernel`);
  assert.equal(second.length, first.length, "one kernel had more events than the other");
  assert.ok(first.length > 800, `only ${first.length} events were compared`);
  // Names of snapshots that a rollback keeps carry heights, never times, so the consoles say the same but for dates.
  const dateless = printed.map((text) => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, "DATE"));
  assert.equal(dateless[0], dateless[1]);
});

/** An image on which the next commit finds that a checkpoint is wanted, of more nodes than one step takes. */
function wornImage(): Uint8Array {
  const disk = new MemoryDisk((64 * MiB) / sectorBytes), bench = new FilesystemBench(disk), block = new BlockClient(bench.host, bench.host.handle("block"));
  bench.tree.client.format({ blockCount: 0n, flags: 0 });
  for (let index = 0; index < 2500; index++) bench.tree.close(bench.tree.open(Buffer.from(`${index}`.padStart(200, "n")), 2 | 4 | 8));
  while ((block.describe().flags & BlockFlag.checkpointWanted) === 0) {
    bench.tree.setAttributes(Buffer.from("0".padStart(200, "n")), { mode: 0o600 });
    bench.tree.sync();
  }
  bench.close();
  return disk.bytes;
}

/** Types a change and its sync, waits until nothing has happened for a while, and switches off. */
async function typeAndRest(...options: string[]): Promise<void> {
  const machine = start(["boot", ...options]);
  const ended = new Promise<number | null>((resolve) => machine.once("close", resolve));
  machine.stdin!.write("put /a words\nsync\ncat /a\n");
  await new Promise((resolve) => machine.stdout!.once("data", resolve));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  machine.stdin!.end("poweroff\n");
  assert.equal(await ended, 0);
}

test("a checkpoint in the background makes the same calls in the same steps on both kernels", async () => {
  const image = wornImage();
  const steps: string[][][] = [];
  for (const name of ["microkernel", "hosted"]) {
    const [path, trace] = [join(folder, `worn-${name}.img`), join(folder, `worn-${name}.trace`)] as const;
    writeFileSync(path, image);
    await typeAndRest(path, "--trace", trace, ...(name === "hosted" ? ["--hosted"] : withoutDiscard));
    const found = events(path.replace(".img", ".trace"));
    const begins = found.flatMap((event, index) => (event.kind === "background" && event.callee === "filesystem" ? [index] : []));
    // Steps that found nothing to do come and go with the keys.
    steps.push(begins.map((from) => found.slice(from, found.findIndex((event, index) => index > from && event.kind === "backgroundReturned") + 1).map(line)).filter((step) => step.length > 2));
  }
  const [first, second] = steps as [string[][], string[][]];
  assert.equal(first.length, 2, `${first.length} steps on the microkernel`);
  assert.ok(first[0]!.length > 128 && first[1]!.some((entry) => entry.includes("block.checkpoint")));
  assert.deepEqual(second, first);
});
