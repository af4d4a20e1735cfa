// The command line as a test runs it: a child process, its output and its exit status.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { projectPath } from "../../host/client/modules.ts";

export const program = join(projectPath, "bin/axiomfs.mjs");

export interface Outcome { status: number | null; stdout: string; stderr: string }

export function axiomfs(args: readonly string[], input?: string | Uint8Array, environment: Record<string, string> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input: input ?? "", env: { ...process.env, ...environment }, maxBuffer: 1 << 28, timeout: 120_000 });
  return { status, stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8") };
}

/** What a command printed; it must have ended with 0. */
export function output(...args: string[]): string {
  const { status, stdout, stderr } = axiomfs(args);
  if (status !== 0) throw new Error(`axiomfs ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

export function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}
