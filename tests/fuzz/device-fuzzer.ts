// A seeded fuzzer of the device's side of the virtqueue: the shipped driver over a device model whose completions are mutated.
// The oracle knows what the device really did. It fails on a trap, on a request with no answer or two, and on a lie that the
// driver believes: an answer of Ok for what was not done, or for a completion that breaks VIRTIO 1.2 §2.7.8 or §5.2.6.
// (A status of OK, the right length and nothing done behind it no driver can see; that one the fuzzer does not tell.)
import type { Ending } from "../../host/devices/misbehaviour.ts";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { type BatchEntry, bootDriver, type DriverSystem, randomFrom, sectorBytes, statusOf } from "../driver/driver-system.ts";

export interface FuzzResult { completions: number; mutated: number; requests: number; resets: number; breaches: number; timeOuts: number; okay: number; kinds: number[]; failure: string | null }

const queueSize = 64;
const batchSize = 64;
const poison = 0xeeee_eeee;
const rangeSectors = 4096;
const flushTag = batchSize - 1;

class DeviceFuzzer {
  completions = 0;
  mutated = 0;
  requests = 0;
  okay = 0;
  failure: string | null = null;
  readonly kinds: number[] = new Array<number>(20).fill(0);
  private readonly random: (limit: number) => number;
  /** Was the request of this tag done, and was the device to be believed about it? */
  private readonly isDone = new Uint8Array(batchSize);
  /** Heads whose status byte says OK although they must not be believed any more. */
  private readonly isTainted = new Uint8Array(queueSize);
  private readonly lengths = new Uint32Array(queueSize);
  private readonly answered = new Uint8Array(batchSize);
  private readonly entries: BatchEntry[] = [];
  private firstSector = 0;
  private readonly address: number;
  private readonly slot: number;

  constructor(private readonly driver: DriverSystem, seed: number) {
    this.random = randomFrom(seed);
    const { address, slot } = driver.attach(batchSize * sectorBytes);
    this.address = address;
    this.slot = slot;
    const words = new DataView(driver.content.buffer, driver.content.byteOffset, driver.content.byteLength);
    for (let sector = 0; sector < driver.content.length / sectorBytes; sector++) {
      words.setUint32(sector * sectorBytes, sector, true);
      words.setUint32(sector * sectorBytes + 508, sector, true);
    }
    driver.device.takeOver = (ending) => this.end(ending);
  }

  get tried(): number { return this.mutated; }

  /** One batch, and sometimes a request of its own beside it. */
  turn(): void {
    const { random, driver } = this;
    this.isDone.fill(0);
    this.answered.fill(0);
    this.isTainted.fill(0);
    this.firstSector = random(rangeSectors - batchSize);
    const count = 1 + random(batchSize);
    this.entries.length = 0;
    for (let tag = 0; tag < count; tag++) this.entries.push(this.entryOf(tag));
    this.requests += count;
    const accepted = this.guarded(() => driver.submit(this.entries)) ?? 0;
    let seen = accepted === 0 ? count : count - accepted;
    for (let wait = 0; seen < count && wait < 1000 && this.failure === null; wait++) seen += this.collect();
    if (this.failure === null && accepted !== 0 && seen < count) this.failure = `${count - seen} requests have no answer`;
    if (driver.system.faults.length) this.failure = `the driver ended: ${driver.system.faults[0]!.text}`;
  }

  private entryOf(tag: number): BatchEntry {
    const { view } = this.driver.client;
    const at = this.address + tag * sectorBytes;
    const sector = this.firstSector + tag;
    const choice = this.random(8);
    if (tag === flushTag) return { transfer: Transfer.flush, tag, sector: 0n, slot: 0, offsetBytes: 0, lengthBytes: 0 };
    const transfer = choice === 0 ? Transfer.write : Transfer.read;
    view.setUint32(at, transfer === Transfer.write ? sector : poison, true);
    view.setUint32(at + 508, transfer === Transfer.write ? sector : poison, true);
    return { transfer, tag, sector: BigInt(sector), slot: this.slot, offsetBytes: tag * sectorBytes, lengthBytes: sectorBytes };
  }

  private collect(): number {
    const { view } = this.driver.client;
    const completions = this.guarded(() => this.driver.reapAll()) ?? [];
    for (const { tag, status } of completions) {
      if (tag >= batchSize || this.answered[tag] !== 0) { this.failure = `tag ${tag} has two answers`; break; }
      this.answered[tag] = 1;
      if (status !== 0) continue;
      this.okay++;
      const entry = this.entries[tag]!;
      if (this.isDone[tag] === 0) this.failure ??= `tag ${tag}, transfer ${entry.transfer}: the driver believed a lie`;
      const at = this.address + tag * sectorBytes, sector = this.firstSector + tag;
      if (entry.transfer === Transfer.read && (view.getUint32(at, true) !== sector || view.getUint32(at + 508, true) !== sector)) this.failure ??= `tag ${tag}: stale memory was handed out as data`;
    }
    return completions.length;
  }

