// A whole system under test, from the driver to the filesystem: formatted, remounted at will, with statuses instead of exceptions and the report of `check`.
import { readCheckReport } from "../../kernel-bindings/generated/host/filesystem.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { FilesystemClient } from "../../kernel-bindings/generated/host/filesystem.ts";
import { type Disk, MemoryDisk, sectorBytes } from "../../host/devices/disk.ts";
import type { BootOptions } from "../../host/kernel/system.ts";
import { bootServices, type Hosted } from "../support/hosted.ts";

export const MiB = 1 << 20;
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Status of a call: 0 or the number it failed with. */
export function statusOf(run: () => unknown): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
}

export class FilesystemBench {
  hosted!: Hosted;
  private summary = 0;
  private report = 0;

  constructor(readonly disk: Disk, private readonly options: Partial<BootOptions> = {}) { this.boot(); }

  static formatted(sizeMiB: number, options: Partial<BootOptions> = {}): FilesystemBench {
    const bench = new FilesystemBench(new MemoryDisk((sizeMiB * MiB) / sectorBytes), options);
    bench.tree.client.format({ blockCount: 0n, flags: 0 });
    return bench;
  }

  get tree(): Hosted["tree"] { return this.hosted.tree; }
  get client(): FilesystemClient { return this.hosted.tree.client; }
  get host(): ReturnType<Hosted["system"]["client"]> { return this.hosted.system.client("host"); }
  /** The operations of an open node. */
  node(handle: number): FilesystemClient { return new FilesystemClient(this.host, handle); }

  /** Stop without a word to the services, and start again on the same disk. */
  remount(): this {
    this.close();
    this.boot();
    return this;
  }

  close(): void { this.hosted.system.close(); }

  check(): { problems: number; text: string; files: number; directories: number; leakedBlocks: number } {
    this.client.check({ summary: { address: this.summary, length: 128 }, report: { address: this.report, length: 16384 } });
    const { problems, files, directories, leakedBlocks, reportBytes } = readCheckReport(this.host.view, this.summary);
    const text = Buffer.from(this.host.bytes.subarray(this.report, this.report + reportBytes)).toString();
    return { problems: Number(problems), text, files: Number(files), directories: Number(directories), leakedBlocks: Number(leakedBlocks) };
  }

  private boot(): void {
    this.hosted = bootServices(this.disk, this.options);
    this.summary = this.host.reserve(128);
    this.report = this.host.reserve(16384);
  }
}

/** Numbers that are the same every time (xorshift32). */
export class Random {
  constructor(private state: number) {}
  next(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }
  below(limit: number): number { return this.next() % limit; }
  pick<T>(items: readonly T[]): T { return items[this.below(items.length)]!; }
  bytes(length: number): Uint8Array {
    const words = new Uint32Array((length + 3) >> 2);
    for (let index = 0; index < words.length; index++) words[index] = this.next();
    return new Uint8Array(words.buffer, 0, length);
  }
}
