// Both kernels give the same order of events for the same inputs: one workload, traced on each and compared event by event. Times and
// interrupts belong to the device and are left out, and so do the driver's notes of its requests; who calls whom, with which operation, badge, depth and answer, is not.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { TraceDecoder, type TraceEvent } from "../../host/trace/trace-decoder.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { output } from "../cli/program.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-order-"));
after(() => rmSync(folder, { recursive: true }));

const workload = [
  "mkdir -p /a/b", "put /a/note some words", "ls -l -R /", "snapshot create one", "mv /small /a/b/moved", "rm /a/note", "sync", "cat /a/b/moved", "hash -R /", "snapshot create two",
  "snapshot diff one two", "rm -r /a /big", "snapshot rollback one", "ls -R /", "stat /big", "snapshot delete two", "snapshot list", "df",
].join("; ");

/** What happened, without times: the device decides those, and when its interrupts come. */
function events(path: string): string[] {
  const reader = new TraceReader(path);
  const lines: string[] = [];
  for (const event of new TraceDecoder(reader.header).decode(reader.records())) {
    const isOfDevice = event.kind === "interrupt" || (event.kind === "note" && event.caller === "virtio-blk");
    if (!isOfDevice) lines.push(line(event));
  }
  reader.close();
  return lines;
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
  const [first, second] = traces.map(events) as [string[], string[]];
  const differs = first.findIndex((entry, index) => entry !== second[index]);
  assert.equal(differs, -1, `event ${differs} is "${first[differs]}" on the microkernel and "${second[differs]}" on the hosted kernel`);
  assert.equal(second.length, first.length, "one kernel had more events than the other");
  assert.ok(first.length > 800, `only ${first.length} events were compared`);
  // Names of snapshots that a rollback keeps carry heights, never times, so the consoles say the same but for dates.
  const dateless = printed.map((text) => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, "DATE"));
  assert.equal(dateless[0], dateless[1]);
});
