// Command parser: text into commands, one at a time, each a list of words. The grammar is that of a shell people know, without expansion:
// words are separated by blanks, commands by `;` or a newline; '…' is literal, "…" keeps all but \" and \\; a backslash takes the next
// character as it is; # at the start of a word begins a comment. docs/command-line.md has the same rules.
// Stays true: a word never reaches past the arena; a command that does not fit is refused whole.

/** What `next` found. */
export namespace Parse {
  export const command: u32 = 0;
  export const end: u32 = 1;
  export const unterminatedQuote: u32 = 2;
  export const trailingBackslash: u32 = 3;
  export const tooLong: u32 = 4;
}

const WORD_LIMIT: u32 = 256;
/** The longest text that can be parsed: what `--run` may hand over. */
export const TEXT_BYTES: u32 = 65536;

export class Words {
  count: u32 = 0;
  private readonly arena: usize = heap.alloc(TEXT_BYTES);
  private readonly starts: StaticArray<u32> = new StaticArray<u32>(WORD_LIMIT);
  private readonly lengths: StaticArray<u32> = new StaticArray<u32>(WORD_LIMIT);
  private used: u32 = 0;
  /** Where the word being written begins. */
  private wordStart: u32 = 0;

  clear(): void {
    this.count = 0;
    this.used = 0;
    this.wordStart = 0;
  }

  address(index: u32): usize {
    return this.arena + this.starts[index];
  }

  length(index: u32): u32 {
    return this.lengths[index];
  }

  /** Safety: every byte of a word stands for at least one of the text, which is no longer than the arena. */
  append(byte: u8): void {
    assert(this.used < TEXT_BYTES);
    store<u8>(this.arena + this.used, byte);
    this.used++;
  }

  endWord(): bool {
    if (this.count == WORD_LIMIT) return false;
    this.starts[this.count] = this.wordStart;
    this.lengths[this.count] = this.used - this.wordStart;
    this.count++;
    this.wordStart = this.used;
    return true;
  }

  /** Word `index` becomes word `position`: how options are taken out of a command. */
  keep(position: u32, index: u32): void {
    this.starts[position] = this.starts[index];
    this.lengths[position] = this.lengths[index];
  }

  /** Forget the words from `count` on. */
  truncate(count: u32): void {
    this.count = count;
  }

  /** Is word `index` this ASCII text? */
  is(index: u32, text: string): bool {
    const length = <u32>text.length;
    if (this.length(index) != length) return false;
    const address = this.address(index);
    for (let position: u32 = 0; position < length; position++) {
      if (load<u8>(address + position) != <u8>text.charCodeAt(position)) return false;
    }
    return true;
  }
}

export class CommandParser {
  readonly words: Words = new Words();
  private readonly text: usize = heap.alloc(TEXT_BYTES);
  private textBytes: u32 = 0;
  private position: u32 = 0;

  /** Take a copy of the text to parse; false if it is too long. */
  begin(address: usize, lengthBytes: u32): bool {
    this.position = 0;
    this.textBytes = 0;
    if (lengthBytes > TEXT_BYTES) return false;
    memory.copy(this.text, address, lengthBytes);
    this.textBytes = lengthBytes;
    return true;
  }

  /** Give up the rest of the text. */
  abandon(): void {
    this.position = this.textBytes;
  }

  /** The next command that has at least one word. */
  next(): u32 {
    this.words.clear();
    let inWord = false;
    while (this.position < this.textBytes) {
      const byte = this.take();
      if (byte == 0x3b || byte == 0x0a) { // ; or newline
        if (inWord && !this.words.endWord()) return this.refuse(Parse.tooLong);
        inWord = false;
        if (this.words.count > 0) return Parse.command;
      } else if (byte == 0x20 || byte == 0x09 || byte == 0x0d) {
        if (inWord && !this.words.endWord()) return this.refuse(Parse.tooLong);
        inWord = false;
      } else if (byte == 0x23 && !inWord) { // #
        this.skipComment();
      } else {
        inWord = true;
        const result = this.wordPart(byte);
        if (result != Parse.command) return this.refuse(result);
      }
    }
    if (inWord && !this.words.endWord()) return this.refuse(Parse.tooLong);
    return this.words.count > 0 ? Parse.command : Parse.end;
  }

  private take(): u8 {
    return load<u8>(this.text + this.position++);
  }

  private refuse(reason: u32): u32 {
    this.abandon();
    return reason;
  }

  private skipComment(): void {
    while (this.position < this.textBytes && load<u8>(this.text + this.position) != 0x0a) this.position++;
  }

  /** One plain byte, escaped byte or quoted part of a word. */
  private wordPart(byte: u8): u32 {
    if (byte == 0x27) return this.quoted(0x27, false);
    if (byte == 0x22) return this.quoted(0x22, true);
    if (byte == 0x5c) {
      if (this.position == this.textBytes) return Parse.trailingBackslash;
      byte = this.take();
    }
    this.words.append(byte);
    return Parse.command;
  }

  private quoted(quote: u8, escapes: bool): u32 {
    while (this.position < this.textBytes) {
      let byte = this.take();
      if (byte == quote) return Parse.command;
      if (escapes && byte == 0x5c && this.position < this.textBytes) {
        const next = load<u8>(this.text + this.position);
        if (next == 0x22 || next == 0x5c) byte = this.take();
      }
      this.words.append(byte);
    }
    return Parse.unterminatedQuote;
  }
}

/** The sentence for a parse that failed. */
export function parseSentence(result: u32): string {
  switch (result) {
    case Parse.unterminatedQuote: return "a quote is not closed";
    case Parse.trailingBackslash: return "nothing follows the last backslash";
    default: return "the command is too long (256 words, 65536 bytes)";
  }
}
