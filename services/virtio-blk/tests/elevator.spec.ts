// The elevator against a model that looks at every entry: the same order, and no entry is overtaken more than 64 times.
import { Elevator } from "../elevator";
import { noOperation } from "../operation-table";

/** The bound that is promised (docs/decisions/0005-io-scheduling.md). */
const overtakeLimit: u32 = 64;
const entries: u32 = 1024;
let elevator: Elevator = new Elevator();
// The model: who waits, since when, how often it was overtaken, and where the last one started.
let waits: StaticArray<bool> = new StaticArray<bool>(entries);
let sectors: StaticArray<u64> = new StaticArray<u64>(entries);
let arrivals: StaticArray<u32> = new StaticArray<u32>(entries);
let overtaken: StaticArray<u32> = new StaticArray<u32>(entries);
let isLater: StaticArray<bool> = new StaticArray<bool>(entries);
let arrived: u32 = 0;
let position: u64 = 0;
let mostOvertaken: u32 = 0;
let overtakes: u64 = 0;
let overdue: u64 = 0;
let state: u32 = 1;

function random(limit: u32): u32 {
  state = state * 1664525 + 1013904223;
  return (state >> 8) % limit;
}

function add(entry: u32, sector: u64): void {
  waits[entry] = true;
  sectors[entry] = sector;
  arrivals[entry] = arrived++;
  overtaken[entry] = 0;
  isLater[entry] = sector < position;
  elevator.add(entry, sector);
}

/** The entry that comes first in the sweep, and among those at one sector the one that came first. */
function firstOfSweep(): u32 {
  let best: u32 = noOperation;
  for (let entry: u32 = 0; entry < entries; entry++) {
    if (!waits[entry]) continue;
    if (best == noOperation || (isLater[entry] != isLater[best] ? !isLater[entry] : sectors[entry] != sectors[best] ? sectors[entry] < sectors[best] : arrivals[entry] < arrivals[best])) best = entry;
  }
  return best;
}

/** What the rules say is next. */
function wanted(): u32 {
  let oldest: u32 = noOperation;
  for (let entry: u32 = 0; entry < entries; entry++) if (waits[entry] && (oldest == noOperation || arrivals[entry] < arrivals[oldest])) oldest = entry;
  const first = firstOfSweep();
  let result = first;
  if (first != oldest && overtaken[oldest] >= overtakeLimit) {
    result = oldest;
    overdue++;
  } else {
    if (isLater[first]) for (let entry: u32 = 0; entry < entries; entry++) isLater[entry] = false;
    position = sectors[first];
  }
  let isOvertaking = false;
  for (let entry: u32 = 0; entry < entries; entry++) {
    if (!waits[entry] || arrivals[entry] >= arrivals[result]) continue;
    isOvertaking = true;
    mostOvertaken = max(mostOvertaken, ++overtaken[entry]);
  }
  if (isOvertaking) overtakes++;
  waits[result] = false;
  return result;
}

function fresh(seed: u32): void {
  elevator = new Elevator();
  for (let entry: u32 = 0; entry < entries; entry++) waits[entry] = false;
  arrived = 0; position = 0; mostOvertaken = 0; overtakes = 0; overdue = 0; state = seed;
}

function freeEntry(): u32 {
  let entry = random(entries);
  while (waits[entry]) entry = (entry + 1) % entries;
  return entry;
}

/** Steps at which the elevator chose another one than the model. */
function run(seed: u32, steps: u32, sectorLimit: u32, most: u32): u32 {
  fresh(seed);
  let differences: u32 = 0, count: u32 = 0;
  for (let step: u32 = 0; step < steps; step++) {
    if (count != 0 && (count >= most || random(2) == 0)) {
      differences += u32(elevator.next() != wanted());
      count--;
    } else {
      add(freeEntry(), random(sectorLimit));
      count++;
    }
  }
  for (; count != 0; count--) differences += u32(elevator.next() != wanted());
  return differences + elevator.count;
}

describe("the elevator", () => {
  it("goes up from where it stands, and begins anew at the end", () => {
    fresh(1);
    for (let index: u32 = 0; index < 8; index++) add(index, u64(index * 37 % 8 * 100));
    let last: u64 = 0;
    for (let index: u32 = 0; index < 4; index++) { const entry = elevator.next(); expect(sectors[entry]).toBe(u64(index * 100)); last = sectors[entry]; }
    expect(last).toBe(300);
    elevator.add(1000, 50);
    elevator.add(1001, 450);
    const order: u32[] = [400, 450, 500, 600, 700, 50];
    for (let index = 0; index < 6; index++) {
      const entry = elevator.next();
      expect(entry == 1000 ? 50 : entry == 1001 ? 450 : u32(sectors[entry])).toBe(order[index]);
    }
    expect(elevator.count).toBe(0);
  });

  it("does what a model does, with few and many entries, few and many sectors", () => {
    expect(run(1, 6000, 1 << 20, 1024)).toBe(0);
    expect(run(2, 4000, 16, 200)).toBe(0);
    expect(run(3, 4000, 1, 100)).toBe(0);
    expect(run(4, 4000, 1 << 20, 3)).toBe(0);
    expect(elevator.overtakes).toBe(overtakes);
    expect(elevator.overdue).toBe(overdue);
  });

  it("lets nobody be overtaken more than 64 times, though one end of the disk never rests", () => {
    fresh(5);
    add(0, 1 << 40);
    // All behind it come before it on the disk, and another two for each that starts.
    for (let index: u32 = 1; index < 400; index++) add(index, index);
    let startedAt: u32 = 0;
    for (let turn: u32 = 1; turn <= 200; turn++) {
      const entry = elevator.next();
      expect(entry).toBe(wanted());
      if (entry == 0) startedAt = turn;
      add(freeEntry(), u64(turn + 1));
    }
    expect(startedAt).toBe(overtakeLimit + 1);
    expect(mostOvertaken).toBe(overtakeLimit);
    expect(elevator.overdue).toBe(overdue);
    expect(overdue).toBeGreaterThan(0);
  });

  it("shows the neighbour on the disk, and not when somebody is overdue", () => {
    fresh(6);
    expect(elevator.at(0)).toBe(noOperation);
    elevator.add(7, 100);
    elevator.add(8, 108);
    expect(elevator.next()).toBe(7);
    expect(elevator.at(107)).toBe(noOperation);
    expect(elevator.at(108)).toBe(8);
    expect(elevator.count).toBe(1);
    elevator.add(9, 1 << 30);
    expect(elevator.next()).toBe(8);
    for (let index: u32 = 0; index < 80; index++) elevator.add(100 + index, 200 + index);
    for (let index: u32 = 0; index < overtakeLimit; index++) expect(elevator.next()).toBe(100 + index);
    expect(elevator.at(200 + overtakeLimit)).toBe(noOperation);
    expect(elevator.next()).toBe(9);
    expect(elevator.at(200 + overtakeLimit)).toBe(100 + overtakeLimit);
  });
});
