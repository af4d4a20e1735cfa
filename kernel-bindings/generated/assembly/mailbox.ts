// Generated from kernel-bindings/schema/mailbox.ts by `npm run generate`. Keeps capabilities that one client leaves for another; who is who is told by the badges of the manifest.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 7;



/** Leave a copy of a capability for the client with badge `recipient`, under a tag of the sender's choice. At most 8 wait from one sender. 0 or −Status. */
export function callLeave(endpoint: u32, tag: u64, recipient: u32, capability: u32): i32 {
  store<u32>(messageOut, 65543);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 256, 12);
  store<u64>(messageOut, tag, 16);
  store<u32>(messageOut, recipient, 24);
  store<u32>(messageOut, capability, 128);
  return kernel.call(endpoint);
}

/** Take the oldest capability with this tag that was left for the caller; it moves. 0 or −Status. */
export function callTake(endpoint: u32, tag: u64): i32 {
  store<u32>(messageOut, 131079);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, tag, 16);
  return kernel.call(endpoint);
}
/** Reply of take: getters for the caller, setters for the server. */
export namespace TakeReply {
  export function sender(): u32 { return load<u32>(messageOut, 16); }
  export function setSender(value: u32): void { store<u32>(messageIn, value, 16); }
  export function capability(): u32 { return load<u8>(messageOut, 13) > 0 ? load<u32>(messageOut, 128) : 0; }
  export function setCapability(value: u32): void { store<u32>(messageIn, value, 128); store<u8>(messageIn, 1, 13); store<u8>(messageIn, load<u8>(messageIn, 14) | 1, 14); }
}

/** Forget what the caller left under this tag for this recipient and nobody took. 0 or −Status. */
export function callWithdraw(endpoint: u32, tag: u64, recipient: u32): i32 {
  store<u32>(messageOut, 196615);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, tag, 16);
  store<u32>(messageOut, recipient, 24);
  return kernel.call(endpoint);
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Leave a copy of a capability for the client with badge `recipient`, under a tag of the sender's choice. At most 8 wait from one sender. */
  leave(badge: u32, rights: u32, tag: u64, recipient: u32, capability: u32): u32 { return Status.Unsupported; }
  /** Take the oldest capability with this tag that was left for the caller; it moves. */
  take(badge: u32, rights: u32, tag: u64): u32 { return Status.Unsupported; }
  /** Forget what the caller left under this tag for this recipient and nobody took. */
  withdraw(badge: u32, rights: u32, tag: u64, recipient: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 256) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.leave(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 128));
      case 2:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.take(badge, rights, load<u64>(messageIn, 16));
      case 3:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.withdraw(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      default: return Status.Unsupported;
    }
  }
}
