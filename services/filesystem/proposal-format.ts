// Payloads of the filesystem's proposals and of the genesis entry: docs/formats/filesystem.md, part 4. Layout only; the reducer checks lengths before it reads.
//
// Safety: every function takes the address of a payload of at least HEAD_BYTES; names follow the head.
import { HASH_BYTES } from "./tree-format";

export namespace Genesis {
  export const BYTES: u32 = 48;
  export const VERSION: u32 = 1;
  export function version(p: usize): u32 { return load<u32>(p); }
  export function zero(p: usize): u32 { return load<u32>(p, 4); }
  export function time(p: usize): u64 { return load<u64>(p, 8); }
  export function salt(p: usize): usize { return p + 16; }
  export function set(p: usize, time: u64): void {
    store<u32>(p, VERSION);
    store<u32>(p, 0, 4);
    store<u64>(p, time, 8);
  }
}

export namespace Create {
  export const HEAD_BYTES: u32 = 72;
  export function parent(p: usize): u64 { return load<u64>(p); }
  export function inode(p: usize): u64 { return load<u64>(p, 8); }
  export function kind(p: usize): u32 { return load<u32>(p, 16); }
  export function mode(p: usize): u32 { return load<u32>(p, 20); }
  export function owner(p: usize): u32 { return load<u32>(p, 24); }
  export function group(p: usize): u32 { return load<u32>(p, 28); }
  export function content(p: usize): usize { return p + 32; }
  export function size(p: usize): u64 { return load<u64>(p, 64); }
  export function name(p: usize): usize { return p + HEAD_BYTES; }
  export function set(p: usize, parent: u64, inode: u64, kind: u32, mode: u32, owner: u32, group: u32, content: usize, size: u64): void {
    store<u64>(p, parent);
    store<u64>(p, inode, 8);
    store<u32>(p, kind, 16);
    store<u32>(p, mode, 20);
    store<u32>(p, owner, 24);
    store<u32>(p, group, 28);
    memory.copy(p + 32, content, HASH_BYTES);
    store<u64>(p, size, 64);
  }
}

export namespace SetContent {
  export const BYTES: u32 = 48;
  export function inode(p: usize): u64 { return load<u64>(p); }
  export function size(p: usize): u64 { return load<u64>(p, 8); }
  export function content(p: usize): usize { return p + 16; }
  export function set(p: usize, inode: u64, size: u64, content: usize): void {
    store<u64>(p, inode);
    store<u64>(p, size, 8);
    memory.copy(p + 16, content, HASH_BYTES);
  }
}

export namespace Remove {
  export const HEAD_BYTES: u32 = 16;
  export function parent(p: usize): u64 { return load<u64>(p); }
  export function inode(p: usize): u64 { return load<u64>(p, 8); }
  export function name(p: usize): usize { return p + HEAD_BYTES; }
  export function set(p: usize, parent: u64, inode: u64): void {
    store<u64>(p, parent);
    store<u64>(p, inode, 8);
  }
}

export namespace Rename {
  export const HEAD_BYTES: u32 = 40;
  export function fromParent(p: usize): u64 { return load<u64>(p); }
  export function toParent(p: usize): u64 { return load<u64>(p, 8); }
  export function inode(p: usize): u64 { return load<u64>(p, 16); }
  /** The inode that is replaced, or 0. */
  export function replaced(p: usize): u64 { return load<u64>(p, 24); }
  export function fromNameBytes(p: usize): u32 { return load<u32>(p, 32); }
  export function zero(p: usize): u32 { return load<u32>(p, 36); }
  export function fromName(p: usize): usize { return p + HEAD_BYTES; }
  export function set(p: usize, fromParent: u64, toParent: u64, inode: u64, replaced: u64, fromNameBytes: u32): void {
    store<u64>(p, fromParent);
    store<u64>(p, toParent, 8);
    store<u64>(p, inode, 16);
    store<u64>(p, replaced, 24);
    store<u32>(p, fromNameBytes, 32);
    store<u32>(p, 0, 36);
  }
}

export namespace SetAttributes {
  export const BYTES: u32 = 32;
  export function inode(p: usize): u64 { return load<u64>(p); }
  export function modified(p: usize): u64 { return load<u64>(p, 8); }
  export function mask(p: usize): u32 { return load<u32>(p, 16); }
  export function mode(p: usize): u32 { return load<u32>(p, 20); }
  export function owner(p: usize): u32 { return load<u32>(p, 24); }
  export function group(p: usize): u32 { return load<u32>(p, 28); }
  export function set(p: usize, inode: u64, modified: u64, mask: u32, mode: u32, owner: u32, group: u32): void {
    store<u64>(p, inode);
    store<u64>(p, modified, 8);
    store<u32>(p, mask, 16);
    store<u32>(p, mode, 20);
    store<u32>(p, owner, 24);
    store<u32>(p, group, 28);
  }
}

/** snapshotCreate; snapshotDelete is the name alone. */
export namespace SnapshotCreate {
  export const HEAD_BYTES: u32 = 8;
  /** The height of this very entry. */
  export function height(p: usize): u64 { return load<u64>(p); }
  export function name(p: usize): usize { return p + HEAD_BYTES; }
}

export namespace Rollback {
  export const HEAD_BYTES: u32 = 16;
  export function height(p: usize): u64 { return load<u64>(p); }
  export function nameBytes(p: usize): u32 { return load<u32>(p, 8); }
  export function zero(p: usize): u32 { return load<u32>(p, 12); }
  export function name(p: usize): usize { return p + HEAD_BYTES; }
  /** The name under which the replaced tree is kept: the rest. */
  export function saved(p: usize): usize { return p + HEAD_BYTES + nameBytes(p); }
  export function set(p: usize, height: u64, nameBytes: u32): void {
    store<u64>(p, height);
    store<u32>(p, nameBytes, 8);
    store<u32>(p, 0, 12);
  }
}
