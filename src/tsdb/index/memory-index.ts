/**
 * Symbols, pairs and postings of a head, read in place by any thread. Nothing here locks: what the shard's thread changes
 * it publishes with one atomic store (see assembly/layout.ts), so each pointer is loaded once, atomically, and followed.
 *
 * Symbols and pairs that no series has go when their shard sweeps them. Tables, lists and label regions may be replaced: a
 * reader in another thread than the shard's calls the methods that read them under a pin.
 */
import {
  HEAD_HASH_SEED,
  LABELS_COUNT,
  LABELS_PAIRS,
  LIST_ITEMS,
  LIST_LENGTH,
  PAIR_BYTES,
  PAIR_COUNT,
  PAIR_DIRECTORY,
  PAIR_NAME,
  PAIR_NEXT_OF_NAME,
  PAIR_POSTINGS,
  PAIR_VALUE,
  ROOT_NAMES,
  ROOT_PAIR_TABLE,
  ROOT_SYMBOL_SWEEPS,
  ROOT_SYMBOL_TABLE,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  SLOT_BYTES,
  SLOT_DIRECTORY,
  SYMBOL_DIRECTORY,
  SYMBOL_HASH,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
  TABLE_ITEMS,
  TABLE_MASK,
} from "../../../assembly/layout.js";
import { Labels } from "../../model/index.js";
import { hashBytes, hashPair } from "./hash.js";

const encoder = new TextEncoder();

