// Every command of the command line on a real image: what it prints, its exit status, and that the shell prints the same.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { describeFailure } from "../../host/cli/failure.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { axiomfs, output, start } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-cli-"));
after(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const image = at("disk.img");
/** A copy of the image with the sample tree, for a test that changes it. */
function copy(name: string): string {
  copyFileSync(image, at(name));
  return at(name);
}
const time = 1_700_000_000;

before(() => {
  mkdirSync(at("tree/sub"), { recursive: true });
  writeFileSync(at("tree/hello"), "hello\n", { mode: 0o640 });
  writeFileSync(at("tree/sub/odd name\n"), "odd");
  writeFileSync(at("tree/sub/large"), Buffer.alloc(300_000, "abc"));
  symlinkSync("../hello", at("tree/sub/link"));
  for (const path of ["tree/hello", "tree/sub/odd name\n", "tree/sub/large", "tree/sub", "tree"]) utimesSync(at(path), time, time);
  output("mkfs", image, "--size", "64M");
  output("import", image, at("tree"));
});

const owner = `${String(process.getuid!()).padStart(5)} ${String(process.getgid!()).padStart(5)}`;
const commands: Array<[string[], string]> = [
  [["ls", "/"], "hello\nsub\n"],
  [["ls", "-R", "/"], "/:\nhello\nsub\n\n/sub:\nlarge\nlink\nodd name\\n\n"],
  [["ls", "-l", "/hello"], `-rw-r----- ${owner}            6 2023-11-14 22:13:20 /hello\n`],
  [["cat", "/hello", "/sub/link"], "hello\nhello\n"],
  [["snapshot", "list"], ""],
];

test("commands print what is documented, and the shell prints the same", () => {
  for (const [[command, ...rest], expected] of commands) {
    const words = command === "snapshot" ? [rest[0]!, image, ...rest.slice(1)] : [image, ...rest];
    assert.deepEqual(axiomfs([command!, ...words]), { status: 0, stdout: expected, stderr: "" });
    assert.equal(output("boot", image, "--hosted", "--run", [command, ...rest].join(" ")), expected);
  }
});

test("ls -l, stat, hash, df, snapshot list and diff: the same bytes from the command line and from the shell", async () => {
  const blake3 = await loadBlake3();
  const disk = copy("same.img");
  output("snapshot", "create", disk, "one");
  axiomfs(["put", disk, "/sub/new"], "new\n");
  output("mv", disk, "/hello", "/renamed");
  output("rm", disk, "/sub/link");
  axiomfs(["put", disk, "/sub/large"], "small now");
  output("snapshot", "create", disk, "two");
  const shell = (commandLine: string): string => output("boot", disk, "--hosted", "--run", commandLine);
  assert.equal(output("ls", disk, "-l", "-R", "/"), shell("ls -l -R /"));
  assert.equal(output("stat", disk, "/", "/renamed", "/sub/new"), shell("stat / /renamed sub/new"));
  assert.equal(output("hash", disk, "-R", "/"), shell("hash -R /"));
  assert.equal(output("snapshot", "list", disk), shell("snapshot list"));
  assert.equal(output("snapshot", "diff", disk, "one", "two"), shell("snapshot diff one two"));
  assert.equal(output("snapshot", "diff", disk, "one"), shell("snapshot diff one"));
  assert.equal(output("snapshot", "diff", disk, "one"), "R /hello -> /renamed\nM /sub/large\n- /sub/link\n+ /sub/new\n");
  assert.equal(output("df", disk).replace(/\d.*/g, "N"), shell("df").replace(/\d.*/g, "N"));
  assert.equal(output("hash", disk, "/sub/new"), `${blake3(Buffer.from("new\n"))}  /sub/new\n`);
  assert.ok(output("hash", disk, "-R", "/sub").split("\n").some((line) => line === `\\${blake3(Buffer.from("odd"))}  /sub/odd name\\n`));
  const tree = createHash("sha256").update(output("hash", disk, "-R", "/")).digest("hex");
  assert.match(output("snapshot", "rollback", disk, "one"), /^rolled back to one; what it replaced is kept as before-one-\d+\n$/);
  assert.equal(output("snapshot", "diff", disk, "one"), "");
  assert.match(shell("snapshot rollback two"), /^rolled back to two;/);
  assert.equal(createHash("sha256").update(output("hash", disk, "-R", "/")).digest("hex"), tree);
  assert.match(output("snapshot", "delete", disk, "one"), /^deleted one; \d+ blocks came free\n$/);
  assert.equal(axiomfs(["check", disk]).status, 0);
});

test("--json prints one object a line", () => {
  const lines = (...args: string[]): Array<Record<string, unknown>> => output(...args, "--json").trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines("ls", image, "/").map(({ path, kind }) => [path, kind]), [["/hello", "file"], ["/sub", "directory"]]);
  const [stat] = lines("stat", image, "/sub/link");
  assert.deepEqual([stat!.target, stat!.kind, stat!.mode, stat!.size], ["../hello", "symlink", "0777", 8]);
  assert.equal(lines("stat", image, "/hello")[0]!.modified, "2023-11-14T22:13:20.000000000Z");
  assert.equal(lines("hash", image, "/hello")[0]!.path, "/hello");
  assert.equal(lines("df", image)[0]!.files, 4);
  assert.deepEqual(lines("check", image)[0]!.problems, 0);
  assert.equal(lines("log", image, "--limit", "1")[0]!.type, "genesis");
});

