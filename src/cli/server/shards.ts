/**
 * The main thread's side of all shards: starts them, opens the log between replay and the first commit, shows their heads
 * to queries, connects them with each other, asks them questions, and recovers one whose thread ended.
 */
import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { ARENA_USED, HEAD_LIMIT, MUTATING } from "../../../assembly/layout.js";
import {
  errorMessage,
  fromPlain,
  type Logger,
  packageRoot,
  systemClock,
  systemFiles,
  VestalError,
} from "../../base/index.js";
import { compileKernels } from "../../memory/index.js";
import type { OtlpTranslator, ShardWriters } from "../../remote/index.js";
import {
  CONTROL_CHUNKS_HEAD_STATE,
  CONTROL_WAL_STATE,
  CONTROL_WBL_STATE,
  type ControlMemory,
  SHARD_LOST,
} from "../../shard/index.js";
import { DEFAULT_SUPERVISION, ShardSupervisor } from "../../shard/supervisor.js";
import {
  ChunksHeadState,
  headChunkDamageError,
  releaseDeadChunksHead,
  startChunksHead,
} from "../../tsdb/chunks-head/index.js";
import type { WriteOutcome, WriteVersion } from "../../tsdb/ingest/index.js";
import {
  damageError,
  lastSegmentNumber,
  listSegments,
  type ReplayOutcome,
  releaseDead,
  removeLeftovers,
  repairWal,
  startWal,
  type WalPosition,
  WalState,
} from "../../tsdb/wal/index.js";
import {
  type ChunksClosedMessage,
  type ExemplarsMessage,
  type FromIngestThread,
  type HeadChunksOutcome,
  type IngestData,
  type IngestSettings,
  type IngestTunables,
  type MetadataMessage,
  NO_TUNABLES,
  type OutOfOrderSealedMessage,
  type OutOfOrderTruncatedMessage,
  type PlainSelector,
  type SeriesDeletedMessage,
  type StatusMessage,
  type TargetsMessage,
  type ToIngestThread,
  type TranslatedMessage,
  type TranslateMessage,
  type TruncatedMessage,
  type WrittenMessage,
} from "./ingest-messages.js";
import type { HeadHandle } from "./query-messages.js";
import type { HeadSource } from "./query-service.js";

/** A shard that does not answer within this time is left out of an answer. */
const ANSWER_TIMEOUT_MS = 2000;
/** Most time for a shard to store a remote-write request, those before it included. */
const WRITE_TIMEOUT_MS = 20_000;
/** Of a head's memory: what may be in use where it is adopted, since nobody gives back the dead thread's own regions. */
const ADOPTED_USE_MAX = 0.75;
/** Kinds of log records that replay brings back. */
const TAKEN_KINDS: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]);

export interface ShardSetOptions {
  readonly shardCount: number;
  readonly settings: IngestSettings;
  /** The threads' entry, which exports `runShard`; the program's own by default. */
  readonly entryFile?: string;
  /** `workerData` of the threads. */
  readonly workerData?: unknown;
}

export interface ShardSetHooks {
  /** The shard scrapes (again): it must be told its targets. */
  onReady(shard: number): void;
  /** The process cannot go on. */
  onFatal(message: string): void;
}

type Answer = StatusMessage | MetadataMessage | ExemplarsMessage;

/** Told where each shard takes in samples of others. */
export interface ForeignOwners {
  setOwner(shard: number, port: MessagePort): void;
  loseOwner(shard: number, reason: string): void;
}

export interface ReplayProgress {
  readonly filesDone: number;
  readonly filesAll: number;
}

type Order =
  | SeriesDeletedMessage
  | ChunksClosedMessage
  | TruncatedMessage
  | OutOfOrderSealedMessage
  | OutOfOrderTruncatedMessage;

interface Shard {
  port: MessagePort | undefined;
  memory: WebAssembly.Memory | undefined;
  /** All that the log has is in `memory`. */
  isReplayed: boolean;
  generation: number;
  isReady: boolean;
  progress: ReplayProgress;
}

