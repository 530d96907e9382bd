/**
 * The bridge to the exposition kernels of one shard. A scrape goes through it in this order:
 *
 *   parse ──► newLines: resolveRepeated, else the caller resolves the series and calls remember ──► collectStale
 *     │                                                                                              │
 *     └─ error: collectAllStale, acceptAllStale                       the head stores the rows: accept, or reject
 */
import * as L from "../../assembly/exposition/layout.js";
import { DROPPED_SLOT, STAGED_BYTES, STAGED_TIME, STAGED_VALUE } from "../../assembly/layout.js";
import { assert } from "../base/index.js";
import type { MetricMetadata } from "../storage/index.js";
import { type CreatedLine, createdTimes } from "./created-times.js";
import type { ExpositionKernels } from "./kernels.js";
import { failureMessage, type ParseFailure, rangeMessage } from "./messages.js";
import { type CommentLine, foldMetadata } from "./metadata.js";
import { openMetricsExemplar } from "./openmetrics-exemplar.js";
import { ProtobufBody, type WantedExtras } from "./protobuf-body.js";
import type { ExemplarText } from "./protobuf-exemplar.js";
import { parseSeriesText, type SeriesText } from "./series-text.js";

/** Handle of a target's state: an address. */
export type TargetHandle = number;

export interface ParseInput {
  /** Address of the body; `BODY_SLACK` bytes behind it are overwritten. */
  readonly body: number;
  readonly bodyBytes: number;
  readonly isOpenMetrics: boolean;
  /** Set for bodies of protobuf exposition. */
  readonly protobuf?: ProtobufOptions;
  /** Exemplars are stored: `extras` gives them. */
  readonly hasExemplars?: boolean;
  /** Lines of OpenMetrics that say when a counter was made are no samples: `extras` gives these times. */
  readonly hasCreated?: boolean;
  readonly timestampMs: number;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  /** Address and size in rows of the staging table. */
  readonly staging: number;
  readonly stagingRows: number;
}

export interface ProtobufOptions {
  /** Native histograms are stored; else they count as samples and are left out. */
  readonly isNative: boolean;
  /** Histograms of both kinds are read as both. */
  readonly isClassicToo: boolean;
}

/** What a staged row has beside its value. */
export interface RowExtra {
  readonly row: number;
  /** Number of the sample among those of the body; −1 where nothing can be wrong with it. */
  readonly sample: number;
  readonly histogram: { readonly isFloat: boolean; readonly bytes: Uint8Array } | undefined;
  /** When the counter was made; 0 where nothing says so. */
  readonly createdMs: number;
  readonly exemplars: readonly ExemplarText[];
}

export type ParseOutcome =
  | {
      readonly status: "parsed";
      readonly rows: number;
      /** Samples in the body, those that relabelling drops included. */
      readonly samples: number;
      /** Of these: known to be dropped by relabelling, without a row. */
      readonly dropped: number;
      /** Series, HELP, TYPE and UNIT lines that the target did not know: `newLine` describes each. */
      readonly newLines: number;
      /** Lines that stood where they were expected, and lines found by their hash: how well the cache does. */
      readonly positional: number;
      readonly hashed: number;
      readonly exemplars: number;
    }
  /** The body is no exposition; `error` is what Prometheus shows as `lastError`. */
  | {
      readonly status: "failed";
      readonly error: string;
      /** Samples before the error: what `scrape_samples_scraped` shows then. */
      readonly samples: number;
    }
  /** The staging table is too small: give a larger one and parse again. */
  | { readonly status: "too many rows" }
  | { readonly status: "no memory" };

export interface NewLine {
  /** Row of the staging table, or −1 for a comment, which needs nothing. */
  readonly row: number;
  /** Number of the line among those of the body. */
  readonly line: number;
  readonly text: number;
  readonly textBytes: number;
  /** TYPE_* in force at the line. */
  readonly type: number;
}

const NO_SLOT = 0xffffffff;

export class ScrapeParser {
  readonly #kernels: ExpositionKernels;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #longs: BigInt64Array;
  readonly #protobuf: ProtobufBody;

