// File tree: the filesystem of an open image as functions over paths and open files. Every call lends memory of the client domain
// that is set aside once: two paths, attributes and one transfer buffer, so bulk data moves between that buffer and the host without a copy.
// Stays true: paths given here are resolved (no `..`, no slash at either end); a node is closed by whoever opened it.
import {
  AttributeMask, type Attributes, attributesBytes, directoryRecordBytes, FilesystemClient, type FilesystemStatistics, filesystemStatisticsBytes, FileKind, OpenFlag, readAttributes,
  readDirectoryRecord, readFilesystemStatistics, RemoveFlag,
} from "../../kernel-bindings/generated/host/filesystem.ts";
import type { ClientPort, Lease } from "../../kernel-bindings/host/client-port.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { isPlainName, nameLimit, type Path, pathLimit } from "./path.ts";

export type { Attributes, FilesystemStatistics };
export { FileKind };

/** The client domain: its memory, and what it may do with it. */
export interface ClientDomain extends ClientPort {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  reserve(lengthBytes: number, alignment?: number): number;
  handle(name: string): number;
  readonly calls: { capability_drop(handle: number): number };
}

export interface Entry { name: Path; attributes: Attributes }
export interface Node { handle: number; attributes: Attributes }
export interface Creation { mode: number; owner: number; group: number }

export const transferBytes = 1 << 20;
const none: Lease = { address: 0, length: 0 };

export class FileTree {
  readonly client: FilesystemClient;
  /** The transfer buffer: what `readInto` fills and `writeFrom` takes. */
  readonly buffer: Uint8Array;
  private readonly bufferAddress: number;
  private readonly firstPath: number;
  private readonly secondPath: number;
  private readonly attributesAddress: number;
  private readonly listAddress: number;
  private static readonly listBytes = 1 << 17;

  constructor(private readonly domain: ClientDomain) {
    this.client = new FilesystemClient(domain, domain.handle("filesystem"));
    this.firstPath = domain.reserve(pathLimit);
    this.secondPath = domain.reserve(pathLimit);
    this.attributesAddress = domain.reserve(Math.max(attributesBytes, filesystemStatisticsBytes));
    this.listAddress = domain.reserve(FileTree.listBytes);
    this.bufferAddress = domain.reserve(transferBytes, 4096);
    this.buffer = domain.bytes.subarray(this.bufferAddress, this.bufferAddress + transferBytes);
  }

  lookup(path: Path): Attributes {
    this.client.lookup({ path: this.lend(path), attributes: this.attributesLease() });
    return this.attributes();
  }

  /** Null if there is nothing. */
  find(path: Path): Attributes | null {
    try {
      return this.lookup(path);
    } catch (error) {
      if (error instanceof StatusError && error.status === Status.NotFound) return null;
      throw error;
    }
  }

  open(path: Path, flags: number, creation: Creation = { mode: 0o644, owner: 0, group: 0 }): Node {
    const { node } = this.client.open({ flags, ...creation, path: this.lend(path), attributes: this.attributesLease() });
    return { handle: node, attributes: this.attributes() };
  }

  close(node: Node): void {
    this.domain.calls.capability_drop(node.handle);
  }

  /** Bytes read into the start of `buffer`; 0 at the end of the file. */
  readInto(node: Node, offsetBytes: number | bigint, lengthBytes: number = transferBytes): number {
    const file = new FilesystemClient(this.domain, node.handle);
    return file.read({ offsetBytes: BigInt(offsetBytes), buffer: { address: this.bufferAddress, length: Math.min(lengthBytes, transferBytes) } }).lengthBytes;
  }

  /** Writes the first `lengthBytes` of `buffer`, all of them. */
  writeFrom(node: Node, offsetBytes: number | bigint, lengthBytes: number): void {
    const file = new FilesystemClient(this.domain, node.handle);
    let done = 0;
    while (done < lengthBytes) {
      const written = file.write({ offsetBytes: BigInt(offsetBytes) + BigInt(done), flags: 0, data: { address: this.bufferAddress + done, length: lengthBytes - done } }).lengthBytes;
      if (written === 0) throw new StatusError(Status.NoSpace, "filesystem.write");
      done += written;
    }
  }

  truncate(node: Node, size: number | bigint): void {
    new FilesystemClient(this.domain, node.handle).truncate({ size: BigInt(size) });
  }

  /** The entries of a directory in name order. Others may use the tree between entries. */
  *list(path: Path): Generator<Entry> {
    let after: Path = new Uint8Array(0);
    for (;;) {
      const { entries, more } = this.listAfter(path, after);
      yield* entries;
      if (!more || entries.length === 0) return;
      after = entries[entries.length - 1]!.name;
    }
  }

