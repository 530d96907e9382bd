/**
 * One thread's way into the write-ahead log that all threads share. A batch is encoded and compressed first; then, under
 * the lock: framed for the place where it will stand, written by ONE pwrite at the committed offset, committed by storing
 * the new offset. What goes wrong in between is cut off again, so the log ends in whole records at any time.
 *
 *   logSeries / logSamples / logRecord …   no lock, no system call
 *   commit                                 lock · [new segment] · frame · pwrite · [fsync] · store offset · unlock
 */
import {
  STAGED_BYTES,
  WAL_HEADER_BYTES,
  WAL_ITEM_ADDR,
  WAL_ITEM_BYTES,
  WAL_ITEM_FLAG,
  WAL_ITEM_LENGTH,
  WAL_PAGE_BYTES,
  WAL_SNAPPY,
  WAL_STATS_BYTES,
  WAL_STATS_PAGES,
  WAL_STATS_PART_BYTES,
  WAL_STATS_PARTS,
} from "../../../assembly/layout.js";
import { AssertionError, errorMessage, type Files, VestalError, writeWhole } from "../../base/index.js";
import { ArenaBuffer } from "./arena-buffer.js";
import type { WalKernels } from "./kernels.js";
import { segmentPath, truncateToCommitted, type WalPosition, type WalState } from "./state.js";

/** When written bytes are made to survive a power cut; a killed process loses nothing with any of them. */
export type FsyncPolicy =
  /** When a segment is full (Prometheus'). */
  | "segment"
  /** And whenever the owner calls `sync`. */
  | "interval"
  /** Before a commit returns. */
  | "commit";

export interface WalWriterOptions {
  readonly dir: string;
  readonly files: Files;
  readonly state: WalState;
  /** ≥ 1, unlike that of every other writer of this log. */
  readonly ownerId: number;
  /** Kernels over `memory`; only this thread uses its arena. */
  readonly kernels: WalKernels;
  readonly memory: WebAssembly.Memory;
  /** A multiple of the page's 32 KiB, at most 1 GiB. */
  readonly segmentBytes?: number;
  readonly compression?: "snappy" | "none";
  readonly fsync?: FsyncPolicy;
  /** 0 on the main thread, which must not wait. */
  readonly lockTimeoutMs?: number;
}

export interface WalCommit {
  /** Where the log ends now. */
  readonly position: WalPosition;
  readonly bytes: number;
  /** The segment that this commit filled up: to be synced with `syncSegment`, which may take long. */
  readonly finishedSegment: number | undefined;
}

const SEGMENT_BYTES_DEFAULT = 128 * 1024 * 1024;
const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024;
/** A batch is logged in records of at most so many rows: bounds the buffers, and costs a header per 200 kB. */
const RECORD_ROWS_MAX = 16384;
/** A samples record's type, first ref and first time; most bytes of a sample: two varints and the value. */
const SAMPLES_HEADER_BYTES = 17;
const SAMPLE_BYTES_MAX = 28;
/** Records of other kinds in most batches, and what snappy may add to each. */
const OTHER_RECORDS = 8;
const SNAPPY_BYTES_MORE = 64;
/** Buffers that an unusually large batch has grown are given back behind it. */
const BUFFER_BYTES_KEPT = 1024 * 1024;

interface StoredRecord {
  readonly offset: number;
  readonly length: number;
  readonly flag: number;
}

export class WalWriter {
  readonly #options: WalWriterOptions;
  readonly #files: Files;
  readonly #state: WalState;
  readonly #kernels: WalKernels;
  readonly #segmentBytes: number;
  readonly #compresses: boolean;
  readonly #fsync: FsyncPolicy;
  readonly #lockTimeoutMs: number;
  /** The record under way, as it is before compression. */
  readonly #plain: ArenaBuffer;
  /** Records of the batch as they will be stored, one after another. */
  readonly #stored: ArenaBuffer;
  readonly #framed: ArenaBuffer;
  readonly #items: ArenaBuffer;
  readonly #table: ArenaBuffer;
  readonly #stats: ArenaBuffer;
  #storedBytes = 0;
  #savedBytes = 0;
  #records: StoredRecord[] = [];
  #descriptor = -1;
  #segment = -1;

