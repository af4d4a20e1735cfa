// The map against a sorted model: same content, whatever the history, same root; evicted and loaded again, same answers.
import { commitMap, HASH_BYTES, MapCursor, MapEditor, MerkleMap, Node, NodeCache, Child, keyLevel, sameHash, isValidNode } from "../index";
import { Status } from "../../../../kernel-bindings/generated/assembly/status";
import { MemoryNodeStore } from "./memory-node-store";
import { Random } from "../../tests/random";
import { Model } from "./model";

const key = memory.data(300, 16);
const value = memory.data(2048, 16);
const rootBefore = memory.data(32, 16);

/** A key for a number: some short, some long, shared prefixes. Its length. */
function makeKey(number: u32): u32 {
  store<u64>(key, bswap<u64>(number / 7));
  store<u8>(key + 8, number & 1);
  const nameBytes: u32 = number % 11 == 0 ? 200 : number % 5;
  for (let i: u32 = 0; i < nameBytes; i++) store<u8>(key + 9 + i, <u8>(number * 31 + i));
  store<u32>(key + 9 + nameBytes, number);
  return 13 + nameBytes;
}

function makeValue(seed: u32): u32 {
  const bytes = seed % 97;
  for (let i: u32 = 0; i < bytes; i++) store<u8>(value + i, <u8>(seed + i));
  return bytes;
}

class World {
  nodes: MemoryNodeStore;
  cache: NodeCache;
  map: MerkleMap;
  editor: MapEditor = new MapEditor();
  constructor(recordCount: u32, chunkCount: u32, salt: u8) {
    const nodes = new MemoryNodeStore();
    const cache = new NodeCache(nodes, recordCount, chunkCount);
    this.nodes = nodes;
    this.cache = cache;
    this.map = new MerkleMap(cache);
    memory.fill(this.map.salt, salt, HASH_BYTES);
    assert(this.map.reset() == Status.Ok);
  }
  put(number: u32, seed: u32): u32 {
    const keyBytes = makeKey(number);
    return this.editor.put(this.map, key, keyBytes, value, makeValue(seed));
  }
  remove(number: u32): u32 { return this.editor.remove(this.map, key, makeKey(number)); }
  seedOf(number: u32, expected: u32): bool {
    const keyBytes = makeKey(number);
    if (this.map.get(key, keyBytes) != Status.Ok) return false;
    const bytes = makeValue(expected);
    return this.map.valueBytes == bytes && memory.compare(this.map.valueAddress, value, bytes) == 0;
  }
  save(): void {
    commitMap(this.map);
    while (this.cache.unstoredCount > 0) assert(this.cache.storeSome(20) == Status.Ok);
  }
}

/** Random puts and removals of `keys` numbers, with commits, stores and reopenings in between. */
function scramble(world: World, model: Model, random: Random, steps: u32, keys: u32): void {
  for (let i: u32 = 0; i < steps; i++) {
    const number = random.below(keys);
    if (random.below(3) > 0) {
      const seed = random.below(1000000);
      expect(world.put(number, seed)).toBe(Status.Ok);
      model.set(number, seed);
    } else {
      expect(world.remove(number)).toBe(model.has(number) ? Status.Ok : Status.NotFound);
      model.drop(number);
    }
    if (i % 61 == 0) commitMap(world.map);
    if (i % 257 == 0 || world.cache.unstoredBytes > world.cache.capacityBytes / 4) world.save();
  }
}

