// The cost of an operation does not grow with the tree: messages for a new file of 4 KiB, and blocks written by its sync, at a thousand, ten thousand and a hundred thousand files.
// (Map nodes loaded and hashed: services/filesystem/tests/reducer.spec.ts.)
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { readBlockStatistics, BlockClient, blockStatisticsBytes } from "../../kernel-bindings/generated/host/block.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { readFile, writeFile } from "../support/hosted.ts";
import { FilesystemBench, hex } from "./bench.ts";

const recordBytes = 32, kindCall = 1, filesystem = 4, contentStore = 2, axiom = 3, host = 7;
const sizes = [1000, 10_000, 100_000];
const sample = 500;
let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });

test("a new file costs three messages and a bit, whatever the size of the tree; a sync after one file the same few blocks", () => {
  const calls = new Map<string, number>();
  let isHead = true;
  const trace = (records: Uint8Array): void => {
    for (let at = isHead ? records.length : 0; at < records.length; at += recordBytes) {
      if (records[at + 12] !== kindCall) continue;
      const pair = `${records[at + 14]}→${records[at + 15]}`;
      calls.set(pair, (calls.get(pair) ?? 0) + 1);
    }
    isHead = false;
  };
  const bench = FilesystemBench.formatted(1024, { trace, traceCapacity: 65536 });
  const content = new Uint8Array(4096);
  let made = 0;
  const make = (): void => {
    if (made % 1000 === 0) bench.tree.makeDirectory(Buffer.from(`d${made / 1000}`));
    new DataView(content.buffer).setUint32(0, made);
    writeFile(bench.tree, `d${Math.floor(made / 1000)}/file-${made}`, content);
    made++;
  };
  const count = (from: number, to: number): number => calls.get(`${from}→${to}`) ?? 0;
  const statistics = bench.host.reserve(blockStatisticsBytes);
  const writtenBytes = (): number => {
    new BlockClient(bench.host, bench.host.handle("block")).statistics({ statistics: { address: statistics, length: blockStatisticsBytes } });
    return Number(readBlockStatistics(bench.host.view, statistics).writtenBytes);
  };
  const figures: Array<{ files: number; messages: number; syncBytes: number }> = [];
  for (const size of sizes) {
    while (made < size - sample) make();
    bench.tree.sync();
    bench.hosted.system.kernel.trace!.flush();
    calls.clear();
    for (let index = 0; index < sample - 20; index++) make();
    bench.hosted.system.kernel.trace!.flush();
    const messages = (count(host, filesystem) + count(filesystem, contentStore) + count(filesystem, axiom)) / (sample - 20);
    bench.tree.sync();
    const before = writtenBytes();
    for (let index = 0; index < 20; index++) { make(); bench.tree.sync(); }
    figures.push({ files: made, messages, syncBytes: (writtenBytes() - before) / 20 });
  }
  console.log(figures.map(({ files, messages, syncBytes }) => `${files} files: ${messages.toFixed(3)} messages a file, ${Math.round(syncBytes)} bytes written by a create and sync`).join("\n"));
  for (const { messages, syncBytes } of figures) {
    assert.ok(messages < 3.1, `${messages} messages`);
    assert.ok(syncBytes < 32768, `${syncBytes} bytes`);
    assert.ok(syncBytes < figures[0]!.syncBytes * 1.5, "flat");
  }
  bench.remount();
  for (const index of [0, 777, 50_000, made - 1]) {
    new DataView(content.buffer).setUint32(0, index);
    const path = `d${Math.floor(index / 1000)}/file-${index}`;
    assert.equal(hex(bench.tree.lookup(Buffer.from(path)).content), hash(content), path);
    assert.equal(Buffer.compare(readFile(bench.tree, path), content), 0);
  }
  bench.close();
});
