// The console of the system: where console_write goes and console_read comes from. Injected by whoever boots it.

export interface HostConsole {
  /** Takes bytes; answers how many. The view is valid during the call only. */
  write(bytes: Uint8Array): number;
  /** Fills `into`; answers how many bytes, 0 when none wait, −1 after the last. */
  read(into: Uint8Array): number;
  /** The text of `--run`, or empty. */
  readonly arguments: string;
  /** Is there input, or its end, that no domain has been told of? Asked while the system is idle. */
  hasInput(): boolean;
}

/** A console in memory, for tests: `push` is what the person types, `output` what the system said. */
export class MemoryConsole implements HostConsole {
  output = "";
  readonly arguments: string;
  private input: Uint8Array = new Uint8Array(0);
  private isEnded = false;
  private isNews = false;
  private readonly decoder = new TextDecoder();

  constructor(text = "") {
    this.arguments = text;
  }

  push(text: string): void {
    const added = new TextEncoder().encode(text);
    const joined = new Uint8Array(this.input.length + added.length);
    joined.set(this.input);
    joined.set(added, this.input.length);
    this.input = joined;
    this.isNews = true;
  }

  end(): void {
    this.isEnded = true;
    this.isNews = true;
  }

  write(bytes: Uint8Array): number {
    this.output += this.decoder.decode(bytes, { stream: true });
    return bytes.length;
  }

  read(into: Uint8Array): number {
    if (this.input.length === 0) return this.isEnded ? -1 : 0;
    const count = Math.min(into.length, this.input.length);
    into.set(this.input.subarray(0, count));
    this.input = this.input.subarray(count);
    return count;
  }

  hasInput(): boolean {
    const news = this.isNews;
    this.isNews = false;
    return news;
  }
}
