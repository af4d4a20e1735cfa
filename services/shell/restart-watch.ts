// Restart watch: notices that a service below the shell restarted or was given up, and tells the person once, in a sentence: what happened, and what may be lost.
// The kernel tells a client on its next call (docs/supervision.md §4); the shell looks at the counters before and after each command as well, so that the
// sentence comes with the first prompt after the restart and not with the first command that fails of it.
// Stays true: while work of this shell may have been lost, no `sync` ends as if nothing had happened.
import { callDescribe } from "../../kernel-bindings/generated/assembly/filesystem";
import { callList } from "../../kernel-bindings/generated/assembly/snapshots";
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { DomainState, Fault, faultName } from "../../kernel-bindings/generated/assembly/status";
import { CommandContext, Exit } from "./command-context";
import { DOMAIN_LIMIT, DomainList } from "./domain-list";
import { writeName } from "./format";

const SNAPSHOT_BYTES: u32 = 512;

export class RestartWatch {
  /** Work that had not been synced when a service restarted: the next `sync` says so. */
  mayHaveLost: bool = false;
  readonly domains: DomainList = new DomainList();
  /** Restarts of each domain at the last look. */
  private readonly restarts: StaticArray<u32> = new StaticArray<u32>(DOMAIN_LIMIT);
  /** What was last said about a service that is not running. */
  private toldFilesystem: u32 = DomainState.ready;
  private toldSnapshots: u32 = DomainState.ready;
  private snapshotsTold: bool = false;
  private readonly buffer: usize = heap.alloc(SNAPSHOT_BYTES);

  constructor(private readonly context: CommandContext) {}

  /** Before the first command: what was before the shell does not concern it. True if the shell itself has been restarted. */
  begin(): bool {
    this.domains.refresh();
    this.remember();
    const shell = this.domains.findText("shell");
    return shell < this.domains.count && this.domains.restarts(shell) > 0;
  }

  /** Says what has happened since the last look. A command after which work may be lost has failed. */
  look(): void {
    const context = this.context;
    if (!this.domains.refresh() && !context.sawRestart) return;
    const filesystem = this.hasRestarted("filesystem");
    const snapshots = this.hasRestarted("snapshot-manager");
    if (filesystem || snapshots) this.sayRestart(filesystem);
    // The first call after a restart is answered with it alone; these are those calls, so that no command fails of what has been said.
    if (filesystem) callDescribe(ShellCapabilities.filesystem);
    if (filesystem || (snapshots && !context.sawRestart && !this.snapshotsTold)) callList(ShellCapabilities.snapshots, 0, this.buffer, 0, 0, this.buffer, SNAPSHOT_BYTES);
    this.remember();
    const isStopped = this.lookForStopped();
    if (context.sawRestart && !filesystem && !snapshots && !isStopped) {
      context.output.text("shell: a service stopped and was restarted");
      this.sayLoss();
    }
    // A call that was in flight has told us already; that service need not be called again when it comes back.
    this.snapshotsTold = isStopped && context.sawRestart && !filesystem;
    context.sawRestart = false;
  }

  private hasRestarted(name: string): bool {
    const index = this.domains.findText(name);
    return index < this.domains.count && this.domains.restarts(index) != this.restarts[index];
  }

  private remember(): void {
    for (let index: u32 = 0; index < this.domains.count; index++) this.restarts[index] = this.domains.restarts(index);
  }

  private sayRestart(lostState: bool): void {
    const output = this.context.output;
    output.text("shell: ");
    this.sayCulprits();
    if (lostState) this.sayLoss();
    else output.text("; nothing is lost\n");
  }

  private sayLoss(): void {
    if (this.context.tree.isUnsynced) this.noteLoss();
    this.context.output.text(this.context.tree.isUnsynced ? "; what was changed since the last sync may be lost\n" : "; nothing is lost, since everything had been synced\n");
  }

  private noteLoss(): void {
    this.mayHaveLost = true;
    if (this.context.status == Exit.done) this.context.status = Exit.failed;
  }

  /** "block stopped (killed) and was restarted": those that did not restart because of another. */
  private sayCulprits(): void {
    let count = 0;
    for (let index: u32 = 0; index < this.domains.count; index++) {
      if (this.domains.restarts(index) == this.restarts[index] || isFollower(this.domains.lastFault(index))) continue;
      if (this.domains.findText("shell") == index) continue;
      if (count++ > 0) this.context.output.text(", ");
      this.sayStopped(index);
    }
    if (count == 0) this.context.output.text("a service stopped");
    this.context.output.text(count > 1 ? " and were restarted" : " and was restarted");
  }

  private sayStopped(index: u32): void {
    writeName(this.context.output, this.domains.name(index), this.domains.nameBytes(index));
    this.context.output.text(" stopped (");
    this.context.output.text(faultName(this.domains.lastFault(index)));
    this.context.output.text(")");
  }

  /** Once for each way of not running; where the filesystem does not run, nothing above it does. True if something was said. */
  private lookForStopped(): bool {
    const filesystem = this.stateOf("filesystem");
    const snapshots = this.stateOf("snapshot-manager");
    const filesystemIsNews = isStopped(filesystem) && filesystem != this.toldFilesystem;
    const snapshotsIsNews = isStopped(snapshots) && snapshots != this.toldSnapshots && !isStopped(filesystem);
    this.toldFilesystem = filesystem;
    this.toldSnapshots = snapshots;
    if (filesystemIsNews) this.sayEnd(this.domains.findText("filesystem"), this.context.tree.isUnsynced);
    else if (snapshotsIsNews) this.sayEnd(this.domains.findText("snapshot-manager"), false);
    return filesystemIsNews || snapshotsIsNews;
  }

  private stateOf(name: string): u32 {
    const index = this.domains.findText(name);
    return index < this.domains.count ? this.domains.state(index) : DomainState.ready;
  }

  private sayEnd(index: u32, isWorkLost: bool): void {
    const output = this.context.output;
    const state = this.domains.state(index);
    output.text("shell: ");
    this.sayRoot(index);
    if (state == DomainState.restarting) return output.text(" and is restarted in a moment\n"); // what that means is said when it has been
    output.text(state == DomainState.givenUp ? " too often and was given up" : " and will not come back");
    if (isWorkLost) this.noteLoss();
    output.text(isWorkLost ? "; what was changed since the last sync is lost, the rest is safe on the disk" : "; what was synced is safe on the disk");
    output.text(". Switch off with poweroff and start again\n");
  }

  /** The service that took this one down: the lowest in the same state that did not stop because of another; else itself. */
  private sayRoot(stopped: u32): void {
    for (let index: u32 = 0; index < stopped; index++) {
      const isRoot = this.domains.state(index) == this.domains.state(stopped) && !isFollower(this.domains.lastFault(index));
      if (isRoot) return this.sayStopped(index);
    }
    this.sayStopped(stopped);
  }
}

/** It ended because another did. */
function isFollower(fault: u32): bool {
  return fault == Fault.whatItStandsOnRestarted || fault == Fault.aDeviceCouldReachMemoryOfADomainThatEnded;
}

function isStopped(state: u32): bool {
  return state == DomainState.dead || state == DomainState.restarting || state == DomainState.givenUp;
}
