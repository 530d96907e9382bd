/**
 * The API's `QueryService` over a pool of query threads. A query waits in the pool's queue, runs in one thread, and is
 * given up by its cancel word: when its client goes away, or its time is up. A thread that does not look at the word
 * within a second is terminated with its query; the pool starts another.
 */
import { join } from "node:path";
import { Piscina } from "piscina";
import { PINS } from "../../../assembly/layout.js";
import {
  type ApiFailure,
  type BacktestQuery,
  ClientSignal,
  type HeadStatus,
  type InstantQuery,
  type QueryService,
  type RangeQuery,
  type RequestSignal,
  type RunningQuery,
  type SelectorQuery,
  type ServiceAnswer,
} from "../../api/index.js";
import {
  errorMessage,
  type Logger,
  packageRoot,
  SMALL_YOUNG_GENERATION,
  systemFiles,
  VestalError,
} from "../../base/index.js";
import { compareLabels, Labels } from "../../model/index.js";
import { formatSample } from "../../model/number.js";
import type { ReadEndpoint, ReadExchange } from "../../remote/index.js";
import { type CancelHandle, type ControlMemory, closePool } from "../../shard/index.js";
import { clearActiveQuery } from "./active-queries.js";
import { type BlockLease, type BlockSource, NO_BLOCKS } from "./block-list.js";
import { Deadlines } from "./deadlines.js";
import { FairQueue, type QueueClass } from "./fair-queue.js";
import type { ExemplarsMessage, PlainSelector } from "./ingest-messages.js";
import { LabelAnswers, type LabelJob } from "./label-answers.js";
import { QueryLane } from "./query-lane.js";
import { QueryLog } from "./query-log.js";
import type { HeadHandle, QueryContext, QueryJob, QueryThreadSettings, QueryTimings } from "./query-messages.js";
import { QuerySlots } from "./query-slots.js";
import type { PackedQuestions } from "./rules-pack.js";

const NEVER_ABORTED: RequestSignal = new ClientSignal();
/** What threads get to finish their start, or a query that was canceled, before they are ended. */
const CLOSE_PATIENCE_MS = 2000;
/** After the end of its time a thread gets so much to answer by itself. */
const GRACE_MS = 50;
/** A thread that had no query for so long is ended: longer than dashboards and rules wait between two of theirs. */
const IDLE_MS = 300_000;
/** How long a thread may take to notice its cancel word before it is terminated. */
const PATIENCE_MS = 1000;

export interface QueryPoolOptions {
  readonly threads: number;
  readonly timeoutMs: number;
  /** Most characters of an expression or a selector: a thread that parses cannot be canceled. */
  readonly maxLength: number;
  readonly settings: Omit<QueryThreadSettings, "control" | "slots">;
}

/** The heads that queries read now. */
export interface HeadSource {
  heads(): readonly HeadHandle[];
  /** Of all heads, those too that no query may read now. */
  memories(): readonly WebAssembly.Memory[];
  missingShards(): readonly number[];
  exemplars(selectors: readonly PlainSelector[], startMs: number, endMs: number): Promise<ExemplarsMessage["series"]>;
}

/** A query that runs or waits; its own signal is that it need not wait any longer. */
class OpenQuery extends ClientSignal {
  readonly job: QueryJob;
  readonly cancel: CancelHandle;
  readonly askedMs: number;
  /** Wall clock: its thread should have noticed by then that its time is up. */
  readonly dueMs: number;
  /** Undefined while it waits. */
  lane: QueryLane | undefined;

  constructor(job: QueryJob, cancel: CancelHandle, askedMs: number, dueMs: number) {
    super();
    this.job = job;
    this.cancel = cancel;
    this.askedMs = askedMs;
    this.dueMs = dueMs;
  }
}

function classOf(job: QueryJob): QueueClass {
  if (job.kind === "rules") return "rules";
  const isPromql = job.kind === "instant" || job.kind === "range" || job.kind === "frame";
  return isPromql && job.client === undefined ? "live" : "api";
}

/** Of clients of the API; what has none, such as a remote read, takes turns with these as one more. */
function clientOf(job: QueryJob): string {
  return "client" in job ? (job.client?.address ?? "") : "";
}

export interface QueryCounters {
  /** PromQL queries that run or wait. */
  running: number;
  threadsTerminated: number;
}

