// Finds the bytes of an object: the entry, the path of pages down to a group, and the group. Every page on the path is verified, so a group's value is trusted
// because the object's hash is.
//
// Safety: `value` is 32 bytes of this object's own; hashes come in as addresses of 32 readable bytes.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry } from "./entry";
import { ExtentReader } from "./extent-reader";
import { GroupRunReader } from "./group-run-reader";
import { EMPTY_HASH, FANOUT_SHIFT, GROUP_BYTES, GROUP_SHIFT, Kind, VALUE_BYTES, sameValue } from "./limits";
import { Transfer } from "./lower";
import { childCountOf, groupBytesOf, groupCountOf, groupsBelow, levelOf } from "./tree-shape";

export class ObjectReader {
  /** Of find: bytes of the object. Of get: bytes copied. */
  lengthBytes: u64 = 0;
  /** Of groupValue: the chaining value. */
  readonly value: usize = heap.alloc(32);

  constructor(readonly extents: ExtentReader, private run: GroupRunReader, private transfer: Transfer) {}

  /** Is there such an object? Sets lengthBytes. */
  find(objectHash: usize): u32 {
    this.lengthBytes = 0;
    if (sameValue(objectHash, EMPTY_HASH)) return Status.Ok;
    const entry = this.extents.index.find(Kind.object, objectHash);
    if (!entry) return Status.NotFound;
    this.lengthBytes = Entry.lengthBytes(entry);
    return Status.Ok;
  }

  /** Sets `value` to the chaining value of one group of an object of more than one. */
  groupValue(objectHash: usize, lengthBytes: u64, group: u32): u32 {
    const groupCount = groupCountOf(lengthBytes);
    let level = levelOf(groupCount);
    let first: u32 = 0;
    let below = groupCount;
    let kind = Kind.object;
    memory.copy(this.value, objectHash, 32);
    while (level > 0) {
      const status = this.extents.content(kind, kind == Kind.object, this.value, childCountOf(level, below) * VALUE_BYTES, first);
      // A page that the index does not have although a hash above names it is damage, not absence.
      if (status != Status.Ok) return status == Status.NotFound && kind != Kind.object ? Status.Corrupted : status;
      const child = (group - first) >> (FANOUT_SHIFT * (level - 1));
      memory.copy(this.value, this.extents.address + <usize>child * VALUE_BYTES, 32);
      first += child << (FANOUT_SHIFT * (level - 1));
      below = groupsBelow(level - 1, first, groupCount);
      level = levelOf(below);
      kind = Kind.interior;
    }
    return Status.Ok;
  }

  /** Is the group or page with this value on the way to `group` in the object? Pages that cannot be read are not gone through. */
  leadsTo(objectHash: usize, lengthBytes: u64, group: u32, kind: u32, value: usize): bool {
    const groupCount = groupCountOf(lengthBytes);
    let level = levelOf(groupCount);
    let first: u32 = 0;
    let below = groupCount;
    let pageKind = Kind.object;
    memory.copy(this.value, objectHash, 32);
    while (level > 0) {
      if (this.extents.content(pageKind, pageKind == Kind.object, this.value, childCountOf(level, below) * VALUE_BYTES, first) != Status.Ok) return false;
      const child = (group - first) >> (FANOUT_SHIFT * (level - 1));
      memory.copy(this.value, this.extents.address + <usize>child * VALUE_BYTES, 32);
      first += child << (FANOUT_SHIFT * (level - 1));
      below = groupsBelow(level - 1, first, groupCount);
      level = levelOf(below);
      pageKind = Kind.interior;
      if (kind == (level ? Kind.interior : Kind.group) && sameValue(this.value, value)) return true;
    }
    return false;
  }

  /** Makes extents.address the bytes of group `group`; for an object of one group, those of the object. */
  groupContent(objectHash: usize, lengthBytes: u64, group: u32): u32 {
    if (lengthBytes <= GROUP_BYTES) return this.extents.content(Kind.object, false, objectHash, <u32>lengthBytes, 0);
    const status = this.groupValue(objectHash, lengthBytes, group);
    return status == Status.Ok ? this.extents.groupContent(this.value, group, groupBytesOf(lengthBytes, group)) : status;
  }

  /** Reads a row of groups from `group` on, at most to `last`, in one go if they lie side by side; the first group behind what was looked at. */
  private bring(objectHash: usize, lengthBytes: u64, group: u32, last: u32): u32 {
    this.run.begin();
    let next = group;
    while (next <= last && this.groupValue(objectHash, lengthBytes, next) == Status.Ok && this.run.add(this.value)) next++;
    this.run.bring(group);
    return max(next, group + 1);
  }

  /** Copies bytes of an object of `lengthBytes` from `offsetBytes` into the lease, as many as there are; sets lengthBytes to their number. */
  copyOut(objectHash: usize, lengthBytes: u64, offsetBytes: u64, buffer: u32, bufferBytes: u32): u32 {
    this.lengthBytes = 0;
    if (offsetBytes >= lengthBytes) return Status.Ok;
    const total = <u32>min<u64>(bufferBytes, lengthBytes - offsetBytes);
    let done: u32 = 0;
    let broughtTo: u32 = 0;
    while (done < total) {
      const at = offsetBytes + done;
      const group = <u32>(at >> GROUP_SHIFT);
      const within = <u32>at & (GROUP_BYTES - 1);
      // At the start of a row of groups: bring as many of them as one device read can.
      if (total - done > GROUP_BYTES && group >= broughtTo) broughtTo = this.bring(objectHash, lengthBytes, group, <u32>((offsetBytes + total - 1) >> GROUP_SHIFT));
      let status = this.groupContent(objectHash, lengthBytes, group);
      if (status != Status.Ok) return status;
      const count = min<u32>(total - done, groupBytesOf(lengthBytes, group) - within);
      status = this.transfer.write(buffer, done, this.extents.address + within, count);
      if (status != Status.Ok) return status;
      done += count;
    }
    this.lengthBytes = done;
    return Status.Ok;
  }
}
