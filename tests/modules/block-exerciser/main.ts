// The criterion *block I/O*: random reads and writes against a model, of the block-device interface (arguments `device SEED COUNT`)
// and of the block service (`block SEED COUNT`). The model holds one number for each sector or block; content follows from it.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { grantCreate, relax } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import * as block from "../../../kernel-bindings/generated/assembly/block";
import { argument, endLine, finish, Handles, letter, must, number, random, seed, text } from "../common/program";

const SECTORS: u32 = 32768; // 16 MiB of the disk take part
const LARGEST: u32 = 256; // sectors of one request
const BATCH: u32 = 16;
const model = new StaticArray<u32>(SECTORS);
const room: usize = memory.data(BATCH * 131072 + 8192, 16);
const buffer: usize = (room + 4095) & ~4095;
const batch: usize = memory.data(32 * 16, 8);
const completions: usize = memory.data(16 * 16, 8);
let version: u32 = 0;
let mismatches: u32 = 0;

/** Safety: `at` is inside `buffer`, and 512 bytes fit there. */
function fillSector(at: usize, sector: u32, value: u32): void {
  for (let i: u32 = 0; i < 64; i++) store<u64>(at + 8 * i, value ? (<u64>sector << 32 | value) * 0x9e3779b97f4a7c15 + i : 0);
}
function checkSector(at: usize, sector: u32, value: u32): void {
  for (let i: u32 = 0; i < 64; i++) {
    if (load<u64>(at + 8 * i) == (value ? (<u64>sector << 32 | value) * 0x9e3779b97f4a7c15 + i : 0)) continue;
    if (mismatches++ < 5) { text("sector "); number(sector); text(" differs from the model at byte "); number(8 * i); endLine(); }
    return;
  }
}

function writeOne(sector: u32, count: u32): void {
  version++;
  for (let i: u32 = 0; i < count; i++) {
    fillSector(buffer + 512 * i, sector + i, version);
    model[sector + i] = version;
  }
  must("write", device.callWrite(Handles.device, sector, 0, buffer, 512 * count));
}
function readOne(sector: u32, count: u32): void {
  memory.fill(buffer, 0xee, 512 * count);
  must("read", device.callRead(Handles.device, sector, 0, buffer, 512 * count));
  for (let i: u32 = 0; i < count; i++) checkSector(buffer + 512 * i, sector + i, model[sector + i]);
}

/** A batch over a grant: disjoint stretches of the disk, so that their order does not matter. */
function runBatch(slot: u32): void {
  const stretch = SECTORS / BATCH;
  version++;
  for (let i: u32 = 0; i < BATCH; i++) {
    const p = batch + 32 * i;
    const count: u32 = 1 + random(LARGEST), sector = stretch * i + random(stretch - count), writes = random(2) == 1;
    device.BatchRequest.setTransfer(p, writes ? device.Transfer.write : device.Transfer.read);
    device.BatchRequest.setTag(p, i);
    device.BatchRequest.setSector(p, sector);
    device.BatchRequest.setSlot(p, slot);
    device.BatchRequest.setOffsetBytes(p, i * 512 * LARGEST);
    device.BatchRequest.setLengthBytes(p, 512 * count);
    device.BatchRequest.setFlags(p, 0);
    if (!writes) continue;
    for (let k: u32 = 0; k < count; k++) {
      fillSector(buffer + (i * LARGEST + k) * 512, sector + k, version);
      model[sector + k] = version;
    }
  }
  for (let sent: u32 = 0, done: u32 = 0; done < BATCH; relax()) {
    if (sent < BATCH) {
      must("submit", device.callSubmit(Handles.device, BATCH - sent, 0, batch + 32 * sent, 32 * (BATCH - sent)));
      sent += device.SubmitReply.accepted();
    }
    must("reap", device.callReap(Handles.device, 0, completions, 16 * BATCH));
    const count = device.ReapReply.count();
    for (let i: u32 = 0; i < count; i++) must("batched request", -<i32>device.Completion.status(completions + 16 * i));
    done += count;
  }
  for (let i: u32 = 0; i < BATCH; i++) {
    const p = batch + 32 * i;
    if (device.BatchRequest.transfer(p) != device.Transfer.read) continue;
    const sector = <u32>device.BatchRequest.sector(p), count = device.BatchRequest.lengthBytes(p) / 512;
    for (let k: u32 = 0; k < count; k++) checkSector(buffer + (i * LARGEST + k) * 512, sector + k, model[sector + k]);
  }
}

