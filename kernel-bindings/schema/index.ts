// All interfaces, by number.
import { axiom } from "./axiom.ts";
import { block } from "./block.ts";
import { blockDevice } from "./block-device.ts";
import { contentStore } from "./content-store.ts";
import { filesystem } from "./filesystem.ts";
import { snapshots } from "./snapshots.ts";
import { mailbox } from "./mailbox.ts";
import type { Interface } from "./types.ts";
export const interfaces: Interface[] = [blockDevice, block, contentStore, axiom, filesystem, snapshots, mailbox];
export * from "./types.ts";
export * as abi from "./abi.ts";
