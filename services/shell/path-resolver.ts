// Path resolver: what a person typed into a path that the filesystem takes. The filesystem follows no symbolic links; whoever looks
// a path up does, and here is where the shell does. The usual path costs one lookup; only one that meets a link or `..` is walked.
// Stays true: at most LINK_LIMIT links are followed, so a loop of links ends with `Loop`.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { componentBytes, hasDotDot, isDot, isDotDot, PATH_BYTES, PathBuffer } from "./path-buffer";

/** The kinds that the resolver tells apart; the numbers of the interface's FileKind. */
const DIRECTORY: u32 = 2;
const SYMLINK: u32 = 3;
const LINK_LIMIT: u32 = 40;
const PENDING_BYTES: u32 = 3 * PATH_BYTES;

/** The part of the filesystem that resolving needs. */
export abstract class LinkReader {
  /** Kind of what `lookup` found. */
  abstract lookup(path: usize, lengthBytes: u32): u32;
  abstract foundKind(): u32;
  /** The link's target into `target`, at most PATH_BYTES; its length is `targetBytes` afterwards. */
  targetBytes: u32 = 0;
  abstract readLink(path: usize, lengthBytes: u32, target: usize): u32;
}

export class PathResolver {
  /** The result: also set when the last component does not exist. */
  readonly path: PathBuffer = new PathBuffer();
  /** The path as it is shown to people. */
  readonly shown: PathBuffer = new PathBuffer();
  private readonly pending: usize = heap.alloc(PENDING_BYTES);
  private pendingStart: u32 = PENDING_BYTES;
  private readonly target: usize = heap.alloc(PATH_BYTES);
  private linkCount: u32 = 0;

  constructor(private readonly reader: LinkReader) {}

  /** Ok: it exists, and the reader's last lookup is of it. NotFound: it does not. Other statuses: it cannot be reached. */
  resolve(text: usize, lengthBytes: u32, followLast: bool): u32 {
    if (!this.shown.normalize(text, lengthBytes)) return Status.NameTooLong;
    const mustBeDirectory = lengthBytes > 0 && load<u8>(text + lengthBytes - 1) == 0x2f;
    if (mustBeDirectory) followLast = true;
    let status: u32;
    if (hasDotDot(text, lengthBytes)) {
      status = this.walk(followLast);
    } else {
      this.path.copyFrom(this.shown);
      status = this.reader.lookup(this.path.address, this.path.length);
      const isLink = status == Status.Ok && this.reader.foundKind() == SYMLINK;
      if (status == Status.Loop || status == Status.NotDirectory || (isLink && followLast)) status = this.walk(followLast);
    }
    if (status == Status.Ok && mustBeDirectory && this.reader.foundKind() != DIRECTORY) return Status.NotDirectory;
    return status;
  }

  /** Component by component, with what is still to do in `pending`, filled from its end. */
  private walk(followLast: bool): u32 {
    this.path.clear();
    this.pendingStart = PENDING_BYTES;
    this.linkCount = 0;
    this.prepend(this.shown.address, this.shown.length);
    let status = this.reader.lookup(this.path.address, 0);
    while (this.pendingStart < PENDING_BYTES) {
      if (status != Status.Ok) return status;
      status = this.step(followLast);
    }
    return status;
  }

  /** Safety: the component lies between pendingStart and PENDING_BYTES. */
  private step(followLast: bool): u32 {
    const name = this.pending + this.pendingStart;
    const size = componentBytes(name, 0, PENDING_BYTES - this.pendingStart);
    this.pendingStart = min(this.pendingStart + size + 1, PENDING_BYTES);
    if (size == 0 || isDot(name, size)) return Status.Ok;
    if (isDotDot(name, size)) {
      if (this.reader.foundKind() != DIRECTORY) return Status.NotDirectory;
      this.path.pop();
      return this.reader.lookup(this.path.address, this.path.length);
    }
    if (!this.path.push(name, size)) return Status.NameTooLong;
    const status = this.reader.lookup(this.path.address, this.path.length);
    const isLast = this.pendingStart == PENDING_BYTES;
    if (status != Status.Ok || this.reader.foundKind() != SYMLINK || (isLast && !followLast)) return status;
    return this.followLink();
  }

  private followLink(): u32 {
    this.linkCount++;
    if (this.linkCount > LINK_LIMIT) return Status.Loop;
    const status = this.reader.readLink(this.path.address, this.path.length, this.target);
    if (status != Status.Ok) return status;
    const size = this.reader.targetBytes;
    if (!this.prepend(this.target, size)) return Status.NameTooLong;
    if (size > 0 && load<u8>(this.target) == 0x2f) this.path.clear();
    else this.path.pop();
    return this.reader.lookup(this.path.address, this.path.length);
  }

  /** Put text and a slash before what is pending. */
  private prepend(text: usize, lengthBytes: u32): bool {
    const slash: u32 = this.pendingStart < PENDING_BYTES ? 1 : 0;
    if (lengthBytes + slash > this.pendingStart) return false;
    this.pendingStart -= lengthBytes + slash;
    memory.copy(this.pending + this.pendingStart, text, lengthBytes);
    if (slash) store<u8>(this.pending + this.pendingStart + lengthBytes, 0x2f);
    return true;
  }
}
