// Where the structures of an image lie and what their fields are (docs/formats/block.md), read from its bytes: the one decoder of the format in the tests, so that a change of the format is one edit here.
// Trusts the image: it is for tests that made one.
import { Buffer } from "node:buffer";

export const blockBytes = 4096;
export interface Image { readonly sizeBytes: number; peek(offset: number, length: number): Uint8Array }
/** Bytes [offset, offset + length) of a structure. */
export interface Field { name: string; offset: number; length: number }
/** A structure that the block service owns: `blocks` blocks from `address` on. `isReached`: the newest generation, or the log that it needs, leads here. */
export interface Structure {
  role: Role; about: string; address: number; blocks: number; lengthBytes: number; fields: Field[]; isReached: boolean;
  /** Where its hash stands in the structure that leads to it. A superblock and a record hold their own. */
  holder?: { structure: Structure; offset: number };
  /** Offsets of the pointers in a checkpoint or table. */
  pointers?: number[];
}
/** Blocks [first, first + count) that the service owns, and what for. */
export interface OwnedRun { first: number; count: number; what: "slot" | "log" | "checkpoint" | "map" }
/** One item of a record: where its header begins, and the bytes of its body. */
export interface Item { offset: number; type: number; bodyBytes: number }
export type Role = "superblock" | "checkpoint" | "upper table" | "table" | "bitmap page" | "log record";

export const slotAddresses = [0, 4096, 8192, 12288];
export const logStart = 12289;
const slotBytes = 512;
const checksumOffset = 480;
const pageHeader: Field[] = [["type", 0, 4], ["copy", 4, 4], ["address", 8, 8], ["index", 16, 8], ["generation", 24, 8]].map(([name, offset, length]) => ({ name, offset, length }) as Field);
const fields = (...list: Array<[string, number, number]>): Field[] => list.map(([name, offset, length]) => ({ name, offset, length }));
const superblockFields = fields(
  ["magic", 0, 8], ["version", 8, 4], ["length", 12, 4], ["image id", 16, 16], ["incompatible flags", 32, 8], ["read-only flags", 40, 8], ["compatible flags", 48, 8], ["generation", 56, 8],
  ["address", 64, 8], ["blocks", 72, 8], ["log start", 80, 8], ["log blocks", 88, 8], ["checkpoint start", 96, 8], ["map segments", 104, 8], ["epoch", 112, 8], ["log position", 120, 8], ["sequence", 128, 8],
  ["record hash", 136, 32], ["checkpoint address", 168, 8], ["checkpoint length", 176, 8], ["checkpoint hash", 184, 32], ["segments", 216, 128], ["rest", 344, 136], ["checksum", checksumOffset, 32]);
const recordFields = fields(
  ["hash", 0, 32], ["type", 32, 4], ["kind", 36, 2], ["zero", 38, 2], ["length", 40, 4], ["items", 44, 4], ["image id", 48, 16], ["epoch", 64, 8], ["sequence", 72, 8], ["flushed", 80, 8], ["position", 88, 8],
  ["previous hash", 96, 32], ["flushed extents", 128, 4], ["extents", 132, 4], ["cut", 136, 8], ["rest", 144, 16]);
const recordHeaderBytes = 160;
export const pointerBytes = 48;
export const pageHeaderBytes = 32;
export const pageBits = 32512;
const pointersOffset = 4224;
const tablePointers = 84;
/** Nodes of the map by level. */
const nodeRoles = ["bitmap page", "table", "upper table"] as const;
const recordKinds = ["", "transaction", "epoch record", "seal"];

export class ImageMap {
  constructor(private readonly image: Image) {}

