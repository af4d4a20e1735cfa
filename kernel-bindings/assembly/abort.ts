// Where `assert`, `throw` and `unreachable` of a module go (asc --use abort=…): the kernel ends the domain and says why.
import { fault } from "./kernel";

/** Safety: an AssemblyScript string keeps its byte length four bytes before its text (std/assembly/rt/common.ts). */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = message ? message : file;
  if (text) fault(changetype<usize>(text), load<u32>(changetype<usize>(text) - 4) >> 1, line, column);
  else fault(0, 0, line, column);
  unreachable();
}
