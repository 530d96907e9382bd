/** The kernels of assembly/remote, typed by hand. Addresses come back signed: `>>> 0`. */
export interface WriteKernels {
  snappyDecodedBytes(source: number, length: number): number;
  snappyDecompress(source: number, length: number, target: number, capacity: number): number;
  /** PROTO_*; counts messages in the state. */
  checkWrite(state: number, message: number): number;
  beginWrite(state: number): void;
  readSymbols(state: number): void;
  /** WRITE_*. */
  stageWriteV1(state: number): number;
  stageWriteV2(state: number): number;
  moveCache(state: number, table: number, entries: number): void;
}
