/**
 * Stores remote-write requests in one shard: decompress, check all of it, stage what belongs to this shard, commit. Every
 * shard is given the same body and comes to the same verdict about it as a whole.
 *
 * What Prometheus refuses it refuses here, in its words: of a 1.0 request all or nothing is stored, of a 2.0 request what is
 * good. Rows that only an earlier row of the same request makes late are dropped without a word, as there.
 */
import { randomFillSync } from "node:crypto";
import {
  SLOT_CHUNKS,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TEXT,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_DUPLICATE,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_TOO_OLD,
} from "../../../assembly/layout.js";
import {
  CACHE_ENTRY_BYTES,
  EXTRA_METADATA,
  LABEL_RECORD_BYTES,
  LABELS_MAX,
  MESSAGE_EXEMPLAR_V1,
  MESSAGE_EXEMPLAR_V2,
  MESSAGE_HISTOGRAM,
  MESSAGE_METADATA_V2,
  MESSAGE_REQUEST_V1,
  MESSAGE_REQUEST_V2,
  MESSAGE_SAMPLE,
  PROTO_OK,
  SYMBOL_ADDRESS,
  SYMBOL_BYTES,
  SYMBOL_ENTRY_BYTES,
  TEXT_MAX,
  WRITE_BODY,
  WRITE_BODY_LENGTH,
  WRITE_BYTES,
  WRITE_CACHE,
  WRITE_CACHE_MASK,
  WRITE_CACHE_USED,
  WRITE_COUNTS,
  WRITE_DONE,
  WRITE_EMPTY,
  WRITE_ERROR_FIELD,
  WRITE_ERROR_MESSAGE,
  WRITE_ERROR_TAG,
  WRITE_ERROR_WIRE,
  WRITE_EXTRAS,
  WRITE_FIRST_TIME,
  WRITE_HAS_EXTRAS,
  WRITE_HAS_FIRST_TIME,
  WRITE_INVALID,
  WRITE_INVALID_SAMPLES,
  WRITE_INVALID_SERIES,
  WRITE_KEY,
  WRITE_LABELS,
  WRITE_NEEDS_CACHE,
  WRITE_NEEDS_REFS,
  WRITE_NO_MEMORY,
  WRITE_ROWS,
  WRITE_SERIES_END,
  WRITE_SERIES_INDEX,
  WRITE_SERIES_START,
  WRITE_SHARD,
  WRITE_SHARD_COUNT,
  WRITE_SLOT,
  WRITE_STAGING,
  WRITE_SYMBOL_COUNT,
  WRITE_SYMBOLS,
  WRITE_SYMBOLS_SEEN,
  WRITE_TEXT,
  WRITE_TOO_LONG,
} from "../../../assembly/remote/layout.js";
import { assert, VestalError } from "../../base/index.js";
import { formatGeneral } from "../../model/number.js";
import type { HistogramRow } from "../head/index.js";
import type { Committer, ExemplarRow, MetadataRow } from "./committer.js";
import { extrasOfV1, extrasOfV2 } from "./write-extras.js";
import type { WriteKernels } from "./write-kernels.js";
import { protobufError, seriesText } from "./write-messages.js";

/** 1 = `prometheus.WriteRequest`, 2 = `io.prometheus.write.v2.Request`. */
export type WriteVersion = 1 | 2;

export interface WriteLimits {
  /** Of a decompressed body. */
  readonly decodedBytesMax: number;
  readonly samplesMax: number;
}

/** One thing of a request that was not stored. */
export interface WriteRefusal {
  /** Number of the series in the request; refusals of all shards are told in this order. */
  readonly series: number;
  readonly message: string;
  /** Prometheus takes it for its own failure: nothing of the request is stored, and it may be sent again. */
  readonly isFatal?: boolean;
}

export interface WriteOutcome {
  /** The body as a whole is not what it should be: no shard stores anything of it. */
  readonly malformed: { readonly reason: "corrupt" | "limit"; readonly message: string } | undefined;
  /** Stored by this shard. */
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
  /** The first ones. Of a 1.0 request, if there is one, this shard has stored nothing. */
  readonly refusals: readonly WriteRefusal[];
  /** Of the whole request: series without a place in any shard, as their labels are invalid, and their samples. */
  readonly invalidSeries: number;
  readonly invalidSamples: number;
  /** Of them the first ones. */
  readonly invalid: readonly WriteRefusal[];
  /** New series that were refused because the memory is full. */
  readonly noMemory: number;
}

