// Random reads, writes, flushes, discards and write-zeroes of the block-device interface against a model of the disk, on either kernel:
// arguments `integrity SEED OPERATIONS ERRORS`, where ERRORS 1 says that requests may fail, which the model bears. Up to 232 requests of
// batches are in flight, over four grants, with synchronous calls among them. Takes the shell's place; says on the console how far it is,
// what differs, and the result. Started by tests/driver/integrity.ts.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { capabilityDrop, grantCreate } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { argument, endLine, finish, Handles, must, number, random, seed, text } from "../common/program";
import { beginRead, beginWrite, dropRead, endRead, endWrite, fillSector, forgetAll, forgotten, mayRead, mayWrite, nextEra, sectorLimit, zeros } from "./model";

/** Every request has a part of the memory of its own: small ones first, then large ones; the part behind them is that of synchronous calls. */
const smallParts: u32 = 224, largeParts: u32 = 8, parts: u32 = smallParts + largeParts;
const smallBytes: u32 = 8192, largeBytes: u32 = 131072;
const grantCount: u32 = 4;
const partsOfGrant: u32 = 80; // of small ones; the last grant is the large ones
const memoryBytes: u32 = smallParts * smallBytes + largeParts * largeBytes;
const room: usize = memory.data(224 * 8192 + 9 * 131072 + 2 * 4096, 16);
const buffer: usize = (room + 4095) & ~4095;
const batch: usize = memory.data(32 * 256, 8);
const completions: usize = memory.data(16 * 256, 8);
/** Bytes before and behind the memory of a read that must stay as they are. */
const guardBytes: u32 = 8;
const progressOperations: u32 = 100_000;
const linesMost: u32 = 10;

/** What each request in flight is. */
const types = new StaticArray<u32>(256);
const places = new StaticArray<u32>(256);
const counts = new StaticArray<u32>(256);
const offsets = new StaticArray<u32>(256);
const versions = new StaticArray<u32>(256);
const eras = new StaticArray<u32>(256);
/** When it was put into a batch, as a number that grows. */
const order = new StaticArray<u32>(256);
let lastOrder: u32 = 0;
const isBusy = new StaticArray<bool>(256);
const synchronous: u32 = parts;

const handles = new StaticArray<u32>(4);
const slots = new StaticArray<u32>(4);
let sectors: u32 = 0;
let blockSectors: u32 = 1;
let largestSectors: u32 = 0;
let canFlush: bool = false, canDiscard: bool = false, canZero: bool = false;
let mayFail: bool = false;
/** Requests in the batch memory that were not accepted yet, and those in flight, these included. */
let waiting: u32 = 0;
let firstWaiting: u32 = 0;
let inFlight: u32 = 0;
let version: u32 = 0;
let wanted: u32 = 0;
let operations: u32 = 0, reads: u32 = 0, writes: u32 = 0, flushes: u32 = 0, erased: u32 = 0, reattached: u32 = 0, errors: u32 = 0, differences: u32 = 0;
let comparedSectors: u64 = 0;

function grantOf(part: u32): u32 { return part < smallParts ? part / partsOfGrant : grantCount - 1; }
function startOfGrant(grant: u32): u32 { return grant == grantCount - 1 ? smallParts * smallBytes : grant * partsOfGrant * smallBytes; }
function endOfGrant(grant: u32): u32 { return grant == grantCount - 1 ? memoryBytes : min((grant + 1) * partsOfGrant, smallParts) * smallBytes; }
function startOfPart(part: u32): u32 { return part < smallParts ? part * smallBytes : smallParts * smallBytes + (part - smallParts) * largeBytes; }
function bytesOfPart(part: u32): u32 { return part < smallParts ? smallBytes : largeBytes; }

