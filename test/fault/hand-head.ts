/**
 * A head's memory filled by hand, and the little of a head that replay needs: what the WAL's tests write from and read
 * into. Series and samples are also kept in plain JavaScript, values as bits, to compare with.
 */
import {
  ARENA_BUMP,
  ARENA_START,
  ARENA_USED,
  HEAD_LIMIT,
  LABELS_COUNT,
  LABELS_PAIRS,
  PAIR_BYTES,
  PAIR_DIRECTORY,
  PAIR_NAME,
  PAIR_VALUE,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  SLOT_BYTES,
  SLOT_DIRECTORY,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_LABELS,
  SLOT_REF,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_OK,
  SYMBOL_DIRECTORY,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
} from "../../assembly/layout.js";
import { compileKernels, type KernelVariant, startKernels } from "../../src/memory/index.js";
import { Labels } from "../../src/model/index.js";
import type { ReplayHead, WalKernels } from "../../src/tsdb/wal/index.js";

export interface Row {
  readonly slot: number;
  readonly timeMs: number;
  readonly value: number | bigint;
  readonly status?: number;
}

export interface StoredSample {
  readonly timeMs: number;
  /** Bits of the value. */
  readonly bits: bigint;
}

const PAGE_BYTES = 65536;
const modules = new Map<KernelVariant, WebAssembly.Module>();

export class HandHead implements ReplayHead {
  readonly memory: WebAssembly.Memory;
  readonly kernels: WalKernels;
  /** Slot indices by label set. */
  readonly slots = new Map<string, number>();
  readonly labels: Labels[] = [];
  /** What `appendStaged` received, by label set. */
  readonly samples = new Map<string, StoredSample[]>();
  readonly #view: DataView;
  readonly #symbols = new Map<string, number>();
  readonly #pairs = new Map<string, number>();
  #staging = 0;
  #stagingRows = 0;

  constructor(megabytes = 32, variant: KernelVariant = "release") {
    const pages = megabytes * 16;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    let module = modules.get(variant);
    if (module === undefined) {
      module = compileKernels("ingest", variant);
      modules.set(variant, module);
    }
    this.kernels = startKernels<WalKernels>(module, this.memory);
    this.#view = new DataView(this.memory.buffer);
    this.#view.setUint32(HEAD_LIMIT, pages * PAGE_BYTES, true);
    this.#view.setUint32(ARENA_BUMP, ARENA_START, true);
    this.#symbolId(""); // id 0
    this.#pairs.set("", 0); // id 0 is unused
  }

  /** Bytes in live regions of the arena: replay must give all of its own back. */
  get usedBytes(): number {
    return this.#view.getFloat64(ARENA_USED, true);
  }

  /** End of what was ever handed out. */
  get bump(): number {
    return this.#view.getUint32(ARENA_BUMP, true);
  }

