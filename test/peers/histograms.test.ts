/**
 * Native histograms, exemplars and metadata in the log: a real Prometheus takes our directory over and answers with them, in
 * chunks that it cuts as we do; and we take its directory over after a kill.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type Exemplar, type Histogram, Labels, RESET_GAUGE, type SeriesMetadata } from "../../src/model/index.js";
import { ENCODING_XOR } from "../../src/tsdb/chunk/index.js";
import { respond, startExporter } from "../doubles/exporter.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";
import { LocalShard, type ReadSample } from "../support/local-shard.js";
import { remoteWrite } from "../support/remote-write.js";
import { api, killAll, makeFolder, removeFolder, type Server, startPrometheus, waitUntil } from "./harness.js";

const SEED = Number(process.env["SEED"] ?? 1);
const FEATURES = [
  "--enable-feature=native-histograms,exemplar-storage,metadata-wal-records",
  "--web.enable-remote-write-receiver",
  "--web.enable-admin-api",
  "--storage.tsdb.retention.time=100y",
];
const staleSum = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;

let folder: string;

beforeEach(() => {
  folder = makeFolder();
  mkdirSync(join(folder, "data"));
});

afterEach(async () => {
  await killAll();
  removeFolder(folder);
});

afterAll(killAll);

interface Series {
  readonly labels: Labels;
  readonly samples: readonly (readonly [timeMs: number, sample: Histogram | number])[];
}

/** Series of histograms that grow, shrink, change their layout, go stale and give way to floats, 10 s apart up to `endMs`. */
function randomSeries(endMs: number, samples: number): Series[] {
  let state = SEED * 2_654_435_769;
  const random = (below: number): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    state ^= state >>> 12;
    return (state >>> 0) % below;
  };
  return Array.from({ length: 24 }, (_, n) => {
    const isFloat = n % 2 === 1;
    const isGauge = n % 7 === 3;
    const bounds = n % 5 === 4 ? [0.1, 0.5, 1, 2, 5, 10] : undefined;
    const buckets = new Map<number, number>();
    const negative = new Map<number, number>();
    let schema = 3;
    const rows: [number, Histogram | number][] = [];
    for (let i = 0; i < samples; i++) {
      const timeMs = endMs - (samples - i) * 10_000 + random(50);
      for (let k = random(bounds === undefined ? 8 : 4); k > 0; k--) {
        const bucket = bounds === undefined ? random(4 + n * 4) - 4 : random(7);
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + random(20) + (isFloat ? 0.25 : 0));
        if (bounds === undefined && n % 3 === 0) negative.set(random(5), 1 + random(1 + i));
      }
      const dice = random(120);
      if (dice === 0) buckets.clear();
      if (dice === 1 && bounds === undefined) schema = random(13) - 4;
      if (dice === 2 && n % 4 === 0) {
        rows.push([timeMs, random(1000) / 3]);
        continue;
      }
      rows.push([
        timeMs,
        histogramOf({
          isFloat,
          schema,
          ...(isGauge && { hint: RESET_GAUGE }),
          ...(bounds !== undefined && { bounds }),
          zeroCount: bounds === undefined ? i : 0,
          positive: Object.fromEntries(buckets),
          negative: Object.fromEntries(negative),
          sum: dice === 3 ? staleSum : random(1_000_000) / 7,
        }),
      ]);
    }
    return { labels: Labels.of({ __name__: "h", n: String(n).padStart(2, "0") }), samples: rows };
  });
}

/** One sample as the API shows it, so far as both tell it: time, value, or count, sum and the buckets that are not empty. */
function shown(timeMs: number, sample: Histogram | number): string {
  if (typeof sample === "number") return `${timeMs} ${sample}`;
  const filled = [...sample.negativeBuckets, sample.zeroCount, ...sample.positiveBuckets].filter(
    (count) => count !== 0,
  );
  return `${timeMs} count ${sample.count} sum ${sample.sum} of ${filled.sort((a, b) => a - b).join(",")}`;
}

function isStale(sample: Histogram | number): boolean {
  return typeof sample !== "number" && Number.isNaN(sample.sum);
}