function attach(grant: u32): void {
  const length = endOfGrant(grant) - startOfGrant(grant), handle = grantCreate(Handles.device, buffer + startOfGrant(grant), length, 3);
  must("grant", handle);
  must("attach", device.callAttach(Handles.device, length, <u32>handle));
  handles[grant] = <u32>handle;
  slots[grant] = device.AttachReply.slot();
}

function complain(what: string, part: u32, sector: u32): void {
  if (differences++ >= linesMost) return;
  text("operation "); number(operations); text(": "); text(what); text(", sector "); number(sector); text(" of "); number(places[part]); text("+"); number(counts[part]);
  text(part == synchronous ? ", synchronous" : ", in a batch"); endLine();
}

/** Draws a request for this part that the model allows now, and prepares its memory; false when none was found. */
function draw(part: u32): bool {
  const choice = random(32);
  let type = choice < 14 ? device.Transfer.read : choice < 26 ? device.Transfer.write : choice < 28 ? device.Transfer.discard : choice < 31 ? device.Transfer.writeZeroes : device.Transfer.flush;
  if (type == device.Transfer.discard && !canDiscard || type == device.Transfer.writeZeroes && !canZero || type == device.Transfer.flush && !canFlush) type = device.Transfer.read;
  types[part] = type;
  if (type == device.Transfer.flush) { places[part] = 0; counts[part] = 0; return true; }
  const bytes: u32 = bytesOfPart(part) - 2 * guardBytes, most: u32 = min(bytes / 512, largestSectors) / blockSectors;
  const count: u32 = (1 + random(random(4) ? min(most, 4) : most)) * blockSectors, slack: u32 = bytes - count * 512;
  const first: u32 = random((sectors - count) / blockSectors + 1) * blockSectors;
  const isRead = type == device.Transfer.read;
  if (isRead ? !mayRead(first, count, part != synchronous) : !mayWrite(first, count, part != synchronous)) return false;
  places[part] = first;
  counts[part] = count;
  // Half of them on a byte boundary of any kind.
  offsets[part] = startOfPart(part) + guardBytes + (random(2) ? random(slack + 1) : min(slack, 504));
  if (isRead) {
    beginRead(first, count);
    memory.fill(buffer + offsets[part] - guardBytes, 0xee, count * 512 + 2 * guardBytes);
    return true;
  }
  eras[part] = beginWrite(first, count);
  versions[part] = type == device.Transfer.write ? ++version : type == device.Transfer.discard ? forgotten : zeros;
  if (type == device.Transfer.write) for (let i: u32 = 0; i < count; i++) fillSector(buffer + offsets[part] + 512 * i, first + i, version);
  return true;
}

/** A request ended: what it was said to have done is compared with the model. */
function end(part: u32, status: u32, lengthBytes: u32): void {
  const type = types[part], first = places[part], count = counts[part], isDone = status == 0;
  operations++;
  if (!isDone) {
    errors++;
    if (!mayFail) complain("an error", part, status);
  } else if (lengthBytes != count * 512) complain("another length", part, lengthBytes);
  if (type == device.Transfer.flush) {
    if (isDone) flushes++;
    if (isDone && part != synchronous) checkFlush(part);
    return;
  }
  if (type == device.Transfer.read) {
    if (isDone) endOfRead(part);
    else dropRead(first, count);
    return;
  }
  if (type == device.Transfer.write) writes++;
  else erased++;
  endWrite(first, count, versions[part], eras[part], isDone);
}
/** Completions come in the order of ends: a flush has none behind it that it had to wait for. */
function checkFlush(flush: u32): void {
  for (let part: u32 = 0; part < parts; part++) {
    if (isBusy[part] && types[part] != device.Transfer.read && types[part] != device.Transfer.flush && order[part] < order[flush]) complain("a flush ended before a change that was accepted before it", part, places[part]);
  }
}
function endOfRead(part: u32): void {
  const at = buffer + offsets[part], length = counts[part] * 512;
  const wrong = endRead(places[part], counts[part], at);
  if (wrong != forgotten) complain("other content", part, wrong);
  if (load<u64>(at - guardBytes) != 0xeeee_eeee_eeee_eeee || load<u64>(at + length) != 0xeeee_eeee_eeee_eeee) complain("memory beside the request was written", part, places[part]);
  reads++;
  comparedSectors += counts[part];
}

