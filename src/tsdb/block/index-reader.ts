/**
 * Reads a block's `index` (drawn in index-writer.ts). Opening reads the contents at its end. With the first use the tables of
 * symbols and postings are walked once, checked, and each 32nd entry is kept, as Prometheus does: what lies between is read
 * from the file when it is asked for.
 */
import { CorruptionError, crc32c } from "../../base/index.js";
import { compareBytes, Labels } from "../../model/index.js";
import { INDEX_FORMAT, INDEX_MAGIC, SERIES_ALIGN, TOC_BYTES } from "./format.js";
import type { ChunkMeta } from "./index-writer.js";
import type { PagedFile, TextBudget } from "./page-cache.js";

const SAMPLE_EVERY = 32;
const WALK_BYTES = 1024 * 1024;
/** Of a label set that is kept: the object, its list, its place in the map; and of each name and value. */
const LABELS_BYTES = 160;
const PAIR_BYTES = 16;
/** A series entry is read with so many bytes at first. */
const ENTRY_GUESS_BYTES = 512;

interface Contents {
  readonly symbols: number;
  readonly series: number;
  readonly seriesEnd: number;
  readonly postings: number;
  readonly postingsTable: number;
}

/** Each 32nd value of a name in the table of postings, and the last; where their entries begin. */
interface ValueSamples {
  readonly values: string[];
  readonly offsets: number[];
  last: string;
  /** Behind the last entry. */
  end: number;
}

export interface SeriesEntry {
  readonly labels: Labels;
  readonly chunks: readonly ChunkMeta[];
}

export class IndexReader {
  readonly #file: PagedFile;
  readonly #contents: Contents;
  #symbolCount = 0;
  /** Offsets of each 32nd symbol. */
  #symbolSamples: number[] | undefined;
  /** So that equal labels of different series are one string. */
  readonly #symbols = new Map<number, string>();
  readonly #labels = new Map<number, Labels>();
  readonly #texts: TextBudget;
  #names: Map<string, ValueSamples> | undefined;

  /** @throws CorruptionError BLOCK_INDEX */
  constructor(file: PagedFile, texts: TextBudget) {
    this.#file = file;
    this.#texts = texts;
    this.#contents = this.#readContents();
  }

  /** Bytes of the table of symbols. */
  get symbolTableBytes(): number {
    return this.#contents.series - this.#contents.symbols;
  }

  get bytes(): number {
    return this.#file.length;
  }

  release(): void {
    this.#file.release();
  }

  // ── labels ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Names of labels, sorted. */
  names(): string[] {
    return [...this.#tables().keys()].filter((name) => name !== "");
  }

  /** Values of a label in order, each with the place of its postings. */
  *values(name: string): Generator<{ readonly value: string; readonly postings: number }> {
    const samples = this.#tables().get(name);
    if (samples === undefined) return;
    yield* this.#entries(samples.offsets[0]!, samples.end);
  }

  /** Refs of the series that have one of these values, ascending. */
  postingsOf(name: string, values: readonly string[]): Uint32Array {
    const samples = this.#tables().get(name);
    if (samples === undefined) return new Uint32Array(0);
    const lists: Uint32Array[] = [];
    for (const value of new Set(values)) {
      const place = this.#find(samples, value);
      if (place !== undefined) lists.push(this.postingsAt(place));
    }
    return joined(lists);
  }

  /** Refs of all series, ascending. */
  allPostings(): Uint32Array {
    return this.postingsOf("", [""]);
  }

  /** The list at a place that `values` gave. */
  postingsAt(offset: number): Uint32Array {
    const length = this.#wordAt(offset);
    const bytes = this.#section(offset, length, "postings");
    const count = (bytes.length >>> 2) - 1;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 4 || view.getUint32(0) !== count) throw this.#damaged(offset, "a list of postings is torn");
    const refs = new Uint32Array(count);
    for (let i = 0; i < count; i++) refs[i] = view.getUint32(4 + 4 * i);
    return refs;
  }

