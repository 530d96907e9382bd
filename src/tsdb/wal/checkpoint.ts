/**
 * Keeps the log short, as Prometheus does: the lower two thirds of the closed segments are reduced to what may still be
 * needed and become `checkpoint.N`, N being the last of them; then they are removed.
 *
 *   write checkpoint.N.tmp/00000000 … ─► sync ─► rename to checkpoint.N ─► sync wal/ ─► remove segments up to N, from the
 *   lowest up ─► remove older checkpoints
 *
 * A crash between any two steps leaves a log that replays to the same: before the rename the segments are all there, after
 * it the checkpoint replaces those up to N, however many of them are left.
 */
import { join } from "node:path";
import { ByteReader, ByteWriter, errorCode, type Files, VestalError } from "../../base/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import type { WalKernels } from "./kernels.js";
import { type WalDamage, WalReader } from "./reader.js";
import {
  decodeExemplars,
  decodeHistograms,
  decodeMetadata,
  encodeExemplars,
  encodeHistograms,
  encodeMetadata,
  isHistogramRecord,
  type MetadataEntry,
  RECORD_EXEMPLARS,
  RECORD_METADATA,
  RECORD_TOMBSTONES,
} from "./records.js";
import { damageError } from "./repair.js";
import { lastCheckpoint, listSegments } from "./segments.js";
import { segmentPath, startWal, WAL_STATE_BYTES, WalState } from "./state.js";
import { WalWriter } from "./writer.js";

const RECORD_SERIES = 1;
const RECORD_SAMPLES = 2;
const RECORD_SAMPLES_V2 = 11;
const START_SAME = 1;
/** Records are written together until they pass this. */
const BATCH_BYTES = 1024 * 1024;

const CHECKPOINT_NAME = /^checkpoint\.(\d{1,9})$/;
const TEMPORARY_NAME = /^checkpoint\.\d{1,9}\.tmp$/;

export interface CheckpointOptions {
  readonly dir: string;
  readonly files: Files;
  /** An instance of the ingest kernels over `memory`, for this task alone. */
  readonly kernels: WalKernels;
  readonly memory: WebAssembly.Memory;
  /** The last segment that goes into it: closed, and not the newest. */
  readonly lastSegment: number;
  /** Whether the series record of a ref stays: it is live, or a later segment may name it. */
  readonly keepsSeries: (ref: number) => boolean;
  /** Samples below it are in blocks. */
  readonly minTimeMs: number;
  readonly compression?: "snappy" | "none";
  readonly segmentBytes?: number;
}

export interface CheckpointOutcome {
  readonly path: string;
  readonly number: number;
  readonly series: number;
  readonly seriesDropped: number;
  readonly samples: number;
  readonly samplesDropped: number;
  readonly damages: readonly WalDamage[];
}

/**
 * The last segment of the next checkpoint, where `currentSegment` is the one being written: the lower two thirds of those
 * before it. Undefined if it is not worth while yet.
 */
export function planCheckpoint(files: Files, dir: string, currentSegment: number): number | undefined {
  const first = listSegments(files, dir).at(0)?.number;
  if (first === undefined) return undefined;
  const lastClosed = currentSegment - 1;
  if (lastClosed < 0) return undefined;
  const last = first + Math.floor(((lastClosed - first) * 2) / 3);
  return last <= first ? undefined : last;
}

/**
 * Writes the checkpoint, whole or not at all; segments stay. What of an older checkpoint cannot be read is lost with it.
 *
 * @throws VestalError WAL_CORRUPTED if a segment is damaged: the log stays as it is, and the next start repairs it.
 */
export function writeCheckpoint(options: CheckpointOptions): CheckpointOutcome {
  const { files, dir, lastSegment } = options;
  const path = join(dir, `checkpoint.${String(lastSegment).padStart(8, "0")}`);
  const temporary = `${path}.tmp`;
  removeFolder(files, temporary);
  const end = { segment: lastSegment, offset: Number.MAX_SAFE_INTEGER };
  const reader = new WalReader({ ...options, end });
  try {
    const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
    startWal(state, files, temporary, -1);
    const writer = new WalWriter({ ...options, dir: temporary, state, ownerId: 1, fsync: "segment" });
    let reduction: Reduction;
    try {
      reduction = new Reduction(options, reader, writer, temporary);
      reduction.run();
      writer.finish();
    } finally {
      writer.close();
    }
    files.fsyncDir(temporary);
    files.rename(temporary, path);
    files.fsyncDir(dir);
    return { path, number: lastSegment, ...reduction.counts, damages: reader.damages };
  } catch (error) {
    try {
      removeFolder(files, temporary);
    } catch {
      // The next start removes it; the error that counts is the first one.
    }
    throw error;
  } finally {
    reader.close();
  }
}

/** Removes what checkpoint `last` replaces: segments up to it, from the lowest up, then older checkpoints. */
export function removeReplaced(files: Files, dir: string, last: number): void {
  for (const { path, number } of listSegments(files, dir)) if (number <= last) files.unlink(path);
  for (const name of files.readdir(dir)) {
    const match = CHECKPOINT_NAME.exec(name);
    if (match !== null && Number(match[1]) < last) removeFolder(files, join(dir, name));
  }
  files.fsyncDir(dir);
}

