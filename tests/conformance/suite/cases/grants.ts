// Grants: whole pages of one's own memory for one lower domain, until they are dropped or revoked; never a page of a message buffer.
import { type Case, Denied, InvalidArgument, InvalidHandle, Ok, OutOfRange, ProtocolBreach, rule } from "../case.ts";
import {
  Both, buffer, buffers, check, end, fill, given, give, keep, keepSign, lease, lend, Mint, type Operand, quiet, Read, register, repeat, reply, returned, run, set, type Step, system, Transfer, Write,
} from "../language.ts";
import { at, handles } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!;
const far = 0xffffffff;

const shapes: Array<[string, Operand, Operand, number, number]> = [
  ["a page", buffer(), 4096, Both, Ok], ["two pages", buffer(), 8192, Read, Ok], ["the last page of the memory", end(-4096), 4096, Write, Ok], ["the page at null", 0, 4096, Read, Ok],
  ["nothing", buffer(), 0, Read, InvalidArgument], ["a byte", buffer(), 1, Read, InvalidArgument], ["a page less one byte", buffer(), 4095, Read, InvalidArgument], ["a page and one byte", buffer(), 4097, Read, InvalidArgument],
  ["a start one byte before a page", buffer(4095), 4096, Read, InvalidArgument], ["a start one byte into a page", buffer(1), 4096, Read, InvalidArgument], ["a start half a page in", buffer(2048), 4096, Read, InvalidArgument],
  ["a page past the memory's end", end(), 4096, Read, InvalidArgument], ["two pages of which one is past the end", end(-4096), 8192, Read, InvalidArgument], ["nothing at the end", end(), 0, Read, InvalidArgument],
  ["all of the address space but a page", 4096, -4096, Read, InvalidArgument], ["an end that wraps", -4096, 8192, Read, InvalidArgument], ["the last page of the address space", -4096, 4096, Read, InvalidArgument],
  ["2^31 bytes", 0, 0x80000000, Read, InvalidArgument],
  ["no rights", buffer(), 4096, 0, InvalidArgument], ["a right that grants do not have", buffer(), 4096, 4, InvalidArgument], ["TRANSFER", buffer(), 4096, Read | Transfer, InvalidArgument], ["MINT", buffer(), 4096, Read | Mint, InvalidArgument], ["every right", buffer(), 4096, far, InvalidArgument],
  ["the page before messageIn's", buffers(), 4096, Both, Ok], ["messageIn's page", buffers(4096), 4096, Read, InvalidArgument], ["messageOut's page", buffers(8192), 4096, Write, InvalidArgument],
  ["the page behind messageOut's", buffers(12288), 4096, Both, Ok], ["pages that end in messageIn's", buffers(), 8192, Read, InvalidArgument], ["pages that begin in messageOut's", buffers(8192), 8192, Read, InvalidArgument], ["pages around both", buffers(), 16384, Read, InvalidArgument],
];
const shapeCases = rule("what may be granted", shapes.map(([name, address, length, rights, answer]) => [name, [at("attacker", [system.grant_create(attacker.server!, address, length, rights)])], [answer]]));

/** The attacker grants a page to the server in register 5 there; `use` in the server; the attacker's own handle is in register 0. */
const granted = (rights: number, use: Step[], after: Step[] = []): Step[] => [at("attacker", [
  fill(buffer(), 0x33, 16384), keepSign(0, system.grant_create(attacker.server!, buffer(4096), 4096, rights)), give(0, register(0)), run(attacker.server!, [set(5, given(0)), ...use]), ...after])];
