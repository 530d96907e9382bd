import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.js";

test("what is written stands in a row, whichever way", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => ({ kind: "text", bytes: Buffer.from(text), text }) as const),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ kind: "raw", bytes, text: "" }) as const),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ kind: "part", bytes, text: "" }) as const),
    fc.uint8Array().map((bytes) => ({ kind: "latin1", bytes, text: Buffer.from(bytes).toString("latin1") }) as const),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const writer = new ByteWriter();
      for (const { kind, bytes, text } of pieces) {
        if (kind === "text") writer.text(text);
        else if (kind === "latin1") writer.latin1(text);
        else if (kind === "raw") writer.raw(bytes);
        else writer.part(Buffer.concat([Buffer.from("abc"), bytes, Buffer.from("d")]), 3, bytes.length);
      }
      expect(Buffer.from(writer.finish())).toEqual(Buffer.concat(pieces.map(({ bytes }) => bytes)));
    }),
    { numRuns: 40 },
  );
});

test("it grows, and what it gives back has no buffer that is much larger", () => {
  const writer = new ByteWriter();
  const part = "é".repeat(10_000);
  for (let i = 0; i < 20; i++) writer.text(part);
  expect(Buffer.from(writer.finish()).toString()).toBe(part.repeat(20));
  const small = new ByteWriter();
  small.text("x");
  expect(small.finish().buffer.byteLength).toBe(1);
});
