/**
 * Brings a WAL's series and samples back into one shard's head. The loop over samples is a kernel that fills the staging
 * table; label sets go through the caller, who knows the shard and resolves them. Nothing is logged again.
 */
import {
  DROPPED_SLOT,
  RECORD_SAMPLES,
  RECORD_SAMPLES_V2,
  RECORD_SERIES,
  REPLAY_BYTES,
  REPLAY_DUPLICATE_REFS,
  REPLAY_LABELS,
  REPLAY_LABELS_LENGTH,
  REPLAY_MAX_REF,
  REPLAY_MAX_TIME,
  REPLAY_MIN_TIME,
  REPLAY_MIN_VALID_TIME,
  REPLAY_POSITION,
  REPLAY_REF,
  REPLAY_SAMPLES,
  REPLAY_STAGED,
  REPLAY_TOO_OLD,
  REPLAY_UNKNOWN,
  STAGED_BYTES,
} from "../../../assembly/layout.js";
import { CorruptionError, type Files, VestalError } from "../../base/index.js";
import type { Exemplar, SeriesMetadata } from "../../model/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import { ArenaBuffer } from "./arena-buffer.js";
import type { WalKernels } from "./kernels.js";
import { type WalDamage, WalReader } from "./reader.js";
import {
  decodeExemplars,
  decodeHistograms,
  decodeMetadata,
  decodeMmapMarkers,
  decodeSamples,
  decodeTombstones,
  type HistogramEntry,
  isHistogramRecord,
  RECORD_EXEMPLARS,
  RECORD_METADATA,
  RECORD_MMAP_MARKERS,
  RECORD_TOMBSTONES,
  type SampleEntry,
} from "./records.js";
import { listSegments } from "./segments.js";
import type { WalPosition } from "./state.js";

/** What replay asks of the head it fills. */
export interface ReplayHead {
  /**
   * Slot of the label set in LABEL BYTES; created with the ref `refHigh × 2^32 + refLow` if it is new. −1 if the bytes are
   * no label set that a head takes, another negative number if the head takes no more series.
   */
  resolveSeries(labelsAddr: number, labelsLength: number, refLow: number, refHigh: number): number;
  /** Appends staged rows, whose slots are real, without logging them; rows out of order are dropped silently. */
  appendStaged(stagingAddr: number, rows: number): void;
  /** Takes histograms of one record, in its order; slots are real, times not below the least valid one. */
  appendHistograms?(rows: readonly { readonly slot: number; readonly entry: HistogramEntry }[]): void;
  addExemplar?(slot: number, exemplar: Exemplar): void;
  setMetadata?(slot: number, metadata: SeriesMetadata): void;
  /** Samples in [minTimeMs, maxTimeMs] were deleted. */
  addTombstone?(slot: number, minTimeMs: number, maxTimeMs: number): void;
}

/** The log of samples out of order, and who takes what it says. */
export interface ReplayOutOfOrder {
  readonly dir: string;
  readonly end?: WalPosition | undefined;
  insert(slot: number, sample: Pick<SampleEntry, "timestampMs" | "low" | "high">): void;
  insertHistogram(slot: number, entry: HistogramEntry): void;
  /** All samples of the series up to here lie in chunks_head up to there. */
  clear(slot: number, file: number, offset: number): void;
}

export interface ReplayOptions {
  readonly dir: string;
  readonly files: Files;
  readonly kernels: WalKernels;
  readonly memory: WebAssembly.Memory;
  readonly head: ReplayHead;
  /** Replayed behind the log itself; without it, or where its folder is missing, nothing is. */
  readonly outOfOrder?: ReplayOutOfOrder;
  /** True for label sets that this shard keeps; undefined where there is one shard. */
  readonly isOwn?: (labelsAddr: number, labelsLength: number) => boolean;
  /** Samples below it are left out, since a block has them, and so are exemplars, as in Prometheus. */
  readonly minValidTimeMs?: number;
  readonly salvage?: boolean;
  /** Where to stop in a log that this process writes: its committed position. */
  readonly end?: WalPosition;
  /** Remember other shards' refs too, so that samples without any series are told apart from theirs. */
  readonly countsUnknownRefs?: boolean;
  /** Each series record that was taken: its ref leads to `slot` from now on, −1 if it is another shard's. */
  readonly onSeries?: (slot: number, refLow: number, refHigh: number) => void;
  readonly onProgress?: (filesDone: number, filesAll: number) => void;
  /** Records that the head takes nothing of, by kind; the address is valid during the call. */
  readonly onOtherRecord?: (kind: number, recordAddr: number, recordLength: number) => void;
}

