// Capabilities in messages: minting never widens, only what is transferable travels, badges come from their server alone, and the server is told once when
// the last copy of one is gone.
import { type Case, Denied, InvalidHandle, Ok, OutOfMemory, ProtocolBreach, rule, Unsupported } from "../case.ts";
import {
  argument, badge, buffer, closedBadge, closedCount, compute, counts, given, give, keep, keepSign, lease, lend, Mint, onClosed, plus, quiet, register, repeat, reply, replyCount,
  report, returned, rights, run, runAndTell, set, sign, type Step, system, Transfer, until, withArgument,
} from "../language.ts";
import { at, handles } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!;
const all = 1023;

/** The server mints a copy of its own endpoint with a badge and hands it to the attacker, which keeps it in register 0. */
const open = (badgeOf: number, rightsOf = 255 | Transfer): Step[] => [run(attacker.server!, [keepSign(0, system.capability_mint(server.self!, rightsOf, badgeOf)), reply(0, register(0)), quiet(system.capability_drop(0))]), set(0, returned(0))];
/** The same, but the server keeps no copy: dropped in the next request. */
const openAlone = (badgeOf: number, rightsOf = 255 | Transfer): Step[] => [...open(badgeOf, rightsOf), run(attacker.server!, [system.capability_drop(register(0))])];

const mintCases = rule("minting", [
  ["fewer rights", [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, 3, 0)), run(register(0), [report(rights)])])], [0, 3]],
  ["no rights", [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, 0, 0)), run(register(0), [report(rights)])])], [0, 0]],
  ["the same rights", [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, 255 | Transfer, 0)), run(register(0), [report(rights)])])], [0, 255 | Transfer]],
  ["the badge stays", [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, 3, 0)), run(register(0), [report(badge)])])], [0, 51]],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((bit) => [`a right that was not held: bit ${bit}`, [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, (255 | Transfer) & ~(1 << bit), 0)), system.capability_mint(register(0), 1 << bit, 0)])], [0, Denied]] as [string, Step[], number[]]),
  ["TRANSFER that was not held", [at("attacker", [system.capability_mint(attacker.bare!, Transfer, 0)])], [Denied]],
  ["MINT that was not held", [at("attacker", [system.capability_mint(attacker.server!, Mint, 0)])], [Denied]],
  ["a right that does not exist", [at("attacker", [system.capability_mint(attacker.self!, 1024, 0)])], [Denied]],
  ["every right", [at("attacker", [system.capability_mint(attacker.self!, 0xffffffff, 0)])], [Denied]],
  ["a wider copy of a narrower one", [at("attacker", [keepSign(0, system.capability_mint(attacker.server!, 1, 0)), system.capability_mint(register(0), 3, 0), system.capability_mint(register(0), 1, 0)])], [0, Denied, 0]],
  ["of a clock, without rights", [at("attacker", [keepSign(0, system.capability_mint(attacker.clock!, 0, 0)), system.clock_read(register(0), buffer())])], [0, Ok]],
  ["of a clock, with a right", [at("attacker", [system.capability_mint(attacker.clock!, 1, 0)])], [Denied]],
  ["of a clock, transferable", [at("attacker", [system.capability_mint(attacker.clock!, Transfer, 0)])], [Denied]],
  ["of a notification, without SIGNAL", [at("attacker", [keepSign(0, system.capability_mint(attacker.down!, 0, 0)), system.notify(register(0), 0x10)])], [0, Denied]],
  ["of a notification, with a badge", [at("attacker", [system.capability_mint(attacker.down!, 1, 0x10)])], [Denied]],
  ["of another's endpoint, with a badge", [at("attacker", [system.capability_mint(attacker.server!, 1, 7)])], [Denied]],
  ["of one's own endpoint, with a badge", [at("server", [system.capability_mint(server.self!, all, 7)])], [0]],
  ["of one's own endpoint without MINT, with a badge", [at("server", [keepSign(0, system.capability_mint(server.self!, 255 | Transfer, 0)), system.capability_mint(register(0), 1, 7)])], [0, Denied]],
  ["of one's own endpoint without MINT, without a badge", [at("server", [keepSign(0, system.capability_mint(server.self!, 255 | Transfer, 0)), system.capability_mint(register(0), 1, 0)])], [0, 0]],
  ["another badge on a badged copy of one's own", [at("server", [keepSign(0, system.capability_mint(server.self!, all, 7)), keepSign(1, system.capability_mint(register(0), all, 8))])], [0, 0]],
  ["of another's endpoint with MINT that was handed over, with a badge", [at("attacker", [...open(9, all), system.capability_mint(register(0), 1, 10), system.capability_mint(register(0), 1, 0)])], [0, Denied, 0]],
]);

