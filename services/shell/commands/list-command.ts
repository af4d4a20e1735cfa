// ls: the names of a directory, with -l their attributes, with -R everything below it too.
import { Attributes, FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext } from "../command-context";
import { Words } from "../command-parser";
import { DirectoryListing } from "../directory-listing";
import { writeLongColumns, writeName, writePath } from "../format";
import { PATH_BYTES, PathBuffer } from "../path-buffer";
import { TreeWalk, Walk } from "../tree-walk";

export class ListCommand {
  private readonly listing: DirectoryListing;
  private readonly child: PathBuffer = new PathBuffer();
  private readonly target: usize = heap.alloc(PATH_BYTES);
  /** Directories printed by this command so far: a blank line stands between them. */
  private printed: u32 = 0;

  constructor(private readonly context: CommandContext, private readonly walk: TreeWalk) {
    this.listing = new DirectoryListing(context.tree);
  }

  run(words: Words): void {
    if (!this.context.readOptions(words, "lR", "ls [-l] [-R] [PATH...]")) return;
    this.printed = 0;
    if (words.count == 1) this.operand(0, 0, false);
    for (let index: u32 = 1; index < words.count && !this.context.interrupted(); index++) {
      this.operand(words.address(index), words.length(index), words.count > 2);
    }
  }

  private operand(text: usize, textBytes: u32, several: bool): void {
    const context = this.context;
    const resolver = context.resolver;
    const status = resolver.resolve(text, textBytes, !context.hasOption("l"));
    if (status != Status.Ok) return context.fail(text, textBytes, status);
    if (context.tree.foundKind() != FileKind.directory) {
      this.line(context.tree.attributes, resolver.path, text, textBytes);
    } else if (context.hasOption("R")) {
      this.recursive();
    } else {
      this.directory(resolver.path, several);
    }
  }

  private recursive(): void {
    const walk = this.walk;
    walk.begin(this.context.resolver.path);
    let event = walk.next();
    while (event != Walk.end && !this.context.interrupted()) {
      if (event == Walk.failed) return this.context.failPath(walk.path, walk.status);
      if (event == Walk.entry && walk.kind == FileKind.directory && !this.directory(walk.path, true)) return;
      event = walk.next();
    }
  }

  /** False if the listing broke off. */
  private directory(path: PathBuffer, withHeader: bool): bool {
    const output = this.context.output;
    if (withHeader) {
      if (this.printed > 0) output.byte(0x0a);
      writePath(output, path.address, path.length);
      output.text(":\n");
    }
    this.printed++;
    this.listing.begin(0, 0);
    while (this.listing.next(path)) {
      this.child.copyFrom(path);
      this.child.push(this.listing.name(), this.listing.nameBytes());
      this.line(this.listing.attributes(), this.child, this.listing.name(), this.listing.nameBytes());
      if (this.context.interrupted()) return false;
    }
    if (this.listing.status == Status.Ok) return true;
    this.context.failPath(path, this.listing.status);
    return false;
  }

  private line(attributes: usize, path: PathBuffer, name: usize, nameBytes: u32): void {
    const output = this.context.output;
    const long = this.context.hasOption("l");
    const isLink = Attributes.kind(attributes) == FileKind.symlink;
    if (long) writeLongColumns(output, attributes);
    writeName(output, name, nameBytes);
    if (long && isLink && this.context.tree.readLink(path.address, path.length, this.target) == Status.Ok) {
      output.text(" -> ");
      writeName(output, this.target, this.context.tree.targetBytes);
    }
    output.byte(0x0a);
  }
}
