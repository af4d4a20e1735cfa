// The shell as a module: wiring only.
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Shell } from "./shell";

export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";

const shell = new Shell();

export function start(): u32 {
  return shell.start();
}

/** The shell serves nobody. */
export function receive(badge: u32, rights: u32): u32 {
  return Status.Unsupported;
}

export function notified(bits: u32): void {
  if ((bits & ShellCapabilities.consoleBit) != 0) shell.notified();
}