/** At a start: what a crash left of a checkpoint that was not finished, and what a finished one replaces. */
export function removeLeftovers(files: Files, dir: string): void {
  let names: string[];
  try {
    names = files.readdir(dir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  for (const name of names) if (TEMPORARY_NAME.test(name)) removeFolder(files, join(dir, name));
  const last = lastCheckpoint(files, dir);
  if (last !== undefined) removeReplaced(files, dir, last.number);
}

function removeFolder(files: Files, folder: string): void {
  let names: string[];
  try {
    names = files.readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  for (const name of names) files.unlink(join(folder, name));
  files.rmdir(folder);
}

class Reduction {
  readonly counts = { series: 0, seriesDropped: 0, samples: 0, samplesDropped: 0 };
  readonly #options: CheckpointOptions;
  readonly #reader: WalReader;
  readonly #writer: WalWriter;
  readonly #dir: string;
  readonly #metadata = new Map<number, MetadataEntry>();
  readonly #out = new ByteWriter(64 * 1024);
  #batchBytes = 0;

  constructor(options: CheckpointOptions, reader: WalReader, writer: WalWriter, dir: string) {
    this.#options = options;
    this.#reader = reader;
    this.#writer = writer;
    this.#dir = dir;
  }

  run(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.recordLength === 0) continue;
      this.#take(new Uint8Array(this.#options.memory.buffer, reader.recordAddr, reader.recordLength));
    }
    const damage = reader.damages.find(({ isCheckpoint }) => !isCheckpoint);
    if (damage !== undefined) throw damageError(damage);
    encodeMetadata([...this.#metadata.values()], (record) => this.#log(record));
    this.#commit();
  }

  #take(record: Uint8Array): void {
    const { minTimeMs, keepsSeries } = this.#options;
    const kind = record[0]!;
    if (kind === RECORD_SERIES) this.#takeSeries(record);
    else if (kind === RECORD_SAMPLES || kind === RECORD_SAMPLES_V2) this.#takeSamples(record);
    else if (isHistogramRecord(kind)) {
      const kept = this.#keptOf([...decodeHistograms(record)], ({ timestampMs }) => timestampMs >= minTimeMs);
      encodeHistograms(kept, (encoded) => this.#log(encoded));
    } else if (kind === RECORD_EXEMPLARS) {
      const all = [...decodeExemplars(record, decodeLabelBytes)];
      const kept = all.filter(({ exemplar }) => exemplar.timestampMs >= minTimeMs);
      encodeExemplars(kept, (encoded) => this.#log(encoded));
    } else if (kind === RECORD_METADATA) {
      for (const entry of decodeMetadata(record)) if (keepsSeries(entry.ref)) this.#metadata.set(entry.ref, entry);
    } else if (kind === RECORD_TOMBSTONES) this.#takeTombstones(record);
  }

  #keptOf<T>(all: readonly T[], keeps: (one: T) => boolean): T[] {
    const kept = all.filter(keeps);
    this.counts.samples += kept.length;
    this.counts.samplesDropped += all.length - kept.length;
    return kept;
  }

  #takeSeries(record: Uint8Array): void {
    const { keepsSeries } = this.#options;
    const reader = new ByteReader(record);
    reader.u8();
    const out = this.#out;
    out.clear();
    out.u8(RECORD_SERIES);
    while (!reader.isAtEnd) {
      const from = reader.at;
      const ref = reader.i64();
      for (let left = 2 * reader.count(2); left > 0; left--) reader.skip(reader.count(1));
      if (keepsSeries(ref)) {
        out.raw(reader.since(from));
        this.counts.series++;
      } else this.counts.seriesDropped++;
    }
    if (out.length > 1) this.#log(out.bytes);
  }

  /** Records of type 11 come out as type 2, which Prometheus 3.5 reads. */
  #takeSamples(record: Uint8Array): void {
    const { minTimeMs } = this.#options;
    const reader = new ByteReader(record);
    const isV2 = reader.u8() === RECORD_SAMPLES_V2;
    const out = this.#out;
    out.clear();
    if (reader.isAtEnd) return;
    let baseRef = isV2 ? 0 : reader.i64();
    let baseTime = isV2 ? 0 : reader.i64();
    let firstRef = 0;
    let firstTime = 0;
    for (let isFirst = true; !reader.isAtEnd; isFirst = false) {
      const ref = baseRef + reader.varint();
      const time = baseTime + reader.varint();
      if (isV2) {
        baseRef = ref;
        if (isFirst) {
          baseTime = time;
          reader.varint();
        } else if (reader.u8() > START_SAME) reader.varint();
      }
      const bits = reader.raw(8);
      if (time < minTimeMs) {
        this.counts.samplesDropped++;
        continue;
      }
      this.counts.samples++;
      if (out.length === 0) {
        firstRef = ref;
        firstTime = time;
        out.u8(RECORD_SAMPLES);
        out.i64(ref);
        out.i64(time);
      }
      out.varint(ref - firstRef);
      out.varint(time - firstTime);
      out.raw(bits);
    }
    if (out.length > 0) this.#log(out.bytes);
  }

  #takeTombstones(record: Uint8Array): void {
    const reader = new ByteReader(record);
    reader.u8();
    const out = this.#out;
    out.clear();
    out.u8(RECORD_TOMBSTONES);
    while (!reader.isAtEnd) {
      const from = reader.at;
      reader.i64();
      reader.varint();
      if (reader.varint() >= this.#options.minTimeMs) out.raw(reader.since(from));
    }
    if (out.length > 1) this.#log(out.bytes);
  }

  #log(record: Uint8Array): void {
    this.#writer.logRecord(record);
    this.#batchBytes += record.length;
    if (this.#batchBytes >= BATCH_BYTES) this.#commit();
  }

  #commit(): void {
    this.#batchBytes = 0;
    const { finishedSegment } = this.#writer.commit();
    if (finishedSegment === undefined) return;
    try {
      this.#writer.syncSegment(finishedSegment);
    } catch (error) {
      const file = segmentPath(this.#dir, finishedSegment);
      throw new VestalError("WAL_CHECKPOINT", `wal: cannot sync ${file} of a checkpoint`, { file }, error);
    }
  }
}
