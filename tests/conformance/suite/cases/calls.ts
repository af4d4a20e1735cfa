// Calls: only downward, never into oneself, with what the kernel says about badge, rights and request; a reply's status is one of the schema.
import { type Case, Denied, Ok, ProtocolBreach, rule } from "../case.ts";
import {
  argument, badge, buffer, check, compute, counts, fill, give, given, keep, lease, lend, load, messageIn, messageOut, moves, notifiedBits, notifiedCount, quiet, register, repeat, reply,
  replyStatus, report, returned, rights, run, runAndTell, set, store, storeByte, system, withArgument,
} from "../language.ts";
import { at, handles } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!;

const directionCases = rule("calls go to a lower rank only", [
  ["to itself", [at("attacker", [system.call(attacker.self!)])], [Denied]],
  ["to itself through a minted badge", [at("server", [keep(0, system.capability_mint(server.self!, 1, 4)), system.call(register(0))])], [Denied]],
  ["upward, by a capability in a message", [at("attacker", [give(0, attacker.self!), run(attacker.server!, [system.call(given(0))])])], [Denied]],
  ["upward from two below", [at("attacker", [give(0, attacker.self!), run(attacker.server!, [give(0, given(0)), run(server.deep!, [system.call(given(0))])])])], [Denied]],
  ["to an equal rank", [at("lodger", [give(0, handles.lodger!.self!), run(handles.lodger!.server!, [set(5, given(0))])]), at("attacker", [run(attacker.server!, [reply(0, register(5))]), system.call(returned(0))])], [Denied]],
  ["from the lowest rank", [at("notebook", [system.call(handles.notebook!.self!)])], [Denied]],
  ["downward past one rank", [at("attacker", [run(attacker.deep!, [report(badge)])])], [52]],
  ["three deep", [at("attacker", [run(attacker.server!, [run(server.deep!, [run(handles.deep!.notebook!, [report(badge)]), report(badge)]), report(badge)])])], [2, 31, 51]],
]);

const headerCases = rule("what the kernel says to the callee", [
  ["the badge is the capability's", [at("attacker", [run(attacker.server!, [report(badge)]), run(attacker.bare!, [report(badge)])])], [51, 54]],
  ["the rights are the capability's", [at("attacker", [run(attacker.server!, [report(rights)]), run(attacker.bare!, [report(rights)])])], [511, 0]],
  ["the status of a request is zero", [at("attacker", [store(messageOut(4), 77), run(attacker.server!, [load(messageIn(4))])])], [0]],
  ["the request's number is the kernel's, and inherited", [at("attacker", [store(messageOut(8), 0x7777), keep(1, load(messageIn(8))), run(attacker.server!, [keep(1, load(messageIn(8))), withArgument(0, register(1)), run(server.deep!, [keep(1, load(messageIn(8))), compute.minus(register(1), argument(0))])]), compute.equal(register(1), 0x7777)])], [0, 0]],
  ["the reply's number is the request's", [at("attacker", [keep(1, load(messageIn(8))), run(attacker.server!, [store(messageIn(8), 5)]), keep(2, load(messageOut(8))), compute.equal(register(1), register(2))])], [1]],
  ["fields arrive as they were sent", [at("attacker", [withArgument(0, 0x01020304), withArgument(9, 0xfffffffe), run(attacker.server!, [report(argument(0)), report(argument(9))])])], [0x01020304, -2]],
  ["byte 14 set without a slot", [at("attacker", [moves(1), run(attacker.server!)])], [-3]],
  ["byte 14 set past the slots", [at("attacker", [moves(0x10), run(attacker.server!)])], [-3]],
  ["byte 15 set", [at("attacker", [moves(0x100), run(attacker.server!)])], [-3]],
  ["bytes 14 and 15 all set", [at("attacker", [moves(0xffff), run(attacker.server!)])], [-3]],
  ["byte 15 set beside a capability", [at("attacker", [give(0, attacker.deep!), moves(0x8000), run(attacker.server!)])], [-3]],
  ["a refused message leaves no trace in the callee's buffer", [at("attacker", [run(attacker.server!, [keep(5, compute.value(1))]), counts(5, 0), store(messageOut(20), 0x1234), run(attacker.server!), store(messageOut(20), 0), run(attacker.server!, [compute.equal(argument(0), 0x1234)])])], [-3, 0]],
  ["the caller's lease descriptors are its own again after the call", [at("attacker", [lend(0, 0, buffer(), 64, 1), run(attacker.server!), load(messageOut(72))])], [64]],
  ["the callee cannot write into the caller's descriptors", [at("attacker", [lend(0, 0, buffer(), 64, 1), run(attacker.server!, [store(messageIn(72), 0x5555), storeByte(messageIn(12), 4)]), load(messageOut(72))])], [64]],
]);

