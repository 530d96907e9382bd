/** Blocks and heads as one `Querier`. What a block and a head both have is one series. */
import type { QueryMemory } from "../../memory/index.js";
import { compareBytes, type LabelLists, type Matcher } from "../../model/index.js";
import type { LabelAnswer, Querier, SelectRequest, SeriesSet } from "../../storage/index.js";
import { type Block, BlockSeries, type FloatDecoder, intersect, readingBlock, selectRefs } from "../block/index.js";
import { MergedSeries } from "./merged-series.js";

/** From so many series on their values are found by the lists of each value, not by their labels. */
const SERIES_LOOKED_AT = 20_000;

export interface DatabaseQuerierOptions {
  readonly heads: Querier;
  /** In order of time; those of the query's list, which stay as long as it runs. */
  readonly blocks: readonly Block[];
  readonly memory: QueryMemory;
  /** An instance over `memory`. */
  readonly decoder: FloatDecoder;
  /** Called for each series that a block is asked for; may throw to give up. */
  readonly onWork: () => void;
  /** What is known of the label sets that the thread has seen. */
  readonly lists: LabelLists;
}

export class DatabaseQuerier implements Querier {
  readonly #options: DatabaseQuerierOptions;

  constructor(options: DatabaseQuerierOptions) {
    this.#options = options;
  }

  /** @throws VestalError BLOCK_DAMAGED with the block's `ulid` in its details. */
  async selectAll(requests: readonly SelectRequest[]): Promise<readonly SeriesSet[]> {
    const { heads, memory, decoder, onWork, lists } = this.#options;
    const ofHeads = await heads.selectAll(requests);
    return requests.map(({ matchers, hints }, i) => {
      const { minTimeMs, maxTimeMs } = hints;
      const blocks = this.#blocksIn(minTimeMs, maxTimeMs);
      if (blocks.length === 0) return ofHeads[i]!;
      const request = { matchers, minTimeMs, maxTimeMs, isWithSamples: hints.func !== "series" };
      const sets = blocks.map((block) => new BlockSeries(block, request, memory, decoder, onWork, lists));
      return new MergedSeries([...sets.filter(({ count }) => count > 0), ofHeads[i]!], memory);
    });
  }

  async labelNames(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): Promise<LabelAnswer> {
    const ofHeads = await this.#options.heads.labelNames(matchers, minTimeMs, maxTimeMs);
    const names = new Set(ofHeads.values);
    for (const block of this.#blocksIn(minTimeMs, maxTimeMs)) {
      readingBlock(block, () => {
        if (matchers.length === 0) for (const name of block.index.names()) names.add(name);
        else for (const [name] of this.#pairsOf(block, matchers)) names.add(name);
      });
    }
    return { values: sorted(names), warnings: ofHeads.warnings };
  }

  async labelValues(
    name: string,
    matchers: readonly Matcher[],
    minTimeMs: number,
    maxTimeMs: number,
  ): Promise<LabelAnswer> {
    const ofHeads = await this.#options.heads.labelValues(name, matchers, minTimeMs, maxTimeMs);
    const values = new Set(ofHeads.values);
    for (const block of this.#blocksIn(minTimeMs, maxTimeMs)) {
      readingBlock(block, () => this.#addValues(block, name, matchers, values));
    }
    return { values: sorted(values), warnings: ofHeads.warnings };
  }

  close(): void {
    this.#options.heads.close();
  }

  #blocksIn(minTimeMs: number, maxTimeMs: number): Block[] {
    return this.#options.blocks.filter((block) => block.overlaps(minTimeMs, maxTimeMs));
  }

  *#pairsOf({ index }: Block, matchers: readonly Matcher[]): Generator<readonly [string, string]> {
    for (const ref of selectRefs(index, matchers)) {
      this.#options.onWork();
      yield* index.labels(ref).entries();
    }
  }

  #addValues({ index }: Block, name: string, matchers: readonly Matcher[], into: Set<string>): void {
    if (matchers.length === 0) {
      for (const { value } of index.values(name)) into.add(value);
      return;
    }
    const refs = selectRefs(index, matchers);
    if (refs.length < SERIES_LOOKED_AT) {
      for (const ref of refs) {
        this.#options.onWork();
        const value = index.labels(ref).get(name);
        if (value !== "") into.add(value);
      }
      return;
    }
    for (const { value, postings } of index.values(name)) {
      this.#options.onWork();
      if (!into.has(value) && intersect(refs, index.postingsAt(postings)).length > 0) into.add(value);
    }
  }
}

function sorted(texts: ReadonlySet<string>): string[] {
  return [...texts].sort(compareBytes);
}
