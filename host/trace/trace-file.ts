// Trace file: its header and its records of 32 bytes (docs/abi.md §7), read in pieces so that a trace may be larger than memory.
// A trace may come from a machine that died: a last record that is cut off is left out, and gaps in the sequence are told.
import { closeSync, openSync, readSync } from "node:fs";
import { traceFormat } from "../../kernel-bindings/generated/host/tables.ts";
import { CommandError, hostReason } from "../client/errors.ts";

export const headerBytes = 64;
export const nameBytes = 24;
/** Domain ids are one byte, and 255 is the kernel. */
const domainLimit = 255;
const chunkRecords = 32768;

export interface TraceHeader { kernel: "microkernel" | "hosted"; domains: string[] }

export interface TraceRecord {
  timeNanoseconds: bigint;
  sequence: number;
  kind: number;
  depth: number;
  caller: number;
  callee: number;
  interface: number;
  operation: number;
  status: number;
  requestId: number;
  argument: number;
  /** The record itself, for text. Valid until the next one. */
  bytes: Uint8Array;
}

export class TraceReader {
  readonly header: TraceHeader;
  private readonly file: number;
  private position: number;

  constructor(readonly path: string) {
    try {
      this.file = openSync(path, "r");
    } catch (error) {
      throw new CommandError(`${path}: cannot open the trace: ${hostReason(error)}`);
    }
    const start = this.read(headerBytes);
    this.header = readHeader(path, start, (length) => this.read(length, headerBytes));
    this.position = headerBytes + this.header.domains.length * nameBytes;
  }

  *records(): Generator<TraceRecord> {
    for (;;) {
      const chunk = this.read(chunkRecords * traceFormat.recordBytes, this.position);
      const count = Math.floor(chunk.length / traceFormat.recordBytes);
      for (let index = 0; index < count; index++) yield readRecord(chunk, index * traceFormat.recordBytes);
      this.position += count * traceFormat.recordBytes;
      if (count < chunkRecords) return;
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private read(length: number, position = 0): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.file, bytes, done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }
}

function readHeader(path: string, start: Uint8Array, readNames: (length: number) => Uint8Array): TraceHeader {
  const notTrace = (reason: string): CommandError => new CommandError(`${path}: not a trace: ${reason}; record one with --trace FILE`);
  if (start.length < headerBytes || Buffer.from(start.subarray(0, 8)).toString("latin1") !== traceFormat.magic) throw notTrace("it does not begin with AXTRACE1");
  const view = new DataView(start.buffer, start.byteOffset);
  const version = view.getUint32(8, true);
  if (version !== traceFormat.version) throw new CommandError(`${path}: the trace has version ${version}; this program reads version ${traceFormat.version}`);
  if (view.getUint32(12, true) !== traceFormat.recordBytes) throw notTrace("its records have another size");
  const domainCount = view.getUint32(20, true);
  if (domainCount > domainLimit) throw notTrace("it names too many domains");
  const names = readNames(domainCount * nameBytes);
  if (names.length < domainCount * nameBytes) throw notTrace("it ends inside its header");
  return { kernel: view.getUint32(16, true) === traceFormat.microkernel ? "microkernel" : "hosted", domains: readDomainNames(names, domainCount) };
}

export function readDomainNames(names: Uint8Array, count: number): string[] {
  return Array.from({ length: count }, (_unused, index) => Buffer.from(names.subarray(index * nameBytes, (index + 1) * nameBytes)).toString("utf8").replace(/\0.*$/s, ""));
}

function readRecord(bytes: Uint8Array, at: number): TraceRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, traceFormat.recordBytes);
  return {
    timeNanoseconds: view.getBigUint64(0, true), sequence: view.getUint32(8, true), kind: view.getUint8(12), depth: view.getUint8(13), caller: view.getUint8(14), callee: view.getUint8(15),
    interface: view.getUint16(16, true), operation: view.getUint16(18, true), status: view.getUint32(20, true), requestId: view.getUint32(24, true), argument: view.getUint32(28, true),
    bytes: bytes.subarray(at, at + traceFormat.recordBytes),
  };
}
