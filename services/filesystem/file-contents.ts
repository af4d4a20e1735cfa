// Bytes of open files. What clients lend is lent on to the content store; nothing is copied here.
//
//   first write of up to 64 KiB into an empty file:  contents.store ─► hash ─► setContent           (one message: an import of small files)
//   any other write:                                 a writer, opened at the first; finished at a group commit or when the file is closed ─► setContent
//
// Always: a file with an open writer is read through it; what a writer holds beyond the last setContent is listed as unsaved until it is proposed. An unlinked file proposes nothing.
//
// Safety: `record` and `hash` are allocated once; indexes are of open files.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Journal } from "./journal";
import { Contents, Platform } from "./lower";
import { OpenFiles } from "./open-files";
import { SetContent } from "./proposal-format";
import { State } from "./state";
import { EMPTY_CONTENT, HASH_BYTES, InodeRecord } from "./tree-format";

const STORE_BYTES_MAX: u32 = 65536;
/** The store has 256 writers. */
const WRITERS_DUE: u32 = 192;
const GROUP_SHIFT: u32 = 16;
/** A write through a writer renews a group and the pages above it. */
const WRITE_ITEMS: u32 = 3;

export class FileContents {
  /** Bytes written since the last group commit: the content store holds them staged. */
  stagedBytes: u64 = 0;
  /** Roughly how many extents they will be: each is described in the journal's record of the transaction. */
  stagedItems: u32 = 0;
  /** Of read and write: bytes moved. Of write: the file's size. */
  lengthBytes: u32 = 0;
  size: u64 = 0;
  /** Bytes of some file were given up; the next sync says why. */
  failure: u32 = 0;
  private writerCount: u32 = 0;
  private record: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private hash: usize = heap.alloc(HASH_BYTES);

  constructor(readonly files: OpenFiles, private state: State, private journal: Journal, private contents: Contents, private platform: Platform) {}

  /** Bytes into the lease, as many as there are. */
  read(file: u32, offsetBytes: u64, lease: u32, lengthBytes: u32): u32 {
    this.lengthBytes = 0;
    const status = this.load(file);
    if (status != Status.Ok) return status;
    if (offsetBytes >= this.size || lengthBytes == 0) return Status.Ok;
    const wanted = <u32>min<u64>(lengthBytes, this.size - offsetBytes);
    const writer = this.files.writer(file);
    const moved = writer != 0 ? this.contents.writerRead(writer, offsetBytes, lease, 0, wanted) : this.contents.get(InodeRecord.content(this.record), offsetBytes, lease, 0, wanted);
    if (moved != Status.Ok) return moved == Status.NotFound ? <u32>Status.Corrupted : moved;
    this.lengthBytes = <u32>this.contents.lengthBytes;
    return this.lengthBytes == wanted ? Status.Ok : Status.Corrupted;
  }

  /** Bytes from the lease, at an offset or at the end. The committer's `begin` was called. */
  write(file: u32, offset: u64, isAppend: bool, lease: u32, lengthBytes: u32): u32 {
    this.lengthBytes = 0;
    let status = this.load(file);
    if (status != Status.Ok) return status;
    const offsetBytes = isAppend ? this.size : offset;
    if (offsetBytes > <u64>i64.MAX_VALUE - lengthBytes) return Status.TooLarge;
    if (lengthBytes == 0) return Status.Ok;
    const isFirst = this.files.writer(file) == 0 && this.size == 0 && offsetBytes == 0 && lengthBytes <= STORE_BYTES_MAX;
    if (isFirst) status = this.storeWhole(file, lease, lengthBytes);
    else {
      status = this.openWriter(file);
      if (status != Status.Ok) return status;
      status = this.contents.writerWrite(this.files.writer(file), offsetBytes, lease, 0, lengthBytes);
      if (status == Status.Ok) this.noteWritten(file, max(this.size, offsetBytes + lengthBytes));
      // Cut off in the middle (whoever lent the bytes died, the device did not answer): what was taken is in the writer, visible, and must be saved as any other bytes are.
      else if (status != Status.NoSpace && status != Status.TooLarge) this.noteWritten(file, this.size);
    }
    if (status != Status.Ok) return status;
    this.stagedBytes += lengthBytes;
    this.stagedItems += isFirst ? 1 : WRITE_ITEMS + (lengthBytes >> GROUP_SHIFT);
    this.lengthBytes = lengthBytes;
    return Status.Ok;
  }

  /** Cut, or extend with zeros. */
  truncate(file: u32, size: u64): u32 {
    let status = this.load(file);
    if (status != Status.Ok || size == this.size) return status;
    if (size == 0 && this.files.writer(file) == 0) {
      this.size = 0;
      return this.setContent(file, EMPTY_CONTENT, this.platform.now());
    }
    status = this.openWriter(file);
    if (status == Status.Ok) status = this.contents.writerTruncate(this.files.writer(file), size);
    if (status == Status.Ok) this.noteWritten(file, size);
    return status;
  }

  /** Make what a writer holds the file's content. There is room in the batch. */
  save(file: u32): u32 {
    if (!this.files.isUnsaved(file)) return Status.Ok;
    const status = this.contents.writerFinish(this.files.writer(file), this.hash);
    if (status != Status.Ok) return status;
    this.size = this.contents.lengthBytes;
    const proposed = this.setContent(file, this.hash, this.files.writeTime(file));
    if (proposed == Status.Ok) this.files.setSaved(file);
    return proposed;
  }

