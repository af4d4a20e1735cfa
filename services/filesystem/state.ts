// The state of the filesystem: the tree map, the snapshot map, and the few numbers beside them. Everything durable follows from it; the reducer alone changes it.
//
// What is read from the maps may come from a hostile image: a record of an impossible shape is `Corrupted`.
//
// Safety: `inodeBuffer` arguments hold InodeRecord.BYTES_MAX bytes; values in the maps are copied or checked for length before use.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { hash } from "../base/blake3";
import { MapEditor, MerkleMap, NodeCache, NodeStore, commitMap } from "../base/merkle-map";
import { EntryValue, HASH_BYTES, INODE_KEY_BYTES, INODE_LIMIT, InodeRecord, NAME_BYTES_MAX, ROOT_INODE, SnapshotValue, StateRecord, ZERO_HASH, entryKey, inodeKey } from "./tree-format";

const DEFAULT_DIRECTORY_MODE: u32 = 0o755;

export class State {
  readonly cache: NodeCache;
  readonly tree: MerkleMap;
  readonly snapshots: MerkleMap;
  private editor: MapEditor = new MapEditor();
  nextInode: u64 = 2;
  files: u64 = 0;
  directories: u64 = 1;
  logicalBytes: u64 = 0;
  /** The state record, and its hash: set by `root`. */
  readonly record: usize = heap.alloc(StateRecord.BYTES);
  readonly recordHash: usize = heap.alloc(HASH_BYTES);
  /** Of findEntry. */
  entryInode: u64 = 0;
  entryKind: u32 = 0;
  /** Of readInode and getSnapshot: length, address (until the next use of a map). */
  valueBytes: u32 = 0;
  snapshot: usize = 0;
  private scratch: usize = heap.alloc(InodeRecord.BYTES_MAX);

  constructor(nodes: NodeStore, nodeCount: u32, chunkCount: u32) {
    const cache = new NodeCache(nodes, nodeCount, chunkCount);
    this.cache = cache;
    this.tree = new MerkleMap(cache);
    this.snapshots = new MerkleMap(cache);
  }

  /** The state after genesis: a root directory. */
  initialize(salt: usize, time: u64): u32 {
    this.forget();
    this.setSalt(salt);
    this.nextInode = ROOT_INODE + 1;
    this.files = 0;
    this.directories = 1;
    this.logicalBytes = 0;
    let status = this.tree.reset();
    if (status == Status.Ok) status = this.snapshots.reset();
    if (status != Status.Ok) return status;
    const record = this.scratch;
    memory.fill(record, 0, InodeRecord.HEAD_BYTES);
    InodeRecord.setKind(record, FileKind.directory);
    InodeRecord.setMode(record, DEFAULT_DIRECTORY_MODE);
    InodeRecord.setLinks(record, 1);
    InodeRecord.setModified(record, time);
    InodeRecord.setChanged(record, time);
    InodeRecord.setCreated(record, time);
    InodeRecord.setContent(record, ZERO_HASH);
    InodeRecord.setParent(record, ROOT_INODE);
    return this.writeInode(ROOT_INODE, record, InodeRecord.HEAD_BYTES);
  }

  /** The state of a stored record. */
  open(record: usize, lengthBytes: u32): u32 {
    if (lengthBytes != StateRecord.BYTES || StateRecord.magic(record) != StateRecord.MAGIC || StateRecord.zero(record) != 0) return Status.Corrupted;
    if (StateRecord.version(record) != StateRecord.VERSION) return Status.UnsupportedVersion;
    const nextInode = StateRecord.nextInode(record);
    if (nextInode <= ROOT_INODE || nextInode > INODE_LIMIT) return Status.Corrupted;
    this.forget();
    this.setSalt(StateRecord.salt(record));
    this.nextInode = nextInode;
    this.files = StateRecord.files(record);
    this.directories = StateRecord.directories(record);
    this.logicalBytes = StateRecord.logicalBytes(record);
    const status = this.tree.open(StateRecord.tree(record));
    return status == Status.Ok ? this.snapshots.open(StateRecord.snapshots(record)) : status;
  }

