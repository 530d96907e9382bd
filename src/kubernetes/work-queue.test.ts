import { expect, test } from "vitest";
import { systemTimers } from "../base/index.js";
import { WorkQueue } from "./index.js";

test("a key is worked on once at a time, again when it came meanwhile, and later when it failed", async () => {
  const running = new Set<string>();
  const done: string[] = [];
  const failures: string[] = [];
  const release: (() => void)[] = [];
  const queue = new WorkQueue(
    { workers: 2, backoffMs: 5, backoffMsMax: 20 },
    async (key) => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      await new Promise<void>((resolve) => release.push(resolve));
      running.delete(key);
      done.push(key);
      if (key === "bad" && failures.length < 2) throw new Error("no");
    },
    systemTimers,
    (key) => failures.push(key),
  );
  for (const key of ["a", "a", "b", "c"]) queue.add(key);
  expect([...running]).toEqual(["a", "b"]); // two workers, "a" once
  queue.add("a");
  const step = async (): Promise<void> => {
    for (let left = 200; release.length === 0 && left > 0; left--)
      await new Promise((resolve) => setTimeout(resolve, 5));
    release.shift()?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
  for (let i = 0; i < 4; i++) await step();
  expect(done.toSorted()).toEqual(["a", "a", "b", "c"]);
  queue.add("bad");
  for (let i = 0; i < 3; i++) await step();
  expect([failures, done.filter((key) => key === "bad").length]).toEqual([["bad", "bad"], 3]);
  queue.add("last");
  const stopped = queue.stop();
  queue.add("never");
  await step();
  await stopped;
  expect([done.at(-1), queue.length]).toEqual(["last", 0]);
});
