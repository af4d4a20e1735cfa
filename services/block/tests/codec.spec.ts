// Round trips of every structure on the disk, and what its reader refuses (docs/formats/block.md).
import { BLOCK_BYTES, Geometry, Level, PAGE_BITS } from "../geometry";
import { EXTENT_BODY_BYTES, ItemType, LogRecord, RECORD_HEADER_BYTES, RecordKind, itemsOf } from "../log-record";
import { PageType, isPageSound, pointerFree, pointerHash, pointerTarget, setPointer, setPointerFree, writePageHeader } from "../map-page";
import { SUPERBLOCK_BYTES, Superblock } from "../superblock";

const sector: usize = memory.data(512, 16);
const page: usize = memory.data(4096, 16);
const pointer: usize = memory.data(48, 16);
const value: usize = memory.data(32, 16);
const imageId: usize = memory.data(16, 16);

function superblock(): Superblock {
  const geometry = new Geometry();
  geometry.layOut(16384);
  const made = new Superblock(sector);
  made.begin();
  made.describePlaces(geometry);
  made.generation = 6;
  made.describeLog(3, 40, 25, value);
  made.describeCheckpoint(geometry.checkpointAddress(1), value);
  made.seal(geometry.slotAddress(2));
  return made;
}

describe("a superblock", () => {
  it("lies in the sector as the format page says", () => {
    superblock();
    expect(String.UTF8.decodeUnsafe(sector, 7)).toBe("AXIOMFS");
    expect(load<u8>(sector, 7)).toBe(0);
    expect(load<u32>(sector, 8)).toBe(2);
    expect(load<u32>(sector, 12)).toBe(SUPERBLOCK_BYTES);
    expect(load<u64>(sector, 56)).toBe(6);
    expect(load<u64>(sector, 64)).toBe(8192);
    expect(load<u64>(sector, 72)).toBe(16384);
    expect(load<u64>(sector, 80)).toBe(12289);
    expect(load<u64>(sector, 88)).toBe(1024);
    expect(load<u64>(sector, 96)).toBe(13313);
    expect(load<u64>(sector, 104)).toBe(1);
    expect(load<u32>(sector, 216)).toBe(0);
    expect(load<u32>(sector, 220)).toBe(1);
    expect(load<u64>(sector, 224)).toBe(13319);
    expect(load<u64>(sector, 112)).toBe(3);
    expect(load<u64>(sector, 120)).toBe(40);
    expect(load<u64>(sector, 128)).toBe(25);
    expect(load<u64>(sector, 168)).toBe(13315);
    expect(load<u64>(sector, 176)).toBe(8192);
  });

  it("is valid in its slot alone, and no bit of it may change", () => {
    const made = superblock();
    expect(made.isValid(2, 8192)).toBe(true);
    expect(made.isValid(1, 4096)).toBe(false);
    expect(made.isValid(2, 4096)).toBe(false);
    let accepted = 0;
    for (let bit = 0; bit < 512 * 8; bit++) {
      store<u8>(sector + bit / 8, load<u8>(sector + bit / 8) ^ <u8>(<u32>1 << <u32>(bit % 8)));
      if (made.isValid(2, 8192)) accepted++;
      store<u8>(sector + bit / 8, load<u8>(sector + bit / 8) ^ <u8>(<u32>1 << <u32>(bit % 8)));
    }
    expect(accepted).toBe(0);
  });

  it("must name the places of its size", () => {
    const geometry = new Geometry();
    expect(superblock().layOut(geometry)).toBe(true);
    expect(geometry.blockCount).toBe(16384);
    expect(geometry.nodeAddress(Level.page, 0)).toBe(13319 + 6);
    const offsets: u32[] = [80, 88, 96, 104, 216, 220, 224, 176];
    for (let i = 0; i < offsets.length; i++) {
      const made = superblock();
      store<u32>(sector + offsets[i], load<u32>(sector + offsets[i]) + 1);
      expect(made.layOut(geometry)).toBe(false);
    }
    const made = superblock();
    store<u64>(sector, 13314, 168);
    expect(made.layOut(geometry)).toBe(false);
  });
});

