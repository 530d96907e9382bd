/** The series of several blocks, in order of labels, without what was deleted, into one block. */

import { CorruptionError } from "../../base/index.js";
import { compareLabels, type Labels } from "../../model/index.js";
import { type Block, type BlockWriter, readingBlock, type SeriesEntry } from "../block/index.js";
import { type EncodedChunk, partOfChunk } from "../chunk/index.js";
import { mergeChunks, withoutDeleted } from "./merge-chunks.js";

/** What is written of a series besides what retention lets through; undefined drops the chunk. */
export type KeepChunk = (labels: Labels, chunk: EncodedChunk) => EncodedChunk | undefined;

/**
 * @param keep  may drop chunks (retention by matcher).
 * @param onChunk  told of each chunk that is written.
 * @throws VestalError BLOCK_DAMAGED with the block's `ulid` in its details
 */
export function mergeBlocks(
  blocks: readonly Block[],
  writer: BlockWriter,
  options: { readonly keep?: KeepChunk; readonly onChunk?: (chunk: EncodedChunk) => void } = {},
): void {
  const cursors = blocks.map((block) => new BlockCursor(block));
  for (;;) {
    const labels = lowest(cursors);
    if (labels === undefined) return;
    const taken: Taken[] = [];
    for (const cursor of cursors) {
      if (cursor.labels === undefined || compareLabels(cursor.labels, labels) !== 0) continue;
      taken.push({ block: cursor.block, chunks: cursor.take() });
    }
    let merged = blocks.length === 1 ? taken.flatMap(({ chunks }) => chunks) : mergedOf(taken);
    const { keep } = options;
    if (keep !== undefined) merged = merged.flatMap((chunk) => keep(labels, chunk) ?? []);
    if (merged.length === 0) continue;
    writer.addSeries(labels, merged);
    if (options.onChunk !== undefined) merged.forEach(options.onChunk);
  }
}

interface Taken {
  readonly block: Block;
  readonly chunks: readonly EncodedChunk[];
}

function mergedOf(taken: readonly Taken[]): readonly EncodedChunk[] {
  const chunks = taken.flatMap((each) => each.chunks);
  try {
    return mergeChunks(chunks);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    // Whose it is: that block alone is taken out.
    for (const { block, chunks: own } of taken) {
      for (const { encoding, data } of own) readingBlock(block, () => partOfChunk(encoding, data, () => true));
    }
    throw error;
  }
}

function lowest(cursors: readonly BlockCursor[]): Labels | undefined {
  let found: Labels | undefined;
  for (const { labels } of cursors) {
    if (labels !== undefined && (found === undefined || compareLabels(labels, found) < 0)) found = labels;
  }
  return found;
}

/** Walks the series of one block. */
class BlockCursor {
  readonly block: Block;
  readonly #refs: Uint32Array;
  #at = -1;
  #entry: SeriesEntry | undefined;

  constructor(block: Block) {
    this.block = block;
    this.#refs = readingBlock(block, () => block.index.allPostings());
    this.#advance();
  }

  get labels(): Labels | undefined {
    return this.#entry?.labels;
  }

  /** The chunks that are left of the current series; goes on to the next. */
  take(): EncodedChunk[] {
    const { block } = this;
    const deleted = block.deletedOf(this.#refs[this.#at]!);
    const entry = this.#entry!;
    const chunks = readingBlock(block, () =>
      entry.chunks.flatMap(({ minTimeMs, maxTimeMs, ref }) => {
        const { encoding, data } = block.chunks.read(ref);
        const chunk = { minTimeMs, maxTimeMs, encoding, data };
        return deleted.length === 0 ? chunk : (withoutDeleted(chunk, deleted) ?? []);
      }),
    );
    this.#advance();
    return chunks;
  }

  #advance(): void {
    this.#at++;
    const ref = this.#refs[this.#at];
    this.#entry = ref === undefined ? undefined : readingBlock(this.block, () => this.block.index.series(ref));
  }
}