const read = (offset: Operand, length: Operand): Step => system.lease_read(register(5), offset, buffer(), length);
const write = (offset: Operand, length: Operand): Step => system.lease_write(register(5), offset, buffer(), length);
const boundCases = rule("a grant's bounds", ([
  ["all of it", 0, 4096, Ok], ["its last byte", 4095, 1, Ok], ["one byte past the end", 0, 4097, OutOfRange], ["from the end", 4096, 1, OutOfRange], ["nothing at the end", 4096, 0, Ok], ["nothing past the end", 4097, 0, OutOfRange],
  ["one byte before the start", -1, 1, OutOfRange], ["an end that wraps", -1, 4096, OutOfRange], ["all of the address space", 0, far, OutOfRange], ["offset 2^32 - 1", far, 1, OutOfRange],
] as Array<[string, number, number, number]>).flatMap(([name, offset, length, answer]) => [
  [`read ${name}`, granted(Both, [read(offset, length)]), [0, answer]],
  [`write ${name}`, granted(Both, [fill(buffer(), 0x33, 8192), write(offset, length)], [check(buffer(), 0x33, 16384)]), [0, answer, 0]],
] as Array<[string, Step[], number[]]>));

const rightsCases = rule("a grant's rights and whose it is", [
  ["reading through a write grant", granted(Write, [read(0, 1)]), [0, Denied]],
  ["writing through a read grant", granted(Read, [write(0, 1)], [check(buffer(), 0x33, 16384)]), [0, Denied, 0]],
  ["lent on with more rights", granted(Read, [lend(0, register(5), 0, 16, Both), run(server.deep!)]), [0, Denied]],
  ["lent on past its end", granted(Read, [lend(0, register(5), 4090, 7, Read), run(server.deep!)]), [0, OutOfRange]],
  ["lent on in part", granted(Read, [lend(0, register(5), 4090, 6, Read), run(server.deep!, [system.lease_read(lease(0), 0, buffer(), 6), system.lease_read(lease(0), 0, buffer(), 7)])]), [0, Ok, OutOfRange]],
  ["minted wider", granted(Read, [system.capability_mint(register(5), Both, 0)]), [0, Denied]],
  ["minted narrower", granted(Both, [keep(6, system.capability_mint(register(5), Read, 0)), system.lease_write(register(6), 0, buffer(), 1), system.lease_read(register(6), 0, buffer(), 1)]), [0, Denied, Ok]],
  ["minted with a badge, which would name another receiver", granted(Both, [system.capability_mint(register(5), Read | Transfer, 2)]), [0, Denied]],
  ["passed on to a third domain", granted(Both, [give(0, register(5)), run(server.deep!)]), [0, Denied]],
  ["passed back to its owner", granted(Both, [reply(0, register(5))]), [0, ProtocolBreach]],
  ["given to another than it was made for", [at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Read)), give(0, register(0)), run(attacker.deep!)])], [Denied]],
  ["given past the server to a deeper one by its owner", [at("attacker", [keep(0, system.grant_create(attacker.deep!, buffer(4096), 4096, Read)), give(0, register(0)), run(attacker.server!)])], [Denied]],
  ["made for a higher domain", [at("server", [system.grant_create(server.self!, buffer(4096), 4096, Read)])], [Denied]],
  ["used by its owner, who may", [at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), system.lease_read(register(0), 0, buffer(), 16), system.lease_read(register(0), 0, buffer(), 4097)])], [Ok, OutOfRange]],
  ["twice to the same domain", granted(Read, [], [give(0, register(0)), run(attacker.server!, [system.lease_read(given(0), 0, buffer(), 1), read(0, 1)])]), [0, Ok, Ok]],
  ["a grant and a lease of the same memory", granted(Read, [], [lend(0, 0, buffer(4096), 4096, Both), run(attacker.server!, [system.lease_write(lease(0), 0, buffer(), 1), write(0, 1)])]), [0, Ok, Denied]],
]);

