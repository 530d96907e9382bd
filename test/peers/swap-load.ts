/**
 * What a data directory that changes hands takes in, drawn from a seed: remote write of floats, native histograms of every kind,
 * staleness markers, series whose samples change their kind, samples out of order, repeated and too old; deletions; targets whose
 * lines come, go and begin anew. A sample follows from its series and its time alone, so that a wrong one can be told.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { type Histogram, Labels, RESET_GAUGE } from "../../src/model/index.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";
import { type ProtoFamily, protobufBody } from "../support/metric-family.js";
import { remoteWriteBody, type WriteSeries } from "../support/remote-write.js";
import type { AllSamples } from "./crash-load.js";
import type { Server } from "./harness.js";

const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const STALE = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;
const SERIES = 24;
const LATE_SERIES = 10;
const LATE_MS = 15_000;

type Random = () => number;

/** Series text → times in ms. */
export type Times = Map<string, Set<number>>;

export class SwapLoad {
  readonly #random: Random;
  readonly #exporter: HttpServer;
  readonly #port: number;
  #scrapes = 0;
  #isRunning = false;
  #running: Promise<unknown> = Promise.resolve();
  /** Of samples in order for which a 2xx came; never deleted. */
  readonly acknowledged: Times = new Map();
  /** What the senders were answered beside 2xx: text → count. */
  readonly refusals = new Map<string, number>();

  private constructor(random: Random, exporter: HttpServer, port: number) {
    this.#random = random;
    this.#exporter = exporter;
    this.#port = port;
  }

  static async start(random: Random): Promise<SwapLoad> {
    let load: SwapLoad | undefined;
    const exporter = createServer((request, response) => {
      const isText = request.url === "/text";
      response.setHeader("Content-Type", isText ? OPENMETRICS : PROTOBUF);
      response.end(load?.body(isText) ?? "");
    });
    await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
    const address = exporter.address();
    load = new SwapLoad(random, exporter, typeof address === "object" && address !== null ? address.port : 0);
    return load;
  }

  close(): void {
    this.#isRunning = false;
    this.#exporter.closeAllConnections();
    this.#exporter.close();
  }

  body(isText: boolean): string | Buffer {
    const scrape = this.#scrapes++;
    return isText ? openMetricsText(scrape) : protobufBody(families(scrape));
  }

  /** Targets whose labels change with the round: series end and begin. */
  config(round: number, windowSeconds: number): unknown {
    const target = (labels: Record<string, string>) => ({ targets: [`127.0.0.1:${this.#port}`], labels });
    const relabel = [
      { source_labels: ["line"], regex: String(round % 5), action: "drop" },
      { source_labels: ["line"], regex: "(1.)", target_label: "job", replacement: "moved-$1" },
    ];
    return {
      global: { scrape_interval: "200ms", scrape_timeout: "200ms" },
      storage: { tsdb: { out_of_order_time_window: `${windowSeconds}s` } },
      scrape_configs: [
        {
          job_name: "proto",
          static_configs: [target({ instance: "a" }), target({ instance: `round-${round % 3}` })],
          metric_relabel_configs: relabel,
        },
        {
          job_name: "text",
          metrics_path: "/text",
          honor_labels: round % 2 === 0,
          static_configs: [target({ instance: "b" }), target({ instance: "c" })],
          metric_relabel_configs: relabel,
        },
      ],
    };
  }

  /** Writes and deletes until `stop`, or until the server answers no more. */
  run(server: Server, windowMs: number): void {
    this.#isRunning = true;
    this.#running = Promise.all([this.#write(server, windowMs), this.#delete(server)]);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#running;
  }