/** Refusals that are told; a request may have as many as it has samples. */
const REFUSALS_MAX = 100;
const CACHE_ENTRIES_MIN = 1024;
/** Of the head's memory: the largest part that the table of known series may have. */
const CACHE_SHARE = 1 / 16;
/** A copy is at most 64 bytes for 3 of the block: what declares more is damaged, and costs nothing. */
const SNAPPY_RATIO_MAX = 24;
/** As Prometheus says it. */
const TOO_OLD = "too old sample";
/** Kernels load whole words. */
const SLACK = 16;

export interface WriteAppenderOptions {
  readonly shard: number;
  readonly shardCount: number;
  readonly limits: WriteLimits;
}

export class WriteAppender {
  readonly #options: WriteAppenderOptions;
  readonly #committer: Committer;
  readonly #kernels: WriteKernels;
  readonly #compressed: Region;
  readonly #body: Region;
  readonly #symbols: Region;
  #state = 0;
  #cacheBytes = 0;

  constructor(options: WriteAppenderOptions, committer: Committer) {
    this.#options = options;
    this.#committer = committer;
    // The ingest instance has all kernels; the head's type names another part of its exports.
    this.#kernels = committer.head.kernels as unknown as WriteKernels;
    this.#compressed = new Region(committer);
    this.#body = new Region(committer);
    this.#symbols = new Region(committer);
  }

  /**
   * Stores this shard's part of a request.
   *
   * @param body  compressed with snappy's block format.
   * @throws VestalError HEAD_MEMORY, WAL_*: nothing is stored, the same request may succeed later.
   */
  append(version: WriteVersion, body: Uint8Array): WriteOutcome {
    return this.#committer.mutate(() => this.#append(version, body));
  }

  #append(version: WriteVersion, body: Uint8Array): WriteOutcome {
    const state = this.#prepare();
    const problem = this.#decompress(body) ?? this.#check(state, version);
    if (problem !== undefined) return { ...NOTHING, malformed: problem };
    // Behind the samples, a row for each of a request's other things; a series with metadata may have nothing else.
    const rowsMax = this.#count(MESSAGE_SAMPLE);
    const others = [MESSAGE_HISTOGRAM, MESSAGE_EXEMPLAR_V1, MESSAGE_EXEMPLAR_V2, MESSAGE_METADATA_V2];
    const room = others.reduce((sum, message) => sum + this.#count(message), rowsMax);
    const staging = this.#committer.head.reserveStaging(room);
    this.#setWord(WRITE_STAGING, staging);
    this.#kernels.beginWrite(state);
    if (version === 2) this.#readSymbols(state);
    const staged = this.#stage(state, version);
    const rows = this.#word(WRITE_ROWS);
    assert(rows <= rowsMax, "a request has more samples than were counted");
    const stored = this.#commit(version, staging, rows, staged);
    return {
      malformed: undefined,
      ...stored,
      refusals: staged.refusals.sort((a, b) => a.series - b.series),
      invalidSeries: this.#word(WRITE_INVALID_SERIES),
      invalidSamples: this.#word(WRITE_INVALID_SAMPLES),
      invalid: staged.invalid,
      noMemory: staged.noMemory,
    };
  }

  // ── the body ───────────────────────────────────────────────────────────────────────────────────────────────────

  #decompress(body: Uint8Array): WriteOutcome["malformed"] {
    const { decodedBytesMax } = this.#options.limits;
    const source = this.#compressed.ensure(body.length + SLACK);
    this.#committer.head.bytes.set(body, source);
    const declared = this.#kernels.snappyDecodedBytes(source, body.length);
    if (declared < 0 || declared > decodedBytesMax || declared > body.length * SNAPPY_RATIO_MAX) return CORRUPT;
    const target = this.#body.ensure(declared + SLACK);
    if (this.#kernels.snappyDecompress(source, body.length, target, declared) < 0) return CORRUPT;
    this.#setWord(WRITE_BODY, target);
    this.#setWord(WRITE_BODY_LENGTH, declared);
    return undefined;
  }

  #check(state: number, version: WriteVersion): WriteOutcome["malformed"] {
    const status = this.#kernels.checkWrite(state, version === 1 ? MESSAGE_REQUEST_V1 : MESSAGE_REQUEST_V2);
    if (status !== PROTO_OK) {
      const message = protobufError(status, {
        message: this.#word(WRITE_ERROR_MESSAGE),
        field: this.#word(WRITE_ERROR_FIELD) | 0,
        wireType: this.#word(WRITE_ERROR_WIRE),
        tag: BigInt(this.#word(WRITE_ERROR_TAG)) + (BigInt(this.#word(WRITE_ERROR_TAG + 4)) << 32n),
      });
      return { reason: "corrupt", message };
    }
    const { samplesMax } = this.#options.limits;
    if (this.#count(MESSAGE_SAMPLE) + this.#count(MESSAGE_HISTOGRAM) <= samplesMax) return undefined;
    return { reason: "limit", message: `request has more than ${samplesMax} samples` };
  }

  #readSymbols(state: number): void {
    this.#setWord(WRITE_SYMBOLS, this.#symbols.ensure(this.#word(WRITE_SYMBOLS_SEEN) * SYMBOL_ENTRY_BYTES));
    this.#kernels.readSymbols(state);
  }

