// What the block device model stands on: sectors of 512 bytes that can be read, written and flushed. Implementations:
// MemoryDisk (here), FileDisk (file-disk.ts, the only one that needs Node) and RecordingDisk (recording-disk.ts).
// A disk never throws for I/O: it answers false, and the device reports IOERR.

export const sectorBytes = 512;

export interface Disk {
  /** Size in sectors; constant. */
  readonly sectorCount: number;
  /** Fills the views, in order, from consecutive bytes at `offsetBytes`. Views may lie in module memory: no copy is made. */
  read(views: readonly Uint8Array[], offsetBytes: number): boolean;
  write(views: readonly Uint8Array[], offsetBytes: number): boolean;
  /** After true, everything written before survives power loss. */
  flush(): boolean;
  writeZeroes(offsetBytes: number, lengthBytes: number): boolean;
  /** The content of these bytes no longer matters. */
  discard(offsetBytes: number, lengthBytes: number): boolean;
}

/** A disk in memory. Discarded sectors keep their content, as a real device's may. */
export class MemoryDisk implements Disk {
  readonly bytes: Uint8Array;
  readonly sectorCount: number;

  /** A disk of so many sectors, or one that starts as (and keeps) the given image. */
  constructor(content: number | Uint8Array) {
    this.bytes = typeof content === "number" ? new Uint8Array(content * sectorBytes) : content;
    if (this.bytes.length % sectorBytes !== 0) throw new RangeError("a disk is a whole number of 512-byte sectors");
    this.sectorCount = this.bytes.length / sectorBytes;
  }

  read(views: readonly Uint8Array[], offsetBytes: number): boolean {
    let at = offsetBytes;
    for (const view of views) {
      view.set(this.bytes.subarray(at, at + view.length));
      at += view.length;
    }
    return true;
  }

  write(views: readonly Uint8Array[], offsetBytes: number): boolean {
    let at = offsetBytes;
    for (const view of views) {
      this.bytes.set(view, at);
      at += view.length;
    }
    return true;
  }

  flush(): boolean {
    return true;
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): boolean {
    this.bytes.fill(0, offsetBytes, offsetBytes + lengthBytes);
    return true;
  }

  discard(): boolean {
    return true;
  }
}
