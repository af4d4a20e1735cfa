// A disk that shows an image and keeps what is written beside it: thousands of crash images of one recording without thousands of copies.
import { type Disk, sectorBytes } from "../../host/devices/disk.ts";
import type { RecordedEvent } from "../../host/devices/recording-disk.ts";

export class OverlayDisk implements Disk {
  readonly sectorCount: number;
  private readonly written = new Map<number, Uint8Array>();
  writes = 0;
  flushes = 0;

  constructor(private readonly base: Uint8Array) { this.sectorCount = base.length / sectorBytes; }

  /** Another disk with the same content that goes its own way. */
  fork(): OverlayDisk {
    const copy = new OverlayDisk(this.base);
    for (const [sector, data] of this.written) copy.written.set(sector, data);
    return copy;
  }
  private sector(number: number): Uint8Array {
    return this.written.get(number) ?? this.base.subarray(number * sectorBytes, (number + 1) * sectorBytes);
  }
  read(views: readonly Uint8Array[], offsetBytes: number): boolean {
    let at = offsetBytes;
    for (const view of views) for (let done = 0; done < view.length;) {
      const within = at % sectorBytes, length = Math.min(sectorBytes - within, view.length - done);
      view.set(this.sector(Math.floor(at / sectorBytes)).subarray(within, within + length), done);
      done += length;
      at += length;
    }
    return true;
  }
  write(views: readonly Uint8Array[], offsetBytes: number): boolean {
    this.writes++;
    let at = offsetBytes;
    for (const view of views) for (let done = 0; done < view.length;) {
      const number = Math.floor(at / sectorBytes), within = at % sectorBytes, length = Math.min(sectorBytes - within, view.length - done);
      const sector = length === sectorBytes ? new Uint8Array(sectorBytes) : this.sector(number).slice();
      sector.set(view.subarray(done, done + length), within);
      this.written.set(number, sector);
      done += length;
      at += length;
    }
    return true;
  }
  flush(): boolean { this.flushes++; return true; }
  writeZeroes(offsetBytes: number, lengthBytes: number): boolean { return this.write([new Uint8Array(lengthBytes)], offsetBytes); }
  discard(): boolean { return true; }

  /** Lay a recorded write over the image. */
  apply(event: RecordedEvent): void {
    if (event.kind === "write") this.write([event.data], event.sector * sectorBytes);
  }
}