export class QueryPool implements QueryService {
  readonly counters: QueryCounters = { running: 0, threadsTerminated: 0 };
  /** Told of each PromQL query that was answered. */
  onTimings: (timings: QueryTimings) => void = () => {};
  /** Told of each exchange with another server. */
  onExchange: (exchange: ReadExchange) => void = () => {};
  /** Other servers that queries ask too. */
  remoteReads: readonly ReadEndpoint[] = [];
  readonly queryLog = new QueryLog();
  readonly #pool: Piscina;
  readonly #source: HeadSource;
  readonly #blocks: BlockSource;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  readonly #maxLength: number;
  readonly #control: ControlMemory;
  readonly #settings: QueryThreadSettings;
  readonly #slots: QuerySlots;
  readonly #turns: FairQueue;
  /** Queries that run or wait, by their numbers. */
  readonly #open = new Map<number, OpenQuery>();
  #lastNumber = 0;
  /** Those whose threads run nothing; the last one used is the first one taken, as its caches are warm. */
  readonly #idle: QueryLane[] = [];
  readonly #lanes = new Set<QueryLane>();
  /** While the first thread starts. */
  #starting: Promise<void> | undefined;
  /** Looks for idleness while there are threads. */
  #idleTimer: NodeJS.Timeout | undefined;
  #lastLeaveMs = 0;
  readonly #labelAnswers = new LabelAnswers();
  readonly #deadlines = new Deadlines(this.#open, (query) => this.#giveUp(query));

