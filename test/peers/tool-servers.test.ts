/** Commands of the tool that ask servers, beside the real promtool: discovery, pushes, histograms, archives for a report. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { uncompressSync } from "snappy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import {
  freePort,
  killAll,
  makeFolder,
  queryVector,
  removeFolder,
  type Server,
  startPrometheus,
  waitUntil,
} from "./harness.js";
import { peerBinary } from "./peer-binary.js";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const folder = makeFolder();
const SIDES = {
  theirs: [peerBinary("promtool")],
  ours: [process.execPath, join(packageRoot(), "bin", "vestal"), "promtool"],
};
type Side = keyof typeof SIDES;

/** Each side in a folder of its own, as some commands write into it. */
function runSide(side: Side, args: readonly string[], input: string): Promise<Ended> {
  const [command = "", ...first] = SIDES[side];
  const cwd = join(folder, side);
  mkdirSync(cwd, { recursive: true });
  return new Promise((resolve) => {
    const child = execFile(command, [...first, ...args], { cwd, timeout: 60_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, out, err: err.replaceAll("vestal promtool: error:", "promtool: error:") });
    });
    child.stdin?.end(input);
  });
}

async function both(args: readonly string[], input = ""): Promise<{ theirs: Ended; ours: Ended }> {
  const [theirs, ours] = await Promise.all([runSide("theirs", args, input), runSide("ours", args, input)]);
  return { theirs, ours };
}

