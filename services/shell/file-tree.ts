// File tree: the filesystem as the shell's commands use it. Each method is one call; results stand in fields until the next call.
// Stays true: every node capability that `open` returns is given back with `close` by the command that opened it.
import { AttributeMask, Attributes, callList, callLookup, callMakeDirectory, callOpen, callRead, callReadLink, callRemove, callRename, callSetAttributes,
  callStatistics, callSync, callWrite, FilesystemStatistics, ListReply, OpenFlag, OpenReply, ReadLinkReply, ReadReply, WriteReply } from "../../kernel-bindings/generated/assembly/filesystem";
import { capabilityDrop } from "../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { PATH_BYTES } from "./path-buffer";
import { LinkReader } from "./path-resolver";

const ROOT: u32 = ShellCapabilities.filesystem;

export class FileTree extends LinkReader {
  /** Attributes of the last lookup or open. */
  readonly attributes: usize = heap.alloc(Attributes.SIZE);
  readonly statistics: usize = heap.alloc(FilesystemStatistics.SIZE);
  /** The last node opened. */
  node: u32 = 0;
  /** Bytes that the last read or write moved, or the last list filled. */
  moved: u32 = 0;
  /** The last list left something out. */
  more: bool = false;
  /** Something was changed, or may have been, since the last sync that succeeded. */
  isUnsynced: bool = false;

  lookup(path: usize, lengthBytes: u32): u32 {
    return <u32>-callLookup(ROOT, 0, path, lengthBytes, 0, this.attributes, Attributes.SIZE);
  }

  foundKind(): u32 {
    return Attributes.kind(this.attributes);
  }

  readLink(path: usize, lengthBytes: u32, target: usize): u32 {
    const status = <u32>-callReadLink(ROOT, 0, path, lengthBytes, 0, target, PATH_BYTES);
    this.targetBytes = status == 0 ? min(ReadLinkReply.lengthBytes(), PATH_BYTES) : 0;
    return status;
  }

  open(path: usize, lengthBytes: u32, flags: u32, mode: u32, owner: u32, group: u32): u32 {
    if ((flags & OpenFlag.create) != 0) this.isUnsynced = true;
    const status = <u32>-callOpen(ROOT, flags, mode, owner, group, 0, path, lengthBytes, 0, this.attributes, Attributes.SIZE);
    this.node = status == 0 ? OpenReply.node() : 0;
    return status;
  }

  close(node: u32): void {
    capabilityDrop(node);
  }

  read(node: u32, offsetBytes: u64, address: usize, lengthBytes: u32): u32 {
    const status = <u32>-callRead(node, offsetBytes, 0, address, lengthBytes);
    this.moved = status == 0 ? min(ReadReply.lengthBytes(), lengthBytes) : 0;
    return status;
  }

  write(node: u32, offsetBytes: u64, address: usize, lengthBytes: u32): u32 {
    this.isUnsynced = true;
    const status = <u32>-callWrite(node, offsetBytes, 0, 0, address, lengthBytes);
    this.moved = status == 0 ? min(WriteReply.lengthBytes(), lengthBytes) : 0;
    return status;
  }

  list(node: u32, after: usize, afterBytes: u32, buffer: usize, lengthBytes: u32): u32 {
    const status = <u32>-callList(node, 0, after, afterBytes, 0, buffer, lengthBytes);
    this.moved = status == 0 ? min(ListReply.lengthBytes(), lengthBytes) : 0;
    this.more = status == 0 && ListReply.more() != 0;
    return status;
  }

  makeDirectory(path: usize, lengthBytes: u32): u32 {
    this.isUnsynced = true;
    return <u32>-callMakeDirectory(ROOT, 0o755, 0, 0, 0, path, lengthBytes);
  }

  remove(path: usize, lengthBytes: u32, flags: u32): u32 {
    this.isUnsynced = true;
    return <u32>-callRemove(ROOT, flags, 0, path, lengthBytes);
  }

  rename(from: usize, fromBytes: u32, to: usize, toBytes: u32): u32 {
    this.isUnsynced = true;
    return <u32>-callRename(ROOT, 0, 0, from, fromBytes, 0, to, toBytes);
  }

  setMode(path: usize, lengthBytes: u32, mode: u32): u32 {
    this.isUnsynced = true;
    return <u32>-callSetAttributes(ROOT, 0, AttributeMask.mode, mode, 0, 0, 0, path, lengthBytes);
  }

  sync(): u32 {
    const status = <u32>-callSync(ROOT);
    if (status == Status.Ok) this.isUnsynced = false;
    return status;
  }

  readStatistics(): u32 {
    return <u32>-callStatistics(ROOT, 0, this.statistics, FilesystemStatistics.SIZE);
  }
}
