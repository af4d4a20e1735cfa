// An independent BLAKE3, to compare ours with: the package blake3-wasm (the reference implementation in Rust).
import { createRequire } from "node:module";
const library = createRequire(import.meta.url)("blake3-wasm") as { hash(data: Uint8Array): Buffer; load?: () => Promise<void> };

export async function loadBlake3(): Promise<(data: Uint8Array) => string> {
  await library.load?.();
  return (data) => Buffer.from(library.hash(data)).toString("hex");
}
