// The layers below Axiom as TypeScript domains, for what the real ones do only when a device fails: they answer any status they are told to, and keep everything across a boot.
import type { DomainContext, TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";

const fields = 16;

function leaseBytes(context: DomainContext, index: number): Uint8Array {
  const { handle, length } = context.lease(index);
  const scratch = context.bytes.length - (8 << 20);
  if (context.calls.lease_read(handle, 0, scratch, length) < 0) throw new Error("lease_read failed");
  return context.bytes.slice(scratch, scratch + length);
}

function answerBytes(context: DomainContext, index: number, bytes: Uint8Array): number {
  const { handle, length } = context.lease(index);
  const scratch = context.bytes.length - (8 << 20);
  const count = Math.min(length, bytes.length);
  context.bytes.set(bytes.subarray(0, count), scratch);
  if (context.calls.lease_write(handle, 0, scratch, count) < 0) throw new Error("lease_write failed");
  return count;
}

/** What each operation answers next, by name, instead of doing its work. */
export type Failures = Partial<Record<"commit" | "sync" | "checkpoint" | "prepare" | "store" | "format", number>>;

export class FakeLayers {
  pieces: Uint8Array[] = [];
  durable = 0;
  root = new Uint8Array(0);
  private pendingRoot = new Uint8Array(0);
  readonly objects = new Map<string, Uint8Array>();
  readonly failures: Failures = {};
  flags = 1;

  constructor(private readonly hash: (data: Uint8Array) => string) {}

  /** The status that an operation was told to answer, once. Lost loses what was not durable. */
  private failure(name: keyof Failures): number {
    const status = this.failures[name] ?? 0;
    delete this.failures[name];
    if (status === Status.Lost) this.pieces.length = this.durable;
    return status;
  }

  readonly block: TypeScriptDomain = {
    receive: (badge, _rights, context) => {
      if (badge !== 2) return Status.Denied;
      const view = context.messageIn;
      switch (context.operation) {
        case 1: view.setUint32(fields + 32, this.flags, true); view.setUint32(fields + 40, 0, true); return 0;
        case 9: return this.commit(context);
        case 10: {
          const status = this.failure("sync");
          if (status === 0) this.durable = this.pieces.length;
          return status;
        }
        case 11: this.pendingRoot = leaseBytes(context, 0) as Uint8Array<ArrayBuffer>; return 0;
        case 12: answerBytes(context, 0, this.root); view.setUint32(fields, this.root.length, true); return 0;
        case 13: {
          const status = this.failure("checkpoint");
          if (status === 0 || status === Status.NotDurable) { this.root = this.pendingRoot; this.pieces = []; this.durable = 0; }
          return status;
        }
        case 14: return this.replay(context);
        default: return Status.Unsupported;
      }
    },
  };

  private commit(context: DomainContext): number {
    const status = this.failure("commit");
    if (status === 0) this.pieces.push(leaseBytes(context, 0));
    context.messageIn.setUint32(fields + 8, this.flags, true);
    return status;
  }

  private replay(context: DomainContext): number {
    const view = context.messageIn;
    const cursor = Number(view.getBigUint64(fields, true));
    const piece = this.pieces[cursor];
    view.setUint32(fields + 20, piece === undefined ? 0 : 1, true);
    if (piece === undefined) return 0;
    view.setBigUint64(fields, BigInt(cursor + 1), true);
    view.setUint32(fields + 16, answerBytes(context, 0, piece), true);
    return 0;
  }

  readonly contentStore: TypeScriptDomain = {
    receive: (_badge, _rights, context) => {
      const view = context.messageIn;
      switch (context.operation) {
        case 1: return this.store(context);
        case 2: {
          const name = Buffer.from(view.buffer, view.byteOffset + fields, 32).toString("hex");
          const object = this.objects.get(name);
          if (object === undefined) return Status.NotFound;
          view.setUint32(fields, answerBytes(context, 0, object), true);
          return 0;
        }
        case 9: return this.failure("prepare");
        case 10: return 0;
        case 11: this.pieces = []; this.root = new Uint8Array(0); return this.failure("format");
        default: return Status.Unsupported;
      }
    },
  };

  private store(context: DomainContext): number {
    const status = this.failure("store");
    if (status !== 0) return status;
    const bytes = leaseBytes(context, 0);
    const name = this.hash(bytes);
    this.objects.set(name, bytes);
    const view = context.messageIn;
    new Uint8Array(view.buffer, view.byteOffset + fields, 32).set(Buffer.from(name, "hex"));
    return 0;
  }
}
