// The shipped driver against a device model that was taken over: it writes what it likes into the used ring and the
// status bytes, says nothing, stops, or hangs in a reset. The driver answers, counts, goes on, and is never ended by it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { misbehaviours } from "../../host/devices/misbehaviour.ts";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem, randomFrom, statusOf } from "./driver-system.ts";

const queueSize = 256;
const usedRegister = 0x30;
const availableRegister = 0x28;

/** The rings in the driver's memory, as a device sees them that does what it likes. */
class TakenOver {
  /** What the device does when it is its turn, instead of its work. */
  act: (() => void) | null = null;
  private readonly view: DataView;

  constructor(readonly driver: DriverSystem) {
    const { bytes } = driver.system.domain("virtio-blk");
    this.view = new DataView(bytes.buffer, bytes.byteOffset);
    const honest = driver.device.advance.bind(driver.device);
    driver.device.advance = () => {
      if (this.act === null) return honest();
      const { act } = this;
      this.act = null;
      act();
      driver.system.domain("virtio-blk").port!.raiseInterrupt();
      return true;
    };
  }
  private get used(): number { return this.driver.device.common.read(usedRegister, 4); }
  private get available(): number { return this.driver.device.common.read(availableRegister, 4); }
  get usedIndex(): number { return this.view.getUint16(this.used + 2, true); }
  set usedIndex(value: number) { this.view.setUint16(this.used + 2, value & 0xffff, true); }
  /** The head of the newest request. */
  get head(): number {
    return this.view.getUint16(this.available + 4 + ((this.view.getUint16(this.available + 2, true) - 1) & (queueSize - 1)) * 2, true);
  }
  /** Claims that a chain was used, whatever its status byte holds. */
  claim(id: number, length: number): void {
    const at = this.used + 4 + (this.usedIndex & (queueSize - 1)) * 8;
    this.view.setUint32(at, id >>> 0, true);
    this.view.setUint32(at + 4, length >>> 0, true);
    this.usedIndex++;
  }
}

async function takeOver(): Promise<{ driver: DriverSystem; device: TakenOver; read: () => string }> {
  const driver = await bootDriver({ queued: true });
  const buffer = { address: driver.client.reserve(4096), length: 4096 };
  return { driver, device: new TakenOver(driver), read: () => statusOf(() => driver.disk.read({ sector: 0n, buffer })) };
}

const attacks: Array<[string, (device: TakenOver) => void]> = [
  ["an id beyond the queue", (device) => device.claim(queueSize, 4097)],
  ["an id of all ones", (device) => device.claim(0xffff_ffff, 4097)],
  ["an id that is not in flight", (device) => device.claim((device.head + 1) % queueSize, 4097)],
  ["the index far ahead", (device) => { device.usedIndex += 300; }],
  ["the index one behind", (device) => { device.usedIndex -= 1; }],
  ["the same id twice", (device) => { device.claim(device.head, 4097); device.claim(device.head, 4097); }],
  ["success without a status byte", (device) => device.claim(device.head, 4097)],
  ["a length of four gigabytes", (device) => device.claim(device.head, 0xffff_ffff)],
];
for (const [name, attack] of attacks) {
  test(`${name}: DeviceError, counted, and the next request is served`, async () => {
    const { driver, device, read } = await takeOver();
    assert.equal(read(), "Ok");
    device.act = () => attack(device);
    assert.equal(read(), "DeviceError");
    assert.ok(driver.statistics().errors >= 1n, "not counted");
    assert.equal(read(), "Ok");
    assert.deepEqual(driver.system.faults, []);
  });
}

test("ten thousand random completions neither end the driver nor let a request go unanswered", async () => {
  const { driver, device, read } = await takeOver();
  const random = randomFrom(2024);
  const { slot } = driver.attach(65536);
  const seen = new Map<string, number>();
  for (let turn = 0; turn < 10_000; turn++) {
    device.act = () => {
      for (let count = random(4); count >= 0; count--) {
        const id = [device.head, random(queueSize), random(0xffff_ffff)][random(3)]!;
        if (random(8) === 0) device.usedIndex += random(65536);
        else device.claim(id, [4097, 1, random(0xffff_ffff)][random(3)]!);
      }
    };
    if (random(4) === 0) driver.submit([{ transfer: Transfer.read, tag: turn, sector: 0n, slot, offsetBytes: 0, lengthBytes: 512 }]);
    const status = read();
    seen.set(status, (seen.get(status) ?? 0) + 1);
    if (turn % 64 === 0) driver.reapAll();
  }
  assert.deepEqual([...seen.keys()].filter((status) => status !== "Ok" && status !== "DeviceError"), []);
  assert.ok(seen.get("DeviceError")! > 1000, JSON.stringify([...seen]));
  device.act = null;
  driver.reapAll();
  assert.equal(read(), "Ok");
  assert.deepEqual(driver.reap(), { completions: [], inFlight: 0 });
  driver.disk.detach({ slot });
  assert.deepEqual(driver.system.faults, []);
});

