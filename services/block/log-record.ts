// One record of the log: a header, then items, in one contiguous buffer (docs/formats/block.md §4). Built in place while the transaction grows, so that committing copies nothing.
//
//   0 hash │ 32 type kind length items │ 48 image id │ 64 epoch sequence flushed position │ 96 previous hash │ 128 extents │ 160 item item item …
//   item: u8 type, u8 badge, u16 0, u32 bytes │ body, zero padded to 8
//
// What stays true: what `check` refuses is never walked; an item that the cursor hands out lies inside the record, whatever the record says.
//
// Safety: a record's buffer holds `capacityBytes`; the builder grows `lengthBytes` only after `hasRoomFor`; the cursor compares every length with what is left.
import { hash } from "../base/blake3/hasher";
import { BLOCK_BYTES, HASH_BYTES } from "./geometry";
import { isPatchSound } from "./patch";
import { COUNT_LIMIT, IMAGE_ID_BYTES } from "./superblock";

export const RECORD_HEADER_BYTES: u32 = 160;
const ITEM_HEADER_BYTES: u32 = 8;
/** "AXLR" */
const RECORD_TYPE: u32 = 0x524c_5841;
/** An extent longer than this is several. */
export const MAXIMUM_EXTENT_BYTES: u32 = 1 << 20;
export const GROUP_BYTES: u32 = 1 << 16;

export namespace RecordKind {
  export const transaction: u32 = 1;
  export const epoch: u32 = 2;
  export const seal: u32 = 3;
}
export namespace ItemType {
  export const allocation: u32 = 1;
  export const free: u32 = 2;
  export const extent: u32 = 3;
  export const redo: u32 = 4;
  export const payload: u32 = 5;
  export const patch: u32 = 6;
}
export const RUN_BODY_BYTES: u32 = 16;
export const EXTENT_BODY_BYTES: u32 = 56;

const computed: usize = memory.data(32, 16);

/** A view of a record's header and the builder of its items. */
export class LogRecord {
  /** Item of the last allocation or free, so that neighbours join it. */
  private lastRun: usize = 0;
  /** The buffer is zero from here on: fresh memory is, and `seal` sees to it afterwards. */
  private zeroFrom: u32 = 0;
  private markedBytes: u32 = 0;
  private markedItems: u32 = 0;
  private markedExtents: u32 = 0;

  /** `address` changes only for a view that peeks at blocks in a window. */
  constructor(public address: usize, readonly capacityBytes: u32) {}

  get hash(): usize { return this.address; }
  get kind(): u32 { return load<u16>(this.address, 36); }
  get lengthBytes(): u32 { return load<u32>(this.address, 40); }
  get itemCount(): u32 { return load<u32>(this.address, 44); }
  get imageId(): usize { return this.address + 48; }
  get epoch(): u64 { return load<u64>(this.address, 64); }
  get sequence(): u64 { return load<u64>(this.address, 72); }
  get flushed(): u64 { return load<u64>(this.address, 80); }
  get position(): u64 { return load<u64>(this.address, 88); }
  get previousHash(): usize { return this.address + 96; }
  get flushedExtents(): u32 { return load<u32>(this.address, 128); }
  set flushedExtents(value: u32) { store<u32>(this.address, value, 128); }
  get extentCount(): u32 { return load<u32>(this.address, 132); }
  get cut(): u64 { return load<u64>(this.address, 136); }
  get blockCount(): u32 { return (this.lengthBytes + BLOCK_BYTES - 1) / BLOCK_BYTES; }

  /** Start an empty record. */
  begin(kind: u32): void {
    memory.fill(this.address, 0, RECORD_HEADER_BYTES);
    store<u32>(this.address, RECORD_TYPE, 32);
    store<u16>(this.address, <u16>kind, 36);
    store<u32>(this.address, RECORD_HEADER_BYTES, 40);
    this.lastRun = 0;
  }

  static itemBytes(bodyBytes: u32): u32 { return ITEM_HEADER_BYTES + ((bodyBytes + 7) & ~7); }

  /** Whether items of these bytes (itemBytes) fit into a record of at most `limitBytes`. */
  hasRoomFor(itemBytes: u32, limitBytes: u32): bool { return this.lengthBytes <= limitBytes && itemBytes <= limitBytes - this.lengthBytes; }

