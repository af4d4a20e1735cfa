// For specs: numbers that are in the map, with the seed of their value; and numbers at random that are the same every time.
export class Model {
  private seeds: StaticArray<i32>;
  count: u64 = 0;
  constructor(size: i32) {
    this.seeds = new StaticArray<i32>(size);
    this.seeds.fill(-1);
  }
  has(number: u32): bool { return this.seeds[number] >= 0; }
  seed(number: u32): u32 { return this.seeds[number]; }
  set(number: u32, seed: u32): void {
    if (!this.has(number)) this.count++;
    this.seeds[number] = seed;
  }
  drop(number: u32): void {
    if (this.has(number)) this.count--;
    this.seeds[number] = -1;
  }
}

