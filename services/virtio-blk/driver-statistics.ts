// Counts since the driver started. The first eight are what `statistics` hands out; the rest say what a device did wrong,
// and go into the trace.
import { DeviceStatistics } from "../../kernel-bindings/generated/assembly/block-device";
import { RequestType } from "./virtio";

export class DriverStatistics {
  reads: u64 = 0;
  writes: u64 = 0;
  flushes: u64 = 0;
  readBytes: u64 = 0;
  writtenBytes: u64 = 0;
  doorbells: u64 = 0;
  interrupts: u64 = 0;
  /** Failed requests and broken rules. */
  errors: u64 = 0;
  /** Used entries, indexes and status bytes that break the rules of VIRTIO. */
  breaches: u64 = 0;
  /** Resets because of a breach or of silence. */
  resets: u64 = 0;

  /** An operation of this request type ended well. */
  count(type: u32, bytes: u32): void {
    if (type == RequestType.read) { this.reads++; this.readBytes += bytes; }
    else if (type == RequestType.write) { this.writes++; this.writtenBytes += bytes; }
    else if (type == RequestType.flush) this.flushes++;
  }

  breach(): void { this.breaches++; this.errors++; }

  /** Write a DeviceStatistics at `out`. */
  put(out: usize): void {
    DeviceStatistics.setReads(out, this.reads);
    DeviceStatistics.setWrites(out, this.writes);
    DeviceStatistics.setFlushes(out, this.flushes);
    DeviceStatistics.setReadBytes(out, this.readBytes);
    DeviceStatistics.setWrittenBytes(out, this.writtenBytes);
    DeviceStatistics.setDoorbells(out, this.doorbells);
    DeviceStatistics.setInterrupts(out, this.interrupts);
    DeviceStatistics.setErrors(out, this.errors);
  }
}
