/**
 * Turns the head's old part into blocks. When the head spans more than one and a half ranges, its oldest range goes:
 *
 *   raise the least valid time ─► shards close chunks of the range ─► a storage thread writes the block ─► queries have the
 *   block, and those that began without it have ended ─► shards truncate ─► queries that may know what went have ended
 *   ─► files of chunks_head go ─► checkpoint
 *
 * Then what is stored out of order goes, all of it, as in Prometheus:
 *
 *   a new segment of wbl begins ─► shards seal what they have ─► a storage thread writes blocks, one a range ─► as above ─►
 *   shards forget what was sealed ─► segments of wbl before the new one go
 *
 * Whatever fails is tried again: what was done before stays right. Queries read every sample in the head, in the block, or in
 * both (merging takes it once), never in neither.
 */
import { errorMessage, type Logger, VestalError } from "../../base/index.js";
import type { ControlMemory } from "../../shard/index.js";
import type { BlockMeta } from "../../tsdb/block/index.js";
import type { TruncatedMessage } from "./ingest-messages.js";
import type { HeadHandle } from "./query-messages.js";
import type { CheckpointReply, StorageReplies, StorageTask } from "./storage-messages.js";

const LOOK_INTERVAL_MS = 1000;
/** After a failure, such as a full disk: Prometheus too waits for a minute. */
const RETRY_MS = 60_000;
const NO_FILE = 0xffffffff;

export interface HeadCutterOptions {
  readonly chunkRangeMs: number;
  /** A range that is due waits for so long first, so that many servers do not all cut at once. */
  readonly delayMs?: number;
  readonly lookIntervalMs?: number;
  readonly retryMs?: number;
}

export interface CutShards {
  readonly isReady: boolean;
  heads(): readonly HeadHandle[];
  closeChunks(beforeMs: number): Promise<void>;
  truncate(minTimeMs: number): Promise<readonly TruncatedMessage[]>;
  /** Whether samples may be stored out of order, or were. */
  readonly hasOutOfOrder: boolean;
  sealOutOfOrder(): Promise<number>;
  truncateOutOfOrder(): Promise<number>;
  setReplayFrom(minTimeMs: number): void;
}

export interface CutStorage {
  run<Kind extends StorageTask["kind"]>(task: StorageTask & { readonly kind: Kind }): Promise<StorageReplies[Kind]>;
}

export interface CutQueries {
  /** Queries that begin from now on read the block. */
  addBlock(meta: BlockMeta): Promise<void> | void;
  /** Resolves when every query that has begun before the call has ended. */
  settled(): Promise<void>;
}

export class HeadCutter {
  readonly counters = {
    headTruncations: 0,
    headTruncationsFailed: 0,
    headGcSeconds: 0,
    chunksRemoved: 0,
    walTruncations: 0,
    walTruncationsFailed: 0,
    walTruncateSeconds: 0,
    checkpoints: 0,
    checkpointsFailed: 0,
    checkpointDeletions: 0,
    cuts: 0,
    cutsFailed: 0,
    outOfOrderCuts: 0,
    wblTruncations: 0,
    wblTruncationsFailed: 0,
  };
  readonly #options: HeadCutterOptions;
  readonly #control: ControlMemory;
  readonly #shards: CutShards;
  readonly #storage: CutStorage;
  readonly #queries: CutQueries;
  readonly #log: Logger;
  /** Series that are gone, and the last segment of the log that may name each. */
  readonly #gone = new Map<number, number>();
  /** A block has everything below it, and the shards have not all forgotten that yet. */
  #truncateTo: number | undefined;
  #isOutOfOrderDue = false;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  /** Callers of `exclusively` that wait or work. */
  #holders = 0;
  #isStopping = false;
  #nextTryMs = 0;
  /** When the first range became due; undefined while none is. */
  #dueSinceMs: number | undefined;

