// The world outside: registers, device addresses, clock, entropy, console, trace, power, the list of domains. Each needs its capability, and each writes only
// into the memory of the domain that asks.
import { type Case, Denied, InvalidArgument, InvalidHandle, Ok, OutOfRange, rule, TooLarge, WrongKind } from "../case.ts";
import {
  Both, buffer, check, compute, end, fill, given, give, keep, keepSign, lease, lend, load, messageIn, messageOut, type Operand, plus, quiet, Read, register, repeat, report, run, set, sign, type Step, system, Write,
} from "../language.ts";
import { at, conductorTo, handles, ids } from "../world.ts";

const attacker = handles.attacker!, driver = handles.driver!, server = handles.server!, conductor = handles.conductor!;
const dma = driver["disk.dma"]!;
const far = 0xffffffff;
const count = Object.keys(ids).length;

/** Addresses of one's own memory that are refused, for a length that is not nothing. */
const badAddresses = (length: number): Array<[string, Operand]> => [
  ["one byte past the end", end(1 - length)], ["at the end", end()], ["past the end", end(4096)], ["at 2^31", 0x80000000], ["at 2^32 - 1", far], ["so that the end wraps", -length + 1], ["so that the end wraps to 0", -length],
];
type Maker = (address: Operand) => Step;
const writers: Array<[name: string, domain: string, length: number, make: Maker, answer: number]> = [
  ["clock_read", "attacker", 16, (address) => system.clock_read(attacker.clock!, address), Ok],
  ["entropy_read", "attacker", 64, (address) => system.entropy_read(attacker.entropy!, address, 64), Ok],
  ["trace_note", "attacker", 32, (address) => system.trace_note(attacker.trace!, address, 32), Ok],
  ["control_list of one", "attacker", 64, (address) => system.control_list(attacker.control!, address, 1), 1],
  ["device_parameters", "driver", 28, (address) => system.device_parameters(dma, address, 7), 7],
  ["dma_segments' list", "driver", 16, (address) => system.dma_segments(dma, 0, buffer(), 64, 0, address, 1), 1],
  ["dma_segments of own memory", "driver", 64, (address) => system.dma_segments(dma, 0, address, 64, 1, buffer(), 1), 1],
];
const addressCases = writers.flatMap(([name, domain, length, make, answer]) => rule("addresses in system calls", [
  [`${name} at the last bytes`, [at(domain, [make(end(-length))])], [answer]],
  [`${name} at the first bytes`, [at(domain, [make(0)])], [answer]],
  [`${name} at an odd address`, [at(domain, [make(buffer(3))])], [answer]],
  ...badAddresses(length).map(([where, address]) => [`${name} ${where}`, [at(domain, [make(address)])], [InvalidArgument]] as [string, Step[], number[]]),
]));
const consoleAddressCases = rule("addresses in system calls", (["console_write", "console_read", "console_arguments"] as const).flatMap((name) => [
  ...badAddresses(64).map(([where, address]) => [`${name} ${where}`, [system[name](conductor.console!, address, 64)], [InvalidArgument]] as [string, Step[], number[]]),
  [`${name} of 2^32 - 1 bytes`, [system[name](conductor.console!, 0, far)], [InvalidArgument]],
  [`${name} of nothing at the end`, [system[name](conductor.console!, end(), 0)], [name === "console_arguments" ? 9 : 0]],
  [`${name} of nothing past the end`, [system[name](conductor.console!, end(1), 0)], [InvalidArgument]],
]));
const lengthCases = rule("addresses in system calls", [
  ["entropy_read of 2^32 - 1 bytes", [at("attacker", [system.entropy_read(attacker.entropy!, 1, far)])], [InvalidArgument]],
  ["entropy_read of nothing at the end", [at("attacker", [system.entropy_read(attacker.entropy!, end(), 0)])], [Ok]],
  ["entropy_read of nothing past the end", [at("attacker", [system.entropy_read(attacker.entropy!, end(1), 0)])], [InvalidArgument]],
  ["trace_note of 2^32 - 1 bytes", [at("attacker", [system.trace_note(attacker.trace!, 1, far)])], [InvalidArgument]],
  ["trace_note of nothing", [at("attacker", [system.trace_note(attacker.trace!, 0, 0)])], [Ok]],
  ["trace_note of bytes that are no text", [at("attacker", [fill(buffer(), 0xff, 64), system.trace_note(attacker.trace!, buffer(), 64)])], [Ok]],
  ["console_arguments into less than there is", [fill(buffer(), 0x11, 16), system.console_arguments(conductor.console!, buffer(), 4), check(buffer(4), 0x11, 12)], [9, 0]],
  ["console_arguments writes no more than there is", [fill(buffer(), 0x11, 16), system.console_arguments(conductor.console!, buffer(), 16), check(buffer(9), 0x11, 7)], [9, 0]],
  ["console_read when nothing waits", [system.console_read(conductor.console!, buffer(), 64)], [0]],
  ["console_write of nothing", [system.console_write(conductor.console!, 0, 0)], [0]],
  ["entropy_read fills what was asked and no more", [at("attacker", [fill(buffer(), 0, 96), system.entropy_read(attacker.entropy!, buffer(32), 32), check(buffer(), 0, 32), check(buffer(64), 0, 32), keep(1, check(buffer(32), 0, 32)), compute.equal(register(1), 0)])], [Ok, 0, 0, 0]],
  ["clock_read writes 16 bytes", [at("attacker", [fill(buffer(), 0x77, 48), system.clock_read(attacker.clock!, buffer(16)), check(buffer(), 0x77, 16), check(buffer(32), 0x77, 16)])], [Ok, 0, 0]],
  ["the clock does not go back", [at("attacker", [repeat(1000, [quiet(system.clock_read(attacker.clock!, buffer())), quiet(system.clock_read(attacker.clock!, buffer(16))), keep(1, load(buffer(16))), keep(2, load(buffer())), keep(3, compute.minus(register(1), register(2))), keep(4, compute.max(register(3), 0)), compute.equal(register(3), register(4))])])], [1, 0]],
  ["control_list of none", [at("attacker", [system.control_list(attacker.control!, end(), 0)])], [0]],
  ["control_list of more than there are", [at("attacker", [fill(buffer(count * 64), 0x22, 64), system.control_list(attacker.control!, buffer(), 1000), check(buffer(count * 64), 0x22, 64)])], [count, 0]],
  ["control_list of 2^32 - 1", [at("attacker", [system.control_list(attacker.control!, buffer(), far)])], [count]],
  ["control_list of so many that the size wraps", [at("attacker", [system.control_list(attacker.control!, end(-64), 0x4000001)])], [InvalidArgument]],
  ["device_parameters of none", [at("driver", [system.device_parameters(dma, end(), 0)])], [0]],
  ["device_parameters of more than there are", [at("driver", [fill(buffer(), 0x22, 64), system.device_parameters(dma, buffer(), far), check(buffer(28), 0x22, 36), load(buffer(24))])], [7, 0, 30000]],
  ["device_parameters of two", [at("driver", [fill(buffer(), 0x22, 64), system.device_parameters(dma, buffer(), 2), check(buffer(8), 0x22, 56), load(buffer())])], [2, 0, 1]],
]);

