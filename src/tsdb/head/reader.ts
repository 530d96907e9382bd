/**
 * What a query thread reads of one shard's head: series by matchers, all at one commit, and copies of their encoded
 * chunks. Works under a pin, which is the only thing that it writes; the pin is held while it copies and no longer.
 *
 * How a commit is published, and why the reads below need no lock, is said at the top of assembly/layout.ts.
 */
import {
  CHUNK_CAPACITY,
  CHUNK_COUNT,
  CHUNK_DATA,
  CHUNK_ENCODING,
  CHUNK_LENGTH,
  CHUNK_MAX_TIME,
  CHUNK_MIN_TIME,
  CHUNK_PREVIOUS,
  COMMITTED,
  COUNTER_CHUNKS,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OOO_CHUNKS,
  COUNTER_OOO_MAX_TIME,
  COUNTER_OOO_MIN_TIME,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SERIES,
  COUNTER_SERIES_CREATED,
  COUNTER_SIDES,
  COUNTERS,
  DISK_CHUNK_FILE,
  DISK_CHUNK_OFFSET,
  ENTRY_CHUNK,
  ENTRY_COMMIT,
  ENTRY_COUNT,
  EPOCH,
  HEAD_VERSION,
  LAYOUT_VERSION,
  PIN_COUNT,
  PINS,
  SIDE_SEALED,
  SLOT_ENTRY_0,
  SLOT_ENTRY_1,
  SLOT_GENERATION,
  SLOT_LABELS,
  SLOT_LAST_TIME,
  SLOT_SIDE,
} from "../../../assembly/layout.js";
import { AssertionError, assert, NumberList, VestalError } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import type { Labels, Matcher } from "../../model/index.js";
import type { ChunkEncoding } from "../chunk/index.js";
import type { Checksums, HeadChunkReader, HeadChunkRef } from "../chunks-head/index.js";
import { MemoryIndex } from "../index/memory-index.js";
import { selectSlots } from "../index/select.js";
import type { CapturedSeries } from "./captured.js";
import { type EntryCapture, SelectedSlots } from "./selected-slots.js";
import { chunksOfSide, type DeletedTimes, deletedOfSide, isAllDeleted, isChunkOnDisk, sideAt } from "./side.js";

/** Label sets that a reader keeps: 200 bytes each and more; beyond it forgets them all. */
const LABELS_KEPT = 200_000;
/**
 * A capture starts again when one of its series got two commits while it ran, some 50 ns a series. Scrapes of one target
 * are seconds apart; only a sender of single samples could outrun it, and not so often.
 */
const MAX_RESTARTS = 1000;
/** The decoder reads whole words: this many bytes behind a chunk must be readable. */
const DECODE_SLACK = 8;
/** Up to this many bytes a loop over words is faster than a view and a copy. */
const SHORT_COPY_BYTES = 512;