/** Whether two nodes, or a node and another owned place, share a block, or the owned runs overlap or leave the image. Only the first, last and some other nodes of large maps. */
function placesOverlap(geometry: Geometry): bool {
  for (let run: u32 = 0; run < geometry.ownedRuns; run++) {
    if (geometry.ownedFirst(run) + geometry.ownedCount(run) > geometry.blockCount) return true;
    for (let other: u32 = 0; other < run; other++) {
      if (geometry.ownedFirst(run) < geometry.ownedFirst(other) + geometry.ownedCount(other) && geometry.ownedFirst(other) < geometry.ownedFirst(run) + geometry.ownedCount(run)) return true;
    }
  }
  let nodes: u64 = 0, blocks: u64 = 0;
  for (let level: u32 = 0; level < Level.count; level++) {
    const count = geometry.levelCount(level);
    nodes += count;
    for (let index: u32 = 0; index + 1 < count; index += 1 + index / 50) {
      const address = geometry.nodeAddress(level, index), next = geometry.nodeAddress(level, index + 1);
      if (next < address + 3) return true;
    }
  }
  for (let segment: u32 = 0; segment < geometry.segmentCount; segment++) blocks += geometry.segment(segment).blockCount;
  return blocks != 3 * nodes;
}

describe("the geometry", () => {
  it("keeps owned places apart and inside, for every size", () => {
    const geometry = new Geometry();
    for (let blocks: u64 = 16384; blocks <= 1 << 32; blocks = blocks * 5 / 4 + 7) {
      expect(geometry.layOut(blocks)).toBe(true);
      expect(geometry.logStart).toBeGreaterThan(geometry.slotAddress(3));
      expect(geometry.checkpointStart).toBe(geometry.logStart + geometry.logBlocks);
      expect(placesOverlap(geometry)).toBe(false);
    }
    expect(geometry.layOut(16383)).toBe(false);
    expect(geometry.layOut((1 << 32) + 1)).toBe(false);
  });

  it("keeps owned places apart and nodes where they were, however it grows", () => {
    const geometry = new Geometry(), before = new Geometry();
    geometry.layOut(16384);
    let grown = 0, wrong = 0;
    for (let blocks: u64 = 16384; blocks < 1 << 32 && wrong == 0; blocks = blocks * 7 / 2 + 100) {
      before.copyFrom(geometry);
      const status = geometry.extend(blocks);
      if (status) {
        wrong += before.segmentCount == 8 ? 0 : 1;
        break;
      }
      grown++;
      if (placesOverlap(geometry)) wrong++;
      for (let level: u32 = 0; level < 3; level++) for (let index: u32 = 0; index < before.levelCount(level); index++) if (geometry.nodeAddress(level, index) != before.nodeAddress(level, index)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(grown).toBe(8, "seven times larger, and the size that it was");
    geometry.layOut(PAGE_BITS);
    expect(geometry.extend(PAGE_BITS + 2)).toBe(40, "two blocks do not hold their own map");
    expect(geometry.extend(PAGE_BITS + 3)).toBe(0);
    expect(geometry.blockCount).toBe(PAGE_BITS + 3);
  });

  it("knows what clients may have", () => {
    const geometry = new Geometry();
    geometry.layOut(16384);
    expect(geometry.isForClients(1, 4095)).toBe(true);
    expect(geometry.isForClients(1, 4096)).toBe(false);
    expect(geometry.isForClients(0, 1)).toBe(false);
    expect(geometry.isForClients(4097, 8191)).toBe(false);
    expect(geometry.isForClients(12288, 1)).toBe(false);
    expect(geometry.isForClients(12289, 1)).toBe(false);
    expect(geometry.isForClients(13327, 1)).toBe(false);
    expect(geometry.isForClients(13328, 16384 - 13328)).toBe(true);
    expect(geometry.isForClients(13328, 16385 - 13328)).toBe(false);
    expect(geometry.clientBlocks(0, 1 << 40)).toBe(16384 - 4 - 1024 - 15);
    expect(geometry.clientBlocks(12287, 3)).toBe(1);
    expect(geometry.ownedBlocks).toBe(1043);
    expect(geometry.isForClients(16384, 1)).toBe(false);
    expect(geometry.isForClients(u64.MAX_VALUE, 2)).toBe(false);
    expect(geometry.isForClients(16000, u64.MAX_VALUE)).toBe(false);
  });

  it("remembers nothing of another layout", () => {
    const geometry = new Geometry();
    geometry.layOut(40000);
    expect(geometry.isForClients(39000, 1)).toBe(true);
    geometry.layOut(16384);
    expect(geometry.isForClients(16384, 1)).toBe(false);
    expect(geometry.adopt(2 * PAGE_BITS, 1024)).toBe(true);
    expect(geometry.addSegment(0, 1, 13319)).toBe(true);
    expect(geometry.isForClients(40000, 1)).toBe(true);
    expect(geometry.addSegment(1, 1, 40000)).toBe(true);
    expect(geometry.isForClients(40000, 1)).toBe(false);
  });
});

describe("a page of the map", () => {
  it("is believed only with its hash, type, address and index", () => {
    memory.fill(page, 7, BLOCK_BYTES);
    writePageHeader(page, PageType.bitmap, 1, 500, 3, 9);
    setPointerFree(pointer, 77);
    setPointer(pointer, 500, page, BLOCK_BYTES);
    expect(pointerTarget(pointer)).toBe(500);
    expect(pointerFree(pointer)).toBe(77);
    expect(isPageSound(page, BLOCK_BYTES, PageType.bitmap, 500, 3, pointerHash(pointer))).toBe(true);
    expect(isPageSound(page, BLOCK_BYTES, PageType.table, 500, 3, pointerHash(pointer))).toBe(false);
    expect(isPageSound(page, BLOCK_BYTES, PageType.bitmap, 501, 3, pointerHash(pointer))).toBe(false);
    expect(isPageSound(page, BLOCK_BYTES, PageType.bitmap, 500, 4, pointerHash(pointer))).toBe(false);
    store<u8>(page, 8, 4095);
    expect(isPageSound(page, BLOCK_BYTES, PageType.bitmap, 500, 3, pointerHash(pointer))).toBe(false);
  });
});

const buffer: usize = memory.data(65536, 16);
function record(): LogRecord {
  const made = new LogRecord(buffer, 65536);
  made.begin(RecordKind.transaction);
  made.appendRun(ItemType.allocation, 100, 3);
  made.appendRun(ItemType.allocation, 103, 2);
  made.appendExtent(100, 5000, 0, value);
  made.appendRun(ItemType.free, 50, 1);
  store<u64>(made.append(ItemType.redo, 0, 8 + BLOCK_BYTES), 77);
  memory.fill(made.append(ItemType.payload, 2, 5), 0xaa, 5);
  made.seal(imageId, 4, 9, 7, 33, value);
  return made;
}

describe("a record of the log", () => {
  it("gives back its items, runs that touch joined", () => {
    const made = record();
    expect(made.matchesHash()).toBe(true);
    expect(made.hasSoundItems()).toBe(true);
    expect(made.itemCount).toBe(5);
    expect(made.extentCount).toBe(1);
    expect(made.blockCount).toBe(2);
    const items = itemsOf(made);
    items.next();
    expect(items.type).toBe(ItemType.allocation);
    expect(items.address).toBe(100);
    expect(items.runCount).toBe(5);
    items.next();
    expect(items.extentBytes).toBe(5000);
    expect(items.extentBlocks).toBe(2);
    items.next();
    expect(items.type).toBe(ItemType.free);
    items.next();
    expect(items.redoBlocks).toBe(1);
    items.next();
    expect(items.badge).toBe(2);
    expect(items.bodyBytes).toBe(5);
    expect(load<u64>(items.body)).toBe(0xaa_aa_aa_aa_aa);
    expect(items.next()).toBe(false);
    expect(items.isAtEnd).toBe(true);
  });

  it("has its header where the format page says", () => {
    record();
    expect(load<u32>(buffer, 32)).toBe(0x524c5841);
    expect(load<u16>(buffer, 36)).toBe(1);
    expect(load<u64>(buffer, 64)).toBe(4);
    expect(load<u64>(buffer, 72)).toBe(9);
    expect(load<u64>(buffer, 80)).toBe(7);
    expect(load<u64>(buffer, 88)).toBe(33);
    expect(load<u32>(buffer, 40)).toBe(RECORD_HEADER_BYTES + 24 + 8 + EXTENT_BODY_BYTES + 24 + 8 + 8 + 4096 + 16);
  });

  it("is padded with zeros, whatever longer record stood in the buffer before", () => {
    let dirty = 0;
    const made = new LogRecord(heap.alloc(65536), 65536);
    // Long ones, taken back or sealed, and short ones in turns.
    for (let turn: u32 = 0; turn < 24; turn++) {
      made.begin(RecordKind.transaction);
      made.mark();
      const long = turn % 3 == 0 ? 20_000 : turn % 3 == 1 ? 3_000 : 4_500 + turn;
      memory.fill(made.append(ItemType.payload, 1, long), 0xff, long);
      if (turn % 2) made.rewind();
      memory.fill(made.append(ItemType.payload, 1, 1 + turn * 7), 0xff, 1 + turn * 7);
      made.seal(imageId, 1, turn + 1, 0, 0, value);
      for (let at = made.lengthBytes; at < made.blockCount * BLOCK_BYTES; at++) if (load<u8>(made.address + at)) dirty++;
    }
    expect(dirty).toBe(0);
  });

  it("takes items back to a mark", () => {
    const made = new LogRecord(buffer, 65536);
    made.begin(RecordKind.transaction);
    made.appendRun(ItemType.allocation, 100, 3);
    const length = made.lengthBytes;
    made.mark();
    made.appendExtent(100, 5000, 0, value);
    made.append(ItemType.payload, 1, 100);
    made.rewind();
    expect(made.lengthBytes).toBe(length);
    expect(made.itemCount).toBe(1);
    expect(made.extentCount).toBe(0);
  });

  it("is refused when its items do not fill it exactly, whatever its hash", () => {
    // Offsets from the first item: its type, its length, the count of a run; in the header: length, item and extent counts, flushedExtents.
    const places: u32[] = [160, 164, 176, 40, 44, 132, 128];
    for (let i = 0; i < places.length; i++) {
      const made = record();
      store<u32>(buffer + places[i], i == 2 ? 0 : load<u32>(buffer + places[i]) + (i < 3 ? 200 : 8));
      expect(made.hasSoundItems()).toBe(false);
    }
    const made = record();
    store<u32>(buffer, u32.MAX_VALUE, 164);
    expect(made.hasSoundItems()).toBe(false);
  });

  it("is not taken for one of another image, kind or length", () => {
    expect(record().looksLike(imageId, 65536)).toBe(true);
    expect(record().looksLike(value + 1, 65536)).toBe(memory.compare(value + 1, imageId, 16) == 0);
    expect(record().looksLike(imageId, 4096)).toBe(false);
    const made = record();
    store<u16>(buffer, 4, 36);
    expect(made.looksLike(imageId, 65536)).toBe(false);
    store<u16>(buffer, 1, 36);
    store<u32>(buffer, 159, 40);
    expect(made.looksLike(imageId, 65536)).toBe(false);
  });
});
