// Writes the handles that services/system.json gives each domain: index 1, 2, 3 … in its order, generation 0 (docs/abi.md §3).
import { abi } from "../schema/index.ts";
import { pascal, upperFirst } from "./layout.ts";

export interface ManifestCapability { name: string; kind: string; bit?: number }
export interface ManifestDomain { name: string; capabilities: ManifestCapability[] }

/** [name, handle] of every capability of a domain, devices expanded to their parts. */
export function handles(domain: ManifestDomain): Array<[string, number]> {
  const names = domain.capabilities.flatMap((capability) =>
    capability.kind === "device" ? abi.deviceParts.map((part) => capability.name + upperFirst(part)) : [capability.name]);
  return names.map((name, index) => [name, index + 1]);
}
const bits = (domain: ManifestDomain): Array<[string, number]> => domain.capabilities.filter((capability) => capability.bit !== undefined).map((capability) => [capability.name + "Bit", 1 << capability.bit!]);

export function capabilitiesText(domains: ManifestDomain[], assembly: boolean): string {
  const head = "// Generated from services/system.json by `npm run generate`: the handles that each domain starts with, and its notification bits.\n";
  return head + domains.map((domain) => {
    const rows = [...handles(domain), ...bits(domain)];
    return assembly
      ? `export namespace ${pascal(domain.name)}Capabilities {\n${rows.map(([name, value]) => `  export const ${name}: u32 = ${value};`).join("\n")}\n}\n`
      : `export const ${pascal(domain.name)}Capabilities = {\n${rows.map(([name, value]) => `  ${name}: ${value},`).join("\n")}\n} as const;\n`;
  }).join("\n");
}
