// A batch of proposals, copied out of the caller's lease before it is looked at, and judged as a whole: the first fault rejects all of it.
//
//   address ─► { Proposal 32 bytes │ payload, padded to 8 } × count, and nothing after
//
// Clients are hostile: lengths are bounded before use, padding and reserved fields must be zero (one batch, one encoding), keys must be new, and the policy must admit each.
//
// Safety: `address` has BATCH_BYTES_MAXIMUM bytes; every access is below the length that `validate` was given, which it bounds first.
import { Entry, Proposal } from "../../kernel-bindings/generated/assembly/axiom";
import { isZero, padded, PAYLOAD_BYTES_MAXIMUM } from "./entry";
import { Policy } from "./policy";
import { RecentKeys, WINDOW } from "./recent-keys";

/** More than the 4 MiB at which the file system commits, because the last proposal may go past it. */
export const BATCH_BYTES_MAXIMUM: u32 = (4 << 20) + (256 << 10);
/** As many as the window of keys, so that a batch sent again is always recognised. */
export const BATCH_COUNT_MAXIMUM: u32 = WINDOW;

/** Why a batch was rejected: bits 16–23 of the reply's flags; `height` is then the index of the proposal at fault. */
export namespace Reject {
  export const none: u32 = 0;
  /** Lengths, padding or reserved fields are not those of a batch. */
  export const encoding: u32 = 1;
  /** The idempotency key is among the recent ones: this proposal was committed before. */
  export const duplicate: u32 = 2;
  /** The policy does not admit this type from this client. */
  export const policy: u32 = 3;
  export const SHIFT: u32 = 16;
}

export class Batch {
  readonly address: usize;
  /** Of `validate`: the proposal looked at last, and the bytes that all of them take as entries. */
  index: u32 = 0;
  entryBytes: u32 = 0;

  constructor(readonly capacityBytes: u32) { this.address = heap.alloc(capacityBytes); }

  /** Is it a batch of exactly `count` admissible proposals? The keys of one that is are pending in `keys`; of one that is not, none. */
  validate(lengthBytes: u32, count: u32, badge: u32, rights: u32, policy: Policy, keys: RecentKeys): u32 {
    assert(lengthBytes <= this.capacityBytes && count <= BATCH_COUNT_MAXIMUM);
    const reason = this.judge(lengthBytes, count, badge, rights, policy, keys);
    if (reason != Reject.none) keys.dropBatch();
    return reason;
  }

  private judge(lengthBytes: u32, count: u32, badge: u32, rights: u32, policy: Policy, keys: RecentKeys): u32 {
    let offset: u32 = 0;
    this.entryBytes = 0;
    for (this.index = 0; this.index < count; this.index++) {
      const p = this.address + offset;
      const room = lengthBytes - offset;
      if (room < Proposal.SIZE) return Reject.encoding;
      const payloadBytes = Proposal.payloadBytes(p);
      if (payloadBytes > PAYLOAD_BYTES_MAXIMUM) return Reject.encoding;
      const bytes = Proposal.SIZE + padded(payloadBytes);
      if (bytes > room || Proposal.reserved(p) || !isZero(p + Proposal.SIZE + payloadBytes, p + bytes)) return Reject.encoding;
      if (!policy.admits(badge, rights, Proposal.type(p), p + Proposal.SIZE, payloadBytes)) return Reject.policy;
      if (!keys.insert(Proposal.idempotencyKey(p))) return Reject.duplicate;
      this.entryBytes += bytes - Proposal.SIZE + Entry.SIZE;
      offset += bytes;
    }
    return offset == lengthBytes ? Reject.none : Reject.encoding;
  }
}

/** Make an entry of the proposal at `from`, ready to be sealed; returns the proposal's bytes. The two do not overlap. */
export function copyProposal(from: usize, entry: usize): u32 {
  const payloadBytes = Proposal.payloadBytes(from);
  Entry.setType(entry, Proposal.type(from));
  Entry.setFlags(entry, Proposal.flags(from));
  Entry.setTimeNanoseconds(entry, Proposal.timeNanoseconds(from));
  Entry.setIdempotencyKey(entry, Proposal.idempotencyKey(from));
  Entry.setPayloadBytes(entry, payloadBytes);
  memory.copy(entry + Entry.SIZE, from + Proposal.SIZE, payloadBytes);
  return Proposal.SIZE + padded(payloadBytes);
}
