// Reads for clients: single blocks through the cache, larger runs straight into the reader's memory with the newest images laid over them.
//
// Who reads block after block gets more than was asked for: the second miss in a row reads 2 blocks in one request, the next one 4, up to WINDOW_BLOCKS. It ends where blocks are not in use, where this service's
// own begin, and with the bitmap page.
//
// Safety: `staging` holds WINDOW_BLOCKS blocks, `streams` STREAMS of them; a bit is looked up only inside its page.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { BlockCache } from "./block-cache";
import { Disk, Leases } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT, Geometry, PAGE_BITS } from "./geometry";
import { KeptData } from "./kept-data";

const WINDOW_BLOCKS: u32 = 32;
/** Readers that are told apart: u64 where the next miss is expected, u64 blocks that the last one read. */
const STREAMS: u32 = 4;

export class BlockReader {
  private staging: usize = heap.alloc(<usize>WINDOW_BLOCKS * BLOCK_BYTES);
  private streams: usize = heap.alloc(STREAMS * 16);
  /** The stream that gives way to a new one. */
  private turn: u32 = 0;

  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly allocator: Allocator, readonly cache: BlockCache, readonly kept: KeptData, readonly leases: Leases) {}

  /** Forget who read what. No read begins at block 0, which is the service's own. */
  reset(): void { memory.fill(this.streams, 0, STREAMS * 16); }

  /** Whole blocks into a caller's lease. */
  read(address: u64, lease: u32, lengthBytes: u32): u32 {
    const count = lengthBytes >> BLOCK_SHIFT;
    if (!lengthBytes || lengthBytes & (BLOCK_BYTES - 1)) return Status.InvalidArgument;
    if (address >= this.geometry.blockCount || count > this.geometry.blockCount - address) return Status.OutOfRange;
    // What this service owns it writes past the cache.
    if (count == 1 && this.geometry.isForClients(address, 1)) return this.readOne(address, lease);
    let status = this.disk.read(address, lease, 0, count);
    if (!status && !this.kept.isEmpty) status = this.kept.overlay(address, count, lease);
    return status || !this.cache.hasImages ? status : this.cache.overlay(address, count, this.leases, lease);
  }

  private readOne(address: u64, lease: u32): u32 {
    // Of a block that is kept back, the cache may have what the disk holds, or a newer image of the open transaction.
    const kept = this.kept.find(address);
    let data = kept && !this.cache.hasOpen(address) ? kept : this.cache.find(address);
    if (data) return this.leases.write(lease, 0, data, BLOCK_BYTES);
    const stream = this.streamAt(address);
    const window = this.usedFrom(address, min(<u32>load<u64>(stream, 8) * 2, WINDOW_BLOCKS));
    if (window > 1 && this.disk.read(address, 0, this.staging, window) == Status.Ok) {
      for (let i: u32 = 0; i < window; i++) this.cache.fillAhead(address + i, this.staging + (<usize>i << BLOCK_SHIFT), i != 0);
      this.expect(stream, address + window, window);
      return this.leases.write(lease, 0, this.staging, BLOCK_BYTES);
    }
    // Also when one of the others cannot be read.
    this.expect(stream, address + 1, 1);
    data = this.cache.claim();
    const status = this.disk.read(address, 0, data, 1);
    if (status) return status;
    this.cache.fill(address);
    return this.leases.write(lease, 0, data, BLOCK_BYTES);
  }

  private expect(stream: usize, next: u64, window: u32): void {
    store<u64>(stream, next);
    store<u64>(stream, window, 8);
  }

  /** The stream that expects this miss, or the one that gives way. */
  private streamAt(address: u64): usize {
    for (let i: u32 = 0; i < STREAMS; i++) if (load<u64>(this.streams + i * 16) == address) return this.streams + i * 16;
    const stream = this.streams + (this.turn++ & (STREAMS - 1)) * 16;
    store<u64>(stream, 0, 8);
    return stream;
  }

  /** How many blocks from here on, up to `most`, are in use by clients, in one bitmap page. */
  private usedFrom(address: u64, most: u32): u32 {
    const first = <u32>(address % PAGE_BITS), count = min(most, PAGE_BITS - first);
    if (count < 2 || this.allocator.tree.loadPage(<u32>(address / PAGE_BITS))) return 0;
    const bits = this.allocator.tree.bits;
    let used: u32 = 0;
    while (used < count && load<u8>(bits + (first + used >> 3)) >> <u8>(first + used & 7) & 1) used++;
    // Blocks that this service owns count as used.
    return this.geometry.isForClients(address, used) ? used : 0;
  }
}
