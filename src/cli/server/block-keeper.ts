/**
 * The main thread's care for blocks: asks the storage thread to find, compact and remove them, and tells queries which there
 * are. A block is removed only when it has left the list and every query that may read it has ended.
 */
import { errorMessage, type Logger } from "../../base/index.js";
import type { BlockMeta } from "../../tsdb/block/index.js";
import type { BlockList } from "./block-list.js";
import type { BlockLimits, BlockReplies, BlocksReply, BlockTask, CompactReply } from "./block-tasks.js";

/** More often is set to this, as there. */
const RELOAD_INTERVAL_MS_MIN = 1000;

export interface BlockStorage {
  run<Kind extends BlockTask["kind"]>(task: BlockTask & { readonly kind: Kind }): Promise<BlockReplies[Kind]>;
}

export interface BlockKeeperOptions {
  readonly dataDir: string;
  readonly minBlockMs: number;
  /** How often to look for blocks; small blocks are looked for more often. */
  readonly reloadMs: number;
  /** Asked each time: a reload of the configuration may change them. */
  readonly limits: () => BlockLimits;
}

export interface CompactionTiming {
  readonly seconds: number;
  readonly chunkSamples: number;
  readonly chunkBytes: number;
  readonly chunkRangeSeconds: number;
}

export class BlockKeeper {
  readonly counters = {
    reloads: 0,
    reloadsFailed: 0,
    compactionsTriggered: 0,
    compactions: 0,
    compactionsFailed: 0,
    compactionsSkipped: 0,
    verticalCompactions: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
    quarantined: 0,
  };
  /** Told of each compaction: its time, and the mean of its chunks. */
  onCompaction: (timing: CompactionTiming) => void = () => {};
  /** Blocks that were taken out since the start. */
  readonly quarantined: { readonly ulid: string; readonly reason: string }[] = [];
  readonly #options: BlockKeeperOptions;
  readonly #storage: BlockStorage;
  readonly #list: BlockList;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  /** Cycles one after the other. */
  #work: Promise<void> = Promise.resolve();
  #isQueued = false;
  #isStopping = false;
  #isPaused = false;
  #isCompacting = false;

  constructor(options: BlockKeeperOptions, deps: { storage: BlockStorage; list: BlockList; log: Logger }) {
    this.#options = options;
    this.#storage = deps.storage;
    this.#list = deps.list;
    this.#log = deps.log;
    this.#list.onDamage = (ulid, reason) => this.#quarantine(ulid, reason);
  }

  get isCompacting(): boolean {
    return this.#isCompacting;
  }

  /** Finds the blocks at the start; queries and replay come after it. @throws if the directory cannot be read. */
  async open(): Promise<void> {
    const reply = await this.#storage.run({ kind: "load-blocks", isStart: true, limits: this.#options.limits() });
    await this.#apply(reply);
  }

  start(): void {
    const { minBlockMs, reloadMs } = this.#options;
    const interval = Math.max(RELOAD_INTERVAL_MS_MIN, Math.min(reloadMs, minBlockMs / 4));
    this.#timer = setInterval(() => this.poke(), interval);
    this.poke();
  }

  /** Looks for work soon: a block has been cut, or the time has come. */
  poke(): void {
    if (this.#isQueued || this.#isStopping) return;
    this.#isQueued = true;
    void this.exclusively(() => {
      this.#isQueued = false;
      return this.#cycle();
    });
  }

  /** Nothing is compacted, removed or reloaded while `work` runs. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.then(
      () => undefined,
      () => undefined, // whoever asked gets the error
    );
    return result;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  // ── what the cutting of heads asks ─────────────────────────────────────────────────────────────────────────────

  /** Queries that begin from now on read the block. */
  addBlock(meta: BlockMeta): void {
    this.#list.add({
      meta,
      dir: `${this.#options.dataDir}/${meta.ulid}`,
      bytes: 0, // known after the next reload
      symbolTableBytes: 0,
      tombstonesVersion: "new",
    });
    this.poke();
  }

  settled(): Promise<void> {
    return this.#list.settled();
  }

  /** Finds blocks anew and lets queries have them; whoever changed a block calls it. */
  async reload(): Promise<void> {
    const reply = await this.#storage.run({ kind: "load-blocks", isStart: false, limits: this.#options.limits() });
    await this.#apply(reply);
  }

  // ── cycles ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Never rejects. */
  async #cycle(): Promise<void> {
    try {
      await this.reload();
      while (!this.#isStopping && !this.#isPaused && (await this.#compactOnce())) {
        // One compaction may make another due.
      }
    } catch (error) {
      this.counters.reloadsFailed++;
      this.counters.reloads++;
      if (!this.#isStopping) this.#log.error("reloadBlocks failed; it is tried again", { err: errorMessage(error) });
    }
  }

  /** Whether something was compacted. */
  async #compactOnce(): Promise<boolean> {
    let reply: CompactReply;
    this.#isCompacting = true;
    this.counters.compactionsTriggered++;
    try {
      reply = await this.#storage.run({ kind: "compact-blocks", limits: this.#options.limits() });
    } catch (error) {
      if (this.#isStopping) return false;
      this.counters.compactionsFailed++;
      this.#log.error("compaction failed; it is tried again", { err: errorMessage(error) });
      return false;
    } finally {
      this.#isCompacting = false;
    }
    if (reply.damaged !== undefined) {
      this.counters.compactionsFailed++;
      this.#note(reply.damaged);
    } else if (reply.parents !== undefined) {
      this.counters.compactions++;
      if (reply.isOverlapping) this.counters.verticalCompactions++;
      const { figures, seconds } = reply;
      const chunks = Math.max(1, figures?.chunkCount ?? 0);
      this.onCompaction({
        seconds,
        chunkSamples: (figures?.sampleCount ?? 0) / chunks,
        chunkBytes: (figures?.chunkBytes ?? 0) / chunks,
        chunkRangeSeconds: (figures?.chunkRangeMs ?? 0) / chunks / 1000,
      });
    }
    await this.#apply(reply.state);
    return reply.parents !== undefined;
  }

  /** Shows queries what there is, and removes what no query reads any more. */
  async #apply(reply: BlocksReply): Promise<void> {
    this.counters.reloads++;
    this.#list.publish(reply.blocks);
    const { byTime, bySize } = reply.expired;
    if (byTime.length > 0) this.counters.timeRetentions++;
    if (bySize.length > 0) this.counters.sizeRetentions++;
    for (const one of reply.quarantined) this.#note(one);
    const gone = [...new Set([...reply.obsolete, ...byTime, ...bySize])];
    if (gone.length === 0) return;
    await this.#list.settled();
    await this.#storage.run({ kind: "remove-blocks", ulids: gone });
  }

  #quarantine(ulid: string, reason: string): void {
    void this.exclusively(() => this.#takeOut(ulid, reason)).catch((error: unknown) => {
      this.#log.error("A damaged block could not be taken out", { ulid, err: errorMessage(error) });
    });
  }

  async #takeOut(ulid: string, reason: string): Promise<void> {
    if (this.quarantined.some((one) => one.ulid === ulid)) return;
    this.#note(await this.#storage.run({ kind: "quarantine-block", ulid, reason }));
  }

  #note(one: { readonly ulid: string; readonly reason: string }): void {
    this.counters.quarantined++;
    this.quarantined.push(one);
  }
}