/** `between` in the attacker; then the server uses the grant it kept. */
const later = (between: Step[], use: Step[] = [read(0, 1), write(0, 1)]): Step[] => granted(Both, [], [...between, run(attacker.server!, use)]);
const lifeCases = rule("a grant's life", [
  ["it outlives the call", later([]), [0, Ok, Ok]],
  ["dropped by its owner", later([system.capability_drop(register(0))]), [0, Ok, InvalidHandle, InvalidHandle]],
  ["revoked by its owner", later([system.capability_revoke(register(0))]), [0, Ok, InvalidHandle, InvalidHandle]],
  ["revoked, the owner still has it and may give it again", later([system.capability_revoke(register(0)), give(0, register(0))], [read(0, 1), system.lease_read(given(0), 0, buffer(), 1)]), [0, Ok, InvalidHandle, Ok]],
  ["dropped by the receiver alone", granted(Both, [system.capability_drop(register(5)), read(0, 1)], [system.lease_read(register(0), 0, buffer(), 1)]), [0, Ok, InvalidHandle, Ok]],
  ["dropped takes what the receiver minted", granted(Both, [keep(6, system.capability_mint(register(5), Read, 0)), quiet(system.capability_drop(register(5)))], [system.capability_drop(register(0)), run(attacker.server!, [system.lease_read(register(6), 0, buffer(), 1)])]), [0, Ok, InvalidHandle]],
  ["dropped and made again at the same place", later([system.capability_drop(register(0)), keepSign(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both))]), [0, Ok, 0, InvalidHandle, InvalidHandle]],
  ["read with an empty stack between", [granted(Both, []), [at("server", [read(0, 1)])]], [0, Ok]],
  ["a lease lent on from a grant that is dropped during the call", granted(Both, [set(7, 1)], [
    system.capability_drop(register(0)), run(attacker.server!, [lend(0, register(5), 0, 16, Read), run(server.deep!)])]), [0, Ok, InvalidHandle]],
  ["a hundred grants and a handle kept of the first", granted(Both, [], [quiet(system.capability_drop(register(0))), repeat(100, [keep(1, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), give(0, register(1)), run(attacker.server!, [read(0, 1)]), quiet(system.capability_drop(register(1)))])]), [0, InvalidHandle, 0]],
]);

const duringCases = rule("taken back during use", [
  ["a grant's owner is below on the stack and cannot; the receiver drops it in the call", granted(Both, [read(0, 1), system.capability_drop(register(5)), read(0, 1)]), [0, Ok, Ok, InvalidHandle]],
  ["the server drops a grant that it lent on: the deeper lease lives until its return", granted(Both, [
    lend(0, register(5), 0, 16, Read), run(server.deep!, [system.lease_read(lease(0), 0, buffer(), 16)]), system.capability_drop(register(5)), read(0, 1)]), [0, Ok, Ok, InvalidHandle]],
  ["the server revokes the endpoint that it is called by", [at("attacker", [
    run(attacker.server!, [keep(0, system.capability_mint(server.self!, 511, 30)), reply(0, register(0))]), set(0, returned(0)), run(register(0), [system.capability_revoke(server.self!), system.clock_read(server.clock!, buffer())]), system.call(register(0))])], [Ok, Ok, InvalidHandle]],
  ["the server drops the lease that it is reading", [at("attacker", [lend(0, 0, buffer(), 64, Read), run(attacker.server!, [system.lease_read(lease(0), 0, buffer(), 64), system.capability_drop(lease(0)), system.lease_read(lease(0), 0, buffer(), 64)])])], [Ok, Ok, InvalidHandle]],
  ["the server revokes the lease that it lent on, from inside the deeper call's way back", [at("attacker", [lend(0, 0, buffer(), 64, Read), run(attacker.server!, [lend(0, lease(0), 0, 64, Read), run(server.deep!, [system.lease_read(lease(0), 0, buffer(), 64)]), system.capability_revoke(lease(0)), system.lease_read(lease(0), 0, buffer(), 64)])])], [Ok, Ok, Ok]],
]);

export const grantCases: Case[] = [...shapeCases, ...boundCases, ...rightsCases, ...lifeCases, ...duringCases];