test("log shows the entries with their paths", () => {
  const text = output("log", image);
  assert.match(text.split("\n")[0]!, /^ {7}0 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d genesis +version 1$/);
  for (const pattern of [/ create +\/sub\/large file 0644 inode \d+$/m, / setContent +\/hello 6 bytes [0-9a-f]{64}$/m, / setAttributes +\/sub .*modified 2023-11-14T22:13:20/m, / stateRoot +[0-9a-f]{64}$/m]) assert.match(text, pattern);
  assert.equal(output("log", image, "--from", "2", "--limit", "2").trim().split("\n").length, 2);
});

test("export gives back what was imported", () => {
  assert.equal(axiomfs(["export", image, "/", at("back")]).status, 0);
  assert.equal(readFileSync(at("back/hello"), "utf8"), "hello\n");
  assert.equal(statSync(at("back/hello")).mode & 0o777, 0o640);
  assert.equal(statSync(at("back/sub")).mtimeMs, time * 1000);
  assert.equal(axiomfs(["export", image, "/sub/link", at("one-file")]).status, 0);
  assert.equal(readFileSync(at("one-file"), "utf8"), "hello\n");
  mkdirSync(at("into"));
  assert.equal(axiomfs(["export", image, "/hello", at("into")]).status, 0);
  assert.equal(existsSync(at("into/hello")), true);
});

test("put replaces a file at once and keeps its mode; large input streams through", () => {
  const disk = copy("put.img");
  const data = Buffer.alloc(5_000_001, "0123456789abcdef\n");
  assert.deepEqual(axiomfs(["put", disk, "/hello"], data), { status: 0, stdout: "", stderr: "" });
  assert.equal(output("cat", disk, "/hello"), data.toString());
  assert.match(output("ls", "-l", disk, "/hello"), /^-rw-r-----/);
  assert.equal(output("ls", disk, "/"), "hello\nsub\n");
});

test("mkdir, mv and rm", () => {
  const disk = copy("tree.img");
  output("mkdir", disk, "/a", "/b");
  output("mkdir", "-p", disk, "/a/x/y", "/a/x");
  output("mv", disk, "/hello", "/b", "/a");
  assert.equal(output("ls", "-R", disk, "/a"), "/a:\nb\nhello\nx\n\n/a/b:\n\n/a/x:\ny\n\n/a/x/y:\n");
  output("rm", "-r", disk, "/a");
  assert.equal(output("ls", disk, "/"), "sub\n");
});

