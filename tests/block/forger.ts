// Forges images: changes any structure of a sound one with values that are likely to hurt, then makes all hashes fit. One seed, one image.
import type { Base } from "./forge-bases.ts";
import { Draft, type NewRecord, itemOf, mask64, viewOf, word } from "./forge-draft.ts";
import { Random, blake3, blockBytes } from "./harness.ts";
import { type Structure, itemsOf, logStart, pageBits, pageHeaderBytes, pointerBytes } from "./image-map.ts";

const itemTypes = { allocation: 1, free: 2, extent: 3, redo: 4, payload: 5, patch: 6 } as const;

export class Forger {
  private readonly random: Random;
  private readonly draft: Draft;
  /** What was done, in words. */
  readonly deeds: string[] = [];

  constructor(private readonly base: Base, seed: number) {
    this.random = new Random(Math.imul(seed + 1, 0x9e3779b1) | 1);
    for (let skip = 0; skip < 8; skip++) this.random.next(2);
    this.draft = new Draft(base);
  }

  private pick<T>(list: readonly T[]): T { return list[this.random.next(list.length)]!; }
  private chance(one: number): boolean { return this.random.next(one) === 0; }
  private of(...roles: string[]): Structure { return this.pick(this.base.structures.filter(({ role }) => roles.includes(role))) ?? this.base.structures[0]!; }

  /** The forged image's blocks. */
  make(): Iterable<[number, Uint8Array]> {
    const choices = Array.from({ length: this.chance(3) ? 2 + this.random.next(3) : 1 }, () => this.random.next(100));
    for (const choice of choices.sort((left, right) => left - right)) this.change(choice);
    this.draft.seal(this.chance(16) ? 0 : this.chance(3) ? 2 : 1);
    return this.draft.blocks();
  }

  /** What is added to the log comes last, because it hangs from what is there. */
  private change(choice: number): void {
    if (choice < 18) this.changeField();
    else if (choice < 30) this.changePointer();
    else if (choice < 42) this.changeBits();
    else if (choice < 46) this.swap();
    else if (choice < 60) this.changeItem();
    else if (choice < 66) this.moveItem();
    else if (choice < 72) this.changeSuperblock();
    else if (choice < 76) this.nextGeneration();
    else if (choice < 92) this.addRecord();
    else if (choice < 98) this.addDeadRecord();
    else if (this.random.next(3)) this.addRecord();
    else if (choice < 99) this.manyItems();
    else this.fillLog();
  }

  // ---- values

  /** A block that matters: owned, in use, an end of something. */
  private place(): bigint {
    const { base, random } = this, run = this.pick(base.owned), structure = this.pick(base.structures);
    const places = [0, run.first, run.first + run.count - 1, run.first + run.count, run.first - 1, structure.address, base.blockCount, base.blockCount - 1, base.blockCount + 1, base.deviceBytes / blockBytes, random.next(200), 1 + random.next(4000), random.next(base.blockCount), pageBits, pageBits - 1];
    return BigInt(Math.max(0, this.pick(places)));
  }
  private value(was: bigint, bits: number): bigint {
    const { random } = this, all = (1n << BigInt(bits)) - 1n;
    switch (random.next(14)) {
      case 0: return 0n;
      case 1: return 1n;
      case 2: return (was + 1n) & all;
      case 3: return (was - 1n) & all;
      case 4: return was ^ (1n << BigInt(random.next(bits)));
      case 5: return all;
      case 6: return all - BigInt(random.next(4));
      case 7: return 1n << BigInt(bits - 1);
      case 8: return (was * 2n) & all;
      case 9: return (was + BigInt(this.base.logBlocks)) & all;
      case 10: return (1n << BigInt(random.next(bits))) - BigInt(random.next(2));
      case 11: return BigInt(random.next(1 << 16)) & all;
      default: return this.place() & all;
    }
  }
  private set(bytes: Uint8Array, offset: number, length: number, value?: (was: bigint) => bigint): void {
    let was = 0n;
    for (let at = length - 1; at >= 0; at--) was = was << 8n | BigInt(bytes[offset + at] ?? 0);
    let now = value ? value(was) : this.value(was, length * 8);
    this.deeds.push(`${length} bytes at ${offset}: ${was} → ${now}`);
    for (let at = 0; at < length; at++, now >>= 8n) bytes[offset + at] = Number(now & 255n);
  }
  private about(text: string): void { this.deeds.push(text); }

