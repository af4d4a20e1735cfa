// snapshot create, list, diff, rollback and delete.
import { StatusError } from "../../../kernel-bindings/host/client-port.ts";
import { Status } from "../../../kernel-bindings/generated/host/tables.ts";
import { CommandError, Exit } from "../../client/errors.ts";
import type { Image } from "../../client/image.ts";
import { fromText, type Path } from "../../client/path.ts";
import type { TreeChange } from "../../client/snapshots.ts";
import { isoTime, kindName, showHash, showName, showPath, showTime } from "../format.ts";
import { pathJson, textJson } from "../json.ts";
import { print, printJson } from "../output.ts";
import { type CommonOptions, withImage } from "../session.ts";

const letters: Readonly<Record<TreeChange["change"], string>> = { added: "+", removed: "-", modified: "M", renamed: "R" };

function onSnapshot(action: string, imagePath: string, name: string, options: CommonOptions & { changes?: boolean }, work: (image: Image, name: Path) => void): void {
  withImage(`snapshot ${action}`, imagePath, { ...options, about: name }, (image) => {
    try {
      work(image, fromText(name));
    } catch (error) {
      throw missing(error, imagePath, name);
    }
  });
}

/** "No such file or directory" would be a strange thing to say of a snapshot. */
function missing(error: unknown, imagePath: string, name: string): unknown {
  if (!(error instanceof StatusError) || error.status !== Status.NotFound) return error;
  return new CommandError(`${name}: no such snapshot; see what there is with: axiomfs snapshot list ${imagePath}`);
}

export function createSnapshot(imagePath: string, name: string, options: CommonOptions): void {
  onSnapshot("create", imagePath, name, { ...options, changes: true }, (image, text) => {
    const height = image.snapshots.create(text);
    if (options.json === true) printJson({ ...textJson("name", text), height });
    else print(`created ${showName(text)} at height ${height}`);
  });
}

export function rollback(imagePath: string, name: string, options: CommonOptions): void {
  onSnapshot("rollback", imagePath, name, { ...options, changes: true }, (image, text) => {
    const { height, saved } = image.snapshots.rollback(text);
    if (options.json === true) printJson({ ...textJson("name", text), height, ...textJson("saved", saved) });
    else print(`rolled back to ${showName(text)}; what it replaced is kept as ${showName(saved)}`);
  });
}

export function deleteSnapshot(imagePath: string, name: string, options: CommonOptions): void {
  onSnapshot("delete", imagePath, name, { ...options, changes: true }, (image, text) => {
    const freedBlocks = image.snapshots.remove(text);
    if (options.json === true) printJson({ ...textJson("name", text), freedBlocks });
    else print(`deleted ${showName(text)}; ${freedBlocks} blocks came free`);
  });
}

export function listSnapshots(imagePath: string, options: CommonOptions): void {
  withImage("snapshot list", imagePath, options, (image) => {
    for (const { name, height, timeNanoseconds, tree } of image.snapshots.list()) {
      if (options.json === true) printJson({ ...textJson("name", name), height, time: isoTime(timeNanoseconds), tree: showHash(tree) });
      else print(`${showTime(timeNanoseconds)} ${height.toString().padStart(10)} ${showName(name)}`);
    }
  });
}

export function diffSnapshots(imagePath: string, from: string, to: string | undefined, options: CommonOptions): void {
  withImage("snapshot diff", imagePath, { ...options, about: from }, (image) => {
    if (to === "") throw new CommandError("the second snapshot's name is empty; leave it out to compare with the live tree", Exit.usage);
    const names = [...image.snapshots.list()].map(({ name }) => Buffer.from(name).toString());
    for (const name of [from, ...(to === undefined ? [] : [to])]) {
      if (!names.includes(name)) throw missing(new StatusError(Status.NotFound, "diff"), imagePath, name);
    }
    for (const change of image.snapshots.diff(fromText(from), to === undefined ? undefined : fromText(to))) printChange(change, options);
  });
}

function printChange({ change, kind, path, newPath }: TreeChange, options: CommonOptions): void {
  if (options.json === true) printJson({ change, kind: kindName(kind), ...pathJson(path), ...(newPath === null ? {} : pathJson(newPath, "newPath")) });
  else print(`${letters[change]} ${showPath(path)}${newPath === null ? "" : ` -> ${showPath(newPath)}`}`);
}
