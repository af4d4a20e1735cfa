// Notes for the trace that lead from a device request to what it is for: its slot and sector, and the id of the request
// (docs/abi.md §2) whose message brought it. A request of a batch may start and end in other activations than that one, whose
// ids the trace gives to the notes themselves. docs/testing.md shows how to follow them.
// What stays true: without a trace nothing is written, and a request pays one branch.
// Safety: a line is at most 105 characters; `text` has room for 128.
import { BatchRequest } from "../../kernel-bindings/generated/assembly/block-device";
import { OperationTable, synchronousOperation } from "./operation-table";
import { Platform } from "./platform";
import { RequestType } from "./virtio";

export class RequestTrace {
  isOn: bool = false;
  private text: usize = memory.data(128, 1);
  private length: u32 = 0;

  constructor(private platform: Platform) {}

  /** Find out whether anybody records. */
  open(): void {
    this.begin("device requests are noted with their slots");
    this.isOn = this.end();
  }

  /** A request was prepared for (a part of) an operation. A synchronous call's belongs to the request that the note itself is of. */
  started(slot: u32, type: u32, sector: u64, dataBytes: u32, operations: OperationTable, operation: u32): void {
    this.begin("slot ");
    this.number(slot);
    this.word(nameOf(type));
    this.place(sector, dataBytes, operations, operation);
  }

  /** An operation joined the request in this slot. */
  joined(slot: u32, sector: u64, dataBytes: u32, operations: OperationTable, operation: u32): void {
    this.begin("slot ");
    this.number(slot);
    this.word(" joined");
    this.place(sector, dataBytes, operations, operation);
  }

  /** The request in this slot ended. */
  ended(slot: u32, status: u32): void {
    this.begin("slot ");
    this.number(slot);
    this.word(" ended, status ");
    this.number(status);
    this.end();
  }

  private place(sector: u64, dataBytes: u32, operations: OperationTable, operation: u32): void {
    if (dataBytes) {
      this.word(" sector ");
      this.number(sector);
      this.word(" bytes ");
      this.number(dataBytes);
    }
    if (operation != synchronousOperation) {
      this.word(" tag ");
      this.number(BatchRequest.tag(operations.request(operation)));
      this.word(" for request ");
      this.number(operations.requestId(operation));
    }
    this.end();
  }

  private begin(text: string): void {
    this.length = 0;
    this.word(text);
  }

  private word(text: string): void {
    for (let index = 0; index < text.length; index++) store<u8>(this.text + this.length++, <u8>text.charCodeAt(index));
  }

  private number(value: u64): void {
    let unit: u64 = 1;
    while (value / unit >= 10) unit *= 10;
    for (; unit != 0; unit /= 10) store<u8>(this.text + this.length++, <u8>(48 + value / unit % 10));
  }

  private end(): bool { return this.platform.record(this.text, this.length); }
}

function nameOf(type: u32): string {
  if (type == RequestType.read) return " read";
  if (type == RequestType.write) return " write";
  if (type == RequestType.flush) return " flush";
  if (type == RequestType.discard) return " discard";
  return type == RequestType.writeZeroes ? " writeZeroes" : " identify";
}
