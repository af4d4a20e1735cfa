// boot: an image under the microkernel in QEMU, or with --hosted under the hosted kernel in this process; the shell on this terminal.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CommandError, Exit } from "../../client/errors.ts";
import { requireContent } from "../../client/image.ts";
import { ImageLock } from "../../client/image-lock.ts";
import { bundlePath, kernelPath } from "../../client/modules.ts";
import type { BootCommandOptions } from "../boot/boot-options.ts";
import { HostedMachine } from "../boot/hosted-machine.ts";
import { machineKinds } from "../boot/qemu-arguments.ts";
import { QemuMachine, qemuProgram } from "../boot/qemu-machine.ts";
import { report, setExitStatus } from "../session.ts";

const defaultMegabytes = 1024;
const leastMegabytes = 512;

export async function boot(imagePath: string, options: BootCommandOptions): Promise<void> {
  let lock: ImageLock | null = null;
  try {
    const memory = memoryMegabytes(options.memory);
    if (options.iommu === true) requireIommu(options);
    if (options.hosted !== true) requireMachine(options);
    if (existsSync(imagePath) && statSync(imagePath).isDirectory()) throw new CommandError(`${imagePath}: this is a directory, not a disk image`);
    lock = ImageLock.take(imagePath);
    requireContent(imagePath, lock);
    setExitStatus(await (options.hosted === true ? new HostedMachine(imagePath, options) : new QemuMachine(imagePath, lock, memory, options)).run());
  } catch (error) {
    report("boot", error, imagePath);
  } finally {
    lock?.release();
  }
}

function memoryMegabytes(text: string | undefined): number {
  if (text === undefined) return defaultMegabytes;
  const megabytes = Number(text);
  if (!Number.isInteger(megabytes) || megabytes < leastMegabytes || megabytes > 65536) throw new CommandError(`--memory ${text}: megabytes, at least ${leastMegabytes}`, Exit.usage);
  return megabytes;
}

function requireIommu(options: BootCommandOptions): void {
  if (options.hosted === true) throw new CommandError("--iommu: there is none with --hosted, whose device is checked at every access in any case", Exit.usage);
  if (options.machine === "microvm") throw new CommandError("--iommu: the machine microvm has none; leave --machine out", Exit.usage);
}

function requireMachine(options: BootCommandOptions): void {
  if (options.machine !== undefined && !machineKinds.some((kind) => kind === options.machine)) throw new CommandError(`--machine ${options.machine}: ${machineKinds.join(" or ")}`, Exit.usage);
  if (options.accel !== undefined && options.accel !== "tcg" && options.accel !== "kvm") throw new CommandError(`--accel ${options.accel}: tcg or kvm`, Exit.usage);
  if (!isInstalled(qemuProgram)) {
    throw new CommandError(`${qemuProgram}: not found; install it with: sudo apt-get install --no-install-recommends qemu-system-x86, or boot without it: add --hosted`);
  }
  for (const path of [kernelPath, bundlePath]) {
    if (!existsSync(path)) throw new CommandError(`${path}: the kernel is not built; run: npm run build (it needs Rust), or boot without it: add --hosted`);
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
