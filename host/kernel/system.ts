// Boots a system on the hosted kernel: manifest + modules + disk → running domains. Tests boot a part of it (`only`) and
// put TypeScript domains in the place of services (`replace`).
import {
  deviceParts, kindClock, kindConsole, kindControl, kindDma, kindEndpoint, kindEntropy, kindInterrupt, kindNotification, kindPower,
  kindTimer, kindTrace, kindWindow, pageBytes, rightRead, rightSignal, rightTransfer, rightWrite, statusName,
} from "./abi.ts";
import { VirtioBlk, type VirtioBlkOptions } from "../devices/virtio-blk.ts";
import type { Disk } from "../devices/disk.ts";
import { type Clock, RealClock } from "./clock.ts";
import { type HostConsole, MemoryConsole } from "./console.ts";
import { DevicePort } from "./device-port.ts";
import { type Domain, DomainState } from "./domain.ts";
import { type Entropy, SystemEntropy } from "./entropy.ts";
import type { FaultReport } from "./faults.ts";
import { Kernel } from "./kernel.ts";
import { type CapabilityEntry, type DomainEntry, endpointRights, isHosted, type Manifest, validateManifest } from "./manifest.ts";
import { checkMemoryLimits, loadModule, ModuleError } from "./module-loader.ts";
import { makeSystemCalls } from "./system-calls.ts";
import { type TraceSink, TraceWriter } from "./trace-writer.ts";
import { Client, DomainContext, type TypeScriptDomain } from "./typescript-domain.ts";

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
}

