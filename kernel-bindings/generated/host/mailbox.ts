// Generated from kernel-bindings/schema/mailbox.ts by `npm run generate`. Keeps capabilities that one client leaves for another; who is who is told by the badges of the manifest.
import { type ClientPort, type Lease, StatusError, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 7;


export class MailboxClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Leave a copy of a capability for the client with badge `recipient`, under a tag of the sender's choice. At most 8 wait from one sender. */
  leave(request: { tag: bigint; recipient: number; capability: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 65543, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 256, true);
    view.setBigUint64(16, request.tag, true);
    view.setUint32(24, request.recipient, true);
    view.setUint32(128, request.capability, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "mailbox.leave");
  }
  /** Take the oldest capability with this tag that was left for the caller; it moves. */
  take(request: { tag: bigint }): { sender: number; capability: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 131079, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.tag, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "mailbox.take");
    return { sender: view.getUint32(16, true), capability: view.getUint8(13) > 0 ? view.getUint32(128, true) : 0 };
  }
  /** Forget what the caller left under this tag for this recipient and nobody took. */
  withdraw(request: { tag: bigint; recipient: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 196615, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.tag, true);
    view.setUint32(24, request.recipient, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "mailbox.withdraw");
  }
}
