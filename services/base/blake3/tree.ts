// The tree above chunks (BLAKE3 specification §2.1, §5.1): chaining values of subtrees and how they join.
// The content store keeps these values, so that one group of a large object can be verified or rehashed alone.
//
// Safety: every function reads and writes only the ranges its comment names, and this directory's static scratch.
import {
  BLOCK_BYTES, CHUNK_BYTES, CHUNK_END, CHUNK_START, GROUP_BYTES, INITIAL_VALUE, PARENT, ROOT, VALUE_BYTES,
  blockScratch, mergeScratch, processor, subtreeValues,
} from "./constants";
import { Processor } from "../../../kernel-bindings/generated/assembly/status";
import { compressFour } from "./compress-four";
import { compressBlocks, compressOne } from "./compress-one";

/** The most values that `mergeValues` joins in one call. */
export const MERGE_COUNT_MAX: u32 = 256;

/** Joins two values (64 bytes at `leftRight`) into one (32 bytes at `out`, which may be `leftRight`). */
export function parentValue(leftRight: usize, isRoot: bool, out: usize): void {
  compressOne(INITIAL_VALUE, leftRight, <u32>BLOCK_BYTES, 0, isRoot ? PARENT | ROOT : PARENT, out);
}

/**
 * How many of `count` inputs go four at a time through the lanes. Where vectors are emulated none do: plain words are three times as fast there,
 * and half as fast on a processor (docs/decisions/0007).
 */
function inLanes(count: usize): usize { return load<u32>(processor) & Processor.vectorsAreEmulated ? 0 : count & ~3; }

/** Joins `pairCount` adjacent pairs of values into as many values; `out` may be `values`. None of them is the root. */
function joinPairs(values: usize, pairCount: usize, out: usize): void {
  const grouped = inLanes(pairCount);
  let i: usize = 0;
  for (; i < grouped; i += 4) compressFour(values + i * BLOCK_BYTES, BLOCK_BYTES, 1, 0, 0, PARENT, 0, 0, out + i * VALUE_BYTES);
  for (; i < pairCount; i++) parentValue(values + i * BLOCK_BYTES, false, out + i * VALUE_BYTES);
}

/** Halves the `count` values at `values`, in place; an odd last one moves up as it is. Returns how many are left. */
function joinLevel(values: usize, count: usize, out: usize): usize {
  const pairCount = count >> 1;
  joinPairs(values, pairCount, out);
  if (!(count & 1)) return pairCount;
  memory.copy(out + pairCount * VALUE_BYTES, values + (count - 1) * VALUE_BYTES, VALUE_BYTES);
  return pairCount + 1;
}

/**
 * Joins `count` (1 to 256) consecutive values of equal-sized subtrees, the last of which may be smaller, into the value of
 * their common subtree. Pairing neighbours level by level gives BLAKE3's left-complete tree. One value is copied as it is.
 */
export function mergeValues(values: usize, count: u32, isRoot: bool, out: usize): void {
  assert(count != 0 && count <= MERGE_COUNT_MAX);
  let left = <usize>count;
  let from = values;
  while (left > 2) {
    left = joinLevel(from, left, mergeScratch);
    from = mergeScratch;
  }
  if (left == 2) parentValue(from, isRoot, out);
  else memory.copy(out, from, VALUE_BYTES);
}

/** Values of `count` whole adjacent chunks, written to `out`. */
export function chunkValues(input: usize, count: usize, counter: u64, out: usize): void {
  const grouped = inLanes(count);
  let i: usize = 0;
  for (; i < grouped; i += 4) {
    compressFour(input + i * CHUNK_BYTES, CHUNK_BYTES, 16, counter + i, 1, 0, CHUNK_START, CHUNK_END, out + i * VALUE_BYTES);
  }
  for (; i < count; i++) {
    const value = out + i * VALUE_BYTES;
    memory.copy(value, INITIAL_VALUE, VALUE_BYTES);
    compressBlocks(value, input + i * CHUNK_BYTES, 0, 16, counter + i, CHUNK_END);
  }
}

/** Hashes `count` whole chunks (2 to 64, a power of two) down to two values in `subtreeValues`. */
export function subtreeHalves(input: usize, count: usize, counter: u64): void {
  chunkValues(input, count, counter, subtreeValues);
  for (; count > 2; count >>= 1) joinPairs(subtreeValues, count >> 1, subtreeValues);
}

/** Value of a chunk of 1 to 1023 bytes. */
function partialChunkValue(input: usize, lengthBytes: usize, counter: u64, out: usize): void {
  const wholeBlocks = <u32>((lengthBytes - 1) / BLOCK_BYTES);
  const wholeBytes = <usize>wholeBlocks * BLOCK_BYTES;
  const rest = lengthBytes - wholeBytes;
  memory.copy(blockScratch, input + wholeBytes, rest);
  memory.fill(blockScratch + rest, 0, BLOCK_BYTES - rest);
  memory.copy(out, INITIAL_VALUE, VALUE_BYTES);
  compressBlocks(out, input, 0, wholeBlocks, counter, 0);
  compressOne(out, blockScratch, <u32>rest, counter, (wholeBlocks ? 0 : CHUNK_START) | CHUNK_END, out);
}

/** The non-root chaining value of a subtree of 1 to 65,536 bytes whose first chunk is number `chunkCounter`. */
export function chainingValue(input: usize, lengthBytes: usize, chunkCounter: u64, out: usize): void {
  assert(lengthBytes != 0 && lengthBytes <= GROUP_BYTES);
  const wholeChunks = lengthBytes / CHUNK_BYTES;
  const rest = lengthBytes % CHUNK_BYTES;
  chunkValues(input, wholeChunks, chunkCounter, subtreeValues);
  let left = wholeChunks;
  if (rest) {
    partialChunkValue(input + wholeChunks * CHUNK_BYTES, rest, chunkCounter + wholeChunks, subtreeValues + wholeChunks * VALUE_BYTES);
    left++;
  }
  while (left > 1) left = joinLevel(subtreeValues, left, subtreeValues);
  memory.copy(out, subtreeValues, VALUE_BYTES);
}
