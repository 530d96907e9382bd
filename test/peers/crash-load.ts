/**
 * What a server under kills takes in: targets with floats, native histograms and exemplars, series that come and go, and remote
 * write of both kinds, in order and out of order, and deletions; and what it answers of it. A sample's value follows from its series and time, so that one that is there
 * can be told from a wrong one.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { expect } from "vitest";
import { Labels, RESET_GAUGE } from "../../src/model/index.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";
import { type ProtoFamily, protobufBody } from "../support/metric-family.js";
import { remoteWrite, type WriteSeries } from "../support/remote-write.js";
import { api, queryMatrix, type Server } from "./harness.js";

export const LOAD_FEATURES = [
  "--web.enable-remote-write-receiver",
  "--web.enable-admin-api",
  "--enable-feature=native-histograms,exemplar-storage",
];

const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const LINES = 30;
const WRITTEN_FLOATS = 12;
const WRITTEN_HISTOGRAMS = 8;
const WRITE_PAUSE_MS = 15;
const LATE_SERIES = 3;
/** How late samples out of order are at most. */
const LATE_MS = 20_000;
const DELETION_PAUSE_MS = 300;
/** Of this metric samples are deleted while the others go on. */
const DOOMED = "doomed_total";
/** A histogram begins anew after so many scrapes or writes. */
const RESET_AFTER = 37;

/** Series text → samples as text, floats before histograms. */
export type AllSamples = ReadonlyMap<string, readonly string[]>;

export class CrashLoad {
  readonly #exporter: HttpServer;
  readonly #port: number;
  #writes = 0;
  #isWriting = false;
  #writer: Promise<void> = Promise.resolve();
  /** Series text → times in ms of the samples for which a 2xx came. */
  readonly acknowledged = new Map<string, number[]>();
  /** Times in ms, inclusive, of which a deletion of all DOOMED samples was acknowledged. */
  readonly deleted: { readonly fromMs: number; readonly toMs: number }[] = [];

  private constructor(exporter: HttpServer, port: number) {
    this.#exporter = exporter;
    this.#port = port;
  }

  static async start(): Promise<CrashLoad> {
    let scrapes = 0;
    const exporter = createServer((_request, response) => {
      response.setHeader("Content-Type", PROTOBUF);
      response.end(protobufBody(families(++scrapes)));
    });
    await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
    const address = exporter.address();
    return new CrashLoad(exporter, typeof address === "object" && address !== null ? address.port : 0);
  }

  close(): void {
    this.#isWriting = false;
    this.#exporter.closeAllConnections();
    this.#exporter.close();
  }

  /** A configuration that scrapes the exporter as several targets. */
  config(targets: number): unknown {
    return {
      global: { scrape_interval: "200ms", scrape_timeout: "200ms" },
      storage: { tsdb: { out_of_order_time_window: "10m" } },
      scrape_configs: [
        {
          job_name: "crash",
          static_configs: Array.from({ length: targets }, (_, i) => ({
            targets: [`127.0.0.1:${this.#port}`],
            labels: { instance: `target-${i}` },
          })),
        },
      ],
    };
  }

  /** Sends to `server` until it stops answering, or `stopWriting`. */
  startWriting(server: Server): void {
    this.#isWriting = true;
    this.#writer = Promise.all([this.#write(server), this.#delete(server)]).then(() => undefined);
  }

  async stopWriting(): Promise<void> {
    this.#isWriting = false;
    await this.#writer;
  }

  async #write(server: Server): Promise<void> {
    let lastMs = 0;
    while (this.#isWriting) {
      const timeMs = Math.max(Date.now(), lastMs + 1);
      lastMs = timeMs;
      const series = writtenAt(timeMs, this.#writes++);
      try {
        await remoteWrite(server.url, series);
      } catch (error) {
        // fetch's own error: the server was killed. An answer that refuses the samples is a failure of the test.
        if (error instanceof TypeError) return;
        throw error;
      }
      for (const { labels, samples = [], histograms = [] } of series) {
        if (labels.get("__name__") === DOOMED) continue;
        const key = textOf(Object.fromEntries(labels.entries()));
        const times = this.acknowledged.get(key) ?? [];
        for (const [of] of [...samples, ...histograms]) times.push(of);
        this.acknowledged.set(key, times);
      }
      await new Promise((resolve) => setTimeout(resolve, WRITE_PAUSE_MS));
    }
  }

