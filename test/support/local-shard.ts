/** One shard in this process over a real folder: its log, its head, and the way into it for samples that are not scraped. */
import { join } from "node:path";
import { silentLogger, systemClock, systemFiles } from "../../src/base/index.js";
import { HeadForeignSink } from "../../src/cli/server/foreign.js";
import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { type Histogram, Matcher } from "../../src/model/index.js";
import { type ForeignOutcome, ForeignReceiver, type ForeignRow, ForeignSender } from "../../src/shard/index.js";
import {
  type CapturedSeries,
  type ChunkKernels,
  ExemplarStore,
  Head,
  HeadReader,
  HeadsQuerier,
  HistogramChunks,
  MetadataStore,
} from "../../src/tsdb/head/index.js";
import { CardinalityGuard, Committer, replayHistograms } from "../../src/tsdb/ingest/index.js";
import {
  lastSegmentNumber,
  type ReplayOutcome,
  replayInto,
  startWal,
  WAL_STATE_BYTES,
  type WalKernels,
  WalState,
  WalWriter,
} from "../../src/tsdb/wal/index.js";

const ingest = compileKernels("ingest");
const query = compileKernels("query");

export interface LocalShardOptions {
  /** The data directory. */
  readonly dir: string;
  readonly exemplarsMax?: number;
  readonly chunkRangeMs?: number;
  /** The clock: samples more than ten minutes ahead of it are refused. */
  readonly nowMs?: () => number;
}

export interface ReadSample {
  readonly timeMs: number;
  /** Bits of the value: NaNs are told apart. */
  readonly bits: bigint;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

export class LocalShard {
  readonly head: Head;
  readonly exemplars: ExemplarStore;
  readonly metadata = new MetadataStore();
  readonly histograms: HistogramChunks;
  readonly replayed: ReplayOutcome;
  readonly #wal: WalWriter;
  readonly #sender = new ForeignSender(1);

  /** Replays what the folder has, and opens its log behind it. */
  constructor({ dir, exemplarsMax = 1000, chunkRangeMs = 7_200_000, nowMs = Date.now }: LocalShardOptions) {
    const walDir = join(dir, "wal");
    this.head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 4096, chunkRangeMs }, ingest);
    const { head } = this;
    this.exemplars = new ExemplarStore(exemplarsMax);
    this.histograms = new HistogramChunks(head);
    // The ingest instance has all kernels; each module types its own.
    const kernels = head.kernels as unknown as WalKernels;
    this.replayed = replayInto({
      dir: walDir,
      files: systemFiles,
      kernels,
      memory: head.memory,
      head: {
        resolveSeries: (address, length, low, high) => head.kernels.resolveSeriesWithRef(address, length, low, high),
        appendStaged: (staging, rows) => {
          head.kernels.validateBatch(staging, rows, Number.NEGATIVE_INFINITY);
          head.kernels.appendBatch(staging, rows, head.nextCommit);
          head.publish();
        },
        appendHistograms: (rows) => replayHistograms(head, this.histograms, rows),
        addExemplar: (slot, exemplar) => {
          this.exemplars.add(head.seriesLabels(slot), exemplar);
        },
        setMetadata: (slot, metadata) => this.metadata.set(slot, head.slotGeneration(slot), metadata),
      },
    });
    const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
    startWal(state, systemFiles, walDir, lastSegmentNumber(systemFiles, walDir));
    this.#wal = new WalWriter({ dir: walDir, files: systemFiles, state, ownerId: 1, kernels, memory: head.memory });
    let nextRef = this.replayed.maxRef + 1;
    const bounds = {
      maxTimeMs: this.replayed.maxTimeMs,
      minValidTimeMs: Number.NEGATIVE_INFINITY,
      widenHead: (_minMs: number, maxMs: number) => {
        bounds.maxTimeMs = Math.max(maxMs, bounds.maxTimeMs ?? maxMs);
      },
      takeRefs: (count: number) => {
        nextRef += count;
        return nextRef - count;
      },
    };
    const committer = new Committer(
      { chunkRangeMs },
      {
        head,
        histograms: this.histograms,
        exemplars: this.exemplars,
        metadata: this.metadata,
        guard: new CardinalityGuard({ budget: 0, windowMs: 1 }, systemClock, silentLogger),
        wal: this.#wal,
        bounds,
        clock: { nowMs, monotonicMs: nowMs },
        onFinishedSegment: () => undefined,
        onBroken: (error) => {
          throw error;
        },
      },
    );
    this.#sender.setOwner(0, new ForeignReceiver(new HeadForeignSink(committer)));
  }

  append(rows: readonly ForeignRow[]): Promise<ForeignOutcome> {
    return this.#sender.send(rows);
  }

  /** All series with their encoded chunks. */
  capture(): { readonly set: CapturedSeries; readonly memory: QueryMemory } {
    const memory = new QueryMemory(1 << 28);
    const kernels = startKernels<ChunkKernels>(query, memory.memory);
    const querier = new HeadsQuerier([new HeadReader(this.head.memory, 0)], memory, kernels);
    const matchers = [new Matcher("=~", "__name__", ".+")];
    const hints = { minTimeMs: -1e15, maxTimeMs: 1e15, stepMs: 0, func: "" };
    return { set: querier.selectAll([{ matchers, hints }])[0]!, memory };
  }

  /** Samples by label set, as text. */
  read(): Map<string, ReadSample[]> {
    const { set, memory } = this.capture();
    const all = new Map<string, ReadSample[]>();
    for (let series = 0; series < set.count; series++) {
      const sink = {
        reserve: (count: number) => ({
          timesAddr: memory.allocate(8 * count + 8),
          valuesAddr: memory.allocate(8 * count + 8),
        }),
        memory: memory.memory,
      };
      const { timesAddr, valuesAddr, count, histograms } = set.samples(series, -1e15, 1e15, sink);
      const view = new DataView(memory.memory.buffer);
      const samples = Array.from({ length: count }, (_, i) => ({
        timeMs: view.getFloat64(timesAddr + 8 * i, true),
        bits: view.getBigUint64(valuesAddr + 8 * i, true),
        value: view.getFloat64(valuesAddr + 8 * i, true),
        histogram: histograms?.[i],
      }));
      all.set(`${set.labels(series)}`, samples);
    }
    return all;
  }

  close(): void {
    this.#wal.close();
  }
}
