// The Nth request to the device fails in what the service does when nobody asks for anything: seal, images on their way home, discards, a generation that has to be published first. For every N; once, at every attempt, and from N on.
// Nothing that was acknowledged is missing, with power or without; the service goes on, or has ended itself and is mounted anew; and what is acknowledged after the fault is kept as well.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CrashJudge } from "./crash-model.ts";
import { type Recording, numberOf } from "./crash-workload.ts";
import { images, modes } from "./fault-images.ts";
import { FaultyDevice } from "./faulty-device.ts";
import { Hand } from "./hand.ts";
import { BlockBench, DeviceFlags, grownBytes, statusOf, writeAttempts } from "./harness.ts";

const Status = { DeviceError: 32, DeviceGone: 33, Lost: 38 } as const;
/** The manifest's window in which a service may end so many times, and some more. */
const restartWindowSeconds = 61;

/** `before` runs without faults; then nobody asks for anything for so many seconds: with 6, images that wait become due. `requests`: what that takes if nothing fails. `isUntouched`: the first is the first flush since the mount. */
interface Scenario { name: string; before(hand: Hand): void; seconds: number; requests: string; isUntouched?: boolean }
function overwrite(hand: Hand, count: number): void {
  const large = hand.addresses().at(-1)!;
  for (let at = 0; at < count; at++) hand.redo(large, at);
  hand.commit();
}
const syncedImages = (hand: Hand): void => { hand.extent(4); overwrite(hand, 3); hand.sync(); };
/** Extents that are free in both generations, not side by side. */
function freed(hand: Hand): void {
  for (let i = 0; i < 6; i++) hand.extent(1 + i);
  hand.commit();
  hand.addresses().slice(-6).forEach((address, i) => { if (i % 2) hand.free(address); });
  hand.commit();
  hand.checkpoint();
  hand.checkpoint();
}
const scenarios: Scenario[] = [
  { name: "the seal behind a sync", before: (hand) => { hand.extent(3); hand.commit(); hand.sync(); }, seconds: 0, requests: "write" },
  { name: "images that nobody synced, on a device that was not written to", before: (hand) => { overwrite(hand, 2); }, seconds: 6, requests: "flush write flush write write", isUntouched: true },
  { name: "images that nobody synced", before: (hand) => { syncedImages(hand); hand.bench.idle(6); overwrite(hand, 2); }, seconds: 6, requests: "flush write flush write write" },
  { name: "images that were synced", before: syncedImages, seconds: 6, requests: "write flush write write write" },
  { name: "images that were written again", before: (hand) => { syncedImages(hand); hand.bench.idle(1); overwrite(hand, 2); hand.sync(); }, seconds: 6, requests: "write flush write write write" },
  { name: "many images", before: (hand) => { hand.extent(140); hand.commit(); overwrite(hand, 140); hand.sync(); }, seconds: 0, requests: `write flush${" write".repeat(76)}` },
  { name: "discards", before: freed, seconds: 0, requests: "discard discard discard discard" },
  { name: "a seal, images and discards", before: (hand) => { freed(hand); syncedImages(hand); }, seconds: 6, requests: "write discard discard discard discard flush write write write" },
  { name: "a generation that grow could not publish", before: growGone, seconds: 0, requests: "write flush write flush discard" },
];
/** The image is larger, and the device did not answer when the new size was to be published once more. */
function growGone(hand: Hand): void {
  const device = hand.bench.device as FaultyDevice;
  hand.checkpoint();
  device.failRequests((request) => request >= growRequests - 4, Status.DeviceGone);
  assert.equal(statusOf(() => hand.grow(grownBytes)), Status.DeviceGone);
  assert.ok(device.failed > 0);
  device.failRequests(null);
  assert.equal(hand.bench.block.describe().blockCount, BigInt(grownBytes / 4096));
}
const growRequests = countGrowRequests();
function countGrowRequests(): number {
  const device = new FaultyDevice(), bench = new BlockBench(device), hand = prepare(device, bench);
  hand.checkpoint();
  let requests = 0;
  device.failRequests((request) => { requests = request + 1; return false; });
  hand.grow(grownBytes);
  bench.close();
  return requests;
}

function prepare(device: FaultyDevice, bench: BlockBench): Hand {
  device.flags |= DeviceFlags.discard;
  device.become(images.rich);
  bench.idle(restartWindowSeconds);
  bench.mount();
  assert.equal(bench.block.describe().mountStatus, 0);
  return new Hand(bench).goOn(images.states);
}

