// The log: what is committed, how a batch joins it, and how it is read back at mount. The heart of Axiom.
//
//   objects below the root's nextHeight (segment-index.ts)      │  arena: pieces since the checkpoint, as in the journal  │  next batch
//   genesis ………………………………………………………………… nextHeight │ first ……………………………………………………… head             │
//
// What stays true: memory is at the last committed entry. A batch is built beyond the arena's end with a chain of its own; only when the journal has taken it do arena, chain and keys
// move. When the journal answers Lost it has gone back to its last durable commit, and so does the log: it mounts again.
//
// Safety: raw memory is that of the classes used, whose bounds are stated there; `root` has ROOT_ROOM bytes, `keysBuffer` one object of recent keys and 8 bytes more.
import { Entry, EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { BlockFlag } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Arena } from "./arena";
import { Batch, BATCH_COUNT_MAXIMUM, copyProposal, Reject } from "./batch";
import { Chain, HASH_BYTES, PAYLOAD_BYTES_MAXIMUM, STATE_ROOT_ENTRY_BYTES } from "./entry";
import { Clock, Journal, Objects } from "./lower";
import { PIECE_HEAD_BYTES, pieceEntryCount, verifyPiece, writePieceHead } from "./piece";
import { Policy } from "./policy";
import { RECENT_KEYS_BYTES_MAXIMUM, RecentKeys, WINDOW } from "./recent-keys";
import { Root, verifyRoot } from "./root";
import { SegmentIndex } from "./segment-index";
import { SegmentReader } from "./segment";

/** What the block service keeps at most for a client. */
const ROOT_ROOM: u32 = 1024;
/** More transactions than a journal of 64 MiB holds; a replay that goes on longer is damaged. */
const REPLAY_TURNS_MAXIMUM: u32 = 1 << 20;

export class Log {
  readonly chain: Chain = new Chain();
  readonly keys: RecentKeys = new RecentKeys();
  readonly index: SegmentIndex;
  readonly reader: SegmentReader;
  /** The root of the last checkpoint; all zero before the first. */
  readonly root: usize = heap.alloc(ROOT_ROOM);
  readonly keysBuffer: usize = heap.alloc(RECENT_KEYS_BYTES_MAXIMUM + 8);
  private pending: Chain = new Chain();
  hasRoot: bool = false;
  /** Ok: the log can be used. Else every operation answers this. */
  mountStatus: u32 = Status.NotFormatted;
  /** Of `propose` when it answers Rejected. */
  rejectReason: u32 = 0;

  constructor(readonly journal: Journal, readonly objects: Objects, readonly clock: Clock, readonly policy: Policy, readonly arena: Arena, readonly batch: Batch) {
    this.index = new SegmentIndex(objects);
    this.reader = new SegmentReader(objects);
  }

  /** Height of the entry that comes next. */
  get nextHeight(): u64 { return this.chain.next; }

  /** BlockFlags for the caller: the journal's, and whether the arena asks for a checkpoint too: when it is convenient at three eighths, at once at half. */
  get flags(): u32 {
    return this.journal.flags | (this.arena.isFilled(3) ? BlockFlag.checkpointWanted : 0) | (this.arena.isFilled(4) ? BlockFlag.checkpointDue : 0);
  }

  /** Read the log back from below, and verify what is read. */
  mount(): u32 {
    this.clear();
    this.mountStatus = this.readBack();
    if (this.mountStatus != Status.Ok) this.clear();
    return this.mountStatus;
  }

  /** Format everything below and begin with a genesis entry, whose payload is at `batch.address`. */
  format(blockCount: u64, flags: u32, payloadBytes: u32): u32 {
    if (payloadBytes > PAYLOAD_BYTES_MAXIMUM) return Status.TooLarge;
    const formatted = this.objects.format(blockCount, flags);
    if (formatted != Status.Ok) return formatted;
    this.clear();
    this.mountStatus = Status.NotFormatted;
    const status = this.writeGenesis(payloadBytes);
    if (status == Status.Ok || status == Status.NotDurable) this.mountStatus = Status.Ok; else this.clear();
    return status;
  }

  /** Commit the `lengthBytes` bytes of proposals in `batch` and the root that they lead to, all or nothing. */
  propose(stateRoot: usize, count: u32, lengthBytes: u32, badge: u32, rights: u32): u32 {
    this.rejectReason = Reject.none;
    if (this.mountStatus != Status.Ok) return this.mountStatus;
    if (count > BATCH_COUNT_MAXIMUM || lengthBytes > this.batch.capacityBytes) return Status.TooLarge;
    this.rejectReason = this.batch.validate(lengthBytes, count, badge, rights, this.policy, this.keys);
    if (this.rejectReason != Reject.none) return Status.Rejected;
    const entryBytes = this.batch.entryBytes + STATE_ROOT_ENTRY_BYTES;
    // Whoever makes a checkpoint when `checkpointDue` asks for it never comes here: the other half takes the largest batch.
    const fits = PIECE_HEAD_BYTES + entryBytes <= this.arena.freeBytes && count + 1 <= this.arena.freeEntries;
    let status = fits ? this.objects.prepare() : <u32>Status.OutOfMemory;
    if (status == Status.Ok) {
      this.build(stateRoot, count, entryBytes);
      status = this.journal.commit(this.arena.tail, PIECE_HEAD_BYTES + entryBytes);
    }
    if (status != Status.Ok) {
      this.keys.dropBatch();
      return this.recover(status);
    }
    this.arena.adopt(PIECE_HEAD_BYTES + entryBytes);
    this.chain.copyFrom(this.pending);
    this.keys.keepBatch();
    return Status.Ok;
  }