  // ---- changes

  private changeField(): void {
    const structure = this.pick(this.base.structures), field = this.pick(structure.fields), bytes = this.draft.bytes(structure);
    this.about(`${structure.about}, ${field.name}`);
    if (field.length <= 8) this.set(bytes, field.offset, field.length);
    else {
      const width = this.pick([1, 4, 8]);
      this.set(bytes, field.offset + Math.floor(this.random.next(field.length - width + 1) / width) * width, width);
    }
  }

  private changePointer(): void {
    const structure = this.of("checkpoint", "table", "upper table");
    if (!structure.pointers) return this.changeField();
    const bytes = this.draft.bytes(structure), number = this.random.next(structure.pointers.length + (this.chance(8) ? 2 : 0)), pointer = (structure.pointers[0] ?? pageHeaderBytes) + number * pointerBytes;
    this.about(`${structure.about}, pointer ${number}`);
    switch (this.random.next(6)) {
      case 0: bytes.fill(0, pointer, pointer + 8); break;
      case 1: bytes.fill(0, pointer, pointer + pointerBytes); break;
      case 2: this.set(bytes, pointer, 8, (was) => (was + BigInt(this.random.next(5)) - 2n) & mask64); break;
      case 3: this.set(bytes, pointer, 8); break;
      default: this.set(bytes, pointer + 8, 4);
    }
    if (this.chance(2)) this.balance(structure);
  }

  /** Bits of a page, at a place that matters, and the counts above it. */
  private changeBits(): void {
    const page = this.of("bitmap page");
    if (page.role !== "bitmap page") return this.changeField(); // nothing was written yet
    const number = Number(page.about.split(" ")[2]), bytes = this.draft.bytes(page), used = this.chance(2);
    const first = this.chance(4) ? this.random.next(pageBits) : Math.max(0, Math.min(pageBits - 1, Number(this.place()) - number * pageBits)), count = this.pick([1, 1, 2, 7, 64, 1000, pageBits]);
    this.about(`${page.about}: bits ${first} + ${count} ${used ? "set" : "cleared"}`);
    for (let bit = first; bit < Math.min(first + count, pageBits); bit++) {
      const at = pageHeaderBytes + (bit >> 3);
      bytes[at] = used ? bytes[at]! | 1 << (bit & 7) : bytes[at]! & ~(1 << (bit & 7));
    }
    if (this.random.next(4)) this.balance(page);
  }

  /** Make the counts above a node agree with it. */
  private balance(from: Structure): void {
    this.about("balanced");
    let node = from, free = 0;
    if (node.role === "bitmap page") {
      const bytes = this.draft.peek(node);
      for (let at = pageHeaderBytes; at < blockBytes; at++) free += 8 - ones(bytes[at]!);
    } else free = this.sum(node);
    while (node.role !== "checkpoint") {
      const { structure: parent, offset } = node.holder!;
      this.draft.view(parent).setUint32(offset - 8, free, true);
      node = parent;
      free = this.sum(node);
    }
    this.draft.view(node).setBigUint64(32, BigInt(this.base.blockCount) - BigInt(free) & mask64, true);
  }
  private sum(node: Structure): number {
    const view = viewOf(this.draft.peek(node));
    return node.pointers!.reduce((sum, pointer) => sum + view.getUint32(pointer + 8, true), 0);
  }

  /** A structure's content where another one is; sometimes with the name of the place. */
  private swap(): void {
    const to = this.pick(this.base.structures), from = this.pick(this.base.structures.filter(({ role }) => role === to.role || this.chance(4))) ?? to;
    const bytes = this.draft.bytes(to), address = bytes.slice(8, 16), index = bytes.slice(16, 24);
    this.about(`${from.about} where ${to.about} is`);
    bytes.set(this.draft.peek(from).subarray(0, Math.min(bytes.length, from.blocks * blockBytes)));
    if (this.chance(2) && to.role !== "superblock" && to.role !== "log record") {
      bytes.set(address, 8);
      if (this.chance(2)) bytes.set(index, 16);
    }
  }

