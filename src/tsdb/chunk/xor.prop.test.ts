/** Plain XOR chunks: what is written is read to the bit, and the bytes are those of the twin, which golden bytes check. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeTwin } from "../../../test/twins/chunk/xor.js";
import { XorAppender, XorReader } from "./index.js";

const bits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 0x7ff0000000000002n, 0x7ff8000000000001n, 0x8000000000000000n, 0x3ff0000000000000n),
  fc.integer({ min: -1000, max: 1000 }).map((value) => new BigUint64Array(Float64Array.of(value).buffer)[0]!),
);
const step = fc.oneof(
  fc.constant(15_000),
  fc.integer({ min: 14_900, max: 15_100 }),
  fc.integer({ min: 1, max: 2 ** 20 }),
  fc.integer({ min: 1, max: 2 ** 45 }),
);
const rows = fc.array(fc.record({ step, bits }), { minLength: 1, maxLength: 200 });

test("any samples come back, and have the twin's bytes", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 44), max: 2 ** 44 }), rows, (start, all) => {
      let time = start;
      const samples = all.map(({ step: after, bits: value }) => {
        const sample = { time: BigInt(time), bits: value };
        time += after;
        return sample;
      });
      const appender = new XorAppender();
      for (const { time: timeMs, bits: value } of samples) {
        appender.append(Number(timeMs), Number(value & 0xffffffffn), Number(value >> 32n));
      }
      const data = appender.bytes();
      expect(Buffer.from(data).toString("hex")).toBe(Buffer.from(encodeTwin(samples)).toString("hex"));
      expect([appender.minTimeMs, appender.maxTimeMs]).toEqual([start, Number(samples.at(-1)!.time)]);
      const reader = new XorReader(data);
      for (const sample of samples) {
        expect(reader.next()).toBe(true);
        expect(BigInt(reader.timeMs)).toBe(sample.time);
        expect((BigInt(reader.high) << 32n) | BigInt(reader.low)).toBe(sample.bits);
      }
      expect(reader.next()).toBe(false);
    }),
  );
});

test("a chunk cut short is an error, never a sample too many", () => {
  const appender = new XorAppender();
  for (let i = 0; i < 50; i++) appender.append(i * 1000 + (i % 3), i * 2_654_435_761, i * 7919);
  const data = appender.bytes();
  for (let cut = 0; cut < data.length; cut++) {
    const reader = new XorReader(data.subarray(0, cut));
    if (reader.count === 0) continue;
    const readAll = () => {
      while (reader.next());
    };
    expect(readAll).toThrow(/damaged/);
  }
});
