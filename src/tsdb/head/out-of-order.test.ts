/**
 * Samples out of order against a plain model: whatever comes in whatever batches, with chunks in memory and in chunks_head, a
 * select gives each time's sample once, a cut gives what was sealed, and truncation leaves the rest.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { COUNTER_OOO_CHUNKS, COUNTERS } from "../../../assembly/layout.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { encodeHistogram, type Histogram, Labels, Matcher, RESET_UNKNOWN } from "../../model/index.js";
import type { EncodedChunk } from "../chunk/index.js";
import {
  CHUNKS_HEAD_STATE_BYTES,
  ChunksHeadState,
  ChunksHeadWriter,
  HeadChunkReader,
  startChunksHead,
} from "../chunks-head/index.js";
import { type ChunkKernels, cutOutOfOrder, Head, HeadReader, HeadsQuerier, outOfOrderRanges } from "./index.js";
import { OutOfOrderSamples } from "./out-of-order.js";
import { decodeChunk, visitOverlapping } from "./overlapping.js";

const DIR = "/data/chunks_head";
const START_MS = 1_700_000_000_000;
const RANGE_MS = 600_000;
const module = compileKernels("ingest", "debug");
const queryModule = compileKernels("query", "debug");
const LABELS = ["a", "b", "c"].map((name) => Labels.of({ __name__: name }));

class Rig {
  readonly files = new MemoryFiles();
  head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 512, samplesPerChunk: 8 }, module);
  readonly #writer: ChunksHeadWriter;
  #samples: OutOfOrderSamples;

  constructor() {
    const state = new ChunksHeadState(new SharedArrayBuffer(CHUNKS_HEAD_STATE_BYTES));
    startChunksHead(state, this.files, DIR);
    this.#writer = new ChunksHeadWriter({ dir: DIR, files: this.files, state, ownerId: 1 });
    this.#samples = this.#make();
    this.head.setRefRange(1, 1000);
    for (const labels of LABELS) this.head.resolveLabels(labels);
  }

  #make(): OutOfOrderSamples {
    const reader = new HeadChunkReader(this.files, DIR);
    return new OutOfOrderSamples(this.head, {
      write: (record) => this.#writer.append(record, 1),
      read: ({ file, offset }, length) => reader.bytes(file, offset, length),
    });
  }

  /** Another thread goes on with the memory. */
  adopt(): void {
    this.head = Head.adopt(this.head.memory, module);
    this.#samples = this.#make();
  }

  appendInOrder(slot: number, timeMs: number, value: number): void {
    this.head.reserveStaging(1);
    this.head.stageRow(0, slot, timeMs, value);
    expect(this.head.validate(1, Number.NEGATIVE_INFINITY)).toBe(1);
    this.head.append(1);
    this.head.publish();
  }

  /** Returns which were taken. */
  insert(batch: readonly Sample[]): boolean[] {
    this.#samples.begin();
    const taken = batch.map(({ slot, timeMs, value, isHistogram }) => {
      const histogram = isHistogram ? { isFloat: false, bytes: encodeHistogram(histogramOf(value)) } : undefined;
      return this.#samples.insert({ slot, timestampMs: timeMs, ...wordsOf(value), histogram });
    });
    expect(this.#samples.apply(this.head.nextCommit)).toBe(0);
    this.head.publish();
    return taken;
  }

  /** `series time value` of all samples. */
  read(): string[] {
    const memory = new QueryMemory(1 << 26);
    const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
    const disk = new HeadChunkReader(this.files, DIR);
    const querier = new HeadsQuerier([new HeadReader(this.head.memory, 0)], memory, kernels, disk);
    const hints = { minTimeMs: -1e15, maxTimeMs: 1e15, stepMs: 0, func: "" };
    const [set] = querier.selectAll([{ matchers: [new Matcher("=~", "__name__", ".+")], hints }]);
    const lines: string[] = [];
    for (let series = 0; series < set!.count; series++) {
      const sink = {
        memory: memory.memory,
        reserve: (count: number) => ({ timesAddr: memory.allocate(8 * count), valuesAddr: memory.allocate(8 * count) }),
      };
      const { timesAddr, valuesAddr, count } = set!.samples(series, -1e15, 1e15, sink);
      const view = new DataView(memory.memory.buffer);
      for (let i = 0; i < count; i++) {
        const [time, value] = [timesAddr, valuesAddr].map((at) => view.getFloat64(at + 8 * i, true));
        lines.push(`${set!.labels(series).get("__name__")} ${time} ${value}`);
      }
    }
    return lines;
  }

  /** What a cut of all sealed samples gives, range by range. */
  cut(): string[] {
    const memory = new QueryMemory(1 << 26);
    const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
    const disk = { reader: new HeadChunkReader(this.files, DIR), checksums: kernels };
    const heads = [{ memory: this.head.memory, reader: new HeadReader(this.head.memory, 0, 0) }];
    const lines: string[] = [];
    for (const start of outOfOrderRanges(heads, RANGE_MS)) {
      const range = { minTimeMs: start, maxTimeMs: start + RANGE_MS - 1 };
      const addSeries = (labels: Labels, chunks: readonly EncodedChunk[]): void => {
        let lastMs = start - 1;
        for (const { encoding, data, minTimeMs, maxTimeMs } of chunks) {
          expect(minTimeMs).toBeGreaterThan(lastMs);
          expect(maxTimeMs).toBeLessThanOrEqual(range.maxTimeMs);
          lastMs = maxTimeMs;
          const decoded = decodeChunk(encoding, data, { minTimeMs, maxTimeMs, isOutOfOrder: true });
          visitOverlapping([decoded], (timeMs, low, high) => {
            lines.push(`${labels.get("__name__")} ${timeMs} ${numberOf(low, high)}`);
          });
        }
      };
      cutOutOfOrder(heads, range, memory, disk, { addSeries });
    }
    return lines;
  }
}

