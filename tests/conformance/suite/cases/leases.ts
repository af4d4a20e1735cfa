// Leases: bounds and rights on every access, gone at return, lent on in part and never with more than was received, never over a message buffer.
import { type Case, Denied, InvalidArgument, InvalidHandle, Ok, OutOfRange, ProtocolBreach, rule } from "../case.ts";
import {
  argument, Both, buffer, buffers, check, counts, end, fill, give, given, grow, keep, keepSign, lease, lend, messageIn, messageOut, Mint, onNotified, type Operand, quiet, Read, register,
  repeat, reply, report, run, set, type Step, system, Transfer, withArgument, Write,
} from "../language.ts";
import { at, handles } from "../world.ts";

const attacker = handles.attacker!, server = handles.server!;
const lent = 256;
/** The attacker lends 256 bytes of 0x5a to the server, which runs `script`; and then `after` in the attacker. */
const withLease = (rights: number, script: Step[], after: Step[] = [], length: Operand = lent): Step[] =>
  [at("attacker", [fill(buffer(), 0x5a, 4096), lend(0, 0, buffer(1024), length, rights), run(attacker.server!, script), ...after])];
/** The bytes around the lease are untouched. */
const around: Step[] = [check(buffer(), 0x5a, 1024), check(buffer(1024 + lent), 0x5a, 4096 - 1024 - lent)];
const far = 0xffffffff;

const access = (direction: "read" | "write") => (offset: Operand, length: Operand, address: Operand = buffer()): Step =>
  (direction === "read" ? system.lease_read(lease(0), offset, address, length) : system.lease_write(lease(0), offset, address, length));
const bounds = (["read", "write"] as const).flatMap((direction) => {
  const go = access(direction), rights = direction === "read" ? Read : Write;
  const rows: Array<[string, Step, number]> = [
    ["the whole", go(0, lent), Ok], ["its first byte", go(0, 1), Ok], ["its last byte", go(lent - 1, 1), Ok],
    ["one byte past the end", go(0, lent + 1), OutOfRange], ["from its end, one byte", go(lent, 1), OutOfRange], ["from its last byte, two", go(lent - 1, 2), OutOfRange],
    ["one byte before its start", go(-1, 1), OutOfRange], ["from one before its start, all", go(-1, lent), OutOfRange], ["from one before its start, one more than all", go(-1, lent + 1), OutOfRange],
    ["nothing at its start", go(0, 0), Ok], ["nothing at its end", go(lent, 0), Ok], ["nothing past its end", go(lent + 1, 0), OutOfRange],
    ["at offset 2^31", go(0x80000000, 1), OutOfRange], ["at offset 2^32 - 1", go(far, 1), OutOfRange], ["nothing at offset 2^32 - 1", go(far, 0), OutOfRange],
    ["2^32 - 1 bytes", go(0, far), OutOfRange], ["offset and length that wrap to 0", go(16, -16), OutOfRange], ["offset and length that wrap into the lease", go(-8, 16), OutOfRange],
    ["offset 2^32 - 1, length 2^32 - 1", go(far, far), OutOfRange], ["offset 1, length 2^32 - 1", go(1, far), OutOfRange], ["2^31 bytes from offset 2^31", go(0x80000000, 0x80000000), OutOfRange],
  ];
  return rule("a lease's bounds", rows.map(([name, step, answer]) => [`${direction} ${name}`, withLease(rights, [step], around), [answer, 0, 0]]));
});

const addresses = (["read", "write"] as const).flatMap((direction) => {
  const go = access(direction), rights = direction === "read" ? Read : Write;
  const rows: Array<[string, Operand, Operand, number]> = [
    ["the last bytes of the memory", end(-16), 16, Ok], ["one byte past the memory's end", end(-16), 17, InvalidArgument], ["the memory's end", end(), 1, InvalidArgument],
    ["nothing at the memory's end", end(), 0, Ok], ["nothing past the memory's end", end(1), 0, InvalidArgument], ["2^32 - 1", far, 1, InvalidArgument], ["an address that wraps", -8, 16, InvalidArgument],
    ["null", 0, 0, Ok],
  ];
  return rule("addresses of one's own memory", rows.map(([name, address, length, answer]) =>
    [`lease_${direction} at ${name}`, withLease(rights, [go(0, length, address)], around), [answer, 0, 0]]));
});

