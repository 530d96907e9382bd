import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestShard } from "../../test/twins/exposition/shard.js";
import { packageRoot } from "../base/index.js";

function open(shard: TestShard): number {
  const target = shard.parser.openTarget();
  if (target === undefined) throw new Error("no memory");
  return target;
}

test("an unchanged body is found by position and stages equal rows", () => {
  const shard = new TestShard();
  const target = open(shard);
  const body = readFileSync(join(packageRoot(), "../shared/corpus/node-exporter.txt"));
  const first = shard.scrape(target, body);
  expect(first.outcome).toMatchObject({ status: "parsed", positional: 0 });
  const second = shard.scrape(target, body);
  expect(second.rows).toEqual(first.rows);
  expect(second.outcome).toMatchObject({ newLines: 0, hashed: 0 });
  expect(second.staleSlots).toEqual([]);
});
