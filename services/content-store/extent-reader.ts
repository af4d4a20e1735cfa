// Reads one extent and verifies it in the store's own memory before anybody sees a byte of it.
// Content comes from the caches (verified when it was read or hashed here), from staging, or from the device.
//
// Safety: the address handed out is valid until the next call that may take a slot of the same cache.
import { chainingValue, hash, mergeValues } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, EntryFlag } from "./entry";
import { GroupPool } from "./group-pool";
import { IndexTable } from "./index-table";
import { BLOCK_BYTES, GROUP_BYTES, GROUP_CHUNKS, Kind, PAGE_BYTES, VALUE_BYTES, blocksOf, sameValue } from "./limits";
import { BlockLayer } from "./lower";
import { SlotCache, SlotState } from "./slot-cache";
import { STAGED_SLOT, StagingBuffer } from "./staging";

const computed: usize = memory.data(32, 16);

/** Do these bytes have this key? `isTree`: they are the top page of an object. */
export function verifies(kind: u32, isTree: bool, value: usize, bytes: usize, lengthBytes: u32, firstGroup: u32): bool {
  if (kind == Kind.group) chainingValue(bytes, lengthBytes, <u64>firstGroup * GROUP_CHUNKS, computed);
  else if (kind == Kind.object && !isTree) hash(bytes, lengthBytes, computed);
  else {
    const count = lengthBytes / VALUE_BYTES;
    if (count < 2 || count * VALUE_BYTES != lengthBytes || lengthBytes > PAGE_BYTES) return false;
    mergeValues(bytes, count, isTree, computed);
  }
  return sameValue(computed, value);
}

export class ExtentReader {
  /** Of content: where the bytes are. */
  address: usize = 0;
  /** GROUP_BYTES of zeros: the content of every group that is a hole. */
  readonly zeros: usize;
  /** Value and length of the hole verified last, so that reading it piece by piece hashes it once. */
  private holeValue: usize = heap.alloc(32);
  private holeBytes: u32 = 0;

  constructor(readonly index: IndexTable, private block: BlockLayer, private staging: StagingBuffer, readonly groups: GroupPool, readonly pages: SlotCache) {
    this.zeros = heap.alloc(GROUP_BYTES);
    memory.fill(this.zeros, 0, GROUP_BYTES);
  }

  reset(): void { this.holeBytes = 0; }

  /** The extent stored under this key. NotFound if the index has no such key. */
  content(kind: u32, isTree: bool, value: usize, lengthBytes: u32, firstGroup: u32): u32 {
    const cache: SlotCache = lengthBytes <= PAGE_BYTES ? this.pages : this.groups;
    const cached = cache.find(kind, value);
    if (cached >= 0) {
      this.address = cache.address(cached);
      return Status.Ok;
    }
    const entry = this.index.find(kind, value);
    if (!entry) return Status.NotFound;
    if (Entry.extentBytes(entry) != lengthBytes) return Status.Corrupted;
    if (Entry.flags(entry) & EntryFlag.staged) {
      this.address = this.stagedAddress(Entry.address(entry));
      return Status.Ok;
    }
    const slot = cache.take();
    if (slot < 0) return Status.OutOfMemory;
    const status = this.readInto(cache.address(slot), Entry.address(entry), kind, isTree, value, lengthBytes, firstGroup);
    if (status != Status.Ok) {
      cache.release(slot);
      return status;
    }
    cache.bind(slot, kind, value, SlotState.clean);
    this.address = cache.address(slot);
    return Status.Ok;
  }

  /** A group of an object. A group of zeros is stored nowhere: its value proves that it is one. */
  groupContent(value: usize, group: u32, lengthBytes: u32): u32 {
    const status = this.content(Kind.group, false, value, lengthBytes, group);
    if (status != Status.NotFound) return status;
    if (!this.isHole(value, group, lengthBytes)) return Status.Corrupted;
    this.address = this.zeros;
    return Status.Ok;
  }

  /** Reads an extent's blocks from the device and verifies them; `memory` takes whole blocks. */
  readInto(memory: usize, address: u64, kind: u32, isTree: bool, value: usize, lengthBytes: u32, firstGroup: u32): u32 {
    const status = this.block.read(address, memory, blocksOf(lengthBytes) * BLOCK_BYTES);
    if (status != Status.Ok) return status;
    return verifies(kind, isTree, value, memory, lengthBytes, firstGroup) ? Status.Ok : Status.Corrupted;
  }

  /** Where staged content lies. */
  stagedAddress(address: u64): usize {
    return address >= STAGED_SLOT ? this.groups.address(<u32>(address - STAGED_SLOT)) : this.staging.at(address);
  }

  private isHole(value: usize, group: u32, lengthBytes: u32): bool {
    if (this.holeBytes == lengthBytes && sameValue(this.holeValue, value)) return true;
    if (!verifies(Kind.group, false, value, this.zeros, lengthBytes, group)) return false;
    memory.copy(this.holeValue, value, 32);
    this.holeBytes = lengthBytes;
    return true;
  }
}