const rightsCases = rule("a lease's rights", [
  ["reading through a write lease", withLease(Write, [access("read")(0, 16)], around), [Denied, 0, 0]],
  ["writing through a read lease", withLease(Read, [access("write")(0, 16)], [check(buffer(), 0x5a, 4096)]), [Denied, 0]],
  ["both through a lease of both", withLease(Both, [access("write")(0, 16), access("read")(0, 16)], around), [Ok, Ok, 0, 0]],
  ["a refusal names the right before the bounds", withLease(Read, [access("write")(far, far)]), [Denied]],
  ["a lease without rights", withLease(0, []), [InvalidArgument]],
  ["a lease with a right that leases do not have", withLease(4, []), [InvalidArgument]],
  ["a lease with TRANSFER", withLease(Read | Transfer, []), [InvalidArgument]],
  ["a lease with MINT", withLease(Read | Mint, []), [InvalidArgument]],
  ["a lease with every bit", withLease(far, []), [InvalidArgument]],
  ["minted narrower, only that", withLease(Both, [keepSign(0, system.capability_mint(lease(0), Read, 0)), system.lease_write(register(0), 0, buffer(), 16), system.lease_read(register(0), 0, buffer(), 16)]), [0, Denied, Ok]],
  ["minted wider", withLease(Read, [system.capability_mint(lease(0), Both, 0)]), [Denied]],
  ["minted with TRANSFER", withLease(Both, [system.capability_mint(lease(0), Both | Transfer, 0)]), [Denied]],
  ["minted with a badge", withLease(Both, [system.capability_mint(lease(0), Read, 5)]), [Denied]],
]);

const lending = (source: Operand, address: Operand, length: Operand, rights = Read): Step[] => [lend(0, source, address, length, rights), run(attacker.server!, [])];
const ownRows: Array<[string, Operand, Operand, number | undefined]> = [
  ["up to the memory's end", end(-16), 16, undefined], ["one byte past the memory's end", end(-16), 17, InvalidArgument], ["at the memory's end", end(), 1, InvalidArgument],
  ["nothing at the memory's end", end(), 0, undefined], ["nothing past it", end(1), 0, InvalidArgument], ["all of the address space", 0, far, InvalidArgument],
  ["an end that wraps", -16, 32, InvalidArgument], ["address 2^32 - 1, nothing", far, 0, InvalidArgument], ["nothing at null", 0, 0, undefined],
];
const messageRows: Array<[string, Operand, Operand, number | undefined]> = (["messageIn", "messageOut"] as const).flatMap((name) => {
  const place = name === "messageIn" ? messageIn : messageOut;
  return [
    [`up to ${name}`, place(-16), 16, undefined], [`one byte into ${name} from the left`, place(-16), 17, InvalidArgument], [`behind ${name}`, place(144), 16, undefined],
    [`the last byte of ${name}`, place(143), 1, InvalidArgument], [`the first byte of ${name}`, place(), 1, InvalidArgument], [`all around ${name}`, place(-16), 176, InvalidArgument],
    [`nothing inside ${name}`, place(8), 0, undefined], [`inside ${name}`, place(64), 16, InvalidArgument],
  ] as Array<[string, Operand, Operand, number | undefined]>;
});
const makingCases = rule("what may be lent", [...ownRows, ...messageRows].map(([name, address, length, answer]) =>
  [`lend ${name}`, [at("attacker", lending(0, address, length))], answer === undefined ? [] : [answer]]));
const countCases = rule("a message's counts", [
  ["four leases", [at("attacker", [0, 1, 2, 3].map((number) => lend(number, 0, buffer(64 * number), 64, Read)).concat(run(attacker.server!, [0, 1, 2, 3].map((number) => system.lease_read(lease(number), 0, buffer(), 64)))))], [0, 0, 0, 0]],
  ["five leases", [at("attacker", [counts(5, 0), run(attacker.server!)])], [InvalidArgument]],
  ["255 leases", [at("attacker", [counts(255, 0), run(attacker.server!)])], [InvalidArgument]],
  ["five capabilities", [at("attacker", [counts(0, 5), run(attacker.server!)])], [InvalidArgument]],
  ["255 capabilities", [at("attacker", [counts(0, 255), run(attacker.server!)])], [InvalidArgument]],
  ["a bad fourth lease leaves no trace of the others", [at("attacker", [
    lend(0, 0, buffer(), 64, Read), lend(1, 0, buffer(), 64, Read), lend(2, 0, buffer(), 64, Read), lend(3, 0, end(), 1, Read), run(attacker.server!), lend(0, 0, buffer(), 64, Read),
    run(attacker.server!, [system.lease_read(lease(0), 0, buffer(), 64), report(lease(1))])])], [InvalidArgument, 0, 0]],
]);

