/** The whole program as its user meets it: start, reload, end, and what it says when something is wrong. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";
import { freePort, waitUntil } from "../peers/harness.js";
import { exchange } from "../support/http.js";

// A start takes a second, and ten on a machine that is busy with others.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

const running = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), "vestal-lifecycle-"));
const configFile = join(folder, "vestal.yml");
let exporter: Exporter;

beforeAll(async () => {
  exporter = await startExporter(({ path }) =>
    respond(
      path.startsWith("/wide")
        ? Array.from({ length: 5000 }, (_, i) => `wide{n="${i}"} ${i % 7}\n`).join("")
        : "answer 42\n",
    ),
  );
});

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await exporter.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Program {
  readonly port: number;
  readonly child: ChildProcess;
  log(): string;
  /** Resolves with the exit code once the process has ended. */
  readonly ended: Promise<number | null>;
}

async function start(args: readonly string[], port?: number): Promise<Program> {
  const own = port ?? (await freePort());
  const all = [join(packageRoot(), "bin", "vestal"), "server", `--web.listen-address=127.0.0.1:${own}`, ...args];
  // Not the package's folder: the program must not care where it is started.
  const child = spawn(process.execPath, all, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  running.add(child);
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { port: own, child, log: () => text, ended };
}

const data = (name: string): string => `--storage.tsdb.path=${join(folder, name)}`;
const text = async ({ port }: Program, path: string, method = "GET"): Promise<readonly [number, string]> => {
  const { status, body } = await exchange(port, { method, path });
  return [status, body.toString()];
};
const isReady = (program: Program) => (): Promise<boolean> =>
  text(program, "/-/ready").then(([status]) => status === 200);
const pools = async (program: Program): Promise<Record<string, { interval: string; url: string }>> => {
  const [, body] = await text(program, "/api/v1/targets?state=active");
  const { activeTargets } = (
    JSON.parse(body) as { data: { activeTargets: { scrapePool: string; scrapeInterval: string; scrapeUrl: string }[] } }
  ).data;
  return Object.fromEntries(
    activeTargets.map((target) => [target.scrapePool, { interval: target.scrapeInterval, url: target.scrapeUrl }]),
  );
};
const metric = async (program: Program, name: string): Promise<number> => {
  const [, page] = await text(program, "/metrics");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1]);
};
const writeConfig = (jobs: readonly object[]): void =>
  writeFileSync(configFile, JSON.stringify({ global: { scrape_interval: "100ms" }, scrape_configs: jobs }));
const job = (name: string, path: string, rest: object = {}): object => ({
  job_name: name,
  metrics_path: path,
  static_configs: [{ targets: [exporter.address] }],
  ...rest,
});
const seen = (path: string): number => exporter.requests.filter((request) => request.path === path).length;

