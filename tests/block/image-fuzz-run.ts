// A batch of forged images, in a worker or in a test.
import { type Base, makeBases } from "./forge-bases.ts";
import { ForgeJudge, Violation } from "./forge-judge.ts";
import { Forger } from "./forger.ts";

/** Images [first, first + count) of a seed. */
export interface Images { seed: number; first: number; count: number }
/** Images by the status of their mount, and the most that one of them did. */
export interface FuzzCounts { readOnly: number; statuses: Record<string, number>; most: { requests: number; blocksRead: number; milliseconds: number } }

let bases: Base[] | null = null;
const judges = new Map<string, ForgeJudge>();

/** Throws a Violation that names the image. */
export function runImages({ seed, first, count }: Images, module?: WebAssembly.Module): FuzzCounts {
  bases ??= makeBases();
  const statuses: FuzzCounts["statuses"] = {};
  let readOnly = 0;
  for (let number = first; number < first + count; number++) {
    const base = baseOf(bases, number), own = Math.imul(seed, 0x27d4eb2f) + number;
    let judge = judges.get(base.name);
    if (!judge || judge.module !== module) judges.set(base.name, judge = new ForgeJudge(base, module));
    const forger = new Forger(base, own);
    try {
      const before = judge.readOnly, status = judge.judge(forger.make(), own);
      readOnly += judge.readOnly - before;
      statuses[status] = (statuses[status] ?? 0) + 1;
    } catch (error) {
      judges.delete(base.name);
      if (error instanceof Violation) throw new Violation(`image ${number} of seed ${seed} (${base.name}; ${forger.deeds.slice(0, 12).join("; ")}): ${error.message}`);
      throw new Error(`image ${number} of seed ${seed} (${base.name}; ${forger.deeds.slice(0, 12).join("; ")})`, { cause: error });
    }
  }
  const all = [...judges.values()].map(({ most }) => most);
  return { readOnly, statuses, most: { requests: Math.max(...all.map(({ requests }) => requests)), blocksRead: Math.max(...all.map(({ blocksRead }) => blocksRead)), milliseconds: Math.max(...all.map(({ milliseconds }) => milliseconds)) } };
}

/** Every base as often as the others, but the large one, which takes longest. */
function baseOf(bases: readonly Base[], number: number): Base {
  const large = bases.length - 1;
  return number % 160 === 159 ? bases[large]! : bases[number % large]!;
}
