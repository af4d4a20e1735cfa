// The block service as the content store sees it, in memory: allocation bits, transactions that a crash takes back, pieces and roots. Counts calls; can fail on purpose.
// Where the real one would refuse (a block that is not free, an extent that is not what its descriptor says) this one asserts: the store under test is wrong then.
import { chainingValue, hash } from "../../base/blake3/index";
import { ExtentDescriptor } from "../../../kernel-bindings/generated/assembly/block";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES, sameValue } from "../limits";
import { BlockLayer } from "../lower";

const FREE: u8 = 0;
const OWNED: u8 = 5;
const USED: u8 = 1;
const FRESH: u8 = 2;
/** Freed since the last checkpoint, and before it: handed out again only after two. */
const RECENT: u8 = 3;
const OLDER: u8 = 4;
const computed: usize = memory.data(32, 16);

class Piece {
  constructor(public bytes: Uint8Array) {}
}

export class FakeBlock extends BlockLayer {
  disk: Uint8Array;
  state: Uint8Array;
  private openPieces: Piece[] = [];
  private pieces: Piece[] = [];
  /** Set in the open transaction; in a committed one; in the mounted checkpoint. */
  private openRoot: Uint8Array = new Uint8Array(0);
  private committedRoot: Uint8Array = new Uint8Array(0);
  private root: Uint8Array = new Uint8Array(0);
  private committedState: Uint8Array;
  writes: u32 = 0;
  reads: u32 = 0;
  messages: u32 = 0;
  /** The longest run that allocate gives. */
  longestRun: u32 = 1 << 20;
  failWrites: bool = false;
  /** Fail the n-th write from now (0: the next one). */
  failWriteIn: i32 = -1;
  failReads: bool = false;
  refuseAttach: bool = false;
  /** What describe answers. */
  describeStatus: u32 = Status.Ok;
  /** So many frees until a checkpoint: then Busy, and a checkpoint is wanted after half of them. */
  freesMost: u32 = u32.MAX_VALUE;
  private freesSince: u32 = 0;

  constructor(private blocks: u32) {
    super();
    this.disk = new Uint8Array(blocks * BLOCK_BYTES);
    this.state = new Uint8Array(blocks);
    this.committedState = new Uint8Array(blocks);
    // The first blocks are the service's own.
    for (let i = 0; i < 8; i++) this.state[i] = this.committedState[i] = OWNED;
  }

  describe(): u32 {
    this.messages++;
    if (this.describeStatus != Status.Ok) return this.describeStatus;
    this.blockCount = this.blocks;
    this.mountStatus = Status.Ok;
    this.freeBlocks = this.countFree();
    this.isCheckpointDue = this.freesSince >= this.freesMost / 2;
    return Status.Ok;
  }
  countFree(): u32 {
    let free: u32 = 0;
    for (let i: u32 = 0; i < this.blocks; i++) if (this.state[i] == FREE) free++;
    return free;
  }