export class System {
  constructor(
    readonly kernel: Kernel,
    /** The disk's device model; null when no driver was booted. */
    readonly device: VirtioBlk | null,
    /** Domains whose `start` did not answer Ok, with its status. They count as dead. */
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

  /** Lets devices, timers, console and background work go on until nothing can. Call it while idle. */
  turn(): void {
    this.kernel.turn();
  }

  /** Milliseconds until a timer is due: how long an idle host may sleep. Infinity without one. */
  millisecondsToTimer(): number {
    const next = this.kernel.timers.next();
    return next === Infinity ? Infinity : Math.max(0, (next - this.kernel.parts.clock.monotonicNanoseconds()) / 1e6);
  }

  /** Ends a domain from outside, as a bug in it would. */
  kill(name: string, text = "killed"): void {
    this.kernel.kill(this.domain(name), text);
  }

  /** Stops the device and completes the trace. Nothing is synced: that is a call to the services. */
  close(): void {
    for (const port of this.kernel.ports) port.close();
    this.kernel.trace?.flush();
    this.kernel.trace = null;
    for (const domain of this.kernel.domains) if (domain.state !== DomainState.Absent) domain.state = DomainState.Dead;
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
  for (const entry of manifest.domains) kernel.addDomain(entry.name, entry.rank, entry.memoryPages);
  if (options.trace !== undefined) {
    const { clock } = kernel.parts;
    kernel.trace = new TraceWriter(options.trace, () => clock.traceNanoseconds(), manifest.domains.map(({ name }) => name), options.traceCapacity);
  }
  const builder = new SystemBuilder(kernel, options, manifest);
  builder.build();
  const refused = kernel.start();
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

function withExtraDomains(options: BootOptions): Manifest {
  const manifest = validateManifest(options.manifest);
  const known = [...manifest.domains, ...(options.extraDomains ?? [])];
  const all = validateManifest({ ...manifest, domains: known });
  for (const name of [...(options.only ?? []), ...Object.keys(options.replace ?? {})]) {
    if (!known.some((entry) => entry.name === name)) throw new Error(`bootHosted: no domain "${name}" in the manifest`);
  }
  return all;
}

/** Fills the kernel's domains from the manifest. Used once. */
class SystemBuilder {
  device: VirtioBlk | null = null;
  readonly contexts = new Map<string, DomainContext>();

  constructor(private readonly kernel: Kernel, private readonly options: BootOptions, private readonly manifest: Manifest) {}

  build(): void {
    const present = this.manifest.domains.map((entry, id) => ({ entry, domain: this.kernel.domains[id]! })).filter(({ entry }) => this.isPresent(entry));
    const initializers: Array<() => void> = [];
    // Capabilities first: a name may point to any domain, and closed badges are counted from the beginning.
    for (const { entry, domain } of present) {
      const handles = this.addCapabilities(entry, domain);
      initializers.push(this.loadDomain(entry, domain, handles));
    }
    present.forEach(({ domain }, index) => this.kernel.initialize(domain, initializers[index]!));
  }

  private isPresent(entry: DomainEntry): boolean {
    if (!isHosted(entry)) return false;
    if (entry.module === null || this.replacement(entry) !== undefined) return true;
    return this.options.only === undefined || this.options.only.includes(entry.name);
  }

  private replacement(entry: DomainEntry): TypeScriptDomain | undefined {
    return this.options.replace?.[entry.name];
  }

  /** Loads the domain's code; answers its top-level code. */
  private loadDomain(entry: DomainEntry, domain: Domain, handles: Map<string, number>): () => void {
    const calls = makeSystemCalls(this.kernel, domain);
    const replacement = this.replacement(entry);
    if (replacement !== undefined) {
      this.contexts.set(entry.name, new DomainContext(entry.name, this.kernel, domain, calls, handles, replacement));
      return () => {};
    }
    if (entry.module === null) {
      this.contexts.set(entry.name, new Client(entry.name, this.kernel, domain, calls, handles));
      return () => {};
    }
    const given = this.options.modules[entry.module];
    if (given === undefined) throw new ModuleError(entry.name, `no module "${entry.module}" was given`);
    if (given instanceof WebAssembly.Module) return loadModule(domain, given, calls);
    const module = new WebAssembly.Module(given as BufferSource);
    checkMemoryLimits(entry.name, given, entry.memoryPages);
    return loadModule(domain, module, calls);
  }

  /** Gives the domain its manifest capabilities, indexes 1, 2, 3, … in order; answers name → handle. */
  private addCapabilities(entry: DomainEntry, domain: Domain): Map<string, number> {
    const handles = new Map<string, number>();
    for (const capability of entry.capabilities) {
      if (capability.kind === "device") this.addDevice(entry, domain, capability, handles);
      else handles.set(capability.name, this.addCapability(domain, capability));
    }
    domain.table.seal();
    return handles;
  }

  private addCapability(domain: Domain, entry: CapabilityEntry): number {
    const slot = domain.table.addPermanent();
    switch (entry.kind) {
      case "endpoint":
        slot.kind = kindEndpoint;
        slot.target = this.find(entry.domain!);
        slot.rights = endpointRights(entry);
        slot.badge = (entry.badge ?? 0) | 0;
        slot.target.holdBadge(slot.badge);
        break;
      case "notification":
        slot.kind = kindNotification;
        slot.target = this.find(entry.domain!);
        slot.rights = rightSignal | rightTransfer;
        slot.base = entry.bits!;
        if (domain.rank < slot.target.rank) slot.target.waitable |= entry.bits!;
        break;
      case "timer":
        slot.kind = kindTimer;
        slot.timer = this.kernel.timers.create(domain, entry.bit!);
        domain.waitable |= 1 << entry.bit!;
        break;
      case "console":
        slot.kind = kindConsole;
        slot.rights = rightRead | rightWrite;
        domain.waitable |= 1 << entry.bit!;
        this.kernel.consoleListeners.push({ domain, bit: entry.bit! });
        break;
      default:
        slot.kind = simpleKinds[entry.kind]!;
    }
    return slot.handle;
  }

  private addDevice(entry: DomainEntry, domain: Domain, capability: CapabilityEntry, handles: Map<string, number>): void {
    const port = this.connectDevice(entry, domain, capability.bit!);
    for (const part of deviceParts) {
      const slot = domain.table.addPermanent();
      handles.set(`${capability.name}.${part}`, slot.handle);
      // Without a device model (a fake driver) the handles exist and are of no kind.
      if (port === null || part === "reserved") continue;
      slot.port = port;
      if (part === "interrupt") slot.kind = kindInterrupt;
      else if (part === "dma") slot.kind = kindDma;
      else {
        slot.kind = kindWindow;
        slot.part = port.model[part];
      }
    }
  }

  private connectDevice(entry: DomainEntry, domain: Domain, bit: number): DevicePort | null {
    const { disk } = this.options;
    if (disk === undefined) {
      if (this.replacement(entry) !== undefined) return null;
      throw new Error(`bootHosted: domain "${entry.name}" drives a device, but no disk was given`);
    }
    this.device = new VirtioBlk(disk, this.options.device);
    const port = new DevicePort(this.device, domain, bit, (raised) => this.kernel.noteInterrupt(raised));
    domain.port = port;
    domain.waitable |= 1 << bit;
    this.kernel.ports.push(port);
    return port;
  }

  private find(name: string): Domain {
    return this.kernel.domains.find((domain) => domain.name === name)!;
  }
}

const simpleKinds: Readonly<Record<string, number>> = {
  clock: kindClock, entropy: kindEntropy, trace: kindTrace, power: kindPower, control: kindControl,
};
