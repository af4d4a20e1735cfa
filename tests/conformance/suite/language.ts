// The language of the suite's cases: steps of a script, as data. A case says which domain runs which steps; `run` has another domain run
// a script of its own and takes over what its steps answered. tests/modules/conformance-actor/interpreter.ts carries them out.

/** A number, or a place that only the running domain knows, plus something. */
export interface Place { kind: number; index: number; plus: number }
export type Operand = number | Place;
export interface Step { operation: number; operands: Array<Operand | Step[]>; mode: number; into: number }

export const Read = 1, Write = 2, Both = 3, Signal = 1, Transfer = 256, Mint = 512;

const place = (kind: number, index = 0): Place => ({ kind, index, plus: 0 });
export const plus = (operand: Place, value: number): Place => ({ ...operand, plus: (operand.plus + value) | 0 });
/** A variable of the running domain; 0 when the case begins. */
export const register = (index: number): Place => place(1, index);
/** Handle of a lease of the request; capability of the request; argument of the request; capability of the last reply. */
export const lease = (index: number): Place => place(2, index);
export const given = (index: number): Place => place(3, index);
export const argument = (index: number): Place => place(10, index);
export const returned = (index: number): Place => place(11, index);
export const badge = place(4), rights = place(5);
/** The first byte behind the memory; the message buffers; 64 KiB of free memory; four pages around the message buffers; what must not change. */
export const end = (value = 0): Place => plus(place(6), value);
export const messageIn = (value = 0): Place => plus(place(7), value);
export const messageOut = (value = 0): Place => plus(place(8), value);
export const buffer = (value = 0): Place => plus(place(9), value);
export const buffers = (value = 0): Place => plus(place(12), value);
export const pattern = (value = 0): Place => plus(place(13), value);

const noRegister = 255;
const step = (operation: number, operands: Array<Operand | Step[]>, mode: number, into = noRegister): Step => ({ operation, operands, mode, into });
/** The answer is not reported; only whether it is a refusal; it is kept in a register. */
export const quiet = (one: Step): Step => ({ ...one, mode: 0 });
export const sign = (one: Step): Step => ({ ...one, mode: 2 });
export const keep = (index: number, one: Step): Step => ({ ...one, mode: 0, into: index });
export const keepSign = (index: number, one: Step): Step => ({ ...one, mode: 2, into: index });

const call = (operation: number, mode = 1) => (...operands: Operand[]): Step => step(operation, operands, mode);
/** System calls, in the words of docs/abi.md §4; their answers are reported. */
export const system = {
  call: call(1), lease_read: call(2), lease_write: call(3), grant_create: call(4, 2), capability_mint: call(5, 2), capability_drop: call(6), capability_revoke: call(7),
  notify: call(8), wait: call(9), dma_segments: call(10), device_parameters: call(11), mmio_read8: call(12), mmio_read16: call(13), mmio_read32: call(14),
  mmio_write8: call(15), mmio_write16: call(16), mmio_write32: call(17), interrupt_acknowledge: call(18), fence_and_relax: call(19), clock_read: call(20),
  timer_set: call(21), entropy_read: call(22), console_write: call(23), console_read: call(24), console_arguments: call(25), trace_note: call(26),
  power_off: call(27), control_list: call(28), fault: call(29), control_kill: call(30),
};

/** The domain behind `endpoint` runs `script`: its answers are reported; the call's own only when it is not 0. */
export const run = (endpoint: Operand, script: Step[] = []): Step => step(64, [endpoint, script], 0);
/** The same, and the call's answer is reported after those of the script. */
export const runAndTell = (endpoint: Operand, script: Step[] = []): Step => step(64, [endpoint, script], 1);
export const lend = (number: number, source: Operand, address: Operand, length: Operand, rightsOfLease: Operand): Step => step(65, [number, source, address, length, rightsOfLease], 0);
export const give = (slot: number, handle: Operand): Step => step(66, [slot, handle], 0);
/** Byte 14 (and 15) of the message. */
export const moves = (bits: number): Step => step(67, [bits], 0);
export const counts = (leases: number, capabilities: number): Step => step(68, [leases, capabilities], 0);
export const withArgument = (index: number, value: Operand): Step => step(69, [index, value], 0);
export const reply = (slot: number, handle: Operand): Step => step(70, [slot, handle], 0);
export const replyMoves = (bits: number): Step => step(71, [bits], 0);
export const replyStatus = (status: number): Step => step(72, [status], 0);
export const replyCount = (count: number): Step => step(73, [count], 0);

