/**
 * Samples on their way to the shard that owns their series, in memory that both threads see. Written by the sender before
 * the batch is announced by a message (which orders the bytes), read by the owner until it acknowledges, then the sender's
 * again. Little-endian, offsets in bytes:
 *
 *   0   4  magic "VFB1"
 *   4   4  rows
 *   8   4  bytes used, this header included
 *   12  4  zero
 *   16     rows, each aligned to 8:
 *          +0   8  i64 timestamp in ms
 *          +8   8  f64 bits of the value (a staleness marker is a value)
 *          +16  4  length of LABEL BYTES
 *          +20     LABEL BYTES (label-bytes.ts), then zeros up to a multiple of 8
 */
import { assert, CorruptionError } from "../base/index.js";
import { type Labels, STALE_NAN_HIGH, STALE_NAN_LOW } from "../model/index.js";
import { decodeLabelBytes } from "../model/label-bytes.js";

const MAGIC = 0x31424656;
const ROW_COUNT = 4;
const USED_BYTES = 8;
const HEADER_BYTES = 16;
const ROW_VALUE = 8;
const ROW_LABEL_LENGTH = 16;
const ROW_LABELS = 20;

/** Where a batch is sent although it could hold more: it fits caches and is about 4,000 rows of typical labels. */
export const FOREIGN_BATCH_BYTES = 1 << 20;

export class ForeignBatchBuilder {
  readonly buffer: SharedArrayBuffer;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #used = HEADER_BYTES;
  #rowCount = 0;

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

  /** False if the row does not fit any more: send this batch and begin another. */
  append(labelBytes: Uint8Array, timestampMs: number, value: number): boolean {
    const row = this.#beginRow(labelBytes, timestampMs);
    if (row < 0) return false;
    this.#view.setFloat64(row + ROW_VALUE, value, true);
    return true;
  }

  /** As `append`, with the value's 64 bits as two words: NaNs keep their payload. */
  appendBits(labelBytes: Uint8Array, timestampMs: number, valueLow: number, valueHigh: number): boolean {
    const row = this.#beginRow(labelBytes, timestampMs);
    if (row < 0) return false;
    this.#view.setUint32(row + ROW_VALUE, valueLow, true);
    this.#view.setUint32(row + ROW_VALUE + 4, valueHigh, true);
    return true;
  }

  appendStale(labelBytes: Uint8Array, timestampMs: number): boolean {
    return this.appendBits(labelBytes, timestampMs, STALE_NAN_LOW, STALE_NAN_HIGH);
  }

  /** Bytes that a batch needs for one row with these labels; a greater one can never be sent. */
  static bytesFor(labelBytes: Uint8Array): number {
    return HEADER_BYTES + rowBytes(labelBytes.length);
  }

  #beginRow(labelBytes: Uint8Array, timestampMs: number): number {
    assert(Number.isSafeInteger(timestampMs), `foreign batch: timestamp ${timestampMs} is not whole milliseconds`);
    const row = this.#used;
    const end = row + rowBytes(labelBytes.length);
    if (end > this.#bytes.length) return -1;
    const high = Math.floor(timestampMs / 2 ** 32);
    this.#view.setUint32(row, timestampMs - high * 2 ** 32, true);
    this.#view.setInt32(row + 4, high, true);
    this.#view.setUint32(row + ROW_LABEL_LENGTH, labelBytes.length, true);
    this.#bytes.set(labelBytes, row + ROW_LABELS);
    this.#bytes.fill(0, row + ROW_LABELS + labelBytes.length, end);
    this.#used = end;
    this.#rowCount++;
    this.#writeHeader();
    return row;
  }

  #writeHeader(): void {
    this.#view.setUint32(ROW_COUNT, this.#rowCount, true);
    this.#view.setUint32(USED_BYTES, this.#used, true);
  }
}

function rowBytes(labelLength: number): number {
  return Math.ceil((ROW_LABELS + labelLength) / 8) * 8;
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
    const end = row + rowBytes(this.#view.getUint32(row + ROW_LABEL_LENGTH, true));
    if (end > this.usedBytes) throw damaged("is cut off", row);
    this.#row = row;
    this.#next = end;
    this.#rowIndex++;
    return true;
  }

  /** Begins again before the first row. */
  rewind(): void {
    this.#next = HEADER_BYTES;
    this.#rowIndex = -1;
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
    return this.valueLow === STALE_NAN_LOW && this.valueHigh === STALE_NAN_HIGH;
  }

  /** A view over the batch: copy to keep it beyond the acknowledgement. */
  get labelBytes(): Uint8Array {
    const length = this.#view.getUint32(this.#row + ROW_LABEL_LENGTH, true);
    return this.#bytes.subarray(this.#row + ROW_LABELS, this.#row + ROW_LABELS + length);
  }

  /** For messages and slow paths. @throws CorruptionError LABEL_BYTES */
  labels(): Labels {
    return decodeLabelBytes(this.labelBytes);
  }
}

function damaged(what: string, at: number): CorruptionError {
  return new CorruptionError("FOREIGN_BATCH", `a batch from another thread ${what} at byte ${at}`, { at });
}
