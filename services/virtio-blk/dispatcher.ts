// The life of a batch's operation in the driver: accepted, perhaps waiting (scheduler.ts), made into requests when there is
// room (preparation.ts), ended.
// What stays true: each operation ends exactly once, and its grant is kept from its beginning to its end; what has not
// started the device has never seen, so it outlives a reset of the device and is judged anew when it starts.
import { BatchRequest, RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Admission, isRange } from "./admission";
import { DriverStatistics } from "./driver-statistics";
import { GrantTable } from "./grant-table";
import { noGrant, noOperation, OperationTable } from "./operation-table";
import { Preparation, runKind } from "./preparation";
import { slotLimit } from "./queue-memory";
import { RequestSlots } from "./request-slots";
import { Scheduler } from "./scheduler";
import { RequestType, sectorBytes } from "./virtio";

export class Dispatcher {
  scheduler: Scheduler;
  /** Has begun, and has more requests than there was room for. It goes on before anything else starts. */
  private unfinished: u32 = noOperation;

  constructor(
    private admission: Admission, private grants: GrantTable, private operations: OperationTable, private slots: RequestSlots,
    private preparation: Preparation, private statistics: DriverStatistics,
  ) { this.scheduler = new Scheduler(operations); }

  /** Operations that have not started, or not whole. */
  get waitingCount(): u32 { return this.scheduler.waitingCount + u32(this.unfinished != noOperation); }

  /** A request that was found right: it starts, or waits. Its record and its grant are kept in the table. */
  accept(operation: u32): void {
    const grant = this.operations.grant(operation);
    if (grant != noGrant) this.grants.retain(grant);
    const hasRoom = this.unfinished == noOperation && this.hasRoom();
    if (this.scheduler.accept(operation, hasRoom)) this.start(operation);
    else this.statistics.waited++;
  }

  /** A request that was found wrong: it ends before it has begun. */
  refuse(operation: u32, status: u32): void {
    this.operations.fail(operation, status);
    this.operations.close(operation);
    this.operations.finish(operation);
  }

  /** Start what waits, as much as there is room for. Bounded: each turn takes a slot, or ends an operation. */
  pump(): void {
    if (this.waitingCount == 0) return;
    while (this.hasRoom()) {
      let operation = this.unfinished;
      this.unfinished = noOperation;
      if (operation == noOperation) operation = this.scheduler.next();
      if (operation == noOperation) return;
      if (this.goOn(operation)) this.startNeighbours();
    }
  }

  /** End everything that waits, because the device is gone or silent. Nothing may be in flight. */
  endWaiting(status: u32): void {
    while (this.waitingCount != 0) {
      let operation = this.unfinished;
      this.unfinished = noOperation;
      if (operation == noOperation) operation = this.scheduler.next();
      assert(operation != noOperation, "something waits for nothing");
      this.operations.fail(operation, status);
      this.close(operation);
    }
  }

  /** An operation that was accepted has no pieces any more, and will have none. */
  finish(operation: u32): void {
    const operations = this.operations;
    const grant = operations.grant(operation);
    if (grant != noGrant) this.grants.release(grant);
    if (operations.status(operation) == Status.Ok) this.statistics.count(operations.kind(operation), operations.bytes(operation));
    this.scheduler.ended(operation);
    operations.finish(operation);
  }

  private hasRoom(): bool { return this.slots.peekFree() != slotLimit; }

  /** Start what had to wait, or start more of it, if it still may; true when something was started. */
  private goOn(operation: u32): bool {
    const operations = this.operations, type = operations.kind(operation), request = operations.request(operation);
    const sector = BatchRequest.sector(request), lengthBytes = BatchRequest.lengthBytes(request);
    if (operations.status(operation) == Status.Ok) {
      // The device may have become another since the request came. The memory is the kernel's to judge, below.
      const status = isRange(type) ? this.admission.range(type, sector, lengthBytes / sectorBytes) : this.admission.transfer(type, sector, lengthBytes);
      if (status == Status.Ok) {
        this.start(operation);
        return true;
      }
      operations.fail(operation, status);
    }
    this.close(operation);
    return false;
  }

  /** What waits next to what was just started, on the disk and in order, goes with it. */
  private startNeighbours(): void {
    const operations = this.operations, preparation = this.preparation;
    for (;;) {
      const operation = this.scheduler.neighbour(preparation.endOfRun);
      if (operation == noOperation) return;
      const request = operations.request(operation);
      if (!preparation.mayJoin(this.runKindOf(operation), preparation.endOfRun, BatchRequest.offsetBytes(request), BatchRequest.lengthBytes(request))) return;
      this.scheduler.takeNeighbour();
      if (!this.goOn(operation) || this.unfinished != noOperation) return;
    }
  }

  private runKindOf(operation: u32): u32 {
    return runKind(this.operations.kind(operation), (BatchRequest.flags(this.operations.request(operation)) & RequestFlag.background) != 0);
  }

  /** Make requests of an operation, from where it stands, as far as there is room. */
  private start(operation: u32): void {
    const operations = this.operations, preparation = this.preparation, request = operations.request(operation);
    const type = operations.kind(operation), lengthBytes = BatchRequest.lengthBytes(request);
    this.slots.turnTo((BatchRequest.flags(request) & RequestFlag.background) != 0);
    if (type == RequestType.flush) {
      if (preparation.addPiece(operation, type, 0, 0, 0, 0) == -<i32>Status.Busy) this.unfinished = operation;
      else this.close(operation);
      return;
    }
    let started = operations.started(operation);
    preparation.resume();
    while (started < lengthBytes) {
      const covered = isRange(type) ? this.addRange(operation, type, request, started) : this.addTransfer(operation, type, request, started);
      if (covered == -<i32>Status.Busy) {
        operations.setStarted(operation, started);
        this.unfinished = operation;
        return;
      }
      if (covered < 0) {
        operations.fail(operation, u32(-covered));
        break;
      }
      started += u32(covered);
    }
    this.close(operation);
  }

  private addTransfer(operation: u32, type: u32, request: usize, started: u32): i32 {
    const preparation = this.preparation, kind = this.runKindOf(operation);
    const sector = BatchRequest.sector(request) + started / sectorBytes, lengthBytes = BatchRequest.lengthBytes(request) - started;
    const grant = this.grants.handle(BatchRequest.slot(request)), offsetBytes = BatchRequest.offsetBytes(request) + started;
    if (started == 0 && preparation.mayJoin(kind, sector, offsetBytes, lengthBytes)) {
      const joined = preparation.join(operation, type, grant, offsetBytes, lengthBytes);
      if (joined != -<i32>Status.TooLarge) return joined;
    }
    const covered = preparation.addPiece(operation, type, sector, grant, offsetBytes, lengthBytes);
    if (started == 0 && covered == <i32>lengthBytes) preparation.openRun(operation, kind, sector + lengthBytes / sectorBytes);
    return covered;
  }

  /** Bytes as if they were memory: of the sectors that the request covers. */
  private addRange(operation: u32, type: u32, request: usize, started: u32): i32 {
    const sector = BatchRequest.sector(request) + started / sectorBytes, sectorCount = (BatchRequest.lengthBytes(request) - started) / sectorBytes;
    const covered = this.preparation.addRange(operation, type, sector, sectorCount, this.admission.rangeFlags(type, BatchRequest.flags(request)));
    return covered < 0 ? covered : covered * <i32>sectorBytes;
  }

  private close(operation: u32): void {
    this.operations.close(operation);
    if (this.operations.isDone(operation)) this.finish(operation);
  }
}
