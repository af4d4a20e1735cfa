// Who makes the hostile driver (tests/modules/hostile-driver) attack, in the shell's place: argument 0 is an address in the kernel's image; with argument 1 it measures leases instead. One line an attack: its name, the driver's
// answer as a status, and what of the memory that nobody lent is no longer as it was.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { call, capabilityRevoke, grantCreate } from "../../../kernel-bindings/assembly/kernel";
import { messageOut } from "../../../kernel-bindings/assembly/message";
import { argument, endLine, finish, Handles, must, now, number, text } from "../common/program";

const bystander: u32 = Handles.contentStore;
/** How the domains lie: the bystander's memory begins where the driver's ends (tests/qemu/iommu.test.ts gives it 64 pages). */
const driverBytes: u64 = 64 * 65536;
/** Into the middle of what the bystander looks after. */
const bystanderOffset: u64 = 1 << 19;
const write: u32 = 1, read: u32 = 2, ring: u32 = 3;
const lentBytes: u32 = 1 << 20;
const lent: usize = memory.data(1 << 20, 4096);
const granted: usize = memory.data(8192, 4096);
const pattern: u8 = 0x5a;
const bothRights: u32 = 3;

export function start(): u32 {
  if (argument(1, 0) != 0) return measure();
  const kernelAddress = argument(0, 0);
  const own = ask(4, 0, 0, 0);
  attack("bystander written", own + driverBytes + bystanderOffset, write, 8);
  attack("bystander read", own + driverBytes + bystanderOffset, read, 16);
  attack("ring in the bystander", own + driverBytes + bystanderOffset, ring, 8);
  attack("ended lease written", leased(), write, 8);
  attack("ended lease read", leased(), read, 24);
  attack("revoked grant written", revoked(), write, 8);
  attack("revoked grant read", revoked(), read, 32);
  fillLent();
  prepare(5, 0, write, 8);
  lend();
  report("live lease that was asked for reading, written", call(Handles.device));
  attack("kernel read", kernelAddress, read, 40);
  attack("kernel written", kernelAddress, write, 8);
  finish(0);
  return 0;
}

/** Device address of memory that was lent for a call that is over. */
function leased(): u64 {
  prepare(2, 0, 0, 0);
  lend();
  must("the lease's address", call(Handles.device));
  return load<u64>(messageOut, 16);
}

/** … of memory that was granted, and taken back: the driver ends with that. */
function revoked(): u64 {
  const grant = grantCreate(Handles.device, u32(granted), 4096, bothRights);
  must("the grant", grant);
  prepare(3, 0, 0, 0);
  store<u8>(messageOut, 1, 13);
  store<u32>(messageOut, grant, 128);
  must("the grant's address", call(Handles.device));
  const address = load<u64>(messageOut, 16);
  must("the revocation", capabilityRevoke(grant));
  prepare(1, 0, 0, 0);
  text("revoked: "); number(u64(-call(Handles.device))); endLine(); // told of the driver's end
  return address;
}

/** What a call costs that lends 1 MiB, of which the driver asks device addresses for nothing, one page, all: nanoseconds, which QEMU's -icount makes instructions. */
function measure(): u32 {
  const rounds: u32 = 200, lengths: StaticArray<u32> = [0, 4096, lentBytes];
  for (let index = 0; index < lengths.length; index++) {
    prepare(6, lengths[index], 0, 0);
    lend();
    must("a first call", call(Handles.device));
    const began = now();
    for (let round: u32 = 0; round < rounds; round++) {
      prepare(6, lengths[index], 0, 0);
      lend();
      must("a call", call(Handles.device));
    }
    number(lengths[index]); text(" bytes: "); number((now() - began) / rounds); endLine();
  }
  finish(0);
  return 0;
}

function ask(operation: u32, address: u64, what: u32, sector: u32): u64 {
  prepare(operation, address, what, sector);
  must("a question", call(Handles.device));
  return load<u64>(messageOut, 16);
}

function attack(name: string, address: u64, what: u32, sector: u32): void {
  fillLent();
  prepare(1, address, what, sector);
  report(name, call(Handles.device));
}

function report(name: string, answer: i32): void {
  text(name); text(": "); number(u64(-answer));
  prepare(1, 0, 0, 0);
  if (call(bystander) != 0) text(" BYSTANDER CHANGED");
  if (!isWhole(lent)) text(" LEASE CHANGED");
  if (!isWhole(granted)) text(" GRANT CHANGED");
  endLine();
}

function fillLent(): void {
  memory.fill(lent, pattern, 8192);
  memory.fill(granted, pattern, 8192);
}

function isWhole(at: usize): bool {
  for (let offset: usize = 0; offset < 8192; offset++) if (load<u8>(at + offset) != pattern) return false;
  return true;
}

function prepare(operation: u32, address: u64, what: u32, sector: u32): void {
  memory.fill(messageOut, 0, 144);
  store<u16>(messageOut, u16(operation), 2);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, what, 24);
  store<u32>(messageOut, sector, 28);
}

function lend(): void {
  store<u8>(messageOut, 1, 12);
  store<u32>(messageOut, u32(lent), 68);
  store<u32>(messageOut, lentBytes, 72);
  store<u32>(messageOut, bothRights, 76);
}

export function receive(badge: u32, rights: u32): u32 { return 10; }
