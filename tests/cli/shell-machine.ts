// The shell module on the hosted kernel over a filesystem in memory: what a test types and what the console said.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadManifest, projectPath } from "../../host/client/modules.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import type { TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { FakeFilesystem } from "./fake-filesystem.ts";

const shellModule = new WebAssembly.Module(readFileSync(join(projectPath, "build/modules/shell.wasm")));
export const readySignal = "\x1b]axiomfs;ready\x07";

export class ShellMachine {
  readonly console: MemoryConsole;
  readonly system: System;

  constructor(readonly filesystem: FakeFilesystem, text = "", snapshots: TypeScriptDomain = {}) {
    this.console = new MemoryConsole(text);
    const nobody: TypeScriptDomain = {};
    this.system = bootHosted({
      manifest: loadManifest(), modules: { shell: shellModule }, only: ["shell"], console: this.console, log: () => {},
      replace: { "virtio-blk": nobody, block: nobody, "content-store": nobody, axiom: nobody, filesystem, "snapshot-manager": snapshots },
    });
  }

  /** Type text; what the console says to it. */
  type(text: string): string {
    const before = this.console.output.length;
    this.console.push(text);
    this.system.turn();
    return this.console.output.slice(before);
  }

  end(): void {
    this.console.end();
    this.system.turn();
  }

  get status(): number | null {
    return this.system.powerOffStatus;
  }
}

/** `--run`: the output and the status. */
export function runShell(filesystem: FakeFilesystem, commands: string, input?: string, snapshots?: TypeScriptDomain): { output: string; status: number | null } {
  const machine = new ShellMachine(filesystem, commands, snapshots);
  if (input !== undefined) {
    machine.type(input);
    machine.end();
  }
  const result = { output: machine.console.output.replace(readySignal, ""), status: machine.status };
  machine.system.close();
  return result;
}
