// Values of what was never written: groups of zeros, and pages over nothing but such groups. The groups are stored nowhere, the pages are, so that readers find their way.
//
// Safety: `zeros` is GROUP_BYTES of zeros; the scratch pages are PAGE_BYTES each.
import { chainingValue, mergeValues } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { ExtentWriter } from "./extent-writer";
import { FANOUT, GROUP_CHUNKS, PAGE_BYTES, VALUE_BYTES } from "./limits";
import { childCountOf, groupBytesOf } from "./tree-shape";

export class Holes {
  private lowPage: usize = heap.alloc(PAGE_BYTES);
  private highPage: usize = heap.alloc(PAGE_BYTES);

  constructor(private zeros: usize, private extents: ExtentWriter) {}

  /** The value of `below` (up to 16,384) groups of zeros from group `first` on, in an object of `lengthBytes`. */
  subtreeValue(first: u32, below: u32, lengthBytes: u64, out: usize): u32 {
    assert(below <= FANOUT * FANOUT);
    if (below <= FANOUT) return this.lowValue(first, below, lengthBytes, out);
    const count = childCountOf(2, below);
    for (let child: u32 = 0; child < count; child++) {
      const childFirst = first + child * FANOUT;
      const status = this.lowValue(childFirst, min(FANOUT, first + below - childFirst), lengthBytes, this.highPage + child * VALUE_BYTES);
      if (status != Status.Ok) return status;
    }
    mergeValues(this.highPage, count, false, out);
    return this.extents.putPage(out, first, below, this.highPage, count);
  }

  private lowValue(first: u32, below: u32, lengthBytes: u64, out: usize): u32 {
    if (below == 1) {
      this.groupValue(first, lengthBytes, out);
      return Status.Ok;
    }
    for (let child: u32 = 0; child < below; child++) this.groupValue(first + child, lengthBytes, this.lowPage + child * VALUE_BYTES);
    mergeValues(this.lowPage, below, false, out);
    return this.extents.putPage(out, first, below, this.lowPage, below);
  }

  private groupValue(group: u32, lengthBytes: u64, out: usize): void {
    chainingValue(this.zeros, groupBytesOf(lengthBytes, group), <u64>group * GROUP_CHUNKS, out);
  }
}

/** Safety: `at` is `lengthBytes` of memory. */
export function isAllZero(at: usize, lengthBytes: u32): bool {
  const end = at + lengthBytes;
  let p = at;
  for (; p + 16 <= end; p += 16) if (v128.any_true(v128.load(p))) return false;
  for (; p < end; p++) if (load<u8>(p)) return false;
  return true;
}