  /** Deletes a part of what DOOMED has, which ends before now: nothing in order comes there any more. */
  async #delete(server: Server): Promise<void> {
    while (this.#isWriting) {
      await new Promise((resolve) => setTimeout(resolve, DELETION_PAUSE_MS));
      const toMs = Date.now() - 500;
      const fromMs = toMs - 300;
      const range = new URLSearchParams({ "match[]": DOOMED, start: String(fromMs / 1000), end: String(toMs / 1000) });
      let response: Response;
      try {
        response = await fetch(`${server.url}/api/v1/admin/tsdb/delete_series?${range}`, { method: "POST" });
      } catch (error) {
        if (error instanceof TypeError) return; // the server was killed
        throw error;
      }
      expect(response.status, await response.text().catch(() => "")).toBe(204);
      this.deleted.push({ fromMs, toMs });
    }
  }
}

/** Every series of the last half hour with all its samples. */
export async function allSamples(server: Server, timeSeconds = Date.now() / 1000 + 1): Promise<AllSamples> {
  const series = await queryMatrix(server, '{__name__=~".+"}[30m]', timeSeconds);
  return new Map(
    series.map(({ metric, values = [], histograms = [] }) => [
      textOf(metric),
      [...values, ...histograms].map((sample) => JSON.stringify(sample)),
    ]),
  );
}

/** Exemplars as text, in order. */
export async function allExemplars(server: Server): Promise<readonly string[]> {
  const end = String(Date.now() / 1000 + 1);
  const start = String(Date.now() / 1000 - 1800);
  const { data } = await api(server, "query_exemplars", { query: '{__name__=~".+"}', start, end });
  const series = data as { seriesLabels: Record<string, string>; exemplars: unknown[] }[];
  return series
    .flatMap(({ seriesLabels, exemplars }) => exemplars.map((one) => `${textOf(seriesLabels)} ${JSON.stringify(one)}`))
    .sort();
}

export function expectContains(all: AllSamples, part: AllSamples, what: string): void {
  for (const [series, samples] of part) {
    if (series.includes(DOOMED)) continue; // seen, and deleted since
    const found = new Set(all.get(series) ?? []);
    const lost = samples.filter((sample) => !found.has(sample));
    expect(lost, `${what}: samples of ${series} were visible and are lost`).toEqual([]);
  }
}

/** Every sample for which the sender had a 2xx is there; of series that count. */
export function expectAcknowledged(
  all: AllSamples,
  load: CrashLoad,
  what: string,
  isCounted: (series: string) => boolean = () => true,
): void {
  for (const [series, times] of load.acknowledged) {
    if (!isCounted(series)) continue;
    const found = new Set(
      (all.get(series) ?? []).map((sample) => Math.round((JSON.parse(sample) as [number])[0] * 1000)),
    );
    const lost = times.filter((time) => !found.has(time));
    expect(lost, `${what}: samples of ${series} were acknowledged and are lost`).toEqual([]);
  }
}

/** Nothing is there of what was deleted. */
export function expectDeleted(all: AllSamples, load: CrashLoad, what: string): void {
  const doomed = [...all].filter(([series]) => series.includes(DOOMED)).flatMap(([, samples]) => samples);
  const times = doomed.map((sample) => Math.round((JSON.parse(sample) as [number])[0] * 1000));
  const left = load.deleted.filter(({ fromMs, toMs }) => times.some((time) => time >= fromMs && time <= toMs));
  expect(left, `${what}: deletions that were acknowledged and are undone`).toEqual([]);
}

