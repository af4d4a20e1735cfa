// A file system for specs: inodes in plain arrays, the same in a Merkle map, and what a comparison of two states must say, found the slow way.
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Change, ChangeRecord } from "../../../kernel-bindings/generated/assembly/snapshots";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { commitMap, HASH_BYTES, MapEditor, MerkleMap, NodeCache } from "../../base/merkle-map";
import { ChangeList } from "../change-list";
import { InodeRecord, TreeKey } from "../inode-record";
import { MemoryNodes } from "./memory-nodes";

export class Inode {
  constructor(public number: u64, public kind: u32, public parent: u64, public name: string, public mode: u32, public content: u32, public touched: u32) {}
  copy(): Inode { return new Inode(this.number, this.kind, this.parent, this.name, this.mode, this.content, this.touched); }
}

/** One state, by inode number; index 0 is unused, a gone inode is null. */
export type State = Array<Inode | null>;

const key = memory.data(300, 16);
const value = memory.data(512, 16);

function writeName(name: string, out: usize): u32 {
  const bytes = String.UTF8.encode(name);
  memory.copy(out, changetype<usize>(bytes), bytes.byteLength);
  return bytes.byteLength;
}

export class TreeModel {
  state: State = [null, new Inode(1, FileKind.directory, 1, "", 0o755, 0, 0)];
  map: MerkleMap;
  private editor: MapEditor = new MapEditor();

  constructor(readonly nodes: MemoryNodes, cacheNodes: u32 = 8192, chunks: u32 = 64) {
    this.map = new MerkleMap(new NodeCache(nodes, cacheNodes, chunks));
    memory.fill(this.map.salt, 9, HASH_BYTES);
    assert(this.map.reset() == Status.Ok);
    this.putRecord(this.get(1));
  }

  get(number: u64): Inode { return this.state[<i32>number]!; }
  has(number: u64): bool { return <i32>number < this.state.length && this.state[<i32>number] !== null; }

  make(kind: u32, parent: u64, name: string, content: u32): u64 {
    const number: u64 = this.state.length;
    const inode = new Inode(number, kind, parent, name, 0o644, content, 0);
    this.state.push(inode);
    this.putRecord(inode);
    this.putEntry(inode);
    return number;
  }

  /** Write after a change of content, mode or times. */
  putRecord(inode: Inode): void {
    memory.fill(value, 0, InodeRecord.SIZE);
    store<u32>(value, inode.kind);
    store<u32>(value, inode.mode, 4);
    store<u64>(value, inode.touched, 32);
    store<u64>(value, inode.parent, 88);
    if (inode.kind != FileKind.directory) store<u32>(value, inode.content, 56);
    const nameBytes = writeName(inode.name, value + InodeRecord.SIZE);
    assert(this.editor.put(this.map, key, TreeKey.makeInode(key, inode.number), value, InodeRecord.SIZE + nameBytes) == Status.Ok);
  }

  remove(number: u64): void {
    const inode = this.get(number);
    this.dropEntry(inode);
    assert(this.editor.remove(this.map, key, TreeKey.makeInode(key, number)) == Status.Ok);
    this.state[<i32>number] = null;
  }

  move(number: u64, parent: u64, name: string): void {
    const inode = this.get(number);
    this.dropEntry(inode);
    inode.parent = parent;
    inode.name = name;
    this.putEntry(inode);
    this.putRecord(inode);
  }

  /** Store what changed; the root of the tree goes to `out`. */
  save(out: usize): void {
    memory.copy(out, commitMap(this.map), HASH_BYTES);
    while (this.map.cache.unstoredCount) assert(this.map.cache.storeSome(1 << 20) == Status.Ok);
  }

  copyState(): State {
    const copy: State = [];
    for (let i = 0; i < this.state.length; i++) {
      const inode = this.state[i];
      copy.push(inode === null ? null : inode.copy());
    }
    return copy;
  }

  /** Any value under any key, as no file system would write it. */
  putRaw(key: usize, keyBytes: u32, value: usize, valueBytes: u32): void {
    assert(this.editor.put(this.map, key, keyBytes, value, valueBytes) == Status.Ok);
  }

  private putEntry(inode: Inode): void {
    const nameBytes = writeName(inode.name, value + 64);
    store<u64>(value, inode.number);
    store<u32>(value, inode.kind, 8);
    assert(this.editor.put(this.map, key, TreeKey.makeEntry(key, inode.parent, value + 64, nameBytes), value, 12) == Status.Ok);
  }

  private dropEntry(inode: Inode): void {
    const nameBytes = writeName(inode.name, value);
    assert(this.editor.remove(this.map, key, TreeKey.makeEntry(key, inode.parent, value, nameBytes)) == Status.Ok);
  }
}

function alive(state: State, number: u64): bool { return <i32>number < state.length && state[<i32>number] !== null; }

export function pathOf(state: State, number: u64): string {
  let path = "";
  for (let at = number; at != 1; at = state[<i32>at]!.parent) path = path.length ? state[<i32>at]!.name + "/" + path : state[<i32>at]!.name;
  return path;
}

function line(change: u32, path: string, newPath: string): string { return path + "\0" + change.toString() + "\0" + newPath; }

function childAt(state: State, parent: u64, name: string): Inode | null {
  for (let i = 2; i < state.length; i++) {
    const inode = state[i];
    if (inode !== null && inode.parent == parent && inode.name == name) return inode;
  }
  return null;
}

/** What a comparison must list, sorted. */
export function expected(before: State, after: State): string[] {
  const lines: string[] = [];
  for (let i: u64 = 1; i < <u64>max(before.length, after.length); i++) {
    if (alive(before, i) && alive(after, i)) {
      const a = before[<i32>i]!, b = after[<i32>i]!;
      if (a.parent != b.parent || a.name != b.name) lines.push(line(Change.renamed, pathOf(before, i), pathOf(after, i)));
      if (a.mode != b.mode || a.content != b.content) lines.push(line(Change.modified, pathOf(after, i), ""));
    } else if (alive(before, i)) {
      const a = before[<i32>i]!;
      const now = childAt(after, a.parent, a.name);
      if (now === null || alive(before, now.number)) lines.push(line(Change.removed, pathOf(before, i), ""));
    } else if (alive(after, i)) {
      const b = after[<i32>i]!;
      const old = childAt(before, b.parent, b.name);
      if (old === null || alive(after, old.number)) lines.push(line(Change.added, pathOf(after, i), ""));
      else if (old.kind != b.kind || old.mode != b.mode || old.content != b.content) lines.push(line(Change.modified, pathOf(after, i), ""));
    }
  }
  return lines.sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
}

/** The lines of a result. */
export function listed(changes: ChangeList): string[] {
  const lines: string[] = [];
  for (let i: u32 = 0; i < changes.count; i++) {
    const p = changes.record(i);
    const path = String.UTF8.decodeUnsafe(p + ChangeRecord.SIZE, ChangeRecord.pathBytes(p));
    const newPath = String.UTF8.decodeUnsafe(p + ChangeRecord.SIZE + ChangeRecord.pathBytes(p), ChangeRecord.newPathBytes(p));
    lines.push(line(ChangeRecord.change(p), path, newPath));
  }
  return lines;
}

/** For people: "A path", "R old > new". */
export function show(lines: string[]): string {
  let text = "";
  for (let i = 0; i < lines.length; i++) {
    const parts = lines[i].split("\0");
    text += "?+-MR".charAt(I32.parseInt(parts[1])) + " " + parts[0] + (parts[2].length ? " > " + parts[2] : "") + "\n";
  }
  return text;
}
