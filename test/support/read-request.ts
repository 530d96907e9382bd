/** Remote read from its other side: a request's bytes, and what a stream of chunks says. */
import { crc32c, literalSnappy, ProtoReader, ProtoWriter } from "../../src/base/index.js";
import { ENCODING_XOR, HistogramReader, isChunkEncoding, XorReader } from "../../src/tsdb/chunk/index.js";

export interface ReadQuerySpec {
  readonly startMs: number;
  readonly endMs: number;
  /** Type (0 =, 1 !=, 2 =~, 3 !~), name and value of each. */
  readonly matchers: readonly (readonly [number, string, string])[];
  readonly hints?: { readonly startMs: number; readonly endMs: number; readonly func?: string };
}

/** Numbers of response types. */
export const SAMPLES = 0;
export const STREAMED_XOR_CHUNKS = 1;

export function readRequest(queries: readonly ReadQuerySpec[], accepted: readonly number[]): Uint8Array {
  const out = new ProtoWriter();
  for (const { startMs, endMs, matchers, hints } of queries) {
    out.message(1, () => {
      out.int(1, startMs);
      out.int(2, endMs);
      for (const [type, name, value] of matchers) {
        out.message(3, () => {
          out.int(1, type);
          out.text(2, name);
          out.text(3, value);
        });
      }
      if (hints === undefined) return;
      out.message(4, () => {
        out.text(2, hints.func ?? "");
        out.int(3, hints.startMs);
        out.int(4, hints.endMs);
      });
    });
  }
  out.packedInts(2, accepted);
  return literalSnappy(out.bytes);
}

export async function postRead(url: string, body: Uint8Array, init: RequestInit = {}): Promise<Response> {
  const headers = { "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy" };
  return fetch(`${url}/api/v1/read`, { method: "POST", headers, body: body as Uint8Array<ArrayBuffer>, ...init });
}

export interface StreamedChunk {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly encoding: number;
  readonly data: string;
  /** A line for each: its time, and its value or the whole histogram. */
  readonly samples: readonly string[];
}

export interface StreamedFrame {
  readonly query: number;
  readonly labels: readonly (readonly [string, string])[];
  readonly chunks: readonly StreamedChunk[];
}

/** @throws Error for a checksum that is wrong. */
export function readFrames(body: Uint8Array): StreamedFrame[] {
  const frames: StreamedFrame[] = [];
  for (let at = 0; at < body.length; ) {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const checksum = view.getUint32(at);
    const message = body.subarray(at + 4, at + 4 + length);
    if (message.length !== length || crc32c(message) !== checksum) throw new Error(`a frame at ${at} is damaged`);
    at += 4 + length;
    frames.push(frameOf(message));
  }
  return frames;
}

function frameOf(message: Uint8Array): StreamedFrame {
  let query = 0;
  const labels: [string, string][] = [];
  const chunks: StreamedChunk[] = [];
  const reader = new ProtoReader(message);
  while (reader.next()) {
    if (reader.field === 2) query = reader.int();
    if (reader.field !== 1) continue;
    const series = reader.message();
    while (series.next()) {
      const inner = series.message();
      if (series.field === 1) labels.push(labelOf(inner));
      else chunks.push(chunkOf(inner));
    }
  }
  return { query, labels, chunks };
}

function labelOf(reader: ProtoReader): [string, string] {
  const label: [string, string] = ["", ""];
  while (reader.next()) label[reader.field - 1] = reader.text();
  return label;
}

function chunkOf(reader: ProtoReader): StreamedChunk {
  let [minTimeMs, maxTimeMs, encoding] = [0, 0, 0];
  let data = new Uint8Array(0);
  while (reader.next()) {
    if (reader.field === 1) minTimeMs = reader.int();
    else if (reader.field === 2) maxTimeMs = reader.int();
    else if (reader.field === 3) encoding = reader.int();
    else data = reader.bytes().slice();
  }
  return {
    minTimeMs,
    maxTimeMs,
    encoding,
    data: Buffer.from(data).toString("hex"),
    samples: samplesOf(encoding, data),
  };
}

function samplesOf(encoding: number, data: Uint8Array): string[] {
  if (!isChunkEncoding(encoding)) throw new Error(`encoding ${encoding}`);
  const samples: string[] = [];
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data);
    while (reader.next()) samples.push(`${reader.timeMs} ${reader.high} ${reader.low}`);
    return samples;
  }
  const reader = new HistogramReader(encoding, data);
  while (reader.next()) samples.push(`${reader.timeMs} ${JSON.stringify(reader.histogram())}`);
  return samples;
}
