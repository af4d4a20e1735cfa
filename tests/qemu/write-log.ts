// Reads the log that QEMU's blklogwrites driver keeps of a disk's writes and flushes, and rebuilds images from it as power loss would leave them.
// Format: Linux Documentation/admin-guide/device-mapper/log-writes.rst and QEMU block/blklogwrites.c: a super block, then for each entry one sector
// { u64 sector, u64 sectorCount, u64 flags, u64 dataLength } followed by its data. All little-endian, all sectors of `sectorBytes`.
import { readFileSync } from "node:fs";

const magic = 0x6a736677736872n;
const flag = { flush: 1n, fua: 2n, discard: 4n, mark: 8n } as const;

/** Given to blklogwrites by tests/qemu/machine.ts. */
export const logSectorBytes = 512;

export interface LoggedWrite { kind: "write"; offsetBytes: number; data: Uint8Array }
export interface LoggedFlush { kind: "flush" }
export type LogEntry = LoggedWrite | LoggedFlush;

/** Entries in the order in which the device saw them. The super block's count lags behind, so the log is read to its end. */
export function readWriteLog(path: string): LogEntry[] {
  const bytes = readFileSync(path);
  // QEMU writes the super block at flushes: a disk that was never flushed has none, and then sectors are those the machine asked for.
  const found = bytes.length < 512 ? null : bytes.readBigUInt64LE(0);
  if (found !== magic && found !== 0n) throw new Error(`${path}: not a write log`);
  const sectorBytes = found === magic ? bytes.readUInt32LE(24) : logSectorBytes;
  const entries: LogEntry[] = [];
  for (let at = sectorBytes; at + sectorBytes <= bytes.length;) {
    const sector = bytes.readBigUInt64LE(at);
    const count = Number(bytes.readBigUInt64LE(at + 8));
    const flags = bytes.readBigUInt64LE(at + 16);
    if (count === 0 && (flags & flag.flush) === 0n) break; // past the last entry: the file is longer than the log
    at += sectorBytes;
    if (flags & flag.flush) entries.push({ kind: "flush" });
    if (flags & flag.discard) continue;
    const length = count * sectorBytes;
    if (length > bytes.length - at) break;
    if (count) entries.push({ kind: "write", offsetBytes: Number(sector) * sectorBytes, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return entries;
}

/** The image after `entries`, laid over a copy of `base`. */
export function rebuild(base: Uint8Array, entries: Iterable<LogEntry>): Uint8Array {
  const image = base.slice();
  for (const entry of entries) if (entry.kind === "write") image.set(entry.data, entry.offsetBytes);
  return image;
}