  constructor(
    options: HeadCutterOptions,
    deps: {
      readonly control: ControlMemory;
      readonly shards: CutShards;
      readonly storage: CutStorage;
      readonly queries: CutQueries;
      readonly log: Logger;
    },
  ) {
    this.#options = options;
    this.#control = deps.control;
    this.#shards = deps.shards;
    this.#storage = deps.storage;
    this.#queries = deps.queries;
    this.#log = deps.log;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), this.#options.lookIntervalMs ?? LOOK_INTERVAL_MS);
  }

  /** No range is cut while `work` runs: it begins when what is under way has ended. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++;
    const result = this.#work.then(work).finally(() => {
      this.#holders--;
    });
    this.#work = result.then(
      () => undefined,
      () => undefined, // whoever asked gets the error
    );
    return result;
  }

  /** What is under way goes on until its present step is done. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  /** The end of the range that is due, undefined if none is. */
  dueEndMs(): number | undefined {
    const { minTimeMs, maxTimeMs } = this.#control;
    const { chunkRangeMs } = this.#options;
    if (minTimeMs === undefined || maxTimeMs === undefined) return undefined;
    if (maxTimeMs - minTimeMs <= (chunkRangeMs / 2) * 3) return undefined;
    return Math.trunc(minTimeMs / chunkRangeMs) * chunkRangeMs + chunkRangeMs;
  }

