/** The life of a target: what is remembered, what goes stale, what is freed. */
import { expect, test } from "vitest";
import { DROPPED_SLOT, FOREIGN_SLOTS, STATUS_DUPLICATE, STATUS_OK } from "../../assembly/layout.js";
import { TestShard } from "../../test/twins/exposition/shard.js";

const STALE = 0x7ff0000000000002n;

function open(shard = new TestShard({ pages: 64, stagingRows: 5000, bodyBytes: 500_000 })): {
  shard: TestShard;
  target: number;
} {
  const target = shard.parser.openTarget();
  if (target === undefined) throw new Error("no memory");
  return { shard, target };
}

const parsed = (
  status: Partial<Record<"rows" | "samples" | "dropped" | "newLines" | "positional" | "hashed", number>>,
) => ({
  status: "parsed",
  ...status,
});

test("a value changes, the line is found by position", () => {
  const { shard, target } = open();
  shard.scrape(target, 'a{x="1"} 1\nb 2\n');
  const { outcome, rows } = shard.scrape(target, 'a{x="1"} 3.5\nb 2e3\n');
  expect(outcome).toMatchObject(parsed({ rows: 2, newLines: 0, positional: 2, hashed: 0 }));
  expect(rows.map((row) => row.slot)).toEqual([0, 1]);
  expect(rows.map((row) => row.bits)).toEqual([0x400c000000000000n, 0x409f400000000000n]);
});

test("after an inserted, a removed and a moved line the position is found again", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1\nb 1\nc 1\nd 1\ne 1\n");
  const inserted = shard.scrape(target, "a 1\nnew 1\nb 1\nc 1\nd 1\ne 1\n");
  expect(inserted.outcome).toMatchObject(parsed({ newLines: 1, positional: 5, hashed: 0 }));
  const removed = shard.scrape(target, "a 1\nc 1\nd 1\ne 1\n");
  expect(removed.outcome).toMatchObject(parsed({ newLines: 0, positional: 3, hashed: 1 }));
  expect(removed.staleSlots).toEqual([shard.slotOf("b"), shard.slotOf("new")].sort((a, b) => a - b));
  const moved = shard.scrape(target, "d 1\ne 1\na 1\nc 1\n");
  expect(moved.outcome).toMatchObject(parsed({ newLines: 0, positional: 2, hashed: 2 }));
  expect(moved.staleSlots).toEqual([]);
});

test("a series that comes under another text is not stale", () => {
  const { shard, target } = open();
  const resolve = () => 7;
  shard.scrape(target, 'a{x="1",y="2"} 1\n', { resolve });
  const turned = shard.scrape(target, 'a{y="2",x="1"} 1\n', { resolve });
  expect([turned.rows.map((row) => row.slot), turned.staleSlots]).toEqual([[7], []]);
  expect(shard.scrape(target, "# nothing\n").staleSlots).toEqual([7]);
});

test("series with timestamps of their own end without a marker, unless tracked", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1 1000\nb 1\n");
  expect(shard.scrape(target, "\n").staleSlots).toEqual([1]);
  const tracked = open();
  tracked.shard.scrape(tracked.target, "a 1 1000\nb 1\n", { trackTimestampsStaleness: true });
  expect(tracked.shard.scrape(tracked.target, "\n").staleSlots).toEqual([0, 1]);
  const ignored = open();
  const { rows } = ignored.shard.scrape(ignored.target, "a 1 1000\n", { honorTimestamps: false, timestampMs: 5 });
  expect(rows.map((row) => row.timeMs)).toEqual([5n]);
  expect(ignored.shard.scrape(ignored.target, "\n").staleSlots).toEqual([0]);
});

test("a series that begins to bring timestamps goes stale once", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1\n");
  expect(shard.scrape(target, "a 1 1000\n").staleSlots).toEqual([0]);
  expect(shard.scrape(target, "a 1 2000\n").staleSlots).toEqual([]);
});

