import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTwin, encodeTwin, type TwinSample } from "../../../test/twins/chunk/xor.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import type { ChunkKernels } from "../head/kernels.js";

/** One kernel set over a memory of its own, with the regions that a test needs. */
function codec(variant: "release" | "debug") {
  const memory = new QueryMemory(1 << 24);
  const kernels = startKernels<ChunkKernels>(compileKernels("query", variant), memory.memory);
  const times = memory.allocate(8 * 400);
  const values = memory.allocate(8 * 400);
  const chunk = memory.allocate(2 + 27 * 401 + 8);
  const state = memory.allocate(128);
  const longs = () => new BigUint64Array(memory.memory.buffer);
  return {
    encode(samples: readonly TwinSample[]): Uint8Array {
      samples.forEach(({ time, bits }, i) => {
        memory.floats[times / 8 + i] = Number(time);
        longs()[values / 8 + i] = bits;
      });
      const length = kernels.encodeXor(times, values, samples.length, chunk, state);
      return memory.bytes.slice(chunk, chunk + length);
    },
    decode(bytes: Uint8Array, count: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY) {
      memory.bytes.fill(0xaa, chunk, chunk + bytes.length + 8); // what lies behind a chunk is anything
      memory.bytes.set(bytes, chunk);
      const written = kernels.decodeXor(chunk, bytes.length, count, min, max, times, values);
      const samples: TwinSample[] = [];
      for (let i = 0; i < written; i++) {
        samples.push({ time: BigInt(memory.floats[times / 8 + i]!), bits: longs()[values / 8 + i]! });
      }
      return { written, samples };
    },
  };
}

const codecs = [codec("release"), codec("debug")];

const delta = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1n, 15_000n, 15_000n, 8_192n, 8_193n, 65_537n, 524_289n) },
  fc.bigInt({ min: 1n, max: 40_000n }),
  fc.bigInt({ min: 1n, max: 2n ** 42n }),
);
const bits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n << 63n, 0x7ff0000000000002n, 0x7ff8000000000001n, 0x7ff0000000000000n, 0xfff0000000000000n),
  fc.integer({ min: -1000, max: 1000 }).map((value) => new BigUint64Array(Float64Array.of(value).buffer)[0]!),
);
const series = fc
  .tuple(
    fc.bigInt({ min: -(2n ** 44n), max: 2n ** 44n }),
    fc.array(fc.tuple(delta, bits), { minLength: 1, maxLength: 300 }),
  )
  .map(([start, steps]) => {
    let time = start;
    return steps.map(([step, value]) => {
      time += step;
      return { time, bits: value };
    });
  });

test("kernel, debug kernel and twin write the same bytes and read the same samples", () => {
  fc.assert(
    fc.property(series, (samples) => {
      const want = encodeTwin(samples);
      expect(decodeTwin(want, samples.length)).toEqual(samples);
      for (const { encode, decode } of codecs) {
        expect(encode(samples)).toEqual(want);
        expect(decode(want, samples.length).samples).toEqual(samples);
      }
    }),
    { numRuns: 150 },
  );
});

test("a range and a count give the samples that a filter gives", () => {
  fc.assert(
    fc.property(series, fc.nat(300), fc.nat(300), fc.nat(300), (samples, a, b, n) => {
      const min = Number(samples[Math.min(a, samples.length - 1)]!.time);
      const max = Number(samples[Math.min(b, samples.length - 1)]!.time);
      const count = Math.min(n, samples.length);
      const want = samples.slice(0, count).filter(({ time }) => time >= min && time <= max);
      for (const { decode } of codecs) expect(decode(encodeTwin(samples), count, min, max).samples).toEqual(want);
    }),
    { numRuns: 100 },
  );
});

test("a chunk that ends early is damage at an offset inside it, never samples from behind it", () => {
  fc.assert(
    fc.property(series, fc.nat(), (samples, cut) => {
      const whole = encodeTwin(samples);
      const torn = whole.subarray(0, cut % whole.length);
      for (const { decode } of codecs) {
        const { written } = decode(torn, samples.length);
        expect(written).toBeLessThan(0);
        expect(-1 - written).toBeLessThanOrEqual(torn.length);
      }
    }),
    { numRuns: 150 },
  );
});

test("any bytes give damage or at most the asked number of samples, and both builds agree", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(300), (bytes, count) => {
      const [release, debug] = codecs.map(({ decode }) => decode(bytes, count));
      expect(release!.written).toBe(debug!.written);
      expect(release!.written).toBeLessThanOrEqual(count);
    }),
    { numRuns: 500 },
  );
});

test("a chunk is the bytes that the format names", () => {
  // 2 samples: count 2, time 1 as zigzag varint 2, 1.0 as 64 bits, delta 5, then a value bit 0 for "unchanged".
  const want = [0, 2, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 5, 0];
  const one = 0x3ff0000000000000n;
  for (const { encode } of codecs) {
    expect([
      ...encode([
        { time: 1n, bits: one },
        { time: 6n, bits: one },
      ]),
    ]).toEqual(want);
  }
});