  /** @param memory  the head's memory, created with `initial === maximum`, so that views stay valid. */
  constructor(kernels: ExpositionKernels, memory: WebAssembly.Memory) {
    this.#kernels = kernels;
    this.#bytes = Buffer.from(memory.buffer as ArrayBuffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float64Array(memory.buffer);
    this.#longs = new BigInt64Array(memory.buffer);
    this.#protobuf = new ProtobufBody(kernels, memory);
  }

  /** undefined if the memory is full. */
  openTarget(): TargetHandle | undefined {
    return this.#kernels.openTarget() >>> 0 || undefined;
  }

  closeTarget(target: TargetHandle): void {
    this.#kernels.closeTarget(target);
  }

  parse(target: TargetHandle, input: ParseInput): ParseOutcome {
    const { protobuf } = input;
    this.#words[(target + L.TARGET_PROTO) >>> 2] = 0;
    if (protobuf === undefined) return this.#parseLines(target, input);
    const read = this.#protobuf.read(input.body, input.bodyBytes, protobuf.isClassicToo);
    if (read === undefined) return { status: "no memory" };
    this.#words[(target + L.TARGET_PROTO) >>> 2] = this.#protobuf.state;
    const outcome = this.#parseLines(target, { ...input, body: read.text, bodyBytes: read.textBytes });
    if (read.error === undefined || outcome.status !== "parsed") return outcome;
    this.#kernels.rejectScrape(target);
    return { status: "failed", error: read.error, samples: outcome.samples };
  }

