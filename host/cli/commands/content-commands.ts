// cat and put: the bytes of files. `put` writes beside the old file and renames over it, so whoever looks sees the old content or the new.
import { readSync } from "node:fs";
import { OpenFlag } from "../../../kernel-bindings/generated/host/filesystem.ts";
import { StatusError } from "../../../kernel-bindings/host/client-port.ts";
import { Status } from "../../../kernel-bindings/generated/host/tables.ts";
import { FileKind, type FileTree, type Node, transferBytes } from "../../client/file-tree.ts";
import { child, fromArgument, fromText, type Path, split } from "../../client/path.ts";
import { resolve, resolveExisting } from "../../client/resolve.ts";
import { printBytes } from "../output.ts";
import { type CommonOptions, withImage } from "../session.ts";
import { eachPath } from "./report-commands.ts";

const temporaryAttempts = 16;
const standardInput = 0;

export function cat(imagePath: string, typed: readonly string[], options: CommonOptions): void {
  withImage("cat", imagePath, options, ({ tree }) => eachPath("cat", imagePath, typed, (_typed, text) => {
    const { path, attributes } = resolveExisting(tree, text, true);
    if (attributes.kind === FileKind.directory) throw new StatusError(Status.IsDirectory, "cat");
    const node = tree.open(path, OpenFlag.read);
    try {
      let offset = 0;
      for (let count = tree.readInto(node, offset); count > 0; count = tree.readInto(node, offset)) {
        printBytes(tree.buffer.subarray(0, count));
        offset += count;
      }
    } finally {
      tree.close(node);
    }
  }));
}

export function put(imagePath: string, typed: string, options: CommonOptions): void {
  const text = fromArgument(typed);
  withImage("put", imagePath, { ...options, about: typed, changes: true }, ({ tree }) => {
    const { path, attributes } = resolve(tree, text, true);
    if (path.length === 0 || attributes?.kind === FileKind.directory) throw new StatusError(Status.IsDirectory, "put");
    const creation = attributes === null ? { mode: 0o644, owner: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 } : { mode: attributes.mode, owner: attributes.owner, group: attributes.group };
    const { temporary, node } = openBeside(tree, path, creation);
    try {
      copyInput(tree, node);
    } catch (error) {
      tree.close(node);
      tree.remove(temporary);
      throw error;
    }
    tree.close(node);
    tree.rename(temporary, path);
  });
}

function openBeside(tree: FileTree, path: Path, creation: { mode: number; owner: number; group: number }): { temporary: Path; node: Node } {
  const { parent } = split(path);
  for (let attempt = 0; ; attempt++) {
    const temporary = child(parent, fromText(`.axiomfs-put-${String.fromCharCode(0x61 + attempt)}`));
    try {
      return { temporary, node: tree.open(temporary, OpenFlag.write | OpenFlag.create | OpenFlag.exclusive, creation) };
    } catch (error) {
      if (!(error instanceof StatusError) || error.status !== Status.Exists || attempt + 1 === temporaryAttempts) throw error;
    }
  }
}

function copyInput(tree: FileTree, node: Node): void {
  let offset = 0;
  for (let count = readInput(tree.buffer); count > 0; count = readInput(tree.buffer)) {
    tree.writeFrom(node, offset, count);
    offset += count;
  }
}

/** Fills as much of the buffer as one read gives; 0 at the end. */
function readInput(buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(standardInput, buffer, 0, transferBytes, null);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // input that does not block and has nothing yet
    }
  }
}
