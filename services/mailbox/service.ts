// The mailbox interface: messages to calls of letters.ts. A client is its badge; badge 0 is nobody in particular and has no mail.
import { Server, TakeReply } from "../../kernel-bindings/generated/assembly/mailbox";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Handles } from "./kernel-handles";
import { Letters } from "./letters";

export class MailboxService extends Server {
  private readonly letters: Letters;

  constructor(private readonly handles: Handles) {
    super();
    this.letters = new Letters(handles);
  }

  override leave(badge: u32, _rights: u32, tag: u64, recipient: u32, capability: u32): u32 {
    if (badge == 0 || recipient == 0) {
      this.handles.drop(capability);
      return badge == 0 ? Status.Denied : Status.InvalidArgument;
    }
    return this.letters.leave(badge, recipient, tag, capability);
  }

  override take(badge: u32, _rights: u32, tag: u64): u32 {
    const handle = badge == 0 ? 0 : this.letters.take(badge, tag);
    if (handle == 0) return Status.NotFound;
    TakeReply.setSender(this.letters.sender);
    TakeReply.setCapability(handle);
    return Status.Ok;
  }

  override withdraw(badge: u32, _rights: u32, tag: u64, recipient: u32): u32 {
    return this.letters.withdraw(badge, recipient, tag);
  }

  closed(badge: u32): void { this.letters.forget(badge); }
}
