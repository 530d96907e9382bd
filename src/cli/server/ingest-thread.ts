/**
 * An ingest thread: one shard. It makes or adopts the head, replays the WAL into it, waits until the log is open for
 * writing, and then scrapes, commits what other threads send, and answers questions about its targets until told to stop.
 */
import { COUNTER_SERIES_CREATED } from "../../../assembly/layout.js";
import {
  errorMessage,
  type Files,
  type Logger,
  type PlainError,
  returnFreeHeap,
  systemClock,
  systemFiles,
  systemTimers,
  toPlain,
  VestalError,
} from "../../base/index.js";
import { type ExpositionKernels, ScrapeParser } from "../../exposition/index.js";
import { Matcher } from "../../model/index.js";
import { metricRelabeler, type RelabelRule } from "../../relabel/index.js";
import { translateOtlpBody } from "../../remote/index.js";
import { createClientContext, ScrapeEngine, TargetClient } from "../../scrape/index.js";
import {
  CONTROL_WAL_STATE,
  CONTROL_WBL_STATE,
  ControlMemory,
  ForeignReceiver,
  ForeignSender,
  SHARD_REPLAYING,
  SHARD_RUNNING,
  SHARD_STOPPED,
  type ShardKernels,
  type ShardTask,
} from "../../shard/index.js";
import {
  addDeleted,
  ExemplarStore,
  Head,
  HistogramChunks,
  MetadataStore,
  OutOfOrderSamples,
} from "../../tsdb/head/index.js";
import { selectSlots } from "../../tsdb/index/index.js";
import {
  CardinalityGuard,
  Committer,
  replayHistograms,
  ShardAppender,
  WriteAppender,
} from "../../tsdb/ingest/index.js";
import {
  type ReplayOutcome,
  type ReplayOutOfOrder,
  replayInto,
  type WalKernels,
  WalState,
  WalWriter,
} from "../../tsdb/wal/index.js";
import { BurstTrim, LOOK_INTERVAL_MS } from "./burst-trim.js";
import { HeadForeignSink, ShardOutlet } from "./foreign.js";
import { HeadLife } from "./head-life.js";
import type {
  DeleteSeriesMessage,
  ExemplarsRequest,
  FromIngestThread,
  HeadChunksOutcome,
  IngestData,
  IngestTunables,
  MetadataRequest,
  TargetsMessage,
  ToIngestThread,
  TranslateMessage,
  WriteRequestMessage,
} from "./ingest-messages.js";
import { loggerOf } from "./log-settings.js";

/** Results of metric relabelling kept by each job of a thread. */
const RELABEL_ENTRIES_MAX = 50_000;
/** What `--storage.head.series-budget` is of. */
const SERIES_BUDGET_WINDOW_MS = 600_000;
/** Offenders that are told; the log names all. */
const REFUSED_SHOWN_MAX = 20;
/** Series whose samples out of order a replay holds before they go into the head's memory: about 2 KB each. */
const OUT_OF_ORDER_OPEN_MAX = 20_000;
/** Series that one step of a deletion marks: about a millisecond. */
const DELETED_SERIES_STEP = 500;
/** `interval` syncs so often. */
const SYNC_INTERVAL_MS = 1000;

/** Resolves when the `stop` message has been obeyed; a rejection must end the thread. */
export function runIngestThread(task: ShardTask<IngestData>, files: Files = systemFiles): Promise<void> {
  return new IngestThread(task, files).run();
}

class IngestThread {
  readonly #task: ShardTask<IngestData>;
  readonly #files: Files;
  readonly #control: ControlMemory;
  readonly #log: Logger;
  readonly #head: Head;
  readonly #exemplars: ExemplarStore;
  readonly #metadata = new MetadataStore();
  readonly #histograms: HistogramChunks;
  readonly #outOfOrder: OutOfOrderSamples;
  readonly #guard: CardinalityGuard;
  readonly #isAdopted: boolean;
  readonly #life: HeadLife;
  #wal: WalWriter | undefined;
  /** Opened with the first sample out of order. */
  #wbl: WalWriter | undefined;
  #committer: Committer | undefined;
  #engine: ScrapeEngine | undefined;
  readonly #sender: ForeignSender;
  #receiver: ForeignReceiver | undefined;
  #writer: WriteAppender | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #trimTimer: NodeJS.Timeout | undefined;
  /** Rejects `run`. */
  #fail: (error: unknown) => void = () => undefined;
  #outOfOrderWindowMs: number;
  /** Messages that came before the log was open. */
  #early: ToIngestThread[] = [];

