/**
 * A head memory with nothing in it but a staging table, a body and slots that the test hands out: what the exposition
 * kernels need around them.
 */
import * as M from "../../../assembly/layout.js";
import {
  BODY_SLACK,
  type ExpositionKernels,
  type ParseInput,
  type ParseOutcome,
  ScrapeParser,
  seriesRefusal,
} from "../../../src/exposition/index.js";
import { compileKernels, type KernelVariant, startKernels } from "../../../src/memory/index.js";
import { Labels } from "../../../src/model/index.js";

interface ArenaKernels {
  initArena(): void;
  makeDigestKeys(seed: number): void;
  allocate(bytes: number): number;
}

export interface Row {
  readonly slot: number;
  readonly status: number;
  readonly timeMs: bigint;
  readonly bits: bigint;
}

export interface Scraped {
  readonly outcome: ParseOutcome;
  readonly rows: readonly Row[];
  readonly staleSlots: readonly number[];
}

export interface ScrapeOptions {
  readonly isOpenMetrics?: boolean;
  readonly honorTimestamps?: boolean;
  readonly trackTimestampsStaleness?: boolean;
  readonly timestampMs?: number;
  /** What a new series resolves to; by default a slot of its own for each text. */
  readonly resolve?: (text: string) => number;
  readonly reject?: boolean;
}

const MODULES = new Map<KernelVariant, WebAssembly.Module>();

function moduleOf(variant: KernelVariant): WebAssembly.Module {
  let module = MODULES.get(variant);
  if (module === undefined) {
    module = compileKernels("ingest", variant);
    MODULES.set(variant, module);
  }
  return module;
}

export class TestShard {
  readonly parser: ScrapeParser;
  readonly kernels: ExpositionKernels & ArenaKernels;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
  readonly #longs: BigUint64Array;
  readonly #body: number;
  readonly #bodyBytes: number;
  readonly staging: number;
  readonly stagingRows: number;
  readonly #slots = new Map<string, number>();

  constructor(
    options: { variant?: KernelVariant; pages?: number; stagingRows?: number; bodyBytes?: number; seed?: number } = {},
  ) {
    const pages = options.pages ?? 512;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 65535, shared: true });
    this.bytes = Buffer.from(memory.buffer as ArrayBuffer);
    this.words = new Uint32Array(memory.buffer);
    this.floats = new Float64Array(memory.buffer);
    this.#longs = new BigUint64Array(memory.buffer);
    this.words[M.HEAD_VERSION >> 2] = M.LAYOUT_VERSION;
    this.words[M.HEAD_LIMIT >> 2] = pages * 65536;
    this.words[M.HEAD_HASH_SEED >> 2] = options.seed ?? 12345;
    this.kernels = startKernels(moduleOf(options.variant ?? "release"), memory);
    this.kernels.initArena();
    this.kernels.makeDigestKeys(options.seed ?? 12345);
    this.stagingRows = options.stagingRows ?? 40_000;
    this.staging = this.kernels.allocate(this.stagingRows * M.STAGED_BYTES) >>> 0;
    this.#bodyBytes = options.bodyBytes ?? 6_000_000;
    this.#body = this.kernels.allocate(this.#bodyBytes + BODY_SLACK) >>> 0;
    // One segment of slots, all live with generation 1.
    const segment = this.kernels.allocate(4096 * M.SLOT_BYTES) >>> 0;
    for (let i = 0; i < M.DIRECTORY_ENTRIES; i++) this.words[(M.SLOT_DIRECTORY >> 2) + i] = segment;
    for (let i = 0; i < 4096; i++) this.words[(segment + i * M.SLOT_BYTES + M.SLOT_GENERATION) >> 2] = 1;
    this.parser = new ScrapeParser(this.kernels, memory);
  }

  get arenaUsed(): number {
    return this.floats[M.ARENA_USED >> 3]!;
  }

  /** Frees `slot` and uses it again: what was resolved to it is no longer true. Slots share generations modulo 4,096. */
  reuseSlot(slot: number): void {
    const segment = this.words[(M.SLOT_DIRECTORY >> 2) + (slot >> M.SEGMENT_SHIFT)]!;
    this.words[(segment + (slot & M.SEGMENT_MASK) * M.SLOT_BYTES + M.SLOT_GENERATION) >> 2]! += 2;
  }

  /** The slot that a text resolves to by default; texts get 0, 1, 2 … in the order of appearance. */
  slotOf(text: string): number {
    let slot = this.#slots.get(text);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(text, slot);
    }
    return slot;
  }

  input(bodyBytes: number, options: ScrapeOptions = {}): ParseInput {
    return {
      body: this.#body,
      bodyBytes,
      isOpenMetrics: options.isOpenMetrics ?? false,
      timestampMs: options.timestampMs ?? 1_000_000,
      honorTimestamps: options.honorTimestamps ?? true,
      trackTimestampsStaleness: options.trackTimestampsStaleness ?? false,
      staging: this.staging,
      stagingRows: this.stagingRows,
    };
  }

  /** Puts a body where `input` says that it is. */
  load(body: string | Uint8Array): number {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (bytes.length > this.#bodyBytes) throw new RangeError(`body of ${bytes.length} bytes`);
    this.bytes.set(bytes, this.#body);
    return bytes.length;
  }

  /** A whole scrape: parse, resolve, stale markers, accept. */
  scrape(target: number, body: string | Uint8Array, options: ScrapeOptions = {}): Scraped {
    const input = this.input(this.load(body), options);
    const outcome = this.parser.parse(target, input);
    if (outcome.status !== "parsed") return { outcome, rows: [], staleSlots: [] };
    const resolve = options.resolve ?? ((text: string) => this.slotOf(text));
    for (let i = 0; i < outcome.newLines; i++) {
      const line = this.parser.newLine(target, i);
      if (line.row < 0 || this.parser.resolveRepeated(target, i, this.staging)) continue;
      const series = this.parser.seriesOf(line);
      const error = seriesRefusal(series, new Labels(series.pairs));
      if (error !== undefined) {
        this.parser.reject(target);
        return { outcome: { status: "failed", error, samples: line.row + 1 }, rows: [], staleSlots: [] };
      }
      const text = this.bytes.toString("latin1", line.text, line.text + line.textBytes);
      this.parser.remember(target, i, resolve(text), this.staging);
    }
    const stale = this.parser.collectStale(target, input.timestampMs, this.staging, outcome.rows, this.stagingRows);
    if (typeof stale !== "number") throw new Error(`stale rows: ${stale}`);
    const rows: Row[] = [];
    for (let i = 0; i < outcome.rows; i++) rows.push(this.row(i));
    const staleSlots: number[] = [];
    for (let i = 0; i < stale; i++) staleSlots.push(this.row(outcome.rows + i).slot);
    if (options.reject) this.parser.reject(target);
    else this.parser.accept(target);
    return { outcome, rows, staleSlots: staleSlots.sort((a, b) => a - b) };
  }

  row(index: number): Row {
    const at = this.staging + index * M.STAGED_BYTES;
    return {
      slot: this.words[(at + M.STAGED_SLOT) >>> 2]!,
      status: this.words[(at + M.STAGED_STATUS) >>> 2]!,
      timeMs: BigInt.asIntN(64, this.#longs[(at + M.STAGED_TIME) >>> 3]!),
      bits: this.#longs[(at + M.STAGED_VALUE) >>> 3]!,
    };
  }
}
