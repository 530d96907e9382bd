/**
 * What targets say of their metrics, for endpoints of version 1.0: all of it at each interval, in requests of its own.
 * Version 2.0 sends it with each series instead.
 */
import { encodeSnappy, ProtoWriter } from "../../base/index.js";
import { metricTypeNamed, metricTypeNumber } from "../../model/index.js";
import type { Endpoint } from "./endpoint.js";

export interface FamilyMetadata {
  readonly metric: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface MetadataOptions {
  readonly isSent: boolean;
  readonly intervalMs: number;
  readonly maxPerSend: number;
}

export interface MetadataStats {
  sent: number;
  failed: number;
  retried: number;
  bytes: number;
}

export class MetadataSender {
  readonly stats: MetadataStats = { sent: 0, failed: 0, retried: 0, bytes: 0 };
  readonly #options: MetadataOptions;
  readonly #endpoint: Endpoint;
  #isSending = false;

  constructor(options: MetadataOptions, endpoint: Endpoint) {
    this.#options = options;
    this.#endpoint = endpoint;
  }

  /** Sends what `entries` says now; what is still on its way from the round before makes this one pass. */
  async send(entries: readonly FamilyMetadata[], signal: AbortSignal): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      const all = distinct(entries);
      const { maxPerSend } = this.#options;
      for (let from = 0; from < all.length && !signal.aborted; from += maxPerSend) {
        await this.#sendBatch(all.slice(from, from + maxPerSend), signal);
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #sendBatch(batch: readonly FamilyMetadata[], signal: AbortSignal): Promise<void> {
    const body = encodeMetadata(batch);
    const verdict = await this.#endpoint.send(body, 1, signal, {
      onAnswer: () => {},
      onFailure: () => {},
      onRetry: () => {
        this.stats.retried += batch.length;
      },
    });
    if (verdict.kind === "taken") {
      this.stats.sent += batch.length;
      this.stats.bytes += body.length;
    } else if (verdict.kind === "refused") this.stats.failed += batch.length;
  }
}

/** Many targets say the same. */
function distinct(entries: readonly FamilyMetadata[]): readonly FamilyMetadata[] {
  return [
    ...new Map(
      entries.map((entry) => [JSON.stringify([entry.metric, entry.type, entry.help, entry.unit]), entry]),
    ).values(),
  ];
}

/** A WriteRequest: each entry in field 3 with its type (1), metric family (2), help (4) and unit (5). */
export function encodeMetadata(batch: readonly FamilyMetadata[]): Uint8Array {
  const out = new ProtoWriter(batch.length * 96);
  for (const { metric, type, help, unit } of batch) {
    out.message(3, () => {
      out.int(1, metricTypeNumber(metricTypeNamed(type)));
      out.text(2, metric);
      out.text(4, help);
      out.text(5, unit);
    });
  }
  return encodeSnappy(out.bytes);
}