  private changeItem(): void {
    const at = this.random.next(this.base.records.length), record = this.base.records[at]!, item = this.pick(this.base.items[at]!);
    if (!item) return this.changeField();
    const bytes = this.draft.bytes(record), body = item.offset + 8;
    this.about(`${record.about}, item of type ${item.type} at ${item.offset}`);
    switch (this.random.next(8)) {
      case 0: this.set(bytes, item.offset, 1, () => BigInt(this.random.next(8))); break;
      case 1: this.set(bytes, item.offset + 4, 4); break;
      case 2: case 3: case 4: this.set(bytes, body, 8, () => this.place()); break;
      case 5: this.set(bytes, body + 8, item.type === itemTypes.patch ? 2 : 4); break;
      case 6: this.set(bytes, body + (item.type === itemTypes.patch ? 10 : 16), item.type === itemTypes.patch ? 2 : 8); break;
      default: this.set(bytes, body + this.random.next(Math.max(item.bodyBytes, 1)), 1);
    }
  }

  /** An item twice, away, or before another. */
  private moveItem(): void {
    const at = this.random.next(this.base.records.length), record = this.base.records[at]!, bytes = this.draft.bytes(record), view = viewOf(bytes), items = itemsOf(bytes);
    if (items.length < 2 || view.getUint32(40, true) > bytes.length) return this.changeItem();
    const pieces = items.map(({ offset, bodyBytes }) => bytes.slice(offset, offset + 8 + Math.ceil(bodyBytes / 8) * 8)), number = this.random.next(pieces.length), how = this.random.next(3);
    if (how === 0) pieces.splice(number, 1);
    else if (how === 1) pieces.splice(this.random.next(pieces.length), 0, pieces[number]!);
    else pieces.push(...pieces.splice(number, 1));
    this.about(`${record.about}, item ${number} ${["left out", "twice", "last"][how]}`);
    const content = new Uint8Array(Buffer.concat(pieces));
    if (160 + content.length > bytes.length) return;
    bytes.fill(0, 160);
    bytes.set(content, 160);
    view.setUint32(40, 160 + content.length, true);
    view.setUint32(44, pieces.length, true);
    view.setUint32(132, pieces.filter(([type]) => type === itemTypes.extent).length, true);
  }

  // ---- records

  /** An item of any type; what it names is what the image has free or in use, or any place that matters. */
  private item(): Uint8Array {
    const { random } = this, type = this.pick([1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6]);
    const address = random.next(3) ? BigInt(1 + random.next(60)) : this.place(), count = this.pick([1, 1, 1, 2, 3, 8, 64, 1000, 4095, 0, 0xffffffff, 1 << 22, random.next(1 << 16)]);
    this.about(`item ${type} at ${address}, ${count}`);
    switch (type) {
      case itemTypes.allocation: case itemTypes.free: return itemOf(type, 0, word(address), word(BigInt(count)));
      case itemTypes.extent: return itemOf(type, 0, word(address), word(BigInt(this.pick([1, 4096, 4097, 65536, 65537, 1 << 20, (1 << 20) + 1, 0, 0xffffffff]))), word(this.pick([0n, 1n, 3n, mask64])), this.chance(2) ? zeroHash : new Uint8Array(32));
      case itemTypes.redo: return itemOf(type, 0, word(address), new Uint8Array(blockBytes * this.pick([1, 1, 2])).fill(random.next(256)));
      case itemTypes.payload: return itemOf(type, this.pick([0, 1, 2, 3, 4, 5, 255]), new Uint8Array(this.pick([0, 1, 8, 100, 5000])).fill(random.next(256)));
      default: return itemOf(type, 0, word(address), ...Array.from({ length: 1 + random.next(3) }, (_, at) => piece(this.pick([0, at * 100, at * 100, 4095, 4096, 65535]), this.pick([1, 8, 50, 4096, 0]), random.next(256))));
    }
  }
  private record(items: Uint8Array[]): NewRecord {
    const record: NewRecord = { kind: this.pick([1, 1, 1, 1, 1, 2, 3]), items: new Uint8Array(Buffer.concat(items)), itemCount: items.length, extentCount: items.filter(([type]) => type === itemTypes.extent).length };
    if (record.kind !== 1 && this.random.next(4)) Object.assign(record, { items: new Uint8Array(0), itemCount: 0, extentCount: 0 });
    const { epoch, sequence } = this.draft.logEnd;
    if (record.kind === 2) record.epoch = this.chance(4) ? this.value(epoch, 64) : epoch + 1n;
    if (this.chance(4)) record.flushed = this.chance(2) ? sequence : this.value(sequence, 64);
    if (this.chance(4)) record.flushedExtents = this.random.next(record.extentCount + 2);
    if (this.chance(16)) record.itemCount = Number(this.value(BigInt(items.length), 32));
    this.about(`record of kind ${record.kind}, epoch ${record.epoch ?? "as before"}, flushed ${record.flushed ?? "as before"}`);
    return record;
  }
  private addRecord(): void {
    for (let count = this.pick([1, 1, 2, 5]); count > 0; count--) this.draft.append(this.record(Array.from({ length: this.random.next(5) }, () => this.item())));
  }
  /** One that nothing leads to: what it claims must not do more than end a mount. */
  private addDeadRecord(): void {
    const record = this.record([this.item()]), gap = this.pick([1, 2, 5, 40, 300, 700]), { position, sequence, epoch } = this.draft.logEnd;
    record.epoch = this.value(epoch, 64);
    if (this.chance(2)) record.sequence = this.value(sequence, 64);
    if (this.chance(4)) record.position = this.chance(2) ? position + BigInt(gap + this.base.logBlocks) : this.value(position, 64);
    this.about(`dead, ${gap} behind the end: epoch ${record.epoch}, sequence ${record.sequence ?? "that follows"}, position ${record.position ?? "its own"}`);
    this.draft.append(record, gap);
  }