  constructor(options: WalWriterOptions) {
    const { kernels, memory } = options;
    this.#options = options;
    this.#files = options.files;
    this.#state = options.state;
    this.#kernels = kernels;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    this.#compresses = (options.compression ?? "snappy") === "snappy";
    this.#fsync = options.fsync ?? "segment";
    this.#lockTimeoutMs = options.lockTimeoutMs ?? 10_000;
    if (
      this.#segmentBytes % WAL_PAGE_BYTES !== 0 ||
      this.#segmentBytes <= 0 ||
      this.#segmentBytes > SEGMENT_BYTES_MAX
    ) {
      throw new AssertionError(`a segment has a multiple of 32 KiB, at most 1 GiB, not ${this.#segmentBytes} bytes`);
    }
    this.#plain = new ArenaBuffer(kernels, memory, "a record");
    this.#stored = new ArenaBuffer(kernels, memory, "a compressed batch");
    this.#framed = new ArenaBuffer(kernels, memory, "a framed batch");
    this.#items = new ArenaBuffer(kernels, memory, "a list of records");
    this.#table = new ArenaBuffer(kernels, memory, "compression");
    this.#stats = new ArenaBuffer(kernels, memory, "counters");
    this.#table.ensure(kernels.snappyTableBytes());
    this.#stats.ensure(WAL_STATS_BYTES);
  }

  /** Records of the batch under way. */
  get recordCount(): number {
    return this.#records.length;
  }

  /**
   * Takes the memory that a batch of `rows` samples of known series needs now, so that logging it takes none: to be called
   * before the head validates the batch, which counts on the memory that is left then.
   *
   * @param otherBytes  of records that `logRecord` will be given.
   * @throws VestalError HEAD_MEMORY if the head's memory is full; nothing is logged yet.
   */
  reserve(rows: number, otherBytes = 0): void {
    const plain = SAMPLES_HEADER_BYTES + Math.min(rows, RECORD_ROWS_MAX) * SAMPLE_BYTES_MAX;
    const bytes = SAMPLES_HEADER_BYTES + rows * SAMPLE_BYTES_MAX + otherBytes;
    const all = this.#kernels.snappyMaxBytes(bytes) + (otherBytes > 0 ? OTHER_RECORDS * SNAPPY_BYTES_MORE : 0);
    this.#plain.ensure(Math.max(plain, otherBytes));
    this.#stored.ensure(all);
    this.#framed.ensure(all + (Math.ceil(all / WAL_PAGE_BYTES) + 2) * (2 * WAL_HEADER_BYTES));
    this.#items.ensure((2 + OTHER_RECORDS + 2 * Math.ceil(rows / RECORD_ROWS_MAX)) * WAL_ITEM_BYTES);
  }

