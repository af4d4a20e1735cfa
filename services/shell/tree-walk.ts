// Tree walk: everything below a directory, depth first, in name order, without recursion and in fixed memory. The path is the stack:
// each depth keeps a listing in one of LISTING_COUNT buffers; deeper trees share them, and a directory whose buffer was taken
// meanwhile is listed again after the name that the walk came back from.
import { Attributes, FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DirectoryListing } from "./directory-listing";
import { FileTree } from "./file-tree";
import { PATH_BYTES, PathBuffer } from "./path-buffer";

export namespace Walk {
  /** `path` is the root itself, or an entry met for the first time; a directory is gone into after this. */
  export const entry: u32 = 0;
  /** Everything below the directory at `path` has been met. */
  export const leave: u32 = 1;
  export const end: u32 = 2;
  /** `status` says why; `path` where. */
  export const failed: u32 = 3;
}

const LISTING_COUNT: u32 = 8;
/** A path of PATH_BYTES cannot have more components. */
const DEPTH_LIMIT: u32 = PATH_BYTES / 2;

export class TreeWalk {
  readonly path: PathBuffer = new PathBuffer();
  status: u32 = Status.Ok;
  /** Kind and attributes of the last entry; the root's are those of the tree's last lookup. */
  kind: u32 = 0;
  attributes: usize = 0;
  private rootLength: u32 = 0;
  private depth: u32 = 0;
  private step: u32 = Step.done;
  private readonly listings: StaticArray<DirectoryListing>;
  /** The depth whose directory each listing stands for, plus one. */
  private readonly owners: StaticArray<u32> = new StaticArray<u32>(LISTING_COUNT);

  constructor(private readonly tree: FileTree) {
    this.listings = StaticArray.fromArray<DirectoryListing>([
      new DirectoryListing(tree), new DirectoryListing(tree), new DirectoryListing(tree), new DirectoryListing(tree),
      new DirectoryListing(tree), new DirectoryListing(tree), new DirectoryListing(tree), new DirectoryListing(tree)]);
  }

  /** Begin at a path that the tree has just looked up. */
  begin(root: PathBuffer): void {
    this.path.copyFrom(root);
    this.rootLength = root.length;
    this.depth = 0;
    this.step = Step.root;
    for (let index: u32 = 0; index < LISTING_COUNT; index++) this.owners[index] = 0;
  }

  next(): u32 {
    switch (this.step) {
      case Step.root:
        this.kind = this.tree.foundKind();
        this.attributes = this.tree.attributes;
        this.step = this.kind == FileKind.directory ? Step.descend : Step.done;
        return Walk.entry;
      case Step.descend:
        if (this.depth == DEPTH_LIMIT) return this.fail(Status.NameTooLong);
        this.depth++;
        this.takeListing(0, 0);
        break;
      case Step.ascend:
        if (this.depth == 0) {
          this.step = Step.done;
          return Walk.end;
        }
        this.resume();
        break;
      case Step.file:
        this.path.pop();
        break;
      default: return Walk.end;
    }
    return this.advance();
  }

  /** Take over the listing of the present depth, to begin after a name. */
  private takeListing(after: usize, afterBytes: u32): void {
    const slot = this.depth % LISTING_COUNT;
    this.owners[slot] = this.depth;
    this.listings[slot].begin(after, afterBytes);
  }

  /** Back in the directory above: go on where its listing stood, or list again after the name that was left. */
  private resume(): void {
    const nameOffset = this.path.nameOffset();
    if (this.owners[this.depth % LISTING_COUNT] != this.depth) this.takeListing(this.path.address + nameOffset, this.path.length - nameOffset);
    this.path.pop();
  }

  private advance(): u32 {
    const listing = this.listings[this.depth % LISTING_COUNT];
    if (listing.next(this.path)) {
      this.kind = Attributes.kind(listing.attributes());
      this.attributes = listing.attributes();
      if (!this.path.push(listing.name(), listing.nameBytes())) return this.fail(Status.NameTooLong);
      this.step = this.kind == FileKind.directory ? Step.descend : Step.file;
      return Walk.entry;
    }
    if (listing.status != Status.Ok) return this.fail(listing.status);
    this.depth--;
    this.kind = FileKind.directory;
    this.step = Step.ascend;
    return Walk.leave;
  }

  private fail(status: u32): u32 {
    this.status = status;
    this.step = Step.done;
    return Walk.failed;
  }
}

namespace Step {
  export const root: u32 = 0;
  export const descend: u32 = 1;
  export const ascend: u32 = 2;
  export const file: u32 = 3;
  export const done: u32 = 4;
}
