// The virtio block device of the hosted kernel (VIRTIO 1.2 §5.2): a device model that speaks the PCI modern layout and the
// real split virtqueue, so the same driver module runs here and in QEMU. Requests run when the doorbell rings
// (immediate) or one by one when the kernel lets devices advance (queued, in order or shuffled by a seed).
// What stays true: the device touches memory only through the bus's address checker; whatever the driver writes,
// nothing throws: it answers an error or sets DEVICE_NEEDS_RESET.
import { type DeviceBus, type DeviceModel, noBus } from "../kernel/device-port.ts";
import { SeededRandom } from "../kernel/entropy.ts";
import {
  BlockRequest, type DeviceCounters, type DeviceRequest, type RequestLimits, RequestStatus, RequestType,
} from "./block-request.ts";
import { BlockConfiguration, ConfigurationField, defaultLimits, type Topology } from "./block-configuration.ts";
import type { Disk } from "./disk.ts";
import { type Ending, type HostileHands, HostileSide, type Misbehaviour } from "./misbehaviour.ts";
import {
  CommonConfiguration, DeviceStatus, featureVersion1, InterruptStatus, notifyMultiplier, NotifyWindow,
  noVector, queueVector, type RegisterEvents,
} from "./virtio-registers.ts";
import type { MmioMisbehaviour } from "./virtio-mmio.ts";
import { Chain, Virtqueue } from "./virtqueue.ts";

/** What a hook makes of one request: "stall", the device never answers it; or a misbehaviour at its end. */
export type RequestFault = "none" | "fail" | "stall" | Misbehaviour;

export interface VirtioBlkOptions {
  /** How it is attached; "pci" by default. */
  transport?: "pci" | "mmio";
  /** With MMIO: what is wrong from the beginning. */
  misbehaveOnBus?: MmioMisbehaviour;
  /** Requests wait until devices advance, instead of running when the doorbell rings. */
  queued?: boolean;
  /** With `queued`: requests run in an order drawn from this seed. */
  seed?: number;
  readOnly?: boolean;
  /** "works"; "absent": VIRTIO_BLK_F_FLUSH is not offered; "ignored": acknowledged and not done; "failing". */
  flush?: "works" | "absent" | "ignored" | "failing";
  discard?: boolean;
  writeZeroes?: boolean;
  eventIndex?: boolean;
  indirect?: boolean;
  /** False: do not offer VIRTIO_F_ACCESS_PLATFORM, as a device that goes around the IOMMU. By default it is offered, since the hosted kernel checks every access. */
  accessPlatform?: boolean;
  blockBytes?: number;
  /** num-queues; with more than one VIRTIO_BLK_F_MQ is offered. */
  queueCount?: number;
  queueSize?: number;
  maximumSegments?: number;
  /** SIZE_MAX, offered when given. */
  maximumSegmentBytes?: number;
  /** Offered when given. */
  topology?: Topology;
  maximumDiscardSectors?: number;
  discardAlignmentSectors?: number;
  maximumWriteZeroesSectors?: number;
  /** write_zeroes_may_unmap; true by default. */
  mayUnmap?: boolean;
  /** Up to 20 bytes, for GET_ID. */
  identity?: string;
  /** What the device does as soon as it has been brought up, and if it takes a request for that, to the first one. */
  misbehave?: Misbehaviour;
  /** Sees the device before its driver does. */
  prepare?: (device: VirtioBlk) => void;
  /** Asked before each request runs. */
  fault?: (request: Readonly<DeviceRequest>) => RequestFault;
}

/** Feature bits (§5.2.3, §6). */
const Feature = { SizeMax: 1, SegMax: 2, ReadOnly: 5, BlkSize: 6, Flush: 9, Topology: 10, MultiQueue: 12, Discard: 13, WriteZeroes: 14, Indirect: 28, EventIdx: 29 } as const;
const featureAccessPlatform = 2; // bit 33, in word 1

export class VirtioBlk implements DeviceModel, RegisterEvents, HostileHands {
  readonly transport = "pci";
  readonly common: CommonConfiguration;
  readonly notify: NotifyWindow;
  readonly isr = new InterruptStatus();
  readonly configuration: BlockConfiguration;
  readonly notifyMultiplier = notifyMultiplier;
  readonly queueVector = queueVector;
  readonly counters: DeviceCounters = {
    reads: 0, writes: 0, flushes: 0, discards: 0, writeZeroes: 0, unmaps: 0, readBytes: 0, writtenBytes: 0, errors: 0, interrupts: 0,
  };
  /** May be changed while the system runs. */
  fault: (request: Readonly<DeviceRequest>) => RequestFault;
  flushMode: "works" | "absent" | "ignored" | "failing";
  /** Does nothing until it is told to. */
  readonly hostile: HostileSide = new HostileSide(this);
  /** Takes over the ends of requests, for tests that lie in their own way. True: the request needs no further answer. */
  takeOver: ((ending: Ending) => boolean) | null = null;
  readonly queues: readonly Virtqueue[];
  /** The queue of the request that ran last: where the bad side does what it does. */
  queue: Virtqueue;
  private readonly ending: Ending;
  private readonly chain: Chain;
  private readonly request: BlockRequest;
  private readonly limits: RequestLimits;
  private readonly random: SeededRandom | null;
  private readonly isQueued: boolean;
  /** Requests that were fetched and have not run: index of the queue × 65536 + head. */
  private readonly outstanding: number[] = [];
  private requestCount = 0;
  private resetCount = 0;
  private bus: DeviceBus = noBus;

