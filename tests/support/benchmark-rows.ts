// Reads what tests/modules/layer-benchmark prints.

export const layers = ["kernel", "virtio-blk", "block", "content-store", "filesystem", "snapshot-manager"];

/** Rows of the layer benchmark: layer, operation, count, nanoseconds an operation. */
export function benchmarkRows(output: string): Array<{ layer: string; operation: string; count: number; nanoseconds: number }> {
  return output.split("\n").map((line) => line.split("\t")).filter((cells) => cells.length >= 4)
    .map(([layer, operation, count, nanoseconds]) => ({ layer: layer!, operation: operation!, count: Number(count), nanoseconds: Number(nanoseconds) }));
}
