// The system in which the suite runs: who there is, at which rank, with which handles. Handles are the manifest's, by name.
import type { Capability, Domain } from "../../modules/build.ts";
import { type Step, dropEverything, forgetEverything, patternIsIntact, quiet, run, system } from "./language.ts";
import type { Conductor } from "./program.ts";

export const pages = 16;
const deviceParts = ["common", "notify", "isr", "configuration", "interrupt", "dma", "reserved"];
/** What a domain may use of the world. Who has none of these is told so by the handle tests. */
const facilities: Capability[] = [
  { name: "clock", kind: "clock" }, { name: "timer", kind: "timer", bit: 20 }, { name: "entropy", kind: "entropy" }, { name: "trace", kind: "trace" }, { name: "control", kind: "control" },
];
const self = (domain: string): Capability => ({ name: "self", kind: "endpoint", domain, rights: 1023 });
const to = (domain: string, badge: number, more: Partial<Capability> = {}): Capability => ({ name: domain, kind: "endpoint", domain, badge, ...more });
const signals = (name: string, domain: string, bits: number): Capability => ({ name, kind: "notification", domain, bits });

/** The one domain that runs no scripts: the service of that name, as it is shipped. */
export const shippedService = "mailbox";
type Shape = Pick<Domain, "name" | "rank" | "capabilities" | "timeLimitMs" | "restart" | "onPeerRestart">;
/** Whoever dies again within a millisecond waits for the empty stack; the cases pause for longer, so that each death is a first one. */
const atOnce = { restart: { limit: 100, windowMs: 1, backoffMs: 0 } };
/** Runaways are stopped after this; on the hosted kernel after that of the whole chain. */
export const timeLimitMs = 60;
/**
 * Badges of the notebook's endpoints name the domain. The attacker misbehaves, above the servers; runner and sprinter have time limits; dependant must
 * restart with quitter, which is given up after three deaths; mortal stays dead.
 */
const shapes: Shape[] = [
  { name: "notebook", rank: 0, timeLimitMs, capabilities: [self("notebook")] },
  { name: "driver", rank: 1, ...atOnce, capabilities: [to("notebook", 1), self("driver"), { name: "disk", kind: "device", device: "virtio-blk", bit: 0 }, signals("up", "server", 3), signals("down", "notebook", 1), ...facilities] },
  { name: "deep", rank: 2, ...atOnce, capabilities: [to("notebook", 2), self("deep"), signals("up", "server", 12), ...facilities] },
  { name: "server", rank: 3, ...atOnce, capabilities: [to("notebook", 3), self("server"), to("deep", 31), to("driver", 32), signals("up", "attacker", 7), ...facilities] },
  { name: "bystander", rank: 3, capabilities: [to("notebook", 4), self("bystander"), to("deep", 41), signals("own", "bystander", 1)] },
  { name: "attacker", rank: 5, ...atOnce, capabilities: [
    to("notebook", 5), self("attacker"), to("server", 51), to("deep", 52), to("driver", 53), { ...to("server", 54, { rights: 0 }), name: "bare" }, signals("down", "server", 0x70), signals("own", "attacker", 0x100), ...facilities, to("mailbox", 105)] },
  { name: "lodger", rank: 5, ...atOnce, capabilities: [to("notebook", 6), self("lodger"), to("server", 61), to("deep", 62), signals("down", "server", 0x80), to("mailbox", 106)] },
  { name: "sprinter", rank: 3, ...atOnce, timeLimitMs, capabilities: [to("notebook", 8), self("sprinter"), ...facilities] },
  { name: "runner", rank: 5, ...atOnce, timeLimitMs, capabilities: [to("notebook", 9), self("runner"), to("sprinter", 91), ...facilities] },
  { name: "quitter", rank: 3, restart: { limit: 3, windowMs: 600_000, backoffMs: 100 }, capabilities: [to("notebook", 10), self("quitter")] },
  { name: "dependant", rank: 4, ...atOnce, onPeerRestart: "restart", capabilities: [to("notebook", 11), self("dependant"), to("quitter", 111)] },
  { name: "mailbox", rank: 0, ...atOnce, capabilities: [] },
  { name: "mortal", rank: 3, capabilities: [to("notebook", 12), self("mortal")] },
  { name: "conductor", rank: 7, capabilities: [
    to("notebook", 7), signals("self", "conductor", 1), { name: "power", kind: "power" }, { name: "console", kind: "console", bit: 2 }, { name: "timer", kind: "timer", bit: 1 }, { name: "control", kind: "control" },
    to("driver", 71), to("deep", 72), to("server", 73), to("bystander", 74), to("attacker", 75), to("lodger", 76), { name: "clock", kind: "clock" }, { name: "entropy", kind: "entropy" }, { name: "trace", kind: "trace" },
    to("sprinter", 77), to("runner", 78), to("quitter", 79), to("dependant", 80), to("mortal", 81), signals("startRunner", "runner", 1), signals("toMortal", "mortal", 1), signals("toAttacker", "attacker", 0x200)] },
];

