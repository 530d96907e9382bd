/** Values and times as the kernel writes them, against the text that the language's own conversion gives. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { QueryMemory } from "../../memory/index.js";
import { formatSample } from "../../model/number.js";
import { startPromqlKernels } from "./kernels.js";

const builds = (["release", "debug"] as const).map((build) => {
  const memory = new QueryMemory(1 << 24);
  return { build, memory, kernels: startPromqlKernels(memory, build) };
});

const bits = new BigUint64Array(1);
const ofBits = new Float64Array(bits.buffer);
const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((each) => {
  bits[0] = each;
  return ofBits[0]!;
});
const decimal = fc
  .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: -30, max: 30 }))
  .map(([digits, power]) => Number(`${digits}e${power}`));
const powerOfTwo = fc.integer({ min: -1074, max: 1023 }).map((power) => 2 ** power);
const ratio = fc
  .tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }))
  .map(([above, below]) => above / below);
const value = fc.oneof(
  fc.double(),
  anyBits,
  decimal,
  powerOfTwo,
  ratio,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    1e21,
    999999999999999900000,
    1e-6,
    1e-6 - 2 ** -73,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    9007199254740992,
    1e15,
    1e16,
    1e17,
    123456789012345680000,
    4.35,
    0.1,
    -1.5e-9,
    1e100,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ),
);

function seconds(timeMs: number): string {
  const text = (Math.abs(timeMs) / 1000).toFixed(3);
  return `${timeMs < 0 ? "-" : ""}${text.endsWith(".000") ? text.slice(0, -4) : text}`;
}

test.each(builds)("the $build build writes samples as their text is", ({ memory, kernels }) => {
  const time = fc.oneof(
    fc.integer({ min: -5000, max: 5000 }),
    fc.integer({ min: 1_500_000_000_000, max: 1_800_000_000_000 }),
    fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(time, value), { minLength: 1, maxLength: 100 }), (samples) => {
      const count = samples.length;
      const mark = memory.mark();
      const columns = memory.allocate(count * 16);
      const out = memory.allocate(kernels.samplesTextBytes(count));
      memory.floats.set(
        samples.map(([timeMs]) => timeMs),
        columns >>> 3,
      );
      memory.floats.set(
        samples.map(([, each]) => each),
        (columns >>> 3) + count,
      );
      const length = kernels.writeSamples(columns, columns + count * 8, count, out);
      const text = Buffer.from(memory.bytes.slice(out, out + length)).toString();
      expect(text).toBe(samples.map(([timeMs, each]) => `[${seconds(timeMs)},"${formatSample(each)}"]`).join(","));
      const places = memory.allocate(count * 32 + 64);
      kernels.writeValues(columns + count * 8, count, places);
      const values = samples.map((_, i) => {
        const at = places + i * 32;
        return Buffer.from(memory.bytes.slice(at, at + memory.bytes[at + 31]!)).toString();
      });
      expect(values).toEqual(samples.map(([, each]) => formatSample(each)));
      memory.releaseTo(mark);
    }),
    { numRuns: Number(process.env["VESTAL_RUNS"] ?? 300) },
  );
});
