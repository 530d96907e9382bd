/** Writes the series to a system by remote write, in slices of time, as a sender that catches up does. */
import { compressSync } from "snappy";
import { postWrite } from "../../test/support/write-request.js";
import { type Series, valueAt } from "./data.js";

/** Bytes of a sample's message: its tag and length, a double, a time of 41 bits. */
const SAMPLE_BYTES = 18;
const SAMPLES_PER_REQUEST = 100_000;
/** So many samples of a series stand together, that labels are a small part of a request. */
const SAMPLES_PER_SLICE = 40;

export interface Span {
  /** Of the first sample; each of the others is `intervalMs` behind the one before. */
  readonly startMs: number;
  readonly intervalMs: number;
  readonly samples: number;
}

/** @param urls  bases of all systems that get the same bytes. */
export async function load(urls: readonly string[], series: readonly Series[], span: Span): Promise<void> {
  const labels = series.map(({ labels: pairs }) => labelBytes(pairs));
  const together = Math.max(1, Math.floor(SAMPLES_PER_REQUEST / SAMPLES_PER_SLICE));
  for (let from = 0; from < span.samples; from += SAMPLES_PER_SLICE) {
    const to = Math.min(span.samples, from + SAMPLES_PER_SLICE);
    for (let first = 0; first < series.length; first += together) {
      const parts: Buffer[] = [];
      for (let i = first; i < Math.min(series.length, first + together); i++) {
        const body = samplesOf(series[i]!, span, from, to);
        parts.push(Buffer.from([0x0a, ...varint(labels[i]!.length + body.length)]), labels[i]!, body);
      }
      const request = compressSync(Buffer.concat(parts));
      for (const url of urls) {
        const { status, text } = await postWrite(url, 1, request, { isCompressed: true });
        if (status >= 300) throw new Error(`${url} answers ${status}: ${text}`);
      }
    }
  }
}

function samplesOf(series: Series, { startMs, intervalMs }: Span, from: number, to: number): Buffer {
  const bytes = Buffer.alloc((to - from) * SAMPLE_BYTES);
  let at = 0;
  for (let n = from; n < to; n++) {
    const time = varint(startMs + n * intervalMs);
    bytes[at] = 0x12;
    bytes[at + 1] = 10 + time.length;
    bytes[at + 2] = 0x09;
    bytes.writeDoubleLE(valueAt(series, n), at + 3);
    bytes[at + 11] = 0x10;
    bytes.set(time, at + 12);
    at += 12 + time.length;
  }
  return bytes.subarray(0, at);
}

function labelBytes(pairs: readonly (readonly [string, string])[]): Buffer {
  const field = (tag: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([tag, ...varint(bytes.length)]), bytes]);
  return Buffer.concat(
    pairs.map(([name, value]) =>
      field(0x0a, Buffer.concat([field(0x0a, Buffer.from(name)), field(0x12, Buffer.from(value))])),
    ),
  );
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