export const report = (value: Operand): Step => step(96, [value], 1);
export const compute = {
  value: (a: Operand) => step(96, [a], 1), and: (a: Operand, b: Operand) => step(97, [a, b], 1), minus: (a: Operand, b: Operand) => step(98, [a, b], 1),
  shift: (a: Operand, b: Operand) => step(99, [a, b], 1), equal: (a: Operand, b: Operand) => step(100, [a, b], 1),
  /** Of signed numbers. */
  max: (a: Operand, b: Operand) => step(120, [a, b], 1),
};
export const set = (index: number, value: Operand): Step => keep(index, step(96, [value], 1));
export const store = (address: Operand, value: Operand): Step => step(101, [address, value], 0);
export const storeByte = (address: Operand, value: Operand): Step => step(119, [address, value], 0);
export const load = (address: Operand): Step => step(102, [address], 1);
export const fill = (address: Operand, byte: number, length: Operand): Step => step(103, [address, byte, length], 0);
/** 0 when every byte is `byte`, else the position of the first other one plus 1. */
export const check = (address: Operand, byte: number, length: Operand): Step => step(104, [address, byte, length], 1);
export const grow = (pages: number): Step => step(105, [pages], 1);
/** Ways to end or to run for ever: tests/modules/conformance-actor/endings.ts. */
export const endBy = (way: number, value: Operand = 0): Step => step(106, [way, value], 1);
/** Runs `script` so often; its last answers, and then how often the last one differed from the first time's. */
export const repeat = (times: Operand, script: Step[]): Step => step(107, [script, times], 1);
/** Runs `script` until its last answer is a refusal: that one, or 0 after `times`. */
export const until = (times: number, script: Step[]): Step => step(108, [script, times], 1);
const handler = (which: number, script: Step[]): Step => step(109, [which, script], 0);
export const onNotified = (script: Step[]): Step => handler(0, script);
export const onClosed = (script: Step[]): Step => handler(1, script);
export const onBackground = (script: Step[]): Step => handler(2, script);
export const closedCount = step(110, [], 1), notifiedCount = step(112, [], 1);
export const closedBadge = (index: number): Step => step(111, [index], 1);
export const notifiedBits = (index: number): Step => step(113, [index], 1);
export const dropEverything = step(114, [], 0), forgetEverything = step(115, [], 0), patternIsIntact = step(116, [], 1);
/** In the notebook: what the domain with this badge is to run in `_start` (0) or `start` (1), and how often. */
export const noteStart = (badgeOfDomain: number, phase: 0 | 1, script: Step[], times = 1): Step => step(117, [badgeOfDomain, phase, script, times], 0);
/** In the conductor: the next act comes after this time. */
export const pause = (microseconds: number): Step => step(118, [microseconds], 0);

/** Ways of `endBy`. */
export const Ending = {
  unreachable: 0, divisionByZero: 1, divisionOverflow: 2, remainderByZero: 3, loadOutside: 4, storeOutside: 5, loadAcrossTheEnd: 6, noSuchFunction: 7, wrongSignature: 8,
  fillOutside: 9, copyFromOutside: 10, vectorOutside: 11, assertion: 12, fault: 13, faultTextOutside: 14, recursion: 15, deepFrames: 16,
  loop: 32, loopWithLoads: 33, loopWithStores: 34, loopOfRelax: 35, loopOfFence: 36, loopOfDrops: 37, loopOfWaits: 38, loopOfCalls: 39, loopWithArithmetic: 40,
} as const;
export const isScript = (operand: Operand | Step[]): operand is Step[] => Array.isArray(operand);
