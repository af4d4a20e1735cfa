// Fills a kernel from the manifest: domains with their limits and policies, their capabilities, and the code of each, which
// is loaded again when a domain restarts. Used once, at boot; what stays of it are the functions that revive a domain.
import {
  deviceParts, kindClock, kindConsole, kindControl, kindDma, kindEndpoint, kindEntropy, kindInterrupt, kindNotification, kindPower,
  kindTimer, kindTrace, kindWindow, rightRead, rightSignal, rightTransfer, rightWrite,
} from "./abi.ts";
import { VirtioBlk, type VirtioBlkOptions } from "../devices/virtio-blk.ts";
import { MmioAttachment } from "../devices/virtio-mmio.ts";
import { BusyTime } from "./busy-time.ts";
import { type DeviceModel, DevicePort } from "./device-port.ts";
import type { Domain } from "./domain.ts";
import type { Kernel } from "./kernel.ts";
import { type CapabilityEntry, deviceTimeOutMs, type DomainEntry, endpointRights, isHosted, type Manifest } from "./manifest.ts";
import { loadModule, ModuleError } from "./module-loader.ts";
import { checkModule } from "./module-rules.ts";
import { RestartPolicy } from "./restart-policy.ts";
import type { BootOptions } from "./system.ts";
import { makeSystemCalls } from "./system-calls.ts";
import { Client, DomainContext, type TypeScriptDomain } from "./typescript-domain.ts";

export class SystemBuilder {
  device: VirtioBlk | null = null;
  readonly contexts = new Map<string, DomainContext>();

  private readonly time: BusyTime | null;

  constructor(private readonly kernel: Kernel, private readonly options: BootOptions, private readonly manifest: Manifest) {
    this.time = options.timed === true ? new BusyTime() : null;
  }

  build(): void {
    const present = this.manifest.domains.map((entry, id) => ({ entry, domain: this.kernel.domains[id]! })).filter(({ entry }) => this.isPresent(entry));
    const initializers: Array<() => void> = [];
    // Capabilities first: a name may point to any domain, and closed badges are counted from the beginning.
    for (const { entry, domain } of present) {
      this.addSupervision(entry, domain);
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

  private addSupervision(entry: DomainEntry, domain: Domain): void {
    domain.isClient = entry.module === null && this.replacement(entry) === undefined;
    domain.timeLimitMs = entry.timeLimitMs ?? 0;
    domain.policy = entry.restart === undefined ? null : new RestartPolicy(entry.restart);
    if (entry.onPeerRestart !== "restart") return;
    const peers = entry.capabilities.filter(({ kind, domain: name }) => kind === "endpoint" && name !== entry.name);
    domain.standsOn = [...new Set(peers.map(({ domain: name }) => this.find(name!)))];
  }

  /** Loads the domain's code, and says how that is done again; answers its top-level code. */
  private loadDomain(entry: DomainEntry, domain: Domain, handles: Map<string, number>): () => void {
    const load = this.loaderOf(entry, domain, handles);
    domain.revive = () => {
      const topLevel = load();
      if (this.time !== null) this.time.watch(domain);
      const { watchdog } = this.kernel;
      if (watchdog === null) return topLevel;
      domain.wrapEntries((inner) => watchdog.guardEntry(inner));
      return watchdog.guardEntry(topLevel);
    };
    return domain.revive();
  }

  private loaderOf(entry: DomainEntry, domain: Domain, handles: Map<string, number>): () => () => void {
    const calls = makeSystemCalls(this.kernel, domain);
    const replacement = this.replacement(entry);
    if (replacement !== undefined || entry.module === null) {
      const context = replacement === undefined
        ? new Client(entry.name, this.kernel, domain, calls, handles) : new DomainContext(entry.name, this.kernel, domain, calls, handles, replacement);
      this.contexts.set(entry.name, context);
      return () => {
        context.renew();
        return () => {};
      };
    }
    const given = this.options.modules[entry.module];
    if (given === undefined) throw new ModuleError(entry.name, `no module "${entry.module}" was given`);
    const module = given instanceof WebAssembly.Module ? given : new WebAssembly.Module(given as BufferSource);
    if (module !== given) checkModule(entry.name, given as Uint8Array, entry.memoryPages);
    return () => loadModule(domain, module, calls);
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
        if (slot.kind === kindControl) slot.rights = rightRead | rightWrite;
    }
    return slot.handle;
  }

  private addDevice(entry: DomainEntry, domain: Domain, capability: CapabilityEntry, handles: Map<string, number>): void {
    const port = this.connectDevice(entry, domain, capability);
    for (const part of deviceParts) {
      const slot = domain.table.addPermanent();
      handles.set(`${capability.name}.${part}`, slot.handle);
      // Without a device model (a fake driver) the indexes are taken and name nothing; the reserved part never names anything.
      if (port === null || part === "reserved") {
        slot.handle = -1;
        continue;
      }
      slot.port = port;
      if (part === "interrupt") slot.kind = kindInterrupt;
      else if (part === "dma") slot.kind = kindDma;
      else {
        slot.kind = kindWindow;
        slot.part = port.model[part];
      }
    }
  }

  private connectDevice(entry: DomainEntry, domain: Domain, capability: CapabilityEntry): DevicePort | null {
    const { disk } = this.options;
    if (disk === undefined) {
      if (this.replacement(entry) !== undefined) return null;
      throw new Error(`bootHosted: domain "${entry.name}" drives a device, but no disk was given`);
    }
    this.device = new VirtioBlk(disk, this.options.device);
    const port = new DevicePort(attached(this.device, this.options.device), domain, capability.bit!, deviceTimeOutMs(capability), (raised) => this.kernel.noteInterrupt(raised));
    domain.port = port;
    domain.waitable |= 1 << capability.bit!;
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

function attached(device: VirtioBlk, options: VirtioBlkOptions = {}): DeviceModel {
  if (options.transport !== "mmio") return device;
  const attachment = new MmioAttachment(device);
  attachment.common.misbehaviour = options.misbehaveOnBus ?? null;
  return attachment;
}