  #find(samples: ValueSamples, value: string): number | undefined {
    const { values, offsets, last, end } = samples;
    if (compareBytes(value, values[0]!) < 0 || compareBytes(value, last) > 0) return undefined;
    let low = 0;
    let high = values.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (compareBytes(values[middle]!, value) <= 0) low = middle;
      else high = middle;
    }
    for (const entry of this.#entries(offsets[low]!, offsets[low + 1] ?? end)) {
      if (entry.value === value) return entry.postings;
    }
    return undefined;
  }

  /** Entries of the table of postings that begin in [offset, end), all of one name. */
  *#entries(offset: number, end: number): Generator<{ readonly value: string; readonly postings: number }> {
    const cursor = new FileCursor(this.#file, offset);
    while (cursor.offset < end) {
      cursor.uvarint();
      cursor.skip(cursor.uvarint());
      const value = textOf(cursor.take(cursor.uvarint()));
      yield { value, postings: cursor.uvarint() };
    }
  }

  // ── series ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws CorruptionError BLOCK_INDEX */
  series(ref: number): SeriesEntry {
    const entry = this.#entry(ref);
    const labels = this.#labelsOf(ref, entry);
    return { labels, chunks: this.#chunks(entry) };
  }

  /** As `series`, with a call for each chunk instead of an object. @throws CorruptionError BLOCK_INDEX */
  walkSeries(ref: number, onChunk: (minTimeMs: number, maxTimeMs: number, ref: number) => void): Labels {
    const entry = this.#entry(ref);
    const labels = this.#labelsOf(ref, entry);
    this.#walkChunks(entry, onChunk);
    return labels;
  }

  /** Reads the labels of an entry, or skips them where they are known. */
  #labelsOf(ref: number, entry: EntryCursor): Labels {
    const known = this.#labels.get(ref);
    if (known !== undefined) {
      for (let i = 2 * entry.uvarint(); i > 0; i--) entry.uvarint();
      return known;
    }
    const labels = new Labels(this.#labelPairs(entry));
    this.#texts.keepSized(this.#labels, ref, labels, LABELS_BYTES + PAIR_BYTES * labels.size);
    return labels;
  }

  labels(ref: number): Labels {
    return new Labels(this.#labelPairs(this.#entry(ref)));
  }

  symbol(number: number): string {
    const known = this.#symbols.get(number);
    if (known !== undefined) return known;
    this.#symbolSamples ??= this.#walkSymbols();
    if (number >= this.#symbolCount) throw this.#damaged(this.#contents.symbols, `there is no symbol ${number}`);
    const cursor = new FileCursor(this.#file, this.#symbolSamples[Math.floor(number / SAMPLE_EVERY)]!);
    for (let i = number % SAMPLE_EVERY; i > 0; i--) cursor.skip(cursor.uvarint());
    const text = textOf(cursor.take(cursor.uvarint()));
    this.#texts.keep(this.#symbols, number, text);
    return text;
  }

  #entry(ref: number): EntryCursor {
    const offset = ref * SERIES_ALIGN;
    if (offset < this.#contents.series || offset >= this.#contents.seriesEnd) {
      throw this.#damaged(offset, `series ${ref} lies outside the series`);
    }
    let bytes = this.#file.upTo(offset, ENTRY_GUESS_BYTES);
    const head = new EntryCursor(bytes, 0);
    const length = head.uvarint();
    const end = head.at + length + 4;
    // The checksum of nothing is 0: zeros in place of an entry would pass.
    if (head.isPastEnd || length === 0 || length > WALK_BYTES * 64)
      throw this.#damaged(offset, "a series has no length");
    if (bytes.length < end) bytes = this.#file.read(offset, end);
    const content = bytes.subarray(head.at, head.at + length);
    if (crc32c(content) !== wordOf(bytes, end - 4)) throw this.#damaged(offset, "the checksum of a series is wrong");
    return new EntryCursor(content, 0);
  }

  #labelPairs(entry: EntryCursor): string[] {
    const count = entry.uvarint();
    const pairs: string[] = [];
    for (let i = 0; i < 2 * count && !entry.isPastEnd; i++) pairs.push(this.symbol(entry.uvarint()));
    return pairs;
  }

  #chunks(entry: EntryCursor): ChunkMeta[] {
    const chunks: ChunkMeta[] = [];
    this.#walkChunks(entry, (minTimeMs, maxTimeMs, ref) => void chunks.push({ minTimeMs, maxTimeMs, ref }));
    return chunks;
  }

  #walkChunks(entry: EntryCursor, onChunk: (minTimeMs: number, maxTimeMs: number, ref: number) => void): void {
    const count = entry.uvarint();
    let maxTimeMs = 0;
    let ref = 0;
    for (let i = 0; i < count; i++) {
      const minTimeMs = i === 0 ? entry.varint() : maxTimeMs + entry.uvarint();
      maxTimeMs = minTimeMs + entry.uvarint();
      ref = i === 0 ? entry.uvarint() : ref + entry.varint();
      if (entry.isPastEnd) throw this.#damaged(this.#contents.series, "the chunks of a series end early");
      onChunk(minTimeMs, maxTimeMs, ref);
    }
  }

  // ── sections ───────────────────────────────────────────────────────────────────────────────────────────────────

  #readContents(): Contents {
    const file = this.#file;
    if (file.length < 5 + TOC_BYTES) throw this.#damaged(file.length, "the file is too short");
    const head = file.read(0, 5);
    if (wordOf(head, 0) !== INDEX_MAGIC) throw this.#damaged(0, "it does not begin with the number of an index");
    if (head[4] !== INDEX_FORMAT) throw this.#damaged(4, `version ${head[4]} is not supported`);
    const start = file.length - TOC_BYTES;
    const bytes = file.read(start, TOC_BYTES);
    if (crc32c(bytes.subarray(0, TOC_BYTES - 4)) !== wordOf(bytes, TOC_BYTES - 4)) {
      throw this.#damaged(start, "the checksum of its table of contents is wrong");
    }
    const offsets = [0, 8, 16, 24, 32, 40].map((at) => wordOf(bytes, at) * 2 ** 32 + wordOf(bytes, at + 4));
    const [symbols, series, labelIndices, , postings, postingsTable] = offsets as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    // Newer versions leave label indices out: then series end where the postings begin.
    const seriesEnd = labelIndices > 0 ? labelIndices : postings;
    const isSound = [symbols, series, seriesEnd, postings, postingsTable].every(
      (offset) => offset >= 5 && offset < start,
    );
    if (!isSound) throw this.#damaged(start, "its table of contents leads outside the file");
    return { symbols, series, seriesEnd, postings, postingsTable };
  }

  #wordAt(offset: number): number {
    return wordOf(this.#file.read(offset, 4), 0);
  }

  /** `length` bytes behind the 4 at `offset`, whose checksum follows. */
  #section(offset: number, length: number, what: string): Uint8Array {
    if (offset + 8 + length > this.#file.length) throw this.#damaged(offset, `${what} lead outside the file`);
    const bytes = this.#file.read(offset + 4, length + 4);
    const content = bytes.subarray(0, length);
    if (crc32c(content) !== wordOf(bytes, length)) throw this.#damaged(offset, `the checksum of ${what} is wrong`);
    return content;
  }

  /** The checksum of a long section, read in pieces past the cache. */
  #verify(offset: number, what: string): number {
    const length = this.#wordAt(offset);
    const end = offset + 4 + length;
    if (length < 4) throw this.#damaged(offset, `${what} have no count`); // zeros, whose checksum is right
    if (end + 4 > this.#file.length) throw this.#damaged(offset, `${what} lead outside the file`);
    let crc = 0;
    for (let at = offset + 4; at < end; at += WALK_BYTES) {
      crc = crc32c(this.#file.read(at, Math.min(WALK_BYTES, end - at)), crc);
    }
    if (crc !== this.#wordAt(end)) throw this.#damaged(offset, `the checksum of ${what} is wrong`);
    return end;
  }

  #walkSymbols(): number[] {
    const offset = this.#contents.symbols;
    this.#verify(offset, "the symbols");
    this.#symbolCount = this.#wordAt(offset + 4);
    const samples: number[] = [];
    const cursor = new FileCursor(this.#file, offset + 8, WALK_BYTES);
    for (let i = 0; i < this.#symbolCount; i++) {
      if (i % SAMPLE_EVERY === 0) samples.push(cursor.offset);
      cursor.skip(cursor.uvarint());
    }
    return samples;
  }

  #tables(): Map<string, ValueSamples> {
    this.#names ??= this.#walkPostings();
    return this.#names;
  }

  #walkPostings(): Map<string, ValueSamples> {
    const offset = this.#contents.postingsTable;
    const end = this.#verify(offset, "the table of postings");
    const count = this.#wordAt(offset + 4);
    const names = new Map<string, ValueSamples>();
    const cursor = new FileCursor(this.#file, offset + 8, WALK_BYTES);
    let current: ValueSamples | undefined;
    let currentName = Buffer.from("\0none");
    let seen = 0;
    let lastValue: Uint8Array = new Uint8Array(0);
    const closeCurrent = (at: number): void => {
      if (current === undefined) return;
      current.last = textOf(lastValue);
      current.end = at;
    };
    for (let i = 0; i < count; i++) {
      const start = cursor.offset;
      if (start >= end) throw this.#damaged(start, "the table of postings ends early");
      cursor.uvarint();
      const name = cursor.take(cursor.uvarint());
      if (current === undefined || !currentName.equals(name)) {
        closeCurrent(start);
        currentName = Buffer.from(name);
        current = { values: [], offsets: [], last: "", end: 0 };
        names.set(textOf(name), current);
        seen = 0;
      }
      lastValue = cursor.take(cursor.uvarint());
      if (seen % SAMPLE_EVERY === 0) {
        current.values.push(textOf(lastValue));
        current.offsets.push(start);
      }
      seen++;
      cursor.uvarint();
    }
    closeCurrent(cursor.offset);
    return names;
  }

  #damaged(offset: number, why: string): CorruptionError {
    const { path } = this.#file;
    return new CorruptionError("BLOCK_INDEX", `${path} is damaged at byte ${offset}: ${why}`, { file: path, offset });
  }
}

