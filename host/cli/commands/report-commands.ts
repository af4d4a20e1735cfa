// stat and hash: what is known about files.
import { CommandError } from "../../client/errors.ts";
import { type Attributes, FileKind, type FileTree } from "../../client/file-tree.ts";
import { components, fromArgument, join, type Path } from "../../client/path.ts";
import { resolveExisting } from "../../client/resolve.ts";
import { walkTree } from "../../client/tree-walk.ts";
import { hashLine, kindName, showHash, showMode, showName, showPath, showPreciseTime } from "../format.ts";
import { attributesJson, pathJson } from "../json.ts";
import { print, printBytes, printJson } from "../output.ts";
import { type CommonOptions, report, withImage } from "../session.ts";

/** Each path in turn; one that fails is reported and the others go on. */
export function eachPath(name: string, imagePath: string, typed: readonly string[], work: (typed: string, text: Path, index: number) => void): void {
  typed.forEach((path, index) => {
    try {
      work(path, fromArgument(path), index);
    } catch (error) {
      report(name, error, imagePath, path);
    }
  });
}

export function stat(imagePath: string, typed: readonly string[], options: CommonOptions): void {
  withImage("stat", imagePath, options, ({ tree }) => eachPath("stat", imagePath, typed, (_typed, text, index) => {
    const { path, attributes } = resolveExisting(tree, text, false);
    const target = attributes.kind === FileKind.symlink ? tree.readLink(path) : null;
    if (options.json === true) return printJson(attributesJson(path, attributes, target));
    if (index > 0) print("");
    printAttributes(path, attributes, target);
  }));
}

function printAttributes(path: Path, attributes: Attributes, target: Path | null): void {
  const isDirectory = attributes.kind === FileKind.directory;
  const line = (label: string, value: unknown): void => print(`${`${label}:`.padEnd(11)}${String(value)}`);
  line("path", showPath(path));
  line("kind", kindName(attributes.kind));
  if (target !== null) line("target", showName(target));
  line(isDirectory ? "entries" : "size", attributes.size);
  line("mode", `${showMode(attributes.kind, attributes.mode)} (${(attributes.mode & 0o7777).toString(8).padStart(4, "0")})`);
  line("owner", attributes.owner);
  line("group", attributes.group);
  line("links", attributes.links);
  line("inode", attributes.inode);
  line("modified", showPreciseTime(attributes.modifiedNanoseconds));
  line("changed", showPreciseTime(attributes.changedNanoseconds));
  line("created", showPreciseTime(attributes.createdNanoseconds));
  if (!isDirectory) line("hash", showHash(attributes.content));
}

export function hash(imagePath: string, typed: readonly string[], options: CommonOptions & { recursive?: boolean }): void {
  withImage("hash", imagePath, options, ({ tree }) => eachPath("hash", imagePath, typed, (name, text) => {
    const { path, attributes } = resolveExisting(tree, text, true);
    if (attributes.kind !== FileKind.directory) return printHash(join(components(text)), attributes, options);
    if (options.recursive !== true) throw new CommandError(`${name}: it is a directory; for every file below it, add -R`);
    hashBelow(tree, path, attributes, options);
  }));
}

function hashBelow(tree: FileTree, path: Path, attributes: Attributes, options: CommonOptions): void {
  for (const visit of walkTree(tree, path, attributes)) {
    if (!visit.leaving && visit.attributes.kind === FileKind.file) printHash(visit.path, visit.attributes, options);
  }
}

function printHash(path: Path, attributes: Attributes, options: CommonOptions): void {
  if (options.json === true) printJson({ ...pathJson(path), hash: showHash(attributes.content) });
  else printBytes(Buffer.concat([hashLine(attributes.content, path), Buffer.from("\n")]));
}
