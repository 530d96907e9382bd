/**
 * What the threads that write chunks_head share: as for the log, a lock that names its owner, and the position up to which
 * the files are whole.
 *
 *   offset            bytes  field     written by                    ordering
 *   0                 144    WalState  see src/tsdb/wal/state.ts     position: file number and committed offset in it
 *   WAL_STATE_BYTES   4      mended    who mends damage, under the lock; 1 once it was done
 *   + 4               4      full      lock owner                    number of the file that takes no more, 0 = none
 *   + 8               4      synced    any                           number of the last full file that was synced
 *   + 16              8 × n  counters  anyone                        atomic add
 *
 * An offset of 0 means that no file is open: the next batch begins the file behind the one of that number. Files have no
 * gap in their numbers, for Prometheus refuses to start on one.
 */
import { join } from "node:path";
import { CorruptionError, errorCode, errorMessage, type Files, VestalError } from "../../base/index.js";
import { WAL_STATE_BYTES, type WalPosition, WalState } from "../wal/index.js";

const CHUNKS_HEAD_COUNTERS = ["chunksWritten", "bytesWritten", "writesFailed", "corruptions", "filesOpened"] as const;
export type ChunksHeadCounter = (typeof CHUNKS_HEAD_COUNTERS)[number];

const COUNTERS = 2; // index in 64-bit words behind the log's state
const [MENDED, FULL, SYNCED] = [0, 1, 2];
export const CHUNKS_HEAD_STATE_BYTES = WAL_STATE_BYTES + 8 * (COUNTERS + CHUNKS_HEAD_COUNTERS.length);

const FILE_NAME = /^\d{6,9}$/;

export class ChunksHeadState {
  /** Lock and position. */
  readonly log: WalState;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  /** @param byteOffset  a multiple of 8, with CHUNKS_HEAD_STATE_BYTES behind it, all zero before the first use. */
  constructor(buffer: SharedArrayBuffer, byteOffset = 0) {
    this.log = new WalState(buffer, byteOffset, "chunks_head");
    this.#words = new Int32Array(buffer, byteOffset + WAL_STATE_BYTES, 4);
    this.#longs = new BigInt64Array(buffer, byteOffset + WAL_STATE_BYTES, COUNTERS + CHUNKS_HEAD_COUNTERS.length);
  }

  get isMended(): boolean {
    return Atomics.load(this.#words, MENDED) !== 0;
  }

  setMended(): void {
    Atomics.store(this.#words, MENDED, 1);
  }

  /** A full file takes no more records, and is synced before the next one begins: files never miss their end. */
  isFull(file: number): boolean {
    return Atomics.load(this.#words, FULL) === file;
  }

  setFull(file: number): void {
    Atomics.store(this.#words, FULL, file);
  }

  isSynced(file: number): boolean {
    return Atomics.load(this.#words, SYNCED) === file;
  }

  setSynced(file: number): void {
    Atomics.store(this.#words, SYNCED, file);
  }

  count(counter: ChunksHeadCounter, amount = 1): void {
    Atomics.add(this.#longs, COUNTERS + CHUNKS_HEAD_COUNTERS.indexOf(counter), BigInt(amount));
  }

  counter(counter: ChunksHeadCounter): number {
    return Number(Atomics.load(this.#longs, COUNTERS + CHUNKS_HEAD_COUNTERS.indexOf(counter)));
  }
}

export interface HeadChunkFile {
  readonly path: string;
  readonly number: number;
}

export function headChunkPath(dir: string, file: number): string {
  return join(dir, String(file).padStart(6, "0"));
}

/**
 * The files in `dir`, ascending; none if the directory does not exist.
 * @throws CorruptionError CHUNKS_HEAD_GAP if a number is missing between two others.
 */
export function listHeadChunkFiles(files: Files, dir: string): HeadChunkFile[] {
  let names: string[];
  try {
    names = files.readdir(dir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  const found = names
    .filter((name) => FILE_NAME.test(name))
    .map((name) => ({ path: join(dir, name), number: Number(name) }))
    .sort((a, b) => a.number - b.number);
  for (let i = 1; i < found.length; i++) {
    const before = found[i - 1]!;
    const file = found[i]!;
    if (file.number !== before.number + 1) {
      throw new CorruptionError(
        "CHUNKS_HEAD_GAP",
        `chunks_head: files are not sequential: ${file.path} follows ${before.path}; remove the folder ${dir}: its ` +
          "samples are in the write-ahead log too",
        { dir, before: before.number, after: file.number },
      );
    }
  }
  return found;
}

/**
 * Makes the folder ready for writers, once in a process and before any of them starts: the next file follows those found.
 * A gap in the numbers, with which no program can start, ends in removing all files from the gap on.
 *
 * @returns where this start's readers stop, and the files removed.
 */
export function startChunksHead(
  state: ChunksHeadState,
  files: Files,
  dir: string,
): { readonly end: WalPosition; readonly removed: readonly string[] } {
  files.mkdir(dir);
  const removed: string[] = [];
  let found: HeadChunkFile[];
  try {
    found = listHeadChunkFiles(files, dir);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const { before } = error.details as { readonly before: number };
    for (const name of files.readdir(dir).filter((one) => FILE_NAME.test(one) && Number(one) > before)) {
      files.unlink(join(dir, name));
      removed.push(join(dir, name));
    }
    files.fsyncDir(dir);
    state.count("corruptions");
    found = listHeadChunkFiles(files, dir);
  }
  const last = found.at(-1)?.number ?? 0;
  if (last > 0) syncFile(files, headChunkPath(dir, last)); // as before every new file: a process that was killed did not
  state.log.setPosition(last, 0);
  return { end: { segment: last, offset: last === 0 ? 0 : files.stat(headChunkPath(dir, last)).bytes }, removed };
}

function syncFile(files: Files, path: string): void {
  const descriptor = files.open(path, "r+");
  try {
    files.fsync(descriptor);
  } finally {
    files.close(descriptor);
  }
}

/** As `releaseDead` of the log: gives back the lock of a thread that ended while it held it. */
export function releaseDeadChunksHead(state: ChunksHeadState, files: Files, dir: string, ownerId: number): boolean {
  if (state.log.lockOwner !== ownerId) return false;
  try {
    cutToCommitted(state, files, dir);
  } finally {
    state.log.unlock();
  }
  return true;
}

/**
 * Cuts the current file off at the committed offset; the caller owns the lock.
 * @throws VestalError CHUNKS_HEAD_STOPPED if that fails: then nothing more is written there, and chunks stay in memory.
 */
export function cutToCommitted(state: ChunksHeadState, files: Files, dir: string): void {
  const { segment, offset } = state.log.position();
  const file = headChunkPath(dir, offset === 0 ? segment + 1 : segment);
  try {
    if (offset === 0) {
      files.unlink(file);
      return;
    }
    const descriptor = files.open(file, "r+");
    try {
      files.ftruncate(descriptor, offset);
    } finally {
      files.close(descriptor);
    }
  } catch (error) {
    if (offset === 0 && errorCode(error) === "ENOENT") return;
    state.log.stop();
    throw new VestalError(
      "CHUNKS_HEAD_STOPPED",
      `chunks_head: ${file} may have a torn record behind byte ${offset} that cannot be cut off (${errorMessage(error)}); ` +
        "closed chunks stay in memory from now on: mend the disk and start again",
      { file, offset },
      error,
    );
  }
}
