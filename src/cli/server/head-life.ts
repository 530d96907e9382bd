/**
 * What one shard's thread does with its head beside ingesting: closed chunks leave for chunks_head, at a start those that
 * lie there come back. All of it between two commits, in steps that a scrape does not notice.
 */
import {
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_ON_DISK,
  COUNTER_DUPLICATE,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_OUT_OF_ORDER,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SERIES,
  COUNTERS,
} from "../../../assembly/layout.js";
import { errorMessage, type Files, type Logger, VestalError } from "../../base/index.js";
import { CONTROL_CHUNKS_HEAD_STATE, type ControlMemory, type ShardTask } from "../../shard/index.js";
import {
  ChunkFlusher,
  ChunksHeadState,
  ChunksHeadWriter,
  type DiskKernels,
  type LoadedChunks,
  loadChunksHead,
} from "../../tsdb/chunks-head/index.js";
import type { Head } from "../../tsdb/head/index.js";
import type { HeadChunksOutcome, IngestData } from "./ingest-messages.js";

/** How often the thread looks whether closed chunks are worth a pass. */
const LOOK_INTERVAL_MS = 1000;
/** A pass is worth it when one series in so many has a closed chunk, or after so long (Prometheus: each minute). */
const SERIES_PER_CLOSED = 16;
const PASS_INTERVAL_MS = 60_000;
/** After a pass that failed: a full disk does not get better within a second. */
const PASS_RETRY_MS = 10_000;
/** During replay a pass runs when so many chunks are closed, or one for every second series. */
const REPLAY_CLOSED_MIN = 4096;

export interface HeadLifeDeps {
  readonly task: ShardTask<IngestData>;
  readonly files: Files;
  readonly control: ControlMemory;
  readonly head: Head;
  readonly log: Logger;
}

export class HeadLife {
  readonly #deps: HeadLifeDeps;
  readonly #kernels: DiskKernels;
  readonly #state: ChunksHeadState;
  readonly #writer: ChunksHeadWriter;
  #flusher: ChunkFlusher;
  #timer: NodeJS.Timeout | undefined;
  /** The work under way in steps; one at a time. */
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isStopping = false;
  #nextPassMs = 0;
  #lastPassMs = performance.now();

  constructor(deps: HeadLifeDeps) {
    const { task, files, control, head } = deps;
    this.#deps = deps;
    this.#kernels = head.kernels as unknown as DiskKernels; // the ingest instance has all kernels
    this.#state = new ChunksHeadState(control.buffer, CONTROL_CHUNKS_HEAD_STATE);
    this.#writer = new ChunksHeadWriter({
      dir: task.data.settings.chunksHeadDir,
      files,
      state: this.#state,
      ownerId: task.shard + 1,
    });
    this.#flusher = new ChunkFlusher(head, this.#kernels, this.#writer);
  }

  // ── start ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What lies in chunks_head, for `replay` of the log to take over. */
  load(): LoadedChunks {
    const { task, files, head } = this.#deps;
    const { data } = task;
    const loaded = loadChunksHead({
      dir: data.settings.chunksHeadDir,
      files,
      kernels: this.#kernels,
      memory: head.memory,
      state: this.#state,
      ownerId: task.shard + 1,
      end: data.chunksHeadEnd,
      minValidTimeMs: data.minValidTimeMs,
      mends: data.replayEnd === undefined,
    });
    return loaded;
  }

  /** Called between two batches of a replay: keeps the memory of closed chunks bounded. */
  replayed(): void {
    const closed = this.#closedInMemory();
    if (closed < Math.max(REPLAY_CLOSED_MIN, this.#counter(COUNTER_SERIES) / 2)) return;
    if (performance.now() < this.#nextPassMs) return;
    try {
      const pass = this.#flusher.pass();
      while (!pass.next().done);
    } catch (error) {
      this.#passFailed(error);
    }
  }

  /** Ends a replay: figures, and counters that only count what happens from now on. */
  outcome(loaded: LoadedChunks): HeadChunksOutcome {
    const { floats } = this.#deps.head;
    for (const counter of [COUNTER_OUT_OF_ORDER, COUNTER_DUPLICATE, COUNTER_OUT_OF_BOUNDS]) {
      floats[(COUNTERS >> 3) + counter] = 0;
    }
    const isEmpty = this.#counter(COUNTER_SAMPLES_APPENDED) === 0;
    return {
      chunks: loaded.chunks,
      attached: loaded.attached,
      maxRef: loaded.maxRef,
      damage: loaded.damage,
      minTimeMs: isEmpty ? undefined : this.#counter(COUNTER_MIN_TIME),
      maxTimeMs: isEmpty ? undefined : this.#counter(COUNTER_MAX_TIME),
    };
  }

  // ── between commits ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param mutate  marks the head as changing, as a commit does.
   * @param onBroken  an error that storage does not know: the thread must end.
   */
  begin(mutate: <T>(work: () => T) => T, onBroken: (error: unknown) => void): void {
    this.#flusher.close();
    this.#flusher = new ChunkFlusher({ memory: this.#deps.head.memory, mutate }, this.#kernels, this.#writer);
    this.#timer = setInterval(() => {
      if (this.#isPassDue()) this.#run(this.#flusher.pass(), onBroken);
    }, LOOK_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#work;
    this.#writer.close();
  }

  #isPassDue(): boolean {
    const nowMs = performance.now();
    const closed = this.#closedInMemory();
    if (this.#isBusy || closed <= 0 || nowMs < this.#nextPassMs) return false;
    const isMuch = closed >= Math.max(1, this.#counter(COUNTER_SERIES) / SERIES_PER_CLOSED);
    return isMuch || nowMs - this.#lastPassMs >= PASS_INTERVAL_MS;
  }

  #run(pass: Generator<void, number>, onBroken: (error: unknown) => void): void {
    this.#isBusy = true;
    this.#work = this.#steps(pass)
      .catch((error: unknown) => {
        if (error instanceof VestalError && error.code !== "ASSERTION" && error.code !== "HEAD_BROKEN") {
          this.#passFailed(error);
        } else onBroken(error);
      })
      .finally(() => {
        this.#isBusy = false;
        this.#lastPassMs = performance.now();
      });
  }

  async #steps(pass: Generator<void, number>): Promise<void> {
    while (!this.#isStopping && !pass.next().done) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #passFailed(error: unknown): void {
    if (!(error instanceof VestalError)) throw error;
    this.#nextPassMs = performance.now() + PASS_RETRY_MS;
    this.#deps.log.error("Writing chunks to chunks_head failed; they stay in memory", { err: errorMessage(error) });
  }

  /** About: series without any chunk make it too low. */
  #closedInMemory(): number {
    return this.#counter(COUNTER_CHUNKS) - this.#counter(COUNTER_CHUNKS_ON_DISK) - this.#counter(COUNTER_SERIES);
  }

  #counter(counter: number): number {
    return this.#deps.head.counter(counter);
  }
}
