// Terminal: this program's standard input and output while a machine has them. On a real terminal, keys go to the machine one by one (raw mode), ^C too;
// ^] ends the machine at once, for a machine that hangs. Stays true: the terminal's mode is put back however the program ends.
import { writeSync } from "node:fs";

/** The shell sends it when it begins to read the console; terminals ignore it, and it is taken out of what is shown. */
const readySignal = Buffer.from("\x1b]axiomfs;ready\x07");
const breakKey = 0x1d;

export interface TerminalListener {
  /** Bytes typed or piped in. */
  input(bytes: Uint8Array): void;
  /** Standard input has ended; it did not come from a terminal. */
  ended(): void;
  /** ^] was typed. */
  broken(): void;
}

export class Terminal {
  readonly isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  private isReady = false;
  private held: Buffer = Buffer.alloc(0);
  private listener: TerminalListener | null = null;
  private readonly resized = (): void => this.sendSize();
  private readonly received = (bytes: Buffer): void => this.take(bytes);
  private readonly ended = (): void => this.listener?.ended();
  private readonly restore = (): void => {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };

  /** Begins to listen; input flows once the machine is ready for it. */
  open(listener: TerminalListener): void {
    this.listener = listener;
    process.on("exit", this.restore);
  }

  close(): void {
    this.flushHeld();
    process.stdin.off("data", this.received).off("end", this.ended).pause();
    (process.stdin as Partial<typeof process.stdin>).unref?.(); // a terminal keeps this program alive otherwise; a file has no unref
    process.stdout.off("resize", this.resized);
    process.off("exit", this.restore);
    this.restore();
    this.listener = null;
  }

  /** What the machine said. The first ready signal in it is taken out. */
  write(bytes: Uint8Array): void {
    if (this.isReady) return writeWhole(bytes);
    const all = Buffer.concat([this.held, bytes]);
    const at = all.indexOf(readySignal);
    if (at >= 0) {
      this.held = Buffer.alloc(0);
      writeWhole(Buffer.concat([all.subarray(0, at), all.subarray(at + readySignal.length)]));
      this.ready();
      return;
    }
    const keep = partialSignal(all);
    writeWhole(all.subarray(0, all.length - keep));
    this.held = Buffer.from(all.subarray(all.length - keep));
  }

  private flushHeld(): void {
    writeWhole(this.held);
    this.held = Buffer.alloc(0);
  }

  private ready(): void {
    this.isReady = true;
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    if (this.isInteractive) this.sendSize();
    process.stdout.on("resize", this.resized);
    process.stdin.on("data", this.received).on("end", this.ended).resume();
  }

  private take(bytes: Buffer): void {
    if (process.stdin.isTTY && bytes.includes(breakKey)) this.listener?.broken();
    else this.listener?.input(bytes);
  }

  /** The report by which terminals tell their size; the shell wraps its line by it. */
  private sendSize(): void {
    if (this.isInteractive) this.listener?.input(Buffer.from(`\x1b[8;${process.stdout.rows};${process.stdout.columns}t`));
  }
}

/** How many bytes at the end may be the beginning of the signal. */
function partialSignal(bytes: Buffer): number {
  for (let length = Math.min(readySignal.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(readySignal.subarray(0, length))) return length;
  }
  return 0;
}

function writeWhole(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done, bytes.length - done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return; // nobody reads any more; the machine goes on to its end
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
