/** What is sent in one request, and its bytes in either version of the protocol. */
import { encodeSnappy, ProtoWriter } from "../../base/index.js";
import { decodeHistogram } from "../../model/histogram-bytes.js";
import { type Exemplar, isStaleWords, type Labels, metricTypeNumber, type SeriesMetadata } from "../../model/index.js";
import { putHistogram } from "../read/read-response.js";

export type Item = { readonly labels: Labels; readonly metadata: SeriesMetadata | undefined; readonly token: Token } & (
  | { readonly kind: "sample"; readonly timestampMs: number; readonly low: number; readonly high: number }
  | { readonly kind: "histogram"; readonly timestampMs: number; readonly isFloat: boolean; readonly bytes: Uint8Array }
  | { readonly kind: "exemplar"; readonly exemplar: Exemplar }
);

/** One record of the log: done when all that came of it is. */
export interface Token {
  open: number;
}

/** A request, compressed. */
export function encodeBatch(items: readonly Item[], version: 1 | 2): Uint8Array {
  return encodeSnappy(version === 1 ? encodeV1(items) : encodeV2(items));
}

function encodeV1(items: readonly Item[]): Uint8Array {
  const out = new ProtoWriter(items.length * 128);
  for (const item of items) {
    out.message(1, () => {
      putLabels(out, item.labels);
      if (item.kind === "sample") putSample(out, item);
      else if (item.kind === "histogram") out.message(4, () => putLogged(out, item));
      else {
        const { exemplar } = item;
        out.message(3, () => {
          putLabels(out, exemplar.labels);
          out.double(2, exemplar.value);
          out.int(3, exemplar.timestampMs);
        });
      }
    });
  }
  return out.bytes;
}

function encodeV2(items: readonly Item[]): Uint8Array {
  const numbers = new Map<string, number>([["", 0]]);
  const refOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
  const body = new ProtoWriter(items.length * 64);
  for (const item of items) {
    body.message(5, () => {
      body.packedInts(1, item.labels.pairs.map(refOf));
      if (item.kind === "sample") putSample(body, item);
      else if (item.kind === "histogram") body.message(3, () => putLogged(body, item));
      else {
        const { exemplar } = item;
        body.message(4, () => {
          body.packedInts(1, exemplar.labels.pairs.map(refOf));
          body.double(2, exemplar.value);
          body.int(3, exemplar.timestampMs);
        });
      }
      const { metadata } = item;
      if (metadata === undefined) return;
      body.message(5, () => {
        body.int(1, metricTypeNumber(metadata.type));
        body.int(3, refOf(metadata.help));
        body.int(4, refOf(metadata.unit));
      });
    });
  }
  const symbols = new ProtoWriter(4096);
  for (const text of numbers.keys()) symbols.textAlways(4, text);
  return Buffer.concat([symbols.bytes, body.bytes]);
}

function putLabels(out: ProtoWriter, labels: Labels): void {
  for (const [name, value] of labels.entries()) {
    out.message(1, () => {
      out.text(1, name);
      out.text(2, value);
    });
  }
}

function putSample(out: ProtoWriter, { timestampMs, low, high }: Item & { readonly kind: "sample" }): void {
  out.message(2, () => {
    out.doubleWords(1, low, high);
    out.int(2, timestampMs);
  });
}

function putLogged(out: ProtoWriter, { bytes, isFloat, timestampMs }: Item & { readonly kind: "histogram" }): void {
  const histogram = decodeHistogram(bytes, isFloat);
  const { low, high } = sumWords(bytes, isFloat, histogram.sum);
  putHistogram(out, histogram, timestampMs, low, high);
}

const scratch = new DataView(new ArrayBuffer(8));

/** The sum's words, which tell a staleness marker from another NaN. */
function sumWords(bytes: Uint8Array, isFloat: boolean, sum: number): { readonly low: number; readonly high: number } {
  scratch.setFloat64(0, sum);
  const words = { high: scratch.getUint32(0), low: scratch.getUint32(4) };
  if (!Number.isNaN(sum)) return words;
  // Behind hint, schema and zero threshold: two counts, then the sum.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 1;
  while (bytes[at++]! >= 0x80);
  at += 8;
  if (isFloat) at += 16;
  else for (let i = 0; i < 2; i++) while (bytes[at++]! >= 0x80);
  const [high, low] = [view.getUint32(at), view.getUint32(at + 4)];
  return isStaleWords(low, high) ? { low, high } : words;
}