/** [arguments, exit status, pattern of the one line on standard error]. */
const failures: Array<[string[], number, RegExp]> = [
  [[], 2, /^Usage: axiomfs/],
  [["frob"], 2, /^axiomfs: unknown command 'frob'.*usage:.*\n$/],
  [["ls"], 2, /^axiomfs ls: missing required argument 'image'; usage: axiomfs ls .*\n$/],
  [["ls", image], 2, /missing required argument 'path'/],
  [["ls", "--frob", image, "/"], 2, /unknown option '--frob'/],
  [["snapshot", "create", image], 2, /^axiomfs snapshot create: missing required argument 'name'/],
  [["ls", image, "hello"], 2, /^axiomfs ls: hello: a path inside an image is absolute; did you mean \/hello \?\n$/],
  [["mkfs", at("none.img")], 2, /^axiomfs mkfs: .*none\.img: the image does not exist yet; say how large .*--size 1G\n$/],
  [["mkfs", at("none.img"), "--size", "lots"], 2, /lots: not a size; write for example 512M or 1G\n$/],
  [["mkfs", at("none.img"), "--size", "1M"], 2, /an image has 64\.0 MiB to 16\.0 TiB\n$/],
  [["mkfs", at("none.img"), "--size", "17T"], 2, /an image has 64\.0 MiB to 16\.0 TiB\n$/],
  [["grow", image, "--size", "65M", "--size", "17T"], 2, /an image has 64\.0 MiB to 16\.0 TiB\n$/],
  [["grow", at("none.img")], 1, /cannot open the image: no such file or directory/],
  [["mkfs", image], 1, /already holds an axiomfs file system; .*--force\n$/],
  [["mkfs", join(folder, "no/folder.img"), "--size", "64M"], 1, /cannot make the image: no such file or directory\n$/],
  [["ls", at("none.img"), "/"], 1, /^axiomfs ls: .*none\.img: cannot open the image: no such file or directory; make one with: axiomfs mkfs .*--size 1G\n$/],
  [["ls", folder, "/"], 1, /directory/],
  [["ls", image, "/none"], 1, /^axiomfs ls: \/none: no such file or directory; see what is there with ls\n$/],
  [["ls", image, "/hello/x"], 1, /\/hello\/x: a part of the path is not a directory\n$/],
  [["ls", image, `/${"x".repeat(300)}`], 1, /a name is longer than 255 bytes/],
  [["ls", image, `/${"x".repeat(5000)}`], 1, /a path longer than 4096\n$/],
  [["cat", image, "/sub"], 1, /\/sub: it is a directory/],
  [["hash", image, "/sub"], 1, /\/sub: it is a directory; for every file below it, add -R\n$/],
  [["rm", image, "/sub"], 1, /\/sub: it is a directory; to remove it with all that is in it, add -r\n$/],
  [["rm", "-r", image, "/"], 1, /the root directory cannot be removed or moved\n$/],
  [["mkdir", image, "/sub"], 1, /\/sub: it exists already\n$/],
  [["mkdir", image, "/none/new"], 1, /no such file or directory/],
  [["mv", image, "/sub", "/sub/inside"], 1, /cannot move into itself/],
  [["mv", image, "/hello", "/none/x"], 1, /\/none\/x: no such file or directory/],
  [["put", image, "/sub"], 1, /\/sub: it is a directory/],
  [["import", image, at("absent")], 1, /absent: cannot be imported: no such file or directory\n$/],
  [["export", image, "/none", at("x")], 1, /\/none: no such file or directory/],
  [["export", image, "/hello", at("no/folder/x")], 1, /no such file or directory\n$/],
  [["snapshot", "diff", image, "none"], 1, /^axiomfs snapshot diff: none: no such snapshot; see what there is with: axiomfs snapshot list .*\n$/],
  [["snapshot", "rollback", image, "none"], 1, /none: no such snapshot/],
  [["snapshot", "create", image, "a/b"], 1, /a name is empty, or holds/],
  [["log", image, "--from", "x"], 2, /--from x: a number of entries/],
  [["boot", at("none.img"), "--hosted"], 1, /cannot open the image/],
  [["boot", image, "--memory", "12"], 2, /--memory 12: megabytes, at least 512\n$/],
  [["boot", image, "--machine", "pc"], 2, /--machine pc: q35 or microvm\n$/],
  [["boot", image, "--hosted", "--iommu"], 2, /--iommu: there is none with --hosted, .*\n$/],
  [["boot", image, "--machine", "microvm", "--iommu"], 2, /--iommu: the machine microvm has none; .*\n$/],
  [["boot", image, "--accel", "magic"], 2, /--accel magic: tcg or kvm\n$/],
  [["ls", image, "/", "--trace", at("no/folder/trace")], 1, /cannot write the trace: no such file or directory\n$/],
];

