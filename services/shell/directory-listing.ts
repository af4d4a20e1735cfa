// Directory listing: the records of one directory, fetched a buffer at a time and handed out one by one in name order.
// Stays true: a record is handed out only if it lies whole inside what the filesystem filled; a reply that does not hold
// together ends the listing with `ProtocolBreach`. Listing goes on by name, so entries may come and go meanwhile.
import { DirectoryRecord, OpenFlag } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FileTree } from "./file-tree";
import { PathBuffer } from "./path-buffer";

const BUFFER_BYTES: u32 = 32768;
const NAME_BYTES: u32 = 255;

export class DirectoryListing {
  private readonly buffer: usize = heap.alloc(BUFFER_BYTES);
  private readonly lastName: usize = heap.alloc(NAME_BYTES);
  private lastNameBytes: u32 = 0;
  private filled: u32 = 0;
  private position: u32 = 0;
  private more: bool = true;
  /** Why `next` ended: Ok at the end of the directory. */
  status: u32 = Status.Ok;
  /** The record that `next` found. */
  record: usize = 0;

  constructor(private readonly tree: FileTree) {}

  /** Begin after a name; with length 0 from the start. */
  begin(after: usize, afterBytes: u32): void {
    this.filled = 0;
    this.position = 0;
    this.more = true;
    this.status = Status.Ok;
    this.lastNameBytes = min(afterBytes, NAME_BYTES);
    memory.copy(this.lastName, after, this.lastNameBytes);
  }

  /** The next record of the directory at `path`; false at the end or when `status` is not Ok. */
  next(path: PathBuffer): bool {
    if (this.position >= this.filled) {
      if (!this.more || !this.fetch(path)) return false;
    }
    const record = this.buffer + this.position;
    const room = this.filled - this.position;
    if (room < DirectoryRecord.SIZE) return this.breach();
    const size = DirectoryRecord.recordBytes(record);
    const nameBytes = DirectoryRecord.nameBytes(record);
    if (size > room || size < DirectoryRecord.SIZE || nameBytes == 0 || nameBytes > NAME_BYTES || nameBytes > size - DirectoryRecord.SIZE) return this.breach();
    this.position += size;
    this.lastNameBytes = nameBytes;
    memory.copy(this.lastName, record + DirectoryRecord.SIZE, nameBytes);
    this.record = record;
    return true;
  }

  attributes(): usize {
    return this.record + 8;
  }

  name(): usize {
    return this.record + DirectoryRecord.SIZE;
  }

  nameBytes(): u32 {
    return DirectoryRecord.nameBytes(this.record);
  }

  private breach(): bool {
    this.status = Status.ProtocolBreach;
    this.more = false;
    this.filled = 0;
    return false;
  }

  private fetch(path: PathBuffer): bool {
    this.position = 0;
    this.filled = 0;
    this.status = this.tree.open(path.address, path.length, OpenFlag.read | OpenFlag.directory, 0, 0, 0);
    if (this.status != Status.Ok) return false;
    const node = this.tree.node;
    this.status = this.tree.list(node, this.lastName, this.lastNameBytes, this.buffer, BUFFER_BYTES);
    this.tree.close(node);
    if (this.status != Status.Ok) return false;
    this.filled = this.tree.moved;
    this.more = this.tree.more && this.filled > 0;
    return this.filled > 0;
  }
}
