// Ring drainer: takes the message trace out of a running QEMU. Guest RAM is a shared file; the kernel publishes records in a ring at an agreed
// physical address (docs/abi.md §7), and the host copies them into a trace file and tells how far it came.
// The guest is not trusted: nothing is read outside the ring, and a header that makes no sense ends the draining with a reason.
// What stays true: records reach the file in order; `tail` advances only over records that the file has taken.
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { traceFormat } from "../../kernel-bindings/generated/host/tables.ts";
import { headerBytes, nameBytes } from "./trace-file.ts";

const pageBytes = 4096;
const recordBytes = traceFormat.recordBytes;
const headOffset = 32;
const tailOffset = 40;
const capacityOffset = 48;
const lossOffset = 52;
const namesOffset = 64;
const chunkRecords = 8192;

export class RingDrainer {
  private readonly memory: number;
  private readonly page = new Uint8Array(pageBytes);
  private readonly view = new DataView(this.page.buffer);
  private readonly chunk = new Uint8Array(chunkRecords * recordBytes);
  private readonly tailBytes = new Uint8Array(8);
  private capacity = 0;
  private tail = 0n;
  /** Why draining ended early, or null. */
  problem: string | null = null;
  recordCount = 0;

  /** `sink` takes the bytes of a trace file in order. */
  constructor(memoryPath: string, private readonly address: number, private readonly sizeBytes: number, private readonly sink: (bytes: Uint8Array) => void) {
    this.memory = openSync(memoryPath, "r+");
  }

  /** Takes what is there; answers how many records. */
  poll(): number {
    if (this.problem !== null || !this.readPage()) return 0;
    if (this.capacity === 0 && !this.begin()) return 0;
    const head = this.view.getBigUint64(headOffset, true);
    const waiting = head - this.tail;
    if (waiting < 0n || waiting > BigInt(this.capacity)) {
      this.problem = "the guest's trace ring does not make sense any more";
      return 0;
    }
    let left = Number(waiting);
    while (left > 0) left -= this.take(left);
    return Number(waiting);
  }

  /** Records that the guest could not wait to place. */
  get lostCount(): number {
    return this.capacity === 0 ? 0 : this.view.getUint32(lossOffset, true);
  }

  /** True once the guest has announced its ring. */
  get hasBegun(): boolean {
    return this.capacity !== 0;
  }

  close(): void {
    closeSync(this.memory);
  }

  private readPage(): boolean {
    return fstatSync(this.memory).size >= this.address + pageBytes && readSync(this.memory, this.page, 0, pageBytes, this.address) === pageBytes;
  }

  /** The kernel writes its header some time after QEMU has started: until then there is nothing. */
  private begin(): boolean {
    if (Buffer.from(this.page.subarray(0, 8)).toString("latin1") !== traceFormat.magic) return false;
    const domainCount = this.view.getUint32(20, true);
    const capacity = this.view.getUint32(capacityOffset, true);
    const fits = capacity > 0 && capacity <= (this.sizeBytes - pageBytes) / recordBytes && domainCount <= (pageBytes - namesOffset) / nameBytes;
    if (!fits || this.view.getUint32(8, true) !== traceFormat.version || this.view.getUint32(12, true) !== recordBytes) {
      this.problem = "the guest's trace ring has another format";
      return false;
    }
    const header = new Uint8Array(headerBytes + domainCount * nameBytes);
    header.set(this.page.subarray(0, 24));
    header.set(this.page.subarray(namesOffset, namesOffset + domainCount * nameBytes), headerBytes);
    this.sink(header);
    this.capacity = capacity;
    return true;
  }

  /** Copies one contiguous piece and gives its room back. */
  private take(limit: number): number {
    const slot = Number(this.tail % BigInt(this.capacity));
    const count = Math.min(limit, chunkRecords, this.capacity - slot);
    const length = count * recordBytes;
    readSync(this.memory, this.chunk, 0, length, this.address + pageBytes + slot * recordBytes);
    this.sink(this.chunk.subarray(0, length));
    this.tail += BigInt(count);
    this.recordCount += count;
    new DataView(this.tailBytes.buffer).setBigUint64(0, this.tail, true);
    writeSync(this.memory, this.tailBytes, 0, 8, this.address + tailOffset);
    return count;
  }
}
