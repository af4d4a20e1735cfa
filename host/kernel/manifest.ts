// The system manifest (services/system.json): which domains exist and what each may reach. This file owns its
// validation: a manifest that passes names only domains, kinds and fields that exist, calls go downward, and
// both kernels refuse the same ones (docs/abi.md §6, docs/supervision.md §1). Every refusal names the entry and its path.
import { allRights, defaultEndpointRights, deviceParts, Kind, notificationBitCount } from "./abi.ts";

export interface CapabilityEntry {
  name: string;
  kind: string;
  domain?: string;
  badge?: number;
  rights?: number;
  bits?: number;
  bit?: number;
  device?: string;
  /** How long the driver lets the device keep a request. */
  timeOutMs?: number;
}
/** Deaths within `windowMs` before a domain is given up, and how long its restarts wait (docs/supervision.md §4). */
export interface RestartEntry {
  limit: number;
  windowMs: number;
  backoffMs: number;
}
export interface DomainEntry {
  name: string;
  /** Name of the module; null is a client of the hosted kernel. */
  module: string | null;
  rank: number;
  memoryPages: number;
  kernels?: string[];
  /** Own CPU time of one activation; 0 or absent is no limit. */
  timeLimitMs?: number;
  /** Absent: a domain that ends is dead for ever. */
  restart?: RestartEntry;
  onPeerRestart?: "recover" | "restart";
  capabilities: CapabilityEntry[];
}
export interface Manifest {
  version: number;
  /** Bounds the memory of all domains of one kernel together. */
  memoryPages?: number;
  domains: DomainEntry[];
}

/** Where in the manifest something is: for a person (`domain "two", capability "x"`) and for a program that finds its line. */
export class Place {
  constructor(readonly label: string, readonly path: string) {}

  /** The same entry, a field of it. */
  field(name: string): Place {
    return new Place(this.label, this.path === "" ? name : `${this.path}.${name}`);
  }

  at(index: number): Place {
    return new Place(this.label, `${this.path}[${index}]`);
  }

  called(label: string): Place {
    return new Place(label, this.path);
  }
}

export class ManifestError extends Error {
  /** The entry at fault: `domains[3].capabilities[2].domain`; empty for the whole manifest. */
  readonly path: string;

  constructor(place: Place, readonly problem: string) {
    super(`system manifest: ${place.label}: ${problem}`);
    this.name = "ManifestError";
    this.path = place.path;
  }
}

const kernelNames = ["microkernel", "hosted"];
const deviceNames = ["virtio-blk"];
const domainLimit = 255; // id 255 is the kernel
const nameBytesLimit = 24; // the name field of a trace file
const rankLimit = 255;
const memoryPagesLimit = 32768; // 2 GiB: offsets stay positive 32-bit numbers
const defaultMemoryPagesTotal = 7168; // what a machine with 512 MiB can give beside kernel and code
const memoryPagesTotalLimit = 65536 * domainLimit;
const millisecondsLimit = 3_600_000;
const backoffMillisecondsLimit = 60_000;
const timeOutMillisecondsLimit = 600_000;
const defaultTimeOutMilliseconds = 30_000;
const deathsLimit = 100;
/** Handles in the table of one domain that the manifest may fill. */
const handleLimit = 256;

const domainFields = ["name", "module", "rank", "memoryPages", "kernels", "timeLimitMs", "restart", "onPeerRestart", "capabilities"];

/** Fields that each kind takes besides `name` and `kind`: true when it must be given. */
const fieldsOfKind: Record<string, Record<string, boolean>> = {
  endpoint: { domain: true, badge: false, rights: false },
  notification: { domain: true, bits: true },
  device: { device: true, bit: true, timeOutMs: false },
  timer: { bit: true },
  console: { bit: true },
  clock: {}, entropy: {}, trace: {}, power: {}, control: {},
};

/** Checks `value` and returns it typed; throws ManifestError at the first thing that is wrong. */
export function validateManifest(value: unknown): Manifest {
  const whole = new Place("manifest", "");
  const manifest = expectRecord(whole, value);
  refuseOtherFields(whole, manifest, ["version", "memoryPages", "domains"]);
  if (manifest.version !== 1) throw new ManifestError(whole.field("version").called("version"), `must be 1, not ${String(manifest.version)}`);
  if (manifest.memoryPages !== undefined) expectInteger(whole, "memoryPages", manifest.memoryPages, 1, memoryPagesTotalLimit);
  const list = whole.field("domains").called("domains");
  if (!Array.isArray(manifest.domains) || manifest.domains.length === 0) throw new ManifestError(list, "must be a list of domains");
  if (manifest.domains.length > domainLimit) throw new ManifestError(list, `at most ${domainLimit} domains`);
  const names = new Map<string, DomainEntry>();
  manifest.domains.forEach((entry: unknown, index: number) => {
    const place = list.at(index).called(`domains[${index}]`);
    const domain = checkDomain(place, entry);
    if (names.has(domain.name)) throw new ManifestError(place.field("name"), `the name "${domain.name}" is repeated`);
    names.set(domain.name, domain);
  });
  const deviceOwners = new Map<string, string>();
  [...names.values()].forEach((domain, index) => checkCapabilities(list.at(index), domain, names, deviceOwners));
  checkMemory(value as Manifest, list);
  return value as Manifest;
}

