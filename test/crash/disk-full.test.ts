/**
 * A disk that fills up, for real: a small tmpfs, which only root may mount. What cannot be logged is not stored and not shown;
 * queries go on; when there is room again, so do ingestion and cuts; after a kill everything that a query saw is there.
 *
 * Runs where DISK_FULL is set: it takes ten seconds, and cut.test.ts in test/fault has the same through the file seam.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  killAll,
  makeFolder,
  queryMatrix,
  removeFolder,
  type Server,
  startVestal,
  waitUntil,
} from "../peers/harness.js";

const ARGS = [
  "--storage.tsdb.min-block-duration=1s",
  "--storage.tsdb.max-block-duration=4s",
  "--storage.tsdb.samples-per-chunk=6",
  "--ingest.threads=2",
];
/** Left free by the filler: the disk is full some seconds after it was written. */
const LEFT_BYTES = 200_000;
const isWanted = process.getuid?.() === 0 && process.env["DISK_FULL"] !== undefined;

let exporter: HttpServer;
let config: unknown;
let folder = "";
let isMounted = false;

beforeAll(async () => {
  let scrapes = 0;
  exporter = createServer((_request, response) => {
    scrapes++;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(
      `${Array.from({ length: 200 }, (_, i) => `full_value{line="${i}"} ${Math.sin(scrapes * i)}`).join("\n")}\n`,
    );
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const address = exporter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  config = {
    global: { scrape_interval: "50ms", scrape_timeout: "50ms" },
    scrape_configs: [1, 2].map((i) => ({ job_name: `full${i}`, static_configs: [{ targets: [`127.0.0.1:${port}`] }] })),
  };
  folder = makeFolder();
});

afterAll(async () => {
  await killAll();
  exporter.close();
  if (isMounted) execFileSync("umount", [join(folder, "data")]);
  removeFolder(folder);
});

test.skipIf(!isWanted)(
  "ingestion, cuts and queries survive a full disk",
  async () => {
    const data = join(folder, "data");
    mkdirSync(data);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", data]);
    isMounted = true;
    const vestal = await startVestal({ config, folder, args: ARGS });
    await waitUntil("a block was cut", 15_000, async () => /write block/.test(vestal.log()));
    const filler = join(data, "filler");
    const { bavail, bsize } = statfsSync(data);
    writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - LEFT_BYTES)));
    await waitUntil("the disk is full", 20_000, async () => /ENOSPC/.test(vestal.log()));
    const full = await samplesOf(vestal);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expectContains(await samplesOf(vestal), full, "while the disk is full");
    rmSync(filler);
    const count = total(await samplesOf(vestal));
    await waitUntil("ingestion goes on", 15_000, async () => total(await samplesOf(vestal)) > count + 5000);
    const seen = await samplesOf(vestal);
    expectContains(seen, full, "after the disk was full");
    await vestal.kill("SIGKILL");
    const restarted = await startVestal({ config: {}, folder, args: ARGS });
    expectContains(await samplesOf(restarted), seen, "after a restart");
    await restarted.kill("SIGTERM");
  },
  90_000,
);

function total(samples: ReadonlyMap<string, readonly string[]>): number {
  return [...samples.values()].reduce((sum, list) => sum + list.length, 0);
}

function expectContains(
  all: ReadonlyMap<string, readonly string[]>,
  part: ReadonlyMap<string, readonly string[]>,
  what: string,
): void {
  for (const [series, samples] of part) {
    const found = new Set(all.get(series) ?? []);
    expect(
      samples.filter((sample) => !found.has(sample)),
      `${what}: ${series}`,
    ).toEqual([]);
  }
}

async function samplesOf(server: Server): Promise<Map<string, string[]>> {
  const series = await queryMatrix(server, "full_value[10m]", Date.now() / 1000 + 1);
  return new Map(
    series.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort()),
      values.map((one) => one.join(" ")),
    ]),
  );
}
