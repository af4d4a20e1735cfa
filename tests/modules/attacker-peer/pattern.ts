// Memory that nobody else may change.
const BYTES: u32 = 262144;
const pattern: usize = memory.data(262144, 4096);

function mixed(offset: u32): u64 { return (u64(offset) + 7) * 0x9e3779b97f4a7c15; }
/** Safety of both: offsets stay below BYTES. */
export function writePattern(): void {
  for (let offset: u32 = 0; offset < BYTES; offset += 8) store<u64>(pattern + offset, mixed(offset));
}
export function patternIsIntact(): bool {
  for (let offset: u32 = 0; offset < BYTES; offset += 8) if (load<u64>(pattern + offset) != mixed(offset)) return false;
  return true;
}
