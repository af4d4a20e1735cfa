// The disk to its clients, without messages: checks what they ask for and has it done. Synchronous transfers here,
// batches in batches.ts. All arguments come from clients and may be anything.
import { DeviceFlag, RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeviceLife } from "./device-life";
import { DriverStatistics } from "./driver-statistics";
import { GrantTable } from "./grant-table";
import { noGrant, synchronousOperation } from "./operation-table";
import { Platform } from "./platform";
import { pageBytes, QueueMemory } from "./queue-memory";
import { QueueSet } from "./queue-set";
import { RequestEngine } from "./request-engine";
import { Transport } from "./transport";
import { identityBytes, RequestType, sectorBytes } from "./virtio";

/** What one request of a batch may be long, if the queue is deep enough for the worst case. */
const transferBytesLimit: u32 = 1 << 20;

export class Disk {
  statistics: DriverStatistics;
  grants: GrantTable;
  engine: RequestEngine;
  queues: QueueSet;
  life: DeviceLife;

  /** `confined`: the kernel says that an IOMMU stands before the device. `timeOutMs`: how long the device may keep a request. */
  constructor(private platform: Platform, transport: Transport, confined: bool, timeOutMs: u32) {
    const queues = new QueueSet(platform), grants = new GrantTable(platform), statistics = new DriverStatistics();
    const life = new DeviceLife(platform, transport, queues, confined);
    this.engine = new RequestEngine(platform, transport, queues, life, grants, statistics, timeOutMs);
    this.queues = queues;
    this.life = life;
    this.grants = grants;
    this.statistics = statistics;
  }

  /** Bring the device up. A failure is not fatal: the operations answer DeviceGone. */
  start(): bool { return this.engine.start(); }

  /** DeviceFlag bits. */
  flags(): u32 {
    return (this.life.isReadOnly ? DeviceFlag.readOnly : 0) | (this.life.canFlush ? DeviceFlag.flush : 0)
      | (this.life.canDiscard ? DeviceFlag.discard : 0) | (this.life.canWriteZeroes ? DeviceFlag.writeZeroes : 0);
  }

  /**
   * The longest request of a batch: one whose pieces fit the empty queue even when every page of it lies somewhere else.
   * Where a page is one segment, n segments hold any n − 1 pages, whatever the alignment.
   */
  maximumTransferBytes(): u32 {
    const geometry = this.life.geometry;
    const segmentsOfPage = max((pageBytes - 1) / geometry.segmentBytes + 1, 1);
    const pages = max(this.queues.segmentLimit / segmentsOfPage, 1) - 1;
    const pieceBytes = max((pages * pageBytes) & ~(geometry.blockBytes - 1), geometry.blockBytes);
    return max(min(transferBytesLimit, pieceBytes * this.queues.slotCount), geometry.blockBytes);
  }

  /** May a client read, write or flush `lengthBytes` at `sector`? The device may have grown since the last look, so beyond its end is looked at twice. */
  admit(type: u32, sector: u64, lengthBytes: u32): u32 {
    const engine = this.engine;
    engine.inspect();
    const status = engine.admission.transfer(type, sector, lengthBytes);
    if (status != Status.OutOfRange) return status;
    engine.refresh();
    return engine.admission.transfer(type, sector, lengthBytes);
  }

  /** May a client discard or zero these sectors? */
  admitRange(type: u32, sector: u64, sectorCount: u64): u32 {
    const engine = this.engine;
    engine.inspect();
    const status = engine.admission.range(type, sector, sectorCount);
    if (status != Status.OutOfRange) return status;
    engine.refresh();
    return engine.admission.range(type, sector, sectorCount);
  }

  /** Read or write all of a lease; nothing of it is in flight any more when this returns. */
  transfer(type: u32, sector: u64, lease: u32, lengthBytes: u32): u32 {
    const refused = this.admit(type, sector, lengthBytes);
    if (refused != Status.Ok || lengthBytes == 0) return refused;
    this.engine.preparation.begin(synchronousOperation, type, noGrant);
    this.addPieces(type, sector, lease, lengthBytes);
    return this.engine.complete();
  }

  /** Write all of two leases at the same time: one operation, whose pieces have no order. */
  writeTogether(sector: u64, lease: u32, lengthBytes: u32, otherSector: u64, otherLease: u32, otherLengthBytes: u32): u32 {
    let refused = this.admit(RequestType.write, sector, lengthBytes);
    if (refused == Status.Ok) refused = this.admit(RequestType.write, otherSector, otherLengthBytes);
    if (refused != Status.Ok || (lengthBytes | otherLengthBytes) == 0) return refused;
    const preparation = this.engine.preparation;
    preparation.begin(synchronousOperation, RequestType.write, noGrant);
    this.addPieces(RequestType.write, sector, lease, lengthBytes);
    preparation.resume();
    this.addPieces(RequestType.write, otherSector, otherLease, otherLengthBytes);
    return this.engine.complete();
  }

