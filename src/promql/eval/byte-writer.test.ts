import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSample } from "../../model/number.js";
import { ByteWriter } from "./byte-writer.js";

test("a value's bytes are those of its text, whole or not", () => {
  const value = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.integer({ min: -120, max: 120 }),
    fc.constantFrom(0, -0, 1e9, -1e9),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.string({ unit: "binary" }), (values, text) => {
      const writer = new ByteWriter();
      writer.text(text);
      for (const each of values) {
        writer.sample(each);
        writer.raw(Buffer.from(" "));
      }
      expect(Buffer.from(writer.finish())).toEqual(
        Buffer.from(text + values.map((each) => `${formatSample(each)} `).join("")),
      );
    }),
  );
});

test("it grows", () => {
  const writer = new ByteWriter();
  const part = "é".repeat(10_000);
  for (let i = 0; i < 20; i++) writer.text(part);
  expect(Buffer.from(writer.finish()).toString()).toBe(part.repeat(20));
});
