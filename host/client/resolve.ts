// Path resolving: from what a person typed to a path that the filesystem takes. It follows no symbolic links, so its clients do
// (services/shell/path-resolver.ts is the same rule). The usual path costs one lookup; links and `..` are walked, at most 40 links.
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { type Attributes, FileKind, type FileTree } from "./file-tree.ts";
import { components, endsWithSlash, isDotDot, join, type Path } from "./path.ts";

const linkLimit = 40;

export interface Resolved {
  /** Without links and `..`. */
  path: Path;
  /** Null if nothing has this path but it could be made there. */
  attributes: Attributes | null;
}

/** Throws StatusError if the path cannot be reached; what does not exist has null attributes. */
export function resolve(tree: FileTree, typed: Path, followLast: boolean): Resolved {
  const parts = components(typed);
  const mustBeDirectory = endsWithSlash(typed);
  const found = resolveParts(tree, parts, followLast || mustBeDirectory);
  if (mustBeDirectory && found.attributes !== null && found.attributes.kind !== FileKind.directory) throw new StatusError(Status.NotDirectory, "lookup");
  return found;
}

/** As `resolve`, for what must exist. */
export function resolveExisting(tree: FileTree, typed: Path, followLast: boolean): { path: Path; attributes: Attributes } {
  const { path, attributes } = resolve(tree, typed, followLast);
  if (attributes === null) throw new StatusError(Status.NotFound, "lookup");
  return { path, attributes };
}

function resolveParts(tree: FileTree, parts: Path[], followLast: boolean): Resolved {
  if (!parts.some(isDotDot)) {
    const path = join(parts);
    try {
      const attributes = tree.find(path);
      if (attributes === null || attributes.kind !== FileKind.symlink || !followLast) return { path, attributes };
    } catch (error) {
      if (!(error instanceof StatusError) || (error.status !== Status.Loop && error.status !== Status.NotDirectory)) throw error;
    }
  }
  return walk(tree, parts, followLast);
}

function walk(tree: FileTree, parts: Path[], followLast: boolean): Resolved {
  let pending = parts;
  let path: Path[] = [];
  let attributes: Attributes | null = tree.lookup(join(path));
  let links = 0;
  while (pending.length > 0) {
    if (attributes === null) throw new StatusError(Status.NotFound, "lookup");
    const [name, ...rest] = pending as [Path, ...Path[]];
    pending = rest;
    if (isDotDot(name)) {
      if (attributes.kind !== FileKind.directory) throw new StatusError(Status.NotDirectory, "lookup");
      path = path.slice(0, -1);
    } else {
      path = [...path, name];
    }
    attributes = tree.find(join(path));
    if (attributes?.kind !== FileKind.symlink || (pending.length === 0 && !followLast)) continue;
    if (++links > linkLimit) throw new StatusError(Status.Loop, "lookup");
    const target = tree.readLink(join(path));
    pending = [...components(target), ...pending];
    path = target[0] === 0x2f ? [] : path.slice(0, -1);
    attributes = tree.lookup(join(path));
  }
  return { path: join(path), attributes };
}
