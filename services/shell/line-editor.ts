// Line editor: one line being typed on a terminal, with the keys that people expect, drawn so that it may wrap over several rows.
// Stays true: `length` ≤ LINE_BYTES; the cursor is always between two characters; the screen shows the line after every `feed`.
import { History, LINE_BYTES } from "./history";
import { Key, KeyDecoder } from "./key-decoder";
import { Output } from "./output";
import { characterBytes, previousCharacter, textColumns } from "./text-width";

/** What a byte led to. */
export namespace Edit {
  export const more: u32 = 0;
  /** A whole line is at `address`, `length`. */
  export const line: u32 = 1;
  /** ^C: the line was thrown away. */
  export const interrupted: u32 = 2;
  /** ^D on an empty line. */
  export const endOfInput: u32 = 3;
}

/** Offers ways to go on with the text before the cursor. */
export abstract class Completer {
  /** Bytes to insert, at `insertAddress`, `insertBytes`. True if there is something to insert or `list` would show something. */
  insertAddress: usize = 0;
  insertBytes: u32 = 0;
  abstract complete(address: usize, lengthBytes: u32): bool;
  /** Print what is possible, ending with a newline. */
  abstract list(output: Output): void;
}

export class LineEditor {
  readonly address: usize = heap.alloc(LINE_BYTES);
  length: u32 = 0;
  /** The line is remembered, and tab completes: commands, not the text of a file. */
  isCommand: bool = true;
  private cursor: u32 = 0;
  private prompt: string = "";
  /** Row of the cursor as it was drawn last, counted from the row of the prompt. */
  private drawnRow: u32 = 0;
  private lastWasTab: bool = false;
  private readonly keys: KeyDecoder = new KeyDecoder();

  constructor(private readonly output: Output, private readonly history: History, private readonly completer: Completer | null) {}

  /** Show a prompt and begin an empty line. */
  begin(prompt: string, isCommand: bool): void {
    this.prompt = prompt;
    this.isCommand = isCommand;
    this.length = 0;
    this.cursor = 0;
    this.drawnRow = 0;
    this.history.rewind();
    this.output.text(prompt);
  }

  feed(byte: u8): u32 {
    const key = this.keys.decode(byte);
    const afterTab = this.lastWasTab;
    this.lastWasTab = key == Key.tab;
    if (key < 256) {
      this.insertByte(<u8>key);
      return Edit.more;
    }
    switch (key) {
      case Key.enter: return this.finish(Edit.line);
      case Key.interrupt:
        this.moveCursor(this.length);
        this.output.text("^C");
        this.length = 0;
        this.cursor = 0;
        return this.finish(Edit.interrupted);
      case Key.endOfInput:
        if (this.length == 0) return this.finish(Edit.endOfInput);
        this.remove(this.cursor, this.nextCharacter());
        return Edit.more;
      case Key.tab:
        this.complete(afterTab);
        return Edit.more;
      default:
        this.edit(key);
        return Edit.more;
    }
  }

  private edit(key: u32): void {
    switch (key) {
      case Key.backspace: this.remove(previousCharacter(this.address, this.cursor), this.cursor); break;
      case Key.deleteForward: this.remove(this.cursor, this.nextCharacter()); break;
      case Key.left: this.moveCursor(previousCharacter(this.address, this.cursor)); break;
      case Key.right: this.moveCursor(this.nextCharacter()); break;
      case Key.home: this.moveCursor(0); break;
      case Key.end: this.moveCursor(this.length); break;
      case Key.wordLeft: this.moveCursor(this.wordStart()); break;
      case Key.wordRight: this.moveCursor(this.wordEnd()); break;
      case Key.killToEnd: this.remove(this.cursor, this.length); break;
      case Key.killToStart: this.remove(0, this.cursor); break;
      case Key.killWordBack: this.remove(this.wordStart(), this.cursor); break;
      case Key.killWordForward: this.remove(this.cursor, this.wordEnd()); break;
      case Key.up: if (this.isCommand && this.history.older(this.address, this.length)) this.replace(); break;
      case Key.down: if (this.isCommand && this.history.newer()) this.replace(); break;
      case Key.clearScreen:
        this.output.text("\x1b[H\x1b[2J");
        this.drawnRow = 0;
        this.draw();
        break;
      case Key.resize: this.draw(); break;
    }
  }

