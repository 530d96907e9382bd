/**
 * Bodies of protobuf exposition on their way to the parser: the kernel writes lines and values to regions which this class
 * keeps from one body to the next and makes larger as needed. What it leaves to us: the texts of bounds and quantiles that it
 * has not met yet, and messages.
 */
import * as L from "../../assembly/exposition/layout.js";
import { type Exemplar, Labels } from "../model/index.js";
import { formatOpenMetrics } from "../model/number.js";
import { quoteGoBytes } from "./go-quote.js";
import type { ExpositionKernels } from "./kernels.js";
import { type ExemplarText, protobufExemplar } from "./protobuf-exemplar.js";

const FLOATS_FIRST = 1024;
const FLOATS_MAX = 65_536;
const MISSED_MAX = 1024;
const TEXT_FIRST = 64 * 1024;
const SAMPLES_FIRST = 1024;
const DATA_FIRST = 16 * 1024;
const EXEMPLARS_FIRST = 256;
/** What one body may take: far above what any target says, and below what a region may have. */
const REGION_BYTES_MAX = 256 * 1024 * 1024;
/** Regions that a rare body made large are given back. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Reading stops growing after so many tries: each at least doubles a region or adds texts. */
const TRIES_MAX = 64;

export interface ReadBody {
  readonly text: number;
  readonly textBytes: number;
  /** In Prometheus' words; what came before it was read. */
  readonly error: string | undefined;
}

/** What of it is asked for beside histograms. */
export interface WantedExtras {
  readonly hasExemplars: boolean;
  readonly hasCreated: boolean;
}

/** What a sample has beside its value. */
export interface SampleExtra {
  readonly row: number;
  /** Number of the sample among those of the body. */
  readonly sample: number;
  readonly histogram: { readonly isFloat: boolean; readonly bytes: Uint8Array } | undefined;
  readonly createdMs: number;
  readonly exemplars: readonly ExemplarText[];
}

class Region {
  address = 0;
  bytes = 0;
  readonly #kernels: ExpositionKernels;

  constructor(kernels: ExpositionKernels) {
    this.#kernels = kernels;
  }

  /** False if the memory is full, or the bytes are too many. Contents are lost. */
  ensure(bytes: number): boolean {
    if (bytes <= this.bytes) return true;
    if (bytes > REGION_BYTES_MAX) return false;
    this.release();
    const wanted = this.#kernels.roomFor(bytes) >>> 0;
    this.address = this.#kernels.allocate(wanted) >>> 0;
    if (this.address === 0) return false;
    this.bytes = wanted;
    return true;
  }

  release(): void {
    if (this.bytes > 0) this.#kernels.release(this.address, this.bytes);
    this.address = 0;
    this.bytes = 0;
  }
}

export class ProtobufBody {
  readonly #kernels: ExpositionKernels;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #longs: BigInt64Array;
  readonly #state: Region;
  readonly #text: Region;
  readonly #samples: Region;
  readonly #data: Region;
  readonly #exemplars: Region;
  readonly #table: Region;
  readonly #missed: Region;
  #tableCount = 0;

  constructor(kernels: ExpositionKernels, memory: WebAssembly.Memory) {
    this.#kernels = kernels;
    this.#bytes = Buffer.from(memory.buffer as ArrayBuffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float64Array(memory.buffer);
    this.#longs = new BigInt64Array(memory.buffer);
    this.#state = new Region(kernels);
    this.#text = new Region(kernels);
    this.#samples = new Region(kernels);
    this.#data = new Region(kernels);
    this.#exemplars = new Region(kernels);
    this.#table = new Region(kernels);
    this.#missed = new Region(kernels);
  }

  /** Address of the PROTO state. */
  get state(): number {
    return this.#state.address;
  }

