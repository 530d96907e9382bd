/** What is compacted, trimmed and let go: retention by matcher and by percentage, blocks that wait for their upload. */
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { createLogger, type Logger, silentLogger, systemClock } from "../../base/index.js";
import { loadConfig } from "../../config/index.js";
import { Labels } from "../../model/index.js";
import { Block, BlockWriter, makeUlid, PageCache } from "../../tsdb/block/index.js";
import { ENCODING_XOR, XorAppender } from "../../tsdb/chunk/index.js";
import { type BlockLimits, BlockTasks } from "./block-tasks.js";
import { plainRetentionRules } from "./retention-rules.js";

const DIR = "/data";
const HOUR = 3_600_000;
const PARSER = { experimentalFunctions: false, durationExpressions: false };
const UPLOADED = "/data/thanos.shipper.json";
const NO_LIMITS: BlockLimits = { retentionMs: 0, retentionBytes: 0, retentionPercent: 0, retentionRules: [] };

/** The limits that a configuration asks for. */
function limitsOf(tsdb: unknown): BlockLimits {
  const { config } = loadConfig(JSON.stringify({ storage: { tsdb } }), { file: "c.yml", env: {} });
  const { storage } = config;
  return {
    retentionMs: storage.retentionMs ?? 0,
    retentionBytes: storage.retentionBytes ?? 0,
    retentionPercent: storage.retentionPercent ?? 0,
    retentionRules: plainRetentionRules(storage.retentionRules, PARSER),
  };
}

/** A block of two hours from `hour` on; each series has one sample an hour. */
function writeBlock(files: MemoryFiles, hour: number, jobs: readonly string[], level = 1): string {
  const ulid = makeUlid(1_700_000_000_000 + hour, (bytes) => new Uint8Array(bytes).fill(level));
  const writer = BlockWriter.create({ parentDir: DIR, ulid }, files);
  for (const job of jobs.toSorted()) {
    const appender = new XorAppender();
    for (let i = 0; i < 2; i++) appender.append((hour + i) * HOUR + 1, i, 0);
    const { minTimeMs, maxTimeMs } = appender;
    const chunk = { minTimeMs, maxTimeMs, encoding: ENCODING_XOR, data: appender.bytes() } as const;
    writer.addSeries(Labels.of({ __name__: "up", job }), [chunk]);
  }
  const compaction = { level, sources: [ulid], parents: [], hints: [], isDeletable: false, isFailed: false };
  writer.finish({ minTimeMs: hour * HOUR, maxTimeMs: (hour + 2) * HOUR, compaction });
  return ulid;
}

function tasksOver(files: MemoryFiles, { delayCompactFile = "", volumeBytes = 0, log = silentLogger as Logger } = {}) {
  return new BlockTasks(
    {
      dataDir: DIR,
      minBlockMs: 2 * HOUR,
      maxBlockMs: 6 * HOUR,
      compactsOverlapping: true,
      segmentBytes: undefined,
      delayCompactFile,
    },
    { files, clock: systemClock, log, volumeBytes: () => volumeBytes },
  );
}

/** Compacts until there is nothing to do, and removes what goes; jobs of the blocks that are left, by their first hour. */
function settle(files: MemoryFiles, tasks: BlockTasks, limits: BlockLimits): Record<string, string[]> {
  for (let i = 0; ; i++) {
    expect(i, "compactions").toBeLessThan(30);
    const reply = tasks.run({ kind: "compact-blocks", limits }) as ReturnType<BlockTasks["run"]> & {
      readonly parents: readonly string[] | undefined;
      readonly state: {
        readonly blocks: readonly { readonly dir: string; readonly meta: { readonly minTimeMs: number } }[];
        readonly obsolete: readonly string[];
        readonly expired: { readonly byTime: readonly string[]; readonly bySize: readonly string[] };
      };
    };
    const { blocks, obsolete, expired } = reply.state;
    tasks.run({ kind: "remove-blocks", ulids: [...new Set([...obsolete, ...expired.byTime, ...expired.bySize])] });
    if (reply.parents !== undefined) continue;
    return Object.fromEntries(
      blocks.map(({ dir, meta }) => {
        const block = Block.open(files, dir, new PageCache(1 << 20));
        const jobs = [...block.index.allPostings()].map((ref) => block.index.labels(ref).get("job"));
        return [meta.minTimeMs / HOUR, jobs];
      }),
    );
  }
}

const ALL = ["api", "debug", "slo"];

