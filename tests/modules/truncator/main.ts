// Creates, truncates, renames and deletes, for the criterion *transactional metadata*: argument 1 says how many operations, every third is followed by a sync, as is the last.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { capabilityDrop } from "../../../kernel-bindings/assembly/kernel";
import * as files from "../../../kernel-bindings/generated/assembly/filesystem";
import { argument, finish, Handles, must } from "../common/program";

const buffer: usize = memory.data(8192, 16);
const path: usize = memory.data(8);
const target: usize = memory.data(8);

/** Safety: two bytes of `at`. */
function name(at: usize, index: u32): u32 { store<u8>(at, 102); store<u8>(at + 1, <u8>(97 + index % 26)); return 2; }
function open(index: u32): u32 {
  must("open", files.callOpen(Handles.filesystem, files.OpenFlag.write | files.OpenFlag.create, 0o644, 0, 0, 0, path, name(path, index), 0, buffer, 128));
  return files.OpenReply.node();
}
function operate(index: u32): void {
  const file = index / 4;
  if (index % 4 == 3) {
    if (file % 2) must("remove", files.callRemove(Handles.filesystem, 0, 0, path, name(path, file)));
    else must("rename", files.callRename(Handles.filesystem, 0, 0, path, name(path, file), 0, target, name(target, file + 13)));
    return;
  }
  const node = open(file);
  if (index % 4 == 1) {
    memory.fill(buffer, <u8>(65 + file), 8192);
    must("write", files.callWrite(node, 0, 0, 0, buffer, 8192));
  } else if (index % 4 == 2) must("truncate", files.callTruncate(node, 100 + file));
  capabilityDrop(node);
}
export function start(): u32 {
  const count = <u32>argument(1, 0);
  for (let index: u32 = 0; index < count; index++) {
    operate(index);
    if (index % 3 == 2 || index + 1 == count) must("sync", files.callSync(Handles.filesystem));
  }
  finish(0);
  return 0;
}
export function receive(badge: u32, rights: u32): u32 { return 10; }