  private view(address: number, lengthBytes: number): DataView {
    const bytes = this.image.peek(address * blockBytes, lengthBytes);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  private number(view: DataView, offset: number): number { return Number(view.getBigUint64(offset, true)); }

  /** Slots that hold a superblock, newest generation first. */
  slots(): Array<{ address: number; generation: number; view: DataView }> {
    return slotAddresses.map((address) => ({ address, view: this.view(address, slotBytes) }))
      .filter(({ view }) => view.getUint32(0, true) === 0x4d4f4958 || (view.getUint8(0) === 0x41 && view.getUint8(1) === 0x58))
      .map(({ address, view }) => ({ address, view, generation: this.number(view, 56) }))
      .sort((left, right) => right.generation - left.generation);
  }

  /** What belongs to the service, as the superblock of a generation says. */
  ownedRuns(of: number): OwnedRun[] {
    const { view } = this.slots().find(({ generation }) => generation === of)!;
    const runs: OwnedRun[] = slotAddresses.map((first) => ({ first, count: 1, what: "slot" }));
    runs.push({ first: this.number(view, 80), count: this.number(view, 88), what: "log" }, { first: this.number(view, 96), count: 6, what: "checkpoint" });
    for (let segment = 0; segment < this.number(view, 104); segment++) {
      const first = view.getUint32(216 + segment * 16, true), end = first + view.getUint32(220 + segment * 16, true);
      let count = 0;
      for (const under of [1, tablePointers, tablePointers ** 2]) count += 3 * (Math.ceil(end / under) - Math.ceil(first / under));
      runs.push({ first: this.number(view, 224 + segment * 16), count, what: "map" });
    }
    return runs;
  }
  /** How many blocks these are. */
  ownedBlocks(of: number): number { return this.ownedRuns(of).reduce((sum, { count }) => sum + count, 0); }

  /** Every structure of the newest generation and of the one before, the superblocks of the others, and the records of the log since the generation before. */
  structures(): Structure[] {
    const slots = this.slots(), [reached, before = []] = this.generations();
    return [
      ...slots.map(({ address, generation }) => this.superblock(address, generation)),
      ...reached!, ...before.filter(({ address }) => reached!.every((other) => other.address !== address)),
      ...this.log(),
    ];
  }

  /** What the maps of the newest generation and of the one before consist of; nodes that they share are in both. */
  generations(): Structure[][] { return this.slots().slice(0, 2).map(({ address, generation, view }, number) => this.map(this.superblock(address, generation), view, number === 0)); }

  private superblock(address: number, generation: number): Structure {
    return { role: "superblock", about: `superblock of generation ${generation}`, address, blocks: 1, lengthBytes: slotBytes, fields: superblockFields, isReached: address === this.slots()[0]!.address };
  }

  private map(superblock: Structure, fieldsOf: DataView, isReached: boolean): Structure[] {
    const address = this.number(fieldsOf, 168), content = this.view(address, 2 * blockBytes);
    const pages = content.getUint32(40, true), uppers = content.getUint32(44, true), pointersEnd = pointersOffset + uppers * pointerBytes;
    const checkpoint: Structure = {
      role: "checkpoint", about: "checkpoint", address, blocks: 2, lengthBytes: 2 * blockBytes, isReached, holder: { structure: superblock, offset: 184 }, pointers: Array.from({ length: uppers }, (_, at) => pointersOffset + at * pointerBytes),
      fields: [...pageHeader, ...fields(["blocks in use", 32, 8], ["page count", 40, 4], ["upper table count", 44, 4], ["root lengths", 48, 16], ["roots", 128, 4096], ["pointers", pointersOffset, uppers * pointerBytes], ["rest", pointersEnd, 8192 - pointersEnd])],
    };
    return [checkpoint, ...this.nodes(2, checkpoint, content, 0, pages, isReached)];
  }

  /** The nodes of a level that the pointers in `parent` lead to, the first of them node `first`, and what is below them. */
  private nodes(level: number, parent: Structure, content: DataView, first: number, pages: number, isReached: boolean): Structure[] {
    const role = nodeRoles[level]!, found: Structure[] = [];
    for (const [at, pointer] of parent.pointers!.entries()) {
      const index = first + at, address = this.number(content, pointer);
      if (!address) continue;
      const count = Math.min(tablePointers, Math.ceil(pages / tablePointers ** (level - 1)) - index * tablePointers), end = count * pointerBytes;
      const node: Structure = {
        role, about: `${role} ${index}`, address, blocks: 1, lengthBytes: blockBytes, isReached, holder: { structure: parent, offset: pointer + 16 },
        fields: [...pageHeader, ...fields(...(level === 0 ? [["bits", 32, 4064]] : [["pointers", 32, end], ["rest", 32 + end, 4064 - end]]) as Array<[string, number, number]>)],
      };
      found.push(node);
      if (!level) continue;
      node.pointers = Array.from({ length: count }, (_, number) => pageHeaderBytes + number * pointerBytes);
      found.push(...this.nodes(level - 1, node, this.view(address, blockBytes), index * tablePointers, pages, isReached));
    }
    return found;
  }

  /** Records that follow each other from the generation before the newest on. */
  log(): Structure[] {
    const slots = this.slots(), newest = slots[0]!.view, from = (slots[1] ?? slots[0]!).view;
    const start = this.number(newest, 80), size = this.number(newest, 88), imageId = this.image.peek(slots[0]!.address * blockBytes + 16, 16);
    const found: Structure[] = [];
    for (let position = this.number(from, 120), sequence = this.number(from, 128) + 1; ; sequence++) {
      const address = start + position % size, view = this.view(address, blockBytes);
      if (view.getUint32(32, true) !== 0x524c5841 || this.number(view, 72) !== sequence || this.number(view, 88) !== position) return found;
      if (Buffer.compare(this.image.peek(address * blockBytes + 48, 16), imageId) !== 0) return found;
      const lengthBytes = view.getUint32(40, true), blocks = Math.ceil(lengthBytes / blockBytes);
      found.push({ role: "log record", about: `record ${sequence} of the log (${recordKinds[view.getUint16(36, true)]})`, address, blocks, lengthBytes, isReached: position >= this.number(newest, 120), fields: lengthBytes > recordHeaderBytes ? [...recordFields, { name: "items", offset: recordHeaderBytes, length: lengthBytes - recordHeaderBytes }] : recordFields });
      position += blocks;
    }
  }
}

/** The items of a record, as far as they lie inside it. */
export function itemsOf(record: Uint8Array): Item[] {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength), found: Item[] = [];
  const end = Math.min(view.getUint32(40, true), record.length);
  for (let offset = recordHeaderBytes; offset + 8 <= end;) {
    const bodyBytes = view.getUint32(offset + 4, true);
    found.push({ offset, type: view.getUint8(offset), bodyBytes });
    offset += 8 + Math.ceil(bodyBytes / 8) * 8;
  }
  return found;
}
