/**
 * Several sets of series as one: series with equal labels become one, and their samples too. Of two samples of one time the
 * one of the earlier set stays, as in Prometheus.
 */
import type { QueryMemory } from "../../memory/index.js";
import {
  compareLabels,
  type Histogram,
  LabelList,
  type Labels,
  RESET_GAUGE,
  RESET_UNKNOWN,
} from "../../model/index.js";
import type { ChunkSink, ColumnSink, SampleColumns, SeriesSet } from "../../storage/index.js";
import type { EncodedChunk } from "../chunk/index.js";
import { mergeChunks } from "../compact/index.js";
import { encodeSamples } from "./encode-samples.js";

interface Source {
  readonly set: SeriesSet;
  readonly index: number;
}

/** Where series are: series i of the merged ones is at `places[i × sets + k]` of set k, or nowhere in it (−1). */
interface Merge {
  readonly list: LabelList;
  readonly places: Int32Array;
}

export class MergedSeries implements SeriesSet {
  readonly #sets: readonly SeriesSet[];
  readonly #memory: QueryMemory;
  readonly #merge: Merge;

  constructor(sets: readonly SeriesSet[], memory: QueryMemory) {
    this.#sets = sets;
    this.#memory = memory;
    const lists = sets.map((set) => set.list);
    const [first] = lists;
    const isKnown = lists.every((list) => list !== undefined);
    this.#merge =
      first !== undefined && isKnown
        ? first.memo(`merged ${lists.map((list) => list!.id).join()}`, () => merge(sets))
        : merge(sets);
  }

  get count(): number {
    return this.#merge.list.labels.length;
  }

  labels(index: number): Labels {
    return this.#merge.list.labels[index]!;
  }

  get list(): LabelList {
    return this.#merge.list;
  }

  #sources(index: number): Source[] {
    const { places } = this.#merge;
    const from = index * this.#sets.length;
    const sources: Source[] = [];
    for (let k = 0; k < this.#sets.length; k++) {
      const place = places[from + k]!;
      if (place >= 0) sources.push({ set: this.#sets[k]!, index: place });
    }
    return sources;
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const sources = this.#sources(index);
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

  addChunks(index: number, minTimeMs: number, maxTimeMs: number, sink: ChunkSink): boolean {
    const { places } = this.#merge;
    const from = index * this.#sets.length;
    for (let k = 0; k < this.#sets.length; k++) {
      const place = places[from + k]!;
      if (place < 0) continue;
      if (this.#sets[k]!.addChunks?.(place, minTimeMs, maxTimeMs, sink) !== true) return false;
    }
    return true;
  }

  chunks(index: number, minTimeMs: number, maxTimeMs: number, memory: WebAssembly.Memory): EncodedChunk[] {
    const sources = this.#sources(index);
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

/** Each set is in order of labels itself. */
function merge(sets: readonly SeriesSet[]): Merge {
  const width = sets.length;
  const next = new Int32Array(width);
  const heads: (Labels | undefined)[] = sets.map((set) => (set.count > 0 ? set.labels(0) : undefined));
  const labels: Labels[] = [];
  let places = new Int32Array(width * Math.max(16, ...sets.map(({ count }) => count)));
  for (;;) {
    let least: Labels | undefined;
    for (const head of heads) {
      if (head !== undefined && (least === undefined || compareLabels(head, least) < 0)) least = head;
    }
    if (least === undefined) break;
    const at = labels.length * width;
    if (at + width > places.length) {
      const more = new Int32Array(2 * places.length);
      more.set(places);
      places = more;
    }
    for (let k = 0; k < width; k++) {
      const head = heads[k];
      if (head === undefined || (head !== least && compareLabels(head, least) !== 0)) {
        places[at + k] = -1;
        continue;
      }
      places[at + k] = next[k]!;
      next[k]!++;
      heads[k] = next[k]! < sets[k]!.count ? sets[k]!.labels(next[k]!) : undefined;
    }
    labels.push(least);
  }
  return { list: new LabelList(labels), places };
}
