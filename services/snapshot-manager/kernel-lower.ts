// The services below the snapshot manager, through their generated clients: nodes from the content store, roots from the filesystem.
//
// Safety: replies are read from `messageOut` right after the call that filled it; records of a listing are bounded before they are read.
import * as content from "../../kernel-bindings/generated/assembly/content-store";
import * as filesystem from "../../kernel-bindings/generated/assembly/filesystem";
import { SnapshotManagerCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { compareKeys, HASH_BYTES, NodeStore } from "../base/merkle-map";
import { Trees } from "./lower";

export class ContentNodes extends NodeStore {
  private extra: usize = heap.alloc(8);

  load(hash: usize, buffer: usize, capacityBytes: u32): i32 {
    let status = content.callGet(SnapshotManagerCapabilities.contentStore, hash, 0, 0, buffer, capacityBytes);
    if (status < 0) return status;
    const lengthBytes = content.GetReply.lengthBytes();
    if (lengthBytes > capacityBytes) return -(<i32>Status.ProtocolBreach);
    if (lengthBytes < capacityBytes) return lengthBytes;
    // The buffer is full: only an object that ends here is a node.
    status = content.callGet(SnapshotManagerCapabilities.contentStore, hash, capacityBytes, 0, this.extra, 1);
    if (status < 0) return status;
    return content.GetReply.lengthBytes() == 0 ? lengthBytes : -(<i32>Status.Corrupted);
  }

  store(hash: usize, node: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
}

/** One page of a listing. */
const PAGE_BYTES: u32 = 16384;
/** More pages than snapshots can ever fill; a listing that goes on longer breaks its interface. */
const PAGES_MAXIMUM: u32 = 1 << 20;

export class FilesystemTrees extends Trees {
  private page: usize = heap.alloc(PAGE_BYTES);
  private after: usize = heap.alloc(256);

  liveRoot(out: usize): u32 {
    const status = filesystem.callTreeRoot(SnapshotManagerCapabilities.filesystem);
    memory.copy(out, filesystem.TreeRootReply.tree(), HASH_BYTES);
    return -status;
  }

  snapshotRoot(name: usize, nameBytes: u32, out: usize): u32 {
    if (nameBytes == 0 || nameBytes > 255) return Status.NotFound;
    // The listing goes on after a name; the wanted one without its last byte lies before it, and little lies between.
    let afterBytes = nameBytes - 1;
    memory.copy(this.after, name, afterBytes);
    for (let turn: u32 = 0; turn < PAGES_MAXIMUM; turn++) {
      const status = filesystem.callSnapshotList(SnapshotManagerCapabilities.filesystem, 0, this.after, afterBytes, 0, this.page, PAGE_BYTES);
      if (status < 0) return -status;
      const hasMore = filesystem.SnapshotListReply.more() != 0;
      const pageBytes = min(filesystem.SnapshotListReply.lengthBytes(), PAGE_BYTES);
      let offset: u32 = 0;
      let lastBytes: u32 = 0;
      while (offset < pageBytes) {
        const p = this.page + offset;
        if (!isRecord(p, pageBytes - offset)) return Status.ProtocolBreach;
        const order = compareKeys(p + filesystem.SnapshotRecord.SIZE, filesystem.SnapshotRecord.nameBytes(p), name, nameBytes);
        if (order > 0) return Status.NotFound;
        if (order == 0) {
          memory.copy(out, filesystem.SnapshotRecord.tree(p), HASH_BYTES);
          return Status.Ok;
        }
        lastBytes = filesystem.SnapshotRecord.nameBytes(p);
        memory.copy(this.after, p + filesystem.SnapshotRecord.SIZE, lastBytes);
        offset += filesystem.SnapshotRecord.recordBytes(p);
      }
      if (!hasMore) return Status.NotFound;
      if (lastBytes == 0) return Status.ProtocolBreach;
      afterBytes = lastBytes;
    }
    return Status.ProtocolBreach;
  }
}

/** Does a snapshot record with its name lie in `room` bytes? */
function isRecord(p: usize, room: u32): bool {
  if (room < filesystem.SnapshotRecord.SIZE) return false;
  const recordBytes = filesystem.SnapshotRecord.recordBytes(p);
  const nameBytes = filesystem.SnapshotRecord.nameBytes(p);
  return recordBytes <= room && nameBytes <= 255 && recordBytes >= filesystem.SnapshotRecord.SIZE + nameBytes;
}
