// Failures that a person can do something about: what failed, where, and what to do next, with the exit status of the command.
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";

/** Exit statuses of every command (docs/command-line.md). */
export const Exit = { done: 0, failed: 1, usage: 2, damage: 3 } as const;

/** Ends a command with one line on standard error. */
export class CommandError extends Error {
  constructor(message: string, readonly exitStatus: number = Exit.failed) {
    super(message);
    this.name = "CommandError";
  }
}

/** The status of a failed call, or 0 for any other failure. */
export function statusOf(error: unknown): number {
  return error instanceof StatusError ? error.status : 0;
}

/** What a failed system call of the host says, in words: ENOENT → "no such file or directory". */
export function hostReason(error: unknown): string {
  const failure = error as NodeJS.ErrnoException;
  if (typeof failure?.code !== "string") return error instanceof Error ? error.message : String(error);
  const match = /^[A-Z0-9_]+: ([^,]+),/.exec(failure.message);
  return match?.[1] ?? failure.message;
}

const damageStatuses: ReadonlySet<number> = new Set([Status.Corrupted, Status.Truncated]);

export function exitStatusOf(status: number): number {
  return damageStatuses.has(status) ? Exit.damage : Exit.failed;
}
