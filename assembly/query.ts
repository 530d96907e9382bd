/** Kernels of a query thread: one instance over that thread's private memory. */
import { LAYOUT_VERSION } from "./layout";

export { crc32c } from "./bytes/crc32c";
export { decodeXor } from "./chunk/xor-decode";
export { encodeXor } from "./chunk/xor-encode";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}

export { fractionOfHistogram, quantileOfHistogram, quantileOfRows } from "./promql/buckets";
export { clearFold, finishFold, foldRow, foldRows } from "./promql/folds";
export { samplesTextBytes, writeSamples, writeValues } from "./promql/json";
export { combineRows, negateRow } from "./promql/operators";
export { pickExtremes } from "./promql/pick";
export { dropStale, fillRow, joinPresence, maskRow, mergeRow, rowToSamples, selectLast } from "./promql/samples";
export { fillFromChunks } from "./promql/series";
export { largestWindow, overWindows } from "./promql/windows";
