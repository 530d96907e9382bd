/**
 * Slots that selectors select, remembered for those that come again and again. A selector with a condition `name="value"`
 * can find another series only where the list of that pair has changed; the other conditions need not be looked at then.
 */
import { COUNTER_SERIES_REMOVED, COUNTERS, ROOT_SYMBOL_SWEEPS, SLOT_GENERATION } from "../../../assembly/layout.js";
import type { Matcher } from "../../model/index.js";
import type { MemoryIndex } from "../index/memory-index.js";
import { selectSlots } from "../index/select.js";

/** Slots of all selectors together that a reader remembers: 12 bytes each; beyond it forgets them all. */
const SLOTS_REMEMBERED = 1_000_000;

/** Newest chunk (0 = nothing visible) and its visible samples of each slot. */
export interface EntryCapture {
  readonly slots: Uint32Array;
  readonly chunks: Uint32Array;
  readonly counts: Uint32Array;
}

/** What shows whether a pair's list is as it was: lists grow at their end, and shrink only after series were removed. */
interface ListState {
  readonly pair: number;
  readonly sweeps: number;
  readonly removed: number;
  readonly length: number;
  readonly last: number;
  readonly lastGeneration: number;
}

interface Remembered {
  readonly state: ListState;
  readonly capture: EntryCapture;
}

export class SelectedSlots {
  readonly #index: MemoryIndex;
  readonly #counters: Float64Array;
  #remembered = new WeakMap<readonly Matcher[], Remembered>();
  #slotsRemembered = 0;

  /** @param floats  the head's memory */
  constructor(index: MemoryIndex, floats: Float64Array) {
    this.#index = index;
    this.#counters = floats;
  }

  /** As `selectSlots`, with room for what is captured. The caller holds a pin, and has loaded its commit before. */
  select(matchers: readonly Matcher[], isRepeated: boolean): EntryCapture {
    if (!isRepeated) return captureOf(selectSlots(this.#index, matchers));
    const known = this.#remembered.get(matchers);
    if (known !== undefined && this.#isAsItWas(known.state)) return known.capture;
    const pair = this.#rarestPair(matchers);
    // Before the slots: what comes to the list meanwhile is found next time.
    const state = pair === 0 ? undefined : this.#stateOf(pair);
    const capture = captureOf(selectSlots(this.#index, matchers));
    if (state === undefined) this.#remembered.delete(matchers);
    else this.#remember(matchers, { state, capture });
    return capture;
  }

  #remember(matchers: readonly Matcher[], remembered: Remembered): void {
    // What a newer one takes the place of counts on: so everything is forgotten now and then, which costs little.
    this.#slotsRemembered += remembered.capture.slots.length;
    if (this.#slotsRemembered > SLOTS_REMEMBERED) {
      this.#remembered = new WeakMap();
      this.#slotsRemembered = remembered.capture.slots.length;
    }
    if (remembered.capture.slots.length <= SLOTS_REMEMBERED) this.#remembered.set(matchers, remembered);
  }

  /** Of the pairs that every selected series must have; 0 if none is known to be one. */
  #rarestPair(matchers: readonly Matcher[]): number {
    let rarest = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const { operator, name, value } of matchers) {
      if (operator !== "=" || value === "") continue;
      const [nameId, valueId] = [this.#index.findSymbol(name), this.#index.findSymbol(value)];
      const pair = nameId <= 0 || valueId <= 0 ? 0 : this.#index.findPair(nameId, valueId);
      if (pair === 0) return 0;
      const length = this.#index.postingsLength(pair);
      if (length >= fewest) continue;
      rarest = pair;
      fewest = length;
    }
    return rarest;
  }

  #isAsItWas(state: ListState): boolean {
    // First, and without an object: the pair may no longer be what it was.
    if (state.sweeps !== this.#sweeps || state.removed !== this.#removed) return false;
    const { last, lastGeneration, length } = state;
    const list = this.#index.postings(state.pair);
    if (list.length !== length || (length > 0 && list[length - 1] !== last)) return false;
    return length === 0 || this.#generation(last) === lastGeneration;
  }

  #stateOf(pair: number): ListState {
    const list = this.#index.postings(pair);
    const last = list.at(-1) ?? 0;
    const lastGeneration = list.length === 0 ? 0 : this.#generation(last);
    return { pair, sweeps: this.#sweeps, removed: this.#removed, length: list.length, last, lastGeneration };
  }

  get #sweeps(): number {
    return Atomics.load(this.#index.words, ROOT_SYMBOL_SWEEPS >> 2);
  }

  get #removed(): number {
    return this.#counters[(COUNTERS >> 3) + COUNTER_SERIES_REMOVED]!;
  }

  #generation(slot: number): number {
    return Atomics.load(this.#index.words, (this.#index.slotAddress(slot) + SLOT_GENERATION) >>> 2);
  }
}

function captureOf(slots: Uint32Array): EntryCapture {
  return { slots, chunks: new Uint32Array(slots.length), counts: new Uint32Array(slots.length) };
}
