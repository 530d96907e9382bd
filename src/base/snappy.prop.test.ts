import fc from "fast-check";
import { uncompressSync } from "snappy";
import { expect, test } from "vitest";
import { decodeSnappy, encodeSnappy } from "./snappy.js";

/** Random parts, repeated ones and runs, so that literals and copies of all lengths come. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.integer({ min: 1, max: 900 }))
        .map(([part, times]) => {
          const repeated = new Uint8Array(part.length * times);
          for (let i = 0; i < times; i++) repeated.set(part, i * part.length);
          return repeated;
        }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

test("what is compressed is read again, by the real library and by ours", () => {
  fc.assert(
    fc.property(bytes, (plain) => {
      const packed = encodeSnappy(plain);
      expect(Buffer.compare(uncompressSync(Buffer.from(packed)) as Buffer, Buffer.from(plain))).toBe(0);
      expect(Buffer.compare(Buffer.from(decodeSnappy(packed, plain.length)), Buffer.from(plain))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("text like that of remote write becomes a fifth, noise hardly grows", () => {
  const text = Array.from(
    { length: 2000 },
    (_, i) => `__name__http_requests_total instance host-${i % 50}:9100 job node ${i}`,
  );
  const plain = Buffer.from(text.join("\n"));
  expect(encodeSnappy(plain).length).toBeLessThan(plain.length / 4);
  const noise = Uint8Array.from(
    { length: 200_000 },
    (_, i) => (Math.imul(i + 1, 2_654_435_761) >>> 13) ^ (Math.imul(i, 40_503) >>> 7),
  );
  expect(encodeSnappy(noise).length).toBeLessThan(noise.length * 1.01 + 64);
});
