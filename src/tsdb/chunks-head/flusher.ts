/**
 * Brings closed chunks of one shard's head to chunks_head, in steps of about a millisecond: the memory that they leave is
 * used for new ones. Called by the shard's thread between two commits.
 */
import {
  FLUSH_BYTES,
  FLUSH_END,
  FLUSH_ITEM_BYTES,
  FLUSH_LENGTH,
  FLUSH_SLOT,
  SLOT_COUNT,
} from "../../../assembly/layout.js";
import { ArenaBuffer, type WalKernels } from "../wal/index.js";
import type { DiskKernels } from "./kernels.js";
import type { ChunkRecords } from "./writer.js";

/** Slots that one step looks at. */
const STEP_SLOTS = 16_384;
const RECORD_BYTES = 256 * 1024;
const ITEMS = 4096;
const RECLAIM_PER_STEP = 8192;

/** What a flusher needs of the head that it empties. */
export interface FlushedHead {
  readonly memory: WebAssembly.Memory;
  mutate<T>(work: () => T): T;
}

export class ChunkFlusher {
  readonly #head: FlushedHead;
  readonly #kernels: DiskKernels;
  readonly #writer: ChunkRecords;
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #state: ArenaBuffer;
  readonly #records: ArenaBuffer;
  readonly #items: ArenaBuffer;

  constructor(head: FlushedHead, kernels: DiskKernels, writer: ChunkRecords) {
    this.#head = head;
    this.#kernels = kernels;
    this.#writer = writer;
    this.#view = new DataView(head.memory.buffer);
    this.#words = new Uint32Array(head.memory.buffer);
    const wal = kernels as unknown as WalKernels; // the ingest instance has all kernels
    this.#state = new ArenaBuffer(wal, head.memory, "writing chunks");
    this.#records = new ArenaBuffer(wal, head.memory, "records of chunks");
    this.#items = new ArenaBuffer(wal, head.memory, "a list of chunks");
  }

  /**
   * One pass over all slots. A generator: between two steps commits may run.
   *
   * @returns how many chunks were written.
   * @throws VestalError if writing fails: the chunks stay in memory, the next pass tries again.
   */
  *pass(): Generator<void, number> {
    let written = 0;
    let slot = 0;
    while (slot < Atomics.load(this.#words, SLOT_COUNT >> 2)) {
      const step = this.#head.mutate(() => this.#step(slot));
      written += step.written;
      slot = step.nextSlot;
      yield;
    }
    return written;
  }

  /** Gives back the buffers. */
  close(): void {
    for (const buffer of [this.#state, this.#records, this.#items]) buffer.release();
  }

  #step(slot: number): { readonly written: number; readonly nextSlot: number } {
    const kernels = this.#kernels;
    this.#state.ensure(FLUSH_BYTES);
    this.#records.ensure(RECORD_BYTES);
    this.#items.ensure(ITEMS * FLUSH_ITEM_BYTES);
    const state = this.#state.address;
    const end = slot + STEP_SLOTS;
    this.#view.setUint32(state + FLUSH_SLOT, slot, true);
    this.#view.setUint32(state + FLUSH_END, end, true);
    const count = kernels.collectClosed(
      state,
      this.#records.address,
      this.#records.capacity,
      this.#items.address,
      ITEMS,
    );
    const nextSlot = this.#view.getUint32(state + FLUSH_SLOT, true);
    if (count === 0) {
      kernels.endReservation();
      // Where nothing could be taken of a slot, its chunk is too long for the buffer or memory is short: go on behind it.
      const last = Math.min(end, Atomics.load(this.#words, SLOT_COUNT >> 2));
      return { written: 0, nextSlot: nextSlot < last ? nextSlot + 1 : nextSlot };
    }
    const length = this.#view.getUint32(state + FLUSH_LENGTH, true);
    try {
      const records = new Uint8Array(this.#head.memory.buffer, this.#records.address, length);
      const at = this.#writer.append(records, count);
      kernels.linkFlushed(this.#items.address, count, at.file, at.offset);
    } finally {
      kernels.endReservation();
    }
    kernels.advanceEpoch();
    kernels.reclaim(RECLAIM_PER_STEP);
    return { written: count, nextSlot };
  }
}
