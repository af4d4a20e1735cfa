// Deaths: every way to trap, in every handler, ends that domain alone, with the fault that it was; its caller is told; it comes back fresh.
import { type Case, Cancelled, Denied, InvalidArgument, InvalidHandle, Ok, PeerDead, PeerRestarted, rule } from "../case.ts";
import {
  buffer, check, compute, endBy, Ending, fill, give, given, keep, keepSign, lease, lend, load, noteStart, notifiedCount, onBackground, onClosed, onNotified, type Operand, pause, plus,
  quiet, Read, register, reply, replyStatus, report, returned, run, set, sign, type Step, system, Transfer, Write,
} from "../language.ts";
import { at, conductorTo, handles, ids, notebookBadge } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!, deep = handles.deep!, conductor = handles.conductor!, driver = handles.driver!;
const Trap = 1, Abort = 2, Misuse = 3, StackOverflow = 4, Killed = 5, StartRefused = 7, DeviceReach = 9;
const Ready = 2, Dead = 3;

const list = quiet(system.control_list(conductor.control!, buffer(), 64));
const field = (domain: string, offset: number): Operand => buffer(ids[domain]! * 64 + offset);
/** Reports the domain's state and last fault; `since` keeps its restarts and `restartsSince` reports how many came. */
export const stateOf = (domain: string): Step[] => [list, load(field(domain, 24)), load(field(domain, 52))];
export const since = (domain: string, number = 60): Step[] => [list, keep(number, load(field(domain, 28)))];
export const restartsSince = (domain: string, number = 60): Step[] => [list, keep(number + 1, load(field(domain, 28))), compute.minus(register(number + 1), register(number))];
/** Long enough for the next death to be a first one. */
export const rest: Step[] = [pause(1500)];

