// The grammar of the shell: words, quotes, separators, and what is refused.
import { CommandParser, Parse, TEXT_BYTES } from "../command-parser";
import { Bytes, textAt } from "./support";

const parser = new CommandParser();

function begin(text: string): void {
  const bytes = new Bytes(text);
  parser.begin(bytes.address, bytes.length);
}

/** The next command as its words between brackets, or the number of the result. */
function next(): string {
  const result = parser.next();
  if (result != Parse.command) return result.toString();
  let text = "";
  for (let index: u32 = 0; index < parser.words.count; index++) text += "[" + textAt(parser.words.address(index), parser.words.length(index)) + "]";
  return text;
}

function only(text: string): string {
  begin(text);
  return next();
}

describe("the command parser", () => {
  it("separates words by blanks", () => {
    expect(only("  ls\t-l  /a ")).toBe("[ls][-l][/a]");
  });

  it("separates commands by semicolons and newlines and passes over empty ones", () => {
    begin(";; mkdir /a;put /a/b x\n\nls ;");
    expect(next()).toBe("[mkdir][/a]");
    expect(next()).toBe("[put][/a/b][x]");
    expect(next()).toBe("[ls]");
    expect(next()).toBe("1", "the end");
    expect(next()).toBe("1", "still the end");
  });

  it("takes quoted text as it is", () => {
    expect(only("put '/a b' 'x;y\\n' \"it's; \\\"so\\\" \\\\ \\n\"")).toBe("[put][/a b][x;y\\n][it's; \"so\" \\ \\n]");
  });

  it("joins quoted and plain parts into one word and keeps empty words", () => {
    expect(only("put a'b c'\"d\"e '' \"\"")).toBe("[put][ab cde][][]");
  });

  it("takes the character after a backslash as it is", () => {
    expect(only("cat /a\\ b \\; \\' \\\\ \\#")).toBe("[cat][/a b][;]['][\\][#]");
  });

  it("leaves comments out, but not a # inside a word", () => {
    begin("ls a#b # rest ; not a command\ndf");
    expect(next()).toBe("[ls][a#b]");
    expect(next()).toBe("[df]");
  });

  it("refuses what is not finished and gives up the rest", () => {
    begin("ls; put a 'b; ls");
    expect(next()).toBe("[ls]");
    expect(next()).toBe(Parse.unterminatedQuote.toString());
    expect(next()).toBe("1");
    expect(only("put \"a")).toBe(Parse.unterminatedQuote.toString());
    expect(only("put a\\")).toBe(Parse.trailingBackslash.toString());
  });

  it("takes 256 words and refuses 257", () => {
    let text = "x";
    for (let index = 1; index < 256; index++) text += " x";
    begin(text);
    expect(parser.next()).toBe(Parse.command);
    expect(parser.words.count).toBe(256);
    expect(only(text + " x")).toBe(Parse.tooLong.toString());
    expect(only(text + " x; ls")).toBe(Parse.tooLong.toString());
  });

  it("refuses text that is longer than its arena", () => {
    const address = heap.alloc(TEXT_BYTES + 1);
    memory.fill(address, 0x61, TEXT_BYTES + 1);
    expect(parser.begin(address, TEXT_BYTES + 1)).toBe(false);
    expect(parser.next()).toBe(Parse.end);
    expect(parser.begin(address, TEXT_BYTES)).toBe(true);
    expect(parser.next()).toBe(Parse.command);
    expect(parser.words.length(0)).toBe(TEXT_BYTES);
  });

  it("takes options out of a command in place", () => {
    begin("ls -l /a -R /b");
    parser.next();
    parser.words.keep(1, 2);
    parser.words.keep(2, 4);
    parser.words.truncate(3);
    expect(textAt(parser.words.address(1), parser.words.length(1)) + textAt(parser.words.address(2), parser.words.length(2))).toBe("/a/b");
    expect(parser.words.is(2, "/b")).toBe(true);
    expect(parser.words.is(2, "/bc")).toBe(false);
  });
});
