/**
 * Records that TypeScript makes and reads. Expected bytes are written out by hand from Prometheus' tsdb/docs/format/wal.md and
 * the picture in records.ts; test/peers lets a real Prometheus read the same kinds.
 */
import { describe, expect, test } from "vitest";
import { CorruptionError } from "../../base/index.js";
import { decodeHistogram, encodeHistogram, type Histogram, Labels, staleHistogramBytes } from "../../model/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import {
  decodeExemplars,
  decodeHistograms,
  decodeMetadata,
  decodeMmapMarkers,
  decodeSamples,
  decodeTombstones,
  encodeExemplars,
  encodeHistograms,
  encodeMetadata,
  encodeMmapMarkers,
  encodeSamples,
  encodeTombstones,
} from "./records.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const f64 = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
};
const u64 = (value: number): string => BigInt(value).toString(16).padStart(16, "0");

const HISTOGRAM: Histogram = {
  isFloat: false,
  counterResetHint: 0,
  schema: -1,
  zeroThreshold: 0.5,
  zeroCount: 3,
  count: 300,
  sum: 12.25,
  positiveSpans: [
    { offset: -2, length: 2 },
    { offset: 1, length: 1 },
  ],
  negativeSpans: [],
  positiveBuckets: Float64Array.of(100, 98, 99),
  negativeBuckets: new Float64Array(0),
  customValues: new Float64Array(0),
};
const BUCKETS = `${"02"}${"03"}02${"02"}01${"00"}${"03"}c801${"03"}${"02"}${"00"}`;
/** Hint, schema −1, threshold, zero count 3, count 300, sum, spans, differences +100, −2, +1. */
const INTEGER = `00${"01"}${f64(0.5)}03ac02${f64(12.25)}${BUCKETS}`;

function collect(encode: (emit: (record: Uint8Array) => void) => void): string[] {
  const records: string[] = [];
  encode((record) => records.push(hex(record)));
  return records;
}

test("an integer histogram is written as the format says", () => {
  expect(hex(encodeHistogram(HISTOGRAM))).toBe(INTEGER);
  expect(decodeHistogram(Buffer.from(INTEGER, "hex"), false)).toEqual(HISTOGRAM);
});

test("a float histogram with custom buckets is written as the format says", () => {
  const histogram: Histogram = {
    ...HISTOGRAM,
    isFloat: true,
    counterResetHint: 3,
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 2.5,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: Float64Array.of(0.5, 2),
    customValues: Float64Array.of(1, 5),
  };
  const expected = `0369${f64(0)}${f64(0)}${f64(2.5)}${f64(12.25)}01000200${"02"}${f64(0.5)}${f64(2)}00${"02"}${f64(1)}${f64(5)}`;
  expect(hex(encodeHistogram(histogram))).toBe(expected);
  expect(decodeHistogram(Buffer.from(expected, "hex"), true)).toEqual(histogram);
});

test("histograms go into records by kind, refs and times as distances", () => {
  const bytes = encodeHistogram(HISTOGRAM);
  const stale = staleHistogramBytes(true);
  const custom = encodeHistogram({ ...HISTOGRAM, schema: -53, zeroThreshold: 0, zeroCount: 0 });
  const entries = [
    { ref: 7, timestampMs: 1000, isFloat: false, bytes },
    { ref: 5, timestampMs: 1001, isFloat: true, bytes: stale },
    { ref: 6, timestampMs: 999, isFloat: false, bytes },
    { ref: 9, timestampMs: 5, isFloat: false, bytes: custom },
  ];
  const records = collect((emit) => encodeHistograms(entries, emit));
  expect(records).toEqual([
    `07${u64(7)}${u64(1000)}0000${INTEGER}0101${INTEGER}`,
    `09${u64(9)}${u64(5)}0000${hex(custom)}`,
    `08${u64(5)}${u64(1001)}0000${hex(stale)}`,
  ]);
  expect([...decodeHistograms(Buffer.from(records[0]!, "hex"))]).toEqual(
    [entries[0]!, entries[2]!].map((entry) => ({ ...entry, bytes: Buffer.from(bytes) })),
  );
});

test("records of type 12 are read: start times of each kind", () => {
  // Ref 40, time 100, start 7; then ref + 1, time + 1, no start; ref + 1, time + 2, the same; ref − 1, time − 1, one of its own.
  const record = `0c${"50c8010e"}${INTEGER}${"020200"}${INTEGER}${"020401"}${INTEGER}${"0101020e"}${INTEGER}`;
  const read = [...decodeHistograms(Buffer.from(record, "hex"))].map(({ ref, timestampMs }) => [ref, timestampMs]);
  expect(read).toEqual([
    [40, 100],
    [41, 101],
    [42, 102],
    [41, 99],
  ]);
});

