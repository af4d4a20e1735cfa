// What an editor of the disk could forge: structures whose hashes agree, because whoever forged them computed them, and that break one rule each. And batches that break one rule each.
import { Entry, EntryType, Proposal } from "../../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { hash } from "../../base/blake3";
import { Reject } from "../batch";
import { Chain, measureEntry, PAYLOAD_BYTES_MAXIMUM } from "../entry";
import { PIECE_HEAD_BYTES, verifyPiece, writePieceHead } from "../piece";
import { Root, verifyRoot } from "../root";
import { SegmentIndex } from "../segment-index";
import { Segment } from "../segment";
import { CHILDREN_MAXIMUM, loadTile, Tile } from "../tile";
import { Bytes, bytesOf, FakeJournal, FakeObjects, hex } from "./fake-lower";
import { World } from "./world";

const scratch: usize = heap.alloc(1 << 17);
const name: usize = heap.alloc(32);

/** An entry ready to be sealed at `p`. */
function draft(p: usize, type: u32, payloadBytes: u32, key: u64 = 0): void {
  memory.fill(p, 0, Entry.SIZE + payloadBytes + 8);
  Entry.setType(p, <u16>type);
  Entry.setPayloadBytes(p, payloadBytes);
  Entry.setIdempotencyKey(p, key);
}

/** A piece after genesis with entries of these types (0: the end), each with a payload of 32 bytes; its length. The chain moves to its end. */
function forge(chain: Chain, first: u32, second: u32, key: u64 = 0): u32 {
  const from = chain.next;
  let p = scratch + PIECE_HEAD_BYTES;
  draft(p, first, 32, key);
  p += chain.seal(p);
  if (second) {
    draft(p, second, 32, key);
    p += chain.seal(p);
  }
  writePieceHead(scratch, from, second ? 2 : 1, <u32>(p - scratch) - PIECE_HEAD_BYTES, chain.head);
  return <u32>(p - scratch);
}

function begun(): Chain {
  const chain = new Chain();
  draft(scratch, EntryType.genesis, 8);
  chain.seal(scratch);
  return chain;
}

describe("an entry is refused", () => {
  it("when a length, a zero or its type is wrong", () => {
    const chain = begun();
    const p = scratch;
    draft(p, 16, 20);
    const bytes = chain.seal(p);
    expect(measureEntry(p, bytes)).toBe(bytes);
    expect(measureEntry(p, bytes - 1)).toBe(0, "longer than its room");
    expect(measureEntry(p, 111)).toBe(0, "no room for a head");
    Entry.setReserved(p, 1);
    expect(measureEntry(p, bytes)).toBe(0, "reserved");
    Entry.setReserved(p, 0);
    store<u8>(p, 1, 111);
    expect(measureEntry(p, bytes)).toBe(0, "end of the head");
    store<u8>(p, 0, 111);
    store<u8>(p, 1, 112 + 20);
    expect(measureEntry(p, bytes)).toBe(0, "padding");
    store<u8>(p, 0, 112 + 20);
    Entry.setType(p, <u16>EntryType.genesis);
    expect(measureEntry(p, bytes)).toBe(0, "genesis at a height");
    Entry.setHeight(p, 0);
    expect(measureEntry(p, bytes)).toBe(bytes);
    Entry.setType(p, 16);
    expect(measureEntry(p, bytes)).toBe(0, "no genesis at height 0");
    Entry.setHeight(p, 5);
    Entry.setType(p, <u16>EntryType.stateRoot);
    expect(measureEntry(p, bytes)).toBe(0, "a root of 20 bytes");
    draft(p, 16, PAYLOAD_BYTES_MAXIMUM + 1);
    Entry.setHeight(p, 5);
    expect(measureEntry(p, 1 << 17)).toBe(0, "too large for a segment");
  });

  it("when it is not the next, though its hashes agree", () => {
    const chain = begun();
    const forger = new Chain();
    forger.copyFrom(chain);
    forger.next = 5;
    draft(scratch, 16, 20);
    const bytes = forger.seal(scratch);
    expect(chain.accept(scratch, bytes)).toBe(0);
  });
});