interface Sample {
  readonly slot: number;
  readonly timeMs: number;
  readonly value: number;
  readonly isHistogram: boolean;
}

function wordsOf(value: number): { low: number; high: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return { low: view.getUint32(0, true), high: view.getUint32(4, true) };
}

function numberOf(low: number, high: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  return view.getFloat64(0, true);
}

/** Its sum is the value. */
function histogramOf(value: number): Histogram {
  return {
    isFloat: false,
    counterResetHint: RESET_UNKNOWN,
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 1,
    count: 1 + value,
    sum: value,
    positiveSpans: [{ offset: 0, length: 1 }],
    negativeSpans: [],
    positiveBuckets: Float64Array.of(value),
    negativeBuckets: new Float64Array(0),
    customValues: new Float64Array(0),
  };
}

const sample = fc.record({
  slot: fc.nat(2),
  timeMs: fc.nat(300).map((i) => START_MS - i * 5000),
  value: fc.nat(50),
  isHistogram: fc.boolean(),
});

test("every sample is read once, before and behind a cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(sample, { maxLength: 40 }), { maxLength: 12 }),
      fc.nat(11),
      fc.nat(11),
      (batches, sealedAt, adoptedAt) => {
        const rig = new Rig();
        /** The first of each time stays while it is in the same chunk; values of a time are the same here. */
        const stored = new Map<string, string>();
        const put = (slot: number, timeMs: number, value: number): void => {
          const name = LABELS[slot]!.get("__name__");
          stored.set(`${name} ${timeMs}`, `${name} ${timeMs} ${value}`);
        };
        for (let i = 0; i < 20; i++) {
          rig.appendInOrder(0, START_MS + i * 1000, i);
          put(0, START_MS + i * 1000, i);
        }
        const sorted = (): string[] => [...stored.values()].sort();
        let sealed: string[] | undefined;
        const ofTime = (one: Sample): Sample => ({ ...one, value: (one.timeMs / 5000) % 40 });
        for (const [i, batch] of batches.entries()) {
          if (i === sealedAt) {
            rig.head.kernels.sealOutOfOrder(0, 100);
            sealed = sorted().filter((line) => Number(line.split(" ")[1]) <= START_MS - 5000 || !line.startsWith("a"));
          }
          if (i === adoptedAt) rig.adopt();
          rig.insert(batch.map(ofTime));
          for (const { slot, timeMs, value } of batch.map(ofTime))
            if (!stored.has(`${"abc"[slot]} ${timeMs}`)) put(slot, timeMs, value);
          expect(rig.read().sort()).toEqual(sorted());
        }
        if (sealed === undefined) return;
        expect([...new Set(rig.cut())].filter((line) => !line.startsWith(`a ${START_MS} `)).sort()).toEqual(
          sealed.filter((line) => !line.startsWith(`a ${START_MS} `)),
        );
        rig.head.kernels.truncateOutOfOrder(0, 100);
        // What came behind the seal is there still, and so is what is in order.
        const left = new Set(rig.read());
        const later = batches.slice(sealedAt).flat().map(ofTime);
        for (const { slot, timeMs, value } of later) expect(left).toContain(`${"abc"[slot]} ${timeMs} ${value}`);
        for (let i = 0; i < 20; i++) expect(left).toContain(`a ${START_MS + i * 1000} ${i}`);
      },
    ),
    { numRuns: 40 },
  );
});