  constructor(task: ShardTask<IngestData>, files: Files) {
    const { control, kernels, memory, settings } = task.data;
    this.#task = task;
    this.#outOfOrderWindowMs = task.data.tunables.outOfOrderWindowMs;
    this.#files = files;
    this.#control = ControlMemory.attach(control);
    this.#log = loggerOf(settings.log, "ingest").with({ shard: task.shard });
    this.#isAdopted = memory !== undefined;
    this.#head =
      memory !== undefined
        ? Head.adopt(memory, kernels)
        : Head.create(
            {
              shardIndex: task.shard,
              shardCount: task.shardCount,
              limitPages: settings.limitPages,
              chunkRangeMs: settings.chunkRangeMs,
              samplesPerChunk: settings.samplesPerChunk,
            },
            kernels,
          );
    this.#histograms = new HistogramChunks(this.#head);
    const guard = { budget: settings.seriesBudget, windowMs: SERIES_BUDGET_WINDOW_MS };
    this.#guard = new CardinalityGuard(guard, systemClock, this.#log);
    this.#exemplars = new ExemplarStore(this.#exemplarsOf(task.data.tunables));
    this.#sender = new ForeignSender(task.shardCount);
    this.#life = new HeadLife({ task, files, control: this.#control, head: this.#head, log: this.#log });
    this.#outOfOrder = new OutOfOrderSamples(this.#head, {
      write: (record) => this.#life.writeChunk(record),
      read: (place, length) => this.#life.readChunk(place, length),
    });
  }

  /** This shard's part of the exemplars. */
  #exemplarsOf({ exemplarsMax }: IngestTunables): number {
    return Math.ceil(exemplarsMax / this.#task.shardCount);
  }

  async run(): Promise<void> {
    const { port } = this.#task;
    const stopped = new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      port.on("message", (message: ToIngestThread) => {
        this.#handle(message, resolve).catch(reject);
      });
    });
    this.#post({ type: "head", memory: this.#head.memory });
    this.#control.setShardState(this.#task.shard, SHARD_REPLAYING);
    const replayed = this.#isAdopted ? undefined : this.#replay();
    this.#post({ type: "replayed", outcome: replayed?.outcome, headChunks: replayed?.headChunks });
    await stopped;
  }

  #post(message: FromIngestThread): void {
    this.#task.port.postMessage(message);
  }

  async #handle(message: ToIngestThread, resolve: () => void): Promise<void> {
    if (message.type === "begin") {
      this.#head.mutate(() => this.#begin());
      const early = this.#early;
      this.#early = [];
      for (const one of early) await this.#handle(one, resolve);
      this.#post({ type: "ready" });
      return;
    }
    if (message.type === "stop") {
      await this.#stop();
      resolve();
      return;
    }
    if (message.type === "tunables") {
      this.#exemplars.resize(this.#exemplarsOf(message.tunables));
      this.#outOfOrderWindowMs = message.tunables.outOfOrderWindowMs;
      if (this.#committer !== undefined) this.#committer.outOfOrderWindowMs = this.#outOfOrderWindowMs;
      return;
    }
    const engine = this.#engine;
    if (engine === undefined) {
      this.#early.push(message);
      return;
    }
    switch (message.type) {
      case "targets":
        applyTargets(engine, message);
        return;
      case "connect":
        if (message.direction === "receive") this.#receiver!.attach(message.port);
        else this.#sender.setOwner(message.shard, message.port);
        return;
      case "disconnect":
        this.#sender.loseOwner(message.shard, message.reason);
        return;
      case "close-chunks":
        this.#life.closeChunks(message);
        return;
      case "truncate":
        this.#life.truncate(message);
        return;
      case "delete-series":
        this.#life.run(this.#deleteSeries(message));
        return;
      case "seal-out-of-order":
        this.#life.sealOutOfOrder(message);
        return;
      case "truncate-out-of-order":
        this.#life.truncateOutOfOrder(message);
        return;
      case "collect":
        this.#collect(engine, message.id);
        return;
      case "metadata-request":
        this.#answerMetadata(engine, message);
        return;
      case "exemplars-request":
        this.#answerExemplars(message);
        return;
      case "write-request":
        this.#write(message);
        return;
      case "translate":
        this.#translate(message);
    }
  }

  // ── start ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #replay(): { readonly outcome: ReplayOutcome; readonly headChunks: HeadChunksOutcome } {
    const { shard, shardCount, data } = this.#task;
    const head = this.#head;
    // The ingest instance has all kernels; each part of the program types those that it calls.
    const kernels = head.kernels as unknown as WalKernels & ShardKernels;
    const chunks = this.#life.load();
    const outcome = replayInto({
      dir: data.settings.walDir,
      files: this.#files,
      kernels,
      memory: head.memory,
      head: {
        resolveSeries: (address, length, refLow, refHigh) =>
          head.kernels.resolveSeriesWithRef(address, length, refLow, refHigh),
        appendStaged: (staging, rows) => this.#life.appendReplayed(staging, rows),
        appendHistograms: (rows) => {
          replayHistograms(head, this.#histograms, rows);
          this.#life.replayed();
        },
        addExemplar: (slot, exemplar) => {
          this.#exemplars.add(head.seriesLabels(slot), exemplar);
        },
        setMetadata: (slot, metadata) => this.#metadata.set(slot, head.slotGeneration(slot), metadata),
        addTombstone: (slot, minTimeMs, maxTimeMs) => {
          if (maxTimeMs >= data.minValidTimeMs && minTimeMs <= maxTimeMs)
            addDeleted(head, slot, { minTimeMs, maxTimeMs });
        },
      },
      onSeries: (slot, refLow, refHigh) => {
        if (slot < 0) chunks.drop(refLow, refHigh);
        else chunks.attach(slot, refLow, refHigh, nextCommit(head.committed));
      },
      ...(Number.isFinite(data.minValidTimeMs) && { minValidTimeMs: data.minValidTimeMs }),
      ...(shardCount > 1 && {
        isOwn: (address: number, length: number) => kernels.shardOfLabelBytes(address, length, shardCount) === shard,
      }),
      ...(data.replayEnd !== undefined && { end: data.replayEnd }),
      outOfOrder: this.#replayOutOfOrder((file, offset) => chunks.has(file, offset)),
      salvage: data.settings.walSalvage,
      onProgress: (filesDone, filesAll) => this.#post({ type: "progress", filesDone, filesAll }),
    });
    chunks.release();
    this.#outOfOrder.apply(head.nextCommit);
    this.#outOfOrder.isReplaying = false;
    head.publish();
    return { outcome, headChunks: this.#life.outcome(chunks) };
  }

  #replayOutOfOrder(isInChunksHead: (file: number, offset: number) => boolean): ReplayOutOfOrder {
    const { data } = this.#task;
    const samples = this.#outOfOrder;
    samples.isReplaying = true;
    const insert = (sample: Parameters<OutOfOrderSamples["insert"]>[0]): void => {
      samples.insert(sample);
      if (samples.openCount < OUT_OF_ORDER_OPEN_MAX) return;
      samples.apply(this.#head.nextCommit);
      this.#head.publish();
      this.#head.kernels.reclaim(4 * OUT_OF_ORDER_OPEN_MAX);
    };
    return {
      dir: data.settings.wblDir,
      end: data.wblEnd,
      insert: (slot, { timestampMs, low, high }) => insert({ slot, timestampMs, low, high }),
      insertHistogram: (slot, { timestampMs, isFloat, bytes }) =>
        insert({ slot, timestampMs, low: 0, high: 0, histogram: { isFloat, bytes } }),
      clear: (slot, file, offset) => {
        if (isInChunksHead(file, offset)) samples.clear(slot);
      },
    };
  }

  #openLog(dir: string, stateAt: number, name?: string): WalWriter {
    const { shard, data } = this.#task;
    const { walCompression, walSync, walSegmentBytes } = data.settings;
    return new WalWriter({
      dir,
      files: this.#files,
      state: new WalState(this.#control.buffer, stateAt, name),
      ownerId: shard + 1,
      kernels: this.#head.kernels as unknown as WalKernels,
      memory: this.#head.memory,
      compression: walCompression,
      fsync: walSync,
      ...(walSegmentBytes !== undefined && { segmentBytes: walSegmentBytes }),
    });
  }

  #begin(): void {
    const { shard, shardCount, data } = this.#task;
    const { settings } = data;
    const head = this.#head;
    const wal = this.#openLog(settings.walDir, CONTROL_WAL_STATE);
    this.#wal = wal;
    const committer = new Committer(
      { chunkRangeMs: settings.chunkRangeMs },
      {
        head,
        histograms: this.#histograms,
        exemplars: this.#exemplars,
        metadata: this.#metadata,
        guard: this.#guard,
        wal,
        outOfOrder: {
          samples: this.#outOfOrder,
          wbl: () => {
            this.#wbl ??= this.#openLog(settings.wblDir, CONTROL_WBL_STATE, "log of samples out of order");
            return this.#wbl;
          },
        },
        bounds: this.#control,
        clock: systemClock,
        onFinishedSegment: (log, segment) => setImmediate(() => this.#sync(() => log.syncSegment(segment))),
        onBroken: (error) => this.#fail(error),
      },
    );
    committer.outOfOrderWindowMs = this.#outOfOrderWindowMs;
    this.#committer = committer;
    this.#life.begin(
      (work) => committer.mutate(work),
      () => {
        if (settings.walSync !== "commit") wal.sync();
      },
      (error) => this.#fail(error),
    );
    this.#receiver = new ForeignReceiver(new HeadForeignSink(committer));
    this.#sender.setOwner(shard, this.#receiver);
    this.#writer = new WriteAppender({ shard, shardCount, limits: settings.writeLimits }, committer);
    const appender = new ShardAppender({
      committer,
      parser: new ScrapeParser(head.kernels as unknown as ExpositionKernels, head.memory),
      foreign: shardCount > 1 ? new ShardOutlet(this.#sender, shard) : undefined,
      log: this.#log,
    });
    const client = createClientContext(appender, settings.userAgent);
    this.#engine = new ScrapeEngine(settings.engine, {
      appender,
      clock: systemClock,
      timers: systemTimers,
      log: this.#log,
      createFetcher: (url, transport, timeoutMs) => new TargetClient(url, transport, timeoutMs, client),
      createRelabel: (rules) =>
        rules.length === 0
          ? undefined
          : metricRelabeler(rules as readonly RelabelRule[], { entriesMax: RELABEL_ENTRIES_MAX }),
    });
    if (settings.walSync === "interval") {
      this.#syncInTurn(() => {
        this.#sync(() => wal.sync());
        this.#sync(() => this.#wbl?.sync());
      });
    }
    const trim = new BurstTrim(returnFreeHeap);
    this.#trimTimer = setInterval(() => trim.look(head.counter(COUNTER_SERIES_CREATED)), LOOK_INTERVAL_MS);
    this.#control.setShardState(shard, SHARD_RUNNING);
  }

  /**
   * Once in each interval, at a point of its own for each shard: the threads share the log, and one whose turn came right after
   * another's would never have anything to sync.
   */
  #syncInTurn(sync: () => void): void {
    const { shard, shardCount } = this.#task;
    const turnMs = (SYNC_INTERVAL_MS * shard) / shardCount;
    const sinceTurnMs = (systemClock.nowMs() - turnMs) % SYNC_INTERVAL_MS;
    // A timer that fired a little early must not fire again for the same turn.
    const waitMs = (sinceTurnMs > SYNC_INTERVAL_MS / 2 ? 2 : 1) * SYNC_INTERVAL_MS - sinceTurnMs;
    this.#syncTimer = setTimeout(() => {
      sync();
      this.#syncInTurn(sync);
    }, waitMs);
  }

  #sync(sync: () => void): void {
    try {
      sync();
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      this.#post({ type: "sync-failed", error: toPlain(error) });
    }
  }

  // ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────

  #collect(engine: ScrapeEngine, id: number): void {
    this.#post({
      type: "status",
      id,
      targets: engine.statuses(),
      counters: engine.counters(),
      intervalLengths: engine.intervalLengths(),
      metadata: engine.metadataSizes(),
      exemplars: {
        appended: this.#exemplars.appended,
        outOfOrder: this.#exemplars.outOfOrder,
        stored: this.#exemplars.size,
        series: this.#exemplars.seriesCount,
        capacity: this.#exemplars.capacity,
        oldestTimestampMs: this.#exemplars.oldestTimestampMs,
      },
      refusedCount: this.#guard.refusedCount,
      refused: this.#guard.refused().slice(0, REFUSED_SHOWN_MAX),
    });
  }

  #answerExemplars({ id, selectors, startMs, endMs }: ExemplarsRequest): void {
    const matchers = selectors.map((selector) =>
      selector.map(({ operator, name, value }) => new Matcher(operator, name, value)),
    );
    const series = this.#exemplars.select(matchers, startMs, endMs).map(({ seriesLabels, exemplars }) => ({
      labelPairs: seriesLabels.pairs,
      exemplars: exemplars.map(({ labels, value, timestampMs }) => ({ labelPairs: labels.pairs, value, timestampMs })),
    }));
    this.#post({ type: "exemplars", id, series });
  }

  #answerMetadata(engine: ScrapeEngine, { id, targets, metric, limit }: MetadataRequest): void {
    const keys = targets.length > 0 ? targets : engine.statuses().map(({ key }) => key);
    let left = limit > 0 ? limit : Number.POSITIVE_INFINITY;
    const answer = [];
    for (const key of keys) {
      if (left <= 0) break;
      const all = engine.metadata(key) ?? [];
      const metadata = (metric === "" ? all : all.filter((entry) => entry.metric === metric)).slice(0, left);
      left -= metadata.length;
      answer.push({ key, metadata });
    }
    this.#post({ type: "metadata", id, targets: answer });
  }

  #write({ id, version, body }: WriteRequestMessage): void {
    try {
      const outcome = this.#writer!.append(version, new Uint8Array(body));
      this.#post({ type: "written", id, outcome, error: undefined });
    } catch (error) {
      this.#post({ type: "written", id, outcome: undefined, error: toPlain(error) });
      if (!(error instanceof VestalError)) throw error;
    }
  }

  #translate({ id, body, settings, ...how }: TranslateMessage): void {
    try {
      // Text decoders take no shared memory.
      const bytes = new Uint8Array(body).slice();
      const { request, problems } = translateOtlpBody({ bytes, ...how }, settings);
      const { buffer } = request as { readonly buffer: SharedArrayBuffer };
      this.#post({ type: "translated", id, request: buffer, problems, error: undefined });
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      this.#post({ type: "translated", id, request: undefined, problems: [], error: toPlain(error) });
    }
  }

  *#deleteSeries({ id, selectors, minTimeMs, maxTimeMs }: DeleteSeriesMessage): Generator<void, void> {
    let error: PlainError | undefined;
    let hasOutOfOrder = false;
    try {
      const { index } = this.#head;
      for (const selector of selectors) {
        index.refresh();
        const matchers = selector.map(({ operator, name, value }) => new Matcher(operator, name, value));
        const slots = selectSlots(index, matchers);
        for (let first = 0; first < slots.length; first += DELETED_SERIES_STEP) {
          const some = slots.subarray(first, first + DELETED_SERIES_STEP);
          hasOutOfOrder = this.#committer!.delete(some, minTimeMs, maxTimeMs).hasOutOfOrder || hasOutOfOrder;
          yield;
        }
      }
    } catch (caught) {
      if (!(caught instanceof VestalError)) throw caught;
      error = toPlain(caught);
    }
    this.#post({ type: "series-deleted", id, hasOutOfOrder, error });
  }

  // ── end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #stop(): Promise<void> {
    clearTimeout(this.#syncTimer);
    clearInterval(this.#trimTimer);
    await this.#engine?.stop();
    await this.#receiver?.stop();
    try {
      await this.#life.stop();
      this.#wal?.close();
      this.#wbl?.close();
    } catch (error) {
      this.#log.error("Closing the write-ahead log failed", { err: errorMessage(error) });
    }
    this.#control.setShardState(this.#task.shard, SHARD_STOPPED);
    this.#post({ type: "stopped" });
  }
}

function nextCommit(committed: number): number {
  const next = (committed + 1) >>> 0;
  return next === 0 ? 1 : next;
}

function applyTargets(engine: ScrapeEngine, message: TargetsMessage): void {
  for (const job of message.setJobs) engine.setJob(job);
  for (const key of message.removedTargets) engine.removeTarget(key);
  for (const target of message.setTargets) engine.setTarget(target);
  for (const name of message.removedJobs) engine.removeJob(name);
}
