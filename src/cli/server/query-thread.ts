/**
 * A query thread: one private memory, one query at a time. It parses, selects from the heads under its pin, evaluates,
 * and hands back finished bytes. Nothing of a query is left behind but caches of label strings.
 */

import { threadId } from "node:worker_threads";
import type { BacktestQuery, InstantQuery, RangeQuery, ServiceAnswer } from "../../api/index.js";
import { assert, errorCode, errorMessage, systemFiles, VestalError } from "../../base/index.js";
import { QueryMemory } from "../../memory/index.js";
import { compareBytes, compareLabels, LabelLists, type Matcher } from "../../model/index.js";
import {
  DEFAULT_EVALUATION_OPTIONS,
  type EvaluationMeans,
  type EvaluationOptions,
  encodeAnswer,
  encodeFrame,
  encodeSeries,
  encodeTexts,
  estimateCost,
  evaluate,
  instantRequest,
  type Plan,
  PlanObserver,
  type PromqlKernels,
  type QueryRequest,
  type QueryResult,
  rangeRequest,
  type SelectedSeries,
  selectorText,
  startPromqlKernels,
  TopSink,
} from "../../promql/index.js";
import {
  childrenOf,
  type Expr,
  exprToJson,
  ParsedExpressions,
  type ParserOptions,
  parseExpr,
  parseMetricSelector,
  prettifyExpr,
} from "../../promql/parser/index.js";
import {
  decodeReadRequest,
  encodeReadResponse,
  encodeReadSlice,
  federate,
  ReadClient,
  type ReadEndpoint,
  type ReadExchange,
  RemoteQuerier,
} from "../../remote/index.js";
import { backtestView } from "../../rules/index.js";
import { ControlMemory } from "../../shard/index.js";
import type { CancelToken, Querier } from "../../storage/index.js";
import { HeadChunkReader } from "../../tsdb/chunks-head/index.js";
import { type ChunkKernels, HeadReader, HeadsQuerier } from "../../tsdb/head/index.js";
import { DatabaseQuerier, FanoutQuerier } from "../../tsdb/querier/index.js";
import { ActiveQuery } from "./active-queries.js";
import { headStatus } from "./head-status.js";
import type { PlainSelector } from "./ingest-messages.js";
import { OpenBlocks } from "./open-blocks.js";
import { type LoggedQuery, queryLogLine } from "./query-log.js";
import type {
  DamagedBlock,
  HeadHandle,
  QueryJob,
  QueryReply,
  QueryTask,
  QueryThreadSettings,
  QueryTimings,
  ReadPart,
} from "./query-messages.js";
import { QuerySlots } from "./query-slots.js";

import { backtestResult } from "./rule-backtest.js";
import { RuleQueries } from "./rule-queries.js";
import type { RuleExpression } from "./rules-messages.js";
import { type PackedQuestions, packAnswers } from "./rules-pack.js";

/** A memory that grew beyond this is given up after the query: WebAssembly memories never shrink. */
const MEMORY_KEPT_BYTES = 256 * 1024 * 1024;
/** Series of the selections that a thread remembers: some 20 bytes each, and 200 where their names were taken off. */
const LISTED_SERIES_MAX = 300_000;
/** While a query waits for another server, its cancel word is looked at so often. */
const CANCEL_LOOK_MS = 20;
/** Series of a block between two looks at the cancel word: well below a millisecond. */
const SERIES_PER_CHECK = 64;

interface RecordedMeans extends Pick<EvaluationMeans, "onSelected" | "watch"> {
  /** Absent: one is made. */
  readonly querier?: Querier;
}

