/**
 * Threads of the publication stress test: one writer, several readers over one head.
 *
 * Scrape n stores n at time n for every series of the target, as one commit, and now and then adds a series, so that
 * lists and tables grow under the readers. Old chunks are truncated, so that memory is reused under them.
 */
import { parentPort, workerData } from "node:worker_threads";
import { COMMITTED, STAGED_BYTES } from "../../assembly/layout.js";
import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { Labels, Matcher } from "../../src/model/index.js";
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "../../src/tsdb/head/index.js";

export interface StressOptions {
  readonly role: "writer" | "reader";
  readonly memory: WebAssembly.Memory;
  /** Word 0: 1 = stop; word 1 is never notified: the writer's pause waits on it; from word 2 on the rounds of each reader. */
  readonly control: Int32Array;
  readonly pin: number;
  /** "commit-first" stores COMMITTED before the entries: what the test must detect. */
  readonly order: "correct" | "commit-first";
}

export interface StressReport {
  readonly rounds: number;
  /** What a reader saw that must never be seen. */
  readonly violation: string | undefined;
}

const FIRST_SERIES = 400;
const SCRAPES_A_SERIES = 20;
const KEPT_SCRAPES = 500;
/** Samples that readers check: all of them are younger than what truncation may drop. */
const CHECKED_SCRAPES = 200;

function write({ memory, control, order }: StressOptions): StressReport {
  const head = Head.adopt(memory, compileKernels("ingest"));
  const slots: number[] = [];
  const addSeries = () => slots.push(head.resolveLabels(Labels.of({ __name__: "s", i: String(slots.length) })));
  while (slots.length < FIRST_SERIES) addSeries();
  let scrape = 0;
  while (Atomics.load(control, 0) === 0) {
    scrape++;
    const staging = head.reserveStaging(slots.length);
    slots.forEach((slot, i) => {
      head.stageRow(i, slot, scrape, scrape);
    });
    head.validate(slots.length, 0);
    // The steps of `append` and `publish`, with a pause in the middle of the batch for readers to come in.
    const commit = head.committed + 1;
    if (order === "commit-first") Atomics.store(head.words, COMMITTED >> 2, commit);
    const half = slots.length >> 1;
    let appended = head.kernels.appendBatch(staging, half, commit);
    pause(control);
    appended += head.kernels.appendBatch(staging + half * STAGED_BYTES, slots.length - half, commit);
    if (appended !== slots.length) return { rounds: scrape, violation: `${appended} of ${slots.length} were appended` };
    head.kernels.publishBatch(commit);
    if (scrape % 50 === 0) for (const _ of head.truncateBefore(scrape - KEPT_SCRAPES));
    if (scrape % SCRAPES_A_SERIES === 0 && slots.length < 2 * FIRST_SERIES) addSeries();
    pause(control);
  }
  return { rounds: scrape, violation: undefined };
}

/** A millisecond, more or less. */
function pause(control: Int32Array): void {
  Atomics.wait(control, 1, 0, 1);
}

function read({ memory, control, pin }: StressOptions): StressReport {
  const queryMemory = new QueryMemory(1 << 28);
  const kernels = startKernels<ChunkKernels>(compileKernels("query"), queryMemory.memory);
  const querier = new HeadsQuerier([new HeadReader(memory, pin)], queryMemory, kernels);
  const matchers = [new Matcher("=", "__name__", "s")];
  let rounds = 0;
  let newest = 0;
  while (Atomics.load(control, 0) === 0) {
    const mark = queryMemory.mark();
    const set = querier.select(matchers, {
      minTimeMs: Math.max(1, newest - CHECKED_SCRAPES),
      maxTimeMs: Number.MAX_SAFE_INTEGER,
      stepMs: 0,
      func: "",
    });
    const room = queryMemory.mark();
    let last = 0;
    for (let i = 0; i < set.count; i++) {
      const { count, timesAddr, valuesAddr } = set.samples(i, Math.max(1, newest - CHECKED_SCRAPES), 2 ** 50, {
        memory: queryMemory.memory,
        reserve: (samples) => ({
          timesAddr: queryMemory.allocate(8 * samples),
          valuesAddr: queryMemory.allocate(8 * samples),
        }),
      });
      const { floats } = queryMemory;
      for (let j = 0; j < count; j++) {
        const time = floats[timesAddr / 8 + j]!;
        if (time !== floats[valuesAddr / 8 + j] || (j > 0 && time !== floats[timesAddr / 8 + j - 1]! + 1)) {
          return { rounds, violation: `a sample of ${set.labels(i)} at ${time} is missing or wrong` };
        }
      }
      const end = count === 0 ? 0 : floats[timesAddr / 8 + count - 1]!;
      if (i === 0) last = end;
      if (end !== last) return { rounds, violation: `series end at scrapes ${last} and ${end} in one select` };
      queryMemory.releaseTo(room);
    }
    if (last < newest) return { rounds, violation: `scrape ${newest} was seen, later only ${last}` };
    newest = last;
    set.close();
    queryMemory.releaseTo(mark);
    rounds++;
    Atomics.store(control, 2 + pin, rounds);
  }
  return { rounds, violation: undefined };
}

const options = workerData as StressOptions;
parentPort?.postMessage(options.role === "writer" ? write(options) : read(options));
