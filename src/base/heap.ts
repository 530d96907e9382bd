/**
 * V8's collector, adjusted to what this program is: several threads with a heap of some 10 MB each, whose garbage is small and
 * short-lived, since samples never lie there.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Each thread scavenges alone from here on, threads made later too. By default V8 wakes its four helpers for every megabyte of
 * garbage: with 100 scrapes a second they took a tenth of all CPU, and saved next to nothing. Full collections keep them.
 */
export function scavengeAlone(): void {
  setFlagsFromString("--no-parallel-scavenge");
}

let collect: ((options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void) | undefined;

/**
 * Collects all garbage of the calling thread and gives the pages it lay on back to the system; takes some 20 ms for a heap of
 * 15 MB. Left alone V8 keeps the pages that a burst has filled until the thread is idle, which an ingest thread never is.
 */
export function returnFreeHeap(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc"); // for contexts made from now on
    collect = runInNewContext("gc") as NonNullable<typeof collect>;
    setFlagsFromString("--no-expose-gc");
  }
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
