// Boots a system on the hosted kernel: manifest + modules + disk → running domains. Tests boot a part of it (`only`) and
// put TypeScript domains in the place of services (`replace`).
import { pageBytes, statusName } from "./abi.ts";
import type { VirtioBlk, VirtioBlkOptions } from "../devices/virtio-blk.ts";
import type { Disk } from "../devices/disk.ts";
import { CallObserver, type Injection, type MessageHook } from "./call-observer.ts";
import { type Clock, RealClock } from "./clock.ts";
import { type HostConsole, MemoryConsole } from "./console.ts";
import type { Domain } from "./domain.ts";
import { type Entropy, SystemEntropy } from "./entropy.ts";
import type { FaultReport } from "./faults.ts";
import { Kernel } from "./kernel.ts";
import { type DomainEntry, type Manifest, validateManifest } from "./manifest.ts";
import { SystemBuilder } from "./system-builder.ts";
import { type TraceSink, TraceWriter } from "./trace-writer.ts";
import { Client, type DomainContext, type TypeScriptDomain } from "./typescript-domain.ts";
import { Watchdog } from "./watchdog.ts";

export interface BootOptions {
  /** services/system.json, parsed. */
  manifest: unknown;
  /** Module name → bytes or compiled module. */
  modules: Readonly<Record<string, Uint8Array | WebAssembly.Module>>;
  /** What the device model stands on; needed when a driver module is booted. The caller closes it. */
  disk?: Disk;
  device?: VirtioBlkOptions;
  /** Boot these domains (and clients and replaced ones) only; calls to the others answer PeerDead. */
  only?: readonly string[];
  /** Domains that are TypeScript in this boot. */
  replace?: Readonly<Record<string, TypeScriptDomain>>;
  /** Added behind the manifest's domains, so that their ids stay. */
  extraDomains?: readonly DomainEntry[];
  trace?: TraceSink;
  /** Records held before the sink gets them. */
  traceCapacity?: number;
  console?: HostConsole;
  clock?: Clock;
  entropy?: Entropy;
  /** Lines about faults; default: standard error. */
  log?: (line: string) => void;
  logNotes?: boolean;
  /** The largest piece of memory that counts as contiguous for the device: a multiple of 4096. */
  dmaSegmentBytes?: number;
  /** Without this a domain whose start fails makes bootHosted throw. */
  tolerateStartFailure?: boolean;
  /** Stop domains that exceed their time limits (needs Node; what it costs: docs/decisions/0004-hosted-watchdog.md). */
  watchdog?: boolean;
  /** Count the time that each domain runs itself (`busyNanoseconds`): two looks at the clock a call. */
  timed?: boolean;
  /** Kill a domain at a message; they are counted from 1 once all domains have started (docs/supervision.md §8). */
  inject?: Injection;
  /** Hears of every message before it is acted on: its number and the ids of sender and receiver. May call `System.kill`. */
  onMessage?: MessageHook;
}

export class System {
  constructor(
    readonly kernel: Kernel,
    /** The disk's device model; null when no driver was booted. */
    readonly device: VirtioBlk | null,
    /** Domains whose `start` at boot did not answer Ok, with its status, and that did not come back at once. */
    readonly refused: ReadonlyMap<string, number>,
    private readonly contexts: ReadonlyMap<string, DomainContext>,
  ) {}

  /** A client domain of the manifest. */
  client(name: string): Client {
    const context = this.contexts.get(name);
    if (!(context instanceof Client)) throw new Error(`"${name}" is no client domain of this system`);
    return context;
  }

  /** The world of a TypeScript domain. */
  context(name: string): DomainContext {
    const context = this.contexts.get(name);
    if (context === undefined) throw new Error(`"${name}" is no TypeScript domain of this system`);
    return context;
  }

  domain(name: string): Domain {
    const domain = this.kernel.domains.find((candidate) => candidate.name === name);
    if (domain === undefined) throw new Error(`no domain "${name}"`);
    return domain;
  }

  /** How domains ended, in order. */
  get faults(): readonly FaultReport[] {
    return this.kernel.faultReports;
  }

