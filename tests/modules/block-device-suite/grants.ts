// Cases of grants: attach, detach, and what becomes of requests when they end.
import { capabilityDrop, grantCreate } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import * as batch from "./batch";
import { answers, at, attach, blockBytes, buffer, check, equal, fill, holds, isFilled, lastGrant, pageBytes, plant, read, release, wipe, writable } from "./device";

const slotLimit: u32 = 64;
const grants = new StaticArray<u32>(64);
const slots = new StaticArray<u32>(64);

export function attachesAndDetaches(): void {
  for (let i: u32 = 0; i < slotLimit; i++) {
    slots[i] = attach(i * pageBytes, pageBytes);
    grants[i] = lastGrant;
    check(slots[i] < slotLimit, "a slot below 64");
    for (let k: u32 = 0; k < i; k++) check(slots[k] != slots[i], "a slot of its own");
  }
  const tooMany = grantCreate(Handles.device, buffer, pageBytes, 3);
  answers(device.callAttach(Handles.device, pageBytes, <u32>tooMany), Status.OutOfMemory, "one grant too many");
  capabilityDrop(<u32>tooMany);
  if (blockBytes <= pageBytes) readThroughAll();
  release(slots[40], grants[40]);
  const again = attach(40 * pageBytes, pageBytes);
  equal(again, slots[40], "the free slot");
  slots[40] = again;
  grants[40] = lastGrant;
  for (let i: u32 = 0; i < slotLimit; i++) release(slots[i], grants[i]);
  answers(device.callDetach(Handles.device, slots[0]), Status.InvalidArgument, "detached twice");
  answers(device.callDetach(Handles.device, slotLimit), Status.InvalidArgument, "a slot that is none");
  answers(device.callDetach(Handles.device, 0xffff_ffff), Status.InvalidArgument, "a slot far beyond");
}
/** One batch over all the grants. */
function readThroughAll(): void {
  if (writable() == Status.Ok) {
    for (let i: u32 = 0; i < slotLimit; i++) fill(i * pageBytes, blockBytes, 800 + i);
    batch.begin();
    for (let i: u32 = 0; i < slotLimit; i++) batch.add(device.Transfer.write, i, at(2 * i), slots[i], 0, blockBytes);
    batch.finish();
    batch.allWell();
  }
  wipe();
  batch.begin();
  for (let i: u32 = 0; i < slotLimit; i++) batch.add(device.Transfer.read, i, at(2 * i), slots[i], 0, blockBytes);
  batch.finish();
  batch.allWell();
  if (writable() == Status.Ok) for (let i: u32 = 0; i < slotLimit; i++) check(isFilled(i * pageBytes, blockBytes, 800 + i), "each grant has its own block");
}

export function refusesWhatIsNoGrantOfThatLength(): void {
  const grant = grantCreate(Handles.device, buffer, 2 * pageBytes, 3);
  answers(device.callAttach(Handles.device, 0, <u32>grant), Status.InvalidArgument, "a grant of nothing");
  answers(device.callAttach(Handles.device, 2 * pageBytes + 1, <u32>grant), Status.OutOfRange, "longer than was granted");
  answers(device.callAttach(Handles.device, 0xffff_ffff, <u32>grant), Status.OutOfRange, "much longer than was granted");
  answers(device.callAttach(Handles.device, pageBytes, <u32>grant), Status.Ok, "shorter than was granted");
  const slot = device.AttachReply.slot();
  batch.begin();
  if (blockBytes <= pageBytes) batch.add(device.Transfer.read, 1, 0, slot, pageBytes - blockBytes, blockBytes);
  batch.add(device.Transfer.read, 2, 0, slot, pageBytes - blockBytes + 1, blockBytes);
  batch.finish();
  if (blockBytes <= pageBytes) equal(batch.statusOf(1), Status.Ok, "up to the end of what was attached");
  equal(batch.statusOf(2), Status.OutOfRange, "beyond what was attached");
  release(slot, <u32>grant);
}

export function detachWaitsForWhatIsInFlight(): void {
  const slot = attach(), grant = lastGrant;
  batch.begin();
  for (let i: u32 = 0; i < 8; i++) batch.add(device.Transfer.read, i, at(3 * i), slot, i * blockBytes, blockBytes);
  batch.submit();
  const early = device.callDetach(Handles.device, slot);
  check(early == 0 || early == -<i32>Status.Busy, "Busy, unless all has ended");
  if (early == 0) {
    batch.finish();
    batch.allWell();
    capabilityDrop(grant);
    return;
  }
  answers(read(0, blockBytes), Status.Ok, "a read meanwhile");
  batch.finish();
  batch.allWell();
  release(slot, grant);
}

/** Whoever takes a grant back without `detach` may end a driver that had addresses for it (docs/supervision.md §3); it comes back without slots, and nothing else is lost. */
export function aGrantThatEnded(): void {
  if (writable() == Status.Ok) plant(at(9), blockBytes, 900);
  const slot = attach(), grant = lastGrant;
  capabilityDrop(grant);
  batch.begin();
  batch.add(device.Transfer.read, 1, 0, slot, 0, blockBytes);
  const answer = batch.submit();
  if (answer == -<i32>Status.PeerRestarted) {
    check(device.callDetach(Handles.device, slot) < 0, "a slot of the driver's earlier life is refused");
    batch.begin();
  } else {
    answers(answer, Status.Ok, "submit");
    batch.finish();
    equal(batch.statusOf(1), Status.InvalidHandle, "a request over a grant that ended");
    answers(device.callDetach(Handles.device, slot), Status.Ok, "detach");
  }
  if (writable() == Status.Ok) check(holds(at(9), blockBytes, 900), "the disk is what it was");
  const other = attach(), otherGrant = lastGrant;
  batch.begin();
  batch.add(device.Transfer.read, 2, 0, other, 0, blockBytes);
  batch.finish();
  batch.allWell();
  release(other, otherGrant);
}
