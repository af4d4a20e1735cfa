// Random reads, writes, flushes, discards and write-zeroes through the shipped driver, compared with a model of the disk.
// `npm run integrity:device -- [OPERATIONS] [SEED]` is the long run, half of it with one queue, half with four; tests/driver/integrity.test.ts the short one.
//
// What stays true of the model: a sector is its bytes, or *forgotten* after a discard until it is written again; what a batch
// has in flight does not overlap, so that the order of its requests does not matter.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { MemoryDisk } from "../../host/devices/disk.ts";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { Transfer, RequestFlag } from "../../kernel-bindings/generated/host/block-device.ts";
import { type BatchEntry, bootDriver, type DriverSystem, randomFrom, sectorBytes } from "./driver-system.ts";

const sectorCount = 4096;
const memoryBytes = 1 << 20;
const batchLimit = 32;
const partBytes = memoryBytes / batchLimit;

/** A disk that forgets what is discarded. */
class ForgetfulDisk extends MemoryDisk {
  override discard(offsetBytes?: number, lengthBytes?: number): boolean {
    this.bytes.fill(0xdd, offsetBytes, offsetBytes! + lengthBytes!);
    return true;
  }
}

export interface IntegrityResult { operations: number; reads: number; writes: number; flushes: number; erased: number; comparedBytes: number }

class Exerciser {
  readonly result: IntegrityResult = { operations: 0, reads: 0, writes: 0, flushes: 0, erased: 0, comparedBytes: 0 };
  private readonly model = new Uint8Array(sectorCount * sectorBytes);
  private readonly isForgotten = new Uint8Array(sectorCount);
  private readonly random: (limit: number) => number;
  private readonly address: number;
  private readonly slot: number;
  private readonly taken = new Uint8Array(sectorCount);
  private readonly blockSectors: number;

  constructor(private readonly driver: DriverSystem, seed: number) {
    this.random = randomFrom(seed);
    ({ address: this.address, slot: this.slot } = driver.attach(memoryBytes));
    this.blockSectors = driver.disk.describe().blockBytes / sectorBytes;
  }

  turn(): void {
    if (this.random(4) === 0) this.single();
    else this.batch(1 + this.random(batchLimit));
  }

