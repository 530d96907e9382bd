/** From matchers to the series of a block, as Prometheus' PostingsForMatchers. Lists of refs ascend. */
import type { Matcher } from "../../model/index.js";
import type { IndexReader } from "./index-reader.js";

/**
 * Refs of the series that all matchers select, which is in order of labels too. A matcher that the empty string satisfies also
 * selects series without the label.
 */
export function selectRefs(index: IndexReader, matchers: readonly Matcher[]): Uint32Array {
  const required = matchers.filter((matcher) => !matcher.matchesEmpty);
  // Those that name their values cost least and cut most.
  required.sort((a, b) => (a.literals === undefined ? 1 : 0) - (b.literals === undefined ? 1 : 0));
  let refs: Uint32Array | undefined;
  for (const matcher of required) {
    const list = matchingRefs(index, matcher);
    refs = refs === undefined ? list : intersect(refs, list);
    if (refs.length === 0) return refs;
  }
  refs ??= index.allPostings();
  for (const matcher of matchers) {
    if (!matcher.matchesEmpty || refs.length === 0) continue;
    refs = subtract(
      refs,
      refsWhere(index, matcher.name, (value) => !matcher.matches(value)),
    );
  }
  return refs;
}

function matchingRefs(index: IndexReader, matcher: Matcher): Uint32Array {
  const { literals } = matcher;
  if (literals !== undefined) return index.postingsOf(matcher.name, literals);
  return refsWhere(index, matcher.name, (value) => matcher.matches(value));
}

/** A series has one value of a name, so that lists of different values share no ref. */
function refsWhere(index: IndexReader, name: string, isWanted: (value: string) => boolean): Uint32Array {
  const lists: Uint32Array[] = [];
  let length = 0;
  for (const { value, postings } of index.values(name)) {
    if (!isWanted(value)) continue;
    const list = index.postingsAt(postings);
    lists.push(list);
    length += list.length;
  }
  if (lists.length === 1) return lists[0]!;
  const refs = new Uint32Array(length);
  let at = 0;
  for (const list of lists) {
    refs.set(list, at);
    at += list.length;
  }
  return refs.sort();
}

export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const result = new Uint32Array(short.length);
  let count = 0;
  let j = 0;
  for (let i = 0; i < short.length; i++) {
    const ref = short[i]!;
    j = firstAtLeast(long, ref, j);
    if (j === long.length) break;
    if (long[j] === ref) result[count++] = ref;
  }
  return result.subarray(0, count);
}

export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a;
  const result = new Uint32Array(a.length);
  let count = 0;
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    const ref = a[i]!;
    j = firstAtLeast(b, ref, j);
    if (j === b.length || b[j] !== ref) result[count++] = ref;
  }
  return result.subarray(0, count);
}

/** Index of the first ref ≥ `ref` from `from` on, in steps that double: lists of very different length cost little. */
function firstAtLeast(refs: Uint32Array, ref: number, from: number): number {
  let step = 1;
  let low = from;
  while (low + step < refs.length && refs[low + step]! < ref) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, refs.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}
