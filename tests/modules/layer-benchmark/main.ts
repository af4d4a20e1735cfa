// The criterion *performance*: a first benchmark of each layer, on the kernel it is booted on. One line a row: layer, operation, operations, nanoseconds an operation.
// Arguments: `bench SEED SCALE`; SCALE percent of the usual counts.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import * as block from "../../../kernel-bindings/generated/assembly/block";
import * as objects from "../../../kernel-bindings/generated/assembly/content-store";
import * as files from "../../../kernel-bindings/generated/assembly/filesystem";
import * as snapshots from "../../../kernel-bindings/generated/assembly/snapshots";
import { capabilityDrop } from "../../../kernel-bindings/assembly/kernel";
import { argument, endLine, finish, Handles, must, now, number, random, seed, text } from "../common/program";

const LARGE: u32 = 1 << 20;
const room: usize = memory.data(LARGE + 8192, 16);
const buffer: usize = (room + 4095) & ~4095;
const path: usize = memory.data(64);
const attributes: usize = memory.data(128, 8);
const hash: usize = memory.data(32, 8);
let scale: u32 = 100;

const scaled = (count: u32): u32 => max<u32>(1, count * scale / 100);

function row(layer: string, operation: string, count: u32, began: u64, bytes: u64): void {
  const nanoseconds = now() - began;
  text(layer); text("\t"); text(operation); text("\t"); number(count); text("\t"); number(nanoseconds / count);
  if (bytes) { text("\t"); number(bytes * 1000 / max<u64>(nanoseconds, 1)); text(" MB/s"); }
  endLine();
}
/** Fresh content: no two buffers alike. Safety: `bytes` is at most LARGE, which `buffer` holds. */
function scramble(bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 1024) store<u64>(buffer + at, <u64>random(0xffffffff) << 32 | random(0xffffffff));
}

function name(letter: u32, index: u32): u32 {
  store<u8>(path, <u8>letter);
  for (let digit: u32 = 6; digit > 0; digit--, index /= 10) store<u8>(path + digit, <u8>(48 + index % 10));
  return 7;
}

function benchKernel(): void {
  const count = scaled(20000), began = now();
  for (let i: u32 = 0; i < count; i++) must("describe", device.callDescribe(Handles.device));
  row("kernel", "call and reply", count, began, 0);
}

function benchDevice(): void {
  let count = scaled(2000), began = now();
  for (let i: u32 = 0; i < count; i++) must("read", device.callRead(Handles.device, <u64>random(8192) * 8, 0, buffer, 4096));
  row("virtio-blk", "read 4 KiB, random", count, began, <u64>count * 4096);
  count = scaled(200);
  began = now();
  for (let i: u32 = 0; i < count; i++) must("read", device.callRead(Handles.device, <u64>(i % 32) * 2048, 0, buffer, LARGE));
  row("virtio-blk", "read 1 MiB", count, began, <u64>count * LARGE);
}

function benchBlock(): void {
  let count = scaled(200), began = now();
  must("allocate", block.callAllocate(Handles.block, 0, 1, 0));
  const address = block.AllocateReply.address();
  for (let i: u32 = 0; i < count; i++) {
    must("write", block.callWrite(Handles.block, address, 0, buffer, 4096));
    must("commit", block.callCommit(Handles.block, 0, buffer, 16));
    must("sync", block.callSync(Handles.block));
  }
  row("block", "durable 4 KiB transaction", count, began, 0);
  count = scaled(1000);
  began = now();
  for (let i: u32 = 0; i < count; i++) must("read", block.callRead(Handles.block, address, 0, buffer, 4096));
  row("block", "read 4 KiB", count, began, 0);
  must("free", block.callFree(Handles.block, address, 1));
  must("commit", block.callCommit(Handles.block, 0, buffer, 16));
}

