/** Bodies of remote write 1.0, for tests that give samples to a server: protobuf by hand, snappy by its library. */
import { compressSync } from "snappy";
import { type Histogram, isStaleNumber, type Labels, type Span } from "../../src/model/index.js";

export interface WriteSeries {
  readonly labels: Labels;
  /** Values by their bits. */
  readonly samples?: readonly (readonly [timeMs: number, value: number])[];
  readonly histograms?: readonly (readonly [timeMs: number, histogram: Histogram])[];
}

/** A compressed WriteRequest. */
export function remoteWriteBody(series: readonly WriteSeries[]): Buffer {
  return compressSync(Buffer.concat(series.map((one) => message(1, timeSeries(one)))));
}

/** @throws Error if the server does not take all of it. */
export async function remoteWrite(url: string, series: readonly WriteSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    body: new Uint8Array(remoteWriteBody(series)),
    headers: {
      "Content-Encoding": "snappy",
      "Content-Type": "application/x-protobuf",
      "X-Prometheus-Remote-Write-Version": "0.1.0",
    },
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
}

function timeSeries({ labels, samples = [], histograms = [] }: WriteSeries): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of labels.entries()) {
    parts.push(message(1, Buffer.concat([message(1, Buffer.from(name)), message(2, Buffer.from(value))])));
  }
  for (const [timeMs, value] of samples) {
    const bits = isStaleNumber(value) ? staleMarker(1) : double(1, value);
    parts.push(message(2, Buffer.concat([bits, varintField(2, BigInt(timeMs))])));
  }
  for (const [timeMs, histogram] of histograms) parts.push(message(4, histogramMessage(timeMs, histogram)));
  return Buffer.concat(parts);
}

/** prompb.Histogram: counts 1/2, sum 3, schema 4, zero threshold 5, zero counts 6/7, negative 8-10, positive 11-13 … */
function histogramMessage(timeMs: number, histogram: Histogram): Buffer {
  const { isFloat, count, zeroCount } = histogram;
  return Buffer.concat([
    isFloat ? double(2, count) : varintField(1, BigInt(count)),
    isStaleNumber(histogram.sum) ? staleMarker(3) : double(3, histogram.sum),
    varintField(4, zigzag(histogram.schema)),
    double(5, histogram.zeroThreshold),
    isFloat ? double(7, zeroCount) : varintField(6, BigInt(zeroCount)),
    ...histogram.negativeSpans.map((span) => message(8, spanMessage(span))),
    isFloat ? doubles(10, histogram.negativeBuckets) : deltas(9, histogram.negativeBuckets),
    ...histogram.positiveSpans.map((span) => message(11, spanMessage(span))),
    isFloat ? doubles(13, histogram.positiveBuckets) : deltas(12, histogram.positiveBuckets),
    varintField(14, BigInt(histogram.counterResetHint)),
    varintField(15, BigInt(timeMs)),
    doubles(16, histogram.customValues),
  ]);
}

/** By its bits: an engine may give such a number others. */
function staleMarker(field: number): Buffer {
  return Buffer.concat([varint(BigInt(field * 8 + 1)), Buffer.from(Uint32Array.of(2, 0x7ff00000).buffer)]);
}

function spanMessage({ offset, length }: Span): Buffer {
  return Buffer.concat([varintField(1, zigzag(offset)), varintField(2, BigInt(length))]);
}

function deltas(field: number, counts: Float64Array): Buffer {
  const parts = [...counts].map((count, i) => varint(zigzag(count - (counts[i - 1] ?? 0))));
  return message(field, Buffer.concat(parts));
}

function doubles(field: number, values: Float64Array): Buffer {
  return message(field, Buffer.from(values.slice().buffer));
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.from(new Float64Array([value]).buffer);
  return Buffer.concat([varint(BigInt(field * 8 + 1)), bytes]);
}

function varintField(field: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(field * 8)), varint(value)]);
}

function message(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(field * 8 + 2)), varint(BigInt(bytes.length)), bytes]);
}

function zigzag(value: number): bigint {
  return value >= 0 ? 2n * BigInt(value) : -2n * BigInt(value) - 1n;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
