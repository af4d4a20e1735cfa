// Writes the AssemblyScript side of an interface: constants, structures, client functions and the server class.
import { abi, type Interface, type Operation } from "../schema/index.ts";
import { countsOf, placeReply, placeRequest, placeStructure, upperFirst, type PlacedField } from "./layout.ts";

const { fieldsOffset, leasesOffset, leaseBytes, capabilitiesOffset, movesOffset } = abi.message;
const at = (base: string, offset: number): string => (offset ? `${base}, ${offset}` : base);

/** An expression that reads a field; a hash is read as its address. */
const getter = (field: PlacedField, base: string, extra: number): string =>
  field.type === "hash" ? `${base} + ${field.offset + extra}` : `load<${field.type}>(${at(base, field.offset + extra)})`;
const setter = (field: PlacedField, base: string, extra: number, value: string): string =>
  field.type === "hash" ? `memory.copy(${base} + ${field.offset + extra}, ${value}, 32)` : `store<${field.type}>(${base}, ${value}${field.offset + extra ? `, ${field.offset + extra}` : ""})`;
const typeOf = (field: PlacedField): string => (field.type === "hash" ? "usize" : field.type);

function constantsText(face: Interface): string {
  return (face.constants ?? []).map((group) =>
    `/** ${group.sentence} */\nexport namespace ${group.name} {\n${Object.entries(group.values).map(([name, value]) => `  export const ${name}: u32 = ${value};`).join("\n")}\n}\n`).join("\n");
}

function structuresText(face: Interface): string {
  return (face.structures ?? []).map((structure) => {
    const lines = placeStructure(structure).flatMap((field) => [
      `  export function ${field.name}(p: usize): ${typeOf(field)} { return ${getter(field, "p", 0)}; }`,
      `  export function set${upperFirst(field.name)}(p: usize, value: ${typeOf(field)}): void { ${setter(field, "p", 0, "value")}; }`,
    ]);
    return `/** ${structure.sentence} */\nexport namespace ${structure.name} {\n  export const SIZE: u32 = ${structure.bytes};\n${lines.join("\n")}\n}\n`;
  }).join("\n");
}

function clientText(face: Interface, operation: Operation): string {
  const fields = placeRequest(face, operation);
  const leases = operation.leases ?? [];
  const given = (operation.capabilities ?? []).filter((capability) => capability.direction === "in");
  const parameters = ["endpoint: u32", ...fields.map((field) => `${field.name}: ${typeOf(field)}`),
    ...leases.map((lease) => `${lease.name}Source: u32, ${lease.name}Address: usize, ${lease.name}Length: u32`), ...given.map((capability) => `${capability.name}: u32`)];
  const body = [
    `store<u32>(messageOut, ${((operation.number << 16) | face.number) >>> 0});`,
    `store<u64>(messageOut, 0, 4);`,
    `store<u32>(messageOut, ${countsOf(leases, given)}, 12);`,
    ...fields.map((field) => setter(field, "messageOut", fieldsOffset, field.name) + ";"),
    ...leases.map((lease, index) => {
      const offset = leasesOffset + index * leaseBytes;
      return `store<u32>(messageOut, ${lease.name}Source, ${offset}); store<u32>(messageOut, <u32>${lease.name}Address, ${offset + 4}); store<u32>(messageOut, ${lease.name}Length, ${offset + 8}); store<u32>(messageOut, ${abi.rights[lease.access]}, ${offset + 12});`;
    }),
    ...given.map((capability, index) => `store<u32>(messageOut, ${capability.name}, ${capabilitiesOffset + 4 * index});`),
    `return kernel.call(endpoint);`,
  ];
  return `/** ${operation.sentence} 0 or −Status. */\nexport function call${upperFirst(operation.name)}(${parameters.join(", ")}): i32 {\n${body.map((line) => "  " + line).join("\n")}\n}\n`;
}

function replyText(face: Interface, operation: Operation): string {
  const fields = placeReply(face, operation);
  const returned = (operation.capabilities ?? []).filter((capability) => capability.direction === "out");
  if (!fields.length && !returned.length) return "";
  const lines = fields.flatMap((field) => [
    `  export function ${field.name}(): ${typeOf(field)} { return ${getter(field, "messageOut", fieldsOffset)}; }`,
    `  export function set${upperFirst(field.name)}(value: ${typeOf(field)}): void { ${setter(field, "messageIn", fieldsOffset, "value")}; }`,
  ]);
  returned.forEach((capability, index) => lines.push(
    `  export function ${capability.name}(): u32 { return load<u8>(messageOut, 13) > ${index} ? load<u32>(messageOut, ${capabilitiesOffset + 4 * index}) : 0; }`,
    `  export function set${upperFirst(capability.name)}(value: u32): void { store<u32>(messageIn, value, ${capabilitiesOffset + 4 * index}); store<u8>(messageIn, ${index + 1}, 13);${capability.moves ? ` store<u8>(messageIn, load<u8>(messageIn, ${movesOffset}) | ${1 << index}, ${movesOffset});` : ""} }`));
  return `/** Reply of ${operation.name}: getters for the caller, setters for the server. */\nexport namespace ${upperFirst(operation.name)}Reply {\n${lines.join("\n")}\n}\n`;
}

