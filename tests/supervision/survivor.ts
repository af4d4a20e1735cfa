// A client that works on while services die under it, and remembers what it may rely on: every state that the tree has gone through since the last `sync` that answered Ok.
// Stays true: after PeerRestarted the tree must be in one of those states, or in the one that the call in flight leads to; without it, in the last. Anything else is a loss that nobody told of.
import assert from "node:assert/strict";
import type { Node } from "../../host/client/file-tree.ts";
import { walkTree } from "../../host/client/tree-walk.ts";
import { MemoryDisk, sectorBytes } from "../../host/devices/disk.ts";
import type { BootOptions } from "../../host/kernel/system.ts";
import { Status, statusNames } from "../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { FilesystemBench, MiB, Random } from "../filesystem/bench.ts";
import { readFile, writeFile } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
/** Path → content of a file (latin1), or what else is there. Snapshots are `snapshot NAME`. */
export type State = Map<string, string>;
const same = (left: State, right: State): boolean => left.size === right.size && [...left].every(([path, value]) => right.get(path) === value);

/** One call of the interface, and what it makes of a state. */
export interface Step {
  name: string;
  run(survivor: Survivor): void;
  effect(state: State): void;
  /** Everything before it is durable when it answers Ok. */
  syncs?: boolean;
}

/** Calls that a client makes for one step before it is said not to get on. */
const attemptLimit = 24;

export class Survivor {
  readonly bench: FilesystemBench;
  /** How often a call answered PeerRestarted. */
  told = 0;
  /** Statuses other than Ok and PeerRestarted, with the step that got them. */
  readonly refusals: string[] = [];
  /** States since the last sync, oldest first, each with the number of steps that lead to it. */
  private history: Array<{ position: number; state: State }>;
  /** All steps so far, those to come after `position` included. */
  private readonly all: Step[] = [];
  private position = 0;
  /** Held open over steps; null: to be opened again. */
  private held: Node | null = null;

  constructor(readonly disk: OverlayDisk, options: Partial<BootOptions> = {}) {
    this.bench = new FilesystemBench(disk, options);
    this.history = [{ position: 0, state: this.lookUntilSeen() }];
  }

  get present(): State { return this.history[this.history.length - 1]!.state; }

  /** The tree as it is, every byte of it. */
  look(): State {
    const state: State = new Map(), { tree } = this.bench;
    for (const { path, attributes, leaving } of walkTree(tree, new Uint8Array(0), tree.lookup(new Uint8Array(0)))) {
      if (leaving || path.length === 0) continue;
      const name = Buffer.from(path).toString();
      state.set(name, attributes.kind === 2 ? "directory" : Buffer.from(readFile(tree, name)).toString("latin1"));
    }
    for (const { name } of this.bench.hosted.snapshots.list()) state.set(`snapshot ${Buffer.from(name).toString()}`, "");
    return state;
  }

  /** Take these steps too, in order; and once more those that were lost: a client that was told goes on from what it finds. */
  run(more: readonly Step[]): void {
    this.all.push(...more);
    for (let attempts = 0; this.position < this.all.length;) {
      const step = this.all[this.position]!;
      const after = new Map(this.present);
      step.effect(after);
      const status = this.statusOf(() => step.run(this));
      if (status === Status.Ok) {
        this.position++;
        if (step.syncs) this.history.length = 0;
        this.history.push({ position: this.position, state: after });
        continue;
      }
      if (++attempts > attemptLimit) assert.fail(`${step.name} does not get done: ${this.refusals.join(", ")}`);
      if (status === Status.PeerRestarted) {
        this.told++;
        this.held = null;
        this.settle(step.name, after);
      } else this.refusals.push(`${step.name}: ${statusNames[status]}`);
    }
  }

  /** The open file of this path, which is kept open. */
  node(path: string): Node {
    this.held ??= this.bench.tree.open(bytes(path), 1 | 2);
    return this.held;
  }
  release(): void {
    if (this.held !== null) this.bench.tree.close(this.held);
    this.held = null;
  }

