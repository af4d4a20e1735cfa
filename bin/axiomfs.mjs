#!/usr/bin/env node
// Starts the command line, which is bundled into build/host/axiomfs.mjs by `npm run build`.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bundle = new URL("../build/host/axiomfs.mjs", import.meta.url);
if (existsSync(fileURLToPath(bundle))) {
  await import(bundle.href);
} else {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  process.stderr.write(`axiomfs: the command line is not built; run: npm --prefix ${folder} start, or: npm --prefix ${folder} run build\n`);
  process.exitCode = 1;
}