  #look(): void {
    if (
      this.#isBusy ||
      this.#holders > 0 ||
      this.#isStopping ||
      !this.#shards.isReady ||
      performance.now() < this.#nextTryMs
    )
      return;
    const isDue = this.dueEndMs() !== undefined;
    // As there: whatever is due when the delay is over is cut together.
    this.#dueSinceMs = isDue ? (this.#dueSinceMs ?? performance.now()) : undefined;
    const waits = this.#dueSinceMs === undefined || performance.now() - this.#dueSinceMs < (this.#options.delayMs ?? 0);
    if (this.#truncateTo === undefined && waits && !this.#isOutOfOrderDue) return;
    this.#isBusy = true;
    this.#work = this.#cutAll().finally(() => {
      this.#isBusy = false;
    });
  }

  /** Never rejects: a failure is logged, counted, and tried again later. */
  async #cutAll(): Promise<void> {
    try {
      while (!this.#isStopping) {
        if (this.#truncateTo !== undefined) await this.#truncate(this.#truncateTo);
        const endMs = this.dueEndMs();
        if (endMs === undefined) break;
        await this.#cut(endMs);
      }
      if (this.#isOutOfOrderDue && !this.#isStopping) await this.cutOutOfOrder();
    } catch (error) {
      if (this.#isStopping) return;
      this.#nextTryMs = performance.now() + (this.#options.retryMs ?? RETRY_MS);
      this.#log.error("Turning the head's oldest range into a block failed; it is tried again", {
        err: errorMessage(error),
      });
    }
  }

  async #cut(endMs: number): Promise<void> {
    const startedMs = performance.now();
    try {
      this.#control.requestCut(endMs);
      await this.#shards.closeChunks(endMs);
      const minTimeMs = this.#control.minTimeMs ?? endMs;
      const meta = await this.#storage.run({ kind: "cut", heads: this.#shards.heads(), minTimeMs, maxTimeMs: endMs });
      if (meta !== undefined) {
        await this.#queries.addBlock(meta);
        this.counters.cuts++;
        this.#log.info("write block", {
          mint: meta.minTimeMs,
          maxt: meta.maxTimeMs,
          ulid: meta.ulid,
          duration: `${(performance.now() - startedMs).toFixed(1)}ms`,
        });
      }
    } catch (error) {
      this.counters.cutsFailed++;
      throw error;
    }
    this.#truncateTo = endMs;
    this.#shards.setReplayFrom(endMs);
  }

  async #truncate(endMs: number): Promise<void> {
    await this.#queries.settled();
    let answers: readonly TruncatedMessage[];
    try {
      answers = await this.#shards.truncate(endMs);
    } catch (error) {
      this.counters.headTruncationsFailed++;
      throw error;
    }
    this.#control.raiseMinTime(endMs);
    this.#truncateTo = undefined;
    this.counters.headTruncations++;
    for (const { removedRefs, walSegment, chunksRemoved, seconds } of answers) {
      for (const ref of removedRefs) this.#gone.set(ref, walSegment);
      this.counters.chunksRemoved += chunksRemoved;
      this.counters.headGcSeconds += seconds;
    }
    this.#log.info("Head GC completed", {
      caller: "truncateMemory",
      series: answers.reduce((sum, { removedRefs }) => sum + removedRefs.length, 0),
      duration: `${(1000 * Math.max(...answers.map(({ seconds }) => seconds))).toFixed(1)}ms`,
    });
    await this.#queries.settled();
    const firstFile = Math.min(...answers.map(({ lowestFile }) => lowestFile));
    await this.#storage.run({ kind: "trim-chunks-head", firstFile: firstFile === NO_FILE ? NO_FILE : firstFile });
    await this.#checkpoint(endMs);
    this.#isOutOfOrderDue = this.#shards.hasOutOfOrder;
  }

  /** Everything stored out of order into blocks; by others only within `exclusively`. What fails is tried again. */
  async cutOutOfOrder(): Promise<void> {
    const startedMs = performance.now();
    this.#isOutOfOrderDue = true;
    // Behind it come only samples that are not sealed, or are and come again with a replay: that is harmless.
    const lastSegment = await this.#storage.run({ kind: "rotate-wbl" });
    const heads = this.#shards.heads();
    if ((await this.#shards.sealOutOfOrder()) > 0) {
      const blocks = await this.#storage.run({ kind: "cut-out-of-order", heads });
      for (const meta of blocks) {
        await this.#queries.addBlock(meta);
        this.counters.outOfOrderCuts++;
        this.#log.info("write block", {
          mint: meta.minTimeMs,
          maxt: meta.maxTimeMs,
          ulid: meta.ulid,
          ooo: true,
          duration: `${(performance.now() - startedMs).toFixed(1)}ms`,
        });
      }
      await this.#queries.settled();
      const firstFile = await this.#shards.truncateOutOfOrder();
      await this.#queries.settled();
      await this.#storage.run({ kind: "trim-chunks-head", firstFile });
    }
    // A shard that was rebuilt meanwhile has samples of these segments which were not sealed, and are in no block.
    const now = this.#shards.heads();
    const isSame = heads.every(({ shard, generation }) =>
      now.some((head) => head.shard === shard && head.generation === generation),
    );
    if (!isSame) throw new VestalError("SHARD_LOST", "a shard was rebuilt while samples out of order became blocks");
    try {
      await this.#storage.run({ kind: "truncate-wbl", lastSegment });
    } catch (error) {
      this.counters.wblTruncationsFailed++;
      throw error;
    }
    this.counters.wblTruncations++;
    this.#isOutOfOrderDue = false;
  }

  async #checkpoint(minTimeMs: number): Promise<void> {
    const { counters } = this;
    let reply: CheckpointReply;
    try {
      reply = await this.#storage.run({
        kind: "checkpoint",
        heads: this.#shards.heads(),
        minTimeMs,
        goneRefs: Float64Array.from(this.#gone.keys()),
        goneSegments: Float64Array.from(this.#gone.values()),
      });
    } catch (error) {
      counters.checkpointsFailed++;
      counters.walTruncationsFailed++;
      this.#log.error("WAL truncation in Compact failed", { err: errorMessage(error) });
      return; // the log is longer than it need be, and nothing else is wrong
    }
    counters.walTruncations++;
    counters.walTruncateSeconds += reply.seconds;
    for (const warning of reply.warnings) this.#log.warn("Damage in the write-ahead log", { err: warning });
    const { lastSegment } = reply;
    if (lastSegment === undefined) return;
    counters.checkpoints++;
    counters.checkpointDeletions++;
    for (const [ref, segment] of this.#gone) if (segment <= lastSegment) this.#gone.delete(ref);
    this.#log.info("WAL checkpoint complete", {
      last: lastSegment,
      series: reply.series,
      series_dropped: reply.seriesDropped,
      duration: `${(reply.seconds * 1000).toFixed(1)}ms`,
    });
  }
}
