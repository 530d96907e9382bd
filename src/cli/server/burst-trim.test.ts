import { expect, test } from "vitest";
import { BurstTrim } from "./burst-trim.js";

function trimsAt(created: readonly number[]): number[] {
  const trims: number[] = [];
  let look = 0;
  const trim = new BurstTrim(() => trims.push(look));
  for (const count of created) {
    trim.look(count);
    look++;
  }
  return trims;
}

test("the heap is trimmed once, when a burst of new series is over", () => {
  expect(trimsAt([90_000, 200_000, 200_000, 200_000, 200_100])).toEqual([2]);
});

test("a second burst is trimmed again", () => {
  expect(trimsAt([200_000, 200_000, 250_000, 250_010, 250_020])).toEqual([1, 3]);
});

test("few series and steady churn are left alone", () => {
  expect(trimsAt([5000, 5000, 19_000, 19_000])).toEqual([]);
  expect(trimsAt(Array.from({ length: 40 }, (_, i) => i * 50_000))).toEqual([]);
});
