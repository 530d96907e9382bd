/**
 * Samples of a shard's series that are not newer than what their series have. Each series collects them, sorted, in one chunk
 * in memory; when it is full it goes to chunks_head and another begins, as in Prometheus (memSeries.insert). A batch goes in
 * steps, between which the caller writes the logs:
 *
 *   begin();  insert(…) …     decodes the open chunks of the batch's series, adds to them, writes full ones to chunks_head
 *   records(…)                what the log wbl is told: samples, and markers of what lies in chunks_head
 *   apply(commit)             encodes them; readers of that commit see them
 *
 * Nothing is kept between batches but in the head's memory, so a thread that adopts the head goes on. A marker says that all
 * samples of its series before it lie in chunks_head. What `apply` cannot place for lack of memory comes back with a replay.
 */
import {
  CHUNK_CAPACITY,
  CHUNK_COUNT,
  CHUNK_DATA,
  CHUNK_ENCODING,
  CHUNK_LENGTH,
  CHUNK_MAX_TIME,
  CHUNK_MIN_TIME,
  CHUNK_PREVIOUS,
  CHUNKS_FILE_OUT_OF_ORDER,
  COUNTER_OOO_APPENDED,
  COUNTER_OOO_CHUNKS,
  COUNTER_OOO_CHUNKS_CREATED,
  COUNTER_OOO_HISTOGRAMS_APPENDED,
  COUNTER_OOO_MAX_TIME,
  COUNTER_OOO_MIN_TIME,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SIDES,
  COUNTERS,
  DISK_CHUNK_BYTES,
  DISK_CHUNK_FILE,
  DISK_CHUNK_FLAG,
  DISK_CHUNK_OFFSET,
  SIDE_BYTES,
  SIDE_CHUNKS,
  SIDE_COMMIT,
  SIDE_DELETED,
  SIDE_OLDER,
  SIDE_SEALED,
  SLOT_SIDE,
} from "../../../assembly/layout.js";
import { ByteWriter, crc32c, VestalError } from "../../base/index.js";
import { decodeHistogram, type Histogram } from "../../model/index.js";
import {
  type ChunkEncoding,
  chunkSampleCount,
  ENCODING_XOR,
  type EncodedChunk,
  encodingOf,
  HistogramAppender,
  XorAppender,
} from "../chunk/index.js";
import type { Head } from "./head.js";
import { decodeChunk } from "./overlapping.js";
import { chunksOfSide, isChunkOnDisk } from "./side.js";

/** Prometheus' samples of a chunk of samples out of order. */
export const OUT_OF_ORDER_SAMPLES_MAX = 32;
/** Where a full chunk cannot go to disk it is encoded as several of so many samples. */
const CHUNK_SAMPLES = 4096;
/** The decoder reads whole words behind a chunk. */
const DECODE_SLACK = 8;

export interface OutOfOrderSample {
  readonly slot: number;
  readonly timestampMs: number;
  /** Words of the value; of no meaning with a histogram. */
  readonly low: number;
  readonly high: number;
  readonly histogram?: { readonly isFloat: boolean; readonly bytes: Uint8Array } | undefined;
}

/** Where a chunk lies in chunks_head. */
export interface ChunkPlace {
  readonly file: number;
  readonly offset: number;
}

/** Part of what the log is told; markers come before samples. */
export interface OutOfOrderRecords {
  readonly markers: readonly { readonly slot: number; readonly place: ChunkPlace }[];
  readonly samples: readonly OutOfOrderSample[];
}

interface Sample {
  readonly timeMs: number;
  readonly low: number;
  readonly high: number;
  readonly histogram: Histogram | undefined;
}

/** A chunk that has gone to chunks_head within the batch. */
interface WrittenChunk extends ChunkPlace {
  readonly chunk: EncodedChunk;
}

interface OpenChunk {
  /** Ascending. */
  samples: Sample[];
  /** Chunks in memory that `samples` replace, as addresses. */
  readonly replaced: readonly number[];
  /** Newest chunk behind them, 0 = none. */
  readonly base: number;
  readonly written: WrittenChunk[];
  floats: number;
  histograms: number;
  minTimeMs: number;
  maxTimeMs: number;
}

