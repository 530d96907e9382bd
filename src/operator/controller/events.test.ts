import { expect, test } from "vitest";
import { cutToBytes } from "./events.js";

test.each([
  ["a short note", "abc", 4, "abc"],
  ["a note of the size that is allowed", "abcd", 4, "abcd"],
  ["a long note", "abcde", 4, "abcd"],
  ["a character at the bound", "abcä", 4, "abc"],
  ["a character of four bytes", "a😀b", 4, "a"],
])("%s is cut between characters", (_, text, bytesMax, cut) => {
  expect(cutToBytes(text, bytesMax)).toBe(cut);
});
