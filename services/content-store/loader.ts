// Mounts the index: the runs that the root names, then the changes that the journal has after it. Everything is checked before it is believed: hashes of directory and segments,
// order and soundness of entries, and that nothing is added twice or removed without being there. A breach answers Corrupted and the store stays closed.
//
// Safety: `segment` is GROUP_BYTES, `piece` PIECE_BYTES; row and entry counts are checked against them.
import { hash } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Counters } from "./counters";
import { Entry, RUN_NONE } from "./entry";
import { IndexTable } from "./index-table";
import { BLOCK_BYTES, FANOUT_SHIFT, GROUP_BYTES, GROUP_SHIFT, Kind, OBJECT_BYTES_MAX, PAGE_BYTES, VALUE_BYTES, blocksOf, sameValue } from "./limits";
import { BlockLayer } from "./lower";
import { Change, PIECE_BYTES, PIECE_HEAD_BYTES, Piece, PieceType } from "./piece";
import { ROOT_BYTES, Root, Runs, SEGMENT_ROW } from "./runs";

export class Loader {
  private segment: usize = heap.alloc(GROUP_BYTES);
  private piece: usize = heap.alloc(PIECE_BYTES);
  private computed: usize = heap.alloc(32);
  /** Value of the entry before, in the run being loaded. */
  private previous: usize = heap.alloc(32);

  constructor(private block: BlockLayer, private index: IndexTable, private runs: Runs, private counters: Counters) {}

  /** Fills the empty table. block.describe has been answered. */
  load(): u32 {
    let status = this.block.getRoot(this.piece, PIECE_BYTES);
    if (status != Status.Ok) return status;
    if (this.block.lengthBytes) {
      status = this.loadRoot(this.piece, this.block.lengthBytes);
      if (status != Status.Ok) return status;
    }
    return this.replay();
  }

  private replay(): u32 {
    let cursor: u64 = 0;
    while (true) {
      let status = this.block.replay(cursor, this.piece, PIECE_BYTES);
      if (status != Status.Ok) return status;
      if (!this.block.found) return Status.Ok;
      const lengthBytes = this.block.lengthBytes;
      if (this.block.cursor == cursor || lengthBytes > PIECE_BYTES || !Piece.isPiece(this.piece, lengthBytes)) return Status.Corrupted;
      cursor = this.block.cursor;
      if (Piece.type(this.piece) == PieceType.changes) status = this.applyChanges();
      else status = this.loadRoot(this.piece + PIECE_HEAD_BYTES, Piece.count(this.piece));
      if (status != Status.Ok) return status;
    }
  }

  private applyChanges(): u32 {
    for (let i: u32 = 0; i < Piece.count(this.piece); i++) {
      const at = Piece.change(this.piece, i);
      if (!this.isSound(at)) return Status.Corrupted;
      if (Entry.flags(at) == Change.added) {
        const status = this.add(at, RUN_NONE);
        if (status != Status.Ok) return status;
        continue;
      }
      const entry = this.index.find(Entry.kind(at), at);
      if (!entry || Entry.flags(at) != Change.removed) return Status.Corrupted;
      this.counters.remove(entry);
      this.runs.entryRemoved(entry);
      this.index.remove(entry);
    }
    return Status.Ok;
  }