  /**
   * Adds series records of the staged rows whose slots have none yet. Like all that add to the batch, it forgets the batch
   * if it throws (VestalError HEAD_MEMORY). Call `markRecorded` once they are committed.
   */
  logSeries(staging: number, rows: number): void {
    this.#logRows(staging, rows, (at, count) =>
      this.#kernels.encodeSeriesRecord(at, count, this.#plain.address, this.#plain.capacity),
    );
  }

  /** Adds samples records of the accepted staged rows. */
  logSamples(staging: number, rows: number): void {
    this.#logRows(staging, rows, (at, count) =>
      this.#kernels.encodeSamplesRecord(at, count, this.#plain.address, this.#plain.capacity),
    );
  }

  /** Adds a record that was encoded elsewhere; its first byte is its kind. */
  logRecord(record: Uint8Array): void {
    this.#orDiscard(() => {
      this.#plain.ensure(record.length);
      new Uint8Array(this.#options.memory.buffer).set(record, this.#plain.address);
      this.#store(record.length);
    });
  }

  /** Forgets the batch under way. */
  discard(): void {
    this.#records = [];
    this.#storedBytes = 0;
    this.#savedBytes = 0;
    for (const buffer of [this.#plain, this.#stored, this.#framed, this.#items]) buffer.trim(BUFFER_BYTES_KEPT);
  }

  /**
   * Writes the batch and ends it, whether this succeeds or not.
   *
   * @throws VestalError WAL_WRITE (it is not in the log, and the next batch may succeed), WAL_LOCKED, or WAL_STOPPED
   *         (nothing will be logged any more).
   */
  commit(): WalCommit {
    try {
      return this.#locked(() => this.#write());
    } catch (error) {
      this.#state.count("writesFailed", 1);
      throw error;
    } finally {
      this.discard();
    }
  }

  /** Ends the current segment and begins the next one. Returns the ended one, which the caller syncs. */
  rotate(): number {
    return this.#locked(() => {
      const { segment } = this.#state.position();
      this.#nextSegment();
      return segment;
    });
  }

  /**
   * Syncs the current segment.
   * @throws VestalError WAL_SYNC: what was written since the last sync may not survive a power cut.
   */
  sync(): void {
    this.syncSegment(this.#state.position().segment);
  }

  /** Syncs a segment that a commit has filled up. @throws VestalError WAL_SYNC. */
  syncSegment(segment: number): void {
    const file = segmentPath(this.#options.dir, segment);
    try {
      const descriptor = this.#files.open(file, "r+");
      try {
        this.#timedFsync(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
    } catch (error) {
      throw new VestalError(
        "WAL_SYNC",
        `wal: cannot sync ${file} (${errorMessage(error)}); its newest records may not survive a power cut`,
        { file, segment },
        error,
      );
    }
  }

  /** Fills up the last page and syncs, as Prometheus does when it ends. For the last writer of the process. */
  finish(): void {
    this.#locked(() => this.#fillPage());
    this.sync();
  }

  /** Gives back the descriptor and the buffers. */
  close(): void {
    this.#closeSegment();
    for (const buffer of [this.#plain, this.#stored, this.#framed, this.#items, this.#table, this.#stats]) {
      buffer.release();
    }
  }

  #logRows(staging: number, rows: number, encode: (at: number, count: number) => number): void {
    this.#orDiscard(() => {
      for (let row = 0; row < rows; row += RECORD_ROWS_MAX) {
        const at = staging + row * STAGED_BYTES;
        const count = Math.min(RECORD_ROWS_MAX, rows - row);
        let length = encode(at, count);
        if (length < 0) {
          this.#plain.ensure(-length);
          length = encode(at, count);
        }
        if (length > 0) this.#store(length);
      }
    });
  }

  /** Half a batch must not be written together with the next one. */
  #orDiscard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Takes the record in `#plain` into the batch: compressed, unless that makes it no shorter. */
  #store(length: number): void {
    const room = this.#compresses ? this.#kernels.snappyMaxBytes(length) >>> 0 : length;
    this.#stored.ensure(this.#storedBytes + Math.max(room, length), this.#storedBytes);
    const target = this.#stored.address + this.#storedBytes;
    let stored = length;
    let flag = 0;
    if (this.#compresses) {
      const compressed = this.#kernels.snappyCompress(this.#plain.address, length, target, this.#table.address);
      if (compressed < length) {
        stored = compressed;
        flag = WAL_SNAPPY;
      }
    }
    if (flag === 0) {
      new Uint8Array(this.#options.memory.buffer).copyWithin(target, this.#plain.address, this.#plain.address + length);
    }
    this.#records.push({ offset: this.#storedBytes, length: stored, flag });
    this.#storedBytes += stored;
    this.#savedBytes += length - stored;
  }

  #locked<T>(work: () => T): T {
    this.#refuseIfStopped();
    this.#state.lock(this.#options.ownerId, this.#lockTimeoutMs);
    try {
      this.#refuseIfStopped();
      return work();
    } finally {
      this.#state.unlock();
    }
  }

  #refuseIfStopped(): void {
    if (!this.#state.isStopped) return;
    throw new VestalError(
      "WAL_STOPPED",
      "wal: the log takes no more, because a torn record could not be cut off earlier: mend the disk and start again",
      { dir: this.#options.dir },
    );
  }

  #write(): WalCommit {
    if (this.#records.length === 0) {
      return { position: this.#state.position(), bytes: 0, finishedSegment: undefined };
    }
    let { segment, offset } = this.#state.position();
    let finishedSegment: number | undefined;
    let bytes = this.#frame(offset % WAL_PAGE_BYTES);
    if (offset > 0 && offset + bytes > this.#segmentBytes) {
      finishedSegment = segment;
      this.#nextSegment();
      ({ segment, offset } = this.#state.position());
      bytes = this.#frame(0);
    }
    this.#openSegment(segment);
    this.#append(
      new Uint8Array(this.#options.memory.buffer, this.#framed.address, bytes),
      offset,
      this.#fsync === "commit",
    );
    this.#countBatch();
    return { position: { segment, offset: offset + bytes }, bytes, finishedSegment };
  }

  /** Frames the batch for `pagePosition` and returns the bytes. */
  #frame(pagePosition: number): number {
    const count = this.#records.length;
    this.#items.ensure(count * WAL_ITEM_BYTES);
    const view = new DataView(this.#options.memory.buffer);
    let item = this.#items.address;
    for (const { offset, length, flag } of this.#records) {
      view.setUint32(item + WAL_ITEM_ADDR, this.#stored.address + offset, true);
      view.setUint32(item + WAL_ITEM_LENGTH, length, true);
      view.setUint32(item + WAL_ITEM_FLAG, flag, true);
      item += WAL_ITEM_BYTES;
    }
    for (let at = 0; at < WAL_STATS_BYTES; at += 4) view.setUint32(this.#stats.address + at, 0, true);
    for (;;) {
      const framed = this.#kernels.frameBatch(
        this.#items.address,
        count,
        pagePosition,
        this.#framed.address,
        this.#framed.capacity,
        this.#stats.address,
      );
      if (framed >= 0) return framed;
      this.#framed.ensure(-framed);
    }
  }

  /** Writes `bytes` at the committed offset of the open segment and commits them, or cuts off what arrived of them. */
  #append(bytes: Uint8Array, offset: number, sync: boolean): void {
    try {
      writeWhole(this.#files, this.#descriptor, bytes, offset);
      if (sync) this.#timedFsync(this.#descriptor);
    } catch (error) {
      const file = segmentPath(this.#options.dir, this.#segment);
      truncateToCommitted(this.#state, this.#files, this.#options.dir, this.#descriptor);
      throw new VestalError(
        "WAL_WRITE",
        `wal: cannot append ${bytes.length} bytes at ${offset} of ${file} (${errorMessage(error)}); the batch is not stored`,
        { file, segment: this.#segment, offset, bytes: bytes.length },
        error,
      );
    }
    this.#state.setPosition(this.#segment, offset + bytes.length);
    this.#state.count("pageFlushes", 1);
    this.#state.count("bytesWritten", bytes.length);
  }

  #countBatch(): void {
    const view = new DataView(this.#options.memory.buffer);
    this.#state.count("batches", 1);
    this.#state.count("recordParts", view.getUint32(this.#stats.address + WAL_STATS_PARTS, true));
    this.#state.count("recordPartBytes", view.getUint32(this.#stats.address + WAL_STATS_PART_BYTES, true));
    this.#state.count("completedPages", view.getUint32(this.#stats.address + WAL_STATS_PAGES, true));
    this.#state.count("recordBytesSaved", this.#savedBytes);
  }

  /** Zeros up to the end of the page, committed. The caller owns the lock. */
  #fillPage(): void {
    const { segment, offset } = this.#state.position();
    const inPage = offset % WAL_PAGE_BYTES;
    if (inPage === 0) return;
    this.#openSegment(segment);
    this.#append(new Uint8Array(WAL_PAGE_BYTES - inPage), offset, false);
    this.#state.count("completedPages", 1);
  }

  /**
   * Begins the next segment. The caller owns the lock. Should the thread die or a call fail between two steps, the
   * position still names a segment that exists; an empty file with the next number is emptied again and used.
   */
  #nextSegment(): void {
    this.#fillPage();
    const { segment } = this.#state.position();
    const file = segmentPath(this.#options.dir, segment + 1);
    this.#closeSegment();
    try {
      this.#descriptor = this.#files.open(file, "w+");
      this.#segment = segment + 1;
      this.#files.fsyncDir(this.#options.dir);
    } catch (error) {
      throw new VestalError(
        "WAL_WRITE",
        `wal: cannot begin segment ${file} (${errorMessage(error)}); the batch is not stored`,
        { file, segment: segment + 1 },
        error,
      );
    }
    this.#state.setPosition(segment + 1, 0);
    this.#state.count("segmentsOpened", 1);
  }

  #openSegment(segment: number): void {
    if (this.#segment === segment) return;
    this.#closeSegment();
    const file = segmentPath(this.#options.dir, segment);
    try {
      this.#descriptor = this.#files.open(file, "r+");
    } catch (error) {
      throw new VestalError(
        "WAL_WRITE",
        `wal: cannot open segment ${file} (${errorMessage(error)}); the batch is not stored`,
        { file, segment },
        error,
      );
    }
    this.#segment = segment;
  }

  #closeSegment(): void {
    const descriptor = this.#descriptor;
    if (descriptor < 0) return;
    const file = segmentPath(this.#options.dir, this.#segment);
    this.#descriptor = -1; // the number is free again even if closing fails
    this.#segment = -1;
    try {
      this.#files.close(descriptor);
    } catch (error) {
      throw new VestalError(
        "WAL_WRITE",
        `wal: closing segment ${file} failed (${errorMessage(error)}); its newest records may not survive a power cut`,
        { file },
        error,
      );
    }
  }

  #timedFsync(descriptor: number): void {
    const start = performance.now();
    this.#files.fsync(descriptor);
    this.#state.count("fsyncs", 1);
    this.#state.count("fsyncMicroseconds", (performance.now() - start) * 1000);
  }
}
