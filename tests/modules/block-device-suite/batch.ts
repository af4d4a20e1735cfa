// A batch under construction, and what came back of it: every request has a tag below `tagLimit`, and is answered once.
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import { answers, check, equal } from "./device";

export const tagLimit: u32 = 2048;
/** What a submit takes at most. */
export const batchLimit: u32 = 1024;
const requests: usize = memory.data(32 * 2048, 8);
const completions: usize = memory.data(16 * 2048, 8);
const statuses = new StaticArray<u32>(2048);
const lengths = new StaticArray<u32>(2048);
const times = new StaticArray<u32>(2048);
const places = new StaticArray<u32>(2048);
/** Requests in the batch, and how many of them were submitted. */
export let count: u32 = 0;
export let sent: u32 = 0;
/** Requests that were reaped. */
export let ended: u32 = 0;
/** Flushes that were said to be done, since the suite began. */
export let flushes: u32 = 0;

export function begin(): void {
  count = 0;
  sent = 0;
  ended = 0;
  for (let tag: u32 = 0; tag < tagLimit; tag++) times[tag] = 0;
}
/** Safety: at most `tagLimit` requests a batch. */
export function add(transfer: u32, tag: u32, sector: u64, slot: u32, offset: u32, lengthBytes: u32, flags: u32 = 0): void {
  const p = requests + 32 * count++;
  device.BatchRequest.setTransfer(p, transfer);
  device.BatchRequest.setTag(p, tag);
  device.BatchRequest.setSector(p, sector);
  device.BatchRequest.setSlot(p, slot);
  device.BatchRequest.setOffsetBytes(p, offset);
  device.BatchRequest.setLengthBytes(p, lengthBytes);
  device.BatchRequest.setFlags(p, flags);
}
/** A synchronous flush. */
export function flush(): i32 {
  const answer = device.callFlush(Handles.device);
  if (answer == 0) flushes++;
  return answer;
}
/** Submits what was not yet, as much as is accepted; the answer. */
export function submit(): i32 {
  const rest = min(count - sent, batchLimit);
  const answer = device.callSubmit(Handles.device, rest, 0, requests + 32 * sent, 32 * rest);
  if (answer < 0) return answer;
  const accepted = device.SubmitReply.accepted();
  check(accepted <= rest && (accepted >= 1 || rest == 0), "accepted from 1 to what was submitted");
  sent += min(accepted, rest);
  return answer;
}
/** Collects up to `limit` completions; how many came. */
export function reap(limit: u32): u32 {
  answers(device.callReap(Handles.device, 0, completions, 16 * limit), Status.Ok, "reap");
  const came = device.ReapReply.count();
  check(came <= limit, "no more completions than fit");
  for (let i: u32 = 0; i < min(came, limit); i++) {
    const p = completions + 16 * i, tag = device.Completion.tag(p);
    equal(device.Completion.reserved(p), 0, "reserved");
    check(tag < tagLimit, "the tag is one that was given");
    if (tag >= tagLimit) continue;
    equal(++times[tag], 1, "how often the tag was answered");
    statuses[tag] = device.Completion.status(p);
    if (statuses[tag] == Status.Ok && isFlush(tag)) flushes++;
    lengths[tag] = device.Completion.lengthBytes(p);
    places[tag] = ended++;
  }
  return came;
}
function isFlush(tag: u32): bool {
  for (let i: u32 = 0; i < sent; i++) if (device.BatchRequest.tag(requests + 32 * i) == tag) return device.BatchRequest.transfer(requests + 32 * i) == device.Transfer.flush;
  return false;
}
/** Submits and reaps until everything was answered. Bounded: each turn answers a request, or the case fails. */
export function finish(): void {
  for (let turn: u32 = 0; ended < count && turn < 4 * tagLimit; turn++) {
    if (sent < count) {
      const answer = submit();
      check(answer == 0 || answer == -<i32>Status.Busy, "submit is done, or Busy");
    }
    answers(device.callAwaitCompletions(Handles.device, 1), Status.Ok, "await");
    reap(256);
  }
  equal(ended, count, "requests answered");
  equal(reap(1), 0, "completions of nothing");
  equal(device.ReapReply.inFlight(), 0, "in flight at the end");
}
export function wasAnswered(tag: u32): bool { return times[tag] == 1; }
export function statusOf(tag: u32): u32 { return times[tag] ? statuses[tag] : 0xffff; }
export function lengthOf(tag: u32): u32 { return lengths[tag]; }
/** The how-manieth completion it was. */
export function placeOf(tag: u32): u32 { return places[tag]; }
/** Everything in the batch ended well, with its length. */
export function allWell(): void {
  for (let i: u32 = 0; i < count; i++) {
    const p = requests + 32 * i, tag = device.BatchRequest.tag(p);
    equal(statusOf(tag), Status.Ok, "status of a request of the batch");
    equal(lengths[tag], device.BatchRequest.lengthBytes(p), "length of a request of the batch");
  }
}