describe("a server that runs", () => {
  let server: Program;
  beforeAll(async () => {
    writeConfig([job("kept", "/kept"), job("removed", "/removed"), job("changed", "/before")]);
    server = await start([
      `--config.file=${configFile}`,
      data("reload"),
      "--web.enable-lifecycle",
      "--query.threads=1",
    ]);
    await waitUntil("the server scrapes all jobs", 60_000, async () =>
      ["/kept", "/removed", "/before"].every((path) => seen(path) > 2),
    );
  });

  /** When in its interval the kept job is scraped. A machine that is busy makes scrapes late: a second in which most are not is waited for. */
  const phaseOfKept = async (): Promise<number> => {
    let phase = 0;
    await waitUntil("most scrapes of a second keep to a schedule", 60_000, async () => {
      const [, answer] = await text(server, `/api/v1/query?query=${encodeURIComponent('up{job="kept"}[1s]')}`);
      const { result } = (JSON.parse(answer) as { data: { result: { values: [number, string][] }[] } }).data;
      const offsets = (result[0]?.values ?? []).map(([seconds]) => Math.round(seconds * 1000) % 100);
      phase = offsets.toSorted((a, b) => a - b)[offsets.length >> 1] ?? 0;
      const near = offsets.filter((offset) => Math.abs(offset - phase) <= 2);
      return offsets.length >= 5 && near.length > offsets.length / 2;
    });
    return phase;
  };

  test("a good file: jobs come, go and change; an unchanged target keeps its connection and its schedule", async () => {
    const connectionOfKept = (): number | undefined =>
      exporter.requests.findLast((request) => request.path === "/kept")?.connection;
    const before = connectionOfKept();
    const phaseBefore = await phaseOfKept();
    writeConfig([
      job("kept", "/kept"),
      job("changed", "/after", { scrape_interval: "200ms", scrape_timeout: "200ms" }),
      job("added", "/added"),
    ]);
    expect(await text(server, "/-/reload", "POST")).toEqual([200, ""]);
    await waitUntil("the new jobs are scraped", 5000, async () => seen("/added") > 2 && seen("/after") > 2);
    expect(await pools(server)).toEqual({
      kept: { interval: "100ms", url: `http://${exporter.address}/kept` },
      changed: { interval: "200ms", url: `http://${exporter.address}/after` },
      added: { interval: "100ms", url: `http://${exporter.address}/added` },
    });
    const gone = seen("/removed") + seen("/before");
    const kept = seen("/kept");
    await waitUntil("the kept job goes on", 5000, async () => seen("/kept") > kept + 3);
    expect(seen("/removed") + seen("/before")).toBe(gone);
    expect(connectionOfKept()).toBe(before);
    // Each scrape is a whole number of intervals after the first one: the reload did not start the schedule anew.
    // Each is the median of a second whose scrapes lie within 2 ms of it.
    const difference = Math.abs((await phaseOfKept()) - phaseBefore);
    expect(Math.min(difference, 100 - difference)).toBeLessThanOrEqual(4);
    expect(await metric(server, "prometheus_config_last_reload_successful")).toBe(1);
  });

  test("a bad file: 500 with the reason, the old configuration stays, and the metric says so until a good one", async () => {
    const good = await text(server, "/api/v1/status/config");
    writeFileSync(configFile, "scrape_configs:\n- job_name: a\n  scrape_intervall: 1s\n");
    const [status, reason] = await text(server, "/-/reload", "POST");
    expect(status).toBe(500);
    expect(reason).toContain("failed to reload config: ");
    expect(reason).toContain("line 3: field scrape_intervall not found in type config.ScrapeConfig");
    expect(await text(server, "/api/v1/status/config")).toEqual(good);
    expect(Object.keys(await pools(server)).sort()).toEqual(["added", "changed", "kept"]);
    expect(await metric(server, "prometheus_config_last_reload_successful")).toBe(0);
    const added = seen("/added");
    await waitUntil("the old jobs go on", 5000, async () => seen("/added") > added + 2);
    writeConfig([job("kept", "/kept")]);
    server.child.kill("SIGHUP");
    await waitUntil(
      "SIGHUP reloads",
      5000,
      async () => (await metric(server, "prometheus_config_last_reload_successful")) === 1,
    );
    await waitUntil("its jobs are in force", 5000, async () => Object.keys(await pools(server)).join() === "kept");
  });

  test("a client that goes away cancels its query", async () => {
    const heavy = "sum_over_time(vector(1)[9d:1s])";
    const range = "start=0&end=9000000&step=1000";
    const abort = new AbortController();
    const path = `/api/v1/query_range?query=${encodeURIComponent(heavy)}&${range}`;
    const gone = fetch(`http://127.0.0.1:${server.port}${path}`, { signal: abort.signal }).catch(() => "gone");
    await waitUntil("the query runs", 3000, async () => (await metric(server, "prometheus_engine_queries")) === 1);
    abort.abort();
    expect(await gone).toBe("gone");
    const cancelledMs = performance.now();
    // There is one query thread: it answers the next query once it has given up the first.
    expect((await text(server, "/api/v1/query?query=1"))[0]).toBe(200);
    expect(performance.now() - cancelledMs).toBeLessThan(2000); // it would run for minutes
    expect(server.log()).not.toContain("A query did not stop when asked to");
  });

  test("/-/quit ends it cleanly", async () => {
    expect(await text(server, "/-/quit", "POST")).toEqual([200, "Requesting termination... Goodbye!"]);
    expect(await server.ended).toBe(0);
    expect(server.log()).toMatch(/level=INFO msg="See you next time!"\n$/);
  });
});

