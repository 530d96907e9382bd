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

/** Runs the threads until `runMs` have passed or a reader has found a violation. */
async function run(
  order: StressOptions["order"],
  runMs: number,
): Promise<{ writer: StressReport; readers: StressReport[] }> {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 2048 }, compileKernels("ingest"));
  head.setRefRange(1, 10_000);
  const control = new Int32Array(new SharedArrayBuffer(8));
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
  const timer = setTimeout(stop, runMs);
  const [writer, ...readers] = await Promise.all(threads);
  clearTimeout(timer);
  return { writer: writer!, readers };
}

test("every select sees whole scrapes, and all of what was seen before", async () => {
  const { writer, readers } = await run("correct", 2000);
  expect([writer, ...readers].map(({ violation }) => violation)).toEqual([writer, ...readers].map(() => undefined));
  expect(writer.rounds).toBeGreaterThan(100);
  for (const { rounds } of readers) expect(rounds).toBeGreaterThan(10);
});

test("readers catch a writer that stores the commit before the entries", async () => {
  const { readers } = await run("commit-first", 15_000);
  expect(readers.some(({ violation }) => violation !== undefined)).toBe(true);
});
