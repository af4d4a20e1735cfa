// Where each field of a message or structure lies: natural alignment, in order. The only place that decides it.
import { abi, type CapabilityParameter, type FieldType, type Interface, type LeaseParameter, type Operation, type Structure } from "../schema/index.ts";

export interface PlacedField { name: string; type: FieldType; offset: number }
const sizes: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, u64: 8, hash: 32 };
const alignments: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, u64: 8, hash: 8 };

/** Fields in order, each aligned to its size; `limit` is the room there is. */
export function place(fields: Record<string, FieldType> | undefined, limit: number, where: string): PlacedField[] {
  let offset = 0;
  return Object.entries(fields ?? {}).map(([name, type]) => {
    offset = Math.ceil(offset / alignments[type]) * alignments[type];
    const placed = { name, type, offset };
    offset += sizes[type];
    if (offset > limit) throw new Error(`${where}: field ${name} ends at byte ${offset}, past ${limit}`);
    return placed;
  });
}
export const placeRequest = (face: Interface, operation: Operation): PlacedField[] => place(operation.request, abi.message.fieldsBytes, `${face.name}.${operation.name} request`);
export const placeReply = (face: Interface, operation: Operation): PlacedField[] => place(operation.reply, abi.message.fieldsBytes, `${face.name}.${operation.name} reply`);
export const placeStructure = (structure: Structure): PlacedField[] => place(structure.fields, structure.bytes, structure.name);

/** Bytes 12 to 15 of a message: how many leases and capabilities it carries, and which of these move (docs/supervision.md §6). */
export function countsOf(leases: readonly LeaseParameter[], given: readonly CapabilityParameter[]): number {
  const moves = given.reduce((bits, capability, index) => (capability.moves ? bits | (1 << index) : bits), 0);
  return leases.length | (given.length << 8) | (moves << 16);
}

export const upperFirst = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
/** CamelCase or camelCase to SCREAMING_SNAKE. */
export const screaming = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[-\s]+/g, "_").toUpperCase();
export const pascal = (name: string): string => name.split("-").map(upperFirst).join("");

/** Refuse what would make two readers disagree: repeated numbers or names, too many leases, unknown statuses. */
export function checkSchema(interfaces: Interface[]): void {
  const unique = (values: Array<string | number>, where: string): void => {
    const seen = new Set(values);
    if (seen.size !== values.length) throw new Error(`${where}: a number or name is used twice`);
  };
  unique(interfaces.map((face) => face.number), "interfaces");
  unique(abi.statuses.map((status) => status[0]), "statuses");
  unique(abi.statuses.map((status) => status[1]), "status names");
  const statusNames = new Set(abi.statuses.map((status) => status[1]));
  for (const face of interfaces) {
    unique(face.operations.map((operation) => operation.number), `${face.name} operation numbers`);
    unique(face.operations.map((operation) => operation.name), `${face.name} operation names`);
    for (const operation of face.operations) {
      const where = `${face.name}.${operation.name}`;
      if ((operation.leases?.length ?? 0) > abi.message.leaseCount) throw new Error(`${where}: more than ${abi.message.leaseCount} leases`);
      if ((operation.capabilities?.length ?? 0) > abi.message.capabilityCount) throw new Error(`${where}: more than ${abi.message.capabilityCount} capabilities`);
      for (const error of operation.errors ?? []) if (!statusNames.has(error)) throw new Error(`${where}: unknown status ${error}`);
      placeRequest(face, operation);
      placeReply(face, operation);
    }
    for (const structure of face.structures ?? []) placeStructure(structure);
  }
}
