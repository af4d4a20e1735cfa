// Map nodes in the content store. A node of more than 64 KiB, which is very rare, goes through a writer, because `store` takes one extent.
//
// Safety: `found` and `beyond` are allocated once.
import { NodeStore, sameHash } from "../base/merkle-map";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Contents } from "./lower";
import { EMPTY_CONTENT, HASH_BYTES } from "./tree-format";

const EXTENT_BYTES: u32 = 65536;

export class ContentNodes extends NodeStore {
  private found: usize = heap.alloc(HASH_BYTES);

  constructor(private contents: Contents) { super(); }

  load(hash: usize, buffer: usize, capacityBytes: u32): i32 {
    const status = this.contents.get(hash, 0, 0, buffer, capacityBytes);
    if (status != Status.Ok) return -<i32>status;
    const lengthBytes = <i32>this.contents.lengthBytes;
    if (<u32>lengthBytes < capacityBytes) return lengthBytes;
    // Full: is that all of it?
    const described = this.contents.describe(hash);
    if (described != Status.Ok) return -<i32>described;
    return this.contents.lengthBytes == capacityBytes ? lengthBytes : -<i32>Status.Corrupted;
  }

  store(hash: usize, node: usize, lengthBytes: u32): u32 {
    const status = lengthBytes <= EXTENT_BYTES ? this.contents.store(0, node, lengthBytes, this.found) : this.storeLarge(node, lengthBytes);
    if (status != Status.Ok) return status;
    return sameHash(hash, this.found) ? Status.Ok : Status.Corrupted;
  }

  private storeLarge(node: usize, lengthBytes: u32): u32 {
    const contents = this.contents;
    let status = contents.openWriter(EMPTY_CONTENT);
    if (status != Status.Ok) return status;
    const writer = contents.writer;
    status = contents.writerWrite(writer, 0, 0, node, lengthBytes);
    if (status == Status.Ok) status = contents.writerFinish(writer, this.found);
    contents.closeWriter(writer);
    return status;
  }
}
