/**
 * The live series of several heads in Prometheus' order of labels, without their texts: symbols are compared where they lie,
 * pairs by the ranks of their symbols, label sets by the keys of their pairs. Symbols and pairs stay as they are while the
 * shards truncate nothing, which is the caller's to see to; so no pin is held.
 */
import {
  LABELS_COUNT,
  LABELS_PAIRS,
  PAIR_BYTES,
  PAIR_COUNT,
  PAIR_DIRECTORY,
  PAIR_NAME,
  PAIR_VALUE,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  SIDE_SEALED,
  SLOT_BYTES,
  SLOT_CHUNKS,
  SLOT_COUNT,
  SLOT_DIRECTORY,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_LABELS,
  SLOT_SIDE,
  SYMBOL_COUNT,
  SYMBOL_DIRECTORY,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
} from "../../../assembly/layout.js";
import { assert } from "../../base/index.js";

export interface OrderedSeries {
  /** Index of the head, and slot in it, of each series. */
  readonly heads: Uint16Array;
  readonly slots: Uint32Array;
}

/** Ranks of values fit below it: 16.7 M symbols a head, and at most 64 heads whose symbols are mostly the same. */
const RANKS = 2 ** 26;

/** Series with samples in order, or those whose samples out of order were sealed. */
export type OrderedKind = "in order" | "sealed";

class HeadView {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly slots: Uint32Array;
  /** Address of the labels of each of `slots`. */
  readonly labels: Uint32Array;
  /** Symbols that these series use. */
  readonly symbols: Uint32Array;
  readonly #pairs: Uint32Array;
  /** Order of each pair: rank of its name × RANKS + rank of its value. */
  readonly pairKeys: Float64Array;

