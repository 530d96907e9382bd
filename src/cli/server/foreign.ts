/** Joins foreign append with a shard's head: what arrives from other threads, and what leaves for other shards. */
import {
  RESOLVE_MALFORMED,
  RESOLVE_NO_MEMORY,
  STATUS_DUPLICATE,
  STATUS_OK,
  STATUS_OOO,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REPEATED,
  STATUS_SKIPPED,
  STATUS_TOO_OLD,
} from "../../../assembly/layout.js";
import { CorruptionError } from "../../base/index.js";
import {
  decodeHistogram,
  EXEMPLAR_CHARACTERS_MAX,
  histogramProblem,
  isStaleWords,
  type Labels,
} from "../../model/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import { formatGeneral } from "../../model/number.js";
import {
  type ForeignBatchReader,
  type ForeignRefusal,
  type ForeignResult,
  type ForeignSender,
  type ForeignSink,
  ROW_EXEMPLAR,
  ROW_FLOAT,
  ROW_FLOAT_HISTOGRAM,
  ROW_HISTOGRAM,
  ROW_METADATA,
  shardOf,
} from "../../shard/index.js";
import type { HistogramRow } from "../../tsdb/head/index.js";
import type { Committer, ExemplarRow, ForeignOutlet, ForeignSample, MetadataRow } from "../../tsdb/ingest/index.js";

const HEAD_FULL = "the head's memory is full";
const EXEMPLAR_MESSAGES = {
  "out of order": "out of order exemplar",
  "too long": `label length for exemplar exceeds maximum of ${EXEMPLAR_CHARACTERS_MAX} UTF-8 characters`,
} as const;
const DUPLICATE = "duplicate sample for timestamp";
const REFUSALS_MAX = 5;

/** Commits batches of other threads to this shard, each as one commit. */
export class HeadForeignSink implements ForeignSink {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  commitBatch(reader: ForeignBatchReader): ForeignResult {
    return this.#committer.mutate(() => new SinkBatch(this.#committer, reader).commit());
  }
}

/** One batch on its way into the head. */
class SinkBatch {
  readonly #committer: Committer;
  readonly #reader: ForeignBatchReader;
  readonly #staging: number;
  /** Label bytes of each staged row, for messages. */
  readonly #series: Uint8Array[] = [];
  readonly #histograms: HistogramRow[] = [];
  readonly #histogramSeries: Uint8Array[] = [];
  readonly #exemplars: ExemplarRow[] = [];
  readonly #exemplarSeries: Uint8Array[] = [];
  readonly #metadata: MetadataRow[] = [];
  readonly #counts = { outOfOrder: 0, duplicates: 0, outOfBounds: 0, tooOld: 0, invalid: 0, noMemory: 0 };
  readonly #refusals: ForeignRefusal[] = [];

  constructor(committer: Committer, reader: ForeignBatchReader) {
    this.#committer = committer;
    this.#reader = reader;
    this.#staging = committer.head.reserveStaging(reader.rowCount);
  }

