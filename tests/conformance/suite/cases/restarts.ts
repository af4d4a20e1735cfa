// Restarts: who is told, exactly once or until dropped; what comes back and in which order; backing off and giving up; moved capabilities; time limits.
import { type Case, Denied, InvalidArgument, InvalidHandle, Ok, PeerDead, PeerRestarted, ProtocolBreach, rule } from "../case.ts";
import {
  badge, Both, buffer, closedBadge, closedCount, compute, endBy, Ending, given, give, keep, lease, lend, load, messageIn, moves, noteStart, notifiedCount, onBackground, onClosed,
  onNotified, pause, quiet, Read, register, repeat, reply, replyMoves, replyStatus, report, returned, run, set, type Step, system, Transfer,
} from "../language.ts";
import { at, handles, ids, notebookBadge } from "../world.ts";
import { restartsSince, rest, since, stateOf } from "./deaths.ts";

const attacker = handles.attacker!, server = handles.server!, conductor = handles.conductor!, lodger = handles.lodger!;
const Ready = 2, Restarting = 4, GivenUp = 5, Killed = 5, TimeLimit = 6, PeerRestartedFault = 8;
const kill = (domain: string): Step => quiet(system.control_kill(conductor.control!, ids[domain]!));
const open = (badgeOf: number): Step[] => [run(attacker.server!, [keep(0, system.capability_mint(server.self!, 255 | Transfer, badgeOf)), reply(0, register(0))]), set(0, returned(0)), run(attacker.server!, [quiet(system.capability_drop(register(0)))])];

const toldCases = rule("who is told of a restart", [
  ["an endpoint of the manifest, once", [[kill("server"), at("attacker", [run(attacker.server!), run(attacker.server!, [report(1)]), run(attacker.server!, [report(2)])])], rest], [PeerRestarted, 1, 2]],
  ["once for several restarts", [[kill("server"), pause(1500)], [kill("server"), pause(1500)], [kill("server"), at("attacker", [run(attacker.server!), run(attacker.server!, [report(1)])])], rest], [PeerRestarted, 1]],
  ["each endpoint of the manifest for itself", [[kill("server"), at("attacker", [run(attacker.server!), run(attacker.bare!), run(attacker.server!, [report(1)]), run(attacker.bare!, [report(2)])])], rest], [PeerRestarted, PeerRestarted, 1, 2]],
  ["each client", [[kill("server"), at("attacker", [run(attacker.server!), run(attacker.server!, [report(1)])]), at("lodger", [run(lodger.server!), run(lodger.server!, [report(2)])])], rest], [PeerRestarted, 1, PeerRestarted, 2]],
  ["the caller of the call in flight by that call alone", [[at("attacker", [run(attacker.server!, [endBy(0)]), run(attacker.server!, [report(1)])])], rest], [PeerRestarted, 1]],
  ["through one endpoint in flight: the other is told later", [[at("attacker", [run(attacker.server!, [endBy(0)]), run(attacker.bare!), run(attacker.bare!, [report(1)])])], rest], [PeerRestarted, PeerRestarted, 1]],
  ["a domain that restarts is not told of what was before", [[kill("server"), kill("attacker"), at("attacker", []), at("attacker", [run(attacker.server!, [report(1)])])], rest], [PeerRestarted, 1]],
  ["a copy made at run time: always", [[at("attacker", [keep(0, system.capability_mint(attacker.server!, 255, 0)), quiet(system.control_kill(attacker.control!, ids.server!)), repeat(10, [system.call(register(0))]), system.capability_drop(register(0)), system.call(register(0))])], rest], [PeerRestarted, 0, Ok, InvalidHandle]],
  ["a copy made at run time, also by the call in flight", [[at("attacker", [keep(0, system.capability_mint(attacker.server!, 255, 0)), run(register(0), [endBy(0)]), system.call(register(0)), system.call(register(0))])], rest], [PeerRestarted, PeerRestarted, PeerRestarted]],
  ["a badge that the server gave: always", [[at("attacker", [...open(40), quiet(system.control_kill(attacker.control!, ids.server!)), system.call(register(0)), system.call(register(0))])], rest], [PeerRestarted, PeerRestarted]],
  ["a copy of a copy", [[at("attacker", [keep(0, system.capability_mint(attacker.server!, 255, 0)), quiet(system.control_kill(attacker.control!, ids.server!)), keep(1, system.capability_mint(register(0), 1, 0)), system.call(register(1)), system.call(register(1))])], rest], [PeerRestarted, PeerRestarted]],
  ["a copy made after the restart: not", [[at("attacker", [quiet(system.control_kill(attacker.control!, ids.server!)), run(attacker.server!), keep(0, system.capability_mint(attacker.server!, 255, 0)), run(register(0), [report(3)])])], rest], [PeerRestarted, 3]],
  ["a copy made after the restart of an endpoint that was not told yet: has its epoch", [[at("attacker", [quiet(system.control_kill(attacker.control!, ids.server!)), keep(0, system.capability_mint(attacker.server!, 255, 0)), run(attacker.server!), run(attacker.server!, [report(1)]), system.call(register(0))])], rest], [PeerRestarted, 1, PeerRestarted]],
  ["a copy that another holds", [[at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(0, register(0)), run(attacker.server!, [set(5, given(0))]), quiet(system.control_kill(attacker.control!, ids.deep!)), run(attacker.server!, [system.call(register(5)), system.call(register(5))])])], rest], [PeerRestarted, PeerRestarted]],
  ["a message with a capability and a lease that is told of a restart gives nothing", [[at("attacker", [quiet(system.control_kill(attacker.control!, ids.server!)), give(0, attacker.deep!), lend(0, 0, buffer(), 64, Read), run(attacker.server!), lend(0, 0, buffer(), 64, Read), run(attacker.server!, [system.lease_read(lease(0), 0, buffer(), 64)])])], rest], [PeerRestarted, Ok]],
  ["a grant to the dead server is the owner's still", [[at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), give(0, register(0)), run(attacker.server!, [set(5, given(0)), endBy(0)]), run(attacker.server!, [system.lease_read(register(5), 0, buffer(), 1)]),
    give(0, register(0)), run(attacker.server!, [system.lease_read(given(0), 0, buffer(), 1)])])], rest], [PeerRestarted, InvalidHandle, Ok]],
]);

