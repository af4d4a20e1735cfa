// The shell module over a filesystem in memory: commands, messages, statuses, and replies that lie.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FileKind } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { FakeFilesystem } from "./fake-filesystem.ts";
import { readySignal, runShell, ShellMachine } from "./shell-machine.ts";

function sample(): FakeFilesystem {
  const filesystem = new FakeFilesystem();
  filesystem.add("a", FileKind.directory, 0o755);
  filesystem.add("a/one", FileKind.file, 0o644, "1\n");
  filesystem.add("a/two", FileKind.file, 0o600, "2\n");
  filesystem.add("a/sub", FileKind.directory, 0o755);
  filesystem.add("a/sub/deep", FileKind.file, 0o644, "deep\n");
  filesystem.add("a/up", FileKind.symlink, 0o777, "../b");
  filesystem.add("b", FileKind.file, 0o644, "bee");
  return filesystem;
}

const run = (commands: string, input?: string, filesystem = sample()): [string, number | null] => {
  const { output, status } = runShell(filesystem, commands, input);
  return [output, status];
};

test("ls prints names one a line, in order, also when the listing comes in pieces", () => {
  assert.deepEqual(run("ls"), ["a\nb\n", 0]);
  assert.deepEqual(run("ls /a"), ["one\nsub\ntwo\nup\n", 0]);
  assert.deepEqual(run("ls a/up b"), ["a/up\nb\n", 0]);
});

test("ls -R goes through everything below, ls -l shows attributes", () => {
  assert.deepEqual(run("ls -R /"), ["/:\na\nb\n\n/a:\none\nsub\ntwo\nup\n\n/a/sub:\ndeep\n", 0]);
  assert.deepEqual(run("ls -l /a"), [[
    "-rw-r--r--     0     0            2 2025-11-22 17:55:01 one", "drwxr-xr-x     0     0            1 2025-11-22 17:55:01 sub",
    "-rw-------     0     0            2 2025-11-22 17:55:01 two", "lrwxrwxrwx     0     0            4 2025-11-22 17:55:01 up -> ../b", ""].join("\n"), 0]);
});

test("a deep tree, deeper than the walk has listings, is met whole", () => {
  const filesystem = new FakeFilesystem();
  let path = "";
  for (let depth = 0; depth < 30; depth++) {
    path += `${path === "" ? "" : "/"}d${depth}`;
    filesystem.add(path, FileKind.directory, 0o755);
    for (const name of ["a", "z", "zz"]) filesystem.add(`${path}/${name}`, FileKind.file, 0o644, path);
  }
  const [output, status] = run("hash -R /", undefined, filesystem);
  assert.equal(status, 0);
  assert.equal(new Set(output.trim().split("\n").map((line) => line.slice(66))).size, 90);
  assert.deepEqual(run("rm -r d0; ls", undefined, filesystem), ["", 0]);
  assert.equal(filesystem.nodes.size, 1);
});

test("cat follows links; put writes, replaces and leaves nothing beside", () => {
  const filesystem = sample();
  assert.deepEqual(run("cat /a/up a/one", undefined, filesystem), ["bee1\n", 0]);
  assert.deepEqual(run("put /a/new some  'more  text'; cat a/new; put a/new x; cat a/new; put a/up through; cat b; ls -l b", undefined, filesystem),
    ["some more  text\nx\nthrough\n-rw-r--r--     0     0            8 2025-11-22 17:55:01 b\n", 0]);
  assert.deepEqual([...filesystem.nodes.keys()].filter((path) => path.includes("axiomfs")), []);
});

test("put without text takes the console up to its end, byte for byte", () => {
  const filesystem = sample();
  assert.deepEqual(run("put /data; cat /data; ls /a/sub", "line\r\n\0\x01tail", filesystem), ["line\r\n\0\x01taildeep\n", 0]);
  const large = "0123456789abcdef".repeat(20000);
  assert.deepEqual(run("put /large", large, filesystem), ["", 0]);
  assert.equal(filesystem.nodes.get("large")!.content.toString(), large);
});