describe("the Merkle map", () => {
  it("has the defined root when it is empty", () => {
    const world = new World(64, 4, 1);
    const root = commitMap(world.map);
    expect(Node.lengthBytes(world.cache.node(world.cache.find(root)))).toBe(16);
    expect(world.map.count).toBe(0);
  });

  it("answers like a sorted model and has the same root for the same content", () => {
    const random = new Random(7);
    const model = new Model(4000);
    const world = new World(256, 16, 3);
    scramble(world, model, random, 12000, 4000);
    expect(world.map.count).toBe(model.count);
    for (let number: u32 = 0; number < 4000; number++) {
      if (model.has(number)) expect(world.seedOf(number, model.seed(number))).toBe(true);
      else expect(world.map.get(key, makeKey(number))).toBe(Status.NotFound);
    }
    memory.copy(rootBefore, commitMap(world.map), 32);
    const other = new World(2048, 64, 3);
    for (let number: u32 = 4000; number-- > 0; ) if (model.has(number)) expect(other.put(number, model.seed(number))).toBe(Status.Ok);
    expect(sameHash(commitMap(other.map), rootBefore)).toBe(true);
    const salted = new World(2048, 64, 4);
    for (let number: u32 = 0; number < 4000; number++) if (model.has(number)) expect(salted.put(number, model.seed(number))).toBe(Status.Ok);
    expect(sameHash(commitMap(salted.map), rootBefore)).toBe(false);
  });

  it("returns to the empty root when everything is removed, boundaries included", () => {
    const world = new World(2048, 64, 5);
    memory.copy(rootBefore, commitMap(world.map), 32);
    let boundaries: u32 = 0;
    for (let number: u32 = 0; number < 5000; number++) {
      expect(world.put(number, number)).toBe(Status.Ok);
      if (keyLevel(world.map.salt, key, makeKey(number)) > 0) boundaries++;
    }
    expect(boundaries).toBeGreaterThan(100);
    commitMap(world.map);
    const random = new Random(3);
    const model = new Model(5000);
    for (let left: u32 = 5000; left > 0; ) {
      const number = random.below(5000);
      if (model.has(number)) continue;
      model.set(number, 1);
      expect(world.remove(number)).toBe(Status.Ok);
      left--;
    }
    expect(sameHash(commitMap(world.map), rootBefore)).toBe(true);
  });

  it("opens a stored root in an empty cache and walks in key order", () => {
    const world = new World(2048, 64, 9);
    for (let number: u32 = 0; number < 3000; number++) expect(world.put(number * 7919 % 3001, number)).toBe(Status.Ok);
    world.save();
    memory.copy(rootBefore, commitMap(world.map), 32);
    const map = new MerkleMap(new NodeCache(world.nodes, 64, 2));
    memory.fill(map.salt, 9, HASH_BYTES);
    expect(map.open(rootBefore)).toBe(Status.Ok);
    expect(map.count).toBe(world.map.count);
    const cursor = new MapCursor();
    store<u8>(key, 0);
    expect(cursor.seek(map, key, 1)).toBe(Status.Ok);
    let seen: u64 = 0;
    const last = memory.data(300);
    let lastBytes: u32 = 0;
    while (cursor.isAtEntry) {
      if (seen > 0) expect(memory.compare(last, cursor.key, min(lastBytes, cursor.keyBytes)) <= 0).toBe(true);
      memory.copy(last, cursor.key, cursor.keyBytes);
      lastBytes = cursor.keyBytes;
      seen++;
      if (seen % 50 == 0) map.get(key, makeKey(<u32>seen)); // other use in between, which evicts
      expect(cursor.next()).toBe(Status.Ok);
    }
    expect(seen).toBe(map.count);
  });

  it("refuses a change it has no memory for and stays as it was", () => {
    const world = new World(32, 1, 2);
    let status: u32 = Status.Ok;
    let number: u32 = 0;
    while (status == Status.Ok && number < 20000) status = world.put(number++, 96);
    expect(status).toBe(Status.OutOfMemory);
    expect(world.map.count).toBe(number - 1);
    world.save();
    expect(world.put(number - 1, 5)).toBe(Status.Ok);
    for (let i: u32 = 0; i < number - 1; i++) expect(world.seedOf(i, 96)).toBe(true);
  });

  it("answers Corrupted for a missing or foreign node", () => {
    const world = new World(2048, 64, 6);
    for (let number: u32 = 0; number < 3000; number++) expect(world.put(number, number)).toBe(Status.Ok);
    world.save();
    memory.copy(rootBefore, commitMap(world.map), 32);
    const map = new MerkleMap(new NodeCache(world.nodes, 64, 2));
    world.nodes.damage = 1;
    expect(map.open(rootBefore)).toBe(Status.Corrupted);
    world.nodes.damage = 0;
    expect(map.open(rootBefore)).toBe(Status.Ok);
    world.nodes.damage = 2;
    expect(map.get(key, makeKey(1500))).toBe(Status.Corrupted);
  });
});

describe("a node from a disk", () => {
  it("is refused whatever byte is wrong, and never read past its end", () => {
    const world = new World(2048, 64, 8);
    for (let number: u32 = 0; number < 200; number++) expect(world.put(number, number)).toBe(Status.Ok);
    commitMap(world.map);
    const node = world.cache.node(world.cache.find(world.map.root));
    expect(Node.level(node)).toBeGreaterThan(0);
    const leaf = world.cache.node(world.cache.find(Node.value(node, 1)));
    for (let which = 0; which < 2; which++) {
      const at = which == 0 ? node : leaf;
      const bytes = Node.lengthBytes(at);
      expect(isValidNode(at, bytes)).toBe(true);
      expect(isValidNode(at, bytes - 1)).toBe(false);
      expect(isValidNode(at, bytes + 1)).toBe(false);
      expect(isValidNode(at, 8)).toBe(false);
      const head: u32 = 16 + 4 * Node.entryCount(at);
      for (let i: u32 = 0; i < head; i++) {
        const byte = load<u8>(at + i);
        store<u8>(at + i, byte ^ 0x81);
        expect(isValidNode(at, bytes)).toBe(false);
        store<u8>(at + i, byte);
      }
    }
    const first = Node.entry(leaf, 0);
    store<u16>(first, 265);
    expect(isValidNode(leaf, Node.lengthBytes(leaf))).toBe(false);
    store<u16>(first, 0);
    expect(isValidNode(leaf, Node.lengthBytes(leaf))).toBe(false);
    const child = Node.value(node, 0);
    Child.setChanged(child, 5, Child.count(child));
    expect(isValidNode(node, Node.lengthBytes(node))).toBe(false);
  });
});