const badgeCases = rule("closed when a holder dies", [
  ["its badge's end is told, once", [[at("attacker", [...open(50), endBy(0)]), at("server", [closedCount, closedBadge(0), closedBadge(1), closedBadge(2)])], [at("server", [closedCount])], rest], [PeerRestarted, 3, 51, 54, 50, 3]],
  ["not while another copy lives", [[at("attacker", [...open(251), give(0, register(0)), run(attacker.deep!, [set(5, given(0))]), endBy(0)]), at("server", [closedCount])], [at("server", [closedCount]), at("deep", [system.capability_drop(register(5))])], [at("server", [closedCount, closedBadge(2)])], rest], [PeerRestarted, 2, 2, Ok, 3, 251]],
  ["its badges of the manifest too, before it comes back", [[kill("lodger"), at("server", [closedCount, closedBadge(0)]), at("lodger", [])], rest], [1, 61, PeerRestarted]],
  ["both of its endpoints to the same server", [[kill("attacker"), at("server", [closedCount, closedBadge(0), closedBadge(1)]), at("attacker", [])], rest], [2, 51, 54, PeerRestarted]],
  ["a server that died is not told what was before", [[at("attacker", open(52)), kill("server"), at("server", []), at("attacker", [system.capability_drop(register(0))]), at("server", [closedCount])], [at("server", [closedCount])], rest], [PeerRestarted, Ok, 0, 0]],
  ["the server may call downward in it", [[at("server", [onClosed([run(server.deep!, [set(7, 43)])])]), kill("lodger"), at("deep", [report(register(7))]), at("lodger", [])], rest], [43, PeerRestarted]],
  ["a trap in it: the server comes back too", [[at("server", [onClosed([endBy(0)])]), ...since("server"), kill("lodger"), ...restartsSince("server"), at("server", []), at("lodger", [])], rest], [1, PeerRestarted, PeerRestarted]],
]);

