/** One shard's head, log and receiver of write requests in this thread. */
import { SLOT_LAST_VALUE } from "../../assembly/layout.js";
import { type Clock, silentLogger, systemFiles } from "../../src/base/index.js";
import { compileKernels, type KernelVariant } from "../../src/memory/kernels.js";
import type { Labels } from "../../src/model/index.js";
import { ExemplarStore, Head, HistogramChunks, MetadataStore } from "../../src/tsdb/head/index.js";
import { CardinalityGuard, Committer, WriteAppender } from "../../src/tsdb/ingest/index.js";
import {
  startWal,
  WAL_STATE_BYTES,
  type WalKernels,
  type WalPosition,
  WalState,
  WalWriter,
} from "../../src/tsdb/wal/index.js";

export interface WriteShard {
  readonly head: Head;
  readonly writer: WriteAppender;
  /** Of the newest sample of a series. */
  lastValue(labels: Labels): number;
  walPosition(): WalPosition;
  close(): void;
}

export interface WriteShardOptions {
  readonly variant: KernelVariant;
  readonly shard: number;
  readonly shardCount: number;
  readonly walDir: string;
  readonly limitPages?: number;
  readonly decodedBytesMax?: number;
  readonly samplesMax?: number;
  readonly walSegmentBytes?: number;
}

export function makeWriteShard(options: WriteShardOptions): WriteShard {
  const { variant, shard, shardCount, walDir } = options;
  const head = Head.create(
    { shardIndex: shard, shardCount, limitPages: options.limitPages ?? 2048, hashSeed: 5 },
    compileKernels("ingest", variant),
  );
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, systemFiles, walDir, -1);
  // The ingest instance has all kernels; each module types its own.
  const kernels = head.kernels as unknown as WalKernels;
  const wal = new WalWriter({
    dir: walDir,
    files: systemFiles,
    state,
    ownerId: 1,
    kernels,
    memory: head.memory,
    ...(options.walSegmentBytes !== undefined && { segmentBytes: options.walSegmentBytes }),
  });
  const clock: Clock = { nowMs: () => Number.MAX_SAFE_INTEGER, monotonicMs: () => 0 };
  let nextRef = 1 + shard * 2 ** 30;
  const bounds = {
    maxTimeMs: undefined as number | undefined,
    minValidTimeMs: Number.NEGATIVE_INFINITY,
    widenHead: (_minMs: number, maxMs: number) => {
      bounds.maxTimeMs = maxMs;
    },
    takeRefs: (count: number) => {
      nextRef += count;
      return nextRef - count;
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
  const limits = {
    decodedBytesMax: options.decodedBytesMax ?? 32 << 20,
    samplesMax: options.samplesMax ?? 10_000,
  };
  return {
    head,
    writer: new WriteAppender({ shard, shardCount, limits }, committer),
    lastValue: (labels) => {
      const slot = head.slotAddress(head.findLabels(labels));
      return head.floats[(slot + SLOT_LAST_VALUE) >>> 3]!;
    },
    walPosition: () => state.position(),
    close: () => wal.close(),
  };
}
