// At a mount: the redo images of kept records, oldest first, to their places; into memory where the image cannot be written.
// A patch is laid over what the items before it have left at its place. What it changes of is in the log before it, so whatever a crash left there before is gone by then.
//
// Safety: items are sound (ItemCursor), their places were checked (Mount.checkPlaces); `block` holds one block.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES, BLOCK_SHIFT } from "./geometry";
import { ItemCursor, ItemType, itemsOf } from "./log-record";
import { applyPatch } from "./patch";
import { Volume } from "./volume";

export class RedoReplay {
  private block: usize = heap.alloc(BLOCK_BYTES);

  constructor(readonly volume: Volume) {}

  /** The records from one position to another. OutOfMemory: more images than memory holds. */
  run(from: u64, to: u64): u32 {
    const volume = this.volume;
    for (let position = from; position < to; position += volume.scan.blockCount) {
      let status = volume.log.readRecord(position, volume.scan);
      const items = itemsOf(volume.scan);
      while (!status && items.next()) {
        if (items.type == ItemType.redo) status = this.put(items.address, items.redoData, items.redoBlocks);
        else if (items.type == ItemType.patch) status = this.patch(items);
      }
      if (status) return status;
    }
    return Status.Ok;
  }

  private put(address: u64, data: usize, count: u32): u32 {
    if (!this.volume.isReadOnly) return this.volume.disk.write(address, 0, data, count);
    for (let i: u32 = 0; i < count; i++) if (!this.volume.cache.putCommitted(address + i, data + (<usize>i << BLOCK_SHIFT))) return Status.OutOfMemory;
    return Status.Ok;
  }

  private patch(item: ItemCursor): u32 {
    const present = this.volume.cache.peek(item.address);
    const status = present ? <u32>Status.Ok : this.volume.disk.read(item.address, 0, this.block, 1);
    if (status) return status;
    if (present) memory.copy(this.block, present, BLOCK_BYTES);
    applyPatch(item.body, item.bodyBytes, this.block);
    return this.put(item.address, this.block, 1);
  }
}