  format(blockCount: u64, flags: u32): u32 {
    this.state.fill(FREE, 8);
    this.committedState.fill(FREE, 8);
    this.pieces = [];
    this.openPieces = [];
    this.root = this.committedRoot = this.openRoot = new Uint8Array(0);
    return Status.Ok;
  }

  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    this.messages++;
    const most = min(count, this.longestRun);
    const start: u32 = hint < this.blocks ? <u32>hint : 0;
    for (let turn: u32 = 0; turn < this.blocks; turn++) {
      const at = (start + turn) % this.blocks;
      let found: u32 = 0;
      while (found < most && at + found < this.blocks && this.state[at + found] == FREE) found++;
      if (!found || (found < most && this.longestRun >= count && this.countFree() > 2 * count && turn < this.blocks / 2)) continue;
      for (let i: u32 = 0; i < found; i++) this.state[at + i] = FRESH;
      this.address = at;
      this.count = found;
      return Status.Ok;
    }
    return Status.NoSpace;
  }

  free(address: u64, count: u32): u32 {
    this.messages++;
    if (this.freesSince >= this.freesMost) return Status.Busy;
    this.freesSince++;
    for (let i: u32 = 0; i < count; i++) {
      const at = <u32>address + i;
      assert(this.state[at] == USED || this.state[at] == FRESH, "what is freed is in use");
      this.state[at] = RECENT;
    }
    return Status.Ok;
  }

  read(address: u64, memory_: usize, lengthBytes: u32): u32 {
    this.messages++;
    this.reads++;
    assert(lengthBytes % BLOCK_BYTES == 0);
    if (this.failReads) return Status.DeviceError;
    if (address + lengthBytes / BLOCK_BYTES > this.blocks) return Status.OutOfRange;
    memory.copy(memory_, this.disk.dataStart + <usize>address * BLOCK_BYTES, lengthBytes);
    return Status.Ok;
  }

  writeExtents(address: u64, extentCount: u32, bytes: usize, lengthBytes: u32, descriptors: usize): u32 {
    this.messages++;
    assert(lengthBytes % BLOCK_BYTES == 0 && lengthBytes > 0);
    if (this.failWrites || this.failWriteIn == 0) {
      this.failWriteIn = -1;
      return Status.DeviceError;
    }
    if (this.failWriteIn > 0) this.failWriteIn--;
    this.writes++;
    let next: u32 = 0;
    for (let i: u32 = 0; i < extentCount; i++) {
      const at = descriptors + i * ExtentDescriptor.SIZE;
      const length = ExtentDescriptor.lengthBytes(at);
      assert(ExtentDescriptor.blockOffset(at) == next, "extents in order, without gaps");
      next += (length + BLOCK_BYTES - 1) / BLOCK_BYTES;
      const counterAndKind = ExtentDescriptor.counterAndKind(at);
      const content = bytes + <usize>ExtentDescriptor.blockOffset(at) * BLOCK_BYTES;
      if (counterAndKind & 1) chainingValue(content, length, counterAndKind >> 1, computed);
      else hash(content, length, computed);
      assert(sameValue(computed, ExtentDescriptor.value(at)), "descriptor does not fit the bytes");
      for (let tail = length; tail < next * BLOCK_BYTES - ExtentDescriptor.blockOffset(at) * BLOCK_BYTES; tail++) assert(load<u8>(content + tail) == 0, "bytes of others behind an extent");
    }
    assert(next * BLOCK_BYTES == lengthBytes, "data ends with the last extent");
    for (let i: u32 = 0; i < next; i++) {
      assert(this.state[<u32>address + i] == FRESH, "written blocks are fresh");
      this.state[<u32>address + i] = USED;
    }
    memory.copy(this.disk.dataStart + <usize>address * BLOCK_BYTES, bytes, lengthBytes);
    return Status.Ok;
  }

  attach(payload: usize, lengthBytes: u32): u32 {
    this.messages++;
    if (this.refuseAttach) return Status.TooLarge;
    this.openPieces.push(new Piece(copyOf(payload, lengthBytes)));
    return Status.Ok;
  }

  setRoot(root: usize, lengthBytes: u32): u32 {
    this.messages++;
    this.openRoot = copyOf(root, lengthBytes);
    return Status.Ok;
  }

  getRoot(root: usize, capacityBytes: u32): u32 {
    this.lengthBytes = this.root.length;
    memory.copy(root, this.root.dataStart, this.root.length);
    return Status.Ok;
  }

  replay(cursor: u64, payload: usize, capacityBytes: u32): u32 {
    this.found = cursor < <u64>this.pieces.length;
    if (!this.found) return Status.Ok;
    const bytes = this.pieces[<i32>cursor].bytes;
    if (<u32>bytes.length > capacityBytes) return Status.TooLarge;
    memory.copy(payload, bytes.dataStart, bytes.length);
    this.lengthBytes = bytes.length;
    this.cursor = cursor + 1;
    return Status.Ok;
  }

  readAllocation(first: u64, bits: usize, lengthBytes: u32): u32 {
    for (let i: u32 = 0; i < lengthBytes * 8; i++) {
      const block = <u32>first + i;
      const used = block < this.blocks && (this.state[block] == USED || this.state[block] == FRESH);
      const at = bits + (i >> 3);
      const mask: u32 = 1 << (i & 7);
      store<u8>(at, <u8>(used ? load<u8>(at) | mask : load<u8>(at) & ~mask));
    }
    return Status.Ok;
  }

  /** What Axiom does after prepare. */
  commit(): void {
    for (let i = 0; i < this.openPieces.length; i++) this.pieces.push(this.openPieces[i]);
    this.openPieces = [];
    this.committedRoot = this.openRoot;
    for (let i: u32 = 0; i < this.blocks; i++) {
      assert(this.state[i] != FRESH, "committed blocks were written");
      this.committedState[i] = this.state[i];
    }
  }
  /** What Axiom does after commit: the root counts from now on, the pieces before it go. */
  checkpoint(): void {
    this.freesSince = 0;
    this.commit();
    this.root = this.committedRoot;
    this.pieces = [];
    for (let i: u32 = 0; i < this.blocks; i++) {
      if (this.state[i] == OLDER) this.state[i] = FREE;
      else if (this.state[i] == RECENT) this.state[i] = OLDER;
      this.committedState[i] = this.state[i];
    }
  }
  countUsed(): u32 {
    let used: u32 = 0;
    for (let i: u32 = 8; i < this.blocks; i++) if (this.state[i] == USED || this.state[i] == FRESH) used++;
    return used;
  }
  /** Everything since the last commit is gone. */
  crash(): void {
    this.openPieces = [];
    this.openRoot = this.committedRoot;
    this.state.set(this.committedState);
  }
  pieceCount(): i32 { return this.pieces.length; }
  piece(i: i32): Uint8Array { return this.pieces[i].bytes; }
}

function copyOf(address: usize, lengthBytes: u32): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  memory.copy(bytes.dataStart, address, lengthBytes);
  return bytes;
}
