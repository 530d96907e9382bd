import { expect, test } from "vitest";
import {
  KIND_HELP,
  KIND_TYPE,
  KIND_UNIT,
  TYPE_COUNTER,
  TYPE_HISTOGRAM,
  TYPE_SUMMARY,
} from "../../assembly/exposition/layout.js";
import { foldMetadata } from "./metadata.js";
import { parseSeriesText } from "./series-text.js";

const pairsOf = (text: string, type = TYPE_COUNTER) => parseSeriesText(Buffer.from(text), type).pairs;

test("the bounds of histograms and summaries are brought to OpenMetrics' form, those of other types are not", () => {
  const bound = (text: string, type: number) => pairsOf(`h{le="${text}"}`, type)[3];
  const forms = [
    "1",
    "0",
    "-1",
    "1e6",
    "1000000",
    "0.0001",
    "+Inf",
    "inf",
    "NaN",
    "x",
    "0.10",
    "1_000",
    "0x1p-2",
    "1__0",
  ].map((text) => bound(text, TYPE_HISTOGRAM));
  expect(forms).toEqual([
    "1.0",
    "0.0",
    "-1.0",
    "1e+06",
    "1e+06",
    "0.0001",
    "+Inf",
    "+Inf",
    "NaN",
    "x",
    "0.1",
    "1000.0",
    "0.25",
    "1__0",
  ]);
  expect([bound("1", TYPE_COUNTER), bound("1", TYPE_SUMMARY)]).toEqual(["1", "1"]);
  expect(pairsOf('s{quantile="0.50"}', TYPE_SUMMARY)).toEqual(["__name__", "s", "quantile", "0.5"]);
});

test("labels are sorted by bytes, escapes resolved, blanks and commas passed over", () => {
  expect(pairsOf('m { z = "1" , a="x\\"y\\\\n\\n\\t" b="}{,=",}')).toEqual([
    "__name__",
    "m",
    "a",
    'x"y\\n\n\\t',
    "b",
    "}{,=",
    "z",
    "1",
  ]);
  expect(pairsOf('{"a b","\u{10000}"="1","\uffff"="2"}')).toEqual(["__name__", "a b", "\uffff", "2", "\u{10000}", "1"]);
});

test("an empty value takes its label away, all of that name", () => {
  expect(pairsOf('m{a="",b="1",a="2"}')).toEqual(["__name__", "m", "b", "1"]);
});

test("a name that stands twice is told, and so is one that is empty or not UTF-8", () => {
  expect(parseSeriesText(Buffer.from('m{a="1",a="2"}'), 0)).toMatchObject({ duplicate: "a", isValid: true });
  expect(parseSeriesText(Buffer.from('m{""="1"}'), 0).isValid).toBe(false);
  expect(parseSeriesText(Buffer.from('{"\xff"}', "latin1"), 0).isValid).toBe(false);
});

test("metadata is folded by metric; a quote in HELP is escaped in OpenMetrics only", () => {
  const lines = [
    { kind: KIND_HELP, text: '# HELP m_s a\\nb\\"c\\\\' },
    { kind: KIND_TYPE, text: "# TYPE m_s gauge" },
    { kind: KIND_UNIT, text: "# UNIT m_s s" },
    { kind: KIND_TYPE, text: '#  TYPE\t"n.o" untyped' },
  ];
  expect(foldMetadata(lines, true)).toEqual([
    { metric: "m_s", type: "gauge", help: 'a\nb"c\\', unit: "s" },
    { metric: "n.o", type: "unknown", help: "", unit: "" },
  ]);
  expect(foldMetadata(lines, false)[0]?.help).toBe('a\nb\\"c\\');
});

test("a hundred thousand labels are sorted in a moment", () => {
  const labels = Array.from({ length: 100_000 }, (_, i) => `l${String(999_999 - i)}="x"`);
  const { pairs, duplicate } = parseSeriesText(Buffer.from(`m{${labels.join(",")}}`), 0);
  expect([pairs.length, pairs[0], pairs[2], duplicate]).toEqual([200_002, "__name__", "l900000", undefined]);
});