  /** Append an item; its body's address. The caller asked `hasRoomFor` and fills the body. */
  append(type: u32, badge: u32, bodyBytes: u32): usize {
    const item = this.address + this.lengthBytes;
    store<u32>(item, type | badge << 8);
    store<u32>(item, bodyBytes, 4);
    const whole = LogRecord.itemBytes(bodyBytes);
    if (bodyBytes & 7) store<u64>(item + whole - 8, 0);
    const end = this.lengthBytes + whole;
    store<u32>(this.address, end, 40);
    this.zeroFrom = max(this.zeroFrom, end);
    store<u32>(this.address, this.itemCount + 1, 44);
    if (type == ItemType.extent) store<u32>(this.address, this.extentCount + 1, 132);
    return item + ITEM_HEADER_BYTES;
  }

  /** Remember where the record ends, for `rewind`. Runs must not be appended in between: they may join an item before the mark. */
  mark(): void {
    this.markedBytes = this.lengthBytes;
    this.markedItems = this.itemCount;
    this.markedExtents = this.extentCount;
  }

  /** Take back the items since `mark`. */
  rewind(): void {
    store<u32>(this.address, this.markedBytes, 40);
    store<u32>(this.address, this.markedItems, 44);
    store<u32>(this.address, this.markedExtents, 132);
  }

  /** Take out every piece of one client's payload; what follows it moves up. The record is one that was built here. */
  dropPayload(badge: u32): void {
    const end = this.address + this.lengthBytes;
    let to = this.address + RECORD_HEADER_BYTES;
    let dropped: u32 = 0;
    for (let from = to; from < end; ) {
      const whole = LogRecord.itemBytes(load<u32>(from, 4));
      if (load<u8>(from) == ItemType.payload && load<u8>(from, 1) == badge) dropped++;
      else {
        if (to != from) memory.copy(to, from, whole);
        to += whole;
      }
      from += whole;
    }
    store<u32>(this.address, <u32>(to - this.address), 40);
    store<u32>(this.address, this.itemCount - dropped, 44);
    this.lastRun = 0; // it may have moved
  }

  /** An allocation or a free; joins the one before it where they touch. The caller asked for room for a whole item. */
  appendRun(type: u32, address: u64, count: u32): void {
    const last = this.lastRun;
    if (last && load<u8>(last) == type) {
      const lastCount = load<u32>(last, 16);
      if (load<u64>(last, 8) + lastCount == address && count <= u32.MAX_VALUE - lastCount) {
        store<u32>(last, lastCount + count, 16);
        return;
      }
    }
    const body = this.append(type, 0, RUN_BODY_BYTES);
    store<u64>(body, address);
    store<u64>(body, count, 8);
    this.lastRun = body - ITEM_HEADER_BYTES;
  }

  appendExtent(address: u64, lengthBytes: u32, counterAndKind: u64, value: usize): void {
    const body = this.append(ItemType.extent, 0, EXTENT_BODY_BYTES);
    store<u64>(body, address);
    store<u64>(body, lengthBytes, 8);
    store<u64>(body, counterAndKind, 16);
    memory.copy(body + 24, value, HASH_BYTES);
  }

  /** Fill in the rest of the header, zero the padding and hash. */
  seal(imageId: usize, epoch: u64, sequence: u64, flushed: u64, position: u64, previousHash: usize): void {
    memory.copy(this.imageId, imageId, IMAGE_ID_BYTES);
    store<u64>(this.address, epoch, 64);
    store<u64>(this.address, sequence, 72);
    store<u64>(this.address, flushed, 80);
    store<u64>(this.address, position, 88);
    memory.copy(this.previousHash, previousHash, HASH_BYTES);
    store<u64>(this.address, this.kind == RecordKind.epoch ? sequence - 1 : 0, 136);
    if (this.zeroFrom > this.lengthBytes) memory.fill(this.address + this.lengthBytes, 0, this.zeroFrom - this.lengthBytes);
    this.zeroFrom = this.lengthBytes;
    hash(this.address + HASH_BYTES, this.lengthBytes - HASH_BYTES, this.address);
  }