test("each failure is one clear line with its exit status, and leaves the image as it was", () => {
  const bytes = createHash("sha256").update(output("hash", "-R", image, "/")).digest("hex");
  for (const [args, status, line] of failures) {
    const outcome = axiomfs(args);
    assert.match(outcome.stderr, line, args.join(" "));
    assert.equal(outcome.status, status, `${args.join(" ")}: ${outcome.stderr}`);
    if (args.length > 0) assert.equal(outcome.stderr.trimEnd().split("\n").length, 1, outcome.stderr);
    assert.equal(outcome.stdout, "", args.join(" "));
  }
  assert.equal(createHash("sha256").update(output("hash", "-R", image, "/")).digest("hex"), bytes);
  assert.equal(existsSync(at("none.img")), false);
});

test("grow makes an image larger with all that is in it, never smaller", () => {
  const grown = copy("grown.img"), listing = output("hash", "-R", grown, "/");
  const space = (): { size: number; free: number } => JSON.parse(output("df", grown, "--json")) as { size: number; free: number };
  const before = space();
  assert.match(axiomfs(["grow", grown]).stderr, /grown\.img: has all of its 64\.0 MiB already\n$/);
  assert.deepEqual(axiomfs(["grow", grown, "--size", "200M"]), { status: 0, stdout: "", stderr: `${grown}: grown from 64.0 MiB to 200.0 MiB\n` });
  assert.equal(statSync(grown).size, 200 << 20);
  const after = space();
  assert.equal(after.size, 200 << 20);
  // A second bitmap page in three copies, and a reserve of 1/64.
  assert.ok(after.free > before.free + (136 << 20) - (136 << 14) - (1 << 20), JSON.stringify([before, after]));
  assert.match(axiomfs(["grow", grown, "--size", "100M"]).stderr, /--size 100M: the image has 200\.0 MiB, and an image only grows\n$/);
  assert.equal(axiomfs(["grow", grown, "--size", "100M"]).status, 2);
  truncateSync(grown, 300 << 20);
  assert.equal((JSON.parse(output("grow", grown, "--json")) as { bytes: number }).bytes, 300 << 20, "all of the file");
  writeFileSync(at("big"), randomBytes(150 << 20));
  output("import", grown, at("big"));
  assert.equal(output("hash", "-R", grown, "/").split("\n").filter((line) => !line.endsWith("/big")).join("\n"), listing);
  assert.match(output("check", grown), /no problems\n$/);
});

test("grow and mkfs leave the file as large as it was when they refuse it: in use, cut short, not made", async () => {
  const held = copy("held.img"), short = copy("cut.img");
  const holder = start(["boot", held, "--hosted", "--run", "put /x"]); // waits for its standard input
  await new Promise((resolve) => holder.stdout!.once("data", resolve).once("close", resolve) && setTimeout(resolve, 1500));
  for (const args of [["grow", held, "--size", "100M"], ["mkfs", held, "--force", "--size", "100M"]]) assert.match(axiomfs(args).stderr, /the image is in use/);
  const ended = new Promise((resolve) => holder.once("close", resolve));
  holder.kill("SIGKILL");
  await ended;
  assert.equal(statSync(held).size, 64 << 20);
  truncateSync(short, 40 << 20);
  assert.deepEqual([axiomfs(["grow", short, "--size", "64M"]).status, statSync(short).size], [3, 40 << 20]);
  assert.equal(output("hash", "-R", held, "/"), output("hash", "-R", image, "/"));
});

test("grow says what to do when the map takes no more parts", () => {
  const grown = copy("often.img");
  for (let size = 200; size <= 1400; size += 200) output("grow", grown, "--size", `${size}M`);
  const { status, stderr } = axiomfs(["grow", grown, "--size", "1600M"]);
  assert.deepEqual([status, stderr.includes("seven times and takes no more; make a larger one with mkfs")], [1, true], stderr);
  assert.match(output("check", grown), /no problems\n$/);
});

