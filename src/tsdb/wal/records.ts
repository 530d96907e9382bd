/**
 * Log records that are seldom enough to be made and read outside the kernels, as Prometheus' tsdb/record writes them:
 *
 *   2 samples         u8 2, u64 first ref, i64 first time, then for each: varint ref − first, varint time − first, u64 value
 *                     bits (here of the log of samples out of order)
 *   4 exemplars       u8 4, u64 first ref, i64 first time, then for each: varint ref − first, varint time − first, u64 value
 *                     bits, LABEL BYTES
 *   5 markers         u8 5, then for each: u64 ref, u32 number of a file of chunks_head, u32 offset in it: samples of the
 *                     series before it lie in chunks up to there (0, 0: it has none in memory)
 *   6 metadata        u8 6, then for each: uvarint ref, u8 type, uvarint number of fields, of each: name and value, both
 *                     uvarint length and UTF-8 (`UNIT`, `HELP`)
 *   7 histograms      u8 7, u64 first ref, i64 first time, then for each: varint ref − first, varint time − first, HISTOGRAM
 *                     BYTES. 8: float histograms; 9, 10: the same with custom buckets
 *   12, 13 (read)     integer and float histograms: the first with varint ref, time, start time; later ones with varint ref −
 *                     ref before, varint time − first time, a start time as in type 11; then HISTOGRAM BYTES
 *
 * Refs and times are signed distances, numbers big-endian. What was decoded is checked: it may come from another program.
 */
import { RECORD_SAMPLES, RECORD_SAMPLES_V2 } from "../../../assembly/layout.js";
import { ByteReader, ByteWriter, CorruptionError } from "../../base/index.js";
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Exemplar,
  type Histogram,
  type Labels,
  metricTypeNumber,
  metricTypeOf,
  type SeriesMetadata,
  spannedBuckets,
  takeHistogram,
} from "../../model/index.js";
import { encodeLabelBytes } from "../../model/label-bytes.js";

export const RECORD_TOMBSTONES = 3;
export const RECORD_EXEMPLARS = 4;
export const RECORD_MMAP_MARKERS = 5;
export const RECORD_METADATA = 6;
export const RECORD_HISTOGRAMS = 7;
export const RECORD_FLOAT_HISTOGRAMS = 8;
export const RECORD_CUSTOM_HISTOGRAMS = 9;
export const RECORD_CUSTOM_FLOAT_HISTOGRAMS = 10;
export const RECORD_HISTOGRAMS_V2 = 12;
export const RECORD_FLOAT_HISTOGRAMS_V2 = 13;

/** A record is ended where it passes this: bounds what a reader must hold. */
const RECORD_BYTES_MAX = 1 << 20;
/** Schemas of exponential buckets that Prometheus stores; others are left out when they are read. */
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

const UNIT = "UNIT";
const HELP = "HELP";
/** Start time of a sample of types 11 to 13: none, that of the sample before, or a number of its own. */
const START_SAME = 1;

export interface HistogramEntry {
  readonly ref: number;
  readonly timestampMs: number;
  readonly isFloat: boolean;
  /** HISTOGRAM BYTES */
  readonly bytes: Uint8Array;
}

export interface ExemplarEntry {
  readonly ref: number;
  readonly exemplar: Exemplar;
}

export interface MetadataEntry {
  readonly ref: number;
  readonly metadata: SeriesMetadata;
}

export function isHistogramRecord(kind: number): boolean {
  return (kind >= RECORD_HISTOGRAMS && kind <= RECORD_CUSTOM_FLOAT_HISTOGRAMS) || kind === 12 || kind === 13;
}

/** Hands each record to `emit`, which must copy it. Types in the order in which Prometheus logs them. */
export function encodeHistograms(entries: readonly HistogramEntry[], emit: (record: Uint8Array) => void): void {
  const kinds = [
    RECORD_HISTOGRAMS,
    RECORD_CUSTOM_HISTOGRAMS,
    RECORD_FLOAT_HISTOGRAMS,
    RECORD_CUSTOM_FLOAT_HISTOGRAMS,
  ] as const;
  for (const kind of kinds) {
    const ofKind = entries.filter((entry) => histogramKind(entry) === kind);
    encodeRefTimes(
      kind,
      ofKind,
      (entry) => entry.timestampMs,
      (writer, { bytes }) => writer.raw(bytes),
      emit,
    );
  }
}

function histogramKind({ isFloat, bytes }: HistogramEntry): number {
  // The schema is a varint behind the hint: −53 takes one byte.
  const isCustom = bytes[1] === -2 * CUSTOM_BUCKETS_SCHEMA - 1;
  if (isCustom) return isFloat ? RECORD_CUSTOM_FLOAT_HISTOGRAMS : RECORD_CUSTOM_HISTOGRAMS;
  return isFloat ? RECORD_FLOAT_HISTOGRAMS : RECORD_HISTOGRAMS;
}

