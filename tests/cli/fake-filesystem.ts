// A filesystem in the memory of a test, for the shell: the same interface, none of the storage. `broken` makes its replies lie.
import { createHash } from "node:crypto";
import { DomainContext, type TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { AttributeMask, FileKind, OpenFlag, RemoveFlag } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";

interface Node { inode: number; kind: number; mode: number; owner: number; group: number; content: Buffer; target: Buffer; modified: bigint }

/** Ways to break a listing: a record that is longer than the reply, one without a name, one that is shorter than its head. */
export type Breakage = "long record" | "no name" | "short record";

/** Operation numbers of the interface, and the method that serves each. */
const operations = { describe: 2, lookup: 3, openNode: 4, read: 5, write: 6, list: 8, makeDirectory: 9, remove: 10, rename: 11, symlink: 12, readLink: 13, setAttributes: 14, sync: 16, statistics: 17 };
const scratchBytes = 1 << 18;

export class FakeFilesystem implements TypeScriptDomain {
  readonly nodes = new Map<string, Node>();
  broken: Breakage | null = null;
  /** Answered by the next operation of this name. */
  readonly failures = new Map<keyof typeof operations, number>();
  /** What a directory lists, and what a path is: a test replaces these to make the image lie. */
  names: (path: string) => string[] = (path) => this.children(path);
  nodeOf: (path: string) => Node | undefined = (path) => this.nodes.get(path);
  syncs = 0;
  closedNodes = 0;
  private readonly open = new Map<number, string>();
  /** Our copy of the capability that the last reply carried: to be dropped, or its badge would never close. */
  private handedOut = 0;
  private nextInode = 1;
  private nextBadge = 1;
  private scratch = 0;

  constructor() {
    this.add("", FileKind.directory, 0o755);
  }

  start(context: DomainContext): void {
    this.scratch = context.reserve(scratchBytes);
  }

  add(path: string, kind: number, mode: number, content: Buffer | string = ""): Node {
    const node = { inode: this.nextInode++, kind, mode, owner: 0, group: 0, content: Buffer.from(content), target: Buffer.from(content), modified: 1_763_834_101_123_456_789n };
    this.nodes.set(path, node);
    return node;
  }

  receive(badge: number, _rights: number, context: DomainContext): number {
    const name = (Object.keys(operations) as Array<keyof typeof operations>).find((key) => operations[key] === context.operation);
    if (name === undefined) return Status.Unsupported;
    if (this.handedOut !== 0) context.calls.capability_drop(this.handedOut);
    this.handedOut = 0;
    const failure = this.failures.get(name);
    if (failure !== undefined) {
      this.failures.delete(name);
      return failure;
    }
    return this[name](context, badge);
  }

  get openCount(): number {
    return this.open.size;
  }

  closed(badge: number): void {
    if (this.open.delete(badge)) this.closedNodes++;
  }

  private text(context: DomainContext, lease: number): string {
    return this.bytes(context, lease).toString("latin1");
  }

  private bytes(context: DomainContext, lease: number): Buffer {
    const { handle, length } = context.lease(lease);
    context.calls.lease_read(handle, 0, this.scratch, length);
    return Buffer.from(context.bytes.slice(this.scratch, this.scratch + length));
  }

  private reply(context: DomainContext, lease: number, bytes: Uint8Array): number {
    const { handle, length } = context.lease(lease);
    const count = Math.min(length, bytes.length);
    context.bytes.set(bytes.subarray(0, count), this.scratch);
    context.calls.lease_write(handle, 0, this.scratch, count);
    return count;
  }

  /** The node, or why it cannot be reached. */
  private find(path: string): Node | number {
    const parts = path === "" ? [] : path.split("/");
    for (let count = 0; count < parts.length; count++) {
      const above = this.nodeOf(parts.slice(0, count).join("/"));
      if (above === undefined) return Status.NotFound;
      if (above.kind === FileKind.symlink) return Status.Loop;
      if (above.kind !== FileKind.directory) return Status.NotDirectory;
    }
    return this.nodeOf(path) ?? Status.NotFound;
  }

  private children(path: string): string[] {
    const prefix = path === "" ? "" : `${path}/`;
    return [...this.nodes.keys()].filter((key) => key !== "" && key.startsWith(prefix) && !key.slice(prefix.length).includes("/")).map((key) => key.slice(prefix.length)).sort();
  }

  private attributes(path: string, node: Node): Buffer {
    const bytes = Buffer.alloc(128);
    bytes.writeBigUInt64LE(BigInt(node.inode), 0);
    [node.kind, node.mode, node.owner, node.group, 1, 0].forEach((value, index) => bytes.writeUInt32LE(value, 8 + 4 * index));
    bytes.writeBigUInt64LE(BigInt(node.kind === FileKind.directory ? this.children(path).length : node.content.length), 32);
    for (const offset of [40, 48, 56]) bytes.writeBigUInt64LE(node.modified, offset);
    if (node.kind !== FileKind.directory) bytes.set(createHash("sha256").update(node.content).digest(), 64);
    return bytes;
  }

  describe(context: DomainContext): number {
    context.messageIn.setBigUint64(48, 7n, true);
    return Status.Ok;
  }

  lookup(context: DomainContext): number {
    const path = this.text(context, 0);
    const node = this.find(path);
    if (typeof node === "number") return node;
    this.reply(context, 1, this.attributes(path, node));
    return Status.Ok;
  }

  openNode(context: DomainContext): number {
    const flags = context.messageIn.getUint32(16, true);
    const path = this.text(context, 0);
    let node = this.find(path);
    if (node === Status.NotFound && (flags & OpenFlag.create) !== 0) node = this.add(path, FileKind.file, context.messageIn.getUint32(20, true));
    else if (typeof node === "number") return node;
    else if ((flags & OpenFlag.exclusive) !== 0) return Status.Exists;
    if ((flags & OpenFlag.truncate) !== 0) node.content = Buffer.alloc(0);
    if ((flags & OpenFlag.directory) !== 0 && node.kind !== FileKind.directory) return Status.NotDirectory;
    this.reply(context, 1, this.attributes(path, node));
    const badge = this.nextBadge++;
    this.open.set(badge, path);
    this.handedOut = context.calls.capability_mint(context.handle("self"), 255 | 256, badge);
    context.replyWith(this.handedOut);
    return Status.Ok;
  }

  read(context: DomainContext, badge: number): number {
    const offset = Number(context.messageIn.getBigUint64(16, true));
    const { content } = this.nodes.get(this.open.get(badge)!)!;
    context.messageIn.setUint32(16, this.reply(context, 0, content.subarray(offset)), true);
    return Status.Ok;
  }

  write(context: DomainContext, badge: number): number {
    const offset = Number(context.messageIn.getBigUint64(16, true));
    const node = this.nodes.get(this.open.get(badge)!)!;
    const data = this.bytes(context, 0);
    const content = Buffer.alloc(Math.max(node.content.length, offset + data.length));
    node.content.copy(content);
    data.copy(content, offset);
    node.content = content;
    context.messageIn.setBigUint64(16, BigInt(content.length), true);
    context.messageIn.setUint32(24, data.length, true);
    return Status.Ok;
  }

  /** Two entries at a time, so that every longer listing goes on by name. */
  list(context: DomainContext, badge: number): number {
    const path = this.open.get(badge)!;
    const after = this.text(context, 0);
    const names = this.names(path).filter((name) => name > after);
    const records = names.slice(0, 2).map((name) => this.record(path === "" ? name : `${path}/${name}`, name));
    const bytes = Buffer.concat(records);
    this.reply(context, 1, bytes);
    context.messageIn.setUint32(16, records.length, true);
    context.messageIn.setUint32(20, bytes.length, true);
    context.messageIn.setUint32(24, names.length > 2 ? 1 : 0, true);
    return Status.Ok;
  }

  private record(path: string, name: string): Buffer {
    const bytes = Buffer.alloc(Math.ceil((136 + name.length) / 8) * 8);
    bytes.writeUInt32LE(this.broken === "long record" ? bytes.length + 4096 : this.broken === "short record" ? 8 : bytes.length, 0);
    bytes.writeUInt32LE(this.broken === "no name" ? 0 : name.length, 4);
    this.attributes(path, this.nodeOf(path)!).copy(bytes, 8);
    bytes.write(name, 136, "latin1");
    return bytes;
  }

  makeDirectory(context: DomainContext): number {
    const path = this.text(context, 0);
    const above = this.find(path.split("/").slice(0, -1).join("/"));
    if (typeof above === "number") return above;
    if (this.nodes.has(path)) return Status.Exists;
    this.add(path, FileKind.directory, context.messageIn.getUint32(16, true));
    return Status.Ok;
  }

  remove(context: DomainContext): number {
    const flags = context.messageIn.getUint32(16, true);
    const path = this.text(context, 0);
    const node = this.find(path);
    if (typeof node === "number") return node;
    if (node.kind === FileKind.directory && (flags & RemoveFlag.directory) === 0) return Status.IsDirectory;
    if (this.children(path).length > 0 && node.kind === FileKind.directory) return Status.NotEmpty;
    this.nodes.delete(path);
    return Status.Ok;
  }

  rename(context: DomainContext): number {
    const [from, to] = [this.text(context, 0), this.text(context, 1)];
    const node = this.find(from);
    if (typeof node === "number") return node;
    const parent = this.find(to.slice(0, Math.max(to.lastIndexOf("/"), 0)));
    if (typeof parent === "number") return parent;
    for (const [path, moved] of [...this.nodes]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.nodes.delete(path);
      this.nodes.set(to + path.slice(from.length), moved);
    }
    return Status.Ok;
  }

  symlink(context: DomainContext): number {
    this.add(this.text(context, 1), FileKind.symlink, 0o777, this.bytes(context, 0));
    return Status.Ok;
  }

  readLink(context: DomainContext): number {
    const node = this.find(this.text(context, 0));
    if (typeof node === "number") return node;
    if (node.kind !== FileKind.symlink) return Status.InvalidArgument;
    context.messageIn.setUint32(16, this.reply(context, 1, node.target), true);
    return Status.Ok;
  }

  setAttributes(context: DomainContext): number {
    const node = this.find(this.text(context, 0));
    if (typeof node === "number") return node;
    const mask = context.messageIn.getUint32(24, true);
    if ((mask & AttributeMask.mode) !== 0) node.mode = context.messageIn.getUint32(28, true);
    if ((mask & AttributeMask.modified) !== 0) node.modified = context.messageIn.getBigUint64(16, true);
    return Status.Ok;
  }

  sync(): number {
    this.syncs++;
    return Status.Ok;
  }

  statistics(context: DomainContext): number {
    const bytes = Buffer.alloc(128);
    const counts = [262144n, 260000n, 0n, 3n, 2n, 5000n, 7n, 1n, 4000n, 9n, 1n];
    counts.forEach((value, index) => bytes.writeBigUInt64LE(value, index * 8));
    bytes.writeUInt32LE(4096, 92);
    this.reply(context, 0, bytes);
    return Status.Ok;
  }
}