  private listAfter(path: Path, after: Path): { entries: Entry[]; more: boolean } {
    const node = this.open(path, OpenFlag.read | OpenFlag.directory);
    try {
      const directory = new FilesystemClient(this.domain, node.handle);
      const { count, lengthBytes, more } = directory.list({ after: this.lend(after), buffer: { address: this.listAddress, length: FileTree.listBytes } });
      return { entries: this.readEntries(count, Math.min(lengthBytes, FileTree.listBytes)), more: more !== 0 };
    } finally {
      this.close(node);
    }
  }

  private readEntries(count: number, lengthBytes: number): Entry[] {
    const entries: Entry[] = [];
    let at = 0;
    for (let index = 0; index < count; index++) {
      const room = lengthBytes - at;
      if (room < directoryRecordBytes) throw new StatusError(Status.ProtocolBreach, "filesystem.list");
      const { recordBytes, nameBytes } = readDirectoryRecord(this.domain.view, this.listAddress + at);
      if (recordBytes > room || recordBytes < directoryRecordBytes + nameBytes || nameBytes > nameLimit) throw new StatusError(Status.ProtocolBreach, "filesystem.list");
      const start = this.listAddress + at;
      const name = this.domain.bytes.slice(start + directoryRecordBytes, start + directoryRecordBytes + nameBytes);
      if (!isPlainName(name)) throw new StatusError(Status.ProtocolBreach, "filesystem.list"); // a name with a slash would be another path
      entries.push({
        name, attributes: readAttributes(this.domain.view, start + directoryRecordBytes - attributesBytes),
      });
      at += recordBytes;
    }
    return entries;
  }

  makeDirectory(path: Path, creation: Creation = { mode: 0o755, owner: 0, group: 0 }): void {
    this.client.makeDirectory({ ...creation, path: this.lend(path) });
  }

  remove(path: Path): void {
    this.client.remove({ flags: 0, path: this.lend(path) });
  }

  removeDirectory(path: Path): void {
    this.client.remove({ flags: RemoveFlag.directory, path: this.lend(path) });
  }

  rename(from: Path, to: Path): void {
    this.client.rename({ flags: 0, from: this.lend(from), to: this.lendSecond(to) });
  }

  symlink(target: Path, path: Path, owner = 0, group = 0): void {
    this.client.symlink({ owner, group, target: this.lend(target), path: this.lendSecond(path) });
  }

  readLink(path: Path): Path {
    const { lengthBytes } = this.client.readLink({ path: this.lend(path), buffer: { address: this.secondPath, length: pathLimit } });
    return this.domain.bytes.slice(this.secondPath, this.secondPath + Math.min(lengthBytes, pathLimit));
  }

  setAttributes(path: Path, changes: { mode?: number; owner?: number; group?: number; modifiedNanoseconds?: bigint }): void {
    const mask = (changes.mode === undefined ? 0 : AttributeMask.mode) | (changes.owner === undefined ? 0 : AttributeMask.owner)
      | (changes.group === undefined ? 0 : AttributeMask.group) | (changes.modifiedNanoseconds === undefined ? 0 : AttributeMask.modified);
    this.client.setAttributes({
      mask, mode: changes.mode ?? 0, owner: changes.owner ?? 0, group: changes.group ?? 0, modifiedNanoseconds: changes.modifiedNanoseconds ?? 0n, path: this.lend(path),
    });
  }

  sync(): void {
    this.client.sync();
  }

  statistics(): FilesystemStatistics {
    this.client.statistics({ statistics: { address: this.attributesAddress, length: filesystemStatisticsBytes } });
    return readFilesystemStatistics(this.domain.view, this.attributesAddress);
  }

  /** Text lent for one call: in the memory of the first path. */
  lend(text: Path): Lease {
    return this.put(this.firstPath, text);
  }

  lendSecond(text: Path): Lease {
    return this.put(this.secondPath, text);
  }

  /** The transfer buffer as a lease, for services other than the filesystem. */
  lendBuffer(lengthBytes: number = transferBytes): Lease {
    return { address: this.bufferAddress, length: lengthBytes };
  }

  private put(address: number, text: Path): Lease {
    if (text.length === 0) return { ...none, address };
    if (text.length > pathLimit) throw new StatusError(Status.NameTooLong, "path");
    this.domain.bytes.set(text, address);
    return { address, length: text.length };
  }

  private attributesLease(): Lease {
    return { address: this.attributesAddress, length: attributesBytes };
  }

  private attributes(): Attributes {
    return readAttributes(this.domain.view, this.attributesAddress);
  }
}