  async #write(server: Server, windowMs: number): Promise<void> {
    let lastMs = 0;
    while (this.#isRunning) {
      const timeMs = Math.max(Date.now(), lastMs + 1);
      lastMs = timeMs;
      const inOrder = this.#inOrder(timeMs);
      if (!(await this.#send(server, inOrder))) return;
      if (this.#random() < 0.6 && !(await this.#send(server, this.#late(timeMs, windowMs)))) return;
      await new Promise((resolve) => setTimeout(resolve, this.#random() * 25));
    }
  }

  /** False once the server is gone. */
  async #send(server: Server, series: readonly WriteSeries[]): Promise<boolean> {
    let response: Response;
    try {
      response = await fetch(`${server.url}/api/v1/write`, {
        method: "POST",
        body: new Uint8Array(remoteWriteBody(series)),
        headers: { "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf" },
      });
      const text = await response.text();
      if (!response.ok) {
        const refusal = `${response.status} ${text.trim().replace(/\d+/g, "N").slice(0, 60)}`;
        this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
        return true;
      }
    } catch (error) {
      if (error instanceof TypeError) return false; // fetch's own: the server was killed
      throw error;
    }
    for (const { labels, samples = [], histograms = [] } of series) {
      if (labels.get("__name__") === "late" || labels.get("__name__") === "doomed") continue;
      const key = JSON.stringify([...labels.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));
      const times = this.acknowledged.get(key) ?? new Set();
      for (const [at, value] of samples) if (!Number.isNaN(value)) times.add(at);
      for (const [at, { sum }] of histograms) if (!Number.isNaN(sum)) times.add(at);
      this.acknowledged.set(key, times);
    }
    return true;
  }

  #inOrder(timeMs: number): WriteSeries[] {
    const series: WriteSeries[] = [];
    for (let i = 0; i < SERIES; i++) {
      if (this.#random() < 0.2) continue;
      const isDoomed = i % 6 === 5;
      const labels = Labels.of({
        __name__: isDoomed ? "doomed" : "written",
        job: `writer-${i % 4}`,
        line: String(i),
        // Churn: a label set that lasts some seconds.
        ...(i % 8 === 7 && { epoch: String(Math.trunc(timeMs / 3000) % 50) }),
      });
      series.push({ labels, ...this.#sample(i, timeMs) });
    }
    return series;
  }

  #late(timeMs: number, windowMs: number): WriteSeries[] {
    const series: WriteSeries[] = [];
    for (let i = 0; i < LATE_SERIES; i++) {
      if (this.#random() < 0.4) continue;
      // Some too old, some at the same time as others.
      const age = Math.trunc((this.#random() * 1.1 * Math.min(LATE_MS, Math.max(windowMs, 1000))) / 50) * 50;
      series.push({
        labels: Labels.of({ __name__: "late", job: `writer-${i % 4}`, line: String(i) }),
        ...this.#sample(i, Math.trunc(timeMs / 50) * 50 - age),
      });
    }
    return series;
  }

  #sample(line: number, timeMs: number): Pick<WriteSeries, "samples" | "histograms"> {
    const isStale = (timeMs * 31 + line) % 53 === 0;
    const kind = line % 6 === 4 ? Math.trunc(timeMs / 1500) % 4 : line % 4;
    if (kind === 0) return { samples: [[timeMs, isStale ? STALE : floatAt(line, timeMs)]] };
    const histogram = histogramAt(line, kind, timeMs);
    return { histograms: [[timeMs, isStale ? { ...histogram, sum: STALE } : histogram]] };
  }

  /** Parts of what DOOMED and LATE have; now and then cleans tombstones, or takes a snapshot that is thrown away. */
  async #delete(server: Server): Promise<void> {
    while (this.#isRunning) {
      await new Promise((resolve) => setTimeout(resolve, 200 + this.#random() * 800));
      const toMs = Date.now() - 300 - this.#random() * 5000;
      const fromMs = toMs - this.#random() * 3000;
      const matcher = this.#random() < 0.5 ? `doomed` : `{__name__="late",line="${Math.trunc(this.#random() * 10)}"}`;
      const range = new URLSearchParams({ "match[]": matcher, start: String(fromMs / 1000), end: String(toMs / 1000) });
      const call = this.#random() < 0.1 ? "clean_tombstones" : `delete_series?${range}`;
      try {
        await (await fetch(`${server.url}/api/v1/admin/tsdb/${call}`, { method: "POST" })).text();
      } catch (error) {
        if (error instanceof TypeError) return;
        throw error;
      }
    }
  }
}

function floatAt(line: number, timeMs: number): number {
  return line % 8 === 0 ? timeMs % 100_000 : Math.sin(timeMs * (line + 1));
}

/** Kind 1: integers, 2: floats, 3: custom buckets. Counters begin anew every 4 s; some layouts change with time. */
function histogramAt(line: number, kind: number, timeMs: number): Histogram {
  const step = (timeMs % 4000) >> 2;
  const shape = Math.trunc(timeMs / 700) % 3;
  const whole = kind === 2 ? 0.25 : 1;
  const isGauge = line % 5 === 3;
  return histogramOf({
    isFloat: kind === 2 || (kind === 3 && line % 2 === 0),
    ...(isGauge && { hint: RESET_GAUGE }),
    ...(kind === 3 ? { bounds: shape === 2 ? [0.1, 1] : [0.1, 0.5, 2.5] } : { schema: (line % 7) - 2 }),
    ...(kind !== 3 && { zeroCount: step * whole, zeroThreshold: shape === 1 ? 0.001 : 2 ** -128 }),
    positive:
      kind === 3
        ? { 0: step, 1: 2 * step }
        : { [-1]: step * whole, 1: 3 * step * whole, ...(shape > 0 && { [5 + shape]: whole }) },
    ...(kind !== 3 && line % 3 === 0 && { negative: { 2: step * whole } }),
    sum: step / 8,
  });
}

function families(scrape: number): ProtoFamily[] {
  const step = scrape % 41;
  const lines = Array.from({ length: 16 }, (_, i) => String(i)).filter((_, i) => (scrape >> 3) % 16 !== i);
  return [
    { name: "swap_value", type: "gauge", metrics: lines.map((line) => ({ labels: { line }, value: Number(line) })) },
    {
      name: "swap_total",
      type: "counter",
      metrics: lines.map((line) => ({
        labels: { line },
        value: step * (1 + Number(line)),
        exemplar: { labels: { trace: `t${scrape}` }, value: scrape, timestampMs: Date.now() },
      })),
    },
    {
      name: "swap_seconds",
      type: "histogram",
      metrics: lines.slice(0, 4).map((line, i) => ({
        labels: { line },
        native: histogramOf({
          isFloat: i % 2 === 1,
          schema: 3 - i,
          zeroCount: step,
          positive: { [-2]: step, 1: 3 + step * step, [4 + (step >> 2)]: step },
          negative: step > 20 ? { 1: step } : {},
          sum: scrape / 3,
        }),
      })),
    },
  ];
}

function openMetricsText(scrape: number): string {
  const step = scrape % 29;
  const buckets = [0.1, 1, 10].map((le, i) => `swap_text_bucket{le="${le}"} ${step * (i + 1)} # {t="${scrape}"} 0.05`);
  return `${[
    "# TYPE swap_text histogram",
    ...buckets,
    `swap_text_bucket{le="+Inf"} ${step * 4}`,
    `swap_text_count ${step * 4}`,
    `swap_text_sum ${step}`,
    "# TYPE swap_lines gauge",
    ...Array.from({ length: 12 }, (_, i) => `swap_lines{line="${i + (scrape % 3)}",job="own"} ${scrape * i}`),
    "# TYPE swap_timed unknown",
    `swap_timed ${scrape} ${(Date.now() - 50) / 1000}`,
    "# EOF",
  ].join("\n")}\n`;
}

/** Series that differ between two answers, with the first samples that do; "" where none does. */
export function difference(got: AllSamples, want: AllSamples): string {
  const lines: string[] = [];
  for (const series of new Set([...got.keys(), ...want.keys()])) {
    const [ours, theirs] = [got.get(series) ?? [], want.get(series) ?? []];
    const [a, b] = [new Set(ours), new Set(theirs)];
    const extra = ours.filter((sample) => !b.has(sample));
    const missing = theirs.filter((sample) => !a.has(sample));
    if (extra.length + missing.length > 0) {
      const few = (list: readonly string[]) => list.slice(0, 3).join(" ").slice(0, 400);
      lines.push(
        `${series} (${ours.length}/${theirs.length}): only Vestal ${extra.length}: ${few(extra)}; only Prometheus ${missing.length}: ${few(missing)}`,
      );
    } else if (ours.length !== theirs.length) lines.push(`${series}: a sample twice`);
  }
  return lines.slice(0, 12).join("\n");
}