  /** Whether the first block looks like the start of a record of this image; nothing of it is proved yet. */
  looksLike(imageId: usize, limitBytes: u32): bool {
    if (load<u32>(this.address, 32) != RECORD_TYPE || memory.compare(this.imageId, imageId, IMAGE_ID_BYTES) != 0) return false;
    if (this.kind < RecordKind.transaction || this.kind > RecordKind.seal) return false;
    return this.epoch < COUNT_LIMIT && this.lengthBytes >= RECORD_HEADER_BYTES && this.lengthBytes <= limitBytes;
  }

  /** Whether the whole record, now in the buffer, matches its hash. */
  matchesHash(): bool {
    hash(this.address + HASH_BYTES, this.lengthBytes - HASH_BYTES, computed);
    return memory.compare(computed, this.address, HASH_BYTES) == 0;
  }

  /** Whether every item lies inside the record, is of a known type and has a body of its type's size; only transactions have any. */
  hasSoundItems(): bool {
    if (this.kind != RecordKind.transaction && this.itemCount) return false;
    const cursor = itemsOf(this);
    let extents: u32 = 0;
    while (cursor.next()) if (cursor.type == ItemType.extent) extents++;
    return cursor.isAtEnd && extents == this.extentCount && this.flushedExtents <= extents;
  }
}

/** Walks the items of a record that matched its hash. One cursor is enough for the service: it is reused, never nested. */
export class ItemCursor {
  private item: usize = 0;
  private end: usize = 0;
  private left: u32 = 0;
  type: u32 = 0;
  badge: u32 = 0;
  body: usize = 0;
  bodyBytes: u32 = 0;

  start(record: LogRecord): void {
    this.item = record.address + RECORD_HEADER_BYTES;
    this.end = record.address + record.lengthBytes;
    this.left = record.itemCount;
  }

  /** Step to the next item; false at the end or where the record is not sound. */
  next(): bool {
    if (!this.left || this.end - this.item < ITEM_HEADER_BYTES) return false;
    this.type = load<u8>(this.item);
    this.badge = load<u8>(this.item, 1);
    this.bodyBytes = load<u32>(this.item, 4);
    this.body = this.item + ITEM_HEADER_BYTES;
    const room = <u32>(this.end - this.body);
    if (this.bodyBytes > room || ((this.bodyBytes + 7) & ~7) > room || !this.isSound()) return false;
    this.item = this.body + ((this.bodyBytes + 7) & ~7);
    this.left--;
    return true;
  }

  get isAtEnd(): bool { return !this.left && this.item == this.end; }

  private isSound(): bool {
    switch (this.type) {
      case ItemType.allocation:
      case ItemType.free:
        return this.bodyBytes == RUN_BODY_BYTES && this.runCount != 0;
      case ItemType.extent:
        return this.bodyBytes == EXTENT_BODY_BYTES && this.extentBytes != 0 && this.extentBytes <= (this.isGroup ? GROUP_BYTES : MAXIMUM_EXTENT_BYTES);
      case ItemType.redo:
        return this.bodyBytes > 8 && (this.bodyBytes - 8) % BLOCK_BYTES == 0;
      case ItemType.payload:
        return true;
      case ItemType.patch:
        return isPatchSound(this.body, this.bodyBytes);
      default:
        return false;
    }
  }

  get address(): u64 { return load<u64>(this.body); }
  get runCount(): u32 { return load<u32>(this.body, 8); }
  get extentBytes(): u32 { return load<u32>(this.body, 8); }
  get extentBlocks(): u32 { return (this.extentBytes + BLOCK_BYTES - 1) / BLOCK_BYTES; }
  get counterAndKind(): u64 { return load<u64>(this.body, 16); }
  get isGroup(): bool { return (this.counterAndKind & 1) != 0; }
  get value(): usize { return this.body + 24; }
  get redoBlocks(): u32 { return (this.bodyBytes - 8) / BLOCK_BYTES; }
  get redoData(): usize { return this.body + 8; }
}

const shared = new ItemCursor();
/** The one cursor, at the start of a record. */
export function itemsOf(record: LogRecord): ItemCursor {
  shared.start(record);
  return shared;
}