const transferCases = rule("capabilities in messages", [
  ["a copy reaches the server and works there", [at("attacker", [give(0, attacker.deep!), run(attacker.server!, [run(given(0), [report(badge), report(rights)])])])], [52, 255 | Transfer]],
  ["the sender keeps its own", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 1 | Transfer, 0)), give(0, register(0)), run(attacker.server!), run(register(0), [report(badge)])])], [52]],
  ["without TRANSFER", [at("attacker", [give(0, attacker.bare!), run(attacker.server!)])], [Denied]],
  ["narrowed of TRANSFER", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), give(0, register(0)), run(attacker.server!)])], [Denied]],
  ...["clock", "timer", "entropy", "trace", "control"].map((kind) => [`a ${kind} is not transferable`, [at("attacker", [give(0, attacker[kind]!), run(attacker.server!)])], [Denied]] as [string, Step[], number[]]),
  ["a window, an interrupt, a DMA capability are not transferable", [at("driver", ["disk.common", "disk.interrupt", "disk.dma"].flatMap((name) => [give(0, handles.driver![name]!), run(handles.driver!.notebook!)]))], [Denied, Denied, Denied]],
  ["the reserved part of a device is no handle", [at("driver", [give(0, handles.driver!["disk.reserved"]!), run(handles.driver!.notebook!)])], [InvalidHandle]],
  ...[0, 1, 2, 3].map((slot) => [`a handle that is not there, in slot ${slot}`, [at("attacker", [
    ...[0, 1, 2, 3].map((number) => give(number, number === slot ? 0x50040 : attacker.deep!)), run(attacker.server!)])], [InvalidHandle]] as [string, Step[], number[]]),
  ...[0, 1, 2, 3].map((slot) => [`a handle without TRANSFER, in slot ${slot}`, [at("attacker", [
    ...[0, 1, 2, 3].map((number) => give(number, number === slot ? attacker.bare! : attacker.deep!)), run(attacker.server!)])], [Denied]] as [string, Step[], number[]]),
  ["a bad fourth slot copies none of the others", [[at("attacker", [...openAlone(120), give(0, register(0)), give(1, register(0)), give(2, register(0)), give(3, 0), run(attacker.server!), system.capability_drop(register(0))])], [at("server", [closedCount])]], [0, 0, InvalidHandle, 0, 1]],
  ["four at once", [at("attacker", [...[0, 1, 2, 3].map((number) => give(number, attacker.deep!)), run(attacker.server!, [0, 1, 2, 3].map((number) => run(given(number), [report(badge)])))])], [52, 52, 52, 52]],
  ["the same twice", [at("attacker", [give(0, attacker.deep!), give(1, attacker.deep!), run(attacker.server!, [run(given(0), [report(badge)]), run(given(1), [report(badge)]), compute.equal(given(0), given(1))])])], [52, 52, 0]],
  ["a slot past the count is not looked at", [at("attacker", [give(0, attacker.deep!), give(1, 0x7fff0001), counts(0, 1), run(attacker.server!, [run(given(0), [report(badge)])])])], [52]],
  ["an endpoint upward can be held and not called", [at("attacker", [give(0, attacker.self!), run(attacker.server!, [system.call(given(0)), system.grant_create(given(0), buffer(4096), 4096, 1)])])], [Denied, Denied]],
  ["an endpoint to an equal rank can be held and not called", [at("bystander", [give(0, handles.bystander!.self!), run(handles.bystander!.deep!, [keep(0, system.capability_mint(given(0), 255 | Transfer, 0)), set(1, 0)])]),
    at("server", [run(server.deep!, [reply(0, register(0))]), system.call(returned(0)), report(badge)])], [Denied, 73]],
]);

