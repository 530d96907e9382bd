/** The kernels of assembly/head/disk.ts and what they need of memory. Addresses come back signed: `>>> 0`. */
export interface DiskKernels {
  allocate(bytes: number): number;
  release(address: number, bytes: number): void;
  roomFor(bytes: number): number;
  advanceEpoch(): void;
  reclaim(most: number): number;
  createRefTable(refs: number): number;
  beginReservation(): void;
  endReservation(): void;

  collectClosed(flush: number, out: number, capacity: number, items: number, itemCapacity: number): number;
  linkFlushed(items: number, count: number, file: number, offset: number): void;
  closeOldChunks(first: number, slots: number, before: number): void;
  lowestFile(first: number, slots: number, lowest: number): number;
  scanChunks(scan: number): number;
  attachChunks(table: number, refLow: number, refHigh: number, slot: number, commit: number): number;
  /** −1 without memory. */
  attachOutOfOrder(table: number, refLow: number, refHigh: number, slot: number): number;
  releaseChunkTable(table: number): void;
  dropChunks(table: number, refLow: number, refHigh: number): void;
}
