/** `tsdb` commands beside the real promtool: the same blocks, bytes and output of the same input. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { isUlid } from "../../src/tsdb/block/index.js";
import { killAll, makeFolder, removeFolder, startPrometheus } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const folder = mkdtempSync(join(tmpdir(), "vestal-tsdb-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder, timeout: 60_000, maxBuffer: 1 << 28 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, out, err });
    });
  });
}

const theirs = (...args: string[]): Promise<Ended> => run(peerBinary("promtool"), ["tsdb", ...args]);
const ours = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(packageRoot(), "bin", "vestal"), "promtool", "tsdb", ...args]);

const START = 1_700_000_000;
/** Within one batch of promtool's they are dropped without a word. */
const OUT_OF_ORDER = [`odd 1 ${START + 3}`, `odd 5 ${START + 100}`, `odd 6 ${START + 100}`, `odd 7 ${START + 50}`];

function input(): string {
  const lines = ["# HELP requests Requests.", "# TYPE requests counter"];
  for (let series = 0; series < 20; series++) {
    for (let i = series; i < 900; i += series % 3 === 0 ? 1 : 2) {
      lines.push(`requests_total{job="j${series % 3}",note="é \\"${series}\\"\\n"} ${i * series} ${START + 30 * i}.25`);
    }
  }
  lines.push("# TYPE latency histogram");
  for (const le of ["0.1", "1", "+Inf"]) {
    for (let i = 0; i < 600; i++) lines.push(`latency_bucket{le="${le}"} ${i} ${START + 45 * i}`);
  }
  lines.push("# TYPE odd gauge");
  const odd = ["NaN", "+Inf", "-Inf", "0", "-0", "1e-9", "123456789", "1e21", "0.1"];
  for (const [i, value] of odd.entries()) lines.push(`odd ${value} ${START + i}.123456`);
  for (let i = 0; i < 300; i++) lines.push(`odd{far="yes"} ${Math.sin(i)} ${START + 86_400 * 3 + i * 0.5}`);
  lines.push(...OUT_OF_ORDER);
  return `${lines.join("\n")}\n# EOF\n`;
}

const blocksIn = (name: string): string[] => readdirSync(join(folder, name)).filter(isUlid);

beforeAll(async () => {
  writeFileSync(join(folder, "in.om"), input());
  await theirs("create-blocks-from", "openmetrics", "in.om", "theirs");
  mkdirSync(join(folder, "theirs", "wal"));
});

test.each([[], ["--max-block-duration=24h"], ["--label=env=test", "--label=job=mine"], ["-r"]])(
  "create-blocks-from openmetrics %j makes the same blocks",
  async (...flags) => {
    const name = `made${flags.join("").replace(/\W/g, "")}`;
    const [mine, real] = await Promise.all([
      ours("create-blocks-from", "openmetrics", ...flags, "in.om", `${name}-ours`),
      theirs("create-blocks-from", "openmetrics", ...flags, "in.om", `${name}-theirs`),
    ]);
    const withoutUlids = (text: string): string => text.replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, "ULID");
    expect(withoutUlids(mine.out)).toBe(withoutUlids(real.out));
    expect(mine.code).toBe(real.code);
    const [a, b] = [blocksIn(`${name}-ours`), blocksIn(`${name}-theirs`)];
    expect(a.length).toBe(b.length);
    a.forEach((ulid, i) => {
      for (const file of ["index", "chunks/000001", "tombstones"]) {
        const bytes = readFileSync(join(folder, `${name}-ours`, ulid, file));
        expect(bytes.equals(readFileSync(join(folder, `${name}-theirs`, b[i]!, file))), `${file} of ${i}`).toBe(true);
      }
    });
  },
);

test.each([
  ["list", "theirs"],
  ["list", "-r", "theirs"],
  ["dump", "theirs"],
  ["dump", "--match=odd", "--min-time=1700000000000", "--max-time=1700000004000", "theirs"],
  ["dump", '--match={job="j1"}', '--match={note=~".*3.*"}', "theirs"],
  ["dump-openmetrics", "theirs"],
  ["dump-openmetrics", '--match={__name__=~"lat.*"}', "theirs"],
  ["list", "nowhere"],
  ["dump", "nowhere"],
  ["analyze", "theirs", "01BX5ZZKBKACTAV9WEVGEMMVRZ"],
])("%s %s %s has promtool's output", async (...args) => {
  const [mine, real] = await Promise.all([ours(...args), theirs(...args)]);
  expect(mine).toEqual(real);
});

test.each([
  ["analyze", "theirs"],
  ["analyze", "--extended", "theirs"],
  ["analyze", "--limit=500", "--match=requests_total", "theirs"],
])("%s %s %s prints the same rows, those of equal counts in any order", async (...args) => {
  const [mine, real] = await Promise.all([ours(...args), theirs(...args)]);
  const rows = (text: string): string[] =>
    args.includes("--limit=500")
      ? text.split("\n").sort()
      : text.split("\n").map((row) => row.replace(/^(\d+) .*=?.*$/, "$1"));
  expect(rows(mine.out)).toEqual(rows(real.out));
  expect(mine.code).toBe(0);
});

