// Generated from kernel-bindings/schema/axiom.ts by `npm run generate`. The ordered, append-only, BLAKE3 hash-chained log of metadata changes.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 4;

/** What an entry says. Payload layouts: docs/formats/axiom.md and docs/formats/filesystem.md. */
export namespace EntryType {
  export const genesis: u32 = 1;
  export const stateRoot: u32 = 2;
  export const create: u32 = 16;
  export const setContent: u32 = 17;
  export const remove: u32 = 18;
  export const rename: u32 = 19;
  export const setAttributes: u32 = 20;
  export const snapshotCreate: u32 = 32;
  export const snapshotDelete: u32 = 33;
  export const rollback: u32 = 34;
}

/** How to commit. */
export namespace ProposeFlag {
  export const durable: u32 = 1;
}

/** Head of a proposal in a batch; `payloadBytes` bytes of payload follow, padded to 8. */
export namespace Proposal {
  export const SIZE: u32 = 32;
  export function type(p: usize): u16 { return load<u16>(p); }
  export function setType(p: usize, value: u16): void { store<u16>(p, value); }
  export function flags(p: usize): u16 { return load<u16>(p, 2); }
  export function setFlags(p: usize, value: u16): void { store<u16>(p, value, 2); }
  export function payloadBytes(p: usize): u32 { return load<u32>(p, 4); }
  export function setPayloadBytes(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function timeNanoseconds(p: usize): u64 { return load<u64>(p, 8); }
  export function setTimeNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function idempotencyKey(p: usize): u64 { return load<u64>(p, 16); }
  export function setIdempotencyKey(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function reserved(p: usize): u64 { return load<u64>(p, 24); }
  export function setReserved(p: usize, value: u64): void { store<u64>(p, value, 24); }
}

/** Head of an entry; its hash is BLAKE3 of these bytes. The payload follows, padded to 8. */
export namespace Entry {
  export const SIZE: u32 = 112;
  export function height(p: usize): u64 { return load<u64>(p); }
  export function setHeight(p: usize, value: u64): void { store<u64>(p, value); }
  export function previous(p: usize): usize { return p + 8; }
  export function setPrevious(p: usize, value: usize): void { memory.copy(p + 8, value, 32); }
  export function payloadHash(p: usize): usize { return p + 40; }
  export function setPayloadHash(p: usize, value: usize): void { memory.copy(p + 40, value, 32); }
  export function timeNanoseconds(p: usize): u64 { return load<u64>(p, 72); }
  export function setTimeNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 72); }
  export function idempotencyKey(p: usize): u64 { return load<u64>(p, 80); }
  export function setIdempotencyKey(p: usize, value: u64): void { store<u64>(p, value, 80); }
  export function type(p: usize): u16 { return load<u16>(p, 88); }
  export function setType(p: usize, value: u16): void { store<u16>(p, value, 88); }
  export function flags(p: usize): u16 { return load<u16>(p, 90); }
  export function setFlags(p: usize, value: u16): void { store<u16>(p, value, 90); }
  export function payloadBytes(p: usize): u32 { return load<u32>(p, 92); }
  export function setPayloadBytes(p: usize, value: u32): void { store<u32>(p, value, 92); }
  export function reserved(p: usize): u64 { return load<u64>(p, 96); }
  export function setReserved(p: usize, value: u64): void { store<u64>(p, value, 96); }
}