  /** A status thrown where none may be is what a dead driver looks like. */
  private guarded<Result>(act: () => Result): Result | null {
    let result: Result | null = null;
    const status = statusOf(() => { result = act(); });
    if (status !== "Ok") this.failure = `the driver answers ${status}`;
    return result;
  }

  /** The device ends a request: honestly, or as the seed has it. */
  private end(ending: Ending): boolean {
    const { random, driver: { device } } = this;
    const { head, request } = ending;
    const { hostile } = device;
    const isFlush = request.type === 4;
    const tag = isFlush ? flushTag : request.sector - this.firstSector;
    const right = request.type === 0 ? request.lengthBytes + 1 : 1;
    this.lengths[head] = right;
    // Neighbours come as one request, and end as one.
    const done = (): void => { request.complete(ending.execute()); this.isDone.fill(1, tag, tag + Math.max(request.lengthBytes / sectorBytes, 1)); };
    /** The work is done, but what the device says of it must not be believed. */
    const tainted = (length: number): void => {
      request.complete(ending.execute());
      this.isTainted[head] = 1;
      hostile.put(head, length >>> 0);
    };
    this.completions++;
    // What breaks the ring ends everything in flight, so it is rare enough that the rest is reached.
    const kind = random(8) === 0 ? 0 : random(24) === 0 ? ringKinds[random(ringKinds.length)]! : pieceKinds[random(pieceKinds.length)]!;
    this.kinds[kind]!++;
    if (kind === 0) { done(); hostile.put(head, right); return this.told(); }
    this.mutated++;
    switch (kind) {
      case 1: hostile.put(random(queueSize * 2), random(0xffff_ffff) | 0x1_0000); break;
      case 2: hostile.put(random(0xffff_ffff), random(0xffff_ffff) | 0x1_0000); break;
      case 3: tainted(random(0xffff_0000) + right + 1); break;
      case 4: tainted(right + 1 + random(3)); break;
      case 5: tainted(random(right)); break;
      case 6: request.complete(3 + random(253)); hostile.put(head, right); break;
      case 7: hostile.put(head, right); break;
      case 8: done(); hostile.put(head, right); hostile.put(head, right); break;
      case 9: done(); hostile.put(head, right); hostile.moveIndex(1 + random(0x7fff)); break;
      case 10: done(); hostile.put(head, right); hostile.moveIndex(-(queueSize + 1 + random(0x4000))); break;
      case 11: this.other(head); break;
      case 12: done(); this.other(head); break;
      case 13: request.complete(1 + random(2)); hostile.put(head, random(2) ? right : 1); break;
      case 14: done(); hostile.put(head, right); if (random(4) === 0) hostile.rewriteUsed(-1 - random(4)); break;
      case 15: done(); hostile.put(head, right); if (random(4) === 0) device.reconfigure(device.sectorCount, [512, 513, 3, 0][random(4)]!); break;
      case 16: done(); hostile.put(head, right); for (let count = random(4); count > 0; count--) device.interrupt(); break;
      case 17: if (random(64) === 0) device.stop(); else { done(); hostile.put(head, right); } break;
      case 18: if (random(64) !== 0) { done(); hostile.put(head, right); } break; // else silence
    }
    return this.told();
  }

  /** The id of some other request, with its right length; it was not done, or is not outstanding any more. */
  private other(head: number): void {
    const id = (head + 1 + this.random(queueSize - 1)) % queueSize;
    this.driver.device.hostile.put(id, this.isTainted[id] !== 0 ? 0xffff : this.lengths[id]!);
  }

  private told(): boolean {
    this.driver.device.interrupt();
    return true;
  }
}

/** Kinds of `end` that end in a reset, and those that break one answer only. */
const ringKinds = [1, 2, 7, 8, 9, 10, 11, 12, 14, 17, 18];
const pieceKinds = [3, 4, 5, 6, 13, 15, 16];

/** Runs until so many completions were mutated, or something is wrong. */
export async function fuzzDevice(seed: number, mutations: number, module?: Uint8Array, progress?: (done: number) => void): Promise<FuzzResult> {
  const driver = await bootDriver({ queued: true, seed, queueSize, maximumSegments: 30, discard: true }, { ...(module ? { modules: { "virtio-blk": module } } : {}), log: () => {}, logNotes: false });
  const fuzzer = new DeviceFuzzer(driver, seed);
  let next = 1_000_000;
  while (fuzzer.tried < mutations && fuzzer.failure === null) {
    fuzzer.turn();
    if (fuzzer.tried >= next) { progress?.(next); next += 1_000_000; }
  }
  const { completions, mutated, requests, okay, failure } = fuzzer;
  const health = failure === null ? driver.health() : { resets: 0n, breaches: 0n, timeOuts: 0n };
  const violations = driver.system.domain("virtio-blk").port!.dma.violations;
  const outside = failure === null && violations !== 0 ? `${violations} accesses outside what was lent` : failure;
  driver.system.close();
  return { completions, mutated, requests, okay, kinds: fuzzer.kinds, failure: outside, resets: Number(health.resets), breaches: Number(health.breaches), timeOuts: Number(health.timeOuts) };
}