const lendOn = (address: Operand, length: Operand, rights: number, script: Step[] = []): Step[] => [lend(0, lease(0), address, length, rights), run(server.deep!, script)];
const lendingOnCases = rule("lending on", [
  ["a part, which reads what the lender has", withLease(Both, lendOn(16, 32, Read, [system.lease_read(lease(0), 0, buffer(), 32), check(buffer(), 0x5a, 32)])), [0, 0]],
  ["a part, which cannot be read past its end", withLease(Both, lendOn(16, 32, Read, [system.lease_read(lease(0), 0, buffer(), 33), system.lease_read(lease(0), 32, buffer(), 1), system.lease_read(lease(0), -1, buffer(), 1)])), [OutOfRange, OutOfRange, OutOfRange]],
  ["a part is written at its place", withLease(Both, [lend(0, lease(0), lent - 16, 16, Write), run(server.deep!, [fill(buffer(), 1, 64), system.lease_write(lease(0), 0, buffer(), 16)])], [check(buffer(1024), 0x5a, lent - 16), check(buffer(1024 + lent - 16), 1, 16), check(buffer(1024 + lent), 0x5a, 64)]), [0, 0, 0, 0]],
  ["with more rights", withLease(Read, lendOn(0, 16, Both)), [Denied]],
  ["with the other right", withLease(Write, lendOn(0, 16, Read)), [Denied]],
  ["without rights", withLease(Both, lendOn(0, 16, 0)), [InvalidArgument]],
  ["one byte past the end", withLease(Both, lendOn(0, lent + 1, Read)), [OutOfRange]],
  ["from the end", withLease(Both, lendOn(lent, 1, Read)), [OutOfRange]],
  ["one byte before the start", withLease(Both, lendOn(-1, 2, Read)), [OutOfRange]],
  ["an end that wraps", withLease(Both, lendOn(32, -16, Read)), [OutOfRange]],
  ["nothing at the end", withLease(Both, lendOn(lent, 0, Read)), []],
  ["a minted lease, no more than it carries", withLease(Both, [keep(0, system.capability_mint(lease(0), Read, 0)), lend(0, register(0), 0, 16, Write), run(server.deep!)]), [Denied]],
  ["the server's lease handle does not work in the deeper domain", withLease(Both, [withArgument(0, lease(0)), run(server.deep!, [system.lease_read(argument(0), 0, buffer(), 1)])]), [InvalidHandle]],
]);

/** The server keeps the handle in register 5 for a second request. */
const kept = (use: Step[], lendAgain = false): Step[] => [at("attacker", [
  lend(0, 0, buffer(), 64, Both), run(attacker.server!, [set(5, lease(0))]), ...(lendAgain ? [lend(0, 0, buffer(), 64, Both)] : []), run(attacker.server!, use)])];
const endCases = rule("a lease ends at return", [
  ["read afterwards", kept([system.lease_read(register(5), 0, buffer(), 1)]), [InvalidHandle]],
  ["write afterwards", kept([system.lease_write(register(5), 0, buffer(), 1)]), [InvalidHandle]],
  ["read nothing afterwards", kept([system.lease_read(register(5), 0, buffer(), 0)]), [InvalidHandle]],
  ["lend on afterwards", kept([lend(0, register(5), 0, 1, Read), run(server.deep!)]), [InvalidHandle]],
  ["mint afterwards", kept([system.capability_mint(register(5), Read, 0)]), [InvalidHandle]],
  ["the old handle while the slot holds a new lease", kept([system.lease_read(register(5), 0, buffer(), 1), system.lease_read(lease(0), 0, buffer(), 1)], true), [InvalidHandle, Ok]],
  ["a copy that was minted from it", [at("attacker", [lend(0, 0, buffer(), 64, Both), run(attacker.server!, [keepSign(5, system.capability_mint(lease(0), Read, 0))]), run(attacker.server!, [system.lease_read(register(5), 0, buffer(), 1)])])], [0, InvalidHandle]],
  ["a deeper domain after its own return", withLease(Both, [lend(0, lease(0), 0, 16, Read), run(server.deep!, [set(5, lease(0))]), run(server.deep!, [system.lease_read(register(5), 0, buffer(), 1)])]), [InvalidHandle]],
  ["a deeper domain after the lender's return", [at("attacker", [lend(0, 0, buffer(), 64, Both), run(attacker.server!, [lend(0, lease(0), 0, 16, Read), run(server.deep!, [set(5, lease(0))])]), run(attacker.deep!, [system.lease_read(register(5), 0, buffer(), 1)])])], [InvalidHandle]],
  ["in a notification later", [[at("attacker", [lend(0, 0, buffer(), 64, Both), run(attacker.server!, [set(5, lease(0)), onNotified([keep(6, system.lease_read(register(5), 0, buffer(), 1))])]), quiet(system.notify(attacker.down!, 0x10))])], [at("server", [report(register(6))])]], [InvalidHandle]],
  ["a thousand leases through one slot, the first handle kept", [at("attacker", [
    lend(0, 0, buffer(), 64, Both), run(attacker.server!, [set(5, lease(0))]), repeat(1000, [lend(0, 0, buffer(), 64, Both), run(attacker.server!, [system.lease_read(register(5), 0, buffer(), 1)])])])], [InvalidHandle, 0]],
  ["as many leases as there are generations, and the handle is the first again: of what the server holds now", [at("attacker", [
    lend(0, 0, buffer(), 64, Both), run(attacker.server!, [set(5, lease(0))]), repeat(32766, [lend(0, 0, buffer(), 16, Both), run(attacker.server!, [])]),
    lend(0, 0, buffer(), 16, Both), run(attacker.server!, [system.lease_read(register(5), 0, buffer(), 17), system.lease_read(register(5), 0, buffer(), 16)])])], [0, OutOfRange, Ok]],
  ["dropped before", withLease(Both, [system.capability_drop(lease(0)), access("read")(0, 1)]), [Ok, InvalidHandle]],
  ["dropped takes what was minted from it along", withLease(Both, [keep(0, system.capability_mint(lease(0), Read, 0)), system.capability_drop(lease(0)), system.lease_read(register(0), 0, buffer(), 1)]), [Ok, InvalidHandle]],
  ["revoking it takes what was minted, and it stays", withLease(Both, [keep(0, system.capability_mint(lease(0), Read, 0)), system.capability_revoke(lease(0)), system.lease_read(register(0), 0, buffer(), 1), access("read")(0, 1)]), [Ok, InvalidHandle, Ok]],
  ["a lease is not transferred in a slot", withLease(Both, [give(0, lease(0)), run(server.deep!)]), [Denied]],
  ["nor in a reply", withLease(Both, [reply(0, lease(0))]), [ProtocolBreach]],
]);

