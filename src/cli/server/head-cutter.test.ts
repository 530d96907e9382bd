/** When the head's oldest range is cut. */
import { expect, test } from "vitest";
import { silentLogger } from "../../base/index.js";
import { ControlMemory } from "../../shard/index.js";
import { HeadCutter } from "./head-cutter.js";

const RANGE_MS = 1000;

/** A head that spans more than one and a half ranges; resolves with how long it took until its first range was asked for. */
async function waitedMs(delayMs: number): Promise<number> {
  const control = ControlMemory.create(1, 1);
  control.widenHead(5 * RANGE_MS, 5 * RANGE_MS);
  control.widenHead(5 * RANGE_MS, 7 * RANGE_MS);
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const cutter = new HeadCutter(
      { chunkRangeMs: RANGE_MS, lookIntervalMs: 5, delayMs },
      {
        control,
        shards: {
          isReady: true,
          heads: () => [],
          closeChunks: (beforeMs) => {
            expect(beforeMs).toBe(6 * RANGE_MS);
            void cutter.stop();
            resolve(performance.now() - startedMs);
            return Promise.reject(new Error("seen enough"));
          },
          truncate: () => Promise.resolve([]),
          hasOutOfOrder: false,
          sealOutOfOrder: async () => 0,
          truncateOutOfOrder: async () => 0,
          setReplayFrom: () => {},
        },
        storage: { run: () => Promise.reject(new Error("not asked")) },
        queries: { addBlock: () => {}, settled: () => Promise.resolve() },
        log: silentLogger,
      },
    );
    cutter.start();
  });
}

test("a range that is due is cut at once, or after the delay", async () => {
  expect(await waitedMs(0)).toBeGreaterThan(0);
  expect(await waitedMs(400)).toBeGreaterThanOrEqual(400);
});
