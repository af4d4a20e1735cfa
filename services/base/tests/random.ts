// Numbers for tests that are the same in every run.

/** xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
export class Random {
  constructor(private state: u64) { this.state = state * 0x9e3779b97f4a7c15 + 1; }
  below(limit: u32): u32 {
    this.state ^= this.state >> 12;
    this.state ^= this.state << 25;
    this.state ^= this.state >> 27;
    return <u32>((this.state * 0x2545f4914f6cdd1d) >> 33) % limit;
  }
}