  constructor(readonly disk: Disk, options: VirtioBlkOptions = {}) {
    const queueSize = options.queueSize ?? 256;
    this.queues = Array.from({ length: options.queueCount ?? 1 }, (_, index) => new Virtqueue(index, queueSize));
    this.queue = this.queues[0]!;
    this.request = new BlockRequest(options.identity ?? "axiomfs hosted disk");
    this.flushMode = options.flush ?? "works";
    this.fault = options.fault ?? (() => "none");
    this.isQueued = options.queued ?? false;
    this.random = options.seed === undefined ? null : new SeededRandom(options.seed);
    this.limits = limitsOf(disk, options);
    // A chain is never longer than the queue (§2.7.5.3.1), and a full request has a header and a status byte besides its data.
    this.chain = new Chain(Math.max(queueSize, this.limits.maximumSegments + 2));
    this.ending = { head: 0, chain: this.chain, request: this.request, execute: () => this.execute() };
    if (options.misbehave !== undefined) this.hostile.armStart(options.misbehave);
    this.common = new CommonConfiguration(offeredFeatures(options), this.queues, this);
    this.notify = new NotifyWindow(this.queues.length, this);
    this.configuration = new BlockConfiguration(this.limits, options.topology, options.mayUnmap ?? true, this.queues.length);
    options.prepare?.(this);
  }

  connect(bus: DeviceBus): void {
    this.bus = bus;
    for (const queue of this.queues) queue.bus = bus;
    this.request.bus = bus;
  }

  onReset(): void {
    this.reset();
  }

  onDriverOk(): void {
    this.hostile.onDriverOk();
  }

  configurationGeneration(): number {
    return this.configuration.generation;
  }

  /** The disk grows or shrinks (§5.2.5): the driver is told by a new generation and an interrupt. */
  setCapacity(sectors: number): void {
    this.limits.capacitySectors = sectors;
    this.configuration.putCapacity(sectors);
    this.configuration.changed();
    this.interruptForConfiguration();
  }

  get configurationBytes(): number { return this.configuration.sizeBytes; }
  get sectorCount(): number { return this.disk.sectorCount; }
  get blockBytes(): number { return this.limits.blockBytes; }

  reconfigure(sectors: number, blockBytes: number): void {
    this.configuration.view.setUint32(ConfigurationField.BlkSize, blockBytes, true);
    this.setCapacity(sectors);
  }

  keepMoving(): void {
    this.configuration.onRead = () => this.configuration.changed();
  }

  stop(): void {
    this.fail();
  }

  reset(): void {
    this.hostile.onReset();
    this.resetCount++;
    this.common.reset();
    for (const queue of this.queues) queue.reset();
    this.isr.reset();
    this.outstanding.length = 0;
  }

  /** The driver rang: requests are in the available ring. */
  onNotify(index: number): void {
    const queue = this.queues[index];
    if (queue === undefined || !this.common.isRunning || !queue.isEnabled) return;
    this.hostile.onNotify();
    // Bounded by the ring: a driver cannot add requests while the device runs.
    for (;;) {
      const waiting = queue.waiting();
      if (waiting < 0 || queue.outstandingCount + waiting > queue.size) return this.fail();
      if (waiting === 0) break;
      for (let count = 0; count < waiting; count++) {
        const head = queue.fetch();
        if (head < 0) return this.fail();
        if (this.isQueued) {
          this.outstanding.push(index * 65536 + head);
          queue.outstandingCount++;
        } else if (!this.run(queue, head)) return this.fail();
        if (!this.common.isRunning) return; // whoever made the disk ended the driver
      }
    }
    if (this.common.hasFeature(Feature.EventIdx)) queue.askForNotification();
    this.interruptIfWanted(queue);
  }