describe("a piece is refused", () => {
  it("when its state root is missing, early or not the only one", () => {
    const chain = new Chain();
    const writer = begun();
    chain.copyFrom(writer);
    expect(verifyPiece(scratch, forge(writer, 16, EntryType.stateRoot), chain)).toBe(Status.Ok);
    chain.copyFrom(writer);
    expect(verifyPiece(scratch, forge(writer, 16, 17), chain)).toBe(Status.Corrupted);
    chain.copyFrom(writer);
    expect(verifyPiece(scratch, forge(writer, EntryType.stateRoot, 16), chain)).toBe(Status.Corrupted);
    chain.copyFrom(writer);
    expect(verifyPiece(scratch, forge(writer, EntryType.stateRoot, EntryType.stateRoot), chain)).toBe(Status.Corrupted);
    chain.copyFrom(writer);
    expect(verifyPiece(scratch, forge(writer, 16, 0), chain)).toBe(Status.Corrupted);
  });

  it("when it holds more than its entries, or claims none", () => {
    const chain = new Chain();
    const writer = begun();
    chain.copyFrom(writer);
    const lengthBytes = forge(writer, 16, EntryType.stateRoot);
    store<u32>(scratch, lengthBytes + 8 - PIECE_HEAD_BYTES, 20);
    memory.fill(scratch + lengthBytes, 0, 8);
    expect(verifyPiece(scratch, lengthBytes + 8, chain)).toBe(Status.Corrupted);
    writePieceHead(scratch, 1, 0, 0, chain.head);
    chain.set(1, writer.head);
    expect(verifyPiece(scratch, PIECE_HEAD_BYTES, chain)).toBe(Status.Corrupted);
  });

  it("at mount when it repeats a key", () => {
    const world = new World();
    world.format();
    const writer = new Chain();
    writer.copyFrom(world.log.chain);
    world.journal.pieces.push(bytesOf(scratch, forge(writer, 16, EntryType.stateRoot, 0)));
    expect(world.log.mount()).toBe(Status.Ok);
    // The forged root carries the key too, so that it is there twice.
    world.journal.pieces.push(bytesOf(scratch, forge(writer, 16, EntryType.stateRoot, 77)));
    expect(world.log.mount()).toBe(Status.Corrupted);
  });
});

describe("a batch is refused", () => {
  it("for each rule of its encoding", () => {
    const world = new World(1 << 20, 4096, 1 << 17);
    world.format();
    const p = world.log.batch.address;
    world.add(1, 20); world.add(2, 8);
    const bytes = world.batchBytes;
    expect(world.log.propose(world.root, 3, bytes, 0, 3)).toBe(Status.Rejected, "a proposal is missing");
    expect(world.log.rejectReason).toBe(Reject.encoding);
    // What the next proposal would be had it been sent: none of it may be read.
    world.add(3, 8);
    expect(world.log.propose(world.root, 3, bytes, 0, 3)).toBe(Status.Rejected, "beyond its end");
    expect(world.log.batch.index).toBe(2, "what lies behind the batch was not looked at");
    expect(world.log.propose(world.root, 2, bytes + 8, 0, 3)).toBe(Status.Rejected, "bytes behind the last");
    expect(world.log.propose(world.root, 2, bytes - 8, 0, 3)).toBe(Status.Rejected, "the last payload is cut");
    expect(world.log.batch.index).toBe(1);
    Proposal.setReserved(p, 1);
    expect(world.log.propose(world.root, 2, bytes, 0, 3)).toBe(Status.Rejected, "reserved");
    Proposal.setReserved(p, 0);
    store<u8>(p, 1, Proposal.SIZE + 20);
    expect(world.log.propose(world.root, 2, bytes, 0, 3)).toBe(Status.Rejected, "padding");
    store<u8>(p, 0, Proposal.SIZE + 20);
    expect(world.log.propose(world.root, 2, bytes, 0, 3)).toBe(Status.Ok);
    world.propose();
    world.add(9, PAYLOAD_BYTES_MAXIMUM + 1);
    expect(world.propose()).toBe(Status.Rejected, "payload too large");
    expect(world.log.rejectReason).toBe(Reject.encoding);
    world.add(9, PAYLOAD_BYTES_MAXIMUM);
    expect(world.propose()).toBe(Status.Ok);
  });

  it("when the table of entries is full", () => {
    const world = new World(1 << 20, 6, 4096);
    world.format();
    world.add(1); world.add(2);
    expect(world.propose()).toBe(Status.Ok);
    world.add(3); world.add(4);
    expect(world.propose()).toBe(Status.OutOfMemory);
    expect(world.one(3)).toBe(Status.Ok);
  });
});

