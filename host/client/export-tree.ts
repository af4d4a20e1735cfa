// Export: a file or directory of an image onto the host, with mode, owner (as root), group and modification time.
// An image may be hostile. Stays true: nothing is written outside the target directory. Names are single plain components (FileTree sees to it); a directory is gone
// into only if it is a real directory, never a link; files are made new beside and renamed, so no link that lies there is written through.
import { chmodSync, chownSync, closeSync, constants, fchmodSync, fchownSync, futimesSync, lchownSync, lstatSync, lutimesSync, mkdirSync, openSync, renameSync, symlinkSync, unlinkSync, utimesSync,
  writeSync } from "node:fs";
import { OpenFlag } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { CommandError, hostReason, statusOf } from "./errors.ts";
import { type Attributes, FileKind, type FileTree } from "./file-tree.ts";
import { TransferError, type TransferCounts, type TransferObserver } from "./import-tree.ts";
import type { Path } from "./path.ts";
import { walkTree } from "./tree-walk.ts";

const slash = Buffer.from("/");
const isRoot = process.getuid?.() === 0;

export class TreeExporter {
  readonly counts: TransferCounts = { files: 0, directories: 0, symlinks: 0, bytes: 0, warnings: 0 };
  /** Files and links that were left out because what is stored of them is damaged. */
  damagedCount = 0;
  private temporaryCount = 0;

  constructor(private readonly tree: FileTree, private readonly observer: TransferObserver) {}

  /** `hostPath` is what the image's file or directory becomes. */
  export(path: Path, attributes: Attributes, hostPath: string): TransferCounts {
    const target = Buffer.from(hostPath);
    for (const visit of walkTree(this.tree, path, attributes, (directory, error) => this.skips(error, this.hostOf(target, path, directory), "a part of this directory in the image is damaged; what it held is left out"))) {
      const host = this.hostOf(target, path, visit.path);
      if (visit.leaving) this.finishDirectory(host, visit.attributes);
      else if (visit.attributes.kind === FileKind.directory) this.directory(host, visit.path.length === path.length);
      else this.leaf(visit.path, host, visit.attributes);
      this.observer.progress(this.counts);
    }
    return this.counts;
  }

  private leaf(path: Path, host: Buffer, attributes: Attributes): void {
    try {
      if (attributes.kind === FileKind.symlink) this.symlink(path, host, attributes);
      else this.file(path, host, attributes);
    } catch (error) {
      if (!(error instanceof TransferError) || !this.skips(error.cause, host, "its content in the image is damaged; left out")) throw error;
    }
  }

  /** Damage to one file is told, and the others go on: whoever exports from a damaged image wants what there still is. */
  private skips(error: unknown, host: Buffer, reason: string): boolean {
    if (statusOf(error) !== Status.Corrupted) return false;
    this.damagedCount++;
    this.warn(host, reason);
    return true;
  }

  /** The path below the target. Its names are plain (FileTree refuses others), and its parents have been checked by `directory`. */
  private hostOf(target: Buffer, path: Path, visited: Path): Buffer {
    const below = visited.subarray(path.length);
    if (below.length === 0) return target;
    const relative = below[0] === 0x2f ? below.subarray(1) : below;
    return Buffer.concat([target, slash, relative]);
  }

  /** Only the target itself, which a person named, may be a link to a directory. */
  private directory(host: Buffer, isTarget: boolean): void {
    try {
      mkdirSync(host, 0o700);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw new CommandError(`${host.toString()}: ${hostReason(error)}`);
      if (!isTarget && !lstatSync(host).isDirectory()) throw new CommandError(`${host.toString()}: there is something else than a directory here; move it away or export elsewhere`);
    }
    this.counts.directories++;
  }

  private finishDirectory(host: Buffer, attributes: Attributes): void {
    if (isRoot) chownSync(host, attributes.owner, attributes.group);
    chmodSync(host, attributes.mode & 0o7777);
    const time = secondsOf(attributes);
    utimesSync(host, time, time);
  }

  private symlink(path: Path, host: Buffer, attributes: Attributes): void {
    const target = Buffer.from(this.about(path, () => this.tree.readLink(path)));
    if (target.length === 0 || target.includes(0)) {
      this.warn(host, "the target of the symbolic link is empty or holds a zero byte; left out");
      return;
    }
    this.replace(host, (temporary) => symlinkSync(target, temporary));
    if (isRoot) lchownSync(host, attributes.owner, attributes.group);
    const time = secondsOf(attributes);
    lutimesSync(host, time, time);
    this.counts.symlinks++;
  }

  private file(path: Path, host: Buffer, attributes: Attributes): void {
    this.replace(host, (temporary) => {
      const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      try {
        this.content(path, file);
        if (isRoot) fchownSync(file, attributes.owner, attributes.group);
        fchmodSync(file, attributes.mode & (isRoot ? 0o7777 : 0o777)); // set-id bits only with their owner
        const time = secondsOf(attributes);
        futimesSync(file, time, time);
      } finally {
        closeSync(file);
      }
    });
    this.counts.files++;
  }

  private content(path: Path, file: number): void {
    const node = this.about(path, () => this.tree.open(path, OpenFlag.read));
    try {
      let offset = 0;
      for (;;) {
        const count = this.about(path, () => this.tree.readInto(node, offset));
        if (count === 0) return;
        for (let done = 0; done < count;) done += writeSync(file, this.tree.buffer, done, count - done);
        offset += count;
        this.counts.bytes += count;
        this.observer.progress(this.counts);
      }
    } finally {
      this.tree.close(node);
    }
  }

  /** Makes something under a name beside, then renames it over the old one. */
  private replace(host: Buffer, make: (temporary: Buffer) => void): void {
    const temporary = Buffer.concat([host.subarray(0, host.lastIndexOf("/") + 1), Buffer.from(`.axiomfs-export-${process.pid}-${this.temporaryCount++}`)]);
    try {
      make(temporary);
      renameSync(temporary, host);
    } catch (error) {
      try {
        unlinkSync(temporary);
      } catch { /* it was never made */ }
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw new CommandError(`${host.toString()}: ${hostReason(error)}`);
    }
  }

  private about<T>(path: Path, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError(path, error);
    }
  }

  private warn(host: Buffer, reason: string): void {
    this.counts.warnings++;
    this.observer.warn(host.toString(), reason);
  }
}

/** Node takes seconds as a floating number: good to about a microsecond in this century. */
const secondsOf = (attributes: Attributes): number => Number(attributes.modifiedNanoseconds) / 1e9;
