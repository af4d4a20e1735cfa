// Reads back every structure that the block service owns and counts what does not verify: slots, the map of the newest generation, the log that is kept.
// Uses the parts' own reading functions with buffers of its own, so that what is served is not disturbed.
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Checkpoint } from "./checkpoint";
import { Damage } from "./damage";
import { isPassing } from "./disk";
import { CHECKPOINT_BLOCKS, SLOT_COUNT, TABLE_POINTERS } from "./geometry";
import { pointerTarget } from "./map-page";
import { Slots } from "./slots";
import { Volume } from "./volume";

export class Verifier {
  private map: Checkpoint;
  private slots: Slots;
  checkedBlocks: u64 = 0;
  damagedBlocks: u64 = 0;
  /** Its first is the first block that does not verify. */
  readonly found: Damage;
  /** The device did not answer for some block: nothing is known of it, so nothing is said of any. */
  private interruption: u32 = Status.Ok;

  constructor(readonly volume: Volume) {
    const found = new Damage();
    this.found = found;
    this.map = new Checkpoint(volume.disk, volume.geometry, found);
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

  private checkMap(): void {
    const geometry = this.volume.geometry;
    this.map.reset();
    const status = this.map.readStructure(this.volume.superblock);
    this.count(CHECKPOINT_BLOCKS, status);
    if (status) return;
    for (let index: u32 = 0; index < geometry.tableCount; index++) {
      const target = pointerTarget(this.map.tablePointer(index));
      if (!target) continue;
      const tableStatus = this.map.readTable(index);
      this.count(1, tableStatus);
      if (!tableStatus) this.checkPages(index);
    }
  }

  private checkPages(index: u32): void {
    const end = min((index + 1) * TABLE_POINTERS, this.volume.geometry.pageCount);
    for (let number = index * TABLE_POINTERS; number < end; number++) {
      const target = pointerTarget(this.map.pagePointer(number));
      if (target) this.count(1, this.map.readBitmap(number));
    }
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
