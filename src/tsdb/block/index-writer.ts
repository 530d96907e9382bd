/**
 * Writes a block's `index`, version 2, byte for byte as Prometheus 3.5 does.
 *
 *   4 bytes magic 0xbaaad700   1 byte version 2
 *   symbols          u32 length   u32 count   for each, sorted: uvarint length, UTF-8   u32 CRC
 *   series           each at a multiple of 16: uvarint length   entry   u32 CRC of the entry
 *     entry          uvarint labels   for each: uvarint name, uvarint value (numbers of symbols)
 *                    uvarint chunks   first: varint minTime, uvarint maxTime − minTime, uvarint ref
 *                                     others: uvarint minTime − maxTime before, uvarint maxTime − minTime, varint ref − ref before
 *   label indices    each at a multiple of 4, one a name: u32 length   u32 1   u32 count   u32 symbol of each value   u32 CRC
 *   postings         each at a multiple of 4: u32 length   u32 count   u32 offset / 16 of each series   u32 CRC
 *   two tables       u32 length   u32 count   for each: uvarint keys, keys, uvarint offset   u32 CRC
 *                    first of label indices (key: name), then of postings (keys: name and value; "", "" has all series)
 *   contents         6 × u64 offsets of symbols, series, label indices, their table, postings, their table   u32 CRC
 *
 * Symbols are known when all series are, but stand first: entries wait in memory with the numbers that symbols got as they
 * came, about 100 bytes a series, and are written by `finish`.
 */
import { assert, ByteWriter, type Files, VestalError } from "../../base/index.js";
import { compareBytes, compareLabels, Labels } from "../../model/index.js";
import { FileWriter } from "./file-writer.js";
import { INDEX_FORMAT, INDEX_MAGIC, SERIES_ALIGN } from "./format.js";

export interface ChunkMeta {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly ref: number;
}

const SPOOL_BYTES = 1024 * 1024;
const SECTION_BYTES_MAX = 2 ** 32 - 1;

export class IndexWriter {
  readonly #files: Files;
  readonly #path: string;
  readonly #numbers = new Map<string, number>();
  readonly #symbols: string[] = [];
  /** Entries, one behind the other: u32 length of what follows; labels as in the file but for the numbers; chunks. */
  readonly #spool: Uint8Array[] = [];
  #spoolUsed = SPOOL_BYTES;
  readonly #entry = new ByteWriter();
  #last = Labels.EMPTY;
  #seriesCount = 0;
  #lastRef = 0;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
    this.#number(""); // Prometheus' own key of all postings; it stands in each of its tables of symbols
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  /**
   * @param labels  behind those of the series before, in Prometheus' order.
   * @param chunks  ascending, without overlap; their refs ascend over all series.
   */
  addSeries(labels: Labels, chunks: readonly ChunkMeta[]): void {
    assert(
      this.#seriesCount === 0 || compareLabels(this.#last, labels) < 0,
      `series are not in order of labels: ${labels} comes behind ${this.#last}`,
    );
    this.#last = labels;
    this.#seriesCount++;
    const entry = this.#entry;
    entry.clear();
    entry.u32(0);
    entry.uvarint(labels.size);
    for (const text of labels.pairs) entry.uvarint(this.#number(text));
    this.#putChunks(chunks);
    this.#keep(entry.bytes);
  }

  /** Writes the file and syncs it; returns its length. */
  finish(): number {
    const file = new FileWriter(this.#files, this.#path);
    try {
      this.#writeAll(file);
      const bytes = file.position;
      file.finish();
      return bytes;
    } finally {
      file.close();
    }
  }

  #number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#symbols.length;
      this.#symbols.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }

  #putChunks(chunks: readonly ChunkMeta[]): void {
    const entry = this.#entry;
    entry.uvarint(chunks.length);
    let maxTime = 0;
    let ref = 0;
    chunks.forEach((chunk, i) => {
      const isFirst = i === 0;
      assert(chunk.maxTimeMs >= chunk.minTimeMs, "a chunk ends before it begins");
      assert(isFirst || chunk.minTimeMs > maxTime, "chunks of a series overlap");
      assert(chunk.ref >= this.#lastRef, "chunk refs do not ascend");
      if (isFirst) entry.varint(chunk.minTimeMs);
      else entry.uvarint(chunk.minTimeMs - maxTime);
      entry.uvarint(chunk.maxTimeMs - chunk.minTimeMs);
      if (isFirst) entry.uvarint(chunk.ref);
      else entry.varint(chunk.ref - ref);
      maxTime = chunk.maxTimeMs;
      ref = chunk.ref;
      this.#lastRef = ref;
    });
  }

  #keep(entry: Uint8Array): void {
    if (this.#spoolUsed + entry.length > (this.#spool.at(-1)?.length ?? 0)) {
      this.#spool.push(new Uint8Array(Math.max(SPOOL_BYTES, entry.length + 4)));
      this.#spoolUsed = 0;
    }
    const spool = this.#spool.at(-1)!;
    spool.set(entry, this.#spoolUsed);
    new DataView(spool.buffer).setUint32(this.#spoolUsed, entry.length - 4);
    this.#spoolUsed += entry.length;
  }

  /** Calls `visit` with the place of each entry behind its length. */
  #forEachEntry(visit: (bytes: Uint8Array, start: number, end: number) => void): void {
    this.#spool.forEach((bytes, i) => {
      const used = i === this.#spool.length - 1 ? this.#spoolUsed : bytes.length;
      const view = new DataView(bytes.buffer);
      for (let at = 0; at + 4 <= used; ) {
        const length = view.getUint32(at);
        if (length === 0) break; // the unused rest
        visit(bytes, at + 4, at + 4 + length);
        at += 4 + length;
      }
    });
  }

