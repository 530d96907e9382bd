/**
 * Places of native histogram chunks in the head. Their bits are written by the ingest thread's TypeScript (src/tsdb/chunk), which
 * keeps each open chunk's encoder; here are the region, the chain, the slot and the entry, by the same rules as for XOR chunks.
 *
 * A row goes in three steps: `claimHistogram`, then `beginHistogram` (a new chunk), `replaceHistogram` (all bytes change) or
 * neither (bytes are added behind those that readers know), then the caller writes the bytes, then `endHistogram`.
 */
import {
  CHUNK_DATA,
  CHUNK_ENCODING,
  COUNTER_HISTOGRAMS_APPENDED,
  SLOT_BITS,
  SLOT_CHUNK,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_SAMPLES,
} from "../layout";
import { neverUsed } from "../memory/arena";
import { claimOlderEntry, countAppended, fence, writeEntry } from "./append";
import { beginChunk, growChunk } from "./chunks";
import { bump } from "./series";
import { slotAddress } from "./slots";

/** True while a row that may take `bytes` bytes of chunks finds room surely. */
export function isRoomForHistogram(bytes: f64): bool {
  return <f64>neverUsed() >= bytes;
}

/** From here on readers pass over the slot's older entry. */
export function claimHistogram(index: u32, commit: u32): void {
  claimOlderEntry(slotAddress(index), commit);
  fence();
}

/** Closes what is open and begins a chunk of `encoding` with room for `bytes` of data. Its address, 0 without memory. */
export function beginHistogram(index: u32, time: f64, encoding: u32, bytes: u32): usize {
  const slot = slotAddress(index);
  const room = <u32>CHUNK_DATA + bytes;
  const chunk = beginChunk(slot, <usize>load<u32>(slot, SLOT_CHUNK), <i64>time, room, room);
  if (chunk !== 0) store<u8>(chunk, <u8>encoding, CHUNK_ENCODING);
  return chunk;
}

/** Moves the open chunk to a region with room for `bytes` of data; readers go on with the old one. 0 without memory. */
export function replaceHistogram(index: u32, bytes: u32): usize {
  const slot = slotAddress(index);
  const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
  const room = <u32>CHUNK_DATA + bytes;
  return growChunk(slot, chunk, 0, room, room);
}

/** The open chunk has `samples` samples in `bytes` bytes now, the newest at `time`; `low` and `high` stand for its value. */
export function endHistogram(index: u32, commit: u32, time: f64, low: u32, high: u32, samples: u32, bytes: u32): void {
  const slot = slotAddress(index);
  store<i64>(slot, <i64>time, SLOT_LAST_TIME);
  store<u64>(slot, ((<u64>high) << 32) | <u64>low, SLOT_LAST_VALUE);
  store<u16>(slot, <u16>samples, SLOT_SAMPLES);
  store<u32>(slot, bytes << 3, SLOT_BITS);
  writeEntry(slot, commit);
  countAppended(1, time, time);
  bump(COUNTER_HISTOGRAMS_APPENDED, 1);
}

/** A row that found no memory after all: the entry says what the slot holds still. */
export function abandonHistogram(index: u32, commit: u32): void {
  writeEntry(slotAddress(index), commit);
}
