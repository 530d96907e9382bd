/**
 * The log of an agent: now and then what was sent goes. Series without a sample since the bound leave memory, segments before
 * it become a checkpoint:
 *
 *   bound = the time up to which every endpoint has been sent to, less the minimum; never older than the maximum
 *   ─► shards close chunks and forget idle series ─► checkpoint
 */
import { errorMessage, type Logger } from "../../base/index.js";
import type { CutShards, CutStorage } from "./head-cutter.js";

export interface AgentLogOptions {
  readonly truncateMs: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

export interface AgentLogDeps {
  readonly shards: Pick<CutShards, "heads" | "closeChunks" | "truncate">;
  readonly storage: CutStorage;
  /** Newest time that each endpoint has been sent; none where there is no endpoint. */
  readonly sentMs: () => readonly number[];
  readonly nowMs: () => number;
  readonly log: Logger;
}

export class AgentLog {
  readonly counters = {
    truncations: 0,
    truncationsFailed: 0,
    truncateSeconds: 0,
    checkpoints: 0,
    checkpointsFailed: 0,
    checkpointDeletions: 0,
  };
  readonly #options: AgentLogOptions;
  readonly #deps: AgentLogDeps;
  /** Series that are gone, and the last segment of the log that may name each. */
  readonly #gone = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: AgentLogOptions, deps: AgentLogDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Series that a segment may still name. */
  get goneCount(): number {
    return this.#gone.size;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#work = this.#work.then(() => this.truncate());
    }, this.#options.truncateMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /** Never rejects: a failure is logged and counted, and the next time does its work too. */
  async truncate(): Promise<void> {
    const { counters } = this;
    const { log } = this.#deps;
    const startedMs = performance.now();
    try {
      await this.#truncateBefore(this.boundMs());
      counters.truncations++;
      counters.truncateSeconds += (performance.now() - startedMs) / 1000;
    } catch (error) {
      counters.truncationsFailed++;
      log.warn("failed to truncate WAL", { err: errorMessage(error) });
    }
  }

  boundMs(): number {
    const { minTimeMs, maxTimeMs } = this.#options;
    const { sentMs, nowMs } = this.#deps;
    const sent = sentMs();
    const lowestMs = sent.length === 0 ? 0 : Math.min(...sent);
    return Math.max(lowestMs - minTimeMs, nowMs() - maxTimeMs, 0);
  }

  async #truncateBefore(boundMs: number): Promise<void> {
    const { shards, storage, log } = this.#deps;
    const { counters } = this;
    await shards.closeChunks(boundMs);
    for (const { removedRefs, walSegment } of await shards.truncate(boundMs)) {
      for (const ref of removedRefs) this.#gone.set(ref, walSegment);
    }
    try {
      const reply = await storage.run({
        kind: "checkpoint",
        heads: shards.heads(),
        minTimeMs: boundMs,
        goneRefs: Float64Array.from(this.#gone.keys()),
        goneSegments: Float64Array.from(this.#gone.values()),
      });
      for (const warning of reply.warnings) log.warn("Damage in the write-ahead log", { err: warning });
      const { lastSegment } = reply;
      if (lastSegment === undefined) return;
      counters.checkpoints++;
      counters.checkpointDeletions++;
      for (const [ref, segment] of this.#gone) if (segment <= lastSegment) this.#gone.delete(ref);
      log.info("WAL checkpoint complete", { last: lastSegment, series: reply.series, dropped: reply.seriesDropped });
    } catch (error) {
      counters.checkpointsFailed++;
      throw error;
    }
  }
}
