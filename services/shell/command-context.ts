// Command context: what every command of the shell works with (output, the file tree, path resolving, scratch memory), and how a command
// says that it failed. Stays true: each failure is one line, `NAME: PATH: sentence`, and sets the exit status.
import { Status, statusSentence } from "../../kernel-bindings/generated/assembly/status";
import { Words } from "./command-parser";
import { Console } from "./console";
import { FileTree } from "./file-tree";
import { writeName, writePath } from "./format";
import { Output } from "./output";
import { PathBuffer } from "./path-buffer";
import { PathResolver } from "./path-resolver";

/** Exit statuses (docs/command-line.md). */
export namespace Exit {
  export const done: u32 = 0;
  export const failed: u32 = 1;
  export const usage: u32 = 2;
  export const damage: u32 = 3;
}

export const TRANSFER_BYTES: u32 = 131072;

export class CommandContext {
  readonly tree: FileTree = new FileTree();
  readonly resolver: PathResolver = new PathResolver(this.tree);
  /** For bytes on their way between a file and the console, and for lists. */
  readonly transfer: usize = heap.alloc(TRANSFER_BYTES);
  /** Options of the command being run: bit n for letter n of the alphabet, capitals from bit 26. */
  private options: u64 = 0;
  /** Exit status of the command being run. */
  status: u32 = Exit.done;
  /** A call of this command was told that its service restarted: the watch says the rest. */
  sawRestart: bool = false;
  private name: string = "";

  constructor(readonly output: Output, private readonly console: Console) {}

  begin(name: string): void {
    this.name = name;
    this.status = Exit.done;
    this.sawRestart = false;
    this.options = 0;
  }

  /** Read the options: single letters out of `allowed`, together or apart, anywhere before `--`. They are taken out of `words`. False: usage was printed. */
  readOptions(words: Words, allowed: string, usage: string): bool {
    let kept: u32 = 1;
    let open = true;
    for (let index: u32 = 1; index < words.count; index++) {
      const address = words.address(index);
      const length = words.length(index);
      if (open && words.is(index, "--")) {
        open = false;
      } else if (open && length > 1 && load<u8>(address) == 0x2d) {
        for (let position: u32 = 1; position < length; position++) {
          if (!this.setOption(load<u8>(address + position), allowed)) return this.badOption(words, index, usage);
        }
      } else {
        words.keep(kept++, index);
      }
    }
    words.truncate(kept);
    return true;
  }

  private setOption(letter: u8, allowed: string): bool {
    for (let index = 0; index < allowed.length; index++) {
      if (<u8>allowed.charCodeAt(index) == letter) {
        this.options |= optionBit(letter);
        return true;
      }
    }
    return false;
  }

  private badOption(words: Words, index: u32, usage: string): bool {
    this.output.text(this.name);
    this.output.text(": unknown option ");
    writeName(this.output, words.address(index), words.length(index));
    this.output.text("; usage: ");
    this.output.text(usage);
    this.output.byte(0x0a);
    this.status = Exit.usage;
    return false;
  }

  hasOption(letter: string): bool {
    return (this.options & optionBit(<u8>letter.charCodeAt(0))) != 0;
  }

  usage(text: string): void {
    this.output.text("usage: ");
    this.output.text(text);
    this.output.byte(0x0a);
    this.status = Exit.usage;
  }

  /** NAME: TEXT: sentence, with the text as it was typed. */
  fail(text: usize, textBytes: u32, status: u32): void {
    this.beginFailure(status);
    if (textBytes > 0) writeName(this.output, text, textBytes);
    else this.output.byte(0x2f); // no path at all is the root
    this.endFailure(status);
  }

  /** What neither rm nor mv does. */
  failRoot(): void {
    this.beginFailure(Status.Denied);
    this.output.text("/: the root directory cannot be removed or moved\n");
  }

  /** The same as `fail` for a path of the tree. */
  failPath(path: PathBuffer, status: u32): void {
    this.beginFailure(status);
    writePath(this.output, path.address, path.length);
    this.endFailure(status);
  }

  /** NAME: sentence */
  failPlain(status: u32): void {
    this.setFailed(status);
    this.output.text(this.name);
    this.output.text(": ");
    this.output.text(this.sentence(status));
    this.output.byte(0x0a);
  }

  /** NAME: a sentence of its own */
  failSentence(sentence: string): void {
    this.beginFailure(Status.Denied);
    this.output.text(sentence);
    this.output.byte(0x0a);
  }

  /** A failure with a sentence of its own: NAME: TEXT: sentence */
  failWith(text: usize, textBytes: u32, sentence: string): void {
    this.beginFailure(Status.Denied);
    writeName(this.output, text, textBytes);
    this.output.text(": ");
    this.output.text(sentence);
    this.output.byte(0x0a);
  }

  private beginFailure(status: u32): void {
    this.setFailed(status);
    this.output.text(this.name);
    this.output.text(": ");
  }

  private endFailure(status: u32): void {
    this.output.text(": ");
    this.output.text(this.sentence(status));
    this.output.byte(0x0a);
  }

  /** What a restart means is said once, after the command, by the watch. */
  private sentence(status: u32): string {
    return status == Status.PeerRestarted ? "given up, because a service restarted meanwhile" : statusSentence(status);
  }

  private setFailed(status: u32): void {
    if (status == Status.PeerRestarted) this.sawRestart = true;
    this.status = status == Status.Corrupted || status == Status.Truncated ? Exit.damage : Exit.failed;
  }

  /** Called once a step of long work: true if it must stop because ^C was typed. */
  interrupted(): bool {
    if (!this.console.wasInterrupted()) return false;
    this.output.text("^C\n");
    this.status = Exit.failed;
    return true;
  }
}

function optionBit(letter: u8): u64 {
  return letter >= 0x61 ? <u64>1 << (letter - 0x61) : <u64>1 << (letter - 0x41 + 26);
}
