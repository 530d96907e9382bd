/**
 * Entry of an ingest thread that ends where a test wants: before or after a step, which is any call of a kernel or of the
 * file system. Everything else is the program's own. The words are shared with the test.
 */
import { workerData } from "node:worker_threads";
import { type Files, systemFiles } from "../../src/base/index.js";
import type { IngestData } from "../../src/cli/server/ingest-messages.js";
import { runIngestThread } from "../../src/cli/server/ingest-thread.js";
import { runShardTask, type ShardTask } from "../../src/shard/index.js";

/** Words of each shard. */
export const SHARD_WORDS = 8;
/** Steps until the end; 0 = it goes on. Whoever stores it last arms the thread. */
export const STEPS_LEFT = 0;
/** Index in STEPS of the steps that count; −1 = all. */
export const STEP_KIND = 1;
/** 1: after the step. */
export const ENDS_AFTER = 2;
/** 1: the next thread waits before it does anything, until this is 0 again. */
export const IS_HELD = 3;
/** How the thread ends: END_*. */
export const END_BY = 4;

export const END_BY_EXIT = 0;
/** As if a kernel had trapped. */
export const END_BY_TRAP = 1;

/** Steps with names: what a commit does, in its order; behind it, a full segment is synced. */
export const STEPS = [
  "parseScrape",
  "resolveSeries",
  "validateBatch",
  "encodeSamplesRecord",
  "frameBatch",
  "pwrite",
  "markRecorded",
  "appendBatch",
  "publishBatch",
  "acceptScrape",
  "fsync",
] as const;

interface ThreadData {
  readonly words: SharedArrayBuffer;
}

let words: Int32Array<ArrayBufferLike> = new Int32Array(SHARD_WORDS);

function step<T>(name: string, call: () => T): T {
  const kind = words[STEP_KIND]!;
  const counts = Atomics.load(words, STEPS_LEFT) > 0 && (kind < 0 || STEPS[kind] === name);
  const ends = counts && Atomics.sub(words, STEPS_LEFT, 1) === 1;
  if (ends && words[ENDS_AFTER] === 0) end();
  const result = call();
  if (ends) end();
  return result;
}

function end(): void {
  if (words[END_BY] === END_BY_TRAP) throw new WebAssembly.RuntimeError("unreachable");
  process.exit(70);
}

type Calls = Record<string, (...args: unknown[]) => unknown>;

function stepwise<T>(calls: T): T {
  const all = calls as Calls;
  const wrapped = Object.keys(all).map((name) => {
    const call = all[name]!;
    return [name, typeof call === "function" ? (...args: unknown[]) => step(name, () => call(...args)) : call];
  });
  return Object.fromEntries(wrapped) as T;
}

const Instance = WebAssembly.Instance;

/** Every instance of this thread has kernels that count as steps. */
class StepwiseInstance {
  readonly exports: Calls;

  constructor(...[module, imports]: ConstructorParameters<typeof Instance>) {
    this.exports = stepwise(new Instance(module, imports).exports as Calls);
  }
}

export function runShard(task: ShardTask<IngestData>): Promise<void> {
  const { words: shared } = workerData as ThreadData;
  words = new Int32Array(shared, 4 * SHARD_WORDS * task.shard, SHARD_WORDS);
  Atomics.wait(words, IS_HELD, 1, 10_000);
  Object.assign(WebAssembly, { Instance: StepwiseInstance });
  return runShardTask(task, (own) => runIngestThread(own, stepwise<Files>(systemFiles)));
}