/** Records of chunks_head. */
export interface ChunkRecordFile {
  /** Appends one. @throws VestalError if it cannot be written. */
  readonly write: (record: Uint8Array) => ChunkPlace;
  /** So many bytes that were written; asked only by a replay. @throws VestalError if they cannot be read. */
  readonly read: (place: ChunkPlace, length: number) => Uint8Array;
}

export class OutOfOrderSamples {
  readonly #head: Head;
  readonly #file: ChunkRecordFile;
  readonly #samplesMax: number;
  readonly #open = new Map<number, OpenChunk>();
  /** Set while logs are replayed: nothing is told to one, and a full chunk that cannot be written grows on. */
  isReplaying = false;
  #records: { markers: Map<number, ChunkPlace[]>; samples: OutOfOrderSample[]; slots: Set<number> }[] = [];

  constructor(head: Head, file: ChunkRecordFile, samplesMax = OUT_OF_ORDER_SAMPLES_MAX) {
    this.#head = head;
    this.#file = file;
    this.#samplesMax = samplesMax;
  }

  /** Series of the batch under way. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Forgets a batch that was not applied. */
  begin(): void {
    this.#open.clear();
    this.#records = [];
  }

  /**
   * Takes a sample into the batch. False if its series' open chunk has one of that time, which stays.
   * @throws VestalError if a full chunk cannot be written: the batch is to be given up.
   */
  insert(sample: OutOfOrderSample): boolean {
    const { slot, timestampMs, histogram } = sample;
    const open = this.#openOf(slot);
    this.#makeRoom(slot, open);
    if (!this.#add(open, sample)) return false;
    if (!this.isReplaying) {
      const records = this.#record();
      records.samples.push(sample);
      records.slots.add(slot);
    }
    if (histogram === undefined) open.floats++;
    else open.histograms++;
    open.minTimeMs = Math.min(open.minTimeMs, timestampMs);
    open.maxTimeMs = Math.max(open.maxTimeMs, timestampMs);
    return true;
  }

  /** A marker of the log that is replayed: what the series has in memory lies in chunks_head. */
  clear(slot: number): void {
    const open = this.#openOf(slot);
    open.samples = [];
    if (open.replaced.length === 0 && open.written.length === 0) this.#open.delete(slot);
  }

  /** For the log, in this order. */
  records(): readonly OutOfOrderRecords[] {
    return this.#records.map(({ markers, samples }) => ({
      markers: [...markers].flatMap(([slot, places]) => places.map((place) => ({ slot, place }))),
      samples,
    }));
  }

  /** Makes the batch's samples part of the head, for readers of `commit`. Returns how many found no memory. */
  apply(commit: number): number {
    let lost = 0;
    for (const [slot, open] of this.#open) {
      if (this.#place(slot, open, commit)) this.#count(open);
      else lost += open.floats + open.histograms;
    }
    this.begin();
    if (lost > 0) this.#bump(COUNTER_REFUSED_MEMORY, lost);
    return lost;
  }

  /** Bytes of the head's memory that a sample may need, if it is the first of its series in a batch; others take few. */
  static bytesFor(histogramBytes: number, isFirst: boolean): number {
    return isFirst ? 2048 + OUT_OF_ORDER_SAMPLES_MAX * 10 * histogramBytes : 2 * DISK_CHUNK_BYTES;
  }

  // ── a batch ────────────────────────────────────────────────────────────────────────────────────────────────────

  #record(): { markers: Map<number, ChunkPlace[]>; samples: OutOfOrderSample[]; slots: Set<number> } {
    let last = this.#records.at(-1);
    if (last === undefined) {
      last = { markers: new Map(), samples: [], slots: new Set() };
      this.#records.push(last);
    }
    return last;
  }

  #openOf(slot: number): OpenChunk {
    const known = this.#open.get(slot);
    if (known !== undefined) return known;
    const { words, bytes } = this.#head;
    const side = this.#word(this.#head.slotAddress(slot) + SLOT_SIDE);
    const chunks = side === 0 ? [] : chunksOfSide(words, side);
    const sealed = side === 0 ? 0 : this.#word(side + SIDE_SEALED);
    let end = chunks.findIndex((chunk) => chunk === sealed || isChunkOnDisk(bytes, chunk));
    if (end < 0) end = chunks.length;
    const replaced = chunks.slice(0, end);
    const open: OpenChunk = {
      samples: replaced.flatMap((chunk) => this.#decode(chunk)).sort((a, b) => a.timeMs - b.timeMs),
      replaced,
      base: chunks[end] ?? 0,
      written: [],
      floats: 0,
      histograms: 0,
      minTimeMs: Number.POSITIVE_INFINITY,
      maxTimeMs: Number.NEGATIVE_INFINITY,
    };
    this.#open.set(slot, open);
    return open;
  }

  #decode(chunk: number): Sample[] {
    const { bytes } = this.#head;
    const data = bytes.slice(chunk + CHUNK_DATA, chunk + CHUNK_DATA + this.#word(chunk + CHUNK_LENGTH));
    const bounds = { minTimeMs: 0, maxTimeMs: 0, isOutOfOrder: true };
    const { times, words, histograms } = decodeChunk(bytes[chunk + CHUNK_ENCODING] as ChunkEncoding, data, bounds);
    return Array.from(times, (timeMs, i) => ({
      timeMs,
      low: words[2 * i]!,
      high: words[2 * i + 1]!,
      histogram: histograms?.[i],
    }));
  }

  /** Where the open chunk is full, or there is none, another begins, and the log is told what that one need not hold. */
  #makeRoom(slot: number, open: OpenChunk): void {
    if (open.samples.length > 0 && open.samples.length < this.#samplesMax) return;
    let places: ChunkPlace[];
    if (open.samples.length > 0) {
      const written = this.#writeAll(slot, open.samples);
      if (written === undefined) return;
      open.written.push(...written);
      open.samples = [];
      places = written;
    } else {
      const before = this.#markerOf(open);
      if (before === undefined) return;
      places = [before];
    }
    if (this.isReplaying) return;
    let record = this.#record();
    if (record.slots.has(slot) || record.markers.has(slot)) {
      record = { markers: new Map(), samples: [], slots: new Set() };
      this.#records.push(record);
    }
    record.markers.set(slot, places);
  }

  /** Where the newest chunk before the open one lies. Undefined: in memory, which no marker may say is on disk. */
  #markerOf({ base, written }: OpenChunk): ChunkPlace | undefined {
    const last = written.at(-1);
    if (last !== undefined) return last;
    if (base === 0) return { file: 0, offset: 0 };
    if (!isChunkOnDisk(this.#head.bytes, base)) return undefined;
    return { file: this.#word(base + DISK_CHUNK_FILE), offset: this.#word(base + DISK_CHUNK_OFFSET) };
  }

  /** Undefined: they could not be written, and a start must not fail because of that. */
  #writeAll(slot: number, samples: readonly Sample[]): WrittenChunk[] | undefined {
    try {
      const ref = this.#head.seriesRef(slot);
      return encodeSamples(samples).flatMap((chunk) => {
        const record = chunkRecord(ref, chunk);
        return this.isReplaying && this.#isWritten(slot, chunk, record) ? [] : { chunk, ...this.#file.write(record) };
      });
    } catch (error) {
      if (this.isReplaying && error instanceof VestalError) return undefined;
      throw error;
    }
  }

  /**
   * Whether an earlier replay of the same log has written the record. A killed Prometheus leaves markers of chunks that never
   * reached the disk, so that each replay makes these chunks again.
   */
  #isWritten(slot: number, { minTimeMs, maxTimeMs, data }: EncodedChunk, record: Uint8Array): boolean {
    const { words, bytes } = this.#head;
    const side = this.#word(this.#head.slotAddress(slot) + SLOT_SIDE);
    return (side === 0 ? [] : chunksOfSide(words, side)).some((chunk) => {
      if (!isChunkOnDisk(bytes, chunk) || this.#word(chunk + CHUNK_LENGTH) !== data.length) return false;
      if (this.#timeAt(chunk + CHUNK_MIN_TIME) !== minTimeMs || this.#timeAt(chunk + CHUNK_MAX_TIME) !== maxTimeMs)
        return false;
      const place = { file: this.#word(chunk + DISK_CHUNK_FILE), offset: this.#word(chunk + DISK_CHUNK_OFFSET) };
      return Buffer.compare(this.#file.read(place, record.length), record) === 0;
    });
  }

  #add({ samples }: OpenChunk, { timestampMs, low, high, histogram }: OutOfOrderSample): boolean {
    let at = samples.length;
    while (at > 0 && samples[at - 1]!.timeMs >= timestampMs) at--;
    if (at < samples.length && samples[at]!.timeMs === timestampMs) return false;
    const decoded = histogram && decodeHistogram(histogram.bytes, histogram.isFloat);
    samples.splice(at, 0, { timeMs: timestampMs, low, high, histogram: decoded });
    return true;
  }

  // ── the head's memory ──────────────────────────────────────────────────────────────────────────────────────────

  #place(slot: number, open: OpenChunk, commit: number): boolean {
    const { kernels, words } = this.#head;
    const made: { readonly address: number; readonly bytes: number }[] = [];
    const allocate = (bytes: number): number => {
      const address = kernels.allocate(bytes) >>> 0;
      if (address !== 0) made.push({ address, bytes });
      return address;
    };
    const encoded = encodeSamples(open.samples);
    let newest = open.base;
    for (const { chunk, file, offset } of open.written) {
      newest = this.#placeChunk(chunk, newest, DISK_CHUNK_BYTES, allocate);
      if (newest === 0) break;
      words[(newest + CHUNK_COUNT) >>> 2] = this.#word(newest + CHUNK_COUNT) | (DISK_CHUNK_FLAG << 24);
      words[(newest + DISK_CHUNK_FILE) >>> 2] = file;
      words[(newest + DISK_CHUNK_OFFSET) >>> 2] = offset;
    }
    for (const chunk of open.written.length > 0 && newest === 0 ? [] : encoded) {
      const bytes = kernels.roomFor(CHUNK_DATA + chunk.data.length + DECODE_SLACK) >>> 0;
      newest = this.#placeChunk(chunk, newest, bytes, allocate);
      if (newest === 0) break;
      this.#head.bytes.set(chunk.data, newest + CHUNK_DATA);
    }
    const slotAddr = this.#head.slotAddress(slot);
    const older = this.#word(slotAddr + SLOT_SIDE);
    const wanted = open.written.length + encoded.length;
    const side = made.length === wanted ? allocate(SIDE_BYTES) : 0;
    if (side === 0) {
      for (const { address, bytes } of made) kernels.release(address, bytes);
      return false;
    }
    words.fill(0, side >>> 2, (side + SIDE_BYTES) >>> 2);
    words[(side + SIDE_COMMIT) >>> 2] = commit;
    words[(side + SIDE_OLDER) >>> 2] = older;
    words[(side + SIDE_CHUNKS) >>> 2] = newest;
    if (older !== 0) {
      words[(side + SIDE_SEALED) >>> 2] = this.#word(older + SIDE_SEALED);
      words[(side + SIDE_DELETED) >>> 2] = this.#word(older + SIDE_DELETED);
      kernels.retire(older, SIDE_BYTES);
    }
    // After all that it makes reachable.
    Atomics.store(words, (slotAddr + SLOT_SIDE) >>> 2, side);
    for (const chunk of open.replaced) kernels.retire(chunk, CHUNK_DATA + this.#word(chunk + CHUNK_CAPACITY));
    this.#bump(COUNTER_SIDES, 1);
    this.#widen(open);
    this.#bump(COUNTER_OOO_CHUNKS, wanted - open.replaced.length);
    this.#bump(COUNTER_OOO_CHUNKS_CREATED, Math.max(0, wanted - open.replaced.length));
    return true;
  }

  #placeChunk(chunk: EncodedChunk, previous: number, bytes: number, allocate: (bytes: number) => number): number {
    const { words } = this.#head;
    const address = allocate(bytes);
    if (address === 0) return 0;
    words[(address + CHUNK_PREVIOUS) >>> 2] = previous;
    words[(address + CHUNK_CAPACITY) >>> 2] = bytes - CHUNK_DATA;
    this.#setTime(address + CHUNK_MIN_TIME, chunk.minTimeMs);
    this.#setTime(address + CHUNK_MAX_TIME, chunk.maxTimeMs);
    words[(address + CHUNK_LENGTH) >>> 2] = chunk.data.length;
    words[(address + CHUNK_COUNT) >>> 2] = chunkSampleCount(chunk.data) | (chunk.encoding << 16);
    return address;
  }

  #timeAt(address: number): number {
    return this.#word(address) + (this.#word(address + 4) | 0) * 2 ** 32;
  }

  #setTime(address: number, timeMs: number): void {
    const high = Math.floor(timeMs / 2 ** 32);
    this.#head.words[address >>> 2] = timeMs - high * 2 ** 32;
    this.#head.words[(address >>> 2) + 1] = high;
  }

  #count({ floats, histograms }: OpenChunk): void {
    this.#bump(COUNTER_OOO_APPENDED, floats + histograms);
    this.#bump(COUNTER_OOO_HISTOGRAMS_APPENDED, histograms);
  }

  #widen({ minTimeMs, maxTimeMs }: OpenChunk): void {
    if (minTimeMs > maxTimeMs) return;
    const { floats } = this.#head;
    const at = COUNTERS >> 3;
    const isFirst = floats[at + COUNTER_OOO_CHUNKS] === 0;
    const [min, max] = [floats[at + COUNTER_OOO_MIN_TIME]!, floats[at + COUNTER_OOO_MAX_TIME]!];
    floats[at + COUNTER_OOO_MIN_TIME] = isFirst ? minTimeMs : Math.min(min, minTimeMs);
    floats[at + COUNTER_OOO_MAX_TIME] = isFirst ? maxTimeMs : Math.max(max, maxTimeMs);
  }

  #bump(counter: number, by: number): void {
    const at = (COUNTERS >> 3) + counter;
    this.#head.floats[at] = this.#head.floats[at]! + by;
  }

  #word(address: number): number {
    return this.#head.words[address >>> 2]!;
  }
}

