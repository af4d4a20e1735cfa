// Generated from kernel-bindings/schema/content-store.ts by `npm run generate`. Objects under the BLAKE3 hash of their content, stored once and verified at every read.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 3;

/** essential: without it no checkpoint can be made, and no space comes back; it may have blocks of the reserve. */
export namespace StoreFlag {
  export const essential: u32 = 1;
}

/** Counts. */
export namespace StoreStatistics {
  export const SIZE: u32 = 64;
  export function objects(p: usize): u64 { return load<u64>(p); }
  export function setObjects(p: usize, value: u64): void { store<u64>(p, value); }
  export function groups(p: usize): u64 { return load<u64>(p, 8); }
  export function setGroups(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function interiors(p: usize): u64 { return load<u64>(p, 16); }
  export function setInteriors(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function storedBytes(p: usize): u64 { return load<u64>(p, 24); }
  export function setStoredBytes(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function duplicateObjects(p: usize): u64 { return load<u64>(p, 32); }
  export function setDuplicateObjects(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function duplicateGroups(p: usize): u64 { return load<u64>(p, 40); }
  export function setDuplicateGroups(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function usedBlocks(p: usize): u64 { return load<u64>(p, 48); }
  export function setUsedBlocks(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function reserved(p: usize): u64 { return load<u64>(p, 56); }
  export function setReserved(p: usize, value: u64): void { store<u64>(p, value, 56); }
}

/** Store the bytes as one object; `flags` are StoreFlag. 0 or −Status. */
export function callStore(endpoint: u32, flags: u32, dataSource: u32, dataAddress: usize, dataLength: u32): i32 {
  store<u32>(messageOut, 65539);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, flags, 16);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of store: getters for the caller, setters for the server. */
export namespace StoreReply {
  export function hash(): usize { return messageOut + 16; }
  export function setHash(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function duplicate(): u32 { return load<u32>(messageOut, 48); }
  export function setDuplicate(value: u32): void { store<u32>(messageIn, value, 48); }
}

/** Verified bytes of an object from `offsetBytes`; short at its end. 0 or −Status. */
export function callGet(endpoint: u32, hash: usize, offsetBytes: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 131075);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  memory.copy(messageOut + 16, hash, 32);
  store<u64>(messageOut, offsetBytes, 48);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of get: getters for the caller, setters for the server. */
export namespace GetReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Length of an object and the blocks it occupies. 0 or −Status. */
export function callDescribe(endpoint: u32, hash: usize): i32 {
  store<u32>(messageOut, 196611);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  memory.copy(messageOut + 16, hash, 32);
  return kernel.call(endpoint);
}
/** Reply of describe: getters for the caller, setters for the server. */
export namespace DescribeReply {
  export function lengthBytes(): u64 { return load<u64>(messageOut, 16); }
  export function setLengthBytes(value: u64): void { store<u64>(messageIn, value, 16); }
  export function blockCount(): u64 { return load<u64>(messageOut, 24); }
  export function setBlockCount(value: u64): void { store<u64>(messageIn, value, 24); }
}

/** A writer for a new version of an object (the empty object's hash for a new one); the capability answers the writer operations. 0 or −Status. */
export function callOpenWriter(endpoint: u32, base: usize): i32 {
  store<u32>(messageOut, 262147);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  memory.copy(messageOut + 16, base, 32);
  return kernel.call(endpoint);
}
/** Reply of openWriter: getters for the caller, setters for the server. */
export namespace OpenWriterReply {
  export function writer(): u32 { return load<u8>(messageOut, 13) > 0 ? load<u32>(messageOut, 128) : 0; }
  export function setWriter(value: u32): void { store<u32>(messageIn, value, 128); store<u8>(messageIn, 1, 13); }
}

/** Put bytes at an offset; a gap before them reads as zeros. 0 or −Status. */
export function callWriterWrite(endpoint: u32, offsetBytes: u64, dataSource: u32, dataAddress: usize, dataLength: u32): i32 {
  store<u32>(messageOut, 327683);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, offsetBytes, 16);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of writerWrite: getters for the caller, setters for the server. */
export namespace WriterWriteReply {
  export function lengthBytes(): u64 { return load<u64>(messageOut, 16); }
  export function setLengthBytes(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Bytes as the writer has them. 0 or −Status. */
export function callWriterRead(endpoint: u32, offsetBytes: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 393219);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, offsetBytes, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of writerRead: getters for the caller, setters for the server. */
export namespace WriterReadReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Cut or extend with zeros. 0 or −Status. */
export function callWriterTruncate(endpoint: u32, lengthBytes: u64): i32 {
  store<u32>(messageOut, 458755);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, lengthBytes, 16);
  return kernel.call(endpoint);
}

/** Store what the writer has as an object; the writer goes on from there. 0 or −Status. */
export function callWriterFinish(endpoint: u32): i32 {
  store<u32>(messageOut, 524291);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of writerFinish: getters for the caller, setters for the server. */
export namespace WriterFinishReply {
  export function hash(): usize { return messageOut + 16; }
  export function setHash(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function lengthBytes(): u64 { return load<u64>(messageOut, 48); }
  export function setLengthBytes(value: u64): void { store<u64>(messageIn, value, 48); }
}

/** Write out what is staged and attach the index changes to the open transaction. 0 or −Status. */
export function callPrepare(endpoint: u32): i32 {
  store<u32>(messageOut, 589827);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** Prepare, write the index out and set the root for the block service's checkpoint. 0 or −Status. */
export function callCheckpoint(endpoint: u32): i32 {
  store<u32>(messageOut, 655363);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** Format the block service below and start empty. 0 or −Status. */
export function callFormat(endpoint: u32, blockCount: u64, flags: u32): i32 {
  store<u32>(messageOut, 720899);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, blockCount, 16);
  store<u32>(messageOut, flags, 24);
  return kernel.call(endpoint);
}

/** Start marking: what is stored or matched from now on is kept. 0 or −Status. */
export function callCollectBegin(endpoint: u32): i32 {
  store<u32>(messageOut, 786435);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** Keep these objects; fresh[i] becomes 1 where hash i was not marked before. 0 or −Status. */
export function callCollectMark(endpoint: u32, count: u32, hashesSource: u32, hashesAddress: usize, hashesLength: u32, freshSource: u32, freshAddress: usize, freshLength: u32): i32 {
  store<u32>(messageOut, 851971);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, count, 16);
  store<u32>(messageOut, hashesSource, 64); store<u32>(messageOut, <u32>hashesAddress, 68); store<u32>(messageOut, hashesLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, freshSource, 80); store<u32>(messageOut, <u32>freshAddress, 84); store<u32>(messageOut, freshLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}

/** Free up to `limit` unmarked objects; remaining 0 ends the collection. 0 or −Status. */
export function callCollectSweep(endpoint: u32, limit: u32): i32 {
  store<u32>(messageOut, 917507);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u32>(messageOut, limit, 16);
  return kernel.call(endpoint);
}
/** Reply of collectSweep: getters for the caller, setters for the server. */
export namespace CollectSweepReply {
  export function freedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setFreedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
  export function freedObjects(): u32 { return load<u32>(messageOut, 24); }
  export function setFreedObjects(value: u32): void { store<u32>(messageIn, value, 24); }
  export function remaining(): u32 { return load<u32>(messageOut, 28); }
  export function setRemaining(value: u32): void { store<u32>(messageIn, value, 28); }
}

/** Verify a bounded number of stored extents against their hashes; cursor 0 starts and ends. 0 or −Status. */
export function callCheck(endpoint: u32, cursor: u32, limit: u32): i32 {
  store<u32>(messageOut, 983043);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u32>(messageOut, cursor, 16);
  store<u32>(messageOut, limit, 20);
  return kernel.call(endpoint);
}
/** Reply of check: getters for the caller, setters for the server. */
export namespace CheckReply {
  export function firstDamaged(): usize { return messageOut + 16; }
  export function setFirstDamaged(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function cursor(): u32 { return load<u32>(messageOut, 48); }
  export function setCursor(value: u32): void { store<u32>(messageIn, value, 48); }
  export function checked(): u32 { return load<u32>(messageOut, 52); }
  export function setChecked(value: u32): void { store<u32>(messageIn, value, 52); }
  export function damaged(): u32 { return load<u32>(messageOut, 56); }
  export function setDamaged(value: u32): void { store<u32>(messageIn, value, 56); }
}

/** Counts, a StoreStatistics. 0 or −Status. */
export function callStatistics(endpoint: u32, statisticsSource: u32, statisticsAddress: usize, statisticsLength: u32): i32 {
  store<u32>(messageOut, 1048579);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, statisticsSource, 64); store<u32>(messageOut, <u32>statisticsAddress, 68); store<u32>(messageOut, statisticsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Compare the index with the allocation: extents not allocated, extents that overlap, and the blocks the store owns. 0 or −Status. */
export function callRecount(endpoint: u32): i32 {
  store<u32>(messageOut, 1114115);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of recount: getters for the caller, setters for the server. */
export namespace RecountReply {
  export function ownedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setOwnedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
  export function notAllocated(): u64 { return load<u64>(messageOut, 24); }
  export function setNotAllocated(value: u64): void { store<u64>(messageIn, value, 24); }
  export function overlapping(): u64 { return load<u64>(messageOut, 32); }
  export function setOverlapping(value: u64): void { store<u64>(messageIn, value, 32); }
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Store the bytes as one object; `flags` are StoreFlag. */
  store(badge: u32, rights: u32, flags: u32, data: u32, dataLength: u32): u32 { return Status.Unsupported; }
  /** Verified bytes of an object from `offsetBytes`; short at its end. */
  get(badge: u32, rights: u32, hash: usize, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Length of an object and the blocks it occupies. */
  describe(badge: u32, rights: u32, hash: usize): u32 { return Status.Unsupported; }
  /** A writer for a new version of an object (the empty object's hash for a new one); the capability answers the writer operations. */
  openWriter(badge: u32, rights: u32, base: usize): u32 { return Status.Unsupported; }
  /** Put bytes at an offset; a gap before them reads as zeros. */
  writerWrite(badge: u32, rights: u32, offsetBytes: u64, data: u32, dataLength: u32): u32 { return Status.Unsupported; }
  /** Bytes as the writer has them. */
  writerRead(badge: u32, rights: u32, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Cut or extend with zeros. */
  writerTruncate(badge: u32, rights: u32, lengthBytes: u64): u32 { return Status.Unsupported; }
  /** Store what the writer has as an object; the writer goes on from there. */
  writerFinish(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Write out what is staged and attach the index changes to the open transaction. */
  prepare(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Prepare, write the index out and set the root for the block service's checkpoint. */
  checkpoint(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Format the block service below and start empty. */
  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 { return Status.Unsupported; }
  /** Start marking: what is stored or matched from now on is kept. */
  collectBegin(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Keep these objects; fresh[i] becomes 1 where hash i was not marked before. */
  collectMark(badge: u32, rights: u32, count: u32, hashes: u32, hashesLength: u32, fresh: u32, freshLength: u32): u32 { return Status.Unsupported; }
  /** Free up to `limit` unmarked objects; remaining 0 ends the collection. */
  collectSweep(badge: u32, rights: u32, limit: u32): u32 { return Status.Unsupported; }
  /** Verify a bounded number of stored extents against their hashes; cursor 0 starts and ends. */
  check(badge: u32, rights: u32, cursor: u32, limit: u32): u32 { return Status.Unsupported; }
  /** Counts, a StoreStatistics. */
  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 { return Status.Unsupported; }
  /** Compare the index with the allocation: extents not allocated, extents that overlap, and the blocks the store owns. */
  recount(badge: u32, rights: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.store(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 2:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.get(badge, rights, messageIn + 16, load<u64>(messageIn, 48), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 3:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.describe(badge, rights, messageIn + 16);
      case 4:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.openWriter(badge, rights, messageIn + 16);
      case 5:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writerWrite(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 6:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writerRead(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 7:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writerTruncate(badge, rights, load<u64>(messageIn, 16));
      case 8:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writerFinish(badge, rights);
      case 9:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.prepare(badge, rights);
      case 10:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.checkpoint(badge, rights);
      case 11:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.format(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      case 12:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.collectBegin(badge, rights);
      case 13:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.collectMark(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 14:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.collectSweep(badge, rights, load<u32>(messageIn, 16));
      case 15:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.check(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 20));
      case 16:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.statistics(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 17:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.recount(badge, rights);
      default: return Status.Unsupported;
    }
  }
}
