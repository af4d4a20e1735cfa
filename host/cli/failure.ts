// Failure: from any error to the one line that a person sees and the exit status. What failed, where, what to do next.
import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status, statusSentences } from "../../kernel-bindings/generated/host/tables.ts";
import { CommandError, Exit, exitStatusOf, hostReason } from "../client/errors.ts";
import { TransferError } from "../client/import-tree.ts";
import { showPath } from "./format.ts";

const fullBytes = 1 << 20;

export interface Failure { line: string; exitStatus: number }

/** What to do next about a status; `image` is the image's path. */
function advice(status: number, image: string, operation: string): string {
  switch (status) {
    case Status.NotFormatted: return `make it one with: axiomfs mkfs ${image} (this erases the file's content)`;
    case Status.AlreadyFormatted: return "to erase it all the same, add --force";
    case Status.UnsupportedVersion: return "open it with the newer axiomfs that made it";
    case Status.Corrupted: return `run: axiomfs check ${image}`;
    case Status.Truncated: return "restore the whole file; nothing in it was changed";
    case Status.NoSpace: return operation === "filesystem.checkpoint" ? "growing needs a little room: free some with rm, again where rm itself stops" : `free some with rm and snapshot delete, or make it larger: axiomfs grow ${image} --size SIZE`;
    case Status.NotEmpty: return "to remove all that is in it, use rm -r";
    case Status.IsDirectory: return "see what is in it with ls";
    case Status.NotFound: return "see what is there with ls";
    case Status.DeviceError: case Status.DeviceGone: return hostDiskIsFull(image) ? "the disk that holds the image file is full: make room there" : "check the disk that holds the image file";
    case Status.ReadOnly: return "make the image file writable";
    case Status.PeerRestarted: case Status.PeerDead: return `a service failed; what was synced is safe. Run: axiomfs check ${image}`;
    case Status.Lost: return hostDiskIsFull(image) ? "the disk that holds the image file is full: make room there, and make the changes again" : "the last changes must be made again";
    default: return "";
  }
}

/** A sparse image grows as it is written, so the disk below it may run out first. */
function hostDiskIsFull(image: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(resolve(image)));
    return bavail * bsize < fullBytes;
  } catch {
    return false;
  }
}

function sentence(where: string, status: number, image: string, operation: string): Failure {
  const next = advice(status, image, operation);
  return { line: `${where}: ${statusSentences[status] ?? `status ${status}`}${next === "" ? "" : `; ${next}`}`, exitStatus: exitStatusOf(status) };
}

/** `where` is what the command was about, unless the error knows better. */
export function describeFailure(error: unknown, image: string, where: string): Failure {
  if (error instanceof CommandError) return { line: error.message, exitStatus: error.exitStatus };
  if (error instanceof TransferError) return describeFailure(error.cause, image, showPath(error.path));
  if (error instanceof StatusError) return sentence(error.operation === "mount" ? image : where, error.status, image, error.operation);
  return { line: `${where}: ${hostReason(error)}`, exitStatus: Exit.failed };
}