const badgeOf = (domain: string): number => notebookBadge(domain);
const policyCases = rule("backing off and giving up", [
  ["what must restart with it does", [[...since("quitter"), ...since("dependant", 50), kill("quitter"), ...stateOf("quitter"), ...restartsSince("quitter"), ...stateOf("dependant"), ...restartsSince("dependant", 50), at("quitter", []), at("dependant", []), at("dependant", [run(handles.dependant!.quitter!, [report(4)])])], rest],
    [Ready, Killed, 1, Ready, PeerRestartedFault, 1, PeerRestarted, PeerRestarted, 4]],
  ["a death of the one above takes nobody down", [[...since("quitter"), kill("dependant"), ...restartsSince("quitter"), at("dependant", [])], rest], [0, PeerRestarted]],
  ["the second death within the window waits", [[...since("quitter"), kill("quitter"), ...stateOf("quitter"), at("quitter", []), ...stateOf("dependant"), at("dependant", []), pause(300_000)], [...stateOf("quitter"), ...restartsSince("quitter"), ...stateOf("dependant"), at("quitter", []), at("dependant", []), at("quitter", [report(4)])], rest],
    [Restarting, Killed, PeerDead, Restarting, PeerRestartedFault, PeerDead, Ready, Killed, 1, Ready, PeerRestartedFault, PeerRestarted, PeerRestarted, 4]],
  ["a start that refuses is the next death, and waits twice as long", [[...since("quitter"), at("notebook", [noteStart(badgeOf("quitter"), 1, [replyStatus(13)], 0)]), kill("quitter"), pause(125_000)], [...stateOf("quitter").slice(0, 2), at("quitter", []), pause(300_000)], [...stateOf("quitter"), ...restartsSince("quitter"), at("quitter", []), at("dependant", [])], rest],
    [Restarting, PeerDead, Ready, Killed, 1, PeerRestarted, PeerRestarted]],
  ["the death after the limit is the last, with what stands on it", [[kill("quitter"), pause(300_000)], [...stateOf("quitter"), at("quitter", []), ...stateOf("dependant"), at("dependant", []), at("attacker", [report(5)])], rest], [GivenUp, Killed, PeerDead, GivenUp, PeerRestartedFault, PeerDead, 5]],
  ["who was given up cannot be killed", [[system.control_kill(conductor.control!, ids.quitter!), system.control_kill(conductor.control!, ids.dependant!)]], [PeerDead, PeerDead]],
]);

