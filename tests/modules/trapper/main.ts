// A service that traps while serving a request (argument of operation: how), put between a client and the system to show that only it dies.
// It takes the snapshot manager's place in the manifest: rank 5, below the shell.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { messageIn } from "../../../kernel-bindings/assembly/message";

export function start(): u32 { return 0; }

/** Interface 6 as far as the numbers go: 1 create: unreachable; 2 list: a load out of bounds; 4 remove: an assertion; anything else answers. */
export function receive(badge: u32, rights: u32): u32 {
  const operation = load<u16>(messageIn, 2);
  if (operation == 1) unreachable();
  if (operation == 2) return load<u32>(0xfffffff0);
  if (operation == 4) assert(rights == 0xffffffff, "the trapper gives up");
  return 10;
}
