/**
 * One shard with all that lies on disk, in one thread over a file system in memory: what the server's threads do, in the same
 * order and by the same parts, so that each call of the file system can be made to fail, or be the last one.
 */
import type { Files } from "../../src/base/index.js";
import { StorageThread } from "../../src/cli/server/storage-thread.js";
import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { Labels, Matcher } from "../../src/model/index.js";
import { CONTROL_CHUNKS_HEAD_STATE, CONTROL_WAL_STATE, ControlMemory } from "../../src/shard/index.js";
import { Block, type BlockMeta, BlockSeries, isUlid, PageCache, readMeta } from "../../src/tsdb/block/index.js";
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
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "../../src/tsdb/head/index.js";
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
const CHUNKS_HEAD = "/data/chunks_head";
const ingest = compileKernels("ingest");
const query = compileKernels("query");

export class MiniDatabase {
  readonly head: Head;
  /** What the start says of damage. */
  readonly messages: string[] = [];
  readonly #files: Files;
  readonly #control: ControlMemory;
  readonly #wal: WalWriter;
  readonly #flusher: ChunkFlusher;
  readonly #storage: StorageThread;
  readonly #gone = new Map<number, number>();
  readonly #blocks: string[];

  /** Starts on what lies in the directory. */
  constructor(files: Files, fsync: FsyncPolicy = "segment") {
    this.#files = files;
    files.mkdir(DATA);
    const control = ControlMemory.create(1, 64);
    this.#control = control;
    const metas = readMetas(files);
    this.#blocks = metas.map(({ ulid }) => ulid);
    const minValidTimeMs = metas.reduce((most, { maxTimeMs }) => Math.max(most, maxTimeMs), Number.NEGATIVE_INFINITY);
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
    this.#replay(end, minValidTimeMs, chunksHead, disk, kernels);
    const state = new WalState(control.buffer, CONTROL_WAL_STATE);
    startWal(state, files, WAL, lastSegmentNumber(files, WAL));
    this.#wal = new WalWriter({ dir: WAL, files, state, ownerId: 1, kernels, memory, fsync, segmentBytes: 32_768 });
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
      },
      onSeries: (slot, low, high) => loaded.attach(slot, low, high, head.committed + 1),
      ...(Number.isFinite(minValidTimeMs) && { minValidTimeMs }),
    });
    loaded.release();
    head.publish();
    if (loaded.damage !== undefined) this.messages.push(headChunkDamageError(loaded.damage).message);
    for (const damage of outcome.damages) this.messages.push(damageError(damage).message);
    repairWal(files, WAL, outcome.damages);
    const bounds = new HeadReader(memory, 0).timeBounds();
    if (bounds !== undefined) this.#control.widenHead(bounds.minTimeMs, bounds.maxTimeMs);
    this.#control.raiseRefs(Math.max(outcome.maxRef, loaded.maxRef));
    const first = this.#control.takeRefs(1000);
    head.setRefRange(first, first + 1000);
  }

  /** One sample of each label set, as one commit. @throws if it could not be logged: nothing is stored then. */
  append(series: readonly Labels[], timeMs: number, valueAt: (index: number) => number): void {
    const { head } = this;
    const kernels = head.kernels as unknown as WalKernels;
    head.mutate(() => {
      const slots = series.map((labels) => head.resolveLabels(labels));
      const staging = head.reserveStaging(series.length);
      slots.forEach((slot, row) => {
        head.stageRow(row, slot, timeMs, valueAt(row));
      });
      this.#wal.reserve(series.length);
      head.validate(series.length, this.#control.minValidTimeMs);
      this.#wal.logSeries(staging, series.length);
      this.#wal.logSamples(staging, series.length);
      const { finishedSegment } = this.#wal.commit();
      kernels.markRecorded(staging, series.length);
      head.append(series.length);
      head.publish();
      this.#control.widenHead(timeMs, timeMs);
      if (finishedSegment !== undefined) this.#wal.syncSegment(finishedSegment);
    });
  }

  /** Closed chunks to chunks_head. */
  flush(): void {
    for (const pass = this.#flusher.pass(); !pass.next().done; );
  }

  /** The head's oldest range into a block, and all that follows. */
  cut(): void {
    const control = this.#control;
    const minTimeMs = control.minTimeMs!;
    const maxTimeMs = Math.trunc(minTimeMs / RANGE_MS) * RANGE_MS + RANGE_MS;
    control.requestCut(maxTimeMs);
    const disk = this.head.kernels as unknown as DiskKernels;
    disk.closeOldChunks(0, 1e6, maxTimeMs);
    const heads = [{ shard: 0, generation: 0, memory: this.head.memory }];
    const meta = this.#storage.run({ kind: "cut", heads, minTimeMs, maxTimeMs }) as BlockMeta | undefined;
    if (meta !== undefined) this.#blocks.push(meta.ulid);
    const removed: number[] = [];
    const truncation = this.head.truncateBefore(maxTimeMs, (ref) => removed.push(ref));
    while (!truncation.next().done);
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

/** Finished blocks; what a crash left of others is not one. */
function readMetas(files: Files): BlockMeta[] {
  return files
    .readdir(DATA)
    .filter(isUlid)
    .map((name) => readMeta(files, `${DATA}/${name}`))
    .sort((a, b) => a.minTimeMs - b.minTimeMs);
}

export const labelsOf = (index: number): Labels => Labels.of({ __name__: "m", series: String(index) });
