// The block interface over a Volume: checks what a message alone can say, translates, and fills in replies.
import * as block from "../../kernel-bindings/generated/assembly/block";
import { BlockStatistics } from "../../kernel-bindings/generated/assembly/block";
import { BlockCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Background } from "./background";
import { ROOT_BYTES, ROOT_COUNT } from "./checkpoint";
import { Disk, Entropy, Leases, Timer, isPassing } from "./disk";
import { writeDurable } from "./durable-write";
import { format } from "./format";
import { BLOCK_BYTES, PAGE_BITS, PAGE_BITS_BYTES } from "./geometry";
import { Grow } from "./grow";
import { Mount } from "./mount";
import { Replay } from "./replay";
import { FORMAT_VERSION } from "./superblock";
import { Verifier } from "./verifier";
import { Volume } from "./volume";

export class BlockService extends block.Server {
  readonly volume: Volume;
  readonly mount: Mount;
  private replayer: Replay;
  private verifier: Verifier;
  private grower: Grow;
  private resting: Background;
  private page: usize = heap.alloc(BLOCK_BYTES);

  constructor(disk: Disk, leases: Leases, entropy: Entropy, timer: Timer) {
    super();
    const volume = new Volume(disk, leases, entropy);
    this.volume = volume;
    this.mount = new Mount(volume);
    this.replayer = new Replay(volume);
    this.verifier = new Verifier(volume);
    this.grower = new Grow(volume);
    this.resting = new Background(volume, timer);
  }

  /** Mount what is there. A service that cannot still starts: its operations answer why. */
  start(): u32 {
    this.mount.run();
    return Status.Ok;
  }

  /** One request. A mount that failed because the device did not answer is tried again: it may answer now. */
  receive(badge: u32, rights: u32): u32 {
    if (isPassing(this.volume.mountStatus)) this.mount.run();
    const answer = this.dispatch(badge, rights);
    this.resting.watch();
    return answer;
  }

  /** The timer fired; the driver's bit says nothing that is waited for. */
  notified(bits: u32): void { if (bits & BlockCapabilities.timerBit) this.resting.tick(); }

  /** A client died, or gave its endpoint up. */
  closed(badge: u32): void { this.volume.dropClient(badge); }

  /**
   * Nobody wants the processor: one bounded step; 1 if there is more. After a failure that ended all promises there is no way on but another mount: this domain ends, and the kernel starts it anew with
   * everything that stands on it (docs/crash-contract.md rule 9). Until then everybody was answered Lost or DeviceError. On a device that took no write since the mount another mount would not help: reads are
   * served, and changes are answered Lost or DeviceError, until somebody restarts the service.
   */
  background(): u32 {
    const hasMore = this.resting.step();
    assert(!this.volume.failure || this.volume.mountStatus != Status.Ok || !this.volume.hasWritten, "a flush or a write of the log failed: mounting anew");
    return hasMore ? 1 : 0;
  }

  describe(badge: u32, rights: u32): u32 {
    const volume = this.volume;
    const isServed = volume.mountStatus == Status.Ok;
    block.DescribeReply.setBlockCount(isServed ? volume.geometry.blockCount : volume.disk.blockCount);
    block.DescribeReply.setFreeBlocks(isServed ? volume.allocator.availableCount : 0);
    block.DescribeReply.setSequence(isServed ? volume.log.committed : 0);
    block.DescribeReply.setGeneration(isServed ? volume.superblock.generation : 0);
    block.DescribeReply.setFlags(volume.flags);
    block.DescribeReply.setVersion(FORMAT_VERSION);
    block.DescribeReply.setMountStatus(volume.mountStatus);
    return Status.Ok;
  }

  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 { return format(this.mount, blockCount, flags); }

  grow(badge: u32, rights: u32, blockCount: u64): u32 {
    const status = this.grower.run(blockCount);
    block.GrowReply.setBlockCount(this.volume.mountStatus ? 0 : this.volume.geometry.blockCount);
    return status;
  }

