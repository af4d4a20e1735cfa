// The block device model's bad side: one breach of VIRTIO 1.2 at a time, on command. It shows what a driver must bear from
// a device that is broken or hostile; each kind says what it does to the next request's end, and what while nothing is in flight.
// What stays true: it reaches only memory that the driver has opened to the device, of which it also overwrites what was
// opened for reading, as a device without an IOMMU could; and each command acts once.
import type { BlockRequest } from "./block-request.ts";
import type { Chain, DeviceAddress, Virtqueue } from "./virtqueue.ts";

export const misbehaviours = [
  "id-out-of-range", "id-huge", "id-not-outstanding", "length-too-long", "length-short", "index-jumps", "index-goes-back", "completed-twice",
  "completion-of-nothing", "capacity-shrinks", "block-size-changes", "configuration-never-still", "descriptors-rewritten", "used-entry-rewritten",
  "interrupts-without-work", "work-without-interrupt", "never-answers", "status-out-of-range", "status-untouched", "status-changes-late",
  "stops-itself", "queue-size-zero", "queue-size-odd", "completion-after-reset",
] as const;
export type Misbehaviour = (typeof misbehaviours)[number];

/** One request that has come to its end, and what the device may make of it. */
export interface Ending {
  head: number;
  /** Where the request's buffers are. */
  chain: Chain;
  request: BlockRequest;
  /** Does the work; the status that an honest device would answer. */
  execute(): number;
}

/** What the bad side needs of the device. */
export interface HostileHands {
  /** That of the request that ran last. */
  readonly queue: Virtqueue;
  interrupt(): void;
  stop(): void;
  /** A new configuration with so many sectors and this logical block size, and its interrupt. */
  reconfigure(sectors: number, blockBytes: number): void;
  readonly sectorCount: number;
  readonly blockBytes: number;
  /** The generation moves at every look. */
  keepMoving(): void;
}

const ok = 0;
const usedHeader = 4;
const interruptBurst = 50;

export class HostileSide {
  /** Interrupts are held back while this is set. */
  isMute = false;
  /** How often a command was carried out. */
  count = 0;
  private kind: Misbehaviour | null = null;
  private skip = 0;
  private atStart: Misbehaviour | null = null;
  /** Done when the device is next let go on. */
  private later: (() => void) | null = null;
  private isHauntedAfterReset = false;
  private lastHead = 0;
  /** The data of a request that was left over from the time before a reset. */
  private oldLow = 0;
  private oldHigh = 0;
  private oldLength = 0;

  constructor(private readonly hands: HostileHands) {}

  /** At the end of the next request, after `skip` honest ones. */
  arm(kind: Misbehaviour, skip = 0): void {
    this.kind = kind;
    this.skip = skip;
  }

  /** As soon as the driver has brought the device up. */
  armStart(kind: Misbehaviour): void { this.atStart = kind; }

  /** Is a command waiting for a request's end? */
  get isArmed(): boolean { return this.kind !== null; }

  onDriverOk(): void {
    const kind = this.atStart;
    this.atStart = null;
    if (kind === null) return;
    this.idle(kind);
    if (!this.isArmed) this.arm(kind);
  }

  onReset(): void {
    this.isMute = false;
    this.later = null;
  }

  /** The device goes on: carries out what was left for later; true when there was something. */
  advance(): boolean {
    const { later } = this;
    if (later === null) return false;
    this.later = null;
    later();
    return true;
  }

  /** The driver rings: whatever belongs to the time before a reset comes now. */
  onNotify(): void {
    if (!this.isHauntedAfterReset) return;
    this.isHauntedAfterReset = false;
    this.count++;
    const { bus } = this.hands.queue;
    if (this.oldLength > 0 && bus.reach(this.oldLow, this.oldHigh, this.oldLength, true)) bus.bytes.fill(0xbd, bus.offset, bus.offset + this.oldLength);
    this.put(this.lastHead, this.oldLength + 1);
    this.hands.interrupt();
  }

  /** Ends one request. True: it was taken over; false: the device is to be honest. */
  end(ending: Ending): boolean {
    this.lastHead = ending.head;
    if (this.kind === null || this.skip-- > 0) return false;
    const { kind } = this;
    this.kind = null;
    this.count++;
    this.breakRule(kind, ending);
    return true;
  }

