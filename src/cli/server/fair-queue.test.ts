import { expect, test } from "vitest";
import { FairQueue, type QueueClass } from "./fair-queue.js";

const never = new AbortController().signal;

/** Names of those that run, in the order in which they start, while each ends at once. */
async function orderOf(asked: readonly (readonly [QueueClass, string, string])[], width = 1): Promise<string[]> {
  const queue = new FairQueue(width);
  const order: string[] = [];
  for (let i = 0; i < width; i++) await queue.enter("api", "first", never);
  const all = asked.map(async ([queueClass, client, name]) => {
    if (await queue.enter(queueClass, client, never)) order.push(name);
    queue.leave();
  });
  queue.leave();
  await Promise.all(all);
  return order;
}

test("clients take turns, each keeps its own order", async () => {
  const asked = ["a1", "a2", "a3", "b1", "b2", "c1"].map((name) => ["api", name[0]!, name] as const);
  expect(await orderOf(asked)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
});

test("rules and live queries have a share of their own", async () => {
  const api = Array.from({ length: 6 }, (_, i) => ["api", `client-${i}`, `a${i}`] as const);
  const others = [
    ["live", "", "l0"],
    ["live", "", "l1"],
    ["rules", "", "r0"],
  ] as const;
  const order = await orderOf([...api, ...others]);
  expect(order.indexOf("r0")).toBeLessThan(3);
  expect(order.indexOf("l1")).toBeLessThan(6);
  expect(order.filter((name) => name.startsWith("a"))).toEqual(["a0", "a1", "a2", "a3", "a4", "a5"]);
});

test("who gives up before its turn is passed over, and takes no place", async () => {
  const queue = new FairQueue(2);
  expect(await queue.enter("api", "a", never)).toBe(true);
  expect(await queue.enter("api", "a", never)).toBe(true);
  const giving = new AbortController();
  const given = queue.enter("api", "a", giving.signal);
  const last = queue.enter("api", "a", never);
  expect(queue.waiting).toBe(2);
  giving.abort();
  expect(await given).toBe(false);
  queue.leave();
  expect(await last).toBe(true);
  expect(queue.waiting).toBe(0);
  expect(await queue.enter("api", "a", giving.signal)).toBe(false);
  queue.leave();
  queue.leave();
  expect(await queue.enter("live", "", never)).toBe(true);
});