function drawFlags(type: u32): u32 {
  const flags = random(4) ? 0 : device.RequestFlag.background;
  if (type == device.Transfer.writeZeroes && random(2)) return flags | device.RequestFlag.unmap;
  if (type != device.Transfer.flush || random(3)) return flags;
  nextEra();
  return flags | device.RequestFlag.barrier;
}
function put(part: u32): void {
  const p = batch + 32 * (firstWaiting + waiting++), grant = grantOf(part);
  device.BatchRequest.setTransfer(p, types[part]);
  device.BatchRequest.setTag(p, part);
  device.BatchRequest.setSector(p, places[part]);
  device.BatchRequest.setSlot(p, slots[grant]);
  device.BatchRequest.setOffsetBytes(p, offsets[part] - startOfGrant(grant));
  device.BatchRequest.setLengthBytes(p, counts[part] * 512);
  device.BatchRequest.setFlags(p, drawFlags(types[part]));
  order[part] = ++lastOrder;
  isBusy[part] = true;
  inFlight++;
}
/** Submits what waits, as much as is accepted. */
function submit(): void {
  if (!waiting) return;
  const answer = device.callSubmit(Handles.device, waiting, 0, batch + 32 * firstWaiting, 32 * waiting);
  if (answer == -13) return; // Busy
  must("submit", answer);
  const accepted = device.SubmitReply.accepted();
  firstWaiting += accepted;
  waiting -= accepted;
}
/** Up to `count` new requests, once the last ones are accepted. */
function addBatch(count: u32): void {
  if (waiting) return;
  firstWaiting = 0;
  let part = random(parts);
  for (let tried: u32 = 0; tried < count; tried++) {
    part = part + 1 == parts ? 0 : part + 1;
    if (!isBusy[part] && draw(part)) put(part);
  }
}
/** How many ended. */
function reap(atLeast: u32): u32 {
  if (atLeast) must("await", device.callAwaitCompletions(Handles.device, atLeast));
  must("reap", device.callReap(Handles.device, 0, completions, 16 * (1 + random(256))));
  const count = device.ReapReply.count();
  for (let i: u32 = 0; i < count; i++) {
    const p = completions + 16 * i, part = device.Completion.tag(p);
    if (part >= parts || !isBusy[part]) { complain("a completion of nothing", synchronous, part); continue; }
    isBusy[part] = false;
    inFlight--;
    end(part, device.Completion.status(p), device.Completion.lengthBytes(p));
  }
  if (atLeast && count == 0) {
    complain("requests are never answered", synchronous, inFlight);
    finish(1);
  }
  return count;
}
/** Bounded: every turn ends a request. */
function drain(): void {
  while (inFlight) {
    submit();
    reap(1);
  }
}

function callOne(): void {
  if (!draw(synchronous)) return;
  const sector = <u64>places[synchronous], count = counts[synchronous], at = buffer + offsets[synchronous], type = types[synchronous];
  let answer: i32 = 0;
  if (type == device.Transfer.read) answer = device.callRead(Handles.device, sector, 0, at, count * 512);
  else if (type == device.Transfer.write) answer = device.callWrite(Handles.device, sector, 0, at, count * 512);
  else if (type == device.Transfer.flush) answer = device.callFlush(Handles.device);
  else if (type == device.Transfer.discard) answer = device.callDiscard(Handles.device, sector, count);
  else answer = random(2) ? device.callWriteZeroes(Handles.device, sector, count) : device.callWriteZeroesWith(Handles.device, sector, count, random(2));
  end(synchronous, <u32>-answer, answer == 0 ? count * 512 : 0);
}
/** A grant is given back once nothing is in flight, and made anew. */
function renewGrant(): void {
  const grant = random(grantCount);
  drain();
  must("detach", device.callDetach(Handles.device, slots[grant]));
  must("drop", capabilityDrop(handles[grant]));
  attach(grant);
  reattached++;
}

