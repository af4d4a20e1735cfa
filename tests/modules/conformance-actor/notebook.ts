// What the notebook domain was told: the scripts that the others are to run when they start, which outlive their restarts.

/** What the notebook was told each domain is to do in `_start` and `start`: { script, times left } by badge. */
const notes: usize = memory.data(256 * 16);

/** Safety: a badge of the manifest is below 128, checked; each has 16 bytes of `notes`. */
export function writeNote(badge: u32, phase: u32, script: u32, times: u32): void {
  assert(badge < 128 && phase <= 1);
  store<u32>(notes + badge * 16 + phase * 8, script);
  store<u32>(notes + badge * 16 + phase * 8, times, 4);
}

/** The script to run now, 0 for none; one time less is left. */
export function readNote(badge: u32, phase: u32): u32 {
  assert(badge < 128 && phase <= 1);
  const at = notes + badge * 16 + phase * 8;
  const times = load<u32>(at, 4);
  if (!times) return 0;
  store<u32>(at, times - 1, 4);
  return load<u32>(at);
}