  /** Everything committed survives power loss when this answers Ok. */
  sync(): u32 {
    if (this.mountStatus != Status.Ok) return this.mountStatus;
    return this.recover(this.journal.sync());
  }

  /** A status of a layer below, after the log has followed it: Lost means that what was committed since the last durable commit is gone. */
  recover(status: u32): u32 {
    if (status == Status.Lost) this.mount();
    return status;
  }

  private clear(): void {
    this.chain.set(0, 0);
    this.keys.clear();
    this.index.clear();
    this.reader.drop();
    this.arena.reset(0);
    memory.fill(this.root, 0, ROOT_ROOM);
    this.hasRoot = false;
  }

  private writeGenesis(payloadBytes: u32): u32 {
    const entry = this.arena.tail + PIECE_HEAD_BYTES;
    Entry.setType(entry, <u16>EntryType.genesis);
    Entry.setFlags(entry, 0);
    Entry.setTimeNanoseconds(entry, this.clock.now());
    Entry.setIdempotencyKey(entry, 0);
    Entry.setPayloadBytes(entry, payloadBytes);
    memory.copy(entry + Entry.SIZE, this.batch.address, payloadBytes);
    const entryBytes = this.chain.seal(entry);
    writePieceHead(this.arena.tail, 0, 1, entryBytes, this.chain.head);
    let status = this.objects.prepare();
    if (status == Status.Ok) status = this.journal.commit(this.arena.tail, PIECE_HEAD_BYTES + entryBytes);
    if (status != Status.Ok) return status;
    this.arena.adopt(PIECE_HEAD_BYTES + entryBytes);
    return this.journal.sync();
  }

  /** Make the piece of the validated batch at the arena's tail, where there is room for it. */
  private build(stateRoot: usize, count: u32, entryBytes: u32): void {
    const piece = this.arena.tail;
    this.pending.copyFrom(this.chain);
    let entry = piece + PIECE_HEAD_BYTES;
    let proposal = this.batch.address;
    for (let i: u32 = 0; i < count; i++) {
      proposal += copyProposal(proposal, entry);
      entry += this.pending.seal(entry);
    }
    Entry.setType(entry, <u16>EntryType.stateRoot);
    Entry.setFlags(entry, 0);
    Entry.setTimeNanoseconds(entry, this.clock.now());
    Entry.setIdempotencyKey(entry, 0);
    Entry.setPayloadBytes(entry, HASH_BYTES);
    memory.copy(entry + Entry.SIZE, stateRoot, HASH_BYTES);
    entry += this.pending.seal(entry);
    writePieceHead(piece, this.chain.next, count + 1, entryBytes, this.pending.head);
    assert(entry - piece == PIECE_HEAD_BYTES + entryBytes);
  }

  private readBack(): u32 {
    let status = this.journal.describe();
    if (status != Status.Ok) return status;
    if (this.journal.mountStatus != Status.Ok) return this.journal.mountStatus;
    status = this.journal.getRoot(this.root, ROOT_ROOM);
    if (status != Status.Ok) return status;
    if (this.journal.lengthBytes) {
      status = this.readRoot(this.journal.lengthBytes);
      if (status != Status.Ok) return status;
    }
    this.arena.reset(this.chain.next);
    status = this.readPieces();
    if (status != Status.Ok) return status;
    return this.chain.next ? Status.Ok : Status.NotFormatted;
  }

  private readRoot(lengthBytes: u32): u32 {
    let status = verifyRoot(this.root, lengthBytes);
    if (status != Status.Ok) return status;
    status = this.index.load(this.root);
    if (status != Status.Ok) return status;
    status = this.objects.get(Root.recentKeys(this.root), this.keysBuffer, RECENT_KEYS_BYTES_MAXIMUM + 8);
    if (status == Status.NotFound) return Status.Corrupted;
    if (status == Status.Ok) status = this.keys.decode(this.keysBuffer, this.objects.lengthBytes);
    if (status != Status.Ok) return status;
    this.chain.set(Root.nextHeight(this.root), Root.head(this.root));
    this.hasRoot = true;
    return Status.Ok;
  }

  private readPieces(): u32 {
    let cursor: u64 = 0;
    for (let turn: u32 = 0; turn < REPLAY_TURNS_MAXIMUM; turn++) {
      let status = this.journal.replay(cursor, this.arena.tail, this.arena.freeBytes);
      // A log that was written with a larger arena than this one.
      if (status == Status.TooLarge) return Status.OutOfMemory;
      if (status != Status.Ok) return status;
      if (!this.journal.found) return Status.Ok;
      cursor = this.journal.cursor;
      if (this.journal.lengthBytes) status = this.takePiece(this.journal.lengthBytes);
      if (status != Status.Ok) return status;
    }
    return Status.Corrupted;
  }

  /** Make the piece that was read to the arena's tail part of the log, if it continues it. */
  private takePiece(lengthBytes: u32): u32 {
    const status = verifyPiece(this.arena.tail, lengthBytes, this.chain);
    if (status != Status.Ok) return status;
    const entryCount = pieceEntryCount(this.arena.tail);
    if (entryCount > this.arena.freeEntries || entryCount > WINDOW + 1) return Status.OutOfMemory;
    const from = this.arena.count;
    this.arena.adopt(lengthBytes);
    for (let i = from; i < this.arena.count; i++) if (!this.keys.insert(Entry.idempotencyKey(this.arena.entry(i)))) return Status.Corrupted;
    this.keys.keepBatch();
    return Status.Ok;
  }
}
