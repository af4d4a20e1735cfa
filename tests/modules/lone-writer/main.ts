// Writes one block in place, durably, and sleeps: what the block service does then is its own. Each byte of input is answered with its counts; `q` ends.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { consoleRead } from "../../../kernel-bindings/assembly/kernel";
import * as block from "../../../kernel-bindings/generated/assembly/block";
import { endLine, finish, Handles, must, number, text } from "../common/program";

const buffer: usize = memory.data(4096, 16);

function figures(): void {
  must("statistics", block.callStatistics(Handles.block, 0, buffer, block.BlockStatistics.SIZE));
  text("writes "); number(block.BlockStatistics.deviceWrites(buffer));
  text(" flushes "); number(block.BlockStatistics.deviceFlushes(buffer));
  text(" waiting "); number(block.BlockStatistics.waitingImages(buffer));
  endLine();
}

export function start(): u32 {
  must("format", block.callFormat(Handles.block, 0, block.FormatFlag.force));
  must("allocate", block.callAllocate(Handles.block, 0, 1, 0));
  const address = block.AllocateReply.address();
  must("commit", block.callCommit(Handles.block, 0, buffer, 0));
  must("sync", block.callSync(Handles.block));
  must("write", block.callWriteDurable(Handles.block, address, 0, buffer, 4096));
  figures();
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
/** Safety: `buffer` has room for what is read. */
export function notified(bits: u32): void {
  const length = consoleRead(Handles.console, buffer, 1);
  if (length == 1 && load<u8>(buffer) == 0x71) finish(0);
  else if (length == 1) figures();
}