  // ── staging ────────────────────────────────────────────────────────────────────────────────────────────────────

  #stage(state: number, version: WriteVersion): Staged {
    const staged: Staged = {
      refusals: [],
      invalid: [],
      noMemory: 0,
      histograms: [],
      histogramSeries: [],
      exemplars: [],
      exemplarSeries: [],
      metadata: [],
    };
    for (;;) {
      const status = version === 1 ? this.#kernels.stageWriteV1(state) : this.#kernels.stageWriteV2(state);
      const series = this.#word(WRITE_SERIES_INDEX) - 1;
      switch (status) {
        case WRITE_DONE:
          return staged;
        case WRITE_NEEDS_REFS:
          this.#committer.takeRefs();
          break;
        case WRITE_NEEDS_CACHE:
          this.#growCache(state);
          break;
        case WRITE_INVALID:
          if (staged.invalid.length < REFUSALS_MAX) {
            staged.invalid.push({ series, message: this.#invalidText(version) });
          }
          break;
        case WRITE_TOO_LONG:
          staged.refusals.push({ series, message: "label set is too long to be stored" });
          break;
        case WRITE_EMPTY:
          break;
        case WRITE_NO_MEMORY:
          staged.noMemory++;
          break;
        case WRITE_HAS_EXTRAS:
          this.#stageExtras(version, series, staged);
          break;
        default:
          assert(false, `a kernel answered ${status}`);
      }
    }
  }

  #stageExtras(version: WriteVersion, series: number, staged: Staged): void {
    const slot = this.#word(WRITE_SLOT);
    const bytes = this.#seriesBytes();
    const extras = version === 1 ? extrasOfV1(bytes) : extrasOfV2(bytes, (ref) => this.#symbol(ref));
    for (const { problem, ...histogram } of extras.histograms) {
      if (problem === undefined) {
        staged.histograms.push({ slot, ...histogram, status: STATUS_OK });
        staged.histogramSeries.push(series);
      } else staged.refusals.push({ series, message: problem, isFatal: true });
    }
    for (const exemplar of extras.exemplars) {
      staged.exemplars.push({ slot, exemplar });
      staged.exemplarSeries.push(series);
    }
    if (extras.metadata !== undefined && (this.#word(WRITE_EXTRAS) & EXTRA_METADATA) !== 0) {
      staged.metadata.push({ slot, metadata: extras.metadata });
    }
  }

  #symbol(ref: number): string | undefined {
    if (ref >= this.#word(WRITE_SYMBOL_COUNT)) return undefined;
    const entry = this.#word(WRITE_SYMBOLS) + ref * SYMBOL_ENTRY_BYTES;
    const bytes = this.#view(this.#at(entry + SYMBOL_ADDRESS), this.#at(entry + SYMBOL_BYTES));
    return Buffer.from(bytes.buffer).toString("utf8");
  }

  /** What Prometheus says of the series that staging stopped at. */
  #invalidText(version: WriteVersion): string {
    const body = version === 1 ? NO_BYTES : this.#view(this.#word(WRITE_BODY), this.#word(WRITE_BODY_LENGTH));
    return seriesText(version, body, this.#seriesBytes());
  }

  #seriesBytes(): Uint8Array {
    const start = this.#word(WRITE_SERIES_START);
    return this.#view(start, this.#word(WRITE_SERIES_END) - start);
  }

  #growCache(state: number): void {
    const { head } = this.#committer;
    const entries = this.#cacheBytes === 0 ? 0 : this.#word(WRITE_CACHE_MASK) + 1;
    const most = 2 ** Math.floor(Math.log2((head.memoryUse().limitBytes * CACHE_SHARE) / CACHE_ENTRY_BYTES));
    const wanted = entries === 0 ? CACHE_ENTRIES_MIN : Math.max(CACHE_ENTRIES_MIN, Math.min(2 * entries, most));
    const bytes = wanted * CACHE_ENTRY_BYTES;
    const table = head.kernels.allocate(bytes) >>> 0;
    if (table === 0) throw new VestalError("HEAD_MEMORY", "the head has no memory for a remote-write request");
    const [old, oldBytes] = [this.#word(WRITE_CACHE), this.#cacheBytes];
    this.#kernels.moveCache(state, table, wanted);
    this.#cacheBytes = bytes;
    if (oldBytes > 0) head.kernels.release(old, oldBytes);
  }

  // ── commit ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Commits what is staged; adds to the refusals. */
  #commit(version: WriteVersion, staging: number, rows: number, staged: Staged): Stored {
    const { refusals, histograms, exemplars } = staged;
    const isFatal = refusals.some((refusal) => refusal.isFatal);
    if (isFatal || (version === 1 && refusals.length > 0)) return this.#nothing(staged);
    const all = rows + histograms.length;
    const refused = { floats: 0, histograms: 0 };
    const hasFirst = this.#word(WRITE_HAS_FIRST_TIME) !== 0;
    this.#committer.commit(staging, rows, {
      histograms,
      exemplars,
      metadata: staged.metadata,
      isAllOrNothing: false,
      firstTimeMs: hasFirst ? this.#int64(WRITE_FIRST_TIME) : undefined,
      judge: (accepted, minValidTimeMs) => {
        if (accepted === all) return true;
        for (let row = 0; row < all; row++) {
          const address = staging + row * STAGED_BYTES;
          const isHistogram = row >= rows;
          const message = this.#refusalOf(address, minValidTimeMs, version, isHistogram);
          if (message === undefined) continue;
          if (isHistogram) refused.histograms++;
          else refused.floats++;
          const series = isHistogram ? staged.histogramSeries[row - rows]! : this.#at(address + STAGED_TEXT);
          if (refusals.length < REFUSALS_MAX) refusals.push({ series, message });
        }
        return version === 2 || refused.floats + refused.histograms === 0;
      },
    });
    if (version === 1 && refusals.length > 0) return this.#nothing(staged);
    let storedExemplars = 0;
    for (const [i, { slot, refusal }] of exemplars.entries()) {
      if (refusal === undefined || refusal === "duplicate") storedExemplars++;
      // Of other problems Prometheus tells nobody, and of none where the version is 1.
      else if (refusal === "out of order" && version === 2 && refusals.length < REFUSALS_MAX) {
        const message = `out of order exemplar for series ${this.#committer.head.seriesLabels(slot)}`;
        refusals.push({ series: staged.exemplarSeries[i]!, message });
      }
    }
    return {
      samples: rows - refused.floats,
      histograms: histograms.length - refused.histograms,
      exemplars: storedExemplars,
    };
  }

  /** The request is as if it had not come; what the table knows of metadata may be more than the log does. */
  #nothing({ metadata }: Staged): Stored {
    if (metadata.length === 0) return NOTHING_STORED;
    this.#committer.head.bytes.fill(0, this.#word(WRITE_CACHE), this.#word(WRITE_CACHE) + this.#cacheBytes);
    this.#setWord(WRITE_CACHE_USED, 0);
    return NOTHING_STORED;
  }

  /** Why Prometheus' appender refuses the row, or undefined: it looks at what was stored before the request alone. */
  #refusalOf(row: number, minValidTimeMs: number, version: WriteVersion, isHistogram: boolean): string | undefined {
    const status = this.#at(row + STAGED_STATUS);
    if (status === STATUS_OK) return undefined;
    const timeMs = this.#int64At(row + STAGED_TIME);
    const slotIndex = this.#at(row + STAGED_SLOT);
    const { head } = this.#committer;
    const slot = head.slotAddress(slotIndex);
    const reason = this.#reasonOf(status, row, slot, timeMs, minValidTimeMs, isHistogram);
    if (reason === undefined || version === 1) return reason;
    return `${reason} for series ${head.seriesLabels(slotIndex)}`;
  }

  #reasonOf(
    status: number,
    row: number,
    slot: number,
    timeMs: number,
    minValidTimeMs: number,
    isHistogram: boolean,
  ): string | undefined {
    if (status === STATUS_NO_MEMORY) return "the head's memory is full";
    if (status === STATUS_OUT_OF_BOUNDS) {
      return timeMs < minValidTimeMs ? "out of bounds" : "out of bounds: timestamp is too far in the future";
    }
    const isTooOld = status === STATUS_TOO_OLD;
    if (status !== STATUS_OUT_OF_ORDER && status !== STATUS_DUPLICATE && !isTooOld) return undefined;
    if (isTooOld && timeMs < minValidTimeMs) return TOO_OLD;
    if (this.#at(slot + SLOT_CHUNKS) === 0) return undefined;
    const lastTimeMs = this.#int64At(slot + SLOT_LAST_TIME);
    if (timeMs > lastTimeMs) return undefined;
    if (timeMs < lastTimeMs) return isTooOld ? TOO_OLD : "out of order sample";
    const { words, floats } = this.#committer.head;
    const [value, last] = [(row + STAGED_VALUE) >>> 2, (slot + SLOT_LAST_VALUE) >>> 2];
    if (words[value] === words[last] && words[value + 1] === words[last + 1]) return undefined;
    if (timeMs === 0 || isHistogram) return "duplicate sample for timestamp";
    const isOverHistogram = this.#committer.histograms.kindOf(this.#at(row + STAGED_SLOT)) !== undefined;
    const existing = isOverHistogram ? "is a histogram" : formatGeneral(floats[last >>> 1]!);
    const overrides = `overrides not allowed: existing ${existing}, new value ${formatGeneral(floats[value >>> 1]!)}`;
    return `duplicate sample for timestamp ${timeMs}; ${overrides}`;
  }

  // ── memory ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The kernels' state, made with the first request. */
  #prepare(): number {
    if (this.#state !== 0) return this.#state;
    const { head } = this.#committer;
    const labels = align(WRITE_BYTES);
    const text = labels + LABELS_MAX * LABEL_RECORD_BYTES;
    const bytes = text + TEXT_MAX + SLACK;
    const state = head.kernels.allocate(bytes) >>> 0;
    if (state === 0) throw new VestalError("HEAD_MEMORY", "the head has no memory for remote write");
    head.bytes.fill(0, state, state + WRITE_BYTES);
    this.#state = state;
    this.#setWord(WRITE_SHARD, this.#options.shard);
    this.#setWord(WRITE_SHARD_COUNT, this.#options.shardCount);
    this.#setWord(WRITE_LABELS, state + labels);
    this.#setWord(WRITE_TEXT, state + text);
    const key = randomFillSync(new Uint8Array(16));
    head.bytes.set(key, state + WRITE_KEY);
    this.#growCache(state);
    return state;
  }

  #count(message: number): number {
    return this.#word(WRITE_COUNTS + 4 * message);
  }

  #word(field: number): number {
    return this.#at(this.#state + field);
  }

  #setWord(field: number, value: number): void {
    this.#committer.head.words[(this.#state + field) >>> 2] = value;
  }

  #int64(field: number): number {
    return this.#int64At(this.#state + field);
  }

  #at(address: number): number {
    return this.#committer.head.words[address >>> 2]!;
  }

  #int64At(address: number): number {
    return (this.#at(address + 4) | 0) * 2 ** 32 + this.#at(address);
  }

  /** A copy, since what text is made of may not be shared memory. */
  #view(address: number, length: number): Uint8Array {
    return this.#committer.head.bytes.slice(address, address + length);
  }
}