const growth = rule("memory does not grow", [
  ["by one page", [at("attacker", [grow(1)])], [-1]],
  ["by as much as there is", [at("attacker", [grow(65536 - 16)])], [-1]],
  ["by more than there is", [at("attacker", [grow(far)])], [-1]],
  ["by nothing tells the size", [at("attacker", [grow(0)])], [16]],
  ["by nothing, and the next reply arrives", [at("attacker", [grow(0)]), at("attacker", [report(5)])], [16, 5]],
  ["by nothing, and the next call and lease", [at("attacker", [fill(buffer(), 0x5a, 64), grow(0), lend(0, 0, buffer(), 64, Read), run(attacker.server!, [quiet(grow(0)), system.lease_read(lease(0), 0, buffer(), 64), check(buffer(), 0x5a, 64)])])], [16, 0, 0]],
  ["by nothing between reading a clock and lending", [at("attacker", [grow(0), system.clock_read(attacker.clock!, buffer()), quiet(grow(0)), lend(0, 0, buffer(), 64, Write), run(attacker.server!, [quiet(grow(0)), system.lease_write(lease(0), 0, buffer(), 64)])])], [16, 0, 0]],
  ["by nothing in a handler, and others still reach what was granted", [[at("attacker", [keep(0, system.grant_create(attacker.server!, buffer(4096), 4096, Both)), give(0, register(0)), run(attacker.server!, [set(5, given(0))]), onNotified([quiet(grow(0))]), system.notify(attacker.own!, 0x100)])],
    [at("server", [system.lease_write(register(5), 0, buffer(), 64), system.lease_read(register(5), 0, buffer(), 64)])]], [0, 0, 0]],
  ["by nothing in a driver, which polls its device", [at("driver", [grow(0), system.fence_and_relax(), system.wait(1, 100), system.device_parameters(handles.driver!["disk.dma"]!, buffer(), 1)])], [16, 0, 0, 1]],
  ["while it is lent, and the lease still works", withLease(Both, [grow(1), access("read")(0, lent)], [grow(1)]), [-1, 0, -1]],
  ["an address past the limit is refused afterwards", [at("attacker", [quiet(grow(1)), lend(0, 0, end(), 1, Read), run(attacker.server!)])], [InvalidArgument]],
]);
const overlap = rule("both ends of a copy", [
  ["a copy within the memory of the page of the message buffers", withLease(Both, [access("read")(0, 16, buffers())], around), [0, 0, 0]],
  ["a copy over one's own message buffer is one's own affair", withLease(Both, [access("write")(0, 16, messageOut())], [check(buffer(1024 + lent), 0x5a, 64)]), [0, 0]],
]);

export const leaseCases: Case[] = [...bounds, ...addresses, ...rightsCases, ...makingCases, ...countCases, ...lendingOnCases, ...endCases, ...growth, ...overlap];