/** The whole disk with one kind of call, so that every sector is known at the start and compared at the end. */
function overAll(type: u32): void {
  const stretch = min(largestSectors, (largeBytes - 2 * guardBytes) / 512) / blockSectors * blockSectors;
  types[synchronous] = type;
  offsets[synchronous] = startOfPart(synchronous) + guardBytes;
  for (let first: u32 = 0; first < sectors; first += stretch) {
    const count = min(stretch, sectors - first), at = buffer + offsets[synchronous];
    places[synchronous] = first;
    counts[synchronous] = count;
    if (type == device.Transfer.read) {
      beginRead(first, count);
      memory.fill(at - guardBytes, 0xee, count * 512 + 2 * guardBytes);
      // A device that fails is asked again.
      let answer: i32 = -1, triesLeft: u32 = mayFail ? 1000 : 1;
      for (; answer < 0 && triesLeft > 0; triesLeft--) answer = device.callRead(Handles.device, first, 0, at, count * 512);
      must("read of the whole disk", answer);
      endOfRead(synchronous);
      continue;
    }
    eras[synchronous] = beginWrite(first, count);
    version++;
    for (let i: u32 = 0; i < count; i++) fillSector(at + 512 * i, first + i, version);
    const answer = device.callWrite(Handles.device, first, 0, at, count * 512);
    if (answer < 0 && !mayFail) must("write of the whole disk", answer);
    endWrite(first, count, version, eras[synchronous], answer == 0);
  }
}

function report(): void {
  number(operations); text(" operations, "); number(reads); text(" reads, "); number(writes); text(" writes, "); number(flushes); text(" flushes, "); number(erased); text(" discards and write-zeroes, ");
  number(reattached); text(" grants renewed, "); number(comparedSectors / 2048); text(" MiB compared, "); number(errors); text(" errors, "); number(differences); text(" differences"); endLine();
}

export function start(): u32 {
  const from = argument(1, 1);
  wanted = <u32>argument(2, 10_000);
  mayFail = argument(3, 0) != 0;
  seed(from);
  text("seed "); number(from); endLine();
  must("describe", device.callDescribe(Handles.device));
  const flags = device.DescribeReply.flags();
  sectors = <u32>min(device.DescribeReply.capacitySectors(), <u64>sectorLimit);
  blockSectors = device.DescribeReply.blockBytes() / 512;
  largestSectors = device.DescribeReply.maximumTransferBytes() / 512;
  canFlush = (flags & device.DeviceFlag.flush) != 0;
  canDiscard = (flags & device.DeviceFlag.discard) != 0;
  canZero = (flags & device.DeviceFlag.writeZeroes) != 0;
  forgetAll();
  for (let grant: u32 = 0; grant < grantCount; grant++) attach(grant);
  overAll(device.Transfer.write);
  let told = progressOperations, depth: u32 = 1;
  while (operations < wanted && differences < linesMost) {
    const choice = random(64);
    if (choice == 0) depth = 1 + random(random(2) ? 16 : parts);
    if (choice < 8) callOne();
    else if (choice == 8 && random(4) == 0) renewGrant();
    else if (inFlight < depth) addBatch(1 + random(depth - inFlight));
    submit();
    if (inFlight > waiting && (inFlight >= depth || random(4) == 0)) reap(random(2) ? 1 + random(inFlight - waiting) : 0);
    if (operations >= told) { report(); told += progressOperations; }
  }
  drain();
  overAll(device.Transfer.read);
  text("integrity: "); report();
  finish(differences);
  return 0;
}
export function receive(_badge: u32, _rights: u32): u32 { return 10; }
