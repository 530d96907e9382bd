/** Checksum and snappy kernels against their oracles: the definition, and the snappy package (Google's format, in Rust). */
import fc from "fast-check";
import { compressSync, uncompressSync } from "snappy";
import { describe, expect, it } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { crc32c } from "../../../test/twins/bytes/crc32c.js";

const PAGE_BYTES = 65536;

/** Bytes as logs have them: runs, repeats of what was before, and noise. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((noise) => ({ noise })),
      fc.record({ run: fc.nat(255), length: fc.integer({ min: 1, max: 5000 }) }),
      fc.record({ back: fc.integer({ min: 1, max: 70_000 }), length: fc.integer({ min: 1, max: 300 }) }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => {
    const bytes: number[] = [];
    for (const part of parts) {
      if ("noise" in part) bytes.push(...part.noise);
      else if ("run" in part) for (let i = 0; i < part.length; i++) bytes.push(part.run);
      else for (let i = 0; i < part.length; i++) bytes.push(bytes[bytes.length - part.back] ?? i & 255);
    }
    return Uint8Array.from(bytes);
  });

describe.each([
  { variant: "release" as const, runs: 300 },
  { variant: "debug" as const, runs: 60 },
])("$variant kernels", ({ variant, runs }) => {
  const head = new HandHead(8, variant);
  const { kernels } = head;
  const memory = new Uint8Array(head.memory.buffer);
  const table = kernels.allocate(kernels.snappyTableBytes());
  const source = kernels.allocate(1 << 20);
  const target = kernels.allocate(1 << 21);

  function compress(bytes: Uint8Array): Uint8Array {
    memory.set(bytes, source);
    return head.take(target, kernels.snappyCompress(source, bytes.length, target, table));
  }

  it("check sums as CRC-32C is defined", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283); // the check value of the catalogue
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), (bytes, shift) => {
        memory.set(bytes, source + shift);
        expect(kernels.crc32c(source + shift, bytes.length) >>> 0).toBe(crc32c(bytes));
      }),
      { numRuns: runs },
    );
  });

  it("compress what snappy reads", () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        const compressed = compress(bytes);
        expect(compressed.length).toBeLessThanOrEqual(kernels.snappyMaxBytes(bytes.length));
        expect(Buffer.compare(uncompressSync(compressed) as Buffer, Buffer.from(bytes))).toBe(0);
      }),
      { numRuns: runs },
    );
  });

  it("decompress what snappy writes, and their own", () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        for (const compressed of [compressSync(Buffer.from(bytes)), compress(bytes)]) {
          memory.set(compressed, source);
          expect(kernels.snappyDecodedBytes(source, compressed.length)).toBe(bytes.length);
          expect(kernels.snappyDecompress(source, compressed.length, target, bytes.length)).toBe(bytes.length);
          expect(Buffer.compare(head.take(target, bytes.length), bytes)).toBe(0);
        }
      }),
      { numRuns: runs },
    );
  });

  it("compress within a few percent of snappy", () => {
    const text = new TextEncoder().encode(
      Array.from(
        { length: 3000 },
        (_, i) => `http_requests_total{code="${200 + (i % 7)}",path="/a/${i}"} ${i * 37}\n`,
      ).join(""),
    );
    expect(compress(text).length).toBeLessThan(1.05 * compressSync(Buffer.from(text)).length);
  });

  it("give damaged snappy up without touching a byte too many", () => {
    fc.assert(
      fc.property(
        compressible,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        (bytes, changes, cut) => {
          const compressed = Uint8Array.from(compressSync(Buffer.from(bytes)));
          for (const [at, value] of changes) compressed[at % compressed.length] = value;
          const length = compressed.length - (cut % 3 === 0 ? cut % compressed.length : 0);
          // The input ends with the memory: reading beyond it would trap.
          const from = memory.length - length;
          memory.set(compressed.subarray(0, length), from);
          const capacity = Math.min(bytes.length, 1 << 20);
          memory.fill(0xaa, target + capacity, target + capacity + 64);
          const decoded = kernels.snappyDecompress(from, length, target, capacity);
          expect(decoded).toBeLessThanOrEqual(capacity);
          expect(memory.subarray(target + capacity, target + capacity + 64).every((byte) => byte === 0xaa)).toBe(true);
          let oracle: Buffer | undefined;
          try {
            oracle = uncompressSync(compressed.subarray(0, length)) as Buffer;
          } catch {
            // Damaged for snappy too.
          }
          if (oracle !== undefined && oracle.length <= capacity) {
            expect(Buffer.compare(head.take(target, decoded), oracle)).toBe(0);
          } else expect(decoded).toBe(-1);
        },
      ),
      { numRuns: runs * 3 },
    );
  });

  it("read as much and no more when the input is at the memory's end", () => {
    const bytes = new Uint8Array(PAGE_BYTES).fill(7);
    const from = memory.length - bytes.length;
    memory.set(bytes, from);
    const length = kernels.snappyCompress(from, bytes.length, target, table);
    expect(Buffer.compare(uncompressSync(head.take(target, length)) as Buffer, bytes)).toBe(0);
  });
});