export interface ReplayOutcome {
  readonly files: number;
  readonly series: number;
  /** Refs that name a label set which had another ref before. */
  readonly duplicateRefs: number;
  /** Series that the head did not take because they are malformed, or because it is full; their samples are unknown. */
  readonly seriesMalformed: number;
  readonly seriesRefused: number;
  readonly samples: number;
  readonly samplesStaged: number;
  readonly samplesTooOld: number;
  /** Of `samplesStaged`: native histograms. */
  readonly histogramsStaged: number;
  readonly exemplars: number;
  /** Samples whose ref no series record explains; 0 unless `countsUnknownRefs`, or there is one shard. */
  readonly samplesUnknown: number;
  /** Of staged samples; undefined if there were none. */
  readonly minTimeMs: number | undefined;
  readonly maxTimeMs: number | undefined;
  /** Greatest ref in the log, of all shards; 0 if there is none. */
  readonly maxRef: number;
  /** Records by kind (first byte), those that no version of Prometheus writes included. */
  readonly records: ReadonlyMap<number, number>;
  readonly damages: readonly WalDamage[];
  /** Of the log of samples out of order. */
  readonly outOfOrder: { readonly samples: number; readonly damages: readonly WalDamage[] };
}

/** Rows of the staging table that one call fills: 128 KiB, small enough to stay in the cache until it is appended. */
const STAGED_ROWS = 4096;

/**
 * Replays checkpoint and segments into the head.
 *
 * @throws VestalError HEAD_MEMORY if the memory has no room for what replay itself needs.
 */
