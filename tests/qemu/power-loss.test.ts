// Files written in QEMU, synced, then power lost: the disk is rebuilt from blklogwrites' log up to the flush, with subsets of later, unflushed writes,
// and `export` gives every synced file back, byte for byte. A build whose driver skips the flush fails this.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { SeededRandom } from "../../host/kernel/entropy.ts";
import { bundle, compileModule, systemManifest } from "../modules/build.ts";
import { axiomfs, inFolder, mustRun } from "../support/images.ts";
import { withMachine } from "./machine.ts";
import { readWriteLog, rebuild } from "./write-log.ts";

let withoutFlush = "";
before(async () => {
  // The block service asks for a flush; this build of it believes that one happened.
  const manifest = systemManifest();
  const broken = await compileModule("block-without-flush", "services/block", manifest.domains.find(({ name }) => name === "block")!.memoryPages, {
    "services/block/driver.ts": (text) => text.replace(/-device\.callFlush\([^)]*\)/, "0"),
  });
  withoutFlush = bundle("without-flush", manifest, { block: broken });
});

interface Result { images: number; lost: string[] }

/** Write files in QEMU, sync, write more, cut the power; then check every rebuilt image. */
async function campaign(folder: string, bundlePath?: string): Promise<Result> {
  const image = join(folder, "disk.img"), writeLog = join(folder, "log");
  mustRun(["mkfs", image, "--size", "64M"]);
  const base = new Uint8Array(readFileSync(image));
  writeFileSync(writeLog, "");
  const files = new Map<string, string>();
  const acknowledged = await withMachine({ image, writeLog, bundle: bundlePath }, async (machine) => {
    let at = await machine.until(/> $/);
    const type = async (command: string): Promise<void> => { machine.send(`${command}\r`); at = await machine.until(/> $/, at); };
    await type("mkdir /deep");
    for (let index = 0; index < 12; index++) {
      const name = index % 3 ? `file${index}` : `deep/file${index}`, text = `content ${index} `.repeat(1 + 7 * index).trim();
      await type(`put /${name} ${text}`);
      files.set(name, `${text}\n`);
    }
    await type("sync");
    const entries = readWriteLog(writeLog).length;
    for (let index = 0; index < 4; index++) await type(`put /late${index} after the sync ${index}`);
    return entries;
  });

  const entries = readWriteLog(writeLog);
  const flush = entries.map((entry) => entry.kind).lastIndexOf("flush", acknowledged - 1);
  const upToFlush = entries.slice(0, flush + 1), later = entries.slice(flush + 1);
  const random = new SeededRandom(4);
  const subsets = [() => false, () => true, ...Array.from({ length: 6 }, () => () => random.below(2) === 0)];
  const lost: string[] = [];
  for (const [number, keep] of subsets.entries()) {
    const crashed = join(folder, `crash${number}.img`), out = join(folder, `out${number}`);
    writeFileSync(crashed, rebuild(base, [...upToFlush, ...later.filter(() => keep())]));
    const outcome = axiomfs(["export", crashed, "/", out]);
    if (outcome.status !== 0) { lost.push(`image ${number}: ${outcome.stderr}`); continue; }
    for (const [name, text] of files) {
      let found = "";
      try { found = readFileSync(join(out, name), "utf8"); } catch { /* missing: not equal */ }
      if (found !== text) lost.push(`image ${number}: ${name}`);
    }
  }
  assert.ok(statSync(writeLog).size > 0);
  return { images: subsets.length, lost };
}

test("power loss in QEMU: every synced file comes back from the log up to the flush", async (context) => inFolder(async (folder) => {
  const { images, lost } = await campaign(folder);
  context.diagnostic(`${images} images rebuilt`);
  assert.deepEqual(lost, []);
}));

test("power loss in QEMU: a build that skips the flush loses files", async () => inFolder(async (folder) => {
  const { lost } = await campaign(folder, withoutFlush);
  assert.ok(lost.length > 0);
}));
