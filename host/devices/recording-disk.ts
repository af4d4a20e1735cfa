// A disk that remembers every write and flush in order, so that a test can build the image that a power loss at any
// point would have left: writes before the last flush are there, later ones may be missing or torn at 512-byte sectors.
import { type Disk, MemoryDisk, sectorBytes } from "./disk.ts";

export type RecordedEvent =
  | { readonly kind: "write"; readonly sector: number; readonly data: Uint8Array }
  | { readonly kind: "flush" };

/**
 * Does this sector of an unflushed write reach the disk? `event` is its index in `events`, `sector` counts from the start
 * of the write. Called in order of the log.
 */
export type KeepSector = (event: number, sector: number) => boolean;

export class RecordingDisk implements Disk {
  readonly events: RecordedEvent[] = [];
  private readonly current: MemoryDisk;
  private readonly base: Uint8Array;

  /** A disk of so many sectors, or one that starts as a copy of the given image. */
  constructor(content: number | Uint8Array) {
    this.base = typeof content === "number" ? new Uint8Array(content * sectorBytes) : content.slice();
    this.current = new MemoryDisk(this.base.slice());
  }

  get sectorCount(): number {
    return this.current.sectorCount;
  }

  /** The content now, as the device shows it. Not a copy. */
  get bytes(): Uint8Array {
    return this.current.bytes;
  }

  read(views: readonly Uint8Array[], offsetBytes: number): boolean {
    return this.current.read(views, offsetBytes);
  }

  write(views: readonly Uint8Array[], offsetBytes: number): boolean {
    this.current.write(views, offsetBytes);
    let length = 0;
    for (const view of views) length += view.length;
    this.record(offsetBytes, length);
    return true;
  }

  flush(): boolean {
    this.events.push({ kind: "flush" });
    return true;
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): boolean {
    this.current.writeZeroes(offsetBytes, lengthBytes);
    this.record(offsetBytes, lengthBytes);
    return true;
  }

  discard(): boolean {
    return true;
  }

  /** Indexes of the writes among the first `eventCount` events that no flush has made durable. */
  unflushed(eventCount = this.events.length): number[] {
    const writes: number[] = [];
    for (let index = 0; index < eventCount; index++) {
      if (this.events[index]!.kind === "flush") writes.length = 0;
      else writes.push(index);
    }
    return writes;
  }

  /**
   * The image after power loss behind the first `eventCount` events. `keep` decides sector by sector over unflushed
   * writes; without it all of them are there.
   */
  image(eventCount = this.events.length, keep: KeepSector = () => true): Uint8Array {
    const image = this.base.slice();
    let durable = eventCount;
    while (durable > 0 && this.events[durable - 1]!.kind !== "flush") durable--;
    for (let index = 0; index < eventCount; index++) {
      const event = this.events[index]!;
      if (event.kind === "flush") continue;
      const start = event.sector * sectorBytes;
      if (index < durable) {
        image.set(event.data, start);
        continue;
      }
      for (let sector = 0; sector * sectorBytes < event.data.length; sector++) {
        if (!keep(index, sector)) continue;
        const at = sector * sectorBytes;
        image.set(event.data.subarray(at, at + sectorBytes), start + at);
      }
    }
    return image;
  }

  private record(offsetBytes: number, lengthBytes: number): void {
    this.events.push({
      kind: "write", sector: offsetBytes / sectorBytes, data: this.current.bytes.slice(offsetBytes, offsetBytes + lengthBytes),
    });
  }
}
