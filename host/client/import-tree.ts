// Import: a file or directory of the host into an image, with mode, owner, group and modification time; symbolic links stay links.
// Sockets, devices and pipes are passed over with a warning, and so is what cannot be read. Files stream through the one transfer buffer.
// Stays true: links on the host are never followed below the path that was named; directories get their times after their contents.
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync } from "node:fs";
import { OpenFlag } from "../../kernel-bindings/generated/host/filesystem.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { hostReason } from "./errors.ts";
import { FileKind, type FileTree, transferBytes } from "./file-tree.ts";
import { child, type Path } from "./path.ts";

export interface TransferCounts { files: number; directories: number; symlinks: number; bytes: number; warnings: number }
export interface TransferObserver {
  /** Called for each piece of content moved and each entry done. */
  progress(counts: TransferCounts): void;
  warn(hostPath: string, reason: string): void;
}

const hostPathOf = (path: Buffer): string => path.toString();
const slash = Buffer.from("/");

/** Which path of the image a failure of a service was about. */
export class TransferError extends Error {
  constructor(readonly path: Path, override readonly cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

export class TreeImporter {
  readonly counts: TransferCounts = { files: 0, directories: 0, symlinks: 0, bytes: 0, warnings: 0 };

  constructor(private readonly tree: FileTree, private readonly observer: TransferObserver) {}

  /** `target` is the path that the host's file or directory becomes. */
  import(hostPath: string, target: Path): TransferCounts {
    const root = Buffer.from(hostPath);
    const stats = statSync(root, { bigint: true }); // the path that was named may be a link
    this.enter(root, stats, target);
    return this.counts;
  }

  private enter(hostPath: Buffer, stats: BigIntStats, target: Path): void {
    if (!stats.isDirectory()) {
      this.entry(hostPath, stats, target);
      return;
    }
    const open = [this.level(hostPath, stats, target, this.directory(stats, target))];
    while (open.length > 0) {
      const here = open[open.length - 1]!;
      const name = here.names.pop();
      if (name === undefined) {
        open.pop();
        this.attributes(here.target, here.stats, !here.isNew);
        continue;
      }
      const below = Buffer.concat([here.hostPath, slash, name]);
      const inside = child(here.target, name);
      const found = this.lstat(below);
      if (found === null) continue;
      if (!found.isDirectory()) {
        this.entry(below, found, inside);
      } else {
        open.push(this.level(below, found, inside, this.directory(found, inside)));
      }
    }
  }

  /** A directory with the names that are still to do, the first one last. */
  private level(hostPath: Buffer, stats: BigIntStats, target: Path, isNew: boolean): { hostPath: Buffer; stats: BigIntStats; target: Path; names: Buffer[]; isNew: boolean } {
    let names: Buffer[] = [];
    try {
      names = readdirSync(hostPath, { encoding: "buffer" }).sort(Buffer.compare).reverse();
    } catch (error) {
      this.warn(hostPath, hostReason(error));
    }
    return { hostPath, stats, target, names, isNew };
  }

  private lstat(hostPath: Buffer): BigIntStats | null {
    try {
      return lstatSync(hostPath, { bigint: true });
    } catch (error) {
      this.warn(hostPath, hostReason(error));
      return null;
    }
  }

  /** True if it was made. */
  private directory(stats: BigIntStats, target: Path): boolean {
    let isNew = false;
    this.about(target, () => {
      const existing = this.tree.find(target);
      isNew = existing === null;
      if (existing === null) this.tree.makeDirectory(target, creationOf(stats));
      else if (existing.kind !== FileKind.directory) throw new StatusError(Status.NotDirectory, "import");
    });
    this.counts.directories++;
    this.observer.progress(this.counts);
    return isNew;
  }

  private entry(hostPath: Buffer, stats: BigIntStats, target: Path): void {
    if (stats.isFile()) this.file(hostPath, stats, target);
    else if (stats.isSymbolicLink()) this.symlink(hostPath, stats, target);
    else this.warn(hostPath, "only files, directories and symbolic links can be imported; left out");
    this.observer.progress(this.counts);
  }

  private symlink(hostPath: Buffer, stats: BigIntStats, target: Path): void {
    const text = readlinkSync(hostPath, { encoding: "buffer" });
    this.about(target, () => {
      const existing = this.tree.find(target);
      if (existing !== null && existing.kind === FileKind.directory) throw new StatusError(Status.IsDirectory, "import");
      if (existing !== null) this.tree.remove(target);
      this.tree.symlink(text, target, Number(stats.uid), Number(stats.gid));
      this.tree.setAttributes(target, { modifiedNanoseconds: nanosecondsOf(stats) });
    });
    this.counts.symlinks++;
  }

  private file(hostPath: Buffer, stats: BigIntStats, target: Path): void {
    let file: number;
    try {
      file = openSync(hostPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      // The path that was named may be a link to a file; below it O_NOFOLLOW guards against one that appeared just now.
      if ((error as NodeJS.ErrnoException).code !== "ELOOP" || this.counts.directories > 0) return this.warn(hostPath, hostReason(error));
      file = openSync(hostPath, constants.O_RDONLY);
    }
    try {
      this.about(target, () => this.content(file, hostPath, stats, target));
    } finally {
      closeSync(file);
    }
    this.counts.files++;
  }

  /** The beginning of a file would look like the whole of it. */
  private removePart(target: Path): void {
    try {
      this.tree.remove(target);
    } catch { /* the failure before this one is told */ }
  }

  private content(file: number, hostPath: Buffer, stats: BigIntStats, target: Path): void {
    const existing = this.tree.find(target);
    if (existing !== null && existing.kind === FileKind.symlink) this.tree.remove(target);
    const node = this.tree.open(target, OpenFlag.write | OpenFlag.create | OpenFlag.truncate, creationOf(stats));
    let isWhole = false;
    try {
      let offset = 0;
      for (;;) {
        const count = this.readHost(file, hostPath);
        if (count === 0) break;
        this.tree.writeFrom(node, offset, count);
        offset += count;
        this.counts.bytes += count;
        this.observer.progress(this.counts);
      }
      isWhole = true;
    } finally {
      this.tree.close(node);
      if (!isWhole && existing === null) this.removePart(target);
    }
    this.attributes(target, stats, existing !== null);
  }

  /** Fills the transfer buffer; 0 at the end. A file that cannot be read to its end is kept as far as it went, with a warning. */
  private readHost(file: number, hostPath: Buffer): number {
    try {
      return readSync(file, this.tree.buffer, 0, transferBytes, null);
    } catch (error) {
      this.warn(hostPath, `${hostReason(error)}; only a part was imported`);
      return 0;
    }
  }

  /** Times; and mode and owner too where the entry was there before. */
  private attributes(target: Path, stats: BigIntStats, all: boolean): void {
    const modifiedNanoseconds = nanosecondsOf(stats);
    this.about(target, () => this.tree.setAttributes(target, all ? { modifiedNanoseconds, ...creationOf(stats) } : { modifiedNanoseconds }));
  }

  private about(target: Path, work: () => void): void {
    try {
      work();
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError(target, error);
    }
  }

  private warn(hostPath: Buffer, reason: string): void {
    this.counts.warnings++;
    this.observer.warn(hostPathOf(hostPath), reason);
  }
}

const creationOf = (stats: BigIntStats): { mode: number; owner: number; group: number } => ({ mode: Number(stats.mode) & 0o7777, owner: Number(stats.uid), group: Number(stats.gid) });
/** Times before 1970 cannot be kept. */
const nanosecondsOf = (stats: BigIntStats): bigint => (stats.mtimeNs < 0n ? 0n : stats.mtimeNs);
