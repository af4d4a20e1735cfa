// The chain, batches, failures below, and reading back, over fakes.
import { Entry, EntryType } from "../../../kernel-bindings/generated/assembly/axiom";
import { BlockFlag } from "../../../kernel-bindings/generated/assembly/block";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { hash } from "../../base/blake3";
import { Reject } from "../batch";
import { flip, hex } from "./fake-lower";
import { Random, World } from "./world";

const out: usize = heap.alloc(32);
function hashHex(address: usize, lengthBytes: u32): string { hash(address, lengthBytes, out); return hex(out); }

describe("a new log", () => {
  it("answers NotFormatted before format and holds genesis after it", () => {
    const world = new World();
    expect(world.log.mount()).toBe(Status.NotFormatted);
    expect(world.one(1)).toBe(Status.NotFormatted);
    expect(world.format()).toBe(Status.Ok);
    expect(world.log.nextHeight).toBe(1);
    const genesis = world.entry(0);
    expect(Entry.type(changetype<usize>(genesis))).toBe(<u16>EntryType.genesis);
    expect(hex(world.log.chain.head)).toBe(hashHex(changetype<usize>(genesis), 112));
  });

  it("chains entries: each names the hash of the head before it and of its payload", () => {
    const world = new World();
    world.format();
    expect(world.log.propose(world.root, 1, 65537, 0, 3)).toBe(Status.TooLarge, "the batch buffer of this world is 64 KiB");
    world.add(1, 13); world.add(2, 0); world.add(3, 3000, 33);
    expect(world.propose()).toBe(Status.Ok);
    expect(world.log.nextHeight).toBe(5);
    for (let height: u64 = 1; height < 5; height++) {
      const before = world.entry(height - 1);
      const entry = world.entry(height);
      const p = changetype<usize>(entry);
      expect(hex(Entry.previous(p))).toBe(hashHex(changetype<usize>(before), 112));
      expect(hex(Entry.payloadHash(p))).toBe(hashHex(p + 112, Entry.payloadBytes(p)));
    }
    const last = world.entry(4);
    expect(Entry.type(changetype<usize>(last))).toBe(<u16>EntryType.stateRoot);
    expect(hex(changetype<usize>(last) + 112)).toBe(hex(world.root));
  });
});

describe("a batch", () => {
  it("is refused whole with a reason and the index of the proposal at fault", () => {
    const world = new World();
    world.format();
    world.add(1); world.add(2); world.add(1);
    expect(world.propose()).toBe(Status.Rejected);
    expect(world.log.rejectReason).toBe(Reject.duplicate);
    expect(world.log.batch.index).toBe(2);
    world.add(1); world.add(5, 20, EntryType.genesis);
    expect(world.propose()).toBe(Status.Rejected);
    expect(world.log.rejectReason).toBe(Reject.policy);
    world.add(1); world.add(5, 32, EntryType.stateRoot);
    expect(world.propose()).toBe(Status.Rejected);
    expect(world.log.nextHeight).toBe(1);
    // The keys of what was refused were never seen.
    world.add(1); world.add(2); world.add(5);
    expect(world.propose()).toBe(Status.Ok);
    expect(world.one(2)).toBe(Status.Rejected);
  });

  it("is refused from a client without the right to write", () => {
    const world = new World();
    world.format();
    world.add(1);
    expect(world.log.propose(world.root, 1, world.batchBytes, 0, 1)).toBe(Status.Rejected);
    expect(world.log.rejectReason).toBe(Reject.policy);
  });

  it("may be anything: no bytes make it trap, and what it commits is a log that checks", () => {
    const world = new World(1 << 20, 4096, 4096);
    world.format();
    const random = new Random(11);
    let committed = 0;
    for (let turn = 0; turn < 3000; turn++) {
      const count = random.below(3) + 1;
      for (let i: u32 = 0; i < count; i++) world.add(random.next(), random.below(60), 16 + random.below(20));
      const bytes = world.batchBytes;
      for (let flips = random.below(3); flips; flips--) {
        const at = world.log.batch.address + random.below(bytes);
        store<u8>(at, load<u8>(at) ^ <u8>(<u32>1 << random.below(8)));
      }
      const cut = random.below(20) == 0 ? random.below(bytes + 8) : bytes;
      const status = world.log.propose(world.root, count, cut, 0, 3);
      if (status == Status.Ok) committed++;
      else expect(status).toBe(Status.Rejected);
      world.propose(); // Empties the batch at hand; the same keys again are refused or committed.
      if (world.log.flags & BlockFlag.checkpointWanted) expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    }
    expect(committed).toBeGreaterThan(500);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(world.log.nextHeight);
  });

  it("asks for a checkpoint at three eighths of an arena, more urgently at half, and is refused, changing nothing, when the arena is full", () => {
    const world = new World(16384, 256, 4096);
    world.format();
    let key: u64 = 1;
    while (!(world.log.flags & BlockFlag.checkpointWanted)) expect(world.one(key++, 1000)).toBe(Status.Ok);
    expect(world.log.flags & BlockFlag.checkpointDue).toBe(0);
    expect(key).toBeLessThan(9);
    while (!(world.log.flags & BlockFlag.checkpointDue)) expect(world.one(key++, 1000)).toBe(Status.Ok);
    expect(key).toBeLessThan(12);
    let status: u32 = 0;
    while (status == Status.Ok) status = world.one(key++, 1000);
    expect(status).toBe(Status.OutOfMemory);
    const height = world.log.nextHeight;
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.log.flags & (BlockFlag.checkpointWanted | BlockFlag.checkpointDue)).toBe(0);
    expect(world.one(key - 1, 1000)).toBe(Status.Ok, "the key of the refused batch is free");
    expect(world.log.nextHeight).toBe(height + 2);
  });
});

