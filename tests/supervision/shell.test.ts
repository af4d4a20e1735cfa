// The shell over the real services on the hosted kernel while services are killed: what a person reads, and that no sync pretends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadManifest, loadModules } from "../../host/client/modules.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { SeededEntropy } from "../../host/kernel/entropy.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { runShell } from "../support/hosted.ts";
import { emptyImage } from "./campaign.ts";

const manifest = loadManifest();
const modules = loadModules(manifest);
const prompt = "axiomfs> ";

class Typist {
  readonly console: MemoryConsole;
  readonly system: System;
  constructor(readonly disk = new OverlayDisk(emptyImage()), text = "") {
    this.console = new MemoryConsole(text);
    this.system = bootHosted({ manifest, modules, disk, console: this.console, clock: new DeterministicClock(), entropy: new SeededEntropy(3), log: () => {} });
  }
  /** Longer than a restart waits. */
  wait(): void {
    (this.system.kernel.parts.clock as DeterministicClock).advance(3e9);
    this.system.turn();
  }
  /** What the console says to a command, without its echo and the prompt after it. */
  type(command: string): string {
    const before = this.console.output.length;
    this.console.push(`${command}\r`);
    this.system.turn();
    const said = this.console.output.slice(before).replaceAll("\r", "");
    assert.ok(said.startsWith(`${command}\n`), JSON.stringify(said));
    return said.slice(command.length + 1).replace(prompt, "");
  }
}
const told = (service: string, what: string): string => `shell: ${service} stopped (killed) and was restarted; ${what}\n`;
const mayBeLost = "what was changed since the last sync may be lost";
const allSynced = "nothing is lost, since everything had been synced";
const notBack = "sync: what is there now is safe; what was lost when a service restarted is not back\n";

test("services lists every domain of the system with its numbers", () => {
  const typist = new Typist();
  typist.type("put a some text; sync; kill filesystem");
  const [head, ...lines] = typist.type("services").trimEnd().split("\n");
  assert.equal(head, "service           state      restarts  resident     limit      calls     seconds  last fault");
  assert.deepEqual(lines.map((line) => line.split(/\s+/)[0]), manifest.domains.map(({ name }) => name));
  const line = (name: string): string => lines.find((text) => text.startsWith(name))!;
  assert.match(line("filesystem"), /^filesystem +ready +1 +128\.0 MiB +128\.0 MiB +\d+ +\d+\.\d{3} {2}killed$/);
  assert.match(line("snapshot-manager"), /^snapshot-manager +ready +1 .* {2}what it stands on restarted$/);
  const blockMemory = `${(manifest.domains.find(({ name }) => name === "block")!.memoryPages / 16).toFixed(1)} MiB`;
  assert.match(line("block"), new RegExp(`^block +ready +0 +${blockMemory} +${blockMemory} +[1-9]\\d* .* {2}-$`));
  assert.equal(new Set(lines.map((text) => text.lastIndexOf("MiB") + text.lastIndexOf("KiB"))).size, 1, "columns stand below each other");
});

for (const service of ["block", "content-store", "axiom", "filesystem"]) {
  test(`killing ${service}: the shell says once what may be lost, goes on, and sync does not pretend`, () => {
    const typist = new Typist();
    assert.equal(typist.type("put kept one; sync"), "");
    assert.equal(typist.type(`kill ${service}`), `killed ${service}\n${told(service, allSynced)}`);
    assert.equal(typist.type("cat kept"), "one\n", "and no command fails of it");
    assert.equal(typist.type("put late two"), "");
    assert.equal(typist.type(`kill ${service}`), `killed ${service}\nshell: ${service} stopped (killed) and is restarted in a moment\n`, "the second within a minute waits");
    assert.equal(typist.type("cat kept"), "cat: kept: the service has stopped and is not running\n");
    typist.wait();
    assert.equal(typist.type("cat kept"), `${told(service, mayBeLost)}one\n`);
    assert.equal(typist.type("cat kept"), "one\n");
    assert.equal(typist.type("sync"), notBack);
    assert.equal(typist.type("sync"), "");
    assert.equal(typist.type("put late again; sync; cat late"), "again\n");
    assert.equal(typist.type("snapshot list"), "", "the other client capability was told as well");
  });
}

