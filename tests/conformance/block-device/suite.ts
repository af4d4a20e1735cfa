// What every implementation of the block-device interface owes its clients (docs/interfaces/block-device.md), as cases that run
// on any of them. Each case asks `describe` what this device can, so that the same cases fit all.
import assert from "node:assert/strict";
import type { Client } from "../../../host/kernel/typescript-domain.ts";
import {
  BlockDeviceClient, type Completion, completionBytes, DeviceFlag, deviceHealthBytes, deviceStatisticsBytes, readCompletion, readDeviceStatistics, Transfer, RequestFlag,
} from "../../../kernel-bindings/generated/host/block-device.ts";
import { statusNumber, statusOf } from "../../driver/driver-system.ts";

const sectorBytes = 512;
const memoryBytes = 1 << 20;
const rightRead = 1;
const rightWrite = 2;

/** One client of one device, and memory to transfer. */
export class Device {
  readonly disk: BlockDeviceClient;
  readonly memory: number;
  readonly blockSectors: number;
  readonly sectors: number;
  readonly flags: number;
  readonly queueDepth: number;
  readonly maximumTransferBytes: number;
  private readonly records: number;

  constructor(readonly client: Client) {
    this.disk = new BlockDeviceClient(client, client.handle("device"));
    this.memory = client.reserve(memoryBytes + 8192, 4096);
    this.records = client.reserve(1024 * 32, 16);
    const { blockBytes, capacitySectors, flags, queueDepth, maximumTransferBytes } = this.disk.describe();
    this.blockSectors = blockBytes / sectorBytes;
    this.sectors = Number(capacitySectors);
    this.flags = flags;
    this.queueDepth = queueDepth;
    this.maximumTransferBytes = maximumTransferBytes;
  }

  has(flag: number): boolean { return (this.flags & flag) !== 0; }
  fill(offset: number, length: number, seed: number): void {
    for (let at = 0; at < length; at++) this.client.bytes[this.memory + offset + at] = (at * 13 + seed + (at >>> 9)) & 0xff;
  }
  bytes(offset: number, length: number): Uint8Array { return this.client.bytes.subarray(this.memory + offset, this.memory + offset + length); }
  read(sector: number, length: number, offset = 0): string {
    return statusOf(() => this.disk.read({ sector: BigInt(sector), buffer: { address: this.memory + offset, length } }));
  }
  write(sector: number, length: number, offset = 0): string {
    return statusOf(() => this.disk.write({ sector: BigInt(sector), buffer: { address: this.memory + offset, length } }));
  }
  attach(rights = rightRead | rightWrite): number {
    const grant = this.client.calls.grant_create(this.client.handle("device"), this.memory, memoryBytes, rights);
    assert.ok(grant > 0);
    return this.disk.attach({ lengthBytes: memoryBytes, grant }).slot;
  }
  submit(requests: ReadonlyArray<[transfer: number, tag: number, sector: bigint, slot: number, offset: number, length: number, flags?: number]>): string {
    requests.forEach(([transfer, tag, sector, slot, offset, length, flags], index) => {
      const at = this.records + index * 32;
      [transfer, tag].forEach((value, word) => this.client.view.setUint32(at + word * 4, value, true));
      this.client.view.setBigUint64(at + 8, sector, true);
      [slot, offset, length, flags ?? 0].forEach((value, word) => this.client.view.setUint32(at + 16 + word * 4, value, true));
    });
    return statusOf(() => { this.accepted = this.disk.submit({ count: requests.length, batch: { address: this.records, length: requests.length * 32 } }).accepted; });
  }
  accepted = 0;
  /** Everything that was accepted, by tag. */
  reapAll(): Map<number, Completion> {
    const all = new Map<number, Completion>();
    for (let turn = 0; turn < 1100; turn++) {
      this.disk.awaitCompletions({ count: 1 });
      const { count, inFlight } = this.disk.reap({ completions: { address: this.records, length: 7 * completionBytes } });
      for (let index = 0; index < count; index++) {
        const completion = readCompletion(this.client.view, this.records + index * completionBytes);
        assert.ok(!all.has(completion.tag), `tag ${completion.tag} came twice`);
        all.set(completion.tag, completion);
      }
      if (count === 0 && inFlight === 0) return all;
    }
    throw new Error("batches never end");
  }
  record(): number { return this.records; }
}

const same = (left: Uint8Array, right: Uint8Array, what: string): void => assert.ok(Buffer.compare(left, right) === 0, what);

