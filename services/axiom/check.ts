// The check: the whole chain from genesis to head, every payload hash, and that the journal on the disk says what memory says.
//
// Damage does not end the check: a segment that cannot be read or does not continue the chain counts all its entries as broken, and the check goes on with what the next segment says of itself.
// Work is bounded by the length of the log, that of a step by its limit and the pieces since the checkpoint; memory by one segment and one tile of each level.
//
// Safety: segments are bounded by SegmentReader before they are looked at; the piece buffer has the size that it is read with.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Chain, equalHashes, HASH_BYTES } from "./entry";
import { Log } from "./log";
import { pieceBytes, pieceEntryCount, verifyPiece } from "./piece";
import { Root } from "./root";
import { Segment } from "./segment";
import { SegmentWalk } from "./segment-walk";

export class Checker {
  private walk: SegmentWalk;
  private chain: Chain = new Chain();
  private lastSegment: usize = heap.alloc(HASH_BYTES);
  private ordinal: u64 = 0;
  /** Whether chain and lastSegment are known: not after something that could not be read. */
  private isTied: bool = true;

  /** Results. */
  checked: u64 = 0;
  firstBroken: u64 = 0;
  broken: u32 = 0;
  /** Of step: where to go on; 0: nothing is left. */
  cursor: u64 = 0;
  private isInSegments: bool = false;
  private archivedHeight: u64 = 0;

  constructor(private log: Log) { this.walk = new SegmentWalk(log.index, log.objects); }

  /** All of it. Ok says that the check was made; what it found is in the fields. */
  run(): u32 { return this.step(0, u32.MAX_VALUE); }

  /** Up to `limit` segments and tiles, from where the last step ended; `cursor` 0 begins anew, and is 0 when nothing is left. The fields count since then. */
  step(cursor: u64, limit: u32): u32 {
    if (this.log.mountStatus != Status.Ok) return this.log.mountStatus;
    if (cursor == 0) this.begin();
    // A checkpoint since the last step: the tiles that the walk is in are not the log's any more.
    else if (cursor != this.cursor || Root.nextHeight(this.log.root) != this.archivedHeight) return Status.Busy;
    for (let visits: u32 = 0; this.isInSegments && visits < max<u32>(limit, 1); visits++) {
      if (this.walk.next()) this.visit();
      else this.endSegments();
    }
    if (this.isInSegments) return Status.Ok;
    this.checkPieces();
    this.cursor = 0;
    return Status.Ok;
  }

  private begin(): void {
    const log = this.log;
    this.checked = 0;
    this.firstBroken = 0;
    this.broken = 0;
    this.cursor = 0;
    this.chain.set(0, 0);
    this.ordinal = 0;
    this.isTied = true;
    memory.fill(this.lastSegment, 0, HASH_BYTES);
    this.archivedHeight = Root.nextHeight(log.root);
    this.isInSegments = log.hasRoot;
    // What memory holds was verified before; the disk is asked again.
    log.reader.drop();
    if (log.hasRoot) this.walk.start(this.archivedHeight);
  }

  private visit(): void {
    this.cursor++;
    if (this.walk.isTile ? this.walk.status != Status.Ok : !this.checkSegment()) this.breakOff(this.walk.first, this.walk.end);
  }

  private endSegments(): void {
    const log = this.log;
    this.isInSegments = false;
    const isComplete = this.isTied && this.chain.next == Root.nextHeight(log.root) && this.ordinal == Root.segmentCount(log.root);
    if (isComplete && equalHashes(this.chain.head, Root.head(log.root)) && equalHashes(this.lastSegment, Root.lastSegment(log.root))) return;
    if (this.isTied) this.breakOff(Root.nextHeight(log.root) - 1, Root.nextHeight(log.root));
  }

  private checkSegment(): bool {
    const reader = this.log.reader;
    if (reader.load(this.walk.hash) != Status.Ok) return false;
    const head = reader.buffer;
    if (reader.first != this.walk.first || reader.first + reader.count != this.walk.end) return false;
    if (this.isTied) {
      if (Segment.ordinal(head) != this.ordinal || !equalHashes(Segment.previousSegment(head), this.lastSegment)) return false;
      if (!equalHashes(Segment.previousEntry(head), this.chain.head)) return false;
    }
    this.chain.set(reader.first, Segment.previousEntry(head));
    for (let i: u32 = 0; i < reader.count; i++) if (this.chain.accept(reader.entry(i), reader.runBytes(i, i + 1)) == 0) return false;
    if (!equalHashes(this.chain.head, Segment.lastEntry(head))) return false;
    this.ordinal = Segment.ordinal(head) + 1;
    memory.copy(this.lastSegment, this.walk.hash, HASH_BYTES);
    this.checked += reader.count;
    this.isTied = true;
    return true;
  }

  /** The entries from `first` to `end` (not included) cannot be vouched for. */
  private breakOff(first: u64, end: u64): void {
    if (this.broken == 0) this.firstBroken = first;
    const count = end - first;
    this.broken = count > u32.MAX_VALUE - this.broken ? u32.MAX_VALUE : this.broken + <u32>count;
    this.isTied = false;
  }

  /** The pieces in the arena, and that the journal still gives the same bytes. */
  private checkPieces(): void {
    const log = this.log;
    if (log.hasRoot) this.chain.set(Root.nextHeight(log.root), Root.head(log.root)); else this.chain.set(0, 0);
    let offset: u32 = 0;
    let cursor: u64 = 0;
    let isReadable: bool = true;
    for (let piece = log.arena.pieceAt(0); piece; piece = log.arena.pieceAt(offset)) {
      const lengthBytes = pieceBytes(piece);
      const first = this.chain.next;
      const end = first + pieceEntryCount(piece);
      if (isReadable) {
        isReadable = this.readPiece(cursor);
        cursor = log.journal.cursor;
      }
      const isSame = isReadable && log.journal.lengthBytes == lengthBytes && memory.compare(log.arena.tail, piece, lengthBytes) == 0;
      const isWhole = verifyPiece(piece, lengthBytes, this.chain) == Status.Ok;
      if (isSame && isWhole) this.checked += end - first; else this.breakOff(first, end);
      if (!isWhole) return;
      offset += lengthBytes;
    }
  }

  /** Read the next piece that is not empty to the arena's free room. */
  private readPiece(from: u64): bool {
    const journal = this.log.journal;
    let cursor = from;
    for (let turn: u32 = 0; turn < 1 << 20; turn++) {
      if (journal.replay(cursor, this.log.arena.tail, this.log.arena.freeBytes) != Status.Ok || !journal.found) return false;
      if (journal.lengthBytes) return true;
      cursor = journal.cursor;
    }
    return false;
  }
}