  constructor(memory: WebAssembly.Memory, kind: OrderedKind) {
    this.words = new Uint32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    const { words } = this;
    const slotCount = Atomics.load(words, SLOT_COUNT >> 2);
    const slots = new Uint32Array(slotCount);
    const labels = new Uint32Array(slotCount);
    const pairCount = Atomics.load(words, PAIR_COUNT >> 2);
    const symbolCount = Atomics.load(words, SYMBOL_COUNT >> 2);
    const isPair = new Uint8Array(pairCount);
    const isSymbol = new Uint8Array(symbolCount);
    let count = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const at = this.#record(SLOT_DIRECTORY, slot, SLOT_BYTES) >>> 2;
      if ((words[at + (SLOT_FLAGS >> 2)]! & SLOT_FLAG_LIVE) === 0 || !this.#isOf(kind, at)) continue;
      const address = words[at + (SLOT_LABELS >> 2)]!;
      const end = words[(address + LABELS_COUNT) >>> 2]!;
      let isKnown = true; // of a series made since the counts were read, some pairs are not: it has no old samples
      for (let i = 0; i < end; i++) isKnown &&= words[((address + LABELS_PAIRS) >>> 2) + i]! < pairCount;
      if (!isKnown) continue;
      for (let i = 0; i < end; i++) isPair[words[((address + LABELS_PAIRS) >>> 2) + i]!] = 1;
      slots[count] = slot;
      labels[count++] = address;
    }
    this.slots = slots.subarray(0, count);
    this.labels = labels.subarray(0, count);
    this.#pairs = indicesOf(isPair);
    for (const pair of this.#pairs) {
      isSymbol[this.#pairSymbol(pair, PAIR_NAME)] = 1;
      isSymbol[this.#pairSymbol(pair, PAIR_VALUE)] = 1;
    }
    this.symbols = indicesOf(isSymbol);
    this.pairKeys = new Float64Array(pairCount);
  }

  /** @param at  index of the slot's first word. */
  #isOf(kind: OrderedKind, at: number): boolean {
    if (kind === "in order") return this.words[at + (SLOT_CHUNKS >> 2)] !== 0;
    const side = Atomics.load(this.words, at + (SLOT_SIDE >> 2));
    return side !== 0 && this.words[(side + SIDE_SEALED) >>> 2] !== 0;
  }

  symbolAddress(id: number): number {
    return this.words[this.#record(SYMBOL_DIRECTORY, id, 4) >>> 2]!;
  }

  setRanks(ranks: Uint32Array): void {
    for (const pair of this.#pairs) {
      const name = ranks[this.#pairSymbol(pair, PAIR_NAME)]!;
      this.pairKeys[pair] = name * RANKS + ranks[this.#pairSymbol(pair, PAIR_VALUE)]!;
    }
  }

  get symbolCount(): number {
    return Atomics.load(this.words, SYMBOL_COUNT >> 2);
  }

  #pairSymbol(pair: number, field: number): number {
    return this.words[(this.#record(PAIR_DIRECTORY, pair, PAIR_BYTES) + field) >>> 2]!;
  }

  #record(directory: number, index: number, bytes: number): number {
    return this.words[(directory >> 2) + (index >>> SEGMENT_SHIFT)]! + (index & SEGMENT_MASK) * bytes;
  }
}

function indicesOf(flags: Uint8Array): Uint32Array {
  const indices: number[] = [];
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) indices.push(i);
  return Uint32Array.from(indices);
}

/** Live series with samples, ascending; all of them for heads that nobody truncates meanwhile. */
export function orderSeries(memories: readonly WebAssembly.Memory[], kind: OrderedKind = "in order"): OrderedSeries {
  const views = memories.map((memory) => new HeadView(memory, kind));
  rankSymbols(views);
  const total = views.reduce((sum, { slots }) => sum + slots.length, 0);
  const heads = new Uint16Array(total);
  const slots = new Uint32Array(total);
  const labels = new Uint32Array(total);
  let next = 0;
  views.forEach((view, head) => {
    heads.fill(head, next, next + view.slots.length);
    slots.set(view.slots, next);
    labels.set(view.labels, next);
    next += view.slots.length;
  });
  const order = new Uint32Array(total).map((_, i) => i);
  order.sort((a, b) => compareLabelSets(views[heads[a]!]!, labels[a]!, views[heads[b]!]!, labels[b]!));
  return { heads: heads.map((_, i) => heads[order[i]!]!), slots: slots.map((_, i) => slots[order[i]!]!) };
}

function compareLabelSets(a: HeadView, labelsA: number, b: HeadView, labelsB: number): number {
  const countA = a.words[(labelsA + LABELS_COUNT) >>> 2]!;
  const countB = b.words[(labelsB + LABELS_COUNT) >>> 2]!;
  const atA = (labelsA + LABELS_PAIRS) >>> 2;
  const atB = (labelsB + LABELS_PAIRS) >>> 2;
  const shared = Math.min(countA, countB);
  for (let i = 0; i < shared; i++) {
    const difference = a.pairKeys[a.words[atA + i]!]! - b.pairKeys[b.words[atB + i]!]!;
    if (difference !== 0) return difference;
  }
  return countA - countB;
}

/** Gives equal symbols of all heads one rank, in order of their bytes. */
function rankSymbols(views: readonly HeadView[]): void {
  const total = views.reduce((sum, { symbols }) => sum + symbols.length, 0);
  assert(total < RANKS, "the heads' symbols outnumber their ranks");
  const headOf = new Uint16Array(total);
  const idOf = new Uint32Array(total);
  /** The first six bytes as a number, which decides most comparisons. */
  const prefixes = new Float64Array(total);
  let next = 0;
  views.forEach((view, head) => {
    for (const id of view.symbols) {
      headOf[next] = head;
      idOf[next] = id;
      prefixes[next++] = prefixOf(view, id);
    }
  });
  const compare = (a: number, b: number): number => {
    const difference = prefixes[a]! - prefixes[b]!;
    return difference !== 0 ? difference : compareTexts(views[headOf[a]!]!, idOf[a]!, views[headOf[b]!]!, idOf[b]!);
  };
  const order = new Uint32Array(total).map((_, i) => i).sort(compare);
  const ranks = views.map((view) => new Uint32Array(view.symbolCount));
  let rank = 0;
  for (let i = 0; i < total; i++) {
    if (i > 0 && compare(order[i - 1]!, order[i]!) !== 0) rank++;
    ranks[headOf[order[i]!]!]![idOf[order[i]!]!] = rank;
  }
  views.forEach((view, head) => {
    view.setRanks(ranks[head]!);
  });
}

const PREFIX_BYTES = 6;

function prefixOf(view: HeadView, id: number): number {
  if (id === 0) return 0;
  const at = view.symbolAddress(id);
  const length = view.words[(at + SYMBOL_LENGTH) >>> 2]!;
  let prefix = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) prefix = prefix * 256 + (i < length ? view.bytes[at + SYMBOL_TEXT + i]! : 0);
  return prefix;
}

function compareTexts(a: HeadView, idA: number, b: HeadView, idB: number): number {
  const lengthA = idA === 0 ? 0 : a.words[(a.symbolAddress(idA) + SYMBOL_LENGTH) >>> 2]!;
  const lengthB = idB === 0 ? 0 : b.words[(b.symbolAddress(idB) + SYMBOL_LENGTH) >>> 2]!;
  const atA = idA === 0 ? 0 : a.symbolAddress(idA) + SYMBOL_TEXT;
  const atB = idB === 0 ? 0 : b.symbolAddress(idB) + SYMBOL_TEXT;
  const shared = Math.min(lengthA, lengthB);
  for (let i = 0; i < shared; i++) {
    const difference = a.bytes[atA + i]! - b.bytes[atB + i]!;
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
