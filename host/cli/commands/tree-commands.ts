// mkdir, rm and mv: the shape of the tree.
import { StatusError } from "../../../kernel-bindings/host/client-port.ts";
import { Status } from "../../../kernel-bindings/generated/host/tables.ts";
import { CommandError, statusOf } from "../../client/errors.ts";
import { type Attributes, FileKind, type FileTree } from "../../client/file-tree.ts";
import { TransferError } from "../../client/import-tree.ts";
import { child, fromArgument, type Path, split } from "../../client/path.ts";
import { resolve, resolveExisting } from "../../client/resolve.ts";
import { walkTree } from "../../client/tree-walk.ts";
import { Progress } from "../progress.ts";
import { type CommonOptions, withImage } from "../session.ts";
import { eachPath } from "./report-commands.ts";

const slash = 0x2f;

function withoutSlashes(path: Path): Path {
  let end = path.length;
  while (end > 0 && path[end - 1] === slash) end--;
  return path.subarray(0, end);
}

const creation = (): { mode: number; owner: number; group: number } => ({ mode: 0o755, owner: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 });

export function makeDirectories(imagePath: string, typed: readonly string[], options: CommonOptions & { parents?: boolean }): void {
  withImage("mkdir", imagePath, { ...options, changes: true }, ({ tree }) => eachPath("mkdir", imagePath, typed, (_typed, text) => {
    if (options.parents === true) makeAll(tree, text);
    else makeOne(tree, withoutSlashes(text));
  }));
}

function makeOne(tree: FileTree, text: Path): void {
  const { path, attributes } = resolve(tree, text, false);
  if (attributes !== null) throw new StatusError(Status.Exists, "mkdir");
  tree.makeDirectory(path, creation());
}

/** Each leading part in turn, so that links and `..` on the way mean what they say. */
function makeAll(tree: FileTree, text: Path): void {
  for (let end = 0; end < text.length;) {
    while (end < text.length && text[end] === slash) end++;
    while (end < text.length && text[end] !== slash) end++;
    const part = withoutSlashes(text.subarray(0, end));
    const { attributes } = resolve(tree, part, true);
    if (attributes === null) makeOne(tree, part);
    else if (attributes.kind !== FileKind.directory) throw new StatusError(end === text.length ? Status.Exists : Status.NotDirectory, "mkdir");
  }
}

export function remove(imagePath: string, typed: readonly string[], options: CommonOptions & { recursive?: boolean }): void {
  const progress = new Progress("removing", 0, "entries");
  withImage("rm", imagePath, { ...options, changes: true }, ({ tree }) => eachPath("rm", imagePath, typed, (name, text) => {
    const { path, attributes } = resolveExisting(tree, withoutSlashes(text), false);
    if (path.length === 0) throw new CommandError("/: the root directory cannot be removed or moved");
    if (attributes.kind !== FileKind.directory) tree.remove(path);
    else if (options.recursive === true) removeAll(tree, path, attributes, progress);
    else throw new CommandError(`${name}: it is a directory; to remove it with all that is in it, add -r`);
  }));
  progress.stop();
}

function removeAll(tree: FileTree, path: Path, attributes: Attributes, progress: Progress): void {
  let count = 0;
  for (const visit of walkTree(tree, path, attributes)) {
    if (visit.leaving) tree.removeDirectory(visit.path);
    else if (visit.attributes.kind !== FileKind.directory) tree.remove(visit.path);
    progress.update(++count);
  }
}

export function move(imagePath: string, paths: readonly string[], options: CommonOptions): void {
  const typedTarget = paths[paths.length - 1]!;
  const sources = paths.slice(0, -1);
  const targetText = fromArgument(typedTarget);
  withImage("mv", imagePath, { ...options, about: typedTarget, changes: true }, ({ tree }) => {
    const target = resolve(tree, targetText, true);
    const intoDirectory = target.attributes?.kind === FileKind.directory;
    if (sources.length > 1 && !intoDirectory) throw new StatusError(Status.NotDirectory, "mv");
    eachPath("mv", imagePath, sources, (_typed, text) => {
      const source = resolveExisting(tree, withoutSlashes(text), false);
      if (source.path.length === 0) throw new CommandError("/: the root directory cannot be removed or moved");
      try {
        tree.rename(source.path, intoDirectory ? child(target.path, split(source.path).name) : target.path);
      } catch (error) {
        // The source is there, so it is the target's directory that is not.
        throw statusOf(error) === Status.NotFound ? new TransferError(target.path, error) : error;
      }
    });
  });
}
