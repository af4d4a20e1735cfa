// The shipped driver module on the hosted kernel and its device model, with the test as its client: what the tests beside
// this file stand on. In the block service's place is an ear for the driver's notification.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { MemoryDisk } from "../../host/devices/disk.ts";
import type { VirtioBlk, VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { type BootOptions, bootHosted, type System } from "../../host/kernel/system.ts";
import type { Client } from "../../host/kernel/typescript-domain.ts";
import {
  BlockDeviceClient, type Completion, completionBytes, type DeviceHealth, deviceHealthBytes, type DeviceStatistics, deviceStatisticsBytes, readCompletion,
  readDeviceHealth, readDeviceStatistics, readSchedulingStatistics, type SchedulingStatistics, schedulingStatisticsBytes,
} from "../../kernel-bindings/generated/host/block-device.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { statuses } from "../../kernel-bindings/schema/abi.ts";
import { type Capability, compileModule, type Manifest, root, systemManifest } from "../modules/build.ts";

export const sectorBytes = 512;
export const rightRead = 1;
export const rightWrite = 2;
const statusNumbers = new Map(statuses.map(([number, name]) => [name, number]));

export function statusNumber(name: string): number {
  const number = statusNumbers.get(name);
  if (number === undefined) throw new Error(`no status "${name}"`);
  return number;
}

/** The name of the status that an operation ends with. */
export function statusOf(operation: () => unknown): string {
  try {
    operation();
    return "Ok";
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return statuses.find(([number]) => number === error.status)?.[1] ?? String(error.status);
  }
}

export interface BatchEntry { transfer: number; tag: number; sector: bigint; slot: number; offsetBytes: number; lengthBytes: number; flags?: number }

export class DriverSystem {
  readonly client: Client;
  readonly device: VirtioBlk;
  readonly disk: BlockDeviceClient;
  readonly clock: DeterministicClock;
  /** How often the driver has notified its client. */
  notifications = 0;
  readonly notes: string[];
  private readonly batchAddress: number;
  private readonly completionAddress: number;

  constructor(readonly system: System, clock: DeterministicClock, notes: string[], readonly content: Uint8Array) {
    this.client = system.client("host");
    this.device = system.device!;
    this.clock = clock;
    this.notes = notes;
    this.disk = new BlockDeviceClient(this.client, this.client.handle("device"));
    this.batchAddress = this.client.reserve(1024 * 32, 16);
    this.completionAddress = this.client.reserve(1024 * completionBytes, 16);
  }

  /** Puts requests into the batch memory and submits them; how many were accepted. */
  submit(entries: readonly BatchEntry[]): number {
    const { view } = this.client;
    entries.forEach((entry, index) => {
      const at = this.batchAddress + index * 32;
      view.setUint32(at, entry.transfer, true);
      view.setUint32(at + 4, entry.tag, true);
      view.setBigUint64(at + 8, entry.sector, true);
      view.setUint32(at + 16, entry.slot, true);
      view.setUint32(at + 20, entry.offsetBytes, true);
      view.setUint32(at + 24, entry.lengthBytes, true);
      view.setUint32(at + 28, entry.flags ?? 0, true);
    });
    return this.disk.submit({ count: entries.length, batch: { address: this.batchAddress, length: entries.length * 32 } }).accepted;
  }

  reap(limit = 1024): { completions: Completion[]; inFlight: number } {
    const { count, inFlight } = this.disk.reap({ completions: { address: this.completionAddress, length: limit * completionBytes } });
    const completions = Array.from({ length: count }, (_, index) => readCompletion(this.client.view, this.completionAddress + index * completionBytes));
    return { completions, inFlight };
  }

  /** Waits until nothing runs and collects everything. */
  reapAll(): Completion[] {
    this.disk.awaitCompletions({ count: 1024 });
    return this.reap().completions;
  }

  /** Lends page-aligned memory to the driver; address, slot and the grant's handle. */
  attach(lengthBytes: number, rights = rightRead | rightWrite): { address: number; slot: number; grant: number } {
    const address = this.client.reserve(lengthBytes, 4096);
    const grant = this.client.calls.grant_create(this.client.handle("device"), address, lengthBytes, rights);
    if (grant < 0) throw new Error(`grant_create: ${grant}`);
    return { address, slot: this.disk.attach({ lengthBytes, grant }).slot, grant };
  }

  statistics(): DeviceStatistics {
    this.disk.statistics({ statistics: { address: this.batchAddress, length: deviceStatisticsBytes } });
    return readDeviceStatistics(this.client.view, this.batchAddress);
  }

  health(): DeviceHealth {
    this.disk.health({ health: { address: this.batchAddress, length: deviceHealthBytes } });
    return readDeviceHealth(this.client.view, this.batchAddress);
  }

  scheduling(): SchedulingStatistics {
    this.disk.scheduling({ scheduling: { address: this.batchAddress, length: schedulingStatisticsBytes } });
    return readSchedulingStatistics(this.client.view, this.batchAddress);
  }
}

let builtModule: Uint8Array | null = null;

/** The shipped module; one made for this run when the sources are newer. */
export async function driverModule(): Promise<Uint8Array> {
  if (builtModule !== null) return builtModule;
  const shipped = join(root, "build/modules/virtio-blk.wasm");
  const folders = ["services/virtio-blk", "kernel-bindings/assembly", "kernel-bindings/generated/assembly"];
  const sources = folders.flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts")).map((name) => join(root, folder, name)));
  if (existsSync(shipped) && sources.every((path) => statSync(path).mtimeMs < statSync(shipped).mtimeMs)) builtModule = readFileSync(shipped);
  else {
    // A name of its own, because test files run side by side.
    const pages = systemManifest().domains.find(({ name }) => name === "virtio-blk")!.memoryPages;
    const path = await compileModule(`virtio-blk-${process.pid}`, "services/virtio-blk", pages);
    builtModule = readFileSync(path);
    rmSync(path);
  }
  return builtModule;
}

/** A build of the driver with other text in some of its files, for tests: `name` tells builds of one run apart. */
export async function editedDriver(name: string, edits: Record<string, (text: string) => string>): Promise<Uint8Array> {
  const pages = systemManifest().domains.find((domain) => domain.name === "virtio-blk")!.memoryPages;
  const path = await compileModule(`virtio-blk-${name}-${process.pid}`, "services/virtio-blk", pages, edits);
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

/** A 4 MiB disk and the project's manifest unless told otherwise; `timeOutMs`: how long the driver lets the device keep a request. */
export async function bootDriver(device: VirtioBlkOptions = {}, options: Partial<BootOptions> & { sectors?: number; timeOutMs?: number } = {}): Promise<DriverSystem> {
  const module = options.modules?.["virtio-blk"] ?? await driverModule();
  const disk = new MemoryDisk(options.sectors ?? 8192);
  const clock = new DeterministicClock();
  const notes: string[] = [];
  const ear = { driver: null as DriverSystem | null };
  const manifest = systemManifest();
  if (options.timeOutMs !== undefined) deviceCapability(manifest).timeOutMs = options.timeOutMs;
  const system = bootHosted({
    manifest, modules: { "virtio-blk": module }, only: ["virtio-blk"],
    replace: { block: { notified: () => { if (ear.driver) ear.driver.notifications++; } } },
    disk, device, clock, log: (line) => notes.push(line), logNotes: true, ...options,
  });
  ear.driver = new DriverSystem(system, clock, notes, disk.bytes);
  return ear.driver;
}

function deviceCapability(manifest: Manifest): Capability {
  return manifest.domains.flatMap(({ capabilities }) => capabilities).find(({ kind }) => kind === "device")!;
}

/** Numbers from a seed: mulberry32. */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
