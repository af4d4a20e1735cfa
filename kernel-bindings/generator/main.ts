// Writes every generated file from the schema and the manifest; `--check` writes nothing and fails when one is not fresh.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { interfaces } from "../schema/index.ts";
import { assemblyText, statusText } from "./assembly.ts";
import { capabilitiesText } from "./capabilities.ts";
import { hostText, tablesText } from "./host.ts";
import { checkSchema } from "./layout.ts";
import { referenceText } from "./reference.ts";
import { rustText } from "./rust.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Path below the project → text, of every generated file. */
export function generate(): Map<string, string> {
  checkSchema(interfaces);
  const { domains } = JSON.parse(readFileSync(join(root, "services/system.json"), "utf8"));
  const files = new Map<string, string>();
  for (const face of interfaces) {
    files.set(`kernel-bindings/generated/assembly/${face.name}.ts`, assemblyText(face));
    files.set(`kernel-bindings/generated/host/${face.name}.ts`, hostText(face));
    files.set(`docs/interfaces/${face.name}.md`, referenceText(face));
  }
  files.set("kernel-bindings/generated/assembly/status.ts", statusText());
  files.set("kernel-bindings/generated/assembly/capabilities.ts", capabilitiesText(domains, true));
  files.set("kernel-bindings/generated/host/capabilities.ts", capabilitiesText(domains, false));
  files.set("kernel-bindings/generated/host/tables.ts", tablesText(interfaces));
  files.set("kernel/portable/src/generated.rs", rustText());
  return files;
}

/** Paths whose text on the disk is not what the schema says. */
export function stale(): string[] {
  return [...generate()].filter(([path, text]) => {
    try { return readFileSync(join(root, path), "utf8") !== text; } catch { return true; }
  }).map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    const paths = stale();
    if (paths.length) {
      console.error(`not fresh: ${paths.join(", ")}; run npm run generate`);
      process.exit(1);
    }
  } else {
    for (const path of stale()) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), generate().get(path)!);
      console.log(`wrote ${path}`);
    }
  }
}