test("a failed scrape ends all series once, and the next good one begins again", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1\nb 1\n# HELP c x\nc 1 5\n");
  const rows = shard.parser.collectAllStale(target, 123, shard.staging, 0, shard.stagingRows);
  expect(rows).toBe(2);
  expect([shard.row(0), shard.row(1)].map((row) => [row.bits, row.timeMs, row.status])).toEqual([
    [STALE, 123n, STATUS_OK],
    [STALE, 123n, STATUS_OK],
  ]);
  shard.parser.acceptAllStale(target);
  expect(shard.parser.collectAllStale(target, 124, shard.staging, 0, shard.stagingRows)).toBe(0);
  const again = shard.scrape(target, "b 1\n");
  expect([again.outcome, again.staleSlots]).toMatchObject([parsed({ newLines: 0 }), []]);
  expect(shard.scrape(target, "\n").staleSlots).toEqual([shard.slotOf("b")]);
});

test("a rejected scrape leaves no trace", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1\nb 1\n");
  const used = shard.parser.bytesOf(target);
  shard.scrape(target, "b 1\nx 1\nx 2\ny 1\n", { reject: true });
  shard.scrape(target, "b 1\nx 1\nx 2\ny 1\n", { reject: true });
  const lists = shard.parser.bytesOf(target) - used; // the lists stay, the entries do not
  shard.scrape(target, "b 1\nx 1\nx 2\ny 1\n", { reject: true });
  expect(shard.parser.bytesOf(target) - used).toBe(lists);
  expect(shard.scrape(target, "a 1\nb 1\n").outcome).toMatchObject(parsed({ newLines: 0, positional: 2 }));
});

test("the second line of one text in a body is a duplicate, on every path, unless it has a timestamp", () => {
  const { shard, target } = open();
  const statuses = (body: string) => shard.scrape(target, body).rows.map((row) => row.status);
  const expected = [STATUS_OK, STATUS_DUPLICATE, STATUS_OK];
  expect(statuses("a 1\na 2\nb 1\n")).toEqual(expected); // new
  expect(statuses("a 1\na 2\nb 1\n")).toEqual(expected); // by position
  expect(statuses("b 1\na 1\na 2\n")).toEqual([STATUS_OK, STATUS_OK, STATUS_DUPLICATE]); // by hash
  expect(statuses("a 1 5\na 2 6\nb 1\n")).toEqual([STATUS_OK, STATUS_OK, STATUS_OK]);
});

