// Disk images as files for tests, made by the command line a user has; each test gets a folder of its own that goes with it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../modules/build.ts";

export interface Outcome { status: number | null; stdout: string; stderr: string }

/** `axiomfs …` as a user types it. */
export function axiomfs(args: string[], input: string | Uint8Array = ""): Outcome {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(root, "bin/axiomfs.mjs"), ...args], { input, maxBuffer: 1 << 30, encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, stderr };
}
/** The same, and it must succeed. */
export function mustRun(args: string[], input: string | Uint8Array = ""): string {
  const { status, stdout, stderr } = axiomfs(args, input);
  if (status !== 0) throw new Error(`axiomfs ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Runs `use` with an empty folder, which is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "axiomfs-test-"));
  try { return await use(folder); } finally { rmSync(folder, { recursive: true, force: true }); }
}
