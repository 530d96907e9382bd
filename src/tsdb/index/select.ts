/**
 * From matchers to series, as Prometheus' PostingsForMatchers: a matcher which the empty string satisfies also selects
 * series without the label.
 *
 * One matcher's postings are walked (the shortest); the others are checked on each candidate's own pair ids, so that no
 * list needs an order: a matcher that the empty string does not satisfy *requires* one of its matching pairs, any other
 * *forbids* each pair of its name that does not match.
 */
import { LABELS_COUNT, LABELS_PAIRS, SLOT_COUNT, SLOT_GENERATION, SLOT_LABELS } from "../../../assembly/layout.js";
import type { Matcher } from "../../model/index.js";
import type { MemoryIndex } from "./memory-index.js";

const FORBIDDEN = 0x80000000;
/** Required matchers that one pass checks: bits of a word, without the one for FORBIDDEN. */
const BITS = 31;

/**
 * Slots of live series that all matchers select, each once, in no order. The caller holds a pin, and loads the commit that
 * it will read at BEFORE: then no series of that commit is missing.
 */
export function selectSlots(index: MemoryIndex, matchers: readonly Matcher[]): Uint32Array {
  const required: number[][] = [];
  const forbidden: number[] = [];
  for (const matcher of matchers) {
    if (matcher.matchesEmpty) {
      for (const pair of index.pairsOfName(matcher.name)) {
        if (!matcher.matches(index.symbol(index.pairValue(pair)))) forbidden.push(pair);
      }
    } else {
      const pairs = matchingPairs(index, matcher);
      if (pairs.length === 0) return new Uint32Array(0);
      required.push(pairs);
    }
  }
  const base = shortest(index, required);
  let slots = base === undefined ? allSlots(index) : joined(index, base);
  const others = required.filter((pairs) => pairs !== base);
  let length = filterPass(index, slots, slots.length, others.slice(0, BITS), forbidden);
  for (let i = BITS; i < others.length; i += BITS) {
    length = filterPass(index, slots, length, others.slice(i, i + BITS), []);
  }
  if (length < slots.length) slots = slots.subarray(0, length);
  return slots;
}

/** Pairs of the matcher's name whose values it matches; it does not match the empty string. */
function matchingPairs(index: MemoryIndex, matcher: Matcher): number[] {
  const literals = matcher.literals;
  if (literals === undefined) {
    return index.pairsOfName(matcher.name).filter((pair) => matcher.matches(index.symbol(index.pairValue(pair))));
  }
  const name = index.findSymbol(matcher.name);
  if (name <= 0) return [];
  const pairs = new Set<number>();
  for (const literal of literals) {
    const value = index.findSymbol(literal);
    const pair = value <= 0 ? 0 : index.findPair(name, value);
    if (pair !== 0) pairs.add(pair);
  }
  return [...pairs];
}

function shortest(index: MemoryIndex, required: readonly number[][]): number[] | undefined {
  let best: number[] | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const pairs of required) {
    const length = pairs.reduce((sum, pair) => sum + index.postingsLength(pair), 0);
    if (length >= fewest) continue;
    best = pairs;
    fewest = length;
  }
  return best;
}

/** A series has one value of a name, so the lists of different values share no slot. */
function joined(index: MemoryIndex, pairs: readonly number[]): Uint32Array {
  const lists = pairs.map((pair) => index.postings(pair)); // each taken once: it may grow meanwhile
  const slots = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    slots.set(list, at);
    at += list.length;
  }
  return slots;
}

function allSlots(index: MemoryIndex): Uint32Array {
  const slots = new Uint32Array(Atomics.load(index.words, SLOT_COUNT >> 2));
  for (let i = 0; i < slots.length; i++) slots[i] = i;
  return slots;
}

/** By pair, for one pass at a time: all zeros between two. A head of many series has hundreds of thousands of pairs. */
let scratch = new Int32Array(1024);

function zeroedMarks(length: number): Int32Array {
  if (scratch.length < length) scratch = new Int32Array(Math.max(length, 2 * scratch.length));
  return scratch;
}

/** Moves the live slots that have a pair of each of `required` and none of `forbidden` to the front; returns their number. */
function filterPass(
  index: MemoryIndex,
  slots: Uint32Array,
  length: number,
  required: readonly number[][],
  forbidden: readonly number[],
): number {
  const { words } = index;
  const isFiltered = required.length > 0 || forbidden.length > 0;
  // Pairs made after this line belong to series made after the caller's commit: they read as 0.
  const pairCount = isFiltered ? index.pairCount : 0;
  const marks = zeroedMarks(pairCount);
  required.forEach((pairs, bit) => {
    for (const pair of pairs) if (pair < pairCount) marks[pair] = marks[pair]! | (1 << bit);
  });
  for (const pair of forbidden) if (pair < pairCount) marks[pair] = marks[pair]! | FORBIDDEN;
  const wanted = required.length === BITS ? 0x7fffffff : (1 << required.length) - 1;
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const at = index.slotAddress(slot);
    if ((Atomics.load(words, (at + SLOT_GENERATION) >>> 2) & 1) === 0) continue;
    if (isFiltered) {
      const labels = words[(at + SLOT_LABELS) >>> 2]!;
      const from = (labels + LABELS_PAIRS) >>> 2;
      const count = words[(labels + LABELS_COUNT) >>> 2]!;
      let found = 0;
      for (let j = 0; j < count; j++) {
        const pair = words[from + j]!;
        if (pair < pairCount) found |= marks[pair]!;
      }
      if (found !== wanted) continue;
    }
    slots[kept++] = slot;
  }
  for (const pairs of required) for (const pair of pairs) if (pair < pairCount) marks[pair] = 0;
  for (const pair of forbidden) if (pair < pairCount) marks[pair] = 0;
  return kept;
}
