// The disk of the real system: blocks on the driver's sectors. Here a driver that dies and comes back is hidden from everything above (docs/crash-contract.md, "A driver that restarts").
//
// What stays true: a request is answered Ok only if one driver took it from its beginning to its end; it is issued at most ATTEMPTS times, and at most ERROR_ATTEMPTS times to a device that fails it; a flush that the
// device failed is never issued again; nothing is issued to a driver that was not asked what its
// device is, so a device that is not the one that was opened gets no request. Reads, writes and flushes may be issued again: none of them was acknowledged.
//
// What the device says about itself is hostile: limits are clamped, and its capacity is compared with the image at mount.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk } from "./disk";
import { Driver } from "./driver";
import { BLOCK_BYTES, BLOCK_SHIFT, PAGE_BITS } from "./geometry";

const SECTORS_PER_BLOCK: u64 = 8;
/** One transfer at most, whatever the device claims to take. */
const TRANSFER_BLOCKS: u32 = 4096;
/** How often one request is issued: a driver that dies at it every time is not worth more. */
const ATTEMPTS: u32 = 8;
/** How often a read or write is issued to a device that answers it with an error: a disturbance passes, and a bad place stays bad. */
const ERROR_ATTEMPTS: u32 = 3;

export class DeviceDisk extends Disk {
  private transferBlocks: u32 = 1;
  private discardRequestBlocks: u32 = 0;
  /** The driver that serves now has said what its device is. */
  private isKnown: bool = false;
  /** What came back behind a restarted driver is not what was opened: the answer to everything until the next `open`. */
  private refusal: u32 = Status.Ok;
  /** Of mayIssueAgain: the answer if not. */
  private verdict: u32 = Status.Ok;

  constructor(private driver: Driver) { super(); }

  open(): u32 {
    this.refusal = Status.Ok;
    this.isKnown = false;
    const status = this.ask();
    if (status) return status;
    this.blockCount = this.driver.capacitySectors / SECTORS_PER_BLOCK;
    this.isReadOnly = this.driver.isReadOnly;
    this.canFlush = this.driver.canFlush;
    return Status.Ok;
  }

  read(block: u64, source: u32, address: usize, count: u32): u32 {
    for (let done: u32 = 0; done < count; ) {
      const part = min(this.transferBlocks, count - done);
      const status = this.transfer(false, block + done, source, address + (<usize>done << BLOCK_SHIFT), part * BLOCK_BYTES);
      this.readCount++;
      if (status) return status;
      this.readBytes += part * BLOCK_BYTES;
      done += part;
    }
    return Status.Ok;
  }

  write(block: u64, source: u32, address: usize, count: u32): u32 {
    for (let done: u32 = 0; done < count; ) {
      const part = min(this.transferBlocks, count - done);
      const status = this.transfer(true, block + done, source, address + (<usize>done << BLOCK_SHIFT), part * BLOCK_BYTES);
      this.writeCount++;
      if (status) return status;
      this.writtenBytes += part * BLOCK_BYTES;
      done += part;
    }
    return Status.Ok;
  }

  /** One attempt: who is told no issues one after the other, as often as that makes sense. */
  writeTogether(block: u64, address: usize, count: u32, otherBlock: u64, otherAddress: usize, otherCount: u32): u32 {
    let status = this.confirm();
    if (!status && max(count, otherCount) > this.transferBlocks) status = Status.TooLarge;
    if (status) return status;
    status = this.driver.writeTogether(block * SECTORS_PER_BLOCK, address, count << BLOCK_SHIFT, otherBlock * SECTORS_PER_BLOCK, otherAddress, otherCount << BLOCK_SHIFT);
    if (status == Status.PeerRestarted) this.isKnown = false;
    this.writeCount += 2;
    if (!status) this.writtenBytes += <u64>(count + otherCount) << BLOCK_SHIFT;
    return status;
  }

