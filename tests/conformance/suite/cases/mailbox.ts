// The mailbox, as it is shipped: clients of equal rank, who cannot call each other, hand capabilities to each other through it, and nobody else gets at them.
import { type Case, Denied, InvalidHandle, Ok, OutOfMemory, PeerRestarted, rule } from "../case.ts";
import { badge, counts, Ending, endBy, give, keep, load, messageOut, moves, type Operand, plus, quiet, register, repeat, report, returned, run, set, type Step, store, system, until } from "../language.ts";
import { at, handles, ids } from "../world.ts";

const NotFound = -64;
const interfaceNumber = 7, leaveNumber = 1, takeNumber = 2, withdrawNumber = 3;
const attacker = handles.attacker!, lodger = handles.lodger!;
const attackerBadge = 105, lodgerBadge = 106;

/** Header and fields of a request: the tag's low word at offset 16, its high one, the recipient. */
const request = (operation: number, tag: Operand, recipient = 0): Step[] =>
  [store(messageOut(), interfaceNumber | operation << 16), counts(0, 0), moves(0), store(messageOut(16), tag), store(messageOut(20), 0), store(messageOut(24), recipient)];
const leave = (handle: Operand, tag: Operand, recipient = lodgerBadge): Step[] => [...request(leaveNumber, tag, recipient), give(0, handle), system.call(attacker.mailbox!)];
const withdraw = (tag: Operand, recipient = lodgerBadge): Step[] => [...request(withdrawNumber, tag, recipient), system.call(attacker.mailbox!)];
/** What was taken is in register 0. */
const take = (mailbox: Operand, tag: Operand): Step[] => [...request(takeNumber, tag), system.call(mailbox), set(0, returned(0)), counts(0, 0)];
const lodgerTakes = (tag: Operand): Step => at("lodger", take(lodger.mailbox!, tag));

export const mailboxCases: Case[] = rule("the mailbox", [
  ["what one client leaves, the other takes and can use", [at("attacker", leave(attacker.deep!, 1)), lodgerTakes(1), at("lodger", [run(register(0), [report(badge)])])], [Ok, Ok, 52]],
  ["the taker is told who left it", [at("attacker", leave(attacker.deep!, 2)), at("lodger", [...take(lodger.mailbox!, 2), load(messageOut(16))])], [Ok, Ok, attackerBadge]],
  ["another than the recipient does not get it", [at("attacker", [...leave(attacker.deep!, 3), ...take(attacker.mailbox!, 3)]), lodgerTakes(3)], [Ok, NotFound, Ok]],
  ["another tag does not get it", [at("attacker", leave(attacker.deep!, 4)), lodgerTakes(5), lodgerTakes(4)], [Ok, NotFound, Ok]],
  ["it is taken once", [at("attacker", leave(attacker.deep!, 6)), lodgerTakes(6), lodgerTakes(6)], [Ok, Ok, NotFound]],
  ["what is withdrawn is gone", [at("attacker", [...leave(attacker.deep!, 7), ...withdraw(7), ...withdraw(7)]), lodgerTakes(7)], [Ok, Ok, NotFound, NotFound]],
  ["another's letter cannot be withdrawn", [at("attacker", leave(attacker.deep!, 8)), at("lodger", [...request(withdrawNumber, 8, lodgerBadge), system.call(lodger.mailbox!)]), lodgerTakes(8)], [Ok, NotFound, Ok]],
  ["what may not be transferred cannot be left", [at("attacker", leave(attacker.bare!, 9)), lodgerTakes(9)], [Denied, NotFound]],
  ["a handle that the sender does not own", [at("attacker", leave(0x50040, 10)), lodgerTakes(10)], [InvalidHandle, NotFound]],
  ["what is left is not wider than what was held", [at("attacker", [keep(1, system.capability_mint(attacker.deep!, 1 | 256, 0)), ...leave(register(1), 11)]), lodgerTakes(11), at("lodger", [system.capability_mint(register(0), 3, 0)])], [Ok, Ok, Denied]],
  ["revoked by its owner after it was taken", [at("attacker", [keep(1, system.capability_mint(attacker.deep!, 255 | 256, 0)), ...leave(register(1), 12)]), lodgerTakes(12), at("attacker", [system.capability_revoke(register(1))]), at("lodger", [run(register(0))])], [Ok, Ok, Ok, InvalidHandle]],
  ["revoked by its owner while it waits", [at("attacker", [keep(1, system.capability_mint(attacker.deep!, 255 | 256, 0)), ...leave(register(1), 13), system.capability_revoke(register(1))]), lodgerTakes(13)], [Ok, Ok, NotFound]],
  ["a flood: eight wait from one sender, and there is room again when they are gone", [at("attacker", [until(20, [set(1, plus(register(1), 1)), ...leave(attacker.deep!, register(1))]), report(register(1))]),
    at("lodger", [quiet(repeat(8, [set(1, plus(register(1), 1)), ...take(lodger.mailbox!, register(1)).map(quiet), quiet(system.capability_drop(register(0)))])), report(register(1))]),
    at("attacker", leave(attacker.deep!, 20)), lodgerTakes(20)], [OutOfMemory, 9, 8, Ok, Ok]],
  ["letters for a recipient that died are gone", [[at("attacker", [...leave(attacker.deep!, 21), system.control_kill(attacker.control!, ids.lodger!)])], [at("attacker", withdraw(21))]], [Ok, Ok, NotFound]],
  ["letters of a sender that died are gone", [[at("attacker", [...leave(attacker.deep!, 22), endBy(Ending.unreachable)])], [lodgerTakes(22)]], [PeerRestarted, NotFound]],
  ["its restart is told once, and it starts empty", [at("attacker", [...leave(attacker.deep!, 23), system.control_kill(attacker.control!, ids.mailbox!), ...withdraw(23), ...withdraw(23)])], [Ok, Ok, PeerRestarted, NotFound]],
]);
