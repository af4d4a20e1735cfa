// The kernel behind the abstract leases, entropy and timer of disk.ts.
import { BlockCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { entropyRead, leaseRead, leaseWrite, timerSet } from "../../kernel-bindings/assembly/kernel";
import { Entropy, Leases, Timer } from "./disk";

export class KernelLeases extends Leases {
  read(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const result = leaseRead(lease, offsetBytes, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
  write(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const result = leaseWrite(lease, offsetBytes, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
}

export class KernelEntropy extends Entropy {
  fill(address: usize, lengthBytes: u32): u32 {
    const result = entropyRead(BlockCapabilities.entropy, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
}

export class KernelTimer extends Timer {
  set(microseconds: u32): void { timerSet(BlockCapabilities.timer, microseconds); }
}
