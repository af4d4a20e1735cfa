// What a person should know of the mounted image beside its sizes: the flags that the block service gives it, as sentences. The shell says the same (services/shell/warnings.ts).
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";

const sentences: ReadonlyArray<[number, string]> = [
  [BlockFlag.cannotFlush, "the device cannot flush: nothing is certain to survive power loss"],
  [BlockFlag.readOnly, "the image is mounted read-only"],
  [BlockFlag.fellBack, "a superblock or checkpoint is damaged and was done without: nothing is lost"],
  [BlockFlag.droppedTail, "the end of the log was cut off at this mount, as after power loss: what was acknowledged is there"],
];

export const warningsOf = (flags: number): string[] => sentences.filter(([flag]) => (flags & flag) !== 0).map(([, sentence]) => sentence);
