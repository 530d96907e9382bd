/**
 * One shard with all that lies on disk, in one thread over a file system in memory: what the server's threads do, in the same
 * order and by the same parts, so that each call of the file system can be made to fail, or be the last one.
 */
import assert from "node:assert/strict";
import { SLOT_COUNT, SLOT_SIDE } from "../../assembly/layout.js";
import { type Files, silentLogger, systemClock } from "../../src/base/index.js";
import type { BlocksReply, CompactReply } from "../../src/cli/server/block-tasks.js";
import { StorageThread } from "../../src/cli/server/storage-thread.js";
import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { Labels, Matcher } from "../../src/model/index.js";
import {
  CONTROL_CHUNKS_HEAD_STATE,
  CONTROL_WAL_STATE,
  CONTROL_WBL_STATE,
  ControlMemory,
} from "../../src/shard/index.js";
import { Block, type BlockMeta, BlockSeries, isOutOfOrder, PageCache } from "../../src/tsdb/block/index.js";
import {
  ChunkFlusher,
  ChunksHeadState,
  ChunksHeadWriter,
  type DiskKernels,
  HeadChunkReader,
  headChunkDamageError,
  loadChunksHead,
  startChunksHead,
} from "../../src/tsdb/chunks-head/index.js";
import {
  addDeleted,
  type ChunkKernels,
  type ChunkRecordFile,
  ExemplarStore,
  Head,
  HeadReader,
  HeadsQuerier,
  HistogramChunks,
  MetadataStore,
  OutOfOrderSamples,
  truncateDeleted,
} from "../../src/tsdb/head/index.js";
import { CardinalityGuard, Committer } from "../../src/tsdb/ingest/index.js";
import {
  damageError,
  type FsyncPolicy,
  lastSegmentNumber,
  removeLeftovers,
  repairWal,
  replayInto,
  startWal,
  type WalKernels,
  WalState,
  WalWriter,
} from "../../src/tsdb/wal/index.js";

export const RANGE_MS = 60_000;
const DATA = "/data";
const WAL = "/data/wal";
const WBL = "/data/wbl";
const CHUNKS_HEAD = "/data/chunks_head";
/** Samples of a chunk of samples out of order: few, so that chunks get full. */
const LATE_PER_CHUNK = 4;
const ALL = 1e6;
const NO_LIMITS = { retentionMs: 0, retentionBytes: 0, retentionPercent: 0, retentionRules: [] };
const ingest = compileKernels("ingest");
const query = compileKernels("query");

export class MiniDatabase {
  readonly head: Head;
  /** What the start says of damage. */
  readonly messages: string[] = [];
  readonly #files: Files;
  readonly #control: ControlMemory;
  readonly #wal: WalWriter;
  readonly #committer: Committer;
  readonly #outOfOrder: OutOfOrderSamples;
  readonly #flusher: ChunkFlusher;
  readonly #storage: StorageThread;
  readonly #gone = new Map<number, number>();
  #blocks: readonly string[] = [];

