/** `tsdb dump` and `dump-openmetrics`: every sample of a data directory, the log's too. Nothing is written. */
import { join } from "node:path";
import { errorCode, systemFiles, VestalError } from "../../../base/index.js";
import { compileKernels, QueryMemory, startKernels } from "../../../memory/index.js";
import {
  isLegacyLabelName,
  LabelLists,
  type Labels,
  type Matcher,
  METRIC_NAME,
  quoteGo,
} from "../../../model/index.js";
import { formatFixed, formatGeneral } from "../../../model/number.js";
import { histogramText } from "../../../promql/index.js";
import type { ColumnSink, Querier, SeriesSet } from "../../../storage/index.js";
import { type Block, isOutOfOrder } from "../../../tsdb/block/index.js";
import {
  addDeleted,
  type ChunkKernels,
  Head,
  HeadReader,
  HeadsQuerier,
  HistogramChunks,
  OutOfOrderSamples,
} from "../../../tsdb/head/index.js";
import { replayHistograms } from "../../../tsdb/ingest/index.js";
import { DatabaseQuerier, MergedSeries } from "../../../tsdb/querier/index.js";
import { type ReplayHead, replayInto, type WalKernels } from "../../../tsdb/wal/index.js";
import type { ToolIo } from "../io.js";
import { openBlocks } from "./blocks.js";

const MEMORY_BYTES_MAX = 2 ** 32 - 65_536;
/** Untouched pages cost nothing. */
const HEAD_PAGES = 65_535;
const OUT_CHARACTERS = 1 << 16;

export interface DumpOptions {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly selectors: readonly (readonly Matcher[])[];
}

export interface DumpedSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  /** Of a native histogram: its text. */
  readonly histogram: string | undefined;
}

export async function dump(io: ToolIo, dir: string, options: DumpOptions, isOpenMetrics: boolean): Promise<void> {
  let out = "";
  const print = (line: string): void => {
    out += line;
    if (out.length < OUT_CHARACTERS) return;
    io.out(out);
    out = "";
  };
  for await (const sample of samplesOf(dir, options)) {
    const { labels, timeMs, value, histogram } = sample;
    if (!isOpenMetrics) {
      print(`${labels} ${histogram ?? formatGeneral(value)} ${timeMs}\n`);
    } else if (histogram === undefined) {
      const name = labels.get(METRIC_NAME);
      const rest = labels.without(new Set([METRIC_NAME]));
      print(`${name}${condensed(rest)} ${formatGeneral(value)} ${formatFixed(timeMs / 1000, 3)}\n`);
    }
  }
  io.out(isOpenMetrics ? `${out}# EOF\n` : out);
}

/** `{a="1",b="2"}` */
function condensed(labels: Labels): string {
  const pairs = [...labels.entries()].map(([name, value]) => {
    const text = isLegacyLabelName(name) ? name : quoteGo(name);
    return `${text}=${quoteGo(value)}`;
  });
  return `{${pairs.join(",")}}`;
}

async function* samplesOf(dir: string, options: DumpOptions): AsyncGenerator<DumpedSample> {
  const blocks = openBlocks(dir);
  try {
    yield* samplesFrom(dir, blocks, options);
  } finally {
    for (const block of blocks) block.release();
  }
}

async function* samplesFrom(
  dir: string,
  blocks: readonly Block[],
  { minTimeMs, maxTimeMs, selectors }: DumpOptions,
): AsyncGenerator<DumpedSample> {
  const memory = new QueryMemory(MEMORY_BYTES_MAX);
  const kernels = startKernels<ChunkKernels>(compileKernels("query"), memory.memory);
  const heads = headOf(dir, blocks, memory, kernels);
  const querier = new DatabaseQuerier({
    heads,
    blocks,
    memory,
    decoder: kernels,
    lists: new LabelLists(0),
    onWork: () => {},
  });
  const hints = { minTimeMs, maxTimeMs, stepMs: 0, func: "" };
  const sets = await querier.selectAll(selectors.map((matchers) => ({ matchers, hints })));
  const set: SeriesSet = sets.length === 1 ? sets[0]! : new MergedSeries(sets, memory);
  for (let i = 0; i < set.count; i++) {
    const mark = memory.mark();
    const { timesAddr, valuesAddr, count, histograms } = set.samples(i, minTimeMs, maxTimeMs, sinkOn(memory));
    const times = memory.floats.slice(timesAddr / 8, timesAddr / 8 + count);
    const values = memory.floats.slice(valuesAddr / 8, valuesAddr / 8 + count);
    memory.releaseTo(mark);
    const labels = set.labels(i);
    for (let at = 0; at < count; at++) {
      const histogram = histograms?.[at];
      yield {
        labels,
        timeMs: times[at]!,
        value: values[at]!,
        histogram: histogram === undefined ? undefined : histogramText(histogram),
      };
    }
  }
}

