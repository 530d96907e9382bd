/**
 * Follows the write-ahead log while it is written: one record after the other up to the committed position, from a position
 * on that was kept. Pages, fragments and checksums are as src/tsdb/wal/README.md draws them.
 */
import { ByteReader, CorruptionError, crc32c, decodeSnappy, errorCode, type Files } from "../../base/index.js";
import { lastCheckpoint, listSegments, segmentPath, type WalPosition } from "../../tsdb/wal/index.js";

const PAGE_BYTES = 32_768;
const HEADER_BYTES = 7;
const WINDOW_BYTES = 32 * PAGE_BYTES;
const TYPE_MASK = 7;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
const SNAPPY = 8;
/** The type of a record that names series. */
const SERIES = 1;
/** No record of ours or of Prometheus' comes near. */
const RECORD_BYTES_MAX = 1 << 28;

export interface WalTailOptions {
  readonly dir: string;
  readonly files: Files;
  /** Where the log ends now. */
  readonly end: () => WalPosition;
}

export class WalTail {
  readonly #options: WalTailOptions;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowStart = 0;
  #windowBytes = 0;
  #segment: number;
  #offset: number;
  #descriptor = -1;
  #parts: Uint8Array[] = [];
  #flag = 0;
  /** Segments that were gone before they were read. */
  lostSegments = 0;

  constructor(options: WalTailOptions, from: WalPosition) {
    this.#options = options;
    this.#segment = from.segment;
    this.#offset = from.offset;
  }

