import fc from "fast-check";
import { expect, test } from "vitest";
import { compareBytes, Labels } from "./labels.js";

/** Characters from both sides of the place where UTF-16 order and UTF-8 order part. */
const text = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "\u007f",
    "ä",
    "\u07ff",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
  ),
  maxLength: 5,
});

test("compareBytes is the order of the UTF-8 bytes", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    { numRuns: 5000 },
  );
});

test("equal keys mean equal label sets", () => {
  const value = fc.string({ unit: fc.constantFrom("a", "\xff", "\0", '"'), maxLength: 3 });
  const set = fc
    .dictionary(
      value.filter((name) => name !== ""),
      value,
      { maxKeys: 3 },
    )
    .map((entries) => Labels.of(entries));
  fc.assert(
    fc.property(set, set, (a, b) => {
      expect(a.key === b.key).toBe(JSON.stringify(a.pairs) === JSON.stringify(b.pairs));
    }),
    { numRuns: 5000 },
  );
});
