/** Numbers against the engine's own conversion, which rounds correctly, to the bit. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { TARGET_VALUE, TARGET_VALUE_IS_HARD } from "../../assembly/exposition/layout.js";
import { twinNumber } from "../../test/twins/exposition/parse.js";
import { TestShard } from "../../test/twins/exposition/shard.js";

const shards = [
  new TestShard({ pages: 16, stagingRows: 10, bodyBytes: 2000 }),
  new TestShard({ pages: 16, stagingRows: 10, bodyBytes: 2000, variant: "debug" }),
];
const targets = shards.map((shard) => shard.parser.openTarget() ?? 0);

/** Bits, "hard" or "refused". */
function read(shard: TestShard, target: number, text: string): string {
  const length = shard.load(`${text}\n`) - 1;
  const { body } = shard.input(length);
  if (shard.kernels.parseFloat64(target, body, body + length) === 0) return "refused";
  if (shard.words[(target + TARGET_VALUE_IS_HARD) >> 2] !== 0) return "hard";
  const word = (offset: number) => shard.words[(target + TARGET_VALUE + offset) >> 2]!;
  return `${word(4).toString(16)}:${word(0).toString(16)}`;
}

function bitsOf(value: number): string {
  if (Number.isNaN(value)) return "7ff80000:1";
  const words = new Uint32Array(new Float64Array([value]).buffer);
  return `${words[1]!.toString(16)}:${words[0]!.toString(16)}`;
}

/** Checks a text on both kernels; returns whether the kernel left it to the engine. */
function check(text: string): boolean {
  const [release, debug] = shards.map((shard, i) => read(shard, targets[i]!, text));
  expect(debug).toBe(release);
  if (release === "hard") return true;
  expect([text, release]).toEqual([text, bitsOf(twinNumber(text))]);
  return false;
}

test("every finite double comes back from its shortest form, nearly always without the engine", () => {
  let hard = 0;
  let all = 0;
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300, max: 1e300 }), (value) => {
      all++;
      for (const text of [String(value), value.toExponential(), (-value).toPrecision(17)]) if (check(text)) hard++;
    }),
    { numRuns: 3000 },
  );
  expect(hard / all).toBeLessThan(0.01);
});

test("decimals of any length round as the engine rounds them, or are left to it", () => {
  const digits = fc.stringMatching(/^[0-9]{1,40}$/);
  const exponent = fc.integer({ min: -330, max: 290 });
  fc.assert(
    fc.property(digits, digits, exponent, fc.constantFrom("", "-", "+"), (whole, fraction, power, sign) => {
      for (const text of [
        `${sign}${whole}`,
        `${sign}${whole}.${fraction}`,
        `.${fraction}`,
        `${whole}.`,
        `${whole}e${power - whole.length}`,
      ]) {
        check(text);
      }
    }),
    { numRuns: 3000 },
  );
});

test("numbers near the middle between two doubles round to even or are left to the engine", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n << 53n, max: (1n << 62n) - 1n }), (integer) => {
      const step = 1n << BigInt(integer.toString(2).length - 53);
      const middle = (integer / step) * step + step / 2n;
      for (const text of [middle, middle - 1n, middle + 1n]) check(String(text));
      check(`${middle}.${"0".repeat(30)}1`);
    }),
    { numRuns: 1000 },
  );
});

for (const text of [
  "0",
  "-0",
  "0.0000000000000000000000000001",
  "1e22",
  "1e23",
  "9007199254740993",
  "1e-5",
  "5e-324",
  "Inf",
  "-inf",
  "+INF",
  "infinity",
  "NaN",
  "nan",
  "1e-99999999999",
  "0e99999999999",
  "00000000000000000000000000000000001.5",
]) {
  test(`${text} is read as the engine reads it`, () => {
    check(text);
  });
}

for (const text of [
  "",
  ".",
  "-",
  "+",
  "e1",
  "1e",
  "1e+",
  "0x1",
  "1_0",
  "1 ",
  " 1",
  "+nan",
  "in",
  "infinit",
  "1..2",
  "1e1.5",
  "--1",
  "1-",
]) {
  test(`${JSON.stringify(text)} is no number`, () => {
    expect(shards.map((shard, i) => read(shard, targets[i]!, text))).toEqual(["refused", "refused"]);
  });
}
