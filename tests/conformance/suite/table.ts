// The table of the suite: every case of every rule.
import type { Case } from "./case.ts";
import { handleCases } from "./cases/handles.ts";

export const cases: readonly Case[] = [...handleCases];
