/**
 * One thread's way into chunks_head: whole records, appended by one pwrite at the committed offset under the lock. What
 * fails is cut off again, and the chunks stay where they were.
 */
import { CHUNKS_FILE_HEADER, CHUNKS_FILE_MAGIC, CHUNKS_FILE_VERSION } from "../../../assembly/layout.js";
import { errorMessage, type Files, VestalError, writeWhole } from "../../base/index.js";
import { type ChunksHeadState, cutToCommitted, headChunkPath } from "./state.js";

export interface ChunksHeadWriterOptions {
  readonly dir: string;
  readonly files: Files;
  readonly state: ChunksHeadState;
  /** ≥ 1, unlike that of every other writer. */
  readonly ownerId: number;
  /** 128 MiB, as Prometheus. */
  readonly fileBytes?: number;
  readonly lockTimeoutMs?: number;
}

/** Where the first of the records stands. */
export interface WrittenRecords {
  readonly file: number;
  readonly offset: number;
}

/** Where records of closed chunks go. */
export interface ChunkRecords {
  append(records: Uint8Array, count: number): WrittenRecords;
  close(): void;
}

export const HEAD_CHUNK_FILE_BYTES = 128 * 1024 * 1024;

export class ChunksHeadWriter implements ChunkRecords {
  readonly #options: ChunksHeadWriterOptions;
  readonly #files: Files;
  readonly #state: ChunksHeadState;
  readonly #fileBytes: number;
  #descriptor = -1;
  #file = -1;

  constructor(options: ChunksHeadWriterOptions) {
    this.#options = options;
    this.#files = options.files;
    this.#state = options.state;
    this.#fileBytes = options.fileBytes ?? HEAD_CHUNK_FILE_BYTES;
  }

  /**
   * @param count  how many records `records` are.
   * @throws VestalError CHUNKS_HEAD_WRITE (none of it is there, a later try may succeed), WAL_LOCKED, CHUNKS_HEAD_STOPPED.
   */
  append(records: Uint8Array, count: number): WrittenRecords {
    const state = this.#state;
    try {
      for (;;) {
        const written = this.#locked(() => this.#write(records));
        if (typeof written !== "number") {
          state.count("chunksWritten", count);
          state.count("bytesWritten", records.length);
          return written;
        }
        this.#sync(written); // without the lock: it may take long
        state.setSynced(written);
      }
    } catch (error) {
      state.count("writesFailed");
      throw error;
    }
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    this.#file = -1;
    if (descriptor >= 0) this.#files.close(descriptor);
  }

  #locked<T>(work: () => T): T {
    const { log } = this.#state;
    this.#refuseIfStopped();
    log.lock(this.#options.ownerId, this.#options.lockTimeoutMs ?? 10_000);
    try {
      this.#refuseIfStopped();
      return work();
    } finally {
      log.unlock();
    }
  }

  #sync(file: number): void {
    const path = headChunkPath(this.#options.dir, file);
    try {
      const descriptor = this.#files.open(path, "r+");
      try {
        this.#files.fsync(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
    } catch (error) {
      const message = `chunks_head: cannot sync ${path} (${errorMessage(error)}); the chunks stay in memory, and are written later`;
      throw new VestalError("CHUNKS_HEAD_WRITE", message, { file: path }, error);
    }
  }

  #refuseIfStopped(): void {
    if (!this.#state.log.isStopped) return;
    throw new VestalError(
      "CHUNKS_HEAD_STOPPED",
      "chunks_head: a torn record could not be cut off earlier; closed chunks stay in memory: mend the disk and start again",
      { dir: this.#options.dir },
    );
  }

  /** Number of the file that must be synced before the next one begins, or where the records are. */
  #write(records: Uint8Array): WrittenRecords | number {
    const { dir } = this.#options;
    const state = this.#state;
    const { segment, offset } = state.log.position();
    const isNew = offset === 0 || state.isFull(segment) || offset + records.length > this.#fileBytes;
    if (isNew && offset !== 0 && !state.isSynced(segment)) {
      state.setFull(segment);
      return segment;
    }
    const file = isNew ? segment + 1 : segment;
    const path = headChunkPath(dir, file);
    try {
      let at = offset;
      if (isNew) {
        this.#begin(path, file);
        at = CHUNKS_FILE_HEADER;
      } else this.#open(path, file);
      writeWhole(this.#files, this.#descriptor, records, at);
      this.#state.log.setPosition(file, at + records.length);
      return { file, offset: at };
    } catch (error) {
      if (isNew) this.#forget(path);
      else cutToCommitted(this.#state, this.#files, dir);
      throw new VestalError(
        "CHUNKS_HEAD_WRITE",
        `chunks_head: cannot append ${records.length} bytes at ${isNew ? CHUNKS_FILE_HEADER : offset} of ${path} ` +
          `(${errorMessage(error)}); the chunks stay in memory, and are written later`,
        { file: path, offset, bytes: records.length },
        error,
      );
    }
  }

  /** Begins file `file`; an empty one of that number, left by a try that failed, is used. */
  #begin(path: string, file: number): void {
    this.close();
    this.#descriptor = this.#files.open(path, "w+");
    this.#file = file;
    const header = new Uint8Array(CHUNKS_FILE_HEADER);
    new DataView(header.buffer).setUint32(0, CHUNKS_FILE_MAGIC);
    header[4] = CHUNKS_FILE_VERSION;
    writeWhole(this.#files, this.#descriptor, header, 0);
    this.#files.fsyncDir(this.#options.dir);
    this.#state.count("filesOpened");
  }

  #open(path: string, file: number): void {
    if (this.#file === file) return;
    this.close();
    this.#descriptor = this.#files.open(path, "r+");
    this.#file = file;
  }

  /** Takes away a file that could not be begun. One that stays is emptied by the next try, or removed at the next start. */
  #forget(path: string): void {
    this.close();
    try {
      this.#files.unlink(path);
    } catch {
      // It never counted: no position names it, and every start removes a last file without a header.
    }
  }
}
