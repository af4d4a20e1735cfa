// The mailbox: wires the service to the kernel. Everything is allocated here.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { KernelHandles } from "./kernel-handles";
import { MailboxService } from "./service";

export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";

const service = new MailboxService(new KernelHandles());

export function start(): u32 { return Status.Ok; }
export function receive(badge: u32, rights: u32): u32 { return service.dispatch(badge, rights); }
export function closed(badge: u32): void { service.closed(badge); }
