/**
 * Deletion of series whose samples are in the head, beside a real Prometheus: the same deletions leave the same samples while
 * series go on, in blocks that are cut afterwards, and when one takes over the other's directory after `kill -9`.
 *
 * VESTAL_SEED (1).
 */
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { postWrite, type WriteSeries, writeRequestV2 } from "../support/write-request.js";
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

const SEED = Number(process.env["VESTAL_SEED"] ?? 1);
const ARGS = ["--web.enable-remote-write-receiver", "--enable-feature=native-histograms", "--web.enable-admin-api"];
const WINDOW = { storage: { tsdb: { out_of_order_time_window: "30m" } } };
const NAMES = ["del_a", "del_b", "del_histogram"];
const INSTANCES = 6;

const folders: string[] = [];
const folderFor = (): string => {
  const folder = makeFolder();
  folders.push(folder);
  return folder;
};

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

/** A sample of each series every second, in [fromMs, toMs). */
function requestOf(fromMs: number, toMs: number): WriteSeries[] {
  const series: WriteSeries[] = [];
  for (const name of NAMES) {
    for (let instance = 0; instance < INSTANCES; instance++) {
      const labels: WriteSeries["labels"] = [
        ["__name__", name],
        ["instance", String(instance)],
      ];
      const times = Array.from({ length: (toMs - fromMs) / 1000 }, (_, i) => fromMs + 1000 * i);
      if (name === "del_histogram") {
        const histograms = times.map((timeMs) => {
          const n = Math.floor(timeMs / 1000) % 1000;
          return {
            timeMs,
            isFloat: instance === 1,
            schema: 0,
            count: n + 1,
            sum: n / 2,
            zeroCount: 1,
            zeroThreshold: 0.001,
            positiveSpans: [[0, 1]] as const,
            positive: [n],
          };
        });
        series.push({ labels, samples: [], histograms });
      } else series.push({ labels, samples: times.map((timeMs) => ({ timeMs, value: instance + timeMs / 1e6 })) });
    }
  }
  return series;
}

async function write(servers: readonly Server[], request: readonly WriteSeries[]): Promise<void> {
  for (const server of servers) {
    const { status, text } = await postWrite(server.url, 2, writeRequestV2(request));
    expect({ status, text }).toEqual({ status: 204, text: "" });
  }
}

async function remove(servers: readonly Server[], match: string, startMs?: number, endMs?: number): Promise<void> {
  const parameters = new URLSearchParams({ "match[]": match });
  if (startMs !== undefined) parameters.set("start", String(startMs / 1000));
  if (endMs !== undefined) parameters.set("end", String(endMs / 1000));
  for (const server of servers) {
    const response = await fetch(`${server.url}/api/v1/admin/tsdb/delete_series?${parameters}`, { method: "POST" });
    expect(response.status, await response.text()).toBe(204);
  }
}

/** All samples by series, and which series there are, as one comparable text. */
async function stored(server: Server, atMs: number): Promise<string> {
  const query = '{__name__=~"del_.*"}[3h]';
  const answer = await api(server, "query", { query, time: String(atMs / 1000) });
  if (answer.status !== "success") throw new Error(answer.error);
  const { result } = answer.data as {
    result: { metric: Record<string, string>; values?: unknown[]; histograms?: unknown[] }[];
  };
  const lines = result.map(({ metric, values = [], histograms = [] }) =>
    [Object.entries(metric).sort(), ...values, ...histograms].map((one) => JSON.stringify(one)).join("\n"),
  );
  return lines.sort().join("\n");
}

async function seriesOf(server: Server, startMs: number, endMs: number): Promise<readonly string[]> {
  const range = { start: String(startMs / 1000), end: String(endMs / 1000) };
  const answer = await api(server, "series", { "match[]": '{__name__=~"del_.*"}', ...range });
  return (answer.data as unknown[]).map((one) => JSON.stringify(one)).sort();
}

