// trace show: the messages of a trace file, decoded.
import { CommandError, Exit } from "../../client/errors.ts";
import { TraceDecoder } from "../../trace/trace-decoder.ts";
import { TraceReader } from "../../trace/trace-file.ts";
import { eventJson, matches, textHeading, textLine, type TraceFilter } from "../../trace/trace-text.ts";
import { interfaceTable, statusNames } from "../../../kernel-bindings/generated/host/tables.ts";
import { flush, print, printJson } from "../output.ts";
import { report } from "../session.ts";

export function showTrace(path: string, options: Omit<TraceFilter, "request"> & { json?: boolean; request?: string }): void {
  try {
    const reader = new TraceReader(path);
    const filter = readFilter(options, reader.header.domains);
    let first: bigint | null = null;
    if (options.json !== true) print(`${textHeading} (${reader.header.kernel})`);
    for (const event of new TraceDecoder(reader.header).decode(reader.records())) {
      first ??= event.timeNanoseconds;
      if (!matches(event, filter)) continue;
      if (options.json === true) printJson(eventJson(event));
      else print(textLine(event, first));
    }
    reader.close();
  } catch (error) {
    report("trace show", error, path);
  }
  flush();
}

/** A name that nothing can have is a mistake, not an empty answer. */
function readFilter(options: { service?: string; operation?: string; status?: string; request?: string }, domains: readonly string[]): TraceFilter {
  const { service, operation, status, request } = options;
  if (service !== undefined && service !== "kernel" && !domains.includes(service)) throw new CommandError(`--service ${service}: no such service; there are ${domains.join(", ")}, kernel`, Exit.usage);
  const operations = interfaceTable.flatMap((entry) => entry.operations.flatMap(({ name }) => [name, `${entry.name}.${name}`]));
  if (operation !== undefined && !operations.includes(operation)) throw new CommandError(`--operation ${operation}: no interface has it; write for example lookup or block.commit`, Exit.usage);
  if (status !== undefined && !Object.values(statusNames).includes(status)) throw new CommandError(`--status ${status}: no such status; there are ${Object.values(statusNames).join(", ")}`, Exit.usage);
  if (request !== undefined && !/^\d+$/.test(request)) throw new CommandError(`--request ${request}: a request id is a number`, Exit.usage);
  return { service, operation, status, request: request === undefined ? undefined : Number(request) };
}
