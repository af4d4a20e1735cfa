// What the mailbox asks of the kernel about handles. An abstract class, so that unit tests put made-up handles in its place.
import * as kernel from "../../kernel-bindings/assembly/kernel";
import { Status } from "../../kernel-bindings/generated/assembly/status";

export abstract class Handles {
  /** Ok: it is alive and can be passed on. Denied: it can go to no other domain. InvalidHandle: it was revoked, or has moved on. */
  abstract standing(handle: u32): u32;
  abstract drop(handle: u32): void;
}

export class KernelHandles extends Handles {
  private readonly nothing: usize = memory.data(16, 8);

  /**
   * A read of no bytes does nothing and says what a handle is: a kernel looks for the handle first and at its kind next.
   * A grant is for the one domain that it was made for, so one that reached the mailbox can go no further.
   */
  standing(handle: u32): u32 {
    const result = kernel.leaseRead(handle, 0, this.nothing, 0);
    if (result == -<i32>Status.WrongKind) return Status.Ok;
    return result == -<i32>Status.InvalidHandle ? Status.InvalidHandle : Status.Denied;
  }

  drop(handle: u32): void { kernel.capabilityDrop(handle); }
}
