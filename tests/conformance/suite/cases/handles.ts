// Handles: whatever number a domain makes up, keeps too long or takes for another kind is refused, by every system call that takes one.
import { type Case, Denied, InvalidHandle, rule, Unsupported, WrongKind } from "../case.ts";
import {
  argument, Both, buffer, give, keep, keepSign, lease, lend, type Operand, plus, quiet, Read, register, report, run, sign, type Step, system, withArgument,
} from "../language.ts";
import { at, conductorTo, handles, manifestCount } from "../world.ts";

const driver = handles.driver!, attacker = handles.attacker!, server = handles.server!, bystander = handles.bystander!;

/** Every system call that takes a handle and survives a wrong one, made with `handle`; and which kind it wants. */
export const takers: Array<[name: string, kinds: string[], make: (handle: Operand) => Step[]]> = [
  ["call", ["endpoint"], (handle) => [system.call(handle)]],
  ["lease_read", ["lease", "grant"], (handle) => [system.lease_read(handle, 0, buffer(), 1)]],
  ["lease_write", ["lease", "grant"], (handle) => [system.lease_write(handle, 0, buffer(), 1)]],
  ["grant_create", ["endpoint"], (handle) => [system.grant_create(handle, buffer(), 4096, Read)]],
  ["capability_mint", [], (handle) => [system.capability_mint(handle, 0, 0)]],
  ["capability_drop", [], (handle) => [system.capability_drop(handle)]],
  ["capability_revoke", [], (handle) => [system.capability_revoke(handle)]],
  ["notify", ["notification"], (handle) => [system.notify(handle, 1)]],
  ["dma_segments", ["dma"], (handle) => [system.dma_segments(handle, 0, buffer(), 16, 0, buffer(64), 1)]],
  ["device_parameters", ["dma"], (handle) => [system.device_parameters(handle, buffer(), 6)]],
  ["interrupt_acknowledge", ["interrupt"], (handle) => [system.interrupt_acknowledge(handle)]],
  ["clock_read", ["clock"], (handle) => [system.clock_read(handle, buffer())]],
  ["timer_set", ["timer"], (handle) => [system.timer_set(handle, 0)]],
  ["entropy_read", ["entropy"], (handle) => [system.entropy_read(handle, buffer(), 8)]],
  ["console_write", ["console"], (handle) => [system.console_write(handle, buffer(), 0)]],
  ["console_read", ["console"], (handle) => [system.console_read(handle, buffer(), 1)]],
  ["console_arguments", ["console"], (handle) => [system.console_arguments(handle, buffer(), 8)]],
  ["trace_note", ["trace"], (handle) => [system.trace_note(handle, buffer(), 4)]],
  ["control_list", ["control"], (handle) => [system.control_list(handle, buffer(), 1)]],
  ["a lease's source", ["lease", "grant"], (handle) => [lend(0, handle, 0, 1, Read), system.call(attacker.server!)]],
  ["a capability slot", [], (handle) => [give(0, handle), system.call(attacker.server!)]],
];

/** Numbers that name nothing, made in the attacker. */
const forgeries: Array<[name: string, before: Step[], handle: Operand]> = [
  ["zero", [], 0],
  ["one index past the manifest's", [], manifestCount("attacker") + 1],
  ["the last lease slot, never used", [], 0x10000 | (manifestCount("attacker") + 4)],
  ["an index past every table", [], 0x1ffff],
  ["all bits", [], 0xffffffff],
  ["the sign bit on a good handle", [], attacker.server! | 0x80000000],
  ["a manifest handle of generation 1", [], attacker.server! | 0x10000],
  ["a manifest handle of the highest generation", [], attacker.server! | 0x7fff0000],
  ["a dropped handle", [keepSign(0, system.capability_mint(attacker.server!, 0, 0)), system.capability_drop(register(0))], register(0)],
  ["a dropped handle of the next generation", [keepSign(0, system.capability_mint(attacker.server!, 0, 0)), system.capability_drop(register(0))], plus(register(0), 0x10000)],
  ["a dropped handle of the generation before", [keepSign(0, system.capability_mint(attacker.server!, 0, 0)), system.capability_drop(register(0))], plus(register(0), -0x10000)],
  ["a live handle of the next generation", [keepSign(0, system.capability_mint(attacker.server!, 0, 0)), quiet(system.capability_drop(0))], plus(register(0), 0x10000)],
];
const reportsBefore = (before: Step[]): number[] => before.filter(({ mode }) => mode !== 0).map(() => 0);

