// A device that fails chosen requests, as badly as the interface allows: half of a failed write is on the disk, a failed flush has dropped everything since the one before it, and half of what a failed discard named is noise.
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { SparseDevice, blockBytes, grownBytes, pattern, sectorBytes } from "./harness.ts";

const deviceError = 32;
const Operation = { read: 2, write: 3, flush: 4, discard: 5, writeTogether: 18 } as const;
const kinds = new Map(Object.entries(Operation).map(([kind, operation]): [number, Failure["kind"]] => [operation, kind as Failure["kind"]]));

/** A request that failed; `block`: where, but for a flush. */
export interface Failure { kind: keyof typeof Operation; block: number }
export type Plan = (request: number, kind: Failure["kind"]) => boolean;

export class FaultyDevice extends SparseDevice {
  /** Which reads, writes, flushes and discards fail, counted from 0 since it was set. */
  private plan: Plan | null = null;
  private requests = 0;
  private status: number = deviceError;
  failures: Failure[] = [];
  get failed(): number { return this.failures.length; }

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
  /** `status`: what they answer; with another than DeviceError, nothing that was done before is lost. */
  failRequests(plan: Plan | null, status: number = deviceError): void {
    this.plan = plan;
    this.status = status;
    this.requests = 0;
    this.failures = [];
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
    const kind = kinds.get(operation);
    if (kind !== undefined && this.plan !== null && this.plan(this.requests++, kind)) return this.fail(kind, context);
    const status = super.receive(badge, rights, context);
    if (kind === "flush" && status === 0) {
      this.unmark();
      this.mark();
    }
    return status;
  }
  private fail(kind: Failure["kind"], context: DomainContext): number {
    const offset = kind === "flush" ? 0 : Number(context.messageIn.getBigUint64(16, true)) * sectorBytes;
    this.failures.push({ kind, block: offset / blockBytes });
    if (kind === "write") this.writeHalf(0, context);
    else if (kind === "writeTogether") for (const index of [0, 1]) this.writeHalf(index, context);
    else if (kind === "flush" && this.status === deviceError) {
      this.rollBack();
      this.mark();
    } else if (kind === "discard") {
      const sectorCount = Number(context.messageIn.getBigUint64(24, true));
      this.put(offset, pattern(offset + 5, Math.ceil(sectorCount / 2) * sectorBytes));
    }
    return this.status;
  }
  /** Half of the buffer with this number. */
  private writeHalf(index: number, context: DomainContext): void {
    const offset = Number(context.messageIn.getBigUint64(16 + 8 * index, true)) * sectorBytes, { handle, length } = context.lease(index), half = (length / 1024) * sectorBytes;
    if (context.calls.lease_read(handle, 0, this.buffer, half) >= 0) this.put(offset, context.bytes.slice(this.buffer, this.buffer + half));
  }
}
