/**
 * Samples, exemplars and metadata on their way to the shard that owns their series, in memory that both threads see.
 * Written by the sender before the batch is announced by a message (which orders the bytes), read by the owner until it
 * acknowledges, then the sender's again. Little-endian, offsets in bytes:
 *
 *   0   4  magic "VFB2"
 *   4   4  rows
 *   8   4  bytes used, this header included
 *   12  4  BATCH_* flags
 *   16     rows, each aligned to 8:
 *          +0   8  i64 timestamp in ms
 *          +8   8  f64 bits of the value (a staleness marker is a value)
 *          +16  4  length of LABEL BYTES; 0: the series of the row before
 *          +20  4  length of the payload
 *          +24  1  kind, ROW_*
 *          +25  1  ROW_IS_* flags
 *          +26  6  zero
 *          +32     LABEL BYTES (label-bytes.ts), then the payload, then zeros up to a multiple of 8
 *
 *   payload of   a float            none
 *                a histogram        HISTOGRAM BYTES (histogram-bytes.ts)
 *                an exemplar        LABEL BYTES of the exemplar; its value is the row's
 *                metadata           u8 type as in log records, then unit and help, each uvarint length and UTF-8
 */
import { assert, ByteReader, ByteWriter, CorruptionError } from "../base/index.js";
import {
  type Histogram,
  isStaleWords,
  type Labels,
  type MetricType,
  metricTypeNumber,
  metricTypeOf,
  putHistogram,
  type SeriesMetadata,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from "../model/index.js";
import { decodeLabelBytes } from "../model/label-bytes.js";

const MAGIC = 0x32424656;
const ROW_COUNT = 4;
const USED_BYTES = 8;
const FLAGS = 12;
const HEADER_BYTES = 16;
const ROW_VALUE = 8;
const ROW_LABEL_LENGTH = 16;
const ROW_PAYLOAD_LENGTH = 20;
const ROW_KIND = 24;
const ROW_FLAGS = 25;
const ROW_LABELS = 32;

export const ROW_FLOAT = 0;
export const ROW_HISTOGRAM = 1;
export const ROW_FLOAT_HISTOGRAM = 2;
export const ROW_EXEMPLAR = 3;
export const ROW_METADATA = 4;

/** A zero at the time a counter was made: stored if it is newer than all of its series, else left out without a word. */
export const ROW_IS_CREATED_ZERO = 1;
/** Of an exemplar: its time was said, not taken from the sample. */
export const ROW_IS_TIMED = 2;

/** If one sample is refused, none is stored: nothing is committed. */
export const BATCH_ALL_OR_NOTHING = 1;
/** Samples that are out of order are refused though there is a window for such: rules do not store any. */
export const BATCH_REFUSES_OUT_OF_ORDER = 2;

/** Where a batch is sent although it could hold more: it fits caches and is about 4,000 rows of typical labels. */
export const FOREIGN_BATCH_BYTES = 1 << 20;

const NO_BYTES = new Uint8Array(0);

export class ForeignBatchBuilder {
  readonly buffer: SharedArrayBuffer;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #payload = new ByteWriter();
  #used = HEADER_BYTES;
  #rowCount = 0;
  #flags = 0;
  /** Where the label bytes of the last row that has some lie. */
  #labels = 0;
  #labelLength = 0;

  /** @param buffer  of an earlier batch that was acknowledged, to use it again. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(FOREIGN_BATCH_BYTES)) {
    this.buffer = buffer;
    this.#view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#view.setUint32(0, MAGIC, true);
    this.#writeHeader();
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** BATCH_* of the whole batch. */
  setFlags(flags: number): void {
    this.#flags = flags;
    this.#writeHeader();
  }

  /** False if the row does not fit any more: send this batch and begin another. */
  append(labelBytes: Uint8Array, timestampMs: number, value: number): boolean {
    const row = this.#beginRow(labelBytes, timestampMs, ROW_FLOAT, NO_BYTES);
    if (row < 0) return false;
    this.#view.setFloat64(row + ROW_VALUE, value, true);
    return true;
  }

  /** As `append`, with the value's 64 bits as two words: NaNs keep their payload. */
  appendBits(labelBytes: Uint8Array, timestampMs: number, valueLow: number, valueHigh: number): boolean {
    const row = this.#beginRow(labelBytes, timestampMs, ROW_FLOAT, NO_BYTES);
    if (row < 0) return false;
    this.#view.setUint32(row + ROW_VALUE, valueLow, true);
    this.#view.setUint32(row + ROW_VALUE + 4, valueHigh, true);
    return true;
  }

  appendStale(labelBytes: Uint8Array, timestampMs: number): boolean {
    return this.appendBits(labelBytes, timestampMs, STALE_NAN_LOW, STALE_NAN_HIGH);
  }

  /** The zero of a counter at the time it was made, if its series has nothing as new. */
  appendCreatedZero(labelBytes: Uint8Array, timestampMs: number): boolean {
    return this.#beginRow(labelBytes, timestampMs, ROW_FLOAT, NO_BYTES, ROW_IS_CREATED_ZERO) >= 0;
  }

  /** A histogram, whose sum may be the staleness marker. */
  appendHistogram(labelBytes: Uint8Array, timestampMs: number, histogram: Histogram, flags = 0): boolean {
    const payload = this.#payload;
    payload.clear();
    putHistogram(payload, histogram);
    return this.appendHistogramBytes(labelBytes, timestampMs, payload.bytes, histogram.isFloat, flags);
  }

  /** As `appendHistogram`, of HISTOGRAM BYTES. @param flags  ROW_IS_CREATED_ZERO for an empty histogram of that kind. */
  appendHistogramBytes(
    labelBytes: Uint8Array,
    timestampMs: number,
    histogram: Uint8Array,
    isFloat: boolean,
    flags = 0,
  ): boolean {
    const kind = isFloat ? ROW_FLOAT_HISTOGRAM : ROW_HISTOGRAM;
    return this.#beginRow(labelBytes, timestampMs, kind, histogram, flags) >= 0;
  }

  /** @param exemplarLabels  LABEL BYTES. */
  appendExemplar(
    labelBytes: Uint8Array,
    timestampMs: number,
    value: number,
    exemplarLabels: Uint8Array,
    isTimed = true,
  ): boolean {
    const row = this.#beginRow(labelBytes, timestampMs, ROW_EXEMPLAR, exemplarLabels, isTimed ? ROW_IS_TIMED : 0);
    if (row < 0) return false;
    this.#view.setFloat64(row + ROW_VALUE, value, true);
    return true;
  }

  appendMetadata(labelBytes: Uint8Array, metadata: SeriesMetadata): boolean {
    const payload = this.#payload;
    payload.clear();
    payload.u8(metricTypeNumber(metadata.type));
    payload.text(metadata.unit);
    payload.text(metadata.help);
    return this.#beginRow(labelBytes, 0, ROW_METADATA, payload.bytes) >= 0;
  }

  /** Bytes that a batch needs for one row with these labels; a greater one can never be sent. */
  static bytesFor(labelBytes: Uint8Array, payloadBytes = 0): number {
    return HEADER_BYTES + rowBytes(labelBytes.length + payloadBytes);
  }

  #beginRow(labelBytes: Uint8Array, timestampMs: number, kind: number, payload: Uint8Array, flags = 0): number {
    assert(Number.isSafeInteger(timestampMs), `foreign batch: timestamp ${timestampMs} is not whole milliseconds`);
    const row = this.#used;
    const isSameSeries = this.#isLastSeries(labelBytes);
    const labelLength = isSameSeries ? 0 : labelBytes.length;
    const filled = row + ROW_LABELS + labelLength + payload.length;
    const end = row + rowBytes(labelLength + payload.length);
    if (end > this.#bytes.length) return -1;
    const view = this.#view;
    const high = Math.floor(timestampMs / 2 ** 32);
    view.setUint32(row, timestampMs - high * 2 ** 32, true);
    view.setInt32(row + 4, high, true);
    view.setFloat64(row + ROW_VALUE, 0, true);
    view.setUint32(row + ROW_LABEL_LENGTH, labelLength, true);
    view.setUint32(row + ROW_PAYLOAD_LENGTH, payload.length, true);
    view.setUint32(row + ROW_KIND, kind | (flags << 8), true);
    view.setUint32(row + ROW_KIND + 4, 0, true);
    if (!isSameSeries) {
      this.#labels = row + ROW_LABELS;
      this.#labelLength = labelLength;
      this.#bytes.set(labelBytes, row + ROW_LABELS);
    }
    this.#bytes.set(payload, row + ROW_LABELS + labelLength);
    this.#bytes.fill(0, filled, end);
    this.#used = end;
    this.#rowCount++;
    this.#writeHeader();
    return row;
  }

  #isLastSeries(labelBytes: Uint8Array): boolean {
    const length = this.#labelLength;
    if (length === 0 || labelBytes.length !== length) return false;
    const bytes = this.#bytes;
    const from = this.#labels;
    // From the end: what tells series of one family apart stands there more often than in front.
    for (let i = length - 1; i >= 0; i--) if (bytes[from + i] !== labelBytes[i]) return false;
    return true;
  }

  #writeHeader(): void {
    this.#view.setUint32(ROW_COUNT, this.#rowCount, true);
    this.#view.setUint32(USED_BYTES, this.#used, true);
    this.#view.setUint32(FLAGS, this.#flags, true);
  }
}

