// The system manifest (services/system.json): which domains exist and what each may reach. This file owns its
// validation: a manifest that passes names only domains, kinds and fields that exist, calls go downward, and
// both kernels refuse the same ones (docs/abi.md §6). Every refusal names the entry.
import { allRights, defaultEndpointRights, Kind, notificationBitCount } from "./abi.ts";

export interface CapabilityEntry {
  name: string;
  kind: string;
  domain?: string;
  badge?: number;
  rights?: number;
  bits?: number;
  bit?: number;
  device?: string;
}
export interface DomainEntry {
  name: string;
  /** Name of the module; null is a client of the hosted kernel. */
  module: string | null;
  rank: number;
  memoryPages: number;
  kernels?: string[];
  capabilities: CapabilityEntry[];
}
export interface Manifest {
  version: number;
  domains: DomainEntry[];
}

export class ManifestError extends Error {
  constructor(where: string, problem: string) {
    super(`system manifest: ${where}: ${problem}`);
    this.name = "ManifestError";
  }
}

const kernelNames = ["microkernel", "hosted"];
const deviceNames = ["virtio-blk"];
const domainLimit = 255; // id 255 is the kernel
const nameBytesLimit = 24; // the name field of a trace file
const rankLimit = 255;
const memoryPagesLimit = 32768; // 2 GiB: offsets stay positive 32-bit numbers

/** Fields that each kind takes besides `name` and `kind`: true when it must be given. */
const fieldsOfKind: Record<string, Record<string, boolean>> = {
  endpoint: { domain: true, badge: false, rights: false },
  notification: { domain: true, bits: true },
  device: { device: true, bit: true },
  timer: { bit: true },
  console: { bit: true },
  clock: {}, entropy: {}, trace: {}, power: {}, control: {},
};

/** Checks `value` and returns it typed; throws ManifestError at the first thing that is wrong. */
export function validateManifest(value: unknown): Manifest {
  const manifest = expectRecord("manifest", value);
  refuseOtherFields("manifest", manifest, ["version", "domains"]);
  if (manifest.version !== 1) throw new ManifestError("version", `must be 1, not ${String(manifest.version)}`);
  if (!Array.isArray(manifest.domains) || manifest.domains.length === 0) throw new ManifestError("domains", "must be a list of domains");
  if (manifest.domains.length > domainLimit) throw new ManifestError("domains", `at most ${domainLimit} domains`);
  const names = new Map<string, DomainEntry>();
  manifest.domains.forEach((entry: unknown, index: number) => {
    const domain = checkDomain(`domains[${index}]`, entry);
    if (names.has(domain.name)) throw new ManifestError(`domains[${index}]`, `the name "${domain.name}" is repeated`);
    names.set(domain.name, domain);
  });
  const deviceOwners = new Map<string, string>();
  for (const domain of names.values()) checkCapabilities(domain, names, deviceOwners);
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

function checkDomain(where: string, entry: unknown): DomainEntry {
  const domain = expectRecord(where, entry);
  refuseOtherFields(where, domain, ["name", "module", "rank", "memoryPages", "kernels", "capabilities"]);
  const name = expectName(where, domain.name);
  const named = `${where} "${name}"`;
  if (domain.module !== null && typeof domain.module !== "string") throw new ManifestError(named, "module must be a name or null");
  expectInteger(named, "rank", domain.rank, 0, rankLimit);
  expectInteger(named, "memoryPages", domain.memoryPages, 1, memoryPagesLimit);
  if (domain.kernels !== undefined) {
    if (!Array.isArray(domain.kernels) || domain.kernels.length === 0) throw new ManifestError(named, "kernels must be a list of kernels");
    for (const kernel of domain.kernels) {
      if (!kernelNames.includes(kernel)) throw new ManifestError(named, `unknown kernel "${String(kernel)}"`);
    }
  }
  if (!Array.isArray(domain.capabilities)) throw new ManifestError(named, "capabilities must be a list");
  return entry as DomainEntry;
}

function checkCapabilities(domain: DomainEntry, domains: Map<string, DomainEntry>, deviceOwners: Map<string, string>): void {
  const names = new Set<string>();
  for (const entry of domain.capabilities as unknown[]) {
    const record = expectRecord(`domain "${domain.name}"`, entry);
    const name = expectName(`domain "${domain.name}"`, record.name);
    const where = `domain "${domain.name}", capability "${name}"`;
    if (names.has(name)) throw new ManifestError(where, "the name is repeated");
    names.add(name);
    checkCapability(where, record, domain, domains);
    if (record.kind === "device") {
      const owner = deviceOwners.get(record.device as string);
      if (owner !== undefined) throw new ManifestError(where, `the device "${record.device}" belongs to "${owner}" already`);
      deviceOwners.set(record.device as string, domain.name);
    }
  }
}

function checkCapability(where: string, entry: Record<string, unknown>, owner: DomainEntry, domains: Map<string, DomainEntry>): void {
  const fields = typeof entry.kind === "string" && Object.hasOwn(fieldsOfKind, entry.kind) ? fieldsOfKind[entry.kind] : undefined;
  if (fields === undefined) {
    const known = Object.hasOwn(Kind, String(entry.kind));
    throw new ManifestError(where, known ? `kind "${entry.kind}" cannot be given here` : `unknown kind "${String(entry.kind)}"`);
  }
  refuseOtherFields(where, entry, ["name", "kind", ...Object.keys(fields)]);
  for (const [field, required] of Object.entries(fields)) {
    if (required && entry[field] === undefined) throw new ManifestError(where, `${field} is missing`);
  }
  if (entry.badge !== undefined) expectInteger(where, "badge", entry.badge, 0, 0xffff_ffff);
  if (entry.rights !== undefined) expectInteger(where, "rights", entry.rights, 0, allRights);
  if (entry.bit !== undefined) expectInteger(where, "bit", entry.bit, 0, notificationBitCount - 1);
  if (entry.bits !== undefined) expectInteger(where, "bits", entry.bits, 1, 2 ** notificationBitCount - 1);
  if (entry.device !== undefined && !deviceNames.includes(entry.device as string)) {
    throw new ManifestError(where, `unknown device "${String(entry.device)}"`);
  }
  if (entry.domain !== undefined) {
    const target = domains.get(entry.domain as string);
    if (target === undefined) throw new ManifestError(where, `unknown domain "${String(entry.domain)}"`);
    if (entry.kind === "endpoint" && target !== owner && target.rank >= owner.rank) {
      throw new ManifestError(where, `an upward call: "${target.name}" has rank ${target.rank}, "${owner.name}" has rank ${owner.rank}`);
    }
  }
}

function expectRecord(where: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ManifestError(where, "must be an object");
  return value as Record<string, unknown>;
}

function expectName(where: string, value: unknown): string {
  if (typeof value !== "string" || value.length === 0) throw new ManifestError(where, "a name is missing");
  if (new TextEncoder().encode(value).length > nameBytesLimit) throw new ManifestError(where, `the name "${value}" is longer than ${nameBytesLimit} bytes`);
  return value;
}

function expectInteger(where: string, field: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    throw new ManifestError(where, `${field} must be an integer from ${low} to ${high}, not ${String(value)}`);
  }
}

function refuseOtherFields(where: string, record: Record<string, unknown>, fields: string[]): void {
  for (const field of Object.keys(record)) {
    if (!fields.includes(field)) throw new ManifestError(where, `unknown field "${field}"`);
  }
}