function writesAndReadsBack(device: Device): void {
  const { blockSectors, sectors, client, memory } = device;
  const isReadOnly = device.has(DeviceFlag.readOnly);
  const places: Array<[sector: number, blocks: number, offset: number]> = [[0, 1, 0], [sectors - blockSectors, 1, 0], [blockSectors, 3, 4096], [5 * blockSectors, 40, 1], [sectors - 64 * blockSectors, 64, 4095]];
  for (const [sector, blocks, offset] of places) {
    const length = blocks * blockSectors * sectorBytes;
    device.fill(offset, length, sector);
    const written = device.bytes(offset, length).slice();
    assert.equal(device.write(sector, length, offset), isReadOnly ? "ReadOnly" : "Ok");
    client.bytes.fill(0xee, memory, memory + memoryBytes);
    assert.equal(device.read(sector, length, offset), "Ok");
    if (!isReadOnly) same(device.bytes(offset, length), written, `sector ${sector}`);
    if (offset > 0) assert.equal(client.bytes[memory + offset - 1], 0xee, "the byte before the lease");
    assert.equal(client.bytes[memory + offset + length], 0xee, "the byte behind the lease");
  }
}

function refusesWhatIsNotThere(device: Device): void {
  const { sectors, blockSectors } = device;
  const block = blockSectors * sectorBytes;
  for (const act of ["read", "write"] as const) {
    const readOnly = act === "write" && device.has(DeviceFlag.readOnly);
    assert.equal(device[act](sectors, block), "OutOfRange");
    assert.equal(device[act](sectors - blockSectors, 2 * block), "OutOfRange");
    assert.equal(statusOf(() => device.disk[act]({ sector: 0xffff_ffff_ffff_ffffn - BigInt(blockSectors) + 1n, buffer: { address: device.memory, length: block } })), "OutOfRange");
    assert.equal(device[act](0, block - 1), "InvalidArgument");
    assert.equal(device[act](0, block + 1), "InvalidArgument");
    assert.equal(device[act](0, 0), readOnly ? "ReadOnly" : "Ok");
    if (blockSectors > 1) {
      assert.equal(device[act](1, block), "InvalidArgument");
      assert.equal(device[act](0, sectorBytes), "InvalidArgument");
    }
  }
}

function flushes(device: Device): void {
  assert.equal(statusOf(() => device.disk.flush()), device.has(DeviceFlag.flush) ? "Ok" : "NotDurable");
}

function erases(device: Device): void {
  const { disk, blockSectors, sectors } = device;
  const at = (block: number): bigint => BigInt(block * blockSectors);
  const isReadOnly = device.has(DeviceFlag.readOnly);
  const length = 12 * blockSectors * sectorBytes, block = blockSectors * sectorBytes;
  device.fill(0, length, 3);
  const before = device.bytes(0, length).slice();
  if (!isReadOnly) assert.equal(device.write(0, length), "Ok");
  const forms: Array<[boolean, (sector: bigint, sectorCount: bigint) => void, boolean]> = [
    [device.has(DeviceFlag.discard), (sector, sectorCount) => disk.discard({ sector, sectorCount }), false],
    [device.has(DeviceFlag.writeZeroes), (sector, sectorCount) => disk.writeZeroes({ sector, sectorCount }), true],
    [device.has(DeviceFlag.writeZeroes), (sector, sectorCount) => disk.writeZeroesWith({ sector, sectorCount, flags: RequestFlag.unmap }), true],
  ];
  forms.forEach(([isOffered, erase, isZero], index) => {
    const first = 1 + index * 4;
    const wanted = isReadOnly ? "ReadOnly" : isOffered ? "Ok" : "Unsupported";
    assert.equal(statusOf(() => erase(at(first), at(2))), wanted);
    assert.equal(statusOf(() => erase(at(first), 0n)), wanted);
    if (wanted !== "Ok") return;
    assert.equal(statusOf(() => erase(BigInt(sectors), at(1))), "OutOfRange");
    assert.equal(statusOf(() => erase(BigInt(sectors) - at(1), at(2))), "OutOfRange");
    assert.equal(statusOf(() => erase(0xffff_ffff_ffff_ffffn - at(1) + 1n, at(2))), "OutOfRange");
    if (blockSectors > 1) assert.equal(statusOf(() => erase(at(first) + 1n, at(1))), "InvalidArgument");
    assert.equal(device.read(0, length), "Ok");
    same(device.bytes((first - 1) * block, block), before.subarray((first - 1) * block, first * block), "the block before");
    same(device.bytes((first + 2) * block, block), before.subarray((first + 2) * block, (first + 3) * block), "the block behind");
    if (isZero) assert.ok(device.bytes(first * block, 2 * block).every((byte) => byte === 0), "zeros");
  });
  const flagged = statusOf(() => disk.writeZeroesWith({ sector: 0n, sectorCount: at(1), flags: 2 }));
  assert.equal(flagged, "InvalidArgument");
}