/** Targets that are told over HTTP; and a receiver of remote write, which keeps what it gets by its user agent. */
const pushed: { readonly path: string; readonly header: string; readonly body: Buffer }[] = [];
const helper = createServer((request, response) => {
  if (request.method === "GET") {
    const groups = [{ targets: ["h:1", "<h>&:2"], labels: { from: "http", __meta_x: "1" } }];
    response.setHeader("content-type", "application/json").end(JSON.stringify(groups));
    return;
  }
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const path = request.url ?? "";
    const body = uncompressSync(Buffer.concat(parts)) as Buffer;
    pushed.push({ path, header: String(request.headers["x-a"]), body });
    response.writeHead(path.includes("bad") ? 400 : 204).end("no\n");
  });
});
let base = "";
let prometheus: Server;
beforeAll(async () => {
  await new Promise<void>((resolve) => helper.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(helper.address() as AddressInfo).port}`;
  const port = await freePort();
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "self", static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  };
  const own = join(folder, "prometheus");
  mkdirSync(own);
  prometheus = await startPrometheus({ config, port, folder: own });
}, 90_000);
afterAll(async () => {
  await killAll();
  helper.closeAllConnections();
  helper.close();
  removeFolder(folder);
});

describe("check service-discovery", () => {
  const config = () => {
    const file = join(folder, "config.json");
    const job = (job_name: string, more: object) => ({ job_name, ...more });
    const scrape_configs = [
      job("static", {
        params: { module: ["a", "b"] },
        static_configs: [{ targets: ["s:1", "drop:1", "s:1"], labels: { k: "v", __meta_m: "1" } }],
        relabel_configs: [
          { source_labels: ["__address__"], regex: "drop.*", action: "drop" },
          { source_labels: ["__meta_m"], target_label: "m" },
        ],
      }),
      job("http", { http_sd_configs: [{ url: `${base}/sd` }] }),
      job("broken", {
        static_configs: [{ targets: ["a"] }],
        relabel_configs: [{ target_label: "__address__", replacement: "a/b" }],
      }),
    ];
    writeFileSync(file, JSON.stringify({ scrape_configs }));
    return file;
  };
  test.each(["static", "http", "broken"])("%s", async (name) => {
    const { theirs, ours } = await both(["check", "service-discovery", "--timeout=4s", config(), name]);
    const parsed = ({ out, code, err }: Ended) => ({
      code,
      err,
      found: (JSON.parse(out) as unknown[]).map((one) => JSON.stringify(one)).sort(),
    });
    expect(parsed(ours)).toEqual(parsed(theirs));
    if (name !== "http") expect(ours.out).toBe(theirs.out);
  });
  test("a job that there is not, a file that there is not, and one that is wrong", async () => {
    const wrong = join(folder, "wrong.yml");
    writeFileSync(wrong, "scrape_configs: [{}]\n");
    for (const args of [
      [config(), "none"],
      [join(folder, "missing.yml"), "x"],
      [wrong, "x"],
    ]) {
      const { theirs, ours } = await both(["check", "service-discovery", ...args]);
      // We say the place too.
      expect({ ...ours, err: ours.err.replace(/ \(line \d+, .*\)$/m, "") }).toEqual(theirs);
    }
  });
});

describe("push metrics", () => {
  const TEXT = `# HELP b_total Help.
# TYPE b_total counter
b_total{x="1",job="mine"} 5 1700000000000
b_total 1e3 1700000000000
# TYPE a_h histogram
a_h_bucket{le="1",z="1"} 1 1700000000000
a_h_bucket{le="0.5",z="2"} 1 1700000000000
a_h_bucket{le="+Inf",z="1"} 2 1700000000000
a_h_sum{z="1"} 3 1700000000000
a_h_count{z="1"} 2 1700000000000
a_h_count{z="2"} 7 1700000000000
# TYPE s summary
s{quantile="0.50"} 1 1700000000000
s{quantile="0.9"} NaN 1700000000000
s_sum 1 1700000000000
s_count 1 1700000000000
untyped_one -7 1700000000000
`;
  test.each([
    [["good"], []],
    [["good"], ["--label=job=x", "--label=zone=a", "--header=X-A=b"]],
    [["bad"], ["--timeout=5s"]],
  ])("%j %j", async ([path = ""], flags) => {
    const file = join(folder, "metrics.txt");
    writeFileSync(file, TEXT);
    const seen: (typeof pushed)[] = [];
    const ended: Ended[] = [];
    for (const side of ["theirs", "ours"] as const) {
      pushed.length = 0;
      ended.push(await runSide(side, ["push", "metrics", ...flags, `${base}/${path}`, file], ""));
      seen.push([...pushed]);
    }
    const [theirs, ours] = ended;
    expect(ours).toEqual(theirs);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toHaveLength(1);
  });
  test.each([
    ["what is no text of metrics", ["push", "metrics", "good"], "bad{\n"],
    ["a label that is none", ["push", "metrics", "--label=x", "good"], "a 1\n"],
    ["a file that there is not", ["push", "metrics", "good", "missing.txt"], ""],
  ])("%s", async (_, [group = "", command = "", ...rest], input) => {
    const args = [group, command, ...rest.map((arg) => (arg === "good" ? `${base}/good` : arg))];
    const { theirs, ours } = await both(args, input);
    expect(ours).toEqual(theirs);
    expect(ours.code).toBe(1);
  });
});

describe("query analyze", () => {
  const sorted = ({ code, out, err }: Ended) => ({ code, err, lines: out.split("\n").sort() });
  test("classic histograms", async () => {
    const name = "prometheus_http_request_duration_seconds_bucket";
    await waitUntil("histograms with some samples", 60_000, async () => {
      const found = await queryVector(prometheus, `count_over_time(${name}{le="+Inf"}[1h]) > 3`, Date.now() / 1000 - 5);
      return found.length > 0;
    });
    // Behind what is being scraped now: both must see the same samples.
    const time = String(Date.now() / 1000 - 5);
    const args = ["query", "analyze", `--server=${prometheus.url}`, "--type=histogram", `--time=${time}`];
    const { theirs, ours } = await both([...args, "--duration=10m", `--match=${name}`, "--match=up"]);
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(ours.out).toContain("(classic)");
  });
  test("another type, a time that is none, and nobody there", async () => {
    const server = `--server=${prometheus.url}`;
    for (const args of [
      [server, "--type=x", "--match=a"],
      ["--server=http://127.0.0.1:1", "--type=histogram", "--match=a"],
      [server, "--type=histogram", "--match=a{"],
    ]) {
      const { theirs, ours } = await both(["query", "analyze", ...args]);
      expect(ours).toEqual(theirs);
    }
  });
});

describe("debug", () => {
  test("metrics: an archive with the page", async () => {
    const { theirs, ours } = await both(["debug", "metrics", prometheus.url]);
    expect(ours).toEqual(theirs);
    const listed = (side: Side) => execFileSync("tar", ["tzf", join(folder, side, "debug.tar.gz")]).toString();
    expect(listed("ours")).toBe(listed("theirs"));
    const page = execFileSync("tar", ["xzOf", join(folder, "ours", "debug.tar.gz"), "metrics.txt"]).toString();
    expect(page).toContain("prometheus_build_info");
  });
  test("nobody there; a server without profiles", async () => {
    const nobody = await both(["debug", "metrics", "http://127.0.0.1:1"]);
    expect(nobody.ours).toEqual(nobody.theirs);
    const { theirs, ours } = await both(["debug", "pprof", base]);
    expect([ours.code, ours.err]).toEqual([theirs.code, theirs.err]);
  });
});