  constructor(
    options: QueryPoolOptions,
    control: ControlMemory,
    source: HeadSource,
    log: Logger,
    blocks: BlockSource = NO_BLOCKS,
  ) {
    this.#control = control;
    this.#source = source;
    this.#blocks = blocks;
    this.#log = log;
    this.#timeoutMs = options.timeoutMs;
    this.#maxLength = options.maxLength;
    // A thread that was ended keeps its slot until the pool has said so.
    this.#slots = QuerySlots.create(2 * options.threads + 2);
    this.#settings = { ...options.settings, control: control.buffer, slots: this.#slots.buffer };
    this.#turns = new FairQueue(options.threads);
    this.#pool = new Piscina({
      filename: join(packageRoot(), "dist", "workers", "query.js"),
      // A thread takes some 20 MB, and a server that nobody asks needs none; the first query waits for its start, some 0.2 s.
      minThreads: 0,
      maxThreads: options.threads,
      idleTimeout: 1000, // of threads without a lane
      concurrentTasksPerWorker: 1,
      workerData: this.#settings,
      resourceLimits: SMALL_YOUNG_GENERATION,
      // A query thread has no timers and sockets of its own: while idle it may sleep in Atomics.wait.
      atomics: "sync",
    });
    this.#pool.on("workerDestroy", (worker: { readonly id: number }) => this.#freePins(worker.id));
    this.#pool.on("error", (error: unknown) => log.error("A query thread failed", { err: errorMessage(error) }));
  }

  query(query: InstantQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "instant", ...query }, signal, query.timeoutMs);
  }

  queryRange(query: RangeQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "range", ...query }, signal, query.timeoutMs);
  }

  series(query: SelectorQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "series", ...query }, signal);
  }

  labelNames(query: SelectorQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#labels({ kind: "labelNames", ...query }, signal);
  }

  labelValues(query: SelectorQuery & { readonly name: string }, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#labels({ kind: "labelValues", ...query }, signal);
  }

  async queryExemplars(
    query: { readonly expression: string; readonly startMs: number; readonly endMs: number },
    signal: RequestSignal,
  ): Promise<ServiceAnswer> {
    const answer = await this.#run({ kind: "exemplars", expression: query.expression }, signal);
    if (answer.kind !== "data") return answer;
    const found = await this.#source.exemplars(answer.data as readonly PlainSelector[], query.startMs, query.endMs);
    const series = found
      .map(({ labelPairs, exemplars }) => ({ labels: new Labels(labelPairs), exemplars }))
      .sort((a, b) => compareLabels(a.labels, b.labels));
    return {
      ...answer,
      data: series.map(({ labels, exemplars }) => ({
        seriesLabels: labels.toObject(),
        exemplars: exemplars.map(({ labelPairs, value, timestampMs }) => ({
          labels: new Labels(labelPairs).toObject(),
          value: formatSample(value),
          timestamp: timestampMs / 1000,
        })),
      })),
    };
  }

  formatQuery(expression: string, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "format", expression }, signal);
  }

  parseQuery(expression: string, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "parse", expression }, signal);
  }

  async checkSelectors(matchers: readonly string[], signal: RequestSignal): Promise<ApiFailure | undefined> {
    const answer = await this.#run({ kind: "checkSelectors", matchers }, signal);
    return answer.kind === "failure" ? answer : undefined;
  }

  /** The answer's data is a PlainSelector for each of the texts. */
  selectors(matchers: readonly string[], signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "selectors", matchers }, signal);
  }

  federate(job: Omit<QueryJob & { readonly kind: "federate" }, "kind">, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "federate", ...job }, signal);
  }

  remoteRead(
    job: Omit<QueryJob & { readonly kind: "remoteRead" }, "kind">,
    signal: RequestSignal,
  ): Promise<ServiceAnswer> {
    return this.#run({ kind: "remoteRead", ...job }, signal);
  }

  backtest(query: BacktestQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "backtest", ...query }, signal, query.timeoutMs);
  }

  queryFrame(query: RangeQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "frame", ...query }, signal, query.timeoutMs);
  }

  /** Expressions of rules, packed, as many as a task has time for. */
  rules(questions: PackedQuestions): Promise<ServiceAnswer> {
    return this.#run({ kind: "rules", questions }, NEVER_ABORTED);
  }

  /** @throws VestalError HEAD_STATUS if no query thread could find out. */
  async headStatus(limit: number, signal: RequestSignal): Promise<HeadStatus> {
    const answer = await this.#run({ kind: "headStatus", limit }, signal);
    if (answer.kind === "data") return answer.data as HeadStatus;
    throw new VestalError("HEAD_STATUS", answer.kind === "failure" ? answer.message : "no statistics of the head");
  }

  queryCost(query: InstantQuery | RangeQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "cost", ...query }, signal, query.timeoutMs);
  }

  explain(query: InstantQuery | RangeQuery, signal: RequestSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "explain", ...query }, signal, query.timeoutMs);
  }

  running(): readonly RunningQuery[] {
    return [...this.#open].flatMap(([id, { job, askedMs }]) => {
      if (!("expression" in job) || !("endMs" in job || "timeMs" in job)) return [];
      const progress = this.#slots.progressOf(id);
      const { samples = 0, samplesHeld = 0 } = progress ?? {};
      const [startMs, endMs, stepMs] =
        "timeMs" in job ? [job.timeMs, job.timeMs, 0] : [job.startMs, job.endMs, job.stepMs];
      const state = progress === undefined ? "queued" : "running";
      const { expression: query, client } = job;
      return [{ id, query, startMs, endMs, stepMs, client, state, askedMs, samples, samplesHeld }] as const;
    });
  }

  cancelQuery(id: number): boolean {
    const known = this.#open.get(id);
    if (known !== undefined) this.#giveUp(known);
    return known !== undefined;
  }

  /** Ends all threads; queries under way fail. */
  async close(): Promise<void> {
    for (const { cancel } of this.#open.values()) this.#control.cancel(cancel);
    clearTimeout(this.#idleTimer);
    for (const lane of this.#lanes) lane.stop();
    await closePool(this.#pool, CLOSE_PATIENCE_MS);
  }

  /**
   * A query's time begins when there is a thread for it. All that come meanwhile wait for the same task: one of their own would
   * stand behind the first one's lane, which keeps the thread.
   */
  async #awaitThread(): Promise<void> {
    try {
      await this.#pool.run(undefined, { name: "awaitStart" });
    } catch (error) {
      this.#log.error("A query thread did not start", { err: errorMessage(error) });
    } finally {
      this.#starting = undefined;
    }
  }

  async #run(job: QueryJob, signal: RequestSignal, timeoutMs = this.#timeoutMs): Promise<ServiceAnswer> {
    const tooLong = this.#tooLong(job);
    if (tooLong !== undefined) return tooLong;
    if (this.#lanes.size === 0) {
      this.#starting ??= this.#awaitThread();
      await this.#starting;
    }
    const cancel = this.#control.openCancel();
    if (cancel === undefined) {
      const message = `${this.#control.cancelWordCount} queries are running or waiting; try again later`;
      return { kind: "failure", errorType: "unavailable", message };
    }
    const bound = Math.min(timeoutMs, this.#timeoutMs);
    const now = Date.now();
    const number = ++this.#lastNumber;
    const query = new OpenQuery(job, cancel, now, now + bound + GRACE_MS);
    this.#open.set(number, query);
    this.#deadlines.add(query.dueMs);
    const onAbort = (): void => this.#giveUp(query);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const isPromql = job.kind === "instant" || job.kind === "range";
    if (isPromql) this.counters.running++;
    let lane: QueryLane | undefined;
    let lease: BlockLease | undefined;
    try {
      const isIn = !query.aborted && this.#turns.tryEnter();
      if (!isIn && !(await this.#turns.enter(classOf(job), clientOf(job), query))) {
        return Date.now() - now >= bound
          ? { kind: "failure", errorType: "timeout", message: "query timed out in query queue" }
          : { kind: "failure", errorType: "canceled", message: "query was canceled in query queue" };
      }
      lane = this.#idle.pop() ?? this.#openLane();
      query.lane = lane;
      lease = this.#blocks.acquire();
      const { answer, timings, damagedBlocks, exchanges, logLines } = await lane.ask(this.#context(lease.blocks), {
        job,
        cancel,
        deadlineMs: now + bound,
        timeoutMs: bound,
        askedMs: now,
        number,
        isLogged: this.queryLog.isEnabled,
      });
      for (const exchange of exchanges) this.onExchange(exchange);
      for (const { ulid, reason } of damagedBlocks) this.#blocks.reportDamage(ulid, reason);
      if (timings !== undefined) this.onTimings(timings);
      if (logLines.length > 0) this.queryLog.add(logLines);
      return isPromql && answer.kind === "encoded" ? { ...answer, isDisposable: true } : answer;
    } catch (error) {
      return this.#failure(error, lane?.isTerminated === true, signal.aborted);
    } finally {
      lease?.release();
      if (lane !== undefined) this.#leave(lane);
      signal.removeEventListener("abort", onAbort);
      if (isPromql) this.counters.running--;
      this.#open.delete(number);
      this.#control.closeCancel(cancel);
    }
  }

  async #labels(job: LabelJob, signal: RequestSignal): Promise<ServiceAnswer> {
    const keyNow = (): string | undefined => {
      const lease = this.#blocks.acquire();
      lease.release();
      return this.#labelAnswers.key(job, this.#context(lease.blocks));
    };
    const key = keyNow();
    const known = key === undefined ? undefined : this.#labelAnswers.find(key);
    if (known !== undefined) return { kind: "encoded", body: known };
    const answer = await this.#run(job, signal);
    if (key !== undefined && answer.kind === "encoded") this.#labelAnswers.keep(key, keyNow(), answer.body);
    return answer;
  }

  #context(blocks: QueryContext["blocks"]): QueryContext {
    const source = this.#source;
    return { heads: source.heads(), blocks, remoteReads: this.remoteReads, missingShards: source.missingShards() };
  }

  #openLane(): QueryLane {
    const lane = new QueryLane(this.#pool);
    this.#lanes.add(lane);
    void lane.ended.then(() => {
      this.#lanes.delete(lane);
      const at = this.#idle.indexOf(lane);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return lane;
  }

  /** The next query may have the place. */
  #leave(lane: QueryLane): void {
    if (!lane.hasEnded) this.#idle.push(lane);
    this.#turns.leave();
    this.#lastLeaveMs = performance.now();
    this.#idleTimer ??= setTimeout(() => this.#endIdle(), IDLE_MS).unref();
  }

  /** Ends all threads if nobody has asked anything for `IDLE_MS`. */
  #endIdle(): void {
    const restMs = this.#lastLeaveMs + IDLE_MS - performance.now();
    const isIdle = restMs <= 0 && this.#open.size === 0;
    this.#idleTimer = isIdle ? undefined : setTimeout(() => this.#endIdle(), Math.max(restMs, 1000)).unref();
    if (isIdle) for (const lane of this.#idle.splice(0)) lane.stop();
  }

  /** Whoever waits for a turn goes; whoever runs is asked to stop, and ended with its thread if it does not. */
  #giveUp(query: OpenQuery): void {
    this.#control.cancel(query.cancel);
    if (query.aborted) return;
    query.abort();
    const patience = setTimeout(() => {
      if (this.#isOpen(query)) query.lane?.terminate();
    }, PATIENCE_MS);
    patience.unref();
  }

  #isOpen(query: OpenQuery): boolean {
    for (const open of this.#open.values()) if (open === query) return true;
    return false;
  }

  #tooLong(job: QueryJob): ServiceAnswer | undefined {
    const texts = "expression" in job ? [job.expression] : "matchers" in job ? job.matchers : [];
    const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
    if (longest <= this.#maxLength) return undefined;
    const message = `${longest} characters are more than the ${this.#maxLength} of --query.max-length`;
    const parameter = "expression" in job ? "query" : "match[]";
    return { kind: "failure", errorType: "bad_data", message, parameter };
  }

  #failure(error: unknown, isTerminated: boolean, isAborted: boolean): ServiceAnswer {
    if (isTerminated) {
      this.counters.threadsTerminated++;
      this.#log.warn("A query did not stop when asked to, and was ended with its thread");
      return isAborted
        ? { kind: "failure", errorType: "canceled", message: "query was canceled in query execution" }
        : { kind: "failure", errorType: "timeout", message: "query timed out in expression evaluation" };
    }
    this.#log.error("A query ended its thread", { err: errorMessage(error) });
    return { kind: "failure", errorType: "internal", message: `the query ended its thread: ${errorMessage(error)}` };
  }

  /** A thread is gone: what it had pinned may be reused, and its place is free. */
  #freePins(threadId: number): void {
    const slot = this.#slots.free(threadId);
    const { activeQueriesDir, activeQueriesMax } = this.#settings;
    if (slot !== undefined) clearActiveQuery(systemFiles, activeQueriesDir, slot, activeQueriesMax);
    for (const pin of this.#control.pinSlotsOf(threadId)) {
      for (const memory of this.#source.memories()) {
        Atomics.store(new Uint32Array(memory.buffer), (PINS >> 2) + pin, 0);
      }
      this.#control.releasePinSlot(pin);
    }
  }
}
