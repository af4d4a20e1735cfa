// stat, hash and df: what is known about files and about the whole image. Formats: docs/command-line.md.
import { Attributes, FileKind, FilesystemStatistics } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext } from "../command-context";
import { Words } from "../command-parser";
import { writeHashLine, writeMode, writeName, writePath, writePreciseTime, writeSize } from "../format";
import { PATH_BYTES } from "../path-buffer";
import { TreeWalk, Walk } from "../tree-walk";
import { writeWarnings } from "../warnings";

export class ReportCommands {
  private readonly target: usize = heap.alloc(PATH_BYTES);

  constructor(private readonly context: CommandContext, private readonly walk: TreeWalk) {}

  stat(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "", "stat PATH...")) return;
    if (words.count < 2) return context.usage("stat PATH...");
    for (let index: u32 = 1; index < words.count; index++) {
      const status = context.resolver.resolve(words.address(index), words.length(index), false);
      if (status != Status.Ok) {
        context.fail(words.address(index), words.length(index), status);
        continue;
      }
      if (index > 1) context.output.byte(0x0a);
      this.printAttributes();
    }
  }

  private printAttributes(): void {
    const output = this.context.output;
    const attributes = this.context.tree.attributes;
    const path = this.context.resolver.path;
    const kind = Attributes.kind(attributes);
    output.text("path:      ");
    writePath(output, path.address, path.length);
    output.text("\nkind:      ");
    output.text(kind == FileKind.directory ? "directory" : kind == FileKind.symlink ? "symlink" : "file");
    if (kind == FileKind.symlink && this.context.tree.readLink(path.address, path.length, this.target) == Status.Ok) {
      output.text("\ntarget:    ");
      writeName(output, this.target, this.context.tree.targetBytes);
    }
    output.text(kind == FileKind.directory ? "\nentries:   " : "\nsize:      ");
    output.decimal(Attributes.size(attributes));
    output.text("\nmode:      ");
    writeMode(output, kind, Attributes.mode(attributes));
    output.text(" (");
    for (let shift: i32 = 9; shift >= 0; shift -= 3) output.byte(0x30 + <u8>((Attributes.mode(attributes) >> shift) & 7));
    output.byte(0x29);
    this.number("\nowner:     ", Attributes.owner(attributes));
    this.number("\ngroup:     ", Attributes.group(attributes));
    this.number("\nlinks:     ", Attributes.links(attributes));
    this.number("\ninode:     ", Attributes.inode(attributes));
    output.text("\nmodified:  ");
    writePreciseTime(output, Attributes.modifiedNanoseconds(attributes));
    output.text("\nchanged:   ");
    writePreciseTime(output, Attributes.changedNanoseconds(attributes));
    output.text("\ncreated:   ");
    writePreciseTime(output, Attributes.createdNanoseconds(attributes));
    if (kind != FileKind.directory) {
      output.text("\nhash:      ");
      output.hex(Attributes.content(attributes), 32);
    }
    output.byte(0x0a);
  }

  private number(label: string, value: u64): void {
    this.context.output.text(label);
    this.context.output.decimal(value);
  }

  hash(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "R", "hash [-R] PATH...")) return;
    if (words.count < 2) return context.usage("hash [-R] PATH...");
    for (let index: u32 = 1; index < words.count; index++) {
      let status = context.resolver.resolve(words.address(index), words.length(index), true);
      const isDirectory = status == Status.Ok && context.tree.foundKind() == FileKind.directory;
      if (isDirectory && context.hasOption("R")) {
        if (!this.hashBelow()) return;
        continue;
      }
      if (isDirectory) status = Status.IsDirectory;
      if (status != Status.Ok) context.fail(words.address(index), words.length(index), status);
      else writeHashLine(context.output, Attributes.content(context.tree.attributes), context.resolver.shown.address, context.resolver.shown.length);
    }
  }

  /** The files below the path just resolved. False after a failure or ^C. */
  private hashBelow(): bool {
    const walk = this.walk;
    walk.begin(this.context.resolver.path);
    let event = walk.next();
    while (event != Walk.end) {
      if (event == Walk.failed) {
        this.context.failPath(walk.path, walk.status);
        return false;
      }
      if (event == Walk.entry && walk.kind == FileKind.file) writeHashLine(this.context.output, Attributes.content(walk.attributes), walk.path.address, walk.path.length);
      if (this.context.interrupted()) return false;
      event = walk.next();
    }
    return true;
  }

  df(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "", "df")) return;
    if (words.count > 1) return context.usage("df");
    const status = context.tree.readStatistics();
    if (status != Status.Ok) return context.failPlain(status);
    const counts = context.tree.statistics;
    const blockBytes: u64 = FilesystemStatistics.blockBytes(counts);
    const total = FilesystemStatistics.blockCount(counts);
    const free = min(FilesystemStatistics.freeBlocks(counts), total);
    this.size("size:        ", total * blockBytes);
    this.size("used:        ", (total - free) * blockBytes);
    this.size("free:        ", free * blockBytes);
    this.size("file bytes:  ", FilesystemStatistics.logicalBytes(counts));
    this.size("stored:      ", FilesystemStatistics.storedBytes(counts));
    this.count("files:       ", FilesystemStatistics.files(counts));
    this.count("directories: ", FilesystemStatistics.directories(counts));
    this.count("objects:     ", FilesystemStatistics.objects(counts));
    this.count("duplicates:  ", FilesystemStatistics.duplicateObjects(counts));
    this.count("snapshots:   ", FilesystemStatistics.snapshots(counts));
    this.count("height:      ", FilesystemStatistics.height(counts));
    writeWarnings(context.output, "warning:     ", FilesystemStatistics.flags(counts));
  }

  private count(label: string, value: u64): void {
    this.number(label, value);
    this.context.output.byte(0x0a);
  }

  private size(label: string, bytes: u64): void {
    this.number(label, bytes);
    this.context.output.text(" (");
    writeSize(this.context.output, bytes);
    this.context.output.text(")\n");
  }
}
