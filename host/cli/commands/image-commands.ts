// mkfs, grow, df, check: the image as a whole.
import { existsSync, ftruncateSync, openSync, closeSync, rmSync, statSync } from "node:fs";
import { StructureRole } from "../../../kernel-bindings/generated/host/block.ts";
import { checkReportBytes, readCheckReport } from "../../../kernel-bindings/generated/host/filesystem.ts";
import { Status } from "../../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../../kernel-bindings/host/client-port.ts";
import { CommandError, Exit, hostReason, statusOf } from "../../client/errors.ts";
import { transferBytes } from "../../client/file-tree.ts";
import type { Image } from "../../client/image.ts";
import { ImageLock } from "../../client/image-lock.ts";
import { type CommonOptions, setExitStatus, withImage } from "../session.ts";
import { showSize } from "../format.ts";
import { flush, print, printJson, tell } from "../output.ts";
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
  if (isNew) makeFile(imagePath, size!);
  else if (size !== null && size !== oldSize) resizeFile(imagePath, size);
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

/** A sparse file: space is taken as it is written. Never one that somebody else made meanwhile: a format that fails removes it. */
function makeFile(imagePath: string, size: number): void {
  let file: number | null = null;
  try {
    file = openSync(imagePath, "wx", 0o644);
    ftruncateSync(file, size);
  } catch (error) {
    if (file !== null) rmSync(imagePath, { force: true });
    throw cannotResize(imagePath, "make the image", error);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Never while somebody has the image open. */
function resizeFile(imagePath: string, size: number): void {
  const lock = ImageLock.take(imagePath);
  try {
    ftruncateSync(lock.file, size);
  } catch (error) {
    throw cannotResize(imagePath, `make the file ${showSize(BigInt(size))} large`, error);
  } finally {
    lock.release();
  }
}

function cannotResize(imagePath: string, what: string, error: unknown): CommandError {
  const next = (error as NodeJS.ErrnoException).code === "EFBIG" ? "; the disk below takes no file of that size: give a smaller --size, or use another disk" : "";
  return new CommandError(`${imagePath}: cannot ${what}: ${hostReason(error)}${next}`);
}

/** Without a size the image takes all of its file. A file that was made larger for a growth that failed stays so: nothing is stored there. */
export function grow(imagePath: string, options: CommonOptions & { size?: string }): void {
  const size = options.size === undefined ? null : roundedSize(options.size);
  if (size !== null) requireRoom(imagePath, size, options.size);
  if (size !== null && existsSync(imagePath) && statSync(imagePath).size < size) {
    // Only what can be mounted as it is: a file that was cut short must not pass for a whole one afterwards.
    let isMounted = false;
    withImage("grow", imagePath, {}, () => { isMounted = true; });
    if (!isMounted) return;
    resizeFile(imagePath, size);
  }
  withImage("grow", imagePath, options, (image) => {
    const bytesOf = (blockCount: bigint): bigint => blockCount * BigInt(blockBytes);
    const before = image.block.describe().blockCount;
    if (size !== null && BigInt(size) < bytesOf(before)) throw new CommandError(`--size ${options.size}: the image has ${showSize(bytesOf(before))}, and an image only grows`, Exit.usage);
    // Whatever only the log has becomes part of a checkpoint first; the block service insists on it.
    image.filesystem.checkpoint();
    const { blockCount } = growBy(image, imagePath, BigInt((size ?? 0) / blockBytes));
    if (options.json === true) printJson({ image: imagePath, oldBytes: bytesOf(before), bytes: bytesOf(blockCount), freeBytes: bytesOf(image.block.describe().freeBlocks) });
    else if (blockCount === before) tell(`${imagePath}: has all of its ${showSize(bytesOf(before))} already`);
    else tell(`${imagePath}: grown from ${showSize(bytesOf(before))} to ${showSize(bytesOf(blockCount))}`);
  });
}

/** What these statuses mean of a growth, where the common sentences are about something else. */
function growBy(image: Image, imagePath: string, blockCount: bigint): { blockCount: bigint } {
  try {
    return image.block.grow({ blockCount });
  } catch (error) {
    const status = statusOf(error);
    if (status === Status.TooLarge) throw new CommandError(`${imagePath}: the image has taken new parts of its map seven times and takes no more; make a larger one with mkfs, and import into it what export brings out`);
    if (status === Status.NoSpace) throw new CommandError(`${imagePath}: that is too little for the map of what is added; grow it by a megabyte or more`);
    throw error;
  }
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

/** Why nothing can be mounted: the block service names the first block that did not verify. */
function requireMounted(image: Image, imagePath: string): void {
  const { mountStatus } = image.filesystem.describe();
  if (mountStatus === 0) return;
  if (mountStatus !== Status.Corrupted) throw new StatusError(mountStatus, "mount");
  const { role, address } = image.block.damage();
  const name = Object.entries(StructureRole).find(([, value]) => value === role && value !== StructureRole.none)?.[0].replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const what = name === undefined ? "what is stored of the log, the store's index or the state of the tree" : `the ${name} at block ${address}`;
  throw new CommandError(`${imagePath}: nothing can be mounted: ${what} is damaged; restore the image from a copy`, Exit.damage);
}

export function check(imagePath: string, options: CommonOptions): void {
  withImage("check", imagePath, { ...options, allowUnmounted: true }, (image) => {
    requireMounted(image, imagePath);
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
    flush();
    tell(`axiomfs check: ${imagePath}: problems were found; what can be read can be exported, and imported into a new image`);
    setExitStatus(Exit.damage);
  });
}
