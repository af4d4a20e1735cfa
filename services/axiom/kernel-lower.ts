// The services below Axiom, through their generated clients (kernel-bindings/generated): nothing but translation.
import * as block from "../../kernel-bindings/generated/assembly/block";
import * as store from "../../kernel-bindings/generated/assembly/content-store";
import { AxiomCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { clockRead } from "../../kernel-bindings/assembly/kernel";
import { HASH_BYTES } from "./entry";
import { Clock, Journal, Objects } from "./lower";

/** Safety: replies are read from `messageOut` right after the call that filled it. */
export class BlockJournal extends Journal {
  describe(): u32 {
    const status = -block.callDescribe(AxiomCapabilities.block);
    this.flags = block.DescribeReply.flags();
    this.mountStatus = block.DescribeReply.mountStatus();
    return status;
  }

  getRoot(address: usize, capacityBytes: u32): u32 {
    const status = -block.callGetRoot(AxiomCapabilities.block, 0, address, capacityBytes);
    // What a service below answers is bounded here once more: it is lower and trusted with data, not with this module's memory.
    this.lengthBytes = min(block.GetRootReply.lengthBytes(), capacityBytes);
    return status;
  }

  setRoot(address: usize, lengthBytes: u32): u32 { return -block.callSetRoot(AxiomCapabilities.block, 0, address, lengthBytes); }

  replay(cursor: u64, address: usize, capacityBytes: u32): u32 {
    const status = -block.callReplay(AxiomCapabilities.block, cursor, 0, address, capacityBytes);
    this.cursor = block.ReplayReply.cursor();
    this.lengthBytes = min(block.ReplayReply.lengthBytes(), capacityBytes);
    this.found = block.ReplayReply.found() != 0;
    return status;
  }

  commit(address: usize, lengthBytes: u32): u32 {
    const status = -block.callCommit(AxiomCapabilities.block, 0, address, lengthBytes);
    this.flags = block.CommitReply.flags();
    return status;
  }

  sync(): u32 { return -block.callSync(AxiomCapabilities.block); }
  checkpoint(): u32 { return -block.callCheckpoint(AxiomCapabilities.block); }
}

export class StoreObjects extends Objects {
  /** collectMark says of each hash whether it was new; Axiom walks its own tree and has no use for it. */
  private fresh: usize = heap.alloc(256);

  format(blockCount: u64, flags: u32): u32 { return -store.callFormat(AxiomCapabilities.contentStore, blockCount, flags); }
  prepare(): u32 { return -store.callPrepare(AxiomCapabilities.contentStore); }
  checkpoint(): u32 { return -store.callCheckpoint(AxiomCapabilities.contentStore); }

  store(address: usize, lengthBytes: u32, hashOut: usize): u32 {
    const status = -store.callStore(AxiomCapabilities.contentStore, store.StoreFlag.essential, 0, address, lengthBytes);
    memory.copy(hashOut, store.StoreReply.hash(), HASH_BYTES);
    return status;
  }

  get(hash: usize, address: usize, capacityBytes: u32): u32 {
    const status = -store.callGet(AxiomCapabilities.contentStore, hash, 0, 0, address, capacityBytes);
    this.lengthBytes = min(store.GetReply.lengthBytes(), capacityBytes);
    return status;
  }

  mark(hashes: usize, count: u32): u32 {
    assert(count <= 256);
    return -store.callCollectMark(AxiomCapabilities.contentStore, count, 0, hashes, count * HASH_BYTES, 0, this.fresh, count);
  }
}

export class KernelClock extends Clock {
  private out: usize = heap.alloc(16);

  now(): u64 {
    if (clockRead(AxiomCapabilities.clock, this.out) < 0) return 0; // Time is advisory: an entry without it is as good.
    return load<u64>(this.out, 8);
  }
}
