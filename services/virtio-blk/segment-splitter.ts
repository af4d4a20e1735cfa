// Segments for a device that bounds the length of each (SIZE_MAX, VIRTIO 1.2 §5.2.4): asks the kernel, and cuts what is too long.
// What stays true: the kernel's answer is kept in private memory while it is read, because the device can see the chain.
// Safety: `segments` has room for `chainLimit` entries and is given to the kernel with that limit; the chain's place has
// room for `maximum`, which no write exceeds.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Platform } from "./platform";
import { chainLimit } from "./queue-memory";
import { descriptorBytes } from "./virtio";

export class SegmentSplitter {
  private segments: usize = memory.data(256 * 16, 16);

  constructor(private platform: Platform) {}

  /** As Platform.segments, with no segment longer than `longest` (at least 1). */
  place(source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool, out: usize, maximum: u32, longest: u32): i32 {
    const count = this.platform.segments(source, offsetBytes, lengthBytes, deviceWrites, this.segments, min(maximum, chainLimit));
    if (count < 0) return count;
    let placed: u32 = 0;
    for (let index: i32 = 0; index < count; index++) {
      const segment = this.segments + u32(index) * descriptorBytes;
      let address = load<u64>(segment), left = load<u32>(segment, 8);
      while (left != 0) {
        if (placed == maximum) return -<i32>Status.TooLarge;
        const part = min(left, longest);
        store<u64>(out + placed * descriptorBytes, address);
        store<u64>(out + placed * descriptorBytes, part, 8);
        address += part;
        left -= part;
        placed++;
      }
    }
    return <i32>placed;
  }
}
