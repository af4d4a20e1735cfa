// Keys and records of the tree map, as docs/formats/filesystem.md part 2 lays them out, read by someone who does not trust them.
//
// Safety: a record is read only after `isValidRecord` has bounded it; keys are made in buffers of KEY_BYTES_MAX bytes.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";

export const ROOT_INODE: u64 = 1;
export const NAME_BYTES_MAXIMUM: u32 = 255;
const INODE_BYTES: u32 = 8;
/** An inode and a tag: the shortest key. */
export const INODE_KEY_BYTES: u32 = INODE_BYTES + 1;

/** The ninth byte of a key. */
export namespace Tag {
  export const inode: u8 = 0;
  export const entry: u8 = 1;
  export const attribute: u8 = 2;
}

export namespace TreeKey {
  export function inode(key: usize): u64 { return bswap(load<u64>(key)); }
  export function tag(key: usize): u8 { return load<u8>(key, INODE_BYTES); }
  /** Make the key of an inode's record at `out`; its bytes. */
  export function makeInode(out: usize, inode: u64): u32 {
    store<u64>(out, bswap(inode));
    store<u8>(out, Tag.inode, INODE_BYTES);
    return INODE_KEY_BYTES;
  }
  /** Make the key of a directory's entry at `out`; its bytes. */
  export function makeEntry(out: usize, directory: u64, name: usize, nameBytes: u32): u32 {
    store<u64>(out, bswap(directory));
    store<u8>(out, Tag.entry, INODE_BYTES);
    memory.copy(out + INODE_KEY_BYTES, name, nameBytes);
    return INODE_KEY_BYTES + nameBytes;
  }
}

export namespace InodeRecord {
  export const SIZE: u32 = 96;
  export const BYTES_MAXIMUM: u32 = SIZE + NAME_BYTES_MAXIMUM;
  export function kind(p: usize): u32 { return load<u32>(p); }
  export function mode(p: usize): u32 { return load<u32>(p, 4); }
  export function owner(p: usize): u32 { return load<u32>(p, 8); }
  export function group(p: usize): u32 { return load<u32>(p, 12); }
  export function content(p: usize): usize { return p + 56; }
  export function parent(p: usize): u64 { return load<u64>(p, 88); }
  export function name(p: usize): usize { return p + SIZE; }
}

/** Is this a record that may be of this inode: a known kind, and a name unless it is the root? */
export function isValidRecord(p: usize, lengthBytes: u32, inode: u64): bool {
  if (lengthBytes < InodeRecord.SIZE || lengthBytes > InodeRecord.BYTES_MAXIMUM) return false;
  const kind = InodeRecord.kind(p);
  if (kind < FileKind.file || kind > FileKind.symlink) return false;
  const nameBytes = lengthBytes - InodeRecord.SIZE;
  if (inode == ROOT_INODE) return nameBytes == 0 && kind == FileKind.directory && InodeRecord.parent(p) == ROOT_INODE;
  if (nameBytes == 0 || InodeRecord.parent(p) == inode) return false;
  for (let i: u32 = 0; i < nameBytes; i++) {
    const byte = load<u8>(InodeRecord.name(p) + i);
    if (byte == 0 || byte == 0x2f) return false;
  }
  return true;
}

/** Does what a user set differ: content, kind, mode, owner, group? Times are no change by themselves. */
export function differs(a: usize, b: usize): bool {
  return memory.compare(a, b, 16) != 0 || memory.compare(InodeRecord.content(a), InodeRecord.content(b), 32) != 0;
}

/** Does the place differ: parent or name? */
export function isMoved(a: usize, aBytes: u32, b: usize, bBytes: u32): bool {
  return InodeRecord.parent(a) != InodeRecord.parent(b) || aBytes != bBytes || memory.compare(InodeRecord.name(a), InodeRecord.name(b), aBytes - InodeRecord.SIZE) != 0;
}
