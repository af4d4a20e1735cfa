// The proposals made since the last group commit, in the encoding that Axiom takes (kernel-bindings/schema/axiom.ts, Proposal), one after the other.
//
//   base ─► { Proposal 32 bytes │ payload, padded to 8 } × count │ draft: head room, payload being written │ …
//
// Always: `lengthBytes` and `count` cover whole proposals that the state has taken; the draft counts only when it is sealed.
//
// Safety: the draft lies behind the sealed part; `hasRoom` leaves space for the largest payload, and limits are far below the capacity.
import { Entry, Proposal } from "../../kernel-bindings/generated/assembly/axiom";

/** No payload of the filesystem is longer: a rename with two names of 255 bytes. */
export const PAYLOAD_BYTES_MAX: u32 = 1024;
const CAPACITY_BYTES: u32 = (4 << 20) + (256 << 10);
const CAPACITY_COUNT: u32 = 2048;
/** A group commit is due at these. What lies above them is room for the content of open files. */
const DUE_BYTES: u32 = 4 << 20;
const DUE_COUNT: u32 = 1024;

export class Batch {
  readonly base: usize = heap.alloc(CAPACITY_BYTES);
  lengthBytes: u32 = 0;
  count: u32 = 0;
  /** What the proposals take as entries of the log. */
  entryBytes: u32 = 0;

  get isDue(): bool { return this.count >= DUE_COUNT || this.lengthBytes >= DUE_BYTES; }
  get hasRoom(): bool { return this.count < CAPACITY_COUNT && this.lengthBytes + Proposal.SIZE + PAYLOAD_BYTES_MAX <= CAPACITY_BYTES; }

  /** Where the payload of the next proposal is written. */
  get draft(): usize { return this.base + this.lengthBytes + Proposal.SIZE; }

  /** The draft is part of the batch. Its idempotency key is the height that it will have: a batch that was committed cannot be committed again. */
  seal(type: u32, time: u64, height: u64, payloadBytes: u32): void {
    const head = this.base + this.lengthBytes;
    const padded = (payloadBytes + 7) & ~7;
    memory.fill(head, 0, Proposal.SIZE);
    memory.fill(head + Proposal.SIZE + payloadBytes, 0, padded - payloadBytes);
    Proposal.setType(head, <u16>type);
    Proposal.setPayloadBytes(head, payloadBytes);
    Proposal.setTimeNanoseconds(head, time);
    Proposal.setIdempotencyKey(head, height);
    this.lengthBytes += Proposal.SIZE + padded;
    this.count++;
    this.entryBytes += Entry.SIZE + padded;
  }

  clear(): void {
    this.lengthBytes = 0;
    this.count = 0;
    this.entryBytes = 0;
  }
}
