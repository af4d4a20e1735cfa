// services and kill: the domains of the system, and ending one. Formats: docs/command-line.md.
import { controlKill } from "../../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../../kernel-bindings/generated/assembly/capabilities";
import { domainStateName, DomainState, faultName, Status } from "../../../kernel-bindings/generated/assembly/status";
import { CommandContext } from "../command-context";
import { Words } from "../command-parser";
import { DomainList } from "../domain-list";
import { sizeWidth, writeName, writeSize } from "../format";

const NAME_COLUMNS: u32 = 18;
const STATE_COLUMNS: u32 = 11;
const SIZE_COLUMNS: u32 = 10;
const WASM_PAGE_BYTES: u64 = 65536;

export class ServiceCommands {
  constructor(private readonly context: CommandContext, private readonly domains: DomainList) {}

  services(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "", "services")) return;
    if (words.count > 1) return context.usage("services");
    if (!this.domains.refresh()) return context.failPlain(Status.Denied);
    context.output.text("service           state      restarts  resident     limit      calls     seconds  last fault\n");
    for (let index: u32 = 0; index < this.domains.count; index++) {
      if (this.domains.state(index) != DomainState.absent) this.line(index);
    }
  }

  private line(index: u32): void {
    const output = this.context.output;
    const domains = this.domains;
    const nameBytes = domains.nameBytes(index);
    writeName(output, domains.name(index), nameBytes);
    output.spaces(nameBytes < NAME_COLUMNS ? NAME_COLUMNS - nameBytes : 1);
    const state = domainStateName(domains.state(index));
    output.text(state);
    output.spaces(STATE_COLUMNS - min(<u32>state.length, STATE_COLUMNS - 1));
    output.paddedDecimal(domains.restarts(index), 8, 0x20);
    this.size(<u64>domains.residentKibibytes(index) * 1024);
    this.size(<u64>domains.memoryPages(index) * WASM_PAGE_BYTES);
    output.byte(0x20);
    output.paddedDecimal(domains.calls(index), 10, 0x20);
    output.byte(0x20);
    const milliseconds = domains.busyNanoseconds(index) / 1000000;
    output.paddedDecimal(milliseconds / 1000, 7, 0x20);
    output.byte(0x2e);
    output.paddedDecimal(milliseconds % 1000, 3, 0x30);
    output.text("  ");
    output.text(domains.lastFault(index) == 0 ? "-" : faultName(domains.lastFault(index)));
    output.byte(0x0a);
  }

  private size(bytes: u64): void {
    const width = sizeWidth(bytes);
    this.context.output.spaces(SIZE_COLUMNS - min(width, SIZE_COLUMNS - 1));
    writeSize(this.context.output, bytes);
  }

  kill(words: Words): void {
    const context = this.context;
    if (!context.readOptions(words, "", "kill SERVICE")) return;
    if (words.count != 2) return context.usage("kill SERVICE");
    if (!this.domains.refresh()) return context.failPlain(Status.Denied);
    const name = words.address(1);
    const nameBytes = words.length(1);
    const index = this.domains.find(name, nameBytes);
    if (index == this.domains.count) return context.failWith(name, nameBytes, "there is no such service; services lists them");
    if (this.domains.state(index) == DomainState.absent) return context.failWith(name, nameBytes, "it is not part of the running system");
    context.output.flush(); // it may be the shell's own end
    const status = <u32>-controlKill(ShellCapabilities.control, index);
    if (status == Status.InvalidArgument) return context.failWith(name, nameBytes, "it is a program outside of the kernel's domains and cannot be ended here");
    if (status == Status.PeerDead) return context.failWith(name, nameBytes, "it is not running");
    if (status != Status.Ok) return context.fail(name, nameBytes, status);
    context.output.text("killed ");
    writeName(context.output, name, nameBytes);
    context.output.byte(0x0a);
  }
}