test("a device's own error is handed up, and only for the request it belongs to", async () => {
  const driver = await bootDriver();
  const { slot } = driver.attach(65536);
  driver.device.fault = ({ sector }) => (sector === 10 ? "fail" : "none");
  driver.submit(Array.from({ length: 10 }, (_, index) => ({ transfer: Transfer.read, tag: index, sector: BigInt(index * 2), slot, offsetBytes: index * 512, lengthBytes: 512 })));
  const failed = driver.reapAll().filter(({ status }) => status !== 0);
  assert.deepEqual(failed.map(({ tag, status }) => [tag, status]), [[5, 32]]);
  assert.equal(driver.statistics().errors, 1n);
});

test("a device that never answers is reset after 30 s, and works again", async () => {
  const driver = await bootDriver({ queued: true });
  const buffer = { address: driver.client.reserve(512), length: 512 };
  driver.device.fault = () => "stall";
  const before = driver.clock.monotonicNanoseconds();
  assert.equal(statusOf(() => driver.disk.read({ sector: 0n, buffer })), "TimedOut");
  const seconds = (driver.clock.monotonicNanoseconds() - before) / 1e9;
  assert.ok(seconds > 29 && seconds < 33, `${seconds} s`);
  driver.device.fault = () => "none";
  driver.disk.read({ sector: 0n, buffer });
  assert.ok(driver.notes.some((line) => line.includes("time limit")), driver.notes.join("\n"));
});

for (const [timeOutMs, least, most] of [[1, 0.001, 0.02], [1000, 1, 1.1], [600_000, 600, 602]] as const) {
  test(`with timeOutMs ${timeOutMs} in the manifest a device that never answers is reset after it`, async () => {
    const driver = await bootDriver({ queued: true }, { timeOutMs });
    const buffer = { address: driver.client.reserve(512), length: 512 };
    driver.device.fault = () => "stall";
    const before = driver.clock.monotonicNanoseconds();
    assert.equal(statusOf(() => driver.disk.read({ sector: 0n, buffer })), "TimedOut");
    const seconds = (driver.clock.monotonicNanoseconds() - before) / 1e9;
    assert.ok(seconds >= least && seconds <= most, `${seconds} s`);
  });
}

test("a batch that never ends is given up on when the client asks", async () => {
  const driver = await bootDriver({ queued: true });
  const { slot } = driver.attach(4096);
  driver.device.fault = () => "stall";
  driver.submit([{ transfer: Transfer.read, tag: 1, sector: 0n, slot, offsetBytes: 0, lengthBytes: 512 }]);
  assert.deepEqual(driver.reap().completions, []);
  driver.clock.advance(31e9);
  assert.deepEqual(driver.reap().completions.map(({ status }) => status), [11]);
  driver.disk.detach({ slot });
});

for (const kind of misbehaviours) {
  test(`get-id of a device with ${kind}: its identity or an error, never another text`, async () => {
    const driver = await bootDriver({ queued: true, queueCount: 2 }, { timeOutMs: 1000 });
    const identity = { address: driver.client.reserve(20), length: 20 };
    driver.device.hostile.arm(kind);
    for (let turn = 0; turn < 3; turn++) {
      driver.client.bytes.fill(0xee, identity.address, identity.address + 20);
      let length = -1;
      const status = statusOf(() => { length = driver.disk.identify({ identity }).lengthBytes; });
      if (status === "Ok") assert.equal(String.fromCharCode(...driver.client.bytes.subarray(identity.address, identity.address + length)), "axiomfs hosted disk");
      else assert.ok((kind.startsWith("queue-size") ? ["DeviceError", "DeviceGone"] : ["DeviceError", "TimedOut"]).includes(status), status);
      driver.device.hostile.isMute = false;
    }
    assert.ok(driver.device.hostile.count >= 1);
    assert.deepEqual(driver.system.faults, []);
  });
}

test("a device that stops by itself (NEEDS_RESET) is reset at the next look", async () => {
  const { driver, read } = await takeOver();
  driver.device.advance = () => {
    if ((driver.device.common.status & 4) === 0 || driver.device.common.status & 64) return false;
    driver.device.common.status |= 64;
    return true;
  };
  assert.equal(read(), "DeviceError");
  driver.device.advance = Object.getPrototypeOf(driver.device).advance;
  assert.equal(read(), "Ok");
});

test("a device that hangs in its reset may still write to lent memory: the driver ends rather than answer, and nothing more is given to it", async () => {
  const { driver, device, read } = await takeOver();
  driver.device.onReset = () => {};
  device.act = () => device.claim(0xffff, 1);
  assert.equal(read(), "PeerRestarted");
  assert.match(driver.system.faults.map(({ text }) => text).join(), /does not confirm its reset/);
  assert.ok(driver.notes.some((line) => line.includes("the device does not answer a reset")), driver.notes.join("\n"));
});

test("a device whose windows and claims do not fit is refused at the start", async () => {
  const { VirtioBlk } = await import("../../host/devices/virtio-blk.ts");
  const prototype = VirtioBlk.prototype as unknown as { connect: (bus: unknown) => void };
  const honest = prototype.connect;
  prototype.connect = function (this: InstanceType<typeof VirtioBlk>, bus: unknown) {
    const read = this.common.read.bind(this.common);
    this.common.read = (offset, width) => (offset === 0x1e ? 0xffff : read(offset, width)); // a doorbell far outside
    honest.call(this, bus);
  };
  try {
    const driver = await bootDriver();
    assert.equal(statusOf(() => driver.disk.flush()), "DeviceGone");
    assert.deepEqual(driver.system.faults, []);
  } finally {
    prototype.connect = honest;
  }
});
