// Runs a program for the block-device interface (a test module in the shell's place: the conformance suite, the integrity test) on each
// implementation of it: the fake in memory, the shipped driver over the device model, and the same bytes in QEMU.
import { readFileSync } from "node:fs";
import { type Disk, MemoryDisk, sectorBytes } from "../../../host/devices/disk.ts";
import type { VirtioBlkOptions } from "../../../host/devices/virtio-blk.ts";
import { Fault } from "../../../host/kernel/abi.ts";
import { DeterministicClock } from "../../../host/kernel/clock.ts";
import { MemoryConsole } from "../../../host/kernel/console.ts";
import { bootHosted, type BootOptions, type System } from "../../../host/kernel/system.ts";
import { driverModule } from "../../driver/driver-system.ts";
import { bundle, compileModule, driverManifest } from "../../modules/build.ts";
import { bootAndRun, type MachineOptions } from "../../qemu/machine.ts";
import { FakeDriver, type FakeDriverOptions } from "./fake-driver.ts";

/** What a device fails once, in the words of a `fault` hook: the first read and the first write that meet these sectors, and the first flush. */
export const failing = { read: 1600, write: 1920 };
/** The suite's arguments for a device that fails like that. */
export const failingWords = `cases ${failing.read} ${failing.write} 1`;
const failingTypes = new Map([[0, failing.read], [1, failing.write], [4, 0]]);
export class FailingOnce {
  met = 0;
  private readonly left = new Map(failingTypes);
  readonly fault: NonNullable<VirtioBlkOptions["fault"]> = ({ type, sector, lengthBytes }) => {
    const bad = this.left.get(type);
    if (bad === undefined || (type !== 4 && (sector > bad || sector + lengthBytes / sectorBytes <= bad))) return "none";
    this.left.delete(type);
    this.met++;
    return "fail";
  };
}

export type Program = "block-device-suite" | "block-device-integrity";
/** What the console showed, the status given to power_off (−1: the program never ended), and what the implementation itself has to complain about. */
export interface Outcome { output: string; status: number; complaints: string[] }
/** How many flushes the program says that were acknowledged. */
const flushesOf = (output: string): number => Number(/ (\d+) flushes/.exec(output)?.[1] ?? 0);

const modulePath = (program: Program): Promise<string> => compileModule(program, `tests/modules/${program}`);

/** Boots on the hosted kernel and lets it go on until the program has ended, or nothing can happen any more. */
async function runOnHosted(program: Program, words: string, options: Omit<BootOptions, "manifest" | "console">, complaints: (system: System, output: string) => string[]): Promise<Outcome> {
  const console = new MemoryConsole(words);
  const manifest = driverManifest(program);
  if (options.replace) manifest.domains[0]!.capabilities = manifest.domains[0]!.capabilities.filter(({ kind }) => kind !== "device");
  const log: string[] = [];
  const system = bootHosted({ clock: new DeterministicClock(), log: (line) => log.push(line), ...options, manifest, console, tolerateStartFailure: true, modules: { ...options.modules, [program]: readFileSync(await modulePath(program)) } });
  for (let turns = 0; system.powerOffStatus === null && turns < 1000; turns++) system.turn();
  const outcome = { output: console.output, status: system.powerOffStatus ?? -1, complaints: complaints(system, console.output) };
  if (outcome.status < 0) outcome.complaints.push(...log);
  system.close();
  return outcome;
}

export function runOnFake(program: Program, words: string, options: Partial<FakeDriverOptions> = {}): Promise<Outcome> {
  return runOnHosted(program, words, { modules: {}, replace: { "virtio-blk": new FakeDriver({ fault: new FailingOnce().fault, ...options }) } }, () => []);
}

export interface ModelOptions { device?: VirtioBlkOptions; sectors?: number; dmaSegmentBytes?: number; disk?: Disk; driver?: Uint8Array }
/** The driver over the device model, which fails once. */
export async function runOnModel(program: Program, words: string, { device = {}, sectors = 4096, dmaSegmentBytes, disk, driver }: ModelOptions = {}): Promise<Outcome> {
  const modules = { "virtio-blk": driver ?? await driverModule() }, once = new FailingOnce();
  const options = { modules, device: { fault: once.fault, ...device }, disk: disk ?? new MemoryDisk(sectors), ...(dmaSegmentBytes === undefined ? {} : { dmaSegmentBytes }) };
  return runOnHosted(program, words, options, (system, output) => [
    // Whoever takes a grant back that is still attached stops the device and its driver (docs/supervision.md §3); nothing else ends.
    ...system.faults.filter(({ code }) => code !== Fault.deviceReach).map(({ domain: name, text }) => `${name} ended: ${text}`),
    ...counted(system.domain("virtio-blk").port!.dma.violations, "accesses outside what was lent"),
    ...counted(system.device!.common.misuses, "misuses of registers"),
    ...counted(Math.max(0, flushesOf(output) - system.device!.counters.flushes), "flushes acknowledged and not done"),
    ...(device.fault ? [] : counted(system.device!.counters.errors - once.met, "requests that the device had to refuse")),
  ]);
}
const counted = (count: number, what: string): string[] => (count === 0 ? [] : [`${count} ${what}`]);

/** A bundle of the driver and the program. */
export async function driverBundle(program: Program, driver?: string): Promise<string> {
  const manifest = driverManifest(program);
  return bundle(driver ? `${program}-broken` : program, manifest, { [program]: await modulePath(program), ...(driver ? { "virtio-blk": driver } : {}) });
}
/** In QEMU; `bundle` is one that `driverBundle` made. */
export async function runInQemu(words: string, machine: Omit<MachineOptions, "run"> & { bundle: string }, timeoutMs = 60_000): Promise<Outcome> {
  const { output, status } = await bootAndRun({ ...machine, run: words }, timeoutMs);
  return { output, status, complaints: [] };
}
