// Generated from kernel-bindings/schema/snapshots.ts by `npm run generate`. Snapshots: create, list, compare, roll back, delete.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 6;

/** What happened to a path. */
export namespace Change {
  export const added: u32 = 1;
  export const removed: u32 = 2;
  export const modified: u32 = 3;
  export const renamed: u32 = 4;
}

/** Head of a change; the path (or the old path) and, for a rename, the new path follow; padded to 8. */
export namespace ChangeRecord {
  export const SIZE: u32 = 16;
  export function recordBytes(p: usize): u32 { return load<u32>(p); }
  export function setRecordBytes(p: usize, value: u32): void { store<u32>(p, value); }
  export function change(p: usize): u16 { return load<u16>(p, 4); }
  export function setChange(p: usize, value: u16): void { store<u16>(p, value, 4); }
  export function kind(p: usize): u16 { return load<u16>(p, 6); }
  export function setKind(p: usize, value: u16): void { store<u16>(p, value, 6); }
  export function pathBytes(p: usize): u32 { return load<u32>(p, 8); }
  export function setPathBytes(p: usize, value: u32): void { store<u32>(p, value, 8); }
  export function newPathBytes(p: usize): u32 { return load<u32>(p, 12); }
  export function setNewPathBytes(p: usize, value: u32): void { store<u32>(p, value, 12); }
}

/** Name the present state. 0 or −Status. */
export function callCreate(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32): i32 {
  store<u32>(messageOut, 65542);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of create: getters for the caller, setters for the server. */
export namespace CreateReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** SnapshotRecords (interface filesystem) after the given name. 0 or −Status. */
export function callList(endpoint: u32, afterSource: u32, afterAddress: usize, afterLength: u32, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 131078);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, afterSource, 64); store<u32>(messageOut, <u32>afterAddress, 68); store<u32>(messageOut, afterLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, bufferSource, 80); store<u32>(messageOut, <u32>bufferAddress, 84); store<u32>(messageOut, bufferLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of list: getters for the caller, setters for the server. */
export namespace ListReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 20); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 20); }
  export function more(): u32 { return load<u32>(messageOut, 24); }
  export function setMore(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Make the tree what the snapshot holds, keeping the present one under a name that is returned. 0 or −Status. */
export function callRollback(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32, savedSource: u32, savedAddress: usize, savedLength: u32): i32 {
  store<u32>(messageOut, 196614);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, savedSource, 80); store<u32>(messageOut, <u32>savedAddress, 84); store<u32>(messageOut, savedLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of rollback: getters for the caller, setters for the server. */
export namespace RollbackReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
  export function savedBytes(): u32 { return load<u32>(messageOut, 24); }
  export function setSavedBytes(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Delete a snapshot. 0 or −Status. */
export function callRemove(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32): i32 {
  store<u32>(messageOut, 262150);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of remove: getters for the caller, setters for the server. */
export namespace RemoveReply {
  export function freedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setFreedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Compare a snapshot with another, or with the live tree when `to` is empty. 0 or −Status. */
export function callDiffBegin(endpoint: u32, fromSource: u32, fromAddress: usize, fromLength: u32, toSource: u32, toAddress: usize, toLength: u32): i32 {
  store<u32>(messageOut, 327686);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, fromSource, 64); store<u32>(messageOut, <u32>fromAddress, 68); store<u32>(messageOut, fromLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, toSource, 80); store<u32>(messageOut, <u32>toAddress, 84); store<u32>(messageOut, toLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}
/** Reply of diffBegin: getters for the caller, setters for the server. */
export namespace DiffBeginReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function nodesRead(): u32 { return load<u32>(messageOut, 20); }
  export function setNodesRead(value: u32): void { store<u32>(messageIn, value, 20); }
}

/** ChangeRecords of the last diffBegin, in path order, from `cursor`; more 0 ends. 0 or −Status. */
export function callDiffNext(endpoint: u32, cursor: u32, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 393222);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, cursor, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of diffNext: getters for the caller, setters for the server. */
export namespace DiffNextReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 20); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 20); }
  export function cursor(): u32 { return load<u32>(messageOut, 24); }
  export function setCursor(value: u32): void { store<u32>(messageIn, value, 24); }
  export function more(): u32 { return load<u32>(messageOut, 28); }
  export function setMore(value: u32): void { store<u32>(messageIn, value, 28); }
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Name the present state. */
  create(badge: u32, rights: u32, name: u32, nameLength: u32): u32 { return Status.Unsupported; }
  /** SnapshotRecords (interface filesystem) after the given name. */
  list(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Make the tree what the snapshot holds, keeping the present one under a name that is returned. */
  rollback(badge: u32, rights: u32, name: u32, nameLength: u32, saved: u32, savedLength: u32): u32 { return Status.Unsupported; }
  /** Delete a snapshot. */
  remove(badge: u32, rights: u32, name: u32, nameLength: u32): u32 { return Status.Unsupported; }
  /** Compare a snapshot with another, or with the live tree when `to` is empty. */
  diffBegin(badge: u32, rights: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 { return Status.Unsupported; }
  /** ChangeRecords of the last diffBegin, in path order, from `cursor`; more 0 ends. */
  diffNext(badge: u32, rights: u32, cursor: u32, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.create(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 2:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.list(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 3:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.rollback(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 4:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.remove(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 5:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.diffBegin(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 6:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.diffNext(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      default: return Status.Unsupported;
    }
  }
}