export class ShardSet implements HeadSource, ShardWriters, OtlpTranslator {
  readonly #options: ShardSetOptions;
  readonly #control: ControlMemory;
  readonly #hooks: ShardSetHooks;
  readonly #log: Logger;
  readonly #walState: WalState;
  readonly #wblState: WalState;
  /** The log of samples out of order may be written. */
  #isWblOpen = false;
  readonly #chunksHead: ChunksHeadState;
  /** Where the files of chunks_head ended at the start. */
  #chunksHeadEnd: WalPosition = { segment: 0, offset: 0 };
  readonly #supervisor: ShardSupervisor<IngestData>;
  readonly #shards: Shard[];
  readonly #kernels = compileKernels("ingest");
  readonly #outcomes: { readonly outcome: ReplayOutcome; readonly headChunks: HeadChunksOutcome }[] = [];
  readonly #questions = new Map<number, (message: Answer) => void>();
  #tunables = NO_TUNABLES;
  #replayFromMs = Number.NEGATIVE_INFINITY;
  readonly #orders = new Map<
    number,
    { readonly shard: number; resolve(answer: Order): void; reject(error: Error): void }
  >();
  readonly #senders: ForeignOwners[] = [];
  #nextQuestion = 1;
  readonly #calls = new Map<
    number,
    { shard: number; settle: (answer: WrittenMessage | TranslatedMessage | VestalError) => void }
  >();
  #nextTranslator = 0;
  #isWalOpen = false;
  #isStopping = false;
  /** Memory that the next thread of a shard adopts. */
  readonly #toAdopt = new Map<number, WebAssembly.Memory>();
  readonly counters = { adopted: 0, rebuilt: 0, walCorruptions: 0, syncFailures: 0, replaySeconds: 0 };
  readonly #startedMs = performance.now();

