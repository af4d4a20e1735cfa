// Reads an extent back and compares it with the value in its record: how a mount tells data that reached the disk from data that did not.
//
// Safety: reads whole blocks into `buffer` of WINDOW_BLOCKS, hashes at most the bytes read; lengths are those of a sound item (ItemCursor).
import { Blake3 } from "../base/blake3/hasher";
import { chainingValue } from "../base/blake3/tree";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT, HASH_BYTES } from "./geometry";
import { ItemCursor } from "./log-record";

/** 64 KiB: a whole group, and the window of the scan past the log's end. */
export const WINDOW_BLOCKS: u32 = 16;

const state = new Blake3();
const computed: usize = memory.data(32, 16);

export class ExtentCheck {
  readonly buffer: usize = heap.alloc(WINDOW_BLOCKS * BLOCK_BYTES);
  checkedCount: u64 = 0;

  constructor(readonly disk: Disk) {}

  /** Ok: the disk holds what the extent item at the cursor says; Corrupted: it does not; other statuses are the device's. */
  check(extent: ItemCursor): u32 {
    this.checkedCount++;
    let left = extent.extentBytes;
    let block = extent.address;
    state.reset();
    while (left) {
      const bytes = min(left, WINDOW_BLOCKS * BLOCK_BYTES);
      const blocks = (bytes + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
      const status = this.disk.read(block, 0, this.buffer, blocks);
      if (status) return status;
      if (extent.isGroup) chainingValue(this.buffer, bytes, extent.counterAndKind >> 1, computed);
      else state.update(this.buffer, bytes);
      left -= bytes;
      block += blocks;
    }
    if (!extent.isGroup) state.digest(computed);
    return memory.compare(computed, extent.value, HASH_BYTES) == 0 ? Status.Ok : Status.Corrupted;
  }
}
