// The life of the device: reset, negotiation, configuration, queues, DRIVER_OK (VIRTIO 1.2 §3.1.1), and the facts learnt on the way.
// What stays true: `live` is set only between a complete bring-up and the next reset; a device that could not be reset or
// brought up is never used again, and every operation then answers DeviceGone.
import { acceptedOf, Refusal, refusalOf } from "./features";
import { DeviceGeometry, unlimitedBytes } from "./geometry";
import { Platform } from "./platform";
import { QueueSet } from "./queue-set";
import { Transport } from "./transport";
import { DeviceStatus, Feature } from "./virtio";

/** A reset is first polled for, then slept for; about a second in all. Devices reset in microseconds, or never. */
const resetPolls: u32 = 1000;
const resetSleeps: u32 = 1000;
const resetSleepMicroseconds: u32 = 1000;
/** Turns of polling in place of one such sleep, should the clock stand still. */
const pausePolls: u32 = 1 << 16;

export class DeviceLife {
  live: bool = false;
  features: u64 = 0;
  geometry: DeviceGeometry = new DeviceGeometry();

  constructor(private platform: Platform, private transport: Transport, private queues: QueueSet, private confined: bool) {}

  get canFlush(): bool { return (this.features & Feature.flush) != 0; }
  get canDiscard(): bool { return this.geometry.discardSectors != 0; }
  get canWriteZeroes(): bool { return this.geometry.writeZeroesSectors != 0; }
  get isReadOnly(): bool { return (this.features & Feature.readOnly) != 0; }

  /** Does the device still say that it serves us? */
  isHealthy(): bool { return this.live && this.transport.status() == DeviceStatus.live; }

  /**
   * Make the device forget everything; true when it says that it has. Only then is it certain that it does not touch
   * memory any more (§2.4.1, §3.3.1).
   */
  reset(): bool {
    this.live = false;
    if (this.transport.status() == DeviceStatus.absent) {
      this.platform.note("there is no device");
      return false;
    }
    this.transport.setStatus(0);
    for (let turn: u32 = 0; turn < resetPolls; turn++) {
      if (this.transport.status() == 0) return true;
      this.platform.relax();
    }
    for (let turn: u32 = 0; turn < resetSleeps; turn++) {
      this.pause();
      if (this.transport.status() == 0) return true;
    }
    this.platform.note("the device does not answer a reset");
    return false;
  }

  /** About a millisecond. While a domain that waits for the driver is dying nobody may sleep, and the device needs its time all the same. */
  private pause(): void {
    if (this.platform.wait(resetSleepMicroseconds) >= 0) return;
    const end = this.platform.now() + u64(resetSleepMicroseconds) * 1000;
    for (let turn: u32 = 0; turn < pausePolls && this.platform.now() < end; turn++) this.platform.relax();
  }

  /** Is it still a device that we may have? Whatever else it is must be left alone (§4.2.3.1.1). */
  recognise(): bool {
    const refusal = this.transport.refusal();
    if (refusal.length == 0) return true;
    this.platform.note(refusal);
    return false;
  }

  /** Bring a device that was reset to life, with empty rings; false, and FAILED in its status, when it or the driver refuses. */
  bringUp(): bool {
    const transport = this.transport;
    if (!this.recognise()) return false;
    // Whatever raised the interrupt before the reset is over (§2.4.1): the line may be let through.
    this.platform.acknowledgeInterrupt();
    transport.setStatus(DeviceStatus.acknowledge);
    transport.setStatus(DeviceStatus.acknowledge | DeviceStatus.driver);
    if (!this.negotiate()) return false;
    if (!this.geometry.read(transport, this.features)) return this.refuse("the configuration does not hold still");
    if (!this.startQueues()) return false;
    transport.setStatus(DeviceStatus.live);
    if (transport.status() != DeviceStatus.live) return this.refuse("the device does not start");
    this.live = true;
    return true;
  }

  private negotiate(): bool {
    const transport = this.transport;
    const offered = transport.offeredFeatures();
    const refusal = refusalOf(offered, this.confined);
    if (refusal == Refusal.legacy) return this.refuse("a legacy device, VERSION_1 is not offered");
    if (refusal == Refusal.bypassesPlatform) return this.refuse("the device would bypass the IOMMU, ACCESS_PLATFORM is not offered");
    this.features = acceptedOf(offered);
    transport.acceptFeatures(this.features);
    const status = DeviceStatus.acknowledge | DeviceStatus.driver | DeviceStatus.featuresOk;
    transport.setStatus(status);
    if (transport.status() != status) return this.refuse("the device refuses the features");
    return true;
  }

  private startQueues(): bool {
    const transport = this.transport, queues = this.queues, geometry = this.geometry;
    const sizeLimit = transport.queueSizeLimit(0);
    if (!isQueueSize(sizeLimit)) return this.refuse("no usable queue");
    // A queue that is not there, or smaller than the first, ends the set: those before it are used.
    let count: u32 = 1;
    while (count < geometry.queueCount && this.hasQueue(count, sizeLimit)) count++;
    if (!queues.locate(count, sizeLimit)) return this.refuse("no device addresses for the queues");
    const indirect = (this.features & Feature.indirectDescriptors) != 0;
    if (!queues.configure(indirect, (this.features & Feature.eventIndex) != 0, geometry.segmentLimit)) return this.refuse("the queue is too small");
    if (geometry.segmentBytes != unlimitedBytes && u64(geometry.segmentBytes) * queues.segmentLimit < geometry.blockBytes) return this.refuse("no block fits the device's limits");
    for (let index: u32 = 0; index < count; index++) {
      const queue = queues.at(index);
      if (transport.enableQueue(index, queue.size, queue.descriptorsAddress, queue.availableAddress, queue.usedAddress)) continue;
      if (index == 0) return this.refuse("the queue cannot be enabled");
      queues.count = index;
      break;
    }
    return true;
  }

  /** The device's word is asked for once: it may say something else next time. */
  private hasQueue(index: u32, sizeLimit: u32): bool {
    const limit = this.transport.queueSizeLimit(index);
    return isQueueSize(limit) && limit >= sizeLimit;
  }

  private refuse(reason: string): bool {
    this.platform.note(reason);
    this.transport.setStatus(this.transport.status() | DeviceStatus.failed); // §2.1.1
    return false;
  }
}

/** §2.7: a power of two, at most 32768. */
function isQueueSize(limit: u32): bool { return limit != 0 && limit <= 32768 && (limit & (limit - 1)) == 0; }
