// The filesystem against the model: every path, kind, mode, owner, size, byte and hash, and that listings come in the order of bytes.
import assert from "node:assert/strict";
import { FileKind } from "../../host/client/file-tree.ts";
import { readFile } from "../support/hosted.ts";
import { type FilesystemBench, hex } from "./bench.ts";
import type { Directory, ModelNode } from "./model.ts";

const kinds = { file: FileKind.file, directory: FileKind.directory, symlink: FileKind.symlink } as const;

/** `hash`: an independent BLAKE3. Bytes are compared too where `readsAll` says so; hashes always. */
export function compare(bench: FilesystemBench, root: Directory, hash: (data: Uint8Array) => string, readsAll: boolean): void {
  const waiting: Array<{ path: string; directory: Directory }> = [{ path: "", directory: root }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { path, directory } = next;
    const listed = [...bench.tree.list(Buffer.from(path))];
    const names = listed.map((entry) => Buffer.from(entry.name).toString());
    const wanted = [...directory.entries.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(names, wanted, `names in "${path}"`);
    for (const [index, name] of names.entries()) {
      const node = directory.entries.get(name)!;
      const full = path === "" ? name : `${path}/${name}`;
      const { attributes } = listed[index]!;
      assert.deepEqual([attributes.kind, attributes.mode, attributes.owner], [kinds[node.kind], node.mode, node.owner], full);
      assert.equal(Number(attributes.size), sizeOf(node), `size of ${full}`);
      if (node.kind === "directory") waiting.push({ path: full, directory: node });
      else compareContent(bench, full, node, attributes, hash, readsAll);
    }
  }
}

function compareContent(bench: FilesystemBench, path: string, node: Exclude<ModelNode, Directory>, attributes: { content: Uint8Array; flags: number }, hash: (data: Uint8Array) => string, readsAll: boolean): void {
  const content = node.kind === "file" ? node.content : Buffer.from(node.target);
  if (attributes.flags === 0) assert.equal(hex(attributes.content), hash(content), `hash of ${path}`);
  if (node.kind === "symlink") assert.equal(Buffer.from(bench.tree.readLink(Buffer.from(path))).toString(), node.target, path);
  else if (readsAll) assert.ok(Buffer.compare(readFile(bench.tree, path), content) === 0, `bytes of ${path}`);
}

function sizeOf(node: ModelNode): number {
  if (node.kind === "directory") return node.entries.size;
  return node.kind === "file" ? node.content.length : Buffer.byteLength(node.target);
}