/** Next height and hash of the last entry. 0 or −Status. */
export function callDescribe(endpoint: u32): i32 {
  store<u32>(messageOut, 65540);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of describe: getters for the caller, setters for the server. */
export namespace DescribeReply {
  export function head(): usize { return messageOut + 16; }
  export function setHead(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function height(): u64 { return load<u64>(messageOut, 48); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 48); }
  export function formatted(): u32 { return load<u32>(messageOut, 56); }
  export function setFormatted(value: u32): void { store<u32>(messageIn, value, 56); }
}

/** Format everything below and write the genesis entry, whose payload the caller gives. 0 or −Status. */
export function callFormat(endpoint: u32, blockCount: u64, flags: u32, genesisSource: u32, genesisAddress: usize, genesisLength: u32): i32 {
  store<u32>(messageOut, 131076);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, blockCount, 16);
  store<u32>(messageOut, flags, 24);
  store<u32>(messageOut, genesisSource, 64); store<u32>(messageOut, <u32>genesisAddress, 68); store<u32>(messageOut, genesisLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Commit a batch of proposals that together lead to this state root, all or nothing. 0 or −Status. */
export function callPropose(endpoint: u32, stateRoot: usize, count: u32, flags: u32, batchSource: u32, batchAddress: usize, batchLength: u32): i32 {
  store<u32>(messageOut, 196612);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  memory.copy(messageOut + 16, stateRoot, 32);
  store<u32>(messageOut, count, 48);
  store<u32>(messageOut, flags, 52);
  store<u32>(messageOut, batchSource, 64); store<u32>(messageOut, <u32>batchAddress, 68); store<u32>(messageOut, batchLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of propose: getters for the caller, setters for the server. */
export namespace ProposeReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
  export function flags(): u32 { return load<u32>(messageOut, 24); }
  export function setFlags(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Every committed entry survives power loss when this returns. 0 or −Status. */
export function callSync(endpoint: u32): i32 {
  store<u32>(messageOut, 262148);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of sync: getters for the caller, setters for the server. */
export namespace SyncReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Whole entries from `height` on, as many as fit. 0 or −Status. */
export function callRead(endpoint: u32, height: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 327684);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, height, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of read: getters for the caller, setters for the server. */
export namespace ReadReply {
  export function nextHeight(): u64 { return load<u64>(messageOut, 16); }
  export function setNextHeight(value: u64): void { store<u64>(messageIn, value, 16); }
  export function count(): u32 { return load<u32>(messageOut, 24); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 24); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 28); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 28); }
}

/** Record that `state` (an object of the content store) holds the state at the present height; archive entries and checkpoint everything below. 0 or −Status. */
export function callCheckpoint(endpoint: u32, state: usize): i32 {
  store<u32>(messageOut, 393220);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  memory.copy(messageOut + 16, state, 32);
  return kernel.call(endpoint);
}

/** The state object to start from and the height it stands for; found 0: replay from genesis. 0 or −Status. */
export function callLastCheckpoint(endpoint: u32): i32 {
  store<u32>(messageOut, 458756);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of lastCheckpoint: getters for the caller, setters for the server. */
export namespace LastCheckpointReply {
  export function state(): usize { return messageOut + 16; }
  export function setState(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function height(): u64 { return load<u64>(messageOut, 48); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 48); }
  export function found(): u32 { return load<u32>(messageOut, 56); }
  export function setFound(value: u32): void { store<u32>(messageIn, value, 56); }
}

/** During a collection: mark the objects that the log itself needs. 0 or −Status. */
export function callMark(endpoint: u32): i32 {
  store<u32>(messageOut, 524292);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** Verify the chain from genesis to head. 0 or −Status. */
export function callCheck(endpoint: u32): i32 {
  store<u32>(messageOut, 589828);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of check: getters for the caller, setters for the server. */
export namespace CheckReply {
  export function checked(): u64 { return load<u64>(messageOut, 16); }
  export function setChecked(value: u64): void { store<u64>(messageIn, value, 16); }
  export function firstBroken(): u64 { return load<u64>(messageOut, 24); }
  export function setFirstBroken(value: u64): void { store<u64>(messageIn, value, 24); }
  export function broken(): u32 { return load<u32>(messageOut, 32); }
  export function setBroken(value: u32): void { store<u32>(messageIn, value, 32); }
}

/** The same in steps of up to `limit` segments; cursor 0 begins and ends, counts are since it began. Busy: the log was archived meanwhile, begin again. 0 or −Status. */
export function callCheckSome(endpoint: u32, cursor: u64, limit: u32): i32 {
  store<u32>(messageOut, 655364);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, cursor, 16);
  store<u32>(messageOut, limit, 24);
  return kernel.call(endpoint);
}
/** Reply of checkSome: getters for the caller, setters for the server. */
export namespace CheckSomeReply {
  export function cursor(): u64 { return load<u64>(messageOut, 16); }
  export function setCursor(value: u64): void { store<u64>(messageIn, value, 16); }
  export function checked(): u64 { return load<u64>(messageOut, 24); }
  export function setChecked(value: u64): void { store<u64>(messageIn, value, 24); }
  export function firstBroken(): u64 { return load<u64>(messageOut, 32); }
  export function setFirstBroken(value: u64): void { store<u64>(messageIn, value, 32); }
  export function broken(): u32 { return load<u32>(messageOut, 40); }
  export function setBroken(value: u32): void { store<u32>(messageIn, value, 40); }
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Next height and hash of the last entry. */
  describe(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Format everything below and write the genesis entry, whose payload the caller gives. */
  format(badge: u32, rights: u32, blockCount: u64, flags: u32, genesis: u32, genesisLength: u32): u32 { return Status.Unsupported; }
  /** Commit a batch of proposals that together lead to this state root, all or nothing. */
  propose(badge: u32, rights: u32, stateRoot: usize, count: u32, flags: u32, batch: u32, batchLength: u32): u32 { return Status.Unsupported; }
  /** Every committed entry survives power loss when this returns. */
  sync(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Whole entries from `height` on, as many as fit. */
  read(badge: u32, rights: u32, height: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Record that `state` (an object of the content store) holds the state at the present height; archive entries and checkpoint everything below. */
  checkpoint(badge: u32, rights: u32, state: usize): u32 { return Status.Unsupported; }
  /** The state object to start from and the height it stands for; found 0: replay from genesis. */
  lastCheckpoint(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** During a collection: mark the objects that the log itself needs. */
  mark(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Verify the chain from genesis to head. */
  check(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** The same in steps of up to `limit` segments; cursor 0 begins and ends, counts are since it began. Busy: the log was archived meanwhile, begin again. */
  checkSome(badge: u32, rights: u32, cursor: u64, limit: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.describe(badge, rights);
      case 2:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.format(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 3:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.propose(badge, rights, messageIn + 16, load<u32>(messageIn, 48), load<u32>(messageIn, 52), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 4:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.sync(badge, rights);
      case 5:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.read(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 6:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.checkpoint(badge, rights, messageIn + 16);
      case 7:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.lastCheckpoint(badge, rights);
      case 8:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.mark(badge, rights);
      case 9:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.check(badge, rights);
      case 10:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.checkSome(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      default: return Status.Unsupported;
    }
  }
}