/** Batches of one with a checkpoint after each. */
function archived(batches: u64, payloadBytes: u32): World {
  const world = new World();
  world.format();
  for (let key: u64 = 1; key <= batches; key++) {
    world.one(key, payloadBytes);
    world.checkpointer.run(world.root);
  }
  return world;
}

function segmentAt(world: World, height: u64): Bytes {
  world.log.index.find(height);
  return world.objects.objects.get(hex(world.log.index.found));
}

describe("a segment is refused", () => {
  it("when its entries do not have its heights or its shape", () => {
    const world = archived(3, 20);
    const segment = changetype<usize>(segmentAt(world, 3));
    store<u64>(segment, 4, 16);
    expect(world.reader.locate(3, 9999)).toBe(Status.Corrupted);
    store<u64>(segment, 3, 16);
    expect(world.reader.locate(3, 9999)).toBe(Status.Ok);
    world.log.reader.drop();
    Entry.setReserved(segment + 128, 1);
    expect(world.reader.locate(3, 9999)).toBe(Status.Corrupted);
    Entry.setReserved(segment + 128, 0);
    store<u32>(segment, 1, 24);
    expect(world.reader.locate(3, 9999)).toBe(Status.Corrupted, "more bytes than its entries take");
  });

  it("by check when it continues another log, though it is whole in itself", () => {
    const world = archived(3, 20);
    const other = new World();
    other.format();
    other.one(1, 21);
    other.checkpointer.run(other.root);
    other.one(2, 20);
    other.checkpointer.run(other.root);
    world.log.index.find(3);
    const place = hex(world.log.index.found);
    const forged = segmentAt(other, 3);
    Segment.previousSegment(changetype<usize>(forged));
    memory.copy(changetype<usize>(forged) + 32, changetype<usize>(world.objects.objects.get(place)) + 32, 32);
    world.objects.objects.set(place, forged);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.firstBroken).toBe(3);
  });

  it("by check when it lacks its last entry, though its head agrees", () => {
    const world = archived(3, 20);
    world.log.index.find(3);
    const place = hex(world.log.index.found);
    const whole = world.objects.objects.get(place);
    const firstBytes: u32 = Entry.SIZE + 24;
    const forged = bytesOf(changetype<usize>(whole), 128 + firstBytes);
    const p = changetype<usize>(forged);
    store<u32>(p, 1, 24);
    store<u32>(p, firstBytes, 28);
    hash(p + 128, Entry.SIZE, Segment.lastEntry(p));
    world.objects.objects.set(place, forged);
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.firstBroken).toBe(3);
  });

  it("by check though a read before had it in memory", () => {
    const world = archived(2, 20);
    expect(world.reader.locate(3, 9999)).toBe(Status.Ok);
    const segment = segmentAt(world, 3);
    segment[segment.length - 1] ^= 1;
    expect(world.checker.run()).toBe(Status.Ok);
    expect(world.checker.broken).toBe(2);
  });
});

