// Paths inside an image, as bytes: the name space has no encoding, so neither has the client. What a person typed is UTF-8.
import { CommandError, Exit } from "./errors.ts";

export type Path = Uint8Array;
export const pathLimit = 4096;
export const nameLimit = 255;
const slash = 0x2f;
const dot = 0x2e;

/** Components of a typed path, `.` and empty ones left out; `..` is kept. */
export function components(path: Path): Path[] {
  const parts: Path[] = [];
  let start = 0;
  for (let index = 0; index <= path.length; index++) {
    if (index < path.length && path[index] !== slash) continue;
    const part = path.subarray(start, index);
    if (part.length > 0 && !(part.length === 1 && part[0] === dot)) parts.push(part);
    start = index + 1;
  }
  return parts;
}

export const isDotDot = (name: Path): boolean => name.length === 2 && name[0] === dot && name[1] === dot;
export const endsWithSlash = (path: Path): boolean => path.length > 0 && path[path.length - 1] === slash;

/** Joins components with slashes; the root is empty. */
export function join(parts: readonly Path[]): Path {
  const length = parts.reduce((sum, part) => sum + part.length + 1, 0);
  const path = new Uint8Array(Math.max(0, length - 1));
  let at = 0;
  for (const part of parts) {
    if (at > 0) path[at++] = slash;
    path.set(part, at);
    at += part.length;
  }
  return path;
}

/** A path one name longer. */
export function child(directory: Path, name: Path): Path {
  return directory.length === 0 ? name.slice() : join([directory, name]);
}

/** The path without its last component, and that component. */
export function split(path: Path): { parent: Path; name: Path } {
  const at = path.lastIndexOf(slash);
  return { parent: path.subarray(0, Math.max(0, at)), name: path.subarray(at + 1) };
}

export function fromText(text: string): Path {
  return new TextEncoder().encode(text);
}

/** A PATH argument: absolute, in UTF-8. */
export function fromArgument(text: string): Path {
  if (!text.startsWith("/")) throw new CommandError(`${text}: a path inside an image is absolute; did you mean /${text} ?`, Exit.usage);
  return fromText(text);
}

/** A name that is safe to use as one component on the host. */
export function isPlainName(name: Path): boolean {
  if (name.length === 0 || name.length > nameLimit) return false;
  if (name.includes(slash) || name.includes(0)) return false;
  return !(name[0] === dot && (name.length === 1 || isDotDot(name)));
}