test("a put that finds no more input writes an empty file", () => {
  assert.deepEqual(run("put x; put y; cat x; ls -l y", "content"), ["content-rw-r--r--     0     0            0 2025-11-22 17:55:01 y\n", 0]);
  const stream = sample();
  assert.deepEqual(run("read-commands", "put z", stream), ["", 0]);
  assert.equal(stream.nodes.get("z")!.content.length, 0);
});

test("mkdir, rm and mv", () => {
  assert.deepEqual(run("mkdir x /x/y; mkdir -p /p/q/r p/q; ls -R p; mv b a/one x; ls x; mv x/b x/c; ls x; rm x/c; rm -r /a; ls"), ["/p:\nq\n\n/p/q:\nr\n\n/p/q/r:\nb\none\ny\nc\none\ny\np\nx\n", 0]);
});

test("failures are one line each, name the command, the path as typed and the sentence, and set the status", () => {
  const cases: Array<[string, string, number]> = [
    ["cat nothing", "cat: nothing: no such file or directory\n", 1],
    ["cat /a", "cat: /a: it is a directory\n", 1],
    ["cat /b/c", "cat: /b/c: a part of the path is not a directory\n", 1],
    ["ls /b/", "ls: /b/: a part of the path is not a directory\n", 1],
    ["rm /a", "rm: /a: it is a directory\n", 1],
    ["rm /; rm -r /", "rm: /: the root directory cannot be removed or moved\n".repeat(2), 1],
    ["mv / a", "mv: /: the root directory cannot be removed or moved\n", 1],
    ["mkdir /a", "mkdir: /a: it exists already\n", 1],
    ["mkdir /q/r", "mkdir: /q/r: no such file or directory\n", 1],
    ["mkdir -p /b/r", "mkdir: /b/r: a part of the path is not a directory\n", 1],
    ["mv b none/x", "mv: none/x: no such file or directory\n", 1],
    ["mv none b", "mv: none: no such file or directory\n", 1],
    ["mv a/one a/two b", "mv: b: a part of the path is not a directory\n", 1],
    ["put / x", "put: /: it is a directory\n", 1],
    ["hash /a", "hash: /a: it is a directory\n", 1],
    ["frob", "frob: unknown command; help lists the commands\n", 2],
    ["ls -x", "ls: unknown option -x; usage: ls [-l] [-R] [PATH...]\n", 2],
    ["cat", "usage: cat PATH...\n", 2],
    ["cat 'a", "shell: a quote is not closed\n", 2],
    ["snapshot frob", "usage: snapshot create NAME | list | diff A [B] | rollback NAME | delete NAME\n", 2],
    [`cat /${"x".repeat(5000)}`, `cat: /${"x".repeat(5000)}: a name is longer than 255 bytes or a path longer than 4096\n`, 1],
    ["cat '\x1b[31m'", "cat: \\x1b[31m: no such file or directory\n", 1],
  ];
  for (const [commands, output, status] of cases) assert.deepEqual(run(commands), [output, status], commands);
});

test("the status is that of the last command that failed, and later commands still run", () => {
  assert.deepEqual(run("frob; cat nothing; ls /a/sub"), ["frob: unknown command; help lists the commands\ncat: nothing: no such file or directory\ndeep\n", 1]);
  assert.deepEqual(run("cat nothing; frob; ls /a/sub")[1], 2);
  assert.deepEqual(run("cat nothing; poweroff; ls")[1], 1);
});

test("damage is status 3, and a failed sync is told", () => {
  const filesystem = sample();
  filesystem.failures.set("read", Status.Corrupted);
  assert.deepEqual(run("cat b", undefined, filesystem), ["cat: b: stored data does not match its hash\n", 3]);
  filesystem.failures.set("sync", Status.Lost);
  assert.deepEqual(run("ls /a/sub", undefined, filesystem), ["deep\nsync: changes since the last sync were lost\n", 1]);
});

test("a put that cannot be written leaves the old file and nothing beside", () => {
  const filesystem = sample();
  filesystem.failures.set("write", Status.NoSpace);
  assert.deepEqual(run("put b new text; cat b", undefined, filesystem), ["put: /b: the image is full\nbee", 1]);
  filesystem.failures.set("write", Status.NoSpace);
  assert.deepEqual(run("put b; cat b", "x".repeat(200000), filesystem), ["put: /b: the image is full\nbee", 1]);
  filesystem.failures.set("rename", Status.NoSpace);
  assert.deepEqual(run("put b new; cat b", undefined, filesystem), ["put: /b: the image is full\nbee", 1]);
  assert.deepEqual([...filesystem.nodes.keys()].filter((path) => path.includes("axiomfs")), []);
});

