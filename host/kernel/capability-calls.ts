// System calls on capabilities themselves: mint (a copy with fewer rights, or with a badge), drop, revoke.
import { kindEndpoint, kindLease, rightMint, Status } from "./abi.ts";
import type { Domain } from "./domain.ts";

export function makeCapabilityCalls(domain: Domain) {
  const table = domain.table;
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
      if (slot.kind === kindLease && slot.isLeaseSlot) table.endLease(slot);
      else table.drop(slot);
      return 0;
    },

    capability_revoke(handle: number): number {
      const slot = table.find(handle);
      if (slot === null) return -Status.InvalidHandle;
      table.revoke(slot);
      return 0;
    },
  };
}