/** Chunks of ascending samples: another one where their kind changes, or a histogram does not fit (OOOChunk.ToEncodedChunks). */
function encodeSamples(samples: readonly Sample[]): EncodedChunk[] {
  const appenders: (XorAppender | HistogramAppender)[] = [];
  for (const { timeMs, low, high, histogram } of samples) {
    const last = appenders.at(-1);
    if (histogram === undefined) {
      const isRoom = last instanceof XorAppender && last.count < CHUNK_SAMPLES;
      const appender = isRoom ? last : new XorAppender();
      appender.append(timeMs, low, high);
      if (appender !== last) appenders.push(appender);
      continue;
    }
    const isSame =
      last instanceof HistogramAppender && last.encoding === encodingOf(histogram) && last.count < CHUNK_SAMPLES;
    const { appender } = (isSame ? last : new HistogramAppender(encodingOf(histogram))).append(timeMs, histogram);
    if (appender !== last) appenders.push(appender);
  }
  return appenders.map((appender) => ({
    minTimeMs: appender.minTimeMs,
    maxTimeMs: appender.maxTimeMs,
    encoding: appender instanceof XorAppender ? ENCODING_XOR : appender.encoding,
    data: appender.bytes(),
  }));
}

/** A record of chunks_head (drawn in src/tsdb/chunks-head). */
function chunkRecord(ref: number, { minTimeMs, maxTimeMs, encoding, data }: EncodedChunk): Uint8Array {
  const out = new ByteWriter(data.length + 64);
  out.i64(ref);
  out.i64(minTimeMs);
  out.i64(maxTimeMs);
  out.u8(encoding + CHUNKS_FILE_OUT_OF_ORDER);
  out.uvarint(data.length);
  out.raw(data);
  out.u32(crc32c(out.bytes));
  return out.bytes.slice();
}