test.each([
  ["requests 1\n# EOF\n", "expected timestamp for series got none"],
  ["requests 1 1\n", "data does not end with # EOF"],
  [`a 1 6000\n${"b 1 1\n".repeat(5000)}a 2 5\n# EOF\n`, "add sample: out of order sample"],
  [`a 1 10\n${"b 1 1\n".repeat(5000)}a 2 10\n# EOF\n`, "add sample: duplicate sample for timestamp"],
])("create-blocks-from refuses %.20j", async (text, reason) => {
  writeFileSync(join(folder, "bad.om"), text);
  const [mine, real] = await Promise.all([
    ours("create-blocks-from", "openmetrics", "bad.om", "bad-ours"),
    theirs("create-blocks-from", "openmetrics", "bad.om", "bad-theirs"),
  ]);
  expect(real.err).toContain(reason);
  expect(mine.err).toContain(reason);
  expect(mine.code).toBe(real.code);
});

const RULES = {
  groups: [
    {
      name: "slow",
      interval: "7m",
      labels: { group: "of the group", team: "a" },
      rules: [
        { record: "requests:double", expr: "requests_total * 2", labels: { team: "b", job: "all" } },
        { alert: "Slow", expr: "sum by (le) (latency_bucket) > 5", labels: { severity: "page" } },
      ],
    },
    {
      name: "fast",
      rules: [
        { record: "requests:sum", expr: "sum by (job) (rate(requests_total[5m]))" },
        { record: "nothing", expr: "absent_metric" },
        { record: "scalar", expr: "1" },
        { record: "odd:copy", expr: "odd" },
      ],
    },
  ],
};

/** Lists of files' bytes, in an order of their own: ULIDs tell nothing. */
const contentsOf = (name: string): string[] =>
  blocksIn(name)
    .map((ulid) => {
      const { minTime, maxTime, stats } = JSON.parse(readFileSync(join(folder, name, ulid, "meta.json"), "utf8"));
      const files = ["index", "chunks/000001"].map((file) => readFileSync(join(folder, name, ulid, file), "base64"));
      return JSON.stringify([minTime, maxTime, stats, files]);
    })
    .sort();

test("create-blocks-from rules records what promtool records, in the same bytes", async () => {
  writeFileSync(join(folder, "rules.yml"), JSON.stringify(RULES));
  const own = makeFolder();
  cpSync(join(folder, "theirs"), join(own, "data"), { recursive: true });
  const server = await startPrometheus({ config: {}, folder: own, args: ["--storage.tsdb.retention.time=100y"] });
  try {
    const times = [`--start=${START + 100}`, `--end=${START + 20_000}`, `--url=${server.url}`];
    const command = ["create-blocks-from", "rules", ...times];
    const failing = {
      ...RULES,
      groups: [{ name: "g", rules: [{ record: "r", expr: "odd + on () odd" }, RULES.groups[1]!.rules[0]] }],
    };
    writeFileSync(join(folder, "failing.yml"), JSON.stringify(failing));
    for (const [name, flags] of Object.entries({ plain: [], often: ["--eval-interval=15s"] })) {
      const [mine, real] = await Promise.all([
        ours(...command, ...flags, `--output-dir=${name}-rules-ours`, "rules.yml"),
        theirs(...command, ...flags, `--output-dir=${name}-rules-theirs`, "rules.yml"),
      ]);
      expect([mine.code, mine.out], mine.err).toEqual([real.code, real.out]);
      const made = contentsOf(`${name}-rules-theirs`);
      expect(made.length).toBeGreaterThan(5);
      expect(contentsOf(`${name}-rules-ours`)).toEqual(made);
    }
    // One rule fails, the other is recorded.
    const [mine, real] = await Promise.all([
      ours(...command, "--output-dir=failing-ours", "failing.yml"),
      theirs(...command, "--output-dir=failing-theirs", "failing.yml"),
    ]);
    const problems = (text: string): string[] => text.split("\n").filter((line) => !line.startsWith("time="));
    expect(problems(mine.err)).toEqual(problems(real.err));
    expect(mine.code).toBe(real.code);
    expect(contentsOf("failing-ours")).toEqual(contentsOf("failing-theirs"));
  } finally {
    await killAll();
    removeFolder(own);
  }
});

test.each([
  [["--end=16", "--start=17", "rules.yml"]],
  [["--start=17x", "rules.yml"]],
  [["--start=17", "--end=yesterday", "rules.yml"]],
  [["rules.yml"]],
  [["--start=1", "nowhere.yml"]],
])("create-blocks-from rules %j is refused as by promtool", async (args) => {
  writeFileSync(join(folder, "rules.yml"), JSON.stringify(RULES));
  const [mine, real] = await Promise.all([
    ours("create-blocks-from", "rules", ...args),
    theirs("create-blocks-from", "rules", ...args),
  ]);
  expect({ ...mine, err: mine.err.replace(/^vestal /, "") }).toEqual(real);
  expect(real.code).toBe(1);
});