export class QueryThread {
  readonly #settings: QueryThreadSettings;
  readonly #control: ControlMemory;
  readonly #pin: number;
  readonly #headChunks: HeadChunkReader;
  readonly #readers = new Map<number, { readonly generation: number; readonly reader: HeadReader }>();
  readonly #ruleQueries: RuleQueries;
  readonly #lists = new LabelLists(LISTED_SERIES_MAX);
  #memory: QueryMemory;
  #kernels: PromqlKernels & ChunkKernels;
  readonly #blocks: OpenBlocks;
  /** By the hash of their settings. */
  readonly #readClients = new Map<string, ReadClient>();
  /** Of the query that runs: what other servers failed at, and what was exchanged with them. */
  #remoteWarnings = new Set<string>();
  #exchanges: ReadExchange[] = [];
  #abort: { readonly controller: AbortController; readonly timer: NodeJS.Timeout } | undefined;
  /** Of the query that runs: blocks that could not be read. */
  #damaged: DamagedBlock[] = [];
  readonly #expressions: ParsedExpressions;
  readonly #slots: QuerySlots;
  /** Undefined where all were taken. */
  readonly #slot: number | undefined;
  readonly #active: ActiveQuery;
  /** Of the query that runs. */
  #logLines: string[] = [];
  /** Of the query that runs. */
  #timings: QueryTimings | undefined;

  constructor(settings: QueryThreadSettings) {
    this.#settings = settings;
    this.#expressions = new ParsedExpressions(this.#parser());
    this.#headChunks = new HeadChunkReader(systemFiles, settings.chunksHeadDir);
    this.#blocks = new OpenBlocks(systemFiles, settings.blockCacheBytes);
    this.#control = ControlMemory.attach(settings.control);
    // The main thread clears and frees the pins of threads that ended.
    const pin = this.#control.takePinSlot(threadId);
    assert(pin !== undefined, "more query threads than reader pins");
    this.#pin = pin;
    this.#slots = new QuerySlots(settings.slots);
    this.#slot = this.#slots.take(threadId);
    const { activeQueriesDir, activeQueriesMax } = settings;
    this.#active = new ActiveQuery(systemFiles, activeQueriesDir, this.#slot, activeQueriesMax);
    this.#memory = new QueryMemory(settings.memoryLimitBytes);
    this.#kernels = this.#startKernels();
    const optionsOf = (lookbackDeltaMs: number | undefined): EvaluationOptions => this.#options(lookbackDeltaMs);
    this.#ruleQueries = new RuleQueries({ threadId, parser: this.#parser(), optionsOf });
  }