  commit(): ForeignResult {
    const reader = this.#reader;
    const { head } = this.#committer;
    const { isAllOrNothing } = reader;
    let slot = RESOLVE_MALFORMED;
    while (reader.next()) {
      if (!reader.isSameSeries) {
        slot = this.#committer.resolveGuarded(
          () => reader.labels(),
          () => head.findLabelBytes(reader.labelBytes),
          () => head.resolveLabelBytes(reader.labelBytes),
        );
      }
      if (slot < 0) this.#refuseSeries(slot);
      else this.#stage(slot);
    }
    if (isAllOrNothing && this.#refusals.length > 0) return this.#result(0, 0, 0);
    const rows = this.#series.length;
    this.#committer.commit(this.#staging, rows, {
      histograms: this.#histograms,
      exemplars: this.#exemplars,
      metadata: this.#metadata,
      isAllOrNothing,
      refusesOutOfOrder: reader.refusesOutOfOrder ? "all" : "markers",
    });
    let floats = 0;
    for (let row = 0; row < rows; row++) {
      const status = head.rowStatus(row);
      // A marker that ends a series of histograms was stored as one of them.
      if (isStored(status) || status === STATUS_SKIPPED) floats++;
      else this.#refuseRow(this.#series[row]!, status, () => this.#duplicateMessage(row));
    }
    let histograms = 0;
    for (const [i, { status }] of this.#histograms.entries()) {
      if (isStored(status)) histograms++;
      else this.#refuseRow(this.#histogramSeries[i]!, status, () => DUPLICATE);
    }
    if (isAllOrNothing && this.#refusals.length > 0) return this.#result(0, 0, 0);
    return this.#result(floats, histograms, this.#countExemplars());
  }

  #stageHistogram(slot: number, isFloat: boolean): void {
    const { timestampMs, payload, labelBytes, isCreatedZero } = this.#reader;
    if (isCreatedZero && !this.#committer.isNewest(slot, timestampMs)) return;
    const bytes = payload.slice();
    const problem = problemOf(bytes, isFloat);
    if (problem !== undefined) {
      this.#counts.invalid++;
      this.#refuse("invalid", problem, labelBytes);
      return;
    }
    this.#histograms.push({ slot, timestampMs, isFloat, bytes, status: STATUS_OK });
    this.#histogramSeries.push(labelBytes);
  }

  #stage(slot: number): void {
    const reader = this.#reader;
    const { timestampMs } = reader;
    switch (reader.kind) {
      case ROW_FLOAT:
        if (reader.isCreatedZero && !this.#committer.isNewest(slot, timestampMs)) return;
        this.#committer.head.stageBits(this.#series.length, slot, timestampMs, reader.valueLow, reader.valueHigh);
        this.#series.push(reader.labelBytes);
        return;
      case ROW_HISTOGRAM:
      case ROW_FLOAT_HISTOGRAM:
        this.#stageHistogram(slot, reader.kind === ROW_FLOAT_HISTOGRAM);
        return;
      case ROW_EXEMPLAR: {
        const labels = decodeLabelBytes(reader.payload);
        const { value, isTimed } = reader;
        this.#exemplars.push({ slot, exemplar: { labels, value, timestampMs, isTimed } });
        this.#exemplarSeries.push(reader.labelBytes);
        return;
      }
      case ROW_METADATA:
        this.#metadata.push({ slot, metadata: reader.metadata() });
        return;
      default:
        this.#counts.invalid++;
        this.#refuse("invalid", `row of unknown kind ${reader.kind}`, reader.labelBytes);
    }
  }

  /** The row's series is none that a head takes. */
  #refuseSeries(slot: number): void {
    const { kind, labelBytes } = this.#reader;
    const isFull = slot === RESOLVE_NO_MEMORY;
    if (kind !== ROW_EXEMPLAR && kind !== ROW_METADATA) {
      if (isFull) this.#counts.noMemory++;
      else this.#counts.invalid++;
    }
    this.#refuse(isFull ? "noMemory" : "invalid", isFull ? HEAD_FULL : "invalid labels", labelBytes);
  }

  #refuseRow(labelBytes: Uint8Array, status: number, duplicateMessage: () => string): void {
    switch (status) {
      case STATUS_OUT_OF_ORDER:
        this.#counts.outOfOrder++;
        this.#refuse("outOfOrder", "out of order sample", labelBytes);
        return;
      case STATUS_OUT_OF_BOUNDS:
        this.#counts.outOfBounds++;
        this.#refuse("outOfBounds", "out of bounds", labelBytes);
        return;
      case STATUS_TOO_OLD:
        this.#counts.tooOld++;
        this.#refuse("tooOld", "too old sample", labelBytes);
        return;
      case STATUS_DUPLICATE:
        this.#counts.duplicates++;
        this.#refuse("duplicates", duplicateMessage(), labelBytes);
        return;
      default:
        this.#counts.noMemory++;
        this.#refuse("noMemory", HEAD_FULL, labelBytes);
    }
  }

  #duplicateMessage(row: number): string {
    const { head } = this.#committer;
    const { slot, timestampMs, value } = head.stagedRow(row);
    const last = head.lastSample(slot);
    if (last?.timestampMs !== timestampMs) return DUPLICATE;
    const isHistogram = this.#committer.histograms.kindOf(slot) !== undefined;
    const existing = isHistogram ? "is a histogram" : formatGeneral(last.value);
    const shown = `${timestampMs}; overrides not allowed: existing ${existing}`;
    return `${DUPLICATE} ${shown}, new value ${formatGeneral(value)}`;
  }

  /** Exemplars that are stored now or were before. */
  #countExemplars(): number {
    let stored = 0;
    for (const [i, { refusal }] of this.#exemplars.entries()) {
      if (refusal === undefined || refusal === "duplicate") stored++;
      else this.#refuse("exemplar", EXEMPLAR_MESSAGES[refusal], this.#exemplarSeries[i]!);
    }
    return stored;
  }

  #refuse(reason: ForeignRefusal["reason"], message: string, labelBytes: Uint8Array): void {
    if (this.#refusals.length >= REFUSALS_MAX) return;
    this.#refusals.push({ reason, message, series: seriesText(labelBytes) });
  }

  #result(floats: number, histograms: number, exemplars: number): ForeignResult {
    return {
      accepted: floats + histograms,
      histograms,
      exemplars,
      exemplarsRefused: this.#exemplars.length - exemplars,
      ...this.#counts,
      refusals: this.#refusals,
    };
  }
}

/** Now, or before. */
function isStored(status: number): boolean {
  return status === STATUS_OK || status === STATUS_OOO || status === STATUS_REPEATED;
}

function problemOf(bytes: Uint8Array, isFloat: boolean): string | undefined {
  try {
    return histogramProblem(decodeHistogram(bytes, isFloat));
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    throw error;
  }
}

/** Labels that were refused may be no labels. */
function seriesText(labelBytes: Uint8Array): string {
  try {
    return `${decodeLabelBytes(labelBytes)}`;
  } catch (error) {
    if (error instanceof CorruptionError) return "unreadable labels";
    throw error;
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
      samples.map(({ valueLow, valueHigh, ...row }) => {
        if (row.histogram !== undefined) return row;
        if (isStaleWords(valueLow, valueHigh)) return { ...row, isStale: true };
        scratch.setUint32(0, valueLow, true);
        scratch.setUint32(4, valueHigh, true);
        return { ...row, value: scratch.getFloat64(0, true) };
      }),
    );
    const refusals = outcome.refusals.map(({ message, series }) => `${message}: ${series}`);
    return [...outcome.failures.map(({ error }) => error.message), ...refusals].slice(0, REFUSALS_MAX).join("; ");
  }
}
