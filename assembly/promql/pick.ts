/**
 * topk and bottomk over many steps of one group. Of equal values Prometheus' heap decides which series stay, so this is
 * that heap: the moves of Go's container/heap on positions among the step's samples.
 */
import { isNan } from "./numbers";

function valueAt(values: usize, position: u32): f64 {
  return load<f64>(values + ((<usize>position) << 3));
}

function itemAt(items: usize, place: u32): u32 {
  return load<u32>(items + ((<usize>place) << 2));
}

function setItem(items: usize, place: u32, position: u32): void {
  store<u32>(items + ((<usize>place) << 2), position);
}

/** The heap's order: what leaves first stands first, NaN before all. */
function isLess(values: usize, a: u32, b: u32, highest: u32): bool {
  const x = valueAt(values, a);
  if (isNan(x)) return true;
  const y = valueAt(values, b);
  return highest ? x < y : x > y;
}

function siftUp(values: usize, items: usize, from: u32, highest: u32): void {
  let child = from;
  while (child > 0) {
    const parent: u32 = (child - 1) >> 1;
    const moved = itemAt(items, child);
    if (!isLess(values, moved, itemAt(items, parent), highest)) break;
    setItem(items, child, itemAt(items, parent));
    setItem(items, parent, moved);
    child = parent;
  }
}

function siftDown(values: usize, items: usize, size: u32, highest: u32): void {
  let parent: u32 = 0;
  while (true) {
    let child: u32 = 2 * parent + 1;
    if (child >= size) break;
    if (child + 1 < size && isLess(values, itemAt(items, child + 1), itemAt(items, child), highest)) child++;
    const moved = itemAt(items, child);
    if (!isLess(values, moved, itemAt(items, parent), highest)) break;
    setItem(items, child, itemAt(items, parent));
    setItem(items, parent, moved);
    parent = child;
  }
}

/**
 * Takes presence from all samples of the steps [from, to) but the k highest (`highest` = 1) or lowest.
 *
 * @param rows     list of the group's rows as in buckets.ts
 * @param ks       column of k, each within the range of i64
 * @param scratch  16 bytes a row
 */
export function pickExtremes(
  rows: usize,
  count: u32,
  ks: usize,
  from: u32,
  to: u32,
  highest: u32,
  scratch: usize,
): void {
  const values = scratch;
  const owners = scratch + ((<usize>count) << 3); // address of the sample's presence
  const items = owners + ((<usize>count) << 2);
  for (let i: usize = from; i < <usize>to; i++) {
    let size: u32 = 0;
    for (let r: u32 = 0; r < count; r++) {
      const row = rows + ((<usize>r) << 4);
      const present = <usize>load<u32>(row, 12) + i;
      if (load<u8>(present) !== 1) continue;
      store<f64>(values + ((<usize>size) << 3), load<f64>(<usize>load<u32>(row, 8) + (i << 3)));
      setItem(owners, size, <u32>present);
      size++;
    }
    const wanted = load<f64>(ks + (i << 3));
    if (wanted >= <f64>size) continue;
    const k: u32 = wanted < 1 ? 0 : <u32>wanted;
    for (let s: u32 = 0; s < size; s++) {
      store<u8>(<usize>itemAt(owners, s), 0);
      if (s < k) {
        setItem(items, s, s);
        siftUp(values, items, s, highest);
        continue;
      }
      if (k === 0) continue;
      const top = valueAt(values, itemAt(items, 0));
      const value = valueAt(values, s);
      const isBetter = highest ? top < value : top > value;
      if (isBetter || (isNan(top) && !isNan(value))) {
        setItem(items, 0, s);
        siftDown(values, items, k, highest);
      }
    }
    for (let s: u32 = 0; s < k; s++) store<u8>(<usize>itemAt(owners, itemAt(items, s)), 1);
  }
}
