/** The tool beside the real promtool: the same output, errors and exit code for the same files and arguments. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { queryVector, type Server, startPrometheus, waitUntil } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const CONFORMANCE = join(packageRoot(), "..", "shared", "conformance");
const PROMTOOL = join(CONFORMANCE, "promtool");
const folder = mkdtempSync(join(tmpdir(), "vestal-tool-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], cwd: string, input: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd, timeout: 20_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, out, err: err.replaceAll("vestal promtool: error:", "promtool: error:") });
    });
    child.stdin?.end(input);
  });
}

async function compare(args: readonly string[], cwd = PROMTOOL, input = ""): Promise<void> {
  const [theirs, ours] = await Promise.all([
    run(peerBinary("promtool"), args, cwd, input),
    run(process.execPath, [join(packageRoot(), "bin", "vestal"), "promtool", ...args], cwd, input),
  ]);
  expect(ours).toEqual(theirs);
}

/** Needs the network there, to ask where it runs. */
const NEEDS_NETWORK = "prometheus-aws-sd-empty-region.good.yml";

describe("check config", () => {
  const files = readdirSync(PROMTOOL).filter((name) => /config.*\.yml$/.test(name) && name !== NEEDS_NETWORK);
  test.each(files)("%s", (file) => compare(["check", "config", file]));
  test.each(["all", "none", "duplicate-rules", "too-long-scrape-interval", "foo"])("--lint=%s", async (lint) => {
    for (const file of ["prometheus-config.lint.yml", "prometheus-config.lint.too_long_scrape_interval.yml"]) {
      await compare(["check", "config", `--lint=${lint}`, "--lint-fatal", file]);
    }
  });
  test("--syntax-only", () => compare(["check", "config", "--syntax-only", "config_with_tls_files.yml"]));
});

describe("check rules", () => {
  const rulefmt = join(CONFORMANCE, "rulefmt");
  test.each(readdirSync(rulefmt))("%s", (file) => compare(["check", "rules", file], rulefmt));
  test.each(["rules.yml", "rules_duplicates.yml", "rules_extrafields.yml", "bad-rules-syntax.yml"])("%s", (file) =>
    compare(["check", "rules", file]),
  );
  test("unknown fields pass where they are to be ignored", () =>
    compare(["check", "rules", "--ignore-unknown-fields", "rules_extrafields.yml"]));
  test.each([
    ["a duration", "groups: [{name: a, rules: [{alert: x, expr: up, for: foo}]}]"],
    [
      "wrong types",
      "groups:\n- name: a\n  interval: [1]\n  rules:\n  - {record: 3, expr: 5, labels: {a: [1]}, foo: 1}\n",
    ],
    ["a list of nothing", "groups: foo"],
    ["a list as the root", "- a"],
    ["a key twice", "groups:\n- name: a\n  rules:\n  - alert: a\n    expr: up\n    labels:\n      x: 1\n      x: 2\n"],
    ["null items", "groups:\n- null\n- name: a\n  rules:\n  - null\n  - expr: up\n"],
    ["a tab", "groups:\n\t- name: b\n"],
    ["nothing", ""],
  ])("%s", async (name, text) => {
    writeFileSync(join(folder, "rules.yml"), text);
    await compare(["check", "rules", "rules.yml"], folder);
    await compare(["check", "rules"], folder, text);
    expect(name).not.toBe("");
  });
});

describe("test rules", () => {
  test.each(["failing.yml", "unittest.yml", "bad-input-series.yml", "rules_run_fuzzy.yml"])("%s", (file) =>
    compare(["test", "rules", file]),
  );
  test("--run, --diff and several files", () =>
    compare(["test", "rules", "--run=group1", "--diff", "rules_run.yml", "failing.yml"]));
});

test.each([
  [
    "conventions",
    '# TYPE foo counter\nfoo 1\n# TYPE bar_total gauge\nbar_total{aB="b"} 1\nfooBar 2\nx_milliseconds 4\n',
  ],
  [
    "a type in the name",
    '# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1\n# HELP b:c x\n# TYPE b:c gauge\nb:c{le="1"} 1\n',
  ],
  ["an open brace", "foo{ 1\n"],
  ["a value", "foo x\n"],
  ["a type twice", "# TYPE foo counter\n# TYPE foo counter\n"],
])("check metrics: %s", async (_name, text) => {
  await compare(["check", "metrics"], folder, text);
});

test.each([
  [["--experimental", "promql", "format", "sum(a)  by (b)"]],
  [["promql", "--experimental", "format", "sum("]],
  [["promql", "format", "a"]],
  [["--experimental", "promql", "label-matchers", "set", "-t", "=~", 'sum(a{x="1",x="z"})  by (b) + b', "x", "y"]],
  [["--experimental", "promql", "label-matchers", "delete", 'sum(a{x="1",y="z"})  by (b) + b', "x"]],
  [["foo"]],
  [["check"]],
  [["check", "foo"]],
  [["check", "config"]],
  [["check", "config", "--foo", "x"]],
  [["check", "config", "nofile.yml"]],
  [["promql", "format"]],
])("%j", (args) => compare(args));

describe("query", () => {
  let server: Server;
  beforeAll(async () => {
    const config = { scrape_configs: [{ job_name: "self", static_configs: [{ targets: ["127.0.0.1:1"] }] }] };
    server = await startPrometheus({ folder, config: { global: { scrape_interval: "1s" }, ...config } });
    await waitUntil(
      "up is there",
      20_000,
      async () => (await queryVector(server, "up", Date.now() / 1000)).length === 1,
    );
  }, 60_000);
  afterAll(() => server.kill("SIGKILL"));

  test.each([
    [["query", "instant", "--time=NOW", "URL", "up"]],
    [["query", "instant", "--time=NOW", "-o", "json", "URL", "up"]],
    [["query", "instant", "--time=NOW", "URL", "1"]],
    [["query", "instant", "URL", "foo{"]],
    [["query", "range", "--start=BEFORE", "--end=NOW", "--step=1s", "URL", "up"]],
    [["query", "range", "--start=5", "--end=1", "URL", "1"]],
    [["query", "series", "--match=up", "URL"]],
    [["query", "series", "--match=up", "-o", "json", "URL"]],
    [["query", "series", "URL"]],
    [["query", "labels", "URL", "job"]],
    [["query", "labels", "--match=up", "-o", "json", "URL", "job"]],
    [["query", "instant", "http://127.0.0.1:1", "up"]],
    [["check", "healthy", "--url=URL"]],
    [["check", "ready", "--url=URL"]],
  ])("%j", async (args) => {
    const now = Math.floor(Date.now() / 1000);
    const words = { NOW: String(now), BEFORE: String(now - 3), URL: server.url };
    await compare(args.map((arg) => arg.replace(/NOW|BEFORE|URL/, (word) => words[word as keyof typeof words])));
  });
});
