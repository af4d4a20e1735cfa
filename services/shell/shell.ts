// The shell: where commands come from and what happens between them. Three sources, one grammar and one output:
//   prompt   a person types; lines are edited, remembered and echoed
//   script   the boot argument (`--run`) holds the commands; the machine powers off with their status after the last
//   stream   `read-commands`: lines come from the console without prompt or echo; the end of input, or ^D, powers off with their status
// Everything runs in `start` and `notified`; while the shell waits for input it is not running at all.
import { consoleArguments, powerOff } from "../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { FilesystemStatistics } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status, statusSentence } from "../../kernel-bindings/generated/assembly/status";
import { CommandContext, Exit } from "./command-context";
import { CommandParser, Parse, parseSentence, TEXT_BYTES } from "./command-parser";
import { After, CommandRunner, mountStatus } from "./command-runner";
import { Console } from "./console";
import { writeSize } from "./format";
import { History } from "./history";
import { Edit, LineEditor } from "./line-editor";
import { Output } from "./output";
import { PathCompleter } from "./path-completer";
import { RestartWatch } from "./restart-watch";
import { writeWarnings } from "./warnings";

const PROMPT: string = "axiomfs> ";
/** Tells whoever holds the other end of the console that input is read from now on: what is sent earlier a serial port may lose. Terminals ignore it. */
const READY_SIGNAL: string = "\x1b]axiomfs;ready\x07";

namespace Source {
  export const prompt: u32 = 0;
  export const script: u32 = 1;
  export const stream: u32 = 2;
}

export class Shell {
  private readonly console: Console = new Console();
  private readonly output: Output = new Output(this.console);
  private readonly context: CommandContext = new CommandContext(this.output, this.console);
  private readonly parser: CommandParser = new CommandParser();
  private readonly watch: RestartWatch = new RestartWatch(this.context);
  private readonly runner: CommandRunner = new CommandRunner(this.context, this.watch);
  private readonly editor: LineEditor = new LineEditor(this.output, new History(), new PathCompleter(this.context.tree, this.context.resolver));
  private source: u32 = Source.prompt;
  /** A `put` is taking its content from the console. */
  private readsContent: bool = false;
  /** Exit status of the last command that failed. */
  private status: u32 = Exit.done;
  /** A line of the stream, and the text of the boot argument. */
  private readonly text: usize = heap.alloc(TEXT_BYTES);
  private textBytes: u32 = 0;
  private textOverflow: bool = false;
  private saidReady: bool = false;

  start(): u32 {
    const length = consoleArguments(ShellCapabilities.console, this.text, TEXT_BYTES);
    const isRestarted = this.watch.begin();
    // What an earlier shell did may wait for a sync.
    if (isRestarted) this.context.tree.isUnsynced = true;
    if (isRestarted && length > 0) {
      this.giveUpScript();
    } else if (length > 0) {
      this.source = Source.script;
      if (this.parse(this.text, <u32>length)) this.runCommands();
    } else {
      if (isRestarted) this.output.text("\nThe shell was restarted.\n");
      this.banner();
      this.watch.look(); // a service that is not running
      this.prompt();
    }
    this.output.flush();
    if (isRestarted) this.notified(); // bytes that came meanwhile
    return Status.Ok;
  }

  /** To run the commands again from the first would do some of them twice. */
  private giveUpScript(): void {
    this.source = Source.script;
    this.output.text("shell: it stopped and was restarted; the commands that were left are given up\n");
    this.runner.lastSync();
    this.finish(Exit.failed);
  }

  /** The console has bytes, or its end. */
  notified(): void {
    this.console.fill();
    while (this.console.hasByte()) {
      this.input(this.console.take());
      if (!this.console.hasByte()) this.console.fill();
    }
    if (this.console.hasEnded()) this.endOfInput();
    this.output.flush();
  }

  private banner(): void {
    const output = this.output;
    output.text("axiomfs shell. help lists the commands, poweroff ends.\n");
    let status = mountStatus();
    if (status == Status.Ok) status = this.context.tree.readStatistics();
    if (status != Status.Ok) {
      output.text("No file system is mounted: ");
      output.text(statusSentence(status));
      output.text(".\n");
      return;
    }
    const counts = this.context.tree.statistics;
    const blockBytes: u64 = FilesystemStatistics.blockBytes(counts);
    writeSize(output, FilesystemStatistics.blockCount(counts) * blockBytes);
    output.text(" image, ");
    writeSize(output, FilesystemStatistics.freeBlocks(counts) * blockBytes);
    output.text(" free; ");
    output.decimal(FilesystemStatistics.files(counts));
    output.text(" files, ");
    output.decimal(FilesystemStatistics.directories(counts));
    output.text(" directories, ");
    output.decimal(FilesystemStatistics.snapshots(counts));
    output.text(" snapshots.\n");
    writeWarnings(output, "Warning: ", FilesystemStatistics.flags(counts));
  }

  private prompt(): void {
    this.sayReady();
    this.editor.begin(PROMPT, true);
  }

  private sayReady(): void {
    if (!this.saidReady) this.output.text(READY_SIGNAL);
    this.saidReady = true;
  }

  private input(byte: u8): void {
    if (this.source == Source.prompt) this.inputTyped(byte);
    else if (this.readsContent) this.inputContent(byte);
    else if (this.source == Source.stream) this.inputStream(byte);
    else if (byte == 0x03) this.stopScript();
  }

