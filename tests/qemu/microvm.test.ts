// QEMU's microvm: no PCI, the disk on virtio-mmio with a level-triggered line. The system is the same as on q35: it reads, writes, survives the
// death of its driver, sleeps while nobody wants anything, and powers off.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axiomfs, inFolder, mustRun } from "../support/images.ts";
import { bootAndRun, type MachineKind, withMachine } from "./machine.ts";

async function withImage(use: (image: string, folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const image = join(folder, "disk.img");
    mustRun(["mkfs", image, "--size", "64M"]);
    mustRun(["put", image, "/hello"], "hello\n");
    await use(image, folder);
  });
}

test("boot --machine microvm: a session with the driver killed in it, and everything is on the disk", (context) => withImage(async (image) => {
  await withMachine({ image, machine: "microvm", words: ["debug"] }, async (machine) => {
    let at = await machine.until(/axiomfs> /);
    const command = async (text: string, answer: RegExp): Promise<void> => {
      machine.send(`${text}\r`);
      at = await machine.until(answer, at);
      at = await machine.until(/axiomfs> /, at);
    };
    await command("cat hello", /\nhello\n/);
    await command("put before words of before", /put before/);
    await command("sync", /sync/);
    for (let death = 1; death <= 3; death++) {
      await command("kill virtio-blk", /killed virtio-blk\n/);
      // From the second death on it comes back after a while (docs/supervision.md §4).
      await new Promise((resolve) => setTimeout(resolve, death === 1 ? 0 : 1000));
      await command(`put after${death} words of after ${death}`, /put after/);
      await command("sync", /sync/);
      await command("cat before", /\nwords of before\n/);
    }
    await command("services", /virtio-blk +ready +3 /);
    const before = machine.processorMs();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const share = (machine.processorMs() - before) / 3000;
    context.diagnostic(`idle after three deaths of the driver: ${(share * 100).toFixed(1)} % of a core`);
    assert.ok(share < 0.05, `${(share * 100).toFixed(1)} % of a core`);
    machine.send("poweroff\r");
    assert.equal(await machine.exitStatus(), 0);
  });
  for (let death = 1; death <= 3; death++) assert.equal(mustRun(["cat", image, `/after${death}`]), `words of after ${death}\n`);
  assert.match(mustRun(["check", image]), /no problems/);
}));

test("axiomfs boot --machine microvm: --run, --trace, commands from standard input", () => withImage(async (image, folder) => {
  const boot = (...args: string[]): string => mustRun(["boot", image, "--machine", "microvm", ...args]);
  assert.equal(boot("--run", "cat hello; put new text; cat new"), "hello\ntext\n");
  assert.equal(axiomfs(["boot", image, "--machine", "microvm", "--run", "cat none"]).status, 1);
  assert.deepEqual(axiomfs(["boot", image, "--machine", "microvm"], "cat new\nput late words\n"), { status: 0, stdout: "text\n", stderr: "" });
  const trace = join(folder, "trace");
  assert.equal(boot("--run", "cat late", "--trace", trace), "words\n");
  assert.equal(boot("--run", "cat late", "--trace", trace, "--memory", "4096"), "words\n", "with memory above 4 GiB too");
  const text = mustRun(["trace", "show", trace]);
  assert.match(text, /block → virtio-blk {2}block-device\.read/);
  assert.match(text, /virtio-blk.*interrupt/);
  assert.doesNotMatch(text, /lost|breaks/);
  // The clock of the day.
  const shown = /modified: +(\d+-\d+-\d+)/.exec(mustRun(["stat", image, "/late"]))?.[1];
  assert.equal(Math.abs(Date.parse(shown!) - Date.now()) < 2 * 86_400_000, true, shown);
}));

// 24 transports on the second interrupt controller; words of the command line and line 5 to 12; line 16 to 23; nothing says anything; without clocks.
for (const options of ["acpi=on", "acpi=off", "ioapic2=off", "acpi=off,auto-kernel-cmdline=off", "pcie=on", "rtc=off", "pit=off"]) {
  test(`the disk is found with -machine microvm,${options}`, () => withImage(async (image) => {
    const { output, status } = await bootAndRun({ image, machine: "microvm", run: "cat hello", extra: ["-machine", options] });
    assert.deepEqual([output, status], ["hello\n", 0]);
  }));
}

// A request takes longer than the driver polls, so each sleeps for its interrupt. One that is lost costs the driver's slice of sleep, a second; a line that
// is not taken down costs a whole core.
for (const machine of ["q35", "microvm"] satisfies MachineKind[]) {
  test(`${machine}: no interrupt is lost, and none comes for nothing, on a slow disk`, (context) => withImage(async (image) => {
    const requestsPerSecond = 100;
    await withMachine({ image, machine, requestsPerSecond }, async (running) => {
      let at = await running.until(/axiomfs> /);
      const count = 40;
      const started = Date.now();
      const busy = running.processorMs();
      for (let number = 0; number < count; number++) {
        running.send(`put file${number} ${number}; sync\r`);
        at = await running.until(/sync[^]*?axiomfs> /, at);
      }
      const elapsed = Date.now() - started;
      const share = (running.processorMs() - busy) / elapsed;
      context.diagnostic(`${count} durable writes in ${elapsed} ms at ${requestsPerSecond} requests a second, ${(share * 100).toFixed(0)} % of a core`);
      // A commit is a handful of requests; a third of them lost would be 40 s and more.
      assert.ok(elapsed > count * 1000 / requestsPerSecond && elapsed < 15_000, `${elapsed} ms`);
      assert.ok(share < 0.6, `${(share * 100).toFixed(0)} % of a core`);
      running.send("poweroff\r");
      assert.equal(await running.exitStatus(), 0);
    });
  }));
}

test("a legacy device is refused with the option that helps", () => withImage(async (image) => {
  const { output, status } = await bootAndRun({ image, machine: "microvm", run: "cat hello", extra: ["-global", "virtio-mmio.force-legacy=true"] });
  assert.match(output, /^block device at 0xfeb02e00, line 47: a legacy device, .* -global virtio-mmio\.force-legacy=false$/m);
  assert.equal(status, 1);
}));

for (const [word, said] of [
  ["512@0x100000:5", "block device at 0x100000, line 5: it lies in RAM"], ["512@0xfec00000:5", "block device at 0xfec00000, line 5: it lies where the machine's own devices are"],
  ["512@0xfeb02e00:4", "block device at 0xfeb02e00, line 4: its interrupt line is not one for devices"], ["512@0xd0000000:5", "block device at 0xd0000000, line 5: there is no virtio device"],
  ["512@nowhere", "virtio_mmio.device=512@nowhere: not SIZE@BASE:LINE"],
] as const) {
  test(`the word ${word} is refused, and the next one counts`, () => withImage(async (image) => {
    const words = [`virtio_mmio.device=${word}`, "virtio_mmio.device=512@0xfeb02e00:47"];
    assert.deepEqual(await bootAndRun({ image, machine: "microvm", run: "cat hello", words }), { output: `${said}\nhello\n`, complaints: "", status: 0 });
  }));
}
