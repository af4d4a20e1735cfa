// A hash in progress over bytes that arrive in pieces. Its memory is taken once, when it is made; make it at start.
//
//   state:   0  current chaining value, 32 bytes     32  –     64  the block being filled     128  stack of 54 chaining values
//
// Safety: all addresses are `state` plus a constant below STATE_BYTES, or the caller's input range. The stack never holds more than 54 values: 2^54 chunks are 2^64 bytes.
import {
  BLOCK_BYTES, CHUNK_BYTES, CHUNK_END, CHUNK_START, GROUP_CHUNKS, INITIAL_VALUE, ROOT, VALUE_BYTES, blockScratch, subtreeValues,
} from "./constants";
import { compressBlocks, compressOne } from "./compress-one";
import { parentValue, subtreeHalves } from "./tree";

const STATE_BYTES: usize = 128 + 54 * VALUE_BYTES;

export class Blake3 {
  private state: usize = heap.alloc(STATE_BYTES);
  /** Chunks finished before the current one. */
  private counter: u64 = 0;
  /** Blocks of the current chunk already compressed. */
  private blockCount: u32 = 0;
  private bufferedBytes: u32 = 0;
  /** Values on the stack. */
  private depth: u32 = 0;

  constructor() { this.reset(); }

  private get value(): usize { return this.state; }
  private get buffer(): usize { return this.state + 64; }
  private get chunkBytes(): usize { return <usize>this.blockCount * BLOCK_BYTES + this.bufferedBytes; }
  private slot(i: u32): usize { return this.state + 128 + <usize>i * VALUE_BYTES; }

  reset(): void {
    this.depth = 0;
    this.startChunk(0);
  }

  update(input: usize, lengthBytes: usize): void {
    const have = this.chunkBytes;
    if (have) {
      const take = min(CHUNK_BYTES - have, lengthBytes);
      this.fillChunk(input, take);
      input += take;
      lengthBytes -= take;
      if (!lengthBytes) return;
      compressOne(this.value, this.buffer, this.bufferedBytes, this.counter, (this.blockCount ? 0 : CHUNK_START) | CHUNK_END, this.value);
      this.push(this.value, this.counter);
      this.startChunk(this.counter + 1);
    }
    while (lengthBytes > CHUNK_BYTES) {
      const count = this.subtree(input, lengthBytes);
      this.startChunk(this.counter + count);
      input += count * CHUNK_BYTES;
      lengthBytes -= count * CHUNK_BYTES;
    }
    if (lengthBytes) {
      this.fillChunk(input, lengthBytes);
      this.merge(this.counter);
    }
  }

  /** Writes the 32-byte hash to `out`. The state stays valid for further updates. */
  digest(out: usize): void {
    let left = this.depth;
    if (!left || this.chunkBytes) {
      const buffer = this.buffer;
      memory.fill(buffer + this.bufferedBytes, 0, BLOCK_BYTES - this.bufferedBytes);
      const flags = (this.blockCount ? 0 : CHUNK_START) | CHUNK_END | (left ? 0 : ROOT);
      compressOne(this.value, buffer, this.bufferedBytes, this.counter, flags, out);
      if (!left) return;
    } else {
      left--;
      memory.copy(out, this.slot(left), VALUE_BYTES);
    }
    while (left) {
      left--;
      memory.copy(blockScratch, this.slot(left), VALUE_BYTES);
      memory.copy(blockScratch + VALUE_BYTES, out, VALUE_BYTES);
      parentValue(blockScratch, left == 0, out);
    }
  }

  /** Pushes the largest subtree that the input fills and that starts on a multiple of its own size; returns its chunks. */
  private subtree(input: usize, lengthBytes: usize): usize {
    let count = min<usize>(GROUP_CHUNKS, <usize>1 << (31 - clz<u32>(<u32>(lengthBytes / CHUNK_BYTES))));
    while (this.counter & <u64>(count - 1)) count >>= 1;
    if (count == 1) {
      compressBlocks(this.value, input, 0, 16, this.counter, CHUNK_END);
      this.push(this.value, this.counter);
    } else {
      // Two halves, not one value: the pair may turn out to be the root.
      subtreeHalves(input, count, this.counter);
      this.push(subtreeValues, this.counter);
      this.push(subtreeValues + VALUE_BYTES, this.counter + (count >> 1));
    }
    return count;
  }

  private startChunk(counter: u64): void {
    memory.copy(this.value, INITIAL_VALUE, VALUE_BYTES);
    this.counter = counter;
    this.blockCount = 0;
    this.bufferedBytes = 0;
  }

  /** Adds to the current chunk, always keeping its last block in the buffer. */
  private fillChunk(input: usize, lengthBytes: usize): void {
    while (lengthBytes) {
      if (this.bufferedBytes == <u32>BLOCK_BYTES) {
        compressOne(this.value, this.buffer, <u32>BLOCK_BYTES, this.counter, this.blockCount ? 0 : CHUNK_START, this.value);
        this.blockCount++;
        this.bufferedBytes = 0;
      }
      if (!this.bufferedBytes && lengthBytes > BLOCK_BYTES) {
        const count = <u32>((lengthBytes - 1) / BLOCK_BYTES);
        compressBlocks(this.value, input, this.blockCount, count, this.counter, 0);
        this.blockCount += count;
        input += <usize>count * BLOCK_BYTES;
        lengthBytes -= <usize>count * BLOCK_BYTES;
      }
      const take = min(BLOCK_BYTES - this.bufferedBytes, lengthBytes);
      memory.copy(this.buffer + this.bufferedBytes, input, take);
      this.bufferedBytes += <u32>take;
      input += take;
      lengthBytes -= take;
    }
  }

  /** Joins finished pairs until the stack has one value for each set bit of `total`. */
  private merge(total: u64): void {
    const keep = <u32>popcnt<u64>(total);
    while (this.depth > keep) {
      this.depth--;
      const pair = this.slot(this.depth - 1);
      parentValue(pair, false, pair);
    }
  }

  /** Merging is put off until the next push, because the last pair may be the root. */
  private push(value: usize, counter: u64): void {
    this.merge(counter);
    memory.copy(this.slot(this.depth), value, VALUE_BYTES);
    this.depth++;
  }
}

const whole = new Blake3();

/** Writes the hash of `lengthBytes` at `input` to the 32 bytes at `out`. */
export function hash(input: usize, lengthBytes: usize, out: usize): void {
  whole.reset();
  whole.update(input, lengthBytes);
  whole.digest(out);
}