/** Does the hosted kernel run this domain? */
export function isHosted(domain: DomainEntry): boolean {
  return domain.kernels === undefined || domain.kernels.includes("hosted");
}

/** Rights of an endpoint entry, with the default put in. */
export function endpointRights(entry: CapabilityEntry): number {
  return entry.rights ?? defaultEndpointRights;
}

/** How long a device may keep a request, in milliseconds, with the default put in. */
export function deviceTimeOutMs(entry: CapabilityEntry): number {
  return entry.timeOutMs ?? defaultTimeOutMilliseconds;
}

/** Does the microkernel run this domain? It has no clients. */
function isOnMicrokernel(domain: DomainEntry): boolean {
  return domain.module !== null && (domain.kernels === undefined || domain.kernels.includes("microkernel"));
}

function checkDomain(place: Place, entry: unknown): DomainEntry {
  const domain = expectRecord(place, entry);
  refuseOtherFields(place, domain, domainFields);
  const name = expectName(place, domain.name);
  const named = place.called(`${place.label} "${name}"`);
  if (domain.module !== null && typeof domain.module !== "string") throw new ManifestError(named.field("module"), "module must be a name or null");
  expectInteger(named, "rank", domain.rank, 0, rankLimit);
  expectInteger(named, "memoryPages", domain.memoryPages, 1, memoryPagesLimit);
  if (domain.kernels !== undefined) {
    const kernels = named.field("kernels");
    if (!Array.isArray(domain.kernels) || domain.kernels.length === 0) throw new ManifestError(kernels, "kernels must be a list of kernels");
    domain.kernels.forEach((kernel, index) => {
      if (!kernelNames.includes(kernel)) throw new ManifestError(kernels.at(index), `unknown kernel "${String(kernel)}"`);
    });
  }
  checkSupervision(named, domain);
  if (!Array.isArray(domain.capabilities)) throw new ManifestError(named.field("capabilities"), "capabilities must be a list");
  return entry as DomainEntry;
}

/** How the domain ends and comes back (docs/supervision.md §1). A client is code outside all domains: it does neither. */
function checkSupervision(place: Place, domain: Record<string, unknown>): void {
  if (domain.module === null) {
    for (const field of ["timeLimitMs", "restart", "onPeerRestart"]) {
      if (domain[field] !== undefined) throw new ManifestError(place.field(field), `a client (module null) is never ended, so it takes no ${field}`);
    }
  }
  if (domain.timeLimitMs !== undefined) expectInteger(place, "timeLimitMs", domain.timeLimitMs, 0, millisecondsLimit);
  if (domain.restart !== undefined) {
    const inside = place.field("restart");
    const restart = expectRecord(inside.called(`${place.label}, restart`), domain.restart);
    refuseOtherFields(inside, restart, ["limit", "windowMs", "backoffMs"]);
    expectInteger(inside, "limit", restart.limit, 1, deathsLimit);
    expectInteger(inside, "windowMs", restart.windowMs, 1, millisecondsLimit);
    expectInteger(inside, "backoffMs", restart.backoffMs, 0, backoffMillisecondsLimit);
  }
  if (domain.onPeerRestart === undefined || domain.onPeerRestart === "recover") return;
  const policy = place.field("onPeerRestart");
  if (domain.onPeerRestart !== "restart") throw new ManifestError(policy, `onPeerRestart must be "recover" or "restart", not ${String(domain.onPeerRestart)}`);
  if (domain.restart === undefined) throw new ManifestError(policy, `onPeerRestart is "restart", but the domain has no "restart"`);
}

/** Every domain's memory is set aside at boot, so the sum must fit. */
function checkMemory(manifest: Manifest, list: Place): void {
  const limit = manifest.memoryPages ?? defaultMemoryPagesTotal;
  for (const [kernel, isPresent] of [["microkernel", isOnMicrokernel], ["hosted", isHosted]] as const) {
    let pages = 0;
    manifest.domains.forEach((domain, index) => {
      if (!isPresent(domain)) return;
      pages += domain.memoryPages;
      if (pages <= limit) return;
      const place = list.at(index).field("memoryPages").called(`domains[${index}] "${domain.name}"`);
      throw new ManifestError(place, `memory is overcommitted: with ${domain.memoryPages} pages here the ${kernel} kernel needs ${pages}, the limit is ${limit}`);
    });
  }
}

type Domains = ReadonlyMap<string, DomainEntry>;

