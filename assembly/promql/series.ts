/**
 * Several series at once, from their encoded chunks to their rows: decode, drop staleness markers, reduce. What one call
 * does for one series is what `decodeXor`, `dropStale`, `overWindows` and `selectLast` do one after the other.
 */
import { decodeXor } from "../chunk/xor-decode";
import {
  BATCH_CHUNK_BYTES,
  BATCH_CHUNKS,
  BATCH_CODE,
  BATCH_FIRST,
  BATCH_FIRST_MS,
  BATCH_MAX_TIME,
  BATCH_MIN_TIME,
  BATCH_NOW_MS,
  BATCH_NOW_STEP_MS,
  BATCH_OUT,
  BATCH_RANGE_MS,
  BATCH_RESULT_BYTES,
  BATCH_RESULTS,
  BATCH_ROW_BYTES,
  BATCH_SECOND,
  BATCH_SELECT_STAMPS,
  BATCH_SERIES,
  BATCH_STARTS,
  BATCH_STEP_MS,
  BATCH_STEPS,
  BATCH_TIMES,
  BATCH_VALUES,
} from "./codes";
import { dropStale, selectLast } from "./samples";
import { largestWindow, overWindows } from "./windows";

function field(order: usize, index: i32): f64 {
  return load<f64>(order + ((<usize>index) << 3));
}

function address(order: usize, index: i32): usize {
  return <usize>field(order, index);
}

/**
 * @param order  the fields BATCH_… as f64. Of each series: where its chunks begin among all (BATCH_STARTS, u32, one more than
 *   series), of each chunk its address, length and samples (u32). The columns at BATCH_TIMES and BATCH_VALUES have room for
 *   the samples of any one series. Row i is written to BATCH_OUT + i × BATCH_ROW_BYTES, its values and then its presence;
 *   its result (three f64) is how many steps are present, or −1 where the series must be taken another way because a chunk
 *   is damaged or overlaps the one before; then samples in the largest window; then samples in all windows.
 */
export function fillFromChunks(order: usize): void {
  const series = <u32>field(order, BATCH_SERIES);
  const starts = address(order, BATCH_STARTS);
  const chunks = address(order, BATCH_CHUNKS);
  const minTime = field(order, BATCH_MIN_TIME);
  const maxTime = field(order, BATCH_MAX_TIME);
  const times = address(order, BATCH_TIMES);
  const values = address(order, BATCH_VALUES);
  const code = <i32>field(order, BATCH_CODE);
  const firstMs = field(order, BATCH_FIRST_MS);
  const stepMs = field(order, BATCH_STEP_MS);
  const steps = <u32>field(order, BATCH_STEPS);
  const rangeMs = field(order, BATCH_RANGE_MS);
  const rowBytes = address(order, BATCH_ROW_BYTES);
  let out = address(order, BATCH_OUT);
  let result = address(order, BATCH_RESULTS);
  for (let i: usize = 0; i < <usize>series; i++) {
    const from = load<u32>(starts + (i << 2));
    const to = load<u32>(starts + (i << 2), 4);
    const count = decodeChunks(chunks, from, to, minTime, maxTime, times, values);
    const present = out + ((<usize>steps) << 3);
    let found: f64 = -1;
    if (count >= 0) {
      if (code < 0) {
        const stamps: u32 = code === BATCH_SELECT_STAMPS ? 1 : 0;
        found = <f64>selectLast(times, values, <u32>count, firstMs, stepMs, steps, rangeMs, stamps, out, present);
        store<f64>(result, <f64>count, 8);
      } else {
        const kept = dropStale(times, values, <u32>count);
        if (kept === 0) {
          memory.fill(present, 0, <usize>steps);
          found = 0;
          store<f64>(result, 0, 8);
          store<f64>(result, 0, 16);
        } else {
          const largest = largestWindow(times, kept, firstMs, stepMs, steps, rangeMs, result + 16);
          store<f64>(result, <f64>largest, 8);
          found = <f64>(
            overWindows(
              code,
              times,
              values,
              kept,
              firstMs,
              stepMs,
              steps,
              rangeMs,
              address(order, BATCH_FIRST),
              address(order, BATCH_SECOND),
              field(order, BATCH_NOW_MS),
              field(order, BATCH_NOW_STEP_MS),
              0,
              out,
              present,
            )
          );
        }
      }
    }
    store<f64>(result, found);
    result += <usize>BATCH_RESULT_BYTES;
    out += rowBytes;
  }
}

/** Decodes chunks one behind the other; −1 if one is damaged or does not begin behind the one before. */
function decodeChunks(chunks: usize, from: u32, to: u32, minTime: f64, maxTime: f64, times: usize, values: usize): i32 {
  let count: i32 = 0;
  for (let c = from; c < to; c++) {
    const chunk = chunks + <usize>c * <usize>BATCH_CHUNK_BYTES;
    const at = (<usize>count) << 3;
    const written = decodeXor(
      <usize>load<u32>(chunk),
      load<u32>(chunk, 4),
      load<u32>(chunk, 8),
      minTime,
      maxTime,
      times + at,
      values + at,
    );
    if (written < 0) return -1;
    if (count > 0 && written > 0 && load<f64>(times + at) <= load<f64>(times + at - 8)) return -1;
    count += written;
  }
  return count;
}
