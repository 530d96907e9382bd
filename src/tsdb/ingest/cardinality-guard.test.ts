import { expect, test } from "vitest";
import type { LogFields, Logger } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import { CardinalityGuard } from "./cardinality-guard.js";

function rig(budget: number) {
  const time = { ms: 0 };
  const lines: LogFields[] = [];
  const add = (_message: string, fields?: LogFields): void => {
    lines.push(fields ?? {});
  };
  const log: Logger = { debug: add, info: add, warn: add, error: add, with: () => log };
  const clock = { nowMs: () => time.ms, monotonicMs: () => time.ms };
  return { time, lines, guard: new CardinalityGuard({ budget, windowMs: 60_000 }, clock, log) };
}

const series = (job: string, metric: string, id: number, more: Record<string, string> = {}): Labels =>
  Labels.of({ __name__: metric, job, id: String(id), ...more });

test("a job, a namespace or a metric over its budget gets no new series; others do", () => {
  const { guard } = rig(3);
  for (let i = 0; i < 3; i++) expect(guard.admits(series("a", `m${i}`, i))).toBe(true);
  expect(guard.admits(series("a", "m9", 9))).toBe(false);
  for (let i = 0; i < 3; i++) expect(guard.admits(series(`j${i}`, "loud", i))).toBe(true);
  expect(guard.admits(series("j9", "loud", 9))).toBe(false);
  for (let i = 0; i < 3; i++) expect(guard.admits(series(`k${i}`, `n${i}`, i, { namespace: "ns" }))).toBe(true);
  expect(guard.admits(series("k9", "n9", 9, { namespace: "ns" }))).toBe(false);
  expect(guard.admits(series("k9", "n9", 9, { namespace: "other" }))).toBe(true);
  expect(guard.refusedCount).toBe(3);
});

test("what is refused is named: job, metric, the label that varies, how many; once in the log", () => {
  const { guard, lines } = rig(1);
  guard.admits(series("a", "m", 0));
  for (let i = 1; i <= 50; i++) guard.admits(series("a", "m", i, { zone: i % 2 ? "x" : "y" }));
  guard.admits(series("a", "n", 1));
  expect(guard.refused()).toEqual([
    { job: "a", metric: "m", label: "id", count: 50 },
    { job: "a", metric: "n", label: "id", count: 1 },
  ]);
  expect(lines.map(({ metric, budget }) => [metric, budget])).toEqual([
    ["m", 1],
    ["n", 1],
  ]);
});

test("the next window has a budget of its own; what the last one refused is shown until something is refused again", () => {
  const { guard, time } = rig(1);
  guard.admits(series("a", "m", 0));
  expect(guard.admits(series("a", "m", 1))).toBe(false);
  time.ms = 60_000;
  expect(guard.refused()).toMatchObject([{ job: "a", count: 1 }]);
  expect(guard.admits(series("a", "m", 1))).toBe(true);
  expect(guard.admits(series("a", "m", 2))).toBe(false);
  time.ms = 200_000;
  expect(guard.admits(series("a", "m", 2))).toBe(true);
});

test("without a budget nothing is refused", () => {
  const { guard } = rig(0);
  for (let i = 0; i < 1000; i++) expect(guard.admits(series("a", "m", i))).toBe(true);
});
