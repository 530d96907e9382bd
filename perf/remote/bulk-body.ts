/** Bodies of remote write 1.0 for a bulk load: made once and fast, so that encoding them is not what the benchmark waits for. */
import { compressSync } from "snappy";
import { ProtoWriter } from "../../test/support/protobuf.js";

export interface BulkLoad {
  readonly series: number;
  /** Of each series in one body. */
  readonly samples: number;
  readonly intervalMs: number;
}

const SAMPLE_BYTES = 18;
const TIME_BYTES = 6;

/**
 * Every other series is a counter that grows by whole numbers, the others are gauges with noise in their last digits.
 * Each body has `samples` samples of every series, the first at `startMs + number * samples * intervalMs`.
 */
export class BulkBodies {
  readonly #load: BulkLoad;
  readonly #labels: readonly Uint8Array[];
  readonly #values: Float64Array;
  #noise = 20231114;

  constructor(load: BulkLoad) {
    this.#load = load;
    this.#labels = Array.from({ length: load.series }, (_, i) => labelsOf(i));
    this.#values = new Float64Array(load.series).map((_, i) => i * 10);
  }

  /** The body that begins at `firstMs`; call it in order of time. */
  next(firstMs: number): Buffer {
    const { series, samples, intervalMs } = this.#load;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < series; i++) {
      const labels = this.#labels[i]!;
      const bytes = Buffer.allocUnsafe(samples * (SAMPLE_BYTES + 2));
      let at = 0;
      for (let k = 0; k < samples; k++) at = this.#put(bytes, at, this.#value(i), firstMs + k * intervalMs);
      const length = labels.length + at;
      parts.push(lengthHead(length), labels, bytes.subarray(0, at));
    }
    return compressSync(Buffer.concat(parts));
  }

  #value(series: number): number {
    this.#noise = (Math.imul(this.#noise, 1103515245) + 12345) >>> 0;
    const values = this.#values;
    if (series % 2 === 0) values[series] = values[series]! + ((this.#noise >>> 16) % 100);
    else values[series] = series + ((this.#noise >>> 12) % 10_000) / 100;
    return values[series]!;
  }

  /** `samples` field of a TimeSeries: value (1, double), timestamp (2, varint). */
  #put(bytes: Buffer, from: number, value: number, timeMs: number): number {
    let at = from;
    bytes[at++] = (2 << 3) | 2;
    bytes[at++] = 1 + 8 + 1 + TIME_BYTES;
    bytes[at++] = (1 << 3) | 1;
    at = bytes.writeDoubleLE(value, at);
    bytes[at++] = 2 << 3;
    let rest = timeMs;
    for (let i = 0; i < TIME_BYTES - 1; i++) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest; // times of this century have six groups of seven bits
    return at;
  }
}

function lengthHead(length: number): Uint8Array {
  return ProtoWriter.message((writer) => writer.bytesField(1, new Uint8Array(length))).subarray(0, -length);
}

function labelsOf(i: number): Uint8Array {
  const labels: [string, string][] = [
    ["__name__", `${i % 2 === 0 ? "requests_total" : "temperature_celsius"}_${i % 50}`],
    ["cluster", "production-eu-1"],
    ["instance", `10.0.${(i >> 8) & 255}.${i & 255}:9100`],
    ["job", `service-${i % 40}`],
    ["path", `/api/v1/thing/${i}`],
  ];
  return ProtoWriter.message((writer) => {
    for (const [name, value] of labels) writer.message(1, (label) => label.text(1, name).text(2, value));
  });
}
