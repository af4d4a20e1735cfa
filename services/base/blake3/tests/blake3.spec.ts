// BLAKE3 against vectors of the reference implementation, and the tree functions against the plain hash.
import { Processor } from "../../../../kernel-bindings/generated/assembly/status";
import { transposedWords } from "../constants";
import { Blake3, GROUP_BYTES, VALUE_BYTES, chainingValue, hash, mergeValues, parentValue, processor } from "../index";
import { vectors } from "./vectors";

const INPUT_BYTES: usize = 1048576;
const input: usize = heap.alloc(INPUT_BYTES);
const out: usize = heap.alloc(64);
const pair: usize = heap.alloc(64);
const values: usize = heap.alloc(256 * VALUE_BYTES);
const state = new Blake3();

function hex(address: usize): string {
  let text = "";
  for (let i: usize = 0; i < VALUE_BYTES; i++) {
    const byte = load<u8>(address + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}

function hashHex(lengthBytes: usize): string {
  hash(input, lengthBytes, out);
  return hex(out);
}

/** The root hash by way of values of pieces of `pieceBytes` each, as the content store computes it. */
function treeHex(lengthBytes: usize, pieceBytes: usize): string {
  let count: u32 = 0;
  for (let at: usize = 0; at < lengthBytes; at += pieceBytes) {
    chainingValue(input + at, min(pieceBytes, lengthBytes - at), at / 1024, values + <usize>count * VALUE_BYTES);
    count++;
  }
  mergeValues(values, count, true, out);
  return hex(out);
}

for (let i: usize = 0; i < INPUT_BYTES; i++) store<u8>(input + i, <u8>(i % 251));

describe("hash", () => {
  it("gives what the reference gives", () => {
    for (let i = 0; i < vectors.length; i += 2) {
      expect(hashHex(<usize>parseInt(vectors[i]))).toBe(vectors[i + 1], "length " + vectors[i]);
    }
  });
});

describe("where vectors are emulated", () => {
  it("the same hashes come from plain words, without the lanes", () => {
    memory.fill(transposedWords, 0xee, 16);
    store<u32>(processor, Processor.vectorsAreEmulated);
    for (let i = 0; i < vectors.length; i += 2) {
      const lengthBytes = <usize>parseInt(vectors[i]);
      expect(hashHex(lengthBytes)).toBe(vectors[i + 1], "length " + vectors[i]);
      if (lengthBytes > 65536) expect(treeHex(lengthBytes, 65536)).toBe(vectors[i + 1], "by groups, length " + vectors[i]);
    }
    expect(load<u64>(transposedWords)).toBe(0xeeeeeeeeeeeeeeee, "no lane was used");
    store<u32>(processor, 0);
    hashHex(65536);
    expect(load<u64>(transposedWords)).not.toBe(0xeeeeeeeeeeeeeeee, "and otherwise they are");
  });
});

describe("Blake3", () => {
  it("does not depend on how the input is cut", () => {
    const steps: StaticArray<usize> = [1, 63, 64, 65, 1000, 1024, 1025, 4096, 70000];
    for (let s = 0; s < steps.length; s++) {
      for (let i = 0; i < vectors.length - 2; i += 6) {
        const lengthBytes = <usize>parseInt(vectors[i]);
        state.reset();
        for (let at: usize = 0; at < lengthBytes; at += steps[s]) state.update(input + at, min(steps[s], lengthBytes - at));
        state.digest(out);
        expect(hex(out)).toBe(vectors[i + 1], "length " + vectors[i] + " in steps of " + steps[s].toString());
      }
    }
  });
  it("goes on after a digest", () => {
    state.reset();
    state.update(input, 5000);
    state.digest(out);
    state.update(input + 5000, 3193);
    state.digest(out);
    expect(hex(out)).toBe(hashHex(8193));
  });
});

describe("chainingValue and mergeValues", () => {
  it("join pieces of every power of two into the plain hash", () => {
    const lengths: StaticArray<usize> = [1025, 2047, 2048, 3072, 65537, 66560, 102400, 131071, 131072, 131073, 200000, 1000000, 1048575, 1048576];
    for (let i = 0; i < lengths.length; i++) {
      for (let pieceBytes: usize = 1024; pieceBytes <= GROUP_BYTES; pieceBytes <<= 1) {
        if (lengths[i] <= pieceBytes || lengths[i] > pieceBytes * 256) continue;
        expect(treeHex(lengths[i], pieceBytes)).toBe(hashHex(lengths[i]), lengths[i].toString() + " in " + pieceBytes.toString());
      }
    }
  });
  it("copies a single value", () => {
    chainingValue(input, 100, 7, values);
    mergeValues(values, 1, false, out);
    expect(hex(out)).toBe(hex(values));
  });
  it("depends on the chunk counter, beyond 32 bits too", () => {
    chainingValue(input, GROUP_BYTES, 0, out);
    chainingValue(input, GROUP_BYTES, 64, pair);
    expect(hex(out)).not.toBe(hex(pair));
    chainingValue(input, GROUP_BYTES, 0x100000000, pair);
    expect(hex(out)).not.toBe(hex(pair));
  });
});

describe("parentValue", () => {
  it("joins two chunks into the root", () => {
    chainingValue(input, 1024, 0, pair);
    chainingValue(input + 1024, 1024, 1, pair + VALUE_BYTES);
    parentValue(pair, true, out);
    expect(hex(out)).toBe(hashHex(2048));
    parentValue(pair, false, pair);
    expect(hex(pair)).not.toBe(hex(out));
  });
});
