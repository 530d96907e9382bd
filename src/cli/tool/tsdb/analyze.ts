/** `tsdb analyze`: what a block's labels and chunks are made of, as promtool prints it. */
import type { Matcher } from "../../../model/index.js";
import { type Block, selectRefs } from "../../../tsdb/block/index.js";
import { chunkSampleCount, ENCODING_XOR, HistogramReader } from "../../../tsdb/chunk/index.js";
import type { ToolIo } from "../io.js";
import { goDuration } from "../rule-tests/words.js";

export interface AnalyzeOptions {
  readonly limit: number;
  readonly isExtended: boolean;
  /** Undefined for all series; the text as it was given. */
  readonly selector: { readonly matchers: readonly Matcher[]; readonly text: string } | undefined;
}

type Counts = Map<string, number>;

export function analyzeBlock(io: ToolIo, block: Block, options: AnalyzeOptions): void {
  const { index, meta } = block;
  const { selector, limit } = options;
  const print = (line: string): void => io.out(`${line}\n`);
  const rangeMs = meta.maxTimeMs - meta.minTimeMs;
  print(`Block ID: ${meta.ulid}`);
  print(`Duration: ${goDuration(rangeMs)}`);
  print(`Total Series: ${meta.stats.series}`);
  if (selector !== undefined) print(`Matcher: ${selector.text}`);
  const refs = selector === undefined ? index.allPostings() : selectRefs(index, selector.matchers);
  const valuesOf = new Map<string, Set<string>>();
  const uncoveredOfName: Counts = new Map();
  const uncoveredOfPair: Counts = new Map();
  const seriesOfPair: Counts = new Map();
  const seriesOfMetric: Counts = new Map();
  let entries = 0;
  for (const ref of refs) {
    const { labels, chunks } = index.series(ref);
    const uncovered = rangeMs - (chunks.at(-1)!.maxTimeMs - chunks[0]!.minTimeMs);
    for (const [name, value] of labels.entries()) {
      const pair = `${name}=${value}`;
      add(uncoveredOfName, name, uncovered);
      add(uncoveredOfPair, pair, uncovered);
      add(seriesOfPair, pair, 1);
      if (name === "__name__") add(seriesOfMetric, value, 1);
      let values = valuesOf.get(name);
      if (values === undefined) {
        values = new Set();
        valuesOf.set(name, values);
      }
      values.add(value);
      entries++;
    }
  }
  print(`Label names: ${valuesOf.size}`);
  if (selector !== undefined) print(`Matched series: ${refs.length}`);
  print(`Postings (unique label pairs): ${uncoveredOfPair.size}`);
  print(`Postings entries (total label pairs): ${entries}`);
  const list = (title: string, counts: Counts, divisor = 1): void => {
    print(`\n${title}:`);
    const rows = [...counts].map(([key, count]) => ({ key, count: Math.floor(count / divisor) }));
    rows.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
    for (const { key, count } of rows.slice(0, limit)) print(`${count} ${key}`);
  };
  const lengths: Counts = new Map();
  const cardinalities: Counts = new Map();
  for (const [name, values] of valuesOf) {
    cardinalities.set(name, values.size);
    lengths.set(
      name,
      [...values].reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    );
  }
  list("Label pairs most involved in churning", uncoveredOfPair, rangeMs);
  list("Label names most involved in churning", uncoveredOfName, rangeMs);
  list("Most common label pairs", seriesOfPair);
  list("Label names with highest cumulative label value length", lengths);
  list("Highest cardinality labels", cardinalities);
  list("Highest cardinality metric names", seriesOfMetric);
  if (options.isExtended) analyzeChunks(io, block, refs);
}

function add(counts: Counts, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function analyzeChunks(io: ToolIo, block: Block, refs: Uint32Array): void {
  const floatSamples: number[] = [];
  const floatBytes: number[] = [];
  const histogramSamples: number[] = [];
  const histogramBytes: number[] = [];
  const histogramBuckets: number[] = [];
  for (const ref of refs) {
    for (const { ref: chunkRef } of block.index.series(ref).chunks) {
      const { encoding, data } = block.chunks.read(chunkRef);
      if (encoding === ENCODING_XOR) {
        floatSamples.push(chunkSampleCount(data));
        floatBytes.push(data.length);
        continue;
      }
      histogramSamples.push(chunkSampleCount(data));
      histogramBytes.push(data.length);
      const reader = new HistogramReader(encoding, data);
      let buckets = 0;
      while (reader.next()) {
        const { positiveBuckets, negativeBuckets } = reader.histogram();
        buckets += positiveBuckets.length + negativeBuckets.length;
      }
      histogramBuckets.push(buckets);
    }
  }
  const total = floatSamples.length + histogramSamples.length;
  io.out("\nCompaction analysis:\n\n");
  io.out(distribution("samples per float chunk", floatSamples, total));
  io.out(distribution("bytes per float chunk", floatBytes, total));
  io.out(distribution("samples per histogram chunk", histogramSamples, total));
  io.out(distribution("bytes per histogram chunk", histogramBytes, total));
  io.out(distribution("buckets per histogram chunk", histogramBuckets, total));
}

function distribution(title: string, data: readonly number[], total: number): string {
  if (data.length === 0) return `${title}: N/A\n\n`;
  const sorted = data.toSorted((a, b) => a - b);
  const min = sorted[0]!;
  const max = sorted.at(-1)!;
  let step = 10;
  while (step < Math.trunc((max - min) / 10) && step <= 10_000) step *= 10;
  const start = min - (min % step);
  const end = max - (max % step) + step;
  const buckets = new Array<number>(Math.trunc((end - start) / step) + 1).fill(0);
  let sum = 0;
  for (const value of sorted) {
    sum += value;
    buckets[Math.trunc((value - start) / step)]!++;
  }
  const most = Math.max(...buckets);
  const [left, right, count] = [end, end + step, most].map((value) => String(value).length) as [number, number, number];
  const lines = buckets.map((size, bucket) => {
    const from = String(bucket * step + start + 1).padStart(left);
    const to = String((bucket + 1) * step + start).padStart(right);
    return `[${from}, ${to}]: ${String(size).padStart(count)} ${"#".repeat(Math.trunc((100 * size) / total))}\n`;
  });
  const average = Math.trunc(sum / sorted.length);
  return `${title} (min/avg/max): ${min}/${average}/${max}\n${lines.join("")}\n`;
}