describe("a tile is refused", () => {
  it("when its heights do not rise", () => {
    const objects = new FakeObjects(new FakeJournal());
    Tile.clear(scratch, 0);
    for (let i: u64 = 0; i < 3; i++) Tile.append(scratch, i * 5, name);
    objects.store(scratch, Tile.bytes(scratch), name);
    expect(loadTile(objects, name, scratch, 0, 0, 3)).toBe(Status.Ok);
    store<u64>(scratch + 64 + 80, 5);
    objects.store(scratch, Tile.bytes(scratch), name);
    expect(loadTile(objects, name, scratch, 0, 0, 3)).toBe(Status.Corrupted);
  });

  it("and hides what it names, so marking fails rather than let it be swept", () => {
    const world = archived(105, 20);
    expect(world.marker.run()).toBe(Status.Ok);
    const tile = world.log.index.openTile(1);
    const place = hex(Tile.childHash(tile, 0));
    const damaged = world.objects.objects.get(place);
    damaged[70] ^= 1;
    damaged[6] = 3;
    expect(world.marker.run()).toBe(Status.Corrupted);
  });
});

describe("a root is refused", () => {
  it("when its counts disagree or an absent tile has a name", () => {
    const world = archived(3, 20);
    const root = scratch;
    memory.copy(root, world.log.root, 1024);
    const lengthBytes = Root.bytes(root);
    expect(verifyRoot(root, lengthBytes)).toBe(Status.Ok);
    Root.setSegmentCount(root, 2);
    expect(verifyRoot(root, lengthBytes)).toBe(Status.Corrupted);
    Root.clear(root, 2);
    Root.setNextHeight(root, 1000);
    Root.setSegmentCount(root, CHILDREN_MAXIMUM);
    Root.setTile(root, 1, 0, 1, name);
    expect(verifyRoot(root, Root.bytes(root))).toBe(Status.Ok);
    Root.setTile(root, 0, 0, 0, world.root);
    expect(verifyRoot(root, Root.bytes(root))).toBe(Status.Corrupted);
  });

  it("when its tiles do not follow each other", () => {
    const objects = new FakeObjects(new FakeJournal());
    const index = new SegmentIndex(objects);
    const root = scratch;
    for (let i: u64 = 0; i < 103; i++) index.append(i * 2, name);
    Root.clear(root, 2);
    Root.setNextHeight(root, 206);
    Root.setSegmentCount(root, 103);
    expect(index.storeOpen(root)).toBe(Status.Ok);
    expect(index.load(root)).toBe(Status.Ok);
    // Another tile of level 0, from a log whose segments were shorter.
    const other = scratch + 4096;
    Tile.clear(other, 0);
    for (let i: u64 = 0; i < 3; i++) Tile.append(other, i, name);
    Tile.clear(other + 8192, 0);
    objects.store(other, Tile.bytes(other), name);
    Root.setTile(root, 0, 0, 3, name);
    expect(index.load(root)).toBe(Status.Corrupted);
  });
});

describe("after a checkpoint that failed", () => {
  it("the journal holds the old root again", () => {
    const world = archived(1, 20);
    world.one(50);
    const before = hex(changetype<usize>(world.journal.root), 160);
    world.journal.failCheckpoint = Status.DeviceError;
    expect(world.checkpointer.run(world.root)).toBe(Status.DeviceError);
    world.journal.checkpoint();
    expect(hex(changetype<usize>(world.journal.root), 160)).toBe(before);
  });
});

describe("a run of entries", () => {
  it("in memory ends where a piece ends", () => {
    const world = new World();
    world.format();
    world.one(1); world.one(2);
    expect(world.reader.locate(1, 9999)).toBe(Status.Ok);
    expect(world.reader.runCount).toBe(2);
    expect(world.reader.locate(3, 9999)).toBe(Status.Ok);
    expect(world.reader.runCount).toBe(2);
    expect(world.reader.locate(2, 9999)).toBe(Status.Ok);
    expect(world.reader.runCount).toBe(1);
  });
});
