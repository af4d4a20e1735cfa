// ls: names, with -l attributes, with -R everything below.
import { FileKind, type FileTree } from "../../client/file-tree.ts";
import { child, fromArgument, type Path } from "../../client/path.ts";
import { resolveExisting } from "../../client/resolve.ts";
import { walkTree } from "../../client/tree-walk.ts";
import type { Attributes } from "../../client/file-tree.ts";
import { longColumns, showName, showPath } from "../format.ts";
import { attributesJson } from "../json.ts";
import { print, printJson } from "../output.ts";
import { type CommonOptions, withImage } from "../session.ts";

interface ListOptions extends CommonOptions { long?: boolean; recursive?: boolean }

export function list(imagePath: string, typed: string, options: ListOptions): void {
  const text = fromArgument(typed);
  withImage("ls", imagePath, { ...options, about: typed }, ({ tree }) => {
    const { path, attributes } = resolveExisting(tree, text, options.long !== true);
    if (attributes.kind !== FileKind.directory) return entry(tree, path, Buffer.from(typed), attributes, options);
    if (options.recursive !== true) return directory(tree, path, options);
    let isFirst = true;
    for (const visit of walkTree(tree, path, attributes)) {
      if (visit.leaving || visit.attributes.kind !== FileKind.directory) continue;
      if (options.json !== true) print(`${isFirst ? "" : "\n"}${showPath(visit.path)}:`);
      isFirst = false;
      directory(tree, visit.path, options);
    }
  });
}

function directory(tree: FileTree, path: Path, options: ListOptions): void {
  for (const { name, attributes } of tree.list(path)) entry(tree, child(path, name), name, attributes, options);
}

function entry(tree: FileTree, path: Path, name: Path, attributes: Attributes, options: ListOptions): void {
  const target = attributes.kind === FileKind.symlink && (options.long === true || options.json === true) ? tree.readLink(path) : null;
  if (options.json === true) return printJson(attributesJson(path, attributes, target));
  print(`${options.long === true ? longColumns(attributes) : ""}${showName(name)}${target === null ? "" : ` -> ${showName(target)}`}`);
}