  /** The whole disk, at the end. */
  compareAll(content: Uint8Array): void {
    for (let sector = 0; sector < sectorCount; sector++) {
      if (this.isForgotten[sector] === 0) assert.ok(Buffer.compare(content.subarray(sector * sectorBytes, (sector + 1) * sectorBytes), this.model.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)) === 0, `sector ${sector} on the disk`);
    }
  }

  /** A transfer, its place in memory and on the disk; whole blocks. */
  private draw(index: number): BatchEntry {
    const { random, blockSectors } = this;
    const choice = random(16);
    const transfer = choice < 7 ? Transfer.read : choice < 13 ? Transfer.write : choice === 13 ? Transfer.discard : choice === 14 ? Transfer.writeZeroes : Transfer.flush;
    const blocks = 1 + random(random(4) === 0 ? Math.min(63, partBytes / sectorBytes / blockSectors - 1) : Math.min(8, partBytes / sectorBytes / blockSectors - 1));
    const sectors = blocks * blockSectors;
    const sector = random((sectorCount - sectors) / blockSectors + 1) * blockSectors;
    const slack = partBytes - sectors * sectorBytes;
    const flags = (transfer === Transfer.writeZeroes && random(2) === 0 ? RequestFlag.unmap : 0) | (transfer === Transfer.flush && random(4) === 0 ? RequestFlag.barrier : 0) | (random(4) === 0 ? RequestFlag.background : 0);
    return { transfer, tag: index, sector: BigInt(sector), slot: this.slot, offsetBytes: index * partBytes + random(slack + 1), lengthBytes: transfer === Transfer.flush ? 0 : sectors * sectorBytes, flags };
  }

  private single(): void {
    const entry = this.draw(0);
    const { disk } = this.driver;
    const sectors = BigInt(entry.lengthBytes / sectorBytes);
    const buffer = { address: this.address + entry.offsetBytes, length: entry.lengthBytes };
    this.before(entry);
    if (entry.transfer === Transfer.read) disk.read({ sector: entry.sector, buffer });
    else if (entry.transfer === Transfer.write) disk.write({ sector: entry.sector, buffer });
    else if (entry.transfer === Transfer.flush) disk.flush();
    else if (entry.transfer === Transfer.discard) disk.discard({ sector: entry.sector, sectorCount: sectors });
    else disk.writeZeroesWith({ sector: entry.sector, sectorCount: sectors, flags: entry.flags! & RequestFlag.unmap });
    this.after(entry);
  }

  private batch(count: number): void {
    const entries: BatchEntry[] = [];
    this.taken.fill(0);
    for (let index = 0; index < count; index++) {
      const entry = this.draw(index);
      const first = Number(entry.sector), end = first + entry.lengthBytes / sectorBytes;
      if (this.taken.subarray(first, end).some((taken) => taken !== 0)) continue;
      this.taken.fill(1, first, end);
      this.before(entry);
      entries.push(entry);
    }
    let ended = 0;
    const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
    for (let sent = 0; ended < entries.length;) {
      if (sent < entries.length) sent += this.driver.submit(entries.slice(sent));
      for (const { tag, status, lengthBytes } of this.driver.reapAll()) {
        const entry = byTag.get(tag)!;
        assert.deepEqual([status, lengthBytes], [0, entry.lengthBytes]);
        this.after(entry);
        ended++;
      }
    }
  }

  private before({ transfer, offsetBytes, lengthBytes }: BatchEntry): void {
    const { view, bytes } = this.driver.client;
    const at = this.address + offsetBytes;
    if (transfer === Transfer.read) bytes.fill(0xee, at, at + lengthBytes);
    else if (transfer === Transfer.write) for (let offset = 0; offset < lengthBytes; offset += 4) view.setUint32(at + offset, this.random(0xffff_ffff), true);
  }

  private after({ transfer, sector, offsetBytes, lengthBytes }: BatchEntry): void {
    const first = Number(sector), count = lengthBytes / sectorBytes;
    const at = this.address + offsetBytes;
    const { result, model, isForgotten, driver: { client: { bytes } } } = this;
    result.operations++;
    if (transfer === Transfer.flush) { result.flushes++; return; }
    if (transfer === Transfer.write) {
      result.writes++;
      model.set(bytes.subarray(at, at + lengthBytes), first * sectorBytes);
      isForgotten.fill(0, first, first + count);
    } else if (transfer === Transfer.read) {
      result.reads++;
      for (let index = 0; index < count; index++) {
        if (isForgotten[first + index] !== 0) continue;
        const wanted = model.subarray((first + index) * sectorBytes, (first + index + 1) * sectorBytes);
        assert.ok(Buffer.compare(bytes.subarray(at + index * sectorBytes, at + (index + 1) * sectorBytes), wanted) === 0, `operation ${result.operations}: sector ${first + index}`);
        result.comparedBytes += sectorBytes;
      }
    } else {
      result.erased++;
      if (transfer === Transfer.writeZeroes) model.fill(0, first * sectorBytes, (first + count) * sectorBytes);
      isForgotten.fill(transfer === Transfer.discard ? 1 : 0, first, first + count);
    }
  }
}

export async function checkIntegrity(seed: number, operations: number, device: VirtioBlkOptions = {}, dmaSegmentBytes = 0x4000_0000, module?: Uint8Array): Promise<IntegrityResult> {
  const disk = new ForgetfulDisk(sectorCount);
  const driver = await bootDriver({ discard: true, writeZeroes: true, ...device }, { disk, dmaSegmentBytes, ...(module ? { modules: { "virtio-blk": module } } : {}) });
  const exerciser = new Exerciser(driver, seed);
  while (exerciser.result.operations < operations) exerciser.turn();
  exerciser.compareAll(disk.bytes);
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
  assert.deepEqual(driver.system.faults, []);
  assert.equal(driver.statistics().errors, 0n);
  driver.system.close();
  return exerciser.result;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const operations = Number(process.argv[2] ?? 1_000_000), seed = Number(process.argv[3] ?? 1);
  for (const queueCount of [1, 4]) {
    const start = Date.now();
    const result = await checkIntegrity(seed, Math.ceil(operations / 2), { queued: true, seed, queueCount, maximumSegments: 6, queueSize: 16 }, 4096);
    console.log(`seed ${seed}, queues: ${queueCount}: ${JSON.stringify(result)}, ${Math.round((Date.now() - start) / 1000)} s, no difference`);
  }
}