/** The attacker's deep endpoint, minted so that it may be moved, in register 0. */
const movable: Step[] = [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0))];
const moveCases = rule("moved capabilities", [
  ["the receiver has it and the giver does not", [at("attacker", [...movable, give(0, register(0)), moves(1), run(attacker.server!, [run(given(0), [report(badge)])]), system.call(register(0))])], [52, InvalidHandle]],
  ["the receiver finds byte 14 zero", [at("attacker", [...movable, give(0, register(0)), moves(1), run(attacker.server!, [keep(1, load(messageIn(12))), compute.and(register(1), 0xffff0000)])])], [0]],
  ["a capability of the manifest", [at("attacker", [give(0, attacker.deep!), moves(1), run(attacker.server!)])], [Denied]],
  ["a grant of one's own memory", [at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), give(0, register(0)), moves(1), run(attacker.server!), system.lease_read(register(0), 0, buffer(), 1)])], [Denied, Ok]],
  ["a minted copy of a grant of one's own memory", [at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), keep(1, system.capability_mint(register(0), Read | Transfer, 0)), give(0, register(1)), moves(1), run(attacker.server!)])], [Denied]],
  ["a grant that was received, to a third", [at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), give(0, register(0)), run(attacker.server!, [give(0, given(0)), moves(1), run(server.deep!)])])], [Denied]],
  ["without TRANSFER", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), give(0, register(0)), moves(1), run(attacker.server!), system.call(register(0))])], [Denied, -10]],
  ["a slot that is not used", [at("attacker", [...movable, give(0, register(0)), moves(2), run(attacker.server!), system.call(register(0))])], [InvalidArgument, -10]],
  ["a slot past the four", [at("attacker", [...movable, give(0, register(0)), moves(0x11), run(attacker.server!)])], [InvalidArgument]],
  ["byte 15 set", [at("attacker", [...movable, give(0, register(0)), moves(0x101), run(attacker.server!)])], [InvalidArgument]],
  ["the same twice, both moved", [at("attacker", [...movable, give(0, register(0)), give(1, register(0)), moves(3), run(attacker.server!), system.call(register(0))])], [InvalidArgument, -10]],
  ["the same twice, once moved and once copied", [at("attacker", [...movable, give(0, register(0)), give(1, register(0)), moves(1), run(attacker.server!), system.call(register(0))])], [InvalidArgument, -10]],
  ["the same twice, the second moved", [at("attacker", [...movable, give(0, register(0)), give(1, register(0)), moves(2), run(attacker.server!), system.call(register(0))])], [InvalidArgument, -10]],
  ["one moved and another copied", [at("attacker", [...movable, keep(1, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(0, register(0)), give(1, register(1)), moves(2), run(attacker.server!, [run(given(0), [report(badge)]), run(given(1), [report(badge)])]), system.call(register(0)), system.call(register(1))])], [52, 52, -10, InvalidHandle]],
  ["four moved", [at("attacker", [0, 1, 2, 3].flatMap((number) => [keep(number, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(number, register(number))]).concat(moves(15), run(attacker.server!, [0, 1, 2, 3].map((number) => run(given(number), [report(badge)]))), [0, 1, 2, 3].map((number) => system.call(register(number)))))], [52, 52, 52, 52, InvalidHandle, InvalidHandle, InvalidHandle, InvalidHandle]],
  ["a bad fourth leaves the three where they were", [at("attacker", [...movable, give(0, register(0)), give(1, 0x50050), moves(1), run(attacker.server!), system.call(register(0))])], [InvalidHandle, -10]],
  ["it takes the giver's place in the tree: what it was derived from takes it back", [at("attacker", [...movable, keep(1, system.capability_mint(register(0), 255 | Transfer, 0)), give(0, register(1)), moves(1), run(attacker.server!, [set(5, given(0))]), system.capability_revoke(register(0)), run(attacker.server!, [system.call(register(5))])])], [Ok, InvalidHandle]],
  ["and what was derived from it stays below it", [at("attacker", [...movable, keep(1, system.capability_mint(register(0), 255, 0)), give(0, register(0)), moves(1), run(attacker.server!, [set(5, given(0)), system.capability_revoke(given(0))]), system.call(register(1)), run(attacker.server!, [system.call(register(5))])])], [Ok, InvalidHandle, -10]],
  ["in a reply", [at("attacker", [run(attacker.server!, [keep(5, system.capability_mint(server.self!, 511, 33)), reply(0, register(5)), replyMoves(1)]), set(0, returned(0)), run(register(0), [report(badge)]), run(attacker.server!, [system.capability_drop(register(5))])])], [33, InvalidHandle]],
  ["a capability of the manifest, in a reply", [at("attacker", [run(attacker.server!, [reply(0, server.deep!), replyMoves(1)])])], [ProtocolBreach]],
  ["a slot that is not used, in a reply", [at("attacker", [run(attacker.server!, [replyMoves(1)])])], [ProtocolBreach]],
  ["byte 15, in a reply", [at("attacker", [run(attacker.server!, [replyMoves(0x100)])])], [ProtocolBreach]],
  ["twice the same, in a reply", [at("attacker", [run(attacker.server!, [keep(5, system.capability_mint(server.self!, 511, 33)), reply(0, register(5)), reply(1, register(5)), replyMoves(1)]), run(attacker.server!, [system.capability_drop(register(5))])])], [ProtocolBreach, Ok]],
  ["a reply to a caller that dies keeps it with the server", [[at("attacker", [run(attacker.server!, [keep(5, system.capability_mint(server.self!, 511, 34)), reply(0, register(5)), replyMoves(1), quiet(system.control_kill(server.control!, ids.attacker!))])]), at("server", [system.capability_drop(register(5))])], rest], [PeerRestarted, Ok]],
  ["the last copy of a badge: nobody is told", [[at("attacker", [...open(35), give(0, register(0)), moves(1), run(attacker.deep!, [set(5, given(0))]), run(attacker.server!, [closedCount])])], [at("server", [closedCount]), at("deep", [system.capability_drop(register(5))])], [at("server", [closedCount, closedBadge(0)])]], [0, 0, Ok, 1, 35]],
  ["back to its server: the badge lives in its own table", [[at("attacker", [...open(36), give(0, register(0)), moves(1), run(attacker.server!, [closedCount])])], [at("server", [closedCount, closedBadge(0)])]], [0, 0, 0]],
  ["a thousand times to and fro", [at("attacker", [...open(37), repeat(1000, [give(0, register(0)), moves(1), run(attacker.server!, [reply(0, given(0)), replyMoves(1)]), set(0, returned(0)), run(register(0), [report(badge)])])])], [37, 0]],
  ["to a receiver that has died since: it stays", [[at("attacker", [...movable, quiet(system.control_kill(attacker.control!, ids.server!)), give(0, register(0)), moves(1), run(attacker.server!), system.call(register(0))])], rest], [PeerRestarted, -10]],
  ["to a receiver that dies in the call: it is gone", [[at("attacker", [...movable, give(0, register(0)), moves(1), run(attacker.server!, [endBy(0)]), system.call(register(0))])], rest], [PeerRestarted, InvalidHandle]],
  ["a notification", [[at("attacker", [keep(0, system.capability_mint(attacker.own!, 257, 0)), give(0, register(0)), moves(1), run(attacker.deep!, [system.notify(given(0), 0x100)]), system.notify(register(0), 0x100)])], [at("attacker", [notifiedCount])]], [Ok, InvalidHandle, 1]],
]);

