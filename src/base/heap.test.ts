import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";
import { returnFreeHeap } from "./heap.js";

test("the pages of old garbage are given back", () => {
  let held: unknown[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ name: `series ${i}`, i }));
  returnFreeHeap(); // what is held is old from now on
  const before = getHeapStatistics().total_heap_size;
  expect(held).toHaveLength(300_000);
  held = undefined;
  returnFreeHeap();
  expect(getHeapStatistics().total_heap_size).toBeLessThan(before - (10 << 20));
});