async function shownBy(server: Server, endMs: number): Promise<Map<string, string[]>> {
  const answer = await api(server, "query", { query: '{__name__="h"}[3h]', time: String(endMs / 1000 + 60) });
  const { result } = answer.data as {
    result: {
      metric: Record<string, string>;
      values?: [number, string][];
      histograms?: [number, { count: string; sum: string; buckets?: [number, string, string, string][] }][];
    }[];
  };
  return new Map(
    result.map(({ metric, values = [], histograms = [] }) => {
      const lines: [number, string][] = values.map(([seconds, value]) => {
        const timeMs = Math.round(seconds * 1000);
        return [timeMs, `${timeMs} ${Number(value)}`];
      });
      for (const [seconds, { count, sum, buckets = [] }] of histograms) {
        const timeMs = Math.round(seconds * 1000);
        const filled = buckets.map((bucket) => Number(bucket[3])).sort((a, b) => a - b);
        lines.push([timeMs, `${timeMs} count ${Number(count)} sum ${Number(sum)} of ${filled.join(",")}`]);
      }
      return [`${Labels.of(metric)}`, lines.sort(([a], [b]) => a - b).map(([, line]) => line)];
    }),
  );
}

/** Encoding and bytes of the chunks in the files of a block, floats left out. */
function histogramChunksOf(block: string): string[] {
  const chunks: string[] = [];
  for (const name of readdirSync(join(block, "chunks")).sort()) {
    const file = readFileSync(join(block, "chunks", name));
    for (let at = 8; at < file.length; ) {
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = file[at++]!;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const data = file.subarray(at + 1, at + 1 + length).toString("hex");
      if (file[at] !== ENCODING_XOR) chunks.push(`${file[at]} ${data}`);
      at += 1 + length + 4;
    }
  }
  return chunks;
}

test("Prometheus answers from our log with our histograms, and cuts the same chunks", async () => {
  const endMs = Date.now() - 60_000;
  const shard = new LocalShard({ dir: join(folder, "data") });
  const all = randomSeries(endMs, 400);
  for (let i = 0; i < 400; i++) {
    const outcome = await shard.append(
      all.map(({ labels, samples }) => {
        const [timestampMs, sample] = samples[i]!;
        return typeof sample === "number"
          ? { labels, timestampMs, value: sample }
          : { labels, timestampMs, histogram: sample };
      }),
    );
    expect(outcome).toMatchObject({ accepted: all.length, failures: [], refusals: [] });
  }
  // Ends each series' last chunk: a snapshot would write it anew.
  await shard.append(all.map(({ labels }) => ({ labels, timestampMs: endMs + 100, value: 1 })));
  const { set, memory } = shard.capture();
  const ours = Array.from({ length: set.count }, (_, series) => set.captured(series))
    .flat()
    .filter(({ encoding }) => encoding !== ENCODING_XOR)
    .map(({ encoding, address, lengthBytes }) => {
      const bytes = memory.bytes.slice(address, address + lengthBytes);
      return `${encoding} ${Buffer.from(bytes).toString("hex")}`;
    });
  expect(ours.length).toBeGreaterThan(all.length * 10);
  shard.close();

  const server = await startPrometheus({ config: {}, folder, args: FEATURES });
  const wanted = new Map(
    all.map(({ labels, samples }) => [
      `${labels}`,
      [
        ...samples.filter(([, sample]) => !isStale(sample)).map(([timeMs, sample]) => shown(timeMs, sample)),
        shown(endMs + 100, 1),
      ],
    ]),
  );
  expect(await shownBy(server, endMs)).toEqual(wanted);
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  const { data } = (await response.json()) as { data: { name: string } };
  const snapshot = join(folder, "data", "snapshots", data.name);
  // A snapshot has a block for each range of two hours.
  const theirs = new Set(readdirSync(snapshot).flatMap((block) => histogramChunksOf(join(snapshot, block))));
  const missing = ours.filter((chunk) => !theirs.has(chunk));
  expect(missing).toEqual([]);
  expect(theirs.size).toBe(new Set(ours).size);
});

