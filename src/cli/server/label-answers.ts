/**
 * Answers of label names and values, kept on the main thread: a dashboard asks for the same ones at every refresh, and they
 * change only with the index. So most need no query thread.
 *
 * What an answer follows from: the request without its times; which heads and blocks overlap these times; the index of those
 * heads (INDEX_CHANGES, which is advanced after a change) and the list of blocks. An answer that was made while one of them
 * changed is kept under what was before, and so not found.
 */
import { INDEX_CHANGES } from "../../../assembly/layout.js";
import { headOverlaps } from "../../tsdb/head/index.js";
import type { QueryContext, QueryJob } from "./query-messages.js";

const BYTES_KEPT = 8 << 20;
const BODY_BYTES_MAX = 1 << 20;
/** Of an entry beside its key and body. */
const ENTRY_BYTES = 200;

export type LabelJob = QueryJob & { readonly kind: "labelNames" | "labelValues" };

interface HeadViews {
  readonly words: Uint32Array;
  readonly floats: Float64Array;
}

export class LabelAnswers {
  /** Oldest use first. */
  readonly #known = new Map<string, Uint8Array>();
  #bytes = 0;
  #blocks: QueryContext["blocks"] = [];
  /** Lists of blocks so far. */
  #lists = 0;
  #stamp = "";
  readonly #views = new WeakMap<WebAssembly.Memory, HeadViews>();

  /** The key of an answer that would be right now; undefined where answers cannot be kept. */
  key(job: LabelJob, context: QueryContext): string | undefined {
    if (context.missingShards.length > 0 || context.remoteReads.length > 0) return undefined;
    const { startMs, endMs } = job;
    if (context.blocks !== this.#blocks) this.#lists++;
    this.#blocks = context.blocks;
    let stamp = `${this.#lists} `;
    let overlaps = "";
    for (const { shard, generation, memory } of context.heads) {
      const { words, floats } = this.#viewsOf(memory);
      stamp += `${shard}.${generation}.${Atomics.load(words, INDEX_CHANGES >> 2)} `;
      overlaps += headOverlaps(floats, startMs, endMs) ? "1" : "0";
    }
    for (const { minTimeMs, maxTimeMs } of context.blocks) {
      overlaps += minTimeMs <= endMs && maxTimeMs > startMs ? "1" : "0";
    }
    if (stamp !== this.#stamp) {
      this.#known.clear();
      this.#bytes = 0;
      this.#stamp = stamp;
    }
    const name = job.kind === "labelValues" ? job.name : "";
    return JSON.stringify([stamp, overlaps, job.kind, name, job.limit, ...job.matchers]);
  }

  find(key: string): Uint8Array | undefined {
    const body = this.#known.get(key);
    if (body === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, body);
    return body;
  }

  /** @param key  of before the answer was asked for; what is not the key of now is not kept */
  keep(key: string, keyNow: string | undefined, body: Uint8Array): void {
    if (key !== keyNow || body.length > BODY_BYTES_MAX || this.#known.has(key)) return;
    this.#known.set(key, body);
    this.#bytes += bytesOf(key, body);
    for (const [oldest, old] of this.#known) {
      if (this.#bytes <= BYTES_KEPT) break;
      this.#known.delete(oldest);
      this.#bytes -= bytesOf(oldest, old);
    }
  }

  #viewsOf(memory: WebAssembly.Memory): HeadViews {
    let views = this.#views.get(memory);
    if (views === undefined) {
      views = { words: new Uint32Array(memory.buffer), floats: new Float64Array(memory.buffer) };
      this.#views.set(memory, views);
    }
    return views;
  }
}

function bytesOf(key: string, body: Uint8Array): number {
  return 2 * key.length + body.length + ENTRY_BYTES;
}
