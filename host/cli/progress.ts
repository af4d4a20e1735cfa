// Progress of long work, on standard error when that is a terminal, else nothing.
import { SingleBar } from "cli-progress";

const redrawMilliseconds = 100;

export class Progress {
  private readonly bar: SingleBar | null;
  private lastDraw = 0;

  /** `total` 0: not known, so only a count is shown. */
  constructor(label: string, total: number, unit: string) {
    const shape = total > 0 ? `${label} [{bar}] {percentage}% {value}/{total} ${unit}` : `${label} {value} ${unit}`;
    this.bar = process.stderr.isTTY ? new SingleBar({ format: `${shape} {note}`, stream: process.stderr, hideCursor: false, clearOnComplete: true, barsize: 30, fps: 10, linewrap: false }) : null;
    this.bar?.start(total, 0, { note: "" });
  }

  update(value: number, note = ""): void {
    if (this.bar === null) return;
    const now = Date.now();
    if (now - this.lastDraw < redrawMilliseconds) return;
    this.lastDraw = now;
    this.bar.update(value, { note });
  }

  stop(): void {
    this.bar?.stop();
  }
}