const ways: Array<[string, number, number]> = [
  ["unreachable", Ending.unreachable, Trap], ["division by zero", Ending.divisionByZero, Trap], ["division that overflows", Ending.divisionOverflow, Trap], ["remainder by zero", Ending.remainderByZero, Trap],
  ["a load outside", Ending.loadOutside, Trap], ["a store at the end", Ending.storeOutside, Trap], ["a load across the end", Ending.loadAcrossTheEnd, Trap], ["a vector outside", Ending.vectorOutside, Trap],
  ["a call of no function", Ending.noSuchFunction, Trap], ["a call of another type", Ending.wrongSignature, Trap], ["a fill across the end", Ending.fillOutside, Trap], ["a copy from outside", Ending.copyFromOutside, Trap],
  ["an assertion", Ending.assertion, Abort], ["fault", Ending.fault, Abort], ["fault with a text outside", Ending.faultTextOutside, Abort],
  ["recursion", Ending.recursion, StackOverflow], ["deep frames", Ending.deepFrames, StackOverflow],
];
const alive = at("attacker", [report(7)]);
const receiveCases = rule("a trap in receive", ways.map(([name, way, fault]) => [name, [[...since("attacker"), at("attacker", [endBy(way)]), ...stateOf("attacker"), ...restartsSince("attacker"), alive], rest], [PeerRestarted, Ready, fault, 1, 7]]));
const notifiedCases = rule("a trap in notified", ways.map(([name, way, fault]) => [name, [
  [...since("attacker"), at("attacker", [onNotified([endBy(way)])]), quiet(system.notify(conductor.toAttacker!, 0x200))], [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ready, fault, 1, PeerRestarted, 7]]));
const closedCases = rule("a trap in closed", ways.map(([name, way, fault]) => [name, [
  [...since("attacker"), at("attacker", [onClosed([endBy(way)]), keep(0, system.capability_mint(attacker.self!, 1, 9)), system.capability_drop(register(0))])], [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ok, Ready, fault, 1, PeerRestarted, 7]]));
/** Dropped by a higher domain, closed is a call: whoever dropped is not hurt. */
const closedBelowCases = rule("a trap in closed, below the dropper", ways.slice(0, 3).map(([name, way, fault]) => [name, [
  [...since("server"), at("attacker", [run(attacker.server!, [onClosed([endBy(way)]), keep(0, system.capability_mint(server.self!, 511, 9)), reply(0, register(0))]), set(0, returned(0)),
    run(attacker.server!, [quiet(system.capability_drop(register(0)))]), system.capability_drop(register(0)), report(8), run(attacker.server!), run(attacker.server!, [report(9)])]), ...stateOf("server"), ...restartsSince("server")], rest], [Ok, 8, PeerRestarted, 9, Ready, fault, 1]]));
const backgroundCases = rule("a trap in background", ways.map(([name, way, fault]) => [name, [
  [...since("attacker"), at("attacker", [onBackground([endBy(way)])]), pause(150_000)], [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ready, fault, 1, PeerRestarted, 7]]));
const startCases = ([[0, "_start"], [1, "start"]] as const).flatMap(([phase, name]) => rule(`a trap in ${name}`, ways.map(([how, way, fault]) => [how, [
  [...since("attacker"), at("notebook", [noteStart(notebookBadge("attacker"), phase, [endBy(way)])]), system.control_kill(conductor.control!, ids.attacker!), pause(1500)],
  [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ok, Ready, fault, 2, PeerRestarted, 7]])));
const refusedCases = rule("a start that refuses", [
  ["with a status", [[...since("attacker"), at("notebook", [noteStart(notebookBadge("attacker"), 1, [replyStatus(13)])]), system.control_kill(conductor.control!, ids.attacker!), pause(1500)],
    [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ok, Ready, StartRefused, 2, PeerRestarted, 7]],
  ["with a status that the schema does not know", [[...since("attacker"), at("notebook", [noteStart(notebookBadge("attacker"), 1, [replyStatus(250)])]), system.control_kill(conductor.control!, ids.attacker!), pause(1500)],
    [...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ok, Ready, StartRefused, 2, PeerRestarted, 7]],
  ["of a domain that then asks its peers: they answer", [[at("notebook", [noteStart(notebookBadge("attacker"), 1, [run(attacker.server!, [report(5)]), set(5, 55)])]), system.control_kill(conductor.control!, ids.attacker!), quiet(alive), at("attacker", [report(register(5))])], rest], [Ok, PeerRestarted, 55]],
]);

const window = driver["disk.common"]!;
const misuses: Array<[string, Step]> = (["mmio_read8", "mmio_read16", "mmio_read32", "mmio_write8", "mmio_write16", "mmio_write32"] as const).flatMap((name) => {
  const width = Number(/\d+/.exec(name)![0]) / 8, make = (handle: Operand, offset: Operand): Step => system[name](handle, offset, 0);
  return [
    [`${name} through no handle`, make(0x50050, 0)], [`${name} through a clock`, make(driver.clock!, 0)], [`${name} through the reserved part`, make(driver["disk.reserved"]!, 0)],
    [`${name} past the window`, make(window, 0x100000)], [`${name} at 2^32 - ${width}`, make(window, -width)], [`${name} at 2^31`, make(window, 0x80000000)],
    ...(width > 1 ? [[`${name} unaligned`, make(window, 1)], [`${name} unaligned by ${width / 2}`, make(window, 4 + width / 2)]] : []),
  ] as Array<[string, Step]>;
});
const misuseCases = rule("misuse of a system call", [
  ...misuses.map(([name, step]) => [name, [[...since("driver"), at("driver", [step]), ...stateOf("driver"), ...restartsSince("driver"), at("driver", [report(7)])], rest], [PeerRestarted, Ready, Misuse, 1, 7]] as [string, Step[][], number[]]),
  ...([["through no handle", 0x50050], ["through a clock", attacker.clock!], ["with handle 0", 0]] as Array<[string, number]>).map(([name, handle]) => [`power_off ${name}`, [[...since("attacker"), at("attacker", [system.power_off(handle, 1)]), ...stateOf("attacker"), ...restartsSince("attacker"), alive], rest], [PeerRestarted, Ready, Misuse, 1, 7]] as [string, Step[][], number[]]),
]);

const kill = (domain: string, control: number): Step => system.control_kill(control, ids[domain]!);
const killCases = rule("control_kill", [
  ["a domain that does nothing", [[...since("attacker"), kill("attacker", conductor.control!), ...stateOf("attacker"), ...restartsSince("attacker"), alive, alive], rest], [Ok, Ready, Killed, 1, PeerRestarted, 7]],
  ["itself", [[at("attacker", [kill("attacker", attacker.control!), report(99)]), ...stateOf("attacker"), alive], rest], [PeerRestarted, Ready, Killed, 7]],
  ["itself, two below the conductor", [[at("attacker", [run(attacker.server!, [kill("server", server.control!)]), run(attacker.server!, [report(6)])]), ...stateOf("server")], rest], [PeerRestarted, 6, Ready, Killed]],
  ["the server before it is called", [[at("attacker", [kill("server", attacker.control!), run(attacker.server!), run(attacker.server!, [report(6)])])], rest], [Ok, PeerRestarted, 6]],
  ["the caller, which is unwound when its callee returns", [[at("attacker", [run(attacker.server!, [keep(5, kill("attacker", server.control!)), set(6, 66)]), report(99)]), ...stateOf("attacker"), at("server", [report(register(5)), report(register(6))]), alive], rest], [PeerRestarted, Ready, Killed, Ok, 66, 7]],
  ["the caller twice", [[at("attacker", [run(attacker.server!, [keep(5, kill("attacker", server.control!)), keep(6, kill("attacker", server.control!))])]), at("server", [report(register(5)), report(register(6))])], rest], [PeerRestarted, Ok, PeerDead]],
  ["the caller's caller", [[at("attacker", [run(attacker.server!, [run(server.deep!, [keep(5, kill("attacker", deep.control!))]), set(6, 67)])]), at("server", [report(register(6))]), at("deep", [report(register(5))]), alive], rest], [PeerRestarted, 67, Ok, 7]],
  ["the domain between: the one above lives and is told", [[at("attacker", [run(attacker.server!, [run(server.deep!, [keep(5, kill("server", deep.control!))]), set(6, 67)]), report(8), run(attacker.server!, [report(register(6))])]), ...stateOf("server")], rest], [PeerRestarted, 8, 0, Ready, Killed]],
  ["all three at once", [[at("attacker", [run(attacker.server!, [run(server.deep!, [quiet(kill("attacker", deep.control!)), quiet(kill("server", deep.control!)), quiet(kill("deep", deep.control!)), report(99)])])]), ...stateOf("attacker"), ...stateOf("server"), ...stateOf("deep")], rest], [PeerRestarted, Ready, Killed, Ready, Killed, Ready, Killed]],
  ["another client of the same server: nobody else is hurt", [[at("attacker", [run(attacker.server!, [quiet(kill("lodger", server.control!)), report(5)])]), ...stateOf("lodger"), at("lodger", []), at("lodger", [report(6)])], rest], [5, Ready, Killed, PeerRestarted, 6]],
  ["the driver", [[...since("driver"), kill("driver", conductor.control!), ...stateOf("driver"), at("driver", []), at("driver", [system.device_parameters(driver["disk.dma"]!, buffer(), 1)])], rest], [Ok, Ready, Killed, PeerRestarted, 1]],
  ["from notified, itself", [[at("attacker", [onNotified([quiet(kill("attacker", attacker.control!))])]), quiet(system.notify(conductor.toAttacker!, 0x200))], [...stateOf("attacker"), quiet(alive), alive], rest], [Ready, Killed, PeerRestarted, 7]],
  ["from closed, itself", [[at("attacker", [onClosed([quiet(kill("attacker", attacker.control!))]), keep(0, system.capability_mint(attacker.self!, 1, 9)), quiet(system.capability_drop(register(0)))])], [...stateOf("attacker"), quiet(alive), alive], rest], [Ready, Killed, PeerRestarted, 7]],
  ["no domain", [kill0(99), kill0(254), kill0(255), kill0(256), kill0(0xffffffff), kill0(0x80000000)], [InvalidArgument, InvalidArgument, InvalidArgument, InvalidArgument, InvalidArgument, InvalidArgument]],
  ["through a control that may only list", [at("attacker", [keepSign(0, system.capability_mint(attacker.control!, Read, 0)), system.control_kill(register(0), ids.server!), system.control_list(register(0), buffer(), 1)])], [0, Denied, 1]],
  ["through a control that may only kill: it does not list", [[at("attacker", [keepSign(0, system.capability_mint(attacker.control!, Write, 0)), system.control_list(register(0), buffer(), 1), system.control_kill(register(0), ids.lodger!)])], rest], [0, Denied, Ok]],
  ["through a control without rights", [at("attacker", [keepSign(0, system.capability_mint(attacker.control!, 0, 0)), system.control_list(register(0), buffer(), 1), system.control_kill(register(0), ids.server!)])], [0, Denied, Denied]],
  ["through no control", [at("attacker", [system.control_kill(0, ids.server!), system.control_kill(0x50050, ids.server!), system.control_kill(attacker.clock!, ids.server!)])], [InvalidHandle, InvalidHandle, -12]],
  ["refused handles are counted", [[list, keep(5, load(field("attacker", 56))), at("attacker", [quiet(system.capability_drop(0)), quiet(system.clock_read(0x50050, buffer())), quiet(system.call(0x7fff)), quiet(system.notify(attacker.clock!, 1))]), list, keep(6, load(field("attacker", 56))), compute.minus(register(6), register(5))]], [3]],
]);
function kill0(id: number): Step { return system.control_kill(conductor.control!, id); }

const dyingCases = rule("what a dying domain's callees still may", [
  ["wait answers Cancelled", [[at("attacker", [run(attacker.server!, [run(server.deep!, [quiet(kill("attacker", deep.control!))]), keep(5, system.wait(3, 10_000_000))])]), at("server", [report(register(5))])], rest], [PeerRestarted, Cancelled]],
  ["wait answers Cancelled and consumes nothing", [[at("attacker", [run(attacker.server!, [run(server.deep!, [quiet(kill("attacker", deep.control!)), quiet(system.notify(deep.up!, 4))]), keep(5, system.wait(4, 0))])])], [at("server", [report(register(5)), notifiedCount])], rest], [PeerRestarted, Cancelled, 1]],
  ["its leases are gone: read", [[at("attacker", [lend(0, 0, buffer(), 64, Read), run(attacker.server!, [keep(4, system.lease_read(lease(0), 0, buffer(), 64)), quiet(kill("attacker", server.control!)), keep(5, system.lease_read(lease(0), 0, buffer(), 64))])]), at("server", [report(register(4)), report(register(5))])], rest], [PeerRestarted, Ok, InvalidHandle]],
  ["its leases are gone: write", [[at("attacker", [lend(0, 0, buffer(), 64, Write), run(attacker.server!, [quiet(kill("attacker", server.control!)), keep(5, system.lease_write(lease(0), 0, buffer(), 64))])]), at("server", [report(register(5))])], rest], [PeerRestarted, InvalidHandle]],
  ["a lease that was lent on is gone", [[at("attacker", [lend(0, 0, buffer(), 64, Read), run(attacker.server!, [lend(0, lease(0), 0, 64, Read), run(server.deep!, [quiet(kill("attacker", deep.control!)), keep(5, system.lease_read(lease(0), 0, buffer(), 64))])])]), at("deep", [report(register(5))])], rest], [PeerRestarted, InvalidHandle]],
  ["a lease of the next one above, which lives, stays", [[at("attacker", [lend(0, 0, buffer(), 64, Read), run(attacker.server!, [lend(0, lease(0), 0, 64, Read), run(server.deep!, [quiet(kill("server", deep.control!)), keep(5, system.lease_read(lease(0), 0, buffer(), 64))])])]), at("deep", [report(register(5))])], rest], [PeerRestarted, Ok]],
  ["its grants are gone", [[at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Read)), give(0, register(0)), run(attacker.server!, [set(5, given(0))]), endBy(0)]), at("server", [system.lease_read(register(5), 0, buffer(), 1)])], rest], [PeerRestarted, InvalidHandle]],
  ["capabilities that it gave away stay", [[at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(0, register(0)), run(attacker.server!, [set(5, given(0))]), endBy(0)]), at("server", [run(register(5), [report(4)])])], rest], [PeerRestarted, 4]],
  ["calls of its callee go on", [[at("attacker", [run(attacker.server!, [quiet(kill("attacker", server.control!)), keep(5, system.clock_read(server.clock!, buffer())), run(server.deep!, [set(5, 51)])])]), at("server", [report(register(5))]), at("deep", [report(register(5))])], rest], [PeerRestarted, Ok, 51]],
  ["its timer does not fire, its bits are cleared", [[at("attacker", [quiet(system.timer_set(attacker.timer!, 700)), quiet(system.notify(attacker.own!, 0x100)), endBy(0)]), pause(2500)], [at("attacker", [notifiedCount])], rest], [PeerRestarted, 0]],
  ["its memory is fresh", [[at("attacker", [set(20, 5), fill(buffer(), 0x44, 65536)]), kill("attacker", conductor.control!), quiet(alive), at("attacker", [report(register(20)), check(buffer(), 0, 65536)])], rest], [Ok, PeerRestarted, 0, 0]],
  ["what it was given is gone", [[at("attacker", [give(0, attacker.deep!), run(attacker.server!, [set(5, given(0))])]), kill("server", conductor.control!), at("server", []), at("server", [system.call(plus(register(5), 0)), system.capability_drop(0x10000 | 20)])], rest], [Ok, PeerRestarted, InvalidHandle, InvalidHandle]],
  ["its handler's reply goes nowhere: the caller's message buffer says so", [[at("attacker", [run(attacker.server!, [endBy(0)]), report(5)])], rest], [PeerRestarted, 5]],
]);