  /** While nothing is in flight: what of this kind can be done then. */
  idle(kind: Misbehaviour): void {
    this.count++;
    switch (kind) {
      case "id-out-of-range": case "length-too-long": case "id-not-outstanding": case "completed-twice": case "completion-of-nothing":
        this.put(kind === "id-out-of-range" ? this.hands.queue.size : 0, 0xffff_ffff);
        return this.hands.interrupt();
      case "id-huge": this.put(0xffff_ffff, 1); return this.hands.interrupt();
      case "index-jumps": this.moveIndex(300); return this.hands.interrupt();
      case "index-goes-back": this.moveIndex(-1); return this.hands.interrupt();
      case "descriptors-rewritten": return this.rewriteDescriptors();
      case "used-entry-rewritten": return this.rewriteUsed(-1);
      case "stops-itself": return this.hands.stop();
      case "capacity-shrinks": case "block-size-changes": case "configuration-never-still": case "interrupts-without-work": case "queue-size-zero": case "queue-size-odd":
        return this.aside(kind);
      default: this.arm(kind); // It takes a request.
    }
  }

  private breakRule(kind: Misbehaviour, { head, chain, request, execute }: Ending): void {
    const { hands } = this;
    const honestly = (): void => this.put(head, request.complete(execute()));
    switch (kind) {
      // Nothing of these is done: an answer of Ok would be a lie.
      case "id-out-of-range": return this.put(hands.queue.size, 1);
      case "id-huge": return this.put(0xffff_ffff, 1);
      case "id-not-outstanding": return this.put((head + 1) % hands.queue.size, request.lengthBytes + 1);
      case "status-untouched": return this.put(head, request.lengthBytes + 1);
      case "never-answers": case "completion-after-reset":
        this.isHauntedAfterReset = kind === "completion-after-reset";
        this.oldLow = chain.low[chain.readableCount]!;
        this.oldHigh = chain.high[chain.readableCount]!;
        this.oldLength = request.type === 0 ? chain.length[chain.readableCount]! : 0;
        return;
      case "status-out-of-range": request.complete(7); return this.put(head, request.lengthBytes + 1);
      case "length-short": request.complete(ok); return this.put(head, request.type === 0 ? request.lengthBytes / 2 : 0);
      case "stops-itself": return hands.stop();
      // These are done, and the rest is noise.
      case "length-too-long": request.complete(execute()); return this.put(head, 0xffff_ffff);
      case "index-jumps": honestly(); return this.moveIndex(300);
      case "index-goes-back": honestly(); return this.moveIndex(-2);
      case "completed-twice": honestly(); return this.put(head, request.lengthBytes + 1);
      case "completion-of-nothing": honestly(); return this.put(0, 1);
      case "descriptors-rewritten": this.rewriteDescriptors(); return honestly();
      case "used-entry-rewritten": honestly(); this.later = () => this.rewriteUsed(-1); return;
      case "status-changes-late": honestly(); this.later = () => { request.complete(9); }; return;
      case "work-without-interrupt": this.isMute = true; return honestly();
      default: honestly(); return this.aside(kind);
    }
  }

  /** What does not depend on a request. */
  private aside(kind: Misbehaviour): void {
    const { hands } = this;
    switch (kind) {
      case "capacity-shrinks": return hands.reconfigure(Math.floor(hands.sectorCount / 16) * 8, hands.blockBytes);
      case "block-size-changes": return hands.reconfigure(hands.sectorCount, hands.blockBytes === 512 ? 8192 : 512);
      case "configuration-never-still": hands.keepMoving(); return hands.reconfigure(hands.sectorCount, hands.blockBytes);
      case "interrupts-without-work":
        for (let count = 0; count < interruptBurst; count++) hands.interrupt();
        return;
      // Seen after the next reset only, which a broken ring brings about.
      case "queue-size-zero": case "queue-size-odd":
        hands.queue.maximumSize = kind === "queue-size-zero" ? 0 : 100;
        this.put(hands.queue.size, 1);
        return hands.interrupt();
    }
  }

  /** Puts any entry into the used ring, and the index one further. */
  put(id: number, length: number): void {
    if (this.hands.queue.isEnabled) this.hands.queue.finish(id, length);
  }

  moveIndex(count: number): void {
    if (this.hands.queue.isEnabled) this.hands.queue.skip(count);
  }

  /** Overwrites an entry that is published already; −1: the newest. */
  rewriteUsed(back: number): void {
    const { queue } = this.hands;
    const slot = (queue.finishedCount + back) & (queue.size - 1);
    const bytes = this.force(queue.used, usedHeader + slot * 8, 8);
    bytes?.set([queue.size & 0xff, queue.size >>> 8, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  }

  private rewriteDescriptors(): void {
    const { queue } = this.hands;
    this.force(queue.descriptors, 0, 16 * queue.size)?.fill(0xa5);
    this.force(queue.available, 4, 2 * queue.size)?.fill(0x5a);
  }

  /** The bytes at a place that the driver has opened, be it for reading only. */
  private force(area: DeviceAddress, offset: number, length: number): Uint8Array | null {
    const { queue } = this.hands;
    if (!queue.isEnabled || !queue.bus.reach(area.low + offset, area.high, length, false)) return null;
    return queue.bus.bytes.subarray(queue.bus.offset, queue.bus.offset + length);
  }
}
