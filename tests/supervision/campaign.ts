// The kill campaign: the workload runs over the real modules on the hosted kernel, and one service is killed at one message; for every service and every
// message, or a sample. After each kill the program goes on as a sane one would: when it is told that a service restarted it opens its files again, looks what is
// there, and does again what is missing. Then everything must be there, also after a start from the disk alone.
//   npm run kill-campaign [-- --every K --offset N --service NAME]
// What a run proves is in `verdict`: nothing that a sync acknowledged is missing, and nothing is missing that the program was not told of.
import { parseArgs } from "node:util";
import { MemoryDisk, sectorBytes } from "../../host/devices/disk.ts";
import { pathToFileURL } from "node:url";
import { checkReportBytes, readCheckReport } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Status, statusNames } from "../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { bootServices, type Hosted } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { models, operations, Program } from "./workload.ts";

export const victims = ["virtio-blk", "block", "content-store", "axiom", "filesystem", "snapshot-manager", "mailbox"] as const;
export interface Kill { domain: string; message: number }
export interface Outcome {
  kill: Kill | null;
  /** Null: all is as it must be. */
  problem: string | null;
  /** Messages of the whole workload. */
  messages: number;
  /** From the kill to the first call of the program that is answered with Ok: the restarts and the mounts that follow from it lie between. */
  recoveryMs: number;
  recoveryMessages: number;
  /** How often the program was told that something may be lost. */
  told: number;
}

const imageBytes = 64 << 20;
/** An observation may be told of restarts as well, once for each service that the program talks to. */
const observationAttempts = 6;
/** More than one kill can cost. */
const toldLimit = 12;
const states = models();

/** An empty file system, made once. */
let formatted: Uint8Array | null = null;
export function emptyImage(): Uint8Array {
  if (formatted !== null) return formatted;
  const disk = new MemoryDisk(imageBytes / sectorBytes);
  const { system, tree } = bootServices(disk);
  tree.client.format({ blockCount: 0n, flags: 0 });
  tree.sync();
  system.close();
  formatted = disk.bytes;
  return formatted;
}

/** Told: a service restarted, or says itself that it lost what was not durable. */
const isTold = (error: unknown): boolean => error instanceof StatusError && (error.status === Status.PeerRestarted || error.status === Status.Lost);
const describe = (error: unknown): string => (error instanceof StatusError ? `${error.operation} answered ${statusNames[error.status] ?? error.status}` : error instanceof Error ? error.message : String(error));

class Run {
  told = 0;
  recoveryMs = 0;
  recoveryMessages = 0;
  private position = 0;
  /** Operations that a sync has acknowledged. */
  private synced = 0;
  private killedAt = 0;

  constructor(private readonly program: Program, private readonly kill: Kill | null) {}

  noteKill(): void { this.killedAt = performance.now(); }

  /** Throws on anything that must not happen. */
  complete(): void {
    while (this.position < operations.length) {
      const operation = operations[this.position]!;
      try {
        operation.run(this.program, states[this.position]!.model);
      } catch (error) {
        if (!isTold(error)) throw new Error(`operation ${this.position} (${operation.name}): ${describe(error)}`);
        this.recover();
        continue;
      }
      this.position++;
      if (operation.isSync) this.synced = this.position;
    }
    const end = this.observe();
    if (end !== states[this.position]!.key) throw new Error("the tree at the end is not what was written, and nobody was told");
  }

  /** Finds what is there in the list of states, and goes on from it. */
  private recover(): void {
    if (++this.told > toldLimit) throw new Error("the program was told of restarts without end");
    this.program.closeAll();
    const found = this.observe();
    const inFlight = operations[this.position]!.change === undefined ? this.position : this.position + 1;
    let state = inFlight;
    while (state >= this.synced && states[state]!.key !== found) state--;
    if (state < this.synced) {
      const older = states.findIndex(({ key }) => key === found);
      throw new Error(`operation ${this.position} (${operations[this.position]!.name}): after the restart the tree is ${older < 0 ? "no state that the workload ever made" : `that after ${older} operations`}, a sync had acknowledged ${this.synced}`);
    }
    this.position = state;
  }

  private observe(): string {
    for (let attempt = 0; ; attempt++) {
      try {
        return this.program.observe();
      } catch (error) {
        if (!isTold(error) || attempt === observationAttempts) throw new Error(`reading everything: ${describe(error)}`);
      }
    }
  }

  /** A call of the program was answered. */
  noteAnswer(result: number): void {
    if (this.killedAt === 0 || this.recoveryMs !== 0 || result !== 0) return;
    this.recoveryMs = performance.now() - this.killedAt;
    this.recoveryMessages = this.program.system.messageCount - this.kill!.message;
  }
}

/** The text of `check`; empty when it found nothing. */
function check({ tree }: Hosted): string {
  const { address, length } = tree.lendBuffer();
  tree.client.check({ summary: { address, length: checkReportBytes }, report: { address: address + checkReportBytes, length: length - checkReportBytes } });
  const report = readCheckReport(new DataView(tree.buffer.buffer, tree.buffer.byteOffset), 0);
  return report.problems === 0n ? "" : Buffer.from(tree.buffer.subarray(checkReportBytes, checkReportBytes + report.reportBytes)).toString().trim() || `${report.problems} problems`;
}