test("texts that stood twice are freed once, whatever becomes of the memory beside them", () => {
  const { shard, target } = open();
  const once = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i} 1\n`);
  const twice = (from: number, to: number) => [...once(from, to), ...once(from, to).reverse()].join("");
  const used = [1, 2, 3].map(() => {
    for (const body of [twice(0, 100), twice(50, 100), twice(20, 60), ""]) {
      expect(shard.scrape(target, `kept 1\n${body}`).outcome.status).toBe("parsed");
      shard.scrape(target, `kept 1\n${body}${twice(200, 300)}`, { reject: true });
    }
    return shard.parser.bytesOf(target);
  });
  expect(used[2]).toBe(used[1]);
});

test("dropped lines are counted without a row, lines of other shards keep their slot", () => {
  const { shard, target } = open();
  const resolve = (text: string) => (text === "d" ? DROPPED_SLOT : text === "f" ? FOREIGN_SLOTS + 3 : 1);
  shard.scrape(target, "d 1\nf 1\nn 1\n", { resolve });
  const { outcome, rows } = shard.scrape(target, "d 1\nf 1\nn 1\n", { resolve });
  expect(outcome).toMatchObject(parsed({ rows: 2, samples: 3, dropped: 1 }));
  expect(rows.map((row) => row.slot)).toEqual([(FOREIGN_SLOTS + 3) >>> 0, 1]);
  expect(shard.scrape(target, "\n").staleSlots).toEqual([1, (FOREIGN_SLOTS + 3) >>> 0]);
});

test("a slot that the head gave to another series is resolved anew and gets no marker", () => {
  const { shard, target } = open();
  shard.scrape(target, "a 1\nb 1\n");
  shard.reuseSlot(0);
  const { outcome } = shard.scrape(target, "a 1\nb 1\n", { resolve: () => 9 });
  expect(outcome).toMatchObject(parsed({ newLines: 1, rows: 2 }));
  const { rows } = shard.scrape(target, "a 1\nb 1\n");
  expect(rows.map((row) => row.slot)).toEqual([9, 1]);
  shard.reuseSlot(9);
  expect(shard.scrape(target, "\n").staleSlots).toEqual([1]);
});

test("lines of one length that differ in one byte, wherever it is, are lines of their own", () => {
  const shard = new TestShard({ pages: 64, stagingRows: 5000, bodyBytes: 2_000_000 });
  const { target } = open(shard);
  const length = 1100; // more than the keys of a digest cover without being used again
  const bodies = [1, 15, 16, 17, length].map((labelBytes) => {
    const plain = `m{l="${"a".repeat(labelBytes)}"}`;
    const others = Array.from({ length: labelBytes }, (_, i) => `${plain.slice(0, 5 + i)}b${plain.slice(6 + i)}`);
    return [plain, ...others].map((text) => `${text} 1`);
  });
  const body = `${bodies.flat().join("\n")}\n`;
  let next = 0;
  shard.scrape(target, body, { resolve: () => next++ });
  expect(next).toBe(bodies.flat().length);
  const swapped = `${bodies.flat().reverse().join("\n")}\n`;
  const { rows } = shard.scrape(target, swapped, { resolve: () => -1 });
  expect(rows.map((row) => row.slot)).toEqual(Array.from({ length: next }, (_, i) => next - 1 - i));
});

test("churn does not grow memory, closing gives all of it back", () => {
  const shard = new TestShard({ pages: 64, stagingRows: 5000, bodyBytes: 500_000 });
  const before = shard.arenaUsed;
  const { target } = open(shard);
  let settled = 0;
  for (let round = 0; round < 60; round++) {
    const lines = Array.from({ length: 200 }, (_, i) => `m{i="${i % 10 === 0 ? `${round}_${i}` : i}"} ${round}`);
    shard.scrape(target, `# HELP m round ${round}\n${lines.join("\n")}\n`, { resolve: () => 1 });
    if (round === 20) settled = shard.parser.bytesOf(target);
    if (round > 20) expect(shard.parser.bytesOf(target)).toBeLessThanOrEqual(settled * 1.05);
  }
  shard.parser.closeTarget(target);
  expect(shard.arenaUsed).toBe(before);
});

test("metadata of lines that are gone lasts ten more scrapes; a changed HELP counts at once", () => {
  const { shard, target } = open();
  shard.scrape(target, "# HELP a first\\nline\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n");
  const version = shard.parser.metadataVersion(target);
  shard.scrape(target, "# HELP a second\n# TYPE a counter\na 1\n");
  expect(shard.parser.metadataVersion(target)).not.toBe(version);
  const named = () => Object.fromEntries(shard.parser.metadata(target).map((m) => [m.metric, m]));
  expect(named()).toMatchObject({ a: { type: "counter", help: "second" }, b: { type: "gauge", help: "" } });
  for (let i = 0; i < 9; i++) shard.scrape(target, "# HELP a second\n# TYPE a counter\na 1\n");
  expect(Object.keys(named())).toContain("b");
  shard.scrape(target, "# HELP a second\n# TYPE a counter\na 1\n");
  expect(Object.keys(named())).toEqual(["a"]);
});

test("a body with more rows than the table changes nothing and parses with a larger one", () => {
  const shard = new TestShard({ pages: 64, stagingRows: 3, bodyBytes: 1000 });
  const { target } = open(shard);
  expect(shard.scrape(target, "a 1\nb 1\nc 1\nd 1\n").outcome).toEqual({ status: "too many rows" });
  expect(shard.scrape(target, "a 1\nb 1\nc 1\n").outcome).toMatchObject(parsed({ rows: 3, newLines: 3 }));
});

test("a full memory is an outcome, and what was remembered stays", () => {
  const shard = new TestShard({ pages: 12, stagingRows: 100, bodyBytes: 20_000 });
  const { target } = open(shard);
  shard.scrape(target, "a 1\n");
  while (shard.kernels.allocate(64) !== 0); // nothing is left
  const many = Array.from({ length: 90 }, (_, i) => `m{i="${i}"} 1`).join("\n");
  expect(shard.scrape(target, many).outcome).toEqual({ status: "no memory" });
  expect(shard.scrape(target, "a 1\n").outcome).toMatchObject(parsed({ rows: 1, newLines: 0 }));
});
