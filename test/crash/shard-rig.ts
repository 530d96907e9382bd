/**
 * All shards of a server in real threads, over a real folder and a real exporter, with real query threads: what the server
 * joins, without HTTP. The threads end where the test says.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogFields, type Logger, packageRoot } from "../../src/base/index.js";
import type { TargetsMessage } from "../../src/cli/server/ingest-messages.js";
import { QueryPool } from "../../src/cli/server/query-service.js";
import { ShardSet } from "../../src/cli/server/shards.js";
import { Labels } from "../../src/model/index.js";
import {
  DEFAULT_ENGINE_OPTIONS,
  DEFAULT_JOB_HISTOGRAMS,
  DEFAULT_TRANSPORT,
  type ScrapeJob,
  type TargetSpec,
} from "../../src/scrape/index.js";
import { ControlMemory, shardOf } from "../../src/shard/index.js";
import { END_BY, ENDS_AFTER, IS_HELD, SHARD_WORDS, STEP_KIND, STEPS, STEPS_LEFT } from "./ingest-worker.js";

const TARGETS = 6;
const INTERVAL_MS = 50;
const LINES = 20;
/** One page: the log changes its segment all the time. */
const SEGMENT_BYTES = 32 * 1024;

export interface Answer {
  /** Series as JSON text → its samples, time and value joined by a space. */
  readonly samples: ReadonlyMap<string, ReadonlySet<string>>;
  readonly warnings: readonly string[];
}

export interface End {
  /** Undefined: any step. */
  readonly step?: (typeof STEPS)[number];
  readonly isAfter?: boolean;
  /** How many such steps until then. */
  readonly count?: number;
  /** END_BY_*. */
  readonly by?: number;
}

