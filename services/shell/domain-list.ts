// Domain list: the domains of the system as the kernel shows them to whoever holds the control capability (docs/supervision.md §8).
// A record of 64 bytes:
//
//    0 name, zero padded   24 u32 state      28 u32 restarts      32 u32 memoryPages   36 u32 calls   40 u64 busyNanoseconds
//   48 u32 residentKiB     52 u32 last fault 56 u32 refused handles 60 u32 rank
//
// A domain's number is its place in the list. Safety: indexes come from this file or are compared with `count`, and `count` is at most DOMAIN_LIMIT.
import { controlList } from "../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";

export const DOMAIN_LIMIT: u32 = 255;
const RECORD_BYTES: u32 = 64;
const NAME_BYTES: u32 = 24;

export class DomainList {
  count: u32 = 0;
  private readonly records: usize = heap.alloc(DOMAIN_LIMIT * RECORD_BYTES);

  /** False if the kernel does not tell. */
  refresh(): bool {
    const count = controlList(ShellCapabilities.control, this.records, DOMAIN_LIMIT);
    this.count = count < 0 ? 0 : min(<u32>count, DOMAIN_LIMIT);
    return count >= 0;
  }

  name(index: u32): usize { return this.at(index); }

  nameBytes(index: u32): u32 {
    let length: u32 = 0;
    while (length < NAME_BYTES && load<u8>(this.at(index) + length) != 0) length++;
    return length;
  }

  state(index: u32): u32 { return load<u32>(this.at(index), 24); }
  restarts(index: u32): u32 { return load<u32>(this.at(index), 28); }
  memoryPages(index: u32): u32 { return load<u32>(this.at(index), 32); }
  calls(index: u32): u32 { return load<u32>(this.at(index), 36); }
  busyNanoseconds(index: u32): u64 { return load<u64>(this.at(index), 40); }
  residentKibibytes(index: u32): u32 { return load<u32>(this.at(index), 48); }
  lastFault(index: u32): u32 { return load<u32>(this.at(index), 52); }

  /** The number of the domain with this name, or `count`. */
  find(name: usize, lengthBytes: u32): u32 {
    let index: u32 = 0;
    while (index < this.count && (this.nameBytes(index) != lengthBytes || memory.compare(this.name(index), name, lengthBytes) != 0)) index++;
    return index;
  }

  /** The same for an ASCII literal. */
  findText(name: string): u32 {
    let index: u32 = 0;
    while (index < this.count && !this.isCalled(index, name)) index++;
    return index;
  }

  private isCalled(index: u32, name: string): bool {
    const length = <u32>name.length;
    if (this.nameBytes(index) != length) return false;
    for (let position: u32 = 0; position < length; position++) {
      if (load<u8>(this.name(index) + position) != <u8>name.charCodeAt(position)) return false;
    }
    return true;
  }

  private at(index: u32): usize { return this.records + index * RECORD_BYTES; }
}
