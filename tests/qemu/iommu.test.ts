// VT-d in QEMU: a hostile driver reaches the kernel, other domains and memory that is no longer lent where nothing confines it, and nothing of them where the IOMMU does;
// what is blocked is reported; the whole system runs confined, also when its driver dies; what confinement costs.
import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundle, compileModule, type Domain, driverManifest, type Manifest, manifestWith, root } from "../modules/build.ts";
import { RingDrainer } from "../../host/trace/ring-drainer.ts";
import { TraceDecoder } from "../../host/trace/trace-decoder.ts";
import { textLine } from "../../host/trace/trace-text.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { axiomfs, inFolder, mustRun } from "../support/images.ts";
import { bootAndRun, withMachine } from "./machine.ts";

const sectorBytes = 512;
const ring = { address: 0x8000000, bytes: 1 << 20 };

/** The bystander above the driver, which is above the client that makes it attack: memories are handed out from the top. */
function hostileSystem(): Manifest {
  const { version, domains } = driverManifest("hostile-client");
  const driver = domains.find(({ name }) => name === "virtio-blk")!, client = domains.find(({ name }) => name === "shell")!;
  driver.module = "hostile-driver";
  driver.restart = { limit: 100, windowMs: 1, backoffMs: 0 };
  const bystander: Domain = { name: "bystander", module: "bystander", rank: 0, memoryPages: 32, capabilities: [] };
  client.capabilities.find(({ name }) => name === "contentStore")!.domain = "bystander";
  return { version, domains: [bystander, driver, client] };
}

async function hostileBundle(): Promise<string> {
  const modules: Array<[string, number]> = [["hostile-driver", 64], ["hostile-client", 256], ["bystander", 32]];
  const replaced = await Promise.all(modules.map(async ([name, pages]) => [name, await compileModule(name, `tests/modules/${name}`, pages)] as const));
  return bundle("hostile", hostileSystem(), Object.fromEntries(replaced));
}

/** The kernel's code as it is loaded: the first segment of the ELF file that may run (System V ABI, chapter 5). */
function kernelText(): { address: number; bytes: Buffer } {
  const elf = readFileSync(join(root, "build/kernel/kernel.elf"));
  const headers = Number(elf.readBigUInt64LE(32)), size = elf.readUInt16LE(54);
  for (let at = headers; ; at += size) {
    if (elf.readUInt32LE(at) !== 1 || (elf.readUInt32LE(at + 4) & 1) === 0) continue;
    const [offset, , address, length] = [8, 16, 24, 32].map((field) => Number(elf.readBigUInt64LE(at + field)));
    return { address: address!, bytes: elf.subarray(offset, offset! + length!) };
  }
}

interface Attacked { lines: string[]; output: string; kernelChanged: boolean; sectors: Map<number, Buffer>; blocked: string[]; deaths: string[] }

/** Boots the hostile system and lets it attack. The disk is full of 0xee, which is what the device writes; what it read is in the sectors afterwards. */
async function attack(folder: string, hasIommu: boolean): Promise<Attacked> {
  const image = join(folder, "disk"), memory = join(folder, "ram"), trace = join(folder, "trace");
  writeFileSync(image, Buffer.alloc(1 << 20, 0xee));
  const text = kernelText();
  const { output, status } = await bootAndRun({
    image, hasIommu, bundle: await hostileBundle(), run: String(text.address), words: [`trace=${ring.address.toString(16)},${ring.bytes}`], memoryMiB: 512,
    extra: ["-object", `memory-backend-file,id=ram,size=512M,mem-path=${memory},share=on`, "-machine", "memory-backend=ram"],
  });
  assert.equal(status, 0, output);
  const pieces: Buffer[] = [];
  const drainer = new RingDrainer(memory, ring.address, ring.bytes, (bytes) => pieces.push(Buffer.from(bytes)));
  while (drainer.poll() > 0);
  drainer.close();
  writeFileSync(trace, Buffer.concat(pieces));
  const reader = new TraceReader(trace);
  const events = [...new TraceDecoder(reader.header).decode(reader.records())];
  reader.close();
  const ram = readFileSync(memory), disk = readFileSync(image);
  return {
    output, lines: output.split("\n").filter((line) => /^[a-z ,-]+: \d+/.test(line)),
    kernelChanged: !ram.subarray(text.address, text.address + text.bytes.length).equals(text.bytes),
    sectors: new Map([16, 24, 32, 40].map((sector) => [sector, disk.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)])),
    blocked: events.filter(({ kind }) => kind === "blocked").map((event) => textLine(event, 0n).replace(/^.*?  (?=virtio-blk)/, "")),
    deaths: events.filter(({ kind, callee }) => kind === "trap" && callee === "virtio-blk").map(({ text: reason }) => reason),
  };
}

