// FixedArray: what it holds, and that an access beyond its end never returns.
import { FixedArray } from "../index";

const numbers = new FixedArray<u16>(4);

describe("FixedArray", () => {
  it("begins as zeros and keeps what it is given", () => {
    expect<u32>(u32(numbers[3])).toBe(0);
    numbers[0] = 0xffff;
    numbers[3] = 7;
    expect<u32>(u32(numbers[0])).toBe(0xffff);
    expect<u32>(u32(numbers[1])).toBe(0, "the neighbour of the first");
    expect<u32>(u32(numbers[2])).toBe(0, "the neighbour of the last");
    expect<u32>(u32(numbers[3])).toBe(7);
  });
  throws("a read beyond the end", () => { trace("read", 1, numbers[4]); });
  throws("a write beyond the end", () => { numbers[4] = 1; });
  throws("an index that wraps", () => { numbers[0xffff_ffff] = 1; });
});