  /** Hash what changed; the address of the state root. */
  root(): usize {
    const record = this.record;
    store<u64>(record, StateRecord.MAGIC);
    store<u32>(record, StateRecord.VERSION, 8);
    store<u32>(record, 0, 12);
    memory.copy(StateRecord.salt(record), this.tree.salt, HASH_BYTES);
    store<u64>(record, this.nextInode, 48);
    memory.copy(StateRecord.tree(record), commitMap(this.tree), HASH_BYTES);
    memory.copy(StateRecord.snapshots(record), commitMap(this.snapshots), HASH_BYTES);
    store<u64>(record, this.files, 120);
    store<u64>(record, this.directories, 128);
    store<u64>(record, this.logicalBytes, 136);
    hash(record, StateRecord.BYTES, this.recordHash);
    return this.recordHash;
  }

  /** An inode's record into a buffer; its length to `valueBytes`. */
  readInode(inode: u64, buffer: usize): u32 { return this.readInodeOf(this.tree, inode, buffer); }

  /** The same from another tree: a snapshot's. */
  readInodeOf(tree: MerkleMap, inode: u64, buffer: usize): u32 {
    const status = tree.get(inodeKey(inode), INODE_KEY_BYTES);
    if (status != Status.Ok) return status;
    if (!isInodeRecord(tree.valueAddress, tree.valueBytes)) return Status.Corrupted;
    this.valueBytes = tree.valueBytes;
    memory.copy(buffer, tree.valueAddress, tree.valueBytes);
    return Status.Ok;
  }

  writeInode(inode: u64, record: usize, lengthBytes: u32): u32 { return this.editor.put(this.tree, inodeKey(inode), INODE_KEY_BYTES, record, lengthBytes); }
  removeInode(inode: u64): u32 { return this.editor.remove(this.tree, inodeKey(inode), INODE_KEY_BYTES); }

  /** What a name in a directory stands for, to `entryInode` and `entryKind`. */
  findEntry(directory: u64, name: usize, nameBytes: u32): u32 {
    if (nameBytes == 0 || nameBytes > NAME_BYTES_MAX) return Status.NotFound;
    const status = this.tree.get(entryKey(directory, name, nameBytes), INODE_KEY_BYTES + nameBytes);
    if (status != Status.Ok) return status;
    if (this.tree.valueBytes != EntryValue.BYTES) return Status.Corrupted;
    this.entryInode = EntryValue.inode(this.tree.valueAddress);
    this.entryKind = EntryValue.kind(this.tree.valueAddress);
    return Status.Ok;
  }

  putEntry(directory: u64, name: usize, nameBytes: u32, inode: u64, kind: u32): u32 {
    EntryValue.set(this.scratch, inode, kind);
    return this.editor.put(this.tree, entryKey(directory, name, nameBytes), INODE_KEY_BYTES + nameBytes, this.scratch, EntryValue.BYTES);
  }

  removeEntry(directory: u64, name: usize, nameBytes: u32): u32 { return this.editor.remove(this.tree, entryKey(directory, name, nameBytes), INODE_KEY_BYTES + nameBytes); }

  /** A snapshot's value, to `snapshot` until the next use of a map. */
  getSnapshot(name: usize, nameBytes: u32): u32 {
    if (nameBytes == 0 || nameBytes > NAME_BYTES_MAX) return Status.NotFound;
    const status = this.snapshots.get(name, nameBytes);
    if (status != Status.Ok) return status;
    this.snapshot = this.snapshots.valueAddress;
    return this.snapshots.valueBytes == SnapshotValue.BYTES ? Status.Ok : Status.Corrupted;
  }

  /** Name the present tree. */
  putSnapshot(name: usize, nameBytes: u32, height: u64, time: u64): u32 {
    SnapshotValue.set(this.scratch, height, time, commitMap(this.tree), this.files, this.directories, this.logicalBytes);
    return this.editor.put(this.snapshots, name, nameBytes, this.scratch, SnapshotValue.BYTES);
  }

  removeSnapshot(name: usize, nameBytes: u32): u32 { return this.editor.remove(this.snapshots, name, nameBytes); }

  private forget(): void {
    this.tree.forget();
    this.snapshots.forget();
    this.cache.clear();
  }

  private setSalt(salt: usize): void {
    this.tree.setSalt(salt);
    this.snapshots.setSalt(salt);
  }
}

/** Whether a value of the tree map has the shape of an inode's record. */
export function isInodeRecord(record: usize, lengthBytes: u32): bool {
  if (lengthBytes < InodeRecord.HEAD_BYTES || lengthBytes > InodeRecord.BYTES_MAX) return false;
  const kind = InodeRecord.kind(record);
  return kind >= FileKind.file && kind <= FileKind.symlink;
}
