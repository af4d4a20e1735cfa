// Writes the TypeScript side: a client class for each interface, structure readers, and the tables that decode a trace.
import { abi, type Interface, type Operation } from "../schema/index.ts";
import { countsOf, pascal, placeReply, placeRequest, placeStructure, upperFirst, type PlacedField } from "./layout.ts";

const { fieldsOffset, leasesOffset, leaseBytes, capabilitiesOffset } = abi.message;
const types = { u8: "number", u16: "number", u32: "number", u64: "bigint", hash: "Uint8Array" } as const;
const methods = { u8: "Uint8", u16: "Uint16", u32: "Uint32", u64: "BigUint64", hash: "" } as const;

const read = (field: PlacedField, view: string, base: string, extra: number): string =>
  field.type === "hash" ? `copyHash(${view}, ${base}${field.offset + extra})` : `${view}.get${methods[field.type]}(${base}${field.offset + extra}${field.type === "u8" ? "" : ", true"})`;
const write = (field: PlacedField, view: string, extra: number, value: string): string =>
  field.type === "hash" ? `writeHash(${view}, ${field.offset + extra}, ${value})` : `${view}.set${methods[field.type]}(${field.offset + extra}, ${value}${field.type === "u8" ? "" : ", true"})`;

function methodText(face: Interface, operation: Operation): string {
  const request = placeRequest(face, operation);
  const reply = placeReply(face, operation);
  const leases = operation.leases ?? [];
  const given = (operation.capabilities ?? []).filter((capability) => capability.direction === "in");
  const returned = (operation.capabilities ?? []).filter((capability) => capability.direction === "out");
  const argumentTypes = [...request.map((field) => `${field.name}: ${types[field.type]}`), ...leases.map((lease) => `${lease.name}: Lease`), ...given.map((capability) => `${capability.name}: number`)];
  const replyTypes = [...reply.map((field) => `${field.name}: ${types[field.type]}`), ...returned.map((capability) => `${capability.name}: number`)];
  const values = [...reply.map((field) => `${field.name}: ${read(field, "view", "", fieldsOffset)}`),
    ...returned.map((capability, index) => `${capability.name}: view.getUint8(13) > ${index} ? view.getUint32(${capabilitiesOffset + 4 * index}, true) : 0`)];
  const lines = [
    `const view = this.client.messageOut;`,
    `view.setUint32(0, ${((operation.number << 16) | face.number) >>> 0}, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, ${countsOf(leases, given)}, true);`,
    ...request.map((field) => write(field, "view", fieldsOffset, `request.${field.name}`) + ";"),
    ...leases.map((lease, index) => `writeLease(view, ${leasesOffset + index * leaseBytes}, request.${lease.name}, ${abi.rights[lease.access]});`),
    ...given.map((capability, index) => `view.setUint32(${capabilitiesOffset + 4 * index}, request.${capability.name}, true);`),
    `const status = -this.client.call(this.endpoint);`,
    `if (status !== 0) throw new StatusError(status, "${face.name}.${operation.name}");`,
    ...(values.length ? [`return { ${values.join(", ")} };`] : []),
  ];
  return `  /** ${operation.sentence} */\n  ${operation.name}(${argumentTypes.length ? `request: { ${argumentTypes.join("; ")} }` : ""}): ${replyTypes.length ? `{ ${replyTypes.join("; ")} }` : "void"} {\n${lines.map((line) => "    " + line).join("\n")}\n  }`;
}

function structureText(face: Interface): string {
  return (face.structures ?? []).map((structure) => {
    const fields = placeStructure(structure);
    return `/** ${structure.sentence} */
export interface ${structure.name} { ${fields.map((field) => `${field.name}: ${types[field.type]}`).join("; ")} }
export const ${structure.name[0]!.toLowerCase() + structure.name.slice(1)}Bytes = ${structure.bytes};
export function read${structure.name}(view: DataView, offset: number): ${structure.name} {
  return { ${fields.map((field) => `${field.name}: ${read(field, "view", "offset + ", 0)}`).join(", ")} };
}
`;
  }).join("\n");
}