test("a restart that nobody typed is said with the next command, whatever it is", () => {
  const typist = new Typist();
  typist.type("put a one");
  typist.system.kill("filesystem");
  assert.equal(typist.type("sync"), told("filesystem", mayBeLost) + notBack);
  typist.type("put a one");
  typist.system.kill("axiom");
  assert.equal(typist.type("help").split("\n")[0], told("axiom", mayBeLost).trimEnd());
  assert.equal(typist.type("sync"), notBack);
});

test("a command that meets the restart is given up, says so, and the shell says why", () => {
  const typist = new Typist();
  typist.type("put a one; sync");
  let isArmed = true;
  const calls = typist.system.domain("filesystem");
  const receive = calls.receive;
  calls.receive = (badge, rights) => {
    if (isArmed) {
      isArmed = false;
      throw new WebAssembly.RuntimeError("made by the test");
    }
    return receive(badge, rights);
  };
  assert.equal(typist.type("mkdir b"), `mkdir: b: given up, because a service restarted meanwhile\nshell: filesystem stopped (trap) and was restarted; ${allSynced}\n`);
  assert.equal(typist.type("mkdir b; ls"), "a\nb\n");
});

test("a driver's restart is nobody's business above block", () => {
  const typist = new Typist();
  assert.equal(typist.type("put a one; kill virtio-blk; sync; cat a"), "killed virtio-blk\none\n");
});

test("the snapshot manager holds nothing that could be lost", () => {
  const typist = new Typist();
  typist.type("put a one");
  assert.equal(typist.type("kill snapshot-manager"), `killed snapshot-manager\n${told("snapshot-manager", "nothing is lost")}`);
  assert.equal(typist.type("snapshot create x").slice(0, 20), "created x at height ");
});

test("kill says what it cannot do", () => {
  const typist = new Typist();
  assert.equal(typist.type("kill"), "usage: kill SERVICE\n");
  assert.equal(typist.type("kill nobody"), "kill: nobody: there is no such service; services lists them\n");
  assert.equal(typist.type("kill host"), "kill: host: it is a program outside of the kernel's domains and cannot be ended here\n");
  assert.equal(typist.type("kill a b"), "usage: kill SERVICE\n");
});

test("the shell itself comes back with a prompt, knows what was typed ahead, and its work is still there", () => {
  const typist = new Typist();
  typist.type("put a one");
  const before = typist.console.output.length;
  typist.console.push("kill shell\rcat a\r");
  typist.system.turn();
  const said = typist.console.output.slice(before).replaceAll("\r", "");
  assert.match(said, /^kill shell\n\nThe shell was restarted\.\naxiomfs shell\. .*\n.* 1 files.*\n/);
  assert.ok(said.includes("axiomfs> "));
  assert.equal(typist.type("cat a; sync"), "one\n");
});

test("a service that fails again and again is given up, and the shell says what to do", () => {
  const typist = new Typist();
  typist.type("put a one; sync; put b two");
  let said = "";
  for (let turn = 0; turn < 12 && !said.includes("given up"); turn++) {
    said = typist.type("kill axiom");
    typist.wait();
    if (!said.includes("given up")) said = typist.type("df").split("\n")[0]!;
  }
  assert.match(said, /^killed axiom\nshell: axiom stopped \(killed\) too often and was given up; what was changed since the last sync is lost, the rest is safe on the disk\. Switch off with poweroff and start again\n$/);
  assert.match(typist.type("services"), /\naxiom +given up /);
  assert.equal(typist.type("kill axiom"), "kill: axiom: it is not running\n");
  assert.match(typist.type("cat a"), /^cat: a: the service has stopped and is not running\n$/);
  assert.match(typist.type("sync"), /^sync: the service has stopped and is not running\n$/);
  typist.console.push("poweroff\r");
  typist.system.turn();
  assert.equal(typist.system.powerOffStatus, 1, "what is lost is a failure");
  typist.system.close();
  assert.deepEqual(runShell(typist.disk, "cat a"), { output: "one\n", status: 0 });
});

test("a script fails when its work may be lost, and not when all of it was synced", () => {
  const run = (commands: string): [string, number] => {
    const { output, status } = runShell(new OverlayDisk(emptyImage()), commands);
    return [output, status];
  };
  assert.deepEqual(run("put a one; kill filesystem"), [`killed filesystem\n${told("filesystem", mayBeLost)}${notBack}`, 1]);
  assert.deepEqual(run("put a one; sync; kill filesystem; cat a"), [`killed filesystem\n${told("filesystem", allSynced)}one\n`, 0]);
  assert.deepEqual(run("put a one; kill shell; put b two"), ["shell: it stopped and was restarted; the commands that were left are given up\n", 1]);
});
