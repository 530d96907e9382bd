/** Joins foreign append with a shard's head: what arrives from other threads, and what leaves for other shards. */
import {
  RESOLVE_NO_MEMORY,
  STAGED_BYTES,
  STAGED_STATUS,
  STATUS_DUPLICATE,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REPEATED,
} from "../../../assembly/layout.js";
import { isStaleWords, type Labels } from "../../model/index.js";
import {
  type ForeignBatchReader,
  type ForeignResult,
  type ForeignSender,
  type ForeignSink,
  shardOf,
} from "../../shard/index.js";
import type { Committer, ForeignOutlet, ForeignSample } from "../../tsdb/ingest/index.js";

const ERRORS_MAX = 5;

/** Prometheus' words for a row that was not stored. */
const REASONS: Readonly<Record<number, string>> = {
  [STATUS_OUT_OF_ORDER]: "out of order sample",
  [STATUS_DUPLICATE]: "duplicate sample for timestamp",
  [STATUS_OUT_OF_BOUNDS]: "out of bounds",
  [STATUS_NO_MEMORY]: "the head's memory is full",
};

/** Commits batches of other threads to this shard, each as one commit. */
export class HeadForeignSink implements ForeignSink {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  commitBatch(reader: ForeignBatchReader): ForeignResult {
    return this.#committer.mutate(() => this.#commit(reader));
  }

  #commit(reader: ForeignBatchReader): ForeignResult {
    const { head } = this.#committer;
    const staging = head.reserveStaging(reader.rowCount);
    const labelsOfRow: Uint8Array[] = [];
    const counts = { outOfOrder: 0, duplicates: 0, outOfBounds: 0, invalid: 0, noMemory: 0 };
    const errors: string[] = [];
    const refuse = (labels: Labels, reason: string): void => {
      if (errors.length < ERRORS_MAX) errors.push(`${reason}: ${labels}`);
    };
    let rows = 0;
    while (reader.next()) {
      const slot = this.#committer.resolve(() => head.resolveLabelBytes(reader.labelBytes));
      if (slot < 0) {
        if (slot === RESOLVE_NO_MEMORY) counts.noMemory++;
        else counts.invalid++;
        refuse(reader.labels(), slot === RESOLVE_NO_MEMORY ? REASONS[STATUS_NO_MEMORY]! : "invalid labels");
        continue;
      }
      head.stageBits(rows++, slot, reader.timestampMs, reader.valueLow, reader.valueHigh);
      labelsOfRow.push(reader.labelBytes);
    }
    const accepted = this.#committer.commit(staging, rows);
    let repeated = 0;
    for (let row = 0; accepted < rows && row < rows; row++) {
      const status = head.words[(staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2]!;
      if (status === STATUS_OK) continue;
      if (status === STATUS_REPEATED) repeated++;
      else if (status === STATUS_OUT_OF_ORDER) counts.outOfOrder++;
      else if (status === STATUS_DUPLICATE) counts.duplicates++;
      else if (status === STATUS_OUT_OF_BOUNDS) counts.outOfBounds++;
      else counts.noMemory++;
      if (status !== STATUS_REPEATED && errors.length < ERRORS_MAX) {
        errors.push(`${REASONS[status] ?? "not stored"}: row ${row}`);
      }
    }
    return { accepted: accepted + repeated, ...counts, errors };
  }
}

/** The way out: rows of lines that belong to other shards. */
export class ShardOutlet implements ForeignOutlet {
  readonly #sender: ForeignSender;
  readonly #shard: number;

  constructor(sender: ForeignSender, shard: number) {
    this.#sender = sender;
    this.#shard = shard;
  }

  isOwn(labels: Labels): boolean {
    return shardOf(labels, this.#sender.shardCount) === this.#shard;
  }

  async send(samples: readonly ForeignSample[]): Promise<string> {
    const scratch = new DataView(new ArrayBuffer(8));
    const outcome = await this.#sender.send(
      samples.map(({ labels, timestampMs, valueLow, valueHigh }) => {
        if (isStaleWords(valueLow, valueHigh)) return { labels, timestampMs, value: 0, isStale: true };
        scratch.setUint32(0, valueLow, true);
        scratch.setUint32(4, valueHigh, true);
        return { labels, timestampMs, value: scratch.getFloat64(0, true) };
      }),
    );
    return [...outcome.failures.map(({ error }) => error.message), ...outcome.errors].slice(0, ERRORS_MAX).join("; ");
  }
}