export function hostText(face: Interface): string {
  const constants = (face.constants ?? []).map((group) => `/** ${group.sentence} */\nexport const ${group.name} = { ${Object.entries(group.values).map(([name, value]) => `${name}: ${value}`).join(", ")} } as const;\n`).join("");
  const sendsHash = face.operations.some((operation) => Object.values(operation.request ?? {}).includes("hash"));
  const readsHash = [...face.operations.map((operation) => operation.reply), ...(face.structures ?? []).map((structure) => structure.fields)].some((fields) => Object.values(fields ?? {}).includes("hash"));
  const imports = ["type ClientPort", ...(readsHash ? ["copyHash"] : []), "type Lease", "StatusError", ...(sendsHash ? ["writeHash"] : []), "writeLease"];
  return `// Generated from kernel-bindings/schema/${face.name}.ts by \`npm run generate\`. ${face.sentence}
import { ${imports.join(", ")} } from "../../host/client-port.ts";

export const INTERFACE = ${face.number};
${constants}
${structureText(face)}
export class ${pascal(face.name)}Client {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
${face.operations.map((operation) => methodText(face, operation)).join("\n")}
}
`;
}

/** Tables that both kernels' hosts and the trace viewer need: statuses, kinds, rights, and the interfaces with their fields placed. */
export function tablesText(interfaces: Interface[]): string {
  const table = interfaces.map((face) => ({
    number: face.number, name: face.name,
    operations: face.operations.map((operation) => ({ number: operation.number, name: operation.name, sentence: operation.sentence, request: placeRequest(face, operation), reply: placeReply(face, operation),
      leases: (operation.leases ?? []).map((lease) => lease.name), capabilities: operation.capabilities ?? [] })),
    constants: face.constants ?? [],
  }));
  return `// Generated from kernel-bindings/schema/ by \`npm run generate\`: numbers and names for the hosted kernel, the clients and the trace viewer.
export const Status = {\n${abi.statuses.map(([number, name]) => `  ${name}: ${number},`).join("\n")}\n} as const;
export const statusNames: Record<number, string> = {\n${abi.statuses.map(([number, name]) => `  ${number}: "${name}",`).join("\n")}\n};
export const statusSentences: Record<number, string> = {\n${abi.statuses.map(([number, , sentence]) => `  ${number}: ${JSON.stringify(sentence)},`).join("\n")}\n};
export const Kind = { ${abi.kinds.map(([number, name]) => `${name}: ${number}`).join(", ")} } as const;
export const Rights = ${JSON.stringify(abi.rights)} as const;
export const defaultEndpointRights = ${abi.defaultEndpointRights};
export const TraceKind = { ${abi.traceKinds.map(([number, name]) => `${name}: ${number}`).join(", ")} } as const;
export const DomainState = { ${abi.domainStates.map(([number, name]) => `${name}: ${number}`).join(", ")} } as const;
export const faultNames: Record<number, string> = { ${abi.faults.map(([number, name]) => `${number}: "${name}"`).join(", ")} };
export const messageLayout = ${JSON.stringify(abi.message)} as const;
export const traceFormat = ${JSON.stringify(abi.trace)} as const;
export const deviceParts = ${JSON.stringify(abi.deviceParts)} as const;
export interface TableField { name: string; type: "u8" | "u16" | "u32" | "u64" | "hash"; offset: number }
export interface TableOperation { number: number; name: string; sentence: string; request: TableField[]; reply: TableField[]; leases: string[]; capabilities: { name: string; direction: string; kind: string; moves?: boolean }[] }
export interface TableInterface { number: number; name: string; operations: TableOperation[]; constants: { name: string; sentence: string; values: Record<string, number> }[] }
export const interfaceTable: TableInterface[] = ${JSON.stringify(table, null, 1)};
`;
}