  // ── the file ───────────────────────────────────────────────────────────────────────────────────────────────────

  #writeAll(file: FileWriter): void {
    const out = new ByteWriter();
    out.u32(INDEX_MAGIC);
    out.u8(INDEX_FORMAT);
    file.write(out.bytes);

    const sorted = [...this.#symbols].sort(compareBytes);
    const ranks = new Uint32Array(sorted.length);
    sorted.forEach((symbol, rank) => {
      ranks[this.#numbers.get(symbol)!] = rank;
    });
    const symbols = file.position;
    writeSymbols(file, sorted);

    const series = file.position;
    const lists = this.#writeSeries(file, ranks, sorted.length);

    const labelIndices = file.position;
    const names = [...lists.keys()].sort((a, b) => a - b);
    const labelTable = names.map((name) => writeLabelIndex(file, sorted[name]!, lists.get(name)!));

    const postings = file.position;
    file.pad(4);
    const postingsTable: TableEntry[] = [writePostings(file, ["", ""], this.#all)];
    for (const name of names) {
      const values = lists.get(name)!;
      for (const value of [...values.keys()].sort((a, b) => a - b)) {
        postingsTable.push(writePostings(file, [sorted[name]!, sorted[value]!], values.get(value)!));
      }
    }

    const labelTableAt = file.position;
    writeTable(file, labelTable);
    const postingsTableAt = file.position;
    writeTable(file, postingsTable);

    out.clear();
    for (const offset of [symbols, series, labelIndices, labelTableAt, postings, postingsTableAt]) out.i64(offset);
    file.beginChecksum();
    file.write(out.bytes);
    file.writeChecksum();
  }

  #all = new RefList();

  /** Writes the entries and gathers, by numbers of sorted symbols: name → value → refs. */
  #writeSeries(file: FileWriter, ranks: Uint32Array, symbolCount: number): Map<number, Map<number, RefList>> {
    const lists = new Map<number, Map<number, RefList>>();
    const out = new ByteWriter();
    const head = new ByteWriter(16);
    assert(ranks.length === symbolCount, "each symbol has a rank");
    this.#forEachEntry((bytes, start, end) => {
      file.pad(SERIES_ALIGN);
      const ref = file.position / SERIES_ALIGN;
      if (ref > SECTION_BYTES_MAX) throw new VestalError("INDEX_SIZE", `${this.#path}: more series than refs can name`);
      this.#all.push(ref);
      out.clear();
      let at = start;
      const next = (): number => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = bytes[at++]!;
          value |= (byte & 0x7f) << shift;
          if (byte < 0x80) return value;
        }
      };
      const labels = next();
      out.uvarint(labels);
      for (let i = 0; i < labels; i++) {
        const name = ranks[next()]!;
        const value = ranks[next()]!;
        out.uvarint(name);
        out.uvarint(value);
        listOf(lists, name, value).push(ref);
      }
      out.raw(bytes.subarray(at, end));
      head.clear();
      head.uvarint(out.length);
      file.write(head.bytes);
      file.beginChecksum();
      file.write(out.bytes);
      file.writeChecksum();
    });
    return lists;
  }
}

