/** Memory of a thread's JavaScript heap, given back where V8 would keep it. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Each collection moves a few megabytes of what is alive together; two give back nearly all that a burst has left. */
const PASSES_MAX = 3;
/** What another pass must be worth. */
const GAIN_BYTES = 2 << 20;

let collect: (() => void) | undefined;

/**
 * Collects all garbage of the calling thread and gives the pages it lay on back to the system; takes some 15 ms a pass for a heap
 * of 15 MB. Left alone V8 keeps the pages that a burst has filled until the thread is idle, which an ingest thread never is.
 */
export function returnFreeHeap(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc"); // for contexts made from now on
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const before = getHeapStatistics().total_heap_size;
    // Without arguments: Node.js 20 takes any argument for the wish to collect the young generation only.
    collect();
    if (before - getHeapStatistics().total_heap_size < GAIN_BYTES) return;
  }
}
