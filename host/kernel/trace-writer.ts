// The trace of the hosted kernel: records of 32 bytes in a ring of fixed size, handed to a sink when it is full and at
// close, behind the header of a trace file (docs/abi.md §7). What stays true: sequence numbers run from 1 without gaps,
// and recording allocates nothing.
import { kernelDomain, traceFormat, traceNote, traceText } from "./abi.ts";

/** Takes the bytes of a trace file in order. The view is valid during the call only. */
export type TraceSink = (bytes: Uint8Array) => void;

const headerBytes = 64;
const nameBytes = 24;
const recordWords = traceFormat.recordBytes / 4;
const textBytes = 24;
const textRecordLimit = 64; // a note longer than 1.5 KiB is cut

export class TraceWriter {
  private readonly bytes: Uint8Array;
  private readonly words: Uint32Array;
  private used = 0;
  private sequence = 0;

  constructor(private readonly sink: TraceSink, private readonly time: () => number, domainNames: readonly string[], capacity = 16384) {
    this.bytes = new Uint8Array(capacity * traceFormat.recordBytes);
    this.words = new Uint32Array(this.bytes.buffer);
    sink(traceFileHeader(domainNames));
  }

  /** `interfaceAndOperation` is word 0 of a message: the interface in its low half. */
  record(
    kind: number, depth: number, caller: number, callee: number,
    interfaceAndOperation: number, status: number, requestId: number, argument: number,
  ): void {
    if (this.used === this.words.length) this.flush();
    const words = this.words;
    const at = this.used;
    const now = this.time();
    words[at] = now % 0x1_0000_0000;
    words[at + 1] = now / 0x1_0000_0000;
    words[at + 2] = ++this.sequence;
    words[at + 3] = kind | (depth << 8) | (caller << 16) | (callee << 24);
    words[at + 4] = interfaceAndOperation;
    words[at + 5] = status;
    words[at + 6] = requestId;
    words[at + 7] = argument;
    this.used = at + recordWords;
  }

  /** A note record and the text records that belong to it. */
  note(depth: number, domain: number, requestId: number, text: Uint8Array): void {
    const count = Math.min(Math.ceil(text.length / textBytes), textRecordLimit);
    this.record(traceNote, depth, domain, kernelDomain, 0, 0, requestId, count);
    for (let index = 0; index < count; index++) this.text(text, index * textBytes);
  }

  flush(): void {
    if (this.used === 0) return;
    this.sink(this.bytes.subarray(0, this.used * 4));
    this.used = 0;
  }

  /** 16 bytes of text at offset 16, the next 8 at offset 0; sequence and kind stay where they are. */
  private text(text: Uint8Array, start: number): void {
    this.record(traceText, 0, 0, 0, 0, 0, 0, 0);
    const at = (this.used - recordWords) * 4;
    this.bytes.fill(0, at, at + 8);
    this.bytes.set(text.subarray(start, start + 16), at + 16);
    this.bytes.set(text.subarray(start + 16, start + textBytes), at);
  }
}

export function traceFileHeader(domainNames: readonly string[]): Uint8Array {
  const header = new Uint8Array(headerBytes + nameBytes * domainNames.length);
  const view = new DataView(header.buffer);
  const encoder = new TextEncoder();
  header.set(encoder.encode(traceFormat.magic));
  view.setUint32(8, traceFormat.version, true);
  view.setUint32(12, traceFormat.recordBytes, true);
  view.setUint32(16, traceFormat.hosted, true);
  view.setUint32(20, domainNames.length, true);
  domainNames.forEach((name, index) => {
    header.set(encoder.encode(name).subarray(0, nameBytes), headerBytes + nameBytes * index);
  });
  return header;
}
