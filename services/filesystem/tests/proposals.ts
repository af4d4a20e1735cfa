// For specs: proposals that are mostly sensible and now and then not, made from what a state looks like; and a log that keeps those that were taken.
import { EntryType } from "../../../kernel-bindings/generated/assembly/axiom";
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Create, Remove, Rename, Rollback, SetAttributes, SetContent, SnapshotCreate } from "../proposal-format";
import { Random } from "../../base/tests/random";
import { State } from "../state";
import { EMPTY_CONTENT, InodeRecord, ROOT_INODE, ZERO_HASH } from "../tree-format";

/** Accepted proposals: type, time, height, payload. */
export class Kept {
  constructor(readonly type: u32, readonly time: u64, readonly height: u64, readonly payload: usize, readonly payloadBytes: u32) {}
}

export class Proposals {
  readonly payload: usize = heap.alloc(2048);
  type: u32 = 0;
  payloadBytes: u32 = 0;
  private record: usize = heap.alloc(InodeRecord.BYTES_MAX);

  constructor(private state: State, private random: Random) {}

  /** The next proposal, in `payload`. Inodes are picked among all that ever were. */
  next(height: u64): void {
    const choice = this.random.below(24);
    if (choice < 9) this.create();
    else if (choice < 12) this.setContent();
    else if (choice < 15) this.remove();
    else if (choice < 20) this.rename();
    else if (choice < 21) this.setAttributes();
    else if (choice < 22) this.snapshot(height);
    else if (choice < 23) this.take(EntryType.snapshotDelete, this.snapshotName(this.payload));
    else if (this.random.below(4) == 0) this.rollback(height);
    else this.nonsense();
  }

  private take(type: u32, payloadBytes: u32): void {
    this.type = type;
    this.payloadBytes = payloadBytes;
  }

  private inode(): u64 { return ROOT_INODE + this.random.below(<u32>this.state.nextInode); }

  /** A directory most of the time; the root often. */
  private directory(): u64 {
    for (let turn = 0; turn < 6; turn++) {
      const inode = this.random.below(4) == 0 ? ROOT_INODE : this.inode();
      if (this.state.readInode(inode, this.record) == Status.Ok && InodeRecord.kind(this.record) == FileKind.directory) return inode;
    }
    return this.inode();
  }

  private name(at: usize): u32 {
    const number = this.random.below(40);
    const bytes: u32 = number == 7 ? 255 : 1 + number % 4;
    for (let i: u32 = 0; i < bytes; i++) store<u8>(at + i, <u8>(0x61 + number % 26));
    return bytes;
  }

  private create(): void {
    const kind = this.random.below(3) + 1;
    memory.fill(this.record, <u8>this.random.below(255), 32);
    const content = kind == FileKind.file ? EMPTY_CONTENT : kind == FileKind.directory ? ZERO_HASH : this.record;
    Create.set(this.payload, this.directory(), this.state.nextInode, kind, this.random.below(0o10000), 1, 2, content, kind == FileKind.symlink ? 5 : 0);
    this.take(EntryType.create, Create.HEAD_BYTES + this.name(Create.name(this.payload)));
  }

  private setContent(): void {
    const inode = this.inode();
    const size = this.random.below(3) == 0 ? 0 : this.random.below(100000);
    memory.fill(this.record, <u8>this.random.below(255), 32);
    SetContent.set(this.payload, inode, size, size == 0 ? EMPTY_CONTENT : this.record);
    this.take(EntryType.setContent, SetContent.BYTES);
  }

  /** Mostly an inode by its own parent and name. */
  private remove(): void {
    const inode = this.inode();
    if (this.state.readInode(inode, this.record) != Status.Ok) return this.create();
    const nameBytes = this.state.valueBytes - InodeRecord.HEAD_BYTES;
    Remove.set(this.payload, InodeRecord.parent(this.record), inode);
    memory.copy(Remove.name(this.payload), InodeRecord.name(this.record), nameBytes);
    this.take(EntryType.remove, Remove.HEAD_BYTES + nameBytes);
  }

  private rename(): void {
    const inode = this.inode();
    if (this.state.readInode(inode, this.record) != Status.Ok) return this.create();
    const fromBytes = this.state.valueBytes - InodeRecord.HEAD_BYTES;
    const fromParent = InodeRecord.parent(this.record);
    memory.copy(Rename.fromName(this.payload), InodeRecord.name(this.record), fromBytes);
    const toName = Rename.fromName(this.payload) + fromBytes;
    const toBytes = this.name(toName);
    const toParent = this.directory();
    const replaced = this.state.findEntry(toParent, toName, toBytes) == Status.Ok ? this.state.entryInode : 0;
    Rename.set(this.payload, fromParent, toParent, inode, replaced, fromBytes);
    this.take(EntryType.rename, Rename.HEAD_BYTES + fromBytes + toBytes);
  }

  private setAttributes(): void {
    SetAttributes.set(this.payload, this.inode(), this.random.below(1000), this.random.below(17), this.random.below(0o10000), 5, 6);
    this.take(EntryType.setAttributes, SetAttributes.BYTES);
  }

  private snapshotName(at: usize): u32 {
    store<u8>(at, <u8>(0x41 + this.random.below(6)));
    return 1;
  }

  private snapshot(height: u64): void {
    store<u64>(this.payload, height);
    this.take(EntryType.snapshotCreate, SnapshotCreate.HEAD_BYTES + this.snapshotName(SnapshotCreate.name(this.payload)));
  }

  private rollback(height: u64): void {
    Rollback.set(this.payload, height, 1);
    this.snapshotName(Rollback.name(this.payload));
    store<u64>(Rollback.saved(this.payload), 0x3030303030303030 + height % 9 + (height / 9 % 9 << 8) + (height / 81 % 9 << 16) + (height / 729 % 9 << 24));
    this.take(EntryType.rollback, Rollback.HEAD_BYTES + 1 + 8);
  }

  /** Any bytes of any length as any type. */
  private nonsense(): void {
    const bytes = this.random.below(400);
    for (let i: u32 = 0; i < bytes; i++) store<u8>(this.payload + i, <u8>(this.random.below(4) == 0 ? this.random.below(256) : 0));
    this.take(this.random.below(40), bytes);
  }
}