/** What one select takes: `isWithSamples` false leaves the chunks where they are. */
export interface HeadRequest {
  readonly matchers: readonly Matcher[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly isWithSamples: boolean;
  /** As in a SelectRequest. */
  readonly isRepeated: boolean;
  /** Where the series found are added. */
  readonly into: CapturedSeries;
}

const LABELS_PAGE_SHIFT = 10;
const LABELS_PAGE = 1 << LABELS_PAGE_SHIFT;

/** Label sets of neighbouring slots, and the generation of the slot that each is of. */
interface LabelsPage {
  readonly labels: (Labels | undefined)[];
  readonly generations: Uint32Array;
}

/** Encoded chunks that the pin still protects: where they lie, and where their copies are described. */
interface ChunkSources {
  /** 0 for a chunk of chunks_head. */
  readonly addresses: NumberList;
  readonly lengths: NumberList;
  /** Of chunks_head: read when the pin is gone, since their files stay as long as a query that may know them. */
  readonly onDisk: DiskSource[];
}

interface DiskSource extends HeadChunkRef {
  readonly into: CapturedSeries;
  readonly index: number;
}

/** A closed chunk, copied to the private memory. */
export interface CopiedChunk {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly encoding: ChunkEncoding;
  readonly lengthBytes: number;
  address: number;
}

/** Chunks of one series, copied. */
export interface CopiedSeries {
  readonly chunks: readonly CopiedChunk[];
  /** Undefined: nothing of the series was deleted. */
  readonly deleted: DeletedTimes | undefined;
}

/** How chunks that have left the memory are read. */
export interface DiskAccess {
  readonly reader: HeadChunkReader;
  readonly checksums: Checksums;
}

/**
 * Whether a head may have samples of the range: of those in order and those out of order the bounds are known.
 *
 * @param floats  over the head's memory
 */
export function headOverlaps(floats: Float64Array, minTimeMs: number, maxTimeMs: number): boolean {
  const counter = (index: number): number => floats[(COUNTERS >> 3) + index]!;
  const isIn = (min: number, max: number): boolean => counter(min) <= maxTimeMs && counter(max) >= minTimeMs;
  const isInOrder = counter(COUNTER_SAMPLES_APPENDED) !== 0 && isIn(COUNTER_MIN_TIME, COUNTER_MAX_TIME);
  return isInOrder || (counter(COUNTER_OOO_CHUNKS) !== 0 && isIn(COUNTER_OOO_MIN_TIME, COUNTER_OOO_MAX_TIME));
}

export class HeadReader {
  readonly index: MemoryIndex;
  readonly #words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #pin: number;
  readonly #selected: SelectedSlots;
  readonly #labelsKept: number;
  /** Of the capture that runs. */
  readonly #addresses = new NumberList();
  readonly #lengths = new NumberList();
  /** Chunks of the series that is being walked, newest first. */
  readonly #chain = new NumberList();
  /** By slot; pages that nobody asked for are missing. */
  #labels: (LabelsPage | undefined)[] = [];
  #labelCount = 0;

