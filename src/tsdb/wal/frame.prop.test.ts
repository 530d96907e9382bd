/** Framing and scanning: what is written is read, and what is damaged is never taken for a record. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { startWal, WAL_STATE_BYTES, type WalDamage, WalReader, WalState, WalWriter } from "./index.js";

const DIR = "/wal";
const SEGMENT = `${DIR}/00000000`;
const PAGE_BYTES = 32768;

/** Record sizes around what the format finds special: nothing, page ends, several pages. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: PAGE_BYTES - 30, max: PAGE_BYTES + 30 }),
  fc.integer({ min: 3 * (PAGE_BYTES - 7) - 8, max: 3 * (PAGE_BYTES - 7) + 8 }),
  fc.integer({ min: 0, max: 40_000 }),
);

/** A record of `size` bytes whose contents tell its number; never all zeros, incompressible. */
function recordOf(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = (number + 1) * 2654435761;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = (state >>> 24) | 1;
  }
  return bytes;
}

interface Written {
  readonly files: MemoryFiles;
  readonly records: Uint8Array[];
  /** Length of the segment after each batch. */
  readonly ends: number[];
}

const writing = new HandHead(16);
const reading = new HandHead(16);

function write(
  batches: readonly (readonly number[])[],
  compression: "snappy" | "none",
  segmentBytes?: number,
): Written {
  const files = new MemoryFiles();
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, files, DIR, -1);
  const { kernels, memory } = writing;
  const options = { dir: DIR, files, state, ownerId: 1, kernels, memory, compression };
  const wal = new WalWriter(segmentBytes === undefined ? options : { ...options, segmentBytes });
  const records: Uint8Array[] = [];
  const ends: number[] = [];
  for (const batch of batches) {
    for (const size of batch) {
      const record = recordOf(records.length, size);
      records.push(record);
      wal.logRecord(record);
    }
    ends.push(wal.commit().position.offset);
  }
  wal.close();
  return { files, records, ends };
}

function read(files: MemoryFiles, salvage = false): { records: Uint8Array[]; damages: readonly WalDamage[] } {
  const { kernels, memory } = reading;
  const reader = new WalReader({ dir: DIR, files, kernels, memory, salvage, bufferBytes: 2 * PAGE_BYTES });
  const records: Uint8Array[] = [];
  while (reader.next()) records.push(reading.take(reader.recordAddr, reader.recordLength));
  reader.close();
  return { records, damages: reader.damages };
}

function sameRecords(got: readonly Uint8Array[], want: readonly Uint8Array[]): void {
  expect(got.map((record) => record.length)).toEqual(want.map((record) => record.length));
  for (const [i, record] of got.entries()) expect(Buffer.compare(record, want[i]!)).toBe(0);
}

