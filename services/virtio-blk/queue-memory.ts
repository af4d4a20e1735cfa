// The memory that driver and device share, in fixed places from the start: nothing of it is ever allocated or moved.
//
//   page    0–3          4                5–8          9–12        13–16          17             18         19 … 274
//   ┌──────────────┬────────────────┬──────────────┬───────────┬──────────────┬──────────────┬──────────┬─────────────────────┐
//   │ descriptors  │ available rings│ used rings   │ headers   │ ranges       │ status bytes │ identity │ indirect tables:    │
//   │ 1024 × 16    │ 1024 × 4       │ 1024 × 16    │ 1024 × 16 │ 1024 × 16    │ 1024 × 1     │ 20       │ 65,536 entries × 16 │
//   └──────────────┴────────────────┴──────────────┴───────────┴──────────────┴──────────────┴──────────┴─────────────────────┘
//     device reads   device reads     device writes  device reads device reads   device writes  device writes device reads
//
// Each slot has a part of every area but the identity. A queue of n slots has the parts of its slots: rings of 6 + 2 n bytes of
// 4 n, and of 6 + 8 n bytes of 16 n. Its areas cross no page as long as n is at most 256 (`pageQueueSize`).
// Each request has one table: of 256 entries while there are up to 256 slots, of 128 with 512, of 64 with 1024.
// What stays true: every area is a whole number of pages, so that an IOMMU which works by pages keeps the device from
// writing anything but the three areas meant for it; and the driver's own state (request-slots.ts, operation-table.ts)
// is in none of them. Safety: the only raw addresses made here are offsets inside this one static block.

export const pageBytes: u32 = 4096;
/** The most requests, of all queues together. Also the largest queue that is used. */
export const slotLimit: u32 = 1024;
/** The largest queue whose areas are one page each. */
export const pageQueueSize: u32 = 256;
/** The most entries of one chain. */
export const chainLimit: u32 = 256;
export const tablePageCount: u32 = 256;
export const tableEntryCount: u32 = tablePageCount * (pageBytes / 16);
/** Bytes of the rings' areas that belong to one slot. */
export const availableSlotBytes: u32 = 4;
export const usedSlotBytes: u32 = 16;

const base: usize = memory.data(275 * 4096, 4096);

export namespace QueueMemory {
  export function descriptors(): usize { return base; }
  export function available(): usize { return base + 4 * 4096; }
  export function used(): usize { return base + 5 * 4096; }
  export function headers(): usize { return base + 9 * 4096; }
  export function ranges(): usize { return base + 13 * 4096; }
  export function statuses(): usize { return base + 17 * 4096; }
  export function identity(): usize { return base + 18 * 4096; }
  export function tables(): usize { return base + 19 * 4096; }
  /** Empty everything but what is written anew for each request: the tables, and the identity, which outlives a reset that follows its answer. */
  export function clear(): void { memory.fill(base, 0, 18 * 4096); }
}
