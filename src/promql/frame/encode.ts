/** An answer as a FlatBuffers Frame (frame.fbs): columns of numbers that a client reads without parsing. */
import { Builder } from "flatbuffers";
import { Labels } from "../../model/index.js";
import type { QueryResult } from "../eval/result.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { toSample } from "../native/to-sample.js";
import { Frame } from "./generated/vestal/live/frame.js";
import { Histogram } from "./generated/vestal/live/histogram.js";
import { Series } from "./generated/vestal/live/series.js";

export interface FrameRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

interface Column {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms: readonly (FloatHistogram | undefined)[];
}

export function encodeFrame(result: QueryResult, range: FrameRange): Uint8Array {
  const builder = new Builder(1024);
  const series = columnsOf(result).map((column) => putSeries(builder, column));
  const seriesVector = Frame.createSeriesVector(builder, series);
  const warnings = Frame.createWarningsVector(
    builder,
    result.warnings.map((text) => builder.createString(text)),
  );
  const infos = Frame.createInfosVector(
    builder,
    result.infos.map((text) => builder.createString(text)),
  );
  const { startMs, endMs, stepMs } = range;
  builder.finish(Frame.createFrame(builder, startMs, endMs, stepMs, seriesVector, warnings, infos));
  return builder.asUint8Array();
}

function columnsOf({ value }: QueryResult): readonly Column[] {
  switch (value.type) {
    case "matrix":
      return value.labels.map((labels, i) => {
        const [from, to] = [value.offsets[i]!, value.offsets[i + 1]!];
        return {
          labels,
          times: value.times.subarray(from, to),
          values: value.values.subarray(from, to),
          histograms: value.histograms?.slice(from, to) ?? [],
        };
      });
    case "vector":
      return value.labels.map((labels, i) => ({
        labels,
        times: Float64Array.of(value.timestampMs),
        values: value.values.subarray(i, i + 1),
        histograms: value.histograms?.slice(i, i + 1) ?? [],
      }));
    case "scalar":
      return [
        {
          labels: Labels.EMPTY,
          times: Float64Array.of(value.timestampMs),
          values: Float64Array.of(value.value),
          histograms: [],
        },
      ];
    case "string":
      return [];
  }
}

function putSeries(builder: Builder, { labels, times, values, histograms }: Column): number {
  const names = Series.createLabelsVector(
    builder,
    labels.pairs.map((text) => builder.createSharedString(text)),
  );
  const timesVector = Series.createTimesVector(builder, times);
  const valuesVector = Series.createValuesVector(builder, values);
  const indexes: number[] = [];
  const offsets: number[] = [];
  for (const [i, histogram] of histograms.entries()) {
    if (histogram === undefined) continue;
    indexes.push(i);
    offsets.push(putHistogram(builder, histogram));
  }
  const indexVector = Series.createHistogramIndexesVector(builder, Uint32Array.from(indexes));
  const histogramVector = Series.createHistogramsVector(builder, offsets);
  return Series.createSeries(builder, names, timesVector, valuesVector, indexVector, histogramVector);
}

function putHistogram(builder: Builder, histogram: FloatHistogram): number {
  const sample = toSample(histogram);
  const spans = (list: typeof sample.positiveSpans): number[] => list.flatMap(({ offset, length }) => [offset, length]);
  const positiveSpans = Histogram.createPositiveSpansVector(builder, spans(sample.positiveSpans));
  const negativeSpans = Histogram.createNegativeSpansVector(builder, spans(sample.negativeSpans));
  const positive = Histogram.createPositiveBucketsVector(builder, sample.positiveBuckets);
  const negative = Histogram.createNegativeBucketsVector(builder, sample.negativeBuckets);
  const custom = Histogram.createCustomValuesVector(builder, sample.customValues);
  const { count, sum, schema, zeroThreshold, zeroCount } = sample;
  return Histogram.createHistogram(
    builder,
    ...([count, sum, schema, zeroThreshold, zeroCount] as const),
    ...([positiveSpans, negativeSpans, positive, negative, custom] as const),
  );
}
