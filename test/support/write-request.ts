/** Bodies of remote-write requests in both versions, from a plain description. */
import { compressSync } from "snappy";
import { ProtoWriter } from "./protobuf.js";

export interface WriteSample {
  readonly timeMs: number;
  /** A number, or the bits of one. */
  readonly value: number | bigint;
}

export interface WriteHistogram {
  readonly timeMs: number;
  readonly isFloat: boolean;
  readonly schema: number;
  readonly count: number;
  readonly sum: number | bigint;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly (readonly [offset: number, length: number])[];
  readonly negativeSpans?: readonly (readonly [offset: number, length: number])[];
  /** Absolute counts. */
  readonly positive: readonly number[];
  readonly negative?: readonly number[];
  readonly hint?: number;
  readonly customValues?: readonly number[];
}

export interface WriteExemplar {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  readonly timeMs: number;
}

export interface WriteMetadata {
  readonly type: number;
  readonly help: string;
  readonly unit: string;
}

export interface WriteSeries {
  /** In the order in which they stand in the request. */
  readonly labels: readonly (readonly [name: string | Uint8Array, value: string | Uint8Array])[];
  readonly samples: readonly WriteSample[];
  readonly histograms?: readonly WriteHistogram[];
  readonly exemplars?: readonly WriteExemplar[];
  /** Of a 2.0 request. */
  readonly metadata?: WriteMetadata;
}

function deltas(counts: readonly number[]): number[] {
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}

function putHistogram(writer: ProtoWriter, histogram: WriteHistogram): void {
  const { isFloat, positive, negative = [], positiveSpans, negativeSpans = [] } = histogram;
  if (isFloat) writer.double(2, histogram.count);
  else writer.varint(1, histogram.count);
  putValue(writer, 3, histogram.sum);
  writer.sint(4, histogram.schema).double(5, histogram.zeroThreshold);
  if (isFloat) writer.double(7, histogram.zeroCount);
  else writer.varint(6, histogram.zeroCount);
  for (const [offset, length] of negativeSpans) writer.message(8, (span) => span.sint(1, offset).varint(2, length));
  if (isFloat) writer.packedDoubles(10, negative);
  else writer.packedSints(9, deltas(negative));
  for (const [offset, length] of positiveSpans) writer.message(11, (span) => span.sint(1, offset).varint(2, length));
  if (isFloat) writer.packedDoubles(13, positive);
  else writer.packedSints(12, deltas(positive));
  writer.varint(14, histogram.hint ?? 0).varint(15, histogram.timeMs);
  if (histogram.customValues !== undefined) writer.packedDoubles(16, histogram.customValues);
}

function putValue(writer: ProtoWriter, field: number, value: number | bigint): void {
  if (typeof value === "bigint") writer.bits(field, value);
  else writer.double(field, value);
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text, "utf8") : text;
}

function putSamples(writer: ProtoWriter, samples: readonly WriteSample[]): void {
  for (const { timeMs, value } of samples) {
    writer.message(2, (sample) => {
      putValue(sample, 1, value);
      sample.varint(2, timeMs);
    });
  }
}

/** `prometheus.WriteRequest`, not compressed. */
export function writeRequestV1(series: readonly WriteSeries[]): Uint8Array {
  return ProtoWriter.message((request) => {
    for (const { labels, samples, histograms = [], exemplars = [] } of series) {
      request.message(1, (one) => {
        for (const [name, value] of labels) {
          one.message(1, (label) => label.bytesField(1, bytesOf(name)).bytesField(2, bytesOf(value)));
        }
        putSamples(one, samples);
        for (const exemplar of exemplars) {
          one.message(3, (out) => {
            for (const [name, value] of exemplar.labels) out.message(1, (label) => label.text(1, name).text(2, value));
            out.double(2, exemplar.value).varint(3, exemplar.timeMs);
          });
        }
        for (const histogram of histograms) one.message(4, (out) => putHistogram(out, histogram));
      });
    }
  });
}

/** `io.prometheus.write.v2.Request`, not compressed. */
export function writeRequestV2(series: readonly WriteSeries[]): Uint8Array {
  const numbers = new Map<string, number>([["", 0]]);
  const symbols: Uint8Array[] = [new Uint8Array(0)];
  const refOf = (text: string | Uint8Array): number => {
    const bytes = bytesOf(text);
    const key = Buffer.from(bytes).toString("latin1");
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, symbols.length);
    symbols.push(bytes);
    return symbols.length - 1;
  };
  const encoded = series.map(({ labels, samples, histograms = [], exemplars = [], metadata }) =>
    ProtoWriter.message((one) => {
      one.packedVarints(
        1,
        labels.flatMap(([name, value]) => [refOf(name), refOf(value)]),
      );
      putSamples(one, samples);
      for (const histogram of histograms) one.message(3, (out) => putHistogram(out, histogram));
      for (const exemplar of exemplars) {
        one.message(4, (out) => {
          out.packedVarints(
            1,
            exemplar.labels.flatMap(([name, value]) => [refOf(name), refOf(value)]),
          );
          out.double(2, exemplar.value).varint(3, exemplar.timeMs);
        });
      }
      if (metadata !== undefined) {
        const [help, unit] = [refOf(metadata.help), refOf(metadata.unit)];
        one.message(5, (out) => out.varint(1, metadata.type).varint(3, help).varint(4, unit));
      }
    }),
  );
  return ProtoWriter.message((request) => {
    for (const symbol of symbols) request.bytesField(4, symbol);
    for (const one of encoded) request.bytesField(5, one);
  });
}

export const CONTENT_TYPES = {
  1: "application/x-protobuf",
  2: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
} as const;

/** Sends a body, compressed, and returns status, text and the headers that say what was written. */
export async function postWrite(
  url: string,
  version: 1 | 2,
  body: Uint8Array,
  options: { readonly isCompressed?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ status: number; text: string; written: readonly (string | null)[] }> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    body: new Uint8Array(options.isCompressed ? body : compressSync(Buffer.from(body))),
    headers: {
      "Content-Type": CONTENT_TYPES[version],
      "Content-Encoding": "snappy",
      "X-Prometheus-Remote-Write-Version": version === 1 ? "0.1.0" : "2.0.0",
      ...options.headers,
    },
    signal: AbortSignal.timeout(30_000),
  });
  const written = ["Samples", "Histograms", "Exemplars"].map((what) =>
    response.headers.get(`X-Prometheus-Remote-Write-${what}-Written`),
  );
  return { status: response.status, text: await response.text(), written };
}
