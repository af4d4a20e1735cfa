// The criterion *block I/O*: random reads and writes of the block service against a model (arguments `block SEED COUNT`), which holds one
// number for each block; content follows from it. That of the block-device interface is tests/modules/block-device-integrity.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import * as block from "../../../kernel-bindings/generated/assembly/block";
import { argument, endLine, finish, Handles, must, number, random, seed, text } from "../common/program";

const BLOCKS: u32 = 2048;
const model = new StaticArray<u32>(BLOCKS);
const buffer: usize = memory.data(4096, 16);
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
  const count = <u32>argument(2, 1000);
  exerciseBlocks(count);
  text("block service: "); number(count); text(" operations, "); number(mismatches); text(" mismatches"); endLine();
  finish(mismatches);
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
