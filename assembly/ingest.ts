/** Kernels of an ingest thread: one instance over the shared memory of its shard's head (see layout.ts). */
import { LAYOUT_VERSION } from "./layout";

export {
  acceptAllStale,
  acceptScrape,
  collectAllStale,
  collectStale,
  rejectScrape,
  rememberNew,
  resolveRepeated,
} from "./exposition/accept";
export { parseFloat64 } from "./exposition/float";
export { parseScrape } from "./exposition/parse";
export { closeTarget, openTarget } from "./exposition/target";
export { allocate, classBytes, classOf, initArena, reclaim, release, retire, roomFor } from "./memory/arena";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