function checkCapabilities(domainPlace: Place, domain: DomainEntry, domains: Domains, deviceOwners: Map<string, string>): void {
  const names = new Set<string>();
  const list = domainPlace.field("capabilities").called(`domain "${domain.name}"`);
  let handles = 0;
  (domain.capabilities as unknown[]).forEach((entry, index) => {
    const unnamed = list.at(index);
    const record = expectRecord(unnamed, entry);
    const name = expectName(unnamed, record.name);
    const place = unnamed.called(`domain "${domain.name}", capability "${name}"`);
    if (names.has(name)) throw new ManifestError(place.field("name"), "the name is repeated");
    names.add(name);
    checkCapability(place, record, domain, domains);
    handles += record.kind === "device" ? deviceParts.length : 1;
    if (handles > handleLimit) throw new ManifestError(place, `a domain has at most ${handleLimit} handles from the manifest`);
    if (record.kind !== "device") return;
    const owner = deviceOwners.get(record.device as string);
    if (owner !== undefined) throw new ManifestError(place.field("device"), `the device "${record.device}" belongs to "${owner}" already`);
    deviceOwners.set(record.device as string, domain.name);
  });
}

function checkCapability(place: Place, entry: Record<string, unknown>, owner: DomainEntry, domains: Domains): void {
  const fields = typeof entry.kind === "string" && Object.hasOwn(fieldsOfKind, entry.kind) ? fieldsOfKind[entry.kind] : undefined;
  if (fields === undefined) {
    const known = Object.hasOwn(Kind, String(entry.kind));
    throw new ManifestError(place.field("kind"), known ? `kind "${entry.kind}" cannot be given here` : `unknown kind "${String(entry.kind)}"`);
  }
  refuseOtherFields(place, entry, ["name", "kind", ...Object.keys(fields)]);
  for (const [field, required] of Object.entries(fields)) {
    if (required && entry[field] === undefined) throw new ManifestError(place, `${field} is missing`);
  }
  if (entry.badge !== undefined) expectInteger(place, "badge", entry.badge, 0, 0xffff_ffff);
  if (entry.rights !== undefined) expectInteger(place, "rights", entry.rights, 0, allRights);
  if (entry.bit !== undefined) expectInteger(place, "bit", entry.bit, 0, notificationBitCount - 1);
  if (entry.bits !== undefined) expectInteger(place, "bits", entry.bits, 1, 2 ** notificationBitCount - 1);
  if (entry.timeOutMs !== undefined) expectInteger(place, "timeOutMs", entry.timeOutMs, 1, timeOutMillisecondsLimit);
  if (entry.device !== undefined && !deviceNames.includes(entry.device as string)) {
    throw new ManifestError(place.field("device"), `unknown device "${String(entry.device)}"`);
  }
  if (entry.domain !== undefined) checkTarget(place.field("domain"), entry, owner, domains);
}

function checkTarget(place: Place, entry: Record<string, unknown>, owner: DomainEntry, domains: Domains): void {
  const target = domains.get(entry.domain as string);
  if (target === undefined) throw new ManifestError(place, `unknown domain "${String(entry.domain)}"`);
  if (entry.kind !== "endpoint" || target === owner) return;
  if (target.rank >= owner.rank) {
    const back = pathOfCalls(target, owner, domains);
    if (back !== null) throw new ManifestError(place, `a cycle of calls: ${[owner.name, ...back].map((name) => `"${name}"`).join(" → ")}`);
    throw new ManifestError(place, `an upward call: "${target.name}" has rank ${target.rank}, "${owner.name}" has rank ${owner.rank}`);
  }
  if (isHosted(owner) && !isHosted(target)) throw new ManifestError(place, `the hosted kernel runs "${owner.name}" and not "${target.name}"`);
  if (isOnMicrokernel(owner) && !isOnMicrokernel(target)) throw new ManifestError(place, `the microkernel runs "${owner.name}" and not "${target.name}"`);
}

/** The names from one domain to another along endpoints, or null. Breadth first; each domain is looked at once. */
function pathOfCalls(from: DomainEntry, to: DomainEntry, domains: Domains): string[] | null {
  const cameFrom = new Map<DomainEntry, DomainEntry | null>([[from, null]]);
  for (const domain of cameFrom.keys()) {
    if (domain === to) {
      const names: string[] = [];
      for (let step: DomainEntry | null = to; step !== null; step = cameFrom.get(step)!) names.unshift(step.name);
      return names;
    }
    for (const capability of domain.capabilities) {
      const next = capability?.kind === "endpoint" ? domains.get(capability.domain!) : undefined;
      if (next !== undefined && !cameFrom.has(next)) cameFrom.set(next, domain);
    }
  }
  return null;
}

function expectRecord(place: Place, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ManifestError(place, "must be an object");
  return value as Record<string, unknown>;
}

function expectName(place: Place, value: unknown): string {
  if (typeof value !== "string" || value.length === 0) throw new ManifestError(place, "a name is missing");
  if (new TextEncoder().encode(value).length > nameBytesLimit) throw new ManifestError(place.field("name"), `the name "${value}" is longer than ${nameBytesLimit} bytes`);
  return value;
}

function expectInteger(place: Place, field: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    const where = value === undefined ? place : place.field(field);
    throw new ManifestError(where, `${field} must be an integer from ${low} to ${high}, not ${String(value)}`);
  }
}

function refuseOtherFields(place: Place, record: Record<string, unknown>, fields: string[]): void {
  for (const field of Object.keys(record)) {
    if (!fields.includes(field)) throw new ManifestError(place.field(field), `unknown field "${field}"`);
  }
}
