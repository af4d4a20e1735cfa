// Grants that clients have attached for batches. A slot number is what a BatchRequest names.
// What stays true: the length kept here was proved against the kernel when the grant was attached; every request still
// asks the kernel for its segments, so a grant that was revoked since is refused there and no address outlives it.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FixedArray } from "../base/fixed-array/index";
import { Platform } from "./platform";

export const grantLimit: u32 = 64;

export class GrantTable {
  private handles: FixedArray<u32> = new FixedArray<u32>(grantLimit);
  private lengths: FixedArray<u32> = new FixedArray<u32>(grantLimit);
  private inFlight: FixedArray<u32> = new FixedArray<u32>(grantLimit);
  private probe: usize = memory.data(16, 8);

  constructor(private platform: Platform) {}

  /** The slot of a grant of `lengthBytes`, or −Status; on failure the handle is given back. */
  attach(handle: u32, lengthBytes: u32): i32 {
    const status = lengthBytes == 0 ? Status.InvalidArgument : this.reach(handle, lengthBytes - 1);
    if (status != Status.Ok) {
      this.platform.drop(handle);
      return -<i32>status;
    }
    this.forgetStale();
    for (let slot: u32 = 0; slot < grantLimit; slot++) {
      if (this.handles[slot]) continue;
      this.handles[slot] = handle;
      this.lengths[slot] = lengthBytes;
      return <i32>slot;
    }
    this.platform.drop(handle);
    return -<i32>Status.OutOfMemory;
  }

  detach(slot: u32): u32 {
    if (!this.isAttached(slot)) return Status.InvalidArgument;
    if (this.inFlight[slot]) return Status.Busy;
    this.platform.drop(this.handles[slot]);
    this.handles[slot] = 0;
    return Status.Ok;
  }

  isAttached(slot: u32): bool { return slot < grantLimit && this.handles[slot] != 0; }

  handle(slot: u32): u32 { return this.handles[slot]; }

  lengthBytes(slot: u32): u32 { return this.lengths[slot]; }

  retain(slot: u32): void { this.inFlight[slot]++; }

  release(slot: u32): void {
    assert(this.inFlight[slot] != 0, "a grant released twice");
    this.inFlight[slot]--;
  }

  /** A client that died leaves its slots behind, and its handles dead; one that comes after it finds them free. */
  private forgetStale(): void {
    for (let slot: u32 = 0; slot < grantLimit; slot++) {
      if (!this.handles[slot] || this.inFlight[slot] || this.reach(this.handles[slot], 0) != Status.InvalidHandle) continue;
      this.platform.drop(this.handles[slot]);
      this.handles[slot] = 0;
    }
  }

  /** Is this a live grant (or lease) that reaches as far as this byte, in one direction at least? */
  private reach(handle: u32, offsetBytes: u32): u32 {
    let result = this.platform.segments(handle, offsetBytes, 1, false, this.probe, 1);
    if (result == -<i32>Status.Denied) result = this.platform.segments(handle, offsetBytes, 1, true, this.probe, 1);
    return result < 0 ? u32(-result) : Status.Ok;
  }
}
