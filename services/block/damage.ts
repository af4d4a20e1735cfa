// The first structure that was found damaged since the mount began, so that whoever is refused, or is served without it, can be told which block is to blame and what it is for.
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";

export class Damage {
  role: u32 = StructureRole.none;
  address: u64 = 0;
  count: u32 = 0;

  forget(): void {
    this.role = StructureRole.none;
    this.address = 0;
    this.count = 0;
  }

  note(role: u32, address: u64): void {
    if (!this.count++) {
      this.role = role;
      this.address = address;
    }
  }
}
