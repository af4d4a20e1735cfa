// Every printed format of the shell, also for hostile names.
import { writeHashLine, writeMode, writeName, writePreciseTime, writeSize, writeTime } from "../format";
import { Output } from "../output";
import { Bytes, Recorder } from "./support";

const recorder = new Recorder();
const output = new Output(recorder);

function printed(): string {
  const text = recorder.text(output);
  recorder.clear(output);
  return text;
}

function name(text: string): string {
  const bytes = new Bytes(text);
  writeName(output, bytes.address, bytes.length);
  return printed();
}

function time(nanoseconds: u64): string {
  writeTime(output, nanoseconds);
  return printed();
}

function size(bytes: u64): string {
  writeSize(output, bytes);
  return printed();
}

function mode(kind: u32, bits: u32): string {
  writeMode(output, kind, bits);
  return printed();
}

describe("formats", () => {
  it("escape what a terminal would obey and what is no UTF-8", () => {
    expect(name("a b é漢😀")).toBe("a b é漢😀");
    expect(name("\x1b[31m\n\t\r\\\x7f\u0085")).toBe("\\x1b[31m\\n\\t\\r\\\\\\x7f\\xc2\\x85");
    const bad = memory.data<u8>([0x61, 0xff, 0xc3, 0x62, 0xe2, 0x82, 0xed, 0xa0, 0x80, 0xc0, 0xaf]);
    writeName(output, bad, 11);
    expect(printed()).toBe("a\\xff\\xc3b\\xe2\\x82\\xed\\xa0\\x80\\xc0\\xaf");
  });

  it("do not look past the end of a name that is cut inside a character", () => {
    const euro = memory.data<u8>([0xe2, 0x82, 0xac]);
    writeName(output, euro, 2);
    expect(printed()).toBe("\\xe2\\x82");
    writeName(output, euro, 3);
    expect(printed()).toBe("€");
  });

  it("print times in UTC", () => {
    expect(time(0)).toBe("1970-01-01 00:00:00");
    expect(time(951827696 * 1000000000)).toBe("2000-02-29 12:34:56");
    expect(time(4107542399 * 1000000000)).toBe("2100-02-28 23:59:59");
    expect(time(1763834101 * 1000000000)).toBe("2025-11-22 17:55:01");
    writePreciseTime(output, 1763834101 * 1000000000 + 7);
    expect(printed()).toBe("2025-11-22 17:55:01.000000007 UTC");
  });

  it("print sizes in the largest unit", () => {
    expect(size(0)).toBe("0 B");
    expect(size(1023)).toBe("1023 B");
    expect(size(1536)).toBe("1.5 KiB");
    expect(size(1024 * 1024 - 1)).toBe("1023.9 KiB");
    expect(size(<u64>5 << 40)).toBe("5.0 TiB");
    expect(size(u64.MAX_VALUE)).toBe("16777215.9 TiB");
  });

  it("print modes as ls does", () => {
    expect(mode(2, 0o755)).toBe("drwxr-xr-x");
    expect(mode(1, 0o640)).toBe("-rw-r-----");
    expect(mode(3, 0o777)).toBe("lrwxrwxrwx");
    expect(mode(1, 0o7777)).toBe("-rwsrwsrwt");
    expect(mode(1, 0o7000)).toBe("---S--S--T");
  });

  it("print hashes as b3sum does", () => {
    const hash = heap.alloc(32);
    memory.fill(hash, 0xa5, 32);
    const digits = "a5".repeat(32);
    const plain = new Bytes("a/b c");
    writeHashLine(output, hash, plain.address, plain.length);
    expect(printed()).toBe(digits + "  /a/b c\n");
    const odd = new Bytes("a\\b\nc");
    writeHashLine(output, hash, odd.address, odd.length);
    expect(printed()).toBe("\\" + digits + "  /a\\\\b\\nc\n");
  });

  it("print numbers up to the largest", () => {
    output.decimal(u64.MAX_VALUE);
    output.byte(0x20);
    output.paddedDecimal(7, 4, 0x20);
    output.paddedDecimal(12345, 4, 0x20);
    expect(printed()).toBe("18446744073709551615    712345");
  });
});
