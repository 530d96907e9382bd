import { expect, test } from "vitest";
import { Gate } from "./gate.js";

test("no more run at a time than there are places, in their order", async () => {
  const gate = new Gate(2);
  const { signal } = new AbortController();
  const log: string[] = [];
  let [running, most] = [0, 0];
  const one = (name: string): Promise<void> =>
    gate.run(signal, async () => {
      most = Math.max(most, ++running);
      log.push(name);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (name === "b") throw new Error("b fails");
    });
  const results = await Promise.allSettled(["a", "b", "c", "d", "e"].map(one));
  expect(log).toEqual(["a", "b", "c", "d", "e"]);
  expect(most).toBe(2);
  expect(results.map(({ status }) => status)).toEqual([
    ...["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
  ]);
});

test("whoever is aborted does not wait, and takes no place from the others", async () => {
  const gate = new Gate(1);
  const { signal } = new AbortController();
  const abort = new AbortController();
  let end = (): void => undefined;
  const first = gate.run(signal, () => new Promise<void>((resolve) => (end = resolve)));
  const aborted = gate.run(abort.signal, async () => "aborted");
  const third = gate.run(signal, async () => "third");
  abort.abort();
  expect(await aborted).toBe("aborted");
  expect(await gate.run(abort.signal, async () => "aborted before")).toBe("aborted before");
  end();
  await first;
  expect(await third).toBe("third");
  expect(await gate.run(signal, async () => "free again")).toBe("free again");
});
