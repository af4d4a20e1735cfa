// A driver on a fake device and a fake kernel, and memory to transfer.
import { BatchRequest } from "../../../kernel-bindings/generated/assembly/block-device";
import { Batches } from "../batches";
import { Disk } from "../disk";
import { PciTransport } from "../pci-transport";
import { FakeDevice } from "./fake-device";
import { FakePlatform, lendRead, lendWrite } from "./fake-platform";

export const bufferBytes: u32 = 2 * 1024 * 1024 + 8192;
/** Handles under which the memory is lent. */
export const bufferHandle: u32 = 1;
export const batchHandle: u32 = 2;
export const completionHandle: u32 = 3;
export const grantHandle: u32 = 4;
const buffer: usize = memory.data(2 * 1024 * 1024 + 8192, 4096);
const batch: usize = memory.data(1024 * 32, 16);
const completions: usize = memory.data(1024 * 16, 16);
export function bufferAddress(): usize { return buffer; }

/** How long the driver lets the device keep a request. */
const timeOutMs: u32 = 30_000;

export class World {
  device: FakeDevice;
  platform: FakePlatform;
  disk: Disk;
  batches: Batches;
  batchCount: u32 = 0;

  constructor(confined: bool = false, notifyBytes: u32 = 8, configurationBytes: u32 = 64) {
    const device = new FakeDevice();
    const platform = new FakePlatform(device);
    const disk = new Disk(platform, new PciTransport(device, 4, 1, notifyBytes, configurationBytes), confined, timeOutMs);
    this.device = device;
    this.platform = platform;
    this.disk = disk;
    this.batches = new Batches(platform, disk);
    this.lendBuffer(0, bufferBytes);
    platform.lend(batchHandle, batch, 1024 * 32, lendRead);
    platform.lend(completionHandle, completions, 1024 * 16, lendWrite);
    platform.lend(grantHandle, buffer, bufferBytes, lendRead | lendWrite);
  }

  start(): World {
    assert(this.disk.start(), "the fake device must start");
    return this;
  }

  lendBuffer(offset: u32, length: u32): void { this.platform.lend(bufferHandle, buffer + offset, length, lendRead | lendWrite); }

  /** Fill lent memory with bytes that depend on place and seed. */
  pattern(offset: u32, length: u32, seed: u32): void {
    for (let index: u32 = 0; index < length; index++) store<u8>(buffer + offset + index, <u8>((index * 31 + (index >> 9) * 7 + seed) & 255));
  }

  /** How many bytes of lent memory differ from the disk's content at a sector. */
  differences(offset: u32, length: u32, sector: u32): u32 {
    let count: u32 = 0;
    for (let index: u32 = 0; index < length; index++) count += u32(load<u8>(buffer + offset + index) != this.device.content[sector * 512 + index]);
    return count;
  }

  /** Append a request to the batch. */
  request(transfer: u32, tag: u32, sector: u64, slot: u32, offset: u32, length: u32, flags: u32 = 0): void {
    const at = batch + this.batchCount++ * 32;
    BatchRequest.setTransfer(at, transfer);
    BatchRequest.setTag(at, tag);
    BatchRequest.setSector(at, sector);
    BatchRequest.setSlot(at, slot);
    BatchRequest.setOffsetBytes(at, offset);
    BatchRequest.setLengthBytes(at, length);
    BatchRequest.setFlags(at, flags);
  }

  submit(): u32 {
    const count = this.batchCount;
    this.batchCount = 0;
    return this.batches.submit(count, batchHandle, 1024 * 32, 7);
  }

  reap(): u32 {
    assert(this.batches.reap(completionHandle, 1024 * 16) == 0, "reap must answer Ok");
    return this.batches.reaped;
  }

  tag(index: u32): u32 { return load<u32>(completions + index * 16); }
  status(index: u32): u32 { return load<u32>(completions + index * 16, 4); }
  length(index: u32): u32 { return load<u32>(completions + index * 16, 8); }
}