  /** One transfer, issued until a driver has taken it to its end or it makes no sense any more. */
  private transfer(isWrite: bool, block: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    const sector = block * SECTORS_PER_BLOCK;
    let attempt: u32 = 0;
    let errors: u32 = 0;
    while (true) {
      let status = this.confirm();
      if (!status) status = isWrite ? this.driver.write(sector, source, address, lengthBytes) : this.driver.read(sector, source, address, lengthBytes);
      if (!status) return Status.Ok;
      // The same bytes to or from the same place, of which nobody was told: again, whatever the first attempt left there (docs/crash-contract.md rule 9).
      if (status == Status.DeviceError && !this.refusal && ++errors < ERROR_ATTEMPTS) continue;
      if (!this.mayIssueAgain(status, ++attempt)) return this.verdict;
    }
  }

  /** One request, which is not issued again: nothing depends on it. */
  discard(block: u64, count: u32): u32 {
    const most = this.discardRequestBlocks;
    if (!most) return Status.Unsupported;
    for (let done: u32 = 0; done < count; ) {
      const part = min(most, count - done);
      let status = this.confirm();
      if (!status) status = this.driver.discard((block + done) * SECTORS_PER_BLOCK, part * SECTORS_PER_BLOCK);
      if (status == Status.PeerRestarted) this.isKnown = false;
      if (status) return status;
      done += part;
    }
    return Status.Ok;
  }

  /** A flush that failed is never issued again, and that is the caller's to see to. One that nobody answered may be: nothing was acknowledged. */
  flush(): u32 {
    let attempt: u32 = 0;
    this.flushCount++;
    while (true) {
      let status = this.confirm();
      if (!status) status = this.driver.flush();
      if (!status) return Status.Ok;
      if (!this.mayIssueAgain(status, ++attempt)) return this.verdict;
    }
  }

  /** May a request that was answered so be issued again? If not, `verdict` is what to answer. */
  private mayIssueAgain(status: u32, attempt: u32): bool {
    // A driver that is not running now comes back, if at all, when this service has returned.
    this.verdict = status == Status.PeerRestarted || status == Status.PeerDead ? <u32>Status.DeviceGone : status;
    if (status == Status.PeerRestarted) this.isKnown = false;
    // Cancelled: the driver gave up on the request because a client of a client is dying, and reset the device. The others want it all the same.
    return (status == Status.PeerRestarted || status == Status.Cancelled) && attempt < ATTEMPTS;
  }

  /** Nothing is issued before the driver's device is known to be the one that was opened. */
  private confirm(): u32 {
    if (this.refusal) return this.refusal;
    if (this.isKnown) return Status.Ok;
    const status = this.ask();
    if (status) return status;
    if (this.driver.capacitySectors / SECTORS_PER_BLOCK < this.blockCount) this.refusal = Status.Truncated;
    // What was promised to be durable was promised of a device that can flush.
    else if (this.canFlush && !this.driver.canFlush) this.refusal = Status.DeviceError;
    else if (this.driver.isReadOnly) this.isReadOnly = true;
    return this.refusal;
  }

  /** Ask the driver what its device is. The first call after a restart does not reach it. */
  private ask(): u32 {
    let status: u32 = Status.PeerRestarted;
    for (let attempt: u32 = 0; attempt < ATTEMPTS && status == Status.PeerRestarted; attempt++) status = this.driver.describe();
    if (status) return status == Status.PeerRestarted || status == Status.PeerDead ? <u32>Status.DeviceGone : status;
    this.transferBlocks = min(max(this.driver.maximumTransferBytes >> BLOCK_SHIFT, 1), TRANSFER_BLOCKS);
    this.measureDiscards();
    this.isKnown = true;
    return Status.Ok;
  }

  /** What a discard request may be like, in whole blocks. */
  private measureDiscards(): void {
    const sectors = max(this.driver.discardAlignmentSectors, 1);
    // A multiple of the block and of the device's own unit.
    const granule = sectors % <u32>SECTORS_PER_BLOCK == 0 ? sectors / <u32>SECTORS_PER_BLOCK : <u32>SECTORS_PER_BLOCK % sectors == 0 ? 1 : sectors;
    const most = this.driver.discardSectors / <u32>SECTORS_PER_BLOCK / granule * granule;
    this.discardRequestBlocks = most;
    this.discardGranuleBlocks = most && granule <= PAGE_BITS ? granule : 0;
  }
}
