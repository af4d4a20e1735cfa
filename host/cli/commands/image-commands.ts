// mkfs, grow, df, check: the image as a whole.
import { existsSync, ftruncateSync, openSync, closeSync, rmSync, statSync } from "node:fs";
import { checkReportBytes, readCheckReport } from "../../../kernel-bindings/generated/host/filesystem.ts";
import { CommandError, Exit, hostReason } from "../../client/errors.ts";
import { transferBytes } from "../../client/file-tree.ts";
import { type CommonOptions, setExitStatus, withImage } from "../session.ts";
import { showSize } from "../format.ts";
import { print, printJson, tell } from "../output.ts";
import { parseSize } from "../size.ts";
import { warningsOf } from "../warnings.ts";

/** What the block service takes: 16,384 to 2^32 blocks (docs/formats/block.md). */
const blockBytes = 4096;
const leastImageBytes = 16384 * blockBytes;
const mostImageBytes = 2 ** 32 * blockBytes;
const forceFlag = 1;

export function mkfs(imagePath: string, options: CommonOptions & { size?: string; force?: boolean }): void {
  const isNew = !existsSync(imagePath);
  if (isNew && options.size === undefined) throw new CommandError(`${imagePath}: the image does not exist yet; say how large it shall be, as in --size 1G`, Exit.usage);
  const size = options.size === undefined ? null : roundedSize(options.size);
  const oldSize = isNew ? 0 : statSync(imagePath).size;
  if (!isNew && size !== null && size < oldSize) throw new CommandError(`${imagePath}: the image is larger than that (${oldSize} bytes); remove the file first, or leave --size out`);
  requireRoom(imagePath, size ?? oldSize, options.size);
  if (size !== null && size !== oldSize) resizeFile(imagePath, size);
  withImage("mkfs", imagePath, { ...options, allowUnmounted: true }, (image) => {
    image.filesystem.format({ blockCount: 0n, flags: options.force === true ? forceFlag : 0 });
    const { blockCount, blockBytes, freeBlocks } = image.tree.statistics();
    const bytes = blockCount * BigInt(blockBytes);
    if (options.json === true) printJson({ image: imagePath, bytes, freeBytes: freeBlocks * BigInt(blockBytes) });
    else tell(`${imagePath}: made an empty file system of ${showSize(bytes)}`);
  });
  if (process.exitCode !== undefined && process.exitCode !== Exit.done) undoResize(imagePath, isNew, size, oldSize);
}

/** A file that mkfs made or grew is put back when the format failed. */
function undoResize(imagePath: string, isNew: boolean, size: number | null, oldSize: number): void {
  if (isNew) rmSync(imagePath, { force: true });
  else if (size !== null && size !== oldSize) resizeFile(imagePath, oldSize);
}

const roundedSize = (text: string): number => Math.floor(parseSize(text) / blockBytes) * blockBytes;

function requireRoom(imagePath: string, size: number, option: string | undefined): void {
  if (size >= leastImageBytes && size <= mostImageBytes) return;
  const limits = `an image has ${showSize(BigInt(leastImageBytes))} to ${showSize(BigInt(mostImageBytes))}`;
  if (option !== undefined) throw new CommandError(`--size ${option}: ${limits}`, Exit.usage);
  throw new CommandError(`${imagePath}: the file has ${size} bytes, and ${limits}; give it another size with --size`);
}

