// A copy of a sound image on which a forger works: structures are changed in place, and `seal` makes every hash and checksum above a change fit again, so that only checks of meaning are left.
import { Base } from "./forge-bases.ts";
import { blake3, blockBytes } from "./harness.ts";
import { type Structure, logStart } from "./image-map.ts";

const checksumOffset = 480;
/** Offsets in a record. */
const lengthAt = 40, previousHashAt = 96;
/** Offsets in a superblock. */
const sequenceAt = 128, recordHashAt = 136;
const levels = ["bitmap page", "table", "upper table", "checkpoint"];

/** A record that a forger adds: its header's fields, and its items as bytes. */
export interface NewRecord { kind: number; items: Uint8Array; itemCount: number; extentCount: number; flushed?: bigint; flushedExtents?: number; epoch?: bigint; sequence?: bigint; position?: bigint }

export class Draft {
  /** By first block. Structures that two generations share are one. */
  private readonly changed = new Map<number, { structure: Structure; bytes: Uint8Array }>();
  private readonly added = new Map<number, Uint8Array>();
  private end: { position: bigint; sequence: bigint; epoch: bigint; hash: Uint8Array; flushed: bigint } | null = null;

  constructor(readonly base: Base) {}

  /** The block where block `at` of a structure lies: a record may run around the end of the log. */
  private place({ role, address }: Structure, at: number): number {
    return role === "log record" ? logStart + (address - logStart + at) % this.base.logBlocks : address + at;
  }
  private read(structure: Structure): Uint8Array {
    const bytes = new Uint8Array(structure.blocks * blockBytes);
    for (let at = 0; at < structure.blocks; at++) bytes.set(this.base.blocks.get(this.place(structure, at)) ?? [], at * blockBytes);
    return bytes;
  }

  /** The bytes of a structure, to look at. */
  peek(structure: Structure): Uint8Array { return this.changed.get(structure.address)?.bytes ?? this.read(structure); }
  /** The bytes of a structure, to change. */
  bytes(structure: Structure): Uint8Array {
    let entry = this.changed.get(structure.address);
    if (!entry) this.changed.set(structure.address, entry = { structure, bytes: this.read(structure) });
    return entry.bytes;
  }
  view(structure: Structure): DataView { return viewOf(this.bytes(structure)); }
  /** A block that is no structure of the image. */
  put(block: number, data: Uint8Array): void { this.added.set(block, data); }

  /** Make hashes fit from the pages up and along the log. `generations`: of how many of the last two generations. */
  seal(generations: number): void {
    this.sealLog();
    for (const tree of this.base.generations.slice(0, generations)) for (const role of levels) for (const structure of tree) {
      if (structure.role !== role || !this.changed.has(structure.address)) continue;
      this.bytes(structure.holder!.structure).set(blake3(this.peek(structure).subarray(0, structure.lengthBytes)), structure.holder!.offset);
    }
    for (const { structure, bytes } of this.changed.values()) if (structure.role === "superblock") bytes.set(blake3(bytes.subarray(0, checksumOffset)), checksumOffset);
  }

  private sealLog(): void {
    let previous: Uint8Array | null = null;
    for (const [number, record] of this.base.records.entries()) {
      if (previous) this.bytes(record).set(previous, previousHashAt);
      if (!this.changed.has(record.address)) continue;
      const bytes = this.bytes(record), length = Math.min(viewOf(bytes).getUint32(lengthAt, true), bytes.length), sequence = this.sequenceOf(this.base.records[number]!);
      bytes.set(blake3(bytes.subarray(32, Math.max(length, 32))));
      previous = bytes.slice(0, 32);
      for (const superblock of this.base.structures) {
        if (superblock.role === "superblock" && viewOf(this.peek(superblock)).getBigUint64(sequenceAt, true) === sequence) this.bytes(superblock).set(previous, recordHashAt);
      }
    }
  }
  private sequenceOf(record: Structure): bigint { return viewOf(this.read(record)).getBigUint64(72, true); }

  /** Where the chain ends, records that were added included. */
  private chainEnd(): NonNullable<Draft["end"]> {
    if (this.end) return this.end;
    this.sealLog();
    const last = this.base.records.at(-1), bytes = last ? this.peek(last) : new Uint8Array(blockBytes), view = viewOf(bytes);
    return this.end = {
      position: view.getBigUint64(88, true) + BigInt(last?.blocks ?? 0), sequence: view.getBigUint64(72, true), epoch: view.getBigUint64(64, true), hash: bytes.slice(0, 32), flushed: view.getBigUint64(80, true),
    };
  }
  /** Position after the last record, and its sequence. */
  get logEnd(): { position: bigint; sequence: bigint; epoch: bigint } { return this.chainEnd(); }

  get lastHash(): Uint8Array { return this.chainEnd().hash; }

  /** Add a record behind the last one. `gap`: blocks between them: then it is one that nothing leads to, and its position need not be where it lies. */
  append(record: NewRecord, gap = 0): void {
    const end = this.chainEnd(), lengthBytes = 160 + record.items.length, blocks = Math.ceil(lengthBytes / blockBytes);
    const bytes = new Uint8Array(blocks * blockBytes), view = viewOf(bytes), epoch = record.epoch ?? end.epoch, sequence = record.sequence ?? end.sequence + 1n + BigInt(gap);
    const lies = gap ? end.position + BigInt(gap) : record.position ?? end.position;
    view.setUint32(32, 0x524c5841, true);
    view.setUint16(36, record.kind, true);
    view.setUint32(lengthAt, lengthBytes, true);
    view.setUint32(44, record.itemCount, true);
    bytes.set(this.imageId, 48);
    [[64, epoch], [72, sequence], [80, record.flushed ?? end.flushed], [88, record.position ?? lies]].forEach(([at, value]) => { view.setBigUint64(Number(at), BigInt(value!), true); });
    bytes.set(end.hash, previousHashAt);
    view.setUint32(128, record.flushedExtents ?? 0, true);
    view.setUint32(132, record.extentCount, true);
    bytes.set(record.items, 160);
    bytes.set(blake3(bytes.subarray(32, lengthBytes)));
    for (let at = 0; at < blocks; at++) this.put(logStart + Number((lies + BigInt(at)) % BigInt(this.base.logBlocks)), bytes.subarray(at * blockBytes, (at + 1) * blockBytes));
    if (gap === 0) this.end = { position: lies + BigInt(blocks), sequence, epoch, hash: bytes.slice(0, 32), flushed: record.flushed ?? end.flushed };
  }
  private get imageId(): Uint8Array { return this.peek(this.base.structures[0]!).subarray(16, 32); }

  /** Every block that differs from the base. */
  *blocks(): Generator<[number, Uint8Array]> {
    for (const { structure, bytes } of this.changed.values()) for (let at = 0; at < structure.blocks; at++) yield [this.place(structure, at), bytes.subarray(at * blockBytes, (at + 1) * blockBytes)];
    yield* this.added;
  }
}

export function viewOf(bytes: Uint8Array): DataView { return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }

export const mask64 = (1n << 64n) - 1n;
/** Eight bytes. */
export function word(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, value & mask64, true);
  return bytes;
}
/** An item of a record, as bytes. */
export function itemOf(type: number, badge: number, ...body: Uint8Array[]): Uint8Array {
  const length = body.reduce((sum, part) => sum + part.length, 0), bytes = new Uint8Array(8 + Math.ceil(length / 8) * 8);
  bytes[0] = type;
  bytes[1] = badge;
  viewOf(bytes).setUint32(4, length, true);
  let at = 8;
  for (const part of body) { bytes.set(part, at); at += part.length; }
  return bytes;
}
