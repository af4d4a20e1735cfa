// Reads neighbouring groups together: when a request goes on into the next groups and these lie one after another on the device, as a file written from start to end does,
// one device read brings up to sixteen of them into neighbouring slots. Only a shortcut: what it cannot bring, or what does not verify, the ordinary way meets again and answers for.
//
// Safety: `values` holds RUN_MAX values; the slots read into are neighbours in the pool, so their memory is one range.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, EntryFlag } from "./entry";
import { verifies } from "./extent-reader";
import { GroupPool } from "./group-pool";
import { IndexTable } from "./index-table";
import { EXTENT_BLOCKS_MAX, GROUP_BYTES, Kind } from "./limits";
import { BlockLayer } from "./lower";
import { SlotState } from "./slot-cache";

const RUN_MAX: u32 = 16;

export class GroupRunReader {
  private values: usize = heap.alloc(RUN_MAX * 32);
  private count: u32 = 0;
  private address: u64 = 0;

  constructor(private index: IndexTable, private groups: GroupPool, private block: BlockLayer) {}

  begin(): void { this.count = 0; }

  /** Adds the next group to the run; false: it cannot be part of it, because it is cached, staged, a hole, partial or elsewhere, or the run is full. */
  add(value: usize): bool {
    if (this.count == RUN_MAX || this.groups.find(Kind.group, value) >= 0) return false;
    const entry = this.index.find(Kind.group, value);
    if (!entry || Entry.flags(entry) & EntryFlag.staged || Entry.lengthBytes(entry) != GROUP_BYTES) return false;
    if (this.count == 0) this.address = Entry.address(entry);
    else if (Entry.address(entry) != this.address + this.count * EXTENT_BLOCKS_MAX) return false;
    memory.copy(this.values + this.count * 32, value, 32);
    this.count++;
    return true;
  }

  /** Brings the run, whose first group is number `group`, into the pool. */
  bring(group: u32): void {
    if (this.count < 2) return;
    const first = this.groups.take();
    if (first < 0) return;
    let taken: u32 = 1;
    while (taken < this.count) {
      const slot = this.groups.take();
      if (slot == first + taken) {
        taken++;
        continue;
      }
      if (slot >= 0) this.groups.release(slot);
      break;
    }
    const isRead = this.block.read(this.address, this.groups.address(first), taken * GROUP_BYTES) == Status.Ok;
    for (let i: u32 = 0; i < taken; i++) {
      const value = this.values + i * 32;
      if (isRead && verifies(Kind.group, false, value, this.groups.address(first + i), GROUP_BYTES, group + i)) {
        this.groups.bind(first + i, Kind.group, value, SlotState.clean);
      } else this.groups.release(first + i);
    }
  }
}