const notItsOwn = "its device reached for memory that is not its own";
const takenBack = "a device could reach memory of a domain that ended";
const secrets = new Map([[16, Buffer.alloc(sectorBytes, 0x42)], [24, Buffer.alloc(sectorBytes, 0x5a)], [32, Buffer.alloc(sectorBytes, 0x5a)], [40, kernelText().bytes.subarray(0, sectorBytes)]]);

test("without an IOMMU a hostile driver reaches everything, and boot says that it is trusted", async () => inFolder(async (folder) => {
  const { lines, kernelChanged, sectors, blocked } = await attack(folder, false);
  assert.deepEqual(lines, [
    "bystander written: 0 BYSTANDER CHANGED", "bystander read: 0", "ring in the bystander: 0 BYSTANDER CHANGED",
    "ended lease written: 0 LEASE CHANGED", "ended lease read: 0", "revoked: 5", "revoked grant written: 0 GRANT CHANGED", "revoked: 5", "revoked grant read: 0",
    "live lease that was asked for reading, written: 0 LEASE CHANGED", "kernel read: 0", "kernel written: 0",
  ]);
  assert.ok(kernelChanged, "so the addresses are right");
  for (const [sector, secret] of secrets) assert.deepEqual(sectors.get(sector), secret, `sector ${sector} has what the device read`);
  assert.deepEqual(blocked, []);
  await withMachine({ image: join(folder, "disk"), bundle: await hostileBundle(), memoryMiB: 512 }, (machine) => machine.until(/^axiom kernel: no IOMMU: the disk and its driver are trusted with device addresses$/m).then(() => {}));
}));

test("with an IOMMU it reaches nothing of them; each attempt is reported and ends it", async (context) => inFolder(async (folder) => {
  const { lines, kernelChanged, sectors, blocked, deaths, output } = await attack(folder, true);
  assert.deepEqual(lines, [
    "bystander written: 5", "bystander read: 5", "ring in the bystander: 5", "ended lease written: 5", "ended lease read: 5", "revoked: 5", "revoked grant written: 5", "revoked: 5", "revoked grant read: 5",
    "live lease that was asked for reading, written: 5", "kernel read: 5", "kernel written: 5",
  ], output);
  assert.ok(!kernelChanged);
  for (const [sector, secret] of secrets) assert.notDeepEqual(sectors.get(sector), secret, `sector ${sector}`);
  assert.deepEqual(deaths, [notItsOwn, notItsOwn, notItsOwn, notItsOwn, notItsOwn, takenBack, notItsOwn, takenBack, notItsOwn, notItsOwn, notItsOwn, notItsOwn]);
  const told = output.split("\n").filter((line) => line.startsWith("axiom kernel: blocked: "));
  const accesses = told.map((line, index) => {
    const found = new RegExp(`^axiom kernel: blocked: the device of virtio-blk \\(PCI 00:[0-9a-f]{2}\\.0\\) tried to (write to|read) 0x([0-9a-f]+) \\(reason \\d+; ${index + 1} so far`).exec(line);
    assert.ok(found, line);
    return [found[1]!, Number.parseInt(found[2]!, 16)] as const;
  });
  // A device that goes on for a moment may be blocked twice at one page, and its ring is where it has just been: each access in a row counts once.
  const inTurn = accesses.filter(([verb, address], index) => verb !== accesses[index - 1]?.[0] || address !== accesses[index - 1]?.[1]);
  const [bystander, , lease, , grant] = inTurn.map(([, address]) => address);
  assert.equal(new Set([bystander, lease, grant, kernelText().address]).size, 4);
  assert.deepEqual(inTurn, [
    ["write to", bystander], ["read", bystander], ["write to", lease], ["read", lease], ["write to", grant], ["read", grant], ["write to", lease], ["read", kernelText().address], ["write to", kernelText().address],
  ]);
  assert.deepEqual(blocked, told.map((line) => `virtio-blk  its device tried to ${/(read|write to) 0x[0-9a-f]+/.exec(line)![0]}, and was blocked`));
  context.diagnostic(`${told.length} accesses blocked and reported`);
}));

