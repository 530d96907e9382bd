/** A server over blocks: what it answers, what it does with a damaged one, what deletion removes. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backfill } from "../../src/cli/tool/tsdb/backfill.js";
import { isUlid } from "../../src/tsdb/block/index.js";
import { api, killAll, makeFolder, removeFolder, type Server, startVestal, waitUntil } from "../peers/harness.js";

const HOUR = 3600;
const START = 1_700_000_000 - (1_700_000_000 % (18 * HOUR));
const folder = makeFolder();
const data = join(folder, "data");
const ARGS = ["--web.enable-admin-api", "--storage.tsdb.retention.time=100y"];
const made: string[] = [];
let server: Server;

const ulids = (): string[] => readdirSync(data).filter(isUlid).sort();
const count = async (selector: string): Promise<number> => {
  const answer = await api(server, "query", {
    query: `count_over_time(${selector}[20h])`,
    time: String(START + 8 * HOUR),
  });
  const { result } = answer.data as { result: { value: [number, string] }[] };
  return result.reduce((sum, { value }) => sum + Number(value[1]), 0);
};

beforeAll(async () => {
  const lines: string[] = [];
  for (const name of ["a", "b"]) {
    // Two blocks of 2 h that share no range of 6 h, so that nothing is compacted.
    for (let i = 0; i < 8 * 60; i++) if (i < 100 || i >= 400) lines.push(`m{name="${name}"} ${i} ${START + 60 * i}`);
  }
  writeFileSync(join(folder, "in.om"), `${lines.join("\n")}\n# EOF\n`);
  backfill(join(folder, "in.om"), { outputDir: data, maxBlockMs: 0, labels: {} }, (dir) => made.push(dir));
  server = await startVestal({ config: {}, folder, args: ARGS });
});

afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

test("blocks are found, listed and queried", async () => {
  expect(made.length).toBe(2);
  const answer = await api(server, "status/tsdb/blocks");
  const { blocks } = answer.data as { blocks: { ulid: string; stats: { numSamples: number } }[] };
  expect(blocks.map(({ ulid }) => join(data, ulid))).toEqual(made);
  expect(blocks.map(({ stats }) => stats.numSamples)).toEqual([200, 160]);
  expect(await count("m")).toBe(360);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^prometheus_tsdb_blocks_loaded 2$/m);
});

test("deleted samples are gone, for the next query and after cleaning", async () => {
  const range = `start=${START}&end=${START + 49 * 60}`;
  const admin = (path: string) => fetch(`${server.url}/api/v1/admin/tsdb/${path}`, { method: "POST" });
  expect((await admin(`delete_series?match[]=m{name="a"}&${range}`)).status).toBe(204);
  expect(await count("m")).toBe(310);
  expect((await admin("clean_tombstones")).status).toBe(204);
  expect(await count("m")).toBe(310);
  expect(ulids()).not.toContain(made[0]!.split("/").at(-1));
  expect((await admin("delete_series")).status).toBe(400);
});

test("a damaged block is left out with a warning, renamed and shown; the rest goes on being served", async () => {
  await server.kill("SIGKILL"); // it has the pages in its cache
  const file = join(made[1]!, "chunks", "000001");
  const bytes = readFileSync(file);
  bytes[20]! ^= 0xff;
  writeFileSync(file, bytes);
  server = await startVestal({ config: {}, folder, args: ARGS });
  const answer = await api(server, "query", { query: "count_over_time(m[20h])", time: String(START + 8 * HOUR) });
  expect(answer.status).toBe("success");
  expect(answer.warnings?.join()).toMatch(/block \w{26} is damaged: its samples are missing from this answer/);
  await waitUntil("the block is renamed", 10_000, async () =>
    readdirSync(data).some((name) => name.endsWith(".corrupt")),
  );
  expect(await count("m")).toBe(150);
  const { quarantined } = (await api(server, "status/tsdb/blocks")).data as { quarantined: { reason: string }[] };
  expect(quarantined.map(({ reason }) => reason).join()).toMatch(/000001 is damaged at byte/);
});
