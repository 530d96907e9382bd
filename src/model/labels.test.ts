import { describe, expect, test } from "vitest";
import { compareLabels, isLegacyLabelName, isValidLabelName, Labels, quoteGo } from "./labels.js";

describe("Labels", () => {
  const labels = Labels.of({ job: "api", __name__: "up", empty: "", a: "1" });

  test("are sorted by name, without empty values", () => {
    expect(labels.pairs).toEqual(["__name__", "up", "a", "1", "job", "api"]);
    expect(labels.size).toBe(3);
  });

  test("a later entry of the same name wins", () => {
    expect(
      Labels.of([
        ["a", "1"],
        ["a", "2"],
      ]).toObject(),
    ).toEqual({ a: "2" });
    expect(
      Labels.of([
        ["a", "1"],
        ["a", ""],
      ]).size,
    ).toBe(0);
  });

  test("a missing label reads as the empty string", () => {
    expect([labels.get("job"), labels.get("none"), labels.has("none")]).toEqual(["api", "", false]);
  });

  test("without, only and with", () => {
    expect(labels.without(new Set(["job", "x"])).toObject()).toEqual({ __name__: "up", a: "1" });
    expect(labels.only(new Set(["job"])).toObject()).toEqual({ job: "api" });
    expect(labels.with("b", "2").pairs).toEqual(["__name__", "up", "a", "1", "b", "2", "job", "api"]);
    expect(labels.with("job", "").has("job")).toBe(false);
    expect(labels.without(new Set(["x"]))).toBe(labels);
  });

  test("keys are equal for equal sets only", () => {
    expect(Labels.of({ b: "2", a: "1" }).key).toBe(Labels.of({ a: "1", b: "2" }).key);
    expect(Labels.of({ a: "1b", c: "2" }).key).not.toBe(Labels.of({ a: "1", bc: "2" }).key);
    // Values may hold any character, U+00FF too.
    expect(Labels.of({ a: "x\xffb\xffy" }).key).not.toBe(Labels.of({ a: "x", b: "y" }).key);
  });

  test("print as Prometheus prints them", () => {
    expect(labels.toString()).toBe('{__name__="up", a="1", job="api"}');
    expect(Labels.of({ "my.label": 'a"b' }).toString()).toBe('{"my.label"="a\\"b"}');
    expect(Labels.EMPTY.toString()).toBe("{}");
  });

  test.each([
    [{}, {}, 0],
    [{ a: "1" }, { a: "2" }, -1],
    [{ a: "1" }, { b: "0" }, -1],
    [{ a: "1" }, { a: "1", b: "1" }, -1],
    [{ b: "1" }, { a: "1", b: "1" }, 1],
  ])("compareLabels %j %j", (a, b, sign) => {
    expect(Math.sign(compareLabels(Labels.of(a), Labels.of(b)))).toBe(sign);
  });
});

test.each([
  ["job", true, true],
  ["_a1", true, true],
  ["1a", false, true],
  ["a.b", false, true],
  ["a:b", false, true],
  ["", false, false],
  ["\udcff", false, false],
])("label name %j", (name, isLegacy, isValid) => {
  expect([isLegacyLabelName(name), isValidLabelName(name)]).toEqual([isLegacy, isValid]);
});

// Facts of Go's strconv.Quote.
describe("quoteGo", () => {
  test.each([
    ["", '""'],
    ["abc", '"abc"'],
    ['a"b', '"a\\"b"'],
    ["a'b", '"a\'b"'],
    ["a\\b", '"a\\\\b"'],
    ["\x07\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'],
    ["\x00\x1b\x7f", '"\\x00\\x1b\\x7f"'],
    ["\x80\x9f", '"\\u0080\\u009f"'],
    ["☺ä😀", '"☺ä😀"'],
    ["\u00a0", '"\\u00a0"'],
    ["\u2028\u2029", '"\\u2028\\u2029"'],
    ["\u200b\ufeff", '"\\u200b\\ufeff"'],
    ["\u00ad", '"\\u00ad"'],
    ["\u3000", '"\\u3000"'],
    ["\ue000", '"\\ue000"'],
    ["\ufffd", '"\ufffd"'],
    ["\u{10ffff}", '"\\U0010ffff"'],
    ["\u{e0001}", '"\\U000e0001"'],
    ["\udcff", '"\\xff"'],
  ])("%j", (text, quoted) => {
    expect(quoteGo(text)).toBe(quoted);
  });
});