function benchStore(): void {
  let count = scaled(500), began = now();
  for (let i: u32 = 0; i < count; i++) { scramble(4096); must("store", objects.callStore(Handles.contentStore, 0, 0, buffer, 4096)); }
  row("content-store", "store 4 KiB", count, began, <u64>count * 4096);
  began = now();
  for (let i: u32 = 0; i < count; i++) must("store", objects.callStore(Handles.contentStore, 0, 0, buffer, 4096));
  row("content-store", "store 4 KiB again", count, began, <u64>count * 4096);
  count = scaled(200);
  began = now();
  for (let i: u32 = 0; i < count; i++) { scramble(65536); must("store", objects.callStore(Handles.contentStore, 0, 0, buffer, 65536)); }
  row("content-store", "store 64 KiB", count, began, <u64>count * 65536);
  memory.copy(hash, objects.StoreReply.hash(), 32);
  count = scaled(2000);
  began = now();
  for (let i: u32 = 0; i < count; i++) must("get", objects.callGet(Handles.contentStore, hash, <u64>random(16) * 4096, 0, buffer, 4096));
  row("content-store", "get 4 KiB, verified", count, began, <u64>count * 4096);
}

function benchFiles(): void {
  let count = scaled(1000), began = now();
  for (let i: u32 = 0; i < count; i++) {
    scramble(4096);
    must("open", files.callOpen(Handles.filesystem, files.OpenFlag.write | files.OpenFlag.create, 0o644, 0, 0, 0, path, name(102, i), 0, attributes, 128));
    const node = files.OpenReply.node();
    must("write", files.callWrite(node, 0, 0, 0, buffer, 4096));
    capabilityDrop(node);
  }
  must("sync", files.callSync(Handles.filesystem));
  row("filesystem", "create a 4 KiB file, sync at the end", count, began, <u64>count * 4096);
  began = now();
  for (let i: u32 = 0; i < count; i++) must("lookup", files.callLookup(Handles.filesystem, 0, path, name(102, random(count)), 0, attributes, 128));
  row("filesystem", "lookup", count, began, 0);
  began = now();
  for (let i: u32 = 0; i < count; i++) {
    must("open", files.callOpen(Handles.filesystem, files.OpenFlag.read, 0, 0, 0, 0, path, name(102, random(count)), 0, attributes, 128));
    const node = files.OpenReply.node();
    must("read", files.callRead(node, 0, 0, buffer, 4096));
    capabilityDrop(node);
  }
  row("filesystem", "open and read 4 KiB", count, began, <u64>count * 4096);
  count = scaled(100);
  began = now();
  for (let i: u32 = 0; i < count; i++) {
    must("open", files.callOpen(Handles.filesystem, files.OpenFlag.write | files.OpenFlag.create, 0o644, 0, 0, 0, path, name(115, i), 0, attributes, 128));
    const node = files.OpenReply.node();
    must("write", files.callWrite(node, 0, 0, 0, buffer, 4096));
    must("sync", files.callSync(Handles.filesystem));
    capabilityDrop(node);
  }
  row("filesystem", "create a file and sync", count, began, 0);
  began = now();
  const length: u32 = 8 * LARGE;
  must("open", files.callOpen(Handles.filesystem, files.OpenFlag.read | files.OpenFlag.write | files.OpenFlag.create, 0o644, 0, 0, 0, path, name(108, 0), 0, attributes, 128));
  const large = files.OpenReply.node();
  for (let offset: u32 = 0; offset < length; offset += LARGE) { scramble(LARGE); must("write", files.callWrite(large, offset, 0, 0, buffer, LARGE)); }
  must("sync", files.callSync(Handles.filesystem));
  row("filesystem", "write 8 MiB and sync", 8, began, length);
  began = now();
  for (let offset: u32 = 0; offset < length; offset += LARGE) must("read", files.callRead(large, offset, 0, buffer, LARGE));
  row("filesystem", "read 8 MiB", 8, began, length);
  capabilityDrop(large);
}

function benchSnapshots(): void {
  const count = scaled(20);
  let began = now();
  for (let i: u32 = 0; i < count; i++) must("snapshot", snapshots.callCreate(Handles.snapshots, 0, path, name(110, i)));
  row("snapshot-manager", "create", count, began, 0);
  began = now();
  must("diff", snapshots.callDiffBegin(Handles.snapshots, 0, path, name(110, 0), 0, path, 0));
  row("snapshot-manager", "diff of equal trees", 1, began, 0);
}

export function start(): u32 {
  seed(argument(1, 1));
  scale = <u32>argument(2, 100);
  must("format", files.callFormat(Handles.filesystem, 0, 1));
  benchKernel();
  benchDevice();
  benchStore();
  benchFiles();
  benchSnapshots();
  benchBlock();
  finish(0);
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