test("the whole system runs confined: import, work, deaths of the driver, export", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), out = join(folder, "out");
  mustRun(["mkfs", image, "--size", "128M"]);
  mustRun(["import", image, join(root, "services"), "/services"]);
  const boot = (run: string): string => {
    const { stdout, stderr, status } = axiomfs(["boot", image, "--iommu", "--run", run]);
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };
  const hashes = boot("hash -R /services");
  assert.equal(hashes, mustRun(["hash", "-R", image, "/services"]));
  // One death a boot: a second one is restarted later than the next command comes (docs/supervision.md §4).
  for (let round = 0; round < 4; round++) {
    const names = Array.from({ length: 5 }, (_, index) => `new-${round}-${index}`);
    const said = boot(`${names.map((name) => `put /${name} text of ${name}; sync`).join("; ")}; kill virtio-blk; ${names.map((name) => `cat /${name}; put /${name} again ${name}; sync; cat /${name}`).join("; ")}; snapshot create round-${round}; services`);
    for (const name of names) assert.match(said, new RegExp(`^text of ${name}\nagain ${name}$`, "m"));
    assert.match(said, /^virtio-blk +ready +1 .* killed$/m);
    assert.doesNotMatch(said, /blocked/);
  }
  mustRun(["check", image]);
  mustRun(["export", image, "/new-3-4", out]);
  assert.equal(readFileSync(out, "utf8"), "again new-3-4\n");
}));

test("random work against a model runs confined, on the device and on the block service", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  for (const [module, run, line] of [["block-device-integrity", "integrity 5 2000", /integrity: 2\d\d\d operations, .* 0 errors, 0 differences/], ["block-exerciser", "block 5 1000", /block service: 1000 operations, 0 mismatches/]] as const) {
    const made = bundle(`${module}-confined`, manifestWith(module), { [module]: await compileModule(module, `tests/modules/${module}`) });
    writeFileSync(image, "");
    truncateSync(image, 128 << 20);
    const { output, status } = await bootAndRun({ image, hasIommu: true, bundle: made, run });
    assert.match(output, line);
    assert.doesNotMatch(output, /blocked/);
    assert.equal(status, 0);
  }
}));

test("what the firmware told the disk is forgotten before the disk is confined", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  mustRun(["mkfs", image, "--size", "64M"]);
  const { complaints, status } = await bootAndRun({ image, hasIommu: true, memoryMiB: 512, run: "ls", extra: ["-trace", "virtio_set_status", "-trace", "vtd_dmar_enable"] });
  assert.equal(status, 0, complaints);
  const told = complaints.split("\n").flatMap((line) => /virtio_set_status vdev \S+ val (\d+)/.exec(line)?.[1] ?? (line.includes("vtd_dmar_enable") ? "confined" : []));
  const confined = told.indexOf("confined"), statuses = told.slice(0, confined).map(Number);
  assert.ok(confined > 0 && statuses.some((value) => (value & 4) !== 0), `the firmware has driven it: ${told}`);
  assert.equal(statuses.at(-1), 0, `${told}`);
}));

test("boot says that DMA is confined", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  mustRun(["mkfs", image, "--size", "64M"]);
  await withMachine({ image, hasIommu: true, memoryMiB: 512 }, async (machine) => {
    await machine.until(/axiomfs> /);
    assert.match(machine.output, /^axiom kernel: DMA is confined to the memory of the disk's driver and to what is lent to it$/m);
  });
  await withMachine({ image, memoryMiB: 512, extra: ["-device", "intel-iommu,intremap=off,aw-bits=39"] }, async (machine) => {
    await machine.until(/axiomfs> /);
    assert.match(machine.output, /^axiom kernel: the IOMMU is not used: the disk does not let it translate/m);
    assert.match(machine.output, /^axiom kernel: no IOMMU: the disk and its driver are trusted with device addresses$/m);
  });
}));

test("a lease that the device reaches costs what its pages cost", async (context) => inFolder(async (folder) => {
  const image = join(folder, "disk");
  writeFileSync(image, Buffer.alloc(1 << 20));
  const costs = async (hasIommu: boolean): Promise<number[]> => {
    const { output } = await bootAndRun({ image, hasIommu, bundle: await hostileBundle(), run: "0 1", memoryMiB: 512, extra: ["-icount", "shift=0,sleep=off"] });
    return [0, 4096, 1 << 20].map((length) => Number(new RegExp(`^${length} bytes: (\\d+)$`, "m").exec(output)?.[1]));
  };
  const [without, confined] = [await costs(false), await costs(true)];
  context.diagnostic(`instructions of a call that lends 1 MiB, of which the device reaches nothing, 4 KiB, 1 MiB: ${without.join(", ")}; with an IOMMU ${confined.join(", ")}`);
  const [nothing, page, all] = confined.map((cost, index) => cost - without[index]!);
  assert.ok(Math.abs(nothing!) <= 5, `${nothing} more where no device is involved`);
  assert.ok(page! > 0 && page! <= 1500, `${page} more for a page`);
  assert.ok(all! <= page! + 255 * 100, `${all} more for 256 pages`);
}));
