// The table of the suite: every case of every rule.
import type { Case } from "./case.ts";
import { handleCases } from "./cases/handles.ts";
import { leaseCases } from "./cases/leases.ts";

export const cases: readonly Case[] = [...handleCases, ...leaseCases];