const statuses: Array<[number, number]> = [[0, Ok], [1, -1], [2, -2], [5, -5], [6, -6], [15, -15], [32, -32], [43, -43], [64, -64], [73, -73],
  [16, ProtocolBreach], [31, ProtocolBreach], [44, ProtocolBreach], [63, ProtocolBreach], [74, ProtocolBreach], [127, ProtocolBreach], [128, ProtocolBreach], [255, ProtocolBreach], [256, ProtocolBreach], [0x10000, ProtocolBreach], [0x7fffffff, ProtocolBreach], [0x80000000, ProtocolBreach], [0xffffffff, ProtocolBreach]];
const statusCases = rule("a reply's status", statuses.map(([status, answer]) =>
  [`the server returns ${status}`, [at("attacker", [run(attacker.server!, [replyStatus(status)])])], answer === 0 ? [] : [answer]]));

const floodCases = rule("floods", [
  ["100,000 calls", [at("attacker", [repeat(100_000, [runAndTell(attacker.server!, [])])])], [0, 0]],
  ["100,000 refused calls", [at("attacker", [repeat(100_000, [system.call(0x123456)])])], [-1, 0]],
  ["100,000 upward calls", [at("attacker", [repeat(100_000, [system.call(attacker.self!)])])], [Denied, 0]],
  ["20,000 messages of four leases and four capabilities", [at("attacker", [repeat(20_000, [
    ...[0, 1, 2, 3].flatMap((number) => [lend(number, 0, buffer(), 4096, 1)]), give(0, attacker.deep!), runAndTell(attacker.server!, [system.capability_drop(given(0)), quiet(system.lease_read(lease(3), 0, buffer(), 4096))])])])], [0, 0, 0]],
  ["20,000 capabilities minted and dropped", [at("attacker", [repeat(20_000, [keep(0, system.capability_mint(attacker.deep!, 1, 0)), system.capability_drop(register(0))])])], [0, 0]],
  ["20,000 grants made and dropped", [at("attacker", [repeat(20_000, [keep(0, system.grant_create(attacker.deep!, buffer(4096), 4096, 1)), system.capability_drop(register(0))])])], [0, 0]],
  ["100,000 notifications", [[at("attacker", [repeat(100_000, [system.notify(attacker.down!, 0x10)])])], [at("server", [notifiedCount, notifiedBits(0)])]], [0, 0, 1, 0x10]],
  ["a server that replies slowly is no trouble", [at("attacker", [run(attacker.server!, [repeat(50_000, [system.clock_read(server.clock!, buffer())])])])], [0, 0]],
  ["a copy of a memory's size", [at("attacker", [fill(buffer(), 7, 65536), lend(0, 0, buffer(), 65536, 3), run(attacker.server!, [system.lease_read(lease(0), 0, buffer(), 65536), check(buffer(), 7, 65536)])])], [0, 0]],
]);
export const callCases: Case[] = [...directionCases, ...headerCases, ...statusCases, ...floodCases];