/** A sparse file: space is taken as it is written. */
function resizeFile(imagePath: string, size: number): void {
  try {
    const file = openSync(imagePath, existsSync(imagePath) ? "r+" : "wx", 0o644);
    try {
      ftruncateSync(file, size);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new CommandError(`${imagePath}: cannot make the image: ${hostReason(error)}`);
  }
}

/** Without a size the image takes all of its file. A file that was made larger for a growth that failed stays so: nothing is stored there. */
export function grow(imagePath: string, options: CommonOptions & { size?: string }): void {
  const size = options.size === undefined ? null : roundedSize(options.size);
  if (size !== null) requireRoom(imagePath, size, options.size);
  if (size !== null && existsSync(imagePath) && statSync(imagePath).size < size) resizeFile(imagePath, size);
  withImage("grow", imagePath, options, (image) => {
    const bytesOf = (blockCount: bigint): bigint => blockCount * BigInt(blockBytes);
    const before = image.block.describe().blockCount;
    if (size !== null && BigInt(size) < bytesOf(before)) throw new CommandError(`--size ${options.size}: the image has ${showSize(bytesOf(before))}, and an image only grows`, Exit.usage);
    // Whatever only the log has becomes part of a checkpoint first; the block service insists on it.
    image.filesystem.checkpoint();
    const { blockCount } = image.block.grow({ blockCount: BigInt((size ?? 0) / blockBytes) });
    if (options.json === true) printJson({ image: imagePath, oldBytes: bytesOf(before), bytes: bytesOf(blockCount), freeBytes: bytesOf(image.block.describe().freeBlocks) });
    else if (blockCount === before) tell(`${imagePath}: has all of its ${showSize(bytesOf(before))} already`);
    else tell(`${imagePath}: grown from ${showSize(bytesOf(before))} to ${showSize(bytesOf(blockCount))}`);
  });
}

export function df(imagePath: string, options: CommonOptions): void {
  withImage("df", imagePath, options, (image) => {
    const counts = image.tree.statistics();
    const blockBytes = BigInt(counts.blockBytes);
    const total = counts.blockCount * blockBytes;
    const free = (counts.freeBlocks < counts.blockCount ? counts.freeBlocks : counts.blockCount) * blockBytes;
    if (options.json === true) {
      printJson({
        size: total, used: total - free, free, fileBytes: counts.logicalBytes, stored: counts.storedBytes, files: counts.files, directories: counts.directories,
        objects: counts.objects, duplicates: counts.duplicateObjects, snapshots: counts.snapshots, height: counts.height, warnings: warningsOf(counts.flags),
      });
      return;
    }
    const size = (label: string, bytes: bigint): void => print(`${label.padEnd(13)}${bytes} (${showSize(bytes)})`);
    const count = (label: string, value: bigint): void => print(`${label.padEnd(13)}${value}`);
    size("size:", total);
    size("used:", total - free);
    size("free:", free);
    size("file bytes:", counts.logicalBytes);
    size("stored:", counts.storedBytes);
    count("files:", counts.files);
    count("directories:", counts.directories);
    count("objects:", counts.objects);
    count("duplicates:", counts.duplicateObjects);
    count("snapshots:", counts.snapshots);
    count("height:", counts.height);
    for (const warning of warningsOf(counts.flags)) print(`${"warning:".padEnd(13)}${warning}`);
  });
}

export function check(imagePath: string, options: CommonOptions): void {
  withImage("check", imagePath, options, (image) => {
    const reportBytes = transferBytes - checkReportBytes;
    const buffer = image.tree.lendBuffer();
    image.filesystem.check({ summary: { address: buffer.address, length: checkReportBytes }, report: { address: buffer.address + checkReportBytes, length: reportBytes } });
    const summary = readCheckReport(new DataView(image.tree.buffer.buffer, image.tree.buffer.byteOffset), 0);
    const text = Buffer.from(image.tree.buffer.subarray(checkReportBytes, checkReportBytes + Math.min(summary.reportBytes, reportBytes))).toString();
    const lines = text.split("\n").filter((line) => line !== "");
    const { problems, files, directories, entries, extents, checkedBlocks, leakedBlocks } = summary;
    if (options.json === true) {
      printJson({ problems, files, directories, entries, extents, checkedBlocks, leakedBlocks, report: lines });
    } else {
      for (const line of lines) print(line);
      print(`checked ${files} files, ${directories} directories, ${entries} names, ${extents} extents, ${checkedBlocks} blocks: ${problems === 0n ? "no problems" : `${problems} problem${problems === 1n ? "" : "s"}`}`);
    }
    if (problems === 0n) return;
    tell(`axiomfs check: ${imagePath}: problems were found; what can be read can be exported, and imported into a new image`);
    setExitStatus(Exit.damage);
  });
}
