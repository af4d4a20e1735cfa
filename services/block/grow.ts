// Makes a mounted image larger where it lies (docs/formats/block.md §6).
// What stays true: a crash at any moment leaves the old size or the new one; no block past the old end is handed out while one of the last two generations knows only the old size.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { CheckpointUndo } from "./checkpoint-undo";
import { Geometry, MAXIMUM_BLOCKS, PAGE_BITS } from "./geometry";
import { Volume } from "./volume";

export class Grow {
  private before: Geometry = new Geometry();
  private undo: CheckpointUndo;

  constructor(readonly volume: Volume) { this.undo = new CheckpointUndo(volume.map, volume.superblock); }

  /** Grow to `blockCount` blocks; 0: all of the device. NoSpace: the device has not so many, or too few are added for their own map. InvalidArgument: the image is larger already. Busy: something is open, or was committed since the newest checkpoint. */
  run(blockCount: u64): u32 {
    const volume = this.volume, geometry = volume.geometry;
    let status = volume.writable();
    // The device may have become larger since it was asked.
    if (!status) status = volume.disk.open();
    if (status) return status;
    // Or smaller than the image: then it gets no other request (docs/crash-contract.md, "A driver that restarts").
    if (volume.disk.blockCount < geometry.blockCount) return (volume.mountStatus = Status.Truncated);
    const count = blockCount ? blockCount : volume.disk.blockCount;
    if (count > volume.disk.blockCount) return Status.NoSpace;
    if (count < geometry.blockCount) return Status.InvalidArgument;
    if (count > MAXIMUM_BLOCKS) return Status.TooLarge;
    if (count == geometry.blockCount) return Status.Ok;
    // A new generation releases the log, and only the clients can say, by their roots, that they need it no more.
    if (!volume.transaction.isEmpty || volume.roots.isOpen || volume.uncheckpointedCount) return Status.Busy;
    status = this.extend(count);
    if (!status) status = volume.republish();
    return status || volume.disk.canFlush ? status : <u32>Status.NotDurable;
  }

  /** The generation of the new size, or everything as before. No node of the map differs from the durable generation when this begins. */
  private extend(count: u64): u32 {
    const volume = this.volume, geometry = volume.geometry, tree = volume.allocator.tree;
    this.before.copyFrom(geometry);
    this.undo.keep();
    let status = tree.open(<u32>((geometry.blockCount - 1) / PAGE_BITS));
    if (!status) status = geometry.extend(count);
    if (!status) {
      tree.extend(this.before.blockCount);
      status = volume.nextGeneration();
      if (status == Status.NotDurable) status = Status.Ok;
    }
    if (status) {
      geometry.copyFrom(this.before);
      this.undo.putBack();
      tree.forget();
      return status;
    }
    volume.isUncovered = true;
    return Status.Ok;
  }
}
