// The line editor as keys go in: what the line becomes, and what the terminal is told.
import { History, LINE_BYTES } from "../history";
import { Completer, Edit, LineEditor } from "../line-editor";
import { Output } from "../output";
import { Bytes, Recorder, textAt } from "./support";

/** Offers "pha " after "al". */
class Fixed extends Completer {
  complete(address: usize, lengthBytes: u32): bool {
    const offer = new Bytes("pha ");
    this.insertAddress = offer.address;
    this.insertBytes = textAt(address, lengthBytes) == "al" ? offer.length : 0;
    return lengthBytes > 0;
  }
  list(output: Output): void {
    output.text("alpha  beta\n");
  }
}

const recorder = new Recorder();
const output = new Output(recorder);
let editor = new LineEditor(output, new History(), new Fixed());

/** Type the text; the result of the last byte. */
function type(text: string): u32 {
  const bytes = new Bytes(text);
  let result: u32 = 0;
  for (let index: u32 = 0; index < bytes.length; index++) result = editor.feed(load<u8>(bytes.address + index));
  return result;
}

function line(): string {
  return textAt(editor.address, editor.length);
}

/** The line after typing the text into an empty one. */
function edited(text: string): string {
  editor.begin("> ", true);
  recorder.clear(output);
  type(text);
  return line();
}

describe("the line editor", () => {
  beforeEach(() => {
    editor = new LineEditor(output, new History(), new Fixed());
    recorder.clear(output);
  });

  it("gives the line at carriage return, newline, or both", () => {
    editor.begin("> ", true);
    expect(type("ls /\r")).toBe(Edit.line);
    expect(line()).toBe("ls /");
    editor.begin("> ", true);
    expect(type("\n")).toBe(Edit.more, "the newline belongs to the carriage return before it");
    expect(type("df\n")).toBe(Edit.line);
    expect(line()).toBe("df");
  });

  it("echoes what is typed at the end byte by byte", () => {
    edited("abc");
    expect(recorder.text(output)).toBe("abc");
  });

  it("moves with arrows, ^A, ^E, ^B, ^F, home and end", () => {
    expect(edited("bd\x1b[Dc\x01a\x05e")).toBe("abcde");
    expect(edited("bd\x02c\x1b[Ha\x1b[Fe\x1b[1~0\x1b[4~f")).toBe("0abcdef");
    expect(edited("ac\x1bOD\x1bODb\x06\x06d")).toBe("bacd");
  });

  it("removes with backspace, delete and ^D", () => {
    expect(edited("abc\x7f\x08")).toBe("a");
    expect(edited("abc\x01\x1b[3~\x04")).toBe("c");
    expect(edited("\x7fa\x1b[3~")).toBe("a", "nothing to remove");
  });

  it("kills with ^K, ^U, ^W and Alt-d", () => {
    expect(edited("abc def\x1b[D\x1b[D\x0b")).toBe("abc d");
    expect(edited("abc def\x1b[D\x15")).toBe("f");
    expect(edited("put /a/b  \x17")).toBe("put ");
    expect(edited("abc def\x01\x1bd")).toBe(" def");
  });

  it("moves by words", () => {
    expect(edited("ab cd\x1bbX")).toBe("ab Xcd");
    expect(edited("ab cd\x1b[1;5D\x1b[1;5DX\x1bfY")).toBe("XabY cd");
  });

  it("treats a character of several bytes as one", () => {
    expect(edited("aé漢b\x1b[D\x7f")).toBe("aéb");
    expect(edited("é漢\x1b[D\x1b[Dx\x1b[3~")).toBe("x漢");
  });

  it("ends with ^D on an empty line and forgets the line at ^C", () => {
    editor.begin("> ", true);
    expect(type("\x04")).toBe(Edit.endOfInput);
    editor.begin("> ", true);
    expect(type("abc\x03")).toBe(Edit.interrupted);
    expect(editor.length).toBe(0);
  });

  it("walks through history and back to the line being written", () => {
    editor.begin("> ", true);
    type("one\r");
    editor.begin("> ", true);
    type("two\r");
    editor.begin("> ", true);
    type("two\r");
    expect(edited("thr\x1b[A")).toBe("two");
    expect(edited("thr\x1b[A\x1b[A")).toBe("one", "a repeated line is kept once");
    expect(edited("thr\x10\x10\x10\x0e")).toBe("two");
    expect(edited("thr\x1b[A\x1b[A\x1b[B\x1b[B")).toBe("thr");
    expect(edited("\x1b[B")).toBe("");
  });

  it("keeps the last hundred lines", () => {
    for (let index = 0; index < 120; index++) {
      editor.begin("> ", true);
      type(index.toString() + "\r");
    }
    editor.begin("> ", true);
    for (let index = 0; index < 130; index++) type("\x1b[A");
    expect(line()).toBe("20");
  });

  it("refuses a line that is longer than a slot of its history", () => {
    const history = new History();
    const line = heap.alloc(LINE_BYTES + 1);
    memory.fill(line, 0x61, LINE_BYTES + 1);
    history.add(line, LINE_BYTES + 1);
    expect(history.older(line, 0)).toBe(false);
    history.add(line, LINE_BYTES);
    expect(history.older(line, 0)).toBe(true);
  });

  it("leaves blank lines and the text of files out of history", () => {
    editor.begin("> ", true);
    type("  \r");
    editor.begin("", false);
    type("content\r");
    expect(edited("\x1b[A")).toBe("");
  });

  it("completes with tab and lists at the second", () => {
    expect(edited("al\t")).toBe("alpha ");
    edited("be\t");
    recorder.clear(output);
    type("\t");
    expect(recorder.text(output).includes("\nalpha  beta\n")).toBe(true);
    expect(line()).toBe("be");
  });

  it("swallows sequences that it does not know", () => {
    expect(edited("a\x1b[200~b\x1b[?25lc\x1b[38;5;1;2;3;4;5md\x1bxe\x1b\x1b[Df")).toBe("abcdfe");
  });

  it("rings at the end of its room and keeps the line", () => {
    editor.begin("> ", true);
    for (let index: u32 = 0; index < LINE_BYTES + 10; index++) editor.feed(0x61);
    expect(editor.length).toBe(LINE_BYTES);
    expect(type("\x01b")).toBe(Edit.more);
    expect(load<u8>(editor.address)).toBe(0x61);
  });

  it("draws a line that wraps over rows of the width that the host reported", () => {
    edited("\x1b[8;24;10t12345678");
    // Prompt and text fill the ten columns: the cursor goes to a row of its own.
    expect(recorder.text(output).endsWith("12345678\n\r")).toBe(true);
    recorder.clear(output);
    type("9\x01");
    // ^A: one row up, two columns to the right.
    expect(recorder.text(output)).toBe("9\x1b[1A\r\x1b[2C");
  });

  it("ignores a size report that makes no sense", () => {
    edited("\x1b[8;24;0t\x1b[8;24;99999t\x1b[9;1;10t123456789");
    expect(recorder.text(output)).toBe("123456789");
  });
});
