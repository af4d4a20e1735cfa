// Sizes as people write them: 512M, 1G, 1.5T, 1073741824; units are powers of 1024, in either case, with or without iB or B.
import { CommandError, Exit } from "../client/errors.ts";

const powers: Readonly<Record<string, number>> = { "": 0, K: 1, M: 2, G: 3, T: 4 };

export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?$/.exec(text.toUpperCase());
  const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * 1024 ** powers[match[2]!]!);
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new CommandError(`${text}: not a size; write for example 512M or 1G`, Exit.usage);
  return bytes;
}