/** The server grants a page to the driver, which keeps it in its register 5 and, if so wanted, asks for its device addresses. */
const grantToDriver = (isReached: boolean): Step[] => [keepSign(0, system.grant_create(server.driver!, buffer(4096), 4096, 3)), give(0, register(0)),
  run(server.driver!, [set(5, given(0)), ...(isReached ? [quiet(system.dma_segments(driver["disk.dma"]!, register(5), 0, 4096, 1, buffer(), 1))] : [])])];
const takenBack = (isReached: boolean, steps: Step[]): Step[][] => [[...since("driver"), at("server", [...grantToDriver(isReached), ...steps]), ...restartsSince("driver")], rest];
const grantCases = rule("a grant that a device may be using", [
  ["dropped by its owner: the device is stopped first, with its driver", [...takenBack(true, [system.capability_drop(register(0)), run(server.driver!), run(server.driver!, [report(5)])]), stateOf("driver")], [0, Ok, PeerRestarted, 5, 1, Ready, DeviceReach]],
  ["revoked by its owner", [...takenBack(true, [system.capability_revoke(register(0)), run(server.driver!)]), stateOf("driver")], [0, Ok, PeerRestarted, 1, Ready, DeviceReach]],
  ["the driver let go of it before", takenBack(true, [run(server.driver!, [system.capability_drop(register(5))]), system.capability_drop(register(0)), run(server.driver!, [report(5)])]), [0, Ok, Ok, 5, 0]],
  ["nobody asked for its device addresses", takenBack(false, [system.capability_drop(register(0)), run(server.driver!, [report(5)])]), [0, Ok, 5, 0]],
  ["the driver takes its own copies back", takenBack(true, [run(server.driver!, [keep(6, system.capability_mint(register(5), 3, 0)), quiet(system.dma_segments(driver["disk.dma"]!, register(6), 0, 64, 1, buffer(), 1)), system.capability_revoke(register(5)), system.capability_drop(register(5))])]), [0, Ok, Ok, 0]],
]);

