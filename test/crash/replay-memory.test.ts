/** A log with more samples than the head's memory holds is replayed: closed chunks go to disk on the way. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemFiles } from "../../src/base/index.js";
import { compileKernels } from "../../src/memory/index.js";
import { Labels } from "../../src/model/index.js";
import { Head } from "../../src/tsdb/head/index.js";
import { startWal, WAL_STATE_BYTES, type WalKernels, WalState, WalWriter } from "../../src/tsdb/wal/index.js";
import { killAll, makeFolder, queryVector, removeFolder, startVestal } from "../peers/harness.js";

const SERIES = 1000;
const SAMPLES = 2000;
const INTERVAL_MS = 1000;
const HEAD_BYTES = 12 * 1024 * 1024;
/** Random values take all their bits, and two for what they share with the one before. */
const CHUNK_BYTES_AT_LEAST = SERIES * SAMPLES * 8;

afterAll(() => killAll());

test("replay needs the memory of open chunks, not of all", async () => {
  const folder = makeFolder();
  const startMs = Date.now() - SAMPLES * INTERVAL_MS;
  writeLog(join(folder, "data", "wal"), startMs);
  expect(CHUNK_BYTES_AT_LEAST).toBeGreaterThan(HEAD_BYTES);
  const args = [`--storage.head.max-memory=${HEAD_BYTES / 1024 / 1024}MB`, "--ingest.threads=1"];
  for (const start of ["first", "second"]) {
    const vestal = await startVestal({ config: {}, folder, args });
    const atSeconds = (startMs + (SAMPLES - 1) * INTERVAL_MS) / 1000;
    const [counts] = await queryVector(vestal, "sum(count_over_time(replayed[1h]))", atSeconds);
    expect(counts?.value[1], `${start} start`).toBe(String(SERIES * SAMPLES));
    expect(vestal.log()).not.toMatch(/level=(ERROR|WARN)/);
    await vestal.kill("SIGKILL");
  }
  const chunksHead = join(folder, "data", "chunks_head");
  expect(existsSync(chunksHead)).toBe(true);
  const bytes = readdirSync(chunksHead).reduce((sum, name) => sum + statSync(join(chunksHead, name)).size, 0);
  // Written by the first start alone: the second found them there. The open chunks are in memory.
  expect(bytes).toBeGreaterThan(CHUNK_BYTES_AT_LEAST * 0.8);
  expect(bytes).toBeLessThan(CHUNK_BYTES_AT_LEAST * 1.4);
  removeFolder(folder);
}, 60_000);

function writeLog(dir: string, startMs: number): void {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024 }, compileKernels("ingest"));
  head.setRefRange(1, SERIES + 1);
  const kernels = head.kernels as unknown as WalKernels; // the ingest instance has all kernels
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, systemFiles, dir, -1);
  const wal = new WalWriter({ dir, files: systemFiles, state, ownerId: 1, kernels, memory: head.memory });
  const slots = Array.from({ length: SERIES }, (_, i) =>
    head.resolveLabels(Labels.of({ __name__: "replayed", series: String(i) })),
  );
  let noise = 1;
  for (let k = 0; k < SAMPLES; k++) {
    const staging = head.reserveStaging(SERIES);
    for (let row = 0; row < SERIES; row++) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
      head.stageRow(row, slots[row]!, startMs + k * INTERVAL_MS, Math.sin(noise) * noise);
    }
    if (k === 0) wal.logSeries(staging, SERIES);
    wal.logSamples(staging, SERIES);
    wal.commit();
    if (k === 0) kernels.markRecorded(staging, SERIES);
  }
  wal.finish();
  wal.close();
}
