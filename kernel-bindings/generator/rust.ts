// Writes the numbers that the Rust kernel shares with everything else.
import { abi } from "../schema/index.ts";
import { screaming } from "./layout.ts";

export function rustText(): string {
  const module = (name: string, sentence: string, rows: Array<[string, number]>, type = "u32"): string =>
    `/// ${sentence}\npub mod ${name} {\n${rows.map(([row, value]) => `    pub const ${screaming(row)}: ${type} = ${value};`).join("\n")}\n}\n`;
  const faultNames: Record<number, string> = { 1: "TRAP", 2: "ABORT", 3: "MISUSE", 4: "STACK_OVERFLOW", 5: "KILLED", 6: "TIME_LIMIT", 7: "START_REFUSED", 8: "PEER_RESTARTED", 9: "DEVICE_REACH", 10: "DEVICE_BLOCKED" };
  const sentences = abi.statuses.map(([number, name]) => `        ${number} => "${name}",`).join("\n");
  return `//! Generated from kernel-bindings/schema/abi.ts by \`npm run generate\`. Numbers shared with the modules and the hosted kernel.

${module("status", "Every status that a call can end with.", abi.statuses.map(([number, name]) => [name, number]))}
/// Name of a status, for logs.
pub fn status_name(status: u32) -> &'static str {
    match status {
${sentences.replaceAll("        ", "        ")}
        _ => "unknown",
    }
}
/// True for a status that the schema knows.
pub fn is_status(status: u32) -> bool {
    matches!(status, ${abi.statuses.map(([number]) => number).join(" | ")})
}
${module("kind", "Kinds of capability.", abi.kinds.map(([number, name]) => [name, number]))}
${module("right", "Rights of a handle.", Object.entries(abi.rights))}
${module("processor", "What modules are told of the processor.", Object.entries(abi.processor))}
/// Rights of an endpoint of the manifest that names none.
pub const DEFAULT_ENDPOINT_RIGHTS: u32 = ${abi.defaultEndpointRights};
${module("trace_kind", "Kinds of trace record.", abi.traceKinds.map(([number, name]) => [name, number]), "u8")}
${module("fault", "Why a domain ended.", abi.faults.map(([number]) => [faultNames[number] ?? `FAULT_${number}`, number]))}
${module("state", "States of a domain.", abi.domainStates.map(([number, name]) => [name, number]))}
${module("message", "Layout of a message, in bytes.", Object.entries(abi.message), "usize")}`;
}