test("a restart replays: not ready, then all that was acknowledged is there", async () => {
  writeConfig([job("wide", "/wide")]);
  const first = await start([`--config.file=${configFile}`, data("restart")]);
  const count = async (program: Program): Promise<number> => {
    const [, body] = await text(program, `/api/v1/query?query=${encodeURIComponent("sum(count_over_time(wide[1h]))")}`);
    const { result } = (JSON.parse(body) as { data: { result: { value: [number, string] }[] } }).data;
    return Number(result[0]?.value[1] ?? 0);
  };
  await waitUntil("it has samples", 60_000, async () => (await isReady(first)()) && (await count(first)) > 50_000);
  const stored = await count(first);
  first.child.kill("SIGKILL");
  await first.ended;
  const seenStatuses = new Set<string>();
  const restart = async (): Promise<Program> => {
    const program = await start([`--config.file=${configFile}`, data("restart")]);
    await waitUntil("it is ready", 60_000, async () => {
      for (;;) {
        const [ready] = await text(program, "/-/ready");
        if (ready === 200) return true;
        const [query, body] = await text(program, "/api/v1/query?query=1");
        const [replay, progress] = await text(program, "/api/v1/status/walreplay");
        if (query === 503)
          seenStatuses.add(`${ready} ${query} ${body} ${replay} ${Object.keys(JSON.parse(progress).data)}`);
      }
    });
    return program;
  };
  let second = await restart();
  // On a fast machine a replay may fit between two questions: then it is killed and starts again.
  for (let left = 10; seenStatuses.size === 0 && left > 0; left--) {
    second.child.kill("SIGKILL");
    await second.ended;
    second = await restart();
  }
  expect([...seenStatuses]).toEqual(["503 503 Service Unavailable 200 min,max,current"]);
  expect(await count(second)).toBeGreaterThanOrEqual(stored);
  const signalledMs = performance.now();
  second.child.kill("SIGINT");
  second.child.kill("SIGINT"); // npm passes on what the terminal has sent already
  expect(await second.ended).toBe(0);
  expect(performance.now() - signalledMs).toBeLessThan(3000);
  const third = await start([`--config.file=${configFile}`, data("restart")]);
  await waitUntil("it listens", 60_000, async () => (await text(third, "/-/healthy"))[0] === 200);
  const interruptedMs = performance.now();
  third.child.kill("SIGINT");
  expect(await third.ended).toBe(0);
  expect(performance.now() - interruptedMs).toBeLessThan(3000);
});

describe("what cannot start says why, in a line, and ends", () => {
  const cases: readonly (readonly [string, () => Promise<readonly string[]>, number, RegExp])[] = [
    [
      "an unknown flag",
      async () => ["--config.fil=x"],
      1,
      /unknown long flag '--config.fil' \(did you mean '--config.file'\?\)/,
    ],
    [
      "a missing file",
      async () => ["--config.file=none.yml", data("x")],
      2,
      /err="open none.yml: no such file or directory"/,
    ],
    [
      "a wrong value in the file",
      async () => {
        writeFileSync(join(folder, "wrong.yml"), "scrape_configs:\n- job_name: a\n  scrape_interval: 5 seconds\n");
        return ["--config.file=wrong.yml", data("x")];
      },
      2,
      /parsing YAML file wrong.yml: unknown unit .* \(line 3, scrape_configs\[0\].scrape_interval\)/,
    ],
    [
      "a data directory that cannot be",
      async () => {
        writeFileSync(join(folder, "file"), "");
        return [`--config.file=${configFile}`, data("file/below")];
      },
      1,
      /cannot make the data directory .*file\/below: not a directory/,
    ],
    [
      "a data directory below /proc",
      async () => [`--config.file=${configFile}`, "--storage.tsdb.path=/proc/x/y"],
      1,
      /cannot make the data directory/,
    ],
  ];
  test.each(cases)("%s", async (_name, args, code, message) => {
    writeConfig([]);
    const program = await start(await args());
    expect(await program.ended).toBe(code);
    expect(program.log()).toMatch(message);
    expect(program.log()).not.toMatch(/^\s+at /m);
  });

  test("a port and a data directory in use", async () => {
    writeConfig([]);
    mkdirSync(join(folder, "used"));
    const first = await start([`--config.file=${configFile}`, data("used")]);
    await waitUntil("it is ready", 60_000, isReady(first));
    const [samePort, sameFolder] = await Promise.all([
      start([`--config.file=${configFile}`, data("other")], first.port),
      start([`--config.file=${configFile}`, data("used")]),
    ]);
    expect([await samePort.ended, await sameFolder.ended]).toEqual([1, 1]);
    expect(samePort.log()).toContain(`cannot listen on 127.0.0.1:${first.port}: the address is in use`);
    expect(sameFolder.log()).toMatch(/lock DB directory: .*used\/lock; end it, or use another directory/);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
  });
});
