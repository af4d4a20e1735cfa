// The shipped driver alone on the hosted kernel, with the host as its client, for tests of its death.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "../../host/devices/disk.ts";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import type { RestartEntry } from "../../host/kernel/manifest.ts";
import { readManifest } from "../../host/kernel/node-files.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { BlockDeviceClient } from "../../kernel-bindings/generated/host/block-device.ts";
import { compileModule, root } from "../modules/build.ts";

export async function bootDriver({ disk, device, restart }: { disk: Disk; device: VirtioBlkOptions; restart: RestartEntry }) {
  const manifest = structuredClone(readManifest(join(root, "services/system.json")));
  const driver = manifest.domains.find(({ name }) => name === "virtio-blk")!;
  driver.restart = restart;
  const module = readFileSync(await compileModule("virtio-blk", "services/virtio-blk", driver.memoryPages));
  const system = bootHosted({ manifest, modules: { "virtio-blk": module }, disk, device, only: ["virtio-blk"], log: () => {} });
  const host = system.client("host");
  return { system, host, client: new BlockDeviceClient(host, host.handle("device")), buffer: host.reserve(65536, 4096) };
}
