// A write that is a transaction of its own: journal, device, then the answer; the block's own place is written later, like that of every redo image.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Volume } from "./volume";

/** Whole blocks in place from a caller's lease, durable when this answers Ok. Busy: a transaction is open, which would be committed with it. NotDurable: committed, on a device that cannot flush. */
export function writeDurable(volume: Volume, address: u64, lease: u32, lengthBytes: u32): u32 {
  if (volume.mountStatus) return volume.mountStatus;
  if (!volume.transaction.isEmpty || volume.roots.isOpen) return Status.Busy;
  let status = volume.write(address, lease, lengthBytes);
  if (!status) status = volume.commit(0, 0, 0);
  if (!status) return volume.sync();
  volume.abandon();
  return status;
}
