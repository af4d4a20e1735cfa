// A seeded fuzzer of the device's side of the virtqueue: the shipped driver over a device model whose completions are mutated.
// The oracle knows what the device really did. It fails on a trap, on a request with no answer or two, and on a lie that the
// driver believes: an answer of Ok for what was not done, or for a completion that breaks VIRTIO 1.2 §2.7.8 or §5.2.6.
// (A status of OK, the right length and nothing done behind it no driver can see; that one the fuzzer does not tell.)
import type { BlockRequest } from "../../host/devices/block-request.ts";
import type { Ending } from "../../host/devices/misbehaviour.ts";
import type { Virtqueue } from "../../host/devices/virtqueue.ts";
import { RequestFlag, Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { type BatchEntry, bootDriver, type DriverSystem, randomFrom, sectorBytes, statusOf } from "../driver/driver-system.ts";

export interface FuzzResult { completions: number; mutated: number; requests: number; resets: number; breaches: number; timeOuts: number; okay: number; kinds: number[]; failure: string | null }

const queueSize = 64;
const batchSize = 64;
const poison = 0xeeee_eeee;
const rangeSectors = 4096;
const noTag = batchSize;
const identity = "axiomfs hosted disk";
/** Types of requests, VIRTIO 1.2 §5.2.6. */
const RequestType = { read: 0, write: 1, flush: 4, identify: 8, discard: 11, writeZeroes: 13 } as const;
/** What a request of its own may end with, be the device as it is. */
const allowed = ["Ok", "DeviceError", "Unsupported", "TimedOut"];

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
  private isIdentified = false;
  /** Of every head of every queue: its status byte says OK although it must not be believed any more; its right length. */
  private readonly isTainted: Uint8Array;
  private readonly lengths: Uint32Array;
  /** Sectors that were zeroed since they were written. (What is discarded keeps its content on this disk.) */
  private readonly isErased = new Uint8Array(rangeSectors);
  private flushTag = noTag;
  private readonly answered = new Uint8Array(batchSize);
  private readonly entries: BatchEntry[] = [];
  private firstSector = 0;
  private readonly address: number;
  private readonly slot: number;

  constructor(private readonly driver: DriverSystem, seed: number) {
    this.random = randomFrom(seed);
    const { address, slot } = driver.attach(batchSize * sectorBytes + 4096);
    this.address = address;
    this.slot = slot;
    const words = new DataView(driver.content.buffer, driver.content.byteOffset, driver.content.byteLength);
    for (let sector = 0; sector < driver.content.length / sectorBytes; sector++) {
      words.setUint32(sector * sectorBytes, sector, true);
      words.setUint32(sector * sectorBytes + 508, sector, true);
    }
    this.isTainted = new Uint8Array(driver.device.queues.length * queueSize);
    this.lengths = new Uint32Array(driver.device.queues.length * queueSize);
    driver.device.takeOver = (ending) => this.end(ending);
  }

  get tried(): number { return this.mutated; }

  /** One batch, and sometimes a request of its own beside it. */
  turn(): void {
    const { random, driver } = this;
    this.isDone.fill(0);
    this.answered.fill(0);
    this.isTainted.fill(0);
    this.isIdentified = false;
    this.firstSector = random(rangeSectors - batchSize);
    const count = 1 + random(batchSize);
    this.entries.length = 0;
    this.flushTag = random(4) === 0 ? random(count) : noTag;
    for (let tag = 0; tag < count; tag++) this.entries.push(this.entryOf(tag));
    this.requests += count;
    for (let sent = 0; sent < count && this.failure === null;) sent += this.guarded(() => driver.submit(this.entries.slice(sent, sent + 1 + random(24)))) ?? 0;
    if (random(4) === 0) this.identify();
    let seen = 0;
    for (let wait = 0; seen < count && wait < 1000 && this.failure === null; wait++) seen += this.collect();
    if (this.failure === null && seen < count) this.failure = `${count - seen} requests have no answer`;
    if (driver.system.faults.length) this.failure = `the driver ended: ${driver.system.faults[0]!.text}`;
  }

  private entryOf(tag: number): BatchEntry {
    const { view } = this.driver.client;
    const at = this.address + tag * sectorBytes;
    const sector = this.firstSector + tag;
    const flags = this.random(8) === 0 ? RequestFlag.background : 0;
    if (tag === this.flushTag) return { transfer: Transfer.flush, tag, sector: 0n, slot: 0, offsetBytes: 0, lengthBytes: 0, flags };
    const transfer = [Transfer.write, Transfer.write, Transfer.write, Transfer.discard, Transfer.writeZeroes][this.random(16)] ?? Transfer.read;
    view.setUint32(at, transfer === Transfer.write ? sector : poison, true);
    view.setUint32(at + 508, transfer === Transfer.write ? sector : poison, true);
    return { transfer, tag, sector: BigInt(sector), slot: this.slot, offsetBytes: tag * sectorBytes, lengthBytes: sectorBytes, flags };
  }

  /** A request of its own, while the batch is under way. */
  private identify(): void {
    const { driver: { client, disk }, address } = this, buffer = { address: address + batchSize * sectorBytes, length: 20 };
    client.bytes.fill(0xee, buffer.address, buffer.address + 20);
    let length = 0;
    const status = statusOf(() => { length = disk.identify({ identity: buffer }).lengthBytes; });
    this.requests++;
    if (!allowed.includes(status)) this.failure = `identify: the driver answers ${status}`;
    if (status !== "Ok") return;
    this.okay++;
    if (!this.isIdentified) this.failure ??= "identify: the driver believed a lie";
    const text = String.fromCharCode(...client.bytes.subarray(buffer.address, buffer.address + length));
    if (text !== identity) this.failure ??= `identify: ${JSON.stringify(text)} was handed out`;
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
      const wanted = this.isErased[sector] === 0 ? sector : 0;
      if (entry.transfer === Transfer.read && (view.getUint32(at, true) !== wanted || view.getUint32(at + 508, true) !== wanted)) this.failure ??= `tag ${tag}: stale memory was handed out as data`;
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
    const key = device.queue.index * queueSize + head;
    const right = request.type === RequestType.read || request.type === RequestType.identify ? request.lengthBytes + 1 : 1;
    this.lengths[key] = right;
    // Neighbours come as one request, and end as one.
    const done = (): void => {
      this.execute(ending);
      if (request.type === RequestType.identify) this.isIdentified = true;
      else if (request.type === RequestType.flush) this.isDone[this.flushTag] = 1;
      else this.isDone.fill(1, ...this.sectorsOf(request).map((sector) => sector - this.firstSector));
    };
    /** The work is done, but what the device says of it must not be believed. */
    const tainted = (length: number): void => {
      this.execute(ending);
      this.isTainted[key] = 1;
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
      case 9: done(); hostile.put(head, right); this.anyQueue().skip(1 + random(0x7fff)); break;
      case 10: done(); hostile.put(head, right); this.anyQueue().skip(-(queueSize + 1 + random(0x4000))); break;
      case 11: this.other(device.queue, head); break;
      case 12: done(); this.other(device.queue, head); break;
      case 13: request.complete(1 + random(2)); hostile.put(head, random(2) ? right : 1); break;
      case 14: done(); hostile.put(head, right); if (random(4) === 0) hostile.rewriteUsed(-1 - random(4)); break;
      case 15: done(); hostile.put(head, right); if (random(4) === 0) device.reconfigure(device.sectorCount, [512, 513, 3, 0][random(4)]!); break;
      case 16: done(); hostile.put(head, right); for (let count = random(4); count > 0; count--) device.interrupt(); break;
      case 17: if (random(64) === 0) device.stop(); else { done(); hostile.put(head, right); } break;
      case 18: if (random(64) !== 0) { done(); hostile.put(head, right); } break; // else silence
      case 19: if (random(2)) done(); this.other(this.anyQueue(), head); break;
    }
    return this.told();
  }

  /** In this queue, the id of some other request, with its right length; it was not done, or is not outstanding any more. */
  private other(queue: Virtqueue, head: number): void {
    const id = (head + 1 + this.random(queueSize - 1)) % queueSize, key = queue.index * queueSize + id;
    queue.finish(id, this.isTainted[key] !== 0 ? 0xffff : this.lengths[key]!);
  }

  private anyQueue(): Virtqueue {
    const { queues } = this.driver.device;
    return queues[this.random(queues.length)]!;
  }

  /** Does the work of a request, and keeps account of what it does to the disk. */
  private execute({ request, execute }: Ending): void {
    const [first, end] = this.sectorsOf(request);
    request.complete(execute());
    if (request.type === RequestType.write) this.isErased.fill(0, first, end);
    else if (request.type === RequestType.writeZeroes) this.isErased.fill(1, first, end);
  }

  /** The sectors [first, end) of a request; those of a discard or write-zeroes stand in its data. */
  private sectorsOf(request: BlockRequest): [number, number] {
    if (request.type === RequestType.read || request.type === RequestType.write) return [request.sector, request.sector + request.lengthBytes / sectorBytes];
    if (request.type !== RequestType.discard && request.type !== RequestType.writeZeroes) return [0, 0];
    const [range] = request.views, fields = new DataView(range!.buffer, range!.byteOffset, range!.byteLength);
    const sector = fields.getUint32(0, true);
    return [sector, sector + fields.getUint32(8, true)];
  }

  private told(): boolean {
    this.driver.device.interrupt();
    return true;
  }
}

/** Kinds of `end` that end in a reset, and those that break one answer only. */
const ringKinds = [1, 2, 7, 8, 9, 10, 11, 12, 14, 17, 18, 19];
const pieceKinds = [3, 4, 5, 6, 13, 15, 16];

/** Runs until so many completions of a device with so many queues were mutated, or something is wrong. */
export async function fuzzDevice(seed: number, mutations: number, queueCount: number, module?: Uint8Array, progress?: (done: number) => void): Promise<FuzzResult> {
  const driver = await bootDriver({ queued: true, seed, queueSize, queueCount, identity, maximumSegments: 30, discard: true, writeZeroes: true }, { ...(module ? { modules: { "virtio-blk": module } } : {}), log: () => {}, logNotes: false });
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
