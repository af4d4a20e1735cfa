// Memory for nodes: one arena, given out in frames of 1 KiB · 2^order up to 256 KiB by the buddy rule, so that frames of any size are made of what is free without ever growing the memory.
//
//   base ─► [ 256 KiB chunk │ 256 KiB chunk │ … ]       tags: one byte for each KiB; that of a frame's first KiB says its order and whether it is in use
//
// Always: every KiB belongs to exactly one frame; two free buddies of one order are joined at once; free frames of an order form a list through their first 8 bytes.
//
// Safety: addresses come from `allocate` and are given back once; the links of free frames lie inside them.

const UNIT_SHIFT: u32 = 10;
export const ORDER_MAX: u32 = 8;
const TAG_FREE: u8 = 0x40;
const TAG_USED: u8 = 0x80;

export class FrameArena {
  private base: usize;
  private tags: usize;
  /** One list head for each order: address of the first free frame, or 0. */
  private heads: usize;
  freeBytes: u32;
  readonly capacityBytes: u32;

  constructor(chunkCount: u32) {
    this.capacityBytes = chunkCount << (UNIT_SHIFT + ORDER_MAX);
    this.base = heap.alloc(this.capacityBytes);
    this.tags = heap.alloc(this.capacityBytes >> UNIT_SHIFT);
    this.heads = heap.alloc((ORDER_MAX + 1) * 4);
    memory.fill(this.tags, 0, this.capacityBytes >> UNIT_SHIFT);
    memory.fill(this.heads, 0, (ORDER_MAX + 1) * 4);
    this.freeBytes = this.capacityBytes;
    for (let i: u32 = 0; i < chunkCount; i++) this.push(i << ORDER_MAX, ORDER_MAX);
  }

  /** The order whose frames hold so many bytes. */
  static orderOf(lengthBytes: u32): u32 {
    const units = (lengthBytes + (1 << UNIT_SHIFT) - 1) >> UNIT_SHIFT;
    return units <= 1 ? 0 : 32 - clz<u32>(units - 1);
  }

  static bytesOf(order: u32): u32 { return 1 << (UNIT_SHIFT + order); }

  /** A frame, or 0 when no frame of this order can be made. */
  allocate(order: u32): usize {
    let found = order;
    while (found <= ORDER_MAX && load<u32>(this.heads + (found << 2)) == 0) found++;
    if (found > ORDER_MAX) return 0;
    const address: usize = load<u32>(this.heads + (found << 2));
    const unit = <u32>((address - this.base) >> UNIT_SHIFT);
    this.unlink(unit, found);
    while (found > order) {
      found--;
      this.push(unit + (1 << found), found);
    }
    store<u8>(this.tags + unit, TAG_USED | <u8>order);
    this.freeBytes -= FrameArena.bytesOf(order);
    return address;
  }

  release(address: usize): void {
    let unit = <u32>((address - this.base) >> UNIT_SHIFT);
    const tag = load<u8>(this.tags + unit);
    assert((tag & TAG_USED) != 0);
    let order: u32 = tag & 15;
    this.freeBytes += FrameArena.bytesOf(order);
    store<u8>(this.tags + unit, 0);
    while (order < ORDER_MAX) {
      const buddy = unit ^ (1 << order);
      if (load<u8>(this.tags + buddy) != (TAG_FREE | <u8>order)) break;
      this.unlink(buddy, order);
      unit = min(unit, buddy);
      order++;
    }
    this.push(unit, order);
  }

  private addressOf(unit: u32): usize { return this.base + (<usize>unit << UNIT_SHIFT); }

  private push(unit: u32, order: u32): void {
    const address = this.addressOf(unit);
    const head = load<u32>(this.heads + (order << 2));
    store<u32>(address, head);
    store<u32>(address, 0, 4);
    if (head != 0) store<u32>(head, <u32>address, 4);
    store<u32>(this.heads + (order << 2), <u32>address);
    store<u8>(this.tags + unit, TAG_FREE | <u8>order);
  }

  private unlink(unit: u32, order: u32): void {
    const address = this.addressOf(unit);
    const next = load<u32>(address);
    const previous = load<u32>(address, 4);
    if (previous != 0) store<u32>(previous, next);
    else store<u32>(this.heads + (order << 2), next);
    if (next != 0) store<u32>(next, previous, 4);
    store<u8>(this.tags + unit, 0);
  }
}
