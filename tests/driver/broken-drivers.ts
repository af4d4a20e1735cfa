// Builds of the driver that are broken on purpose: what the conformance suite and the integrity run must find out.
import { editedDriver } from "./driver-system.ts";

const files = "services/virtio-blk/";
const cut = (path: string, before: string, after: string): Record<string, (text: string) => string> => ({ [`${files}${path}`]: (text) => text.replace(before, after) });

export interface BrokenDriver { name: string; edits: Record<string, (text: string) => string>; foundBy: ReadonlyArray<"suite" | "integrity"> }
const both = ["suite", "integrity"] as const;
export const brokenDrivers: readonly BrokenDriver[] = [
  { name: "takes the wrong sector for one request in five", edits: cut("preparation.ts", "compose(slot, type, sector,", "compose(slot, type, slot % 5 == 4 && lengthBytes && sector >= 8 ? sector - 8 : sector,"), foundBy: both },
  { name: "joins what is no neighbour", edits: cut("preparation.ts", "sector != this.endOfRun", "sector < this.endOfRun"), foundBy: both },
  { name: "cuts a range one sector late", edits: cut("geometry.ts", "return beyond < limit ? limit - beyond : limit;", "return (beyond < limit ? limit - beyond : limit) + 1;"), foundBy: both },
  { name: "answers a flush that it did not do", edits: cut("disk.ts", "this.request(RequestType.flush, 0)", "Status.Ok"), foundBy: both },
  { name: "completes a flush of a batch that it did not do", edits: cut("dispatcher.ts", "if (preparation.addPiece(operation, type, 0, 0, 0, 0) == -<i32>Status.Busy)", "if (!type)"), foundBy: both },
  { name: "flushes before the writes have ended", edits: cut("scheduler.ts", "&& this.changes[this.openEpoch] == 0", ""), foundBy: both },
  { name: "lets requests pass a barrier", edits: cut("scheduler.ts", "if (this.barrier == noOperation) return this.place", "if (operation != noOperation) return this.place"), foundBy: both },
  { name: "calls an error a success", edits: cut("request-engine.ts", "if (byte == RequestStatus.ioError) return Status.DeviceError;", "if (byte == RequestStatus.ioError) return Status.Ok;"), foundBy: ["suite"] },
  { name: "returns from a call before its last request has ended", edits: cut("request-engine.ts", "while (!operations.isDone(synchronousOperation))", "while (operations.pieceCount(synchronousOperation) > 1)"), foundBy: both },
];
/** The module; `name` tells builds of one run apart. */
export const brokenModule = ({ name, edits }: BrokenDriver, where: string): Promise<Uint8Array> => editedDriver(`${where}-${name.replaceAll(/\W/g, "-")}`, edits);
