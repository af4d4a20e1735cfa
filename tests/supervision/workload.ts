// The workload of the kill campaign: a list of small operations on the filesystem, each with what it does to a model of the tree. State i is what the model
// holds after the first i operations; it is compared by its key, so that what a restart left can be found in the list: which state is this?
// Stays true: an operation changes the tree in one call, so that no state lies between two neighbours of the list.
import { createHash } from "node:crypto";
import { FileKind, type FileTree, type Node } from "../../host/client/file-tree.ts";
import type { Snapshots } from "../../host/client/snapshots.ts";
import { walkTree } from "../../host/client/tree-walk.ts";
import type { Client } from "../../host/kernel/typescript-domain.ts";
import type { System } from "../../host/kernel/system.ts";
import { OpenFlag } from "../../kernel-bindings/generated/host/filesystem.ts";
import { MailboxClient } from "../../kernel-bindings/generated/host/mailbox.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { bytes, readFile } from "../support/hosted.ts";

/** The host's own in services/system.json. */
const hostBadge = 2;

/** Path → content, or null for a directory; a snapshot is `@NAME`. */
export type Model = ReadonlyMap<string, Buffer | null>;
const keyOf = (entries: Iterable<[string, string]>): string => createHash("sha256").update([...entries].map((entry) => entry.join("\0")).sort().join("\n")).digest("hex");
const contentKey = (content: Uint8Array | null): string => (content === null ? "directory" : createHash("sha256").update(content).digest("hex"));
export const modelKey = (model: Model): string => keyOf([...model].map(([path, content]) => [path, contentKey(content)]));

/** The program's side: the services that it talks to and the files that it keeps open. */
export class Program {
  readonly mailbox: MailboxClient;
  private readonly nodes = new Map<string, Node>();

  constructor(readonly system: System, readonly client: Client, readonly tree: FileTree, readonly snapshots: Snapshots) {
    this.mailbox = new MailboxClient(client, client.handle("mailbox"));
  }

  /** The file, opened for writing the first time it is asked for. */
  node(path: string, flags: number = OpenFlag.read | OpenFlag.write): Node {
    let node = this.nodes.get(path);
    if (node === undefined) this.nodes.set(path, node = this.tree.open(bytes(path), flags));
    return node;
  }
  close(path: string): void {
    const node = this.nodes.get(path);
    if (node !== undefined) this.tree.close(node);
    this.nodes.delete(path);
  }
  /** A restarted service knows no handle of before. */
  closeAll(): void {
    for (const path of [...this.nodes.keys()]) this.close(path);
  }

  /** The key of everything that is there, read byte for byte. */
  observe(): string {
    const found: Array<[string, string]> = [];
    for (const { path, attributes, leaving } of walkTree(this.tree, new Uint8Array(0), this.tree.lookup(new Uint8Array(0)))) {
      if (leaving || path.length === 0) continue;
      const name = Buffer.from(path).toString();
      found.push([name, contentKey(attributes.kind === FileKind.directory ? null : readFile(this.tree, name))]);
    }
    for (const { name } of this.snapshots.list()) found.push([`@${Buffer.from(name).toString()}`, contentKey(null)]);
    return keyOf(found);
  }
}

export interface Operation {
  name: string;
  /** `model` is what should be there before it. */
  run(program: Program, model: Model): void;
  /** Absent: the operation changes nothing. */
  change?(model: Map<string, Buffer | null>): void;
  isSync?: boolean;
}

/** Bytes that repeat nowhere: another seed, other content. */
function content(seed: number, lengthBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let part = 0; part * 32 < lengthBytes; part++) parts.push(createHash("sha256").update(`${seed} ${part}`).digest());
  return Buffer.concat(parts).subarray(0, lengthBytes);
}
function expectSame(what: string, found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(found, expected) !== 0) throw new Error(`${what} holds ${found.length} other bytes than were written (${expected.length})`);
}

