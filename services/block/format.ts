// Makes an empty image: clears the slots, writes an empty map and the superblock of generation 1 (docs/formats/block.md).
// What stays true: until the last flush there is no valid slot, so a format that is cut off leaves no image rather than half of one.
import { FormatFlag } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES, MAXIMUM_BLOCKS, MINIMUM_BLOCKS, SLOT_COUNT } from "./geometry";
import { IMAGE_ID_BYTES } from "./superblock";
import { Mount } from "./mount";

/** Format the device behind `mount.volume` and mount the result. blockCount 0: all of the device. */
export function format(mount: Mount, blockCount: u64, flags: u32): u32 {
  const volume = mount.volume;
  // What is open, and what failed, stays as it is.
  if (!volume.mountStatus && !(flags & FormatFlag.force)) return Status.AlreadyFormatted;
  let status = volume.disk.open();
  if (status) return status;
  if (volume.disk.isReadOnly) return Status.ReadOnly;
  const count = blockCount ? blockCount : volume.disk.blockCount;
  if (count > volume.disk.blockCount || count < MINIMUM_BLOCKS) return Status.NoSpace;
  if (count > MAXIMUM_BLOCKS) return Status.TooLarge;
  volume.geometry.layOut(count);
  mount.slots.read();
  if (!(flags & FormatFlag.force) && (mount.slots.hasMagic || mount.slots.readFailure)) {
    mount.run();
    return mount.slots.readFailure ? mount.slots.readFailure : Status.AlreadyFormatted;
  }
  volume.mountStatus = Status.NotFormatted;
  volume.kept.drop(); // it belongs into the old image, where the new one may have its own places
  status = clearSlots(mount);
  if (status) return status;
  volume.superblock.begin();
  status = volume.entropy.fill(volume.superblock.imageId, IMAGE_ID_BYTES);
  if (status) return status;
  volume.log.begin(volume.superblock, 0);
  volume.highestGeneration = 0;
  volume.failure = Status.Ok;
  volume.map.reset();
  volume.allocator.reset();
  volume.roots.reset(volume.map);
  status = volume.writeState();
  return status ? status : mount.run();
}

function clearSlots(mount: Mount): u32 {
  const volume = mount.volume;
  memory.fill(volume.slotBlock, 0, BLOCK_BYTES);
  for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
    const status = volume.disk.write(volume.geometry.slotAddress(slot), 0, volume.slotBlock, 1);
    if (status) return status;
  }
  return volume.disk.canFlush ? volume.disk.flush() : Status.Ok;
}
