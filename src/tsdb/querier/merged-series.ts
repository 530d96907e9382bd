/**
 * Several sets of series as one: series with equal labels become one, and their samples too. Of two samples of one time the
 * one of the earlier set stays, as in Prometheus.
 */
import type { QueryMemory } from "../../memory/index.js";
import { compareLabels, type Histogram, type Labels, RESET_GAUGE, RESET_UNKNOWN } from "../../model/index.js";
import type { ColumnSink, SampleColumns, SeriesSet } from "../../storage/index.js";
import type { EncodedChunk } from "../chunk/index.js";
import { mergeChunks } from "../compact/index.js";
import { encodeSamples } from "./encode-samples.js";

interface Source {
  readonly set: SeriesSet;
  readonly index: number;
}

export class MergedSeries implements SeriesSet {
  readonly #sets: readonly SeriesSet[];
  readonly #memory: QueryMemory;
  readonly #series: Source[][];

  constructor(sets: readonly SeriesSet[], memory: QueryMemory) {
    this.#sets = sets;
    this.#memory = memory;
    this.#series = mergedSources(sets);
  }

  get count(): number {
    return this.#series.length;
  }

  labels(index: number): Labels {
    const [{ set, index: place }] = this.#series[index] as [Source];
    return set.labels(place);
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const sources = this.#series[index]!;
    const [first] = sources as [Source];
    if (sources.length === 1) return first.set.samples(first.index, minTimeMs, maxTimeMs, sink);
    const behind = new SinkBehind(sink);
    let addresses = sink.reserve(0);
    let histograms: (Histogram | undefined)[] | undefined;
    for (const { set, index: place } of sources) {
      const before = behind.taken;
      const columns = set.samples(place, minTimeMs, maxTimeMs, behind);
      if (columns.count === 0) continue;
      const shift = 8 * before;
      addresses = { timesAddr: columns.timesAddr - shift, valuesAddr: columns.valuesAddr - shift };
      if (columns.histograms !== undefined && histograms === undefined) histograms = new Array(before).fill(undefined);
      if (histograms !== undefined) {
        for (let i = 0; i < columns.count; i++) histograms.push(columns.histograms?.[i]);
      }
      behind.taken = this.#join(addresses, before, columns.count, histograms);
    }
    return { ...addresses, count: behind.taken, ...(histograms !== undefined && { histograms }) };
  }

  chunks(index: number, minTimeMs: number, maxTimeMs: number, memory: WebAssembly.Memory): EncodedChunk[] {
    const sources = this.#series[index]!;
    const all = sources.flatMap(({ set, index: place }) => {
      if (set.chunks === undefined) return encodeSamples(set, place, minTimeMs, maxTimeMs, this.#sink());
      return set.chunks(place, minTimeMs, maxTimeMs, memory) as readonly EncodedChunk[]; // storage knows only numbers
    });
    return sources.length === 1 ? all : mergeChunks(all);
  }

  /** On top of the private memory, until the query ends. */
  #sink(): ColumnSink {
    const { memory } = this.#memory;
    return {
      memory,
      reserve: (count) => {
        const timesAddr = this.#memory.allocate(16 * count);
        return { timesAddr, valuesAddr: timesAddr + 8 * count };
      },
    };
  }

  close(): void {
    // The last that was opened is the first that can give its memory back.
    for (let i = this.#sets.length - 1; i >= 0; i--) this.#sets[i]!.close();
  }

  /** Makes one ascending column of `before` samples and the `added` ones behind them; returns how many it has. */
  #join(
    { timesAddr, valuesAddr }: { readonly timesAddr: number; readonly valuesAddr: number },
    before: number,
    added: number,
    histograms: (Histogram | undefined)[] | undefined,
  ): number {
    const { floats, words } = this.#memory;
    const t = timesAddr / 8;
    const v = valuesAddr / 4;
    if (before === 0 || floats[t + before - 1]! < floats[t + before]!) return before + added;
    const end = before + added;
    const times = floats.slice(t, t + end);
    const values = words.slice(v, v + 2 * end);
    const old = histograms?.slice();
    let a = 0;
    let b = before;
    let count = 0;
    let wasSecond = false;
    while (a < before || b < end) {
      const isSecond = a === before || (b < end && times[b]! < times[a]!);
      const from = isSecond ? b++ : a++;
      if (!isSecond && b < end && times[b] === times[from]) b++;
      floats[t + count] = times[from]!;
      words[v + 2 * count] = values[2 * from]!;
      words[v + 2 * count + 1] = values[2 * from + 1]!;
      if (histograms !== undefined) {
        const histogram = old![from];
        // What is known of a reset was known of the sample before it in its own chunk.
        const isKnown = count === 0 || isSecond === wasSecond || histogram?.counterResetHint === RESET_GAUGE;
        histograms[count] =
          histogram === undefined || isKnown ? histogram : { ...histogram, counterResetHint: RESET_UNKNOWN };
      }
      wasSecond = isSecond;
      count++;
    }
    if (histograms !== undefined) histograms.length = count;
    return count;
  }
}

/** A place behind the samples that a sink already holds. */
class SinkBehind implements ColumnSink {
  readonly #sink: ColumnSink;
  taken = 0;

  constructor(sink: ColumnSink) {
    this.#sink = sink;
  }

  get memory(): WebAssembly.Memory {
    return this.#sink.memory;
  }

  reserve(count: number): { readonly timesAddr: number; readonly valuesAddr: number } {
    const { timesAddr, valuesAddr } = this.#sink.reserve(this.taken + count);
    return { timesAddr: timesAddr + 8 * this.taken, valuesAddr: valuesAddr + 8 * this.taken };
  }
}

/** For each label set, in order, where it is; earlier sets first. Each set is in order of labels itself. */
function mergedSources(sets: readonly SeriesSet[]): Source[][] {
  let merged: Source[][] = [];
  for (const set of sets) {
    const added: Source[][] = [];
    for (let index = 0; index < set.count; index++) added.push([{ set, index }]);
    merged = mergedLists(merged, added);
  }
  return merged;
}

function mergedLists(a: Source[][], b: Source[][]): Source[][] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const labelsOf = ([first]: Source[]): Labels => first!.set.labels(first!.index);
  const merged: Source[][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compareLabels(labelsOf(a[i]!), labelsOf(b[j]!));
    if (order < 0) merged.push(a[i++]!);
    else if (order > 0) merged.push(b[j++]!);
    else merged.push([...a[i++]!, ...b[j++]!]);
  }
  while (i < a.length) merged.push(a[i++]!);
  while (j < b.length) merged.push(b[j++]!);
  return merged;
}
