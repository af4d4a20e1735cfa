// The QEMU machine that boots the kernel, as arguments (qemu-images/README.md says why each is there).

export const machineKinds = ["q35", "microvm"] as const;
export type MachineKind = (typeof machineKinds)[number];

export interface MachineOptions {
  machine: MachineKind;
  kernelPath: string;
  bundlePath: string;
  imagePath: string;
  memoryMegabytes: number;
  /** What the kernel reads (docs/abi.md §8). */
  commandLine: string;
  accelerator: "tcg" | "kvm";
  /** VT-d between the disk and memory: of q35 alone; none unless it is wanted. */
  hasIommu?: boolean;
  /** Guest RAM as this shared file, so that a trace can be taken out. */
  memoryPath?: string;
  /** Passed through to QEMU as they are. */
  extra: readonly string[];
}

/**
 * What differs. Under KVM microvm has a clock of the day only if asked for one, and QEMU 7.2 makes its virtio devices legacy ones
 * unless told otherwise.
 */
const attachments: Record<MachineKind, { machine: string; disk: readonly string[] }> = {
  q35: { machine: "q35", disk: ["-device", "virtio-blk-pci,drive=disk,disable-legacy=on"] },
  microvm: { machine: "microvm,rtc=on", disk: ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk"] },
};

/** VT-d, and a disk that lets it translate its addresses. The kernel has no use for translated interrupts. */
const confinedAttachment = {
  machine: "q35", disk: ["-device", "intel-iommu,intremap=off,aw-bits=39", "-device", "virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on"],
};

/** In option lists of QEMU a comma inside a value is written twice. */
const value = (text: string): string => text.replaceAll(",", ",,");

export function qemuArguments(options: MachineOptions): string[] {
  const { machine, disk } = options.hasIommu === true ? confinedAttachment : attachments[options.machine];
  const memory = options.memoryPath === undefined
    ? ["-machine", machine]
    : ["-machine", `${machine},memory-backend=ram`, "-object", `memory-backend-file,id=ram,size=${options.memoryMegabytes}M,mem-path=${value(options.memoryPath)},share=on`];
  return [
    "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    ...memory, "-accel", options.accelerator, "-cpu", "max", "-m", `${options.memoryMegabytes}M`,
    "-kernel", options.kernelPath, "-initrd", options.bundlePath, "-append", options.commandLine,
    "-drive", `file=${value(options.imagePath)},format=raw,if=none,id=disk,cache=writeback`,
    ...disk,
    "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
    "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ...options.extra,
  ];
}
