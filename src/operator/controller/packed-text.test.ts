import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PackedTexts } from "./packed-text.js";

const textOf = (bytes: Buffer): string => (bytes.length === 0 ? "" : gunzipSync(bytes).toString());
const parts = (count: number, changed = -1): string[] =>
  Array.from(
    { length: count },
    (_, i) => `  - job_name: app-${i}\n    metrics_path: ${i === changed ? "/new" : "/metrics"}\n`,
  );

test("what is unpacked is what was packed, whatever was packed before", () => {
  const packed = new PackedTexts({ charactersMax: 500 });
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 300 }), (list) => {
      expect(textOf(packed.pack(list))).toBe(list.join(""));
    }),
    { seed: Number(process.env["PROPERTY_SEED"] ?? 7) },
  );
});

test("the same text is the same bytes, kept or made anew", () => {
  const packed = new PackedTexts({ charactersMax: 1_000_000 });
  const first = packed.pack(parts(500));
  packed.pack(parts(500, 250));
  expect(packed.pack(parts(500)).equals(first)).toBe(true);
  expect(new PackedTexts({ charactersMax: 0 }).pack(parts(500)).equals(first)).toBe(true);
});

test.each([
  ["is changed", parts(2000, 1000)],
  ["is gone", parts(2000).toSpliced(1000, 1)],
  ["has come", parts(2000).toSpliced(1000, 0, "  - job_name: other\n")],
])("of two thousand parts of which one %s, most bytes stay", (_, after) => {
  const packed = new PackedTexts({ charactersMax: 1_000_000 });
  const before = packed.pack(parts(2000));
  const now = packed.pack(after);
  let same = 0;
  while (before[same] === now[same]) same++;
  let tail = 0;
  while (before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  expect(same + tail).toBeGreaterThan(before.length * 0.9);
});
