/**
 * A block's `tombstones`: what was deleted of which series.
 *
 *   4 bytes magic 0x0130ba30   1 byte version 1
 *   for each interval: uvarint series ref   varint minTime   varint maxTime, inclusive
 *   4 bytes CRC-32C of the intervals
 */
import { join } from "node:path";
import { ByteReader, ByteWriter, CorruptionError, crc32c, errorCode, type Files } from "../../base/index.js";
import { TOMBSTONES_FILE, TOMBSTONES_FORMAT, TOMBSTONES_MAGIC } from "./format.js";
import { readWhole, writeWhole } from "./whole-file.js";

/** Both ends inclusive. */
export interface Interval {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Intervals of a series ascend and do not touch. */
export type Tombstones = ReadonlyMap<number, readonly Interval[]>;

const HEADER_BYTES = 5;
const CHECKSUM_BYTES = 4;
const TOMBSTONES_BYTES_MAX = 1024 * 1024 * 1024;

/** `intervals` with one more; those which overlap or follow each other without a gap are joined. */
export function addInterval(intervals: readonly Interval[], added: Interval): Interval[] {
  let { minTimeMs, maxTimeMs } = added;
  const before: Interval[] = [];
  const behind: Interval[] = [];
  for (const interval of intervals) {
    if (interval.maxTimeMs + 1 < minTimeMs) before.push(interval);
    else if (interval.minTimeMs - 1 > maxTimeMs) behind.push(interval);
    else {
      minTimeMs = Math.min(minTimeMs, interval.minTimeMs);
      maxTimeMs = Math.max(maxTimeMs, interval.maxTimeMs);
    }
  }
  return [...before, { minTimeMs, maxTimeMs }, ...behind];
}

/** Whether one of the intervals holds all of [minTimeMs, maxTimeMs]. */
export function isCovered(intervals: readonly Interval[], minTimeMs: number, maxTimeMs: number): boolean {
  return intervals.some((interval) => interval.minTimeMs <= minTimeMs && interval.maxTimeMs >= maxTimeMs);
}

export function isTouched(intervals: readonly Interval[], minTimeMs: number, maxTimeMs: number): boolean {
  return intervals.some((interval) => interval.minTimeMs <= maxTimeMs && interval.maxTimeMs >= minTimeMs);
}

export function countIntervals(tombstones: Tombstones): number {
  let count = 0;
  for (const intervals of tombstones.values()) count += intervals.length;
  return count;
}

/**
 * The tombstones of a block; none where the file is missing.
 * @throws CorruptionError TOMBSTONES
 */
export function readTombstones(files: Files, blockDir: string): Tombstones {
  const path = join(blockDir, TOMBSTONES_FILE);
  let bytes: Uint8Array;
  try {
    bytes = readWhole(files, path, TOMBSTONES_BYTES_MAX);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new Map();
    throw error;
  }
  const damaged = (why: string, cause?: unknown): CorruptionError =>
    new CorruptionError("TOMBSTONES", `${path} is damaged: ${why}`, { file: path }, cause);
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) throw damaged("it is too short");
  const head = new ByteReader(bytes);
  if (head.u32() !== TOMBSTONES_MAGIC) throw damaged("it does not begin with the number of tombstones");
  if (head.u8() !== TOMBSTONES_FORMAT) throw damaged("its version is unknown");
  const body = bytes.subarray(HEADER_BYTES, bytes.length - CHECKSUM_BYTES);
  const checksum = new ByteReader(bytes.subarray(bytes.length - CHECKSUM_BYTES)).u32();
  if (crc32c(body) !== checksum) throw damaged("its checksum does not match");
  const tombstones = new Map<number, readonly Interval[]>();
  const reader = new ByteReader(body);
  try {
    while (!reader.isAtEnd) {
      const ref = reader.uvarint();
      const interval = { minTimeMs: reader.varint(), maxTimeMs: reader.varint() };
      tombstones.set(ref, addInterval(tombstones.get(ref) ?? [], interval));
    }
  } catch (error) {
    if (error instanceof CorruptionError) throw damaged(error.message, error);
    throw error;
  }
  return tombstones;
}

/** Replaces the file in one step; returns its length. */
export function writeTombstones(files: Files, blockDir: string, tombstones: Tombstones): number {
  const body = new ByteWriter();
  for (const ref of [...tombstones.keys()].sort((a, b) => a - b)) {
    for (const { minTimeMs, maxTimeMs } of tombstones.get(ref)!) {
      body.uvarint(ref);
      body.varint(minTimeMs);
      body.varint(maxTimeMs);
    }
  }
  const out = new ByteWriter(body.length + HEADER_BYTES + CHECKSUM_BYTES);
  out.u32(TOMBSTONES_MAGIC);
  out.u8(TOMBSTONES_FORMAT);
  out.raw(body.bytes);
  out.u32(crc32c(body.bytes));
  writeWhole(files, join(blockDir, TOMBSTONES_FILE), out.bytes);
  return out.length;
}

/** Another text after each change of the file. */
export function tombstonesVersion(files: Files, blockDir: string): string {
  try {
    const { bytes, modifiedMs } = files.stat(join(blockDir, TOMBSTONES_FILE));
    return `${modifiedMs}-${bytes}`;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "none";
    throw error;
  }
}