  allocate(badge: u32, rights: u32, hint: u64, count: u32, flags: u32): u32 {
    const status = this.volume.allocate(hint, count, (flags & block.AllocateFlag.fromReserve) != 0);
    if (!status) this.volume.transaction.made(badge);
    block.AllocateReply.setAddress(status ? 0 : this.volume.allocator.foundAddress);
    block.AllocateReply.setCount(status ? 0 : this.volume.allocator.foundCount);
    return status;
  }

  free(badge: u32, rights: u32, address: u64, count: u32): u32 {
    const status = this.volume.free(address, count);
    if (!status) this.volume.transaction.made(badge);
    return status;
  }

  read(badge: u32, rights: u32, address: u64, buffer: u32, bufferLength: u32): u32 { return this.volume.read(address, buffer, bufferLength); }

  writeExtents(badge: u32, rights: u32, address: u64, count: u32, data: u32, dataLength: u32, descriptors: u32, descriptorsLength: u32): u32 {
    const status = this.volume.writeExtents(address, count, data, dataLength, descriptors);
    if (!status) this.volume.transaction.made(badge);
    return status;
  }

  writeDurable(badge: u32, rights: u32, address: u64, data: u32, dataLength: u32): u32 { return writeDurable(this.volume, address, data, dataLength); }

  write(badge: u32, rights: u32, address: u64, data: u32, dataLength: u32): u32 {
    const status = this.volume.write(address, data, dataLength);
    if (!status) this.volume.transaction.made(badge);
    return status;
  }

  attach(badge: u32, rights: u32, payload: u32, payloadLength: u32): u32 { return this.volume.attach(badge, payload, payloadLength); }

  commit(badge: u32, rights: u32, payload: u32, payloadLength: u32): u32 {
    const status = this.volume.commit(badge, payload, payloadLength);
    block.CommitReply.setSequence(this.volume.log.committed);
    block.CommitReply.setFlags(this.volume.flags);
    return status;
  }

  sync(badge: u32, rights: u32): u32 {
    const status = this.volume.sync();
    block.SyncReply.setSequence(min(this.volume.log.durable, this.volume.log.committed));
    return status;
  }

  setRoot(badge: u32, rights: u32, root: u32, rootLength: u32): u32 {
    if (badge < 1 || badge > ROOT_COUNT) return Status.Denied;
    if (rootLength > ROOT_BYTES) return Status.TooLarge;
    if (this.volume.mountStatus) return this.volume.mountStatus;
    const status = this.volume.leases.read(root, 0, this.page, rootLength);
    if (!status) this.volume.roots.set(badge, this.page, rootLength);
    return status;
  }

  getRoot(badge: u32, rights: u32, root: u32, rootLength: u32): u32 {
    block.GetRootReply.setLengthBytes(0);
    if (badge < 1 || badge > ROOT_COUNT) return Status.Denied;
    if (this.volume.mountStatus) return this.volume.mountStatus;
    const lengthBytes = this.volume.map.rootLength(badge);
    block.GetRootReply.setLengthBytes(lengthBytes);
    return lengthBytes > rootLength ? Status.TooLarge : this.volume.leases.write(root, 0, this.volume.map.root(badge), lengthBytes);
  }

  checkpoint(badge: u32, rights: u32): u32 {
    const status = this.volume.checkpoint();
    block.CheckpointReply.setGeneration(this.volume.superblock.generation);
    return status;
  }

