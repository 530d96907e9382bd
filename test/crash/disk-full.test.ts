/**
 * A disk that fills up, for real: a small tmpfs, which only root may mount. What cannot be logged is not stored and not shown;
 * queries go on; when there is room again, so do ingestion and cuts; after a kill everything that a query saw is there.
 *
 * Runs where DISK_FULL is set, DISK_FULL_TIMES times over: it takes ten seconds, and cut.test.ts in test/fault has the same through the file seam.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorCode } from "../../src/base/index.js";
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
/** Left free by the filler at first: the disk is full some seconds after it was written. Later it takes all there is at once. */
const LEFT_BYTES = 200_000;
/** The disk is full so often: in a scrape, a cut, a compaction, a new segment of the log, as it comes. */
const TIMES = Number(process.env["DISK_FULL_TIMES"] ?? 2);
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
    for (let time = 0; time < TIMES; time++) {
      const from = vestal.log().length;
      fill(filler, data, time === 0 ? LEFT_BYTES : 0);
      await waitUntil("the disk is full", 30_000, async () => {
        if (time > 0) fill(filler, data, 0); // also what a compaction gives back
        return /ENOSPC/.test(vestal.log().slice(from));
      });
      const full = await samplesOf(vestal);
      await new Promise((resolve) => setTimeout(resolve, 500 + 700 * time));
      expectContains(await samplesOf(vestal), full, `time ${time}, while the disk is full`);
      rmSync(filler);
      const count = total(await samplesOf(vestal));
      await waitUntil("ingestion goes on", 30_000, async () => total(await samplesOf(vestal)) > count + 5000);
      expectContains(await samplesOf(vestal), full, `time ${time}, after the disk was full`);
    }
    const seen = await samplesOf(vestal);
    await vestal.kill("SIGKILL");
    const restarted = await startVestal({ config: {}, folder, args: ARGS });
    expectContains(await samplesOf(restarted), seen, "after a restart");
    await restarted.kill("SIGTERM");
  },
  60_000 + 60_000 * TIMES,
);

/** Leaves `leftBytes`, as far as the server lets it: it writes meanwhile. */
function fill(filler: string, disk: string, leftBytes: number): void {
  const file = openSync(filler, "a");
  const part = new Uint8Array(16 * 1024);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(disk);
      const left = bavail * bsize - leftBytes;
      if (left <= 0) return;
      writeSync(file, part, 0, Math.min(left, part.length));
    }
  } catch (error) {
    if (errorCode(error) !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}

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
