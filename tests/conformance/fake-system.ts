// Systems of TypeScript domains for the tests of supervision: each test says what its domains do. Every domain has `self` (to
// mint from), `control`, a timer on bit 8 and endpoints to those it names; a client `host` has an endpoint to each.
import { type BootOptions, bootHosted, type System } from "../../host/kernel/system.ts";
import type { RestartEntry } from "../../host/kernel/manifest.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import type { Client, DomainContext, TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";

export const policy: RestartEntry = { limit: 3, windowMs: 60_000, backoffMs: 100 };
export const State = { absent: 0, loaded: 1, ready: 2, dead: 3, restarting: 4, givenUp: 5, dying: 6 } as const;

export interface Fake extends TypeScriptDomain {
  rank: number;
  /** Domains that it may call; the badge of each endpoint is its own rank. */
  calls?: string[];
  restart?: RestartEntry;
  onPeerRestart?: "restart" | "recover";
  more?: object[];
}

export interface FakeSystem {
  system: System;
  host: Client;
  clock: DeterministicClock;
  log: string[];
  /** The host calls a domain: 0 or the status. */
  call(name: string, operation?: number): number;
  state(name: string): number;
  faults(): Array<[string, number]>;
}

export function bootFakes(fakes: Record<string, Fake>, options: Partial<BootOptions> = {}): FakeSystem {
  const domains = Object.entries(fakes).map(([name, { rank, calls, restart, onPeerRestart, more }]) => ({
    name, module: name, rank, memoryPages: 1, ...(restart === undefined ? {} : { restart }), ...(onPeerRestart === undefined ? {} : { onPeerRestart }),
    capabilities: [
      { name: "self", kind: "endpoint", domain: name, rights: 1023 }, { name: "control", kind: "control" }, { name: "timer", kind: "timer", bit: 8 },
      ...(calls ?? []).map((domain) => ({ name: domain, kind: "endpoint", domain, badge: rank })), ...(more ?? []),
    ],
  }));
  const host = { name: "host", module: null, rank: 9, memoryPages: 2, capabilities: [
    { name: "control", kind: "control" }, ...domains.map(({ name }) => ({ name, kind: "endpoint", domain: name, badge: 99 }))] };
  const clock = new DeterministicClock();
  const log: string[] = [];
  const system = bootHosted({ manifest: { version: 1, domains: [...domains, host] }, modules: {}, replace: fakes, clock, log: (line) => log.push(line), ...options });
  const client = system.client("host");
  return {
    system, host: client, clock, log,
    call(name, operation = 0) {
      client.begin(1, operation);
      return 0 - client.call(client.handle(name));
    },
    state: (name) => system.domain(name).state,
    faults: () => system.faults.map(({ domain, code }) => [domain, code]),
  };
}

/** The id of a domain: its place in the manifest. */
export const idOf = (system: System, name: string): number => system.domain(name).id;

export function callFrom(context: DomainContext, name: string, operation = 0): number {
  context.begin(1, operation);
  return 0 - context.calls.call(context.handle(name));
}

export function trap(): never {
  throw new WebAssembly.RuntimeError("unreachable");
}
