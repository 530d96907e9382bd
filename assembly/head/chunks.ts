/**
 * Chunks of a series in the head: when a new one begins (Prometheus' rules, memSeries.append in tsdb/head_append.go), how
 * the open one grows, and what closing it does.
 */

import { beginXor, REPEAT_ROOM, SAMPLE_ROOM } from "../chunk/xor-encode";
import {
  CHUNK_CAPACITY,
  CHUNK_COUNT,
  CHUNK_DATA,
  CHUNK_ENCODING,
  CHUNK_FLAGS,
  CHUNK_LENGTH,
  CHUNK_MAX_TIME,
  CHUNK_MIN_TIME,
  CHUNK_PREVIOUS,
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_CREATED,
  DISK_CHUNK_FLAG,
  HEAD_CHUNK_RANGE,
  HEAD_SAMPLES_PER_CHUNK,
  SLOT_BITS,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_NEXT_CUT,
  SLOT_SAMPLES,
} from "../layout";
import { allocate, fitting, isReserved, reserve, retire, roomFor } from "../memory/arena";
import { bump } from "./series";

/** Header and 64 bytes: what a chunk of a series that stands still needs in all. */
const FIRST_CHUNK_BYTES: u32 = 96;
/** Prometheus cuts before a sample that could pass 1,024 bytes: 1,024 − 19. */
const MAX_BYTES_BEFORE_SAMPLE: u32 = 1005;
/** The region of the longest chunk: header, 1,024 bytes and SAMPLE_ROOM. */
const LARGEST_CHUNK_BYTES: u32 = 1536;
const NOTE_BYTES: u32 = 16;
/** What one more sample can allocate at most. */
export const MOST_BYTES_PER_SAMPLE: u32 = 1552;

/**
 * The chunk that takes a sample at `time`: the open one, grown if it lacks room, or a new one. 0 if there is no memory.
 * `time` is above the newest of the series.
 */
export function chunkForSample(slot: usize, time: i64, value: u64): usize {
  const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
  if (chunk === 0) return beginChunk(slot, 0, time, FIRST_CHUNK_BYTES, FIRST_CHUNK_BYTES);
  if (isClosed(chunk) || !isXor(chunk)) return beginChunk(slot, chunk, time, FIRST_CHUNK_BYTES, FIRST_CHUNK_BYTES);
  const samples = <u32>load<u16>(slot, SLOT_SAMPLES);
  const used = (load<u32>(slot, SLOT_BITS) + 7) >> 3;
  const target = load<u32>(HEAD_SAMPLES_PER_CHUNK);
  if (samples === target >> 2 && used <= MAX_BYTES_BEFORE_SAMPLE) predictCut(slot, chunk);
  if (isCutDue(slot, time, samples, used, target)) {
    return beginChunk(slot, chunk, time, nextChunkBytes(used), FIRST_CHUNK_BYTES);
  }
  const room: u32 = value === load<u64>(slot, SLOT_LAST_VALUE) ? REPEAT_ROOM : SAMPLE_ROOM;
  if (used + room <= load<u32>(chunk, CHUNK_CAPACITY)) return chunk;
  const bytes = chunkBytes(chunk);
  return growChunk(slot, chunk, used, grownBytes(bytes, used, samples, target), leastBytes(used));
}

function isCutDue(slot: usize, time: i64, samples: u32, used: u32, target: u32): bool {
  return used > MAX_BYTES_BEFORE_SAMPLE || time >= load<i64>(slot, SLOT_NEXT_CUT) || samples >= target << 1;
}

/**
 * At a quarter of the target, moves the next cut to where chunks of equal length fill the rest of the chunk range, if
 * samples go on at their pace (computeChunkEndTime).
 */
function predictCut(slot: usize, chunk: usize): void {
  const start = load<i64>(chunk, CHUNK_MIN_TIME);
  const current = load<i64>(slot, SLOT_LAST_TIME);
  const max = load<i64>(slot, SLOT_NEXT_CUT);
  const chunks = <f64>(max - start) / (<f64>(current - start + 1) * 4);
  if (chunks <= 1) return;
  store<i64>(slot, <i64>(<f64>start + <f64>(max - start) / floor<f64>(chunks)), SLOT_NEXT_CUT);
}

/** A series goes on as it was: the next chunk gets the room that the one before needed, so that it need not grow. */
function nextChunkBytes(used: u32): u32 {
  const bytes = roomFor(<u32>CHUNK_DATA + used);
  return bytes < FIRST_CHUNK_BYTES ? FIRST_CHUNK_BYTES : bytes;
}

/** Bytes that a chunk with `used` bytes must have for one more sample, whatever it is. */
function leastBytes(used: u32): u32 {
  return <u32>CHUNK_DATA + used + <u32>SAMPLE_ROOM;
}

/**
 * Region for a chunk that has outgrown `bytes` with `samples` samples in `used` bytes: what it will need at the target if
 * samples stay as long as they are; before half of the target at most half as much again. No more than it must have where memory
 * is scarce. All series of a target grow at about the same time and leave their old regions behind together, where they become
 * one with their neighbours and serve the series of the next target.
 */
