// Key decoder: the bytes a terminal sends, one at a time, into keys. Knows control characters, the CSI and SS3 sequences of
// cursor and editing keys, and the size report CSI 8 ; rows ; columns t, by which the host tells the width of its window.
// Stays true: any byte string leaves it in a known state, a sequence longer than its parameters is swallowed whole.

/** What a byte completed. Values below 256 are a byte of text. */
export namespace Key {
  export const none: u32 = 256;
  export const enter: u32 = 257;
  export const backspace: u32 = 258;
  export const deleteForward: u32 = 259;
  export const left: u32 = 260;
  export const right: u32 = 261;
  export const up: u32 = 262;
  export const down: u32 = 263;
  export const home: u32 = 264;
  export const end: u32 = 265;
  export const killToEnd: u32 = 266;
  export const killToStart: u32 = 267;
  export const killWordBack: u32 = 268;
  export const killWordForward: u32 = 269;
  export const interrupt: u32 = 270;
  export const endOfInput: u32 = 271;
  export const clearScreen: u32 = 272;
  export const tab: u32 = 273;
  export const wordLeft: u32 = 274;
  export const wordRight: u32 = 275;
  /** The window has `KeyDecoder.columns` columns from now on. */
  export const resize: u32 = 276;
}

namespace State {
  export const ground: u32 = 0;
  export const escape: u32 = 1;
  export const sequence: u32 = 2;
  export const shifted: u32 = 3;
}

const PARAMETER_COUNT: u32 = 4;

export class KeyDecoder {
  columns: u32 = 80;
  private state: u32 = State.ground;
  private lastWasReturn: bool = false;
  private parameterIndex: u32 = 0;
  private readonly parameters: StaticArray<u32> = new StaticArray<u32>(PARAMETER_COUNT);

  decode(byte: u8): u32 {
    switch (this.state) {
      case State.escape: return this.afterEscape(byte);
      case State.sequence: return this.inSequence(byte);
      case State.shifted:
        this.state = State.ground;
        return cursorKey(byte, false);
      default: return this.ground(byte);
    }
  }

  private ground(byte: u8): u32 {
    const afterReturn = this.lastWasReturn;
    this.lastWasReturn = byte == 0x0d;
    switch (byte) {
      case 0x01: return Key.home;
      case 0x02: return Key.left;
      case 0x03: return Key.interrupt;
      case 0x04: return Key.endOfInput;
      case 0x05: return Key.end;
      case 0x06: return Key.right;
      case 0x08: return Key.backspace;
      case 0x09: return Key.tab;
      case 0x0a: return afterReturn ? Key.none : Key.enter; // CR LF is one line end
      case 0x0b: return Key.killToEnd;
      case 0x0c: return Key.clearScreen;
      case 0x0d: return Key.enter;
      case 0x0e: return Key.down;
      case 0x10: return Key.up;
      case 0x15: return Key.killToStart;
      case 0x17: return Key.killWordBack;
      case 0x1b:
        this.state = State.escape;
        return Key.none;
      case 0x7f: return Key.backspace;
      default: return byte < 0x20 ? Key.none : byte;
    }
  }

  private afterEscape(byte: u8): u32 {
    this.state = State.ground;
    switch (byte) {
      case 0x5b: // [
        this.state = State.sequence;
        this.parameterIndex = 0;
        for (let index: u32 = 0; index < PARAMETER_COUNT; index++) this.parameters[index] = 0;
        return Key.none;
      case 0x4f: // O
        this.state = State.shifted;
        return Key.none;
      case 0x62: return Key.wordLeft; // Alt-b
      case 0x66: return Key.wordRight; // Alt-f
      case 0x64: return Key.killWordForward; // Alt-d
      case 0x7f: return Key.killWordBack; // Alt-backspace
      case 0x1b:
        this.state = State.escape;
        return Key.none;
      default: return Key.none;
    }
  }

  private inSequence(byte: u8): u32 {
    if (byte >= 0x30 && byte <= 0x39) {
      if (this.parameterIndex < PARAMETER_COUNT) {
        const value = this.parameters[this.parameterIndex];
        if (value < 100000) this.parameters[this.parameterIndex] = value * 10 + (byte - 0x30);
      }
      return Key.none;
    }
    if (byte == 0x3b) {
      this.parameterIndex++;
      return Key.none;
    }
    if (byte >= 0x20 && byte < 0x40) return Key.none; // other parameter and intermediate bytes
    this.state = State.ground;
    if (byte == 0x7e) return editingKey(this.parameters[0]); // ~
    if (byte == 0x74) return this.sizeReport(); // t
    return cursorKey(byte, this.parameters[1] >= 3); // Alt or Control with an arrow moves by words
  }

  private sizeReport(): u32 {
    const columns = this.parameters[2];
    if (this.parameters[0] != 8 || columns < 2 || columns > 10000) return Key.none;
    this.columns = columns;
    return Key.resize;
  }
}

function cursorKey(byte: u8, byWord: bool): u32 {
  switch (byte) {
    case 0x41: return Key.up;
    case 0x42: return Key.down;
    case 0x43: return byWord ? Key.wordRight : Key.right;
    case 0x44: return byWord ? Key.wordLeft : Key.left;
    case 0x46: return Key.end;
    case 0x48: return Key.home;
    default: return Key.none;
  }
}

function editingKey(number: u32): u32 {
  switch (number) {
    case 1: case 7: return Key.home;
    case 3: return Key.deleteForward;
    case 4: case 8: return Key.end;
    default: return Key.none;
  }
}