  /** What is found is one of the states that this client may be in: go on behind the steps that lead to it. */
  private settle(name: string, after: State): void {
    const actual = this.lookUntilSeen();
    if (same(actual, after)) this.history.push({ position: this.position + 1, state: actual });
    const index = this.history.findLastIndex(({ state }) => same(state, actual));
    if (index >= 0) {
      this.history.length = index + 1;
      this.position = this.history[index]!.position;
      return;
    }
    const last = this.present;
    const differences = [...new Set([...actual.keys(), ...last.keys()])].filter((path) => actual.get(path) !== last.get(path));
    assert.fail(`after ${name} the tree is in no state since the last sync; it differs from the last in ${differences.map((path) => `${path} (${actual.get(path)?.length} for ${last.get(path)?.length})`).join(", ")}`);
  }

  /** Looking is asked for again, too, when it is told of a restart. */
  private lookUntilSeen(): State {
    for (let attempt = 0; attempt < 8; attempt++) {
      let found: State | null = null;
      const status = this.statusOf(() => { found = this.look(); });
      if (found !== null) return found;
      assert.equal(status, Status.PeerRestarted, "looking at the tree");
      this.told++;
    }
    assert.fail("the services do not come back");
  }

  /** The end: nothing was lost in silence, check finds everything whole, and it is there after a start from the disk. The last step was a sync. */
  finish(): void {
    this.release();
    assert.ok(same(this.lookUntilSeen(), this.present), "after a sync the tree is not what the client knows");
    assert.equal(this.bench.check().text, "");
    this.bench.close();
    const later = new Survivor(this.disk);
    assert.ok(same(later.present, this.present), "what was synced is not there after a start");
    assert.equal(later.bench.check().text, "");
    later.bench.close();
  }

  private statusOf(run: () => void): number {
    try {
      run();
      return Status.Ok;
    } catch (error) {
      if (error instanceof StatusError) return error.status;
      throw error;
    }
  }
}

const random = new Random(0x5eed);
const noise = (lengthBytes: number): Uint8Array => random.bytes(lengthBytes);
const text = (content: Uint8Array): string => Buffer.from(content).toString("latin1");

