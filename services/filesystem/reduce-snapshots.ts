// Snapshots as proposals: named, forgotten, rolled back to. A rollback keeps the tree that it replaces under a name of its own, in the same proposal, so that it can be undone.
//
// Safety: as reducer.ts; `value` holds one snapshot value.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Rollback, SnapshotCreate } from "./proposal-format";
import { State } from "./state";
import { SnapshotValue, isValidName } from "./tree-format";

export class SnapshotReducer {
  isTorn: bool = false;
  private value: usize = heap.alloc(SnapshotValue.BYTES);

  constructor(private state: State) {}

  apply(type: u32, time: u64, height: u64, payload: usize, payloadBytes: u32): u32 {
    this.isTorn = false;
    if (type == EntryType.snapshotCreate) return this.create(time, height, payload, payloadBytes);
    if (type == EntryType.rollback) return this.rollback(time, height, payload, payloadBytes);
    return isValidName(payload, payloadBytes) ? this.state.removeSnapshot(payload, payloadBytes) : <u32>Status.InvalidName;
  }

  private create(time: u64, height: u64, payload: usize, payloadBytes: u32): u32 {
    if (payloadBytes <= SnapshotCreate.HEAD_BYTES) return Status.InvalidName;
    const name = SnapshotCreate.name(payload);
    const nameBytes = payloadBytes - SnapshotCreate.HEAD_BYTES;
    if (!isValidName(name, nameBytes)) return Status.InvalidName;
    if (SnapshotCreate.height(payload) != height) return Status.InvalidArgument;
    const status = this.state.getSnapshot(name, nameBytes);
    if (status != Status.NotFound) return status == Status.Ok ? Status.Exists : status;
    return this.state.putSnapshot(name, nameBytes, height, time);
  }

  private rollback(time: u64, height: u64, payload: usize, payloadBytes: u32): u32 {
    const state = this.state;
    if (payloadBytes <= Rollback.HEAD_BYTES || Rollback.zero(payload) != 0 || Rollback.height(payload) != height) return Status.InvalidArgument;
    const nameBytes = Rollback.nameBytes(payload);
    if (nameBytes >= payloadBytes - Rollback.HEAD_BYTES) return Status.InvalidName;
    const saved = Rollback.saved(payload);
    const savedBytes = payloadBytes - Rollback.HEAD_BYTES - nameBytes;
    if (!isValidName(saved, savedBytes)) return Status.InvalidName;
    let status = state.getSnapshot(saved, savedBytes);
    if (status != Status.NotFound) return status == Status.Ok ? Status.Exists : status;
    status = state.getSnapshot(Rollback.name(payload), nameBytes);
    if (status != Status.Ok) return status;
    memory.copy(this.value, state.snapshot, SnapshotValue.BYTES);
    // The tree to go back to must be there before the present one is let go.
    state.cache.begin();
    if (state.cache.load(SnapshotValue.tree(this.value)) == 0) return state.cache.status;
    status = state.putSnapshot(saved, savedBytes, height, time);
    if (status != Status.Ok) return status;
    this.isTorn = true;
    status = state.tree.open(SnapshotValue.tree(this.value));
    if (status != Status.Ok) return status;
    state.files = SnapshotValue.files(this.value);
    state.directories = SnapshotValue.directories(this.value);
    state.logicalBytes = SnapshotValue.logicalBytes(this.value);
    this.isTorn = false;
    return Status.Ok;
  }
}
