// The journal pieces of the content store: changes of the index, and "the index now starts at this root" (docs/formats/content-store.md §4).
//
//    0  u32 magic "AXCS"    4  u16 version 1    6  u16 type (1 changes, 2 root)    8  u32 count (changes) or bytes (root)    12  u32 0
//   16  changes: count × entry, flags 0: added, 1: removed          root: the root's bytes
//
// Changes gather in a buffer and go out with prepare, or earlier when it is full. The caller asks for room before it does what the change tells of,
// so that a change which happened can always be noted.
//
// Safety: `buffer` is PIECE_BYTES and `rootPiece` holds a head and ROOT_BYTES_MAX; `count` never exceeds PIECE_CHANGES_MAX.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry } from "./entry";
import { BlockLayer } from "./lower";

export const PIECE_BYTES: u32 = 32768;
export const PIECE_HEAD_BYTES: u32 = 16;
export const PIECE_CHANGES_MAX: u32 = (PIECE_BYTES - PIECE_HEAD_BYTES) / Entry.BYTES;
const ROOT_BYTES_MAX: u32 = 64;
const MAGIC: u32 = 0x53435841;
const VERSION: u32 = 1;
export namespace PieceType {
  export const changes: u32 = 1;
  export const root: u32 = 2;
}
export namespace Change {
  export const added: u32 = 0;
  export const removed: u32 = 1;
}

export class Changes {
  private buffer: usize = heap.alloc(PIECE_BYTES);
  private count: u32 = 0;
  /** The root that has to go out before any other change, or 0. */
  private owedRoot: usize = 0;
  private rootPiece: usize = heap.alloc(PIECE_HEAD_BYTES + ROOT_BYTES_MAX);
  private rootBytes: u32 = 0;

  constructor(private block: BlockLayer) {}

  reset(): void {
    this.count = 0;
    this.owedRoot = 0;
  }

  /** Sees that `wanted` (at most PIECE_CHANGES_MAX) changes can be noted. */
  reserve(wanted: u32): u32 {
    assert(wanted <= PIECE_CHANGES_MAX);
    return wanted > PIECE_CHANGES_MAX - this.count ? this.attach() : Status.Ok;
  }

  /** Notes a change; room was reserved. */
  note(entry: usize, change: u32): void {
    assert(this.count < PIECE_CHANGES_MAX);
    const at = this.buffer + PIECE_HEAD_BYTES + <usize>this.count * Entry.BYTES;
    memory.copy(at, entry, Entry.BYTES);
    Entry.setFlags(at, change);
    this.count++;
  }

  /** Attaches what was noted to the open transaction, a new root first: it holds all that was noted before it, and the transaction that frees what the old one reached is not to be committed without it. */
  attach(): u32 {
    if (this.owedRoot) {
      const attached = this.attachRoot();
      if (attached != Status.Ok) return attached;
    }
    if (!this.count) return Status.Ok;
    writeHead(this.buffer, PieceType.changes, this.count);
    const status = this.block.attach(this.buffer, PIECE_HEAD_BYTES + this.count * Entry.BYTES);
    if (status == Status.Ok) this.count = 0;
    return status;
  }

  /** The index was written anew under this root; all changes noted before are attached. */
  oweRoot(root: usize, lengthBytes: u32): void {
    assert(!this.count && lengthBytes <= ROOT_BYTES_MAX);
    this.owedRoot = root;
    this.rootBytes = lengthBytes;
  }

  private attachRoot(): u32 {
    writeHead(this.rootPiece, PieceType.root, this.rootBytes);
    memory.copy(this.rootPiece + PIECE_HEAD_BYTES, this.owedRoot, this.rootBytes);
    const status = this.block.attach(this.rootPiece, PIECE_HEAD_BYTES + this.rootBytes);
    if (status == Status.Ok) this.owedRoot = 0;
    return status;
  }
}

function writeHead(at: usize, type: u32, count: u32): void {
  store<u32>(at, MAGIC);
  store<u32>(at, VERSION | type << 16, 4);
  store<u32>(at, count, 8);
  store<u32>(at, 0, 12);
}

/** A piece that replay handed back. Safety: `at` is `lengthBytes` of memory; the other functions are for pieces that `isPiece` accepted. */
export namespace Piece {
  export function isPiece(at: usize, lengthBytes: u32): bool {
    if (lengthBytes < PIECE_HEAD_BYTES || load<u32>(at) != MAGIC || load<u16>(at, 4) != VERSION) return false;
    const bodyBytes = lengthBytes - PIECE_HEAD_BYTES;
    if (type(at) == PieceType.changes) return count(at) <= PIECE_CHANGES_MAX && bodyBytes == count(at) * Entry.BYTES;
    return type(at) == PieceType.root && bodyBytes == count(at);
  }
  export function type(at: usize): u32 { return load<u16>(at, 6); }
  export function count(at: usize): u32 { return load<u32>(at, 8); }
  export function change(at: usize, i: u32): usize { return at + PIECE_HEAD_BYTES + <usize>i * Entry.BYTES; }
}
