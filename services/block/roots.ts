// The clients' roots on their way to the next checkpoint: what `setRoot` gave, and what held when the last transaction was committed, to which `abandon` returns.
// Without that return, a client that dies between `setRoot` and its commit would leave a root to blocks that it never got.
//
// Safety: badges are 1 … ROOT_COUNT and lengths at most ROOT_BYTES: the service checks both before it comes here.
import { Checkpoint, ROOT_BYTES, ROOT_COUNT } from "./checkpoint";

const ENTRY_BYTES: u32 = 8 + ROOT_BYTES;
const TABLE_BYTES: usize = ROOT_COUNT * ENTRY_BYTES;

export class Roots {
  private open: usize = heap.alloc(TABLE_BYTES);
  private committed: usize = heap.alloc(TABLE_BYTES);

  private entry(badge: u32): usize { return this.open + (badge - 1) * ENTRY_BYTES; }

  /** Start from what the mounted checkpoint holds. */
  reset(checkpoint: Checkpoint): void {
    for (let badge: u32 = 1; badge <= ROOT_COUNT; badge++) {
      store<u32>(this.entry(badge), checkpoint.rootLength(badge));
      memory.copy(this.entry(badge) + 8, checkpoint.root(badge), ROOT_BYTES);
    }
    this.commit();
  }

  set(badge: u32, address: usize, lengthBytes: u32): void {
    store<u32>(this.entry(badge), lengthBytes);
    memory.copy(this.entry(badge) + 8, address, lengthBytes);
  }

  /** Was a root set that is not committed? */
  get isOpen(): bool { return memory.compare(this.open, this.committed, TABLE_BYTES) != 0; }

  commit(): void { memory.copy(this.committed, this.open, TABLE_BYTES); }
  abandon(): void { memory.copy(this.open, this.committed, TABLE_BYTES); }
  /** One client's alone. */
  abandonOf(badge: u32): void {
    if (badge < 1 || badge > ROOT_COUNT) return;
    memory.copy(this.entry(badge), this.committed + (badge - 1) * ENTRY_BYTES, ENTRY_BYTES);
  }

  /** Put every root into the checkpoint that is about to be written. */
  apply(checkpoint: Checkpoint): void {
    for (let badge: u32 = 1; badge <= ROOT_COUNT; badge++) checkpoint.setRoot(badge, this.entry(badge) + 8, load<u32>(this.entry(badge)));
  }
}