  /** Starts on what lies in the directory. */
  constructor(files: Files, fsync: FsyncPolicy = "segment") {
    this.#files = files;
    files.mkdir(DATA);
    const control = ControlMemory.create(1, 64);
    this.#control = control;
    this.#storage = new StorageThread(
      {
        control: control.buffer,
        kernels: ingest,
        dataDir: DATA,
        walDir: WAL,
        wblDir: `${DATA}/wbl`,
        chunksHeadDir: CHUNKS_HEAD,
        walCompression: "snappy",
        walSegmentBytes: 32_768,
        blockSegmentBytes: undefined,
        minBlockMs: RANGE_MS,
        maxBlockMs: RANGE_MS,
        compactsOverlapping: true,
        delayCompactFile: "",
        memoryLimitBytes: 1 << 26,
        log: { level: "error", format: "logfmt" },
      },
      files,
    );
    const metas = this.#loadBlocks(true);
    const inOrder = metas.filter((meta) => !isOutOfOrder(meta));
    const minValidTimeMs = inOrder.reduce((most, { maxTimeMs }) => Math.max(most, maxTimeMs), Number.NEGATIVE_INFINITY);
    if (Number.isFinite(minValidTimeMs)) control.raiseMinValidTime(minValidTimeMs);
    const options = { shardIndex: 0, shardCount: 1, limitPages: 256, samplesPerChunk: 8, chunkRangeMs: RANGE_MS };
    this.head = Head.create(options, ingest);
    const disk = this.head.kernels as unknown as DiskKernels;
    const kernels = this.head.kernels as unknown as WalKernels;
    const { memory } = this.head;
    const chunksHead = new ChunksHeadState(control.buffer, CONTROL_CHUNKS_HEAD_STATE);
    const { end } = startChunksHead(chunksHead, files, CHUNKS_HEAD);
    const chunksWriter = new ChunksHeadWriter({
      dir: CHUNKS_HEAD,
      files,
      state: chunksHead,
      ownerId: 1,
      fileBytes: 2048,
    });
    this.#flusher = new ChunkFlusher(this.head, disk, chunksWriter);
    const reader = new HeadChunkReader(files, CHUNKS_HEAD);
    const chunkFile: ChunkRecordFile = {
      write: (record) => chunksWriter.append(record, 1),
      read: ({ file, offset }, length) => reader.bytes(file, offset, length),
    };
    this.#outOfOrder = new OutOfOrderSamples(this.head, chunkFile, LATE_PER_CHUNK);
    this.#replay(end, minValidTimeMs, chunksHead, disk, kernels);
    const state = new WalState(control.buffer, CONTROL_WAL_STATE);
    startWal(state, files, WAL, lastSegmentNumber(files, WAL));
    const wblState = new WalState(control.buffer, CONTROL_WBL_STATE, "log of samples out of order");
    startWal(wblState, files, WBL, lastSegmentNumber(files, WBL));
    const log = { files, ownerId: 1, kernels, memory, fsync, segmentBytes: 32_768 };
    this.#wal = new WalWriter({ ...log, dir: WAL, state });
    const wbl = new WalWriter({ ...log, dir: WBL, state: wblState });
    this.#committer = new Committer(
      { chunkRangeMs: 2 * RANGE_MS },
      {
        head: this.head,
        histograms: new HistogramChunks(this.head),
        exemplars: new ExemplarStore(0),
        metadata: new MetadataStore(),
        guard: new CardinalityGuard({ budget: 0, windowMs: 1 }, systemClock, silentLogger),
        wal: this.#wal,
        outOfOrder: { samples: this.#outOfOrder, wbl: () => wbl },
        bounds: control,
        clock: systemClock,
        onFinishedSegment: (full, segment) => full.syncSegment(segment),
        onBroken: (error) => {
          throw error;
        },
      },
    );
    this.#committer.outOfOrderWindowMs = Number.MAX_SAFE_INTEGER;
  }

  #replay(
    end: { readonly segment: number; readonly offset: number },
    minValidTimeMs: number,
    state: ChunksHeadState,
    disk: DiskKernels,
    kernels: WalKernels,
  ): void {
    const { head } = this;
    const files = this.#files;
    const { memory } = head;
    const options = {
      dir: CHUNKS_HEAD,
      files,
      kernels: disk,
      memory,
      state,
      ownerId: 1,
      end,
      minValidTimeMs,
      mends: true,
    };
    const loaded = loadChunksHead(options);
    removeLeftovers(files, WAL);
    this.#outOfOrder.isReplaying = true;
    const outcome = replayInto({
      dir: WAL,
      files,
      kernels,
      memory,
      head: {
        resolveSeries: (address, length, low, high) => head.kernels.resolveSeriesWithRef(address, length, low, high),
        appendStaged: (staging, rows) => {
          head.kernels.validateBatch(staging, rows, Number.NEGATIVE_INFINITY);
          head.kernels.appendBatch(staging, rows, head.committed + 1);
          head.publish();
        },
        addTombstone: (slot, minTimeMs, maxTimeMs) => {
          if (maxTimeMs >= minValidTimeMs) addDeleted(head, slot, { minTimeMs, maxTimeMs });
        },
      },
      outOfOrder: {
        dir: WBL,
        insert: (slot, sample) => this.#outOfOrder.insert({ slot, ...sample }),
        insertHistogram: () => assert.fail("no histograms are written"),
        clear: (slot, file, offset) => {
          if (loaded.has(file, offset)) this.#outOfOrder.clear(slot);
        },
      },
      onSeries: (slot, low, high) => loaded.attach(slot, low, high, head.committed + 1),
      ...(Number.isFinite(minValidTimeMs) && { minValidTimeMs }),
    });
    loaded.release();
    this.#outOfOrder.apply(head.nextCommit);
    this.#outOfOrder.isReplaying = false;
    head.publish();
    if (loaded.damage !== undefined) this.messages.push(headChunkDamageError(loaded.damage).message);
    for (const damage of outcome.damages) this.messages.push(damageError(damage).message);
    for (const damage of outcome.outOfOrder.damages) this.messages.push(damageError(damage).message);
    repairWal(files, WAL, outcome.damages);
    repairWal(files, WBL, outcome.outOfOrder.damages);
    const bounds = new HeadReader(memory, 0).timeBounds();
    if (bounds !== undefined) this.#control.widenHead(bounds.minTimeMs, bounds.maxTimeMs);
    this.#control.raiseRefs(Math.max(outcome.maxRef, loaded.maxRef));
    const first = this.#control.takeRefs(1000);
    head.setRefRange(first, first + 1000);
  }

  /**
   * One sample of each label set, as one commit; what is older than its series has goes out of order.
   * @throws if it could not be logged: nothing is stored then.
   */
  append(series: readonly Labels[], timeMs: number | readonly number[], valueAt: (index: number) => number): void {
    const { head } = this;
    const committer = this.#committer;
    committer.mutate(() => {
      const slots = series.map((labels) => committer.resolve(() => head.resolveLabels(labels)));
      const staging = head.reserveStaging(series.length);
      slots.forEach((slot, row) => {
        head.stageRow(row, slot, typeof timeMs === "number" ? timeMs : timeMs[row]!, valueAt(row));
      });
      assert.equal(committer.commit(staging, series.length), series.length, "all samples are accepted");
    });
  }

  /** Deletes what a series has in an interval: in the blocks, then in the head, as the server does. */
  delete(labels: Labels, minTimeMs: number, maxTimeMs: number): void {
    const selector = [...labels.entries()].map(([name, value]) => ({ operator: "=" as const, name, value }));
    const ulids = [...this.#blocks];
    this.#storage.run({ kind: "delete-series", ulids, selectors: [selector], minTimeMs, maxTimeMs });
    const slot = this.head.findLabels(labels);
    if (slot >= 0 && this.#committer.delete([slot], minTimeMs, maxTimeMs).hasOutOfOrder) this.cutOutOfOrder();
  }

  /** Writes every block that has tombstones anew. */
  clean(): void {
    for (const { ulid, stats } of this.#loadBlocks(false)) {
      if (stats.tombstones === 0) continue;
      this.#storage.run({ kind: "clean-tombstones", ulid });
      this.#loadBlocks(false);
    }
  }

  /** Joins blocks that overlap, until none do. */
  compact(): void {
    while ((this.#storage.run({ kind: "compact-blocks", limits: NO_LIMITS }) as CompactReply).parents !== undefined) {
      this.#loadBlocks(false);
    }
  }

  /** Finds the blocks, as the server does again and again. */
  reload(): void {
    this.#loadBlocks(false);
  }

  /** Finds the blocks, and removes those that others replace. */
  #loadBlocks(isStart: boolean): readonly BlockMeta[] {
    const { blocks, obsolete } = this.#storage.run({ kind: "load-blocks", isStart, limits: NO_LIMITS }) as BlocksReply;
    this.#blocks = blocks.map(({ meta }) => meta.ulid);
    if (obsolete.length > 0) this.#storage.run({ kind: "remove-blocks", ulids: obsolete });
    return blocks.map(({ meta }) => meta);
  }

  /** All that came out of order into blocks, and what follows. */
  cutOutOfOrder(): void {
    const { kernels } = this.head;
    const heads = [{ shard: 0, generation: 0, memory: this.head.memory }];
    const lastSegment = this.#storage.run({ kind: "rotate-wbl" }) as number;
    if (kernels.sealOutOfOrder(0, ALL) > 0) {
      const metas = this.#storage.run({ kind: "cut-out-of-order", heads }) as readonly BlockMeta[];
      this.#blocks = [...this.#blocks, ...metas.map(({ ulid }) => ulid)];
      this.head.mutate(() => kernels.truncateOutOfOrder(0, ALL));
      kernels.advanceEpoch();
      while (kernels.reclaim(ALL) === ALL);
      const disk = kernels as unknown as DiskKernels;
      this.#storage.run({ kind: "trim-chunks-head", firstFile: disk.lowestFile(0, ALL, 0xffffffff) >>> 0 });
    }
    this.#storage.run({ kind: "truncate-wbl", lastSegment });
  }

  /** Closed chunks to chunks_head. */
  flush(): void {
    this.#wal.sync();
    for (const pass = this.#flusher.pass(); !pass.next().done; );
  }

  /** The head's oldest range into a block, and all that follows; returns its end. */
  cut(): number {
    const control = this.#control;
    const minTimeMs = control.minTimeMs!;
    const maxTimeMs = Math.trunc(minTimeMs / RANGE_MS) * RANGE_MS + RANGE_MS;
    control.requestCut(maxTimeMs);
    const disk = this.head.kernels as unknown as DiskKernels;
    disk.closeOldChunks(0, 1e6, maxTimeMs);
    const heads = [{ shard: 0, generation: 0, memory: this.head.memory }];
    const meta = this.#storage.run({ kind: "cut", heads, minTimeMs, maxTimeMs }) as BlockMeta | undefined;
    if (meta !== undefined) this.#blocks = [...this.#blocks, meta.ulid];
    const removed: number[] = [];
    const truncation = this.head.truncateBefore(maxTimeMs, (ref) => removed.push(ref));
    while (!truncation.next().done);
    for (let slot = 0; slot < this.head.words[SLOT_COUNT >> 2]!; slot++) {
      if (this.head.words[(this.head.slotAddress(slot) + SLOT_SIDE) >>> 2] === 0) continue;
      this.head.mutate(() => truncateDeleted(this.head, slot, maxTimeMs));
    }
    const { segment } = new WalState(control.buffer, CONTROL_WAL_STATE).position();
    for (const ref of removed) this.#gone.set(ref, segment);
    control.raiseMinTime(maxTimeMs);
    this.#storage.run({ kind: "trim-chunks-head", firstFile: disk.lowestFile(0, 1e6, 0xffffffff) >>> 0 });
    this.#storage.run({
      kind: "checkpoint",
      heads,
      minTimeMs: maxTimeMs,
      goneRefs: Float64Array.from(this.#gone.keys()),
      goneSegments: Float64Array.from(this.#gone.values()),
    });
    return maxTimeMs;
  }

  /** Every sample that a query finds in blocks and head, by label set; a sample found twice in one of them is listed twice. */
  samples(): Map<string, string[]> {
    const found = new Map<string, Set<string>>();
    const memory = new QueryMemory(1 << 26);
    const kernels = startKernels<ChunkKernels>(query, memory.memory);
    const matchers = [new Matcher("=~", "__name__", ".+")];
    const range = { minTimeMs: -1e15, maxTimeMs: 1e15 };
    const cache = new PageCache(1 << 20);
    const heads = new HeadsQuerier(
      [new HeadReader(this.head.memory, 0)],
      memory,
      kernels,
      new HeadChunkReader(this.#files, CHUNKS_HEAD),
    );
    const sets = [
      ...this.#blocks.map((ulid) => {
        const block = Block.open(this.#files, `${DATA}/${ulid}`, cache);
        return new BlockSeries(block, { matchers, ...range, isWithSamples: true }, memory, kernels, () => undefined);
      }),
      heads.select(matchers, { ...range, stepMs: 0, func: "" }),
    ];
    for (const set of sets) {
      for (let i = 0; i < set.count; i++) {
        const sink = {
          memory: memory.memory,
          reserve: (count: number) => ({
            timesAddr: memory.allocate(8 * (count + 1)),
            valuesAddr: memory.allocate(8 * (count + 1)),
          }),
        };
        const { timesAddr, valuesAddr, count } = set.samples(i, range.minTimeMs, range.maxTimeMs, sink);
        const samples = found.get(set.labels(i).key) ?? new Set();
        for (let k = 0; k < count; k++)
          samples.add(`${memory.floats[timesAddr / 8 + k]} ${memory.floats[valuesAddr / 8 + k]}`);
        found.set(set.labels(i).key, samples);
      }
    }
    return new Map([...found].map(([key, samples]) => [key, [...samples].sort()]));
  }
}

export const labelsOf = (index: number): Labels => Labels.of({ __name__: "m", series: String(index) });
