// Generated from services/system.json by `npm run generate`: the handles that each domain starts with, and its notification bits.
export const VirtioBlkCapabilities = {
  diskCommon: 1,
  diskNotify: 2,
  diskIsr: 3,
  diskConfiguration: 4,
  diskInterrupt: 5,
  diskDma: 6,
  diskReserved: 7,
  clock: 8,
  trace: 9,
  completion: 10,
  diskBit: 1,
} as const;

export const BlockCapabilities = {
  device: 1,
  clock: 2,
  trace: 3,
  entropy: 4,
  timer: 5,
  timerBit: 2,
} as const;

export const ContentStoreCapabilities = {
  block: 1,
  self: 2,
  trace: 3,
} as const;

export const AxiomCapabilities = {
  block: 1,
  contentStore: 2,
  clock: 3,
  trace: 4,
} as const;

export const FilesystemCapabilities = {
  axiom: 1,
  contentStore: 2,
  block: 3,
  self: 4,
  clock: 5,
  entropy: 6,
  trace: 7,
  timer: 8,
  timerBit: 1,
} as const;

export const SnapshotManagerCapabilities = {
  filesystem: 1,
  contentStore: 2,
  trace: 3,
} as const;

export const MailboxCapabilities = {

} as const;

export const ShellCapabilities = {
  filesystem: 1,
  snapshots: 2,
  block: 3,
  console: 4,
  power: 5,
  clock: 6,
  trace: 7,
  mailbox: 8,
  control: 9,
  consoleBit: 1,
} as const;

export const HostCapabilities = {
  filesystem: 1,
  snapshots: 2,
  axiom: 3,
  contentStore: 4,
  block: 5,
  device: 6,
  mailbox: 7,
} as const;
