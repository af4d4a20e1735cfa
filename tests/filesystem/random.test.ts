// Random operations on the release modules, status for status and byte for byte against a model; remounts in between, after a sync, by replay and by checkpoint.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadBlake3 } from "../support/blake3.ts";
import { FilesystemBench, hex, Random, statusOf } from "./bench.ts";
import { compare } from "./compare.ts";
import { type Directory, Model } from "./model.ts";

const read = 1, write = 2, create = 4, exclusive = 8;
let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });

const names = ["a", "b", "c", "d", "e f", "ß-ü-漢字", "x".repeat(255), "..."];
const targets = ["a", "b/c", "../d", "/a/b", "c/../a", "loop", "x".repeat(300)];

class Workload {
  readonly model = new Model();
  private readonly snapshots = new Map<string, Directory>();
  private opened: { path: string; handle: number } | null = null;

  constructor(private readonly bench: FilesystemBench, private readonly random: Random) {}

  /** One operation on both; their statuses must agree. */
  step(): void {
    const path = this.path();
    const tree = this.bench.tree;
    switch (this.random.below(20)) {
      case 0: case 1: case 2: return this.same(`create ${path}`, () => tree.close(tree.open(Buffer.from(path), write | create | exclusive, { mode: 0o640, owner: 7, group: 0 })), this.model.createFile(path, 0o640, 7));
      case 3: case 4: case 5: case 6: return this.writeSome(path);
      case 7: return this.truncateSome(path);
      case 8: case 9: return this.same(`mkdir ${path}`, () => tree.makeDirectory(Buffer.from(path), { mode: 0o711, owner: 3, group: 0 }), this.model.makeDirectory(path, 0o711, 3));
      case 10: case 11: return this.same(`remove ${path}`, () => tree.remove(Buffer.from(path)), this.model.remove(path, false));
      case 12: return this.same(`rmdir ${path}`, () => tree.removeDirectory(Buffer.from(path)), this.model.remove(path, true));
      case 13: case 14: case 15: {
        const to = this.path();
        return this.same(`rename ${path} ${to}`, () => tree.rename(Buffer.from(path), Buffer.from(to)), this.model.rename(path, to));
      }
      case 16: {
        const target = this.random.pick(targets);
        return this.same(`symlink ${path} → ${target}`, () => tree.symlink(Buffer.from(target), Buffer.from(path)), this.model.symlink(target, path));
      }
      case 17: return this.same(`chmod ${path}`, () => tree.setAttributes(Buffer.from(path), { mode: 0o4755 }), this.model.setMode(path, 0o4755));
      case 18: return this.random.below(4) === 0 ? this.snapshot() : this.bench.tree.sync();
      default: return this.random.below(6) === 0 ? this.rollback() : this.keepOpen(path);
    }
  }

  /** Forget the file kept open: before a remount its capability is gone, and a rollback may not meet unlinked files. */
  closeKept(): void {
    if (this.opened) this.bench.tree.close({ handle: this.opened.handle, attributes: null as never });
    this.opened = null;
    statusOf(() => this.bench.tree.lookup(Buffer.from("a"))); // the service gives up its own copies with the next request
  }

  private path(): string { return Array.from({ length: 1 + this.random.below(3) }, () => this.random.pick(names)).join("/"); }

  private same(what: string, run: () => unknown, expected: number): void { assert.equal(statusOf(run), expected, what); }

  private writeSome(path: string): void {
    const data = this.random.bytes(this.random.below(this.random.below(5) === 0 ? 200_000 : 3000));
    const offset = this.random.below(3) === 0 ? this.random.below(100_000) : 0;
    this.same(`write ${path}`, () => {
      const node = this.bench.tree.open(Buffer.from(path), write);
      this.bench.tree.buffer.set(data);
      this.bench.tree.writeFrom(node, offset, data.length);
      this.bench.tree.close(node);
    }, this.model.write(path, offset, data));
  }

  private truncateSome(path: string): void {
    const size = this.random.below(2) === 0 ? 0 : this.random.below(150_000);
    this.same(`truncate ${path}`, () => {
      const node = this.bench.tree.open(Buffer.from(path), write);
      this.bench.tree.truncate(node, size);
      this.bench.tree.close(node);
    }, this.model.truncate(path, size));
  }

  /** A file that stays open while others work on it by name, so that writers live on. */
  private keepOpen(path: string): void {
    this.closeKept();
    const place = this.model.resolve(path);
    if (typeof place === "number" || place.node?.kind !== "file") return;
    const { handle } = this.bench.tree.open(Buffer.from(path), read | write);
    this.opened = { path, handle };
  }

  private snapshot(): void {
    const name = `s${this.random.below(6)}`;
    const exists = this.snapshots.has(name);
    if (exists && this.random.below(2) === 0) {
      this.bench.client.snapshotDelete({ name: this.bench.tree.lend(Buffer.from(name)) });
      this.snapshots.delete(name);
      return;
    }
    this.same(`snapshot ${name}`, () => this.bench.client.snapshotCreate({ name: this.bench.tree.lend(Buffer.from(name)) }), exists ? 65 : 0);
    if (!exists) this.snapshots.set(name, this.model.copy());
  }

  private rollback(): void {
    this.closeKept();
    const name = `s${this.random.below(6)}`;
    const wanted = this.snapshots.get(name);
    const present = this.model.copy();
    let saved = "";
    this.same(`rollback ${name}`, () => {
      const { savedBytes } = this.bench.client.rollback({ name: this.bench.tree.lend(Buffer.from(name)), saved: this.bench.tree.lendBuffer(255) });
      saved = Buffer.from(this.bench.tree.buffer.slice(0, savedBytes)).toString();
    }, wanted ? 0 : 64);
    if (!wanted) return;
    this.snapshots.set(saved, present);
    this.model.root = structuredClone(wanted);
  }
}

function run(seed: number, rounds: number, steps: number): void {
  const bench = FilesystemBench.formatted(192);
  const random = new Random(seed);
  const work = new Workload(bench, random);
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < steps; step++) work.step();
    compare(bench, work.model.root, hash, true);
    work.closeKept();
    if (round % 3 === 1) bench.client.checkpoint();
    if (round % 4 === 2) bench.client.collect();
    bench.tree.sync();
    const root = hex(bench.client.describe().stateRoot);
    bench.remount();
    assert.equal(hex(bench.client.describe().stateRoot), root, "the same root after a remount");
    compare(bench, work.model.root, hash, round === rounds - 1);
    const report = bench.check();
    assert.deepEqual([report.problems, report.text, report.leakedBlocks], [0, "", 0]);
  }
  bench.close();
}

for (const seed of [1, 2, 3]) test(`random operations, seed ${seed}`, () => run(seed, 8, 250));