describe("failures below", () => {
  it("leave memory at the last committed entry", () => {
    const world = new World();
    world.format();
    world.one(1);
    const height = world.log.nextHeight;
    const head = hex(world.log.chain.head);
    world.journal.failCommit = Status.DeviceError;
    expect(world.one(2)).toBe(Status.DeviceError);
    world.journal.failCommit = Status.NoSpace;
    expect(world.one(2)).toBe(Status.NoSpace);
    world.objects.failPrepare = Status.NoSpace;
    expect(world.one(2)).toBe(Status.NoSpace);
    expect(world.log.nextHeight).toBe(height);
    expect(hex(world.log.chain.head)).toBe(head);
    expect(world.one(2)).toBe(Status.Ok);
    expect(world.log.mount()).toBe(Status.Ok);
    expect(world.log.nextHeight).toBe(height + 2);
  });

  it("that lose commits take the log back to the last durable one, keys included", () => {
    const world = new World();
    world.format();
    world.one(1);
    expect(world.log.sync()).toBe(Status.Ok);
    const height = world.log.nextHeight;
    world.one(2);
    world.one(3);
    world.journal.failSync = Status.Lost;
    expect(world.log.sync()).toBe(Status.Lost);
    expect(world.log.nextHeight).toBe(height);
    expect(world.one(1)).toBe(Status.Rejected);
    expect(world.one(3)).toBe(Status.Ok);
    world.journal.failCommit = Status.Lost;
    expect(world.one(4)).toBe(Status.Lost);
    expect(world.log.nextHeight).toBe(height);
    world.one(5);
    world.journal.failCheckpoint = Status.Lost;
    expect(world.checkpointer.run(world.root)).toBe(Status.Lost);
    expect(world.log.nextHeight).toBe(height);
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
  });

  it("in a checkpoint leave the log as it was, and the next one succeeds", () => {
    const world = new World();
    world.format();
    for (let key: u64 = 1; key < 20; key++) world.one(key);
    const head = hex(world.log.chain.head);
    world.objects.failStore = Status.NoSpace;
    expect(world.checkpointer.run(world.root)).toBe(Status.NoSpace);
    world.objects.failStore = 0;
    world.journal.failCheckpoint = Status.DeviceError;
    expect(world.checkpointer.run(world.root)).toBe(Status.DeviceError);
    expect(world.log.index.segmentCount).toBe(0);
    expect(world.log.hasRoot).toBe(false);
    expect(world.one(20)).toBe(Status.Ok);
    expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
    expect(world.log.mount()).toBe(Status.Ok);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(0);
    expect(world.checker.checked).toBe(world.log.nextHeight);
    expect(hex(world.log.chain.head)).not.toBe(head);
  });
});

describe("mount", () => {
  it("gives back the same log from pieces alone, and from a checkpoint and pieces", () => {
    const world = new World();
    world.format();
    for (let key: u64 = 1; key < 30; key++) {
      world.one(key, <u32>(key * 37 % 90));
      if (key == 11 || key == 22) expect(world.checkpointer.run(world.root)).toBe(Status.Ok);
      const head = hex(world.log.chain.head);
      const height = world.log.nextHeight;
      expect(world.log.mount()).toBe(Status.Ok);
      expect(hex(world.log.chain.head)).toBe(head);
      expect(world.log.nextHeight).toBe(height);
    }
    for (let key: u64 = 1; key < 30; key++) expect(world.one(key)).toBe(Status.Rejected);
  });

  it("refuses a piece with any byte changed, removed pieces, pieces out of order and pieces twice", () => {
    const world = new World();
    world.format();
    world.add(1, 3); world.add(2, 8);
    world.propose();
    world.one(3);
    const pieces = world.journal.pieces;
    for (let k = 0; k < pieces.length; k++) {
      const piece = pieces[k];
      for (let i = 0; i < piece.length; i++) {
        flip(piece, i);
        const status = world.log.mount();
        if (status == Status.Ok) expect(i).toBe(-1, "a changed byte was not seen");
        flip(piece, i);
      }
    }
    expect(world.log.mount()).toBe(Status.Ok);
    const first = pieces[1], second = pieces[2];
    pieces[1] = second;
    expect(world.log.mount()).toBe(Status.Corrupted);
    pieces[2] = first;
    expect(world.log.mount()).toBe(Status.Corrupted);
    pieces[1] = first;
    expect(world.log.mount()).toBe(Status.Corrupted);
    pieces[2] = second;
    expect(world.log.mount()).toBe(Status.Ok);
    pieces.pop();
    expect(world.log.mount()).toBe(Status.Ok, "a prefix is a log");
    expect(world.log.nextHeight).toBe(4);
  });
});
