// Image lock: one program at a time may have an image open. The lock is flock(2) on the image's own open file, so it goes with
// the last descriptor, however a program ends; a child that inherits the descriptor (QEMU) keeps it too.
// Node has no flock: util-linux' `flock` takes it on the descriptor that it inherits from us, and the lock stays with ours.
// A QEMU that somebody started by hand has locks of another kind on it; /proc/locks shows those. Where there is no `flock`, a file IMAGE.lock with our process id stands in, and one whose process is gone is taken over.
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { CommandError, hostReason } from "./errors.ts";

const lockedStatus = 75;

export class ImageLock {
  private constructor(
    /** Open on the image while the lock is held. */
    readonly file: number,
    private readonly lockPath: string | null,
  ) {}

  /** Takes the lock or throws CommandError. The image must exist. */
  static take(path: string): ImageLock {
    const file = openImage(path);
    if (isLockedOtherwise(file)) {
      closeSync(file);
      throw new CommandError(`${path}: the image is in use, perhaps by QEMU; end that first`);
    }
    const { status, error } = spawnSync("flock", ["--exclusive", "--nonblock", "--conflict-exit-code", String(lockedStatus), "3"], { stdio: ["ignore", "ignore", "ignore", file] });
    if (error === undefined && status === 0) return new ImageLock(file, null);
    if (error === undefined && status === lockedStatus) {
      closeSync(file);
      throw inUse(path);
    }
    try {
      return new ImageLock(file, takeLockFile(path));
    } catch (failure) {
      closeSync(file);
      throw failure;
    }
  }

  release(): void {
    if (this.lockPath !== null) unlinkSync(this.lockPath);
    closeSync(this.file);
  }
}

function openImage(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const next = code === "ENOENT" ? `; make one with: axiomfs mkfs ${path} --size 1G` : code === "EACCES" || code === "EROFS" ? "; an image must be readable and writable" : "";
    throw new CommandError(`${path}: cannot open the image: ${hostReason(error)}${next}`);
  }
}

const inUse = (path: string): CommandError => new CommandError(`${path}: the image is in use by another axiomfs; wait until it ends, or end it`);

/** Open-file-description locks, which QEMU takes: "3: OFDLCK ADVISORY READ -1 fe:00:1234 100 101". Only Linux lists them. */
function isLockedOtherwise(file: number): boolean {
  try {
    const { ino } = fstatSync(file, { bigint: true });
    return readFileSync("/proc/locks", "utf8").split("\n").some((line) => line.includes("OFDLCK") && line.split(/\s+/).some((word) => /^[0-9a-f]+:[0-9a-f]+:\d+$/.test(word) && word.endsWith(`:${ino}`)));
  } catch {
    return false;
  }
}

function takeLockFile(path: string): string {
  const lockPath = `${path}.lock`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(lockPath, `${process.pid}\n`, { flag: "wx" });
      return lockPath;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw new CommandError(`${lockPath}: cannot lock the image: ${hostReason(error)}`);
    }
    if (isAlive(Number.parseInt(readFileSync(lockPath, "utf8"), 10))) throw inUse(path);
    unlinkSync(lockPath);
  }
  throw inUse(path);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
