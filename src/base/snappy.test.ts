import { compressSync, uncompressSync } from "snappy";
import { expect, test } from "vitest";
import { decodeSnappy, literalSnappy } from "./snappy.js";

const TEXTS = [
  "",
  "a",
  "abcabcabcabcabcabcabcabcabcabcabc",
  "x".repeat(100_000),
  JSON.stringify(process.versions).repeat(50),
];

test.each(TEXTS)("what the reference compresses is read, what we write is read by it (%#)", (text) => {
  const bytes = Buffer.from(text);
  expect(Buffer.from(decodeSnappy(compressSync(bytes), 1 << 20)).toString()).toBe(text);
  expect(uncompressSync(Buffer.from(literalSnappy(bytes))).toString()).toBe(text);
});

test("damaged and lying blocks are refused", () => {
  const block = compressSync(Buffer.from("abcabcabcabcabcabcabcabcabcabcabcabcabcabcd"));
  for (let cut = 0; cut < block.length; cut++)
    expect(() => decodeSnappy(block.subarray(0, cut), 1000)).toThrow(/snappy/);
  expect(() => decodeSnappy(block, 10)).toThrow("snappy: decoded length 43 exceeds limit 10");
  expect(() => decodeSnappy(Uint8Array.of(0xff, 0xff, 0x7f, 0), 2 ** 30)).toThrow("snappy: corrupt input");
});