export class MemoryIndex {
  readonly words: Uint32Array;
  readonly #bytes: Uint8Array;
  #symbols: (string | undefined)[] = [""];
  /** ROOT_SYMBOL_SWEEPS of when #symbols was begun. */
  #sweeps = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /**
   * Forgets the texts of symbols whose ids may have been given again. A reader in another thread calls it when it has pinned:
   * what is retired later keeps its meaning until it unpins.
   */
  refresh(): void {
    const sweeps = Atomics.load(this.words, ROOT_SYMBOL_SWEEPS >> 2);
    if (sweeps === this.#sweeps) return;
    this.#sweeps = sweeps;
    this.#symbols = [""];
  }

  /** Text of symbol `id`; kept until `refresh` finds that symbols were swept. */
  symbol(id: number): string {
    const known = this.#symbols[id];
    if (known !== undefined) return known;
    const at = this.#symbolAddress(id);
    const length = this.words[(at + SYMBOL_LENGTH) >>> 2]!;
    const start = at + SYMBOL_TEXT;
    const text = Buffer.from(this.#bytes.buffer, start, length).toString("utf8");
    while (this.#symbols.length <= id) this.#symbols.push(undefined); // keeps the array dense
    this.#symbols[id] = text;
    return text;
  }

  /** Id of a symbol; 0 for the empty string, −1 if the head has none with this text. */
  findSymbol(text: string): number {
    if (text === "") return 0;
    const { words } = this;
    const wanted = encoder.encode(text);
    const hash = hashBytes(wanted, words[HEAD_HASH_SEED >> 2]!);
    const table = Atomics.load(words, ROOT_SYMBOL_TABLE >> 2);
    const mask = words[(table + TABLE_MASK) >>> 2]!;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const id = Atomics.load(words, (table + TABLE_ITEMS + 4 * i) >>> 2);
      if (id === 0) return -1;
      const at = this.#symbolAddress(id);
      if (words[(at + SYMBOL_HASH) >>> 2] === hash && this.#textIs(at, wanted)) return id;
    }
  }

  #textIs(symbol: number, wanted: Uint8Array): boolean {
    if (this.words[(symbol + SYMBOL_LENGTH) >>> 2] !== wanted.length) return false;
    const start = symbol + SYMBOL_TEXT;
    for (let i = 0; i < wanted.length; i++) if (this.#bytes[start + i] !== wanted[i]) return false;
    return true;
  }

  #symbolAddress(id: number): number {
    return this.words[this.#record(SYMBOL_DIRECTORY, id, 4) >>> 2]!;
  }

  /** Id of the pair of two symbol ids, 0 if there is none. With value 0: the anchor of the name. */
  findPair(name: number, value: number): number {
    const { words } = this;
    const table = Atomics.load(words, ROOT_PAIR_TABLE >> 2);
    const mask = words[(table + TABLE_MASK) >>> 2]!;
    for (let i = hashPair(name, value, words[HEAD_HASH_SEED >> 2]!) & mask; ; i = (i + 1) & mask) {
      const id = Atomics.load(words, (table + TABLE_ITEMS + 4 * i) >>> 2);
      if (id === 0) return 0;
      const at = this.#pair(id);
      if (words[(at + PAIR_NAME) >>> 2] === name && words[(at + PAIR_VALUE) >>> 2] === value) return id;
    }
  }

  get pairCount(): number {
    return Atomics.load(this.words, PAIR_COUNT >> 2);
  }

  /** Symbol id of the value of pair `id`. */
  pairValue(id: number): number {
    return this.words[(this.#pair(id) + PAIR_VALUE) >>> 2]!;
  }

  /** Symbol id of the name of pair `id`. */
  pairName(id: number): number {
    return this.words[(this.#pair(id) + PAIR_NAME) >>> 2]!;
  }

  /** Pair ids of all values that the name ever had in this head, newest first. */
  pairsOfName(name: string): number[] {
    const symbol = this.findSymbol(name);
    const anchor = symbol <= 0 ? 0 : this.findPair(symbol, 0);
    return anchor === 0 ? [] : this.pairsOfAnchor(anchor);
  }

  pairsOfAnchor(anchor: number): number[] {
    const pairs: number[] = [];
    let id = Atomics.load(this.words, (this.#pair(anchor) + PAIR_NEXT_OF_NAME) >>> 2);
    while (id !== 0) {
      pairs.push(id);
      id = this.words[(this.#pair(id) + PAIR_NEXT_OF_NAME) >>> 2]!;
    }
    return pairs;
  }

  /** (name symbol, anchor pair) couples of all names. */
  names(): Uint32Array {
    const list = Atomics.load(this.words, ROOT_NAMES >> 2);
    if (list === 0) return new Uint32Array(0);
    const length = Atomics.load(this.words, (list + LIST_LENGTH) >>> 2) & ~1; // a couple may be half written
    const from = (list + LIST_ITEMS) >>> 2;
    return this.words.slice(from, from + length);
  }

  /** Slot indices of series with pair `id`: a view in place. Each once, in no order, some of them no longer live. */
  postings(id: number): Uint32Array {
    const list = Atomics.load(this.words, (this.#pair(id) + PAIR_POSTINGS) >>> 2);
    if (list === 0) return new Uint32Array(0);
    const from = (list + LIST_ITEMS) >>> 2;
    return this.words.subarray(from, from + Atomics.load(this.words, (list + LIST_LENGTH) >>> 2));
  }

  postingsLength(id: number): number {
    const list = Atomics.load(this.words, (this.#pair(id) + PAIR_POSTINGS) >>> 2);
    return list === 0 ? 0 : Atomics.load(this.words, (list + LIST_LENGTH) >>> 2);
  }

  /** Label set of the LABELS region at `address`. */
  labelsAt(address: number): Labels {
    const { words } = this;
    const count = words[(address + LABELS_COUNT) >>> 2]!;
    const from = (address + LABELS_PAIRS) >>> 2;
    const pairs: string[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#pair(words[from + i]!);
      pairs.push(this.symbol(words[(at + PAIR_NAME) >>> 2]!), this.symbol(words[(at + PAIR_VALUE) >>> 2]!));
    }
    return new Labels(pairs);
  }

  /** Address of series slot `index`, which is below SLOT_COUNT. */
  slotAddress(index: number): number {
    return this.#record(SLOT_DIRECTORY, index, SLOT_BYTES);
  }

  #pair(id: number): number {
    return this.#record(PAIR_DIRECTORY, id, PAIR_BYTES);
  }

  #record(directory: number, index: number, bytes: number): number {
    return this.words[(directory >> 2) + (index >>> SEGMENT_SHIFT)]! + (index & SEGMENT_MASK) * bytes;
  }
}
