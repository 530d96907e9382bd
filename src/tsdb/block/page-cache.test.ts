/** What is kept of blocks' files stays within its bounds, and goes with its block. */
import { expect, test } from "vitest";
import { PAGE_BYTES, PageCache, TextBudget } from "./page-cache.js";

test("texts of all readers together are bounded, and those of readers that are gone do not count for ever", () => {
  const budget = new TextBudget(100 * 110);
  const readers = Array.from({ length: 10 }, () => new Map<number, string>());
  let most = 0;
  for (let number = 0; number < 1000; number++) {
    budget.keep(readers[number % readers.length]!, number, "0123456789");
    const kept = readers.reduce((sum, { size }) => sum + size, 0);
    most = Math.max(most, kept);
    expect(readers[number % readers.length]!.get(number)).toBe("0123456789");
  }
  expect(most).toBe(100);
});

test("pages of a folder that is gone are let go, others stay", () => {
  const cache = new PageCache(10 * PAGE_BYTES);
  let loads = 0;
  const read = (file: string, page: number) => cache.get(file, page, () => new Uint8Array(++loads));
  read("/data/A/index", 0);
  read("/data/A/chunks/000001", 0);
  read("/data/AB/index", 0);
  cache.forget("/data/A");
  expect(cache.bytes).toBe(PAGE_BYTES);
  read("/data/AB/index", 0);
  expect(loads).toBe(3);
  read("/data/A/index", 0);
  expect(loads).toBe(4);
});