  /** The status given to power_off, or null while the system runs. */
  get powerOffStatus(): number | null {
    return this.kernel.powerOffStatus;
  }

  /** Lets devices, timers, console and background work go on until nothing can. Call it while idle. With `limit` 1: events, or one step of background work. */
  turn(limit?: number): void {
    this.kernel.turn(limit);
  }

  /** Milliseconds until a timer is due: how long an idle host may sleep. Infinity without one. */
  millisecondsToTimer(): number {
    const next = this.kernel.timers.next();
    return next === Infinity ? Infinity : Math.max(0, (next - this.kernel.parts.clock.monotonicNanoseconds()) / 1e6);
  }

  /** Messages since the domains started; counted when `inject` or `onMessage` is given. */
  get messageCount(): number {
    return this.kernel.observer?.count ?? 0;
  }

  /** Ends a domain from outside, as a bug in it would. At any time: from a hook, a fake or a disk in the middle of a call too. */
  kill(name: string, text = "killed"): void {
    this.kernel.supervisor.kill(this.domain(name), text);
  }

  /** Stops the device and completes the trace. Nothing is synced: that is a call to the services. */
  close(): void {
    for (const port of this.kernel.ports) port.close();
    this.kernel.trace?.flush();
    this.kernel.watchCalls(null, this.kernel.observer);
    this.kernel.shutDown();
  }
}

export function bootHosted(options: BootOptions): System {
  const manifest = withExtraDomains(options);
  const segmentBytes = options.dmaSegmentBytes ?? 0x4000_0000;
  if (segmentBytes < pageBytes || segmentBytes % pageBytes !== 0) throw new RangeError("dmaSegmentBytes must be a multiple of 4096");
  const kernel = new Kernel({
    clock: options.clock ?? new RealClock(),
    entropy: options.entropy ?? new SystemEntropy(),
    console: options.console ?? new MemoryConsole(),
    log: options.log ?? ((line) => console.error(line)),
    logNotes: options.logNotes ?? false,
    dmaSegmentBytes: segmentBytes,
  });
  if (options.watchdog === true) kernel.watchdog = new Watchdog(kernel);
  for (const entry of manifest.domains) kernel.addDomain(entry.name, entry.rank, entry.memoryPages);
  if (options.trace !== undefined) {
    const { clock } = kernel.parts;
    const writer = new TraceWriter(options.trace, () => clock.traceNanoseconds(), manifest.domains.map(({ name }) => name), options.traceCapacity);
    kernel.watchCalls(writer, null);
  }
  const builder = new SystemBuilder(kernel, options, manifest);
  builder.build();
  const observer = observe(kernel, options);
  const refused = kernel.start();
  if (observer !== null) observer.isCounting = true;
  const system = new System(kernel, builder.device, refused, builder.contexts);
  if (refused.size !== 0 && options.tolerateStartFailure !== true && kernel.powerOffStatus === null) {
    const reasons = [...refused].map(([name, status]) => {
      const fault = kernel.faultReports.find((report) => report.domain === name);
      return `${name}: ${fault?.text ?? statusName(status)}`;
    });
    system.close();
    throw new Error(`the system did not start: ${reasons.join("; ")}`);
  }
  return system;
}

function observe(kernel: Kernel, { inject, onMessage }: BootOptions): CallObserver | null {
  if (inject === undefined && onMessage === undefined) return null;
  const victim = inject === undefined ? null : kernel.domains.find(({ name }) => name === inject.domain);
  if (victim === undefined) throw new Error(`bootHosted: no domain "${inject!.domain}" to kill`);
  const observer = new CallObserver(kernel, victim, inject?.message ?? 0, onMessage ?? null);
  kernel.watchCalls(kernel.trace, observer);
  return observer;
}

function withExtraDomains(options: BootOptions): Manifest {
  const manifest = validateManifest(options.manifest);
  const known = [...manifest.domains, ...(options.extraDomains ?? [])];
  const all = validateManifest({ ...manifest, domains: known });
  for (const name of [...(options.only ?? []), ...Object.keys(options.replace ?? {})]) {
    if (!known.some((entry) => entry.name === name)) throw new Error(`bootHosted: no domain "${name}" in the manifest`);
  }
  return all;
}

