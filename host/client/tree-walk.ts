// Tree walk: everything below a directory, depth first in name order. One listing is open for each depth; nothing recurses.
import { type Attributes, type Entry, FileKind, type FileTree } from "./file-tree.ts";
import { child, type Path } from "./path.ts";

export interface Visit {
  path: Path;
  attributes: Attributes;
  /** False on the way down, true when everything below this directory has been visited. */
  leaving: boolean;
}

/** The root comes first, and last once more if it is a directory. `onFailure` may take the failure to list a directory further (true); its other entries are passed over then. */
export function* walkTree(tree: FileTree, path: Path, attributes: Attributes, onFailure: (path: Path, error: unknown) => boolean = () => false): Generator<Visit> {
  yield { path, attributes, leaving: false };
  if (attributes.kind !== FileKind.directory) return;
  const open: Array<{ path: Path; attributes: Attributes; entries: Iterator<Entry> }> = [{ path, attributes, entries: tree.list(path) }];
  while (open.length > 0) {
    const here = open[open.length - 1]!;
    const entry = nextOf(here.entries, (error) => onFailure(here.path, error));
    if (entry === null) {
      open.pop();
      yield { path: here.path, attributes: here.attributes, leaving: true };
      continue;
    }
    const below = child(here.path, entry.name);
    yield { path: below, attributes: entry.attributes, leaving: false };
    if (entry.attributes.kind === FileKind.directory) open.push({ path: below, attributes: entry.attributes, entries: tree.list(below) });
  }
}

/** The next entry, or null after the last one, or after a failure that `accepts` takes. */
function nextOf(entries: Iterator<Entry>, accepts: (error: unknown) => boolean): Entry | null {
  try {
    const { value, done } = entries.next();
    return done === true ? null : value;
  } catch (error) {
    if (accepts(error)) return null;
    throw error;
  }
}
