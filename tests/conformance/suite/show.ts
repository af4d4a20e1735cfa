// Shows what a kernel answered where that is not what the table expects: node --import tsx tests/conformance/suite/show.ts [hosted|microkernel] [all]
import { expected } from "./case.ts";
import { runHosted, runMicrokernel } from "./kernels.ts";
import { cases } from "./table.ts";

const kernel = process.argv[2] === "microkernel" ? "microkernel" : "hosted";
const run = kernel === "hosted" ? await runHosted(cases, (line) => console.error(line)) : await runMicrokernel(cases, process.argv.includes("debug") ? ["debug"] : []);
let wrong = 0;
cases.forEach((one, index) => {
  const outcome = run.outcomes.get(index + 1);
  const isRight = outcome !== undefined && outcome.complaint === "" && outcome.answers.join() === expected(one, kernel).join();
  if (!isRight) wrong++;
  if (!isRight || process.argv.includes("all")) console.log(`${index + 1} ${one.rule}: ${one.name}\n    ${outcome ? outcome.answers.join(" ") : "no line"}${outcome?.complaint ? ` ${outcome.complaint}` : ""}   expected ${expected(one, kernel).join(" ")}`);
});
if (run.outcomes.size < cases.length) console.log(run.output.slice(-1500));
console.log(`${kernel}: ${cases.length} cases, ${wrong} not as expected, status ${run.status}, ${run.seconds.toFixed(1)} s`);
