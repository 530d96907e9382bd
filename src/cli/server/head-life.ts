/**
 * What one shard's thread does with its head beside ingesting: closed chunks leave for chunks_head, at a start those that
 * lie there come back. All of it between two commits, in steps that a scrape does not notice.
 */
import {
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_CREATED,
  COUNTER_CHUNKS_ON_DISK,
  COUNTER_DUPLICATE,
  COUNTER_HISTOGRAMS_TOO_OLD,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OOO_APPENDED,
  COUNTER_OOO_HISTOGRAMS_APPENDED,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_OUT_OF_ORDER,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SERIES,
  COUNTER_SIDES,
  COUNTER_TOO_OLD,
  COUNTERS,
  SLOT_COUNT,
  SLOT_SIDE,
  STAGED_BYTES,
  STAGED_STATUS,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from "../../../assembly/layout.js";
import { errorMessage, type Files, type Logger, VestalError } from "../../base/index.js";
import { CONTROL_CHUNKS_HEAD_STATE, CONTROL_WAL_STATE, type ControlMemory, type ShardTask } from "../../shard/index.js";
import {
  ChunkFlusher,
  type ChunkRecords,
  ChunksHeadState,
  ChunksHeadWriter,
  DiscardedChunks,
  type DiskKernels,
  HeadChunkReader,
  type LoadedChunks,
  loadChunksHead,
} from "../../tsdb/chunks-head/index.js";
import { type Head, isForeseen, truncateDeleted } from "../../tsdb/head/index.js";
import { WalState } from "../../tsdb/wal/index.js";
import type {
  CloseChunksMessage,
  FromIngestThread,
  HeadChunksOutcome,
  IngestData,
  SealOutOfOrderMessage,
  TruncateMessage,
  TruncateOutOfOrderMessage,
} from "./ingest-messages.js";

/** How often the thread looks whether closed chunks are worth a pass. */
const LOOK_INTERVAL_MS = 1000;
/** A pass is worth it when one series in so many has a closed chunk, or after so long (Prometheus: each minute). */
const SERIES_PER_CLOSED = 16;
const PASS_INTERVAL_MS = 60_000;
/** After a pass that failed: a full disk does not get better within a second. */
const PASS_RETRY_MS = 10_000;
/** A job between commits gives way after so long. */
const SLICE_MS = 2;
/** Slots that one step visits: less than a millisecond. */
const STEP_SLOTS = 16_384;
const NO_FILE = 0xffffffff;
/** During replay a pass runs when so many chunks are closed, or one for so many series. */
const REPLAY_CLOSED_MIN = 256;
const REPLAY_SERIES_PER_CLOSED = 8;
/** While less memory than this for each row is left, a batch of a replay goes in parts of so many rows. */
const REPLAY_ROW_BYTES = 2048;
const REPLAY_ROWS_SCARCE = 64;

/** Replay raises them, and they count what happens after it. */
const COUNTERS_SINCE_START = [
  COUNTER_OUT_OF_ORDER,
  COUNTER_DUPLICATE,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_TOO_OLD,
  COUNTER_HISTOGRAMS_TOO_OLD,
  COUNTER_OOO_APPENDED,
  COUNTER_OOO_HISTOGRAMS_APPENDED,
];

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
  readonly #writer: ChunkRecords;
  #flusher: ChunkFlusher;
  #timer: NodeJS.Timeout | undefined;
  /** The work under way in steps; one at a time. */
  #work: Promise<void> = Promise.resolve();
  #jobs = 0;
  #mutate: <T>(work: () => T) => T = (work) => work();
  #syncLog: () => void = () => undefined;
  #onBroken: (error: unknown) => void = () => undefined;
  #isStopping = false;
  #nextPassMs = 0;
  /** COUNTER_REFUSED_MEMORY of what even flushing could not help. */
  #refusedBefore = 0;
  #lastPassMs = performance.now();

  constructor(deps: HeadLifeDeps) {
    const { task, files, control, head } = deps;
    this.#deps = deps;
    this.#kernels = head.kernels as unknown as DiskKernels; // the ingest instance has all kernels
    this.#state = new ChunksHeadState(control.buffer, CONTROL_CHUNKS_HEAD_STATE);
    const { settings } = task.data;
    this.#writer = settings.keepsChunks
      ? new ChunksHeadWriter({ dir: settings.chunksHeadDir, files, state: this.#state, ownerId: task.shard + 1 })
      : new DiscardedChunks();
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

  /**
   * Appends a batch of the log, which is not logged again. Where memory is short it goes in small parts, and closed chunks go
   * to disk before a row is given up: a row that is missing would be a hole in its series.
   */
  appendReplayed(staging: number, rows: number): void {
    const isScarce = this.#deps.head.memoryUse().neverUsedBytes < rows * REPLAY_ROW_BYTES;
    const step = isScarce ? REPLAY_ROWS_SCARCE : rows;
    for (let first = 0; first < rows; first += step) {
      this.#appendPart(staging + first * STAGED_BYTES, Math.min(step, rows - first));
    }
    this.replayed();
  }

  #appendPart(staging: number, rows: number): void {
    const { head } = this.#deps;
    const { kernels, words } = head;
    kernels.validateBatch(staging, rows, Number.NEGATIVE_INFINITY);
    if (this.#counter(COUNTER_REFUSED_MEMORY) > this.#refusedBefore) {
      this.#flushAll();
      this.#setCounter(COUNTER_REFUSED_MEMORY, this.#refusedBefore);
      for (let row = 0; row < rows; row++) {
        const status = (staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2;
        if (words[status] === STATUS_NO_MEMORY) words[status] = STATUS_OK;
      }
      kernels.validateBatch(staging, rows, Number.NEGATIVE_INFINITY);
      this.#refusedBefore = this.#counter(COUNTER_REFUSED_MEMORY);
    }
    const next = (head.committed + 1) >>> 0;
    kernels.appendBatch(staging, rows, next === 0 ? 1 : next);
    head.publish();
  }

  /** Appends one record to chunks_head. @throws VestalError as ChunksHeadWriter.append. */
  writeChunk(record: Uint8Array): { readonly file: number; readonly offset: number } {
    return this.#writer.append(record, 1);
  }

  /** Bytes of chunks_head. @throws VestalError as HeadChunkReader.bytes. */
  readChunk({ file, offset }: { readonly file: number; readonly offset: number }, length: number): Uint8Array {
    const reader = new HeadChunkReader(this.#deps.files, this.#deps.task.data.settings.chunksHeadDir);
    try {
      return reader.bytes(file, offset, length);
    } finally {
      reader.close();
    }
  }

  /** Called between two batches of a replay: keeps the memory of closed chunks bounded. */
  replayed(): void {
    const closed = this.#closedInMemory();
    if (closed >= Math.max(REPLAY_CLOSED_MIN, this.#counter(COUNTER_SERIES) / REPLAY_SERIES_PER_CLOSED))
      this.#flushAll();
  }

  #flushAll(): void {
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
    for (const counter of COUNTERS_SINCE_START) this.#setCounter(counter, 0);
    const refused = this.#counter(COUNTER_REFUSED_MEMORY);
    if (refused > 0) {
      this.#deps.log.error(
        "The head's memory was too small for the replay: series or samples are missing until a start with more of it",
        { refused, remedy: "raise --storage.head.max-memory or the memory limit, and start again" },
      );
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
   * @param syncLog  what chunks on disk have must not outlive what the log has before them: a power cut would leave a hole.
   * @param onBroken  an error that storage does not know: the thread must end.
   */
  begin(mutate: <T>(work: () => T) => T, syncLog: () => void, onBroken: (error: unknown) => void): void {
    this.#flusher.close();
    this.#flusher = new ChunkFlusher({ memory: this.#deps.head.memory, mutate }, this.#kernels, this.#writer);
    this.#mutate = mutate;
    this.#syncLog = syncLog;
    this.#onBroken = onBroken;
    this.#timer = setInterval(() => {
      if (this.#isPassDue()) this.#run(this.#pass());
    }, LOOK_INTERVAL_MS);
  }

  /** Between two commits: later ones respect the bound that was raised before the message. */
  closeChunks({ id, beforeMs }: CloseChunksMessage): void {
    const { control, task } = this.#deps;
    control.acknowledgeCut(task.shard);
    this.#run(this.#close(id, beforeMs));
  }

  truncate(message: TruncateMessage): void {
    this.#run(this.#truncate(message));
  }

  sealOutOfOrder({ id }: SealOutOfOrderMessage): void {
    this.#run(this.#seal(id));
  }

  truncateOutOfOrder({ id }: TruncateOutOfOrderMessage): void {
    this.#run(this.#truncateSealed(id));
  }

  /** Does a job between commits, in steps, behind those under way. */
  run(job: Generator<void, void>): void {
    this.#run(job);
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
    if (this.#jobs > 0 || closed <= 0 || nowMs < this.#nextPassMs) return false;
    const isMuch = closed >= Math.max(1, this.#counter(COUNTER_SERIES) / SERIES_PER_CLOSED);
    return isMuch || nowMs - this.#lastPassMs >= PASS_INTERVAL_MS;
  }

  /** Does a job in steps behind those under way. */
  #run(job: Generator<void, void>): void {
    this.#jobs++;
    this.#work = this.#work
      .then(() => this.#steps(job))
      .catch((error: unknown) => this.#onBroken(error))
      .finally(() => {
        this.#jobs--;
      });
  }

  /** So many steps at a time that a scrape waits a few milliseconds at most. */
  async #steps(job: Generator<void, void>): Promise<void> {
    let startMs = performance.now();
    while (!this.#isStopping && !job.next().done) {
      if (performance.now() - startMs < SLICE_MS) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      startMs = performance.now();
    }
  }

  *#pass(): Generator<void, void> {
    try {
      this.#syncLog();
      yield* this.#flusher.pass();
    } catch (error) {
      if (!isForeseen(error)) throw error;
      this.#passFailed(error);
    }
    this.#lastPassMs = performance.now();
  }

  *#close(id: number, beforeMs: number): Generator<void, void> {
    for (let slot = 0; slot < this.#slotCount(); slot += STEP_SLOTS) {
      this.#mutate(() => this.#kernels.closeOldChunks(slot, STEP_SLOTS, beforeMs));
      yield;
    }
    this.#deps.task.port.postMessage({ type: "chunks-closed", id } satisfies FromIngestThread);
  }

  *#truncate({ id, minTimeMs }: TruncateMessage): Generator<void, void> {
    const { head, task, control } = this.#deps;
    const startMs = performance.now();
    const removed: number[] = [];
    const chunksBefore = this.#counter(COUNTER_CHUNKS);
    const createdBefore = this.#counter(COUNTER_CHUNKS_CREATED);
    const truncation = head.truncateBefore(minTimeMs, (ref) => removed.push(ref));
    for (;;) {
      if (this.#mutate(() => truncation.next()).done) break;
      yield;
    }
    yield* this.#truncateDeleted(minTimeMs);
    const chunksAfter = this.#counter(COUNTER_CHUNKS) - (this.#counter(COUNTER_CHUNKS_CREATED) - createdBefore);
    const walSegment = new WalState(control.buffer, CONTROL_WAL_STATE).position().segment;
    const lowestFile = yield* this.#lowestFile();
    const message: FromIngestThread = {
      type: "truncated",
      id,
      removedRefs: Float64Array.from(removed),
      walSegment,
      lowestFile,
      chunksRemoved: chunksBefore - chunksAfter,
      seconds: (performance.now() - startMs) / 1000,
    };
    task.port.postMessage(message);
  }

  *#truncateDeleted(minTimeMs: number): Generator<void, void> {
    const { head } = this.#deps;
    if (this.#counter(COUNTER_SIDES) === 0) return;
    for (let first = 0; first < this.#slotCount(); first += STEP_SLOTS) {
      const end = Math.min(this.#slotCount(), first + STEP_SLOTS);
      this.#mutate(() => {
        for (let slot = first; slot < end; slot++) {
          if (head.words[(head.slotAddress(slot) + SLOT_SIDE) >>> 2] !== 0) truncateDeleted(head, slot, minTimeMs);
        }
      });
      yield;
    }
  }

  *#lowestFile(): Generator<void, number> {
    let lowestFile = NO_FILE;
    for (let slot = 0; slot < this.#slotCount(); slot += STEP_SLOTS) {
      lowestFile = this.#kernels.lowestFile(slot, STEP_SLOTS, lowestFile) >>> 0;
      yield;
    }
    return lowestFile;
  }

  *#seal(id: number): Generator<void, void> {
    let series = 0;
    for (let slot = 0; slot < this.#slotCount(); slot += STEP_SLOTS) {
      series += this.#deps.head.kernels.sealOutOfOrder(slot, STEP_SLOTS);
      yield;
    }
    this.#deps.task.port.postMessage({ type: "out-of-order-sealed", id, series } satisfies FromIngestThread);
  }

  *#truncateSealed(id: number): Generator<void, void> {
    const { head, task } = this.#deps;
    for (let slot = 0; slot < this.#slotCount(); slot += STEP_SLOTS) {
      this.#mutate(() => head.kernels.truncateOutOfOrder(slot, STEP_SLOTS));
      yield;
    }
    head.kernels.advanceEpoch();
    while (head.kernels.reclaim(STEP_SLOTS) === STEP_SLOTS) yield;
    const lowestFile = yield* this.#lowestFile();
    task.port.postMessage({ type: "out-of-order-truncated", id, lowestFile } satisfies FromIngestThread);
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

  #slotCount(): number {
    return Atomics.load(this.#deps.head.words, SLOT_COUNT >> 2);
  }

  #setCounter(counter: number, value: number): void {
    this.#deps.head.floats[(COUNTERS >> 3) + counter] = value;
  }

  #counter(counter: number): number {
    return this.#deps.head.counter(counter);
  }
}