  /**
   * @param pinIndex  this thread's own place among the pins of every head, below PIN_COUNT.
   * @param labelsKept  label sets that are kept for the next call.
   */
  constructor(memory: WebAssembly.Memory, pinIndex: number, labelsKept = LABELS_KEPT) {
    this.#labelsKept = labelsKept;
    assert(pinIndex >= 0 && pinIndex < PIN_COUNT, `pin ${pinIndex} is not below ${PIN_COUNT}`);
    const buffer = memory.buffer as SharedArrayBuffer; // heads are always shared
    this.index = new MemoryIndex(buffer);
    this.#words = this.index.words;
    this.#signed = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#pin = (PINS >> 2) + pinIndex;
    this.#selected = new SelectedSlots(this.index, this.#floats);
    const version = Atomics.load(this.#words, HEAD_VERSION >> 2);
    if (version !== LAYOUT_VERSION) {
      throw new AssertionError(`the head has layout ${version}, this program ${LAYOUT_VERSION}`);
    }
  }

  /** Bounds of all samples ever appended in order that are not known to be truncated; undefined while there are none. */
  timeBounds(): { readonly minTimeMs: number; readonly maxTimeMs: number } | undefined {
    const counters = COUNTERS >> 3;
    if (this.#floats[counters + COUNTER_SAMPLES_APPENDED] === 0) return undefined;
    return {
      minTimeMs: this.#floats[counters + COUNTER_MIN_TIME]!,
      maxTimeMs: this.#floats[counters + COUNTER_MAX_TIME]!,
    };
  }

  /** As `headOverlaps`. */
  overlaps(minTimeMs: number, maxTimeMs: number): boolean {
    return headOverlaps(this.#floats, minTimeMs, maxTimeMs);
  }

  counts(): { readonly series: number; readonly chunks: number } {
    const counters = COUNTERS >> 3;
    return {
      series: this.#floats[counters + COUNTER_SERIES]!,
      chunks: this.#floats[counters + COUNTER_CHUNKS]!,
    };
  }

  /** Calls `visit` with each label pair that series have, and how many. */
  forEachPair(visit: (name: string, value: string, series: number) => void): void {
    this.pinned(() => {
      const { index } = this;
      const count = index.pairCount;
      for (let pair = 1; pair < count; pair++) {
        const series = index.postingsLength(pair);
        if (series > 0) visit(index.symbol(index.pairName(pair)), index.symbol(index.pairValue(pair)), series);
      }
    });
  }

  /** Runs `read` under a pin: no region that it can reach is reused before it returns. Not re-entrant. */
  pinned<T>(read: () => T): T {
    const words = this.#words;
    assert(Atomics.load(words, this.#pin) === 0, "a reader pins a head twice");
    let epoch: number;
    do {
      epoch = Atomics.load(words, EPOCH >> 2);
      Atomics.store(words, this.#pin, epoch);
      // The writer advances the epoch before it looks at the pins: if the epoch is still the same, it will see this one.
    } while (Atomics.load(words, EPOCH >> 2) !== epoch);
    this.index.refresh();
    try {
      return read();
    } finally {
      Atomics.store(words, this.#pin, 0);
    }
  }

  /**
   * Takes the series of all requests at one commit and copies their chunks of the wanted times into `memory`.
   *
   * @param disk  needed where the head has chunks in chunks_head.
   * @throws VestalError QUERY_MEMORY if the copies do not fit, HEAD_BUSY if the writer outran every try, CHUNKS_HEAD_READ
   *         or CHUNKS_HEAD_CORRUPTED if chunks cannot be read.
   */
  capture(requests: readonly HeadRequest[], memory: QueryMemory, disk?: DiskAccess): void {
    const onDisk = this.pinned(() => {
      const { captures, commit } = this.#entries(requests);
      const hasSides = this.#floats[(COUNTERS >> 3) + COUNTER_SIDES] !== 0;
      const marks = requests.map((request) => request.into.mark());
      this.#addresses.clear();
      this.#lengths.clear();
      const sources: ChunkSources = { addresses: this.#addresses, lengths: this.#lengths, onDisk: [] };
      requests.forEach((request, r) => {
        const { slots, chunks, counts } = captures[r]!;
        for (let i = 0; i < slots.length; i++) {
          if (hasSides) {
            const side = sideAt(this.#words, this.index.slotAddress(slots[i]!), commit);
            if (side !== 0) {
              this.#walkWithSide(request, slots[i]!, chunks[i]!, counts[i]!, side, sources);
              continue;
            }
          }
          if (chunks[i] === 0 || !this.#walk(request, chunks[i]!, counts[i]!, sources)) continue;
          // Of who asks for samples the decoder looks at the end of an open chunk.
          const isOver = !request.isWithSamples && this.#lastTime(slots[i]!) < request.minTimeMs;
          if (isOver) continue;
          request.into.addSeries(this.#labelsOf(slots[i]!));
        }
      });
      this.#copy(requests, marks, sources, memory);
      return sources.onDisk;
    });
    if (onDisk.length === 0) return;
    assert(disk !== undefined, "a reader of a head with chunks on disk has no access to them");
    disk.reader.read(onDisk, memory, disk.checksums, (i, address) => {
      const { into, index } = onDisk[i]!;
      into.placeChunk(index, address);
    });
  }

  /**
   * Newest chunk and count of each selected series, all at one commit. The loop over entries is all that must pass between
   * two commits of one series, so nothing else is in it; series are selected anew only if one was made meanwhile.
   */
  #entries(requests: readonly HeadRequest[]): { readonly captures: readonly EntryCapture[]; readonly commit: number } {
    let captures: EntryCapture[] | undefined;
    let seriesCreated = 0;
    for (let tries = 0; tries < MAX_RESTARTS; tries++) {
      const commit = Atomics.load(this.#words, COMMITTED >> 2); // first: series of this commit are in the postings then
      const created = this.#floats[(COUNTERS >> 3) + COUNTER_SERIES_CREATED]!;
      if (captures === undefined || created !== seriesCreated) {
        seriesCreated = created;
        captures = requests.map(({ matchers, isRepeated }) => this.#selected.select(matchers, isRepeated));
      }
      if (captures.every((capture) => this.#entriesAt(capture, commit))) return { captures, commit };
    }
    throw new VestalError("HEAD_BUSY", `no consistent view of the head in ${MAX_RESTARTS} tries`);
  }

  /** False if a series has only entries newer than `commit`. A series that was never published gets chunk 0. */
  #entriesAt({ slots, chunks, counts }: EntryCapture, commit: number): boolean {
    const words = this.#words;
    for (let i = 0; i < slots.length; i++) {
      const entry = this.#newestEntry(this.index.slotAddress(slots[i]!), commit);
      if (entry === RESTART) return false;
      if (entry === NONE) {
        chunks[i] = 0;
        continue;
      }
      const commitBefore = Atomics.load(words, (entry + ENTRY_COMMIT) >>> 2);
      chunks[i] = Atomics.load(words, (entry + ENTRY_CHUNK) >>> 2);
      counts[i] = Atomics.load(words, (entry + ENTRY_COUNT) >>> 2);
      // The writer changes the commit before it changes the rest: the same again means that chunk and count are its own.
      const isSame = Atomics.load(words, (entry + ENTRY_COMMIT) >>> 2) === commitBefore;
      if (!isSame || commitBefore === 0 || !isVisible(commitBefore, commit)) i--; // look at both entries again
    }
    return true;
  }

  /** Address of the newest entry that `commit` sees, NONE (the series is newer, or was removed), or RESTART. */
  #newestEntry(slot: number, commit: number): number {
    const words = this.#words;
    const first = Atomics.load(words, (slot + SLOT_ENTRY_0) >>> 2);
    const second = Atomics.load(words, (slot + SLOT_ENTRY_1) >>> 2);
    const isFirst = first !== 0 && isVisible(first, commit);
    const isSecond = second !== 0 && isVisible(second, commit);
    if (isFirst && isSecond) return slot + (((first - second) | 0) > 0 ? SLOT_ENTRY_0 : SLOT_ENTRY_1);
    if (isFirst) return slot + SLOT_ENTRY_0;
    if (isSecond) return slot + SLOT_ENTRY_1;
    return first === 0 || second === 0 ? NONE : RESTART;
  }

  /**
   * Adds the chunks that overlap the wanted times, oldest first. False if there are none. The newest one may be open: its
   * end is unknown, and all its bytes are taken, of which `count` samples are valid.
   */
  #walk(
    request: HeadRequest,
    newest: number,
    newestCount: number,
    sources: ChunkSources,
    deleted?: DeletedTimes,
  ): boolean {
    const words = this.#words;
    const { minTimeMs, maxTimeMs, into } = request;
    const chain = this.#chain;
    chain.length = 0;
    for (let chunk = newest; chunk !== 0; chunk = Atomics.load(words, (chunk + CHUNK_PREVIOUS) >>> 2)) {
      if (chunk !== newest && this.#time(chunk + CHUNK_MAX_TIME) < minTimeMs) break;
      const minTime = this.#time(chunk + CHUNK_MIN_TIME);
      if (minTime <= maxTimeMs && !this.#isDeleted(deleted, chunk, chunk === newest)) chain.push(chunk);
      if (minTime <= minTimeMs) break;
    }
    for (let i = chain.length - 1; request.isWithSamples && i >= 0; i--) {
      const chunk = chain.values[i]!;
      const isOnDisk = isChunkOnDisk(this.#bytes, chunk);
      const mayBeOpen = chunk === newest && !isOnDisk;
      const length = words[(chunk + (mayBeOpen ? CHUNK_CAPACITY : CHUNK_LENGTH)) >>> 2]!;
      const count = mayBeOpen ? newestCount : words[(chunk + CHUNK_COUNT) >>> 2]! & 0xffff;
      const maxTime = mayBeOpen ? Number.POSITIVE_INFINITY : this.#time(chunk + CHUNK_MAX_TIME);
      if (isOnDisk) {
        const file = words[(chunk + DISK_CHUNK_FILE) >>> 2]!;
        const offset = words[(chunk + DISK_CHUNK_OFFSET) >>> 2]!;
        sources.onDisk.push({ into, index: into.mark().chunks, file, offset, lengthBytes: length });
      }
      const encoding = this.#bytes[chunk + CHUNK_ENCODING] as ChunkEncoding; // the writer knows no other
      into.addChunk(this.#time(chunk + CHUNK_MIN_TIME), maxTime, length, count, encoding);
      sources.addresses.push(isOnDisk ? 0 : chunk + CHUNK_DATA);
      sources.lengths.push(isOnDisk ? 0 : length);
    }
    return chain.length > 0;
  }

  /** As Prometheus asks it: a chunk that may be open has no end. */
  #isDeleted(deleted: DeletedTimes | undefined, chunk: number, isNewest: boolean): boolean {
    if (deleted === undefined) return false;
    const mayBeOpen = isNewest && !isChunkOnDisk(this.#bytes, chunk);
    const maxTimeMs = mayBeOpen ? Number.POSITIVE_INFINITY : this.#time(chunk + CHUNK_MAX_TIME);
    return isAllDeleted(deleted, this.#time(chunk + CHUNK_MIN_TIME), maxTimeMs);
  }

  /** As `#walk` of a series that has samples out of order, or of which some were deleted; adds the series if it is found. */
  #walkWithSide(
    request: HeadRequest,
    slot: number,
    newest: number,
    newestCount: number,
    side: number,
    sources: ChunkSources,
  ): void {
    const { minTimeMs, maxTimeMs, into, isWithSamples } = request;
    const words = this.#words;
    const deleted = deletedOfSide(words, this.#floats, side);
    const isInOrder = newest !== 0 && this.#walk(request, newest, newestCount, sources, deleted);
    const outOfOrder = chunksOfSide(words, side).filter((chunk) => {
      const [min, max] = [this.#time(chunk + CHUNK_MIN_TIME), this.#time(chunk + CHUNK_MAX_TIME)];
      return min <= maxTimeMs && max >= minTimeMs && !(deleted !== undefined && isAllDeleted(deleted, min, max));
    });
    if (!isInOrder && outOfOrder.length === 0) return;
    for (const chunk of isWithSamples ? outOfOrder.reverse() : []) {
      const length = words[(chunk + CHUNK_LENGTH) >>> 2]!;
      const isOnDisk = isChunkOnDisk(this.#bytes, chunk);
      if (isOnDisk) {
        const file = words[(chunk + DISK_CHUNK_FILE) >>> 2]!;
        const offset = words[(chunk + DISK_CHUNK_OFFSET) >>> 2]!;
        sources.onDisk.push({ into, index: into.mark().chunks, file, offset, lengthBytes: length });
      }
      const count = words[(chunk + CHUNK_COUNT) >>> 2]! & 0xffff;
      const encoding = this.#bytes[chunk + CHUNK_ENCODING] as ChunkEncoding; // the writer knows no other
      into.addChunk(this.#time(chunk + CHUNK_MIN_TIME), this.#time(chunk + CHUNK_MAX_TIME), length, count, encoding);
      sources.addresses.push(isOnDisk ? 0 : chunk + CHUNK_DATA);
      sources.lengths.push(isOnDisk ? 0 : length);
    }
    into.addSeries(this.#labelsOf(slot), { outOfOrder: isWithSamples ? outOfOrder.length : 0, deleted });
  }

  /** Copies the chunks found, in the order in which they were added, and tells the sets where their copies begin. */
  #copy(
    requests: readonly HeadRequest[],
    marks: readonly { readonly chunks: number }[],
    sources: ChunkSources,
    memory: QueryMemory,
  ): void {
    const addresses = sources.addresses.values;
    const lengths = sources.lengths.values;
    let total = DECODE_SLACK;
    for (let i = 0; i < sources.lengths.length; i++) total += roundUp(lengths[i]!);
    let to = memory.allocate(total);
    let next = 0;
    requests.forEach((request, r) => {
      const end = request.into.mark().chunks;
      for (let i = marks[r]!.chunks; i < end; i++, next++) {
        const length = lengths[next]!;
        if (addresses[next] === 0) continue;
        copyBytes(this.#bytes, this.#words, addresses[next]!, memory, to, length);
        request.into.placeChunk(i, to);
        to += roundUp(length);
      }
    });
  }

  /** Of the newest sample in order, which the newest commit has. */
  #lastTime(slot: number): number {
    return this.#time(this.index.slotAddress(slot) + SLOT_LAST_TIME);
  }

  #labelsOf(slot: number): Labels {
    const at = this.index.slotAddress(slot);
    const generation = Atomics.load(this.#words, (at + SLOT_GENERATION) >>> 2);
    const place = slot & (LABELS_PAGE - 1);
    let page = this.#labels[slot >>> LABELS_PAGE_SHIFT];
    const known = page?.labels[place];
    if (known !== undefined && page!.generations[place] === generation) return known;
    const labels = this.index.labelsAt(this.#words[(at + SLOT_LABELS) >>> 2]!);
    if (this.#labelCount >= this.#labelsKept) {
      this.#labels = [];
      this.#labelCount = 0;
      page = undefined;
    }
    if (this.#labelsKept === 0) return labels;
    if (page === undefined) {
      page = { labels: new Array<Labels | undefined>(LABELS_PAGE), generations: new Uint32Array(LABELS_PAGE) };
      this.#labels[slot >>> LABELS_PAGE_SHIFT] = page;
    }
    if (page.labels[place] === undefined) this.#labelCount++;
    page.labels[place] = labels;
    page.generations[place] = generation;
    return labels;
  }

  /** Labels of a live slot whose shard does not truncate meanwhile. */
  labelsOfSlot(slot: number): Labels {
    return this.#labelsOf(slot);
  }

  /**
   * Closed chunks of each slot that overlap [minTimeMs, maxTimeMs], oldest first, copied to `memory`. A chunk that is open
   * begins behind that range: its shard has closed all others.
   *
   * @throws VestalError as `capture`.
   */
  copyClosed(
    slots: Uint32Array,
    minTimeMs: number,
    maxTimeMs: number,
    memory: QueryMemory,
    disk: DiskAccess,
  ): CopiedSeries[] {
    return this.#copyChunks(slots, memory, disk, () => {
      const capture = { slots, chunks: new Uint32Array(slots.length), counts: new Uint32Array(slots.length) };
      let tries = 0;
      while (!this.#entriesAt(capture, Atomics.load(this.#words, COMMITTED >> 2))) {
        if (++tries === MAX_RESTARTS)
          throw new VestalError("HEAD_BUSY", `no consistent view of the head in ${tries} tries`);
      }
      return Array.from(capture.chunks, (newest) => this.#closedChunks(newest, minTimeMs, maxTimeMs));
    });
  }

  /** As `copyClosed`, of the samples out of order that were sealed. */
  copyOutOfOrder(
    slots: Uint32Array,
    minTimeMs: number,
    maxTimeMs: number,
    memory: QueryMemory,
    disk: DiskAccess,
  ): CopiedSeries[] {
    return this.#copyChunks(slots, memory, disk, () =>
      Array.from(slots, (slot) =>
        this.#sealedChunks(slot).filter(
          (chunk) => this.#time(chunk + CHUNK_MIN_TIME) <= maxTimeMs && this.#time(chunk + CHUNK_MAX_TIME) >= minTimeMs,
        ),
      ),
    );
  }

  /** Bounds of each sealed chunk of samples out of order. */
  outOfOrderBounds(slots: Uint32Array): { readonly minTimeMs: number; readonly maxTimeMs: number }[] {
    return this.pinned(() =>
      Array.from(slots).flatMap((slot) =>
        this.#sealedChunks(slot).map((chunk) => ({
          minTimeMs: this.#time(chunk + CHUNK_MIN_TIME),
          maxTimeMs: this.#time(chunk + CHUNK_MAX_TIME),
        })),
      ),
    );
  }

  /** Addresses, oldest first; of a shard that truncates nothing meanwhile. */
  #sealedChunks(slot: number): number[] {
    const side = Atomics.load(this.#words, (this.index.slotAddress(slot) + SLOT_SIDE) >>> 2);
    if (side === 0) return [];
    const sealed = Atomics.load(this.#words, (side + SIDE_SEALED) >>> 2);
    const chunks = chunksOfSide(this.#words, side);
    const first = sealed === 0 ? -1 : chunks.indexOf(sealed);
    return first < 0 ? [] : chunks.slice(first).reverse();
  }

  #copyChunks(slots: Uint32Array, memory: QueryMemory, disk: DiskAccess, find: () => number[][]): CopiedSeries[] {
    const onDisk: (HeadChunkRef & { readonly chunk: CopiedChunk })[] = [];
    const all = this.pinned(() => {
      const sources: { readonly from: number; readonly chunk: CopiedChunk }[] = [];
      let total = DECODE_SLACK;
      const found = find().map((addresses, i): CopiedSeries => {
        const chunks = addresses.map((from) => {
          const chunk: CopiedChunk = {
            minTimeMs: this.#time(from + CHUNK_MIN_TIME),
            maxTimeMs: this.#time(from + CHUNK_MAX_TIME),
            encoding: this.#bytes[from + CHUNK_ENCODING] as ChunkEncoding, // what a head writes
            lengthBytes: this.#words[(from + CHUNK_LENGTH) >>> 2]!,
            address: 0,
          };
          if (isChunkOnDisk(this.#bytes, from)) {
            const file = this.#words[(from + DISK_CHUNK_FILE) >>> 2]!;
            const offset = this.#words[(from + DISK_CHUNK_OFFSET) >>> 2]!;
            onDisk.push({ file, offset, lengthBytes: chunk.lengthBytes, chunk });
          } else {
            sources.push({ from: from + CHUNK_DATA, chunk });
            total += roundUp(chunk.lengthBytes);
          }
          return chunk;
        });
        const side = Atomics.load(this.#words, (this.index.slotAddress(slots[i]!) + SLOT_SIDE) >>> 2);
        return { chunks, deleted: side === 0 ? undefined : deletedOfSide(this.#words, this.#floats, side) };
      });
      let to = memory.allocate(total);
      for (const { from, chunk } of sources) {
        copyBytes(this.#bytes, this.#words, from, memory, to, chunk.lengthBytes);
        chunk.address = to;
        to += roundUp(chunk.lengthBytes);
      }
      return found;
    });
    disk.reader.read(onDisk, memory, disk.checksums, (i, address) => {
      onDisk[i]!.chunk.address = address;
    });
    return all;
  }

  /** Addresses, oldest first. */
  #closedChunks(newest: number, minTimeMs: number, maxTimeMs: number): number[] {
    const words = this.#words;
    const chunks: number[] = [];
    for (let chunk = newest; chunk !== 0; chunk = Atomics.load(words, (chunk + CHUNK_PREVIOUS) >>> 2)) {
      if (Atomics.load(words, (chunk + CHUNK_LENGTH) >>> 2) === 0) continue; // open
      if (this.#time(chunk + CHUNK_MAX_TIME) < minTimeMs) break;
      if (this.#time(chunk + CHUNK_MIN_TIME) <= maxTimeMs) chunks.push(chunk);
    }
    return chunks.reverse();
  }

  /** The i64 of milliseconds at `address`; exact for all that a double holds. */
  #time(address: number): number {
    return this.#words[address >>> 2]! + 2 ** 32 * this.#signed[(address >>> 2) + 1]!;
  }

  // ── names and values ───────────────────────────────────────────────────────────────────────────────────────────

  /** Adds the names of labels of series that match to `into`. */
  addLabelNames(matchers: readonly Matcher[], into: Set<string>): void {
    this.pinned(() => {
      const { index } = this;
      if (matchers.length > 0) {
        for (const slot of selectSlots(index, matchers)) {
          const { pairs } = this.#labelsOf(slot);
          for (let i = 0; i < pairs.length; i += 2) into.add(pairs[i]!);
        }
        return;
      }
      const names = index.names();
      for (let i = 0; i < names.length; i += 2) {
        if (index.pairsOfAnchor(names[i + 1]!).some((pair) => index.postingsLength(pair) > 0)) {
          into.add(index.symbol(names[i]!));
        }
      }
    });
  }

  /** Adds the values that series which match have for `name` to `into`. */
  addLabelValues(name: string, matchers: readonly Matcher[], into: Set<string>): void {
    this.pinned(() => {
      const { index } = this;
      if (matchers.length > 0) {
        for (const slot of selectSlots(index, matchers)) {
          const value = this.#labelsOf(slot).get(name);
          if (value !== "") into.add(value);
        }
        return;
      }
      for (const pair of index.pairsOfName(name)) {
        if (index.postingsLength(pair) > 0) into.add(index.symbol(index.pairValue(pair)));
      }
    });
  }
}

const NONE = -1;
const RESTART = -2;

/** Whether a reader at `commit` sees an entry of `entryCommit`, which is not 0. */
function isVisible(entryCommit: number, commit: number): boolean {
  return commit !== 0 && ((commit - entryCommit) | 0) >= 0;
}

function roundUp(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Copies `length` bytes, rounded up to words: regions are, so the bytes behind are there. */
function copyBytes(
  bytes: Uint8Array,
  words: Uint32Array,
  from: number,
  memory: QueryMemory,
  to: number,
  length: number,
): void {
  if (length > SHORT_COPY_BYTES) {
    memory.bytes.set(bytes.subarray(from, from + length), to);
    return;
  }
  const target = memory.words;
  const end = (from + length + 3) >>> 2;
  let j = to >>> 2;
  for (let i = from >>> 2; i < end; i++) target[j++] = words[i]!;
}