export function expectEqual(got: AllSamples, want: AllSamples, what: string): void {
  expect([...got.keys()].sort(), `${what}: series`).toEqual([...want.keys()].sort());
  for (const [series, samples] of want) expect(got.get(series), `${what}: ${series}`).toEqual(samples);
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function textOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function families(scrape: number): ProtoFamily[] {
  const step = scrape % RESET_AFTER;
  const lines = Array.from({ length: LINES }, (_, i) => String(i));
  return [
    { name: "crash_value", type: "gauge", metrics: lines.map((line) => ({ labels: { line }, value: Number(line) })) },
    {
      name: "crash_total",
      type: "counter",
      metrics: lines.map((line) => ({
        labels: { line },
        value: scrape * (1 + Number(line)),
        ...(line === "7" && { exemplar: { labels: { trace: `t${scrape}` }, value: scrape, timestampMs: Date.now() } }),
      })),
    },
    { name: "crash_churn", type: "gauge", metrics: [{ labels: { scrape: String(scrape) }, value: scrape / 7 }] },
    {
      name: "crash_seconds",
      type: "histogram",
      metrics: [
        {
          labels: { kind: "whole" },
          native: histogramOf({
            schema: 3,
            zeroCount: step,
            positive: { [-2]: 2 * step, 1: 3 + step * step, [4 + (step >> 2)]: step },
            negative: step > 20 ? { 1: step } : {},
            sum: scrape / 3,
          }),
        },
        {
          labels: { kind: "float" },
          native: histogramOf({
            isFloat: true,
            schema: 1,
            zeroCount: 0.5,
            positive: { 0: step / 4, 9: 0.25 * scrape },
          }),
        },
      ],
    },
    {
      name: "crash_gauge_seconds",
      type: "gaugehistogram",
      metrics: [{ native: histogramOf({ hint: RESET_GAUGE, schema: 2, positive: { 1: 5, [step % 5]: scrape } }) }],
    },
  ];
}

function writtenAt(timeMs: number, write: number): WriteSeries[] {
  const step = write % RESET_AFTER;
  const floats = Array.from({ length: WRITTEN_FLOATS }, (_, i) => ({
    labels: Labels.of({ __name__: "written_total", job: `writer-${i % 5}`, line: String(i) }),
    samples: [[timeMs, i % 3 === 0 ? write * i : Math.sin(timeMs * (i + 1))]] as const,
  }));
  const histograms = Array.from({ length: WRITTEN_HISTOGRAMS }, (_, i) => {
    const isFloat = i % 3 === 1;
    const own = i % 4 === 3 ? { bounds: [0.1, 0.5, 2.5, 10] } : { schema: (i % 6) - 1 };
    const positive = { 0: step + i, 2: write * (isFloat ? 0.25 : 1), ...(step > 10 && { 3: step * i }) };
    return {
      labels: Labels.of({ __name__: "written_seconds", job: `writer-${i % 5}`, line: String(i) }),
      histograms: [[timeMs, histogramOf({ isFloat, ...own, positive, sum: write / 8 })]] as const,
    };
  });
  const doomed = Array.from({ length: 4 }, (_, i) => ({
    labels: Labels.of({ __name__: DOOMED, line: String(i) }),
    samples: [[timeMs, write + i]] as const,
  }));
  return [...floats, ...histograms, ...doomed, ...writtenLate(timeMs, write)];
}

/** Each at a time of its own that lies before, and with a value that the time gives. */
function writtenLate(timeMs: number, write: number): WriteSeries[] {
  const series: WriteSeries[] = [];
  for (let i = 0; i < LATE_SERIES; i++) {
    const lateMs = timeMs - ((write * 7919 + i * 104_729) % LATE_MS);
    const count = lateMs % 1000;
    const histogram = histogramOf({ isFloat: i === 1, schema: 0, positive: { 1: 1 + count }, sum: count / 8 });
    series.push({
      labels: Labels.of({ __name__: "late_value", line: String(i) }),
      samples: [[lateMs, count]],
    });
    series.push({
      labels: Labels.of({ __name__: "late_seconds", line: String(i) }),
      histograms: [[lateMs, histogram]],
    });
  }
  return series;
}