test("schemas that nobody stores are left out", () => {
  const odd = encodeHistogram({ ...HISTOGRAM, schema: 9 });
  const entries = [odd, encodeHistogram(HISTOGRAM)].map((bytes) => ({ ref: 1, timestampMs: 1, isFloat: false, bytes }));
  const [record] = collect((emit) => encodeHistograms(entries, emit));
  expect([...decodeHistograms(Buffer.from(record!, "hex"))].length).toBe(1);
});

test("exemplars", () => {
  const exemplar = { labels: Labels.of({ t: "ab" }), value: 1.5, timestampMs: 1000, isTimed: false };
  const later = { ...exemplar, timestampMs: 1004 };
  const records = collect((emit) =>
    encodeExemplars(
      [
        { ref: 3, exemplar },
        { ref: 2, exemplar: later },
      ],
      emit,
    ),
  );
  const labels = "01017402" + "6162";
  expect(records).toEqual([`04${u64(3)}${u64(1000)}0000${f64(1.5)}${labels}0108${f64(1.5)}${labels}`]);
  const read = [...decodeExemplars(Buffer.from(records[0]!, "hex"), decodeLabelBytes)];
  expect(read.map(({ ref, exemplar: { labels: found, ...rest } }) => [ref, found.toObject(), rest])).toEqual([
    [3, { t: "ab" }, { value: 1.5, timestampMs: 1000, isTimed: false }],
    [2, { t: "ab" }, { value: 1.5, timestampMs: 1004, isTimed: false }],
  ]);
});

test("metadata; fields that are unknown are passed over", () => {
  const metadata = { type: "summary", unit: "s", help: "h" } as const;
  const [record] = collect((emit) => encodeMetadata([{ ref: 300, metadata }], emit));
  expect(record).toBe(
    `06ac0205${"02"}04${Buffer.from("UNIT").toString("hex")}0173${"04"}${Buffer.from("HELP").toString("hex")}0168`,
  );
  const odd = `0607${"09"}${"01"}0141${"0142"}`;
  expect([...decodeMetadata(Buffer.from(odd, "hex"))]).toEqual([
    { ref: 7, metadata: { type: "unknown", unit: "", help: "" } },
  ]);
});

test("tombstones", () => {
  const record = Buffer.from(`03${u64(8)}${"c801"}${"d00f"}`, "hex");
  const entry = { ref: 8, minTimeMs: 100, maxTimeMs: 1000 };
  expect([...decodeTombstones(record)]).toEqual([entry]);
  expect(collect((emit) => encodeTombstones([entry], emit))).toEqual([record.toString("hex")]);
});

test("samples of the log of samples out of order, and those of later versions", () => {
  const stale = { low: 2, high: 0x7ff00000 };
  const entries = [
    { ref: 3, timestampMs: 1000, low: 0, high: 0x3ff80000 },
    { ref: 2, timestampMs: 996, ...stale },
  ];
  const [record] = collect((emit) => encodeSamples(entries, emit));
  expect(record).toBe(`02${u64(3)}${u64(1000)}0000${f64(1.5)}01077ff0000000000002`);
  expect([...decodeSamples(Buffer.from(record!, "hex"))]).toEqual(entries);
  // Type 11: ref, time and start time of the first sample; then ref − ref before, time − first time, no start time.
  const v2 = `0b06d00f00${f64(1.5)}0107007ff0000000000002`;
  expect([...decodeSamples(Buffer.from(v2, "hex"))]).toEqual(entries);
});

test("markers of chunks that lie on disk", () => {
  const markers = [
    { ref: 7, file: 2, offset: 0x1234 },
    { ref: 8, file: 0, offset: 0 },
  ];
  const [record] = collect((emit) => encodeMmapMarkers(markers, emit));
  expect(record).toBe(`05${u64(7)}0000000200001234${u64(8)}${u64(0)}`);
  expect([...decodeMmapMarkers(Buffer.from(record!, "hex"))]).toEqual(markers);
});

describe("a record that is cut off is refused, wherever it is", () => {
  const histogram = Buffer.from(`07${u64(7)}${u64(1000)}0000${INTEGER}`, "hex");
  for (let length = 2; length < histogram.length; length++) {
    test(`at byte ${length}`, () => {
      // Behind the first ref and time nothing but the whole record makes sense.
      if (length === 17) return expect([...decodeHistograms(histogram.subarray(0, 17))]).toEqual([]);
      expect(() => [...decodeHistograms(histogram.subarray(0, length))]).toThrow(CorruptionError);
    });
  }
});
