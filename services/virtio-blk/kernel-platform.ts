// The real kernel behind platform.ts and registers.ts. Which capabilities the driver holds is in services/system.json.
import * as kernel from "../../kernel-bindings/assembly/kernel";
import { VirtioBlkCapabilities as capabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Platform } from "./platform";
import { Registers, Window } from "./registers";

const noteBytesLimit: i32 = 128;

export class KernelPlatform extends Platform {
  private times: usize = memory.data(16, 8);
  private text: usize = memory.data(128, 1);

  segments(source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool, out: usize, maximum: u32): i32 {
    return kernel.dmaSegments(capabilities.diskDma, source, offsetBytes, lengthBytes, u32(deviceWrites), out, maximum);
  }
  leaseRead(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32 { return kernel.leaseRead(source, offsetBytes, address, lengthBytes); }
  leaseWrite(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32 { return kernel.leaseWrite(source, offsetBytes, address, lengthBytes); }
  drop(handle: u32): void { kernel.capabilityDrop(handle); }
  fence(): void { kernel.fence(); }
  relax(): void { kernel.relax(); }
  wait(timeoutMicroseconds: u32): i32 { return kernel.wait(capabilities.diskBit, timeoutMicroseconds); }
  acknowledgeInterrupt(): void { kernel.interruptAcknowledge(capabilities.diskInterrupt); }
  announce(): void { kernel.notify(capabilities.completion, 1); }

  now(): u64 {
    kernel.clockRead(capabilities.clock, this.times);
    return load<u64>(this.times);
  }

  /** Safety: at most `noteBytesLimit` bytes of our own static text, which is ASCII, are written to our own buffer. */
  note(text: string): void {
    const length = min(text.length, noteBytesLimit);
    for (let index = 0; index < length; index++) store<u8>(this.text + index, <u8>text.charCodeAt(index));
    kernel.traceNote(capabilities.trace, this.text, u32(length));
  }

  record(address: usize, lengthBytes: u32): bool { return kernel.traceNote(capabilities.trace, address, lengthBytes) > 0; }
}

export class KernelRegisters extends Registers {
  read8(window: u32, offset: u32): u32 { return kernel.mmioRead8(this.handle(window), offset); }
  read16(window: u32, offset: u32): u32 { return kernel.mmioRead16(this.handle(window), offset); }
  read32(window: u32, offset: u32): u32 { return kernel.mmioRead32(this.handle(window), offset); }
  write8(window: u32, offset: u32, value: u32): void { kernel.mmioWrite8(this.handle(window), offset, value); }
  write16(window: u32, offset: u32, value: u32): void { kernel.mmioWrite16(this.handle(window), offset, value); }
  write32(window: u32, offset: u32, value: u32): void { kernel.mmioWrite32(this.handle(window), offset, value); }

  private handle(window: u32): u32 {
    if (window == Window.common) return capabilities.diskCommon;
    if (window == Window.notify) return capabilities.diskNotify;
    return window == Window.isr ? capabilities.diskIsr : capabilities.diskConfiguration;
  }
}

/** What the kernel says about the device, docs/abi.md §4. Every value is the kernel's word. */
export class DeviceParameters {
  private values: usize = memory.data(28, 4);
  private count: u32 = 0;

  /** Without a device all values are 0. */
  constructor() {
    const count = kernel.deviceParameters(capabilities.diskDma, this.values, 7);
    this.count = count > 0 ? u32(count) : 0;
  }

  get isPci(): bool { return this.at(0) == 1; }
  get isMmio(): bool { return this.at(0) == 2; }
  get notifyMultiplier(): u32 { return this.at(1); }
  get queueVector(): u32 { return this.at(2); }
  get isConfined(): bool { return (this.at(3) & 1) != 0; }
  /** Sizes of windows: the device chose them and what it wants done in them, so both are checked against each other. */
  get notifyBytes(): u32 { return this.at(4); }
  get configurationBytes(): u32 { return this.at(5); }
  /** How long the device may keep a request, in milliseconds: the manifest's word. */
  get timeOutMs(): u32 { return this.at(6); }

  private at(index: u32): u32 { return index < this.count ? load<u32>(this.values + (index << 2)) : 0; }
}
