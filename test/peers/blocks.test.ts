/** Blocks both ways: what real Prometheus wrote is answered alike, and what Vestal compacted is read alike by the real tools. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isUlid } from "../../src/tsdb/block/index.js";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const START = 1_700_000_000;
const STEP = 60;
const SAMPLES = 1500;
const END = START + STEP * SAMPLES;
const folders = [makeFolder(), makeFolder()] as const;
const KEEP = ["--storage.tsdb.retention.time=100y", "--web.enable-admin-api"];
const CONFIG = {};
let vestal: Server;
let prometheus: Server;

function openMetrics(): string {
  const lines: string[] = [];
  for (const [name, type] of [
    ["requests", "counter"],
    ["temperature", "gauge"],
  ] as const) {
    lines.push(`# TYPE ${name} ${type}`);
    const sample = type === "counter" ? `${name}_total` : name;
    for (let series = 0; series < 30; series++) {
      const labels = `job="j${series % 3}",instance="i${series}",note="ü \\"${series % 5}\\""`;
      // Some series begin late, some have gaps.
      for (let i = series * 7; i < SAMPLES; i++) {
        if (series % 4 === 1 && i % 300 > 200) continue;
        const value = type === "counter" ? (i % 700) * (series + 1) : Math.round(1000 * Math.sin(i / 50 + series)) / 10;
        lines.push(`${sample}{${labels}} ${value} ${START + i * STEP}`);
      }
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

function dump(folder: string): string[] {
  const args = ["tsdb", "dump", join(folder, "data")];
  const text = execFileSync(peerBinary("promtool"), args, { encoding: "utf8", maxBuffer: 1 << 28 });
  return text.split("\n").filter(Boolean).sort();
}

function blocksOf(folder: string): string[] {
  return readdirSync(join(folder, "data")).filter(isUlid);
}

beforeAll(async () => {
  const [ours, theirs] = folders;
  writeFileSync(join(ours, "in.om"), openMetrics());
  const create = ["tsdb", "create-blocks-from", "openmetrics", join(ours, "in.om"), join(ours, "data")];
  execFileSync(peerBinary("promtool"), create, { stdio: "ignore" });
  cpSync(join(ours, "data"), join(theirs, "data"), { recursive: true });
  vestal = await startVestal({ config: CONFIG, folder: ours, args: KEEP });
  prometheus = await startPrometheus({ config: CONFIG, folder: theirs, args: KEEP });
});

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

test("Vestal compacts what fills a range, and leaves the newest block", async () => {
  const before = blocksOf(folders[1]).length;
  await waitUntil("ranges are compacted", 30_000, async () => blocksOf(folders[0]).length === before - 7);
  const metas = blocksOf(folders[0]).map((ulid) => metaOf(folders[0], ulid));
  // 26 h in blocks of 2 h: 3 ranges of 6 h are whole, the first of them with what lies before it in the range of 18 h.
  expect(metas.map(({ level }) => level).sort()).toEqual([1, 1, 1, 2, 2, 3]);
});

function metaOf(folder: string, ulid: string): { readonly level: number } {
  const text = readFileSync(join(folder, "data", ulid, "meta.json"), "utf8");
  return (JSON.parse(text) as { compaction: { level: number } }).compaction;
}

const RANGE = { start: String(START), end: String(END) };
const QUESTIONS: readonly (readonly [string, Readonly<Record<string, string | string[]>>])[] = [
  ["query_range", { ...RANGE, step: "600", query: "sum by (job) (rate(requests_total[15m]))" }],
  ["query_range", { ...RANGE, step: "1000", query: 'temperature{instance=~"i1.*"}' }],
  ["query_range", { ...RANGE, step: "777", query: 'max_over_time(temperature{job!="j1"}[1h])' }],
  ["query", { time: String(START + 40_000), query: 'requests_total{note="ü \\"3\\""}[3h]' }],
  ["query", { time: String(END), query: 'count({__name__=~".+"})' }],
  ["series", { ...RANGE, "match[]": ['temperature{job="j2"}'] }],
  ["series", { start: String(START), end: String(START + 900), "match[]": ["requests_total"] }],
  ["labels", RANGE],
  ["labels", { ...RANGE, "match[]": ["temperature"] }],
  ["label/instance/values", RANGE],
  ["label/note/values", { ...RANGE, "match[]": ['requests_total{job="j0"}'] }],
  ["label/none/values", RANGE],
];

test.each(QUESTIONS)("%s %o has the same answer", async (path, params) => {
  expect(await api(vestal, path, params)).toEqual(await api(prometheus, path, params));
});

test("what is deleted is gone on both, and after cleaning too", async () => {
  const selection = 'match[]=temperature{job="j1"}&match[]=requests_total{instance="i2"}';
  const range = `start=${START + 10_000}&end=${START + 50_000}`;
  for (const server of [vestal, prometheus]) {
    const url = `${server.url}/api/v1/admin/tsdb/delete_series?${encodeURI(selection)}&${range}`;
    expect((await fetch(url, { method: "POST" })).status).toBe(204);
  }
  for (const [path, params] of QUESTIONS) {
    expect(await api(vestal, path, params), path).toEqual(await api(prometheus, path, params));
  }
  for (const server of [vestal, prometheus]) {
    const url = `${server.url}/api/v1/admin/tsdb/clean_tombstones`;
    expect((await fetch(url, { method: "POST" })).status).toBe(204);
  }
  for (const [path, params] of QUESTIONS) {
    expect(await api(vestal, path, params), path).toEqual(await api(prometheus, path, params));
  }
});

test("a snapshot is a directory that the real promtool reads, with all that is there", async () => {
  const response = await fetch(`${vestal.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  const { status, data } = (await response.json()) as { status: string; data: { name: string } };
  expect(status).toBe("success");
  expect(data.name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
  const folder = makeFolder();
  try {
    cpSync(join(folders[0], "data", "snapshots", data.name), join(folder, "data"), { recursive: true });
    mkdirSync(join(folder, "data", "wal")); // promtool asks for it; Prometheus' own snapshots have none either
    expect(dump(folder)).toEqual(dump(folders[0]));
  } finally {
    removeFolder(folder);
  }
});

test("the real promtool analyzes and lists Vestal's blocks, and dumps every sample", async () => {
  const promtool = (...args: string[]) => execFileSync(peerBinary("promtool"), args, { encoding: "utf8" });
  const [ours, theirs] = folders;
  for (const ulid of blocksOf(ours)) {
    const text = promtool("tsdb", "analyze", join(ours, "data"), ulid);
    expect(text).toContain(`Block ID: ${ulid}`);
  }
  expect(promtool("tsdb", "list", join(ours, "data")).trim().split("\n").length).toBe(blocksOf(ours).length + 1);
  expect(dump(ours)).toEqual(dump(theirs));
});

test("a real Prometheus on Vestal's directory answers alike", async () => {
  const before = await Promise.all(QUESTIONS.map(([path, params]) => api(vestal, path, params)));
  await vestal.kill("SIGKILL");
  const successor = await startPrometheus({ config: CONFIG, folder: folders[0], args: KEEP });
  for (const [i, [path, params]] of QUESTIONS.entries()) {
    expect(await api(successor, path, params), path).toEqual(before[i]);
  }
});
