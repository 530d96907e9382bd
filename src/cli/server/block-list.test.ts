/** Which blocks a query reads, and when those that left the list may go. */
import { expect, test } from "vitest";
import type { LoadedBlock } from "../../tsdb/compact/index.js";
import { BlockList } from "./block-list.js";

function block(ulid: string, minTimeMs: number): LoadedBlock {
  const compaction = { level: 1, sources: [], parents: [], hints: [], isDeletable: false, isFailed: false };
  const stats = { samples: 1, series: 1, chunks: 1, tombstones: 0 };
  const meta = { ulid, minTimeMs, maxTimeMs: minTimeMs + 10, stats, compaction };
  return { meta, dir: `/data/${ulid}`, bytes: 1, symbolTableBytes: 1, tombstonesVersion: "1" };
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let isDone = false;
  void promise.then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return isDone;
}

const ulids = (list: BlockList): string[] => {
  const lease = list.acquire();
  lease.release();
  return lease.blocks.map(({ ulid }) => ulid);
};

test("a query keeps the list that it began with; later ones get the new list", async () => {
  const list = new BlockList();
  list.publish([block("A", 0), block("B", 10)]);
  const early = list.acquire();
  list.publish([block("C", 0)]);
  expect(early.blocks.map(({ ulid }) => ulid)).toEqual(["A", "B"]);
  expect(ulids(list)).toEqual(["C"]);
  const settled = list.settled();
  expect(await isSettled(settled)).toBe(false);
  early.release();
  early.release();
  expect(await isSettled(settled)).toBe(true);
});

test("settled waits for all that began before, however old their lists, and for none that began later", async () => {
  const list = new BlockList();
  list.publish([block("A", 0)]);
  const first = list.acquire();
  list.publish([block("B", 0)]);
  const second = list.acquire();
  const settled = list.settled();
  const third = list.acquire();
  first.release();
  expect(await isSettled(settled)).toBe(false);
  second.release();
  expect(await isSettled(settled)).toBe(true);
  expect(await isSettled(list.settled())).toBe(false);
  third.release();
  expect(await isSettled(list.settled())).toBe(true);
});

test("a block that is added stands in order of time; one that is damaged is left out at once and reported", () => {
  const list = new BlockList();
  const reported: string[] = [];
  list.onDamage = (ulid, reason) => reported.push(`${ulid}: ${reason}`);
  list.publish([block("C", 20)]);
  list.add(block("A", 0));
  list.add(block("A", 0));
  expect(ulids(list)).toEqual(["A", "C"]);
  list.reportDamage("C", "torn");
  expect(ulids(list)).toEqual(["A"]);
  expect(reported).toEqual(["C: torn"]);
});
