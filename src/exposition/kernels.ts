/** The exposition kernels of an ingest instance, typed by hand. Addresses come back signed: `>>> 0`. */
export interface ExpositionKernels {
  /** State of a new target (its handle), or 0 if the memory is full. */
  openTarget(): number;
  closeTarget(target: number): void;
  /** Rows, or PARSE_FAILED, PARSE_TOO_MANY_ROWS, PARSE_NO_MEMORY. */
  parseScrape(
    target: number,
    body: number,
    bodyLength: number,
    timeMs: number,
    flags: number,
    staging: number,
    room: number,
  ): number;
  /** The slot of NEW line `index` if its text was resolved earlier in this scrape (its row is complete then), or −1. */
  resolveRepeated(target: number, index: number, staging: number): number;
  /** 0 if the memory is full. */
  rememberNew(target: number, index: number, slot: number, staging: number): number;
  collectStale(target: number, timeMs: number, staging: number, row: number, room: number): number;
  collectAllStale(target: number, timeMs: number, staging: number, row: number, room: number): number;
  acceptAllStale(target: number): void;
  rejectScrape(target: number): void;
  /** 0 if no scrape is under way or the memory is full. */
  cutScrape(target: number, lines: number): number;
  /** 0 if the memory is full: some comments are not remembered. */
  acceptScrape(target: number): number;
  readProtobuf(proto: number, scratch: number, body: number, length: number, flags: number): number;
  protoScratchBytes(): number;
  addProtoFloat(proto: number, bitsAt: number, text: number, length: number): void;
  allocate(bytes: number): number;
  release(address: number, bytes: number): void;
  roomFor(bytes: number): number;
  /** Reads `[at, end)` as a number into the TARGET_VALUE of `target`; 0 if it is none. */
  parseFloat64(target: number, at: number, end: number): number;
}