function identifies(device: Device): void {
  const { lengthBytes } = device.disk.identify({ identity: { address: device.memory, length: 20 } });
  assert.ok(lengthBytes >= 1 && lengthBytes <= 20);
  const whole = device.bytes(0, lengthBytes).slice();
  assert.equal(device.disk.identify({ identity: { address: device.memory, length: 3 } }).lengthBytes, Math.min(3, lengthBytes));
  same(device.bytes(0, 3), whole.subarray(0, 3), "a part of it");
}

function limitsFit(device: Device): void {
  const limits = device.disk.limits();
  const block = device.blockSectors * sectorBytes;
  assert.ok([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(block));
  assert.ok(limits.physicalBlockBytes >= block && limits.physicalBlockBytes % block === 0 && limits.alignmentBytes < limits.physicalBlockBytes);
  assert.equal(limits.discardSectors !== 0, device.has(DeviceFlag.discard));
  assert.equal(limits.writeZeroesSectors !== 0, device.has(DeviceFlag.writeZeroes));
  assert.equal(limits.discardAlignmentSectors % device.blockSectors, 0);
  assert.ok(device.queueDepth >= 1 && device.maximumTransferBytes >= block && device.maximumTransferBytes % block === 0);
  assert.equal(device.sectors % device.blockSectors, 0);
}

function batchesAnswerEachRequestOnce(device: Device): void {
  const block = device.blockSectors * sectorBytes;
  const slot = device.attach();
  const count = Math.min(device.queueDepth, 100, Math.floor(memoryBytes / block));
  const isReadOnly = device.has(DeviceFlag.readOnly);
  device.fill(0, count * block, 77);
  const written = device.bytes(0, count * block).slice();
  const all = (transfer: number): Array<[number, number, bigint, number, number, number]> =>
    Array.from({ length: count }, (_, tag) => [transfer, tag + 1000, BigInt(((tag * 7) % count) * device.blockSectors), slot, tag * block, block]);
  for (const transfer of isReadOnly ? [Transfer.read] : [Transfer.write, Transfer.read]) {
    if (transfer === Transfer.read) device.client.bytes.fill(0, device.memory, device.memory + memoryBytes);
    const requests = all(transfer);
    const seen = new Map<number, Completion>();
    for (let sent = 0; sent < count;) {
      assert.equal(device.submit(requests.slice(sent)), "Ok");
      assert.ok(device.accepted >= 1);
      sent += device.accepted;
      for (const [tag, completion] of device.reapAll()) seen.set(tag, completion);
    }
    assert.equal(seen.size, count);
    for (const { status, lengthBytes } of seen.values()) assert.deepEqual([status, lengthBytes], [0, block]);
  }
  // With a count that 7 divides, later writes cover earlier ones in any order; only their number is told then.
  if (!isReadOnly && count % 7 !== 0) same(device.bytes(0, count * block), written, "what the batch wrote");
  assert.equal(statusOf(() => device.disk.detach({ slot })), "Ok");
  assert.equal(statusOf(() => device.disk.detach({ slot })), "InvalidArgument");
}

function batchesAnswerWrongRequests(device: Device): void {
  const block = device.blockSectors * sectorBytes;
  const slot = device.attach(), readable = device.attach(rightRead);
  const end = BigInt(device.sectors);
  const isReadOnly = device.has(DeviceFlag.readOnly);
  const zero = isReadOnly ? "ReadOnly" : device.has(DeviceFlag.writeZeroes) ? "Ok" : "Unsupported";
  const cases: Array<[string, [number, number, bigint, number, number, number, number?]]> = [
    ["InvalidArgument", [9, 1, 0n, slot, 0, block]],
    ["InvalidArgument", [0, 2, 0n, slot, 0, block]],
    ["InvalidArgument", [Transfer.read, 3, 0n, 55, 0, block]],
    ["InvalidArgument", [Transfer.read, 4, 0n, slot, 0, block - 1]],
    ["InvalidArgument", [Transfer.read, 5, 0n, slot, 0, 0]],
    ["OutOfRange", [Transfer.read, 6, end, slot, 0, block]],
    ["OutOfRange", [Transfer.read, 7, 0n, slot, memoryBytes - block + 1, block]],
    ["OutOfRange", [Transfer.read, 8, 0n, slot, 0xffff_ffff, block]],
    ["Denied", [Transfer.read, 9, 0n, readable, 0, block]],
    ["InvalidArgument", [Transfer.read, 10, 0n, slot, 0, block, 1]],
    ["InvalidArgument", [Transfer.writeZeroes, 11, 0n, 0, 0, block, RequestFlag.barrier]],
    [zero, [Transfer.writeZeroes, 12, 0n, 99, 0, block, RequestFlag.unmap]],
    [device.has(DeviceFlag.flush) ? "Ok" : "NotDurable", [Transfer.flush, 13, 0n, 0, 0, 0]],
    ["Ok", [Transfer.read, 14, 0n, slot, 0, block]],
    [isReadOnly ? "ReadOnly" : "Ok", [Transfer.write, 15, 0n, readable, 0, block]],
  ];
  const answers = new Map<number, Completion>();
  for (const [, request] of cases) {
    assert.equal(device.submit([request]), "Ok");
    for (const [tag, completion] of device.reapAll()) answers.set(tag, completion);
  }
  for (const [wanted, [, tag]] of cases) assert.equal(answers.get(tag)?.status, statusNumber(wanted), `tag ${tag}: ${wanted}`);
  assert.equal(statusOf(() => device.disk.detach({ slot: readable })), "Ok");
  assert.equal(statusOf(() => device.disk.detach({ slot })), "Ok");
}

export function grantsEnd(device: Device): void {
  const block = device.blockSectors * sectorBytes;
  const grant = device.client.calls.grant_create(device.client.handle("device"), device.memory, memoryBytes, 3);
  assert.equal(statusOf(() => device.disk.attach({ lengthBytes: 0, grant })), "InvalidArgument");
  const other = device.client.calls.grant_create(device.client.handle("device"), device.memory, 4096, 3);
  assert.equal(statusOf(() => device.disk.attach({ lengthBytes: 8192, grant: other })), "OutOfRange");
  const last = device.client.calls.grant_create(device.client.handle("device"), device.memory, memoryBytes, 3);
  const { slot } = device.disk.attach({ lengthBytes: memoryBytes, grant: last });
  device.client.calls.capability_drop(last);
  const answer = device.submit([[Transfer.read, 1, 0n, slot, 0, block]]);
  // A driver that had device addresses for the grant was stopped with its device (docs/supervision.md §3) and knows no slot any more; the fake has no device.
  if (answer === "PeerRestarted") {
    assert.notEqual(statusOf(() => device.disk.detach({ slot })), "Ok");
    return;
  }
  assert.equal(answer, "Ok");
  assert.equal(device.reapAll().get(1)?.status, statusNumber("InvalidHandle"));
  assert.equal(statusOf(() => device.disk.detach({ slot })), "Ok");
}

function counts(device: Device): void {
  const place = { address: device.record(), length: deviceStatisticsBytes };
  const block = device.blockSectors * sectorBytes;
  device.disk.statistics({ statistics: place });
  const before = readDeviceStatistics(device.client.view, place.address);
  assert.equal(device.read(0, 2 * block), "Ok");
  device.disk.statistics({ statistics: place });
  const after = readDeviceStatistics(device.client.view, place.address);
  assert.deepEqual([after.reads - before.reads, after.readBytes - before.readBytes, after.errors - before.errors], [1n, BigInt(2 * block), 0n]);
  assert.equal(statusOf(() => device.disk.statistics({ statistics: { ...place, length: deviceStatisticsBytes - 1 } })), "InvalidArgument");
  assert.equal(statusOf(() => device.disk.health({ health: { ...place, length: deviceHealthBytes - 1 } })), "InvalidArgument");
  assert.equal(statusOf(() => device.disk.health({ health: { ...place, length: deviceHealthBytes } })), "Ok");
}

export const cases: ReadonlyArray<[string, (device: Device) => void]> = [
  ["what is written is read back, and nothing beside the lease is touched", writesAndReadsBack],
  ["what is not there, or is no block, is refused", refusesWhatIsNotThere],
  ["flush is done, or said to be impossible", flushes],
  ["discard and write-zeroes touch what was named", erases],
  ["the identity", identifies],
  ["the limits fit each other", limitsFit],
  ["each request of a batch is answered once", batchesAnswerEachRequestOnce],
  ["wrong requests of a batch are answered by their statuses", batchesAnswerWrongRequests],
  ["a grant that ended is refused", grantsEnd],
  ["counts", counts],
];