function rowBytes(variableLength: number): number {
  return Math.ceil((ROW_LABELS + variableLength) / 8) * 8;
}

/** Walks over the rows of a batch: `while (reader.next()) …`; the fields are those of the current row. */
export class ForeignBatchReader {
  readonly rowCount: number;
  readonly usedBytes: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #row = 0;
  #next = HEADER_BYTES;
  #rowIndex = -1;
  #labels = 0;
  #labelLength = 0;

  /** @throws CorruptionError FOREIGN_BATCH if the header makes no sense. */
  constructor(buffer: SharedArrayBuffer) {
    if (buffer.byteLength < HEADER_BYTES) throw damaged("is too short", 0);
    this.#view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.rowCount = this.#view.getUint32(ROW_COUNT, true);
    this.usedBytes = this.#view.getUint32(USED_BYTES, true);
    if (this.#view.getUint32(0, true) !== MAGIC) throw damaged("does not begin as one", 0);
    if (this.usedBytes < HEADER_BYTES || this.usedBytes > buffer.byteLength) throw damaged("is cut off", USED_BYTES);
  }

  /** Number of the current row, from 0. */
  get rowIndex(): number {
    return this.#rowIndex;
  }

  /** Goes to the next row. @throws CorruptionError FOREIGN_BATCH */
  next(): boolean {
    if (this.#rowIndex + 1 >= this.rowCount) return false;
    const row = this.#next;
    if (row + ROW_LABELS > this.usedBytes) throw damaged("is cut off", row);
    const labelLength = this.#view.getUint32(row + ROW_LABEL_LENGTH, true);
    const end = row + rowBytes(labelLength + this.#view.getUint32(row + ROW_PAYLOAD_LENGTH, true));
    if (end > this.usedBytes) throw damaged("is cut off", row);
    if (labelLength > 0) {
      this.#labels = row + ROW_LABELS;
      this.#labelLength = labelLength;
    } else if (this.#labelLength === 0) throw damaged("begins without a series", row);
    this.#row = row;
    this.#next = end;
    this.#rowIndex++;
    return true;
  }

  /** Begins again before the first row. */
  rewind(): void {
    this.#next = HEADER_BYTES;
    this.#rowIndex = -1;
    this.#labelLength = 0;
  }

  get isAllOrNothing(): boolean {
    return (this.#view.getUint32(FLAGS, true) & BATCH_ALL_OR_NOTHING) !== 0;
  }

  get refusesOutOfOrder(): boolean {
    return (this.#view.getUint32(FLAGS, true) & BATCH_REFUSES_OUT_OF_ORDER) !== 0;
  }

  /** ROW_* */
  get kind(): number {
    return this.#view.getUint8(this.#row + ROW_KIND);
  }

  get isCreatedZero(): boolean {
    return (this.#view.getUint8(this.#row + ROW_FLAGS) & ROW_IS_CREATED_ZERO) !== 0;
  }

  get isTimed(): boolean {
    return (this.#view.getUint8(this.#row + ROW_FLAGS) & ROW_IS_TIMED) !== 0;
  }

  /** Whether the row's series is that of the row before. */
  get isSameSeries(): boolean {
    return this.#view.getUint32(this.#row + ROW_LABEL_LENGTH, true) === 0;
  }

  get timestampMs(): number {
    return this.#view.getInt32(this.#row + 4, true) * 2 ** 32 + this.#view.getUint32(this.#row, true);
  }

  get value(): number {
    return this.#view.getFloat64(this.#row + ROW_VALUE, true);
  }

  get valueLow(): number {
    return this.#view.getUint32(this.#row + ROW_VALUE, true);
  }

  get valueHigh(): number {
    return this.#view.getUint32(this.#row + ROW_VALUE + 4, true);
  }

  get isStale(): boolean {
    return isStaleWords(this.valueLow, this.valueHigh);
  }

  /** A view over the batch: copy to keep it beyond the acknowledgement. */
  get labelBytes(): Uint8Array {
    return this.#bytes.subarray(this.#labels, this.#labels + this.#labelLength);
  }

  /** A view over the batch, see the picture above. */
  get payload(): Uint8Array {
    const view = this.#view;
    const start = this.#row + ROW_LABELS + view.getUint32(this.#row + ROW_LABEL_LENGTH, true);
    return this.#bytes.subarray(start, start + view.getUint32(this.#row + ROW_PAYLOAD_LENGTH, true));
  }

  /** Of a row of kind ROW_METADATA. @throws CorruptionError if its payload is damaged. */
  metadata(): SeriesMetadata {
    const reader = new ByteReader(this.payload);
    const type: MetricType = metricTypeOf(reader.u8());
    return { type, unit: reader.text(), help: reader.text() };
  }

  /** For messages and slow paths. @throws CorruptionError LABEL_BYTES */
  labels(): Labels {
    return decodeLabelBytes(this.labelBytes);
  }
}

function damaged(what: string, at: number): CorruptionError {
  return new CorruptionError("FOREIGN_BATCH", `a batch from another thread ${what} at byte ${at}`, { at });
}
