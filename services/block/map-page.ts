// The header that every structure of the map starts with, and the pointers between them (docs/formats/block.md §3).
//
//   pointer, 48 bytes:  0 address │ 8 free, 0 │ 16 hash
//
// What stays true: a structure is believed only if its hash is the pointer's and its header names its own type, address and index, so that stale, torn and misdirected blocks are told apart.
//
// Safety: `page` is at least BLOCK_BYTES of this service's memory; pointers are 48 bytes inside such a page, at an index below the counts of the format.
import { hash } from "../base/blake3/hasher";
import { HASH_BYTES } from "./geometry";

export namespace PageType {
  /** "AXCP" */
  export const checkpoint: u32 = 0x5043_5841;
  /** "AXUP" */
  export const upper: u32 = 0x5055_5841;
  /** "AXTP" */
  export const table: u32 = 0x5054_5841;
  /** "AXBP" */
  export const bitmap: u32 = 0x5042_5841;
}
export const PAGE_HEADER_BYTES: u32 = 32;
export const POINTER_BYTES: u32 = 48;

const computed: usize = memory.data(32, 16);

export function writePageHeader(page: usize, type: u32, copy: u32, address: u64, index: u32, generation: u64): void {
  store<u32>(page, type);
  store<u32>(page, copy, 4);
  store<u64>(page, address, 8);
  store<u64>(page, index, 16);
  store<u64>(page, generation, 24);
}
/** Where a page in memory was last written to. */
export function headerAddress(page: usize): u64 { return load<u64>(page, 8); }

/** Whether `lengthBytes` at `page` are what a pointer's hash and its place say. */
export function isPageSound(page: usize, lengthBytes: u32, type: u32, address: u64, index: u32, expectedHash: usize): bool {
  hash(page, lengthBytes, computed);
  if (memory.compare(computed, expectedHash, HASH_BYTES) != 0) return false;
  return load<u32>(page) == type && load<u64>(page, 8) == address && load<u64>(page, 16) == index;
}

/** Address of pointer `index` in a table that starts at `table`. */
export function pointerAt(table: usize, index: u32): usize { return table + <usize>index * POINTER_BYTES; }
/** The block a pointer leads to; 0: nothing was written there yet. */
export function pointerTarget(pointer: usize): u64 { return load<u64>(pointer); }
/** Blocks below it that are neither in use nor owned. */
export function pointerFree(pointer: usize): u32 { return load<u32>(pointer, 8); }
export function setPointerFree(pointer: usize, free: u32): void { store<u32>(pointer, free, 8); }
export function pointerHash(pointer: usize): usize { return pointer + 16; }
/** Point at what is in memory at `page`; `free` stays. */
export function setPointer(pointer: usize, address: u64, page: usize, lengthBytes: u32): void {
  store<u64>(pointer, address);
  hash(page, lengthBytes, pointer + 16);
}
/** A pointer to a node that was never written. */
export function clearPointer(pointer: usize, free: u32): void {
  memory.fill(pointer, 0, POINTER_BYTES);
  setPointerFree(pointer, free);
}
