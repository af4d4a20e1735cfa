// The window of idempotency keys against a plain model.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RECENT_KEYS_BYTES_MAXIMUM, RecentKeys, WINDOW } from "../recent-keys";
import { Random } from "./world";

const buffer: usize = heap.alloc(RECENT_KEYS_BYTES_MAXIMUM);

describe("recent keys", () => {
  it("remembers exactly the last WINDOW keys that were kept", () => {
    const keys = new RecentKeys();
    for (let key: u64 = 1; key <= WINDOW; key++) {
      expect(keys.insert(key)).toBe(true);
      keys.keepBatch();
    }
    expect(keys.insert(1)).toBe(false);
    expect(keys.insert(WINDOW + 1)).toBe(true);
    keys.keepBatch();
    expect(keys.insert(2)).toBe(false);
    expect(keys.insert(1)).toBe(true);
  });

  it("agrees with a model through random batches, kept and dropped, and through the disk", () => {
    const random = new Random(3);
    let keys = new RecentKeys();
    const model: u64[] = [];
    for (let turn = 0; turn < 400; turn++) {
      const batch: u64[] = [];
      for (let i = random.below(40); i; i--) {
        // Few distinct keys, and multiples of 2⁵¹, whose products collide in the table's high bits.
        const key: u64 = random.below(2) ? random.below(5000) + 1 : <u64>(random.below(3000) + 1) << 51;
        const known = model.includes(key) || batch.includes(key);
        if (keys.insert(key) == known) expect(turn).toBe(-1, "model and window disagree");
        if (!known) batch.push(key);
      }
      if (random.below(4) == 0) keys.dropBatch();
      else {
        keys.keepBatch();
        for (let i = 0; i < batch.length; i++) model.push(batch[i]);
        while (<u32>model.length > WINDOW) model.shift();
      }
      if (random.below(16) == 0) {
        const bytes = keys.encode(buffer);
        keys = new RecentKeys();
        expect(keys.decode(buffer, bytes)).toBe(Status.Ok);
      }
    }
    expect(model.length).toBe(WINDOW);
  });

  it("refuses an object that is not one", () => {
    const keys = new RecentKeys();
    keys.insert(5); keys.insert(6); keys.keepBatch();
    const bytes = keys.encode(buffer);
    expect(new RecentKeys().decode(buffer, bytes - 8)).toBe(Status.Corrupted);
    expect(new RecentKeys().decode(buffer, 8)).toBe(Status.Corrupted);
    store<u64>(buffer, 5, 24);
    expect(new RecentKeys().decode(buffer, bytes)).toBe(Status.Corrupted, "a key twice");
    store<u64>(buffer, 0, 24);
    expect(new RecentKeys().decode(buffer, bytes)).toBe(Status.Corrupted, "no key");
    store<u16>(buffer, 2, 4);
    expect(new RecentKeys().decode(buffer, bytes)).toBe(Status.UnsupportedVersion);
  });
});
