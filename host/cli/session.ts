// Session: how a command uses an image. Opens it, runs the command, makes what it did durable, closes it, and turns every error into one line
// on standard error and an exit status. Stays true: a command that fails leaves the image as it was, or as far as it says it came.
import { closeSync, openSync, writeSync } from "node:fs";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { CommandError, Exit, hostReason } from "../client/errors.ts";
import { Image } from "../client/image.ts";
import { describeFailure } from "./failure.ts";
import { flush, tell } from "./output.ts";
import { warningsOf } from "./warnings.ts";

export interface CommonOptions { json?: boolean; trace?: string }

interface SessionOptions extends CommonOptions {
  /** What the command is about, for messages; the image when absent. */
  about?: string;
  changes?: boolean;
  allowUnmounted?: boolean;
}

/** Runs `work` on the open image; sets the exit status of the process. */
export function withImage(name: string, imagePath: string, options: SessionOptions, work: (image: Image) => void): void {
  let image: Image | null = null;
  let traceFile: number | null = null;
  try {
    if (options.trace !== undefined) traceFile = openTrace(options.trace);
    const file = traceFile;
    image = Image.open(imagePath, {
      allowUnmounted: options.allowUnmounted,
      trace: file === null ? undefined : (bytes) => writeWhole(file, bytes),
      log: (line) => tell(`axiomfs: ${line}`),
    });
    if (image.filesystem.describe().mountStatus === 0) for (const warning of warningsOf(image.block.describe().flags)) tell(`axiomfs: ${imagePath}: ${warning}`);
    work(image);
    if (options.changes === true) durably(image, imagePath);
  } catch (error) {
    report(name, error, imagePath, options.about);
    if (image !== null && options.changes === true) settle(image);
  } finally {
    image?.close();
    if (traceFile !== null) closeSync(traceFile);
  }
  flush();
}

/** One line of what failed; the highest exit status stays. */
export function report(name: string, error: unknown, imagePath: string, about: string = imagePath): void {
  flush();
  const { line, exitStatus } = describeFailure(error, imagePath, about);
  tell(`axiomfs ${name}: ${line}`);
  setExitStatus(exitStatus);
}

export function setExitStatus(status: number): void {
  process.exitCode = Math.max(Number(process.exitCode ?? 0), status);
}

/** A command's changes survive power loss once it has ended with status 0. The second `sync` has nothing to do, so it leaves a seal: without it damage to the last record would pass for a torn tail. */
function durably(image: Image, imagePath: string): void {
  try {
    image.sync();
    image.block.sync();
  } catch (error) {
    if (error instanceof StatusError && error.status === Status.NotDurable) throw new CommandError(`${imagePath}: the changes are made, but the file cannot be flushed, so they may not survive power loss`);
    throw error;
  }
}

/** A command that failed has cleaned up behind it (`put` its file beside); that too must last. Its failure has been told already. */
function settle(image: Image): void {
  try {
    image.sync();
  } catch { /* the image stays as its last sync left it */ }
}

function openTrace(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new CommandError(`${path}: cannot write the trace: ${hostReason(error)}`, Exit.failed);
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done);
}
