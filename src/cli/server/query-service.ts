/**
 * The API's `QueryService` over a pool of query threads. A query waits in the pool's queue, runs in one thread, and is
 * given up by its cancel word: when its client goes away, or its time is up. A thread that does not look at the word
 * within a second is terminated with its query; the pool starts another.
 */
import { join } from "node:path";
import { Piscina } from "piscina";
import { PINS } from "../../../assembly/layout.js";
import type {
  ApiFailure,
  BacktestQuery,
  HeadStatus,
  InstantQuery,
  QueryService,
  RangeQuery,
  RunningQuery,
  SelectorQuery,
  ServiceAnswer,
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
import { type BlockSource, NO_BLOCKS } from "./block-list.js";
import { FairQueue, type QueueClass } from "./fair-queue.js";
import type { ExemplarsMessage, PlainSelector } from "./ingest-messages.js";
import { QueryLog } from "./query-log.js";
import {
  type HeadHandle,
  type QueryJob,
  type QueryReply,
  type QueryTask,
  type QueryThreadSettings,
  type QueryTimings,
  UNKNOWN_HEADS,
} from "./query-messages.js";
import { QuerySlots } from "./query-slots.js";

const NEVER_ABORTED = new AbortController().signal;
/** What threads get to finish their start, or a query that was canceled, before they are ended. */
const CLOSE_PATIENCE_MS = 2000;
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

interface OpenQuery {
  readonly job: QueryJob;
  readonly cancel: CancelHandle;
  readonly askedMs: number;
  readonly giveUp: () => void;
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
  /** The first thread's start, while it is under way. */
  #starting: Promise<unknown> | undefined;

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
      name: "runQuery",
      // A thread takes some 20 MB, and a server that nobody asks needs none; the first query waits for its start, some 0.2 s.
      minThreads: 0,
      maxThreads: options.threads,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      workerData: this.#settings,
      resourceLimits: SMALL_YOUNG_GENERATION,
      // A query thread has no timers and sockets of its own: while idle it may sleep in Atomics.wait.
      atomics: "sync",
    });
    this.#pool.on("workerDestroy", (worker: { readonly id: number }) => this.#freePins(worker.id));
    this.#pool.on("error", (error: unknown) => log.error("A query thread failed", { err: errorMessage(error) }));
  }

  query(query: InstantQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "instant", ...query }, signal, query.timeoutMs);
  }

  queryRange(query: RangeQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "range", ...query }, signal, query.timeoutMs);
  }

  series(query: SelectorQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "series", ...query }, signal);
  }

  labelNames(query: SelectorQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "labelNames", ...query }, signal);
  }

  labelValues(query: SelectorQuery & { readonly name: string }, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "labelValues", ...query }, signal);
  }

  async queryExemplars(
    query: { readonly expression: string; readonly startMs: number; readonly endMs: number },
    signal: AbortSignal,
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

  formatQuery(expression: string, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "format", expression }, signal);
  }

  parseQuery(expression: string, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "parse", expression }, signal);
  }

  async checkSelectors(matchers: readonly string[], signal: AbortSignal): Promise<ApiFailure | undefined> {
    const answer = await this.#run({ kind: "checkSelectors", matchers }, signal);
    return answer.kind === "failure" ? answer : undefined;
  }

  /** The answer's data is a PlainSelector for each of the texts. */
  selectors(matchers: readonly string[], signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "selectors", matchers }, signal);
  }

  federate(job: Omit<QueryJob & { readonly kind: "federate" }, "kind">, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "federate", ...job }, signal);
  }

  remoteRead(
    job: Omit<QueryJob & { readonly kind: "remoteRead" }, "kind">,
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    return this.#run({ kind: "remoteRead", ...job }, signal);
  }

  backtest(query: BacktestQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "backtest", ...query }, signal, query.timeoutMs);
  }

  queryFrame(query: RangeQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "frame", ...query }, signal, query.timeoutMs);
  }

  /** Expressions of rules, packed, as many as a task has time for. */
  rules(expressions: string): Promise<ServiceAnswer> {
    return this.#run({ kind: "rules", expressions }, NEVER_ABORTED);
  }

  /** @throws VestalError HEAD_STATUS if no query thread could find out. */
  async headStatus(limit: number, signal: AbortSignal): Promise<HeadStatus> {
    const answer = await this.#run({ kind: "headStatus", limit }, signal);
    if (answer.kind === "data") return answer.data as HeadStatus;
    throw new VestalError("HEAD_STATUS", answer.kind === "failure" ? answer.message : "no statistics of the head");
  }

  queryCost(query: InstantQuery | RangeQuery, signal: AbortSignal): Promise<ServiceAnswer> {
    return this.#run({ kind: "cost", ...query }, signal, query.timeoutMs);
  }

  explain(query: InstantQuery | RangeQuery, signal: AbortSignal): Promise<ServiceAnswer> {
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
    known?.giveUp();
    return known !== undefined;
  }

  /** Ends all threads; queries under way fail. */
  async close(): Promise<void> {
    for (const { cancel } of this.#open.values()) this.#control.cancel(cancel);
    await closePool(this.#pool, CLOSE_PATIENCE_MS);
  }

  /** A query's time begins when there is a thread for it. */
  async #awaitThread(): Promise<void> {
    this.#starting ??= this.#pool.run(undefined, { name: "awaitStart" });
    try {
      await this.#starting;
    } catch {
      // The query finds the same, and says so.
    } finally {
      this.#starting = undefined;
    }
  }

  async #run(job: QueryJob, signal: AbortSignal, timeoutMs = this.#timeoutMs): Promise<ServiceAnswer> {
    const tooLong = this.#tooLong(job);
    if (tooLong !== undefined) return tooLong;
    if (this.#pool.threads.length === 0 || this.#starting !== undefined) await this.#awaitThread();
    const cancel = this.#control.openCancel();
    if (cancel === undefined) {
      const message = `${this.#control.cancelWordCount} queries are running or waiting; try again later`;
      return { kind: "failure", errorType: "unavailable", message };
    }
    const bound = Math.min(timeoutMs, this.#timeoutMs);
    const terminate = new AbortController();
    const leaveQueue = new AbortController();
    let patience: NodeJS.Timeout | undefined;
    const giveUp = (): void => {
      this.#control.cancel(cancel);
      leaveQueue.abort();
      patience ??= setTimeout(() => terminate.abort(), PATIENCE_MS);
    };
    const timer = setTimeout(giveUp, bound + 50);
    const number = ++this.#lastNumber;
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    const isPromql = job.kind === "instant" || job.kind === "range";
    if (isPromql) this.counters.running++;
    const close = (): void => {
      clearTimeout(timer);
      clearTimeout(patience);
      signal.removeEventListener("abort", giveUp);
      if (isPromql) this.counters.running--;
      this.#open.delete(number);
      this.#control.closeCancel(cancel);
    };
    const now = Date.now();
    this.#open.set(number, { job, cancel, askedMs: now, giveUp });
    if (!(await this.#turns.enter(classOf(job), clientOf(job), leaveQueue.signal))) {
      close();
      const isLate = Date.now() - now >= bound;
      return isLate
        ? { kind: "failure", errorType: "timeout", message: "query timed out in query queue" }
        : { kind: "failure", errorType: "canceled", message: "query was canceled in query queue" };
    }
    const lease = this.#blocks.acquire();
    const task: QueryTask = {
      job,
      heads: this.#source.heads().map(({ shard, generation }) => ({ shard, generation })),
      blocks: lease.blocks,
      remoteReads: this.remoteReads,
      missingShards: this.#source.missingShards(),
      cancel,
      deadlineMs: now + bound,
      timeoutMs: bound,
      askedMs: now,
      number,
      isLogged: this.queryLog.isEnabled,
    };
    try {
      const reply = await this.#ask(task, terminate.signal);
      const { answer, timings, damagedBlocks, exchanges, logLines } = reply;
      for (const exchange of exchanges) this.onExchange(exchange);
      for (const { ulid, reason } of damagedBlocks) this.#blocks.reportDamage(ulid, reason);
      if (timings !== undefined) this.onTimings(timings);
      this.queryLog.add(logLines);
      return isPromql && answer.kind === "encoded" ? { ...answer, isDisposable: true } : answer;
    } catch (error) {
      return this.#failure(error, terminate.signal.aborted, signal.aborted);
    } finally {
      lease.release();
      this.#turns.leave();
      close();
    }
  }

  #tooLong(job: QueryJob): ServiceAnswer | undefined {
    const texts = "expression" in job ? [job.expression] : "matchers" in job ? job.matchers : [];
    const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
    if (longest <= this.#maxLength) return undefined;
    const message = `${longest} characters are more than the ${this.#maxLength} of --query.max-length`;
    const parameter = "expression" in job ? "query" : "match[]";
    return { kind: "failure", errorType: "bad_data", message, parameter };
  }

  async #ask(task: QueryTask, signal: AbortSignal): Promise<QueryReply> {
    const reply = (await this.#pool.run(task, { signal })) as QueryReply | typeof UNKNOWN_HEADS;
    if (reply !== UNKNOWN_HEADS) return reply;
    const again: QueryTask = { ...task, heads: this.#source.heads() };
    return (await this.#pool.run(again, { signal })) as QueryReply;
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
