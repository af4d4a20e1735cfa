// Letters: capabilities on their way from one client to another, oldest first. A fixed table, so that no client can make the mailbox grow,
// and a bound for each sender, so that none can fill it for the others.
// What stays true: a handle in the table belongs to the mailbox and stands there once; no two letters have the same sender, recipient and tag.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Handles } from "./kernel-handles";

export const letterLimit: u32 = 64;
export const letterLimitOfSender: u32 = 8;

export class Letters {
  count: u32 = 0;
  /** Of the letter that `take` found. */
  sender: u32 = 0;
  private readonly tags: StaticArray<u64> = new StaticArray<u64>(letterLimit);
  private readonly senders: StaticArray<u32> = new StaticArray<u32>(letterLimit);
  private readonly recipients: StaticArray<u32> = new StaticArray<u32>(letterLimit);
  private readonly handles: StaticArray<u32> = new StaticArray<u32>(letterLimit);
  /** The newest letter that was handed out stays behind the others until it is known that it arrived. */
  private isUnconfirmed: bool = false;

  constructor(private readonly kernel: Handles) {}

  /** Keeps `handle`, or drops it and says why not. */
  leave(sender: u32, recipient: u32, tag: u64, handle: u32): u32 {
    const status = this.refusal(sender, recipient, tag, handle);
    if (status != Status.Ok) {
      this.kernel.drop(handle);
      return status;
    }
    this.put(this.count, sender, recipient, tag, handle);
    this.count++;
    return Status.Ok;
  }

  /** The handle of the oldest living letter with this tag for `recipient`, or 0; it is the caller's to pass on. */
  take(recipient: u32, tag: u64): u32 {
    this.confirm();
    for (let index: u32 = 0; index < this.count;) {
      if (this.recipients[index] != recipient || this.tags[index] != tag) {
        index++;
        continue;
      }
      const handle = this.handles[index];
      this.sender = this.senders[index];
      if (this.kernel.standing(handle) == Status.Ok) {
        this.setAside(index);
        return handle;
      }
      this.remove(index); // its sender, or who gave it to the sender, took it back
    }
    return 0;
  }

  /** Drops what `sender` left for `recipient` under this tag. */
  withdraw(sender: u32, recipient: u32, tag: u64): u32 {
    this.confirm();
    const index = this.find(sender, recipient, tag);
    if (index == letterLimit) return Status.NotFound;
    this.kernel.drop(this.handles[index]);
    this.remove(index);
    return Status.Ok;
  }

  /** Nobody has this badge any more: what its client left, or was to get, goes. */
  forget(client: u32): void {
    this.confirm();
    for (let index: u32 = 0; index < this.count;) {
      if (this.senders[index] != client && this.recipients[index] != client) {
        index++;
        continue;
      }
      this.kernel.drop(this.handles[index]);
      this.remove(index);
    }
  }

  private refusal(sender: u32, recipient: u32, tag: u64, handle: u32): u32 {
    this.confirm();
    if (this.kernel.standing(handle) != Status.Ok) return Status.Denied;
    if (this.find(sender, recipient, tag) != letterLimit) return Status.Exists;
    if (this.count == letterLimit || this.countOf(sender) == letterLimitOfSender) this.removeDead();
    return this.count == letterLimit || this.countOf(sender) == letterLimitOfSender ? Status.OutOfMemory : Status.Ok;
  }

  /**
   * A reply that a kernel refuses, because the taker's own table is full, moves nothing; the mailbox is not told. A handle that is still
   * alive was not taken, and its letter is the first again.
   */
  private confirm(): void {
    if (!this.isUnconfirmed) return;
    this.isUnconfirmed = false;
    const last = this.count;
    if (this.kernel.standing(this.handles[last]) != Status.Ok) return;
    this.count++;
    this.rotate(last, 0);
  }

  /** The letter leaves the ones that wait and stays behind them, unconfirmed. */
  private setAside(index: u32): void {
    this.rotate(index, this.count - 1);
    this.count--;
    this.isUnconfirmed = true;
  }

  private find(sender: u32, recipient: u32, tag: u64): u32 {
    for (let index: u32 = 0; index < this.count; index++) {
      if (this.senders[index] == sender && this.recipients[index] == recipient && this.tags[index] == tag) return index;
    }
    return letterLimit;
  }

  private countOf(sender: u32): u32 {
    let count: u32 = 0;
    for (let index: u32 = 0; index < this.count; index++) if (this.senders[index] == sender) count++;
    return count;
  }

  private removeDead(): void {
    for (let index: u32 = 0; index < this.count;) {
      if (this.kernel.standing(this.handles[index]) == Status.Ok) index++;
      else this.remove(index);
    }
  }

  private remove(index: u32): void {
    this.rotate(index, this.count - 1);
    this.count--;
  }

  /** The letter at `from` comes to stand at `to`; those between move up by one. */
  private rotate(from: u32, to: u32): void {
    const tag = this.tags[from];
    const sender = this.senders[from];
    const recipient = this.recipients[from];
    const handle = this.handles[from];
    for (; from < to; from++) this.copy(from + 1, from);
    for (; from > to; from--) this.copy(from - 1, from);
    this.put(to, sender, recipient, tag, handle);
  }

  private copy(from: u32, to: u32): void {
    this.put(to, this.senders[from], this.recipients[from], this.tags[from], this.handles[from]);
  }

  private put(index: u32, sender: u32, recipient: u32, tag: u64, handle: u32): void {
    this.senders[index] = sender;
    this.recipients[index] = recipient;
    this.tags[index] = tag;
    this.handles[index] = handle;
  }
}