interface Staged {
  readonly refusals: WriteRefusal[];
  readonly invalid: WriteRefusal[];
  noMemory: number;
  readonly histograms: HistogramRow[];
  /** Numbers of the series of the histograms, of the exemplars. */
  readonly histogramSeries: number[];
  readonly exemplars: ExemplarRow[];
  readonly exemplarSeries: number[];
  readonly metadata: MetadataRow[];
}

type Stored = Pick<WriteOutcome, "samples" | "histograms" | "exemplars">;

const NOTHING_STORED: Stored = { samples: 0, histograms: 0, exemplars: 0 };
const NO_BYTES = new Uint8Array(0);
const CORRUPT = { reason: "corrupt", message: "snappy: corrupt input" } as const;

const NOTHING = {
  samples: 0,
  histograms: 0,
  exemplars: 0,
  refusals: [],
  invalidSeries: 0,
  invalidSamples: 0,
  invalid: [],
  noMemory: 0,
} as const;

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** Room in the head's memory that is as large as the largest request so far; requests come one after the other. */
class Region {
  readonly #committer: Committer;
  #address = 0;
  #bytes = 0;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** @throws VestalError HEAD_MEMORY */
  ensure(bytes: number): number {
    if (bytes <= this.#bytes) return this.#address;
    const { kernels } = this.#committer.head;
    const wanted = kernels.roomFor(Math.max(1024, bytes)) >>> 0;
    const address = kernels.allocate(wanted) >>> 0;
    if (address === 0) {
      throw new VestalError("HEAD_MEMORY", `the head has no memory for a request of ${bytes} bytes`, { bytes });
    }
    if (this.#bytes > 0) kernels.release(this.#address, this.#bytes);
    this.#address = address;
    this.#bytes = wanted;
    return address;
  }
}
