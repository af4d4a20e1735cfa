// Made-up handles: the test says which are alive, which are grants, and sees which were dropped.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../kernel-handles";

export class FakeHandles extends Handles {
  private readonly alive: Set<u32> = new Set<u32>();
  private readonly grants: Set<u32> = new Set<u32>();
  dropCount: u32 = 0;

  /** A new handle of the mailbox, as if it had come with a message. */
  arrive(handle: u32): u32 {
    this.alive.add(handle);
    return handle;
  }
  arriveGrant(handle: u32): u32 {
    this.grants.add(handle);
    return this.arrive(handle);
  }
  /** It was revoked, or a reply moved it on. */
  go(handle: u32): void { this.alive.delete(handle); }
  get aliveCount(): i32 { return this.alive.size; }

  standing(handle: u32): u32 {
    if (!this.alive.has(handle)) return Status.InvalidHandle;
    return this.grants.has(handle) ? Status.Denied : Status.Ok;
  }
  drop(handle: u32): void {
    this.alive.delete(handle);
    this.dropCount++;
  }
}