test("listings that lie are refused", () => {
  for (const broken of ["long record", "no name", "short record"] as const) {
    const filesystem = sample();
    filesystem.broken = broken;
    assert.deepEqual(run("ls /a", undefined, filesystem), ["ls: /a: a message breaks the rules of its interface\n", 1], broken);
    assert.equal(run("hash -R /", undefined, filesystem)[1], 1);
    assert.equal(run("rm -r /a", undefined, filesystem)[1], 1);
  }
});

test("every node that is opened is closed", () => {
  const filesystem = sample();
  const machine = new ShellMachine(filesystem);
  machine.type("cat b a/one nothing\rls -R /\rput x y\rput / z\rhash -R /\r");
  machine.type("ls nothing\r"); // one more request, at which the fake drops its own copy of the last node
  assert.ok(filesystem.closedNodes > 10);
  assert.equal(filesystem.openCount, 0);
});

test("typing: prompt, echo, history, completion, ^C and ^D", () => {
  const machine = new ShellMachine(sample());
  assert.match(machine.console.output, /^axiomfs shell\..*\n1\.0 GiB image, .*\n.*axiomfs> $/s);
  assert.ok(machine.console.output.includes(readySignal));
  assert.equal(machine.type("ls /a/sub\r"), "ls /a/sub\ndeep\naxiomfs> ");
  assert.equal(machine.type("\x1b[A\r").endsWith("deep\naxiomfs> "), true);
  assert.equal(machine.type("ca\t/a/o\t\r"), "cat /a/one \n1\naxiomfs> ");
  assert.equal(machine.type("cat /a/\t\t\x15"), "cat /a/\x07".replace("\x07", "") + "\none  sub  two  up\n\r\x1b[Jaxiomfs> cat /a/\r\x1b[16C\r\x1b[Jaxiomfs> \r\x1b[9C");
  assert.equal(machine.type("frob\x03"), "frob^C\naxiomfs> ");
  assert.equal(machine.type("put c\r").endsWith("put c\n"), true);
  assert.equal(machine.type("hello\rworld\r\x04").endsWith("axiomfs> "), true);
  assert.equal(machine.filesystem.nodes.get("c")!.content.toString(), "hello\nworld\n");
  machine.type("put d\rgone\r\x03");
  assert.equal(machine.filesystem.nodes.has("d"), false);
  machine.type("cat nothing\r");
  machine.type("\x04");
  assert.equal(machine.status, 0, "an interactive shell ends with 0");
  assert.equal(machine.filesystem.syncs, 1);
});

test("commands from a stream run without prompt and echo, up to its end", () => {
  const machine = new ShellMachine(sample(), "read-commands");
  assert.equal(machine.console.output, readySignal);
  assert.equal(machine.type("ls /a/sub\nca"), "deep\n");
  assert.equal(machine.type("t b; put n 1\n\ncat n # and so on\n"), "bee1\n");
  assert.equal(machine.type("cat nothing\nls /a/sub"), "cat: nothing: no such file or directory\n");
  machine.end();
  assert.equal(machine.console.output.endsWith("deep\n"), true, "the last line needs no newline");
  assert.equal(machine.status, 1);
});

test("a stream ends at ^D too, and ^C gives up a script that waits for content", () => {
  const stream = new ShellMachine(sample(), "read-commands");
  stream.type("ls /a/sub\n\x04");
  assert.equal(stream.status, 0);
  const script = new ShellMachine(sample(), "put e; ls");
  script.type("abc");
  script.type("\x03");
  assert.equal(script.status, 1);
  assert.equal(script.filesystem.nodes.has("e"), false);
});

test("without a file system the shell says so and stays", () => {
  const filesystem = sample();
  filesystem.failures.set("describe", Status.NotFormatted);
  const machine = new ShellMachine(filesystem);
  assert.match(machine.console.output, /No file system is mounted: this is not an axiomfs image\.\n/);
  assert.equal(machine.status, null);
});
