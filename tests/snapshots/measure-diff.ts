// How many nodes a comparison reads, and how long it takes: 20 changed files in trees of 10³, 10⁴ and 10⁵. Run: node --import tsx tests/snapshots/measure-diff.ts [files …]
import { MemoryDisk } from "../../host/devices/disk.ts";
import { SnapshotsClient } from "../../kernel-bindings/generated/host/snapshots.ts";
import { bootServices, bytes, writeFile } from "../support/hosted.ts";

const sizes = process.argv.slice(2).map(Number);
console.log("files\tchanged\tchanges\tnodes read\tms\tsnapshot ms");
for (const files of sizes.length === 0 ? [1000, 10_000, 100_000] : sizes) {
  const { system, tree, snapshots } = bootServices(new MemoryDisk(4 << 20));
  tree.client.format({ blockCount: 0n, flags: 0 });
  const client = system.client("host");
  const raw = new SnapshotsClient(client, client.handle("snapshots"));
  const path = (file: number): string => `d${Math.floor(file / 100)}/f${file % 100}`;
  for (let file = 0; file < files; file++) {
    if (file % 100 === 0) tree.makeDirectory(bytes(`d${file / 100}`));
    writeFile(tree, path(file), bytes(`content ${file}`));
  }
  tree.sync();
  const begun = performance.now();
  snapshots.create(bytes("one"));
  const snapshotMs = performance.now() - begun;
  const measure = (label: string): void => {
    const start = performance.now();
    const { count, nodesRead } = raw.diffBegin({ from: tree.lend(bytes("one")), to: tree.lendSecond(new Uint8Array(0)) });
    console.log(`${files}\t${label}\t${count}\t${nodesRead}\t${(performance.now() - start).toFixed(1)}\t${snapshotMs.toFixed(1)}`);
  };
  for (let index = 0; index < 20; index++) writeFile(tree, path(index + Math.floor(files / 2)), bytes(`changed ${index}`));
  measure("20 neighbours");
  for (let index = 0; index < 20; index++) writeFile(tree, path(index + Math.floor(files / 2)), bytes(`content ${index + Math.floor(files / 2)}`));
  for (let index = 0; index < 20; index++) writeFile(tree, path(Math.floor((index * files) / 20)), bytes(`scattered ${index}`));
  measure("20 scattered");
  system.close();
}
