// Turns the bytes of a service module into a loaded domain. A module is refused, with the reason, unless it imports only
// system calls from `kernel`, its memory is exactly what the manifest gives it (initial = maximum: it never moves) and
// its message buffers lie inside that memory.
import { messageBytes, wasmPageBytes } from "./abi.ts";
import type { Domain } from "./domain.ts";
import type { SystemCalls } from "./system-calls.ts";

export class ModuleError extends Error {
  constructor(domain: string, problem: string) {
    super(`module of "${domain}": ${problem}`);
    this.name = "ModuleError";
  }
}

const importModule = "kernel";
const bufferAlignment = 16;
const processorBytes = 4;

/** Instantiates `module` as `domain`. Runs none of its code. Answers its top-level code (`_start`), to be run once. */
export function loadModule(domain: Domain, module: WebAssembly.Module, calls: SystemCalls): () => void {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== importModule || kind !== "function" || !Object.hasOwn(calls, name)) {
      throw new ModuleError(domain.name, `imports ${from}.${name} (${kind}); only system calls from "${importModule}" exist`);
    }
  }
  const { exports } = new WebAssembly.Instance(module, { [importModule]: calls as unknown as WebAssembly.ModuleImports });
  const memory = exports.memory;
  if (!(memory instanceof WebAssembly.Memory)) throw new ModuleError(domain.name, "exports no memory");
  const pages = memory.buffer.byteLength / wasmPageBytes;
  if (pages !== domain.memoryPages) {
    throw new ModuleError(domain.name, `has ${pages} memory pages, the manifest says ${domain.memoryPages} (build with initial = maximum = ${domain.memoryPages})`);
  }
  const messageIn = bufferAddress(domain, exports, "messageIn", messageBytes, memory.buffer.byteLength);
  const messageOut = bufferAddress(domain, exports, "messageOut", messageBytes, memory.buffer.byteLength);
  if (Math.abs(messageIn - messageOut) < messageBytes) throw new ModuleError(domain.name, "messageIn and messageOut overlap");
  // Its word stays 0: of this processor there is nothing to tell.
  if (exports.processor !== undefined) bufferAddress(domain, exports, "processor", processorBytes, memory.buffer.byteLength);
  domain.load(memory, messageIn, messageOut, {
    start: required(domain, exports, "start") as () => number,
    receive: required(domain, exports, "receive") as (badge: number, rights: number) => number,
    notified: optional(exports, "notified") as ((bits: number) => void) | null,
    closed: optional(exports, "closed") as ((badge: number) => void) | null,
    background: optional(exports, "background") as (() => number) | null,
  });
  return (optional(exports, "_start") as (() => void) | null) ?? (() => {});
}

function bufferAddress(domain: Domain, exports: WebAssembly.Exports, name: string, length: number, memoryBytes: number): number {
  const value = exports[name];
  const address: unknown = value instanceof WebAssembly.Global ? value.value : undefined;
  if (typeof address !== "number") throw new ModuleError(domain.name, `exports no i32 global ${name}`);
  if (address < bufferAlignment || address % bufferAlignment !== 0 || address > memoryBytes - length) {
    throw new ModuleError(domain.name, `${name} = ${address} is not an aligned buffer inside the memory`);
  }
  return address;
}

function required(domain: Domain, exports: WebAssembly.Exports, name: string): unknown {
  const value = exports[name];
  if (typeof value !== "function") throw new ModuleError(domain.name, `exports no function ${name}`);
  return value;
}

function optional(exports: WebAssembly.Exports, name: string): unknown {
  const value = exports[name];
  return typeof value === "function" ? value : null;
}
