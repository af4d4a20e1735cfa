// Hashes that a collection has walked, so that what many snapshots share is walked once. The first 8 bytes of a hash stand for it: for two nodes of one image to agree in them, somebody would have to
// store 2^32 nodes. When the table is full, what it does not hold is walked again: slower, not wrong.
//
// The store's own mark is no substitute: a file whose bytes are those of a map node shares the node's object, and marking the file must not hide what the node names.
//
// Safety: the table is allocated once; an index is masked by its size, a power of two.
const SLOTS: u32 = 1 << 19;
const FULL: u32 = SLOTS - SLOTS / 4;

export class Visited {
  private table: usize = heap.alloc(<usize>SLOTS << 3);
  private count: u32 = 0;

  clear(): void {
    memory.fill(this.table, 0, <usize>SLOTS << 3);
    this.count = 0;
  }

  /** True if the hash is seen for the first time (or the table is full). */
  add(hash: usize): bool {
    const key = load<u64>(hash) | 1;
    let index = <u32>(load<u64>(hash, 8) & (SLOTS - 1));
    while (true) {
      const slot = this.table + (<usize>index << 3);
      const held = load<u64>(slot);
      if (held == key) return false;
      if (held == 0) {
        if (this.count >= FULL) return true;
        store<u64>(slot, key);
        this.count++;
        return true;
      }
      index = (index + 1) & (SLOTS - 1);
    }
  }
}
