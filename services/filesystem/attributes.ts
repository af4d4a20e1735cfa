// What stat shows: an Attributes structure from an inode's record, with what open files know that the record does not.
//
// Safety: `buffer` holds one Attributes; records are whole.
import { Attributes } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Core } from "./core";
import { InodeRecord } from "./tree-format";

/** Bit of Attributes.flags: bytes were written since `content` was computed. */
export const FLAG_UNSAVED: u32 = 1;
const BLOCK_BYTES: u64 = 4096;

export class AttributesWriter {
  private buffer: usize = heap.alloc(Attributes.SIZE);

  constructor(private core: Core) {}

  /** The attributes at `out`. The record may be changed: size and time of unsaved files are put in. */
  fill(out: usize, inode: u64, record: usize): void {
    const isUnsaved = this.core.files.freshen(inode, record);
    memory.fill(out, 0, Attributes.SIZE);
    Attributes.setInode(out, inode);
    Attributes.setKind(out, InodeRecord.kind(record));
    Attributes.setMode(out, InodeRecord.mode(record));
    Attributes.setOwner(out, InodeRecord.owner(record));
    Attributes.setGroup(out, InodeRecord.group(record));
    Attributes.setLinks(out, InodeRecord.links(record));
    Attributes.setFlags(out, isUnsaved ? FLAG_UNSAVED : 0);
    Attributes.setSize(out, InodeRecord.size(record));
    Attributes.setModifiedNanoseconds(out, InodeRecord.modified(record));
    Attributes.setChangedNanoseconds(out, InodeRecord.changed(record));
    Attributes.setCreatedNanoseconds(out, InodeRecord.created(record));
    Attributes.setContent(out, InodeRecord.content(record));
    Attributes.setParent(out, InodeRecord.parent(record));
    Attributes.setBlocks(out, (InodeRecord.size(record) + (BLOCK_BYTES - 1)) / BLOCK_BYTES);
  }

  /** The attributes into a lease; of length 0: nobody asked. */
  send(lease: u32, lengthBytes: u32, inode: u64, record: usize): u32 {
    if (lengthBytes == 0) return Status.Ok;
    if (lengthBytes < Attributes.SIZE) return Status.InvalidArgument;
    this.fill(this.buffer, inode, record);
    return this.core.platform.writeLease(lease, 0, this.buffer, Attributes.SIZE);
  }
}