  private finish(result: u32): u32 {
    this.moveCursor(this.length);
    this.output.byte(0x0a);
    if (result == Edit.line && this.isCommand) this.history.add(this.address, this.length);
    return result;
  }

  private nextCharacter(): u32 {
    if (this.cursor >= this.length) return this.length;
    return this.cursor + characterBytes(this.address, this.cursor, this.length);
  }

  private wordStart(): u32 {
    let position = this.cursor;
    while (position > 0 && load<u8>(this.address + position - 1) == 0x20) position--;
    while (position > 0 && load<u8>(this.address + position - 1) != 0x20) position--;
    return position;
  }

  private wordEnd(): u32 {
    let position = this.cursor;
    while (position < this.length && load<u8>(this.address + position) == 0x20) position++;
    while (position < this.length && load<u8>(this.address + position) != 0x20) position++;
    return position;
  }

  /** A bell when the line is full. Safety: length < LINE_BYTES is checked before the store. */
  private insertByte(byte: u8): void {
    if (this.length == LINE_BYTES) {
      this.output.byte(0x07);
      return;
    }
    const atEnd = this.cursor == this.length;
    if (!atEnd) memory.copy(this.address + this.cursor + 1, this.address + this.cursor, this.length - this.cursor);
    store<u8>(this.address + this.cursor, byte);
    this.length++;
    this.cursor++;
    if (!atEnd) return this.draw();
    // The usual case, a character typed at the end, needs no more than its echo; at the margin the cursor goes to a row of its own.
    this.output.byte(byte);
    const columns = this.columnsTo(this.length);
    if (columns % this.keys.columns == 0) this.output.text("\n\r");
    this.drawnRow = columns / this.keys.columns;
  }

  private insert(address: usize, lengthBytes: u32): void {
    for (let index: u32 = 0; index < lengthBytes; index++) this.insertByte(load<u8>(address + index));
  }

  /** Take out the bytes from `start` to `end`; the cursor is left at `start`. */
  private remove(start: u32, end: u32): void {
    if (start >= end) return;
    memory.copy(this.address + start, this.address + end, this.length - end);
    this.length -= end - start;
    this.cursor = start;
    this.draw();
  }

  private replace(): void {
    memory.copy(this.address, this.history.foundAddress, this.history.foundBytes);
    this.length = this.history.foundBytes;
    this.cursor = this.length;
    this.draw();
  }

  private complete(again: bool): void {
    const completer = this.completer;
    if (completer == null || !this.isCommand || !completer.complete(this.address, this.cursor)) {
      this.output.byte(0x07);
      return;
    }
    if (completer.insertBytes > 0) {
      this.insert(completer.insertAddress, completer.insertBytes);
    } else if (again) {
      const cursor = this.cursor;
      this.moveCursor(this.length);
      this.output.byte(0x0a);
      completer.list(this.output);
      this.drawnRow = 0;
      this.cursor = cursor;
      this.draw();
    }
  }

  /** Columns from the start of the prompt to the byte at `offset`. */
  private columnsTo(offset: u32): u32 {
    return <u32>this.prompt.length + textColumns(this.address, offset);
  }

  private moveCursor(position: u32): void {
    if (position == this.cursor) return;
    const endRow = this.drawnRow;
    this.cursor = position;
    this.place(endRow);
  }

  /** Move from row `fromRow` to where the cursor belongs. */
  private place(fromRow: u32): void {
    const columns = this.columnsTo(this.cursor);
    const row = columns / this.keys.columns;
    const column = columns % this.keys.columns;
    if (row < fromRow) this.control(fromRow - row, 0x41);
    if (row > fromRow) this.control(row - fromRow, 0x42);
    this.output.byte(0x0d);
    if (column > 0) this.control(column, 0x43);
    this.drawnRow = row;
  }

  /** Draw prompt and line anew. A line that ends at the margin gets a new row, for the cursor must stand somewhere. */
  private draw(): void {
    if (this.drawnRow > 0) this.control(this.drawnRow, 0x41);
    this.output.text("\r\x1b[J");
    this.output.text(this.prompt);
    this.output.bytes(this.address, this.length);
    const columns = this.columnsTo(this.length);
    if (columns % this.keys.columns == 0 && columns > 0) this.output.text("\n\r");
    this.place(columns / this.keys.columns);
  }

  /** ESC [ count final */
  private control(count: u32, final: u8): void {
    this.output.text("\x1b[");
    this.output.decimal(count);
    this.output.byte(final);
  }
}
