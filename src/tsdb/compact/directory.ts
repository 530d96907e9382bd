/**
 * The blocks in a data directory: found, cleaned up after a crash, taken out when they are damaged, removed. One thread
 * changes a directory at a time.
 */
import { join } from "node:path";
import { CorruptionError, errorCode, errorMessage, type Files, type Logger } from "../../base/index.js";
import {
  Block,
  type BlockMeta,
  blockBytes,
  CREATION_SUFFIX,
  DELETION_SUFFIX,
  isUlid,
  PageCache,
  removeTree,
  tombstonesVersion,
} from "../block/index.js";

/** A damaged block gets this ending: neither we nor Prometheus look at it then, and people can. */
export const CORRUPT_SUFFIX = ".corrupt";
const TEMPORARY_SUFFIXES = [CREATION_SUFFIX, DELETION_SUFFIX, ".tmp"];
/** A block that cannot be opened may be one that somebody copies here just now: it is taken out when it stays so. */
const ATTEMPTS = 3;

export interface LoadedBlock {
  readonly meta: BlockMeta;
  readonly dir: string;
  readonly bytes: number;
  readonly symbolTableBytes: number;
  /** Another one after each change of what is deleted. */
  readonly tombstonesVersion: string;
}

export interface QuarantinedBlock {
  readonly ulid: string;
  readonly reason: string;
}

export interface DirectoryState {
  /** In order of time; without those that another one replaces. */
  readonly blocks: readonly LoadedBlock[];
  /** To be removed when no query reads them: marked, or parents of another block. */
  readonly obsolete: readonly string[];
  readonly quarantined: readonly QuarantinedBlock[];
}

export class BlockDirectory {
  readonly #files: Files;
  readonly #dir: string;
  readonly #log: Logger;
  readonly #cache = new PageCache(1 << 20);
  readonly #failures = new Map<string, number>();
  /** What was opened before is not opened again. */
  #known = new Map<string, { readonly symbolTableBytes: number }>();

  constructor(files: Files, dir: string, log: Logger) {
    this.#files = files;
    this.#dir = dir;
    this.#log = log;
  }

  /** Removes what a crash left halfway. Only before anything else works in the directory. */
  removeLeftovers(): void {
    for (const name of this.#files.readdir(this.#dir)) {
      const suffix = TEMPORARY_SUFFIXES.find((each) => name.endsWith(each));
      if (suffix === undefined || !isUlid(name.slice(0, -suffix.length))) continue;
      this.#log.warn("Found and deleted tmp block dir", { dir: join(this.#dir, name) });
      removeTree(this.#files, join(this.#dir, name));
    }
  }

  /** @param isStart  a damaged block is taken out at once; nobody copies blocks into a directory that starts. */
  load(isStart: boolean): DirectoryState {
    const loaded = new Map<string, LoadedBlock>();
    const broken = new Map<string, unknown>();
    for (const ulid of this.#files.readdir(this.#dir).filter(isUlid)) {
      try {
        loaded.set(ulid, this.#open(ulid));
        this.#failures.delete(ulid);
      } catch (error) {
        if (!(error instanceof CorruptionError) && !["ENOENT", "ENOTDIR"].includes(errorCode(error))) throw error;
        broken.set(ulid, error);
      }
    }
    const obsolete = new Set<string>();
    for (const { meta } of loaded.values()) {
      if (meta.compaction.isDeletable) obsolete.add(meta.ulid);
      for (const { ulid } of meta.compaction.parents) if (loaded.has(ulid) || broken.has(ulid)) obsolete.add(ulid);
    }
    const quarantined: QuarantinedBlock[] = [];
    for (const [ulid, error] of broken) {
      const attempts = (this.#failures.get(ulid) ?? 0) + 1;
      this.#failures.set(ulid, attempts);
      const isPart = errorCode(error) === "ENOENT";
      if (obsolete.has(ulid)) continue;
      if (isPart || (!isStart && attempts < ATTEMPTS)) {
        this.#log.warn("A block is left out, since it cannot be opened", { ulid, err: errorMessage(error) });
      } else {
        quarantined.push(this.quarantine(ulid, errorMessage(error)));
      }
    }
    const blocks = [...loaded.values()].filter(({ meta }) => !obsolete.has(meta.ulid));
    blocks.sort((a, b) => a.meta.minTimeMs - b.meta.minTimeMs || a.meta.maxTimeMs - b.meta.maxTimeMs);
    this.#known = new Map([...loaded].map(([ulid, { symbolTableBytes }]) => [ulid, { symbolTableBytes }]));
    return { blocks, obsolete: [...obsolete], quarantined };
  }

  /** Takes a damaged block out: it is neither read nor removed any more. */
  quarantine(ulid: string, reason: string): QuarantinedBlock {
    const from = join(this.#dir, ulid);
    const to = `${from}${CORRUPT_SUFFIX}`;
    try {
      removeTree(this.#files, to);
      this.#files.rename(from, to);
      this.#files.fsyncDir(this.#dir);
      this.#log.error("A damaged block is taken out of the database; the rest is served. Repair it, or delete it", {
        dir: to,
        err: reason,
      });
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
    return { ulid, reason };
  }

  /** Removes a block: after the rename a crash leaves nothing that looks like one. */
  remove(ulid: string): void {
    const from = join(this.#dir, ulid);
    const to = `${from}${DELETION_SUFFIX}`;
    try {
      removeTree(this.#files, to);
      this.#files.rename(from, to);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return;
      throw error;
    }
    this.#files.fsyncDir(this.#dir);
    removeTree(this.#files, to);
    this.#log.info("Deleting obsolete block", { block: ulid });
  }

  #open(ulid: string): LoadedBlock {
    const dir = join(this.#dir, ulid);
    const block = Block.open(this.#files, dir, this.#cache);
    const symbolTableBytes = this.#known.get(ulid)?.symbolTableBytes ?? block.index.symbolTableBytes;
    block.release();
    return {
      meta: block.meta,
      dir,
      bytes: blockBytes(this.#files, dir),
      symbolTableBytes,
      tombstonesVersion: tombstonesVersion(this.#files, dir),
    };
  }
}
