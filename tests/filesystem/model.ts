// What the filesystem should be: a tree in memory with the same operations and the same statuses. Says nothing of how.
import { Status } from "../../kernel-bindings/generated/host/tables.ts";

export interface File { kind: "file"; content: Uint8Array; mode: number; owner: number }
export interface Link { kind: "symlink"; target: string; mode: number; owner: number }
export interface Directory { kind: "directory"; entries: Map<string, ModelNode>; mode: number; owner: number }
export type ModelNode = File | Link | Directory;
const linksFollowed = 40;

interface Place { directory: Directory; name: string; node: ModelNode | undefined }

export class Model {
  root: Directory = { kind: "directory", entries: new Map(), mode: 0o755, owner: 0 };

  /** Where a path ends; a status if it does not get there. Links in the middle are followed, below the root only. */
  resolve(path: string): Place | number {
    let rest = path.split("/").filter((part) => part !== "" && part !== ".");
    const stack: Directory[] = [this.root];
    for (let followed = 0; ;) {
      const at = stack.at(-1)!;
      const name = rest.shift();
      if (name === undefined) return Status.InvalidArgument;
      if (name === "..") {
        if (stack.length === 1) return Status.Denied;
        stack.pop();
        continue;
      }
      if (Buffer.byteLength(name) > 255) return Status.NameTooLong;
      const node = at.entries.get(name);
      if (rest.length === 0) return { directory: at, name, node };
      if (node === undefined) return Status.NotFound;
      if (node.kind === "file") return Status.NotDirectory;
      if (node.kind === "directory") {
        stack.push(node);
        continue;
      }
      if (++followed > linksFollowed) return Status.Loop;
      rest = [...node.target.split("/").filter((part) => part !== "" && part !== "."), ...rest];
      if (node.target.startsWith("/")) stack.length = 1;
    }
  }

  createFile(path: string, mode: number, owner: number): number {
    return this.at(path, ({ directory, name, node }) => {
      if (node) return Status.Exists;
      directory.entries.set(name, { kind: "file", content: new Uint8Array(0), mode, owner });
      return 0;
    });
  }

  write(path: string, offset: number, data: Uint8Array): number {
    return this.file(path, (file) => {
      if (data.length === 0) return;
      const content = new Uint8Array(Math.max(file.content.length, offset + data.length));
      content.set(file.content);
      content.set(data, offset);
      file.content = content;
    });
  }

  truncate(path: string, size: number): number {
    return this.file(path, (file) => {
      const content = new Uint8Array(size);
      content.set(file.content.subarray(0, size));
      file.content = content;
    });
  }

  makeDirectory(path: string, mode: number, owner: number): number {
    return this.at(path, ({ directory, name, node }) => {
      if (node) return Status.Exists;
      directory.entries.set(name, { kind: "directory", entries: new Map(), mode, owner });
      return 0;
    });
  }

  symlink(target: string, path: string): number {
    return this.at(path, ({ directory, name, node }) => {
      if (node) return Status.Exists;
      directory.entries.set(name, { kind: "symlink", target, mode: 0o777, owner: 0 });
      return 0;
    });
  }

  remove(path: string, isDirectory: boolean): number {
    return this.at(path, ({ directory, name, node }) => {
      if (!node) return Status.NotFound;
      if (node.kind === "directory" && !isDirectory) return Status.IsDirectory;
      if (node.kind !== "directory" && isDirectory) return Status.NotDirectory;
      if (node.kind === "directory" && node.entries.size > 0) return Status.NotEmpty;
      directory.entries.delete(name);
      return 0;
    });
  }

  rename(from: string, to: string): number {
    const source = this.resolve(from);
    if (typeof source === "number") return source;
    if (!source.node) return Status.NotFound;
    const target = this.resolve(to);
    if (typeof target === "number") return target;
    if (target.node === source.node) return 0;
    const moved = source.node;
    if (moved.kind === "directory" && contains(moved, target.directory)) return Status.IntoItself;
    if (target.node) {
      if (moved.kind === "directory" && target.node.kind !== "directory") return Status.NotDirectory;
      if (moved.kind !== "directory" && target.node.kind === "directory") return Status.IsDirectory;
      if (target.node.kind === "directory" && target.node.entries.size > 0) return Status.NotEmpty;
    }
    source.directory.entries.delete(source.name);
    target.directory.entries.set(target.name, moved);
    return 0;
  }

  setMode(path: string, mode: number): number {
    return this.at(path, ({ node }) => {
      if (!node) return Status.NotFound;
      node.mode = mode & 0o7777;
      return 0;
    });
  }

  /** A copy that later operations do not change. */
  copy(): Directory { return structuredClone(this.root); }

  private at(path: string, run: (place: Place) => number): number {
    const place = this.resolve(path);
    return typeof place === "number" ? place : run(place);
  }

  private file(path: string, run: (file: File) => void): number {
    return this.at(path, ({ node }) => {
      if (!node) return Status.NotFound;
      if (node.kind === "directory") return Status.IsDirectory;
      if (node.kind === "symlink") return Status.Loop;
      run(node);
      return 0;
    });
  }
}

function contains(directory: Directory, searched: Directory): boolean {
  return directory === searched || [...directory.entries.values()].some((node) => node.kind === "directory" && contains(node, searched));
}
