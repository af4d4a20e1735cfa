// Which of the features that a device offers the driver takes, and what it refuses. Pure: bits in, bits out.
import { Feature } from "./virtio";

/**
 * Everything the driver can make use of. What is not here is never accepted (§2.2.1), among it the packed ring, IN_ORDER
 * (its used ring leaves out entries, which could not be checked), NOTIFICATION_DATA, secure erase and a cache mode that
 * the driver would have to set. A device that cannot do without one of them takes FEATURES_OK back (§3.1.1) and is refused.
 */
const understood: u64 = Feature.segmentBytesMaximum | Feature.segmentMaximum | Feature.readOnly | Feature.blockSize | Feature.flush
  | Feature.topology | Feature.multiqueue | Feature.discard | Feature.writeZeroes | Feature.indirectDescriptors | Feature.eventIndex | Feature.version1 | Feature.accessPlatform;

/** Why a device is refused. */
export namespace Refusal {
  export const none: u32 = 0;
  /** A legacy device: its layout and byte order differ (§7.1). */
  export const legacy: u32 = 1;
  /** An IOMMU stands before the device, but the device says that it does not use it (§6.1): its addresses would be wrong. */
  export const bypassesPlatform: u32 = 2;
}

/** `confined`: the kernel's device addresses go through an IOMMU. */
export function refusalOf(offered: u64, confined: bool): u32 {
  if (!(offered & Feature.version1)) return Refusal.legacy;
  if (confined && !(offered & Feature.accessPlatform)) return Refusal.bypassesPlatform;
  return Refusal.none;
}

export function acceptedOf(offered: u64): u64 { return offered & understood; }