export class ShardRig {
  readonly shards: ShardSet;
  readonly queries: QueryPool;
  readonly fatal: string[] = [];
  /** What the main thread logged, with its fields. */
  readonly log: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly shardCount: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "vestal-thread-loss-"));
  readonly #words: Int32Array;
  readonly #exporter: Server;
  #scrapes = 0;

  private constructor(shardCount: number, exporter: Server) {
    this.shardCount = shardCount;
    const words = new SharedArrayBuffer(4 * SHARD_WORDS * shardCount);
    this.#words = new Int32Array(words);
    this.#exporter = exporter;
    const control = ControlMemory.create(shardCount, 64);
    const log = recorder(this.log);
    this.shards = new ShardSet(
      {
        shardCount,
        settings: {
          walDir: join(this.#folder, "wal"),
          wblDir: join(this.#folder, "wbl"),
          chunksHeadDir: join(this.#folder, "chunks_head"),
          keepsChunks: true,
          walSegmentBytes: SEGMENT_BYTES,
          walCompression: "snappy",
          walSync: "segment",
          walSalvage: false,
          limitPages: 512,
          chunkRangeMs: 7_200_000,
          samplesPerChunk: 120,
          seriesBudget: 0,
          engine: DEFAULT_ENGINE_OPTIONS,
          writeLimits: { decodedBytesMax: 1 << 20, samplesMax: 10_000 },
          userAgent: "test",
          log: { level: "error", format: "logfmt" },
        },
        entryFile: join(packageRoot(), "dist", "test", "crash", "ingest-worker.js"),
        workerData: { words },
      },
      control,
      { onReady: (shard) => this.#sendTargets(shard), onFatal: (message) => this.fatal.push(message) },
      log,
    );
    const settings = {
      activeQueriesDir: "/nowhere",
      activeQueriesMax: 0,
      chunksHeadDir: join(this.#folder, "chunks_head"),
      blockCacheBytes: 1 << 20,
      memoryLimitBytes: 1 << 28,
      maxSamples: 50_000_000,
      lookbackDeltaMs: 300_000,
      defaultStepMs: 60_000,
      localStartMarginMs: 14_400_000,
      userAgent: "Vestal/test",
      features: {
        experimentalFunctions: false,
        durationExpressions: false,
        delayedNameRemoval: false,
        extendedRangeSelectors: false,
        fillModifiers: false,
        typeAndUnitLabels: false,
        useStartTimestamps: false,
        perStepStats: false,
        language: "3.5" as const,
      },
    };
    this.queries = new QueryPool(
      { threads: 1, timeoutMs: 10_000, maxLength: 1000, settings },
      control,
      this.shards,
      log,
    );
    exporter.on("request", (_request, response) => {
      response.setHeader("Content-Type", "text/plain; version=0.0.4");
      response.end(this.#body(++this.#scrapes));
    });
  }

  static async start(shardCount: number): Promise<ShardRig> {
    const exporter = createServer();
    await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
    const rig = new ShardRig(shardCount, exporter);
    rig.shards.start();
    await until("all shards are ready", () => rig.shards.isReady);
    return rig;
  }

  async stop(): Promise<void> {
    this.#words.fill(0);
    await this.shards.stop();
    await this.queries.close();
    await new Promise<void>((resolve) => {
      this.#exporter.close(() => resolve());
      this.#exporter.closeAllConnections();
    });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** All samples of the last half hour. */
  async query(): Promise<Answer> {
    const expression = '{__name__=~".+"}[30m]';
    const signal = new AbortController().signal;
    const answer = await this.queries.query({ expression, timeMs: Date.now() + 1000, limit: 0, stats: "" }, signal);
    if (answer.kind !== "encoded") throw new Error(`no data: ${JSON.stringify(answer)}`);
    const { data, warnings } = JSON.parse(Buffer.from(answer.body).toString());
    const result = data.result as { metric: Record<string, string>; values: [number, string][] }[];
    const samples = result.map(
      ({ metric, values }) =>
        [JSON.stringify(Labels.of(metric).toObject()), new Set(values.map((sample) => sample.join(" ")))] as const,
    );
    return { samples: new Map(samples), warnings: warnings ?? [] };
  }

  /** Lets the thread of a shard end; `hold` keeps the next one from starting until `release`. */
  arm(shard: number, { step, isAfter = false, count = 1, by = 0 }: End, hold: boolean): void {
    const at = shard * SHARD_WORDS;
    this.#words[at + STEP_KIND] = step === undefined ? -1 : STEPS.indexOf(step);
    this.#words[at + ENDS_AFTER] = isAfter ? 1 : 0;
    this.#words[at + END_BY] = by;
    this.#words[at + IS_HELD] = hold ? 1 : 0;
    Atomics.store(this.#words, at + STEPS_LEFT, count);
  }

  release(shard: number): void {
    const at = shard * SHARD_WORDS;
    Atomics.store(this.#words, at + STEPS_LEFT, 0);
    Atomics.store(this.#words, at + IS_HELD, 0);
    Atomics.notify(this.#words, at + IS_HELD);
  }

  /** Shard of a series as `query` names it. */
  shardOf(series: string): number {
    return shardOf(Labels.of(JSON.parse(series)), this.shardCount);
  }

  /** Lines whose exposed labels spread over all shards, one of them new each time. */
  #body(scrape: number): string {
    const lines = Array.from({ length: LINES }, (_, i) => `thread_total{job="a",instance="i${i}"} ${scrape}`);
    lines.push(`thread_churn{scrape="${scrape}"} 1`, `thread_gauge ${Math.sin(scrape)}`);
    return `${lines.join("\n")}\n`;
  }

  #sendTargets(shard: number): void {
    const { port } = this.#exporter.address() as AddressInfo;
    const job: ScrapeJob = {
      name: "rig",
      transport: DEFAULT_TRANSPORT,
      honorLabels: true,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      limits: { sampleLimit: 0, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 },
      histograms: DEFAULT_JOB_HISTOGRAMS,
      metricRelabelConfigs: [],
    };
    const targets = Array.from({ length: TARGETS }, (_, i): TargetSpec => {
      const labels = Labels.of({ job: "rig", instance: `target-${i}` });
      return {
        key: `target-${i}`,
        jobName: job.name,
        labelPairs: labels.pairs,
        scheme: "http",
        address: `127.0.0.1:${port}`,
        metricsPath: "/metrics",
        params: {},
        intervalMs: INTERVAL_MS,
        timeoutMs: INTERVAL_MS * 20,
      };
    });
    const message: TargetsMessage = {
      type: "targets",
      setJobs: [job],
      removedJobs: [],
      setTargets: targets.filter((_, i) => i % this.shardCount === shard),
      removedTargets: [],
    };
    this.shards.sendTargets(shard, message);
  }
}

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function recorder(lines: { readonly message: string; readonly fields: LogFields }[], bound: LogFields = {}): Logger {
  const add = (message: string, fields?: LogFields): void => {
    lines.push({ message, fields: { ...bound, ...fields } });
  };
  return { debug: add, info: add, warn: add, error: add, with: (fields) => recorder(lines, { ...bound, ...fields }) };
}
