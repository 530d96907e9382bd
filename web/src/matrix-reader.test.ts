/** The reader beside JSON.parse, whatever the pieces in which bytes arrive. */
import { expect, test } from "vitest";
import { MatrixReader } from "./matrix-reader.js";

const answer = (result: unknown, more: object = {}): string =>
  JSON.stringify({ status: "success", data: { resultType: "matrix", result }, ...more });

function read(text: string, pieceBytes: number): MatrixReader {
  const reader = new MatrixReader();
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return reader;
}

const VALUES = [
  "0",
  "1",
  "-0.5",
  "NaN",
  "+Inf",
  "-Inf",
  "1e-7",
  "123456789.123456789",
  "0.1",
  "1.7976931348623157e+308",
  "5e-324",
  "0.30000000000000004",
  "9007199254740993",
];
const numberOf = (text: string): number => (/Inf/.test(text) ? Number(`${text}inity`) : Number(text));

test.each([1, 7, 64, 1 << 20])("in pieces of %d bytes the series are those of JSON, to the bit", (pieceBytes) => {
  const result = [
    { metric: { __name__: "a", path: 'x"}],\\ü' }, values: VALUES.map((value, i) => [1_700_000_000.25 + i, value]) },
    { metric: {}, values: [[1.5, "2"]] },
  ];
  const found = read(answer(result, { warnings: ["w"] }), pieceBytes).finish();
  expect(found?.rest).toMatchObject({ warnings: ["w"] });
  expect(found?.series.map(({ metric }) => metric)).toEqual(result.map(({ metric }) => metric));
  for (const [i, { values }] of result.entries()) {
    expect([...(found?.series[i]?.times ?? [])]).toEqual(values.map(([time]) => time));
    expect([...(found?.series[i]?.numbers ?? [])]).toEqual(values.map(([, value]) => numberOf(String(value))));
  }
});

test.each([10_007, 300_000])(
  "an answer of a megabyte in pieces of %d bytes, larger than what is kept at a time",
  (pieceBytes) => {
    const result = Array.from({ length: 500 }, (_, i) => ({
      metric: { i: `${i}` },
      values: Array.from({ length: 100 }, (_, j) => [j, `${i * 1000 + j}`]),
    }));
    const reader = read(answer(result), pieceBytes);
    expect(reader.text()).toBe(answer(result));
    const found = reader.finish()?.series ?? [];
    expect(found.map(({ metric }) => metric["i"])).toEqual(result.map(({ metric }) => metric.i));
    expect([...(found[499]?.numbers ?? [])]).toEqual(result[499]?.values.map(([, value]) => Number(value)));
  },
);

test("an empty result is read", () => {
  expect(read(answer([]), 5).finish()?.series).toEqual([]);
});

test.each([
  '{"status":"error","errorType":"bad_data","error":"x"}',
  '{"status":"success","data":{"resultType":"vector","result":[]}}',
  answer([{ metric: {}, histograms: [[1, { count: "1", sum: "2" }]] }]),
  answer([{ metric: {}, values: [[1, "2"]], histograms: [] }]),
  answer([{ metric: {}, values: [[1, "2"]] }]).slice(0, -9),
  "",
])("%s is left to JSON, with all its bytes", (text) => {
  const reader = read(text, 3);
  expect(reader.finish()).toBeUndefined();
  expect(reader.text()).toBe(text);
});