const loops: Array<[string, number]> = [["without anything", Ending.loop], ["of arithmetic", Ending.loopWithArithmetic], ["of loads", Ending.loopWithLoads], ["of stores", Ending.loopWithStores], ["of relax", Ending.loopOfRelax], ["of fence", Ending.loopOfFence],
  ["of drops", Ending.loopOfDrops], ["of waits that are refused", Ending.loopOfWaits]];
const runner = handles.runner!;
const start = (script: Step[]): Step[] => [...since("runner"), ...since("sprinter", 50), at("runner", [onNotified(script)]), quiet(system.notify(conductor.startRunner!, 1))];
const limitCases = rule("time limits", [
  ...loops.map(([name, way]) => [`an endless loop ${name}`, [start([endBy(way)]), [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 1, PeerRestarted, 6]] as [string, Step[][], number[]]),
  ["an endless loop of calls", [start([endBy(Ending.loopOfCalls, runner.sprinter!)]), [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 1, PeerRestarted, 6]],
  ["an endless loop in start", [[at("notebook", [noteStart(badgeOf("runner"), 1, [endBy(Ending.loop)])]), ...start([endBy(0)])], rest, [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 2, PeerRestarted, 6]],
  ["an endless loop in _start", [[at("notebook", [noteStart(badgeOf("runner"), 0, [endBy(Ending.loop)])]), ...start([endBy(0)])], rest, [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 2, PeerRestarted, 6]],
  ["an endless loop in closed", [[...since("runner"), at("runner", [onClosed([endBy(Ending.loop)]), keep(0, system.capability_mint(runner.self!, 1, 9)), quiet(system.capability_drop(register(0)))])], [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 1, PeerRestarted, 6]],
  ["an endless loop in background", [[...since("runner"), at("runner", [onBackground([endBy(Ending.loop)])]), pause(400_000)], [...stateOf("runner"), ...restartsSince("runner"), at("runner", []), at("runner", [report(6)])], rest], [Ready, TimeLimit, 1, PeerRestarted, 6]],
  ["a wait that is longer than the limit is not counted", [[...start([quiet(system.timer_set(runner.timer!, 0)), keep(20, system.wait(1 << 20, 150_000))])], [...restartsSince("runner"), at("runner", [report(6)])], rest], [0, 6]],
  ["a callee that runs for ever", [start([run(runner.sprinter!, [endBy(Ending.loop)]), set(20, 77)]), [...restartsSince("runner"), ...stateOf("sprinter"), ...restartsSince("sprinter", 50), at("bystander", [report(3)])], rest],
    { microkernel: [0, Ready, TimeLimit, 1, 3], hosted: [1, Ready, TimeLimit, 1, 3], why: "V8's time-out unwinds everything that is on the stack: hosted, every domain there ends (docs/supervision.md §5)" }],
]);

export const restartCases: Case[] = [...toldCases, ...badgeCases, ...moveCases, ...policyCases, ...limitCases];
