// as-pect, the unit tests of the services: `npx asp` runs all, `ONLY=services/block npx asp` those below a folder, `ONLY=….spec.ts` one file.
// Specs run service logic against fakes; a system call that is reached all the same answers Unsupported.
import { readFileSync } from "node:fs";

const systemCalls = [...readFileSync(new URL("kernel-bindings/assembly/kernel.ts", import.meta.url), "utf8").matchAll(/@external\("kernel", "(\w+)"\)/g)].map((match) => match[1]);
const unsupported = () => -10;
const only = process.env.ONLY;

export default {
  entries: !only ? ["services/**/tests/*.spec.ts"] : only.endsWith(".ts") ? [only] : [`${only.replace(/\/$/, "")}/**/*.spec.ts`],
  include: [],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    const kernel = Object.fromEntries(systemCalls.map((name) => [name, unsupported]));
    return instantiate(binary, createImports({ env: { memory }, kernel }));
  },
  outputBinary: false,
};
