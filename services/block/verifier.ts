// Reads back every structure that the block service owns and counts what does not verify: slots, the map of the newest generation, the log that is kept.
// Uses the parts' own reading functions with buffers of its own, so that what is served is not disturbed.
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Checkpoint } from "./checkpoint";
import { Damage } from "./damage";
import { isPassing } from "./disk";
import { BLOCK_BYTES, CHECKPOINT_BLOCKS, Level, SLOT_COUNT, TABLE_POINTERS } from "./geometry";
import { PAGE_HEADER_BYTES, pointerAt, pointerTarget } from "./map-page";
import { MapReader } from "./map-reader";
import { Slots } from "./slots";
import { Volume } from "./volume";

export class Verifier {
  private reader: MapReader;
  private map: Checkpoint;
  private slots: Slots;
  /** A node of each level, on the way down. */
  private nodes: usize = heap.alloc(Level.count * BLOCK_BYTES);
  checkedBlocks: u64 = 0;
  damagedBlocks: u64 = 0;
  /** Its first is the first block that does not verify. */
  readonly found: Damage;
  /** The device did not answer for some block: nothing is known of it, so nothing is said of any. */
  private interruption: u32 = Status.Ok;

  constructor(readonly volume: Volume) {
    const found = new Damage(), reader = new MapReader(volume.disk, volume.geometry, found);
    this.found = found;
    this.reader = reader;
    this.map = new Checkpoint(volume.disk, volume.geometry, reader);
    this.slots = new Slots(volume.disk, volume.geometry, found);
  }

  run(): u32 {
    if (this.volume.mountStatus) return this.volume.mountStatus;
    this.checkedBlocks = 0;
    this.damagedBlocks = 0;
    this.found.forget();
    this.interruption = Status.Ok;
    this.volume.scanUse++;
    this.volume.log.forgetAhead();
    this.checkSlots();
    this.checkMap();
    this.checkLog();
    return this.interruption;
  }

  private count(blocks: u32, status: u32): void {
    if (isPassing(status)) this.interruption = status;
    this.checkedBlocks += blocks;
    if (status) this.damagedBlocks += blocks;
  }

  private checkSlots(): void {
    this.slots.read();
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      const view = this.slots.get(slot);
      const isSound = !this.slots.isUnreadable(slot) && (this.slots.isValid(slot) || view.isEmpty);
      this.count(1, isSound ? <u32>Status.Ok : this.slots.isUnreadable(slot) ? this.slots.readFailure : <u32>Status.Corrupted);
    }
  }

  /** The map of the newest generation, as it is on the disk: every node that was ever written, and nothing below one that is damaged. */
  private checkMap(): void {
    const status = this.map.read(this.volume.superblock);
    this.count(CHECKPOINT_BLOCKS, status);
    if (status) return;
    for (let upper: u32 = 0; upper < this.volume.geometry.levelCount(Level.upper); upper++) {
      if (!this.checkNode(Level.upper, upper, this.map.upperPointer(upper))) continue;
      const tableEnd = this.end(Level.table, upper);
      for (let table = upper * TABLE_POINTERS; table < tableEnd; table++) {
        if (!this.checkNode(Level.table, table, this.pointer(Level.upper, table))) continue;
        const pageEnd = this.end(Level.page, table);
        for (let page = table * TABLE_POINTERS; page < pageEnd; page++) this.checkNode(Level.page, page, this.pointer(Level.table, page));
      }
    }
  }
  /** The node of a level that was read last. */
  private node(level: u32): usize { return this.nodes + <usize>level * BLOCK_BYTES; }
  private pointer(level: u32, child: u32): usize { return pointerAt(this.node(level) + PAGE_HEADER_BYTES, child % TABLE_POINTERS); }
  /** The first node of `level` that is not under node `parent` of the level above. */
  private end(level: u32, parent: u32): u32 { return min((parent + 1) * TABLE_POINTERS, this.volume.geometry.levelCount(level)); }

  /** Read one node; false if it was never written or is damaged. */
  private checkNode(level: u32, index: u32, pointer: usize): bool {
    if (!pointerTarget(pointer)) return false;
    const status = this.reader.read(level, index, pointer, this.node(level));
    this.count(1, status);
    return status == Status.Ok;
  }

  /** The log is a chain: after a record that does not verify nothing can be said of the rest, so all of it counts as damaged. */
  private checkLog(): void {
    const log = this.volume.log;
    let position = log.tail;
    while (position < log.head) {
      const status = log.readRecord(position, this.volume.scan);
      this.count(status ? <u32>(log.head - position) : this.volume.scan.blockCount, status);
      if (status && !isPassing(status)) this.found.note(StructureRole.logRecord, log.addressOf(position));
      if (status) return;
      position += this.volume.scan.blockCount;
    }
  }
}
