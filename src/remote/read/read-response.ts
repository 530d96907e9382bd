/** `prometheus.ReadResponse`: all samples of the selected series, as a block of snappy's. */
import { literalSnappy, ProtoWriter, VestalError } from "../../base/index.js";
import type { Histogram, Labels } from "../../model/index.js";
import type { ColumnSink, Querier } from "../../storage/index.js";
import type { ReadQuery } from "./read-request.js";

export interface ReadLimits {
  /** Of one query; 0 is no limit. */
  readonly samplesMax: number;
}

/** @throws VestalError READ_SAMPLES beyond the limit, and what storage throws. */
export async function encodeReadResponse(
  queries: readonly ReadQuery[],
  externalLabels: Readonly<Record<string, string>>,
  { samplesMax }: ReadLimits,
  querier: Querier,
  sink: ColumnSink,
): Promise<Uint8Array> {
  const out = new ProtoWriter(65_536);
  const requests = queries.map(({ matchers, startMs, endMs, func }) => ({
    matchers,
    hints: { minTimeMs: startMs, maxTimeMs: endMs, stepMs: 0, func },
  }));
  const sets = await querier.selectAll(requests);
  for (const [i, set] of sets.entries()) {
    const { startMs, endMs, func } = queries[i]!;
    const isWithSamples = func !== "series";
    let samples = 0;
    out.message(1, () => {
      for (let series = 0; series < set.count; series++) {
        if (!isWithSamples) {
          out.message(1, () => putLabels(out, set.labels(series), externalLabels));
          continue;
        }
        const columns = set.samples(series, startMs, endMs, sink);
        samples += columns.count;
        if (samplesMax > 0 && samples > samplesMax) {
          throw new VestalError("READ_SAMPLES", `exceeded sample limit (${samplesMax})`, { samplesMax });
        }
        if (columns.count === 0) continue;
        out.message(1, () => {
          putLabels(out, set.labels(series), externalLabels);
          const { buffer } = sink.memory;
          const times = new Float64Array(buffer, columns.timesAddr, columns.count);
          const words = new Uint32Array(buffer, columns.valuesAddr, 2 * columns.count);
          for (let row = 0; row < columns.count; row++) {
            const histogram = columns.histograms?.[row];
            const [low, high] = [words[2 * row]!, words[2 * row + 1]!];
            if (histogram !== undefined) out.message(4, () => putHistogram(out, histogram, times[row]!, low, high));
            else {
              out.message(2, () => {
                out.doubleWords(1, low, high);
                out.int(2, times[row]!);
              });
            }
          }
        });
      }
    });
    set.close();
  }
  return literalSnappy(out.bytes);
}

/**
 * The series' labels, and the external ones that it does not have.
 *
 * @returns the sum of their sizes
 */
export function putLabels(out: ProtoWriter, labels: Labels, externalLabels: Readonly<Record<string, string>>): number {
  const all = new Map([...Object.entries(externalLabels), ...labels.entries()]);
  const sorted = [...all].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  let bytes = 0;
  for (const [name, value] of sorted) {
    out.message(1, () => {
      const before = out.length;
      out.text(1, name);
      out.text(2, value);
      bytes += out.length - before;
    });
  }
  return bytes;
}

/** @param low  and high: the sum's words, since it may be a staleness marker. */
export function putHistogram(
  out: ProtoWriter,
  histogram: Histogram,
  timestampMs: number,
  low: number,
  high: number,
): void {
  const { isFloat } = histogram;
  if (isFloat) out.doubleAlways(2, histogram.count);
  else out.intAlways(1, histogram.count);
  out.doubleWords(3, low, high);
  out.sint(4, histogram.schema);
  out.double(5, histogram.zeroThreshold);
  if (isFloat) out.doubleAlways(7, histogram.zeroCount);
  else out.intAlways(6, histogram.zeroCount);
  for (const [field, spans, counts] of [
    [8, histogram.negativeSpans, histogram.negativeBuckets],
    [11, histogram.positiveSpans, histogram.positiveBuckets],
  ] as const) {
    for (const { offset, length } of spans) {
      out.message(field, () => {
        out.sint(1, offset);
        out.int(2, length);
      });
    }
    if (isFloat) out.packedDoubles(field + 2, counts);
    else
      out.packedSints(
        field + 1,
        counts.map((count, i) => count - (counts[i - 1] ?? 0)),
      );
  }
  out.int(14, histogram.counterResetHint);
  out.int(15, timestampMs);
  out.packedDoubles(16, histogram.customValues);
}