test("series go when the first rule that matches them says so, others with the block, some stay longer", () => {
  const files = new MemoryFiles();
  for (let hour = 0; hour < 40; hour += 2) writeBlock(files, hour, ALL);
  const limits = limitsOf({
    retention: { time: "20h" },
    retention_rules: [
      { match: '{job="debug"}', time: "10h" },
      { match: '{job=~"slo|debug"}', time: "30h" },
    ],
  });
  const left = settle(files, tasksOver(files), limits);
  // The newest block ends at 40 h. Blocks were joined by six hours first: a chunk goes when its age, not its block's, is over.
  expect(left).toEqual({
    // 0 … 10: older than every rule says.
    10: ["slo"],
    12: ["slo"],
    18: ["api", "slo"],
    24: ["api", "slo"],
    30: ["api", "debug", "slo"],
    36: ["api", "debug", "slo"],
    38: ["api", "debug", "slo"],
  });
  // Nothing is written anew once it is done.
  const before = files.readdir(DIR).sort();
  expect(settle(files, tasksOver(files), limits)).toEqual(left);
  expect(files.readdir(DIR).sort()).toEqual(before);
});

test("rules keep series that the retention of all others would let go, and none of them changes what has no rule", () => {
  const files = new MemoryFiles();
  for (let hour = 0; hour < 12; hour += 2) writeBlock(files, hour, ALL);
  expect(settle(files, tasksOver(files), { ...NO_LIMITS, retentionMs: 4 * HOUR })).toEqual({ 8: ALL, 10: ALL });
  const other = new MemoryFiles();
  for (let hour = 0; hour < 12; hour += 2) writeBlock(other, hour, ALL);
  const limits = limitsOf({ retention: { time: "4h" }, retention_rules: [{ match: "{job='slo'}", time: "1y" }] });
  expect(settle(other, tasksOver(other), limits)).toEqual({ 0: ["slo"], 6: ["slo"], 8: ALL, 10: ALL });
});

test("only blocks of the smallest level that were uploaded are compacted, up to the first that was not", () => {
  const files = new MemoryFiles();
  const ulids = [0, 2, 4, 6, 8, 10, 12].map((hour) => writeBlock(files, hour, ["api"]));
  const tasks = tasksOver(files, { delayCompactFile: UPLOADED });
  const hours = (): string[] => Object.keys(settle(files, tasks, NO_LIMITS));
  const upload = (uploaded: readonly string[]): void =>
    files.put(UPLOADED, Buffer.from(JSON.stringify({ version: 1, uploaded })));
  upload(ulids.slice(0, 2));
  expect(hours()).toEqual(["0", "2", "4", "6", "8", "10", "12"]);
  upload(ulids.slice(0, 4));
  expect(hours()).toEqual(["0", "6", "8", "10", "12"]);
  upload([]);
  expect(hours()).toEqual(["0", "6", "8", "10", "12"]);
});

test.each([
  ["is missing", undefined, /cannot be read.*thanos.shipper.json/],
  ["is no JSON", "{", /cannot be read.*thanos.shipper.json/],
  ["has no list", '{"uploaded":7}', /cannot be read.*thanos.shipper.json/],
])("where the file of uploads %s all blocks are compacted, with a warning", (_, text, wanted) => {
  const files = new MemoryFiles();
  for (let hour = 0; hour <= 12; hour += 2) writeBlock(files, hour, ["api"]);
  if (text !== undefined) files.put(UPLOADED, Buffer.from(text));
  let warnings = "";
  const log = createLogger({ level: "warn", format: "logfmt", write: (line) => (warnings += line) });
  expect(Object.keys(settle(files, tasksOver(files, { delayCompactFile: UPLOADED, log }), NO_LIMITS))).toEqual([
    "0",
    "6",
    "12",
  ]);
  expect(warnings).toMatch(wanted);
});

test("a percentage of the file system counts instead of a size, which stands in where it cannot be told", () => {
  const files = new MemoryFiles();
  for (let hour = 0; hour < 12; hour += 2) writeBlock(files, hour, ["api"], 2);
  const sizes = (tasks: BlockTasks, limits: BlockLimits): number => {
    const reply = tasks.run({ kind: "load-blocks", isStart: true, limits });
    return (reply as { expired: { bySize: readonly string[] } }).expired.bySize.length;
  };
  const [block] = (
    tasksOver(files).run({ kind: "load-blocks", isStart: true, limits: NO_LIMITS }) as {
      blocks: readonly { readonly bytes: number }[];
    }
  ).blocks;
  const volumeBytes = block!.bytes * 100;
  const limits = { ...NO_LIMITS, retentionPercent: 3.5, retentionBytes: 5.5 * block!.bytes };
  expect(sizes(tasksOver(files, { volumeBytes }), limits)).toBe(3);
  expect(sizes(tasksOver(files, { volumeBytes }), { ...limits, retentionPercent: 0 })).toBe(1);
  expect(sizes(tasksOver(files), limits)).toBe(1);
});

test.each([
  [[{ match: "up{", time: "1h" }], /'match' of a rule .* is no selector: "up\{"/],
  [[{ match: "up" }], /'time' of a rule .* must be greater than 0/],
  [[{ time: "1h" }], /must have a selector/],
  [[{ match: "up", tim: "1h" }], /field tim not found/],
])("the rules %j are refused", (retention_rules, message) => {
  expect(() => limitsOf({ retention_rules })).toThrow(message);
});