/** What a kernel that tells nobody would look like: a call that is answered PeerRestarted is made again. */
function hideRestarts({ system }: Hosted): void {
  const client = system.client("host");
  const call = client.call.bind(client);
  client.call = (endpoint) => {
    const request = client.messageOut.buffer.slice(client.messageOut.byteOffset, client.messageOut.byteOffset + client.messageOut.byteLength);
    const result = call(endpoint);
    if (result !== -Status.PeerRestarted) return result;
    client.bytes.set(new Uint8Array(request), client.messageOut.byteOffset);
    return call(endpoint);
  };
}

/** One workload with one kill (or none), and what came of it. `isHidden`: the program is not told, which must be found out. */
export function runOnce(kill: Kill | null, isHidden = false): Outcome {
  const disk = new OverlayDisk(emptyImage());
  let run: Run | null = null;
  const hosted = bootServices(disk, {
    inject: kill ?? undefined,
    onMessage: (index) => { if (index === kill?.message) run?.noteKill(); },
  });
  if (isHidden) hideRestarts(hosted);
  const client = hosted.system.client("host");
  const call = client.call.bind(client);
  client.call = (endpoint) => {
    const result = call(endpoint);
    run?.noteAnswer(result);
    return result;
  };
  run = new Run(new Program(hosted.system, client, hosted.tree, hosted.snapshots), kill);
  const outcome: Outcome = { kill, problem: null, messages: 0, recoveryMs: 0, recoveryMessages: 0, told: 0 };
  try {
    run.complete();
    outcome.messages = hosted.system.messageCount;
    verdict(hosted, disk, kill);
  } catch (error) {
    outcome.problem = describe(error);
  }
  hosted.system.close();
  return { ...outcome, recoveryMs: run.recoveryMs, recoveryMessages: run.recoveryMessages, told: run.told };
}

/** The disk alone holds the end of the workload, and every check is clean. */
function verdict(hosted: Hosted, disk: OverlayDisk, kill: Kill | null): void {
  const faults = hosted.system.faults.filter(({ domain, code }) => code !== 8 && code !== 9 && !(domain === kill?.domain && code === 5));
  if (faults.length > 0) throw new Error(`${faults[0]!.domain} ended by itself: ${faults[0]!.text}`);
  const living = check(hosted);
  if (living !== "") throw new Error(`check: ${living.split("\n")[0]}`);
  const again = bootServices(disk.fork());
  try {
    const key = new Program(again.system, again.system.client("host"), again.tree, again.snapshots).observe();
    if (key !== states.at(-1)!.key) throw new Error("after a start from the disk the tree is not what the last sync acknowledged");
    const stored = check(again);
    if (stored !== "") throw new Error(`check after a start from the disk: ${stored.split("\n")[0]}`);
  } finally {
    again.system.close();
  }
}

const median = (values: number[]): number => [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0;

export interface Summary { kills: number; failures: Outcome[]; medianMs: number; medianMessages: number; told: number; messages: number }

/** Every `every`-th message from `offset` on, for each of `domains`. */
export function runCampaign(domains: readonly string[], every: number, offset: number, onFailure: (outcome: Outcome) => void = () => {}): Summary {
  const undisturbed = runOnce(null);
  if (undisturbed.problem !== null) throw new Error(`the workload fails without a kill: ${undisturbed.problem}`);
  const outcomes: Outcome[] = [];
  domains.forEach((domain, place) => {
    // Each service gets other messages, so that a sample meets more of them.
    for (let message = 1 + ((offset + place) % every); message <= undisturbed.messages; message += every) {
      const outcome = runOnce({ domain, message });
      outcomes.push(outcome);
      if (outcome.problem !== null) onFailure(outcome);
    }
  });
  const survived = outcomes.filter(({ problem }) => problem === null);
  return {
    kills: outcomes.length, failures: outcomes.filter(({ problem }) => problem !== null), medianMs: median(survived.map(({ recoveryMs }) => recoveryMs)),
    medianMessages: median(survived.map(({ recoveryMessages }) => recoveryMessages)), told: survived.filter(({ told }) => told > 0).length, messages: undisturbed.messages,
  };
}

export const summaryText = ({ kills, failures, medianMs, medianMessages, told, messages }: Summary): string =>
  `${kills - failures.length} of ${kills} kills survived (workload of ${messages} messages); the program was told in ${told}; median time to the next answer ${medianMs.toFixed(1)} ms, ${medianMessages} messages`;

function main(): void {
  const { values } = parseArgs({ options: { every: { type: "string", default: "1" }, offset: { type: "string", default: "0" }, service: { type: "string" } } });
  const every = Number(values.every), offset = Number(values.offset);
  if (!(every >= 1) || !(offset >= 0)) throw new Error("--every is at least 1, --offset at least 0");
  const domains = values.service === undefined ? victims : [values.service];
  let failed = 0;
  for (const domain of domains) {
    const began = performance.now();
    const summary = runCampaign([domain], every, offset, ({ kill, problem }) => console.log(`FAILED ${kill!.domain} at message ${kill!.message}: ${problem}`));
    console.log(`${domain.padEnd(16)} ${summaryText(summary)}; ${((performance.now() - began) / 1000).toFixed(0)} s`);
    failed += summary.failures.length;
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
