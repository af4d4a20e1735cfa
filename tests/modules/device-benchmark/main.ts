// What the driver makes of a disk, on the kernel it is booted on: one line a row. Takes the shell's place; started by
// tests/driver/benchmark.ts. Arguments: `bench SEED SCALE`, SCALE percent of the usual counts.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { grantCreate } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { argument, endLine, finish, Handles, must, now, number, random, seed, text } from "../common/program";

const LARGE: u32 = 1 << 20;
const DEPTH: u32 = 32;
const SECTORS: u32 = 65536; // 32 MiB of the disk take part
const room: usize = memory.data(LARGE + 8192, 16);
const buffer: usize = (room + 4095) & ~4095;
const batch: usize = memory.data(32 * 32, 8);
const completions: usize = memory.data(16 * 32, 8);
const record: usize = memory.data(64, 8);
let scale: u32 = 100;

function row(operation: string, count: u32, began: u64, bytes: u32): void {
  const nanoseconds = now() - began;
  text(operation); text(": "); number(nanoseconds / count); text(" ns each, "); number(<u64>count * 1_000_000_000 / nanoseconds); text("/s");
  if (bytes) { text(", "); number(<u64>count * bytes * 1000 / nanoseconds); text(" MB/s"); }
  must("statistics", device.callStatistics(Handles.device, 0, record, 64));
  text("; doorbells "); number(device.DeviceStatistics.doorbells(record)); text(" interrupts "); number(device.DeviceStatistics.interrupts(record));
  endLine();
}

function oneAtATime(operation: string, count: u32, bytes: u32, writes: bool): void {
  const units = SECTORS / (bytes / 512), began = now();
  for (let i: u32 = 0; i < count; i++) {
    const sector = <u64>(random(units) * (bytes / 512));
    must(operation, writes ? device.callWrite(Handles.device, sector, 0, buffer, bytes) : device.callRead(Handles.device, sector, 0, buffer, bytes));
  }
  row(operation, count, began, bytes);
}

function put(at: u32, slot: u32): void {
  const p = batch + 32 * at;
  device.BatchRequest.setTransfer(p, device.Transfer.read);
  device.BatchRequest.setTag(p, at);
  device.BatchRequest.setSector(p, random(SECTORS / 8) * 8);
  device.BatchRequest.setSlot(p, slot);
  device.BatchRequest.setOffsetBytes(p, random(LARGE / 4096) * 4096);
  device.BatchRequest.setLengthBytes(p, 4096);
}

/** DEPTH requests in flight: whatever has ended is replaced. */
function inBatches(count: u32, slot: u32): void {
  const began = now();
  let sent: u32 = 0, done: u32 = 0, wanted = DEPTH;
  while (done < count) {
    wanted = min(wanted, count - sent);
    if (wanted) {
      for (let i: u32 = 0; i < wanted; i++) put(i, slot);
      must("submit", device.callSubmit(Handles.device, wanted, 0, batch, 32 * wanted));
      sent += device.SubmitReply.accepted();
    }
    must("await", device.callAwaitCompletions(Handles.device, 1));
    must("reap", device.callReap(Handles.device, 0, completions, 16 * DEPTH));
    wanted = device.ReapReply.count();
    done += wanted;
  }
  row("read 4 KiB, 32 in flight", count, began, 4096);
}

export function start(): u32 {
  seed(argument(1, 1));
  scale = <u32>argument(2, 100);
  const began = now();
  for (let i: u32 = 0; i < 200 * scale; i++) must("describe", device.callDescribe(Handles.device));
  row("call and reply", 200 * scale, began, 0);
  oneAtATime("read 4 KiB", 50 * scale, 4096, false);
  oneAtATime("write 4 KiB", 50 * scale, 4096, true);
  oneAtATime("read 1 MiB", 3 * scale, LARGE, false);
  oneAtATime("write 1 MiB", 3 * scale, LARGE, true);
  const grant = grantCreate(Handles.device, buffer, LARGE, 3);
  must("grant", grant);
  must("attach", device.callAttach(Handles.device, LARGE, <u32>grant));
  inBatches(300 * scale, device.AttachReply.slot());
  const durable = now();
  for (let i: u32 = 0; i < 5 * scale; i++) {
    must("write", device.callWrite(Handles.device, random(SECTORS / 8) * 8, 0, buffer, 4096));
    must("flush", device.callFlush(Handles.device));
  }
  row("write 4 KiB and flush", 5 * scale, durable, 4096);
  finish(0);
  return 0;
}
export function receive(_badge: u32, _rights: u32): u32 { return 10; }