const window = driver["disk.common"]!;
const registerCases = rule("registers", [
  ["a byte, two and four of the common window", [at("driver", [keep(1, system.mmio_read8(window, 20)), keep(2, system.mmio_read16(window, 18)), keep(3, system.mmio_read32(window, 0)), report(register(2))])], [1]],
  ["a status that was written is read back", [at("driver", [system.mmio_write8(window, 20, 1), system.mmio_read8(window, 20), system.mmio_write8(window, 20, 0), system.mmio_read8(window, 20)])], [0, 1, 0, 0]],
  ["the barrier and the turn of a polling loop", [at("driver", [system.fence_and_relax()])], [0]],
  ["the interrupt is acknowledged", [at("driver", [system.interrupt_acknowledge(driver["disk.interrupt"]!)])], [Ok]],
]);

const segments = (source: Operand, offset: Operand, length: Operand, deviceWrites = 0, maximum = 1): Step => system.dma_segments(dma, source, offset, length, deviceWrites, buffer(), maximum);
const viaServer = (rights: number, script: Step[]): Step[] => [at("server", [lend(0, 0, buffer(), 4096, rights), run(server.driver!, script)])];
const dmaCases = rule("device addresses", [
  ["of a lease that the device may read", viaServer(Read, [segments(lease(0), 0, 4096)]), [1]],
  ["of a read lease, for writing", viaServer(Read, [segments(lease(0), 0, 16, 1)]), [Denied]],
  ["of a write lease, for reading", viaServer(Write, [segments(lease(0), 0, 16, 0)]), [Denied]],
  ["of a lease, one byte past its end", viaServer(Both, [segments(lease(0), 0, 4097)]), [OutOfRange]],
  ["of a lease, from its end", viaServer(Both, [segments(lease(0), 4096, 1)]), [OutOfRange]],
  ["of a lease, one byte before its start", viaServer(Both, [segments(lease(0), -1, 2)]), [OutOfRange]],
  ["of a lease, an end that wraps", viaServer(Both, [segments(lease(0), 16, -8)]), [OutOfRange]],
  ["of nothing", viaServer(Both, [segments(lease(0), 0, 0)]), [0]],
  ["into no room", viaServer(Both, [segments(lease(0), 0, 16, 0, 0)]), [TooLarge]],
  ["of a lease that ended", [at("server", [lend(0, 0, buffer(), 4096, Both), run(server.driver!, [set(5, lease(0))]), run(server.driver!, [segments(register(5), 0, 16)])])], [InvalidHandle]],
  ["of a lease that was dropped", viaServer(Both, [quiet(system.capability_drop(lease(0))), segments(lease(0), 0, 16)]), [InvalidHandle]],
  ["of own memory with a message buffer in it", [at("driver", [segments(0, messageIn(), 16), segments(0, messageIn(143), 1, 1), segments(0, messageIn(-16), 17), segments(0, messageOut(143), 2), segments(0, messageOut(), 144, 1)])], Array<number>(5).fill(InvalidArgument)],
  ["of own memory up to a message buffer, and of nothing in it", [at("driver", [segments(0, messageIn(-8), 8), segments(0, messageIn(8), 0)])], [1, 0]],
  ["of a handle that is no memory", [at("driver", [segments(driver.clock!, 0, 16), segments(driver.up!, 0, 16), segments(window, 0, 16), segments(dma, 0, 16)])], [WrongKind, WrongKind, WrongKind, WrongKind]],
  ["of a handle that is not there", [at("driver", [segments(0x50050, 0, 16)])], [InvalidHandle]],
  ["of a grant", [at("server", [keep(0, system.grant_create(server.driver!, buffer(4096), 4096, Read)), give(0, register(0)), run(server.driver!, [segments(given(0), 0, 4096), segments(given(0), 0, 4096, 1), segments(given(0), 4096, 1)])])], [1, Denied, OutOfRange]],
  ["of a grant that its owner dropped", [at("server", [keep(0, system.grant_create(server.driver!, buffer(4096), 4096, Read)), give(0, register(0)), run(server.driver!, [set(5, given(0))]), quiet(system.capability_drop(register(0))), run(server.driver!, [segments(register(5), 0, 16)])])], [InvalidHandle]],
  ["the DMA capability cannot be handed to another", [at("driver", [give(0, dma), run(driver.notebook!), keepSign(0, system.capability_mint(dma, 0, 0)), give(0, register(0)), run(driver.notebook!)])], [Denied, 0, Denied]],
  ["the segments of a lease name the same bytes each time", viaServer(Read, [segments(lease(0), 0, 64), keep(1, load(buffer())), segments(lease(0), 0, 64), keep(2, load(buffer())), compute.equal(register(1), register(2)), load(buffer(8)), load(buffer(12))]), [1, 1, 1, 64, 0]],
]);

