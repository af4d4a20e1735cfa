// snapshot create, list, diff, rollback and delete.
import { SnapshotRecord } from "../../../kernel-bindings/generated/assembly/filesystem";
import { callCreate, callDiffBegin, callDiffNext, callList, callRemove, callRollback, Change, ChangeRecord, CreateReply, DiffNextReply, ListReply, RemoveReply,
  RollbackReply } from "../../../kernel-bindings/generated/assembly/snapshots";
import { ShellCapabilities } from "../../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext, TRANSFER_BYTES } from "../command-context";
import { Words } from "../command-parser";
import { writeName, writePath, writeTime } from "../format";

const USAGE: string = "snapshot create NAME | list | diff A [B] | rollback NAME | delete NAME";
const NAME_BYTES: u32 = 255;
const SERVICE: u32 = ShellCapabilities.snapshots;

export class SnapshotCommands {
  private readonly lastName: usize = heap.alloc(NAME_BYTES);
  private readonly savedName: usize = heap.alloc(NAME_BYTES);

  constructor(private readonly context: CommandContext) {}

  run(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "", USAGE)) return;
    if (words.count == 2 && words.is(1, "list")) return this.list();
    if (words.count == 3 && words.is(1, "create")) return this.create(words);
    if (words.count == 3 && words.is(1, "rollback")) return this.rollback(words);
    if (words.count == 3 && words.is(1, "delete")) return this.remove(words);
    if ((words.count == 3 || words.count == 4) && words.is(1, "diff")) return this.diff(words);
    context.usage(USAGE);
  }

  private create(words: Words): void {
    this.context.tree.isUnsynced = true;
    const status = <u32>-callCreate(SERVICE, 0, words.address(2), words.length(2));
    if (status != Status.Ok) return this.context.fail(words.address(2), words.length(2), status);
    const height = CreateReply.height();
    this.line("created ", words);
    this.context.output.text(" at height ");
    this.context.output.decimal(height);
    this.context.output.byte(0x0a);
  }

  private rollback(words: Words): void {
    this.context.tree.isUnsynced = true;
    const status = <u32>-callRollback(SERVICE, 0, words.address(2), words.length(2), 0, this.savedName, NAME_BYTES);
    if (status != Status.Ok) return this.context.fail(words.address(2), words.length(2), status);
    const savedBytes = min(RollbackReply.savedBytes(), NAME_BYTES);
    this.line("rolled back to ", words);
    this.context.output.text("; what it replaced is kept as ");
    writeName(this.context.output, this.savedName, savedBytes);
    this.context.output.byte(0x0a);
  }

  private remove(words: Words): void {
    this.context.tree.isUnsynced = true;
    const status = <u32>-callRemove(SERVICE, 0, words.address(2), words.length(2));
    if (status != Status.Ok) return this.context.fail(words.address(2), words.length(2), status);
    const freedBlocks = RemoveReply.freedBlocks();
    this.line("deleted ", words);
    this.context.output.text("; ");
    this.context.output.decimal(freedBlocks);
    this.context.output.text(" blocks came free\n");
  }

  private line(text: string, words: Words): void {
    this.context.output.text(text);
    writeName(this.context.output, words.address(2), words.length(2));
  }

  private list(): void {
    const context = this.context;
    let lastBytes: u32 = 0;
    let more = true;
    while (more && !context.interrupted()) {
      const status = <u32>-callList(SERVICE, 0, this.lastName, lastBytes, 0, context.transfer, TRANSFER_BYTES);
      if (status != Status.Ok) return context.failPlain(status);
      const filled = min(ListReply.lengthBytes(), TRANSFER_BYTES);
      more = ListReply.more() != 0 && filled > 0;
      let position: u32 = 0;
      while (position < filled) {
        // Safety: a record is read only after it is known to lie inside what was filled.
        const record = context.transfer + position;
        const room = filled - position;
        if (room < SnapshotRecord.SIZE) return context.failPlain(Status.ProtocolBreach);
        const size = SnapshotRecord.recordBytes(record);
        const nameBytes = SnapshotRecord.nameBytes(record);
        if (size > room || size < SnapshotRecord.SIZE || nameBytes > size - SnapshotRecord.SIZE || nameBytes > NAME_BYTES) return context.failPlain(Status.ProtocolBreach);
        writeTime(context.output, SnapshotRecord.timeNanoseconds(record));
        context.output.byte(0x20);
        context.output.paddedDecimal(SnapshotRecord.height(record), 10, 0x20);
        context.output.byte(0x20);
        writeName(context.output, record + SnapshotRecord.SIZE, nameBytes);
        context.output.byte(0x0a);
        memory.copy(this.lastName, record + SnapshotRecord.SIZE, nameBytes);
        lastBytes = nameBytes;
        position += size;
      }
    }
  }

  private diff(words: Words): void {
    const context = this.context;
    const hasSecond = words.count == 4;
    let status = <u32>-callDiffBegin(SERVICE, 0, words.address(2), words.length(2), 0, hasSecond ? words.address(3) : 0, hasSecond ? words.length(3) : 0);
    if (status != Status.Ok) {
      const named = hasSecond && status == Status.NotFound ? this.missing(words) : 2;
      return context.fail(words.address(named), words.length(named), status);
    }
    let cursor: u32 = 0;
    let more = true;
    while (more && !context.interrupted()) {
      status = <u32>-callDiffNext(SERVICE, cursor, 0, context.transfer, TRANSFER_BYTES);
      if (status != Status.Ok) return context.failPlain(status);
      const filled = min(DiffNextReply.lengthBytes(), TRANSFER_BYTES);
      cursor = DiffNextReply.cursor();
      more = DiffNextReply.more() != 0 && filled > 0;
      if (!this.changes(filled)) return context.failPlain(Status.ProtocolBreach);
    }
  }

  /** Which of the two names is the one that does not exist: comparing the first with itself tells. */
  private missing(words: Words): u32 {
    const first = words.address(2);
    return callDiffBegin(SERVICE, 0, first, words.length(2), 0, first, words.length(2)) == 0 ? 3 : 2;
  }

  /** Safety: a record is read only after it is known to lie inside what was filled. */
  private changes(filled: u32): bool {
    const output = this.context.output;
    let position: u32 = 0;
    while (position < filled) {
      const record = this.context.transfer + position;
      const room = filled - position;
      if (room < ChangeRecord.SIZE) return false;
      const size = ChangeRecord.recordBytes(record);
      const pathBytes = ChangeRecord.pathBytes(record);
      const newPathBytes = ChangeRecord.newPathBytes(record);
      if (size > room || size < ChangeRecord.SIZE) return false;
      if (pathBytes > size - ChangeRecord.SIZE || newPathBytes > size - ChangeRecord.SIZE - pathBytes) return false;
      const change = ChangeRecord.change(record);
      output.text(change == Change.added ? "+ " : change == Change.removed ? "- " : change == Change.renamed ? "R " : "M ");
      this.changedPath(record + ChangeRecord.SIZE, pathBytes);
      if (change == Change.renamed) {
        output.text(" -> ");
        this.changedPath(record + ChangeRecord.SIZE + pathBytes, newPathBytes);
      }
      output.byte(0x0a);
      position += size;
    }
    return true;
  }

  /** Paths are shown absolute, whether or not the service puts the slash. */
  private changedPath(address: usize, lengthBytes: u32): void {
    if (lengthBytes > 0 && load<u8>(address) == 0x2f) writePath(this.context.output, address + 1, lengthBytes - 1);
    else writePath(this.context.output, address, lengthBytes);
  }
}
