// The system as a whole in QEMU: a real tree from the host, images that travel both ways, a service that traps.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle, compileModule, manifestWith, root, systemManifest } from "../modules/build.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { inFolder, mustRun } from "../support/images.ts";
import { bootAndRun, withMachine } from "./machine.ts";

/** Every regular file below a folder, as paths relative to it. */
function filesBelow(folder: string, prefix = ""): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(folder, join(prefix, entry.name)) : entry.isFile() ? [join(prefix, entry.name)] : []);
}

test("a real tree imported on the host and read in QEMU: every name is listed, every hash is BLAKE3 of the original", async (context) => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), source = join(root, "node_modules");
  const files = filesBelow(source);
  const sizes = files.reduce((sum, path) => sum + readFileSync(join(source, path)).length, 0);
  assert.ok(files.length >= 5000 && sizes >= 100e6, `the tree has ${files.length} files, ${sizes} bytes`);
  mustRun(["mkfs", image, "--size", "1G"]);
  const started = Date.now();
  mustRun(["import", image, source, "/tree"]);
  context.diagnostic(`imported ${files.length} files, ${(sizes / 1e6).toFixed(0)} MB in ${Date.now() - started} ms`);
  const { output, status } = await bootAndRun({ image, run: "ls -R /tree; hash -R /tree" }, 300_000);
  assert.equal(status, 0, output.slice(-500));
  const lines = output.split("\n");
  const hashes = new Map(lines.map((line) => /^([0-9a-f]{64}) {2}\/tree\/(.*)$/.exec(line)).filter((match) => match !== null).map((match) => [match[2]!, match[1]!]));
  const blake3 = await loadBlake3();
  const wrong = files.filter((path) => hashes.get(path) !== blake3(readFileSync(join(source, path))));
  assert.deepEqual(wrong.slice(0, 10), []);
  assert.equal(hashes.size, files.length);
  // `ls -R` prints a heading for each directory and a name a line below it.
  const listed = new Set<string>();
  let directory = "";
  for (const line of lines) {
    const heading = /^(\/tree.*):$/.exec(line);
    if (heading) directory = heading[1]!;
    else if (directory && line) listed.add(`${directory}/${line}`);
  }
  assert.deepEqual(files.filter((path) => !listed.has(`/tree/${path}`)).slice(0, 10), []);
}));

test("an image made in QEMU opens on the host, and goes back", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), out = join(folder, "out");
  writeFileSync(image, "");
  truncateSync(image, 256 << 20);
  // The layer benchmark formats the disk inside QEMU and fills it.
  const made = bundle("layer-benchmark", manifestWith("layer-benchmark"), { "layer-benchmark": await compileModule("layer-benchmark", "tests/modules/layer-benchmark") });
  const first = await bootAndRun({ image, bundle: made, run: "bench 3 10" });
  assert.equal(first.status, 0, first.output);
  assert.match(mustRun(["ls", image, "/"]), /f000099/);
  mustRun(["check", image]);
  mustRun(["put", image, "/from-host"], "hello from the host\n");
  const second = await bootAndRun({ image, run: "cat /from-host; put /from-qemu hello from QEMU; sync" });
  assert.equal(second.status, 0, second.output);
  assert.match(second.output, /hello from the host/);
  assert.equal(mustRun(["cat", image, "/from-qemu"]), "hello from QEMU\n");
  mustRun(["check", image]);
  mustRun(["export", image, "/", out]);
  assert.equal(readFileSync(join(out, "from-qemu"), "utf8"), "hello from QEMU\n");
}));

test("a service that traps in QEMU: its caller is told, it comes back, the kernel and the others go on", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  mustRun(["mkfs", image, "--size", "64M"]);
  const manifest = systemManifest();
  const trapped = bundle("trapper", manifest, { "snapshot-manager": await compileModule("trapper", "tests/modules/trapper") });
  await withMachine({ image, bundle: trapped }, async (machine) => {
    let at = await machine.until(/> $/);
    const type = async (command: string): Promise<string> => {
      const from = at;
      machine.send(`${command}\r`);
      at = await machine.until(/> $/, at);
      return machine.output.slice(from, at);
    };
    await type("put /before still here");
    for (let turn = 0; turn < 2; turn++) {
      assert.match(await type("snapshot create x"), /^snapshot: x: given up, because a service restarted meanwhile\nshell: snapshot-manager stopped \(\w+\) and (was restarted; nothing is lost|is restarted in a moment)\n/m);
      await sleep(1000); // the second within a minute waits before it comes back
    }
    assert.match(await type("services"), /\nsnapshot-manager +ready +2 .*\n/);
    assert.match(await type("cat /before"), /still here/);
    await type("put /after work goes on");
    assert.match(await type("sync"), /^(?!.*(error|stopped)).*$/s);
    machine.send("poweroff\r");
    assert.equal(await machine.exitStatus(), 0);
  });
  assert.equal(mustRun(["cat", image, "/after"]), "work goes on\n");
}));
