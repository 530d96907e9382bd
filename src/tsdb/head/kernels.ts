/** Types of the kernels over a head's memory (assembly/ingest.ts) and over a query thread's (assembly/query.ts). */

/** Addresses come back signed: use `>>> 0`. Booleans are 0 or 1. */
export interface HeadKernels {
  initHead(
    shardIndex: number,
    shardCount: number,
    seed: number,
    limit: number,
    chunkRange: number,
    samplesPerChunk: number,
    seriesLimit: number,
    digestSeed: number,
  ): void;
  setRefRange(next: number, end: number): void;
  refsLeft(): number;
  resolveSeries(address: number, length: number): number;
  resolveSeriesWithRef(address: number, length: number, low: number, high: number): number;
  findSeries(address: number, length: number): number;
  slotAddress(index: number): number;
  /** @param oooFrom  samples from it on may be stored out of order; without it none are. */
  validateBatch(staging: number, rows: number, minValidTime: number, oooFrom?: number): number;
  rowsOutOfOrder(): number;
  appendBatch(staging: number, rows: number, commit: number): number;
  publishBatch(commit: number): void;
  isRoomForHistogram(bytes: number): number;
  claimHistogram(slot: number, commit: number): void;
  beginHistogram(slot: number, time: number, encoding: number, bytes: number): number;
  replaceHistogram(slot: number, bytes: number): number;
  endHistogram(
    slot: number,
    commit: number,
    time: number,
    low: number,
    high: number,
    samples: number,
    bytes: number,
  ): void;
  abandonHistogram(slot: number, commit: number): void;
  truncateSlots(first: number, slots: number, minTime: number): number;
  sealOutOfOrder(first: number, slots: number): number;
  truncateOutOfOrder(first: number, slots: number): void;
  sweepPostings(first: number, pairs: number): number;
  freeDeadSlots(first: number, slots: number): void;
  beginSweep(): number;
  sweepPairs(most: number): number;
  sweepSymbols(first: number, count: number): void;
  endSweep(): void;
  allocate(bytes: number): number;
  release(address: number, bytes: number): void;
  retire(address: number, bytes: number): void;
  reclaim(most: number): number;
  shrink(address: number, bytes: number, length: number): number;
  beginReservation(): void;
  reserve(bytes: number): number;
  endReservation(): void;
  advanceEpoch(): void;
  classOf(bytes: number): number;
  classBytes(index: number): number;
  roomFor(bytes: number): number;
}

export interface ChunkKernels {
  /** CRC-32C of `length` bytes, signed. */
  crc32c(address: number, length: number): number;
  /** Samples written, or −1 − the offset in the chunk where its bits made no sense. 8 bytes behind it are readable. */
  decodeXor(
    chunk: number,
    length: number,
    count: number,
    minTime: number,
    maxTime: number,
    times: number,
    values: number,
  ): number;
  /** Bytes written to `out`, which has room for 2 + 27 × (count + 1); `state` is a region of 128 bytes. */
  encodeXor(times: number, values: number, count: number, out: number, state: number): number;
}