  /** undefined if the memory is full. The regions are valid until the next call. */
  read(body: number, bodyBytes: number, isClassicToo: boolean): ReadBody | undefined {
    if (!this.#prepare()) return undefined;
    const state = this.#state.address;
    const flags = isClassicToo ? L.PROTO_CLASSIC_TOO : 0;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const status = this.#kernels.readProtobuf(state, state + L.PROTO_BYTES, body, bodyBytes, flags);
      const isEnough = this.#word(L.PROTO_MISSED_COUNT) === 0 && this.#fits();
      if (!isEnough) {
        if (!this.#grow()) return undefined;
        continue;
      }
      const text = this.#text.address;
      const textBytes = this.#word(L.PROTO_TEXT_LENGTH);
      if (status === L.PROTO_READ) return { text, textBytes, error: undefined };
      // The line under way when it failed is cut off.
      const whole = this.#bytes.subarray(text, text + textBytes).lastIndexOf(10) + 1;
      return { text, textBytes: whole, error: this.#message(status) };
    }
    return undefined;
  }

  /** What samples that were staged have beside a value; to be called once a body is parsed. */
  *extras({ hasExemplars, hasCreated }: WantedExtras): Generator<SampleExtra> {
    const count = this.#word(L.PROTO_SAMPLES_COUNT);
    const isHistogram = L.SAMPLE_IS_HISTOGRAM | L.SAMPLE_IS_FLOAT_HISTOGRAM;
    for (let i = 0; i < count; i++) {
      const sample = this.#samples.address + i * L.SAMPLE_BYTES;
      const row = this.#words[(sample + L.SAMPLE_ROW) >>> 2]!;
      if (row === L.NEW_NO_ROW >>> 0) continue;
      const flags = this.#words[(sample + L.SAMPLE_FLAGS) >>> 2]!;
      const createdMs = hasCreated ? Number(this.#longs[(sample + L.SAMPLE_CREATED) >>> 3]!) : 0;
      const exemplarCount = hasExemplars ? this.#words[(sample + L.SAMPLE_EXEMPLARS_COUNT) >>> 2]! : 0;
      if ((flags & isHistogram) === 0 && createdMs === 0 && exemplarCount === 0) continue;
      yield {
        row,
        sample: i,
        createdMs,
        histogram: (flags & isHistogram) === 0 ? undefined : this.#histogram(sample, flags),
        exemplars: this.#exemplarsOf(sample, exemplarCount),
      };
    }
  }

  /** The body is done with. */
  done(): void {
    for (const region of [this.#text, this.#samples, this.#data, this.#exemplars]) {
      if (region.bytes > KEPT_BYTES) region.release();
    }
  }

  #histogram(sample: number, flags: number): { readonly isFloat: boolean; readonly bytes: Uint8Array } {
    const start = this.#data.address + this.#words[(sample + L.SAMPLE_DATA) >>> 2]!;
    const bytes = new Uint8Array(
      this.#bytes.buffer,
      this.#bytes.byteOffset + start,
      this.#words[(sample + L.SAMPLE_DATA_LENGTH) >>> 2]!,
    );
    return { isFloat: (flags & L.SAMPLE_IS_FLOAT_HISTOGRAM) !== 0, bytes: bytes.slice() };
  }

  #exemplarsOf(sample: number, count: number): ExemplarText[] {
    const first = this.#words[(sample + L.SAMPLE_EXEMPLARS) >>> 2]!;
    return Array.from({ length: count }, (_, i) => {
      const at = (this.#exemplars.address + (first + i) * 8) >>> 2;
      const start = this.#words[at]!;
      return protobufExemplar(this.#bytes.subarray(start, start + this.#words[at + 1]!));
    });
  }

  #prepare(): boolean {
    const isReady =
      this.#state.ensure(L.PROTO_BYTES + this.#kernels.protoScratchBytes()) &&
      this.#text.ensure(TEXT_FIRST) &&
      this.#samples.ensure(SAMPLES_FIRST * L.SAMPLE_BYTES) &&
      this.#data.ensure(DATA_FIRST) &&
      this.#exemplars.ensure(EXEMPLARS_FIRST * 8) &&
      this.#missed.ensure(MISSED_MAX * 8 + L.FLOAT_BYTES);
    if (!isReady) return false;
    if (this.#table.bytes === 0 && !this.#newTable(FLOATS_FIRST)) return false;
    this.#point();
    return true;
  }

  /** Tells the state where the regions are. */
  #point(): void {
    const set = (field: number, value: number): void => {
      this.#words[(this.#state.address + field) >>> 2] = value;
    };
    set(L.PROTO_TEXT, this.#text.address);
    set(L.PROTO_TEXT_CAPACITY, this.#text.bytes);
    set(L.PROTO_SAMPLES, this.#samples.address);
    set(L.PROTO_SAMPLES_CAPACITY, Math.floor(this.#samples.bytes / L.SAMPLE_BYTES));
    set(L.PROTO_DATA, this.#data.address);
    set(L.PROTO_DATA_CAPACITY, this.#data.bytes);
    set(L.PROTO_EXEMPLARS, this.#exemplars.address);
    set(L.PROTO_EXEMPLARS_CAPACITY, this.#exemplars.bytes >>> 3);
    set(L.PROTO_FLOATS, this.#table.address);
    set(L.PROTO_FLOATS_MASK, tableSize(this.#table.bytes) - 1);
    set(L.PROTO_MISSED, this.#missed.address);
    set(L.PROTO_MISSED_CAPACITY, MISSED_MAX);
  }

  #fits(): boolean {
    return (
      this.#word(L.PROTO_TEXT_LENGTH) <= this.#text.bytes &&
      this.#word(L.PROTO_SAMPLES_COUNT) * L.SAMPLE_BYTES <= this.#samples.bytes &&
      this.#word(L.PROTO_DATA_LENGTH) <= this.#data.bytes &&
      this.#word(L.PROTO_EXEMPLARS_COUNT) * 8 <= this.#exemplars.bytes
    );
  }

  #grow(): boolean {
    // Texts that were missed take room too: 31 bytes each at most.
    const missed = this.#word(L.PROTO_MISSED_COUNT);
    const isGrown =
      this.#text.ensure(this.#word(L.PROTO_TEXT_LENGTH) + missed * L.FLOAT_TEXT_MAX) &&
      this.#samples.ensure(this.#word(L.PROTO_SAMPLES_COUNT) * L.SAMPLE_BYTES) &&
      this.#data.ensure(this.#word(L.PROTO_DATA_LENGTH)) &&
      this.#exemplars.ensure(this.#word(L.PROTO_EXEMPLARS_COUNT) * 8) &&
      this.#addTexts(Math.min(missed, MISSED_MAX));
    if (isGrown) this.#point();
    return isGrown;
  }

  /** Enters the texts of the first `count` missed floats; one may be among them more than once. */
  #addTexts(count: number): boolean {
    const missed = [...new Set(this.#longs.slice(this.#missed.address >>> 3, (this.#missed.address >>> 3) + count))];
    if (2 * (this.#tableCount + missed.length) > tableSize(this.#table.bytes) && !this.#growTable(missed.length)) {
      return false;
    }
    this.#point();
    const text = this.#missed.address + MISSED_MAX * 8;
    const bits = this.#missed.address;
    for (const long of missed) {
      this.#longs[bits >>> 3] = long;
      const shown = formatOpenMetrics(this.#floats[bits >>> 3]!);
      // Not `write`: Node 20 writes nothing to a buffer of 2 GiB and more.
      for (let i = 0; i < shown.length; i++) this.#bytes[text + i] = shown.charCodeAt(i);
      this.#kernels.addProtoFloat(this.#state.address, bits, text, shown.length);
      this.#tableCount++;
    }
    return true;
  }

  /** A larger table, or an empty one where a target keeps inventing bounds; what was in it is asked for again. */
  #growTable(more: number): boolean {
    const size = tableSize(this.#table.bytes);
    const wanted = 4 * (this.#tableCount + more) > FLOATS_MAX ? Math.max(size, FLOATS_FIRST) : size * 4;
    return this.#newTable(wanted);
  }

  #newTable(size: number): boolean {
    if (!this.#table.ensure(size * L.FLOAT_BYTES)) return false;
    this.#bytes.fill(0, this.#table.address, this.#table.address + this.#table.bytes);
    this.#tableCount = 0;
    return true;
  }

  #word(field: number): number {
    return this.#words[(this.#state.address + field) >>> 2]!;
  }

  #quoted(): Buffer {
    const start = this.#word(L.PROTO_ERROR_TEXT);
    return this.#bytes.subarray(start, start + this.#word(L.PROTO_ERROR_LENGTH));
  }

  #message(status: number): string {
    switch (status) {
      case L.PROTO_BAD_VARINT:
        return "clientpb: invalid varint encountered";
      case L.PROTO_SHORT: {
        const needed = this.#word(L.PROTO_ERROR_NEEDED);
        const got = this.#word(L.PROTO_ERROR_LENGTH);
        return `clientpb: insufficient length of buffer, expected at least ${needed} bytes, got ${got} bytes`;
      }
      case L.PROTO_EOF:
        return "unexpected EOF";
      case L.PROTO_OVERFLOW:
        return "proto: integer overflow";
      case L.PROTO_BAD_LENGTH:
        return "proto: negative length found during unmarshaling";
      case L.PROTO_WRONG_WIRE:
        return `proto: wrong wireType = ${this.#word(L.PROTO_ERROR_WIRE)} for field ${this.#word(L.PROTO_ERROR_FIELD)}`;
      case L.PROTO_BAD_TAG:
        return "proto: illegal tag";
      case L.PROTO_GROUP_END:
        return "proto: wiretype end group for non-group";
      case L.PROTO_BAD_NAME:
        return `invalid metric name: ${this.#quoted()}`;
      case L.PROTO_BAD_HELP:
        return `invalid help for metric: ${this.#quoted()}`;
      case L.PROTO_BAD_LABEL_NAME:
        return `invalid label name: ${this.#quoted()}`;
      case L.PROTO_BAD_LABEL_VALUE:
        return `invalid label value: ${this.#quoted()}`;
      case L.PROTO_BAD_TYPE:
        return `unknown metric type for metric ${quoteGoBytes(this.#quoted())}: ${this.#word(L.PROTO_ERROR_NEEDED)}`;
      default:
        return `unit is not a suffix of metric ${quoteGoBytes(this.#quoted())}`;
    }
  }
}

/** The greatest power of two of FLOAT records that fits. */
function tableSize(bytes: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, Math.floor(bytes / L.FLOAT_BYTES))));
}

/** An exemplar whose time, if it has none, is that of its sample. */
export function exemplarOf({ pairs, value, timestampMs }: ExemplarText, sampleTimeMs: number): Exemplar {
  return {
    labels: Labels.of(pairs),
    value,
    timestampMs: timestampMs ?? sampleTimeMs,
    isTimed: timestampMs !== undefined,
  };
}
