// The fake device behind MMIO registers (VIRTIO 1.2 §4.2.2): its identity, QueueReady and InterruptStatus are here, the rest it
// does as on PCI. It notes what a driver must not do, and breaks the rules of this transport when told to.
import { Registers, Window } from "../registers";
import { FakeDevice } from "./fake-device";

export class FakeMmio extends Registers {
  magic: u32 = 0x7472_6976;
  version: u32 = 2;
  deviceId: u32 = 2;
  /** QueueReady reads 1 before the driver has written it, or 0 after. */
  readyAlready: bool = false;
  readyNever: bool = false;
  ready: u32 = 0;
  selected: u32 = 0;
  interruptStatus: u32 = 0;
  acknowledged: u32 = 0;
  descriptors: u64 = 0;
  available: u64 = 0;
  used: u64 = 0;
  lastNotified: u32 = 0xffff;
  /** Accesses that §4.2 forbids. */
  violations: u32 = 0;
  accesses: u32 = 0;
  writes: u32 = 0;

  constructor(private device: FakeDevice) { super(); }

  read8(_window: u32, _offset: u32): u32 { this.violations++; return 0; }
  read16(_window: u32, _offset: u32): u32 { this.violations++; return 0; }
  write8(_window: u32, _offset: u32, _value: u32): void { this.violations++; }
  write16(_window: u32, _offset: u32, _value: u32): void { this.violations++; }

  read32(window: u32, offset: u32): u32 {
    this.accesses++;
    if (window != Window.common) this.violations++;
    if (offset >= 0x100) return this.device.read32(Window.configuration, offset - 0x100);
    switch (offset) {
      case 0x000: return this.magic;
      case 0x004: return this.version;
      case 0x008: return this.deviceId;
      case 0x010: return this.device.read32(Window.common, 0x04);
      case 0x034: return this.device.queueCount ? this.device.queueLimit : 0;
      case 0x044: return this.readyAlready ? 1 : this.readyNever ? 0 : this.ready;
      case 0x060: return this.interruptStatus;
      case 0x070: return this.device.read8(Window.common, 0x14);
      case 0x0fc: return this.device.read8(Window.common, 0x15);
    }
    this.violations++; // write only, or reserved
    return 0;
  }

  write32(window: u32, offset: u32, value: u32): void {
    this.accesses++;
    this.writes++;
    if (window != Window.common) this.violations++;
    const device = this.device;
    switch (offset) {
      case 0x014: return device.write32(Window.common, 0x00, value);
      case 0x020: return device.write32(Window.common, 0x0c, value);
      case 0x024: return device.write32(Window.common, 0x08, value);
      case 0x030: this.selected = value; return device.write16(Window.common, 0x16, value);
      case 0x038: return device.write16(Window.common, 0x18, value);
      case 0x044:
        this.ready = value;
        if (!this.readyNever) device.write16(Window.common, 0x1c, value);
        return;
      case 0x050:
        this.lastNotified = value;
        return device.write16(Window.notify, device.notifyOffset * 4, value);
      case 0x064: this.acknowledged |= value; this.interruptStatus &= ~value; return;
      case 0x070:
        if (value == 0) this.ready = 0;
        return device.write8(Window.common, 0x14, value);
      case 0x080: this.descriptors = this.descriptors >> 32 << 32 | u64(value); return device.write32(Window.common, 0x20, value);
      case 0x084: this.descriptors = u64(value) << 32 | this.descriptors & 0xffff_ffff; return;
      case 0x090: this.available = this.available >> 32 << 32 | u64(value); return device.write32(Window.common, 0x28, value);
      case 0x094: this.available = u64(value) << 32 | this.available & 0xffff_ffff; return;
      case 0x0a0: this.used = this.used >> 32 << 32 | u64(value); return device.write32(Window.common, 0x30, value);
      case 0x0a4: this.used = u64(value) << 32 | this.used & 0xffff_ffff; return;
    }
    this.violations++; // read only, or reserved
  }
}
