// Notifications, waiting and timers: a mask bounds what a signaller may set, wait names only bits that may come, always ends, and lets nobody else run.
import { type Case, Denied, InvalidArgument, Ok, rule } from "../case.ts";
import {
  buffer, compute, give, given, keep, load, notifiedBits, notifiedCount, onNotified, pause, quiet, register, repeat, report, run, set, type Step, system,
} from "../language.ts";
import { at, conductorTo, handles } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!, deep = handles.deep!, driver = handles.driver!;
const told = (domain: string): Step[] => [at(domain, [notifiedCount, notifiedBits(0)])];

const notifyCases = rule("notifications", [
  ["upward, delivered with an empty stack", [[at("attacker", [run(attacker.server!, [system.notify(server.up!, 1)]), notifiedCount])], told("attacker")], [Ok, 0, 1, 1]],
  ["downward too", [[at("attacker", [system.notify(attacker.down!, 0x20)])], told("server")], [Ok, 1, 0x20]],
  ["bits outside the mask are not set", [[at("attacker", [system.notify(attacker.down!, 0xffffffff)])], told("server")], [Ok, 1, 0x70]],
  ["only bits outside the mask: nothing happens", [[at("attacker", [system.notify(attacker.down!, 0x8000000f)])], told("server")], [Ok, 0, 0]],
  ["no bits: nothing happens", [[at("attacker", [system.notify(attacker.down!, 0)])], told("server")], [Ok, 0, 0]],
  ["several times become one", [[at("attacker", [system.notify(attacker.down!, 0x10), system.notify(attacker.down!, 0x10), system.notify(attacker.down!, 0x40)])], told("server")], [Ok, Ok, Ok, 1, 0x50]],
  ["of two signallers become one", [[at("attacker", [quiet(system.notify(attacker.down!, 0x10)), run(attacker.deep!, [quiet(system.notify(deep.up!, 4))])])], told("server")], [1, 0x14]],
  ["to oneself, after the handler", [[at("attacker", [onNotified([keep(5, notifiedCount)]), system.notify(attacker.own!, 0x100), notifiedCount])], told("attacker")], [Ok, 0, 1, 0x100]],
  ["a narrowed copy without SIGNAL", [at("attacker", [keep(0, system.capability_mint(attacker.down!, 256, 0)), give(0, register(0)), run(attacker.server!, [system.notify(given(0), 0x10)])])], [Denied]],
  ["a copy in another domain keeps the mask", [[at("attacker", [give(0, attacker.down!), run(attacker.deep!, [system.notify(given(0), 0xff)])])], told("server")], [Ok, 1, 0x70]],
  ["the handler signals upward again", [[at("attacker", [run(attacker.server!, [onNotified([quiet(system.notify(server.up!, 2))])]), quiet(system.notify(attacker.down!, 0x10))])], told("attacker")], [1, 2]],
  ["the handler may call downward", [[at("attacker", [run(attacker.server!, [onNotified([run(server.deep!, [set(7, 5)])])]), quiet(system.notify(attacker.down!, 0x10))])], [at("deep", [report(register(7))])]], [5]],
  ["lowest rank first", [[at("attacker", [
    run(attacker.server!, [onNotified([run(server.deep!, [keep(1, compute.shift(register(1), 4)), keep(1, compute.value({ kind: 1, index: 1, plus: 3 }))])])]),
    onNotified([run(attacker.deep!, [keep(1, compute.shift(register(1), 4)), keep(1, compute.value({ kind: 1, index: 1, plus: 5 }))])]), quiet(system.notify(attacker.own!, 0x100)), quiet(system.notify(attacker.down!, 0x10))])], [at("deep", [report(register(1))])]], [0x35]],
]);