  async run(task: QueryTask): Promise<QueryReply> {
    const cancel = this.#cancelToken(task);
    this.#timings = undefined;
    this.#damaged = [];
    this.#remoteWarnings = new Set();
    this.#exchanges = [];
    this.#logLines = [];
    if (this.#slot !== undefined) this.#slots.begin(this.#slot, task.number);
    try {
      cancel.check();
      const answer = await this.#aroundDamage(() => this.#answer(task, cancel));
      return this.#reply(this.#withMissing(answer, task), this.#timings);
    } catch (error) {
      return this.#reply(failureFor(error, task.job), undefined);
    } finally {
      if (this.#slot !== undefined) this.#slots.begin(this.#slot, 0);
      clearInterval(this.#abort?.timer);
      this.#abort = undefined;
      this.#blocks.release();
      if (this.#memory.bytes.length > MEMORY_KEPT_BYTES) {
        this.#memory = new QueryMemory(this.#settings.memoryLimitBytes);
        this.#kernels = this.#startKernels();
      }
    }
  }

  #reply(answer: ServiceAnswer, timings: QueryTimings | undefined): QueryReply {
    return {
      answer,
      timings,
      damagedBlocks: this.#damaged,
      exchanges: this.#exchanges,
      logLines: this.#logLines,
    };
  }

  /** Evaluates under the eyes of `queries.active` and of the query log. */
  async #recorded(
    task: QueryTask,
    request: QueryRequest,
    origin: Pick<LoggedQuery, "client" | "ruleGroup">,
    cancel: CancelToken,
    { querier, ...more }: RecordedMeans = {},
  ): Promise<{ readonly result: QueryResult; readonly timings: Omit<QueryTimings, "resultSeconds"> }> {
    const queueSeconds = Math.max(0, Date.now() - task.askedMs) / 1000;
    const startedMs = performance.now();
    let selectedMs: number | undefined;
    const timingsOf = (samples: number) => {
      const endedMs = performance.now();
      return {
        queueSeconds,
        prepareSeconds: ((selectedMs ?? endedMs) - startedMs) / 1000,
        evaluateSeconds: (endedMs - (selectedMs ?? endedMs)) / 1000,
        samples,
      };
    };
    const log = (stats: QueryResult["stats"], failed: Pick<LoggedQuery, "error"> = {}): void => {
      if (!task.isLogged) return;
      const { text: query, startMs, endMs, stepMs } = request;
      const outcome = { stats: statsJson(stats, timingsOf(stats.queryableSamples), request), ...failed };
      this.#logLines.push(queryLogLine({ query, startMs, endMs, stepMs, ...origin, ...outcome }, Date.now()));
    };
    this.#active.begin(request.text, Date.now());
    try {
      const result = await evaluate(request, {
        querier: querier ?? this.#querier(task, cancel),
        memory: this.#memory,
        kernels: this.#kernels,
        cancel,
        ...more,
        onSelected: (selected, plan) => {
          selectedMs = performance.now();
          more.onSelected?.(selected, plan);
        },
      });
      const timings = timingsOf(result.stats.queryableSamples);
      log(result.stats);
      return { result, timings };
    } catch (error) {
      const none = { queryableSamples: 0, peakSamples: 0, samplesPerStep: undefined };
      // A query that is run again without a damaged block has not failed.
      if (errorCode(error) !== "BLOCK_DAMAGED") {
        log(none, { error: errorMessage(error) });
      }
      throw error;
    } finally {
      this.#active.end();
    }
  }

  /** Runs a query again without a block that cannot be read, so that the rest is served. */
  async #aroundDamage<T>(run: () => Promise<T> | T): Promise<T> {
    const mark = this.#memory.mark();
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof VestalError) || error.code !== "BLOCK_DAMAGED") throw error;
        const { ulid, reason } = error.details as unknown as DamagedBlock; // as readingBlock throws it
        if (this.#damaged.some((known) => known.ulid === ulid)) throw error;
        this.#damaged.push({ ulid, reason });
        this.#memory.releaseTo(mark);
      }
    }
  }

  #startKernels(): PromqlKernels & ChunkKernels {
    // One instance has all kernels of assembly/query.ts; the two types name different parts of its exports.
    return startPromqlKernels(this.#memory) as PromqlKernels & ChunkKernels;
  }

  #answer(task: QueryTask, cancel: CancelToken): Promise<ServiceAnswer> | ServiceAnswer {
    const { job } = task;
    switch (job.kind) {
      case "instant":
      case "range":
        return this.#evaluate(task, job, this.#prepared(job), cancel);
      case "frame":
        return this.#frame(task, job, cancel);
      case "backtest":
        return this.#backtest(task, job, cancel);
      case "cost":
        return this.#cost(task, job, cancel);
      case "explain":
        return this.#explain(task, job, cancel);
      case "series":
        return this.#series(task, job, cancel);
      case "labelNames":
      case "labelValues":
        return this.#labels(task, job, cancel);
      case "exemplars":
        return exemplarSelectors(parseExpr(job.expression, this.#parser()));
      case "format":
        return { kind: "data", data: prettifyExpr(parseExpr(job.expression, this.#parser())) };
      case "parse":
        return { kind: "data", data: exprToJson(parseExpr(job.expression, this.#parser())) };
      case "headStatus":
        return { kind: "data", data: headStatus(this.#openReaders(task.heads), job.limit) };
      case "rules":
        return this.#rules(task, job.questions, cancel);
      case "selectors":
        return { kind: "data", data: job.matchers.map((text) => plainSelector(this.#selector(text))) };
      case "federate":
        return this.#federate(task, job, cancel);
      case "remoteRead":
        return this.#remoteRead(task, job, cancel);
      case "checkSelectors":
        for (const text of job.matchers) this.#selector(text);
        return { kind: "empty" };
    }
  }

  async #federate(
    task: QueryTask,
    { matchers, ...request }: QueryJob & { readonly kind: "federate" },
    cancel: CancelToken,
  ): Promise<ServiceAnswer> {
    const selectors = matchers.map((text) => parseMetricSelector(text, this.#parser()));
    return this.#withSink(async (sink) => {
      const querier = this.#localQuerier(task, cancel);
      return { kind: "encoded", body: await federate({ ...request, selectors }, querier, sink) };
    });
  }

  async #remoteRead(
    task: QueryTask,
    { body, externalLabels, samplesMax, after, ...limits }: QueryJob & { readonly kind: "remoteRead" },
    cancel: CancelToken,
  ): Promise<ServiceAnswer> {
    const { queries, responseType } = decodeReadRequest(body, externalLabels);
    return this.#withSink(async (sink) => {
      const querier = this.#querier(task, cancel);
      const part: ReadPart =
        responseType === "samples"
          ? { type: "samples", body: await encodeReadResponse(queries, externalLabels, { samplesMax }, querier, sink) }
          : { type: "chunks", ...(await encodeReadSlice(queries, after, externalLabels, limits, querier, sink)) };
      return { kind: "data", data: part };
    });
  }

  async #withSink<T>(work: (sink: TopSink) => Promise<T>): Promise<T> {
    const mark = this.#memory.mark();
    try {
      return await work(new TopSink(this.#memory));
    } finally {
      this.#memory.releaseTo(mark);
    }
  }

  async #frame(task: QueryTask, job: RangeQuery, cancel: CancelToken): Promise<ServiceAnswer> {
    const request = this.#prepared(job);
    const answer = await this.#aroundDamage(() => this.#recorded(task, request, job, cancel));
    const result = withWarnings(answer.result, this.#missingWarnings(task));
    return { kind: "encoded", body: encodeFrame(result, job) };
  }

  async #backtest(task: QueryTask, job: BacktestQuery, cancel: CancelToken): Promise<ServiceAnswer> {
    const request = this.#prepared(job);
    const { result } = await this.#aroundDamage(() => this.#recorded(task, request, job, cancel));
    return { kind: "data", data: backtestView(await backtestResult(result.value, job)) };
  }

  #prepared(job: InstantQuery | RangeQuery): QueryRequest {
    const options = this.#options(job.lookbackDeltaMs);
    const expr = this.#expressions.parse(job.expression);
    if ("timeMs" in job) return instantRequest(job.expression, expr, job.timeMs, options);
    return rangeRequest(job.expression, expr, job, options);
  }

  async #cost(task: QueryTask, job: InstantQuery | RangeQuery, cancel: CancelToken): Promise<ServiceAnswer> {
    const request = this.#prepared(job);
    return this.#withSink(async (sink) => {
      const cost = await estimateCost(request, this.#querier(task, cancel), sink);
      const series = cost.selectors.map(({ selector, seriesTouched: count }) => ({ selector, count }));
      checkCost("series", series, "max_series", job.maxSeries);
      const samples = cost.selectors.map(({ selector, samplesScanned: count }) => ({ selector, count }));
      checkCost("samples scanned", samples, "max_samples_scanned", job.maxSamplesScanned);
      return { kind: "data", data: cost };
    });
  }

  async #explain(task: QueryTask, job: InstantQuery | RangeQuery, cancel: CancelToken): Promise<ServiceAnswer> {
    const request = this.#prepared(job);
    const estimated = await this.#withSink((sink) => estimateCost(request, this.#querier(task, cancel), sink));
    const observer = new PlanObserver();
    let plan: Plan | undefined;
    const { result, timings } = await this.#recorded(task, request, job, cancel, {
      watch: (node, open) => observer.watch(node, open),
      onSelected: (_selected, built) => {
        plan = built;
      },
    });
    const { queryableSamples, peakSamples } = result.stats;
    return {
      kind: "data",
      data: {
        query: prettifyExpr(request.expr),
        plan: observer.explain(plan!, request.text),
        estimated,
        measured: {
          samplesScanned: queryableSamples,
          peakSamples,
          prepareSeconds: timings.prepareSeconds,
          evaluateSeconds: timings.evaluateSeconds,
        },
      },
    };
  }

  async #rules(task: QueryTask, questions: PackedQuestions, cancel: CancelToken): Promise<ServiceAnswer> {
    let querier = this.#querier(task, cancel);
    let damaged = this.#damaged.length;
    const evaluateOne = (request: QueryRequest, { group }: RuleExpression): Promise<QueryResult> =>
      this.#aroundDamage(async () => {
        if (this.#damaged.length > damaged) {
          querier = this.#querier(task, cancel);
          damaged = this.#damaged.length;
        }
        const origin = group === undefined ? {} : { ruleGroup: group };
        return (await this.#recorded(task, request, origin, cancel, { querier })).result;
      });
    return { kind: "data", data: packAnswers(await this.#ruleQueries.run(questions, evaluateOne)) };
  }

  async #evaluate(
    task: QueryTask,
    job: InstantQuery | RangeQuery,
    request: QueryRequest,
    cancel: CancelToken,
  ): Promise<ServiceAnswer> {
    const options = { perStepStats: this.#settings.features.perStepStats && job.stats === "all" };
    const counted = { ...request, options: { ...request.options, ...options } };
    const onSelected = (selected: readonly SelectedSeries[]): void => {
      if (job.maxSeries === undefined) return;
      const shares = selected.map((one) => ({ selector: selectorText(one), count: one.count }));
      checkCost("series", shares, "max_series", job.maxSeries);
    };
    const { result, timings } = await this.#recorded(task, counted, job, cancel, { onSelected });
    const evaluatedMs = performance.now();
    const answer = withWarnings(truncate(result, job.limit), this.#missingWarnings(task));
    const stats = job.stats === "" ? undefined : statsJson(result.stats, timings, counted);
    const body = encodeAnswer(answer, { memory: this.#memory, kernels: this.#kernels }, stats);
    this.#timings = { ...timings, resultSeconds: (performance.now() - evaluatedMs) / 1000 };
    return { kind: "encoded", body };
  }

  async #series(
    task: QueryTask,
    { matchers: texts, startMs, endMs, limit }: QueryJob & { readonly kind: "series" },
    cancel: CancelToken,
  ): Promise<ServiceAnswer> {
    const hints = { minTimeMs: startMs, maxTimeMs: endMs, stepMs: 0, func: "series" };
    const requests = texts.map((text) => ({ matchers: this.#selector(text), hints }));
    const sets = await this.#querier(task, cancel).selectAll(requests);
    const lists = sets.map((set) => Array.from({ length: set.count }, (_, i) => set.labels(i)));
    for (const set of sets.toReversed()) set.close();
    const all = lists.length === 1 ? lists[0]! : [...new Map(lists.flat().map((each) => [each.key, each])).values()];
    if (lists.length > 1) all.sort(compareLabels);
    return this.#listed(task, all, limit, encodeSeries);
  }

  /** A list as the finished body, cut to `limit` (0: none). */
  #listed<T>(
    task: QueryTask,
    all: readonly T[],
    limit: number,
    encode: (all: readonly T[], warnings: readonly string[]) => Uint8Array,
  ): ServiceAnswer {
    const missing = this.#missingWarnings(task);
    const isCut = limit > 0 && all.length > limit;
    const body = isCut ? encode(all.slice(0, limit), [TRUNCATED, ...missing]) : encode(all, missing);
    return { kind: "encoded", body };
  }

  async #labels(
    task: QueryTask,
    job: QueryJob & { readonly kind: "labelNames" | "labelValues" },
    cancel: CancelToken,
  ): Promise<ServiceAnswer> {
    const { startMs, endMs } = job;
    const querier = this.#querier(task, cancel);
    const ask = async (matchers: readonly Matcher[]): Promise<readonly string[]> => {
      const answer =
        job.kind === "labelNames"
          ? await querier.labelNames(matchers, startMs, endMs)
          : await querier.labelValues(job.name, matchers, startMs, endMs);
      return answer.values;
    };
    const selectors = job.matchers.map((text) => this.#selector(text));
    if (selectors.length <= 1) return this.#listed(task, await ask(selectors[0] ?? []), job.limit, encodeTexts);
    const all = new Set<string>();
    for (const matchers of selectors) for (const value of await ask(matchers)) all.add(value);
    return this.#listed(task, [...all].sort(compareBytes), job.limit, encodeTexts);
  }

  /** @throws VestalError PARSE or SELECTOR_EMPTY. */
  #selector(text: string): readonly Matcher[] {
    const matchers = parseMetricSelector(text, this.#parser());
    if (matchers.every((matcher) => matcher.matchesEmpty)) {
      throw new VestalError("SELECTOR_EMPTY", "match[] must contain at least one non-empty matcher", { text });
    }
    return matchers;
  }

  /** The own storage, and the other servers of the configuration. */
  #querier(task: QueryTask, cancel: CancelToken): Querier {
    const local = this.#localQuerier(task, cancel);
    if (task.remoteReads.length === 0) return local;
    const first = task.blocks[0]?.minTimeMs ?? Date.now();
    const localStartMs = first + this.#settings.localStartMarginMs;
    const others = task.remoteReads.map((endpoint) => {
      const client = this.#readClient(endpoint, task.remoteReads);
      const onExchange = (exchange: ReadExchange): void => void this.#exchanges.push(exchange);
      return new RemoteQuerier({ endpoint, client, localStartMs, signal: this.#signalOf(cancel), onExchange });
    });
    const onWarning = (message: string): void => void this.#remoteWarnings.add(message);
    return new FanoutQuerier({ local, others, memory: this.#memory, onWarning });
  }

  /** Aborts when the query is to end, for what it waits for elsewhere. */
  #signalOf(cancel: CancelToken): AbortSignal {
    if (this.#abort === undefined) {
      const controller = new AbortController();
      const timer = setInterval(() => {
        try {
          cancel.check();
        } catch (error) {
          controller.abort(error);
        }
      }, CANCEL_LOOK_MS);
      this.#abort = { controller, timer };
    }
    return this.#abort.controller.signal;
  }

  /** Those of settings that are no more are closed. */
  #readClient(endpoint: ReadEndpoint, inForce: readonly ReadEndpoint[]): ReadClient {
    const known = this.#readClients.get(endpoint.hash);
    if (known !== undefined) return known;
    for (const [hash, client] of this.#readClients) {
      if (inForce.some((other) => other.hash === hash)) continue;
      client.close();
      this.#readClients.delete(hash);
    }
    const client = new ReadClient(endpoint, this.#settings.userAgent, this.#settings.memoryLimitBytes);
    this.#readClients.set(endpoint.hash, client);
    return client;
  }

  #localQuerier(task: QueryTask, cancel: CancelToken): Querier {
    const heads = new HeadsQuerier(
      this.#openReaders(task.heads),
      this.#memory,
      this.#kernels,
      this.#headChunks,
      this.#lists,
    );
    const sound = task.blocks.filter(({ ulid }) => !this.#damaged.some((known) => known.ulid === ulid));
    if (sound.length === 0) return heads;
    let work = 0;
    return new DatabaseQuerier({
      heads,
      blocks: this.#blocks.take(sound),
      memory: this.#memory,
      decoder: this.#kernels,
      lists: this.#lists,
      onWork: () => {
        work++;
        if (work % SERIES_PER_CHECK === 0) cancel.check();
      },
    });
  }

  #openReaders(heads: readonly HeadHandle[]): HeadReader[] {
    return heads.map(({ shard, generation, memory }) => {
      const known = this.#readers.get(shard);
      if (known?.generation === generation) return known.reader;
      const reader = new HeadReader(memory, this.#pin);
      this.#readers.set(shard, { generation, reader });
      return reader;
    });
  }

  #options(lookbackDeltaMs: number | undefined): EvaluationOptions {
    const settings = this.#settings;
    return {
      ...DEFAULT_EVALUATION_OPTIONS,
      lookbackDeltaMs: lookbackDeltaMs ?? settings.lookbackDeltaMs,
      defaultStepMs: settings.defaultStepMs,
      maxSamples: settings.maxSamples,
      delayedNameRemoval: settings.features.delayedNameRemoval,
      typeAndUnitLabels: settings.features.typeAndUnitLabels,
      useStartTimestamps: settings.features.useStartTimestamps,
      language: settings.features.language,
    };
  }

  #parser(): ParserOptions {
    const { experimentalFunctions, durationExpressions, extendedRangeSelectors, fillModifiers, language } =
      this.#settings.features;
    return { experimentalFunctions, durationExpressions, extendedRangeSelectors, fillModifiers, language };
  }

  #cancelToken(task: QueryTask): CancelToken {
    const scannedMax =
      "maxSamplesScanned" in task.job
        ? (task.job.maxSamplesScanned ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY;
    return {
      check: (samples = 0, held = 0) => {
        if (this.#slot !== undefined) this.#slots.report(this.#slot, samples, held);
        if (samples > scannedMax) throw tooDear("samples scanned", samples, "max_samples_scanned", scannedMax);
        const now = Date.now();
        this.#active.look(now);
        // The word is also set when the time is up.
        if (now > task.deadlineMs) {
          throw new VestalError("QUERY_TIMEOUT", "query timed out in expression evaluation");
        }
        if (this.#control.isCancelled(task.cancel)) {
          throw new VestalError("QUERY_CANCELED", "query was canceled in query execution");
        }
      },
    };
  }

  #withMissing(answer: ServiceAnswer, task: QueryTask): ServiceAnswer {
    const missing = this.#missingWarnings(task);
    if (answer.kind !== "data" || missing.length === 0) return answer;
    return { ...answer, warnings: [...(answer.warnings ?? []), ...missing] };
  }

  #missingWarnings(task: QueryTask): readonly string[] {
    const shards = task.missingShards.join(", ");
    return [
      ...(shards === "" ? [] : [`shard ${shards} is being rebuilt: its series are missing from this answer`]),
      ...this.#remoteWarnings,
      ...this.#damaged.map(({ ulid }) => `block ${ulid} is damaged: its samples are missing from this answer`),
    ];
  }
}

interface Share {
  readonly selector: string;
  readonly count: number;
}

/** @throws VestalError QUERY_COST, which names the dearest selector, if all shares together are beyond the limit. */
function checkCost(what: string, shares: readonly Share[], parameter: string, limit = Number.POSITIVE_INFINITY): void {
  const all = shares.reduce((sum, { count }) => sum + count, 0);
  if (all <= limit) return;
  const { selector, count } = shares.reduce((a, b) => (b.count > a.count ? b : a));
  throw tooDear(what, all, parameter, limit, `; ${count} of them are of ${selector}`);
}

function tooDear(what: string, count: number, parameter: string, limit: number, where = ""): VestalError {
  return new VestalError(
    "QUERY_COST",
    `the query exceeds ${parameter}: ${count} ${what}, ${limit} are allowed${where}`,
  );
}

function withWarnings(result: QueryResult, warnings: readonly string[]): QueryResult {
  return warnings.length === 0 ? result : { ...result, warnings: [...result.warnings, ...warnings] };
}

const TRUNCATED = "results truncated due to limit";

/** The answer cut to `limit` series, with Prometheus' warning; 0 is no limit. */
function truncate(result: QueryResult, limit: number): QueryResult {
  const { value } = result;
  if (limit <= 0 || (value.type !== "vector" && value.type !== "matrix") || value.labels.length <= limit) return result;
  const cut = { ...value, labels: value.labels.slice(0, limit) };
  return { ...result, value: cut, warnings: [...result.warnings, TRUNCATED] };
}

/** Prometheus' `stats` object. Series come in order already, so no time goes into sorting them. */
function statsJson(
  stats: QueryResult["stats"],
  timings: Omit<QueryTimings, "resultSeconds">,
  { startMs, stepMs, options }: QueryRequest,
): string {
  const { queueSeconds, prepareSeconds, evaluateSeconds } = timings;
  const totalSeconds = prepareSeconds + evaluateSeconds;
  return JSON.stringify({
    timings: {
      evalTotalTime: totalSeconds,
      resultSortTime: 0,
      queryPreparationTime: prepareSeconds,
      innerEvalTime: evaluateSeconds,
      execQueueTime: queueSeconds,
      execTotalTime: totalSeconds + queueSeconds,
    },
    samples: {
      ...(options.perStepStats === true && {
        totalQueryableSamplesPerStep:
          stats.samplesPerStep === undefined
            ? [[startMs / 1000, stats.queryableSamples]]
            : Array.from(stats.samplesPerStep, (samples, i) => [(startMs + i * stepMs) / 1000, samples]),
      }),
      totalQueryableSamples: stats.queryableSamples,
      peakSamples: stats.peakSamples,
    },
  });
}

function plainSelector(matchers: readonly Matcher[]): PlainSelector {
  return matchers.map(({ operator, name, value }) => ({ operator, name, value }));
}

/** The expression's selectors as plain data: the shards have the exemplars. */
function exemplarSelectors(expr: Expr): ServiceAnswer {
  const selectors: PlainSelector[] = [];
  const visit = (node: Expr): void => {
    if (node.kind === "vectorSelector") {
      selectors.push(plainSelector(node.matchers));
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(expr);
  return selectors.length === 0 ? { kind: "empty" } : { kind: "data", data: selectors };
}

/** Expected failures as values; what remains is a defect, reported as such. */
function failureFor(error: unknown, job: QueryJob): ServiceAnswer {
  const code = errorCode(error);
  const message = errorMessage(error);
  const onSelectors = job.kind !== "instant" && job.kind !== "range" && "matchers" in job;
  switch (code) {
    case "PARSE":
      return { kind: "failure", errorType: "bad_data", message, parameter: onSelectors ? "match[]" : "query" };
    case "SELECTOR_EMPTY":
      return { kind: "failure", errorType: "bad_data", message, parameter: "match[]" };
    case "BAD_DATA":
      return { kind: "failure", errorType: "bad_data", message, parameter: "query" };
    case "DECODE_CORRUPT":
    case "DECODE_LIMIT":
    case "PROTO":
    case "REGEX":
    case "READ_SAMPLES":
    case "READ_TYPE":
      return { kind: "failure", errorType: "bad_data", message };
    case "QUERY_CANCELED":
      return { kind: "failure", errorType: "canceled", message };
    case "QUERY_TIMEOUT":
      return { kind: "failure", errorType: "timeout", message };
    case "QUERY_EXECUTION":
    case "QUERY_SAMPLES":
    case "QUERY_MEMORY":
    case "QUERY_COST":
      return { kind: "failure", errorType: "execution", message };
    default:
      return { kind: "failure", errorType: "internal", message };
  }
}
