// What the driver makes of a disk, on the kernel it is booted on: one line a row, `NAME: COUNT requests in N ns; doorbells, interrupts`. Takes the
// shell's place; started by tests/driver/benchmark.ts and benchmarks/device.ts. Arguments: `bench SEED MILLISECONDS COUNT`: a row ends after so
// many milliseconds or requests, whichever comes first. The rows are those of fio in the Linux guest (benchmarks/linux-fio.ts).
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { grantCreate } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { argument, endLine, finish, Handles, must, now, number, random, seed, text } from "../common/program";

const SMALL: u32 = 4096;
const LARGE: u32 = 1 << 20;
const DEEPEST: u32 = 32;
/** Memory of the requests in flight: 32 small ones, or 8 large ones. */
const ROOM: u32 = 8 * LARGE;
const room: usize = memory.data(8 * (1 << 20) + 8192, 16);
const buffer: usize = (room + 4095) & ~4095;
const batch: usize = memory.data(32 * 32, 8);
const completions: usize = memory.data(16 * 32, 8);
const record: usize = memory.data(64, 8);
let sectors: u32 = 0;
let slot: u32 = 0;
let milliseconds: u64 = 0;
let most: u32 = 0;
let doorbells: u64 = 0;
let interrupts: u64 = 0;

/** Where the next request of a row goes. */
let isSequential: bool = false;
let position: u32 = 0;
function next(bytes: u32): u64 {
  const units = sectors / (bytes / 512);
  const unit = isSequential ? position++ % units : random(units);
  return <u64>unit * (bytes / 512);
}

function statistics(): void { must("statistics", device.callStatistics(Handles.device, 0, record, 64)); }

function begin(sequential: bool): u64 {
  statistics();
  doorbells = device.DeviceStatistics.doorbells(record);
  interrupts = device.DeviceStatistics.interrupts(record);
  isSequential = sequential;
  position = 0;
  return now();
}

function row(name: string, count: u32, began: u64): void {
  const nanoseconds = now() - began;
  statistics();
  text(name); text(": "); number(count); text(" requests in "); number(nanoseconds); text(" ns; doorbells ");
  number(device.DeviceStatistics.doorbells(record) - doorbells); text(" interrupts "); number(device.DeviceStatistics.interrupts(record) - interrupts);
  endLine();
}

function isOver(count: u32, began: u64): bool { return count >= most || now() - began >= milliseconds * 1_000_000; }

function oneAtATime(name: string, bytes: u32, sequential: bool, writes: bool): void {
  const began = begin(sequential);
  let count: u32 = 0;
  for (; !isOver(count, began); count++) {
    must(name, writes ? device.callWrite(Handles.device, next(bytes), 0, buffer, bytes) : device.callRead(Handles.device, next(bytes), 0, buffer, bytes));
  }
  row(name, count, began);
}

function put(at: u32, place: u32, bytes: u32, transfer: u32): void {
  const p = batch + 32 * at;
  device.BatchRequest.setTransfer(p, transfer);
  device.BatchRequest.setTag(p, place);
  device.BatchRequest.setSector(p, next(bytes));
  device.BatchRequest.setSlot(p, slot);
  device.BatchRequest.setOffsetBytes(p, place * bytes);
  device.BatchRequest.setLengthBytes(p, bytes);
}

function submit(count: u32): void {
  must("submit", device.callSubmit(Handles.device, count, 0, batch, 32 * count));
  if (device.SubmitReply.accepted() != count) must("accepted", -1);
}

/** Waits for at least `wanted` completions and collects what there is. */
function collect(wanted: u32): u32 {
  must("await", device.callAwaitCompletions(Handles.device, wanted));
  must("reap", device.callReap(Handles.device, 0, completions, 16 * DEEPEST));
  const count = device.ReapReply.count();
  for (let at: u32 = 0; at < count; at++) must("request", -<i32>device.Completion.status(completions + 16 * at));
  return count;
}

/** `depth` requests in flight: whatever has ended is replaced, in the same memory. */
function inFlight(name: string, bytes: u32, sequential: bool, transfer: u32, depth: u32): void {
  const began = begin(sequential);
  let sent = depth, done: u32 = 0;
  for (let place: u32 = 0; place < depth; place++) put(place, place, bytes, transfer);
  submit(depth);
  while (done < sent) {
    const ended = collect(1);
    done += ended;
    if (isOver(sent, began)) continue;
    for (let at: u32 = 0; at < ended; at++) put(at, device.Completion.tag(completions + 16 * at), bytes, transfer);
    submit(ended);
    sent += ended;
  }
  row(name, done, began);
}

/** A batch at a time: nothing new begins before all of it has ended. */
function wholeBatches(name: string, transfer: u32): void {
  const began = begin(false);
  let count: u32 = 0;
  for (; !isOver(count, began); count += DEEPEST) {
    for (let place: u32 = 0; place < DEEPEST; place++) put(place, place, SMALL, transfer);
    submit(DEEPEST);
    for (let ended: u32 = 0; ended < DEEPEST;) ended += collect(DEEPEST - ended);
  }
  row(name, count, began);
}

function durable(name: string): void {
  const began = begin(false);
  let count: u32 = 0;
  for (; !isOver(count, began); count++) {
    must("write", device.callWrite(Handles.device, next(SMALL), 0, buffer, SMALL));
    must("flush", device.callFlush(Handles.device));
  }
  row(name, count, began);
}

/** A read of nothing is refused or done without the device: what remains is the call, the lease and the reply. */
function calls(name: string): void {
  const began = begin(false);
  let count: u32 = 0;
  for (; !isOver(count, began); count++) must(name, device.callRead(Handles.device, 0, 0, buffer, 0));
  row(name, count, began);
}

function prepare(): void {
  must("describe", device.callDescribe(Handles.device));
  sectors = <u32>min(device.DescribeReply.capacitySectors(), <u64>u32.MAX_VALUE);
  const grant = grantCreate(Handles.device, buffer, ROOM, 3);
  must("grant", grant);
  must("attach", device.callAttach(Handles.device, ROOM, <u32>grant));
  slot = device.AttachReply.slot();
  must("first touch", device.callRead(Handles.device, 0, 0, buffer, ROOM)); // of the memory, which the kernel makes then
  text("disk of "); number(sectors); text(" sectors"); endLine();
}

export function start(): u32 {
  seed(argument(1, 1));
  milliseconds = argument(2, 300);
  most = <u32>argument(3, u32.MAX_VALUE);
  prepare();
  calls("call with a lease");
  oneAtATime("random read 4 KiB, 1", SMALL, false, false);
  inFlight("random read 4 KiB, 32", SMALL, false, device.Transfer.read, 32);
  oneAtATime("random write 4 KiB, 1", SMALL, false, true);
  inFlight("random write 4 KiB, 32", SMALL, false, device.Transfer.write, 32);
  wholeBatches("batches of 32 reads of 4 KiB", device.Transfer.read);
  oneAtATime("sequential read 1 MiB, 1", LARGE, true, false);
  inFlight("sequential read 1 MiB, 8", LARGE, true, device.Transfer.read, 8);
  oneAtATime("sequential write 1 MiB, 1", LARGE, true, true);
  inFlight("sequential write 1 MiB, 8", LARGE, true, device.Transfer.write, 8);
  durable("write 4 KiB and flush");
  finish(0);
  return 0;
}
export function receive(_badge: u32, _rights: u32): u32 { return 10; }
