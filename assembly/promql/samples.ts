/**
 * From decoded samples of one series to a row of steps: the instant selector, and the changes of form around it.
 *
 * Samples are two columns: `times` (f64 milliseconds, ascending) and `values`. A row is `steps` f64 values and as many
 * bytes of presence: 0 where the step has no value, 1 where it has a float, 2 where it has a histogram, whose number in
 * the evaluation's table stands for it; the value of an absent step is undefined. All addresses of f64 are
 * 8-byte aligned. Every kernel returns the number of present steps or of samples.
 */

/** The bits of the NaN that marks where a series ended. */
const STALE: u64 = ((<u64>0x7ff00000) << 32) | 2;

/**
 * The newest sample in (t − lookback, t] for each t = first + i × step, none where that sample is a staleness marker.
 * With `stamps` ≠ 0 the value is the sample's own time in seconds.
 */
export function selectLast(
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  lookback: f64,
  stamps: u32,
  out: usize,
  present: usize,
): u32 {
  let next: u32 = 0; // first sample after t
  let found: u32 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    const t = first + <f64>i * step;
    while (next < count && load<f64>(times + ((<usize>next) << 3)) <= t) next++;
    let has: u8 = 0;
    if (next > 0) {
      const last = (<usize>(next - 1)) << 3;
      const time = load<f64>(times + last);
      if (time > t - lookback && load<u64>(values + last) !== STALE) {
        has = 1;
        store<f64>(out + ((<usize>i) << 3), stamps ? time / 1000 : load<f64>(values + last));
      }
    }
    store<u8>(present + <usize>i, has);
    found += has;
  }
  return found;
}

/** Removes staleness markers in place; returns how many samples stay. */
export function dropStale(times: usize, values: usize, count: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bits = load<u64>(values + ((<usize>i) << 3));
    if (bits === STALE) continue;
    if (kept !== i) {
      store<u64>(values + ((<usize>kept) << 3), bits);
      store<f64>(times + ((<usize>kept) << 3), load<f64>(times + ((<usize>i) << 3)));
    }
    kept++;
  }
  return kept;
}

/** The present steps of a row as samples, in columns that may be the row's own place for `outValues`. */
export function rowToSamples(
  values: usize,
  present: usize,
  first: f64,
  step: f64,
  steps: u32,
  outTimes: usize,
  outValues: usize,
): u32 {
  let kept: usize = 0;
  for (let i: usize = 0; i < <usize>steps; i++) {
    if (!load<u8>(present + i)) continue;
    store<f64>(outTimes + (kept << 3), first + <f64>(<u32>i) * step);
    store<u64>(outValues + (kept << 3), load<u64>(values + (i << 3)));
    kept++;
  }
  return <u32>kept;
}

/** Repeats one value on each step of a row. */
export function fillRow(value: f64, steps: u32, out: usize, present: usize): u32 {
  for (let i: usize = 0; i < <usize>steps; i++) store<f64>(out + (i << 3), value);
  memory.fill(present, 1, <usize>steps);
  return steps;
}

/**
 * Adds the present steps of a row to another of the same labels.
 * @returns present steps of the result, or −1 − i where both have a value at step i.
 */
export function mergeRow(values: usize, present: usize, steps: u32, out: usize, outPresent: usize): i32 {
  let found = 0;
  for (let i: usize = 0; i < <usize>steps; i++) {
    const kind = load<u8>(present + i);
    if (kind) {
      if (load<u8>(outPresent + i)) return -1 - <i32>i;
      store<u8>(outPresent + i, kind);
      store<u64>(out + (i << 3), load<u64>(values + (i << 3)));
    }
    found += load<u8>(outPresent + i) ? 1 : 0;
  }
  return found;
}

/** Clears presence where another row is present (`keep` = 0) or where it is absent (`keep` = 1). */
export function maskRow(present: usize, other: usize, steps: u32, keep: u32): u32 {
  let found: u32 = 0;
  for (let i: usize = 0; i < <usize>steps; i++) {
    const isOther: u32 = load<u8>(other + i) ? 1 : 0;
    if (isOther !== keep) store<u8>(present + i, 0);
    found += load<u8>(present + i) ? 1 : 0;
  }
  return found;
}

/** Sets presence where another row is present. */
export function joinPresence(present: usize, other: usize, steps: u32): u32 {
  let found: u32 = 0;
  for (let i: usize = 0; i < <usize>steps; i++) {
    const has: u8 = load<u8>(present + i) | load<u8>(other + i) ? 1 : 0;
    store<u8>(present + i, has);
    found += has;
  }
  return found;
}