const replyCases = rule("capabilities in replies", [
  ["a copy reaches the caller", [at("attacker", [...open(77), run(register(0), [report(badge)])])], [0, 77]],
  ["four at once", [at("attacker", [run(attacker.server!, [0, 1, 2, 3].flatMap((number) => [keep(number, system.capability_mint(server.self!, 255 | Transfer, 80 + number)), reply(number, register(number))])),
    ...[0, 1, 2, 3].map((number) => set(number, returned(number))), ...[0, 1, 2, 3].map((number) => run(register(number), [report(badge)]))])], [80, 81, 82, 83]],
  ...[0, 1, 2, 3].map((slot) => [`a handle that is not there, in slot ${slot}`, [at("attacker", [run(attacker.server!, [0, 1, 2, 3].map((number) => reply(number, number === slot ? 0x50040 : server.self!))), report(returned(0))])], [ProtocolBreach, 0]] as [string, Step[], number[]]),
  ["without TRANSFER", [at("attacker", [run(attacker.server!, [keep(0, system.capability_mint(server.self!, 1, 5)), reply(0, register(0))]), report(returned(0))])], [ProtocolBreach, 0]],
  ["a clock", [at("attacker", [run(attacker.server!, [reply(0, server.clock!)])])], [ProtocolBreach]],
  ["five", [at("attacker", [run(attacker.server!, [replyCount(5)])])], [ProtocolBreach]],
  ["255", [at("attacker", [run(attacker.server!, [replyCount(255)])])], [ProtocolBreach]],
  ["a reply that is refused carries no fields of a capability", [at("attacker", [give(0, attacker.deep!), run(attacker.server!, [reply(0, server.self!), reply(1, 0)]), report(returned(0)), report(returned(1))])], [ProtocolBreach, 0, 0]],
  ["slots past the count arrive as zero", [at("attacker", [give(0, attacker.deep!), give(1, attacker.deep!), run(attacker.server!, [reply(1, 0x1234), reply(0, server.self!)]), report(returned(1))])], [0]],
]);

const revokeCases = rule("revoking", [
  ["takes the receiver's copy back", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(0, register(0)), run(attacker.server!, [set(5, given(0))]), system.capability_revoke(register(0)), run(attacker.server!, [system.call(register(5))])])], [Ok, InvalidHandle]],
  ["takes a whole subtree back", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), keep(1, system.capability_mint(register(0), 255 | Transfer, 0)), keep(2, system.capability_mint(register(1), 255, 0)),
    give(0, register(1)), run(attacker.server!, [set(5, given(0)), keep(6, system.capability_mint(given(0), 1, 0))]), system.capability_revoke(register(0)), system.call(register(1)), system.call(register(2)), run(attacker.server!, [system.call(register(5)), system.call(register(6))]), system.call(register(0))])], [Ok, InvalidHandle, InvalidHandle, InvalidHandle, InvalidHandle, Unsupported]],
  ["leaves what stands beside it", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), keep(1, system.capability_mint(attacker.deep!, 255, 0)), system.capability_revoke(register(0)), system.call(register(1))])], [Ok, Unsupported]],
  ["a receiver cannot revoke its giver", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), give(0, register(0)), run(attacker.server!, [system.capability_revoke(given(0)), system.call(given(0))]), system.call(register(0))])], [Ok, Unsupported, Unsupported]],
  ["dropping leaves what was derived, under the parent", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), keep(1, system.capability_mint(register(0), 255, 0)), keep(2, system.capability_mint(register(1), 255, 0)),
    system.capability_drop(register(1)), system.call(register(2)), system.capability_revoke(register(0)), system.call(register(2))])], [Ok, Unsupported, Ok, InvalidHandle]],
  ["twice dropped", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), system.capability_drop(register(0)), system.capability_drop(register(0))])], [Ok, InvalidHandle]],
  ["revoking a dropped handle", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), system.capability_drop(register(0)), system.capability_revoke(register(0))])], [Ok, InvalidHandle]],
  ["a server takes back what it gave out", [at("attacker", [...open(12), run(attacker.server!, [system.capability_revoke(register(0))]), system.call(register(0))])], [0, Ok, InvalidHandle]],
  ["revoking one's own endpoint of the manifest takes back every badge", [at("attacker", [...openAlone(13), run(attacker.server!, [system.capability_revoke(server.self!)]), system.call(register(0))])], [0, Ok, Ok, InvalidHandle]],
  ["revoking does not reach what others have from the manifest", [at("attacker", [run(attacker.server!, [system.capability_revoke(server.self!)]), system.call(attacker.server!)])], [Ok, Unsupported]],
  ["a slot reused a thousand times, the first handle kept", [at("attacker", [keep(0, system.capability_mint(attacker.deep!, 255, 0)), system.capability_drop(register(0)),
    repeat(1000, [keep(1, system.capability_mint(attacker.deep!, 255, 0)), system.call(register(0)), quiet(system.capability_drop(register(1))), compute.equal(register(0), register(1))])])], [Ok, InvalidHandle, 0, 0]],
]);

