// import and export: whole trees between the host and an image.
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { basename, join as joinHost } from "node:path";
import { CommandError, Exit, hostReason } from "../../client/errors.ts";
import { TreeExporter } from "../../client/export-tree.ts";
import { FileKind, type FileTree } from "../../client/file-tree.ts";
import type { Image } from "../../client/image.ts";
import { type TransferCounts, type TransferObserver, TreeImporter } from "../../client/import-tree.ts";
import { child, fromArgument, fromText, type Path, split } from "../../client/path.ts";
import { resolve, resolveExisting } from "../../client/resolve.ts";
import { showSize } from "../format.ts";
import { printJson, tell } from "../output.ts";
import { Progress } from "../progress.ts";
import { type CommonOptions, setExitStatus, withImage } from "../session.ts";

export function importTree(imagePath: string, hostPath: string, typed: string | undefined, options: CommonOptions): void {
  const text = typed === undefined ? null : fromArgument(typed);
  const isDirectory = hostKind(hostPath);
  withImage("import", imagePath, { ...options, about: typed ?? "/", changes: true }, (image) => {
    const target = importTarget(image.tree, text, isDirectory, hostPath);
    const progress = new Progress("importing", process.stderr.isTTY ? countEntries(hostPath) : 0, "entries");
    const importer = new TreeImporter(image.tree, observer(progress, "import"));
    try {
      importer.import(hostPath, target);
    } catch (error) {
      progress.stop();
      tellStopped("import", importer.counts);
      throw error;
    }
    finish("imported", importer.counts, progress, options);
  });
}

/** True for a directory. */
function hostKind(hostPath: string): boolean {
  try {
    return statSync(hostPath).isDirectory();
  } catch (error) {
    throw new CommandError(`${hostPath}: cannot be imported: ${hostReason(error)}`);
  }
}

/** A directory's contents go into PATH; a file becomes PATH, or goes into it if it is a directory. */
function importTarget(tree: FileTree, text: Path | null, isDirectory: boolean, hostPath: string): Path {
  const found = resolve(tree, text ?? new Uint8Array(0), true);
  if (isDirectory || found.attributes?.kind !== FileKind.directory) return found.path;
  return child(found.path, fromText(basename(hostPath)));
}

export function exportTree(imagePath: string, typed: string, hostPath: string, options: CommonOptions): void {
  const text = fromArgument(typed);
  withImage("export", imagePath, { ...options, about: typed }, (image) => {
    const { path, attributes } = resolveExisting(image.tree, text, true);
    const intoDirectory = attributes.kind !== FileKind.directory && existsSync(hostPath) && statSync(hostPath).isDirectory();
    const target = intoDirectory ? joinHost(hostPath, Buffer.from(split(path).name).toString()) : hostPath;
    const progress = new Progress("exporting", exportTotal(image, path), "entries");
    const exporter = new TreeExporter(image.tree, observer(progress, "export"));
    try {
      exporter.export(path, attributes, target);
    } catch (error) {
      progress.stop();
      tellStopped("export", exporter.counts);
      throw error;
    }
    finish("exported", exporter.counts, progress, options);
    if (exporter.damagedCount > 0) setExitStatus(Exit.damage);
  });
}

/** Only the whole tree's number of entries is known without looking. */
function exportTotal(image: Image, path: Path): number {
  if (path.length > 0) return 0;
  const { files, directories } = image.tree.statistics();
  return Number(files + directories);
}

function countEntries(hostPath: string): number {
  if (!lstatSync(hostPath).isDirectory()) return 1;
  try {
    return readdirSync(hostPath, { recursive: true }).length + 1;
  } catch {
    return 0; // the import itself says what cannot be read
  }
}

function observer(progress: Progress, name: string): TransferObserver {
  return {
    progress: (counts) => progress.update(counts.files + counts.directories + counts.symlinks, showSize(BigInt(counts.bytes))),
    warn: (path, reason) => tell(`axiomfs ${name}: ${path}: ${reason}`),
  };
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

function summary(counts: TransferCounts): string {
  const links = counts.symlinks === 0 ? "" : `, ${plural(counts.symlinks, "symbolic link", "symbolic links")}`;
  return `${plural(counts.files, "file", "files")}, ${plural(counts.directories, "directory", "directories")}${links}, ${showSize(BigInt(counts.bytes))}`;
}

function tellStopped(name: string, counts: TransferCounts): void {
  if (counts.files + counts.directories + counts.symlinks > 0) tell(`axiomfs ${name}: stopped after ${summary(counts)}`);
}

/** Things left out make the command fail, for what is there now is not all that was asked for. */
function finish(verb: string, counts: TransferCounts, progress: Progress, options: CommonOptions): void {
  progress.stop();
  if (options.json === true) printJson(counts);
  else tell(`${verb} ${summary(counts)}${counts.warnings > 0 ? `; ${counts.warnings} left out` : ""}`);
  if (counts.warnings > 0) setExitStatus(1);
}
