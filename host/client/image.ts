// An open image: the services of a hosted kernel over one file, and this program's client domain. The one way into an image for the
// command line, the tests and the benchmarks. Stays true: while an Image is open the file is locked; `close` stops the system and lets go.
import { fstatSync } from "node:fs";
import { AxiomClient } from "../../kernel-bindings/generated/host/axiom.ts";
import { BlockClient } from "../../kernel-bindings/generated/host/block.ts";
import { ContentStoreClient } from "../../kernel-bindings/generated/host/content-store.ts";
import type { FilesystemClient } from "../../kernel-bindings/generated/host/filesystem.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { FileDisk } from "../devices/file-disk.ts";
import { bootHosted, type BootOptions, type System } from "../kernel/system.ts";
import { CommandError } from "./errors.ts";
import { FileTree } from "./file-tree.ts";
import { ImageLock } from "./image-lock.ts";
import { loadManifest, loadModules } from "./modules.ts";
import { Snapshots } from "./snapshots.ts";

export interface ImageOptions {
  /** Open it even if it is not formatted or cannot be mounted: `mkfs` and `check`. */
  allowUnmounted?: boolean;
  trace?: BootOptions["trace"];
  log?: (line: string) => void;
}

/** The smallest file that a driver would call a disk. */
const leastBytes = 512;

export function requireContent(path: string, { file }: ImageLock): void {
  const stats = fstatSync(file);
  if (stats.isBlockDevice()) throw new CommandError(`${path}: this is a device, and an image is a file; copy it into one`);
  if (stats.size >= leastBytes) return;
  if (stats.size === 0) throw new CommandError(`${path}: the file is empty; make an image of it with: axiomfs mkfs ${path} --size 1G`);
  throw new CommandError(`${path}: the file has only ${stats.size} bytes, which is no disk image`);
}

export class Image {
  readonly tree: FileTree;
  readonly snapshots: Snapshots;
  readonly filesystem: FilesystemClient;
  readonly axiom: AxiomClient;
  readonly contentStore: ContentStoreClient;
  readonly block: BlockClient;

  private constructor(readonly path: string, private readonly lock: ImageLock, private readonly disk: FileDisk, readonly system: System) {
    const client = system.client("host");
    this.tree = new FileTree(client);
    this.filesystem = this.tree.client;
    this.snapshots = new Snapshots(client, this.tree);
    this.axiom = new AxiomClient(client, client.handle("axiom"));
    this.contentStore = new ContentStoreClient(client, client.handle("contentStore"));
    this.block = new BlockClient(client, client.handle("block"));
  }

  /** Throws CommandError if the file cannot be used, StatusError if it holds nothing that can be mounted. */
  static open(path: string, options: ImageOptions = {}): Image {
    const lock = ImageLock.take(path);
    let disk: FileDisk | null = null;
    try {
      if (fstatSync(lock.file).isDirectory()) throw new CommandError(`${path}: this is a directory, not a disk image`);
      disk = new FileDisk(path);
      requireContent(path, lock);
      const image = new Image(path, lock, disk, boot(disk, options));
      if (options.allowUnmounted !== true) image.requireMounted();
      return image;
    } catch (error) {
      disk?.close();
      lock.release();
      throw error;
    }
  }

  private requireMounted(): void {
    const { mountStatus } = this.filesystem.describe();
    if (mountStatus === 0) return;
    this.system.close();
    throw new StatusError(mountStatus, "mount");
  }

  /** Everything done so far survives power loss when this returns. */
  sync(): void {
    this.tree.sync();
  }

  /** Stops the system. What was not synced may be lost. */
  close(): void {
    this.system.close();
    this.disk.close();
    this.lock.release();
  }
}

/** Every hosted domain but the shell, which nobody talks to here. */
function boot(disk: FileDisk, options: ImageOptions): System {
  const manifest = loadManifest();
  const only = manifest.domains.map(({ name }) => name).filter((name) => name !== "shell");
  return bootHosted({ manifest, modules: loadModules(manifest, only), only, disk, trace: options.trace, log: options.log });
}