describe.each([1, 3])("with %i shards", (shards) => {
  test("the same deletions leave the same samples, on both and after either takes over", async () => {
    const random = randomOf(SEED + shards);
    const [theirFolder, ourFolder] = [folderFor(), folderFor()];
    const args = [...ARGS, `--ingest.threads=${shards}`];
    const [prometheus, vestal] = await Promise.all([
      startPrometheus({ config: WINDOW, folder: theirFolder, args: ARGS }),
      startVestal({ config: WINDOW, folder: ourFolder, args }),
    ]);
    const both = [prometheus, vestal];
    const startMs = Math.floor(Date.now() / 1000) * 1000 - 900_000;
    let atMs = startMs;
    const goOn = async (seconds: number): Promise<void> => {
      await write(both, requestOf(atMs, atMs + 1000 * seconds));
      atMs += 1000 * seconds;
    };
    const expectSame = async (what: string): Promise<void> => {
      expect(await stored(vestal, atMs), what).toBe(await stored(prometheus, atMs));
      expect(await seriesOf(vestal, startMs, atMs), what).toEqual(await seriesOf(prometheus, startMs, atMs));
    };
    await goOn(300);
    await remove(both, 'del_a{instance="0"}');
    await expectSame("a whole series");
    await goOn(5);
    await expectSame("and it goes on");
    for (let round = 0; round < 12; round++) {
      const name = NAMES[Math.floor(random() * NAMES.length)];
      const fromMs = startMs + 1000 * Math.floor(random() * 300);
      const toMs = fromMs + 1000 * Math.floor(random() * 200);
      const match =
        random() < 0.3 ? `{instance="${1 + Math.floor(random() * 4)}"}` : `${name}{instance=~"[1-${1 + (round % 4)}]"}`;
      await remove(both, match, fromMs, toMs);
      await expectSame(`round ${round}: ${match}`);
      await goOn(3);
    }
    // Out of order into what was deleted: as there, it is deleted too; and beside it.
    const labels: WriteSeries["labels"] = [
      ["__name__", "del_a"],
      ["instance", "0"],
    ];
    const late = [startMs + 5500, startMs - 60_500, startMs - 60_000].map((timeMs) => ({ timeMs, value: 77 }));
    for (const server of both) await postWrite(server.url, 2, writeRequestV2([{ labels, samples: late }]));
    await expectSame("out of order");
    await remove(both, 'del_b{instance="5"}', startMs - 3_600_000, startMs - 1_800_000);
    await expectSame("nothing of it");
    const left = await stored(vestal, atMs);
    await Promise.all(both.map((server) => server.kill("SIGKILL")));
    for (const folder of [theirFolder, ourFolder]) {
      const [one, other] = [copyOf(folder), copyOf(folder)];
      const theirs = await startPrometheus({ config: {}, folder: one });
      expect(await stored(theirs, atMs), "Prometheus").toBe(left);
      await theirs.kill("SIGKILL");
      const ours = await startVestal({ config: {}, folder: other, args });
      expect(await stored(ours, atMs), "Vestal").toBe(left);
      await ours.kill("SIGKILL");
    }
  }, 120_000);
});

test("what was deleted in the head is in no block, and cleaning goes over both", async () => {
  const folder = folderFor();
  const blockArgs = ["--storage.tsdb.min-block-duration=10s", "--storage.tsdb.max-block-duration=10s"];
  const vestal = await startVestal({ config: WINDOW, folder, args: [...ARGS, "--ingest.threads=2", ...blockArgs] });
  const startMs = 10_000 * Math.floor(Date.now() / 10_000) - 60_000;
  await write([vestal], requestOf(startMs, startMs + 9000));
  await remove([vestal], 'del_a{instance="0"}');
  await remove([vestal], '{__name__=~"del_b|del_histogram",instance=~"[01]"}', startMs + 2000, startMs + 4000);
  const left = await stored(vestal, startMs + 9000);
  expect(left).not.toContain('["__name__","del_a"],["instance","0"]');
  const blocks = (): string[] => readdirSync(join(folder, "data")).filter((name) => name.length === 26);
  let atMs = startMs + 9000;
  await waitUntil("a block is cut", 60_000, async () => {
    if (atMs < startMs + 50_000) await write([vestal], requestOf(atMs, atMs + 1000));
    atMs += 1000;
    return blocks().length > 0;
  });
  const response = await fetch(`${vestal.url}/api/v1/admin/tsdb/clean_tombstones`, { method: "POST" });
  expect(response.status).toBe(204);
  const lines = (text: string): string[] => text.split("\n");
  const after = new Set(lines(await stored(vestal, startMs + 8500)));
  for (const line of lines(left).filter((one) => !one.startsWith("[["))) expect(after).toContain(line);
  expect([...after].some((line) => line.includes('"del_a"],["instance","0"]'))).toBe(false);
  await vestal.kill("SIGKILL");
  const copy = copyOf(folder);
  const theirs = await startPrometheus({ config: {}, folder: copy });
  const ours = await startVestal({ config: {}, folder, args: ["--ingest.threads=2"] });
  expect(await stored(ours, atMs)).toBe(await stored(theirs, atMs));
  await theirs.kill("SIGKILL");
  for (const name of ["wal", "chunks_head"]) rmSync(join(copy, "data", name), { recursive: true });
  const blocksOnly = await startPrometheus({ config: {}, folder: copy });
  const inBlocks = await stored(blocksOnly, startMs + 8500); // the series goes on behind it
  expect(inBlocks).toContain('["__name__","del_a"],["instance","1"]');
  expect(inBlocks).not.toContain('["__name__","del_a"],["instance","0"]');
}, 120_000);

function copyOf(folder: string): string {
  const copy = folderFor();
  cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
  return copy;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