/** Fills the attacker's table with copies of one endpoint, of which the last is in register 4; then \`script\`; then all are taken back. */
const full = (script: Step[]): Step[] => [at("attacker", [
  until(40_000, [keep(5, system.capability_mint(attacker.deep!, 255 | Transfer, 0)), keep(4, compute.max(register(4), register(5))), sign(compute.value(register(5)))]), ...script, quiet(system.capability_revoke(attacker.deep!))])];
const fullCases = rule("a full table", [
  ["refuses the next one", full([system.capability_mint(attacker.deep!, 1, 0), system.grant_create(attacker.deep!, buffer(4096), 4096, 1)]), [OutOfMemory, OutOfMemory, OutOfMemory]],
  ["refuses a reply's capability: the caller's trouble", full([run(attacker.server!, [reply(0, server.self!)])]), [OutOfMemory, OutOfMemory]],
  ["still calls and lends", full([lend(0, 0, buffer(), 64, 1), runAndTell(attacker.server!, [system.lease_read(lease(0), 0, buffer(), 64)])]), [OutOfMemory, Ok, Ok]],
  ["takes one for each that was dropped", full([system.capability_drop(register(4)), system.capability_mint(attacker.deep!, 1, 0), system.capability_mint(attacker.deep!, 1, 0)]), [OutOfMemory, Ok, Ok, OutOfMemory]],
  ["a receiver's full table refuses the request", [at("server", [until(40_000, [system.capability_mint(server.deep!, 255, 0)])]), at("attacker", [give(0, attacker.deep!), run(attacker.server!)]), at("server", [system.capability_revoke(server.deep!)])], [OutOfMemory, OutOfMemory, Ok]],
  ["and again after everything was taken back", [...full([]), at("attacker", [system.capability_mint(attacker.deep!, 1, 0)])], [OutOfMemory, Ok]],
]);

