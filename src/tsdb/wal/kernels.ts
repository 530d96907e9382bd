/** The kernels of assembly/wal and assembly/bytes that this folder calls. Addresses come back signed: `>>> 0`. */

export interface WalKernels {
  allocate(bytes: number): number;
  release(address: number, bytes: number): void;
  roomFor(bytes: number): number;

  crc32c(address: number, length: number): number;
  snappyTableBytes(): number;
  snappyMaxBytes(length: number): number;
  snappyCompress(source: number, length: number, target: number, table: number): number;
  snappyDecodedBytes(source: number, length: number): number;
  snappyDecompress(source: number, length: number, target: number, capacity: number): number;

  encodeSeriesRecord(staging: number, rows: number, out: number, capacity: number): number;
  encodeSamplesRecord(staging: number, rows: number, out: number, capacity: number): number;
  markRecorded(staging: number, rows: number): void;
  frameBatch(items: number, count: number, position: number, out: number, capacity: number, stats: number): number;

  scanRecord(scan: number): number;
  createRefTable(refs: number): number;
  releaseRefTable(table: number): void;
  /** Slot index, −1 for an unknown ref, −2 for one of another shard. */
  findRef(table: number, low: number, high: number): number;
  initReplay(replay: number): void;
  beginRecord(replay: number): void;
  nextSeries(replay: number, record: number, length: number): number;
  adoptSeries(replay: number, table: number, slotIndex: number): number;
  stageSamples(
    replay: number,
    record: number,
    length: number,
    table: number,
    staging: number,
    capacity: number,
  ): number;
}