const handleless: Array<[string, (handle: Operand) => Step]> = [
  ["clock_read", (handle) => system.clock_read(handle, buffer())], ["timer_set", (handle) => system.timer_set(handle, 1)], ["entropy_read", (handle) => system.entropy_read(handle, buffer(), 8)],
  ["console_write", (handle) => system.console_write(handle, buffer(), 1)], ["console_read", (handle) => system.console_read(handle, buffer(), 1)], ["console_arguments", (handle) => system.console_arguments(handle, buffer(), 1)],
  ["trace_note", (handle) => system.trace_note(handle, buffer(), 1)], ["control_list", (handle) => system.control_list(handle, buffer(), 1)], ["device_parameters", (handle) => system.device_parameters(handle, buffer(), 1)],
  ["interrupt_acknowledge", (handle) => system.interrupt_acknowledge(handle)],
];
const without = rule("nothing without its capability", [
  ["the bystander has no clock, timer, entropy, console, trace, power, control by any number", [at("bystander", [1, 2, 3, 4].map((handle) => sign(system.clock_read(handle, buffer()))))], [WrongKind, WrongKind, WrongKind, WrongKind]],
  ...handleless.map(([name, make]) => [`${name} with each of a hundred handles of a domain that has none`, [at("bystander", [
    set(1, 0), set(2, -100), repeat(100, [keep(1, compute.value(plus(register(1), 1))), keep(3, make(register(1))), keep(2, compute.max(register(2), register(3)))]), report(register(2))])], [0, InvalidHandle]] as [string, Step[], number[]]),
  ["a number in the attacker that is a console in the conductor", [at("attacker", [system.console_write(conductor.console!, buffer(), 1), system.console_write(conductorTo("server"), buffer(), 1)])], [WrongKind, WrongKind]],
  ["a request's fields name no capability", [at("server", [keep(1, load(messageIn(16))), system.clock_read(register(1), buffer())])], [InvalidHandle]],
]);

export const worldCases: Case[] = [...addressCases, ...consoleAddressCases, ...lengthCases, ...registerCases, ...dmaCases, ...without];
