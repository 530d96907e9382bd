/**
 * What a series of a remote-write request has beside its float samples: native histograms, exemplars, metadata. Rarer than
 * floats, so it is read here from the bytes of the series, which the kernels have checked.
 */
import { ProtoReader } from "../../base/index.js";
import { encodeHistogram, staleHistogramBytes } from "../../model/histogram-bytes.js";
import { readHistogramMessage } from "../../model/histogram-message.js";
import {
  type Exemplar,
  histogramProblem,
  isStaleWords,
  Labels,
  type MetricType,
  type SeriesMetadata,
} from "../../model/index.js";

export interface WrittenHistogram {
  readonly timestampMs: number;
  readonly isFloat: boolean;
  /** HISTOGRAM BYTES. */
  readonly bytes: Uint8Array;
  /** Why it is none that can be stored. */
  readonly problem: string | undefined;
}

export interface SeriesExtras {
  readonly histograms: readonly WrittenHistogram[];
  readonly exemplars: readonly Exemplar[];
  readonly metadata: SeriesMetadata | undefined;
}

/** Of a `prometheus.TimeSeries`. */
export function extrasOfV1(series: Uint8Array): SeriesExtras {
  const histograms: WrittenHistogram[] = [];
  const exemplars: Exemplar[] = [];
  const reader = new ProtoReader(series);
  while (reader.next()) {
    if (reader.field === 3) exemplars.push(exemplarOfV1(reader.message()));
    else if (reader.field === 4) histograms.push(readHistogram(reader.message()));
  }
  return { histograms, exemplars, metadata: undefined };
}

/** Of an `io.prometheus.write.v2.TimeSeries`. */
export function extrasOfV2(series: Uint8Array, symbol: (ref: number) => string | undefined): SeriesExtras {
  const histograms: WrittenHistogram[] = [];
  const exemplars: Exemplar[] = [];
  let metadata: SeriesMetadata | undefined;
  const reader = new ProtoReader(series);
  while (reader.next()) {
    if (reader.field === 3) histograms.push(readHistogram(reader.message()));
    else if (reader.field === 4) exemplars.push(exemplarOfV2(reader.message(), symbol));
    else if (reader.field === 5) metadata = readMetadata(reader.message(), symbol);
  }
  return { histograms, exemplars, metadata };
}

function exemplarOfV1(reader: ProtoReader): Exemplar {
  const labels: [string, string][] = [];
  let value = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = reader.int();
  }
  return exemplarOf(labels, value, timestampMs);
}

function exemplarOfV2(reader: ProtoReader, symbol: (ref: number) => string | undefined): Exemplar {
  const refs: number[] = [];
  let value = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) reader.uints(refs);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = reader.int();
  }
  const labels: [string, string][] = [];
  for (let i = 0; i + 1 < refs.length; i += 2) labels.push([symbol(refs[i]!) ?? "", symbol(refs[i + 1]!) ?? ""]);
  return exemplarOf(labels, value, timestampMs);
}

function exemplarOf(labels: readonly (readonly [string, string])[], value: number, timestampMs: number): Exemplar {
  const kept = Object.fromEntries(labels.filter(([, text]) => text !== ""));
  return { labels: Labels.of(kept), value, timestampMs, isTimed: timestampMs !== 0 };
}

function readLabel(reader: ProtoReader): [string, string] {
  const label: [string, string] = ["", ""];
  while (reader.next()) {
    if (reader.field === 1) label[0] = reader.text();
    else if (reader.field === 2) label[1] = reader.text();
  }
  return label;
}

/** In the order of the numbers of a 2.0 request. */
const TYPES: readonly MetricType[] = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
];

function readMetadata(reader: ProtoReader, symbol: (ref: number) => string | undefined): SeriesMetadata {
  let type: MetricType = "unknown";
  let [help, unit] = [0, 0];
  while (reader.next()) {
    if (reader.field === 1) type = TYPES[reader.int()] ?? "unknown";
    else if (reader.field === 3) help = reader.uint();
    else if (reader.field === 4) unit = reader.uint();
  }
  return { type, help: symbol(help) ?? "", unit: symbol(unit) ?? "" };
}

/** Both versions have the same message. */
function readHistogram(reader: ProtoReader): WrittenHistogram {
  const { timestampMs, histogram, low, high } = readHistogramMessage(reader);
  const { isFloat } = histogram;
  if (isStaleWords(low, high)) return { timestampMs, isFloat, bytes: staleHistogramBytes(isFloat), problem: undefined };
  const problem = histogramProblem(histogram);
  const bytes = problem === undefined ? encodeHistogram(histogram) : new Uint8Array(0);
  return { timestampMs, isFloat, bytes, problem };
}