function serverText(face: Interface): string {
  const methods: string[] = [];
  const cases: string[] = [];
  for (const operation of face.operations) {
    const fields = placeRequest(face, operation);
    const leases = operation.leases ?? [];
    const given = (operation.capabilities ?? []).filter((capability) => capability.direction === "in");
    const parameters = ["badge: u32", "rights: u32", ...fields.map((field) => `${field.name}: ${typeOf(field)}`), ...leases.map((lease) => `${lease.name}: u32, ${lease.name}Length: u32`), ...given.map((capability) => `${capability.name}: u32`)];
    methods.push(`  /** ${operation.sentence} */\n  ${operation.name}(${parameters.join(", ")}): u32 { return Status.Unsupported; }`);
    // Whether a capability was moved or copied is the caller's affair.
    const checks = [`counts != ${leases.length | (given.length << 8)}`, ...leases.map((lease, index) => `!(load<u32>(messageIn, ${leasesOffset + index * leaseBytes + 12}) & ${abi.rights[lease.access]})`)];
    const values = ["badge", "rights", ...fields.map((field) => getter(field, "messageIn", fieldsOffset)),
      ...leases.flatMap((_, index) => [`load<u32>(messageIn, ${leasesOffset + index * leaseBytes})`, `load<u32>(messageIn, ${leasesOffset + index * leaseBytes + 8})`]),
      ...given.map((_, index) => `load<u32>(messageIn, ${capabilitiesOffset + 4 * index})`)];
    cases.push(`      case ${operation.number}:\n        if (${checks.join(" || ")}) return Status.ProtocolBreach;\n        store<u32>(messageIn, 0, 12);\n        return this.${operation.name}(${values.join(", ")});`);
  }
  return `/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
${methods.join("\n")}

  /** Decode \`messageIn\`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
${cases.join("\n")}
      default: return Status.Unsupported;
    }
  }
}
`;
}

export function assemblyText(face: Interface): string {
  return `// Generated from kernel-bindings/schema/${face.name}.ts by \`npm run generate\`. ${face.sentence}
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = ${face.number};

${constantsText(face)}
${structuresText(face)}
${face.operations.map((operation) => clientText(face, operation) + replyText(face, operation)).join("\n")}
${serverText(face)}`;
}

/** "what it stands on restarted" → whatItStandsOnRestarted */
const faultConstant = (name: string): string => name.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());

export function statusText(): string {
  const kinds = abi.kinds.map(([number, name]) => `  export const ${name}: u32 = ${number};`).join("\n");
  const rights = Object.entries(abi.rights).map(([name, value]) => `  export const ${name}: u32 = ${value};`).join("\n");
  return `// Generated from kernel-bindings/schema/abi.ts by \`npm run generate\`.
/** Every status that a call can end with. */
export namespace Status {
${abi.statuses.map(([number, name, sentence]) => `  /** ${sentence} */\n  export const ${name}: u32 = ${number};`).join("\n")}
}
/** Kinds of capability. */
export namespace Kind {
${kinds}
}
/** Rights of leases, grants, notifications and of every handle. */
export namespace Rights {
${rights}
}

/** Bits of the word at a module's \`processor\` (docs/abi.md §1). */
export namespace Processor {
${Object.entries(abi.processor).map(([name, value]) => `  export const ${name}: u32 = ${value};`).join("\n")}
}

/** The sentence shown to people for a status. */
export function statusSentence(status: u32): string {
  switch (status) {
${abi.statuses.map(([number, , sentence]) => `    case ${number}: return ${JSON.stringify(sentence)};`).join("\n")}
    default: return "an unknown status";
  }
}

/** States of a domain (docs/supervision.md §2). */
export namespace DomainState {
${abi.domainStates.map(([number, name]) => `  export const ${name}: u32 = ${number};`).join("\n")}
}
export function domainStateName(state: u32): string {
  switch (state) {
${abi.domainStates.map(([number, name]) => `    case ${number}: return "${name.replace(/[A-Z]/g, (letter) => " " + letter.toLowerCase())}";`).join("\n")}
    default: return "unknown";
  }
}

/** Why domains end. */
export namespace Fault {
${abi.faults.map(([number, name]) => `  /** ${name} */\n  export const ${faultConstant(name)}: u32 = ${number};`).join("\n")}
}
export function faultName(fault: u32): string {
  switch (fault) {
${abi.faults.map(([number, name]) => `    case ${number}: return ${JSON.stringify(name)};`).join("\n")}
    default: return "an unknown fault";
  }
}
`;
}
