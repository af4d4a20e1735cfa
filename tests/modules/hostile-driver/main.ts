// A driver that has its device reach wherever its client says: into the kernel, into other domains, into what is no longer lent. It takes the place of
// virtio-blk in a manifest (tests/qemu/iommu.test.ts), with the same capabilities, and sets the device up as VIRTIO 1.2 §3.1.1 says, with one queue of 8.
//
// Operations; fields are u32s from offset 16 of the message. A reply has an address in fields 0 (low) and 1 (high).
//   1 attack: 0 and 1 the address, 2 what to do (`Attack`), 3 the first sector. Answers when the device says that it is done.
//   2 address of lease 0, for reading and writing     3 the same of the grant in slot 0, whose handle is kept     4 of our own memory's first byte
//   5 as 1 with the address of lease 0, which is asked for reading alone     6 asks for as many bytes of lease 0 as field 0 says, and does nothing
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { messageIn } from "../../../kernel-bindings/assembly/message";
import { VirtioBlkCapabilities as capabilities } from "../../../kernel-bindings/generated/assembly/capabilities";

namespace Attack {
  /** The device is told to write its sector there. */
  export const write: u32 = 1;
  /** … to read it from there. */
  export const read: u32 = 2;
  /** … to keep its used ring there. */
  export const ring: u32 = 3;
}
const ok: u32 = 0, timedOut: u32 = 11, deviceError: u32 = 32;
const queueSize: u32 = 8;
const sectorBytes: u32 = 512;
/** Descriptors, available ring, used ring, then header and status byte of the one request. */
const area: usize = memory.data(4096, 16);
const available: usize = area + 16 * queueSize, used: usize = area + 1024, header: usize = area + 2048, status: usize = area + 2064, own: usize = area + 2560;
const segment: usize = memory.data(16, 8);
const parameters: usize = memory.data(28, 4);

export function start(): u32 { return ok; }

export function receive(badge: u32, rights: u32): u32 {
  const operation = load<u16>(messageIn, 2);
  const lease = load<u32>(messageIn, 64), grant = load<u32>(messageIn, 128);
  store<u8>(messageIn, 0, 13); // no capability goes back
  if (operation == 1) return attack(field64(), load<u32>(messageIn, 24), load<u32>(messageIn, 28));
  if (operation == 2) return answer(addressOf(lease, 0, 4096, 0) | addressOf(lease, 0, 4096, 1));
  if (operation == 3) return answer(addressOf(grant, 0, 4096, 0) | addressOf(grant, 0, 4096, 1));
  if (operation == 4) return answer(addressOf(0, u32(area), 1, 1) - area);
  if (operation == 6) return load<u32>(messageIn, 16) == 0 || addressOf(lease, 0, load<u32>(messageIn, 16), 1) != 0 ? ok : deviceError;
  return attack(addressOf(lease, 0, sectorBytes, 0), load<u32>(messageIn, 24), load<u32>(messageIn, 28));
}

function field64(): u64 { return load<u64>(messageIn, 16); }

function answer(address: u64): u32 {
  store<u64>(messageIn, address, 16);
  return ok;
}

function addressOf(source: u32, offset: u32, length: u32, deviceWrites: u32): u64 {
  return kernel.dmaSegments(capabilities.diskDma, source, offset, length, deviceWrites, segment, 1) == 1 ? load<u64>(segment) : 0;
}

/** Safety: all stores are within `area`, which is ours. */
function attack(target: u64, what: u32, sector: u32): u32 {
  memory.fill(area, 0, 4096);
  const base = addressOf(0, u32(area), 4096, 1) - area;
  bringUp(base, what == Attack.ring ? target : base + used);
  store<u32>(header, what == Attack.read ? 1 : 0);
  store<u64>(header, sector, 8);
  store<u8>(status, 0xff);
  describe(0, base + header, 16, 1, 1);
  describe(1, what == Attack.ring ? base + own : target, sectorBytes, what == Attack.read ? 1 : 3, 2);
  describe(2, base + status, 1, 2, 0);
  store<u16>(available, 1, 2);
  kernel.fence();
  kernel.deviceParameters(capabilities.diskDma, parameters, 7);
  kernel.mmioWrite16(capabilities.diskNotify, kernel.mmioRead16(capabilities.diskCommon, 30) * load<u32>(parameters, 4), 0);
  // Where the used ring is elsewhere, nothing tells of its end.
  const limit = what == Attack.ring ? 500000 : 5000000;
  for (let turn = 0; turn < limit; turn++) {
    kernel.relax();
    if (what != Attack.ring && load<u16>(used, 2) != 0) return load<u8>(status) == 0 ? ok : deviceError;
  }
  return what == Attack.ring && load<u8>(status) == 0 ? ok : timedOut;
}

function describe(index: u32, address: u64, length: u32, flags: u32, next: u32): void {
  const at = area + 16 * index;
  store<u64>(at, address);
  store<u32>(at, length, 8);
  store<u16>(at, u16(flags), 12);
  store<u16>(at, u16(next), 14);
}

/** The common configuration of §4.1.4.3; VERSION_1, and ACCESS_PLATFORM if it is offered. */
function bringUp(base: u64, usedRing: u64): void {
  const common = capabilities.diskCommon;
  kernel.mmioWrite8(common, 20, 0);
  while (kernel.mmioRead8(common, 20) != 0) kernel.relax();
  kernel.mmioWrite8(common, 20, 3);
  kernel.mmioWrite32(common, 0, 1);
  const offered = kernel.mmioRead32(common, 4) & 3;
  kernel.mmioWrite32(common, 8, 0);
  kernel.mmioWrite32(common, 12, 0);
  kernel.mmioWrite32(common, 8, 1);
  kernel.mmioWrite32(common, 12, offered);
  kernel.mmioWrite8(common, 20, 11);
  kernel.mmioWrite16(common, 22, 0);
  kernel.mmioWrite16(common, 24, u16(queueSize));
  kernel.mmioWrite16(common, 26, 0xffff); // no interrupt
  address(32, base + area);
  address(40, base + available);
  address(48, usedRing);
  kernel.mmioWrite16(common, 28, 1);
  kernel.mmioWrite8(common, 20, 15);
}

function address(offset: u32, value: u64): void {
  kernel.mmioWrite32(capabilities.diskCommon, offset, u32(value));
  kernel.mmioWrite32(capabilities.diskCommon, offset + 4, u32(value >> 32));
}
