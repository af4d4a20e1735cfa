// Reads for clients: single blocks through the cache, larger runs straight into the reader's memory with the newest images laid over them.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BlockCache } from "./block-cache";
import { Disk, Leases } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT, Geometry } from "./geometry";

export class BlockReader {
  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly cache: BlockCache, readonly leases: Leases) {}

  /** Whole blocks into a caller's lease. */
  read(address: u64, lease: u32, lengthBytes: u32): u32 {
    const count = lengthBytes >> BLOCK_SHIFT;
    if (!lengthBytes || lengthBytes & (BLOCK_BYTES - 1)) return Status.InvalidArgument;
    if (address >= this.geometry.blockCount || count > this.geometry.blockCount - address) return Status.OutOfRange;
    // What this service owns it writes past the cache.
    if (count == 1 && this.geometry.isForClients(address, 1)) return this.readOne(address, lease);
    const status = this.disk.read(address, lease, 0, count);
    return status || !this.cache.hasImages ? status : this.cache.overlay(address, count, this.leases, lease);
  }

  private readOne(address: u64, lease: u32): u32 {
    let data = this.cache.find(address);
    if (!data) {
      data = this.cache.claim();
      const status = this.disk.read(address, 0, data, 1);
      if (status) return status;
      this.cache.fill(address);
    }
    return this.leases.write(lease, 0, data, BLOCK_BYTES);
  }
}
