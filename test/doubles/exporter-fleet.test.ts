import { afterEach, expect, test } from "vitest";
import { type Fleet, startFleet } from "./exporter-fleet.js";

let fleet: Fleet | undefined;
afterEach(async () => fleet?.close());

function values(body: string): number[] {
  return body
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => Number(line.split(" ").at(-1)));
}

test("targets have their own address and body; part of the values counts up from scrape to scrape", async () => {
  fleet = await startFleet({ port: 21_655, targetCount: 260, seriesPerTarget: 100, changingPart: 0.5 });
  const ask = async (i: number): Promise<string> => (await fetch(`http://${fleet!.addresses[i]}/metrics`)).text();
  const first = await ask(0);
  expect(Buffer.byteLength(first)).toBe(fleet.bodyBytes);
  expect(first).toContain('pod="web-7f9c6d5b4-0"');
  expect(await ask(259)).toContain('pod="web-7f9c6d5b4-259"');
  let previous = values(first);
  expect(previous.length).toBe(100);
  for (let scrape = 0; scrape < 20; scrape++) {
    const next = values(await ask(0));
    const steps = next.map((value, i) => value - previous[i]!);
    expect(steps.every((step) => step >= 0 && step <= 9)).toBe(true);
    expect(steps.filter((step) => step > 0).length).toBe(50);
    previous = next;
  }
});
