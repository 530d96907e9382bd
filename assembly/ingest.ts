/** Kernels of an ingest thread: one instance over the shared memory of its shard's head (see layout.ts). */
import { LAYOUT_VERSION } from "./layout";

export { allocate, classBytes, classOf, initArena, reclaim, release, retire, roomFor } from "./memory/arena";
export { shardOfLabelBytes } from "./shard/shard-of";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
