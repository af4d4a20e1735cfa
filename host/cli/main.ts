// The command line of axiomfs: names, arguments and options of every command; what each does is in commands/. docs/command-line.md is the description.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { Exit } from "../client/errors.ts";
import { projectPath } from "../client/modules.ts";
import { boot } from "./commands/boot-command.ts";
import { cat, put } from "./commands/content-commands.ts";
import { check, df, grow, mkfs } from "./commands/image-commands.ts";
import { list } from "./commands/list-command.ts";
import { log } from "./commands/log-command.ts";
import { hash, stat } from "./commands/report-commands.ts";
import { createSnapshot, deleteSnapshot, diffSnapshots, listSnapshots, rollback } from "./commands/snapshot-commands.ts";
import { showTrace } from "./commands/trace-command.ts";
import { exportTree, importTree } from "./commands/transfer-commands.ts";
import { makeDirectories, move, remove } from "./commands/tree-commands.ts";
import { flush } from "./output.ts";
import { report } from "./session.ts";

const version = (JSON.parse(readFileSync(join(projectPath, "package.json"), "utf8")) as { version: string }).version;
const program = new Command("axiomfs");

/** A command on an image: the options that all of these share. */
function imageCommand(parent: Command, name: string, summary: string): Command {
  return parent.command(name).summary(summary).description(summary)
    .option("--json", "print JSON, one object a line")
    .option("--trace <file>", "record every message between the services into a file (see: trace show)");
}

/** What a command throws becomes one line and an exit status. */
function run<Arguments extends unknown[]>(name: string, work: (...args: Arguments) => void | Promise<void>): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      await work(...args);
    } catch (error) {
      report(name, error, String(args[0]));
    }
  };
}

function imageCommands(): void {
  imageCommand(program, "mkfs", "make an empty file system").argument("<image>").option("--size <size>", "size of the image, 64M to 16T, such as 512M or 1G; an existing file keeps its own")
    .option("--force", "even if the image holds a file system, which is erased").action(run("mkfs", mkfs));
  imageCommand(program, "grow", "make an image larger, with all that is in it").argument("<image>").option("--size <size>", "its new size; the file is made as large. Without it the image takes all of its file")
    .action(run("grow", grow));
  imageCommand(program, "import", "copy a file or directory of the host into the image").argument("<image>").argument("<host-path>").argument("[path]", "where to, / if left out; a directory's contents go into it")
    .action(run("import", importTree));
  imageCommand(program, "export", "copy a file or directory out of the image").argument("<image>").argument("<path>").argument("<host-path>").action(run("export", exportTree));
  imageCommand(program, "df", "space and counts").argument("<image>").action(run("df", df));
  imageCommand(program, "log", "the entries of the Axiom log, decoded").argument("<image>").option("--from <height>", "begin at this entry").option("--limit <count>", "at most so many")
    .action(run("log", log));
  imageCommand(program, "check", "verify every byte: tree, contents, log, allocation; exit status 3 if damage is found").argument("<image>").action(run("check", check));
}

function fileCommands(): void {
  imageCommand(program, "ls", "names in a directory").argument("<image>").argument("<path>").option("-l, --long", "with mode, owner, group, size and time")
    .option("-R, --recursive", "and in all directories below").action(run("ls", list));
  imageCommand(program, "cat", "print files").argument("<image>").argument("<path...>").action(run("cat", cat));
  imageCommand(program, "put", "write standard input to a file, replacing it at once").argument("<image>").argument("<path>").action(run("put", put));
  imageCommand(program, "mkdir", "make directories").argument("<image>").argument("<path...>").option("-p, --parents", "with those above; existing ones are no error").action(run("mkdir", makeDirectories));
  imageCommand(program, "rm", "remove files").argument("<image>").argument("<path...>").option("-r, --recursive", "directories with all that is in them").action(run("rm", remove));
  imageCommand(program, "mv", "rename, or move into a directory").argument("<image>").argument("<source>").argument("<target...>", "further sources and the target")
    .action(run("mv", (image: string, source: string, rest: string[], options) => move(image, [source, ...rest], options)));
  imageCommand(program, "stat", "everything known about files, with the content hash").argument("<image>").argument("<path...>").action(run("stat", stat));
  imageCommand(program, "hash", "BLAKE3 of files, as b3sum prints it").argument("<image>").argument("<path...>").option("-R, --recursive", "of all files below a directory").action(run("hash", hash));
}

