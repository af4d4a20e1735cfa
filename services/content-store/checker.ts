// Scrub: reads extents from the device, past every cache, and verifies them; names the object that a damaged part belongs to.
//
// The cursor is the top 32 bits of the next key plus nothing: it stays right whatever is stored or freed between two steps. A step ends between two prefixes, so it moves on.
//
// Safety: `buffer` is GROUP_BYTES, the size of the largest extent.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, EntryFlag } from "./entry";
import { ExtentReader } from "./extent-reader";
import { IndexTable } from "./index-table";
import { GROUP_BYTES, Kind } from "./limits";
import { ObjectReader } from "./object-reader";
import { groupCountOf } from "./tree-shape";

const STEP_MAX: u32 = 1024;

export class Checker {
  /** Of step. */
  cursor: u32 = 0;
  checked: u32 = 0;
  damaged: u32 = 0;
  readonly firstDamaged: usize = heap.alloc(32);
  private buffer: usize = heap.alloc(GROUP_BYTES);

  constructor(private index: IndexTable, private extents: ExtentReader, private objects: ObjectReader) {}

  step(cursor: u32, limit: u32): u32 {
    this.cursor = 0;
    this.checked = 0;
    this.damaged = 0;
    memory.fill(this.firstDamaged, 0, 32);
    const most = min(max<u32>(limit, 1), STEP_MAX);
    let prefix = cursor;
    for (let slot = this.index.nextUsed(this.index.homeOf(cursor)); slot < this.index.slotLimit; slot = this.index.nextUsed(slot + 1)) {
      const entry = this.index.entry(slot);
      if (this.index.prefixOf(entry) < cursor) continue;
      if (this.checked >= most && this.index.prefixOf(entry) != prefix) {
        this.cursor = this.index.prefixOf(entry);
        return Status.Ok;
      }
      prefix = this.index.prefixOf(entry);
      if (Entry.flags(entry) & EntryFlag.staged) continue;
      const status = this.checkOne(entry);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  private checkOne(entry: usize): u32 {
    this.checked++;
    const status = this.extents.readInto(this.buffer, Entry.address(entry), Entry.kind(entry), Entry.isTree(entry), entry, Entry.extentBytes(entry), Entry.firstGroup(entry));
    if (status == Status.Ok) return status;
    // A block that cannot be read is damage of that extent; anything else is not the extent's fault.
    if (status != Status.Corrupted && status != Status.DeviceError) return status;
    this.damaged++;
    if (this.damaged == 1) this.name(entry);
    return Status.Ok;
  }

  /** Which object is damaged: the extent's own, or the first that has this group or page on the way to its first group. */
  private name(damaged: usize): void {
    memory.copy(this.firstDamaged, damaged, 32);
    if (Entry.kind(damaged) == Kind.object) return;
    const group = Entry.firstGroup(damaged);
    for (let slot = this.index.nextUsed(0); slot < this.index.slotLimit; slot = this.index.nextUsed(slot + 1)) {
      const entry = this.index.entry(slot);
      if (!Entry.isTree(entry) || groupCountOf(Entry.lengthBytes(entry)) <= group) continue;
      if (!this.objects.leadsTo(entry, Entry.lengthBytes(entry), group, Entry.kind(damaged), this.firstDamaged)) continue;
      memory.copy(this.firstDamaged, entry, 32);
      return;
    }
  }
}
