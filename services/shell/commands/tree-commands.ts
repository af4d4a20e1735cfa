// mkdir, rm and mv: the shape of the tree.
import { FileKind, RemoveFlag } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext } from "../command-context";
import { Words } from "../command-parser";
import { PathBuffer } from "../path-buffer";
import { TreeWalk, Walk } from "../tree-walk";

const MKDIR_USAGE: string = "mkdir [-p] PATH...";
const REMOVE_USAGE: string = "rm [-r] PATH...";
const MOVE_USAGE: string = "mv SOURCE... TARGET";

export class TreeCommands {
  private readonly path: PathBuffer = new PathBuffer();
  private readonly target: PathBuffer = new PathBuffer();
  /** Whether the last source of `mv` was found. */
  private hasSource: bool = false;

  constructor(private readonly context: CommandContext, private readonly walk: TreeWalk) {}

  makeDirectory(words: Words): void {
    if (!this.context.readOptions(words, "p", MKDIR_USAGE)) return;
    if (words.count < 2) return this.context.usage(MKDIR_USAGE);
    for (let index: u32 = 1; index < words.count; index++) {
      const text = words.address(index);
      const length = words.length(index);
      const status = this.context.hasOption("p") ? this.makeAll(text, length) : this.makeOne(text, length);
      if (status != Status.Ok) this.context.fail(text, length, status);
    }
  }

  private makeOne(text: usize, textBytes: u32): u32 {
    const status = this.resolveNew(text, textBytes);
    if (status == Status.Ok) return Status.Exists;
    if (status != Status.NotFound) return status;
    const path = this.context.resolver.path;
    return this.context.tree.makeDirectory(path.address, path.length);
  }

  /** The path of something to be made: slashes at its end do not matter. */
  private resolveNew(text: usize, textBytes: u32): u32 {
    while (textBytes > 0 && load<u8>(text + textBytes - 1) == 0x2f) textBytes--;
    return this.context.resolver.resolve(text, textBytes, false);
  }

  /** Each leading part of the path in turn, so that links and `..` on the way mean what they say. */
  private makeAll(text: usize, textBytes: u32): u32 {
    let end: u32 = 0;
    while (end < textBytes) {
      while (end < textBytes && load<u8>(text + end) == 0x2f) end++;
      while (end < textBytes && load<u8>(text + end) != 0x2f) end++;
      let status = this.context.resolver.resolve(text, end, true);
      if (status == Status.Ok) {
        if (this.context.tree.foundKind() != FileKind.directory) return end == textBytes ? Status.Exists : Status.NotDirectory;
        continue;
      }
      if (status == Status.NotFound) status = this.makeOne(text, end);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  remove(words: Words): void {
    if (!this.context.readOptions(words, "r", REMOVE_USAGE)) return;
    if (words.count < 2) return this.context.usage(REMOVE_USAGE);
    for (let index: u32 = 1; index < words.count && !this.context.interrupted(); index++) {
      const text = words.address(index);
      const length = words.length(index);
      const path = this.context.resolver.path;
      let status = this.resolveNew(text, length);
      const isDirectory = status == Status.Ok && this.context.tree.foundKind() == FileKind.directory;
      if (status == Status.Ok && path.length == 0) {
        this.context.failRoot();
        continue;
      }
      if (status == Status.Ok && isDirectory && this.context.hasOption("r")) {
        if (!this.removeAll(path)) return;
        continue;
      }
      if (status == Status.Ok) status = isDirectory ? Status.IsDirectory : this.context.tree.remove(path.address, path.length, 0);
      if (status != Status.Ok) this.context.fail(text, length, status);
    }
  }

  /** Children first. False after the first failure, or ^C. */
  private removeAll(path: PathBuffer): bool {
    const walk = this.walk;
    walk.begin(path);
    let event = walk.next();
    while (event != Walk.end) {
      let status: u32 = Status.Ok;
      if (event == Walk.failed) status = walk.status;
      else if (event == Walk.leave) status = this.context.tree.remove(walk.path.address, walk.path.length, RemoveFlag.directory);
      else if (walk.kind != FileKind.directory) status = this.context.tree.remove(walk.path.address, walk.path.length, 0);
      if (status != Status.Ok) {
        this.context.failPath(walk.path, status);
        return false;
      }
      if (this.context.interrupted()) return false;
      event = walk.next();
    }
    return true;
  }

  move(words: Words): void {
    if (!this.context.readOptions(words, "", MOVE_USAGE)) return;
    if (words.count < 3) return this.context.usage(MOVE_USAGE);
    const last = words.count - 1;
    const context = this.context;
    const status = context.resolver.resolve(words.address(last), words.length(last), true);
    const intoDirectory = status == Status.Ok && context.tree.foundKind() == FileKind.directory;
    this.target.copyFrom(context.resolver.path);
    if (status != Status.Ok && status != Status.NotFound) return context.fail(words.address(last), words.length(last), status);
    if (words.count > 3 && !intoDirectory) return context.fail(words.address(last), words.length(last), Status.NotDirectory);
    for (let index: u32 = 1; index < last && !context.interrupted(); index++) {
      const moved = this.moveOne(words.address(index), words.length(index), intoDirectory);
      if (moved == Status.IntoItself && context.resolver.path.length == 0) context.failRoot();
      else if (moved != Status.Ok) {
        const about = moved == Status.NotFound && this.hasSource ? last : index; // the source is there, so it is the target's directory that is not
        context.fail(words.address(about), words.length(about), moved);
      }
    }
  }

  private moveOne(text: usize, textBytes: u32, intoDirectory: bool): u32 {
    const status = this.resolveNew(text, textBytes);
    this.hasSource = status == Status.Ok;
    if (status != Status.Ok) return status;
    const source = this.context.resolver.path;
    if (source.length == 0) return Status.IntoItself; // wherever it goes, it is there already
    this.path.copyFrom(this.target);
    const nameOffset = source.nameOffset();
    if (intoDirectory && !this.path.push(source.address + nameOffset, source.length - nameOffset)) return Status.NameTooLong;
    return this.context.tree.rename(source.address, source.length, this.path.address, this.path.length);
  }
}
