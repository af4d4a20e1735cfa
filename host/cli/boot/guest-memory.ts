// Guest memory as a shared file, for the trace ring. The file is in memory (/dev/shm) where there is room, else in the folder for temporary files,
// and is removed as soon as the machine has ended, or at the latest when this program does.
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "../../client/errors.ts";

const megabyte = 1 << 20;
const ringBytes = 16 * megabyte;
/** Between the ring and the end of RAM: the bundle, which QEMU puts there, and its tables. */
const slackBytes = 8 * megabyte;

/** Up to here memory's address is its place in the file: both machines put what is beyond above 4 GiB, when there is more than they have room for below. */
const lowBytes = 2048 * megabyte;

export class GuestMemory {
  readonly path: string;
  readonly ringAddress: number;
  readonly ringBytes = ringBytes;
  private readonly folder: string;
  private readonly removeAtExit = (): void => this.remove();

  constructor(memoryMegabytes: number, bundleBytes: number) {
    const memoryBytes = memoryMegabytes * megabyte;
    const end = Math.min(memoryBytes, lowBytes) - bundleBytes - slackBytes;
    this.ringAddress = Math.floor((end - ringBytes) / (2 * megabyte)) * 2 * megabyte;
    if (this.ringAddress < 64 * megabyte) throw new CommandError(`--memory ${memoryMegabytes}: too little to record a trace; use 256 or more`);
    this.folder = mkdtempSync(join(roomyFolder(memoryBytes), "axiomfs-"));
    this.path = join(this.folder, "ram");
    process.on("exit", this.removeAtExit);
  }

  /** The word for the kernel's command line. */
  get word(): string {
    return `trace=${this.ringAddress.toString(16)},${ringBytes}`;
  }

  remove(): void {
    process.off("exit", this.removeAtExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function roomyFolder(neededBytes: number): string {
  for (const folder of ["/dev/shm", tmpdir()]) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      if (bavail * bsize > neededBytes) return folder;
    } catch { /* not there: the next */ }
  }
  throw new CommandError(`${tmpdir()}: no room for ${Math.round(neededBytes / megabyte)} MiB of guest memory, which --trace keeps in a file; free some, or give the machine less with --memory`);
}
