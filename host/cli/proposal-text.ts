// Proposal text: what an entry of the log says, in words. Layouts: docs/formats/filesystem.md, part 4. Proposals name inodes; by following the log from
// genesis their paths are known. A rollback may move anything, so after one only inode numbers are sure until a name is seen again.
// Stays true: a payload that does not have the layout of its type is shown as bytes, never refused.
import { AttributeMask } from "../../kernel-bindings/generated/host/filesystem.ts";
import type { Path } from "../client/path.ts";
import { isoTime, kindName, showHash, showName } from "./format.ts";

export interface ProposalText { line: string; fields: Record<string, unknown> }

const rootInode = 1n;
/** More directories above each other than a path can name: the log is damaged, and no loop may hold us. */
const depthLimit = 4096;

export class ProposalReader {
  private readonly places = new Map<bigint, { parent: bigint; name: Path }>();

  describe(type: string, payload: Uint8Array): ProposalText {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    return this.decode(type, payload, view) ?? { line: `${payload.length} bytes`, fields: { payload: Buffer.from(payload).toString("hex") } };
  }

  private decode(type: string, payload: Uint8Array, view: DataView): ProposalText | null {
    switch (type) {
      case "genesis": return payload.length < 48 ? null : { line: `version ${view.getUint32(0, true)}`, fields: { version: view.getUint32(0, true), salt: showHash(payload.subarray(16, 48)) } };
      case "stateRoot": return payload.length < 32 ? null : { line: showHash(payload.subarray(0, 32)), fields: { stateRoot: showHash(payload.subarray(0, 32)) } };
      case "create": return payload.length < 72 ? null : this.create(payload, view);
      case "setContent": return payload.length < 48 ? null : this.setContent(payload, view);
      case "remove": return payload.length < 16 ? null : this.remove(payload, view);
      case "rename": return payload.length < 40 ? null : this.rename(payload, view);
      case "setAttributes": return payload.length < 32 ? null : this.setAttributes(view);
      case "snapshotCreate": return payload.length < 8 ? null : snapshot(payload.subarray(8));
      case "snapshotDelete": return snapshot(payload);
      case "rollback": return payload.length < 16 ? null : this.rollback(payload, view);
      default: return null;
    }
  }

  private create(payload: Uint8Array, view: DataView): ProposalText {
    const inode = view.getBigUint64(8, true);
    const name = payload.slice(72);
    const path = this.place(view.getBigUint64(0, true), name);
    this.places.set(inode, { parent: view.getBigUint64(0, true), name });
    const kind = kindName(view.getUint32(16, true));
    const mode = view.getUint32(20, true).toString(8).padStart(4, "0");
    return { line: `${path} ${kind} ${mode} inode ${inode}`, fields: { path, kind, mode, owner: view.getUint32(24, true), group: view.getUint32(28, true), inode } };
  }

  private setContent(payload: Uint8Array, view: DataView): ProposalText {
    const path = this.path(view.getBigUint64(0, true));
    const size = view.getBigUint64(8, true);
    const hash = showHash(payload.subarray(16, 48));
    return { line: `${path} ${size} bytes ${hash}`, fields: { path, inode: view.getBigUint64(0, true), size, hash } };
  }

  private remove(payload: Uint8Array, view: DataView): ProposalText {
    const inode = view.getBigUint64(8, true);
    const path = this.place(view.getBigUint64(0, true), payload.subarray(16));
    this.places.delete(inode);
    return { line: path, fields: { path, inode } };
  }

  private rename(payload: Uint8Array, view: DataView): ProposalText {
    const inode = view.getBigUint64(16, true);
    const replaced = view.getBigUint64(24, true);
    const end = 40 + Math.min(view.getUint32(32, true), payload.length - 40);
    const name = payload.slice(end);
    const path = this.place(view.getBigUint64(0, true), payload.subarray(40, end));
    const newPath = this.place(view.getBigUint64(8, true), name);
    if (replaced !== 0n) this.places.delete(replaced);
    this.places.set(inode, { parent: view.getBigUint64(8, true), name });
    return { line: `${path} -> ${newPath}`, fields: { path, newPath, inode, ...(replaced === 0n ? {} : { replaced }) } };
  }

  private setAttributes(view: DataView): ProposalText {
    const inode = view.getBigUint64(0, true);
    const path = this.path(inode);
    const mask = view.getUint32(16, true);
    const fields: Record<string, unknown> = { path, inode };
    if ((mask & AttributeMask.mode) !== 0) fields.mode = view.getUint32(20, true).toString(8).padStart(4, "0");
    if ((mask & AttributeMask.owner) !== 0) fields.owner = view.getUint32(24, true);
    if ((mask & AttributeMask.group) !== 0) fields.group = view.getUint32(28, true);
    if ((mask & AttributeMask.modified) !== 0) fields.modified = isoTime(view.getBigUint64(8, true));
    const changes = Object.entries(fields).filter(([name]) => name !== "path" && name !== "inode").map(([name, value]) => `${name} ${String(value)}`);
    return { line: `${path} ${changes.join(", ")}`, fields };
  }

  private rollback(payload: Uint8Array, view: DataView): ProposalText {
    const end = 16 + Math.min(view.getUint32(8, true), payload.length - 16);
    const name = showName(payload.subarray(16, end));
    const saved = showName(payload.subarray(end));
    this.places.clear();
    return { line: `to ${name}, keeping ${saved}`, fields: { snapshot: name, saved } };
  }

  private place(parent: bigint, name: Path): string {
    const above = this.path(parent);
    return `${above === "/" ? "" : above}/${showName(name)}`;
  }

  /** The path of an inode as far as the log has told it: /a/b, or (inode 7)/b. */
  private path(inode: bigint): string {
    const names: string[] = [];
    let here = inode;
    while (here !== rootInode && names.length < depthLimit) {
      const place = this.places.get(here);
      if (place === undefined) return `(inode ${here})${names.length === 0 ? "" : `/${names.reverse().join("/")}`}`;
      names.push(showName(place.name));
      here = place.parent;
    }
    return `/${names.reverse().join("/")}`;
  }
}

function snapshot(name: Uint8Array): ProposalText {
  return { line: showName(name), fields: { snapshot: showName(name) } };
}