  constructor(options: ShardSetOptions, control: ControlMemory, hooks: ShardSetHooks, log: Logger) {
    this.#options = options;
    this.#control = control;
    this.#hooks = hooks;
    this.#log = log;
    this.#walState = new WalState(control.buffer, CONTROL_WAL_STATE);
    this.#wblState = new WalState(control.buffer, CONTROL_WBL_STATE, "log of samples out of order");
    this.#chunksHead = new ChunksHeadState(control.buffer, CONTROL_CHUNKS_HEAD_STATE);
    this.#shards = Array.from({ length: options.shardCount }, () => ({
      port: undefined,
      memory: undefined,
      isReplayed: false,
      generation: 0,
      isReady: false,
      progress: { filesDone: 0, filesAll: 0 },
    }));
    this.#supervisor = new ShardSupervisor<IngestData>(
      {
        ...DEFAULT_SUPERVISION,
        shardCount: options.shardCount,
        entryFile: options.entryFile ?? join(packageRoot(), "dist", "workers", "ingest.js"),
        handler: "runShard",
        workerData: options.workerData,
        taskData: (shard) => this.#taskData(shard),
      },
      {
        onShardStarted: (shard, generation, port) => this.#started(shard, generation, port),
        onShardLost: (shard) => this.#lost(shard),
        onFatal: (_shard, message) => hooks.onFatal(message),
      },
      { clock: systemClock, log },
    );
  }

  /** @throws a system error if the folder of chunks_head cannot be made or listed. */
  start(): void {
    const { keepsChunks } = this.#options.settings;
    if (keepsChunks) this.#startChunksHead();
    else {
      this.#chunksHeadEnd = { segment: 0, offset: 0 };
      this.#chunksHead.log.setPosition(0, 0);
    }
    this.#supervisor.start();
  }

  #startChunksHead(): void {
    const { end, removed } = startChunksHead(this.#chunksHead, systemFiles, this.#options.settings.chunksHeadDir);
    this.#chunksHeadEnd = end;
    if (removed.length > 0) {
      this.#log.warn("Files of chunks_head behind a gap in their numbers were removed; the log has their samples", {
        files: removed.length,
      });
    }
  }

  get walState(): WalState {
    return this.#walState;
  }

  /** Undefined while there is no log of samples out of order. */
  get wblState(): WalState | undefined {
    return this.#isWblOpen ? this.#wblState : undefined;
  }

  get chunksHeadState(): ChunksHeadState {
    return this.#chunksHead;
  }

  /** Files of chunks_head that were found damaged. */
  get headChunkCorruptions(): number {
    return this.#chunksHead.counter("corruptions");
  }

  get isReady(): boolean {
    return this.#isWalOpen && this.#shards.every(({ isReady }) => isReady);
  }

  get replayProgress(): ReplayProgress {
    const all = this.#shards.map(({ progress }) => progress);
    return {
      filesDone: Math.min(...all.map(({ filesDone }) => filesDone)),
      filesAll: Math.max(...all.map(({ filesAll }) => filesAll)),
    };
  }

  get lossCount(): number {
    return this.#supervisor.lossCount;
  }

  heads(): readonly HeadHandle[] {
    return this.#shards.flatMap(({ memory, generation, isReady }, shard) =>
      memory === undefined || !isReady ? [] : [{ shard, generation, memory }],
    );
  }

  memories(): readonly WebAssembly.Memory[] {
    return this.#shards.flatMap(({ memory }) => memory ?? []);
  }

  missingShards(): readonly number[] {
    return this.#shards.flatMap(({ isReady }, shard) => (isReady ? [] : [shard]));
  }

  /** Nothing where the shard is not ready: it is told everything once it is. */
  sendTargets(shard: number, message: TargetsMessage): void {
    if (this.#shards[shard]?.isReady) this.#send(shard, message);
  }

  /** Statuses of the shards that answer in time. */
  async collect(): Promise<readonly StatusMessage[]> {
    const answers = await this.#askAll((id) => ({ type: "collect", id }));
    return answers.filter((answer) => answer.type === "status");
  }

  /** Metadata of all targets, of one metric or of all ("" = all). */
  async metadata(metric: string): Promise<readonly MetadataMessage[]> {
    const answers = await this.#askAll((id) => ({ type: "metadata-request", id, targets: [], metric, limit: 0 }));
    return answers.filter((answer) => answer.type === "metadata");
  }

  /** Gives a remote-write request to all shards; those that cannot take it, or do not answer in time, answer so here. */
  write(version: WriteVersion, body: SharedArrayBuffer): Promise<readonly (WriteOutcome | VestalError)[]> {
    return Promise.all(this.#shards.map((_, shard) => this.#writeTo(shard, version, body)));
  }

  #writeTo(shard: number, version: WriteVersion, body: SharedArrayBuffer): Promise<WriteOutcome | VestalError> {
    return this.#call(shard, (id) => ({ type: "write-request", id, version, body })).then((answer) => {
      if (answer instanceof VestalError) return answer;
      if (answer.type === "written" && answer.outcome !== undefined) return answer.outcome;
      return fromPlain(answer.error!);
    });
  }

  /** Lets one shard after the other translate. */
  async translate(
    body: SharedArrayBuffer,
    options: Omit<TranslateMessage, "type" | "id" | "body">,
  ): ReturnType<OtlpTranslator["translate"]> {
    const shard = this.#nextTranslator++ % this.#shards.length;
    const answer = await this.#call(shard, (id) => ({ type: "translate", id, body, ...options }));
    if (answer instanceof VestalError) return answer;
    if (answer.type !== "translated" || answer.request === undefined) return fromPlain(answer.error!);
    return { request: answer.request, problems: answer.problems };
  }

  /** A question whose answer is not left out of a sum where it is late: it is an error then. */
  #call(
    shard: number,
    make: (id: number) => ToIngestThread,
  ): Promise<WrittenMessage | TranslatedMessage | VestalError> {
    if (this.#isStopping || !this.#shards[shard]!.isReady) {
      const message = `shard ${shard} cannot store samples now; send them again later`;
      return Promise.resolve(new VestalError("SHARD_LOST", message, { shard }));
    }
    const id = this.#nextQuestion++;
    return new Promise((resolve) => {
      const settle = (answer: WrittenMessage | TranslatedMessage | VestalError): void => {
        clearTimeout(timer);
        this.#calls.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        const message = `shard ${shard} did not answer within ${WRITE_TIMEOUT_MS} ms`;
        settle(new VestalError("SHARD_LATE", message, { shard }));
      }, WRITE_TIMEOUT_MS);
      this.#calls.set(id, { shard, settle });
      this.#send(shard, make(id));
    });
  }

  /** Exemplars of the shards that answer in time; a series is in one shard only. */
  async exemplars(
    selectors: readonly PlainSelector[],
    startMs: number,
    endMs: number,
  ): Promise<ExemplarsMessage["series"]> {
    const answers = await this.#askAll((id) => ({ type: "exemplars-request", id, selectors, startMs, endMs }));
    return answers.flatMap((answer) => (answer.type === "exemplars" ? answer.series : []));
  }

  /** Every shard closes its chunks with samples before `beforeMs`. @throws VestalError SHARD_LOST. */
  async closeChunks(beforeMs: number): Promise<void> {
    await this.#order((id) => ({ type: "close-chunks", id, beforeMs }));
  }

  /** Every shard forgets what is before `minTimeMs`. @throws VestalError SHARD_LOST. */
  async truncate(minTimeMs: number): Promise<readonly TruncatedMessage[]> {
    const answers = await this.#order((id) => ({ type: "truncate", id, minTimeMs }));
    return answers.filter((answer) => answer.type === "truncated");
  }

  /**
   * Resolves with whether some of it came out of order.
   * @throws VestalError what a shard met, or SHARD_LOST: some may be deleted.
   */
  async deleteSeries(selectors: readonly PlainSelector[], minTimeMs: number, maxTimeMs: number): Promise<boolean> {
    const answers = await this.#order((id) => ({ type: "delete-series", id, selectors, minTimeMs, maxTimeMs }));
    for (const answer of answers) {
      if (answer.type === "series-deleted" && answer.error !== undefined) throw fromPlain(answer.error);
    }
    return answers.some((answer) => answer.type === "series-deleted" && answer.hasOutOfOrder);
  }

  get hasOutOfOrder(): boolean {
    return this.#isWblOpen;
  }

  /** Every shard seals what it has stored out of order. Resolves with how many series have such samples. */
  async sealOutOfOrder(): Promise<number> {
    const answers = await this.#order((id) => ({ type: "seal-out-of-order", id }));
    return answers.reduce((sum, answer) => sum + (answer.type === "out-of-order-sealed" ? answer.series : 0), 0);
  }

  /** Every shard forgets what it has sealed. Resolves with the lowest file of chunks_head that heads name. */
  async truncateOutOfOrder(): Promise<number> {
    const answers = await this.#order((id) => ({ type: "truncate-out-of-order", id }));
    return Math.min(...answers.map((answer) => (answer.type === "out-of-order-truncated" ? answer.lowestFile : 0)));
  }

  /** A shard that is rebuilt from now on leaves samples before it out: blocks have them. */
  setReplayFrom(minTimeMs: number): void {
    this.#replayFromMs = minTimeMs;
  }

  /** Asks all shards, however long they take; fails if one is not there, or its thread ends. */
  #order(make: (id: number) => ToIngestThread): Promise<readonly Order[]> {
    const asked = this.#shards.map(({ isReady }, shard) => {
      if (!isReady) return Promise.reject(shardLost(shard));
      const id = this.#nextQuestion++;
      return new Promise<Order>((resolve, reject) => {
        this.#orders.set(id, { shard, resolve, reject });
        this.#send(shard, make(id));
      });
    });
    return Promise.all(asked);
  }

  /** For the shards that run, and those that will. */
  setTunables(tunables: IngestTunables): void {
    // A shard that is told of the window may write that log at once.
    if (this.#isWalOpen && tunables.outOfOrderWindowMs > 0) this.#openWbl();
    this.#tunables = tunables;
    for (let shard = 0; shard < this.#shards.length; shard++) this.#send(shard, { type: "tunables", tunables });
  }

  /** A shard that is not ready replays, and has written nothing: it ends at once. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#supervisor.stop(this.missingShards());
  }

  #askAll(make: (id: number) => ToIngestThread): Promise<readonly Answer[]> {
    const asked = this.#shards.flatMap(({ isReady }, shard) => (isReady ? [this.#ask(shard, make)] : []));
    return Promise.all(asked).then((answers) => answers.filter((answer) => answer !== undefined));
  }

  #ask(shard: number, make: (id: number) => ToIngestThread): Promise<Answer | undefined> {
    const id = this.#nextQuestion++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        resolve(undefined);
      }, ANSWER_TIMEOUT_MS);
      this.#questions.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#send(shard, make(id));
    });
  }

  #send(shard: number, message: ToIngestThread, transfer: readonly MessagePort[] = []): void {
    this.#shards[shard]?.port?.postMessage(message, [...transfer]);
  }

  #taskData(shard: number): IngestData {
    const memory = this.#toAdopt.get(shard);
    this.#toAdopt.delete(shard);
    return {
      control: this.#control.buffer,
      kernels: this.#kernels,
      memory,
      replayEnd: this.#isWalOpen ? this.#walState.position() : undefined,
      wblEnd: this.#isWblOpen ? this.#wblState.position() : undefined,
      chunksHeadEnd: this.#isWalOpen ? this.#chunksHead.log.position() : this.#chunksHeadEnd,
      minValidTimeMs: this.#replayFromMs,
      settings: this.#options.settings,
      tunables: this.#tunables,
    };
  }

  #started(index: number, generation: number, port: MessagePort): void {
    const shard = this.#shards[index]!;
    shard.port = port;
    shard.generation = generation;
    port.on("message", (message: FromIngestThread) => this.#handle(index, message));
  }

  #handle(index: number, message: FromIngestThread): void {
    const shard = this.#shards[index]!;
    switch (message.type) {
      case "head":
        shard.memory = message.memory;
        return;
      case "progress":
        shard.progress = { filesDone: message.filesDone, filesAll: message.filesAll };
        return;
      case "replayed":
        this.#replayed(index, message.outcome, message.headChunks);
        return;
      case "ready":
        shard.isReady = true;
        this.#connect(index);
        for (const sender of this.#senders) this.#connectSender(sender, index);
        this.#hooks.onReady(index);
        return;
      case "series-deleted":
      case "chunks-closed":
      case "truncated":
      case "out-of-order-sealed":
      case "out-of-order-truncated":
        this.#orders.get(message.id)?.resolve(message);
        this.#orders.delete(message.id);
        return;
      case "status":
      case "metadata":
      case "exemplars":
        this.#questions.get(message.id)?.(message);
        this.#questions.delete(message.id);
        return;
      case "written":
      case "translated":
        this.#calls.get(message.id)?.settle(message);
        return;
      case "failure":
        this.#log.error("A shard failed", { shard: index, err: fromPlain(message.error).message });
        return;
      case "sync-failed":
        this.counters.syncFailures++;
        this.#log.error("Syncing the write-ahead log failed", { shard: index, err: message.error.message });
        return;
      case "stopped":
        return;
    }
  }

  // ── replay ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #replayed(index: number, outcome: ReplayOutcome | undefined, headChunks: HeadChunksOutcome | undefined): void {
    this.#shards[index]!.isReplayed = true;
    if (this.#isWalOpen) {
      for (const damage of outcome?.damages ?? []) {
        this.counters.walCorruptions++;
        this.#log.error("The write-ahead log was damaged while it was in use; a rebuilt shard lacks what was there", {
          shard: index,
          err: damageError(damage).message,
        });
      }
      this.#send(index, { type: "begin" });
      return;
    }
    if (outcome !== undefined && headChunks !== undefined) this.#outcomes.push({ outcome, headChunks });
    if (this.#outcomes.length < this.#shards.length) return;
    try {
      this.#openWal();
    } catch (error) {
      this.#hooks.onFatal(errorMessage(error));
      return;
    }
    for (let shard = 0; shard < this.#shards.length; shard++) this.#send(shard, { type: "begin" });
  }

  /** All have read the log: it is repaired, and a new segment is opened for writing. */
  #openWal(): void {
    const { walDir, walSalvage } = this.#options.settings;
    const [first] = this.#outcomes;
    const damages = first?.outcome.damages ?? [];
    const inChunks = this.#outcomes.flatMap(({ headChunks }) => headChunks.damage ?? []).at(0);
    if (inChunks !== undefined) {
      this.#log.warn("Damage in chunks_head", { err: headChunkDamageError(inChunks).message });
    }
    for (const damage of damages) {
      if (!damage.isTornTail) this.counters.walCorruptions++;
      this.#log.warn("Damage in the write-ahead log", { err: damageError(damage).message });
    }
    const repair = repairWal(systemFiles, walDir, damages, walSalvage);
    if (repair !== undefined) {
      this.#log.warn("The write-ahead log was repaired", {
        file: repair.file,
        kept_bytes: repair.keptBytes,
        removed_bytes: repair.removedBytes,
        removed_segments: repair.removedSegments.length,
      });
    }
    const unread = [...(first?.outcome.records ?? [])].filter(([kind]) => !TAKEN_KINDS.has(kind));
    if (unread.length > 0) {
      this.#log.warn("The write-ahead log has records of kinds that this version does not take over", {
        kinds: unread.map(([kind, count]) => `${kind}:${count}`).join(","),
      });
    }
    for (const { outcome, headChunks } of this.#outcomes) {
      const { minTimeMs, maxTimeMs } = headChunks;
      this.#control.raiseRefs(Math.max(outcome.maxRef, headChunks.maxRef));
      if (minTimeMs !== undefined && maxTimeMs !== undefined) this.#control.widenHead(minTimeMs, maxTimeMs);
    }
    this.#repairWbl(first?.outcome);
    removeLeftovers(systemFiles, walDir);
    startWal(this.#walState, systemFiles, walDir, lastSegmentNumber(systemFiles, walDir));
    this.#isWalOpen = true;
    this.counters.replaySeconds = (performance.now() - this.#startedMs) / 1000;
    this.#log.info("WAL replay completed", {
      files: first?.outcome.files ?? 0,
      series: this.#outcomes.reduce((sum, { outcome }) => sum + outcome.series, 0),
      samples: this.#outcomes.reduce((sum, { outcome }) => sum + outcome.samplesStaged, 0),
      head_chunks: this.#outcomes.reduce((sum, { headChunks }) => sum + headChunks.attached, 0),
      duration: `${(this.counters.replaySeconds * 1000).toFixed(1)}ms`,
    });
  }

  #repairWbl(outcome: ReplayOutcome | undefined): void {
    const { wblDir, walSalvage } = this.#options.settings;
    const damages = outcome?.outOfOrder.damages ?? [];
    for (const damage of damages) {
      if (!damage.isTornTail) this.counters.walCorruptions++;
      this.#log.warn("Damage in the log of samples out of order", { err: damageError(damage).message });
    }
    const repair = repairWal(systemFiles, wblDir, damages, walSalvage);
    if (repair !== undefined) {
      this.#log.warn("The log of samples out of order was repaired", {
        file: repair.file,
        kept_bytes: repair.keptBytes,
        removed_bytes: repair.removedBytes,
        removed_segments: repair.removedSegments.length,
      });
    }
    // As Prometheus: what is there is kept up also where no more is to come.
    const hasSegments = listSegments(systemFiles, wblDir).length > 0;
    if (hasSegments || this.#tunables.outOfOrderWindowMs > 0) this.#openWbl();
  }

  #openWbl(): void {
    if (this.#isWblOpen) return;
    const { wblDir } = this.#options.settings;
    startWal(this.#wblState, systemFiles, wblDir, lastSegmentNumber(systemFiles, wblDir));
    this.#isWblOpen = true;
  }

  /** A thread that is no shard and appends to all of them. */
  addSender(sender: ForeignOwners): void {
    this.#senders.push(sender);
    for (const [index, { isReady }] of this.#shards.entries()) if (isReady) this.#connectSender(sender, index);
  }

  #connectSender(sender: ForeignOwners, index: number): void {
    const { port1, port2 } = new MessageChannel();
    this.#send(index, { type: "connect", direction: "receive", shard: -1, port: port2 }, [port2]);
    sender.setOwner(index, port1);
  }

  /** A shard is there: channels for foreign appends between it and every other one. */
  #connect(index: number): void {
    for (let other = 0; other < this.#shards.length; other++) {
      if (other === index || !this.#shards[other]!.isReady) continue;
      for (const [from, to] of [
        [index, other],
        [other, index],
      ] as const) {
        const { port1, port2 } = new MessageChannel();
        this.#send(from, { type: "connect", direction: "send", shard: to, port: port1 }, [port1]);
        this.#send(to, { type: "connect", direction: "receive", shard: from, port: port2 }, [port2]);
      }
    }
  }

  // ── loss of a thread ───────────────────────────────────────────────────────────────────────────────────────────

  #lost(index: number): void {
    const shard = this.#shards[index]!;
    this.#control.setShardState(index, SHARD_LOST);
    shard.isReady = false;
    for (const [id, order] of this.#orders) {
      if (order.shard !== index) continue;
      this.#orders.delete(id);
      order.reject(shardLost(index));
    }
    shard.port = undefined;
    for (const { shard: of, settle } of [...this.#calls.values()]) {
      if (of === index) settle(new VestalError("SHARD_LOST", `shard ${index} ended`, { shard: index }));
    }
    if (this.#isStopping) return;
    if (!this.#isWalOpen) {
      throw new VestalError("REPLAY_FAILED", `shard ${index} ended while it replayed the write-ahead log`);
    }
    const { walDir, wblDir, chunksHeadDir } = this.#options.settings;
    const hadLock = releaseDead(this.#walState, systemFiles, walDir, index + 1);
    releaseDead(this.#wblState, systemFiles, wblDir, index + 1);
    releaseDeadChunksHead(this.#chunksHead, systemFiles, chunksHeadDir, index + 1);
    for (let other = 0; other < this.#shards.length; other++) {
      if (other !== index) this.#send(other, { type: "disconnect", shard: index, reason: "its thread ended" });
    }
    for (const sender of this.#senders) sender.loseOwner(index, "its thread ended");
    const { memory } = shard;
    const isAdopted = memory !== undefined && shard.isReplayed && isAdoptable(memory);
    if (isAdopted) {
      this.#toAdopt.set(index, memory);
      this.counters.adopted++;
    } else {
      shard.memory = undefined;
      shard.isReplayed = false;
      this.counters.rebuilt++;
    }
    this.#log.warn("A shard goes on with a new thread", {
      shard: index,
      memory: isAdopted ? "adopted" : "rebuilt",
      had_wal_lock: hadLock,
    });
  }
}

function shardLost(shard: number): VestalError {
  return new VestalError(
    "SHARD_LOST",
    `shard ${shard} is being rebuilt; what was asked of all shards is tried again later`,
    {
      shard,
    },
  );
}

/** Whether a new thread can go on with the memory: nothing was changing, and there is room for caches of its own. */
function isAdoptable(memory: WebAssembly.Memory): boolean {
  const words = new Uint32Array(memory.buffer);
  if (Atomics.load(words, MUTATING >> 2) !== 0) return false;
  const usedBytes = new Float64Array(memory.buffer)[ARENA_USED >> 3]!;
  return usedBytes <= words[HEAD_LIMIT >> 2]! * ADOPTED_USE_MAX;
}
