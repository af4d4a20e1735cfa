// Format: how names, modes, times and sizes are printed. The command line of the host prints the same (host/cli/format.ts);
// docs/command-line.md is the description of both, and one test compares them.
import { Attributes, FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Output } from "./output";

const NANOSECONDS: u64 = 1000000000;

/** A name as people may safely see it: control characters, backslashes and bytes that are no UTF-8 become \n, \t, \r, \\ or \xHH. */
export function writeName(output: Output, address: usize, lengthBytes: u32): void {
  let offset: u32 = 0;
  while (offset < lengthBytes) {
    const size = printableBytes(address + offset, lengthBytes - offset);
    if (size > 0) output.bytes(address + offset, size);
    else writeEscaped(output, load<u8>(address + offset));
    offset += size > 0 ? size : 1;
  }
}

/** A path of the tree with the slash before it. */
export function writePath(output: Output, address: usize, lengthBytes: u32): void {
  output.byte(0x2f);
  writeName(output, address, lengthBytes);
}

function writeEscaped(output: Output, byte: u8): void {
  output.byte(0x5c);
  switch (byte) {
    case 0x0a: output.byte(0x6e); break;
    case 0x09: output.byte(0x74); break;
    case 0x0d: output.byte(0x72); break;
    case 0x5c: output.byte(0x5c); break;
    default:
      output.byte(0x78);
      output.hexByte(byte);
  }
}

/** Bytes of the printable character at `address`, 0 if there is none: well-formed UTF-8 (RFC 3629 §4), no C0 or C1 control, no backslash. Safety: reads at most `room` bytes. */
function printableBytes(address: usize, room: u32): u32 {
  const first: u32 = load<u8>(address);
  if (first < 0x80) return first >= 0x20 && first < 0x7f && first != 0x5c ? 1 : 0;
  const size: u32 = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || size > room) return 0;
  for (let index: u32 = 1; index < size; index++) if ((load<u8>(address + index) & 0xc0) != 0x80) return 0;
  const second: u32 = load<u8>(address + 1);
  if ((first == 0xc2 || first == 0xe0) && second < 0xa0) return 0;
  if ((first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return size;
}

/** drwxr-xr-x */
export function writeMode(output: Output, kind: u32, mode: u32): void {
  output.byte(kind == FileKind.directory ? 0x64 : kind == FileKind.symlink ? 0x6c : 0x2d);
  writeTriple(output, mode >> 6, (mode & 0o4000) != 0, 0x73);
  writeTriple(output, mode >> 3, (mode & 0o2000) != 0, 0x73);
  writeTriple(output, mode, (mode & 0o1000) != 0, 0x74);
}

function writeTriple(output: Output, bits: u32, special: bool, letter: u8): void {
  output.byte((bits & 4) != 0 ? 0x72 : 0x2d);
  output.byte((bits & 2) != 0 ? 0x77 : 0x2d);
  if (special) output.byte((bits & 1) != 0 ? letter : letter - 0x20);
  else output.byte((bits & 1) != 0 ? 0x78 : 0x2d);
}

/** 2025-11-22 17:55:01, in UTC. Days to a date: the era arithmetic of H. Hinnant, "chrono-compatible low-level date algorithms". */
export function writeTime(output: Output, nanoseconds: u64): void {
  const seconds = nanoseconds / NANOSECONDS;
  const days = <u32>(seconds / 86400) + 719468;
  const second = <u32>(seconds % 86400);
  const era = days / 146097;
  const dayOfEra = days % 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shiftedMonth = (5 * dayOfYear + 2) / 153;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  output.paddedDecimal(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4, 0x30);
  output.byte(0x2d);
  output.paddedDecimal(month, 2, 0x30);
  output.byte(0x2d);
  output.paddedDecimal(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2, 0x30);
  output.byte(0x20);
  output.paddedDecimal(second / 3600, 2, 0x30);
  output.byte(0x3a);
  output.paddedDecimal(second / 60 % 60, 2, 0x30);
  output.byte(0x3a);
  output.paddedDecimal(second % 60, 2, 0x30);
}

/** 2025-11-22 17:55:01.123456789 UTC */
export function writePreciseTime(output: Output, nanoseconds: u64): void {
  writeTime(output, nanoseconds);
  output.byte(0x2e);
  output.paddedDecimal(nanoseconds % NANOSECONDS, 9, 0x30);
  output.text(" UTC");
}

/** 1.5 GiB: one decimal, cut off, in the largest unit that leaves at least 1; bytes below 1024 stand as they are. */
export function writeSize(output: Output, bytes: u64): void {
  let unit: i32 = 0;
  let scale: u64 = 1;
  while (unit < 4 && bytes / scale >= 1024) {
    scale *= 1024;
    unit++;
  }
  output.decimal(bytes / scale);
  if (unit > 0) {
    output.byte(0x2e);
    output.decimal(bytes % scale * 10 / scale);
  }
  output.text(unit == 0 ? " B" : unit == 1 ? " KiB" : unit == 2 ? " MiB" : unit == 3 ? " GiB" : " TiB");
}

/** Characters of `writeSize`. */
export function sizeWidth(bytes: u64): u32 {
  let unit: i32 = 0;
  for (; unit < 4 && bytes >= 1024; unit++) bytes /= 1024;
  let digits: u32 = 1;
  for (; bytes >= 10; bytes /= 10) digits++;
  return digits + (unit == 0 ? 2 : 6);
}

/** The line of `hash`, as b3sum prints it: a name with a newline, carriage return or backslash is escaped and the line begins with a backslash. */
export function writeHashLine(output: Output, hash: usize, path: usize, pathBytes: u32): void {
  let escape = false;
  for (let index: u32 = 0; index < pathBytes && !escape; index++) escape = hashEscape(load<u8>(path + index)) != 0;
  if (escape) output.byte(0x5c);
  output.hex(hash, 32);
  output.text("  /");
  for (let index: u32 = 0; index < pathBytes; index++) {
    const letter = hashEscape(load<u8>(path + index));
    if (letter != 0) output.byte(0x5c);
    output.byte(letter != 0 ? letter : load<u8>(path + index));
  }
  output.byte(0x0a);
}

function hashEscape(byte: u8): u8 {
  return byte == 0x5c ? 0x5c : byte == 0x0a ? 0x6e : byte == 0x0d ? 0x72 : 0;
}

/** The columns of `ls -l` before the name. */
export function writeLongColumns(output: Output, attributes: usize): void {
  writeMode(output, Attributes.kind(attributes), Attributes.mode(attributes));
  output.byte(0x20);
  output.paddedDecimal(Attributes.owner(attributes), 5, 0x20);
  output.byte(0x20);
  output.paddedDecimal(Attributes.group(attributes), 5, 0x20);
  output.byte(0x20);
  output.paddedDecimal(Attributes.size(attributes), 12, 0x20);
  output.byte(0x20);
  writeTime(output, Attributes.modifiedNanoseconds(attributes));
  output.byte(0x20);
}
