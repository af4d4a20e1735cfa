// The sorted table against a plain array of keys: order, finds, removals, near keys and a full table.
import { Entry } from "../entry";
import { IndexTable } from "../index-table";
import { random, seed } from "./bench";

const SLOTS: u32 = 4096;
const KEYS: u32 = 3000;
const keys: usize = heap.alloc(KEYS * 32);
const memoryOfTable: usize = heap.alloc(IndexTable.bytesFor(SLOTS));

function key(i: u32): usize { return keys + <usize>i * 32; }
function newTable(): IndexTable {
  memory.fill(memoryOfTable, 0, IndexTable.bytesFor(SLOTS));
  return new IndexTable(memoryOfTable, SLOTS);
}
function makeKeys(near: bool): void {
  for (let i: u32 = 0; i < KEYS; i++) {
    for (let word: usize = 0; word < 32; word += 4) store<u32>(key(i) + word, random(0xffffffff));
    // Near keys share all of what decides their home.
    if (near) store<u32>(key(i) + 4, 0x80000000 + random(4));
  }
}
/** Walks the table: ascending keys, none before its home, no hole between home and place. */
function isSorted(table: IndexTable): bool {
  let count: u32 = 0;
  let last: u64 = 0;
  for (let slot = table.nextUsed(0); slot < table.slotLimit; slot = table.nextUsed(slot + 1)) {
    const entry = table.entry(slot);
    const home = table.homeOf(table.prefixOf(entry));
    if (load<u64>(entry) < last || slot < home) return false;
    for (let at = home; at < slot; at++) if (Entry.kind(table.entry(at)) == 0) return false;
    last = load<u64>(entry);
    count++;
  }
  return count == table.count;
}

describe("IndexTable", () => {
  it("finds what was inserted and nothing else", () => {
    seed(1);
    makeKeys(false);
    const table = newTable();
    for (let i: u32 = 0; i < KEYS; i += 2) Entry.setLength(table.insert(1 + i % 3, key(i)), i + 1, 0);
    expect(isSorted(table)).toBe(true);
    for (let i: u32 = 0; i < KEYS; i++) {
      const entry = table.find(1 + i % 3, key(i));
      if (i & 1) expect(entry).toBe(0);
      else expect(<u32>Entry.lengthBytes(entry)).toBe(i + 1);
      expect(table.find(1 + (i + 1) % 3, key(i))).toBe(0, "another kind is another key");
    }
  });
  it("stays sorted while entries come and go", () => {
    seed(2);
    makeKeys(false);
    const table = newTable();
    const present = new StaticArray<bool>(KEYS);
    for (let step = 0; step < 20000; step++) {
      const i = random(KEYS);
      if (present[i]) table.remove(table.find(1, key(i)));
      else Entry.setLength(table.insert(1, key(i)), i + 1, 0);
      present[i] = !present[i];
    }
    expect(isSorted(table)).toBe(true);
    for (let i: u32 = 0; i < KEYS; i++) {
      const entry = table.find(1, key(i));
      expect(entry != 0).toBe(present[i]);
      if (entry) expect(<u32>Entry.lengthBytes(entry)).toBe(i + 1);
    }
  });
  it("refuses keys that all want one place, and keeps what it has", () => {
    seed(3);
    makeKeys(true);
    const table = newTable();
    let taken: u32 = 0;
    // All homes in the last slots: the spill fills up.
    for (let i: u32 = 0; i < KEYS; i++) {
      store<u32>(key(i) + 4, 0xffffffff);
      if (!table.insert(1, key(i))) break;
      taken++;
    }
    expect(taken).toBeGreaterThan(1000);
    expect(taken).toBeLessThan(KEYS);
    for (let i: u32 = 0; i < taken; i++) expect(table.find(1, key(i))).not.toBe(0);
    expect(table.insert(1, key(taken))).toBe(0);
    expect(isSorted(table)).toBe(true);
  });
  it("refuses when seven eighths are taken", () => {
    seed(4);
    makeKeys(false);
    memory.fill(memoryOfTable, 0, IndexTable.bytesFor(SLOTS));
    const table = new IndexTable(memoryOfTable, 1024);
    let taken: u32 = 0;
    for (let i: u32 = 0; i < KEYS; i++) if (table.insert(1, key(i))) taken++;
    expect(taken).toBe(1024 - 128);
    expect(isSorted(table)).toBe(true);
  });
  it("knows where new entries may be", () => {
    seed(5);
    makeKeys(false);
    const table = newTable();
    for (let i: u32 = 0; i < 2000; i++) table.insert(1, key(i));
    table.clearNew();
    expect(table.nextPerhapsNew(0)).toBe(table.slotLimit);
    for (let i: u32 = 2000; i < 2010; i++) Entry.setFlags(table.insert(1, key(i)), 0xf0);
    // An entry that moves because another is removed has to stay known.
    for (let i: u32 = 0; i < 1000; i++) table.remove(table.find(1, key(i)));
    let found: u32 = 0;
    for (let slot = table.nextPerhapsNew(0); slot < table.slotLimit; slot = table.nextPerhapsNew(slot + 1)) if (Entry.flags(table.entry(slot)) == 0xf0) found++;
    expect(found).toBe(10);
  });
  it("knows where new entries may be when they are moved over a region's end", () => {
    // Keys whose home is slot 255, the last of its region, in ascending order.
    for (let i: u32 = 0; i < 3; i++) {
      memory.fill(key(i), 0, 32);
      store<u32>(key(i) + 4, 0x0ff00000 + i);
    }
    const moved = newTable();
    Entry.setFlags(moved.insert(1, key(1)), 0xf0);
    moved.clearNew();
    moved.insert(1, key(0));
    expect(Entry.flags(moved.entry(moved.nextPerhapsNew(256)))).toBe(0xf0, "an insert moved it to the next region");
    const back = newTable();
    back.insert(1, key(0));
    back.clearNew();
    back.insert(1, key(1));
    back.remove(back.find(1, key(0)));
    expect(back.nextPerhapsNew(0)).toBe(255, "a removal moved it to the region before");
  });
});
