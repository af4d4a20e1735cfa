// A device that fails chosen requests, as badly as the interface allows: half of a failed write is on the disk, and a failed flush has dropped everything since the one before it.
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { SparseDevice, grownBytes } from "./harness.ts";

const deviceError = 32;
const Operation = { read: 2, write: 3, flush: 4 } as const;

export class FaultyDevice extends SparseDevice {
  /** Which reads, writes and flushes fail, counted from 0 since it was set. */
  private plan: ((request: number) => boolean) | null = null;
  private requests = 0;
  failed = 0;

  /** `blocks`: an image to start from. */
  constructor(blocks?: ReadonlyMap<number, Uint8Array>) {
    super(grownBytes, blocks);
    this.mark();
  }

  /** Another image, without faults. */
  override become(blocks: ReadonlyMap<number, Uint8Array>): void {
    super.become(blocks);
    this.mark();
    this.failRequests(null);
  }
  failRequests(plan: ((request: number) => boolean) | null): void {
    this.plan = plan;
    this.requests = 0;
    this.failed = 0;
  }
  /** The image that a loss of power leaves: nothing that was not flushed. */
  afterPowerLoss(): Map<number, Uint8Array> {
    const now = this.snapshot();
    this.rollBack();
    const kept = this.snapshot();
    this.become(now);
    return kept;
  }

  override receive(badge: number, rights: number, context: DomainContext): number {
    const operation: number = context.operation;
    const isRequest = operation === Operation.read || operation === Operation.write || operation === Operation.flush;
    if (isRequest && this.plan !== null && this.plan(this.requests++)) return this.fail(operation, context);
    const status = super.receive(badge, rights, context);
    if (operation === Operation.flush && status === 0) {
      this.unmark();
      this.mark();
    }
    return status;
  }
  private fail(operation: number, context: DomainContext): number {
    this.failed++;
    if (operation === Operation.write) {
      const offset = Number(context.messageIn.getBigUint64(16, true)) * 512, { handle, length } = context.lease(0), half = (length / 1024) * 512;
      if (context.calls.lease_read(handle, 0, this.buffer, half) >= 0) this.put(offset, context.bytes.slice(this.buffer, this.buffer + half));
    } else if (operation === Operation.flush) {
      this.rollBack();
      this.mark();
    }
    return deviceError;
  }
}
