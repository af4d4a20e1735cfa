// Tree walk: everything below a directory, depth first in name order. One listing is open for each depth; nothing recurses.
import { type Attributes, type Entry, FileKind, type FileTree } from "./file-tree.ts";
import { child, type Path } from "./path.ts";

export interface Visit {
  path: Path;
  attributes: Attributes;
  /** False on the way down, true when everything below this directory has been visited. */
  leaving: boolean;
}

/** The root comes first, and last once more if it is a directory. */
export function* walkTree(tree: FileTree, path: Path, attributes: Attributes): Generator<Visit> {
  yield { path, attributes, leaving: false };
  if (attributes.kind !== FileKind.directory) return;
  const open: Array<{ path: Path; attributes: Attributes; entries: Iterator<Entry> }> = [{ path, attributes, entries: tree.list(path) }];
  while (open.length > 0) {
    const here = open[open.length - 1]!;
    const { value: entry, done } = here.entries.next();
    if (done === true) {
      open.pop();
      yield { path: here.path, attributes: here.attributes, leaving: true };
      continue;
    }
    const below = child(here.path, entry.name);
    yield { path: below, attributes: entry.attributes, leaving: false };
    if (entry.attributes.kind === FileKind.directory) open.push({ path: below, attributes: entry.attributes, entries: tree.list(below) });
  }
}