  /** Replaces what is in the table by what this root reaches. */
  private loadRoot(root: usize, lengthBytes: u32): u32 {
    if (lengthBytes < 8 || !Root.isRoot(root)) return Status.Corrupted;
    if (!Root.isSupported(root)) return Status.UnsupportedVersion;
    if (lengthBytes != ROOT_BYTES) return Status.Corrupted;
    this.index.reset();
    this.counters.reset();
    this.runs.reset();
    memory.copy(this.runs.root, root, ROOT_BYTES);
    const directoryBytes = Root.directoryBytes(root);
    const count = directoryBytes / SEGMENT_ROW;
    if (directoryBytes > GROUP_BYTES || count * SEGMENT_ROW != directoryBytes) return Status.Corrupted;
    if (count) {
      const status = this.readVerified(this.runs.directory, Root.directoryAddress(root), directoryBytes, Root.directoryHash(root));
      if (status != Status.Ok) return status;
    }
    this.runs.segmentCount = count;
    let run: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const row = this.runs.segment(i);
      // The first segment of a run starts its order of keys anew.
      const isFirst = i == 0 || Entry.run(row) != run;
      if (Entry.run(row) < run || Entry.run(row) == RUN_NONE) return Status.Corrupted;
      run = Entry.run(row);
      const status = this.loadSegment(row, run, isFirst);
      if (status != Status.Ok) return status;
    }
    this.index.clearNew();
    return this.index.count == Root.entryCount(root) ? Status.Ok : Status.Corrupted;
  }

  private loadSegment(row: usize, run: u32, isFirst: bool): u32 {
    const lengthBytes = Entry.lengthBytes(row);
    const count = <u32>(lengthBytes / Entry.BYTES);
    if (lengthBytes > GROUP_BYTES || count == 0 || count * Entry.BYTES != <u32>lengthBytes || Entry.kind(row) != Kind.object) return Status.Corrupted;
    let status = this.readVerified(this.segment, Entry.address(row), <u32>lengthBytes, row);
    if (status != Status.Ok) return status;
    for (let i: u32 = 0; i < count; i++) {
      const at = this.segment + <usize>i * Entry.BYTES;
      if (!this.isSound(at) || Entry.flags(at) != 0) return Status.Corrupted;
      if (!(isFirst && i == 0) && !isBefore(this.previous, at)) return Status.Corrupted;
      memory.copy(this.previous, at, 32);
      status = this.add(at, run);
      if (status != Status.Ok) return status;
      this.runs.loaded(run);
    }
    return Status.Ok;
  }

  private add(at: usize, run: u32): u32 {
    if (this.index.find(Entry.kind(at), at)) return Status.Corrupted;
    const entry = this.index.insert(Entry.kind(at), at);
    if (!entry) return Status.OutOfMemory;
    Entry.fill(entry, Entry.kind(at), at, Entry.lengthBytes(at), Entry.firstGroup(at), Entry.address(at), run << 4);
    this.counters.add(entry);
    return Status.Ok;
  }

  /** Could the store have written this entry to this image? */
  private isSound(at: usize): bool {
    const lengthBytes = Entry.lengthBytes(at);
    const kind = Entry.kind(at);
    if (lengthBytes == 0 || Entry.firstGroup(at) >= <u32>(OBJECT_BYTES_MAX >> GROUP_SHIFT)) return false;
    if (kind == Kind.object) {
      if (lengthBytes > OBJECT_BYTES_MAX || Entry.firstGroup(at) != 0) return false;
    } else if (kind == Kind.group) {
      if (lengthBytes > GROUP_BYTES) return false;
    } else if (kind == Kind.interior) {
      if (lengthBytes > PAGE_BYTES || lengthBytes % VALUE_BYTES != 0 || lengthBytes < 2 * VALUE_BYTES) return false;
      if (Entry.firstGroup(at) & ((1 << FANOUT_SHIFT) - 1)) return false;
    } else return false;
    return this.isOnDevice(Entry.address(at), Entry.blockCount(at));
  }

  private isOnDevice(address: u64, blockCount: u32): bool {
    return address != 0 && address < this.block.blockCount && blockCount <= this.block.blockCount - address;
  }

  private readVerified(memory: usize, address: u64, lengthBytes: u32, value: usize): u32 {
    if (!this.isOnDevice(address, blocksOf(lengthBytes))) return Status.Corrupted;
    const status = this.block.read(address, memory, blocksOf(lengthBytes) * BLOCK_BYTES);
    if (status != Status.Ok) return status;
    hash(memory, lengthBytes, this.computed);
    return sameValue(this.computed, value) ? Status.Ok : Status.Corrupted;
  }
}

/** Does the value at `a` come before that at `b`, or is it the same (of another kind)? */
function isBefore(a: usize, b: usize): bool {
  for (let word: usize = 0; word < 32; word += 8) {
    const left = load<u64>(a + word), right = load<u64>(b + word);
    if (left != right) return left < right;
  }
  return true;
}
