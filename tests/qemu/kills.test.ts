// A sample of kills in QEMU: the kernel ends one domain at one message (boot option `kill=DOMAIN,N`) while the shell runs commands from its console. The machine ends by itself, every
// step that was not complained of is on the disk, byte for byte, and the check is clean. The whole loop runs on the hosted kernel (tests/supervision/campaign.ts).
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FileDisk } from "../../host/devices/file-disk.ts";
import { loadManifest, loadModules } from "../../host/client/modules.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { axiomfs, inFolder, mustRun } from "../support/images.ts";
import { readySignal } from "../cli/shell-machine.ts";
import { withMachine } from "./machine.ts";

/** Steps that end with a sync; a name that is no command marks where each ends in the output. */
const steps: ReadonlyArray<readonly [commands: string, path: string, content: string]> = [
  ["mkdir d; put d/one first; sync", "/d/one", "first\n"],
  ["put two second; mv two d/two; sync", "/d/two", "second\n"],
  ["snapshot create s; put three third; sync", "/three", "third\n"],
  ["put fourth a; put fourth b; put gone x; rm gone; sync", "/fourth", "b\n"],
];
const script = steps.map(([commands], index) => `${commands}; mark${index}`).join("; ");
/** A line a step, and the end of the input. */
const input = `${script.replaceAll("; ", "\n")}\n\x04`;
const mark = (index: number): string => `mark${index}: unknown command; help lists the commands\n`;
const victims = ["virtio-blk", "block", "content-store", "axiom", "filesystem", "snapshot-manager", "mailbox", "shell"];
const killsOfEach = 2;
const seed = Number(process.env.AXIOMFS_SEED ?? Math.floor(Date.now() / 86_400_000));

/** What each step printed; null for steps that never ended. */
function said(output: string): Array<string | null> {
  let at = 0;
  return steps.map((_, index) => {
    const end = output.indexOf(mark(index), at);
    if (end < 0) return null;
    const text = output.slice(at, end);
    at = end + mark(index).length;
    return text;
  });
}

/** Messages of the script, counted on the hosted kernel, which sends the same in the same order. */
function messageCount(image: string): number {
  const disk = new FileDisk(image);
  const console = new MemoryConsole("read-commands");
  let count = 0;
  const manifest = loadManifest();
  const system = bootHosted({ manifest, modules: loadModules(manifest), disk, console, log: () => {}, onMessage: (index) => { count = index; } });
  console.push(input);
  for (let turn = 0; system.powerOffStatus === null && turn < 100; turn++) system.turn();
  system.close();
  disk.close();
  assert.deepEqual(said(console.output).map((text) => text?.replace(/height \d+/, "height").replace(readySignal, "")), ["", "", "created s at height\n", ""]);
  return count;
}

/** Boots with a kill; what the console showed and the status. */
const bootAndKill = async (image: string, where: string): Promise<{ output: string; status: number }> =>
  withMachine({ image, run: "read-commands", words: [where], memoryMiB: 512 }, async (machine) => {
    await machine.until(/axiomfs;ready/);
    machine.send(input);
    return { status: await machine.exitStatus(), output: machine.output };
  });

test(`kills of every service in QEMU (seed ${seed}): the machine ends, and what was synced is on the disk`, async (context) => inFolder(async (folder) => {
  const empty = join(folder, "empty.img");
  mustRun(["mkfs", empty, "--size", "64M"]);
  const counted = join(folder, "counted.img");
  cpSync(empty, counted);
  const messages = messageCount(counted);
  assert.ok(messages > 100, `${messages} messages`);
  let told = 0;
  for (const [place, victim] of victims.entries()) for (let kill = 0; kill < killsOfEach; kill++) {
    const at = 1 + ((seed * 37 + place * 101 + Math.floor((kill * messages) / killsOfEach)) % messages);
    const where = `kill=${victim},${at}`;
    const image = join(folder, "disk.img");
    cpSync(empty, image);
    const { output, status } = await bootAndKill(image, where);
    const found = said(output);
    assert.ok(status === 1 || status === 2, `${where}: status ${status}\n${output}`);
    if (victim === "shell") assert.match(output, /the commands that were left are given up/, where);
    else assert.ok(!found.includes(null), `${where}: a step never ended\n${output}`);
    if (/shell: .* (stopped|restarted)/.test(output)) told++;
    for (const [index, [, path, content]] of steps.entries()) {
      const isComplained = found[index] === null || /^(shell|sync|put|mv|mkdir|rm|snapshot): /m.test(found[index]!);
      if (!isComplained) assert.equal(mustRun(["cat", image, path]), content, `${where}, step ${index}`);
    }
    const check = axiomfs(["check", image]);
    assert.equal(check.status, 0, `${where}: ${check.stdout}`);
  }
  context.diagnostic(`${victims.length * killsOfEach} kills survived among ${messages} messages; told in ${told}`);
  assert.ok(told >= 6, `only ${told} kills were told of: were they made?`);
}));
