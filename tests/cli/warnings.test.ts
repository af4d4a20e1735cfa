// What mount and df warn of: a device that cannot flush, damage that was done without, an end of the log that was cut off. The shell and the command line use the same words.
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadManifest, loadModules, projectPath } from "../../host/client/modules.ts";
import { warningsOf } from "../../host/cli/warnings.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { runShell } from "../support/hosted.ts";
import { inFolder } from "../support/images.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { emptyImage } from "../supervision/campaign.ts";
import { axiomfs, output } from "./program.ts";

const cannotFlush = "the device cannot flush: nothing is certain to survive power loss";
const fellBack = "a superblock or checkpoint is damaged and was done without: nothing is lost";

test("a device that cannot flush: the shell warns when it starts, df says so, and sync promises nothing", () => {
  const disk = new OverlayDisk(emptyImage()), device = { flush: "absent" } as const;
  const console = new MemoryConsole("");
  const system = bootHosted({ manifest: loadManifest(), modules: loadModules(loadManifest()), disk, device, console, log: () => {} });
  assert.match(console.output, new RegExp(`snapshots\\.\r?\nWarning: ${cannotFlush}\r?\n`));
  system.close();
  const { output: said, status } = runShell(disk, "put /a words; sync; df", { device });
  assert.match(said, new RegExp(`^warning: +${cannotFlush}$`, "m"));
  assert.match(said, /^sync: the device cannot flush, so nothing can be promised to survive power loss/m);
  assert.notEqual(status, 0, "nor does the end of the session");
  assert.deepEqual(runShell(disk, "cat /a", { device }).output.split("\n")[0], "words", "work goes on all the same");
  assert.doesNotMatch(runShell(new OverlayDisk(emptyImage()), "df").output, /warning/);
});

test("damage that a mount did without is told by every command, and by df, in the shell as well", () => inFolder((folder) => {
  const image = join(folder, "disk.img");
  output("mkfs", image, "--size", "64M");
  output("snapshot", "create", image, "one"); // a checkpoint
  const before = axiomfs(["df", image]);
  assert.equal(before.stderr, "");
  assert.doesNotMatch(before.stdout, /warning/);
  const damageNewest = (): void => {
    const file = openSync(image, "r+"), sector = Buffer.alloc(512);
    let newest = 0, generation = 0n;
    for (let slot = 0; slot < 4; slot++) {
      readSync(file, sector, 0, 512, slot * 4096 * 4096);
      if (sector.readBigUInt64LE(56) > generation) [newest, generation] = [slot, sector.readBigUInt64LE(56)];
    }
    writeSync(file, Buffer.of(0x5a), 0, 1, newest * 4096 * 4096 + 100);
    closeSync(file);
  };
  damageNewest();
  const told = axiomfs(["df", image]);
  assert.equal(told.status, 0);
  assert.equal(told.stderr, `axiomfs: ${image}: ${fellBack}\n`);
  assert.match(told.stdout, new RegExp(`^warning: +${fellBack}$`, "m"));
  assert.deepEqual(axiomfs(["df", image]), before, "told once: the mount has made it good");
  damageNewest();
  assert.deepEqual((JSON.parse(output("df", image, "--json")) as { warnings: string[] }).warnings, [fellBack]);
  damageNewest();
  assert.match(output("boot", image, "--hosted", "--run", "df"), new RegExp(`^warning: +${fellBack}$`, "m"));
}));

test("each flag that is a warning has its sentence, and the others have none", () => {
  for (const flag of [BlockFlag.cannotFlush, BlockFlag.readOnly, BlockFlag.fellBack, BlockFlag.droppedTail]) assert.equal(warningsOf(flag).length, 1);
  assert.deepEqual(warningsOf(BlockFlag.formatted | BlockFlag.checkpointWanted), []);
  const all = warningsOf(0xffffffff);
  assert.equal(all.length, 4);
  // The shell is another language and cannot share the list; it has to have the same words.
  const shell = readFileSync(join(projectPath, "services/shell/warnings.ts"), "utf8");
  assert.deepEqual([...shell.matchAll(/flags & BlockFlag\.\w+\) line\(output, label, "(.*)"\);/g)].map((match) => match[1]), all);
});
