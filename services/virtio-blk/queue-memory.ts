// The memory that driver and device share, in fixed places from the start: nothing of it is ever allocated or moved.
//
//   page    0            1               2          3             4             5              6 … 261
//   ┌──────────────┬───────────────┬────────────┬─────────────┬──────────────┬────────────┬──────────────────────────────┐
//   │ descriptors  │ available ring│ used ring  │ headers     │ status bytes │ identity   │ indirect tables, 256 entries │
//   │ 256 × 16     │ 6 + 2 × 256   │ 6 + 8 × 256│ 256 × 16    │ 256 × 1      │ 20         │ each, one per request        │
//   └──────────────┴───────────────┴────────────┴─────────────┴──────────────┴────────────┴──────────────────────────────┘
//     device reads   device reads    device       device reads  device         device       device reads
//                                    writes                     writes         writes
//
// What stays true: every area is a whole number of pages, so that an IOMMU which works by pages keeps the device from
// writing anything but the three areas meant for it; and the driver's own state (request-slots.ts, operation-table.ts)
// is in none of them. Safety: the only raw addresses made here are offsets inside this one static block.

export const pageBytes: u32 = 4096;
/** The most requests, and the most entries of one chain. Also the largest queue that is used. */
export const slotLimit: u32 = 256;

const base: usize = memory.data(262 * 4096, 4096);

export namespace QueueMemory {
  export const bytes: u32 = 262 * 4096;
  export function start(): usize { return base; }
  export function descriptors(): usize { return base; }
  export function available(): usize { return base + 4096; }
  export function used(): usize { return base + 2 * 4096; }
  export function headers(): usize { return base + 3 * 4096; }
  export function statuses(): usize { return base + 4 * 4096; }
  export function identity(): usize { return base + 5 * 4096; }
  export function table(slot: u32): usize { return base + (6 + slot) * 4096; }
}
