// Handles that the attacker has, by kind, and some that it had.
import { Attacker } from "./handles";
import { chance, noise, random } from "./chance";
import { capabilityDrop, capabilityRevoke } from "../../../kernel-bindings/assembly/kernel";

/** Endpoints of the attacker itself are a kind of their own: nobody may call himself. */
export const enum Kind { Endpoint = 1, Own = 15, Notification = 2, Grant = 4, Interrupt = 6, Dma = 7, Timer = 8, Clock = 9, Entropy = 10, Console = 11, Trace = 12, Control = 14 }
const LIMIT: u32 = 256;
const STALE: u32 = 64;
/** { u32 handle, u32 kind } */
const pool: usize = memory.data(LIMIT * 8);
const stale: usize = memory.data(STALE * 4);
let count: u32 = 0;
let staleNext: u32 = 0;

export function poolCount(): u32 { return count; }
/** Safety of this file: indexes are below LIMIT and STALE. */
export function poolHandle(index: u32): u32 { return index < count ? load<u32>(pool + 8 * index) : 0; }
export function poolKind(index: u32): Kind { return index < count ? load<u32>(pool + 8 * index, 4) as Kind : Kind.Endpoint; }

function add(handle: u32, kind: Kind): void {
  store<u32>(pool + 8 * count, handle);
  store<u32>(pool + 8 * count++, kind, 4);
}
export function startPool(): void {
  add(Attacker.self, Kind.Own); add(Attacker.server, Kind.Endpoint); add(Attacker.deep, Kind.Endpoint); add(Attacker.down, Kind.Notification); add(Attacker.clock, Kind.Clock);
  add(Attacker.timer, Kind.Timer); add(Attacker.entropy, Kind.Entropy); add(Attacker.console, Kind.Console); add(Attacker.trace, Kind.Trace); add(Attacker.control, Kind.Control); add(Attacker.dma, Kind.Dma);
}

/** When the pool is full, something else goes first: a handle that nobody remembers could not be dropped at the end. */
export function keepHandle(handle: u32, kind: Kind): void {
  if (count == LIMIT) {
    const victim = poolHandle(Attacker.count + random(LIMIT - Attacker.count));
    loseHandle(victim);
  }
  add(handle, kind);
}

/** For the case that it is not gone: nothing may be held that is not remembered. */
export function loseHandle(handle: u32): void {
  capabilityDrop(handle);
  for (let i = Attacker.count; i < count; i++) {
    if (load<u32>(pool + 8 * i) != handle) continue;
    store<u32>(stale + 4 * (staleNext++ % STALE), handle);
    count--;
    memory.copy(pool + 8 * i, pool + 8 * count, 8);
    return;
  }
}

/** Three times of four a handle of this kind, else anything. */
export function handleFor(kind: Kind): u32 {
  if (chance(75)) {
    const first = random(count);
    for (let i: u32 = 0; i < count; i++) {
      const index = (first + i) % count;
      if (poolKind(index) == kind) return poolHandle(index);
    }
    return kind == Kind.Interrupt ? Attacker.interrupt : 0;
  }
  const shape = random(4);
  if (shape == 0) return load<u32>(stale + 4 * random(STALE));
  if (shape == 1) return poolHandle(random(count));
  return shape == 2 ? poolHandle(random(count)) ^ (1 << random(32)) : noise();
}

/** Drops everything that the manifest did not give, and takes back what was derived from that. */
export function forgetPool(): void {
  while (count > Attacker.count) loseHandle(poolHandle(count - 1));
  for (let i: u32 = 0; i < Attacker.count; i++) capabilityRevoke(poolHandle(i));
}
