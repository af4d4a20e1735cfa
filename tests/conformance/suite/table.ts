// The table of the suite: every case of every rule.
import type { Case } from "./case.ts";
import { callCases } from "./cases/calls.ts";
import { capabilityCases } from "./cases/capabilities.ts";
import { deathCases } from "./cases/deaths.ts";
import { eventCases } from "./cases/events.ts";
import { grantCases } from "./cases/grants.ts";
import { handleCases } from "./cases/handles.ts";
import { leaseCases } from "./cases/leases.ts";
import { mailboxCases } from "./cases/mailbox.ts";
import { restartCases } from "./cases/restarts.ts";
import { worldCases } from "./cases/world.ts";

export const cases: readonly Case[] = [...handleCases, ...leaseCases, ...grantCases, ...capabilityCases, ...callCases, ...eventCases, ...worldCases, ...deathCases, ...restartCases, ...mailboxCases];
