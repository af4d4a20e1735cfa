// Snapshots of an open image: names for states, and what changed between two of them.
import { readSnapshotRecord, snapshotRecordBytes } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Change, changeRecordBytes, readChangeRecord, SnapshotsClient } from "../../kernel-bindings/generated/host/snapshots.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { type ClientDomain, type FileTree, transferBytes } from "./file-tree.ts";
import { nameLimit, type Path } from "./path.ts";

export interface Snapshot { name: Path; height: bigint; timeNanoseconds: bigint; tree: Uint8Array }
export interface TreeChange { change: "added" | "removed" | "modified" | "renamed"; kind: number; path: Path; newPath: Path | null }

const changeNames = new Map<number, TreeChange["change"]>(Object.entries(Change).map(([name, value]) => [value, name as TreeChange["change"]]));

export class Snapshots {
  private readonly client: SnapshotsClient;

  constructor(private readonly domain: ClientDomain, private readonly tree: FileTree) {
    this.client = new SnapshotsClient(domain, domain.handle("snapshots"));
  }

  create(name: Path): bigint {
    return this.client.create({ name: this.tree.lend(name) }).height;
  }

  /** The name under which the replaced tree is kept. */
  rollback(name: Path): { height: bigint; saved: Path } {
    const saved = this.tree.lendBuffer(nameLimit);
    const { height, savedBytes } = this.client.rollback({ name: this.tree.lend(name), saved });
    return { height, saved: this.tree.buffer.slice(0, Math.min(savedBytes, nameLimit)) };
  }

  remove(name: Path): bigint {
    return this.client.remove({ name: this.tree.lend(name) }).freedBlocks;
  }

  *list(): Generator<Snapshot> {
    let after: Path = new Uint8Array(0);
    for (;;) {
      const { lengthBytes, more } = this.client.list({ after: this.tree.lend(after), buffer: this.tree.lendBuffer() });
      const records = this.readSnapshots(Math.min(lengthBytes, transferBytes));
      yield* records;
      if (more === 0 || records.length === 0) return;
      after = records[records.length - 1]!.name;
    }
  }

  private readSnapshots(lengthBytes: number): Snapshot[] {
    const records: Snapshot[] = [];
    for (const [at, recordBytes] of this.records(lengthBytes, snapshotRecordBytes)) {
      const { nameBytes, height, timeNanoseconds, tree } = readSnapshotRecord(this.domain.view, at);
      if (nameBytes > recordBytes - snapshotRecordBytes) throw new StatusError(Status.ProtocolBreach, "snapshots.list");
      records.push({ name: this.domain.bytes.slice(at + snapshotRecordBytes, at + snapshotRecordBytes + nameBytes), height, timeNanoseconds, tree });
    }
    return records;
  }

  /** What must happen to `from` to become `to`; without `to`, the live tree. In path order. */
  *diff(from: Path, to: Path = new Uint8Array(0)): Generator<TreeChange> {
    this.client.diffBegin({ from: this.tree.lend(from), to: this.tree.lendSecond(to) });
    let cursor = 0;
    for (;;) {
      const reply = this.client.diffNext({ cursor, buffer: this.tree.lendBuffer() });
      const changes = this.readChanges(Math.min(reply.lengthBytes, transferBytes));
      cursor = reply.cursor;
      yield* changes;
      if (reply.more === 0 || changes.length === 0) return;
    }
  }

  private readChanges(lengthBytes: number): TreeChange[] {
    const changes: TreeChange[] = [];
    for (const [at, recordBytes] of this.records(lengthBytes, changeRecordBytes)) {
      const { change, kind, pathBytes, newPathBytes } = readChangeRecord(this.domain.view, at);
      const room = recordBytes - changeRecordBytes;
      const name = changeNames.get(change);
      if (pathBytes > room || newPathBytes > room - pathBytes || name === undefined) throw new StatusError(Status.ProtocolBreach, "snapshots.diffNext");
      const start = at + changeRecordBytes;
      changes.push({
        change: name, kind, path: this.absolute(start, pathBytes), newPath: name === "renamed" ? this.absolute(start + pathBytes, newPathBytes) : null,
      });
    }
    return changes;
  }

  /** A path without the slash before it, whether or not the service puts one. */
  private absolute(address: number, lengthBytes: number): Path {
    const path = this.domain.bytes.slice(address, address + lengthBytes);
    return path[0] === 0x2f ? path.subarray(1) : path;
  }

  /** [address, recordBytes] of the records in the transfer buffer; each begins with its length and lies whole inside. */
  private *records(lengthBytes: number, leastBytes: number): Generator<[number, number]> {
    const start = this.tree.lendBuffer().address;
    let at = 0;
    while (at < lengthBytes) {
      const room = lengthBytes - at;
      const recordBytes = room < leastBytes ? 0 : this.domain.view.getUint32(start + at, true);
      if (recordBytes < leastBytes || recordBytes > room) throw new StatusError(Status.ProtocolBreach, "snapshots");
      yield [start + at, recordBytes];
      at += recordBytes;
    }
  }
}
