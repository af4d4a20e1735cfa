// Generated from kernel-bindings/schema/snapshots.ts by `npm run generate`. Snapshots: create, list, compare, roll back, delete.
import { type ClientPort, type Lease, StatusError, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 6;
/** What happened to a path. */
export const Change = { added: 1, removed: 2, modified: 3, renamed: 4 } as const;

/** Head of a change; the path (or the old path) and, for a rename, the new path follow; padded to 8. */
export interface ChangeRecord { recordBytes: number; change: number; kind: number; pathBytes: number; newPathBytes: number }
export const changeRecordBytes = 16;
export function readChangeRecord(view: DataView, offset: number): ChangeRecord {
  return { recordBytes: view.getUint32(offset + 0, true), change: view.getUint16(offset + 4, true), kind: view.getUint16(offset + 6, true), pathBytes: view.getUint32(offset + 8, true), newPathBytes: view.getUint32(offset + 12, true) };
}

export class SnapshotsClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Name the present state. */
  create(request: { name: Lease }): { height: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 65542, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.name, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.create");
    return { height: view.getBigUint64(16, true) };
  }
  /** SnapshotRecords (interface filesystem) after the given name. */
  list(request: { after: Lease; buffer: Lease }): { count: number; lengthBytes: number; more: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 131078, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.after, 1);
    writeLease(view, 80, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.list");
    return { count: view.getUint32(16, true), lengthBytes: view.getUint32(20, true), more: view.getUint32(24, true) };
  }
  /** Make the tree what the snapshot holds, keeping the present one under a name that is returned. */
  rollback(request: { name: Lease; saved: Lease }): { height: bigint; savedBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 196614, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.name, 1);
    writeLease(view, 80, request.saved, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.rollback");
    return { height: view.getBigUint64(16, true), savedBytes: view.getUint32(24, true) };
  }
  /** Delete a snapshot. */
  remove(request: { name: Lease }): { freedBlocks: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 262150, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.name, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.remove");
    return { freedBlocks: view.getBigUint64(16, true) };
  }
  /** Compare a snapshot with another, or with the live tree when `to` is empty. */
  diffBegin(request: { from: Lease; to: Lease }): { count: number; nodesRead: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 327686, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.from, 1);
    writeLease(view, 80, request.to, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.diffBegin");
    return { count: view.getUint32(16, true), nodesRead: view.getUint32(20, true) };
  }
  /** ChangeRecords of the last diffBegin, in path order, from `cursor`; more 0 ends. */
  diffNext(request: { cursor: number; buffer: Lease }): { count: number; lengthBytes: number; cursor: number; more: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 393222, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setUint32(16, request.cursor, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "snapshots.diffNext");
    return { count: view.getUint32(16, true), lengthBytes: view.getUint32(20, true), cursor: view.getUint32(24, true), more: view.getUint32(28, true) };
  }
}