  addSeries(labels: Labels, ref: number): number {
    const slotIndex = this.labels.length;
    const pairs = [...labels.entries()].map(([name, value]) => this.#pairId(name, value));
    const region = this.#allocate(LABELS_PAIRS + 4 * pairs.length);
    this.#view.setUint32(region + LABELS_COUNT, pairs.length, true);
    for (const [i, pair] of pairs.entries()) this.#view.setUint32(region + LABELS_PAIRS + 4 * i, pair, true);
    const slot = this.#record(SLOT_DIRECTORY, slotIndex, SLOT_BYTES);
    this.#view.setUint32(slot + SLOT_FLAGS, SLOT_FLAG_LIVE, true);
    this.#view.setBigUint64(slot + SLOT_REF, BigInt(ref), true);
    this.#view.setUint32(slot + SLOT_LABELS, region, true);
    this.labels.push(labels);
    this.slots.set(labels.key, slotIndex);
    return slotIndex;
  }

  refOf(slotIndex: number): number {
    return Number(this.#view.getBigUint64(this.#record(SLOT_DIRECTORY, slotIndex, SLOT_BYTES) + SLOT_REF, true));
  }

  flagsOf(slotIndex: number): number {
    return this.#view.getUint32(this.#record(SLOT_DIRECTORY, slotIndex, SLOT_BYTES) + SLOT_FLAGS, true);
  }

  /** Writes the staging table and returns its address; the next call uses the same place. */
  stage(rows: readonly Row[]): number {
    if (rows.length > this.#stagingRows) {
      this.#staging = this.#allocate(rows.length * STAGED_BYTES);
      this.#stagingRows = rows.length;
    }
    for (const [i, { slot, timeMs, value, status = STATUS_OK }] of rows.entries()) {
      const row = this.#staging + i * STAGED_BYTES;
      this.#view.setInt32(row + STAGED_SLOT, slot, true);
      this.#view.setUint32(row + STAGED_STATUS, status, true);
      this.#view.setBigInt64(row + STAGED_TIME, BigInt(timeMs), true);
      if (typeof value === "bigint") this.#view.setBigUint64(row + STAGED_VALUE, value, true);
      else this.#view.setFloat64(row + STAGED_VALUE, value, true);
    }
    return this.#staging;
  }

  resolveSeries(labelsAddr: number, labelsLength: number, refLow: number, refHigh: number): number {
    const labels = readLabels(new Uint8Array(this.memory.buffer, labelsAddr, labelsLength));
    return this.slots.get(labels.key) ?? this.addSeries(labels, refHigh * 2 ** 32 + refLow);
  }

  appendStaged(stagingAddr: number, rows: number): void {
    for (let i = 0; i < rows; i++) {
      const row = stagingAddr + i * STAGED_BYTES;
      const key = this.labels[this.#view.getUint32(row + STAGED_SLOT, true)]!.key;
      const list = this.samples.get(key) ?? [];
      this.samples.set(key, list);
      list.push({
        timeMs: Number(this.#view.getBigInt64(row + STAGED_TIME, true)),
        bits: this.#view.getBigUint64(row + STAGED_VALUE, true),
      });
    }
  }

  /** A region with `bytes` in it, and its address. */
  put(bytes: Uint8Array): number {
    const address = this.#allocate(Math.max(bytes.length, 1));
    new Uint8Array(this.memory.buffer).set(bytes, address);
    return address;
  }

  take(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address, address + length);
  }

  #allocate(bytes: number): number {
    const address = this.kernels.allocate(bytes) >>> 0;
    if (address === 0) throw new Error(`the test's memory has no room for ${bytes} bytes`);
    return address;
  }

  #record(directory: number, index: number, bytes: number): number {
    const entry = directory + 4 * (index >>> SEGMENT_SHIFT);
    let segment = this.#view.getUint32(entry, true);
    if (segment === 0) {
      segment = this.#allocate(bytes << SEGMENT_SHIFT);
      new Uint8Array(this.memory.buffer).fill(0, segment, segment + (bytes << SEGMENT_SHIFT));
      this.#view.setUint32(entry, segment, true);
    }
    return segment + (index & SEGMENT_MASK) * bytes;
  }

  #symbolId(text: string): number {
    let id = this.#symbols.get(text);
    if (id === undefined) {
      id = this.#symbols.size;
      this.#symbols.set(text, id);
      const bytes = new TextEncoder().encode(text);
      const region = this.#allocate(SYMBOL_TEXT + bytes.length);
      this.#view.setUint32(region + SYMBOL_LENGTH, bytes.length, true);
      new Uint8Array(this.memory.buffer).set(bytes, region + SYMBOL_TEXT);
      this.#view.setUint32(this.#record(SYMBOL_DIRECTORY, id, 4), region, true);
    }
    return id;
  }

  #pairId(name: string, value: string): number {
    const key = `${name}\xff${value}`;
    let id = this.#pairs.get(key);
    if (id === undefined) {
      id = this.#pairs.size;
      this.#pairs.set(key, id);
      const pair = this.#record(PAIR_DIRECTORY, id, PAIR_BYTES);
      this.#view.setUint32(pair + PAIR_NAME, this.#symbolId(name), true);
      this.#view.setUint32(pair + PAIR_VALUE, this.#symbolId(value), true);
    }
    return id;
  }
}

/** LABEL BYTES as a label set. */
export function readLabels(bytes: Uint8Array): Labels {
  let at = 0;
  const uvarint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const pairs: string[] = [];
  for (let left = 2 * uvarint(); left > 0; left--) {
    const length = uvarint();
    pairs.push(new TextDecoder().decode(bytes.slice(at, at + length)));
    at += length;
  }
  return new Labels(pairs);
}
