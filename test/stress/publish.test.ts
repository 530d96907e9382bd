/**
 * No query sees two series of one scrape at different commits, and no sample vanishes: with real threads, and with a writer
 * that is wrong on purpose, which the same readers must catch.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { compileKernels } from "../../src/memory/index.js";
import { Head } from "../../src/tsdb/head/index.js";
import type { StressOptions, StressReport } from "./publish-worker.js";

const READERS = 3;
/** Selects that each reader has to make, however slow the machine is. */
const READER_ROUNDS = 10;
const RUN_MS_MAX = 15_000;

/** Runs the threads for `runMs` and as much longer as the readers need, or until one has found a violation. */
async function run(
  order: StressOptions["order"],
  runMs: number,
): Promise<{ writer: StressReport; readers: StressReport[] }> {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 2048 }, compileKernels("ingest"));
  head.setRefRange(1, 10_000);
  const control = new Int32Array(new SharedArrayBuffer(4 * (2 + READERS)));
  const stop = () => Atomics.store(control, 0, 1);
  const start = (role: StressOptions["role"], pin: number) =>
    new Promise<StressReport>((resolve, reject) => {
      const options: StressOptions = { role, memory: head.memory, control, pin, order };
      const worker = new Worker(join(packageRoot(), "dist", "test", "stress", "publish-worker.js"), {
        workerData: options,
      });
      worker.once("message", (report: StressReport) => {
        stop();
        resolve(report);
      });
      worker.once("error", (error) => {
        stop();
        reject(error);
      });
    });
  const threads = [start("writer", 0), ...Array.from({ length: READERS }, (_, i) => start("reader", i))];
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const isIdle = control.subarray(2).some((_, reader) => Atomics.load(control, 2 + reader) < READER_ROUNDS);
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs > RUN_MS_MAX || (elapsedMs > runMs && !isIdle)) stop();
  }, 50);
  const [writer, ...readers] = await Promise.all(threads);
  clearInterval(timer);
  return { writer: writer!, readers };
}

test("every select sees whole scrapes, and all of what was seen before", async () => {
  const { writer, readers } = await run("correct", 2000);
  expect([writer, ...readers].map(({ violation }) => violation)).toEqual([writer, ...readers].map(() => undefined));
  expect(writer.rounds).toBeGreaterThan(100);
  for (const { rounds } of readers) expect(rounds).toBeGreaterThanOrEqual(READER_ROUNDS);
});

test("readers catch a writer that stores the commit before the entries", async () => {
  const { readers } = await run("commit-first", RUN_MS_MAX);
  expect(readers.some(({ violation }) => violation !== undefined)).toBe(true);
});