  replay(badge: u32, rights: u32, cursor: u64, payload: u32, payloadLength: u32): u32 {
    const replayer = this.replayer;
    const status = replayer.next(cursor, badge, payload, payloadLength);
    block.ReplayReply.setCursor(replayer.cursor);
    block.ReplayReply.setSequence(replayer.found ? replayer.sequence : 0);
    block.ReplayReply.setLengthBytes(replayer.lengthBytes);
    block.ReplayReply.setFound(replayer.found ? 1 : 0);
    return status;
  }

  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 {
    if (statisticsLength < BlockStatistics.SIZE) return Status.InvalidArgument;
    const volume = this.volume;
    const out = this.page;
    BlockStatistics.setDeviceReads(out, volume.disk.readCount);
    BlockStatistics.setDeviceWrites(out, volume.disk.writeCount);
    BlockStatistics.setDeviceFlushes(out, volume.disk.flushCount);
    BlockStatistics.setReadBytes(out, volume.disk.readBytes);
    BlockStatistics.setWrittenBytes(out, volume.disk.writtenBytes);
    BlockStatistics.setCommits(out, volume.commitCount);
    BlockStatistics.setSyncs(out, volume.syncCount);
    BlockStatistics.setCheckpoints(out, volume.checkpointCount);
    BlockStatistics.setCacheHits(out, volume.cache.hitCount);
    BlockStatistics.setCacheMisses(out, volume.cache.missCount);
    BlockStatistics.setReplayedRecords(out, volume.replayedCount);
    BlockStatistics.setDroppedRecords(out, volume.droppedCount);
    BlockStatistics.setLogBlocks(out, volume.geometry.logBlocks);
    BlockStatistics.setLogUsedBlocks(out, volume.log.usedBlocks);
    BlockStatistics.setExtentsVerified(out, volume.extents.checkedCount);
    BlockStatistics.setDiscardedBlocks(out, volume.discards.discardedCount);
    BlockStatistics.setWaitingBlocks(out, volume.mountStatus ? 0 : volume.allocator.waiting.count);
    BlockStatistics.setReserveBlocks(out, volume.mountStatus ? 0 : volume.allocator.freeCount - volume.allocator.availableCount);
    BlockStatistics.setChangedMapNodes(out, volume.allocator.tree.changedCount);
    BlockStatistics.setCacheEvictions(out, volume.cache.evictionCount);
    BlockStatistics.setReadAheadBlocks(out, volume.cache.aheadCount);
    BlockStatistics.setReadAheadHits(out, volume.cache.aheadHitCount);
    BlockStatistics.setWaitingImages(out, volume.cache.committedCount);
    BlockStatistics.setRedoPatches(out, volume.transaction.patchCount);
    return volume.leases.write(statistics, 0, out, BlockStatistics.SIZE);
  }

  /** Bits of whole bytes from `first` on, as many as fit: what clients and this service use, without what was freed. */
  readAllocation(badge: u32, rights: u32, first: u64, bits: u32, bitsLength: u32): u32 {
    const volume = this.volume;
    block.ReadAllocationReply.setBlockCount(0);
    if (volume.mountStatus) return volume.mountStatus;
    if (first >= volume.geometry.blockCount) return Status.OutOfRange;
    const start = first & ~7;
    const bytes = <u32>min<u64>(bitsLength, (volume.geometry.blockCount - start + 7) >> 3);
    for (let done: u32 = 0; done < bytes; ) {
      const at = start + (<u64>done << 3);
      const offset = <u32>(at % PAGE_BITS) >> 3;
      const part = min(bytes - done, PAGE_BITS_BYTES - offset);
      let status = volume.allocator.tree.loadPage(<u32>(at / PAGE_BITS));
      if (!status) status = volume.leases.write(bits, done, volume.allocator.tree.bits + offset, part);
      if (status) return status;
      done += part;
    }
    block.ReadAllocationReply.setBlockCount(min<u64>(<u64>bytes << 3, volume.geometry.blockCount - start));
    return Status.Ok;
  }

  verify(badge: u32, rights: u32): u32 {
    const status = this.verifier.run();
    const isServed = status == Status.Ok;
    block.VerifyReply.setCheckedBlocks(isServed ? this.verifier.checkedBlocks : 0);
    block.VerifyReply.setDamagedBlocks(isServed ? this.verifier.damagedBlocks : 0);
    block.VerifyReply.setFirstDamaged(isServed ? this.verifier.found.address : 0);
    block.VerifyReply.setFirstRole(isServed ? this.verifier.found.role : 0);
    block.VerifyReply.setOwnedBlocks(isServed ? this.volume.geometry.ownedBlocks : 0);
    return status;
  }

  abandon(badge: u32, rights: u32): u32 { return this.volume.abandon(); }

  damage(badge: u32, rights: u32): u32 {
    block.DamageReply.setAddress(this.volume.damage.address);
    block.DamageReply.setRole(this.volume.damage.role);
    block.DamageReply.setCount(this.volume.damage.count);
    return Status.Ok;
  }
}
