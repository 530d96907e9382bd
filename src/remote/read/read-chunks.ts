/**
 * Streamed remote read: `prometheus.ChunkedReadResponse` messages, one series in each, with chunks as they are stored.
 *
 *   frame   uvarint length of the message │ CRC-32C of it, big-endian │ message
 *
 * A stream is made in slices, so that nobody holds a thread for as long as a client takes: each slice selects anew and goes
 * on behind the last series of the one before.
 */
import { crc32c, ProtoWriter } from "../../base/index.js";
import { compareLabels, Labels } from "../../model/index.js";
import type { ColumnSink, EncodedSamples, Querier } from "../../storage/index.js";
import { encodeSamples } from "../../tsdb/querier/index.js";
import type { ReadQuery } from "./read-request.js";
import { putLabels } from "./read-response.js";

/** The last series that was sent: plain data, since it goes from thread to thread. */
export interface ReadCursor {
  readonly query: number;
  readonly labelPairs: readonly string[];
}

export interface ReadSlice {
  /** Whole frames. */
  readonly body: Uint8Array;
  /** Where the next slice goes on; undefined at the end. */
  readonly next: ReadCursor | undefined;
}

export interface SliceLimits {
  /** Of labels and chunks in one frame; one chunk more is allowed, as there. */
  readonly frameBytesMax: number;
  /** A slice ends behind the series with which it reaches this. */
  readonly sliceBytes: number;
}

/** @throws what storage throws. */
export async function encodeReadSlice(
  queries: readonly ReadQuery[],
  after: ReadCursor | undefined,
  externalLabels: Readonly<Record<string, string>>,
  limits: SliceLimits,
  querier: Querier,
  sink: ColumnSink,
): Promise<ReadSlice> {
  const out = new FrameWriter();
  const first = after?.query ?? 0;
  const sent = after && new Labels(after.labelPairs);
  const sets = await querier.selectAll(
    // Chunks are wanted even where the other side looks at series alone, as there.
    queries.slice(first).map(({ matchers, startMs, endMs }) => ({
      matchers,
      hints: { minTimeMs: startMs, maxTimeMs: endMs, stepMs: 0, func: "" },
    })),
  );
  let next: ReadCursor | undefined;
  for (const [i, set] of sets.entries()) {
    const query = first + i;
    for (let series = 0; series < set.count && next === undefined; series++) {
      const labels = set.labels(series);
      if (i === 0 && sent !== undefined && compareLabels(labels, sent) <= 0) continue;
      const { startMs, endMs } = queries[query]!;
      const chunks =
        set.chunks?.(series, startMs, endMs, sink.memory) ?? encodeSamples(set, series, startMs, endMs, sink);
      out.series(query, labels, externalLabels, chunks, limits.frameBytesMax);
      if (out.length >= limits.sliceBytes) next = { query, labelPairs: [...labels.pairs] };
    }
  }
  for (const set of sets) set.close();
  return { body: out.bytes, next };
}

class FrameWriter {
  readonly #out = new ProtoWriter(1 << 16);
  readonly #message = new ProtoWriter(1 << 16);
  readonly #chunk = new ProtoWriter(1 << 12);

  get length(): number {
    return this.#out.length;
  }

  get bytes(): Uint8Array {
    return this.#out.bytes.slice();
  }

  /** As many frames as the chunks need; none where there is no chunk. */
  series(
    query: number,
    labels: Labels,
    externalLabels: Readonly<Record<string, string>>,
    chunks: readonly EncodedSamples[],
    frameBytesMax: number,
  ): void {
    for (let at = 0; at < chunks.length; ) {
      const message = this.#message;
      message.clear();
      message.message(1, () => {
        let left = frameBytesMax - putLabels(message, labels, externalLabels);
        do {
          const chunk = this.#encode(chunks[at++]!);
          message.blob(2, chunk);
          left -= chunk.length;
        } while (left > 0 && at < chunks.length);
      });
      message.int(2, query);
      this.#frame(message.bytes);
    }
  }

  #encode({ minTimeMs, maxTimeMs, encoding, data }: EncodedSamples): Uint8Array {
    const chunk = this.#chunk;
    chunk.clear();
    chunk.int(1, minTimeMs);
    chunk.int(2, maxTimeMs);
    chunk.int(3, encoding);
    chunk.blob(4, data);
    return chunk.bytes;
  }

  #frame(message: Uint8Array): void {
    this.#out.uvarint(message.length);
    const checksum = crc32c(message);
    this.#out.raw(Uint8Array.of(checksum >>> 24, checksum >>> 16, checksum >>> 8, checksum));
    this.#out.raw(message);
  }
}
