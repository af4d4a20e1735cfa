// Output: what a command prints, gathered and written whole. Standard output may be a pipe that nobody reads any more: then the
// command ends quietly, as `ls | head` should. Stays true: bytes appear in order and before the process ends.
import { writeSync } from "node:fs";

const chunkBytes = 65536;
const standardOutput = 1;

let pending: Buffer[] = [];
let pendingBytes = 0;

/** Ends the process when the reader of standard output is gone. */
function writeAll(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(standardOutput, bytes, done, bytes.length - done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") process.exit(0);
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // a full pipe that does not block: try again in a millisecond
    }
  }
}

export function print(line: string): void {
  printBytes(Buffer.from(`${line}\n`));
}

export function printBytes(bytes: Uint8Array): void {
  if (bytes.length >= chunkBytes) {
    flush();
    writeAll(bytes);
    return;
  }
  pending.push(Buffer.from(bytes));
  pendingBytes += bytes.length;
  if (pendingBytes >= chunkBytes) flush();
}

export function flush(): void {
  const bytes = Buffer.concat(pending);
  pending = [];
  pendingBytes = 0;
  writeAll(bytes);
}

/** One JSON value a line; 64-bit numbers as numbers where they are exact, else as strings. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? jsonNumber(item) : item)));
}

function jsonNumber(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

/** A message for people. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