export const steps = {
  sync: (): Step => ({ name: "sync", syncs: true, run: ({ bench }) => bench.tree.sync(), effect: () => {} }),
  checkpoint: (): Step => ({ name: "checkpoint", syncs: true, run: ({ bench }) => bench.client.checkpoint(), effect: () => {} }),
  collect: (): Step => ({ name: "collect", syncs: true, run: ({ bench }) => { bench.client.collect(); }, effect: () => {} }),
  check: (): Step => ({ name: "check", run: ({ bench }) => { assert.equal(bench.check().text, ""); }, effect: () => {} }),
  mkdir: (path: string): Step => ({
    name: `mkdir ${path}`, effect: (state) => { state.set(path, "directory"); },
    run: ({ bench }) => { if (bench.tree.find(bytes(path)) === null) bench.tree.makeDirectory(bytes(path)); },
  }),
  /** Make an empty file. */
  create: (path: string): Step => ({ name: `create ${path}`, effect: (state) => { state.set(path, ""); }, run: ({ bench }) => bench.tree.close(bench.tree.open(bytes(path), 2 | 4)) }),
  /** Write at an offset of a file that exists: one call. */
  write: (path: string, offset: number, lengthBytes: number): Step => {
    const content = noise(lengthBytes);
    return {
      name: `write ${path}`,
      effect: (state) => {
        const old = state.get(path)!.padEnd(offset, "\0");
        state.set(path, old.slice(0, offset) + text(content) + old.slice(offset + lengthBytes));
      },
      run: ({ bench: { tree } }) => {
        const node = tree.open(bytes(path), 2);
        try {
          tree.buffer.set(content);
          tree.writeFrom(node, offset, lengthBytes);
        } finally {
          tree.close(node);
        }
      },
    };
  },
  /** The same through a file that stays open. */
  writeHeld: (path: string, offset: number, lengthBytes: number): Step => {
    const content = noise(lengthBytes);
    return {
      name: `write open ${path}`,
      effect: (state) => {
        const old = state.get(path)!.padEnd(offset, "\0");
        state.set(path, old.slice(0, offset) + text(content) + old.slice(offset + lengthBytes));
      },
      run: (survivor) => {
        const node = survivor.node(path);
        survivor.bench.tree.buffer.set(content);
        survivor.bench.tree.writeFrom(node, offset, lengthBytes);
      },
    };
  },
  rename: (from: string, to: string): Step => ({
    name: `rename ${from}`, run: ({ bench }) => bench.tree.rename(bytes(from), bytes(to)),
    effect: (state) => { state.set(to, state.get(from)!); state.delete(from); },
  }),
  remove: (path: string): Step => ({ name: `remove ${path}`, run: ({ bench }) => bench.tree.remove(bytes(path)), effect: (state) => { state.delete(path); } }),
  snapshot: (name: string): Step => ({
    name: `snapshot ${name}`, effect: (state) => { state.set(`snapshot ${name}`, ""); },
    run: ({ bench }) => {
      if (![...bench.hosted.snapshots.list()].some((found) => Buffer.from(found.name).toString() === name)) bench.hosted.snapshots.create(bytes(name));
    },
  }),
  /** Once, however often the steps around it are taken. */
  kill: (service: string): Step => {
    let isDone = false;
    return {
      name: `kill ${service}`, effect: () => {},
      run: ({ bench }) => {
        if (!isDone) bench.hosted.system.kill(service);
        isDone = true;
      },
    };
  },
  dropSnapshot: (name: string): Step => ({ name: `drop ${name}`, run: ({ bench }) => { bench.hosted.snapshots.remove(bytes(name)); }, effect: (state) => { state.delete(`snapshot ${name}`); } }),
  diff: (from: string): Step => ({ name: `diff ${from}`, run: ({ bench }) => { assert.ok([...bench.hosted.snapshots.diff(bytes(from))].length > 0, "something changed"); }, effect: () => {} }),
};

/** Everything that the services have to get through: small and large files, files that stay open, names, snapshots, syncs, checkpoints, a collection. */
export function workload(): Step[] {
  return [
    steps.mkdir("d"), steps.create("d/small"), steps.write("d/small", 0, 3000), steps.sync(),
    steps.create("d/large"), steps.write("d/large", 0, 300_000), steps.write("old/1", 100, 50), steps.sync(),
    steps.writeHeld("d/large", 70_000, 5000), steps.rename("old/2", "d/moved"), steps.snapshot("s"), steps.writeHeld("d/large", 200_000, 150_000),
    steps.remove("old/3"), steps.checkpoint(), steps.write("d/small", 0, 3000), steps.diff("s"), steps.sync(),
    steps.create("d/third"), steps.write("d/third", 10, 70_000), steps.dropSnapshot("before"), steps.check(), steps.collect(), steps.writeHeld("d/large", 0, 10), steps.sync(),
  ];
}

let image: Uint8Array | null = null;
/** A disk with files, a snapshot and entries after its last checkpoint. */
export function sampleDisk<Kind extends OverlayDisk = OverlayDisk>(kind: new (base: Uint8Array) => Kind = OverlayDisk as new (base: Uint8Array) => Kind): Kind {
  if (image === null) {
    const disk = new MemoryDisk((64 * MiB) / sectorBytes);
    const bench = new FilesystemBench(disk);
    bench.client.format({ blockCount: 0n, flags: 0 });
    bench.tree.makeDirectory(bytes("old"));
    for (let index = 0; index < 12; index++) writeFile(bench.tree, `old/${index}`, noise(500 + 7000 * index));
    bench.hosted.snapshots.create(bytes("before"));
    for (let index = 6; index < 9; index++) bench.tree.remove(bytes(`old/${index}`));
    bench.tree.sync();
    bench.close();
    image = disk.bytes;
  }
  return new kind(image);
}