test("an image too full to be grown is not told to grow", () => {
  const { line } = describeFailure(new StatusError(Status.NoSpace, "filesystem.checkpoint"), "disk.img", "disk.img");
  assert.equal(line, "disk.img: the image is full; growing needs a little room: free some with rm, again where rm itself stops");
});

test("damage: check says which block keeps an image from being mounted, and export goes past what is damaged", () => {
  const disk = copy("rotten.img"), content = readFileSync(disk);
  const file = content.indexOf(Buffer.alloc(4096, "abc")); // the content of /sub/large
  content[file + 5000]! ^= 1;
  writeFileSync(disk, content);
  const { status, stderr } = axiomfs(["export", disk, "/", at("saved")]);
  assert.equal(status, 3, stderr);
  assert.match(stderr, /^axiomfs export: .*saved\/sub\/large: its content in the image is damaged; left out\nexported 2 files, 2 directories, 1 symbolic link, 9 B; 1 left out\n$/);
  assert.equal(readFileSync(at("saved/hello"), "utf8"), "hello\n");
  assert.deepEqual([existsSync(at("saved/sub/odd name\n")), existsSync(at("saved/sub/large"))], [true, false]);
  for (let slot = 0; slot < 4; slot++) content[slot * 4096 * 4096 + 100]! ^= 1;
  writeFileSync(disk, content);
  assert.deepEqual(axiomfs(["check", disk]), { status: 3, stdout: "", stderr: `axiomfs check: ${disk}: nothing can be mounted: the superblock at block 0 is damaged; restore the image from a copy\n` });
});

test("damage to the record of the last command is told, not taken for the torn end of the log", () => {
  const disk = copy("sealed.img");
  assert.equal(axiomfs(["put", disk, "/unmistakable"], "acknowledged").status, 0);
  const content = readFileSync(disk);
  content[content.lastIndexOf("unmistakable")]! ^= 1;
  writeFileSync(disk, content);
  const { status, stderr } = axiomfs(["ls", disk, "/"]);
  assert.deepEqual([status, stderr], [3, `axiomfs ls: ${disk}: stored data does not match its hash; run: axiomfs check ${disk}\n`]);
  assert.match(axiomfs(["check", disk]).stderr, /the log record at block \d+ is damaged/);
});

test("one bad path does not stop the others", () => {
  assert.deepEqual(axiomfs(["cat", image, "/none", "/hello"]), { status: 1, stdout: "hello\n", stderr: "axiomfs cat: /none: no such file or directory; see what is there with ls\n" });
});

test("files that are no image, or only the beginning of one", () => {
  writeFileSync(at("empty.img"), "");
  assert.match(axiomfs(["ls", at("empty.img"), "/"]).stderr, /the file is empty; make an image of it with: axiomfs mkfs/);
  writeFileSync(at("words.img"), "a letter\n");
  for (const args of [["ls", at("words.img"), "/"], ["boot", at("words.img"), "--hosted"]]) assert.match(axiomfs(args).stderr, /the file has only 9 bytes, which is no disk image\n$/);
  writeFileSync(at("noise.img"), Buffer.alloc(1 << 20, "not an image"));
  const noise = readFileSync(at("noise.img"));
  const outcome = axiomfs(["ls", at("noise.img"), "/"]);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, /^axiomfs ls: .*noise\.img: this is not an axiomfs image; make it one with: axiomfs mkfs .*\n$/);
  assert.equal(readFileSync(at("noise.img")).equals(noise), true);
  const short = copy("short.img");
  for (const sizeMiB of [60, 20]) { // the second is shorter than any whole image may be
    truncateSync(short, sizeMiB << 20);
    const before = readFileSync(short);
    for (const args of [["ls", short, "/"], ["check", short], ["put", short, "/x"]]) {
      const { status, stderr } = axiomfs(args, "data");
      assert.equal(status, 3, stderr);
      assert.match(stderr, /the image is shorter than its superblock says; restore the whole file/);
    }
    assert.equal(readFileSync(short).equals(before), true);
  }
  const { status, stdout } = axiomfs(["boot", short, "--hosted", "--run", "ls"]);
  assert.deepEqual([status, stdout], [3, "ls: /: the image is shorter than its superblock says\n"]);
});