const waitCases = rule("wait", [
  ["no bits at all", [at("server", [system.wait(0, 0)])], [InvalidArgument]],
  ["a bit that nobody may set", [at("server", [system.wait(0x100, 0)])], [InvalidArgument]],
  ["a bit that only a higher domain sets", [at("server", [system.wait(0x80, 0)])], [InvalidArgument]],
  ["bits of which one can never come", [at("server", [system.wait(1 | 0x100, 0)])], [InvalidArgument]],
  ["bit 31", [at("server", [system.wait(0x80000000, 0)])], [InvalidArgument]],
  ["all bits", [at("server", [system.wait(0xffffffff, 0)])], [InvalidArgument]],
  ["all bits, for ever", [at("server", [system.wait(0xffffffff, 0xffffffff)])], [InvalidArgument]],
  ["one's own notification", [at("attacker", [system.wait(0x100, 0)])], [InvalidArgument]],
  ["nothing pending, no time", [at("server", [system.wait(1, 0)])], [0]],
  ["nothing pending, a little time", [at("server", [system.wait(1, 300)])], [0]],
  ["nothing pending, and the time passes", [at("server", [quiet(system.clock_read(server.clock!, buffer())), system.wait(1, 3000), quiet(system.clock_read(server.clock!, buffer(16))), keep(1, load(buffer())), keep(2, load(buffer(16))),
    keep(3, compute.minus(register(2), register(1))), keep(4, compute.max(register(3), 3_000_000)), compute.equal(register(4), register(3))])], [0, 1]],
  ["a pending bit is consumed", [at("server", [run(server.driver!, [quiet(system.notify(driver.up!, 1))]), system.wait(1, 0), system.wait(1, 0)])], [1, 0]],
  ["a pending bit ends the longest wait at once", [at("server", [run(server.driver!, [quiet(system.notify(driver.up!, 2))]), system.wait(3, 0xffffffff)])], [2]],
  ["only the bits of the mask are consumed", [[at("server", [run(server.driver!, [quiet(system.notify(driver.up!, 3))]), system.wait(1, 0)])], told("server")], [1, 1, 2]],
  ["what was consumed is not delivered", [[at("server", [run(server.driver!, [quiet(system.notify(driver.up!, 1))]), system.wait(1, 0)])], told("server")], [1, 0, 0]],
  ["a timer ends a wait", [at("attacker", [system.timer_set(attacker.timer!, 500), system.wait(1 << 20, 1_000_000)])], [Ok, 1 << 20]],
  ["a timer that comes later than the time", [[at("attacker", [system.timer_set(attacker.timer!, 500_000), system.wait(1 << 20, 500), system.timer_set(attacker.timer!, 0)])], told("attacker")], [Ok, 0, Ok, 0, 0]],
  ["a disarmed timer does not fire", [[at("attacker", [system.timer_set(attacker.timer!, 300), system.timer_set(attacker.timer!, 0), system.wait(1 << 20, 1500)])], told("attacker")], [Ok, Ok, 0, 0, 0]],
  ["set again, it fires once", [[at("attacker", [system.timer_set(attacker.timer!, 300), system.timer_set(attacker.timer!, 400), system.wait(1 << 20, 1_000_000), system.wait(1 << 20, 1000)])], told("attacker")], [Ok, Ok, 1 << 20, 0, 0, 0]],
  ["the longest timer is taken", [at("attacker", [system.timer_set(attacker.timer!, 0xffffffff), system.timer_set(attacker.timer!, 0)])], [Ok, Ok]],
  ["a timer fires with an empty stack", [[at("attacker", [system.timer_set(attacker.timer!, 300)]), pause(3000)], told("attacker")], [Ok, 1, 1 << 20]],
  ["another's timer bit cannot be waited for", [at("server", [system.wait(2, 0)]), at("deep", [system.wait(2, 0)])], [0, InvalidArgument]],
  ["a capability from below allows its bits", [at("lodger", [system.wait(1, 0), give(0, handles.lodger!.self!)])], [InvalidArgument]],
  ["a notification that was handed down allows its bits", [at("attacker", [system.wait(0x100, 0), give(0, attacker.own!), run(attacker.deep!, [system.notify(given(0), 0x100)]), system.wait(0x100, 0)])], [InvalidArgument, Ok, 0x100]],
  ["a wait lets nobody else run", [[at("attacker", [quiet(system.notify(attacker.down!, 0x10)), system.timer_set(attacker.timer!, 500), system.wait(1 << 20, 100_000), run(attacker.server!, [notifiedCount])])], told("server")], [Ok, 1 << 20, 0, 1, 0x10]],
  ["a thousand waits without time", [at("server", [repeat(1000, [system.wait(3, 0)])])], [0, 0]],
]);

const conductor = handles.conductor!;
const timerCases = rule("a timer is one's own", [
  ["set through another's kind", [at("attacker", [system.timer_set(attacker.clock!, 5)])], [-12]],
  ["two timers of two domains fire for each", [[at("attacker", [quiet(system.timer_set(attacker.timer!, 300))]), at("deep", [quiet(system.timer_set(deep.timer!, 300))]), pause(3000)], [...told("attacker"), ...told("deep")]], [1, 1 << 20, 1, 1 << 20]],
  ["a minted timer is the same timer", [at("attacker", [keep(0, system.capability_mint(attacker.timer!, 0, 0)), system.timer_set(register(0), 300), system.timer_set(attacker.timer!, 0), system.wait(1 << 20, 1500)])], [Ok, Ok, 0]],
  ["the conductor's own", [system.timer_set(conductor.timer!, 0), report(conductorTo("server") > 0 ? 1 : 0)], [Ok, 1]],
]);

export const eventCases: Case[] = [...notifyCases, ...waitCases, ...timerCases];
