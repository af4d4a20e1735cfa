// Who may propose what. The hook between "well formed" and "committed": a proposal that the policy does not admit is rejected with its batch.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";

export abstract class Policy {
  /** May a client whose endpoint has this badge and these rights propose this? The payload is in memory for the time of the call. */
  abstract admits(badge: u32, rights: u32, type: u32, payload: usize, payloadBytes: u32): bool;
}

/** Bit of an endpoint's rights that lets its holder propose, format and checkpoint. */
export const RIGHT_WRITE: u32 = 2;

/** The types of the file system (docs/formats/axiom.md §1), from everyone who holds the right to write. Genesis and state roots are Axiom's own. */
export class FilesystemTypes extends Policy {
  admits(badge: u32, rights: u32, type: u32, payload: usize, payloadBytes: u32): bool {
    return (rights & RIGHT_WRITE) != 0 && type >= EntryType.create && type < 64;
  }
}
