/**
 * Retention by matcher: a series is kept as long as the first rule says whose selector it matches, or as all others. A block goes
 * when nothing in it may be kept; before that it is written anew without the series whose time is over, as whole chunks.
 *
 * Age is counted as for whole blocks: from the newest block's end.
 */
import type { Labels, Matcher } from "../../model/index.js";
import { type Block, readingBlock, selectRefs } from "../block/index.js";
import type { EncodedChunk } from "../chunk/index.js";
import type { KeepChunk } from "./merge-blocks.js";

export interface RetentionRule {
  readonly matchers: readonly Matcher[];
  readonly retentionMs: number;
}

export class MatcherRetention {
  readonly #rules: readonly RetentionRule[];
  readonly #retentionMs: number;

  /** @param retentionMs  of series that no rule matches; 0 = for ever. */
  constructor(rules: readonly RetentionRule[], retentionMs: number) {
    this.#rules = rules;
    this.#retentionMs = retentionMs === 0 ? Number.POSITIVE_INFINITY : retentionMs;
  }

  get hasRules(): boolean {
    return this.#rules.length > 0;
  }

  /** How long some series may be kept; 0 = for ever. */
  get longestMs(): number {
    const longest = Math.max(this.#retentionMs, ...this.#rules.map(({ retentionMs }) => retentionMs));
    return Number.isFinite(longest) ? longest : 0;
  }

  /** Names the classes of series whose time is over in a block of this age; "" if none is, so that nothing is to do. */
  overAt(ageMs: number): string {
    const times = [...this.#rules.map(({ retentionMs }) => retentionMs), this.#retentionMs];
    return times.flatMap((retentionMs, i) => (ageMs >= retentionMs ? i : [])).join(" ");
  }

  /** Whether the block has a series whose time is over. */
  hasOver(block: Block, ageMs: number): boolean {
    return readingBlock(block, () => {
      let rest = block.index.allPostings();
      for (const { matchers, retentionMs } of this.#rules) {
        const matching = new Set(selectRefs(block.index, matchers));
        if (ageMs >= retentionMs && rest.some((ref) => matching.has(ref))) return true;
        rest = rest.filter((ref) => !matching.has(ref));
      }
      return ageMs >= this.#retentionMs && rest.length > 0;
    });
  }

  /** For a compaction while the newest block ends at `newestMs`. */
  keeper(newestMs: number): KeepChunk {
    let last: Labels | undefined;
    let retentionMs = 0;
    return (labels: Labels, chunk: EncodedChunk) => {
      if (labels !== last) {
        last = labels;
        retentionMs = this.#retentionOf(labels);
      }
      // The end of a block lies behind its last sample.
      return newestMs - (chunk.maxTimeMs + 1) >= retentionMs ? undefined : chunk;
    };
  }

  #retentionOf(labels: Labels): number {
    const rule = this.#rules.find(({ matchers }) =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
    );
    return rule?.retentionMs ?? this.#retentionMs;
  }
}
