// Axiom as a service: requests of interface 4 to operations of the log. Leases end here; everything behind works on this module's own memory.
//
// Rights of an endpoint: 1 read, 2 write (propose, format, sync, checkpoint, mark).
//
// Safety: a hash parameter lies in `messageIn`, where the reply goes: it is copied or used before any reply field is set.
import { CheckReply, CheckSomeReply, DescribeReply, LastCheckpointReply, ProposeFlag, ProposeReply, ReadReply, Server, SyncReply } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { leaseRead, leaseWrite } from "../../kernel-bindings/assembly/kernel";
import { Reject } from "./batch";
import { Checker } from "./check";
import { Checkpointer } from "./checkpoint";
import { HASH_BYTES } from "./entry";
import { Log } from "./log";
import { Marker } from "./mark";
import { RIGHT_WRITE } from "./policy";
import { LogReader } from "./read";
import { Root } from "./root";

const RIGHT_READ: u32 = 1;

export class AxiomService extends Server {
  private checkpointer: Checkpointer;
  private checker: Checker;
  private marker: Marker;
  private reader: LogReader;
  private state: usize = heap.alloc(HASH_BYTES);

  constructor(private log: Log) {
    super();
    this.checkpointer = new Checkpointer(log);
    this.checker = new Checker(log);
    this.marker = new Marker(log);
    this.reader = new LogReader(log);
  }

  /** Mount. An image that cannot be mounted is no reason not to start: operations answer why. */
  start(): u32 {
    this.log.mount();
    return Status.Ok;
  }

  /** One request. A mount that failed because something below did not answer is tried again: it may answer now. */
  receive(badge: u32, rights: u32): u32 {
    const status = this.log.mountStatus;
    if (status == Status.DeviceGone || status == Status.Cancelled) this.log.mount();
    return this.dispatch(badge, rights);
  }

  describe(badge: u32, rights: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    DescribeReply.setHead(this.log.chain.head);
    DescribeReply.setHeight(this.log.nextHeight);
    DescribeReply.setFormatted(this.log.mountStatus == Status.Ok ? 1 : 0);
    // "Not formatted" is an answer; every other reason not to be mounted is a fault.
    return this.log.mountStatus == Status.NotFormatted ? <u32>Status.Ok : this.log.mountStatus;
  }

  format(badge: u32, rights: u32, blockCount: u64, flags: u32, genesis: u32, genesisLength: u32): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    if (genesisLength > this.log.batch.capacityBytes) return Status.TooLarge;
    const copied = leaseRead(genesis, 0, this.log.batch.address, genesisLength);
    return copied < 0 ? -copied : this.log.format(blockCount, flags, genesisLength);
  }

  propose(badge: u32, rights: u32, stateRoot: usize, count: u32, flags: u32, batch: u32, batchLength: u32): u32 {
    if (flags & ~ProposeFlag.durable) return Status.InvalidArgument;
    if (batchLength > this.log.batch.capacityBytes) return Status.TooLarge;
    const copied = leaseRead(batch, 0, this.log.batch.address, batchLength);
    if (copied < 0) return -copied;
    let status = this.log.propose(stateRoot, count, batchLength, badge, rights);
    if (status == Status.Ok && flags & ProposeFlag.durable) status = this.log.sync();
    const isRejected = status == Status.Rejected;
    ProposeReply.setHeight(isRejected ? this.log.batch.index : this.log.nextHeight);
    ProposeReply.setFlags(this.log.flags | (isRejected ? this.log.rejectReason << Reject.SHIFT : 0));
    return status;
  }

  sync(badge: u32, rights: u32): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    const status = this.log.sync();
    SyncReply.setHeight(this.log.nextHeight);
    return status;
  }

  read(badge: u32, rights: u32, height: u64, buffer: u32, bufferLength: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    let written: u32 = 0;
    let count: u32 = 0;
    // Each turn hands over at least one entry; a buffer of u32 length ends it.
    while (true) {
      const status = this.reader.locate(height + count, bufferLength - written);
      if (status != Status.Ok && count == 0) return status;
      if (status != Status.Ok || this.reader.runCount == 0) break;
      const copied = leaseWrite(buffer, written, this.reader.runAddress, this.reader.runBytes);
      if (copied < 0) return -copied;
      written += this.reader.runBytes;
      count += this.reader.runCount;
    }
    ReadReply.setNextHeight(height + count);
    ReadReply.setCount(count);
    ReadReply.setLengthBytes(written);
    return Status.Ok;
  }

  checkpoint(badge: u32, rights: u32, state: usize): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    memory.copy(this.state, state, HASH_BYTES);
    return this.checkpointer.run(this.state);
  }

  lastCheckpoint(badge: u32, rights: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    if (this.log.mountStatus != Status.Ok) return this.log.mountStatus;
    LastCheckpointReply.setState(Root.state(this.log.root));
    LastCheckpointReply.setHeight(Root.nextHeight(this.log.root));
    LastCheckpointReply.setFound(this.log.hasRoot ? 1 : 0);
    return Status.Ok;
  }

  mark(badge: u32, rights: u32): u32 { return rights & RIGHT_WRITE ? this.marker.run() : <u32>Status.Denied; }

  check(badge: u32, rights: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    const status = this.checker.run();
    CheckReply.setChecked(this.checker.checked);
    CheckReply.setFirstBroken(this.checker.firstBroken);
    CheckReply.setBroken(this.checker.broken);
    return status;
  }

  checkSome(badge: u32, rights: u32, cursor: u64, limit: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    const status = this.checker.step(cursor, limit);
    CheckSomeReply.setCursor(this.checker.cursor);
    CheckSomeReply.setChecked(this.checker.checked);
    CheckSomeReply.setFirstBroken(this.checker.firstBroken);
    CheckSomeReply.setBroken(this.checker.broken);
    return status;
  }
}
