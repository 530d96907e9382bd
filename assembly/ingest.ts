/** Kernels of an ingest thread: one instance over the shared memory of its shard's head (see layout.ts). */
import { LAYOUT_VERSION } from "./layout";

export { decodeXor } from "./chunk/xor-decode";
export { encodeXor } from "./chunk/xor-encode";
export { appendBatch, publishBatch, validateBatch } from "./head/append";
export { initHead, refsLeft, setRefRange } from "./head/init";
export { findSeries, resolveSeries, resolveSeriesWithRef } from "./head/series";
export { slotAddress } from "./head/slots";
export { freeDeadSlots, sweepPostings, truncateSlots } from "./head/truncate";
export {
  advanceEpoch,
  allocate,
  beginReservation,
  classBytes,
  classOf,
  endReservation,
  initArena,
  reclaim,
  release,
  reserve,
  retire,
  roomFor,
  shrink,
} from "./memory/arena";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
