// Counts since the driver started: the work done (DeviceStatistics), what the device did besides it (DeviceHealth), and in which order (SchedulingStatistics).
import { DeviceHealth, DeviceStatistics, SchedulingStatistics } from "../../kernel-bindings/generated/assembly/block-device";
import { Dispatcher } from "./dispatcher";
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
  configurationChanges: u64 = 0;
  /** Interrupts that brought nothing. */
  idleInterrupts: u64 = 0;
  /** Resets because of silence alone. */
  timeOuts: u64 = 0;
  discards: u64 = 0;
  writeZeroes: u64 = 0;
  /** Of chains, header and status byte included; the ring's own in front of a table are not counted. */
  descriptors: u64 = 0;
  /** Requests of batches that share the device request of the one before them on the disk, and those that could not start at once. */
  merged: u64 = 0;
  waited: u64 = 0;

  /** An operation of this request type ended well. */
  count(type: u32, bytes: u32): void {
    if (type == RequestType.read) { this.reads++; this.readBytes += bytes; }
    else if (type == RequestType.write) { this.writes++; this.writtenBytes += bytes; }
    else if (type == RequestType.flush) this.flushes++;
    else if (type == RequestType.discard) this.discards++;
    else if (type == RequestType.writeZeroes) this.writeZeroes++;
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

  /** Write a DeviceHealth at `out`. */
  putHealth(out: usize): void {
    DeviceHealth.setBreaches(out, this.breaches);
    DeviceHealth.setResets(out, this.resets);
    DeviceHealth.setConfigurationChanges(out, this.configurationChanges);
    DeviceHealth.setIdleInterrupts(out, this.idleInterrupts);
    DeviceHealth.setTimeOuts(out, this.timeOuts);
    DeviceHealth.setDiscards(out, this.discards);
    DeviceHealth.setWriteZeroes(out, this.writeZeroes);
    DeviceHealth.setDescriptors(out, this.descriptors);
  }

  /** Write a SchedulingStatistics at `out`. */
  putScheduling(out: usize, dispatcher: Dispatcher): void {
    SchedulingStatistics.setMerged(out, this.merged);
    SchedulingStatistics.setWaited(out, this.waited);
    SchedulingStatistics.setOvertakes(out, dispatcher.scheduler.overtakes);
    SchedulingStatistics.setOverdue(out, dispatcher.scheduler.overdue);
    SchedulingStatistics.setWaiting(out, dispatcher.waitingCount);
  }
}