test("a series goes to chunks_head by chunks of 32, and one without samples out of order may go", () => {
  const rig = new Rig();
  rig.appendInOrder(0, START_MS, 1);
  rig.appendInOrder(1, START_MS, 1);
  const batch = Array.from({ length: 70 }, (_, i) => ({
    slot: 1,
    timeMs: START_MS - 1000 * i,
    value: i,
    isHistogram: false,
  }));
  expect(rig.insert(batch.slice(1)).every((taken) => taken)).toBe(true);
  expect(rig.head.floats[(COUNTERS >> 3) + COUNTER_OOO_CHUNKS]).toBe(3);
  expect(rig.insert([batch[69]!])).toEqual([false]);
  const file = rig.files.readdir(DIR).at(-1)!;
  expect(rig.files.stat(`${DIR}/${file}`).bytes).toBeGreaterThan(8 + 2 * 40);
  // All in order is old: the series without anything else goes.
  for (const _ of rig.head.truncateBefore(START_MS + 1));
  expect(new Set(rig.read().map((line) => line[0]))).toEqual(new Set(["b"]));
  rig.head.kernels.sealOutOfOrder(0, 100);
  rig.head.kernels.truncateOutOfOrder(0, 100);
  expect(rig.head.floats[(COUNTERS >> 3) + COUNTER_OOO_CHUNKS]).toBe(0);
  for (const _ of rig.head.truncateBefore(START_MS + 1));
  expect(rig.read()).toEqual([]);
});

test("of equal times the one stays that Prometheus' iterator takes", () => {
  const chunk = (isOutOfOrder: boolean, times: number[], value: number) => ({
    minTimeMs: times[0]!,
    maxTimeMs: times.at(-1)!,
    isOutOfOrder,
    times: Float64Array.from(times),
    words: Uint32Array.from(times.flatMap(() => [value, 0])),
    histograms: undefined,
  });
  const seen: string[] = [];
  visitOverlapping([chunk(false, [1, 2, 3, 6], 1), chunk(true, [2, 4, 6], 2)], (timeMs, low) => {
    seen.push(`${timeMs}:${low}`);
  });
  // The one whose turn it was is put behind the other, of the same time, which comes out of the heap first.
  expect(seen).toEqual(["1:1", "2:2", "3:1", "4:2", "6:1"]);
});
