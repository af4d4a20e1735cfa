// Format: how names, modes, times and sizes are printed by the command line. The shell prints the same (services/shell/format.ts);
// docs/command-line.md is the description of both, and tests/cli compares them.
import { type Attributes, FileKind } from "../client/file-tree.ts";
import type { Path } from "../client/path.ts";

const letters: Readonly<Record<number, string>> = { 0x0a: "\\n", 0x09: "\\t", 0x0d: "\\r", 0x5c: "\\\\" };

/** Bytes of the printable character at `at`, 0 if there is none: well-formed UTF-8 (RFC 3629 §4), no C0 or C1 control, no backslash. */
function printableBytes(bytes: Path, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first >= 0x20 && first < 0x7f && first !== 0x5c ? 1 : 0;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size === 0 || size > bytes.length - at) return 0;
  for (let index = 1; index < size; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if ((first === 0xc2 || first === 0xe0) && second < 0xa0) return 0;
  if ((first === 0xed && second > 0x9f) || (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return size;
}

const decoder = new TextDecoder();

/** A name as people may safely see it: what is not printable becomes \n, \t, \r, \\ or \xHH. */
export function showName(bytes: Path): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = printableBytes(bytes, at);
    if (size > 0) text += size === 1 ? String.fromCharCode(bytes[at]!) : decoder.decode(bytes.subarray(at, at + size));
    else text += letters[bytes[at]!] ?? `\\x${bytes[at]!.toString(16).padStart(2, "0")}`;
    at += size > 0 ? size : 1;
  }
  return text;
}

/** A path of the tree, absolute. */
export const showPath = (path: Path): string => `/${showName(path)}`;
export const showHash = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");

function triple(bits: number, special: boolean, letter: string): string {
  const execute = (bits & 1) !== 0;
  const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-";
  return `${(bits & 4) !== 0 ? "r" : "-"}${(bits & 2) !== 0 ? "w" : "-"}${last}`;
}

/** drwxr-xr-x */
export function showMode(kind: number, mode: number): string {
  const first = kind === FileKind.directory ? "d" : kind === FileKind.symlink ? "l" : "-";
  return first + triple(mode >> 6, (mode & 0o4000) !== 0, "s") + triple(mode >> 3, (mode & 0o2000) !== 0, "s") + triple(mode, (mode & 0o1000) !== 0, "t");
}

export const kindName = (kind: number): string => (kind === FileKind.directory ? "directory" : kind === FileKind.symlink ? "symlink" : "file");

/** 2025-11-22 17:55:01, in UTC. Beyond what Date can say (year 275760; u64 nanoseconds end in 2554) nothing can come. */
export function showTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** 2025-11-22 17:55:01.123456789 UTC */
export function showPreciseTime(nanoseconds: bigint): string {
  return `${showTime(nanoseconds)}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")} UTC`;
}

/** 2025-11-22T17:55:01.123456789Z, for --json. */
export function isoTime(nanoseconds: bigint): string {
  return `${showTime(nanoseconds).replace(" ", "T")}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

/** 1.5 GiB: one decimal, cut off; bytes below 1024 stand as they are. */
export function showSize(bytes: bigint): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let scale = 1n;
  while (unit < 4 && bytes / scale >= 1024n) {
    scale *= 1024n;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${bytes / scale}.${((bytes % scale) * 10n) / scale} ${units[unit]}`;
}

/** The line of `hash`, as b3sum prints it, without the newline. The result is bytes: a name need not be UTF-8. */
export function hashLine(hash: Uint8Array, path: Path): Buffer {
  const escaped: number[] = [];
  for (const byte of path) {
    const letter = byte === 0x5c ? 0x5c : byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : 0;
    if (letter !== 0) escaped.push(0x5c, letter);
    else escaped.push(byte);
  }
  const prefix = escaped.length !== path.length ? "\\" : "";
  return Buffer.concat([Buffer.from(`${prefix}${showHash(hash)}  /`), Buffer.from(escaped)]);
}

/** The columns of `ls -l` before the name. */
export function longColumns(attributes: Attributes): string {
  const number = (value: number | bigint, width: number): string => value.toString().padStart(width);
  return `${showMode(attributes.kind, attributes.mode)} ${number(attributes.owner, 5)} ${number(attributes.group, 5)} ${number(attributes.size, 12)} ${showTime(attributes.modifiedNanoseconds)} `;
}