// A lease whose source is 0 is one of the sender's own memory.
const forgedCases = takers.flatMap(([call, , make]) => rule("forged and stale handles", forgeries.filter(([, , handle]) => handle !== 0 || call !== "a lease's source").map(([name, before, handle]) =>
  [`${call} with ${name}`, [at("attacker", [...before, ...make(handle)])], [...reportsBefore(before), InvalidHandle]])));

/** Every kind that the driver can hold, and the console's and power's in the conductor. */
const kinds: Array<[kind: string, handle: Operand]> = [
  ["endpoint", driver.notebook!], ["notification", driver.up!], ["window", driver["disk.common"]!], ["interrupt", driver["disk.interrupt"]!], ["dma", driver["disk.dma"]!],
  ["timer", driver.timer!], ["clock", driver.clock!], ["entropy", driver.entropy!], ["trace", driver.trace!], ["control", driver.control!], ["lease", lease(0)], ["grant", register(0)],
];
const permanent = kinds.filter(([kind]) => !["lease", "grant"].includes(kind));
/** A reply carries eleven answers, so half of the kinds at a time. */
const wrongKindCases = takers.filter(([, wanted, make]) => wanted.length && make(0).length === 1).flatMap(([call, wanted, make]) => {
  const wrong = kinds.filter(([kind]) => !wanted.includes(kind));
  const half = (name: string, some: typeof kinds): [string, Step[], number[]] => [`${call} with ${name}`, [
    lend(0, 0, buffer(), 64, Both), at("driver", [keepSign(0, system.grant_create(driver.notebook!, buffer(4096), 4096, Both)), ...some.flatMap(([, handle]) => make(handle))]),
  ], [0, ...some.map(() => WrongKind)]];
  const others = ["console", "power"].filter((kind) => !wanted.includes(kind));
  return rule("handles of another kind", [
    half("a device's parts and messages", wrong.slice(0, 5)), half("what the world is reached by, and lent memory", wrong.slice(5)),
    [`${call} with console and power`, others.flatMap((kind) => make(conductorTo(kind))), others.map(() => WrongKind)],
  ]);
});
const lentSourceCases = rule("handles of another kind", permanent.map(([kind, handle]) =>
  [`a lease's source is a ${kind}`, [at("driver", [lend(0, handle, 0, 1, Read), system.call(driver.notebook!)])], [WrongKind]]));

const foreignCases = rule("handles belong to their holder", [
  ["the server's handle, used by the attacker", [at("server", [sign(keep(0, system.capability_mint(server.self!, 511, 9))), report(register(0))]), at("attacker", [system.capability_drop(0x10000 | (manifestCount("attacker") + 5))])], [0, 0x10000 | (manifestCount("server") + 5), InvalidHandle]],
  ["the bystander's own notification is no handle of the attacker by the same number", [at("attacker", [system.notify(0x30000 | bystander.own!, 1)])], [InvalidHandle]],
  ["a manifest handle cannot be dropped", [at("attacker", [system.capability_drop(attacker.server!), system.call(attacker.server!)])], [Denied, Unsupported]],
  ["no manifest handle of any kind can be dropped", [at("driver", permanent.map(([, handle]) => system.capability_drop(handle)))], permanent.map(() => Denied)],
  ["a manifest handle can be revoked and stays", [at("attacker", [
    keepSign(0, system.capability_mint(attacker.server!, 255, 0)), system.capability_revoke(attacker.server!), system.call(register(0)), system.call(attacker.server!)])], [0, 0, InvalidHandle, Unsupported]],
  ["a number that was sent along is the sender's alone", [at("attacker", [
    keepSign(0, system.capability_mint(attacker.server!, 511, 0)), withArgument(0, register(0)), run(attacker.deep!, [system.capability_drop(argument(0))]), system.call(register(0))])], [0, InvalidHandle, Unsupported]],
]);

export const handleCases: Case[] = [...forgedCases, ...wrongKindCases, ...lentSourceCases, ...foreignCases];
