// The world below the snapshot manager: which trees there are. Their nodes come through a NodeStore (services/base/merkle-map). kernel-lower.ts makes both of the real services, specs of arrays.

export abstract class Trees {
  /** Copy the root of the live tree to `out`, its nodes readable in the content store. A Status. */
  abstract liveRoot(out: usize): u32;
  /** Copy the root of the snapshot with this name to `out`; NotFound if there is none. */
  abstract snapshotRoot(name: usize, nameBytes: u32, out: usize): u32;
}
