// The JSON form of what commands print (docs/command-line.md): one object a line, bytes as text, times in ISO 8601.
import { type Attributes, FileKind } from "../client/file-tree.ts";
import type { Path } from "../client/path.ts";
import { isoTime, kindName, showHash } from "./format.ts";

/** Bytes as text; where they are no UTF-8, `NAMEHex` has them exactly. */
export function textJson(name: string, bytes: Path, prefix = ""): Record<string, string> {
  const text = Buffer.from(bytes).toString("utf8");
  const exact = Buffer.from(text, "utf8").equals(bytes);
  return { [name]: prefix + text, ...(exact ? {} : { [`${name}Hex`]: Buffer.from(prefix).toString("hex") + Buffer.from(bytes).toString("hex") }) };
}

export const pathJson = (path: Path, name = "path"): Record<string, string> => textJson(name, path, "/");

export function attributesJson(path: Path, attributes: Attributes, target: Path | null): Record<string, unknown> {
  const isDirectory = attributes.kind === FileKind.directory;
  return {
    ...pathJson(path), kind: kindName(attributes.kind), ...(target === null ? {} : textJson("target", target)), [isDirectory ? "entries" : "size"]: attributes.size,
    mode: attributes.mode.toString(8).padStart(4, "0"), owner: attributes.owner, group: attributes.group, links: attributes.links, inode: attributes.inode,
    modified: isoTime(attributes.modifiedNanoseconds), changed: isoTime(attributes.changedNanoseconds), created: isoTime(attributes.createdNanoseconds),
    ...(isDirectory ? {} : { hash: showHash(attributes.content) }),
  };
}