export const manifest = (): { version: number; domains: Domain[] } => ({
  version: 1,
  domains: shapes.map((shape) => (shape.name === shippedService
    ? { ...shape, module: shape.name, memoryPages: 1 } : { ...shape, module: shape.name === "conductor" ? "conformance-conductor" : "conformance-actor", memoryPages: pages })),
});
export const ids: Record<string, number> = Object.fromEntries(shapes.map(({ name }, index) => [name, index]));

function handlesOf({ capabilities }: Shape): Record<string, number> {
  const handles: Record<string, number> = {};
  let next = 1;
  for (const { name, kind } of capabilities) {
    if (kind === "device") for (const part of deviceParts) handles[`${name}.${part}`] = next++;
    else handles[name] = next++;
  }
  return handles;
}
/** handles.attacker.server: the handle of that capability in that domain. A name that is not there is a mistake of the suite. */
export const handles: Record<string, Record<string, number>> = Object.fromEntries(shapes.map((shape) => [shape.name, new Proxy(handlesOf(shape), {
  get(target, name: string) {
    if (!(name in target)) throw new Error(`${shape.name} has no capability ${name}`);
    return target[name];
  },
})]));
/** Handles of the manifest in a table: indexes 1 … count. Four lease slots follow, then what is made at run time. */
export const manifestCount = (domain: string): number => Object.keys(handlesOf(shapes.find(({ name }) => name === domain)!)).length;

const others = shapes.map(({ name }) => name).filter((name) => name !== "conductor" && name !== shippedService).reverse();
/** Twice, because the first call after a restart is told of it. */
const everywhere = (script: (domain: string) => Step[]): Step[] => others.flatMap((name) => { const steps = script(name); return [run(handles.conductor![name]!, steps), run(handles.conductor![name]!, steps)]; });
/** Uses every endpoint of the manifest once, so that the next case is told of no restart in the one before. */
const endpointsOf = (domain: string): Step[] => shapes.find(({ name }) => name === domain)!.capabilities.filter(({ kind, name }) => kind === "endpoint" && name !== "self").map(({ name }) => quiet(system.call(handles[domain]![name]!)));
export const conductor: Conductor = {
  notification: handles.conductor!.self!, power: handles.conductor!.power!, console: handles.conductor!.console!, timer: handles.conductor!.timer!,
  drop: everywhere(() => [dropEverything]), forget: everywhere((domain) => [...endpointsOf(domain), forgetEverything]), verify: [run(handles.conductor!.bystander!, [patternIsIntact])],
};
export const conductorTo = (domain: string): number => handles.conductor![domain]!;
export const at = (domain: string, script: Step[]): Step => run(conductorTo(domain), script);

/** How the notebook knows a domain. */
export const notebookBadge = (domain: string): number => shapes.find(({ name }) => name === domain)!.capabilities.find(({ name }) => name === "notebook")!.badge!;
