// Command runner: the name of a command to what it does. One place knows all of them.
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { callDescribe, DescribeReply } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { CommandContext, Exit } from "./command-context";
import { COMMAND_NAMES, HELP_TEXT } from "./command-names";
import { Words } from "./command-parser";
import { ContentCommands } from "./commands/content-commands";
import { ListCommand } from "./commands/list-command";
import { ReportCommands } from "./commands/report-commands";
import { ServiceCommands } from "./commands/service-commands";
import { SnapshotCommands } from "./commands/snapshot-commands";
import { TreeCommands } from "./commands/tree-commands";
import { writeName } from "./format";
import { RestartWatch } from "./restart-watch";
import { TreeWalk } from "./tree-walk";

/** What the shell must do after a command. */
export namespace After {
  export const next: u32 = 0;
  /** The command reads its content from the console. */
  export const readContent: u32 = 1;
  export const powerOff: u32 = 2;
  /** Commands come from the console without prompt and echo from now on. */
  export const readCommands: u32 = 3;
}

export class CommandRunner {
  readonly content: ContentCommands;
  private readonly list: ListCommand;
  private readonly tree: TreeCommands;
  private readonly report: ReportCommands;
  private readonly snapshots: SnapshotCommands;
  private readonly services: ServiceCommands;

  constructor(private readonly context: CommandContext, private readonly watch: RestartWatch) {
    const walk = new TreeWalk(context.tree);
    this.content = new ContentCommands(context);
    this.list = new ListCommand(context, walk);
    this.tree = new TreeCommands(context, walk);
    this.report = new ReportCommands(context, walk);
    this.snapshots = new SnapshotCommands(context);
    this.services = new ServiceCommands(context, watch.domains);
  }

  /** What restarted before the command or during it is said with it. */
  run(words: Words): u32 {
    const name = commandName(words);
    this.context.begin(name);
    this.watch.look();
    const after = this.runNamed(name, words);
    if (after != After.readContent) this.watch.look();
    return after;
  }

  private runNamed(name: string, words: Words): u32 {
    if (name == "") return this.unknown(words);
    if (name == "put") return this.content.put(words) ? After.readContent : After.next;
    if (name == "poweroff") return this.powerOff();
    if (name == "read-commands") return After.readCommands;
    if (name == "ls") this.list.run(words);
    else if (name == "cat") this.content.cat(words);
    else if (name == "mkdir") this.tree.makeDirectory(words);
    else if (name == "rm") this.tree.remove(words);
    else if (name == "mv") this.tree.move(words);
    else if (name == "stat") this.report.stat(words);
    else if (name == "hash") this.report.hash(words);
    else if (name == "df") this.report.df(words);
    else if (name == "snapshot") this.snapshots.run(words);
    else if (name == "services") this.services.services(words);
    else if (name == "kill") this.services.kill(words);
    else if (name == "sync") this.sync();
    else this.context.output.text(HELP_TEXT);
    return After.next;
  }

  /** Before the power goes: false if something would be lost. Where nothing is mounted nothing can be, unless something was. */
  lastSync(): bool {
    const context = this.context;
    context.begin("sync");
    this.watch.look();
    const status = mountStatus();
    if (status == Status.Ok) return this.sync();
    if (!context.tree.isUnsynced) return true;
    context.failPlain(status);
    this.watch.look();
    return false;
  }

  /** False if the filesystem could not promise it, or if what is safe now may not be all that was done. */
  sync(): bool {
    const context = this.context;
    const status = context.tree.sync();
    if (status != Status.Ok) {
      context.failPlain(status);
      return false;
    }
    if (!this.watch.mayHaveLost) return true;
    this.watch.mayHaveLost = false;
    context.failSentence("what is there now is safe; what was lost when a service restarted is not back");
    return false;
  }

  private powerOff(): u32 {
    this.lastSync();
    return After.powerOff;
  }

  private unknown(words: Words): u32 {
    writeName(this.context.output, words.address(0), words.length(0));
    this.context.output.text(": unknown command; help lists the commands\n");
    this.context.status = Exit.usage;
    return After.next;
  }
}

/** Ok, or why no file system is mounted. */
export function mountStatus(): u32 {
  const status = <u32>-callDescribe(ShellCapabilities.filesystem);
  return status == Status.Ok ? DescribeReply.mountStatus() : status;
}

/** The literal that the first word equals, so that messages need no copy of it; empty if there is none. */
function commandName(words: Words): string {
  for (let index = 0; index < COMMAND_NAMES.length; index++) {
    if (words.is(0, COMMAND_NAMES[index])) return COMMAND_NAMES[index];
  }
  if (words.is(0, "exit") || words.is(0, "quit")) return "poweroff";
  if (words.is(0, "read-commands")) return "read-commands";
  return "";
}
