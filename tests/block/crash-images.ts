// The images that a power loss can leave of recorded device writes: after any event, any subset of what no flush covers, any of it torn at sectors.
//
// Enumerated are: every prefix; every subset of an unflushed window of up to `window` writes; each write of a window torn after each of its sectors, with the others there and with them absent.
// Sampled are: subsets of larger windows; tears of any shape. A tear that leaves the same bytes as the one before it is left out, so no image of one write's tears is counted twice.
import { type DeviceEvent, Random, type SparseDevice, sectorBytes } from "./harness.ts";

export interface Thoroughness {
  /** Largest window of which every subset is tried. */
  window: number;
  /** Subsets of a larger window, and tears of any shape, after each write. */
  sampledSubsets: number;
  sampledTears: number;
  /** Tear each write after each sector? */
  tears: boolean;
}
export const everything: Thoroughness = { window: 10, sampledSubsets: 64, sampledTears: 4, tears: true };

export type ImageKind = "prefix" | "subset" | "sampledSubset" | "tear" | "sampledTear";
/** An image that lies on the device until the next is asked for. `length`: events that had reached the device when the power went. */
export interface CrashImage { kind: ImageKind; length: number; about: string }
type Write = Extract<DeviceEvent, { kind: "write" }>;

/** Lay one image after another on the device, which holds what was there before the first event, and holds it again at the end. `honourFlush`: does a flush keep what came before it? */
export function* crashImages(device: SparseDevice, events: readonly DeviceEvent[], random: Random, options: Thoroughness, honourFlush = true): Generator<CrashImage> {
  device.mark();
  try {
    let window: Write[] = [];
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      const isLast = index + 1 === events.length || events[index + 1]!.kind === "flush";
      if (event.kind === "write") {
        window.push(event);
        yield* ofWindow(device, window, index + 1, isLast, random, options);
      } else if (honourFlush) {
        window.forEach((write) => device.put(write.offset, write.data));
        window = [];
        // The same bytes as after the last write, and now all of them have to be there.
        yield { kind: "prefix", length: index + 1, about: `after ${index + 1} events, a flush` };
      }
    }
  } finally { device.rollBack(); }
}

/** Images of which the newest write of the window is part; those without it were images of a shorter window. `isLast`: no other write joins this window. */
function* ofWindow(device: SparseDevice, window: readonly Write[], length: number, isLast: boolean, random: Random, options: Thoroughness): Generator<CrashImage> {
  const last = window.length - 1;
  const lay = function* (kind: ImageKind, about: string, put: () => void): Generator<CrashImage> {
    device.mark();
    put();
    yield { kind, length, about: `after ${length} events, ${about}` };
    device.rollBack();
  };
  const put = (write: Write): void => device.put(write.offset, write.data);
  const some = (isKept: (at: number) => boolean): (() => void) => () => window.forEach((write, at) => { if (isKept(at)) put(write); });

  yield* lay("prefix", "all of the window", some(() => true));
  const isSmall = window.length <= options.window;
  const subsets = isSmall ? (1 << last) - 1 : options.sampledSubsets;
  for (let subset = 0; subset < subsets; subset++) {
    const mask = isSmall ? subset : random.next(0x7fffffff);
    yield* lay(isSmall ? "subset" : "sampledSubset", `window of ${window.length}, subset ${mask.toString(2)} and the newest`, some((at) => at === last || (mask >> at % 31 & 1) === 1));
  }
  if (options.tears) {
    yield* tears(device, window, last, "newest", lay);
    if (isLast) for (let at = 0; at < last; at++) yield* tears(device, window, at, "earlier", lay);
  }
  for (let sample = 0; sample < options.sampledTears; sample++) {
    const victim = random.next(window.length), { offset, data } = window[victim]!, keepOthers = random.next(2) === 0;
    yield* lay("sampledTear", `sectors of write ${victim} of ${window.length} at random`, () => {
      window.forEach((write, at) => { if (at !== victim && (keepOthers || random.next(2))) put(write); });
      for (let at = 0; at < data.length; at += sectorBytes) if (random.next(2)) device.put(offset + at, data.subarray(at, at + sectorBytes));
    });
  }
}

/** Write `victim` of the window cut after each of its sectors, with all others there and, for the newest, with none: without the others, the others' being newer makes no difference. */
function* tears(device: SparseDevice, window: readonly Write[], victim: number, name: "newest" | "earlier", lay: (kind: ImageKind, about: string, put: () => void) => Generator<CrashImage>): Generator<CrashImage> {
  const { offset, data } = window[victim]!;
  for (const others of name === "newest" && window.length > 1 ? [true, false] : [true]) {
    for (let cut = sectorBytes; cut < data.length; cut += sectorBytes) {
      const before = Buffer.compare(device.peek(offset + cut - sectorBytes, sectorBytes), data.subarray(cut - sectorBytes, cut));
      const after = Buffer.compare(device.peek(offset + cut, data.length - cut), data.subarray(cut));
      if (before === 0 || after === 0) continue; // the same as the tear before, or as no tear
      yield* lay("tear", `write ${victim} of ${window.length} cut after ${cut} bytes, the others ${others ? "there" : "absent"}`, () => {
        window.forEach((write, at) => {
          if (at === victim) device.put(offset, data.subarray(0, cut));
          else if (others) device.put(write.offset, write.data);
        });
      });
    }
  }
}
