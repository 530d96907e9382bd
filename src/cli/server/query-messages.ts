/** What the main thread asks of a query thread, and the answer; plain data and shared memory only. */
import type { BacktestQuery, InstantQuery, RangeQuery, SelectorQuery, ServiceAnswer } from "../../api/index.js";
import type { FederateRequest, ReadCursor, ReadEndpoint, ReadExchange, ReadSlice } from "../../remote/index.js";
import type { CancelHandle } from "../../shard/index.js";
import type { PackedQuestions } from "./rules-pack.js";

/** One shard's head, as a query thread reads it. */
export interface HeadHandle {
  readonly shard: number;
  /** Another number for each memory that the shard has had: caches of the old one are worthless. */
  readonly generation: number;
  readonly memory: WebAssembly.Memory;
}

/** One block, as a query thread reads it. */
export interface BlockHandle {
  readonly ulid: string;
  readonly dir: string;
  /** Another one after each change of what is deleted in it. */
  readonly version: string;
  readonly minTimeMs: number;
  /** Exclusive. */
  readonly maxTimeMs: number;
}

/** A block that could not be read: the answer is without it, and says so. */
export interface DamagedBlock {
  readonly ulid: string;
  readonly reason: string;
}

export type QueryJob =
  | ({ readonly kind: "instant" } & InstantQuery)
  | ({ readonly kind: "range" } & RangeQuery)
  | ({ readonly kind: "series" } & SelectorQuery)
  | ({ readonly kind: "labelNames" } & SelectorQuery)
  | ({ readonly kind: "labelValues"; readonly name: string } & SelectorQuery)
  | { readonly kind: "exemplars"; readonly expression: string }
  | { readonly kind: "format"; readonly expression: string }
  | { readonly kind: "parse"; readonly expression: string }
  | { readonly kind: "checkSelectors"; readonly matchers: readonly string[] }
  /** Selectors as plain data, for those that do not parse PromQL. */
  | { readonly kind: "selectors"; readonly matchers: readonly string[] }
  | ({ readonly kind: "backtest" } & BacktestQuery)
  /** A range as the bytes of a FlatBuffers Frame. */
  | ({ readonly kind: "frame" } & RangeQuery)
  /** Rules: expressions packed; the answer's data is PackedAnswers of the first ones. */
  | { readonly kind: "rules"; readonly questions: PackedQuestions }
  /** `/federate`: the answer is the page. */
  | ({ readonly kind: "federate"; readonly matchers: readonly string[] } & Omit<FederateRequest, "selectors">)
  /** What a query would cost: the answer's data is as `/api/v1/query_cost` has it. */
  | ({ readonly kind: "cost" } & (InstantQuery | RangeQuery))
  /** A query is run, and its plan is the answer. */
  | ({ readonly kind: "explain" } & (InstantQuery | RangeQuery))
  /** Remote read: the answer's data is a ReadPart. */
  | {
      readonly kind: "remoteRead";
      /** Compressed, as it came. */
      readonly body: Uint8Array;
      readonly externalLabels: Readonly<Record<string, string>>;
      readonly samplesMax: number;
      readonly frameBytesMax: number;
      readonly sliceBytes: number;
      /** Where a stream of chunks goes on; absent at its beginning. */
      readonly after?: ReadCursor;
    }
  /** `status/tsdb`: the answer's data is a HeadStatus. */
  | { readonly kind: "headStatus"; readonly limit: number };

/** All of a compressed `prometheus.ReadResponse`, or a part of a stream of chunks. */
export type ReadPart =
  | { readonly type: "samples"; readonly body: Uint8Array }
  | ({ readonly type: "chunks" } & ReadSlice);

/** What queries read; mostly the same for one query after the other. */
export interface QueryContext {
  readonly heads: readonly HeadHandle[];
  /** In order of time; they stay as long as the query runs. */
  readonly blocks: readonly BlockHandle[];
  /** Other servers that are asked too. */
  readonly remoteReads: readonly ReadEndpoint[];
  /** Shards that cannot be read now; an answer without them carries a warning. */
  readonly missingShards: readonly number[];
}

/** One query, as it goes to its thread. */
export interface QueryRequestMessage {
  readonly job: QueryJob;
  readonly cancel: CancelHandle;
  /** Wall clock: the query's time is up. */
  readonly deadlineMs: number;
  /** The whole time that it had, for the message. */
  readonly timeoutMs: number;
  /** Its number in the list of running queries. */
  readonly number: number;
  /** Whether lines for the query log are wanted. */
  readonly isLogged: boolean;
  /** When the query was asked: time in the queue is part of its statistics. */
  readonly askedMs: number;
}

export interface QueryTask extends QueryRequestMessage, QueryContext {}

/** Of all queries of a thread; its `workerData`. */
export interface QueryThreadSettings {
  /** Control memory: cancel words and pin slots. */
  readonly control: SharedArrayBuffer;
  /** Of QuerySlots. */
  readonly slots: SharedArrayBuffer;
  /** Where `queries.active` is, and how many queries it has places for. */
  readonly activeQueriesDir: string;
  readonly activeQueriesMax: number;
  readonly chunksHeadDir: string;
  /** Pages of blocks' files that a thread keeps. */
  readonly blockCacheBytes: number;
  readonly memoryLimitBytes: number;
  readonly maxSamples: number;
  readonly lookbackDeltaMs: number;
  readonly defaultStepMs: number;
  /** After the oldest block begins, or after now where there is none: from when on other servers need not be asked. */
  readonly localStartMarginMs: number;
  readonly userAgent: string;
  readonly features: QueryFeatures;
}

export interface QueryFeatures {
  readonly experimentalFunctions: boolean;
  readonly durationExpressions: boolean;
  readonly delayedNameRemoval: boolean;
  readonly extendedRangeSelectors: boolean;
  readonly fillModifiers: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly useStartTimestamps: boolean;
  readonly perStepStats: boolean;
  readonly language: "3.5" | "3.14";
}

/** What the time of a PromQL query went into, for `prometheus_engine_query_duration_seconds`. */
export interface QueryTimings {
  readonly queueSeconds: number;
  /** Plan, and series taken from the heads. */
  readonly prepareSeconds: number;
  readonly evaluateSeconds: number;
  /** The answer cut, and written as JSON: where Prometheus sorts. */
  readonly resultSeconds: number;
  readonly samples: number;
}

export interface QueryReply {
  readonly answer: ServiceAnswer;
  /** Of PromQL queries that were evaluated to the end. */
  readonly timings: QueryTimings | undefined;
  readonly damagedBlocks: readonly DamagedBlock[];
  /** Of the query log. */
  readonly logLines: readonly string[];
  /** With other servers. */
  readonly exchanges: readonly ReadExchange[];
}
