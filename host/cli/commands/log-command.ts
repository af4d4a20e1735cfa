// log: the entries of Axiom, oldest first, decoded.
import { EntryType, entryBytes, readEntry } from "../../../kernel-bindings/generated/host/axiom.ts";
import { StatusError } from "../../../kernel-bindings/host/client-port.ts";
import { Status } from "../../../kernel-bindings/generated/host/tables.ts";
import { CommandError, Exit } from "../../client/errors.ts";
import { transferBytes } from "../../client/file-tree.ts";
import type { Image } from "../../client/image.ts";
import { isoTime, showHash, showTime } from "../format.ts";
import { print, printJson } from "../output.ts";
import { ProposalReader, type ProposalText } from "../proposal-text.ts";
import { type CommonOptions, withImage } from "../session.ts";

const typeNames = new Map<number, string>(Object.entries(EntryType).map(([name, value]) => [value, name]));

interface LogOptions extends CommonOptions { from?: string; limit?: string }

export function log(imagePath: string, options: LogOptions): void {
  const from = countOf("--from", options.from, 0n);
  const limit = countOf("--limit", options.limit, -1n);
  withImage("log", imagePath, options, (image) => {
    const reader = new ProposalReader();
    let shown = 0n;
    // Also with --from the log is read from genesis: only so are the paths of inodes known.
    for (const entry of readLog(image)) {
      const type = typeNames.get(entry.type) ?? `type ${entry.type}`;
      const what = reader.describe(type, entry.payload);
      if (entry.height < from) continue;
      if (limit >= 0n && shown++ >= limit) return;
      printEntry(entry, type, what, options);
    }
  });
}

function countOf(option: string, text: string | undefined, absent: bigint): bigint {
  if (text === undefined) return absent;
  if (!/^\d+$/.test(text)) throw new CommandError(`${option} ${text}: a number of entries, 0 or more`, Exit.usage);
  return BigInt(text);
}

interface LogEntry { height: bigint; timeNanoseconds: bigint; idempotencyKey: bigint; type: number; payloadHash: Uint8Array; payload: Uint8Array }

function* readLog(image: Image): Generator<LogEntry> {
  const { height: end } = image.axiom.describe();
  let next = 0n;
  while (next < end) {
    const reply = image.axiom.read({ height: next, buffer: image.tree.lendBuffer() });
    if (reply.count === 0 || reply.nextHeight <= next) throw new StatusError(Status.ProtocolBreach, "axiom.read");
    yield* splitEntries(image.tree.buffer.slice(0, Math.min(reply.lengthBytes, transferBytes)));
    next = reply.nextHeight;
  }
}

function* splitEntries(bytes: Uint8Array): Generator<LogEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < entryBytes) throw new StatusError(Status.ProtocolBreach, "axiom.read");
    const entry = readEntry(view, at);
    const padded = Math.ceil(entry.payloadBytes / 8) * 8;
    if (padded > bytes.length - at - entryBytes) throw new StatusError(Status.ProtocolBreach, "axiom.read");
    yield { ...entry, payload: bytes.subarray(at + entryBytes, at + entryBytes + entry.payloadBytes) };
    at += entryBytes + padded;
  }
}

/** HEIGHT TIME TYPE WHAT */
function printEntry(entry: LogEntry, type: string, what: ProposalText, options: LogOptions): void {
  if (options.json === true) {
    printJson({ height: entry.height, time: isoTime(entry.timeNanoseconds), type, ...what.fields, payloadHash: showHash(entry.payloadHash), payloadBytes: entry.payload.length });
  } else {
    print(`${entry.height.toString().padStart(8)} ${showTime(entry.timeNanoseconds)} ${type.padEnd(14)} ${what.line}`.trimEnd());
  }
}