  /** Requests for all of a lease, as pieces of the synchronous operation. */
  private addPieces(type: u32, sector: u64, lease: u32, lengthBytes: u32): void {
    const engine = this.engine, operations = engine.operations;
    let offsetBytes: u32 = 0;
    // Bounded: each turn covers a sector or more, or ends a request that was in flight. After a failure nothing is added.
    while (offsetBytes < lengthBytes && operations.status(synchronousOperation) == Status.Ok) {
      const covered = engine.preparation.addPiece(synchronousOperation, type, sector + offsetBytes / sectorBytes, lease, offsetBytes, lengthBytes - offsetBytes);
      if (covered > 0) offsetBytes += u32(covered);
      else if (covered == -<i32>Status.Busy) this.awaitSlot();
      else operations.fail(synchronousOperation, u32(-covered));
    }
  }

  /** Discard or zero a range of sectors, in as many requests as the device's limits ask for. */
  erase(type: u32, sector: u64, sectorCount: u64, flags: u32): u32 {
    const refused = flags & ~RequestFlag.unmap ? Status.InvalidArgument : this.admitRange(type, sector, sectorCount);
    if (refused != Status.Ok || sectorCount == 0) return refused;
    const engine = this.engine, operations = engine.operations;
    engine.preparation.begin(synchronousOperation, type, noGrant);
    // Bounded: by `rangePieceLimit` pieces, and by the ends of requests that were in flight.
    for (let done: u64 = 0; done < sectorCount && operations.status(synchronousOperation) == Status.Ok;) {
      const covered = engine.preparation.addRange(synchronousOperation, type, sector + done, sectorCount - done, engine.admission.rangeFlags(type, flags));
      if (covered > 0) done += u64(covered);
      else if (covered == -<i32>Status.Busy) this.awaitSlot();
      else operations.fail(synchronousOperation, u32(-covered));
    }
    return engine.complete();
  }

  flush(): u32 {
    const refused = this.admit(RequestType.flush, 0, 0);
    return refused == Status.Ok ? this.request(RequestType.flush, 0) : refused;
  }

  /** Copies the device's identity into a lease; its length in bytes, or −Status. Safety: the page is ours, and the text is bounded by `identityBytes`. */
  identify(lease: u32, leaseBytes: u32): i32 {
    this.engine.inspect();
    if (!this.life.live) return -<i32>Status.DeviceGone;
    const page = QueueMemory.identity();
    memory.fill(page, 0, identityBytes);
    const status = this.request(RequestType.identify, identityBytes);
    if (status != Status.Ok) return -<i32>status;
    let lengthBytes: u32 = 0;
    while (lengthBytes < identityBytes && load<u8>(page + lengthBytes)) lengthBytes++;
    lengthBytes = min(lengthBytes, leaseBytes);
    const written = this.platform.leaseWrite(lease, 0, page, lengthBytes);
    return written < 0 ? written : <i32>lengthBytes;
  }

  /** The slot of a grant for batches, or −Status; on failure the handle is given back. */
  attach(grant: u32, lengthBytes: u32): i32 {
    if (this.life.live) return this.grants.attach(grant, lengthBytes);
    this.platform.drop(grant);
    return -<i32>Status.DeviceGone;
  }

  /** An interrupt came while nobody was inside the driver. */
  interrupted(): void {
    const engine = this.engine;
    engine.interrupted();
    if (!engine.collect()) {
      engine.idleInterrupt();
      engine.inspect();
    }
    engine.rest();
  }

  /** One synchronous request, with data of the identity page or none. */
  private request(type: u32, lengthBytes: u32): u32 {
    const engine = this.engine;
    engine.preparation.begin(synchronousOperation, type, noGrant);
    let covered = engine.preparation.addPiece(synchronousOperation, type, 0, 0, <u32>QueueMemory.identity(), lengthBytes);
    if (covered == -<i32>Status.Busy) {
      this.awaitSlot();
      covered = engine.preparation.addPiece(synchronousOperation, type, 0, 0, <u32>QueueMemory.identity(), lengthBytes);
    }
    if (covered < 0) engine.operations.fail(synchronousOperation, u32(-covered));
    return engine.complete();
  }

  /** All slots are taken: let what is prepared begin, and wait for an end. */
  private awaitSlot(): void {
    this.engine.publish();
    this.engine.awaitProgress(true, 1);
  }
}