const create = (path: string): Operation => ({
  name: `create ${path}`, run: (program) => { program.node(path, OpenFlag.read | OpenFlag.write | OpenFlag.create); }, change: (model) => { model.set(path, Buffer.alloc(0)); },
});
const write = (path: string, offset: number, data: Buffer): Operation => ({
  name: `write ${path} ${offset}+${data.length}`,
  run: (program) => {
    const node = program.node(path);
    program.tree.buffer.set(data);
    program.tree.writeFrom(node, offset, data.length);
  },
  change: (model) => {
    const old = model.get(path)!;
    const grown = Buffer.concat([old, Buffer.alloc(Math.max(0, offset + data.length - old.length))]);
    data.copy(grown, offset);
    model.set(path, grown);
  },
});
const truncate = (path: string, size: number): Operation => ({
  name: `truncate ${path} ${size}`, run: (program) => program.tree.truncate(program.node(path), size),
  change: (model) => { model.set(path, Buffer.concat([model.get(path)!, Buffer.alloc(size)]).subarray(0, size)); },
});
const makeDirectory = (path: string): Operation => ({ name: `mkdir ${path}`, run: ({ tree }) => tree.makeDirectory(bytes(path)), change: (model) => { model.set(path, null); } });
const remove = (path: string): Operation => ({ name: `rm ${path}`, run: ({ tree }) => tree.remove(bytes(path)), change: (model) => { model.delete(path); } });
const rename = (from: string, to: string): Operation => ({
  name: `mv ${from} ${to}`,
  run: (program) => {
    program.close(from);
    program.close(to);
    program.tree.rename(bytes(from), bytes(to));
  },
  change: (model) => {
    model.set(to, model.get(from)!);
    model.delete(from);
  },
});
const close = (path: string): Operation => ({ name: `close ${path}`, run: (program) => program.close(path) });
const sync = (): Operation => ({ name: "sync", run: ({ tree }) => tree.sync(), isSync: true });
const snapshot = (name: string): Operation => ({ name: `snapshot ${name}`, run: ({ snapshots }) => { snapshots.create(bytes(name)); }, change: (model) => { model.set(`@${name}`, null); } });
const forget = (name: string): Operation => ({ name: `forget ${name}`, run: ({ snapshots }) => { snapshots.remove(bytes(name)); }, change: (model) => { model.delete(`@${name}`); } });
const difference = (name: string): Operation => ({
  name: `diff ${name}`, run: ({ snapshots }) => { if ([...snapshots.diff(bytes(name))].length === 0) throw new Error(`there is no difference to ${name}`); },
});
const checkpoint = (): Operation => ({ name: "checkpoint", run: ({ tree }) => tree.client.checkpoint() });
/** Time passes: timers and background work. */
const rest = (): Operation => ({
  name: "rest",
  run: ({ system }) => {
    system.kernel.parts.clock.sleep(1e9);
    system.turn();
  },
});
const read = (path: string): Operation => ({ name: `read ${path}`, run: ({ tree }, model) => expectSame(path, readFile(tree, path), model.get(path)!) });
/** A letter to oneself: a capability goes through the mailbox, and works when it comes back. */
const mail = (path: string): Operation => ({
  name: `mail ${path}`,
  run: (program, model) => {
    const { client, mailbox, tree } = program;
    try { mailbox.withdraw({ tag: 1n, recipient: hostBadge }); } catch (error) { if (!(error instanceof StatusError) || error.status !== Status.NotFound) throw error; }
    mailbox.leave({ tag: 1n, recipient: hostBadge, capability: program.node(path).handle });
    const { capability } = mailbox.take({ tag: 1n });
    try {
      const length = tree.readInto({ handle: capability, attributes: program.node(path).attributes }, 0);
      expectSame(path, tree.buffer.subarray(0, length), model.get(path)!);
    } finally {
      client.calls.capability_drop(capability);
    }
  },
});

export const operations: readonly Operation[] = [
  makeDirectory("notes"), create("notes/short"), write("notes/short", 0, content(1, 3000)), create("large"), write("large", 0, content(2, 150_000)), sync(),
  write("large", 70_000, content(3, 4096)), create("notes/more"), write("notes/more", 0, content(4, 20_000)), rename("notes/short", "notes/renamed"), rest(), read("large"), sync(),
  snapshot("one"), truncate("large", 100_000), write("large", 200_000, content(5, 5000)), mail("notes/renamed"), remove("notes/more"), close("large"), sync(), read("large"),
  create("replaced"), write("replaced", 0, content(6, 9000)), rename("replaced", "notes/renamed"), difference("one"), rest(), checkpoint(), write("notes/renamed", 100, content(7, 100)),
  makeDirectory("deep"), makeDirectory("deep/er"), create("deep/er/file"), write("deep/er/file", 0, content(2, 66_000)), sync(), snapshot("two"), forget("one"), sync(),
  write("deep/er/file", 1000, content(8, 1000)), read("notes/renamed"), read("deep/er/file"), sync(),
];

/** Model and key before the first operation, after the first, … */
export function models(): Array<{ model: Model; key: string }> {
  let model = new Map<string, Buffer | null>();
  const found = [{ model: model as Model, key: modelKey(model) }];
  for (const { change } of operations) {
    model = new Map(model);
    change?.(model);
    found.push({ model, key: modelKey(model) });
  }
  return found;
}
