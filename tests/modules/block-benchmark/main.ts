// What a durable transaction of the block service costs beside a raw write and flush of the same device, in the same boot: one of each in turns. A line a kind: the time in nanoseconds that a tenth of all stayed below,
// and the median; of groups, for 64 transactions and a sync. Then device writes, flushes and bytes of one transaction, and a read from the cache. Arguments: `bench TURNS` and BLAKE3 of a block of zeros as four
// numbers. Formats the disk.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import * as block from "../../../kernel-bindings/generated/assembly/block";
import { argument, endLine, finish, Handles, must, now, number, text } from "../common/program";

const BLOCK: u32 = 4096;
const GROUP: u32 = 64;
const MOST: u32 = 2048;
const room: usize = memory.data(3 * 4096, 16);
const data: usize = (room + 4095) & ~4095;
const image: usize = memory.data(4096, 8);
const descriptor: usize = memory.data(48, 8);
const statistics: usize = memory.data(256, 8);
/** The first of GROUP blocks that belong to this program: raw writes and transactions in place go there. */
let home: u64 = 0;
let version: u8 = 0;
/** Where the fresh data of transactions since the last `forgetFresh` lies. */
const written: StaticArray<u64> = new StaticArray<u64>(2 * GROUP);
let writtenCount: i32 = 0;

function storeFresh(): void {
  must("allocate", block.callAllocate(Handles.block, 0, 1, 0));
  const address = block.AllocateReply.address();
  must("writeExtents", block.callWriteExtents(Handles.block, address, 1, 0, data, BLOCK, 0, descriptor, 48));
  written[writtenCount++] = address;
}
function commit(): void { must("commit", block.callCommit(Handles.block, 0, data, 16)); }
function transactFresh(): void {
  storeFresh();
  commit();
}
/** Free what was written, so that the disk does not fill up; nothing of it is timed. */
function forgetFresh(): void {
  while (writtenCount) must("free", block.callFree(Handles.block, written[--writtenCount], 1));
  commit();
}
/** Every byte is another than the last time at this place, or the service would log a patch. */
function transactInPlace(index: u32): void {
  memory.fill(image, ++version, BLOCK);
  must("write", block.callWrite(Handles.block, home + index % GROUP, 0, image, BLOCK));
  commit();
}
function rawWrite(index: u32): void { must("write", device.callWrite(Handles.device, (home + index % GROUP) * 8, 0, data, BLOCK)); }
function relieve(): void { if (block.CommitReply.flags() & block.BlockFlag.checkpointWanted) must("checkpoint", block.callCheckpoint(Handles.block)); }

/** The times of one kind, smallest first after `sort`. Safety: indexes are below MOST. */
class Times {
  private values: StaticArray<u64> = new StaticArray<u64>(MOST);
  private count: i32 = 0;

  constructor(readonly name: string) {}

  add(began: u64): void { this.values[this.count++] = now() - began; }
  /** The time that `hundredths` of all stay below. */
  private at(hundredths: i32): u64 { return this.values[this.count * hundredths / 100]; }
  print(): void {
    for (let i = 1; i < this.count; i++) {
      const value = this.values[i];
      let to = i;
      for (; to > 0 && this.values[to - 1] > value; to--) this.values[to] = this.values[to - 1];
      this.values[to] = value;
    }
    text("time\t"); text(this.name);
    text("\t"); number(this.at(10));
    text("\t"); number(this.at(50));
    endLine();
  }
}

const raw = new Times("raw");
const fresh = new Times("fresh");
const inPlace = new Times("in place");
const grouped = new Times("group");
/** The parts of a raw write and flush, and of a transaction of fresh data. */
const rawWritten = new Times("raw: write");
const rawFlushed = new Times("raw: flush");
const stored = new Times("fresh: allocate, write");
const committed = new Times("fresh: commit");
const synced = new Times("fresh: sync");

/** One of each, one after the other: whatever else the machine does slows all of them alike. */
function turn(index: u32): void {
  let began = now();
  rawWrite(index);
  rawWritten.add(began);
  let then = now();
  must("flush", device.callFlush(Handles.device));
  rawFlushed.add(then);
  raw.add(began);
  began = now();
  storeFresh();
  stored.add(began);
  then = now();
  commit();
  committed.add(then);
  then = now();
  must("sync", block.callSync(Handles.block));
  synced.add(then);
  fresh.add(began);
  relieve();
  if (writtenCount >= <i32>GROUP) forgetFresh();
  began = now();
  transactInPlace(index);
  must("sync", block.callSync(Handles.block));
  inPlace.add(began);
  relieve();
  if (index % 16) return;
  began = now();
  for (let i: u32 = 0; i < GROUP; i++) transactFresh();
  must("sync", block.callSync(Handles.block));
  grouped.add(began);
  forgetFresh();
  relieve();
}

/** What the device does for one transaction and its sync. */
function requests(name: string, isFresh: bool): void {
  must("statistics", block.callStatistics(Handles.block, 0, statistics, block.BlockStatistics.SIZE));
  const writes = block.BlockStatistics.deviceWrites(statistics), flushes = block.BlockStatistics.deviceFlushes(statistics), bytes = block.BlockStatistics.writtenBytes(statistics);
  if (isFresh) transactFresh(); else transactInPlace(0);
  must("sync", block.callSync(Handles.block));
  must("statistics", block.callStatistics(Handles.block, 0, statistics, block.BlockStatistics.SIZE));
  text(name);
  text("\t"); number(block.BlockStatistics.deviceWrites(statistics) - writes);
  text("\t"); number(block.BlockStatistics.deviceFlushes(statistics) - flushes);
  text("\t"); number(block.BlockStatistics.writtenBytes(statistics) - bytes);
  endLine();
}

export function start(): u32 {
  const turns = min(<u32>argument(1, 512), MOST);
  must("format", block.callFormat(Handles.block, 0, block.FormatFlag.force));
  must("allocate", block.callAllocate(Handles.block, 0, GROUP, 0));
  home = block.AllocateReply.address();
  block.ExtentDescriptor.setBlockOffset(descriptor, 0);
  block.ExtentDescriptor.setLengthBytes(descriptor, BLOCK);
  block.ExtentDescriptor.setCounterAndKind(descriptor, 0);
  for (let word: u32 = 0; word < 4; word++) store<u64>(block.ExtentDescriptor.value(descriptor) + 8 * word, argument(2 + word, 0));
  commit();
  must("sync", block.callSync(Handles.block));
  for (let i: u32 = 0; i < turns; i++) turn(i);
  raw.print();
  fresh.print();
  inPlace.print();
  grouped.print();
  rawWritten.print();
  rawFlushed.print();
  stored.print();
  committed.print();
  synced.print();
  must("checkpoint", block.callCheckpoint(Handles.block));
  requests("fresh", true);
  requests("in place", false);
  must("read", block.callRead(Handles.block, home + 1, 0, data, BLOCK));
  const began = now();
  for (let i: u32 = 0; i < 2000; i++) must("read", block.callRead(Handles.block, home + 1, 0, data, BLOCK));
  text("cached read\t"); number((now() - began) / 2000); endLine();
  finish(0);
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
