/** A real Prometheus starts on a directory whose log we wrote, and answers with our samples; and the directory's lock. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger, systemFiles, VestalError } from "../../src/base/index.js";
import { Labels } from "../../src/model/index.js";
import { lockDirectory } from "../../src/tsdb/lock.js";
import {
  lastSegmentNumber,
  replayInto,
  segmentPath,
  startWal,
  WAL_STATE_BYTES,
  WalState,
  WalWriter,
} from "../../src/tsdb/wal/index.js";
import { HandHead } from "../fault/hand-head.js";
import { peerBinary } from "./peer-binary.js";

const PORT = Number(process.env["PEER_PORT"] ?? 21410);
const URL_BASE = `http://127.0.0.1:${PORT}`;

let dir: string;
let child: ChildProcess | undefined;
let log = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vestal-wal-"));
  writeFileSync(join(dir, "config.yml"), "global: {scrape_interval: 1s}\n");
  mkdirSync(join(dir, "data"));
});

afterEach(async () => {
  await end("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<"ready" | "ended"> {
  log = "";
  const started = spawn(peerBinary("prometheus"), [
    `--config.file=${join(dir, "config.yml")}`,
    `--storage.tsdb.path=${join(dir, "data")}`,
    `--web.listen-address=127.0.0.1:${PORT}`,
    "--storage.tsdb.retention.time=100y",
  ]);
  child = started;
  started.stderr.on("data", (text: Buffer) => {
    log += text.toString();
  });
  for (let tries = 0; tries < 300; tries++) {
    if (started.exitCode !== null) return "ended";
    const answer = await fetch(`${URL_BASE}/-/ready`).catch(() => undefined);
    if (answer?.status === 200) return "ready";
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`prometheus does not become ready:\n${log}`);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = child;
  child = undefined;
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
  const ended = new Promise((resolve) => ending.once("exit", resolve));
  ending.kill(signal);
  await ended;
}

/** Raw float samples by label set, as the API prints them: `ms value`. */
async function answer(atMs: number): Promise<Map<string, string[]>> {
  const query = new URLSearchParams({ query: '{__name__!=""}[2h]', time: String(atMs / 1000) });
  const response = await fetch(`${URL_BASE}/api/v1/query`, { method: "POST", body: query });
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return new Map(
    data.result.map(({ metric, values }) => [
      Labels.of(metric).toString(),
      values.map(([seconds, value]) => `${Math.round(seconds * 1000)} ${value}`),
    ]),
  );
}

function openWriter(head: HandHead, segmentBytes?: number): WalWriter {
  const walDir = join(dir, "data", "wal");
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, systemFiles, walDir, lastSegmentNumber(systemFiles, walDir));
  const { kernels, memory } = head;
  const options = { dir: walDir, files: systemFiles, state, ownerId: 1, kernels, memory };
  return new WalWriter(segmentBytes === undefined ? options : { ...options, segmentBytes });
}

/** Logs 40 batches of 700 series, 15 s apart up to `endMs`, and returns what a query must show. */
function fill(wal: WalWriter, head: HandHead, endMs: number): Map<string, string[]> {
  const want = new Map<string, string[]>();
  const slots = Array.from({ length: 700 }, (_, i) =>
    head.addSeries(Labels.of({ __name__: `m${i % 7}`, instance: `host-${i}:9100`, job: "nöde ✓" }), i + 1),
  );
  const markers = [0x7ff0000000000001n, 0x7ff0000000000002n]; // NaN as Go writes it, and a staleness marker
  for (let batch = 0; batch < 40; batch++) {
    const timeMs = endMs - (40 - batch) * 15_000;
    const rows = slots.map((slot, i) => {
      const marker = i === 3 ? markers[batch % 2] : undefined;
      const value = Math.sin(i) * batch ** 9;
      const labels = head.labels[slot]!.toString();
      const shown = marker !== undefined ? "NaN" : Object.is(value, -0) ? "-0" : String(value);
      if (marker !== markers[1]) want.set(labels, [...(want.get(labels) ?? []), `${timeMs + i} ${shown}`]);
      return { slot, timeMs: timeMs + i, value: marker ?? value };
    });
    const staging = head.stage(rows);
    wal.logSeries(staging, rows.length);
    wal.logSamples(staging, rows.length);
    wal.commit();
    head.kernels.markRecorded(staging, rows.length);
  }
  return want;
}

function expectSame(got: Map<string, string[]>, want: Map<string, string[]>): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  // Numbers are compared as numbers: Go and JavaScript print exponents differently.
  const numbers = (lines: readonly string[]) => lines.map((line) => line.split(" ").map(Number));
  for (const [labels, samples] of want) expect(numbers(got.get(labels)!), labels).toEqual(numbers(samples));
}

describe("Prometheus 3.5 on our log", () => {
  it.each([
    { what: "of several segments", segmentBytes: 131_072, torn: false },
    { what: "with a torn tail", segmentBytes: undefined, torn: true },
  ])("answers with our samples from a log $what", async ({ segmentBytes, torn }) => {
    const head = new HandHead();
    const endMs = Math.floor(Date.now() / 1000) * 1000;
    const wal = openWriter(head, segmentBytes);
    const want = fill(wal, head, endMs);
    if (torn) {
      const staging = head.stage([{ slot: 0, timeMs: endMs, value: 1 }]);
      wal.logSamples(staging, 1);
      const { position, bytes } = wal.commit();
      const cut = position.offset - Math.floor(bytes / 2);
      truncateSync(segmentPath(join(dir, "data", "wal"), position.segment), cut);
    }
    wal.close();
    expect(await start()).toBe("ready");
    expectSame(await answer(endMs), want);
    expect(log.includes("corruption")).toBe(torn);
    // And it goes on from there: what it keeps after a clean end, we read.
    await end("SIGTERM");
    const again = new HandHead();
    const { kernels, memory } = again;
    const walDir = join(dir, "data", "wal");
    const outcome = replayInto({ dir: walDir, files: systemFiles, kernels, memory, head: again });
    expect(outcome).toMatchObject({ samples: 28_000, samplesStaged: 28_000, series: 700, damages: [], maxRef: 700 });
  });
});

describe("the lock of the data directory", () => {
  it("keeps Prometheus from starting on ours", async () => {
    const lock = lockDirectory(join(dir, "data"), { logger: silentLogger });
    expect(lock.wasUnclean).toBe(false);
    expect(await start()).toBe("ended");
    expect(log).toContain("opening storage failed: lock DB directory: resource temporarily unavailable");
    lock.release();
    expect(await start()).toBe("ready");
  });

  it("keeps us from starting on that of Prometheus, with and without the program flock", async () => {
    expect(await start()).toBe("ready");
    for (const program of ["flock", "/nowhere/flock"]) {
      const attempt = () => lockDirectory(join(dir, "data"), { logger: silentLogger, program });
      expect(attempt).toThrow(VestalError);
      expect(attempt).toThrow(
        `lock DB directory: resource temporarily unavailable: process ${child!.pid} holds ${join(dir, "data", "lock")}`,
      );
    }
    await end("SIGKILL");
    const lock = lockDirectory(join(dir, "data"), { logger: silentLogger });
    expect(lock.wasUnclean).toBe(true);
    lock.release();
  });
});
