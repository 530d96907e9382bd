/**
 * What the threads that write one WAL share: a few words in a SharedArrayBuffer.
 *
 *   offset  bytes  field      written by                      ordering
 *   0       4      lock       whoever takes it: his owner id  compareExchange from 0; stored 0, then notify
 *   4       4      stopped    lock owner                      atomic; 0, or 1 for ever: nothing may be appended any more
 *   8       8      position   lock owner                      atomic u64: segment << 32 | committed offset, AFTER the bytes
 *   16      8 × n  counters   anyone                          atomic add
 *
 * Invariant: the segment's bytes before the committed offset are whole records, written completely; what lies behind is
 * garbage of a write under way, or of a thread that died in it. Readers in this process stop at the committed offset.
 */
import { dirname, join } from "node:path";
import { errorCode, errorMessage, type Files, VestalError } from "../../base/index.js";

const LOCK = 0; // index in words
const STOPPED = 1;
const POSITION = 1; // index in 64-bit words
const COUNTERS = 2;

/** In the order of their places in memory; the names are those of Prometheus' metrics, without prefix and unit. */
const WAL_COUNTERS = [
  "pageFlushes",
  "completedPages",
  "recordParts",
  "recordPartBytes",
  "recordBytesSaved",
  "fsyncs",
  "fsyncMicroseconds",
  "writesFailed",
  "rollbacks",
  "batches",
  "bytesWritten",
  "segmentsOpened",
  "lockWaits",
] as const;

export type WalCounter = (typeof WAL_COUNTERS)[number];

export const WAL_STATE_BYTES = 8 * COUNTERS + 8 * 16;

export interface WalPosition {
  readonly segment: number;
  /** Bytes of it that are committed. */
  readonly offset: number;
}

/** One thread's view of the shared words. */
export class WalState {
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #name: string;

  /**
   * @param byteOffset  a multiple of 8, with WAL_STATE_BYTES behind it, all zero before the first use.
   * @param name  of what the lock guards, for messages.
   */
  constructor(buffer: SharedArrayBuffer, byteOffset = 0, name = "write-ahead log") {
    this.#name = name;
    this.#words = new Int32Array(buffer, byteOffset, WAL_STATE_BYTES / 4);
    this.#longs = new BigInt64Array(buffer, byteOffset, WAL_STATE_BYTES / 8);
  }

  position(): WalPosition {
    const packed = Atomics.load(this.#longs, POSITION);
    return { segment: Number(packed >> 32n), offset: Number(packed & 0xffffffffn) };
  }

  /** To be called by the lock's owner, or before any writer starts. */
  setPosition(segment: number, offset: number): void {
    Atomics.store(this.#longs, POSITION, (BigInt(segment) << 32n) | BigInt(offset));
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOPPED) !== 0;
  }

  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
  }

  /** Owner id of who holds the lock, 0 if nobody. */
  get lockOwner(): number {
    return Atomics.load(this.#words, LOCK);
  }

  count(counter: WalCounter, amount: number): void {
    if (amount > 0) Atomics.add(this.#longs, COUNTERS + WAL_COUNTERS.indexOf(counter), BigInt(Math.round(amount)));
  }

  counter(counter: WalCounter): number {
    return Number(Atomics.load(this.#longs, COUNTERS + WAL_COUNTERS.indexOf(counter)));
  }

  /**
   * Takes the lock for `ownerId` (≥ 1, unlike that of every other thread).
   *
   * @param timeoutMs  0 where the thread must not wait (the main thread).
   * @throws VestalError WAL_LOCKED if it is not free in time.
   */
  lock(ownerId: number, timeoutMs: number): void {
    let holder = Atomics.compareExchange(this.#words, LOCK, 0, ownerId);
    if (holder === 0) return;
    if (timeoutMs > 0) this.count("lockWaits", 1);
    const start = performance.now();
    for (;;) {
      const left = timeoutMs - (performance.now() - start);
      if (left <= 0) break;
      Atomics.wait(this.#words, LOCK, holder, left);
      holder = Atomics.compareExchange(this.#words, LOCK, 0, ownerId);
      if (holder === 0) return;
    }
    throw new VestalError(
      "WAL_LOCKED",
      `wal: the lock of the ${this.#name} was not free within ${timeoutMs} ms: writer ${holder} holds it`,
      { lock: this.#name, holder, ownerId, timeoutMs },
    );
  }

  unlock(): void {
    Atomics.store(this.#words, LOCK, 0);
    Atomics.notify(this.#words, LOCK, 1);
  }
}

export function segmentPath(dir: string, segment: number): string {
  return join(dir, String(segment).padStart(8, "0"));
}

/**
 * Opens the log for writing in a new segment behind the existing ones (as Prometheus does at each start), once in a
 * process, before any writer starts. The log has been read and repaired before.
 *
 * @param lastSegment  the greatest number in use by a segment or a checkpoint, −1 if there is none.
 */
export function startWal(state: WalState, files: Files, dir: string, lastSegment: number): void {
  files.mkdir(dir);
  // A process that was killed may have left both unsynced: what is written from now on must not outlive what is before it.
  for (const before of [lastSegment - 1, lastSegment]) syncIfThere(files, segmentPath(dir, before));
  const segment = lastSegment + 1;
  files.close(files.open(segmentPath(dir, segment), "w+"));
  files.fsyncDir(dir);
  files.fsyncDir(dirname(dir));
  state.setPosition(segment, 0);
  state.count("segmentsOpened", 1);
}

function syncIfThere(files: Files, path: string): void {
  let descriptor: number;
  try {
    descriptor = files.open(path, "r+");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    files.fsync(descriptor);
  } finally {
    files.close(descriptor);
  }
}

/**
 * Gives back the lock of a thread that ended while it held it, after cutting off what it may have left behind the
 * committed offset. Called by who supervises threads, after the thread has ended.
 *
 * @returns true if that thread held the lock.
 */
export function releaseDead(state: WalState, files: Files, dir: string, ownerId: number): boolean {
  if (state.lockOwner !== ownerId) return false;
  try {
    truncateToCommitted(state, files, dir);
  } finally {
    state.unlock();
  }
  return true;
}

/**
 * Cuts the current segment off at the committed offset; the caller owns the lock.
 *
 * @param descriptor  of the current segment, if the caller has it open.
 * @throws VestalError WAL_STOPPED if that fails: nothing may follow a torn record, so the log takes no more.
 */
export function truncateToCommitted(state: WalState, files: Files, dir: string, descriptor?: number): void {
  const { segment, offset } = state.position();
  const file = segmentPath(dir, segment);
  state.count("rollbacks", 1);
  try {
    if (descriptor !== undefined) {
      files.ftruncate(descriptor, offset);
      return;
    }
    const opened = files.open(file, "r+");
    try {
      files.ftruncate(opened, offset);
    } finally {
      files.close(opened);
    }
  } catch (error) {
    state.stop();
    throw new VestalError(
      "WAL_STOPPED",
      `wal: segment ${file} may have a torn record behind byte ${offset} that cannot be cut off ` +
        `(${errorMessage(error)}); nothing more is logged, so nothing more is stored: mend the disk and start again`,
      { file, segment, offset },
      error,
    );
  }
}
