import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "./deadlines.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test("who is still open is told when its time has come, whatever the order", () => {
  const open = new Map<number, { readonly dueMs: number }>();
  const told: [number, number][] = [];
  const start = Date.now();
  const deadlines = new Deadlines(open, ({ dueMs }) => {
    told.push([dueMs - start, Date.now() - start]);
    for (const [key, item] of open) if (item.dueMs === dueMs) open.delete(key);
  });
  for (const [key, after] of [300, 100, 2 ** 31 + 5000, 200].entries()) {
    open.set(key, { dueMs: start + after });
    deadlines.add(start + after);
  }
  open.delete(1); // has ended by itself
  vi.advanceTimersByTime(400);
  expect(told).toEqual([
    [200, 200],
    [300, 300],
  ]);
  vi.advanceTimersByTime(2 ** 31 + 6000);
  expect(told[2]).toEqual([2 ** 31 + 5000, 2 ** 31 + 5000]);
});
