// What a module may not have, because it would reach past what the manifest gives it (docs/abi.md §1): code that runs before the domain
// is entered, memory other than the manifest's, tables that can grow. JavaScript tells none of these of a compiled module, so its own
// sections are read (WebAssembly 1.0 §5.5). The ahead-of-time compiler refuses the same modules (kernel/aot/src/module_rules.rs).
import { ModuleError } from "./module-loader.ts";

const tableSection = 4;
const memorySection = 5;
const startSection = 8;
const preambleBytes = 8;
/** Elements of a table; they live outside of the linear memory, so the manifest's limit does not count them. */
const tableLimit = 65536;
const referenceTypes = [0x6f, 0x70]; // externref, funcref
const hasMaximum = 1;

/** Throws ModuleError for a module that breaks a rule. The engine has accepted the bytes, so their structure is sound. */
export function checkModule(domain: string, bytes: Uint8Array, memoryPages: number): void {
  let hasMemory = false;
  const reader = new Reader(bytes, preambleBytes);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.integer();
    const section = new Reader(bytes, reader.at);
    reader.at += size;
    if (id === startSection) throw new ModuleError(domain, "has a start section, whose code would run before the domain is entered; export _start instead");
    if (id === tableSection) checkTable(domain, section);
    if (id === memorySection) {
      checkMemory(domain, section, memoryPages);
      hasMemory = true;
    }
  }
  if (!hasMemory) throw new ModuleError(domain, "defines no memory");
}

/** A memory that can grow would move under the device's feet. */
function checkMemory(domain: string, section: Reader, memoryPages: number): void {
  const count = section.integer();
  const { flags, initial, maximum } = section.limits();
  if (count === 1 && flags === hasMaximum && initial === memoryPages && maximum === memoryPages) return;
  const stated = maximum < 0 ? "no maximum" : `maximum ${maximum}`;
  throw new ModuleError(domain, `memory has initial ${initial} and ${stated} pages; the manifest wants both to be ${memoryPages}`);
}

function checkTable(domain: string, section: Reader): void {
  const count = section.integer();
  if (count === 0) return;
  const isKnown = referenceTypes.includes(section.byte());
  const { flags, initial, maximum } = section.limits();
  if (count === 1 && isKnown && flags === hasMaximum && initial === maximum && maximum <= tableLimit) return;
  throw new ModuleError(domain, `may have one table, with initial = maximum of at most ${tableLimit} elements`);
}

class Reader {
  constructor(private readonly bytes: Uint8Array, public at: number) {}

  byte(): number {
    return this.bytes[this.at++]!;
  }

  limits(): { flags: number; initial: number; maximum: number } {
    const flags = this.integer();
    const initial = this.integer();
    return { flags, initial, maximum: (flags & hasMaximum) !== 0 ? this.integer() : -1 };
  }

  /** Unsigned LEB128 of at most 32 bits. */
  integer(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  }
}
