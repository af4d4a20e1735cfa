// Operations on a tree as data, so that property tests can generate and shrink them. One that the filesystem refuses does nothing.
import fc from "fast-check";
import type { FileTree } from "../../host/client/file-tree.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { bytes, writeFile } from "../support/hosted.ts";

export type Operation =
  | { do: "write"; path: string; seed: number; size: number }
  | { do: "makeDirectory" | "remove" | "removeDirectory"; path: string }
  | { do: "rename"; path: string; to: string }
  | { do: "symlink"; path: string; target: string }
  | { do: "setMode"; path: string; mode: number }
  | { do: "rewrite"; path: string; seed: number; size: number };

export function content(seed: number, size: number): Uint8Array {
  const data = new Uint8Array(size);
  for (let index = 0; index < size; index++) data[index] = (seed * 131 + index * (seed | 1) + (index >> 8)) & 0xff;
  return data;
}

export function apply(tree: FileTree, operation: Operation): void {
  const path = bytes(operation.path);
  try {
    switch (operation.do) {
      case "write": return writeFile(tree, operation.path, content(operation.seed, operation.size));
      case "makeDirectory": return tree.makeDirectory(path);
      case "remove": return tree.remove(path);
      case "removeDirectory": return tree.removeDirectory(path);
      case "rename": return tree.rename(path, bytes(operation.to));
      case "symlink": return tree.symlink(bytes(operation.target), path);
      case "setMode": return tree.setAttributes(path, { mode: operation.mode });
      case "rewrite":
        // As editors save: a new file, renamed over the old one.
        writeFile(tree, `${operation.path}~`, content(operation.seed, operation.size));
        return tree.rename(bytes(`${operation.path}~`), path);
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

// Few names, so that places are taken, left and taken again.
const name = fc.constantFrom("a", "b", "c", "d", "e.txt", "ü", "x".repeat(200));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const size = fc.oneof(fc.nat(40), fc.nat(5000), fc.constantFrom(0, 65536, 70000));
const seed = fc.nat(5);

export const anOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("write" as const), path, seed, size }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("makeDirectory" as const), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeDirectory" as const), path }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("rename" as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("symlink" as const), path, target: path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("setMode" as const), path, mode: fc.constantFrom(0o600, 0o644, 0o755) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rewrite" as const), path, seed, size }) },
);