export function encodeExemplars(entries: readonly ExemplarEntry[], emit: (record: Uint8Array) => void): void {
  encodeRefTimes(
    RECORD_EXEMPLARS,
    entries,
    ({ exemplar }) => exemplar.timestampMs,
    (writer, { exemplar }) => {
      writer.f64(exemplar.value);
      writer.raw(encodeLabelBytes(exemplar.labels));
    },
    emit,
  );
}

/** A float sample, its value as two words. */
export interface SampleEntry {
  readonly ref: number;
  readonly timestampMs: number;
  readonly low: number;
  readonly high: number;
}

export function encodeSamples(entries: readonly SampleEntry[], emit: (record: Uint8Array) => void): void {
  encodeRefTimes(
    RECORD_SAMPLES,
    entries,
    (entry) => entry.timestampMs,
    (writer, { low, high }) => writer.words(high, low),
    emit,
  );
}

/** Series and time of one entry of a record after the other: `while (heads.next()) …`; the caller reads what follows each. */
class EntryHeads {
  ref = 0;
  timestampMs = 0;
  readonly #reader: ByteReader;
  readonly #isV2: boolean;
  #isFirst = true;
  #baseRef = 0;
  #baseTime = 0;

  constructor(reader: ByteReader, isV2: boolean) {
    this.#reader = reader;
    this.#isV2 = isV2;
    if (isV2 || reader.isAtEnd) return;
    this.#baseRef = reader.i64();
    this.#baseTime = reader.i64();
  }

