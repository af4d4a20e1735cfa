// What a person should know of the mounted image beside its sizes: the flags that the block service gives it, as sentences. The command line says the same (host/cli/warnings.ts).
import { BlockFlag } from "../../kernel-bindings/generated/assembly/block";
import { Output } from "./output";

/** A line for each flag that is a warning, with `label` before it. */
export function writeWarnings(output: Output, label: string, flags: u32): void {
  if (flags & BlockFlag.cannotFlush) line(output, label, "the device cannot flush: nothing is certain to survive power loss");
  if (flags & BlockFlag.readOnly) line(output, label, "the image is mounted read-only");
  if (flags & BlockFlag.fellBack) line(output, label, "a superblock or checkpoint is damaged and was done without: nothing is lost");
  if (flags & BlockFlag.droppedTail) line(output, label, "the end of the log was cut off at this mount, as after power loss: what was acknowledged is there");
}

function line(output: Output, label: string, sentence: string): void {
  output.text(label);
  output.text(sentence);
  output.byte(0x0a);
}