describe("a log of records", () => {
  it("is read as it was written, whatever their sizes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(sizes, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom("snappy" as const, "none" as const),
        (batches, compression) => {
          const { files, records } = write(batches, compression, 4 * PAGE_BYTES);
          const { records: got, damages } = read(files);
          expect(damages).toEqual([]);
          sameRecords(got, records);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  it("uses the last seven bytes of a page for the header of an empty first fragment, as Prometheus does", () => {
    const first = PAGE_BYTES - 7 - 7; // leaves room for a header, and for nothing else
    const { files, records } = write([[first, 100]], "none");
    const content = files.contentOf(SEGMENT);
    expect([...content.subarray(PAGE_BYTES - 7, PAGE_BYTES - 4)]).toEqual([2, 0, 0]);
    expect([...content.subarray(PAGE_BYTES, PAGE_BYTES + 3)]).toEqual([4, 0, 100]);
    sameRecords(read(files).records, records);
  });

  it("fills a page up where six bytes are left", () => {
    const { files, records, ends } = write([[PAGE_BYTES - 7 - 6]], "none");
    expect(ends).toEqual([PAGE_BYTES]);
    sameRecords(read(files).records, records);
  });

  it("loses exactly its last record when it is cut off within that", () => {
    const { files, records, ends } = write([[200, 33_000], [900]], "none");
    const whole = files.contentOf(SEGMENT).slice();
    for (let length = ends[0]!; length <= whole.length; length++) {
      files.put(SEGMENT, whole.subarray(0, length));
      const { records: got, damages } = read(files);
      const isWhole = length === whole.length;
      sameRecords(got, isWhole ? records : records.slice(0, 2));
      expect(damages.map(({ isTornTail, goodBytes }) => ({ isTornTail, goodBytes }))).toEqual(
        isWhole || length === ends[0] ? [] : [{ isTornTail: true, goodBytes: ends[0] }],
      );
    }
  });

  it("never yields a record that was not written, and none behind the damage, when a byte is flipped", () => {
    const { files, records } = write([[200, 33_000], [900, 5], [70_000], [1, 2, 3]], "snappy");
    const whole = files.contentOf(SEGMENT).slice();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = whole.slice();
        damaged[at]! ^= flip;
        files.put(SEGMENT, damaged);
        const { records: got, damages } = read(files);
        sameRecords(got, records.slice(0, got.length));
        expect(damages).toHaveLength(1);
        expect(got.length).toBeLessThan(records.length);
        expect(damages[0]!.goodBytes).toBeLessThanOrEqual(at);

        const salvaged = read(files, true);
        const numbers = salvaged.records.map((record) =>
          records.findIndex((written) => Buffer.compare(written, record) === 0),
        );
        expect(numbers).not.toContain(-1);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(numbers.length).toBeGreaterThanOrEqual(got.length);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it("loses with salvage only what has bytes in the damaged page", () => {
    const sizesOfRecords = Array.from({ length: 40 }, () => 5000);
    const { files, records } = write([sizesOfRecords], "none");
    const content = files.contentOf(SEGMENT);
    content[2 * PAGE_BYTES + 20]! ^= 1;
    const { records: got, damages } = read(files, true);
    expect(damages).toEqual([
      expect.objectContaining({ reason: "unexpected checksum", isTornTail: false, offset: 2 * PAGE_BYTES }),
    ]);
    // A record takes 5,007 bytes, and 7 more where it is cut: page 2 holds ends and all of records 13 … 19.
    const lost = records.filter((_, i) => i >= 13 && i <= 19);
    sameRecords(
      got,
      records.filter((record) => !lost.includes(record)),
    );
    sameRecords(read(files).records, records.slice(0, 13));
  });

  it("takes a page that was never written for damage when records stand behind it", () => {
    const { files, records } = write([Array.from({ length: 4 }, () => PAGE_BYTES - 7)], "none");
    files.contentOf(SEGMENT).fill(0, PAGE_BYTES, 2 * PAGE_BYTES);
    const { records: got, damages } = read(files);
    sameRecords(got, records.slice(0, 1));
    expect(damages).toEqual([
      expect.objectContaining({
        goodBytes: PAGE_BYTES,
        isTornTail: false,
        reason: expect.stringContaining("never written"),
      }),
    ]);
  });

  it("may end in zeros: a page filled up, or space that was allocated and not used", () => {
    const { files, records } = write([[100]], "none");
    const content = new Uint8Array(5 * PAGE_BYTES);
    content.set(files.contentOf(SEGMENT));
    files.put(SEGMENT, content);
    const { records: got, damages } = read(files);
    sameRecords(got, records);
    expect(damages).toEqual([]);
  });

  it("is read in this process up to the committed offset", () => {
    const { files, records, ends } = write([[100], [200], [300]], "none");
    const { kernels, memory } = reading;
    const end = { segment: 0, offset: ends[1]! };
    const reader = new WalReader({ dir: DIR, files, kernels, memory, end });
    const got: Uint8Array[] = [];
    while (reader.next()) got.push(reading.take(reader.recordAddr, reader.recordLength));
    reader.close();
    expect(reader.damages).toEqual([]);
    sameRecords(got, records.slice(0, 2));
  });

  it("refuses a record that would need more memory than allowed", () => {
    const { files } = write([[10], [50_000]], "none");
    const { kernels, memory } = reading;
    const reader = new WalReader({ dir: DIR, files, kernels, memory, recordBytesMax: 40_000 });
    expect(reader.next()).toBe(true);
    // One fragment more than the limit, yet within the first buffer's capacity: the limit counts all the same.
    expect(reader.next()).toBe(false);
    expect(reader.damages).toEqual([expect.objectContaining({ reason: "record of more than 40000 bytes" })]);
    reader.close();
  });
});