export function replayInto(options: ReplayOptions): ReplayOutcome {
  const { kernels, memory } = options;
  const reader = new WalReader(options);
  const staging = new ArenaBuffer(kernels, memory, "the staging table");
  const state = new ArenaBuffer(kernels, memory, "replay");
  let table = 0;
  try {
    staging.ensure(STAGED_ROWS * STAGED_BYTES);
    state.ensure(REPLAY_BYTES);
    table = kernels.createRefTable(0) >>> 0;
    if (table === 0) throw memoryFull();
    kernels.initReplay(state.address);
    return new Replay(options, reader, state.address, staging.address, table).run();
  } finally {
    if (table !== 0) kernels.releaseRefTable(table);
    staging.release();
    state.release();
    reader.close();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #reader: WalReader;
  readonly #state: number;
  readonly #staging: number;
  readonly #table: number;
  readonly #view: DataView;
  readonly #records = new Map<number, number>();
  #series = 0;
  #seriesMalformed = 0;
  #seriesRefused = 0;
  #histograms = 0;
  #histogramsStaged = 0;
  #histogramsTooOld = 0;
  #histogramsUnknown = 0;
  #exemplars = 0;
  /** Of records read here. */
  #maxRef = 0;
  #minTimeMs = Number.POSITIVE_INFINITY;
  #maxTimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReplayOptions, reader: WalReader, state: number, staging: number, table: number) {
    this.#options = options;
    this.#reader = reader;
    this.#state = state;
    this.#staging = staging;
    this.#table = table;
    this.#view = new DataView(options.memory.buffer);
    if (options.minValidTimeMs !== undefined) {
      this.#view.setBigInt64(state + REPLAY_MIN_VALID_TIME, BigInt(Math.ceil(options.minValidTimeMs)), true);
    }
  }

  run(): ReplayOutcome {
    const { kernels } = this.#options;
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.recordLength === 0) continue; // Prometheus skips them too
      const kind = this.#view.getUint8(reader.recordAddr);
      this.#records.set(kind, (this.#records.get(kind) ?? 0) + 1);
      kernels.beginRecord(this.#state);
      if (kind === RECORD_SERIES) this.#takeSeries();
      else if (kind === RECORD_SAMPLES || kind === RECORD_SAMPLES_V2) this.#takeSamples();
      else this.#takeOther(kind);
    }
    const { outOfOrder } = this.#options;
    const late = outOfOrder === undefined ? NO_OUT_OF_ORDER : this.#replayOutOfOrder(outOfOrder);
    return { ...this.#outcome(), outOfOrder: late };
  }

  #replayOutOfOrder(into: ReplayOutOfOrder): ReplayOutcome["outOfOrder"] {
    const { files, kernels, memory, salvage } = this.#options;
    if (listSegments(files, into.dir).length === 0) return NO_OUT_OF_ORDER;
    const ends = { ...(into.end !== undefined && { end: into.end }), ...(salvage !== undefined && { salvage }) };
    const reader = new WalReader({ dir: into.dir, files, kernels, memory, ...ends });
    let samples = 0;
    try {
      while (reader.next()) {
        if (reader.recordLength === 0) continue;
        const record = new Uint8Array(memory.buffer, reader.recordAddr, reader.recordLength).slice();
        try {
          samples += this.#takeOutOfOrder(record, into);
        } catch (error) {
          if (!(error instanceof CorruptionError)) throw error;
          reader.refuseRecord(`malformed record of kind ${record[0]}`);
        }
      }
      return { samples, damages: reader.damages };
    } finally {
      reader.close();
    }
  }

  /** Returns how many samples were taken; those of unknown series are left out, as in Prometheus. */
  #takeOutOfOrder(record: Uint8Array, into: ReplayOutOfOrder): number {
    const kind = record[0]!;
    let taken = 0;
    if (kind === RECORD_SAMPLES || kind === RECORD_SAMPLES_V2) {
      for (const sample of decodeSamples(record)) {
        const slot = this.#slotOf(sample.ref);
        if (slot < 0) continue;
        into.insert(slot, sample);
        taken++;
      }
    } else if (isHistogramRecord(kind)) {
      for (const entry of decodeHistograms(record)) {
        const slot = this.#slotOf(entry.ref);
        if (slot < 0) continue;
        into.insertHistogram(slot, entry);
        taken++;
      }
    } else if (kind === RECORD_MMAP_MARKERS) {
      for (const { ref, file, offset } of decodeMmapMarkers(record)) {
        const slot = this.#slotOf(ref);
        if (slot >= 0) into.clear(slot, file, offset);
      }
    }
    return taken;
  }

  #takeSeries(): void {
    const { kernels, head, isOwn, onSeries, countsUnknownRefs = isOwn === undefined } = this.#options;
    const { recordAddr, recordLength } = this.#reader;
    for (;;) {
      const status = kernels.nextSeries(this.#state, recordAddr, recordLength);
      if (status === 0) return;
      if (status < 0) {
        this.#reader.refuseRecord("malformed series record");
        return;
      }
      const labelsAddr = this.#view.getUint32(this.#state + REPLAY_LABELS, true);
      const labelsLength = this.#view.getUint32(this.#state + REPLAY_LABELS_LENGTH, true);
      const refLow = this.#view.getUint32(this.#state + REPLAY_REF, true);
      const refHigh = this.#view.getUint32(this.#state + REPLAY_REF + 4, true);
      let slot = DROPPED_SLOT;
      if (isOwn === undefined || isOwn(labelsAddr, labelsLength)) {
        slot = head.resolveSeries(labelsAddr, labelsLength, refLow, refHigh);
        if (slot < 0) {
          if (slot === -1) this.#seriesMalformed++;
          else this.#seriesRefused++;
          continue;
        }
        this.#series++;
      } else if (!countsUnknownRefs) {
        onSeries?.(-1, refLow, refHigh);
        continue;
      }
      if (kernels.adoptSeries(this.#state, this.#table, slot) === 0) throw memoryFull();
      onSeries?.(slot === DROPPED_SLOT ? -1 : slot, refLow, refHigh);
    }
  }

  #takeSamples(): void {
    const { kernels, head } = this.#options;
    const { recordAddr, recordLength } = this.#reader;
    do {
      const rows = kernels.stageSamples(this.#state, recordAddr, recordLength, this.#table, this.#staging, STAGED_ROWS);
      if (rows < 0) {
        this.#reader.refuseRecord("malformed samples record");
        return;
      }
      if (rows > 0) head.appendStaged(this.#staging, rows);
    } while (this.#view.getUint32(this.#state + REPLAY_POSITION, true) < recordLength);
  }

  #takeOther(kind: number): void {
    const { memory, head, onOtherRecord } = this.#options;
    const { recordAddr, recordLength } = this.#reader;
    const record = new Uint8Array(memory.buffer, recordAddr, recordLength);
    try {
      if (isHistogramRecord(kind) && head.appendHistograms !== undefined) this.#takeHistograms(record);
      else if (kind === RECORD_EXEMPLARS && head.addExemplar !== undefined) {
        const minValidTimeMs = this.#options.minValidTimeMs ?? Number.NEGATIVE_INFINITY;
        for (const { ref, exemplar } of decodeExemplars(record, decodeLabelBytes)) {
          const slot = this.#slotOf(ref);
          if (slot < 0 || exemplar.timestampMs < minValidTimeMs) continue;
          this.#exemplars++;
          head.addExemplar(slot, exemplar);
        }
      } else if (kind === RECORD_METADATA && head.setMetadata !== undefined) {
        for (const { ref, metadata } of decodeMetadata(record)) {
          const slot = this.#slotOf(ref);
          if (slot >= 0) head.setMetadata(slot, metadata);
        }
      } else if (kind === RECORD_TOMBSTONES && head.addTombstone !== undefined) {
        for (const { ref, minTimeMs, maxTimeMs } of decodeTombstones(record)) {
          const slot = this.#slotOf(ref);
          if (slot >= 0) head.addTombstone(slot, minTimeMs, maxTimeMs);
        }
      } else onOtherRecord?.(kind, recordAddr, recordLength);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#reader.refuseRecord(`malformed record of kind ${kind}`);
    }
  }

  #takeHistograms(record: Uint8Array): void {
    const minValidTimeMs = this.#options.minValidTimeMs ?? Number.NEGATIVE_INFINITY;
    const rows: { slot: number; entry: HistogramEntry }[] = [];
    for (const entry of decodeHistograms(record)) {
      this.#histograms++;
      const slot = this.#slotOf(entry.ref);
      if (slot < 0) {
        if (slot === -1) this.#histogramsUnknown++;
      } else if (entry.timestampMs < minValidTimeMs) this.#histogramsTooOld++;
      else {
        rows.push({ slot, entry });
        this.#minTimeMs = Math.min(this.#minTimeMs, entry.timestampMs);
        this.#maxTimeMs = Math.max(this.#maxTimeMs, entry.timestampMs);
      }
    }
    if (rows.length === 0) return;
    this.#histogramsStaged += rows.length;
    this.#options.head.appendHistograms?.(rows);
  }

  #slotOf(ref: number): number {
    if (ref > this.#maxRef) this.#maxRef = ref;
    const high = Math.floor(ref / 2 ** 32);
    return this.#options.kernels.findRef(this.#table, ref >>> 0, high) | 0;
  }

  #outcome(): Omit<ReplayOutcome, "outOfOrder"> {
    const view = this.#view;
    const count = (field: number) => view.getFloat64(this.#state + field, true);
    const staged = count(REPLAY_STAGED);
    const knowsForeign = this.#options.isOwn === undefined || this.#options.countsUnknownRefs === true;
    const time = (field: number, ofHistograms: number, pick: (...times: number[]) => number) => {
      if (staged === 0) return this.#histogramsStaged === 0 ? undefined : ofHistograms;
      return pick(ofHistograms, Number(view.getBigInt64(this.#state + field, true)));
    };
    return {
      files: this.#reader.filesDone,
      series: this.#series,
      duplicateRefs: count(REPLAY_DUPLICATE_REFS),
      seriesMalformed: this.#seriesMalformed,
      seriesRefused: this.#seriesRefused,
      samples: count(REPLAY_SAMPLES) + this.#histograms,
      samplesStaged: staged + this.#histogramsStaged,
      samplesTooOld: count(REPLAY_TOO_OLD) + this.#histogramsTooOld,
      histogramsStaged: this.#histogramsStaged,
      exemplars: this.#exemplars,
      samplesUnknown: knowsForeign ? count(REPLAY_UNKNOWN) + this.#histogramsUnknown : 0,
      minTimeMs: time(REPLAY_MIN_TIME, this.#minTimeMs, Math.min),
      maxTimeMs: time(REPLAY_MAX_TIME, this.#maxTimeMs, Math.max),
      maxRef: Math.max(this.#maxRef, Number(view.getBigUint64(this.#state + REPLAY_MAX_REF, true))),
      records: this.#records,
      damages: this.#reader.damages,
    };
  }
}

const NO_OUT_OF_ORDER = { samples: 0, damages: [] };

function memoryFull(): VestalError {
  return new VestalError(
    "HEAD_MEMORY",
    "wal: the head's memory has no room to replay the log; start with a larger one, or with fewer shards",
  );
}