  private inputTyped(byte: u8): void {
    const edit = this.editor.feed(byte);
    if (edit == Edit.more) return;
    if (this.readsContent) {
      this.typedContent(edit);
    } else if (edit == Edit.line) {
      if (this.parse(this.editor.address, this.editor.length)) this.runCommands();
      else this.prompt();
    } else if (edit == Edit.interrupted) {
      this.prompt();
    } else {
      this.runner.lastSync();
      this.finish(Exit.done);
    }
  }

  /** A line of the text that a person types for `put`. */
  private typedContent(edit: u32): void {
    if (edit == Edit.line) {
      const isWritten = this.runner.content.append(this.editor.address, this.editor.length) && this.runner.content.append(NEWLINE, 1);
      if (isWritten) return this.editor.begin("", false);
      this.status = this.context.status;
      this.parser.abandon();
    } else if (edit == Edit.interrupted) {
      this.runner.content.abandonPut();
      this.parser.abandon();
    } else {
      this.finishContent();
    }
    this.readsContent = false;
    this.runCommands();
  }

  private finishContent(): void {
    this.runner.content.finishPut();
    this.watch.look();
    if (this.context.status != Exit.done) this.status = this.context.status;
  }

  /** Content of `put` in a script or stream: bytes as they are, up to the end of input or ^D. */
  private inputContent(byte: u8): void {
    if (byte == 0x03) return this.stopScript();
    if (byte == 0x04) return this.endContent();
    if (this.textBytes == TEXT_BYTES && !this.flushContent()) return;
    store<u8>(this.text + this.textBytes, byte); // Safety: textBytes < TEXT_BYTES here.
    this.textBytes++;
  }

  /** False if it could not be written: the `put` has been given up then, and the commands go on. */
  private flushContent(): bool {
    const length = this.textBytes;
    this.textBytes = 0;
    if (this.runner.content.append(this.text, length)) return true;
    this.status = this.context.status;
    this.readsContent = false;
    this.runCommands();
    return false;
  }

  private endContent(): void {
    if (!this.flushContent()) return;
    this.finishContent();
    this.readsContent = false;
    this.runCommands();
  }

  private inputStream(byte: u8): void {
    if (byte == 0x03) {
      this.textBytes = 0;
    } else if (byte == 0x04 && this.textBytes == 0) {
      this.endOfInput();
    } else if (byte == 0x0a || byte == 0x0d || byte == 0x04) {
      this.streamLine();
    } else if (this.textBytes < TEXT_BYTES) {
      store<u8>(this.text + this.textBytes, byte); // Safety: the bound is checked above.
      this.textBytes++;
    } else {
      this.textOverflow = true;
    }
  }

  private streamLine(): void {
    const length = this.textBytes;
    this.textBytes = 0;
    if (this.textOverflow) this.complain(parseSentence(Parse.tooLong));
    else if (this.parse(this.text, length)) this.runCommands();
    this.textOverflow = false;
  }

  /** No more bytes will come. */
  private endOfInput(): void {
    if (this.source == Source.prompt && this.readsContent) this.runner.content.abandonPut();
    else if (this.source == Source.stream && !this.readsContent && this.textBytes > 0) this.streamLine();
    // Each turn ends one `put`; those that follow it find no more input and are empty.
    while (this.readsContent && this.source != Source.prompt) this.endContent();
    if (this.source == Source.script) return; // it ends with its last command
    if (!this.runner.lastSync()) this.status = this.context.status;
    this.finish(this.source == Source.prompt ? Exit.done : this.status);
  }

  /** ^C while a script runs: give up what is left of it. */
  private stopScript(): void {
    if (this.readsContent) this.runner.content.abandonPut();
    this.readsContent = false;
    this.textBytes = 0;
    this.status = Exit.failed;
    this.parser.abandon();
    this.runCommands();
  }

  private parse(address: usize, lengthBytes: u32): bool {
    if (this.parser.begin(address, lengthBytes)) return true;
    this.complain(parseSentence(Parse.tooLong));
    return false;
  }

  private complain(sentence: string): void {
    this.output.text("shell: ");
    this.output.text(sentence);
    this.output.byte(0x0a);
    this.status = Exit.usage;
  }

  /** Run what the parser holds, up to its end or to a command that waits for input; then do what the source asks for. */
  private runCommands(): void {
    let result = this.parser.next();
    while (result == Parse.command) {
      const after = this.runner.run(this.parser.words);
      if (this.context.status != Exit.done) this.status = this.context.status;
      if (after == After.readContent) return this.beginContent();
      if (after == After.readCommands) this.source = Source.stream;
      if (after == After.powerOff) return this.finish(this.source == Source.prompt ? this.context.status : this.status);
      if (this.context.interrupted()) this.parser.abandon();
      result = this.parser.next();
    }
    if (result != Parse.end) this.complain(parseSentence(result));
    if (this.source == Source.prompt) this.prompt();
    else if (this.source == Source.script) this.endScript();
    else this.sayReady();
  }

  private endScript(): void {
    if (!this.runner.lastSync()) this.status = this.context.status;
    this.finish(this.status);
  }

  private beginContent(): void {
    this.readsContent = true;
    this.textBytes = 0;
    this.sayReady();
    if (this.source == Source.prompt) this.editor.begin("", false);
  }

  private finish(status: u32): void {
    this.output.flush();
    powerOff(ShellCapabilities.power, status);
  }
}

const NEWLINE: usize = memory.data<u8>([0x0a]);
