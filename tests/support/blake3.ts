// An independent BLAKE3, to compare ours with: the package blake3-wasm (the reference implementation in Rust). Streamed, because its one-shot form copies the whole input into a small memory.
import { createRequire } from "node:module";

interface Hasher { update(data: Uint8Array): Hasher; digest(): Buffer; dispose(): void }
const library = createRequire(import.meta.url)("blake3-wasm") as { createHash(): Hasher; load?: () => Promise<void> };
const stepBytes = 1 << 20;

/** A function from bytes to the 64 hexadecimal digits that `b3sum` prints. */
export async function loadBlake3(): Promise<(data: Uint8Array) => string> {
  await library.load?.();
  return (data) => {
    const hasher = library.createHash();
    for (let at = 0; at < data.length; at += stepBytes) hasher.update(data.subarray(at, at + stepBytes));
    const hash = Buffer.from(hasher.digest()).toString("hex");
    hasher.dispose(); // its memory is 16 MiB for good, and nothing else gives a state back
    return hash;
  };
}
