// Refuses a wrong services/system.json when the system is built, with the line at fault: `services/system.json:12: domain "block": …`.
// The rules are those of both kernels (host/kernel/manifest.ts), which name the entry by its path; this file finds the path's line, and refuses what
// JSON.parse hides: a field that is given twice. Positions come from jsonc-parser, the parser of VS Code's own settings: it has no dependencies, is kept, and
// keeps the offset of every node, which JSON.parse does not.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { type Manifest, ManifestError, validateManifest } from "../host/kernel/manifest.ts";

export interface Problem { line: number; text: string }

const strictJson = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

/** What is wrong with the text of a manifest, first of all; null when both kernels would take it. `hasSource` says whether a module can be built. */
export function manifestProblem(text: string, hasSource: (module: string) => boolean): Problem | null {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, strictJson);
  const error = errors[0];
  if (error !== undefined) return { line: lineOf(text, error.offset), text: `not JSON: ${sentence(printParseErrorCode(error.error))}` };
  const repeated = repeatedField(root!);
  if (repeated !== null) return { line: lineOf(text, repeated.offset), text: `the field ${JSON.stringify(repeated.value)} is given twice` };
  try {
    const manifest = validateManifest(JSON.parse(text));
    return missingModule(text, root!, manifest, hasSource);
  } catch (failure) {
    if (!(failure instanceof ManifestError)) throw failure;
    return { line: lineOf(text, nodeAt(root!, segments(failure.path)).offset), text: failure.message.replace(/^system manifest: /, "") };
  }
}

function missingModule(text: string, root: Node, manifest: Manifest, hasSource: (module: string) => boolean): Problem | null {
  const index = manifest.domains.findIndex(({ module }) => module !== null && !hasSource(module));
  if (index < 0) return null;
  const { name, module } = manifest.domains[index]!;
  return { line: lineOf(text, nodeAt(root, ["domains", index, "module"]).offset), text: `domains[${index}] "${name}": there is no services/${module}/main.ts` };
}

/** `domains[3].capabilities[2].domain` as the words of a path. */
function segments(path: string): Array<string | number> {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => (name === undefined ? Number(index) : name));
}

/** The node at a path, or the nearest above it that exists: what is missing is missing there. A field stands where its name does. */
function nodeAt(root: Node, path: Array<string | number>): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return node.parent?.type === "property" ? node.parent : node;
  }
  return root;
}

/** The second of two fields of one object with the same name. */
function repeatedField(root: Node): Node | null {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const seen = new Set<unknown>();
    for (const child of node.children ?? []) {
      if (node.type === "object") {
        const name = child.children![0]!;
        if (seen.has(name.value)) return name;
        seen.add(name.value);
      }
      waiting.push(child);
    }
  }
  return null;
}

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

/** PropertyNameExpected → property name expected. */
const sentence = (code: string): string => code.replace(/(?<!^)([A-Z])/g, " $1").toLowerCase();

/** Throws an error that reads `services/system.json:LINE: …` if the manifest of the project below `root` is wrong. */
export function checkManifest(root: string, path = join(root, "services/system.json")): void {
  const problem = manifestProblem(readFileSync(path, "utf8"), (module) => existsSync(join(root, "services", module, "main.ts")));
  if (problem !== null) throw new Error(`${relative(root, path)}:${problem.line}: ${problem.text}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    checkManifest(fileURLToPath(new URL("..", import.meta.url)));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
