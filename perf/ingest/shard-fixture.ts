/** One shard in this process, without threads and sockets: what a scrape costs from its body on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, silentLogger, systemFiles } from "../../src/base/index.js";
import { type ExpositionKernels, ScrapeParser } from "../../src/exposition/index.js";
import { compileKernels } from "../../src/memory/index.js";
import { Labels } from "../../src/model/index.js";
import {
  type AppendTarget,
  DEFAULT_HISTOGRAM_OPTIONS,
  type ExpositionFormat,
  type HistogramOptions,
  type ScrapeOutcome,
} from "../../src/storage/index.js";
import { ExemplarStore, Head, HistogramChunks, MetadataStore } from "../../src/tsdb/head/index.js";
import { CardinalityGuard, Committer, ShardAppender } from "../../src/tsdb/ingest/index.js";
import { startWal, WAL_STATE_BYTES, type WalKernels, WalState, WalWriter } from "../../src/tsdb/wal/index.js";

export interface ShardFixture {
  readonly head: Head;
  readonly parser: ScrapeParser;
  readonly wal: WalWriter;
  readonly committer: Committer;
  openTarget(instance: string, histograms?: Partial<HistogramOptions>): AppendTarget;
  /** Stores a body as a scrape at `timestampMs`. */
  scrape(target: AppendTarget, body: Uint8Array, timestampMs: number, format?: ExpositionFormat): ScrapeOutcome;
  close(): void;
}

export function makeShard(limitPages = 16_384): ShardFixture {
  const folder = mkdtempSync(join(tmpdir(), "vestal-perf-"));
  const walDir = join(folder, "wal");
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages }, compileKernels("ingest"));
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, systemFiles, walDir, -1);
  // The ingest instance has all kernels; each module types its own.
  const kernels = head.kernels as unknown as WalKernels & ExpositionKernels;
  const wal = new WalWriter({ dir: walDir, files: systemFiles, state, ownerId: 1, kernels, memory: head.memory });
  let nowMs = 0;
  let nextRef = 1;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const bounds = {
    maxTimeMs: undefined as number | undefined,
    minValidTimeMs: Number.NEGATIVE_INFINITY,
    widenHead: (_minMs: number, maxMs: number) => {
      bounds.maxTimeMs = maxMs;
    },
    takeRefs: (count: number) => {
      const first = nextRef;
      nextRef += count;
      return first;
    },
  };
  const committer = new Committer(
    { chunkRangeMs: 7_200_000 },
    {
      head,
      histograms: new HistogramChunks(head),
      exemplars: new ExemplarStore(0),
      metadata: new MetadataStore(),
      guard: new CardinalityGuard({ budget: 0, windowMs: 1 }, clock, silentLogger),
      wal,
      bounds,
      clock,
      onFinishedSegment: () => undefined,
      onBroken: (error) => {
        throw error;
      },
    },
  );
  const parser = new ScrapeParser(kernels, head.memory);
  const appender = new ShardAppender({ committer, parser, foreign: undefined, log: silentLogger });
  return {
    head,
    parser,
    wal,
    committer,
    openTarget: (instance, histograms = {}) =>
      appender.openTarget({
        labels: Labels.of({ job: "fleet", instance }),
        honorLabels: false,
        honorTimestamps: true,
        trackTimestampsStaleness: false,
        limits: { sampleLimit: 0, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 },
        histograms: { ...DEFAULT_HISTOGRAM_OPTIONS, ...histograms },
        relabelMetric: undefined,
        logsMetadata: false,
        extraMetrics: undefined,
      }),
    scrape: (target, body, timestampMs, format = "text") => {
      nowMs = timestampMs;
      appender.bodyBuffer(0, body.length, 0).set(body);
      const input = { bodyBytes: body.length, format, timestampMs, durationSeconds: 0.01 };
      return appender.commitScrape(target, 0, input) as ScrapeOutcome; // one shard: nothing to wait for
    },
    close: () => {
      wal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
