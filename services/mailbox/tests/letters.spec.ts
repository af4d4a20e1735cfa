// Letters: order, bounds, and what happens to letters whose capability, sender, recipient or reply is gone.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { letterLimit, letterLimitOfSender, Letters } from "../letters";
import { FakeHandles } from "./fake-handles";

const shell: u32 = 1;
const host: u32 = 2;
const tag: u64 = 0xffff_ffff_ffff_fff7;
let handles: FakeHandles = new FakeHandles();
let letters: Letters = new Letters(handles);

function leave(sender: u32, recipient: u32, letterTag: u64, handle: u32): u32 { return letters.leave(sender, recipient, letterTag, handles.arrive(handle)); }
/** Take, and let the kernel move the handle away. */
function take(recipient: u32, letterTag: u64): u32 {
  const handle = letters.take(recipient, letterTag);
  handles.go(handle);
  return handle;
}

describe("letters", () => {
  beforeEach(() => {
    handles = new FakeHandles();
    letters = new Letters(handles);
  });

  it("reach the client they are for, once, and say who sent them", () => {
    expect(leave(shell, host, tag, 70)).toBe(Status.Ok);
    expect(letters.take(shell, tag)).toBe(0, "the sender is not the recipient");
    expect(letters.take(host, tag - 1)).toBe(0, "another tag");
    expect(take(host, tag)).toBe(70);
    expect(letters.sender).toBe(shell);
    expect(take(host, tag)).toBe(0);
    expect(handles.dropCount).toBe(0);
  });

  it("come oldest first", () => {
    leave(3, host, tag, 73);
    leave(shell, host, tag, 71);
    leave(shell, host, 9, 79);
    leave(4, host, tag, 74);
    expect(take(host, tag)).toBe(73);
    expect(letters.sender).toBe(3);
    expect(take(host, tag)).toBe(71);
    expect(take(host, tag)).toBe(74);
    expect(take(host, 9)).toBe(79);
    expect(letters.count).toBe(0);
  });

  it("one of the same sender, recipient and tag waits at a time", () => {
    expect(leave(shell, host, tag, 70)).toBe(Status.Ok);
    expect(leave(shell, host, tag, 71)).toBe(Status.Exists);
    expect(handles.standing(71)).toBe(Status.InvalidHandle, "a refused capability is not kept");
    expect(leave(shell, 3, tag, 72)).toBe(Status.Ok);
    expect(take(host, tag)).toBe(70);
    expect(leave(shell, host, tag, 73)).toBe(Status.Ok);
  });

  it("of one sender are bounded, and leave room for others", () => {
    for (let index: u32 = 0; index < letterLimitOfSender; index++) expect(leave(shell, host, index, 100 + index)).toBe(Status.Ok);
    expect(leave(shell, host, 50, 150)).toBe(Status.OutOfMemory);
    expect(handles.standing(150)).toBe(Status.InvalidHandle);
    expect(leave(host, shell, 50, 151)).toBe(Status.Ok);
    expect(take(host, 3)).toBe(103);
    expect(leave(shell, host, 50, 152)).toBe(Status.Ok);
    expect(leave(shell, host, 51, 153)).toBe(Status.OutOfMemory);
  });

  it("are bounded in all", () => {
    for (let index: u32 = 0; index < letterLimit; index++) expect(leave(10 + index / letterLimitOfSender, host, index, 100 + index)).toBe(Status.Ok);
    expect(leave(90, host, 50, 500)).toBe(Status.OutOfMemory);
    expect(handles.aliveCount).toBe(letterLimit);
    handles.go(117);
    expect(leave(90, host, 50, 501)).toBe(Status.Ok, "a revoked letter makes room");
    expect(letters.count).toBe(letterLimit);
    expect(take(host, 17)).toBe(0);
    for (let index: u32 = 0; index < letterLimit; index++) if (index != 17) expect(take(host, index)).toBe(100 + index);
    expect(take(host, 50)).toBe(501);
  });

  it("that were revoked while they waited are passed over", () => {
    leave(3, host, tag, 73);
    leave(4, host, tag, 74);
    handles.go(73);
    expect(take(host, tag)).toBe(74);
    expect(letters.sender).toBe(4);
    expect(letters.count).toBe(0);
  });

  it("cannot hold a grant, which could go no further", () => {
    expect(letters.leave(shell, host, tag, handles.arriveGrant(70))).toBe(Status.Denied);
    expect(handles.aliveCount).toBe(0);
    expect(letters.count).toBe(0);
  });

  it("whose reply the kernel refused are first again", () => {
    leave(shell, host, tag, 70);
    leave(3, host, tag, 71);
    expect(letters.take(host, tag)).toBe(70);
    expect(letters.count).toBe(1);
    expect(leave(4, host, 5, 72)).toBe(Status.Ok); // 70 is still the mailbox's: it never left
    expect(letters.count).toBe(3);
    expect(take(host, tag)).toBe(70);
    expect(letters.sender).toBe(shell);
    expect(take(host, tag)).toBe(71);
    expect(take(host, tag)).toBe(0);
    expect(take(host, 5)).toBe(72);
  });

  it("that nobody can receive do not pile up in the mailbox", () => {
    for (let turn: u32 = 0; turn < 200; turn++) {
      leave(shell, shell, turn, 1000 + turn);
      letters.take(shell, turn);
    }
    expect(handles.aliveCount).toBeLessThan(i32(letterLimitOfSender) + 1);
  });

  it("can be withdrawn by who sent them", () => {
    leave(shell, host, tag, 70);
    leave(shell, 3, tag, 71);
    expect(letters.withdraw(host, host, tag)).toBe(Status.NotFound);
    expect(letters.withdraw(shell, host, tag)).toBe(Status.Ok);
    expect(handles.standing(70)).toBe(Status.InvalidHandle);
    expect(letters.withdraw(shell, host, tag)).toBe(Status.NotFound);
    expect(take(host, tag)).toBe(0);
    expect(take(3, tag)).toBe(71);
  });

  it("of and for a client that is gone are dropped, the others stay", () => {
    leave(shell, host, 1, 70);
    leave(host, shell, 2, 71);
    leave(3, host, 3, 72);
    leave(shell, 3, 4, 73);
    expect(letters.take(host, 3)).toBe(72); // refused by the kernel: it comes back and is forgotten too if its recipient goes
    letters.forget(shell);
    expect(letters.count).toBe(1);
    expect(handles.aliveCount).toBe(1);
    letters.forget(host);
    expect(handles.aliveCount).toBe(0);
    expect(handles.dropCount).toBe(4);
  });
});
