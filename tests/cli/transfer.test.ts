// Import and export between a folder and a filesystem in memory; an image that lies must not write outside the target.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { TreeExporter } from "../../host/client/export-tree.ts";
import { FileTree } from "../../host/client/file-tree.ts";
import { TreeImporter } from "../../host/client/import-tree.ts";
import { loadManifest } from "../../host/client/modules.ts";
import { fromText } from "../../host/client/path.ts";
import { resolveExisting } from "../../host/client/resolve.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import type { TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { FileKind } from "../../kernel-bindings/generated/host/filesystem.ts";
import { FakeFilesystem } from "./fake-filesystem.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-transfer-"));
after(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
let warnings: string[] = [];
const observer = { progress: (): void => {}, warn: (path: string, reason: string): void => void warnings.push(`${path.replace(folder, "")}: ${reason}`) };
beforeEach(() => { warnings = []; });

function treeOver(filesystem: FakeFilesystem): FileTree {
  const nobody: TypeScriptDomain = {};
  const system = bootHosted({
    manifest: loadManifest(), modules: {}, only: [], log: () => {}, replace: { "virtio-blk": nobody, block: nobody, "content-store": nobody, axiom: nobody, filesystem, "snapshot-manager": nobody },
  });
  return new FileTree(system.client("host"));
}

function exportAll(filesystem: FakeFilesystem, target: string): void {
  const tree = treeOver(filesystem);
  const { path, attributes } = resolveExisting(tree, fromText("/"), true);
  new TreeExporter(tree, observer).export(path, attributes, target);
}

test("what is imported is exported the same: content, mode, time, links, odd names", () => {
  mkdirSync(at("in/sub/empty"), { recursive: true });
  const large = Buffer.alloc(3_000_000, "0123456789");
  writeFileSync(at("in/large"), large);
  writeFileSync(at("in/sub/tab\tand\nline"), "odd");
  writeFileSync(Buffer.concat([Buffer.from(`${at("in")}/`), Buffer.from([0xff, 0xfe])]), "bytes");
  symlinkSync("../large", at("in/sub/link"));
  symlinkSync("nowhere", at("in/dangling"));
  chmodSync(at("in/large"), 0o4711);
  chmodSync(at("in/sub"), 0o700);
  utimesSync(at("in/large"), 1e9, 1e9);
  execFileSync("mkfifo", [at("in/pipe")]);
  const filesystem = new FakeFilesystem();
  const counts = new TreeImporter(treeOver(filesystem), observer).import(at("in"), new Uint8Array(0));
  assert.deepEqual(counts, { files: 3, directories: 3, symlinks: 2, bytes: 3_000_008, warnings: 1 });
  assert.deepEqual(warnings, ["/in/pipe: only files, directories and symbolic links can be imported; left out"]);
  assert.equal(filesystem.openCount <= 1, true);
  exportAll(filesystem, at("out"));
  assert.equal(readFileSync(at("out/large")).equals(large), true);
  assert.equal(readFileSync(at("out/sub/tab\tand\nline"), "utf8"), "odd");
  assert.equal(readFileSync(Buffer.concat([Buffer.from(`${at("out")}/`), Buffer.from([0xff, 0xfe])]), "utf8"), "bytes");
  assert.equal(readlinkSync(at("out/sub/link")), "../large");
  assert.equal(readlinkSync(at("out/dangling")), "nowhere");
  assert.equal(lstatSync(at("out/large")).mode & 0o777, 0o711);
  assert.equal(lstatSync(at("out/sub")).mode & 0o777, 0o700);
  assert.equal(lstatSync(at("out/large")).mtimeMs, 1e12);
  assert.equal(existsSync(at("out/pipe")), false);
});

test("a second import goes over the first", () => {
  mkdirSync(at("again"));
  writeFileSync(at("again/file"), "first, and longer");
  const filesystem = new FakeFilesystem();
  const tree = treeOver(filesystem);
  new TreeImporter(tree, observer).import(at("again"), fromText("x"));
  writeFileSync(at("again/file"), "second");
  new TreeImporter(tree, observer).import(at("again"), fromText("x"));
  assert.equal(filesystem.nodes.get("x/file")!.content.toString(), "second");
});

test("names that lead out are refused, and nothing is written for them", () => {
  for (const name of ["..", ".", "a/b", "a\0b", "x".repeat(256)]) {
    const filesystem = new FakeFilesystem();
    filesystem.nodes.set(`good/${name}`, filesystem.add("unused", FileKind.file, 0o644, "evil"));
    filesystem.nodes.delete("unused");
    filesystem.add("good", FileKind.directory, 0o755);
    // The fake's own listing splits at slashes; this one hands the name out as it is.
    filesystem.names = (path) => (path === "good" ? [name] : path === "" ? ["good"] : []);
    const target = at(`names-${name.length}-${name.charCodeAt(0)}`);
    assert.throws(() => exportAll(filesystem, target), /breaks the rules/, JSON.stringify(name));
  }
});

test("a name with a slash does not lead through a link that was exported before it", () => {
  mkdirSync(at("beyond"));
  const filesystem = new FakeFilesystem();
  filesystem.add("a", FileKind.symlink, 0o777, at("beyond"));
  filesystem.add("plain", FileKind.file, 0o644, "evil");
  filesystem.names = () => ["a", "a/b"];
  filesystem.nodeOf = (path) => filesystem.nodes.get(path === "a/b" ? "plain" : path);
  assert.throws(() => exportAll(filesystem, at("slash")));
  assert.equal(existsSync(at("beyond/b")), false);
});

test("links that lie in the target are not written through", () => {
  mkdirSync(at("outside"));
  mkdirSync(at("trap"));
  writeFileSync(at("outside/victim"), "safe");
  symlinkSync(at("outside"), at("trap/directory"));
  symlinkSync(at("outside/victim"), at("trap/file"));
  const filesystem = new FakeFilesystem();
  filesystem.add("file", FileKind.file, 0o644, "new");
  exportAll(filesystem, at("trap"));
  assert.equal(readFileSync(at("outside/victim"), "utf8"), "safe");
  assert.equal(lstatSync(at("trap/file")).isFile(), true);
  filesystem.add("directory", FileKind.directory, 0o755);
  filesystem.add("directory/new", FileKind.file, 0o644, "new");
  assert.throws(() => exportAll(filesystem, at("trap")), /something else than a directory/);
  assert.equal(existsSync(at("outside/new")), false);
});

test("a link of the image and then a directory of the same name cannot be used to get out", () => {
  mkdirSync(at("elsewhere"));
  const filesystem = new FakeFilesystem();
  filesystem.add("d", FileKind.symlink, 0o777, at("elsewhere"));
  filesystem.add("e", FileKind.directory, 0o755);
  filesystem.add("e/payload", FileKind.file, 0o644, "evil");
  // The listing shows the link d, and then, under the same name, the directory e.
  filesystem.names = (path) => (path === "" ? ["d", "d"] : path === "d" ? ["payload"] : []);
  let shown = 0;
  filesystem.nodeOf = (path) => (path === "d" ? filesystem.nodes.get(shown++ === 0 ? "d" : "e") : path === "d/payload" ? filesystem.nodes.get("e/payload") : filesystem.nodes.get(path));
  assert.throws(() => exportAll(filesystem, at("twice")));
  assert.equal(existsSync(at("elsewhere/payload")), false);
});