interface TableEntry {
  readonly keys: readonly string[];
  readonly offset: number;
}

/** Refs of series, as they come. */
class RefList {
  #refs = new Uint32Array(1);
  #count = 0;

  get refs(): Uint32Array {
    return this.#refs.subarray(0, this.#count);
  }

  push(ref: number): void {
    if (this.#count === this.#refs.length) {
      const grown = new Uint32Array(this.#count * 2);
      grown.set(this.#refs);
      this.#refs = grown;
    }
    this.#refs[this.#count++] = ref;
  }
}

function listOf(lists: Map<number, Map<number, RefList>>, name: number, value: number): RefList {
  let values = lists.get(name);
  if (values === undefined) {
    values = new Map();
    lists.set(name, values);
  }
  let list = values.get(value);
  if (list === undefined) {
    list = new RefList();
    values.set(value, list);
  }
  return list;
}

/** A section whose length stands before it and whose checksum, of all behind the length, stands after it. */
function writeSection(file: FileWriter, bytes: number, write: () => void): void {
  if (bytes > SECTION_BYTES_MAX) {
    throw new VestalError("INDEX_SIZE", `${file.path}: a section of ${bytes} bytes is more than the format can hold`);
  }
  const head = new ByteWriter(4);
  head.u32(bytes);
  file.write(head.bytes);
  file.beginChecksum();
  const start = file.position;
  write();
  assert(file.position - start === bytes, "a section of the index has the length that stands before it");
  file.writeChecksum();
}

function writeSymbols(file: FileWriter, sorted: readonly string[]): void {
  let bytes = 4;
  for (const symbol of sorted) {
    const length = Buffer.byteLength(symbol);
    bytes += uvarintBytes(length) + length;
  }
  writeSection(file, bytes, () => {
    const out = new ByteWriter();
    out.u32(sorted.length);
    for (const symbol of sorted) {
      out.text(symbol);
      if (out.length > SPOOL_BYTES) {
        file.write(out.bytes);
        out.clear();
      }
    }
    file.write(out.bytes);
  });
}

function writeLabelIndex(file: FileWriter, name: string, values: ReadonlyMap<number, RefList>): TableEntry {
  file.pad(4);
  const offset = file.position;
  const sorted = Uint32Array.from(values.keys()).sort();
  writeSection(file, 8 + 4 * sorted.length, () => {
    const out = new ByteWriter(8);
    out.u32(1); // the number of names
    out.u32(sorted.length);
    file.write(out.bytes);
    file.write(bigEndian(sorted));
  });
  return { keys: [name], offset };
}

function writePostings(file: FileWriter, keys: readonly string[], { refs }: RefList): TableEntry {
  file.pad(4);
  const offset = file.position;
  writeSection(file, 4 + 4 * refs.length, () => {
    const out = new ByteWriter(4);
    out.u32(refs.length);
    file.write(out.bytes);
    file.write(bigEndian(refs));
  });
  return { keys, offset };
}

function writeTable(file: FileWriter, entries: readonly TableEntry[]): void {
  let bytes = 4;
  for (const { keys, offset } of entries) {
    bytes += uvarintBytes(keys.length) + uvarintBytes(offset);
    for (const key of keys) {
      const length = Buffer.byteLength(key);
      bytes += uvarintBytes(length) + length;
    }
  }
  writeSection(file, bytes, () => {
    const out = new ByteWriter();
    out.u32(entries.length);
    for (const { keys, offset } of entries) {
      out.uvarint(keys.length);
      for (const key of keys) out.text(key);
      out.uvarint(offset);
      if (out.length > SPOOL_BYTES) {
        file.write(out.bytes);
        out.clear();
      }
    }
    file.write(out.bytes);
  });
}

function bigEndian(words: Uint32Array): Uint8Array {
  const bytes = Buffer.from(words.slice().buffer);
  return bytes.swap32();
}

function uvarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