  /** Behind the record that `next` gave last. */
  get position(): WalPosition {
    return { segment: this.#segment, offset: this.#offset };
  }

  /**
   * The next record, to be used before the next call; undefined where the log ends for now.
   * @throws CorruptionError WAL_TAIL where the log is damaged; `skipSegment` goes on behind it.
   */
  next(): Uint8Array | undefined {
    for (;;) {
      const limit = this.#limit();
      if (limit === undefined || this.#offset >= limit) {
        if (!this.#nextSegment()) return undefined;
        continue;
      }
      const inPage = this.#offset % PAGE_BYTES;
      const left = PAGE_BYTES - inPage;
      if (left < HEADER_BYTES) {
        this.#offset += left;
        continue;
      }
      const head = this.#bytes(this.#offset, HEADER_BYTES, limit);
      if (head === undefined) return undefined;
      const type = head[0]! & TYPE_MASK;
      if (type === 0) {
        this.#offset = Math.min(limit, this.#offset + left);
        continue;
      }
      const length = (head[1]! << 8) | head[2]!;
      const checksum = ((head[3]! << 24) | (head[4]! << 16) | (head[5]! << 8) | head[6]!) >>> 0;
      const flag = head[0]! & ~TYPE_MASK;
      if (length > left - HEADER_BYTES) throw this.#damaged("has a fragment that passes its page");
      const data = this.#bytes(this.#offset + HEADER_BYTES, length, limit);
      if (data === undefined) return undefined;
      if (crc32c(data) >>> 0 !== checksum) throw this.#damaged("has a wrong checksum");
      this.#offset += HEADER_BYTES + length;
      if (type === FULL || type === FIRST) this.#parts = [];
      else if (this.#parts.length === 0) continue; // the rest of a record whose beginning is not ours
      this.#flag = flag;
      if (type === FIRST || type === MIDDLE) {
        this.#parts.push(data.slice());
        continue;
      }
      if (type !== FULL && type !== LAST) throw this.#damaged(`has a fragment of type ${type}`);
      const stored = this.#parts.length === 0 ? data : Buffer.concat([...this.#parts, data]);
      this.#parts = [];
      if (this.#flag === 0) return stored;
      if (this.#flag === SNAPPY) return decodeSnappy(stored, RECORD_BYTES_MAX);
      // Written by another program before this one took over: what it logged is not ours to send.
    }
  }

  /** Goes on with the next segment, after damage. False if there is none yet. */
  skipSegment(): boolean {
    this.#offset = Number.MAX_SAFE_INTEGER;
    return this.#nextSegment();
  }

  close(): void {
    if (this.#descriptor >= 0) this.#options.files.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** First byte that may not be read yet; undefined if the segment is gone. */
  #limit(): number | undefined {
    const { files, dir, end } = this.#options;
    const committed = end();
    if (this.#segment === committed.segment) return committed.offset;
    if (this.#segment > committed.segment) return this.#offset;
    try {
      return files.stat(segmentPath(dir, this.#segment)).bytes;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      return undefined;
    }
  }

  #nextSegment(): boolean {
    const { files, dir, end } = this.#options;
    if (this.#segment >= end().segment) return false;
    const next = listSegments(files, dir).find(({ number }) => number > this.#segment);
    if (next === undefined) return false;
    this.lostSegments += next.number - this.#segment - 1;
    this.close();
    this.#segment = next.number;
    this.#offset = 0;
    this.#windowBytes = 0;
    this.#parts = [];
    return true;
  }

  /** A view of the window; undefined where the file does not have the bytes yet. */
  #bytes(offset: number, length: number, limit: number): Uint8Array | undefined {
    if (offset + length > limit) return undefined;
    const isInside = offset >= this.#windowStart && offset + length <= this.#windowStart + this.#windowBytes;
    if (!isInside) {
      const { files, dir } = this.#options;
      if (this.#descriptor < 0) this.#descriptor = files.open(segmentPath(dir, this.#segment), "r");
      const wanted = Math.min(WINDOW_BYTES, limit - offset);
      this.#windowStart = offset;
      this.#windowBytes = files.pread(this.#descriptor, this.#window.subarray(0, wanted), offset);
      if (this.#windowBytes < length) return undefined;
    }
    const at = offset - this.#windowStart;
    return this.#window.subarray(at, at + length);
  }

  #damaged(what: string): CorruptionError {
    const file = segmentPath(this.#options.dir, this.#segment);
    return new CorruptionError("WAL_TAIL", `wal: ${file} ${what} at byte ${this.#offset}`, {
      file,
      offset: this.#offset,
    });
  }
}

/** Records of the newest checkpoint and of all segments before `until`: where the series of later records are named. */
export function* recordsBefore(options: WalTailOptions, until: WalPosition): Generator<Uint8Array> {
  const { files, dir } = options;
  const checkpoint = lastCheckpoint(files, dir);
  if (checkpoint !== undefined) yield* allRecords(options, checkpoint.path, undefined);
  if (listSegments(files, dir).length > 0) yield* allRecords(options, dir, until);
}

/** Refs of the series that the newest checkpoint names, if it is a newer one than `known`. */
export function checkpointRefs(
  options: WalTailOptions,
  known: number,
): { readonly number: number; readonly refs: ReadonlySet<number> } | undefined {
  const checkpoint = lastCheckpoint(options.files, options.dir);
  if (checkpoint === undefined || checkpoint.number <= known) return undefined;
  const refs = new Set<number>();
  for (const record of allRecords(options, checkpoint.path, undefined)) {
    if (record[0] === SERIES) for (const { ref } of decodeSeries(record)) refs.add(ref);
  }
  return { number: checkpoint.number, refs };
}

function* allRecords({ files }: WalTailOptions, dir: string, until: WalPosition | undefined): Generator<Uint8Array> {
  const segments = listSegments(files, dir);
  const last = segments.at(-1);
  if (last === undefined) return;
  const end = until ?? { segment: last.number, offset: files.stat(last.path).bytes };
  const tail = new WalTail({ dir, files, end: () => end }, { segment: segments[0]!.number, offset: 0 });
  try {
    for (let record = tail.next(); record !== undefined; record = tail.next()) yield record;
  } finally {
    tail.close();
  }
}

/** Refs and LABEL BYTES (views) of a record of type 1. */
export function* decodeSeries(record: Uint8Array): Generator<{ readonly ref: number; readonly labels: Uint8Array }> {
  const reader = new ByteReader(record);
  reader.skip(1);
  while (!reader.isAtEnd) {
    const ref = reader.i64();
    const from = reader.at;
    for (let left = 2 * reader.count(2); left > 0; left--) reader.skip(reader.count(1));
    yield { ref, labels: reader.since(from) };
  }
}
