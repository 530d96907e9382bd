/** Sets up the memory of a new head. */

import { makeDigestKeys } from "../exposition/digest";
import { growPairTable } from "../index/pairs";
import { growSymbolTable } from "../index/symbols";
import { newRecord } from "../index/tables";
import {
  COMMITTED,
  EPOCH,
  HEAD_CHUNK_RANGE,
  HEAD_HASH_SEED,
  HEAD_LIMIT,
  HEAD_SAMPLES_PER_CHUNK,
  HEAD_SHARD_COUNT,
  HEAD_SHARD_INDEX,
  HEAD_VERSION,
  LAYOUT_VERSION,
  PAIR_BYTES,
  PAIR_COUNT,
  PAIR_DIRECTORY,
  REMOVED_ID,
  ROOT_NEXT_REF,
  ROOT_REF_END,
  ROOT_SCRATCH,
  ROOT_SERIES_LIMIT,
  SYMBOL_COUNT,
  SYMBOL_DIRECTORY,
  SYMBOL_TEXT,
} from "../layout";
import { allocate, initArena } from "../memory/arena";
import { SCRATCH_REGION_BYTES } from "./label-bytes";

/**
 * Sets up an all-zero memory of `limit` bytes (at least 4 MiB). Called once, before any other thread knows the memory.
 * Refs are to be given by `setRefRange`. `digestSeed` is a random whole number below 2^53.
 */
export function initHead(
  shardIndex: u32,
  shardCount: u32,
  seed: u32,
  limit: u32,
  chunkRange: u32,
  samplesPerChunk: u32,
  seriesLimit: u32,
  digestSeed: f64,
): void {
  store<u32>(HEAD_SHARD_INDEX, shardIndex);
  store<u32>(HEAD_SHARD_COUNT, shardCount);
  store<u32>(HEAD_HASH_SEED, seed);
  store<u32>(HEAD_LIMIT, limit);
  store<u32>(HEAD_CHUNK_RANGE, chunkRange);
  store<u32>(HEAD_SAMPLES_PER_CHUNK, samplesPerChunk);
  store<u32>(ROOT_SERIES_LIMIT, seriesLimit);
  store<u32>(SYMBOL_COUNT, REMOVED_ID + 1); // 0 is the empty string
  store<u32>(PAIR_COUNT, REMOVED_ID + 1); // 0 is none
  store<u32>(EPOCH, 1);
  store<u32>(COMMITTED, 0);
  initArena();
  store<u32>(ROOT_SCRATCH, <u32>allocate(SCRATCH_REGION_BYTES));
  makeDigestKeys(digestSeed);
  newRecord(SYMBOL_DIRECTORY, 0, 4);
  newRecord(PAIR_DIRECTORY, 0, PAIR_BYTES);
  // REMOVED_ID: an empty text, which is looked up nowhere, and a pair whose name has no text.
  const removed = allocate(<u32>SYMBOL_TEXT);
  store<u64>(removed, 0);
  store<u32>(newRecord(SYMBOL_DIRECTORY, REMOVED_ID, 4), <u32>removed);
  growSymbolTable(1);
  growPairTable(1, 0);
  atomic.store<u32>(HEAD_VERSION, LAYOUT_VERSION);
}

/** Sets the range [next, end) from which new series get their refs; both are below 2^40. */
export function setRefRange(next: f64, end: f64): void {
  store<u64>(ROOT_NEXT_REF, <u64>next);
  store<u64>(ROOT_REF_END, <u64>end);
}

/** Refs that are left in the range. */
export function refsLeft(): f64 {
  return <f64>(load<u64>(ROOT_REF_END) - load<u64>(ROOT_NEXT_REF));
}
