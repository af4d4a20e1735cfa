// Writes the reference page of an interface.
import { type Interface } from "../schema/index.ts";
import { placeReply, placeRequest, placeStructure, type PlacedField } from "./layout.ts";

const fields = (placed: PlacedField[]): string => placed.map((field) => `\`${field.name}: ${field.type} @${field.offset}\``).join(", ") || "–";

export function referenceText(face: Interface): string {
  const operations = face.operations.map((operation) => {
    const leases = (operation.leases ?? []).map((lease) => `\`${lease.name}\` (${lease.access})${lease.sentence ? ": " + lease.sentence : ""}`).join("; ") || "–";
    const capabilities = (operation.capabilities ?? []).map((capability) => `\`${capability.name}\` (${capability.kind}, ${capability.direction}${capability.moves ? ", moves" : ""})`).join(", ") || "–";
    return `### ${operation.number} · ${operation.name}\n\n${operation.sentence}\n\n| request | reply | leases | capabilities | statuses |\n|---|---|---|---|---|\n| ${fields(placeRequest(face, operation))} | ${fields(placeReply(face, operation))} | ${leases} | ${capabilities} | ${(operation.errors ?? []).join(", ") || "–"} |\n`;
  }).join("\n");
  const constants = (face.constants ?? []).map((group) => `**${group.name}** – ${group.sentence} ${Object.entries(group.values).map(([name, value]) => `\`${name} = ${value}\``).join(", ")}\n`).join("\n");
  const structures = (face.structures ?? []).map((structure) => `**${structure.name}** (${structure.bytes} bytes) – ${structure.sentence} ${fields(placeStructure(structure))}\n`).join("\n");
  return `# Interface ${face.number}: ${face.name}\n\nGenerated from \`kernel-bindings/schema/${face.name}.ts\` by \`npm run generate\`. Offsets count from the first field of the message (byte 16) or of the structure.\n\n${face.sentence}\n\n${constants}\n${structures}\n## Operations\n\n${operations}`;
}