/** Whether what failed ends all promises (docs/crash-contract.md rule 9): a flush, or a write of the service's own structures at every attempt. Images that stay away from home and blocks that are not forgotten do not. */
function isFinal({ failures }: FaultyDevice, hand: Hand): boolean {
  const isHome = (block: number): boolean => [...hand.addresses()].some((address) => block >= Number(address) && block < Number(address) + hand.block(address).length);
  const ownWrites = failures.filter(({ kind, block }) => kind === "write" && !isHome(block)).map(({ block }) => block);
  return failures.some(({ kind }) => kind === "flush") || ownWrites.some((block) => ownWrites.filter((other) => other === block).length >= writeAttempts);
}

for (const { name, before, seconds, requests, isUntouched } of scenarios) test(`in the background, ${name}: each request to the device fails`, (context) => {
  const device = new FaultyDevice(), bench = new BlockBench(device);
  const recording: Recording = { base: images.rich, events: [], states: [], begun: [], committed: [], oldest: 0, deviceBytes: grownBytes };
  const judge = new CrashJudge(recording);
  const seen = { hidden: 0, ended: 0, refusing: 0 };
  /** What is on the disk now, with power and without, is a state that was committed, and nothing acknowledged is missing. */
  const examine = (hand: Hand, about: string): void => {
    recording.states = hand.states;
    for (const [image, when] of [[device.snapshot(), ""], [device.afterPowerLoss(), ", and then the power"]] as const) {
      judge.device.become(image);
      judge.judge(hand.durable, hand.number, about + when);
    }
  };
  const sound = prepare(device, bench);
  before(sound);
  const kinds: string[] = [];
  device.failRequests((_, kind) => { kinds.push(kind); return false; });
  bench.idle(seconds);
  assert.equal(kinds.join(" "), requests);

  for (const [mode, plan] of modes) for (let nth = 0; nth < kinds.length; nth++) {
    const about = `${name}, request ${nth} of ${kinds.length} fails ${mode}`;
    const hand = prepare(device, bench);
    before(hand);
    const endings = bench.system.faults.length;
    device.failRequests(plan(nth));
    bench.idle(seconds);
    assert.ok(device.failed > 0, `${about}: it was reached`);
    const final = isFinal(device, hand);
    device.failRequests(null);
    examine(hand, about);
    const ended = bench.system.faults.length - endings;
    // On a device that took no write since the mount, another would not help.
    const isRefusing = final && isUntouched && nth === 0;
    assert.equal(ended, final && !isRefusing ? 1 : 0, `${about}: the service ${final ? "ended itself" : "lives"}`);
    if (isRefusing) {
      const status = statusOf(() => hand.bench.commit(new Uint8Array(1)));
      assert.ok(status === Status.Lost || status === Status.DeviceError, `${about}: status ${status}`);
    }
    seen[isRefusing ? "refusing" : final ? "ended" : "hidden"]++;
    if (final) comeBack(bench, hand);
    goOn(hand, about, examine);
  }
  judge.bench.close();
  bench.close();
  context.diagnostic(`${kinds.length} requests: ${JSON.stringify(seen)}`);
});

/** The service mounts anew, and its client asks what of the sequence is there. */
function comeBack(bench: BlockBench, hand: Hand): void {
  bench.idle(restartWindowSeconds);
  statusOf(() => bench.block.describe()); // told once that the service is another
  if (statusOf(() => bench.block.abandon()) || statusOf(() => bench.block.sync())) bench.mount(); // the device failed that mount too
  const found = bench.pieces().length + numberOf(bench.getRoot());
  assert.ok(found >= hand.durable && found <= hand.number, `${found} transactions came back`);
  hand.goOn(hand.states.slice(0, found + 1));
}

/** More transactions, acknowledged and not, and time to send home what could not go; the power may go after each. */
function goOn(hand: Hand, about: string, examine: (hand: Hand, about: string) => void): void {
  const addresses = hand.addresses(), step = (what: string, action: () => void): void => {
    action();
    examine(hand, `${about}; then ${what}`);
  };
  step("a commit", () => { hand.redo(addresses.at(-1)!, 0); hand.free(addresses[0]!); hand.extent(2); hand.commit(); });
  step("a sync", () => { hand.sync(); });
  step("time", () => { hand.bench.idle(6); });
  assert.equal(hand.bench.statistics().waitingImages, 0n, `${about}: everything is home`);
  step("another commit", () => { hand.redo(addresses.at(-1)!, 1); hand.commit(); });
  step("a checkpoint", () => { hand.checkpoint(); });
}
