/** Arithmetic that the kernels share: compensated sums, sorting with NaN first, the quantile of sorted values. */

export function isNan(value: f64): bool {
  // biome-ignore lint/suspicious/noSelfCompare: what NaN is, and one instruction
  return value !== value;
}

/** The new compensation of a Kahan sum in Neumaier's form, where `next` is `sum + term`. */
export function compensation(term: f64, sum: f64, next: f64, old: f64): f64 {
  if (abs<f64>(next) === Infinity) return 0;
  return abs<f64>(sum) >= abs<f64>(term) ? old + (sum - next + term) : old + (term - next + sum);
}

function at(values: usize, index: i32): f64 {
  return load<f64>(values + ((<usize>index) << 3));
}

function put(values: usize, index: i32, value: f64): void {
  store<f64>(values + ((<usize>index) << 3), value);
}

/** NaN is below every number. */
function isBelow(a: f64, b: f64): bool {
  return a < b || (isNan(a) && !isNan(b));
}

function siftDown(values: usize, from: i32, count: i32): void {
  let root = from;
  const value = at(values, root);
  while (true) {
    let child = 2 * root + 1;
    if (child >= count) break;
    if (child + 1 < count && isBelow(at(values, child), at(values, child + 1))) child++;
    if (!isBelow(value, at(values, child))) break;
    put(values, root, at(values, child));
    root = child;
  }
  put(values, root, value);
}

/** Sorts `count` values ascending, NaN first: insertion while small, then a heap, so the time is bounded for any input. */
function sortValues(values: usize, count: i32): void {
  if (count <= 24) {
    for (let i = 1; i < count; i++) {
      const value = at(values, i);
      let j = i - 1;
      while (j >= 0 && isBelow(value, at(values, j))) {
        put(values, j + 1, at(values, j));
        j--;
      }
      put(values, j + 1, value);
    }
    return;
  }
  for (let i = (count >> 1) - 1; i >= 0; i--) siftDown(values, i, count);
  for (let end = count - 1; end > 0; end--) {
    const top = at(values, 0);
    put(values, 0, at(values, end));
    put(values, end, top);
    siftDown(values, 0, end);
  }
}

/** The `q`-quantile of `count` values at `values`, which are sorted in place; linear between two neighbours. */
export function quantileOf(q: f64, values: usize, count: i32): f64 {
  if (count === 0 || isNan(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  sortValues(values, count);
  const n: f64 = <f64>count;
  const rank = q * (n - 1);
  const lower = max<f64>(0, floor<f64>(rank));
  const upper = min<f64>(n - 1, lower + 1);
  const weight = rank - floor<f64>(rank);
  return at(values, <i32>lower) * (1 - weight) + at(values, <i32>upper) * weight;
}