  next(): boolean {
    const reader = this.#reader;
    if (reader.isAtEnd) return false;
    this.ref = this.#baseRef + reader.varint();
    this.timestampMs = this.#baseTime + reader.varint();
    if (!this.#isV2) return true;
    this.#baseRef = this.ref;
    if (this.#isFirst) {
      this.#baseTime = this.timestampMs;
      reader.varint();
    } else if (reader.u8() > START_SAME) reader.varint();
    this.#isFirst = false;
    return true;
  }
}

/** Of a record of type 2 or 11. @throws CorruptionError if it is malformed. */
export function* decodeSamples(record: Uint8Array): Generator<SampleEntry> {
  const reader = new ByteReader(record);
  const isV2 = reader.u8() === RECORD_SAMPLES_V2;
  const heads = new EntryHeads(reader, isV2);
  while (heads.next()) {
    const { ref, timestampMs } = heads;
    const high = reader.u32();
    yield { ref, timestampMs, high, low: reader.u32() };
  }
}

/** Where the newest chunk of a series' samples out of order lies that has gone to disk. */
export interface MmapMarker {
  readonly ref: number;
  readonly file: number;
  readonly offset: number;
}

export function encodeMmapMarkers(markers: readonly MmapMarker[], emit: (record: Uint8Array) => void): void {
  const writer = new ByteWriter(1 + 16 * Math.min(markers.length, RECORD_BYTES_MAX / 16));
  for (const { ref, file, offset } of markers) {
    if (writer.length === 0) writer.u8(RECORD_MMAP_MARKERS);
    writer.i64(ref);
    writer.words(file, offset);
    if (writer.length < RECORD_BYTES_MAX) continue;
    emit(writer.bytes);
    writer.clear();
  }
  if (writer.length > 0) emit(writer.bytes);
}

/** @throws CorruptionError if the record is malformed. */
export function* decodeMmapMarkers(record: Uint8Array): Generator<MmapMarker> {
  const reader = new ByteReader(record);
  if (reader.u8() !== RECORD_MMAP_MARKERS) throw new CorruptionError("WAL_RECORD", "wal: no record of markers");
  while (!reader.isAtEnd) yield { ref: reader.i64(), file: reader.u32(), offset: reader.u32() };
}

export function encodeMetadata(entries: readonly MetadataEntry[], emit: (record: Uint8Array) => void): void {
  const writer = new ByteWriter();
  for (const { ref, metadata } of entries) {
    if (writer.length === 0) writer.u8(RECORD_METADATA);
    writer.uvarint(ref);
    writer.u8(metricTypeNumber(metadata.type));
    writer.uvarint(2);
    writer.text(UNIT);
    writer.text(metadata.unit);
    writer.text(HELP);
    writer.text(metadata.help);
    if (writer.length < RECORD_BYTES_MAX) continue;
    emit(writer.bytes);
    writer.clear();
  }
  if (writer.length > 0) emit(writer.bytes);
}

function encodeRefTimes<T extends { readonly ref: number }>(
  kind: number,
  entries: readonly T[],
  timeOf: (entry: T) => number,
  put: (writer: ByteWriter, entry: T) => void,
  emit: (record: Uint8Array) => void,
): void {
  const writer = new ByteWriter(1024);
  let firstRef = 0;
  let firstTime = 0;
  for (const entry of entries) {
    const timestampMs = timeOf(entry);
    if (writer.length === 0) {
      firstRef = entry.ref;
      firstTime = timestampMs;
      writer.u8(kind);
      writer.i64(firstRef);
      writer.i64(firstTime);
    }
    writer.varint(entry.ref - firstRef);
    writer.varint(timestampMs - firstTime);
    put(writer, entry);
    if (writer.length < RECORD_BYTES_MAX) continue;
    emit(writer.bytes);
    writer.clear();
  }
  if (writer.length > 0) emit(writer.bytes);
}

/**
 * Histograms of a record of types 7 to 10, 12 and 13, their bytes as views of it. Schemas that no Prometheus stores are left
 * out, as there.
 *
 * @throws CorruptionError if the record is malformed.
 */
export function* decodeHistograms(record: Uint8Array): Generator<HistogramEntry> {
  const reader = new ByteReader(record);
  const kind = reader.u8();
  const isV2 = kind === RECORD_HISTOGRAMS_V2 || kind === RECORD_FLOAT_HISTOGRAMS_V2;
  const isFloat =
    kind === RECORD_FLOAT_HISTOGRAMS || kind === RECORD_CUSTOM_FLOAT_HISTOGRAMS || kind === RECORD_FLOAT_HISTOGRAMS_V2;
  const heads = new EntryHeads(reader, isV2);
  while (heads.next()) {
    const { ref, timestampMs } = heads;
    const from = reader.at;
    const histogram = takeHistogram(reader, isFloat);
    const { schema } = histogram;
    if (!isWhole(histogram)) throw new CorruptionError("WAL_RECORD", `wal: a histogram of ref ${ref} lacks buckets`);
    const isKnown = schema === CUSTOM_BUCKETS_SCHEMA || (schema >= SCHEMA_MIN && schema <= SCHEMA_MAX);
    if (isKnown) yield { ref, timestampMs, isFloat, bytes: reader.since(from) };
  }
}

/** Whether there are as many buckets as the spans say. */
function isWhole({ positiveSpans, positiveBuckets, negativeSpans, negativeBuckets }: Histogram): boolean {
  return (
    spannedBuckets(positiveSpans) === positiveBuckets.length && spannedBuckets(negativeSpans) === negativeBuckets.length
  );
}

/** @throws CorruptionError if the record is malformed. */
export function* decodeExemplars(
  record: Uint8Array,
  labelsOf: (bytes: Uint8Array) => Labels,
): Generator<ExemplarEntry> {
  const reader = new ByteReader(record);
  reader.u8();
  if (reader.isAtEnd) return;
  const firstRef = reader.i64();
  const firstTime = reader.i64();
  while (!reader.isAtEnd) {
    const ref = firstRef + reader.varint();
    const timestampMs = firstTime + reader.varint();
    const value = reader.f64();
    const from = reader.at;
    for (let left = 2 * reader.count(2); left > 0; left--) reader.skip(reader.count(1));
    const labels = labelsOf(reader.since(from).slice());
    // As Prometheus reads it back: the log does not say whether the time came with the exemplar.
    yield { ref, exemplar: { labels, value, timestampMs, isTimed: false } };
  }
}

/** @throws CorruptionError if the record is malformed. */
export function* decodeMetadata(record: Uint8Array): Generator<MetadataEntry> {
  const reader = new ByteReader(record);
  reader.u8();
  while (!reader.isAtEnd) {
    const ref = reader.uvarint();
    const type = metricTypeOf(reader.u8());
    let unit = "";
    let help = "";
    for (let left = reader.count(2); left > 0; left--) {
      const name = reader.text();
      const value = reader.text();
      if (name === UNIT) unit = value;
      else if (name === HELP) help = value;
    }
    yield { ref, metadata: { type, unit, help } };
  }
}

export interface TombstoneEntry {
  readonly ref: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

export function encodeTombstones(entries: readonly TombstoneEntry[], emit: (record: Uint8Array) => void): void {
  const writer = new ByteWriter();
  for (const { ref, minTimeMs, maxTimeMs } of entries) {
    if (writer.length === 0) writer.u8(RECORD_TOMBSTONES);
    writer.i64(ref);
    writer.varint(minTimeMs);
    writer.varint(maxTimeMs);
    if (writer.length < RECORD_BYTES_MAX) continue;
    emit(writer.bytes);
    writer.clear();
  }
  if (writer.length > 0) emit(writer.bytes);
}

/** u8 3, then for each: u64 ref, varint first and last time in ms. @throws CorruptionError if the record is malformed. */
export function* decodeTombstones(record: Uint8Array): Generator<TombstoneEntry> {
  const reader = new ByteReader(record);
  if (reader.u8() !== RECORD_TOMBSTONES) throw new CorruptionError("WAL_RECORD", "wal: no record of tombstones");
  while (!reader.isAtEnd) yield { ref: reader.i64(), minTimeMs: reader.varint(), maxTimeMs: reader.varint() };
}