  /** What rows of the scrape under way have beside their values; in their order. */
  *extras(target: TargetHandle, wanted: WantedExtras): Generator<RowExtra> {
    if (this.#word(target, L.TARGET_PROTO) !== 0) {
      yield* this.#protobuf.extras(wanted);
      return;
    }
    const created = wanted.hasCreated ? createdTimes(this.#createdLines(target)) : new Map<number, number>();
    const none = { sample: -1, histogram: undefined };
    const list = this.#word(target, L.TARGET_LIST);
    const count = this.#word(target, L.TARGET_LIST_COUNT);
    for (let i = 0; i < count; i++) {
      const record = list + i * L.EXEMPLAR_BYTES;
      const start = this.#word(record, L.EXEMPLAR_TEXT);
      const text = this.#bytes.subarray(start, start + this.#word(record, L.EXEMPLAR_LENGTH));
      const row = this.#word(record, L.EXEMPLAR_ROW);
      yield { ...none, row, createdMs: created.get(row) ?? 0, exemplars: [openMetricsExemplar(text)] };
      created.delete(row);
    }
    for (const [row, createdMs] of created) yield { ...none, row, createdMs, exemplars: [] };
  }

  #createdLines(target: TargetHandle): CreatedLine[] {
    const list = this.#word(target, L.TARGET_CREATED);
    return Array.from({ length: this.#word(target, L.TARGET_CREATED_COUNT) }, (_, i) => {
      const record = list + i * L.CREATED_BYTES;
      return {
        kind: this.#word(record, L.CREATED_KIND),
        row: this.#word(record, L.CREATED_ROW),
        hash: this.#longs[(record + L.CREATED_HASH) >>> 3]!,
        timeMs: Number(this.#longs[(record + L.CREATED_MS) >>> 3]!),
      };
    });
  }

  /** Whether `extras` gives anything. */
  hasExtras(target: TargetHandle): boolean {
    const lists = this.#word(target, L.TARGET_LIST_COUNT) + this.#word(target, L.TARGET_CREATED_COUNT);
    return this.#word(target, L.TARGET_PROTO) !== 0 || lists > 0;
  }

  #parseLines(target: TargetHandle, input: ParseInput): ParseOutcome {
    const { protobuf } = input;
    const flags =
      (protobuf === undefined ? 0 : L.FLAG_PROTOBUF | (protobuf.isNative ? 0 : L.FLAG_NO_NATIVE)) |
      (input.hasExemplars === true ? L.FLAG_EXEMPLARS : 0) |
      (input.hasCreated === true ? L.FLAG_CREATED : 0) |
      // An empty body is an empty scrape in either format.
      (input.isOpenMetrics && input.bodyBytes > 0 ? L.FLAG_OPENMETRICS : 0) |
      (input.honorTimestamps ? 0 : L.FLAG_IGNORE_TIMESTAMPS) |
      (input.trackTimestampsStaleness ? L.FLAG_TRACK_TIMESTAMPS : 0);
    const rows = this.#kernels.parseScrape(
      target,
      input.body,
      input.bodyBytes,
      input.timestampMs,
      flags,
      input.staging,
      input.stagingRows,
    );
    if (rows === L.PARSE_TOO_MANY_ROWS) return { status: "too many rows" };
    if (rows === L.PARSE_NO_MEMORY) return { status: "no memory" };
    const rangeError = this.#convertHard(target, input);
    if (rangeError !== undefined) {
      this.#kernels.rejectScrape(target);
      return { status: "failed", ...rangeError };
    }
    if (rows < 0) {
      const error = failureMessage(this.#bytes, this.#failure(target, input));
      return { status: "failed", error, samples: this.#word(target, L.TARGET_SAMPLES) };
    }
    return {
      status: "parsed",
      rows,
      samples: this.#word(target, L.TARGET_SAMPLES),
      dropped: this.#word(target, L.TARGET_DROPPED),
      newLines: this.#word(target, L.TARGET_NEW_COUNT),
      positional: this.#word(target, L.TARGET_POSITIONAL),
      hashed: this.#word(target, L.TARGET_HASHED),
      exemplars: this.#word(target, L.TARGET_EXEMPLARS),
    };
  }

  /** NEW line `index` of the scrape under way. */
  newLine(target: TargetHandle, index: number): NewLine {
    const record = this.#word(target, L.TARGET_NEW) + index * L.NEW_BYTES;
    const kind = this.#bytes[record + L.NEW_KIND]!;
    return {
      row: kind === L.KIND_SERIES ? this.#word(record, L.NEW_ROW) : -1,
      line: this.#word(record, L.NEW_LINE),
      text: this.#word(record, L.NEW_TEXT),
      textBytes: this.#word(record, L.NEW_LENGTH),
      type: this.#bytes[record + L.NEW_TYPE]!,
    };
  }

  /** The label set of a new line. */
  seriesOf(line: NewLine): SeriesText {
    return parseSeriesText(this.#bytes.subarray(line.text, line.text + line.textBytes), line.type);
  }

  /** Completes the row of a NEW line whose text stood in the same body before; false if it must be resolved. */
  resolveRepeated(target: TargetHandle, index: number, staging: number): boolean {
    return this.#kernels.resolveRepeated(target, index, staging) >>> 0 !== NO_SLOT;
  }

  /**
   * Completes the row of a NEW line and remembers what its text means.
   *
   * @param slot  a live slot, DROPPED_SLOT, or FOREIGN_SLOTS + n.
   * @returns false if the memory is full: the row is complete, but the next scrape asks again.
   */
  remember(target: TargetHandle, index: number, slot: number, staging: number): boolean {
    return this.#kernels.rememberNew(target, index, slot, staging) !== 0;
  }

  /** Stages staleness markers for what vanished; how many rows, or why not. Call it when all new lines are resolved. */
  collectStale(
    target: TargetHandle,
    timestampMs: number,
    staging: number,
    row: number,
    stagingRows: number,
  ): StaleRows {
    return staleRows(this.#kernels.collectStale(target, timestampMs, staging, row, stagingRows));
  }

  /** Stages staleness markers for all that the last accepted scrape had. */
  collectAllStale(
    target: TargetHandle,
    timestampMs: number,
    staging: number,
    row: number,
    stagingRows: number,
  ): StaleRows {
    return staleRows(this.#kernels.collectAllStale(target, timestampMs, staging, row, stagingRows));
  }

  /** The rows of `collectAllStale` are stored. */
  acceptAllStale(target: TargetHandle): void {
    this.#kernels.acceptAllStale(target);
  }

  /** The rows of the scrape are stored. The body must still be in memory. */
  accept(target: TargetHandle): void {
    this.#kernels.acceptScrape(target);
  }

  /**
   * Numbers of the lines of the scrape under way that hold a sample, in order; before any new line is remembered.
   * @param isNewKept  whether relabelling keeps NEW line `index`.
   */
  *samples(
    target: TargetHandle,
    isNewKept: (index: number) => boolean,
  ): Generator<{ readonly line: number; readonly isKept: boolean }> {
    const isDiverged = (this.#word(target, L.TARGET_FLAGS) & L.TARGET_IS_DIVERGED) !== 0;
    const order = this.#word(target, isDiverged ? L.TARGET_NEXT : L.TARGET_ORDER);
    const count = this.#word(target, L.TARGET_NEXT_COUNT);
    const newCount = this.#word(target, L.TARGET_NEW_COUNT);
    for (let line = 0, index = 0; line < count; line++) {
      const fresh = index < newCount ? this.newLine(target, index) : undefined;
      if (fresh?.line === line) {
        if (fresh.row >= 0) yield { line, isKept: isNewKept(index) };
        index++;
        continue;
      }
      const entry = (this.#word(order, line * 4) & L.ORDER_ADDRESS) >>> 0;
      if (entry === 0 || this.#bytes[entry + L.ENTRY_KIND] !== L.KIND_SERIES) continue;
      yield { line, isKept: (this.#word(entry, L.ENTRY_SLOT) | 0) !== DROPPED_SLOT };
    }
  }

  /**
   * Leaves of the scrape under way what its first `lines` lines were: it failed there, and has seen the series before.
   * `collectStale` and `accept` then go on with these. False if all series count as vanished.
   */
  cut(target: TargetHandle, lines: number): boolean {
    return this.#kernels.cutScrape(target, lines) !== 0;
  }

  /** The scrape was parsed, but not stored. */
  reject(target: TargetHandle): void {
    this.#kernels.rejectScrape(target);
  }

  /**
   * Gives the series of the last accepted scrape other slots: `rename` gets each one's slot as a signed number, once, and
   * must keep those of this head. Not while a scrape is under way.
   */
  renameSlots(target: TargetHandle, rename: (slot: number) => number): void {
    const order = this.#word(target, L.TARGET_ORDER);
    const count = this.#word(target, L.TARGET_ORDER_COUNT);
    for (let i = 0; i < count; i++) {
      const word = this.#word(order, i * 4);
      const entry = (word & L.ORDER_ADDRESS) >>> 0;
      if (entry === 0 || (word & L.ORDER_REPEATED) !== 0 || this.#bytes[entry + L.ENTRY_KIND] !== L.KIND_SERIES)
        continue;
      const at = (entry + L.ENTRY_SLOT) >>> 2;
      this.#words[at] = rename(this.#words[at]! | 0);
    }
  }

  /** Changes when `metadata` may have. */
  metadataVersion(target: TargetHandle): number {
    return this.#word(target, L.TARGET_METADATA_VERSION);
  }

  /** What HELP, TYPE and UNIT lines said, those of the last ten scrapes included. Allocates: not for every scrape. */
  metadata(target: TargetHandle): readonly MetricMetadata[] {
    const lines: CommentLine[] = [];
    // Lingering comments first: what the last scrape says of the same metric counts.
    let entry = this.#word(target, L.TARGET_LINGER);
    while (entry !== 0) {
      if (this.#bytes[entry + L.ENTRY_IN_ORDER] === 0) this.#addComment(lines, entry);
      entry = this.#word(entry, L.ENTRY_NEXT_LINGER);
    }
    lines.reverse(); // the list has the latest first
    const order = this.#word(target, L.TARGET_ORDER);
    const count = this.#word(target, L.TARGET_ORDER_COUNT);
    for (let i = 0; i < count; i++) {
      const address = (this.#word(order, i * 4) & L.ORDER_ADDRESS) >>> 0;
      if (address !== 0) this.#addComment(lines, address);
    }
    return foldMetadata(lines, this.#word(target, L.TARGET_FORMAT) !== 0);
  }

  /** Bytes of memory that the target holds. */
  bytesOf(target: TargetHandle): number {
    return this.#floats[(target + L.TARGET_REGION_BYTES) >>> 3]!;
  }

  #word(base: number, offset: number): number {
    return this.#words[(base + offset) >>> 2]!;
  }

  #addComment(lines: CommentLine[], entry: number): void {
    const kind = this.#bytes[entry + L.ENTRY_KIND]!;
    if (kind !== L.KIND_HELP && kind !== L.KIND_TYPE && kind !== L.KIND_UNIT) return;
    const start = entry + L.ENTRY_TEXT;
    lines.push({ kind, text: this.#bytes.toString("utf8", start, start + this.#word(entry, L.ENTRY_LENGTH)) });
  }

  /** Converts the numbers that the kernel left, up to where it gave up. Returns the message of one that is out of range. */
  #convertHard(target: TargetHandle, input: ParseInput): { error: string; samples: number } | undefined {
    const list = this.#word(target, L.TARGET_HARD);
    const count = this.#word(target, L.TARGET_HARD_COUNT);
    for (let i = 0; i < count; i++) {
      const record = list + i * L.HARD_BYTES;
      const text = this.#word(record, L.HARD_TEXT);
      const number = this.#bytes.subarray(text, text + this.#word(record, L.HARD_LENGTH));
      const value = Number(number.toString("latin1"));
      assert(!Number.isNaN(value), "a number that the kernel left to the engine is one");
      if (!Number.isFinite(value)) {
        const line = this.#word(record, L.HARD_LINE);
        const error = rangeMessage(this.#bytes, number, line, text + number.length);
        return { error, samples: this.#word(record, L.HARD_SAMPLES) };
      }
      const row = this.#word(record, L.HARD_ROW);
      if (row === L.NEW_NO_ROW >>> 0) continue;
      if (this.#word(record, L.HARD_WHAT) === L.HARD_IS_CREATED) {
        const created = this.#word(target, L.TARGET_CREATED) + row * L.CREATED_BYTES;
        this.#longs[(created + L.CREATED_MS) >>> 3] = millisecondsOf(value);
        continue;
      }
      const address = input.staging + row * STAGED_BYTES;
      if (this.#word(record, L.HARD_WHAT) === L.HARD_IS_VALUE) this.#floats[(address + STAGED_VALUE) >>> 3] = value;
      else if (input.honorTimestamps) this.#longs[(address + STAGED_TIME) >>> 3] = millisecondsOf(value);
    }
    return undefined;
  }

  #failure(target: TargetHandle, input: ParseInput): ParseFailure {
    return {
      error: this.#word(target, L.TARGET_ERROR),
      token: this.#word(target, L.TARGET_TOKEN) | 0,
      metaToken: this.#word(target, L.TARGET_META_TOKEN) | 0,
      isOpenMetrics: input.isOpenMetrics,
      lineStart: this.#word(target, L.TARGET_LINE),
      tokenStart: this.#word(target, L.TARGET_START),
      at: this.#word(target, L.TARGET_AT),
      end: this.#word(target, L.TARGET_END),
      numberStart: this.#word(target, L.TARGET_NUMBER),
      numberEnd: this.#word(target, L.TARGET_NUMBER_END),
      timeStart: this.#word(target, L.TARGET_TIME_TEXT),
      timeEnd: this.#word(target, L.TARGET_TIME_TEXT_END),
      nameStart: this.#word(target, L.TARGET_NAME_START),
      nameEnd: this.#word(target, L.TARGET_NAME_END),
      textStart: this.#word(target, L.TARGET_TEXT_START),
      textEnd: this.#word(target, L.TARGET_TEXT_END),
      value: this.#floats[(target + L.TARGET_VALUE) >>> 3]!,
    };
  }
}

export type StaleRows = number | "too many rows" | "no memory";

function staleRows(result: number): StaleRows {
  if (result >= 0) return result;
  return result === L.PARSE_TOO_MANY_ROWS ? "too many rows" : "no memory";
}

/** As the kernel converts seconds: cut off; what fits in no 64-bit integer becomes the least one. */
function millisecondsOf(seconds: number): bigint {
  const ms = seconds * 1000;
  return ms >= -(2 ** 63) && ms < 2 ** 63 ? BigInt(Math.trunc(ms)) : -(2n ** 63n);
}