  /** As much work as a log can ask for: a great many items of one kind. */
  private manyItems(): void {
    const one = this.item(), most = Math.floor((this.base.logBlocks / 4 * blockBytes - 160) / one.length), count = this.pick([100, 1000, 1000, most]);
    this.about(`${count} of it`);
    const bytes = new Uint8Array(one.length * count);
    for (let at = 0; at < count; at++) bytes.set(one, at * one.length);
    this.draft.append({ kind: 1, items: bytes, itemCount: count, extentCount: one[0] === itemTypes.extent ? count : 0 });
  }

  /** Payload until the circle is full, or almost. */
  private fillLog(): void {
    const start = viewOf(this.draft.peek(this.base.structures[0]!)).getBigUint64(120, true), spare = this.pick([0, 0, 1, 2, 63, 64, 65, 300]);
    this.about(`log filled but for ${spare} blocks`);
    // The superblock may be forged already, and say anything.
    let left = Math.min(Number(start + BigInt(this.base.logBlocks) - this.draft.logEnd.position), this.base.logBlocks) - spare;
    while (left > 0) {
      const blocks = Math.min(left, this.base.logBlocks / 4);
      this.draft.append({ kind: 1, items: itemOf(itemTypes.payload, 4, new Uint8Array(blocks * blockBytes - 168)), itemCount: 1, extentCount: 0 });
      left -= blocks;
    }
  }

  // ---- superblocks

  private changeSuperblock(): void {
    const superblock = this.of("superblock"), bytes = this.draft.bytes(superblock);
    const segment = 216 + 16 * this.random.next(this.chance(3) ? 8 : 2);
    const [offset, length] = this.pick([[32, 8], [40, 8], [48, 8], [72, 8], [88, 8], [104, 8], [112, 8], [120, 8], [128, 8], [168, 8], [segment, 4], [segment + 4, 4], [segment + 8, 8], [8, 4]] as const);
    this.about(superblock.about);
    this.set(bytes, offset, length);
  }
  /** A superblock under another generation, in the slot where that belongs. */
  private nextGeneration(): void {
    const from = this.of("superblock"), view = viewOf(this.draft.peek(from).slice()), generation = this.chance(3) ? this.value(view.getBigUint64(56, true), 64) : view.getBigUint64(56, true) + BigInt(1 + this.random.next(4));
    const address = Number(generation % 4n) * 4096, bytes = new Uint8Array(view.buffer, 0, blockBytes);
    view.setBigUint64(56, generation, true);
    view.setBigUint64(64, BigInt(address), true);
    this.about(`${from.about} as generation ${generation}`);
    if (this.chance(2)) this.set(bytes, this.pick([72, 112, 120, 128, 40, 32]), 8);
    bytes.set(blake3(bytes.subarray(0, 480)), 480);
    this.draft.put(address, bytes);
  }
}

const ones = (byte: number): number => { let count = 0; for (let left = byte; left; left &= left - 1) count++; return count; };
const zeroHash = blake3(new Uint8Array(blockBytes));
function piece(offset: number, length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(4 + Math.min(length, blockBytes)).fill(fill, 4);
  viewOf(bytes).setUint16(0, offset, true);
  viewOf(bytes).setUint16(2, length, true);
  return bytes;
}