const delivered: Step[] = [at("server", [closedCount, closedBadge(0)])];
const closedCases = rule("closed is told once, when the last copy goes", [
  ["dropped by a higher domain: at once", [at("attacker", [...openAlone(100), system.capability_drop(register(0)), run(attacker.server!, [closedCount, closedBadge(0)])])], [0, 0, 0, 1, 100]],
  ["a minted copy keeps it alive", [at("attacker", [...openAlone(101), keep(1, system.capability_mint(register(0), 1, 0)), system.capability_drop(register(0)), run(attacker.server!, [closedCount]), system.capability_drop(register(1)), run(attacker.server!, [closedCount, closedBadge(0)])])], [0, 0, 0, 0, 0, 1, 101]],
  ["a sent copy keeps it alive", [[at("attacker", [...openAlone(102), give(0, register(0)), run(attacker.deep!, [set(5, given(0))]), system.capability_drop(register(0)), run(attacker.server!, [closedCount])]), at("deep", [system.capability_drop(register(5))])], delivered], [0, 0, 0, 0, 0, 1, 102]],
  ["the server's own copy keeps it alive", [at("attacker", [...open(103), system.capability_drop(register(0)), run(attacker.server!, [closedCount])])], [0, 0, 0]],
  ["dropped by the server itself: with an empty stack", [[at("server", [keepSign(0, system.capability_mint(server.self!, 1, 104)), system.capability_drop(register(0)), closedCount])], delivered], [0, 0, 0, 1, 104]],
  ["revoked by the server: with an empty stack", [[at("attacker", openAlone(105)), at("server", [system.capability_revoke(server.self!), closedCount])], delivered], [0, 0, 0, 0, 1, 105]],
  ["dropped by a deeper domain: with an empty stack", [[at("attacker", [...openAlone(106), give(0, register(0)), run(attacker.deep!, [set(5, given(0))]), system.capability_drop(register(0)), run(attacker.deep!, [system.capability_drop(register(5))]), run(attacker.server!, [closedCount])])], delivered], [0, 0, 0, 0, 0, 1, 106]],
  ["minted again before it is told: it lives", [[at("server", [keepSign(0, system.capability_mint(server.self!, 1, 107)), system.capability_drop(register(0)), keepSign(1, system.capability_mint(server.self!, 1, 107))])], [at("server", [closedCount, system.capability_drop(register(1))])], delivered], [0, 0, 0, 0, 0, 1, 107]],
  ["the same badge again and again: each time", [[at("attacker", [repeat(40, openAlone(108).concat(quiet(system.capability_drop(register(0))))), run(attacker.server!, [closedCount])])]], [0, 0, 0, 40]],
  ["ended and minted again before it is told: once", [[at("server", [repeat(40, [keep(0, system.capability_mint(server.self!, 1, 113)), system.capability_drop(register(0))])])], [at("server", [closedCount, closedBadge(0)])]], [0, 0, 1, 113]],
  ["a badge of the manifest is not given up", [[at("attacker", [quiet(system.capability_drop(attacker.server!))])], [at("server", [closedCount])]], [0]],
  ["a thousand different badges", [[at("attacker", [set(6, 1000), repeat(1000, [keep(6, compute.value(plus(register(6), 1))), withArgument(0, register(6)), run(attacker.server!, [keep(0, system.capability_mint(server.self!, 257, argument(0))), reply(0, register(0))]), set(0, returned(0)), run(attacker.server!, [system.capability_drop(register(0))]), system.capability_drop(register(0))])])], [at("server", [closedCount, closedBadge(0)])]], [0, 0, 0, 1000, 1001]],
  ["the handler may call downward", [[at("server", [onClosed([run(server.deep!, [set(7, 42)])]), keepSign(0, system.capability_mint(server.self!, 1, 109)), system.capability_drop(register(0))])], [at("deep", [report(register(7))])]], [0, 0, 42]],
  ["the handler may drop the last copy of another badge", [[at("server", [keepSign(0, system.capability_mint(server.self!, 1, 110)), keepSign(1, system.capability_mint(server.self!, 1, 111)), onClosed([quiet(system.capability_drop(register(1)))]), system.capability_drop(register(0))])], [at("server", [closedCount, closedBadge(0), closedBadge(1)])]], [0, 0, 0, 2, 110, 111]],
  ["a holder in the middle of a call to that server drops it", [[at("attacker", [...openAlone(112), give(0, register(0)), run(attacker.server!, [run(server.deep!, []), closedCount]), system.capability_drop(register(0))])], delivered], [0, 0, 0, 0, 0, 0]],
]);

export const capabilityCases: Case[] = [...mintCases, ...transferCases, ...replyCases, ...revokeCases, ...fullCases, ...closedCases];