function snapshotCommands(): void {
  const snapshot = program.command("snapshot").summary("create, list, diff, rollback, delete").description("Snapshots: names for states of the whole tree.");
  imageCommand(snapshot, "create", "name the present state").argument("<image>").argument("<name>").action(run("snapshot create", createSnapshot));
  imageCommand(snapshot, "list", "times, heights and names").argument("<image>").action(run("snapshot list", listSnapshots));
  imageCommand(snapshot, "diff", "what changed from A to B: + added, - removed, M modified, R renamed").argument("<image>").argument("<a>").argument("[b]", "a name; the live tree if left out")
    .action(run("snapshot diff", diffSnapshots));
  imageCommand(snapshot, "rollback", "go back to a snapshot; what it replaces is kept as another").argument("<image>").argument("<name>").action(run("snapshot rollback", rollback));
  imageCommand(snapshot, "delete", "forget a snapshot and free its space").argument("<image>").argument("<name>").action(run("snapshot delete", deleteSnapshot));
}

const gather = (value: string, earlier: string[]): string[] => [...earlier, value];

function machineCommands(): void {
  program.command("boot").summary("boot the image and give the shell").argument("<image>")
    .description("Boot the image under the microkernel in QEMU, with the shell on this terminal. ^] ends the machine at once.")
    .option("--run <commands>", "run these commands, separated by ;, and power off; exits with their status")
    .option("--hosted", "on the hosted kernel in this process instead of QEMU")
    .option("--memory <megabytes>", "memory of the machine", "1024")
    .option("--machine <kind>", "q35, which has the disk on PCI, or microvm, which has it on virtio-mmio", "q35")
    .option("--accel <kind>", "tcg or kvm", "tcg")
    .option("--iommu", "with an IOMMU, which keeps the disk's DMA to its driver's memory and to what is lent to it")
    .option("--trace <file>", "record every message between the services into a file (see: trace show)")
    .option("--qemu-arg <argument>", "a further argument for QEMU; may be repeated", gather, [])
    .action(run("boot", boot));
  const trace = program.command("trace").summary("show a message trace").description("Message traces, recorded with --trace FILE.");
  trace.command("show").summary("print the messages of a trace, decoded and nested").description("Print the messages of a trace, decoded and nested by call depth.").argument("<file>")
    .option("--service <name>", "only messages from or to this service").option("--operation <name>", "only this operation, as lookup or block.commit")
    .option("--status <name>", "only replies with this status, as NotFound").option("--request <id>", "only messages of this request").option("--json", "print JSON, one object a line")
    .action(run("trace show", showTrace));
}

function configure(command: Command): void {
  command.exitOverride().showHelpAfterError(false).configureOutput({ writeErr: (text) => process.stderr.write(text), outputError: () => {} });
  for (const child of command.commands) configure(child);
}

/** commander's own complaints: one line, with the usage of the command it is about. */
function usageError(error: CommanderError | InvalidArgumentError): number {
  if (error.exitCode === 0) return Exit.done; // --help, --version
  if (error.code === "commander.help") return Exit.usage; // no command: the help has been printed
  const named = process.argv.slice(2).filter((word) => !word.startsWith("-"));
  const first = program.commands.find((command) => command.name() === named[0]);
  const command = first?.commands.find((child) => child.name() === named[1]) ?? first;
  const path = command === undefined ? "" : `${command.parent === program || command.parent === null ? "" : `${command.parent.name()} `}${command.name()} `;
  const text = error.message.replace(/^error: /, "").replace(/\n.*$/s, (more) => ` ${more.trim()}`);
  process.stderr.write(`axiomfs ${path === "" ? "" : `${path.trim()}`}: ${text}; usage: axiomfs ${path}${command?.usage() ?? "COMMAND …"}; more with --help\n`.replace("axiomfs :", "axiomfs:"));
  return Exit.usage;
}

imageCommands();
fileCommands();
snapshotCommands();
machineCommands();
program.description("A storage stack for a capability microkernel: every service a WebAssembly module, every byte verified.").version(version)
  .addHelpText("after", "\nIMAGE is a raw disk image; paths inside it are absolute. Exit status: 0 done, 1 failed, 2 wrong usage, 3 damage found.");
configure(program);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = usageError(error);
}
flush();
