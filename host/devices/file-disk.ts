// A disk in an image file. Transfers go straight between the file and the views (readv/writev); flush is fdatasync.
// What stays true: a write is acknowledged only when all its bytes were taken, and a flush only when fdatasync returned 0;
// after a failed fdatasync the disk answers false for good, because the page cache may have dropped what was dirty.
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readvSync, writevSync } from "node:fs";
import { type Disk, sectorBytes } from "./disk.ts";

const vectorLimit = 1024; // IOV_MAX
const zeroes = new Uint8Array(1 << 20);

export interface FileDiskOptions {
  readOnly?: boolean;
  /** Makes the file, or makes it this large; without it the file must exist and keeps its size. */
  sizeBytes?: number;
}

export class FileDisk implements Disk {
  readonly sectorCount: number;
  private readonly file: number;
  private hasFailed = false;
  private isOpen = true;

  constructor(readonly path: string, options: FileDiskOptions = {}) {
    const flags = options.readOnly === true ? constants.O_RDONLY : constants.O_RDWR;
    this.file = openSync(path, options.sizeBytes === undefined ? flags : flags | constants.O_CREAT, 0o644);
    try {
      if (options.sizeBytes !== undefined) {
        if (options.sizeBytes % sectorBytes !== 0) throw new RangeError("an image is a whole number of 512-byte sectors");
        ftruncateSync(this.file, options.sizeBytes);
      }
      this.sectorCount = Math.floor(fstatSync(this.file).size / sectorBytes);
    } catch (error) {
      closeSync(this.file);
      throw error;
    }
  }

  read(views: readonly Uint8Array[], offsetBytes: number): boolean {
    return this.transfer(readvSync, views, offsetBytes);
  }

  write(views: readonly Uint8Array[], offsetBytes: number): boolean {
    return this.transfer(writevSync, views, offsetBytes);
  }

  flush(): boolean {
    if (this.hasFailed) return false;
    try {
      fdatasyncSync(this.file);
      return true;
    } catch {
      this.hasFailed = true;
      return false;
    }
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): boolean {
    for (let done = 0; done < lengthBytes; done += zeroes.length) {
      if (!this.write([zeroes.subarray(0, Math.min(zeroes.length, lengthBytes - done))], offsetBytes + done)) return false;
    }
    return true;
  }

  /** Node has no way to punch a hole; keeping the content is allowed. */
  discard(): boolean {
    return true;
  }

  close(): void {
    if (this.isOpen) closeSync(this.file);
    this.isOpen = false;
  }

  /** One or more vector calls until every view is done; a call that moves nothing ends it. */
  private transfer(
    call: (file: number, views: readonly NodeJS.ArrayBufferView[], position: number) => number,
    views: readonly Uint8Array[], offsetBytes: number,
  ): boolean {
    let rest = views;
    let position = offsetBytes;
    try {
      while (rest.length > 0) {
        const part = rest.length > vectorLimit ? rest.slice(0, vectorLimit) : rest;
        const moved = call(this.file, part, position);
        if (moved <= 0 && part.some((view) => view.length > 0)) return false;
        position += moved;
        rest = skip(rest, moved);
      }
      return true;
    } catch {
      return false;
    }
  }
}

/** What remains of the views after the first `count` bytes. */
function skip(views: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0;
  while (index < views.length && count >= views[index]!.length) {
    count -= views[index]!.length;
    index++;
  }
  if (count === 0) return index === views.length ? [] : views.slice(index);
  return [views[index]!.subarray(count), ...views.slice(index + 1)];
}