function grownBytes(bytes: u32, used: u32, samples: u32, target: u32): u32 {
  const least = leastBytes(used);
  if (isReserved()) return roomFor(least);
  const expected = <u32>CHUNK_DATA + (used * target) / samples + <u32>SAMPLE_ROOM;
  const isEarly = samples << 1 < target && bytes < LARGEST_CHUNK_BYTES / 2;
  const most = isEarly ? bytes + (bytes >> 1) : LARGEST_CHUNK_BYTES;
  const wanted = expected > most ? most : expected;
  return roomFor(wanted < least ? least : wanted);
}

/**
 * Closes `previous` (0: none) and opens a new chunk whose first sample will be at `time`, in a region of `bytes`, or of at
 * least `least` where an earlier owner left one.
 */
export function beginChunk(slot: usize, previous: usize, time: i64, bytes: u32, least: u32): usize {
  const room = fitting(least, bytes);
  const chunk = allocate(room);
  if (chunk === 0) return 0;
  if (previous !== 0) closeChunk(slot, previous);
  const range = <i64>load<u32>(HEAD_CHUNK_RANGE);
  store<u32>(chunk, <u32>previous, CHUNK_PREVIOUS);
  store<u32>(chunk, room - <u32>CHUNK_DATA, CHUNK_CAPACITY);
  store<i64>(chunk, time, CHUNK_MIN_TIME);
  store<i64>(chunk, time, CHUNK_MAX_TIME);
  store<u32>(chunk, 0, CHUNK_LENGTH);
  store<u16>(chunk, 0, CHUNK_COUNT);
  store<u16>(chunk, 1, CHUNK_ENCODING);
  store<u16>(chunk, 0, CHUNK_DATA);
  store<i64>(slot, (time / range) * range + range, SLOT_NEXT_CUT);
  beginXor(slot);
  store<u32>(slot, <u32>chunk, SLOT_CHUNK);
  store<u32>(slot, load<u32>(slot, SLOT_CHUNKS) + 1, SLOT_CHUNKS);
  bump(COUNTER_CHUNKS, 1);
  bump(COUNTER_CHUNKS_CREATED, 1);
  return chunk;
}

/**
 * Writes what readers need of a closed chunk. Its region keeps its size until the chunk leaves for the disk: then the next
 * chunk takes it as it is. Cut to size, it would leave two parts behind, of which neither holds the next chunk.
 */
export function closeChunk(slot: usize, chunk: usize): void {
  if (isClosed(chunk)) return;
  const samples = load<u16>(slot, SLOT_SAMPLES);
  const length = (load<u32>(slot, SLOT_BITS) + 7) >> 3;
  store<u16>(chunk, bswap<u16>(samples), CHUNK_DATA);
  store<i64>(chunk, load<i64>(slot, SLOT_LAST_TIME), CHUNK_MAX_TIME);
  store<u16>(chunk, samples, CHUNK_COUNT);
  store<u32>(chunk, length, CHUNK_LENGTH);
}

/** Chunks of histograms are written elsewhere: a float sample begins a chunk of its own behind them. */
function isXor(chunk: usize): bool {
  return load<u8>(chunk, CHUNK_ENCODING) === 1;
}

/** Whether `chunk` takes no more samples: so is every chunk but the newest, and that one where its series stood still. */
export function isClosed(chunk: usize): bool {
  return load<u32>(chunk, CHUNK_LENGTH) !== 0;
}

export function isOnDisk(chunk: usize): bool {
  return (load<u8>(chunk, CHUNK_FLAGS) & <u8>DISK_CHUNK_FLAG) !== 0;
}

/** Bytes of the region of `chunk`. */
export function chunkBytes(chunk: usize): u32 {
  return <u32>CHUNK_DATA + load<u32>(chunk, CHUNK_CAPACITY);
}

/** Replaces the open chunk by a copy in a region of `wanted` bytes, or at least `least`. Readers that know the old one may go on with it. */
export function growChunk(slot: usize, chunk: usize, used: u32, wanted: u32, least: u32): usize {
  const bytes = chunkBytes(chunk);
  const room = fitting(least, wanted);
  const grown = allocate(room);
  if (grown === 0) return 0;
  memory.copy(grown, chunk, <usize>(<u32>CHUNK_DATA + used));
  store<u32>(grown, room - <u32>CHUNK_DATA, CHUNK_CAPACITY);
  store<u32>(slot, <u32>grown, SLOT_CHUNK);
  retire(chunk, bytes);
  return grown;
}

/**
 * Counts on the memory for a sample at `time` that comes after `pending` accepted ones of the same batch. What the first
 * one needs is known; later ones count on fresh memory for the worst case.
 */
export function reserveForSample(slot: usize, time: i64, pending: u32): bool {
  if (pending !== 0) return reserve(LARGEST_CHUNK_BYTES) && reserve(NOTE_BYTES);
  const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
  if (chunk === 0 || isClosed(chunk) || !isXor(chunk)) return reserve(FIRST_CHUNK_BYTES);
  const samples = <u32>load<u16>(slot, SLOT_SAMPLES);
  const used = (load<u32>(slot, SLOT_BITS) + 7) >> 3;
  const target = load<u32>(HEAD_SAMPLES_PER_CHUNK);
  const mayCut = samples === target >> 2 || isCutDue(slot, time, samples, used, target);
  if (mayCut && !reserve(nextChunkBytes(used))) return false;
  const bytes = chunkBytes(chunk);
  if (used + SAMPLE_ROOM + <u32>CHUNK_DATA <= bytes) return true;
  return reserve(grownBytes(bytes, used, samples, target)) && reserve(NOTE_BYTES);
}
