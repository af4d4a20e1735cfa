// Access to the device's register windows. The kernel ends the domain on an access outside a window, so offsets that
// come from the device are checked against `notifyBytes` before they get here.

/** The structures that a modern PCI device has, §4.1.4. An MMIO device has the first one only, §4.2.2. */
export namespace Window {
  export const common: u32 = 0;
  export const notify: u32 = 1;
  export const isr: u32 = 2;
  export const configuration: u32 = 3;
}

export abstract class Registers {
  abstract read8(window: u32, offset: u32): u32;
  abstract read16(window: u32, offset: u32): u32;
  abstract read32(window: u32, offset: u32): u32;
  abstract write8(window: u32, offset: u32, value: u32): void;
  abstract write16(window: u32, offset: u32, value: u32): void;
  abstract write32(window: u32, offset: u32, value: u32): void;
}
