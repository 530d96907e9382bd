/** The log between two real heads: what one appended and logged, another has after replay, to the bit. */
import { afterAll, describe, expect, it } from "vitest";
import {
  CHUNK_DATA,
  CHUNK_PREVIOUS,
  SLOT_BITS,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_LAST_TIME,
  SLOT_SAMPLES,
} from "../../../assembly/layout.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { compileKernels } from "../../memory/index.js";
import { Labels } from "../../model/index.js";
import { Head, type HeadKernels } from "../head/index.js";
import {
  type ReplayHead,
  replayInto,
  startWal,
  WAL_STATE_BYTES,
  type WalKernels,
  WalState,
  WalWriter,
} from "./index.js";

const DIR = "/data/wal";
const module = compileKernels("ingest");

/** The ingest instance has the kernels of both. */
function newHead() {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024, hashSeed: 7 }, module);
  head.setRefRange(1, 1_000_000);
  return { head, kernels: head.kernels as HeadKernels & WalKernels };
}

/** Open chunk of a series as plain data. */
function openChunk(head: Head, slot: number) {
  const view = new DataView(head.memory.buffer);
  const at = head.slotAddress(slot);
  const chunk = view.getUint32(at + SLOT_CHUNK, true);
  const bits = view.getUint32(at + SLOT_BITS, true);
  const previous = view.getUint32(chunk + CHUNK_PREVIOUS, true);
  return {
    chunks: view.getUint32(at + SLOT_CHUNKS, true),
    samples: view.getUint16(at + SLOT_SAMPLES, true),
    lastTimeMs: Number(view.getBigInt64(at + SLOT_LAST_TIME, true)),
    bits,
    data: Buffer.from(head.bytes.slice(chunk + CHUNK_DATA + 2, chunk + CHUNK_DATA + (bits >> 3))).toString("hex"),
    hasPrevious: previous !== 0,
  };
}

describe("a head that was replayed", () => {
  const files = new MemoryFiles();
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, files, DIR, -1);
  const { head, kernels } = newHead();
  const { memory } = head;
  const wal = new WalWriter({ dir: DIR, files, state, ownerId: 1, kernels, memory, segmentBytes: 262_144 });
  afterAll(() => wal.close());

  it("has the chunks of the one that was lost, refs included", () => {
    for (let batch = 0; batch < 200; batch++) {
      const rows = 300 + (batch % 50);
      wal.reserve(rows);
      const staging = head.reserveStaging(rows);
      for (let row = 0; row < rows; row++) {
        const slot = head.resolveLabels(Labels.of({ __name__: "m", i: String(row), side: row % 2 ? "ö" : "a" }));
        // Every seventh sample of a series comes too late and is refused.
        const late = (batch + row) % 7 === 6 ? 60_000 : 0;
        head.stageRow(row, slot, 1_700_000_000_000 + batch * 15_000 - late, Math.sin(row) * batch);
      }
      const accepted = head.validate(rows, 0);
      if (batch > 0) expect(accepted).toBeLessThan(rows);
      wal.logSeries(staging, rows);
      wal.logSamples(staging, rows);
      wal.commit();
      kernels.markRecorded(staging, rows);
      expect(head.append(rows)).toBe(accepted);
      head.publish();
    }
    expect(state.position().segment).toBeGreaterThan(0);

    const again = newHead();
    const target: ReplayHead = {
      resolveSeries: (address, length, low, high) => again.kernels.resolveSeriesWithRef(address, length, low, high),
      appendStaged: (staging, rows) => {
        const accepted = again.kernels.validateBatch(staging, rows, 0);
        expect(again.kernels.appendBatch(staging, rows, again.head.committed + 1)).toBe(accepted);
        again.head.publish();
      },
    };
    const outcome = replayInto({ dir: DIR, files, kernels: again.kernels, memory: again.head.memory, head: target });
    expect(outcome).toMatchObject({ series: 349, duplicateRefs: 0, samplesUnknown: 0, damages: [] });
    for (let slot = 0; slot < 349; slot++) {
      const labels = head.seriesLabels(slot);
      const other = again.head.findLabels(labels);
      expect(again.head.seriesRef(other)).toBe(head.seriesRef(slot));
      expect(again.head.isRecorded(other)).toBe(true);
      expect(openChunk(again.head, other), labels.toString()).toEqual(openChunk(head, slot));
    }
  });
});
