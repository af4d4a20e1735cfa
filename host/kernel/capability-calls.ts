// System calls on capabilities themselves: mint (a copy with fewer rights, or with a badge), drop, revoke. What a server
// must hear of a drop or a revocation it hears before the system call returns, if it has a lower rank.
import { Fault, kindEndpoint, rightMint, Status } from "./abi.ts";
import type { Domain } from "./domain.ts";
import type { Kernel } from "./kernel.ts";

export function makeCapabilityCalls(kernel: Kernel, domain: Domain) {
  const table = domain.table;

  /** Servers below hear at once of badges that are gone: who opens and closes much in one event does not fill their tables. */
  function tellServers(): number {
    if (!kernel.attention.raised) return 0;
    kernel.deliverClosedBelow(domain.rank);
    if (kernel.unsettled) kernel.supervisor.settle(domain);
    return 0;
  }
  /**
   * Memory was taken back for which a driver holds device addresses: its device is stopped, and the driver with it, before the owner
   * goes on. A driver that is done with a grant drops it first.
   */
  function stopInterrupted(driver: Domain | null): void {
    if (driver !== null && driver !== domain) kernel.supervisor.end(driver, Fault.deviceReach, "a grant was taken back that its device may be using");
  }
  return {
    capability_mint(handle: number, rights: number, badge: number): number {
      const source = table.find(handle);
      if (source === null) return -Status.InvalidHandle;
      if ((rights & ~source.rights) !== 0) return -Status.Denied;
      if (badge !== 0) {
        const isOwnServer = source.kind === kindEndpoint && source.target === domain;
        if (!isOwnServer || (source.rights & rightMint) === 0) return -Status.Denied;
      }
      const slot = table.take();
      if (slot === null) return -Status.OutOfMemory;
      slot.deriveFrom(source, rights, badge === 0 ? source.badge : badge | 0);
      return slot.handle;
    },

    capability_drop(handle: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      // The manifest's capabilities are for the life of the system.
      if (slot.generation === 0) return -Status.Denied;
      stopInterrupted(table.drop(slot));
      return tellServers();
    },

    capability_revoke(handle: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      stopInterrupted(table.revoke(slot));
      return tellServers();
    },
  };
}
