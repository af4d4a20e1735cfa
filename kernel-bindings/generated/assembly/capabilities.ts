// Generated from services/system.json by `npm run generate`: the handles that each domain starts with, and its notification bits.
export namespace VirtioBlkCapabilities {
  export const diskCommon: u32 = 1;
  export const diskNotify: u32 = 2;
  export const diskIsr: u32 = 3;
  export const diskConfiguration: u32 = 4;
  export const diskInterrupt: u32 = 5;
  export const diskDma: u32 = 6;
  export const diskReserved: u32 = 7;
  export const clock: u32 = 8;
  export const trace: u32 = 9;
  export const completion: u32 = 10;
  export const diskBit: u32 = 1;
}

export namespace BlockCapabilities {
  export const device: u32 = 1;
  export const clock: u32 = 2;
  export const trace: u32 = 3;
  export const entropy: u32 = 4;
  export const timer: u32 = 5;
  export const timerBit: u32 = 2;
}

export namespace ContentStoreCapabilities {
  export const block: u32 = 1;
  export const self: u32 = 2;
  export const trace: u32 = 3;
}

export namespace AxiomCapabilities {
  export const block: u32 = 1;
  export const contentStore: u32 = 2;
  export const clock: u32 = 3;
  export const trace: u32 = 4;
}

export namespace FilesystemCapabilities {
  export const axiom: u32 = 1;
  export const contentStore: u32 = 2;
  export const block: u32 = 3;
  export const self: u32 = 4;
  export const clock: u32 = 5;
  export const entropy: u32 = 6;
  export const trace: u32 = 7;
  export const timer: u32 = 8;
  export const timerBit: u32 = 1;
}

export namespace SnapshotManagerCapabilities {
  export const filesystem: u32 = 1;
  export const contentStore: u32 = 2;
  export const trace: u32 = 3;
}

export namespace MailboxCapabilities {

}

export namespace ShellCapabilities {
  export const filesystem: u32 = 1;
  export const snapshots: u32 = 2;
  export const block: u32 = 3;
  export const console: u32 = 4;
  export const power: u32 = 5;
  export const clock: u32 = 6;
  export const trace: u32 = 7;
  export const mailbox: u32 = 8;
  export const control: u32 = 9;
  export const consoleBit: u32 = 1;
}

export namespace HostCapabilities {
  export const filesystem: u32 = 1;
  export const snapshots: u32 = 2;
  export const axiom: u32 = 3;
  export const contentStore: u32 = 4;
  export const block: u32 = 5;
  export const device: u32 = 6;
  export const mailbox: u32 = 7;
}
