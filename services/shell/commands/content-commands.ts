// cat and put: the bytes of files. `put` writes beside the old file and renames over it, so that whoever looks sees the old content or the new.
import { Attributes, FileKind, OpenFlag } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext, TRANSFER_BYTES } from "../command-context";
import { Words } from "../command-parser";
import { PathBuffer } from "../path-buffer";

/** How many names are tried for the file beside. */
const TEMPORARY_ATTEMPTS: u32 = 16;
const TEMPORARY_NAME_BYTES: u32 = 14;

export class ContentCommands {
  private readonly destination: PathBuffer = new PathBuffer();
  private readonly temporary: PathBuffer = new PathBuffer();
  private readonly temporaryName: usize = heap.alloc(TEMPORARY_NAME_BYTES);
  /** The file that a `put` writes; 0 when none is open. */
  private node: u32 = 0;
  private writtenBytes: u64 = 0;
  private mode: u32 = 0;

  constructor(private readonly context: CommandContext) {}

  cat(words: Words): void {
    if (!this.context.readOptions(words, "", "cat PATH...")) return;
    if (words.count < 2) return this.context.usage("cat PATH...");
    for (let index: u32 = 1; index < words.count; index++) {
      if (!this.print(words.address(index), words.length(index))) return;
    }
  }

  /** False if ^C was typed. */
  private print(text: usize, textBytes: u32): bool {
    const context = this.context;
    const path = context.resolver.path;
    let status = context.resolver.resolve(text, textBytes, true);
    if (status == Status.Ok && context.tree.foundKind() == FileKind.directory) status = Status.IsDirectory;
    if (status == Status.Ok) status = context.tree.open(path.address, path.length, OpenFlag.read, 0, 0, 0);
    if (status != Status.Ok) {
      context.fail(text, textBytes, status);
      return true;
    }
    const node = context.tree.node;
    const size = Attributes.size(context.tree.attributes);
    let offset: u64 = 0;
    let stopped: bool = false;
    while (offset < size && !stopped) {
      status = context.tree.read(node, offset, context.transfer, TRANSFER_BYTES);
      if (status != Status.Ok || context.tree.moved == 0) break;
      context.output.bytes(context.transfer, context.tree.moved);
      offset += context.tree.moved;
      stopped = context.interrupted();
    }
    context.tree.close(node);
    if (status != Status.Ok) context.fail(text, textBytes, status);
    return !stopped;
  }

  /** True if the content is to come from the console: by `append`, then `finishPut` or `abandonPut`. */
  put(words: Words): bool {
    if (!this.context.readOptions(words, "", "put PATH [TEXT...]")) return false;
    if (words.count < 2) {
      this.context.usage("put PATH [TEXT...]");
      return false;
    }
    const status = this.beginPut(words.address(1), words.length(1));
    if (status != Status.Ok) {
      this.context.fail(words.address(1), words.length(1), status);
      return false;
    }
    if (words.count == 2) return true;
    const line = this.context.transfer;
    let length: u32 = 0;
    for (let index: u32 = 2; index < words.count; index++) {
      // Safety: the words together are shorter than TEXT_BYTES plus one byte each, well inside TRANSFER_BYTES.
      memory.copy(line + length, words.address(index), words.length(index));
      length += words.length(index);
      store<u8>(line + length, index + 1 < words.count ? 0x20 : 0x0a);
      length++;
    }
    if (this.append(line, length)) this.finishPut();
    return false;
  }

  private beginPut(text: usize, textBytes: u32): u32 {
    const context = this.context;
    let status = context.resolver.resolve(text, textBytes, true);
    this.destination.copyFrom(context.resolver.path);
    if (status == Status.Ok && context.tree.foundKind() == FileKind.directory) return Status.IsDirectory;
    if (status != Status.Ok && status != Status.NotFound) return status;
    if (this.destination.length == 0) return Status.IsDirectory;
    this.mode = status == Status.Ok ? Attributes.mode(context.tree.attributes) : 0o644;
    const owner = status == Status.Ok ? Attributes.owner(context.tree.attributes) : 0;
    const group = status == Status.Ok ? Attributes.group(context.tree.attributes) : 0;
    for (let attempt: u32 = 0; attempt < TEMPORARY_ATTEMPTS; attempt++) {
      this.nameTemporary(attempt);
      status = context.tree.open(this.temporary.address, this.temporary.length, OpenFlag.write | OpenFlag.create | OpenFlag.exclusive, this.mode, owner, group);
      if (status != Status.Exists) break;
    }
    this.node = context.tree.node;
    this.writtenBytes = 0;
    return status;
  }

  /** .axiomfs-putN, N a letter, in the directory of the destination. */
  private nameTemporary(attempt: u32): void {
    const prefix = ".axiomfs-put-";
    for (let index = 0; index < prefix.length; index++) store<u8>(this.temporaryName + index, <u8>prefix.charCodeAt(index));
    store<u8>(this.temporaryName + prefix.length, 0x61 + <u8>attempt);
    this.temporary.copyFrom(this.destination);
    this.temporary.pop();
    this.temporary.push(this.temporaryName, TEMPORARY_NAME_BYTES);
  }

  /** More content; false, with the reason printed and the file beside removed, if it cannot be written. */
  append(address: usize, lengthBytes: u32): bool {
    let status: u32 = Status.Ok;
    while (lengthBytes > 0 && status == Status.Ok) {
      status = this.context.tree.write(this.node, this.writtenBytes, address, lengthBytes);
      const moved = this.context.tree.moved;
      if (status == Status.Ok && moved == 0) status = Status.NoSpace;
      this.writtenBytes += moved;
      address += moved;
      lengthBytes -= moved;
    }
    if (status == Status.Ok) return true;
    this.abandonPut();
    this.context.failPath(this.destination, status);
    return false;
  }

  finishPut(): void {
    this.context.tree.close(this.node);
    this.node = 0;
    const status = this.context.tree.rename(this.temporary.address, this.temporary.length, this.destination.address, this.destination.length);
    if (status == Status.Ok) return;
    this.context.tree.remove(this.temporary.address, this.temporary.length, 0);
    this.context.failPath(this.destination, status);
  }

  abandonPut(): void {
    this.context.tree.close(this.node);
    this.node = 0;
    // Once more after a restart, which the first call is told of without being served.
    const status = this.context.tree.remove(this.temporary.address, this.temporary.length, 0);
    if (status == Status.PeerRestarted) this.context.tree.remove(this.temporary.address, this.temporary.length, 0);
  }
}