test("a full image: put leaves the old content and nothing beside, and space comes back", () => {
  const disk = copy("full.img");
  const { status, stderr } = axiomfs(["put", disk, "/hello"], randomBytes(80 << 20));
  assert.equal(status, 1);
  assert.match(stderr, /^axiomfs put: \/hello: the image is full; free some with rm and snapshot delete, or make it larger: axiomfs grow .*\n$/);
  assert.equal(output("cat", disk, "/hello"), "hello\n");
  writeFileSync(at("too-big"), randomBytes(80 << 20));
  assert.equal(axiomfs(["import", disk, at("too-big")]).status, 1);
  rmSync(at("too-big"));
  assert.equal(output("ls", disk, "/"), "hello\nsub\n", "nor does import leave the beginning of a file");
  assert.equal(axiomfs(["put", disk, "/fits"], Buffer.alloc(1 << 20, "x")).status, 0);
  assert.equal(axiomfs(["check", disk]).status, 0);
});

test("a second program is refused while an image is open, and the lock goes with its holder, however it ends", async () => {
  const disk = copy("locked.img");
  const holder = start(["boot", disk, "--hosted", "--run", "put /x"]); // waits for its standard input
  await new Promise((resolve) => holder.stdout!.once("data", resolve).once("close", resolve) && setTimeout(resolve, 1500));
  const { status, stderr } = axiomfs(["ls", disk, "/"]);
  assert.deepEqual([status, stderr], [1, `axiomfs ls: ${disk}: the image is in use by another axiomfs; wait until it ends, or end it\n`]);
  const ended = new Promise((resolve) => holder.once("close", resolve));
  holder.kill("SIGKILL");
  await ended;
  assert.equal(output("ls", disk, "/"), "hello\nsub\n");
});

test("boot --hosted: commands from standard input, status, and a clean end at SIGTERM", async () => {
  const disk = copy("boot.img");
  assert.deepEqual(axiomfs(["boot", disk, "--hosted"], "ls /\ncat none\nput /new text\ncat new"), { status: 1, stdout: "hello\nsub\ncat: none: no such file or directory\ntext\n", stderr: "" });
  assert.deepEqual(axiomfs(["boot", disk, "--hosted", "--run", "put /data; cat data"], "from\0input"), { status: 0, stdout: "from\0input", stderr: "" });
  assert.equal(axiomfs(["boot", disk, "--hosted", "--run", "frob"]).status, 2);
  const machine = start(["boot", disk, "--hosted"]);
  machine.stdin!.write("put /kept content\nls /sub\n");
  await new Promise((resolve) => machine.stdout!.once("data", resolve));
  const ended = new Promise((resolve) => machine.once("close", resolve));
  machine.kill("SIGTERM");
  assert.equal(await ended, 143);
  assert.equal(output("cat", disk, "/kept"), "content\n");
});

test("--trace records the messages of a command and of a hosted boot", () => {
  for (const args of [["ls", image, "/"], ["boot", image, "--hosted", "--run", "ls /"]]) {
    output(...args, "--trace", at("trace"));
    const text = output("trace", "show", at("trace"));
    assert.match(text, /^ +time µs +request +event \(hosted\)\n/);
    assert.match(text, /(host|shell) → filesystem {2}filesystem\.list/);
    assert.match(text, /block ← virtio-blk {2}block-device\.\w+ {2}Ok \d/);
  }
});

test("without QEMU or a kernel, boot says what to do", () => {
  const { status, stderr } = axiomfs(["boot", image, "--run", "ls"], "", { PATH: folder });
  assert.equal(status, 1);
  assert.match(stderr, /^axiomfs boot: qemu-system-x86_64: not found; install it with: sudo apt-get install .*--hosted\n$/);
});

test("a reader that goes away ends a command quietly", async () => {
  const child = start(["cat", image, "/sub/large", "/sub/large", "/sub/large"]);
  child.stdout!.destroy();
  let stderr = "";
  child.stderr!.on("data", (bytes: Buffer) => { stderr += bytes.toString(); });
  await new Promise((resolve) => child.once("close", resolve));
  assert.equal(stderr, "");
});
