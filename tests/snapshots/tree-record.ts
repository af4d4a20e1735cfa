// All that a comparison of trees can see of a tree, by inode, and what it must list, found by comparing everything.
import type { FileTree } from "../../host/client/file-tree.ts";
import type { TreeChange } from "../../host/client/snapshots.ts";
import { walkTree } from "../../host/client/tree-walk.ts";
import { hex } from "../support/hosted.ts";

interface Inode { path: string; kind: number; parent: bigint; name: string; said: string }
export type TreeRecord = Map<bigint, Inode>;

const decoder = new TextDecoder();

export function recordTree(tree: FileTree): TreeRecord {
  const record: TreeRecord = new Map();
  for (const { path, attributes, leaving } of walkTree(tree, new Uint8Array(0), tree.lookup(new Uint8Array(0)))) {
    if (leaving) continue;
    const text = decoder.decode(path);
    const { kind, mode, owner, group, content, parent } = attributes;
    record.set(attributes.inode, { path: text, kind, parent, name: text.slice(text.lastIndexOf("/") + 1), said: [kind, mode, owner, group, hex(content)].join() });
  }
  return record;
}

/** What must be listed, as lines in the order of the service: by path, then added, removed, modified, renamed, then by new path. */
export function expectedChanges(before: TreeRecord, after: TreeRecord): string[] {
  const order = ["added", "removed", "modified", "renamed"];
  const changes: Array<[string, string, string]> = [];
  const childOf = (record: TreeRecord) => new Map([...record].map(([inode, { parent, name }]) => [`${parent}/${name}`, inode]));
  const places = { before: childOf(before), after: childOf(after) };
  for (const inode of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(inode), b = after.get(inode);
    if (a && b) {
      if (a.parent !== b.parent || a.name !== b.name) changes.push(["renamed", a.path, b.path]);
      if (a.said !== b.said) changes.push(["modified", b.path, ""]);
    } else if (a) {
      const now = places.after.get(`${a.parent}/${a.name}`);
      if (now === undefined || before.has(now)) changes.push(["removed", a.path, ""]);
    } else if (b) {
      const old = places.before.get(`${b.parent}/${b.name}`);
      if (old === undefined || after.has(old)) changes.push(["added", b.path, ""]);
      else if (before.get(old)!.said !== b.said) changes.push(["modified", b.path, ""]); // written anew under its old name
    }
  }
  const compare = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
  return changes.sort((x, y) => compare(x[1], y[1]) || order.indexOf(x[0]) - order.indexOf(y[0]) || compare(x[2], y[2])).map(line);
}

const line = ([change, path, newPath]: [string, string, string]): string => `${change} ${path}${newPath === "" ? "" : ` -> ${newPath}`}`;
export const listedChanges = (changes: Iterable<TreeChange>): string[] =>
  [...changes].map(({ change, path, newPath }) => line([change, decoder.decode(path), newPath === null ? "" : decoder.decode(newPath)]));

/** Paths and what is there, without inode numbers: two trees that a user cannot tell apart. */
export const visible = (record: TreeRecord): string[] => [...record.values()].map(({ path, said }) => `${path}: ${said}`).sort();