/** Walks a file forward, by pages of the cache or by larger pieces past it. */
class FileCursor {
  readonly #file: PagedFile;
  readonly #piece: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #start: number;
  #at = 0;

  constructor(file: PagedFile, offset: number, piece = 0) {
    this.#file = file;
    this.#start = offset;
    this.#piece = piece;
  }

  get offset(): number {
    return this.#start + this.#at;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** A view of the next bytes. */
  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) {
      this.#load();
      if (length > this.#bytes.length) {
        const bytes = this.#file.read(this.#start, length);
        this.#at = length;
        return bytes;
      }
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uvarint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      if (this.#at >= this.#bytes.length) this.#load();
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new CorruptionError("BLOCK_INDEX", `${this.#file.path} is damaged at byte ${this.offset}: no number there`, {
      file: this.#file.path,
      offset: this.offset,
    });
  }

  /** The bytes from the current place on. */
  #load(): void {
    this.#start += this.#at;
    this.#at = 0;
    if (this.#start >= this.#file.length) this.#bytes = new Uint8Array(0);
    else if (this.#piece > 0) this.#bytes = this.#file.upTo(this.#start, this.#piece);
    else this.#bytes = this.#file.restOfPage(this.#start);
  }
}

/** Numbers of a series entry; behind its end they are 0 and `isPastEnd` is true. */
class EntryCursor {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isPastEnd(): boolean {
    return this.at > this.#bytes.length;
  }

  uvarint(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function wordOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Lists that share no ref as one, ascending. */
function joined(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0]!;
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all.sort();
}