function sinkOn(memory: QueryMemory): ColumnSink {
  let room = 0;
  let timesAddr = 0;
  return {
    memory: memory.memory,
    reserve: (count) => {
      if (count > room || timesAddr === 0) {
        const capacity = Math.max(count, 2 * room, 128);
        const address = memory.allocate(16 * capacity);
        const bytes = memory.bytes;
        bytes.copyWithin(address, timesAddr, timesAddr + 8 * room);
        bytes.copyWithin(address + 8 * capacity, timesAddr + 8 * room, timesAddr + 16 * room);
        timesAddr = address;
        room = capacity;
      }
      return { timesAddr, valuesAddr: timesAddr + 8 * room };
    },
  };
}

/** What the log has beyond the blocks, as a head of its own. */
function headOf(dir: string, blocks: readonly Block[], memory: QueryMemory, kernels: ChunkKernels): Querier {
  const walDir = join(dir, "wal");
  try {
    systemFiles.stat(walDir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new HeadsQuerier([], memory, kernels);
    throw error;
  }
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: HEAD_PAGES }, compileKernels("ingest"));
  const histograms = new HistogramChunks(head);
  const untouched = (): never => {
    throw new VestalError("READ_ONLY", "nothing is written to a directory that is read");
  };
  const outOfOrder = new OutOfOrderSamples(head, { write: untouched, read: untouched });
  outOfOrder.isReplaying = true;
  const inOrder = blocks.filter(({ meta }) => !isOutOfOrder(meta));
  const minValidTimeMs = Math.max(Number.NEGATIVE_INFINITY, ...inOrder.map(({ meta }) => meta.maxTimeMs));
  replayInto({
    dir: walDir,
    files: systemFiles,
    kernels: head.kernels as unknown as WalKernels, // the ingest instance has all kernels
    memory: head.memory,
    ...(Number.isFinite(minValidTimeMs) && { minValidTimeMs }),
    head: replayHead(head, histograms, minValidTimeMs),
    outOfOrder: {
      dir: join(dir, "wbl"),
      insert: (slot, { timestampMs, low, high }) => outOfOrder.insert({ slot, timestampMs, low, high }),
      insertHistogram: (slot, { timestampMs, isFloat, bytes }) =>
        outOfOrder.insert({ slot, timestampMs, low: 0, high: 0, histogram: { isFloat, bytes } }),
      clear: () => {}, // what lies in chunks_head is not read here, and all of it is in this log
    },
  });
  outOfOrder.apply(head.nextCommit);
  head.publish();
  return new HeadsQuerier([new HeadReader(head.memory, 0)], memory, kernels);
}

function replayHead(head: Head, histograms: HistogramChunks, minValidTimeMs: number): ReplayHead {
  return {
    addTombstone: (slot, minTimeMs, maxTimeMs) => {
      if (maxTimeMs >= minValidTimeMs && minTimeMs <= maxTimeMs) addDeleted(head, slot, { minTimeMs, maxTimeMs });
    },
    resolveSeries: (address, length, low, high) => head.kernels.resolveSeriesWithRef(address, length, low, high),
    appendStaged: (staging, rows) => {
      head.kernels.validateBatch(staging, rows, Number.NEGATIVE_INFINITY);
      head.kernels.appendBatch(staging, rows, head.nextCommit);
      head.publish();
    },
    appendHistograms: (rows) => replayHistograms(head, histograms, rows),
  };
}
