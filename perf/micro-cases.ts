/** The cases of the micro-benchmarks; each is made (and its data with it) only when it is run. */
import { WINDOW_RATE } from "../assembly/promql/codes.js";
import { compileKernels, QueryMemory, startKernels } from "../src/memory/index.js";
import { Labels } from "../src/model/index.js";
import { type PromqlKernels, startPromqlKernels } from "../src/promql/index.js";
import type { ChunkKernels } from "../src/tsdb/head/index.js";
import { makeShard } from "./ingest/shard-fixture.js";
import type { MicroCase } from "./micro.js";

const LINES = 1000;
const START_MS = 1_800_000_000_000;

/** 1,000 lines of about 130 bytes; four tenths constant, four tenths counters, two tenths noisy. `order` moves lines. */
function body(scrape: number, order: (line: number) => number = (line) => line): Uint8Array {
  let text = "# TYPE workload_requests_total counter\n";
  for (let at = 0; at < LINES; at++) {
    const line = order(at);
    const kind = line % 5;
    const noisy = ((line * 104_729 + 1) * (scrape + 1) * 7919) % 1_000_000_000;
    const value = 1_000_000_000 + (kind < 2 ? line : kind < 4 ? scrape * 50 + (line % 7) : noisy);
    text += `workload_requests_total{method="GET",route="/api/v1/items/${String(line).padStart(4, "0")}",code="200",zone="europe-west1-b",revision="00000000"} ${value}\n`;
  }
  return Buffer.from(text);
}

/** Bodies of successive scrapes, made beforehand and used in turns. */
function bodies(count: number, order?: (scrape: number) => (line: number) => number): Uint8Array[] {
  return Array.from({ length: count }, (_, scrape) => body(scrape, order?.(scrape)));
}

/** From a body to a published commit, the WAL included: a target's scrape as the server stores it, without the network. */
function scrapeCase(name: string, order?: (scrape: number) => (line: number) => number): MicroCase {
  const shard = makeShard();
  const target = shard.openTarget("10.0.0.1:9100");
  const all = bodies(16, order);
  let scrape = 0;
  return {
    name,
    units: LINES,
    run: () => {
      const outcome = shard.scrape(target, all[scrape % all.length]!, START_MS + scrape * 15_000);
      if (outcome.error !== undefined) throw new Error(outcome.error);
      scrape++;
    },
  };
}

/** The same without the WAL: parse, validate, append, publish. */
function parseAppendCase(name: string, order?: (scrape: number) => (line: number) => number): MicroCase {
  const shard = makeShard();
  const target = shard.openTarget("10.0.0.1:9100");
  const all = bodies(16, order);
  shard.scrape(target, all[0]!, START_MS);
  const handle = shard.parser.openTarget();
  if (handle === undefined) throw new Error("no memory for a target");
  const rows = LINES + 64;
  const staging = shard.head.reserveStaging(rows);
  const room = shard.head.kernels.allocate(all[0]!.length + 4096) >>> 0;
  let scrape = 1;
  const run = (): void => {
    const text = all[scrape % all.length]!;
    const timestampMs = START_MS + scrape * 15_000;
    shard.head.bytes.set(text, room);
    const input = {
      body: room,
      bodyBytes: text.length,
      isOpenMetrics: false,
      timestampMs,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      staging,
      stagingRows: rows,
    };
    const parsed = shard.parser.parse(handle, input);
    if (parsed.status !== "parsed") throw new Error(parsed.status);
    for (let i = 0; i < parsed.newLines; i++) {
      const line = shard.parser.newLine(handle, i);
      if (line.row < 0 || shard.parser.resolveRepeated(handle, i, staging)) continue;
      // The series that the shard's own target made: the same labels, found by them.
      const pairs = [...shard.parser.seriesOf(line).pairs, "instance", "10.0.0.1:9100", "job", "fleet"];
      const slot = shard.committer.resolve(() => shard.head.resolveLabels(labelsOf(pairs)));
      shard.parser.remember(handle, i, slot, staging);
    }
    shard.head.validate(parsed.rows, Number.NEGATIVE_INFINITY);
    shard.head.append(parsed.rows);
    shard.head.publish();
    shard.parser.accept(handle);
    scrape++;
  };
  run();
  return { name, units: LINES, run };
}

function labelsOf(pairs: readonly string[]): Labels {
  const entries: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i]!, pairs[i + 1]!]);
  return Labels.of(entries);
}

const SAMPLES = 120;
const CHUNKS = 100;

/** 100 chunks of 120 samples every 15 s: constant, a counter, or noise. */
function decodeCase(name: string, value: (sample: number) => number): MicroCase {
  const memory = new QueryMemory(1 << 28);
  const kernels = startKernels<ChunkKernels>(compileKernels("query"), memory.memory);
  const times = memory.allocate(8 * SAMPLES);
  const values = memory.allocate(8 * SAMPLES);
  const state = memory.allocate(128);
  const chunk = memory.allocate(2 + 27 * (SAMPLES + 1) + 64);
  for (let i = 0; i < SAMPLES; i++) {
    memory.floats[(times >>> 3) + i] = START_MS + i * 15_000;
    memory.floats[(values >>> 3) + i] = value(i);
  }
  const length = kernels.encodeXor(times, values, SAMPLES, chunk, state);
  return {
    name,
    units: SAMPLES * CHUNKS,
    run: () => {
      for (let i = 0; i < CHUNKS; i++) {
        const count = kernels.decodeXor(chunk, length, SAMPLES, -Infinity, Infinity, times, values);
        if (count !== SAMPLES) throw new Error(`${count} samples`);
      }
    },
  };
}

/** rate() over 6 h at 15 s, 5-minute windows every minute. */
function rateCase(): MicroCase {
  const memory = new QueryMemory(1 << 28);
  const kernels: PromqlKernels = startPromqlKernels(memory);
  const samples = 1440;
  const steps = 360;
  const times = memory.allocate(8 * samples);
  const values = memory.allocate(8 * samples);
  const out = memory.allocate(8 * steps);
  const present = memory.allocate(steps);
  for (let i = 0; i < samples; i++) {
    memory.floats[(times >>> 3) + i] = START_MS + i * 15_000;
    memory.floats[(values >>> 3) + i] = i * 3 + (i % 7);
  }
  return {
    name: "rate kernel, per sample of 6 h",
    units: samples,
    run: () => {
      kernels.overWindows(
        WINDOW_RATE,
        times,
        values,
        samples,
        START_MS,
        60_000,
        steps,
        300_000,
        0,
        0,
        0,
        0,
        0,
        out,
        present,
      );
    },
  };
}

export const cases: readonly (() => MicroCase)[] = [
  () => parseAppendCase("parse + append, unchanged shape (by position)"),
  // Every line moves at each scrape, so each is found by its hash.
  () =>
    parseAppendCase(
      "parse + append, other order each time (by hash)",
      (scrape) => (line) => (line * 7 + scrape * 131) % LINES,
    ),
  () => scrapeCase("whole scrape with WAL, unchanged shape"),
  () => decodeCase("decode, constant", () => 5),
  () => decodeCase("decode, counter", (i) => i * 37),
  () => decodeCase("decode, noise", (i) => Math.sin(i * 12.9898) * 43_758.5453),
  rateCase,
];
