// Where the structures of an image lie and what their fields are (docs/formats/block.md), read from its bytes: the one decoder of the format in the tests, so that a change of the format is one edit here.
// Trusts the image: it is for tests that made one.
import { Buffer } from "node:buffer";

export const blockBytes = 4096;
export interface Image { readonly sizeBytes: number; peek(offset: number, length: number): Uint8Array }
/** Bytes [offset, offset + length) of a structure. */
export interface Field { name: string; offset: number; length: number }
/** A structure that the block service owns: `blocks` blocks from `address` on. `isReached`: the newest generation, or the log that it needs, leads here. */
export interface Structure { role: Role; about: string; address: number; blocks: number; lengthBytes: number; fields: Field[]; isReached: boolean }
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
const pointerBytes = 48;
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

  /** Blocks that belong to the service, as the superblock of a generation says. */
  ownedBlocks(of: number): number {
    const { view } = this.slots().find(({ generation }) => generation === of)!;
    let blocks = slotAddresses.length + this.number(view, 88) + 6;
    for (let segment = 0; segment < this.number(view, 104); segment++) {
      const first = view.getUint32(216 + segment * 16, true), end = first + view.getUint32(220 + segment * 16, true);
      for (const under of [1, tablePointers, tablePointers ** 2]) blocks += 3 * (Math.ceil(end / under) - Math.ceil(first / under));
    }
    return blocks;
  }

  /** Every structure of the newest generation and of the one before, the superblocks of the others, and the records of the log since the generation before. */
  structures(): Structure[] {
    const slots = this.slots(), newest = slots[0]!;
    const reached = this.map(newest.view, true), before = slots[1] ? this.map(slots[1].view, false) : [];
    return [
      ...slots.map(({ address, generation }): Structure => ({ role: "superblock", about: `superblock of generation ${generation}`, address, blocks: 1, lengthBytes: slotBytes, fields: superblockFields, isReached: address === newest.address })),
      ...reached, ...before.filter(({ address }) => reached.every((other) => other.address !== address)),
      ...this.log(),
    ];
  }

  private map(superblock: DataView, isReached: boolean): Structure[] {
    const address = this.number(superblock, 168), structure = this.view(address, 2 * blockBytes);
    const pages = structure.getUint32(40, true), uppers = structure.getUint32(44, true), pointersEnd = pointersOffset + uppers * pointerBytes;
    return [
      {
        role: "checkpoint", about: "checkpoint", address, blocks: 2, lengthBytes: 2 * blockBytes, isReached,
        fields: [...pageHeader, ...fields(["blocks in use", 32, 8], ["page count", 40, 4], ["upper table count", 44, 4], ["root lengths", 48, 16], ["roots", 128, 4096], ["pointers", pointersOffset, uppers * pointerBytes], ["rest", pointersEnd, 8192 - pointersEnd])],
      },
      ...this.nodes(2, structure, pointersOffset, 0, pages, isReached),
    ];
  }

  /** The nodes of a level that the pointers at `offset` lead to, the first of them node `first`, and what is below them. */
  private nodes(level: number, parent: DataView, offset: number, first: number, pages: number, isReached: boolean): Structure[] {
    const total = Math.ceil(pages / tablePointers ** level), role = nodeRoles[level]!;
    const found: Structure[] = [];
    for (let index = first; index < Math.min(first + tablePointers, total); index++) {
      const address = this.number(parent, offset + (index - first) * pointerBytes);
      if (!address) continue;
      const count = Math.min(tablePointers, Math.ceil(pages / tablePointers ** (level - 1)) - index * tablePointers) * pointerBytes;
      const content: Array<[string, number, number]> = level === 0 ? [["bits", 32, 4064]] : [["pointers", 32, count], ["rest", 32 + count, 4064 - count]];
      found.push({ role, about: `${role} ${index}`, address, blocks: 1, lengthBytes: blockBytes, isReached, fields: [...pageHeader, ...fields(...content)] });
      if (level) found.push(...this.nodes(level - 1, this.view(address, blockBytes), 32, index * tablePointers, pages, isReached));
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
      found.push({ role: "log record", about: `record ${sequence} of the log (${recordKinds[view.getUint16(36, true)]})`, address, blocks, lengthBytes, isReached: position >= this.number(newest, 120), fields: lengthBytes > 160 ? [...recordFields, { name: "items", offset: 160, length: lengthBytes - 160 }] : recordFields });
      position += blocks;
    }
  }
}
