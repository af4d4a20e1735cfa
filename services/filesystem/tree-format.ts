// Keys and values of the tree map, of the snapshot map, and the state record: docs/formats/filesystem.md, parts 2 and 3. Layout only.
//
// Safety: getters and setters take the address of a whole value (lengths below); the key buffers hold the longest key, and a key made in one holds until the next is made.

export const HASH_BYTES: u32 = 32;
export const NAME_BYTES_MAX: u32 = 255;
export const TARGET_BYTES_MAX: u32 = 4096;
export const ROOT_INODE: u64 = 1;
/** Inode numbers stay below this. */
export const INODE_LIMIT: u64 = 1 << 63;
export const MODE_MASK: u32 = 0o7777;

const TAG_RECORD: u8 = 0;
const TAG_ENTRY: u8 = 1;
export const INODE_KEY_BYTES: u32 = 9;

/** BLAKE3 of nothing: the content of an empty file, which is never stored. */
export const EMPTY_CONTENT: usize = memory.data<u8>([
  0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9, 0x49,
  0x9b, 0xcb, 0x25, 0xc9, 0xad, 0xc1, 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f, 0x32, 0x62,
], 16);
export const ZERO_HASH: usize = memory.data(32, 16);

const recordKey: usize = memory.data(16, 16);
const nameKey: usize = memory.data(272, 16);

/** The key of an inode's record: INODE_KEY_BYTES at the address returned. */
export function inodeKey(inode: u64): usize {
  store<u64>(recordKey, bswap(inode));
  store<u8>(recordKey, TAG_RECORD, 8);
  return recordKey;
}

/** The key of a directory's entry, INODE_KEY_BYTES + nameBytes long. Without a name: before all its entries. */
export function entryKey(directory: u64, name: usize, nameBytes: u32): usize {
  store<u64>(nameKey, bswap(directory));
  store<u8>(nameKey, TAG_ENTRY, 8);
  memory.copy(nameKey + INODE_KEY_BYTES, name, nameBytes);
  return nameKey;
}

/** What a key of the tree map is. */
export namespace TreeKey {
  export function inode(key: usize): u64 { return bswap(load<u64>(key)); }
  export function isRecord(key: usize, keyBytes: u32): bool { return keyBytes == INODE_KEY_BYTES && load<u8>(key, 8) == TAG_RECORD; }
  export function isEntry(key: usize, keyBytes: u32): bool { return keyBytes > INODE_KEY_BYTES && keyBytes <= INODE_KEY_BYTES + NAME_BYTES_MAX && load<u8>(key, 8) == TAG_ENTRY; }
}

/** An inode's record: 96 bytes and its own name. */
export namespace InodeRecord {
  export const HEAD_BYTES: u32 = 96;
  export const BYTES_MAX: u32 = 96 + 255;
  export function kind(p: usize): u32 { return load<u32>(p); }
  export function setKind(p: usize, value: u32): void { store<u32>(p, value); }
  export function mode(p: usize): u32 { return load<u32>(p, 4); }
  export function setMode(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function owner(p: usize): u32 { return load<u32>(p, 8); }
  export function setOwner(p: usize, value: u32): void { store<u32>(p, value, 8); }
  export function group(p: usize): u32 { return load<u32>(p, 12); }
  export function setGroup(p: usize, value: u32): void { store<u32>(p, value, 12); }
  export function links(p: usize): u32 { return load<u32>(p, 16); }
  export function setLinks(p: usize, value: u32): void { store<u32>(p, value, 16); }
  export function flags(p: usize): u32 { return load<u32>(p, 20); }
  export function setFlags(p: usize, value: u32): void { store<u32>(p, value, 20); }
  export function size(p: usize): u64 { return load<u64>(p, 24); }
  export function setSize(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function modified(p: usize): u64 { return load<u64>(p, 32); }
  export function setModified(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function changed(p: usize): u64 { return load<u64>(p, 40); }
  export function setChanged(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function created(p: usize): u64 { return load<u64>(p, 48); }
  export function setCreated(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function content(p: usize): usize { return p + 56; }
  export function setContent(p: usize, hash: usize): void { memory.copy(p + 56, hash, HASH_BYTES); }
  export function parent(p: usize): u64 { return load<u64>(p, 88); }
  export function setParent(p: usize, value: u64): void { store<u64>(p, value, 88); }
  export function name(p: usize): usize { return p + HEAD_BYTES; }
}

/** A directory's entry. */
export namespace EntryValue {
  export const BYTES: u32 = 12;
  export function inode(p: usize): u64 { return load<u64>(p); }
  export function kind(p: usize): u32 { return load<u32>(p, 8); }
  export function set(p: usize, inode: u64, kind: u32): void {
    store<u64>(p, inode);
    store<u32>(p, kind, 8);
  }
}

/** A snapshot, in the snapshot map under its name. */
export namespace SnapshotValue {
  export const BYTES: u32 = 72;
  export function height(p: usize): u64 { return load<u64>(p); }
  export function time(p: usize): u64 { return load<u64>(p, 8); }
  export function tree(p: usize): usize { return p + 16; }
  export function files(p: usize): u64 { return load<u64>(p, 48); }
  export function directories(p: usize): u64 { return load<u64>(p, 56); }
  export function logicalBytes(p: usize): u64 { return load<u64>(p, 64); }
  export function set(p: usize, height: u64, time: u64, tree: usize, files: u64, directories: u64, logicalBytes: u64): void {
    store<u64>(p, height);
    store<u64>(p, time, 8);
    memory.copy(p + 16, tree, HASH_BYTES);
    store<u64>(p, files, 48);
    store<u64>(p, directories, 56);
    store<u64>(p, logicalBytes, 64);
  }
}

/** The state record. */
export namespace StateRecord {
  export const BYTES: u32 = 144;
  export const MAGIC: u64 = 0x3145544154535841; // "AXSTATE1"
  export const VERSION: u32 = 1;
  export function magic(p: usize): u64 { return load<u64>(p); }
  export function version(p: usize): u32 { return load<u32>(p, 8); }
  export function zero(p: usize): u32 { return load<u32>(p, 12); }
  export function salt(p: usize): usize { return p + 16; }
  export function nextInode(p: usize): u64 { return load<u64>(p, 48); }
  export function tree(p: usize): usize { return p + 56; }
  export function snapshots(p: usize): usize { return p + 88; }
  export function files(p: usize): u64 { return load<u64>(p, 120); }
  export function directories(p: usize): u64 { return load<u64>(p, 128); }
  export function logicalBytes(p: usize): u64 { return load<u64>(p, 136); }
}

/** Whether these bytes may be a name: of an entry or of a snapshot. Bytes are kept as they are. */
export function isValidName(name: usize, nameBytes: u32): bool {
  if (nameBytes == 0 || nameBytes > NAME_BYTES_MAX) return false;
  const first = load<u8>(name);
  if (first == 0x2e && (nameBytes == 1 || (nameBytes == 2 && load<u8>(name, 1) == 0x2e))) return false;
  for (let i: u32 = 0; i < nameBytes; i++) {
    const byte = load<u8>(name + i);
    if (byte == 0 || byte == 0x2f) return false;
  }
  return true;
}
