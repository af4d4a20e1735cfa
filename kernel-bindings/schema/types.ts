// How an interface is written down. One file per interface states every operation once; the generator makes everything else of it.

/** Field types of a message: unsigned little-endian integers, aligned to their size, and a 32-byte hash aligned to 8. */
export type FieldType = "u8" | "u16" | "u32" | "u64" | "hash";
export interface LeaseParameter { name: string; /** What the server does with it. */ access: "read" | "write"; sentence?: string }
export interface CapabilityParameter { name: string; direction: "in" | "out"; kind: string; /** The giver's own handle is gone afterwards; else a copy is passed. */ moves?: boolean }
export interface Operation {
  /** Explicit, never reused. */
  number: number;
  name: string;
  /** One sentence for the reference page and the trace. */
  sentence: string;
  request?: Record<string, FieldType>;
  reply?: Record<string, FieldType>;
  leases?: LeaseParameter[];
  capabilities?: CapabilityParameter[];
  /** Statuses beyond the kernel's that a caller must expect. */
  errors?: string[];
}
/** A fixed layout that travels in a lease. Sizes in bytes; fields in order, naturally aligned, padded to `bytes`. */
export interface Structure { name: string; bytes: number; sentence: string; fields: Record<string, FieldType> }
/** Named bits or values. */
export interface Constants { name: string; sentence: string; values: Record<string, number> }
export interface Interface {
  name: string;
  number: number;
  sentence: string;
  operations: Operation[];
  structures?: Structure[];
  constants?: Constants[];
}