  advance(): boolean {
    if (this.hostile.advance()) return true;
    if (this.outstanding.length === 0) return false;
    if (!this.common.isRunning) return false;
    const position = this.random === null ? 0 : this.random.below(this.outstanding.length);
    const request = this.outstanding[position]!, queue = this.queues[request >>> 16]!;
    this.outstanding.splice(position, 1);
    queue.outstandingCount--;
    if (!this.run(queue, request & 0xffff)) this.fail();
    else if (this.common.isRunning) this.interruptIfWanted(queue);
    return true;
  }

  /** Runs one request. False: it has no answer, because its chain or the used ring is broken. */
  private run(queue: Virtqueue, head: number): boolean {
    if (!queue.load(head, this.chain, this.common.hasFeature(Feature.Indirect))) return false;
    const { request, limits } = this;
    if (!request.parse(this.chain)) return false;
    request.number = ++this.requestCount;
    limits.hasFlush = this.common.hasFeature(Feature.Flush);
    limits.hasDiscard = this.common.hasFeature(Feature.Discard);
    limits.hasWriteZeroes = this.common.hasFeature(Feature.WriteZeroes);
    const { resetCount } = this;
    const fault = this.fault(request);
    if (fault === "stall") return true;
    if (fault !== "none" && fault !== "fail") this.hostile.arm(fault);
    this.queue = queue;
    this.ending.head = head;
    if (this.hostile.end(this.ending) || (this.takeOver !== null && this.takeOver(this.ending))) return true;
    const status = fault === "fail" ? RequestStatus.IoError : this.execute();
    if (resetCount !== this.resetCount) return true;
    if (status !== RequestStatus.Ok) this.counters.errors++;
    return queue.finish(head, request.complete(status));
  }

  private execute(): number {
    if (this.request.type === RequestType.Flush && this.flushMode !== "works" && this.limits.hasFlush) {
      this.counters.flushes++;
      return this.flushMode === "ignored" ? RequestStatus.Ok : RequestStatus.IoError;
    }
    return this.request.execute(this.disk, this.limits, this.counters);
  }

  /** An interrupt for what this queue finished, if the driver wants one. */
  private interruptIfWanted(queue: Virtqueue): void {
    if (!queue.wantsInterrupt(this.common.hasFeature(Feature.EventIdx))) return;
    this.interrupt();
  }

  interrupt(): void {
    if (this.hostile.isMute) return;
    this.isr.setQueue();
    if (this.queue.vector === noVector) return;
    this.counters.interrupts++;
    this.bus.raiseInterrupt();
  }

  /** DEVICE_NEEDS_RESET (§2.1.2): nothing more until the driver resets. */
  private fail(): void {
    this.common.status |= DeviceStatus.NeedsReset;
    this.outstanding.length = 0;
    for (const queue of this.queues) queue.outstandingCount = 0;
    this.interruptForConfiguration();
  }

  private interruptForConfiguration(): void {
    if ((this.common.status & DeviceStatus.DriverOk) === 0) return;
    this.isr.setConfiguration();
    if (this.common.configurationVector === noVector) return;
    this.counters.interrupts++;
    this.bus.raiseInterrupt();
  }
}

function limitsOf(disk: Disk, options: VirtioBlkOptions): RequestLimits {
  const limits = defaultLimits(disk.sectorCount);
  limits.blockBytes = options.blockBytes ?? limits.blockBytes;
  limits.maximumSegments = options.maximumSegments ?? limits.maximumSegments;
  limits.maximumSegmentBytes = options.maximumSegmentBytes ?? limits.maximumSegmentBytes;
  limits.isReadOnly = options.readOnly ?? false;
  limits.maximumDiscardSectors = options.maximumDiscardSectors ?? limits.maximumDiscardSectors;
  limits.discardAlignmentSectors = options.discardAlignmentSectors ?? limits.blockBytes / 512;
  limits.maximumWriteZeroesSectors = options.maximumWriteZeroesSectors ?? limits.maximumWriteZeroesSectors;
  return limits;
}

function offeredFeatures(options: VirtioBlkOptions): [number, number] {
  let low = (1 << Feature.SegMax) | (1 << Feature.BlkSize);
  if (options.maximumSegmentBytes !== undefined) low |= 1 << Feature.SizeMax;
  if (options.topology !== undefined) low |= 1 << Feature.Topology;
  if (options.readOnly === true) low |= 1 << Feature.ReadOnly;
  if (options.flush !== "absent") low |= 1 << Feature.Flush;
  if ((options.queueCount ?? 1) > 1) low |= 1 << Feature.MultiQueue;
  if (options.discard === true) low |= 1 << Feature.Discard;
  if (options.writeZeroes === true) low |= 1 << Feature.WriteZeroes;
  if (options.indirect !== false) low |= 1 << Feature.Indirect;
  if (options.eventIndex !== false) low |= 1 << Feature.EventIdx;
  return [low >>> 0, featureVersion1 | (options.accessPlatform === false ? 0 : featureAccessPlatform)];
}
