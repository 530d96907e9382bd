/**
 * All heads of the process as one `Querier`. Each label set is in exactly one shard, so joining is sorting.
 *
 * A view is consistent within one call: `selectAll` takes several selectors at one commit of each shard.
 */
import type { QueryMemory } from "../../memory/index.js";
import { compareBytes, LabelLists, type Matcher } from "../../model/index.js";
import type { LabelAnswer, Querier, SelectHints, SelectRequest, SeriesSet } from "../../storage/index.js";
import type { HeadChunkReader } from "../chunks-head/index.js";
import { CapturedSeries, releaseNewest } from "./captured.js";
import type { ChunkKernels } from "./kernels.js";
import type { HeadReader } from "./reader.js";

export class HeadsQuerier implements Querier {
  readonly #heads: readonly HeadReader[];
  readonly #memory: QueryMemory;
  readonly #kernels: ChunkKernels;
  readonly #headChunks: HeadChunkReader | undefined;
  readonly #lists: LabelLists;

  /**
   * @param kernels  an instance over `memory`.
   * @param headChunks  the thread's own; not needed where the heads have no chunks on disk.
   * @param lists  the thread's own: what is known of the label sets that it has seen.
   */
  constructor(
    heads: readonly HeadReader[],
    memory: QueryMemory,
    kernels: ChunkKernels,
    headChunks?: HeadChunkReader,
    lists = new LabelLists(0),
  ) {
    this.#lists = lists;
    this.#headChunks = headChunks;
    this.#heads = heads;
    this.#memory = memory;
    this.#kernels = kernels;
  }

  select(matchers: readonly Matcher[], hints: SelectHints): SeriesSet {
    return this.selectAll([{ matchers, hints }])[0]!;
  }

  /** As many sets as requests, all at the same commit of each shard. */
  selectAll(requests: readonly SelectRequest[]): CapturedSeries[] {
    const mark = this.#memory.mark();
    let release = () => {};
    const sets = requests.map(() => new CapturedSeries(this.#kernels, () => release()));
    const wanted = requests.map(({ matchers, hints, isRepeated = false }, i) => ({
      matchers,
      minTimeMs: hints.minTimeMs,
      maxTimeMs: hints.maxTimeMs,
      isWithSamples: hints.func !== "series",
      isRepeated,
      into: sets[i]!,
    }));
    const disk = this.#headChunks && { reader: this.#headChunks, checksums: this.#kernels };
    for (const head of this.#heads) head.capture(wanted, this.#memory, disk);
    // Only the last of several sets can give the copies back: they lie in one region for each head.
    let open = sets.length;
    const releaseAll = releaseNewest(this.#memory, mark, this.#memory.used);
    release = () => {
      open--;
      if (open === 0) releaseAll();
    };
    return sets.map((set, i) => set.seal(this.#lists, listKeyOf(requests[i]!)));
  }

  labelNames(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): LabelAnswer {
    const names = new Set<string>();
    for (const head of this.#headsIn(minTimeMs, maxTimeMs)) head.addLabelNames(matchers, names);
    return { values: [...names].sort(compareBytes), warnings: [] };
  }

  labelValues(name: string, matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): LabelAnswer {
    const values = new Set<string>();
    for (const head of this.#headsIn(minTimeMs, maxTimeMs)) head.addLabelValues(name, matchers, values);
    return { values: [...values].sort(compareBytes), warnings: [] };
  }

  close(): void {}

  /** Prometheus too asks a head for names and values if its bounds overlap the range, and does not look at series then. */
  #headsIn(minTimeMs: number, maxTimeMs: number): HeadReader[] {
    return this.#heads.filter((head) => head.overlaps(minTimeMs, maxTimeMs));
  }
}

const listKeys = new WeakMap<readonly Matcher[], string>();

/** The name of a selection's list; of one that comes again it is made once. */
function listKeyOf({ matchers, isRepeated = false }: SelectRequest): string {
  const known = isRepeated ? listKeys.get(matchers) : undefined;
  if (known !== undefined) return known;
  const key = `heads ${matchers.join()}`;
  if (isRepeated) listKeys.set(matchers, key);
  return key;
}
