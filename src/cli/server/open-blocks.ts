/**
 * A query thread's blocks: what was read of their tables is kept from query to query, descriptors are not. Pages of all of them
 * share one bounded cache.
 */
import { errorMessage, type Files, VestalError } from "../../base/index.js";
import { Block, PageCache } from "../../tsdb/block/index.js";
import type { BlockHandle } from "./query-messages.js";

interface OpenBlock {
  readonly version: string;
  readonly block: Block;
}

export class OpenBlocks {
  readonly #files: Files;
  readonly #cache: PageCache;
  #open = new Map<string, OpenBlock>();

  constructor(files: Files, cacheBytes: number) {
    this.#files = files;
    this.#cache = new PageCache(cacheBytes);
  }

  /** The blocks of the list; others are forgotten. @throws VestalError BLOCK_DAMAGED */
  take(handles: readonly BlockHandle[]): Block[] {
    const open = new Map<string, OpenBlock>();
    const blocks = handles.map((handle) => {
      const known = this.#open.get(handle.ulid);
      const kept =
        known?.version === handle.version ? known : { version: handle.version, block: this.#openBlock(handle) };
      open.set(handle.ulid, kept);
      return kept.block;
    });
    for (const [ulid, { block }] of this.#open) if (!open.has(ulid)) this.#cache.forget(block.dir);
    this.#open = open;
    return blocks;
  }

  /** The query has ended: files that are removed now give their space back. */
  release(): void {
    for (const { block } of this.#open.values()) block.release();
  }

  #openBlock({ ulid, dir }: BlockHandle): Block {
    try {
      return Block.open(this.#files, dir, this.#cache);
    } catch (error) {
      const reason = errorMessage(error);
      throw new VestalError("BLOCK_DAMAGED", `block ${ulid}: ${reason}`, { ulid, reason }, error);
    }
  }
}
