// A kernel in the test's own memory: lent memory is memory of the test under a made-up handle, and time passes only when
// the driver sleeps.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Platform } from "../platform";
import { FakeDevice, Serving } from "./fake-device";
import { FakeMmio } from "./fake-mmio";

export const lendRead: u32 = 1;
export const lendWrite: u32 = 2;
const handleLimit: u32 = 128;

export class FakePlatform extends Platform {
  time: u64 = 1_000_000_000;
  sleeps: u32 = 0;
  relaxes: u32 = 0;
  fences: u32 = 0;
  announcements: u32 = 0;
  acknowledgements: u32 = 0;
  /** Whose InterruptStatus is noted when the kernel is asked to let the line through: it must be down by then. */
  registersAtAcknowledgement: FakeMmio | null = null;
  statusAtAcknowledgement: u32 = 0xffff;
  notes: u32 = 0;
  lastNote: string = "";
  isRecording: bool = false;
  records: u32 = 0;
  lastRecord: string = "";
  segmentCalls: u32 = 0;
  /** Segments are cut at multiples of this. */
  segmentBytes: u32 = 4096;
  /** The device's interrupts are lost. */
  losesInterrupts: bool = false;
  /** Interrupts come without a reason, and time stands still. */
  storm: bool = false;
  /** A domain that waits for the driver is dying: no sleep, only polling. */
  callerIsDying: bool = false;
  cancelled: u32 = 0;
  /** After so many turns of polling the device serves all at once; 0: never. */
  relaxesUntilServing: u32 = 0;
  /** Before this many fences more have passed, the device serves all at once, too early to see any wish for an interrupt. 0: never. */
  fencesUntilServing: u32 = 0;
  private addresses: StaticArray<usize> = new StaticArray<usize>(handleLimit);
  private lengths: StaticArray<u32> = new StaticArray<u32>(handleLimit);
  private rights: StaticArray<u32> = new StaticArray<u32>(handleLimit);
  drops: u32 = 0;

  constructor(private device: FakeDevice) { super(); }

  /** Lend [address, address + length) under a handle of the test's choice (1 … 127). */
  lend(handle: u32, address: usize, length: u32, rights: u32): void {
    this.addresses[handle] = address;
    this.lengths[handle] = length;
    this.rights[handle] = rights;
  }
  revoke(handle: u32): void { this.rights[handle] = 0; }

  segments(source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool, out: usize, maximum: u32): i32 {
    this.segmentCalls++;
    let at = <usize>offsetBytes;
    if (source) {
      const refused = this.check(source, offsetBytes, lengthBytes, deviceWrites ? lendWrite : lendRead);
      if (refused) return refused;
      at += this.addresses[source];
    }
    let count: u32 = 0;
    for (let left = lengthBytes; left > 0;) {
      const part = min(left, this.segmentBytes - u32(at % this.segmentBytes));
      if (count == maximum) return -<i32>Status.TooLarge;
      store<u64>(out + count * 16, at);
      store<u64>(out + count * 16, part, 8);
      count++; at += part; left -= part;
    }
    return <i32>count;
  }
  leaseRead(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32 {
    const refused = this.check(source, offsetBytes, lengthBytes, lendRead);
    if (!refused) memory.copy(address, this.addresses[source] + offsetBytes, lengthBytes);
    return refused;
  }
  leaseWrite(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32 {
    const refused = this.check(source, offsetBytes, lengthBytes, lendWrite);
    if (!refused) memory.copy(this.addresses[source] + offsetBytes, address, lengthBytes);
    return refused;
  }
  drop(handle: u32): void { this.drops++; this.rights[handle] = 0; }
  fence(): void {
    this.fences++;
    if (this.fencesUntilServing == 0 || --this.fencesUntilServing) return;
    this.device.serve();
    this.device.interruptPending = false;
  }
  relax(): void {
    this.relaxes++;
    if (this.relaxesUntilServing && --this.relaxesUntilServing == 0) this.device.serve();
    if (this.device.serving == Serving.whilePolling) this.device.serve();
  }
  wait(timeoutMicroseconds: u32): i32 {
    if (this.callerIsDying) {
      this.cancelled++;
      return -<i32>Status.Cancelled;
    }
    this.sleeps++;
    if (this.storm) return 1;
    if (this.device.serving == Serving.whileAsleep) this.device.serve();
    if (this.device.interruptPending && !this.losesInterrupts) {
      this.device.interruptPending = false;
      this.time += 20_000;
      return 1;
    }
    this.time += u64(timeoutMicroseconds) * 1000;
    return 0;
  }
  acknowledgeInterrupt(): void {
    this.acknowledgements++;
    const registers = this.registersAtAcknowledgement;
    if (registers) this.statusAtAcknowledgement = registers.interruptStatus;
  }
  now(): u64 {
    if (this.callerIsDying) this.time += 10_000; // polling is all that happens, and it takes time
    return this.time;
  }
  announce(): void { this.announcements++; }
  note(text: string): void { this.notes++; this.lastNote = text; }
  record(address: usize, lengthBytes: u32): bool {
    this.records++;
    this.lastRecord = String.UTF8.decodeUnsafe(address, lengthBytes);
    return this.isRecording;
  }

  private check(handle: u32, offsetBytes: u32, lengthBytes: u32, right: u32): i32 {
    if (handle >= handleLimit || !this.rights[handle]) return -<i32>Status.InvalidHandle;
    if (!(this.rights[handle] & right)) return -<i32>Status.Denied;
    if (lengthBytes > this.lengths[handle] || offsetBytes > this.lengths[handle] - lengthBytes) return -<i32>Status.OutOfRange;
    return 0;
  }
}