test("Prometheus answers from our log with our exemplars", async () => {
  const nowMs = Date.now();
  const shard = new LocalShard({ dir: join(folder, "data") });
  const exemplars: Exemplar[] = Array.from({ length: 5 }, (_, i) => ({
    labels: Labels.of({ trace_id: `t${i}`, span: "ä" }),
    value: i / 4,
    timestampMs: nowMs - 5000 + i,
    isTimed: true,
  }));
  const labels = Labels.of({ __name__: "e", job: "j" });
  const metadata: SeriesMetadata = { type: "counter", unit: "bytes", help: "Of what." };
  const outcome = await shard.append([{ labels, timestampMs: nowMs - 1000, value: 1, exemplars, metadata }]);
  expect(outcome).toMatchObject({ accepted: 1, exemplars: 5, exemplarsRefused: 0, refusals: [] });
  shard.close();
  const server = await startPrometheus({ config: {}, folder, args: FEATURES });
  const answer = await api(server, "query_exemplars", {
    query: "e",
    start: String(nowMs / 1000 - 60),
    end: String(nowMs / 1000),
  });
  expect(answer.data).toEqual([
    {
      seriesLabels: { __name__: "e", job: "j" },
      exemplars: exemplars.map(({ labels: own, value, timestampMs }) => ({
        labels: own.toObject(),
        value: String(value),
        timestamp: timestampMs / 1000,
      })),
    },
  ]);
  expect(server.log()).not.toMatch(/corruption|err=/);
});

test("we take over what Prometheus was killed over: histograms, exemplars, metadata", async () => {
  const body = (i: number): string =>
    `# HELP hits_total Of what.\n# TYPE hits_total counter\nhits_total ${i} # {trace_id="t${i}"} 0.5\n# EOF\n`;
  let scrapes = 0;
  const contentType = "application/openmetrics-text; version=1.0.0";
  const exporter = await startExporter(() => respond(body(++scrapes), { contentType }));
  const server = await startPrometheus({
    config: {
      scrape_configs: [
        {
          job_name: "x",
          scrape_interval: "200ms",
          scrape_timeout: "200ms",
          static_configs: [{ targets: [exporter.address] }],
        },
      ],
    },
    folder,
    args: FEATURES,
  });
  const endMs = Date.now() - 10_000;
  const all = randomSeries(endMs, 60);
  for (let i = 0; i < 60; i++) {
    await remoteWrite(
      server.url,
      all.map(({ labels, samples }) => {
        const [timeMs, sample] = samples[i]!;
        return typeof sample === "number"
          ? { labels, samples: [[timeMs, sample]] }
          : { labels, histograms: [[timeMs, sample]] };
      }),
    );
  }
  await waitUntil("four exemplars", 10_000, async () => scrapes > 6);
  const asked = await api(server, "query_exemplars", {
    query: "hits_total",
    start: "0",
    end: String(Date.now() / 1000),
  });
  await server.kill("SIGKILL");
  await exporter.close();

  const shard = new LocalShard({ dir: join(folder, "data") });
  expect(shard.replayed.damages).toEqual([]);
  const read = shard.read();
  for (const { labels, samples } of all) {
    const got = read.get(`${labels}`)!;
    expect(got.map(({ timeMs }) => timeMs)).toEqual(samples.map(([timeMs]) => timeMs));
    expect(got.map(shownAs), `${labels}`).toEqual(
      samples.map(([timeMs, sample]) => (isStale(sample) ? "stale" : shown(timeMs, sample))),
    );
  }
  const [theirs] = asked.data as {
    seriesLabels: Record<string, string>;
    exemplars: { value: string; timestamp: number }[];
  }[];
  const ours = [...shard.exemplars.select([[]], 0, 1e15)];
  expect(ours.length).toBe(1);
  expect(ours[0]!.seriesLabels.toObject()).toEqual(theirs!.seriesLabels);
  const times = ours[0]!.exemplars.map(({ timestampMs }) => timestampMs / 1000);
  expect(times.slice(0, theirs!.exemplars.length)).toEqual(theirs!.exemplars.map(({ timestamp }) => timestamp));
  const slot = shard.head.findLabels(Labels.of(theirs!.seriesLabels));
  expect(shard.metadata.get(slot, shard.head.slotGeneration(slot))).toMatchObject({
    type: "counter",
    help: "Of what.",
  });
  shard.close();
});

function shownAs({ timeMs, value, histogram }: ReadSample): string {
  if (histogram === undefined) return shown(timeMs, value);
  return isStale(histogram) ? "stale" : shown(timeMs, histogram);
}