  /** Every unsaved file, for a group commit. Ends at the first failure, except a damaged base: that file's unsaved bytes can never be saved, so they are given up and `failure` says so. */
  saveAll(): u32 {
    while (this.files.firstUnsaved != 0) {
      const file = this.files.firstUnsaved;
      const status = this.save(file);
      if (status == Status.Corrupted && !this.journal.isLost) {
        this.failure = status;
        this.closeWriter(file);
        this.files.setSaved(file);
      } else if (status != Status.Ok) return status;
      this.forgetUnused(file);
    }
    return Status.Ok;
  }

  /** A capability of the file is gone. What it wrote is saved; if that fails now, the file stays listed and the next commit tries again. */
  close(file: u32): void {
    this.files.drop(file);
    if (this.files.references(file) != 0) return;
    if (this.files.isUnlinked(file)) this.files.setSaved(file);
    else if (this.journal.batch.hasRoom) this.save(file);
    this.forgetUnused(file);
  }

  /** The file's name is gone: its record lives on here while it is open. */
  unlink(inode: u64, record: usize): void {
    const file = this.files.find(inode);
    if (file == 0) return;
    if (this.files.writer(file) == 0) this.files.setSize(file, InodeRecord.size(record));
    this.files.unlink(file, record);
    this.files.setSaved(file);
    this.forgetUnused(file);
  }

  /** The record's size and time, where an open file knows newer ones. True if it has unsaved bytes. */
  freshen(inode: u64, record: usize): bool {
    const file = this.files.find(inode);
    if (file == 0 || !this.files.isUnsaved(file)) return false;
    InodeRecord.setSize(record, this.files.size(file));
    InodeRecord.setModified(record, this.files.writeTime(file));
    return true;
  }

  /** Forget all writers: what they held is lost. */
  clear(): void {
    for (let file: u32 = 1; file < this.files.capacity; file++) this.closeWriter(file);
    this.files.clear();
    this.clearStaged();
  }

  /** What was staged is committed. */
  clearStaged(): void {
    this.stagedBytes = 0;
    this.stagedItems = 0;
  }

  /** The file's record to `record`, its size to `size`. */
  private load(file: u32): u32 {
    const files = this.files;
    if (files.isUnlinked(file)) memory.copy(this.record, files.record(file), InodeRecord.HEAD_BYTES);
    else {
      const status = this.state.readInode(files.inode(file), this.record);
      if (status != Status.Ok) return status;
      if (InodeRecord.kind(this.record) != FileKind.file) return Status.IsDirectory;
    }
    this.size = files.writer(file) != 0 ? files.size(file) : InodeRecord.size(this.record);
    return Status.Ok;
  }

  private storeWhole(file: u32, lease: u32, lengthBytes: u32): u32 {
    const status = this.contents.store(lease, 0, lengthBytes, this.hash);
    if (status != Status.Ok) return status;
    this.size = lengthBytes;
    return this.setContent(file, this.hash, this.platform.now());
  }

  /** The file's content is this hash, of `size` bytes. */
  private setContent(file: u32, content: usize, time: u64): u32 {
    const files = this.files;
    if (files.isUnlinked(file)) {
      InodeRecord.setContent(files.record(file), content);
      InodeRecord.setSize(files.record(file), this.size);
      InodeRecord.setModified(files.record(file), time);
      return Status.Ok;
    }
    const before = this.state.readInode(files.inode(file), this.record);
    if (before != Status.Ok) return before;
    SetContent.set(this.journal.payload, files.inode(file), this.size, content);
    const status = this.journal.proposeAt(EntryType.setContent, time, SetContent.BYTES);
    if (status == Status.Ok) this.journal.release(InodeRecord.content(this.record));
    return status;
  }

  private noteWritten(file: u32, size: u64): void {
    this.size = size;
    this.files.setSize(file, size);
    const now = this.platform.now();
    if (this.files.isUnlinked(file)) InodeRecord.setModified(this.files.record(file), now);
    else this.files.setUnsaved(file, now);
  }

  /** The file has a writer; its record was loaded. Before the store runs out of them the others are saved and closed: it learns of that only when this request is over, so early enough. */
  private openWriter(file: u32): u32 {
    if (this.files.writer(file) != 0) return Status.Ok;
    if (this.writerCount >= WRITERS_DUE) {
      this.closeIdleWriters();
      const status = this.load(file);
      if (status != Status.Ok) return status;
    }
    const status = this.contents.openWriter(InodeRecord.content(this.record));
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    this.writerCount++;
    this.files.setWriter(file, this.contents.writer);
    this.files.setSize(file, this.size);
    return Status.Ok;
  }

  /** Save and close what can be. An unlinked file's writer is all there is of its bytes. */
  closeIdleWriters(): void {
    for (let file: u32 = 1; file < this.files.capacity; file++) {
      if (this.files.writer(file) == 0 || this.files.isUnlinked(file)) continue;
      if (this.files.isUnsaved(file) && (!this.journal.batch.hasRoom || this.save(file) != Status.Ok)) continue;
      this.closeWriter(file);
    }
  }

  private closeWriter(file: u32): void {
    if (this.files.writer(file) == 0) return;
    this.contents.closeWriter(this.files.writer(file));
    this.files.setWriter(file, 0);
    this.writerCount--;
  }

  private forgetUnused(file: u32): void {
    if (this.files.references(file) != 0 || this.files.isUnsaved(file)) return;
    this.closeWriter(file);
    this.files.forget(file);
  }
}
