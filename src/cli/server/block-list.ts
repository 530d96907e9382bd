/**
 * The blocks that queries read now, as the main thread knows them. A query takes the list as it is when it begins; a block that
 * left the list is removed, and a range of the heads forgotten, only when no query holds an older list.
 */
import { deferred } from "../../base/index.js";
import type { LoadedBlock } from "../../tsdb/compact/index.js";
import type { BlockHandle } from "./query-messages.js";

export interface BlockLease {
  readonly blocks: readonly BlockHandle[];
  /** Once, when the query has ended. */
  release(): void;
}

/** What queries ask; a double of it has no blocks. */
export interface BlockSource {
  acquire(): BlockLease;
  /** A query could not read a block; it was left out of the answer. */
  reportDamage(ulid: string, reason: string): void;
}

export const NO_BLOCKS: BlockSource = {
  acquire: () => ({ blocks: [], release: () => {} }),
  reportDamage: () => {},
};

interface Generation {
  readonly handles: readonly BlockHandle[];
  users: number;
}

export class BlockList implements BlockSource {
  onDamage: (ulid: string, reason: string) => void = () => {};
  #blocks: readonly LoadedBlock[] = [];
  #current: Generation = { handles: [], users: 0 };
  readonly #older = new Set<Generation>();
  #waiting: { readonly generations: Set<Generation>; readonly resolve: () => void }[] = [];

  get blocks(): readonly LoadedBlock[] {
    return this.#blocks;
  }

  acquire(): BlockLease {
    const generation = this.#current;
    generation.users++;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      generation.users--;
      if (generation.users === 0 && generation !== this.#current) this.#ended(generation);
    };
    return { blocks: generation.handles, release };
  }

  reportDamage(ulid: string, reason: string): void {
    this.#replace(this.#blocks.filter(({ meta }) => meta.ulid !== ulid));
    this.onDamage(ulid, reason);
  }

  /** Queries that begin from now on read these. */
  publish(blocks: readonly LoadedBlock[]): void {
    this.#replace(blocks);
  }

  /** One more block, which the next `publish` will have too. */
  add(block: LoadedBlock): void {
    const blocks = [...this.#blocks.filter(({ meta }) => meta.ulid !== block.meta.ulid), block];
    this.#replace(blocks.sort((a, b) => a.meta.minTimeMs - b.meta.minTimeMs));
  }

  /** Resolves when every query that began before the call has ended. */
  settled(): Promise<void> {
    this.#replace(this.#blocks);
    const generations = new Set(this.#older);
    if (generations.size === 0) return Promise.resolve();
    const done = deferred<void>();
    this.#waiting.push({ generations, resolve: () => done.resolve() });
    return done.promise;
  }

  #replace(blocks: readonly LoadedBlock[]): void {
    this.#blocks = blocks;
    const before = this.#current;
    this.#current = { handles: blocks.map(handleOf), users: 0 };
    if (before.users > 0) this.#older.add(before);
  }

  #ended(generation: Generation): void {
    this.#older.delete(generation);
    this.#waiting = this.#waiting.filter(({ generations, resolve }) => {
      generations.delete(generation);
      if (generations.size > 0) return true;
      resolve();
      return false;
    });
  }
}

function handleOf({ meta, dir, tombstonesVersion }: LoadedBlock): BlockHandle {
  return { ulid: meta.ulid, dir, version: tombstonesVersion, minTimeMs: meta.minTimeMs, maxTimeMs: meta.maxTimeMs };
}
