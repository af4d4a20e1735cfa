// The model of the disk: what each sector may hold. A sector is a version, from which its 512 bytes follow; or one of two, when two writes
// raced for it, until a read tells which; or forgotten, when it may hold anything.
// What stays true: nothing is issued that would make more than two outcomes possible. A read never races with a write. An *era* ends with
// each barrier: writes that were issued in an earlier one end before what is issued now begins.

/** Sectors that take part, at most. */
export const sectorLimit: u32 = 32768;
/** Version of sectors full of zeros; and of those that may hold anything. */
export const zeros: u32 = 0;
export const forgotten: u32 = 0xffff_ffff;

const value = new StaticArray<u32>(32768);
const other = new StaticArray<u32>(32768);
/** Writes in flight, the era of the last, and the era in which two raced (0: none did), of which one has ended. */
const writing = new StaticArray<u8>(32768);
const writeEra = new StaticArray<u32>(32768);
const raceEra = new StaticArray<u32>(32768);
const hasEnded = new StaticArray<bool>(32768);
const reading = new StaticArray<u8>(32768);
let era: u32 = 1;

/** Nothing is known of the disk. */
export function forgetAll(): void {
  for (let sector: u32 = 0; sector < sectorLimit; sector++) { value[sector] = forgotten; other[sector] = forgotten; }
}
/** A barrier was issued. */
export function nextEra(): void { era++; }

/** May a read be issued now? `isOrdered`: barriers hold it, as they do requests of batches. */
export function mayRead(first: u32, count: u32, isOrdered: bool): bool {
  for (let sector = first; sector < first + count; sector++) if (writing[sector] && (!isOrdered || writeEra[sector] == era)) return false;
  return true;
}
export function mayWrite(first: u32, count: u32, isOrdered: bool): bool {
  for (let sector = first; sector < first + count; sector++) {
    if (reading[sector]) return false; // a barrier does not wait for reads
    if (writing[sector] && !isOrdered && writeEra[sector] != era) return false;
    if (writing[sector] > 2 || (writing[sector] == 2 && writeEra[sector] == era)) return false;
  }
  return true;
}
export function beginRead(first: u32, count: u32): void {
  for (let sector = first; sector < first + count; sector++) reading[sector]++;
}
/** A write, discard or write-zeroes is issued; the era that its end must be told with. */
export function beginWrite(first: u32, count: u32): u32 {
  for (let sector = first; sector < first + count; sector++) {
    if (writing[sector] == 1 && writeEra[sector] == era) { raceEra[sector] = era; hasEnded[sector] = false; }
    writing[sector]++;
    writeEra[sector] = era;
  }
  return era;
}
/** It ended; `isDone` false: each sector may hold the old or the new content. */
export function endWrite(first: u32, count: u32, version: u32, eraOfIt: u32, isDone: bool): void {
  for (let sector = first; sector < first + count; sector++) {
    const old = value[sector], isCertain = old == other[sector];
    value[sector] = version;
    if (!isDone) blend(sector, old, isCertain);
    else if (raceEra[sector] != eraOfIt || !hasEnded[sector]) other[sector] = version;
    else blend(sector, old, isCertain);
    if (raceEra[sector] == eraOfIt) hasEnded[sector] = true;
    if (--writing[sector] == 0) raceEra[sector] = 0;
  }
}
/** The new version or the old one, if that is certain; else a third is possible. */
function blend(sector: u32, old: u32, isCertain: bool): void {
  if (isCertain && old != forgotten && value[sector] != forgotten) other[sector] = old;
  else { value[sector] = forgotten; other[sector] = forgotten; }
}

/** Safety: 512 bytes at `at` are the caller's. */
export function fillSector(at: usize, sector: u32, version: u32): void {
  const base = (<u64>sector << 32 | version) * 0x9e37_79b9_7f4a_7c15;
  for (let i: u32 = 0; i < 64; i++) store<u64>(at + 8 * i, base + i);
}
function isVersion(at: usize, sector: u32, version: u32): bool {
  const base = version ? (<u64>sector << 32 | version) * 0x9e37_79b9_7f4a_7c15 : 0;
  const step: u64 = version ? 1 : 0;
  for (let i: u32 = 0; i < 64; i++) if (load<u64>(at + 8 * i) != base + step * i) return false;
  return true;
}
/** A read ended well, with its sectors at `at`: the first that holds what it cannot, or `forgotten`. */
export function endRead(first: u32, count: u32, at: usize): u32 {
  let wrong = forgotten;
  for (let sector = first; sector < first + count; sector++, at += 512) {
    reading[sector]--;
    if (value[sector] == forgotten) continue;
    if (isVersion(at, sector, value[sector])) other[sector] = value[sector];
    else if (isVersion(at, sector, other[sector])) value[sector] = other[sector];
    else if (wrong == forgotten) wrong = sector;
  }
  return wrong;
}
/** A read ended in an error. */
export function dropRead(first: u32, count: u32): void {
  for (let sector = first; sector < first + count; sector++) reading[sector]--;
}