const deviceCases = rule("a device that could reach memory of the dead", [
  ["its driver ends with it", [[kill("driver", conductor.control!), at("driver", [])], rest, [...since("driver"), at("server", [lend(0, 0, buffer(), 4096, Read), run(server.driver!), lend(0, 0, buffer(), 4096, Read), run(server.driver!, [sign(system.dma_segments(driver["disk.dma"]!, lease(0), 0, 4096, 0, buffer(), 1))])]), kill("server", conductor.control!), ...stateOf("server"), ...stateOf("driver"), ...restartsSince("driver")], rest],
    [Ok, PeerRestarted, PeerRestarted, 0, Ok, Ready, Killed, Ready, DeviceReach, 1]],
  ["after its reset it reaches nothing, and the driver stays", [[...since("driver"), kill("server", conductor.control!), ...restartsSince("driver")], rest], [Ok, 0]],
  ["addresses of its own memory alone do not end it", [[at("driver", [sign(system.dma_segments(driver["disk.dma"]!, 0, buffer(), 64, 0, buffer(), 1))]), ...since("driver"), kill("server", conductor.control!), ...restartsSince("driver")], rest], [0, Ok, 0]],
]);

const mortalCases = rule("a domain without a restart policy", [
  ["stays dead: the call in flight, then every other", [[at("mortal", [endBy(0)]), at("mortal", []), at("mortal", []), ...stateOf("mortal"), system.control_kill(conductor.control!, ids.mortal!), system.notify(conductor.toMortal!, 1)], rest], [PeerRestarted, PeerDead, PeerDead, Dead, Trap, PeerDead, PeerDead]],
  ["and nobody can grant it memory that it would use", [[quiet(system.grant_create(conductorTo("mortal"), buffer(4096), 4096, Read)), at("mortal", [])]], [PeerDead]],
]);

export const deathCases: Case[] = [...receiveCases, ...notifiedCases, ...closedCases, ...closedBelowCases, ...backgroundCases, ...startCases, ...refusedCases, ...misuseCases, ...killCases, ...dyingCases, ...deviceCases, ...grantCases, ...mortalCases];