function exerciseDevice(count: u32): void {
  const grant = grantCreate(Handles.device, buffer, BATCH * 512 * LARGEST, 3);
  must("grant", grant);
  must("attach", device.callAttach(Handles.device, BATCH * 512 * LARGEST, <u32>grant));
  const slot = device.AttachReply.slot();
  for (let sector: u32 = 0; sector < SECTORS; sector += LARGEST) writeOne(sector, LARGEST);
  for (let i: u32 = 0; i < count; i++) {
    const length: u32 = 1 + random(random(4) ? 16 : LARGEST), sector = random(SECTORS - length);
    const choice = random(100);
    if (choice < 45) readOne(sector, length);
    else if (choice < 88) writeOne(sector, length);
    else if (choice < 92) must("flush", device.callFlush(Handles.device));
    else runBatch(slot);
  }
  for (let sector: u32 = 0; sector < SECTORS; sector += LARGEST) readOne(sector, LARGEST);
}

const BLOCKS: u32 = 2048;
const addresses = new StaticArray<u64>(BLOCKS);
/** Random journaled writes of single blocks in transactions, some abandoned in favour of nothing: what was committed is read back. */
function exerciseBlocks(count: u32): void {
  must("format", block.callFormat(Handles.block, 0, block.FormatFlag.force));
  let owned: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const writes: u32 = 1 + random(8);
    for (let k: u32 = 0; k < writes; k++) {
      let which = random(BLOCKS);
      if (which >= owned && owned < BLOCKS) {
        must("allocate", block.callAllocate(Handles.block, 0, 1, 0));
        addresses[owned] = block.AllocateReply.address();
        model[owned] = 0;
        which = owned++;
      }
      which %= owned;
      version++;
      for (let s: u32 = 0; s < 8; s++) fillSector(buffer + 512 * s, which * 8 + s, version);
      must("journaled write", block.callWrite(Handles.block, addresses[which], 0, buffer, 4096));
      model[which] = version;
    }
    must("commit", block.callCommit(Handles.block, 0, buffer, 16));
    const flags = block.CommitReply.flags();
    if (random(4) == 0) must("sync", block.callSync(Handles.block));
    if (flags & block.BlockFlag.checkpointWanted) must("checkpoint", block.callCheckpoint(Handles.block));
    const which = random(owned);
    if (!model[which]) continue;
    memory.fill(buffer, 0xee, 4096);
    must("read", block.callRead(Handles.block, addresses[which], 0, buffer, 4096));
    for (let s: u32 = 0; s < 8; s++) checkSector(buffer + 512 * s, which * 8 + s, model[which]);
  }
  must("checkpoint", block.callCheckpoint(Handles.block));
  for (let which: u32 = 0; which < owned; which++) {
    must("read", block.callRead(Handles.block, addresses[which], 0, buffer, 4096));
    for (let s: u32 = 0; s < 8; s++) checkSector(buffer + 512 * s, which * 8 + s, model[which]);
  }
}

export function start(): u32 {
  seed(argument(1, 1));
  const count = <u32>argument(2, 1000), onBlocks = letter(0) == 98; // b
  if (onBlocks) exerciseBlocks(count);
  else exerciseDevice(count);
  text(onBlocks ? "block service: " : "block device: "); number(count); text(" operations, "); number(mismatches); text(" mismatches"); endLine();
  finish(mismatches);
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
