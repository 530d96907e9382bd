import { describe, expect, test } from "vitest";
import { ROUTES } from "../api/index.js";
import type { Clock } from "../base/index.js";
import {
  metricsPage,
  observeHttp,
  Registry,
  registerProcess,
  registerThreads,
  watchThread,
  writeText,
} from "./index.js";
import { parseLimit, parseNetwork, parseProcessStat } from "./process.js";

class FakeClock implements Clock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

function text(registry: Registry): string[] {
  return writeText(registry.collect()).split("\n");
}

/** Lines of a real Prometheus 3.5.3's page; of zero, its client library writes no sign. */
test.each([
  [784, "784"],
  [115_322, "115322"],
  [1_000_000, "1e+06"],
  [1_795_473_624.1954982, "1.7954736241954982e+09"],
  [22_747_314_585, "2.2747314585e+10"],
  [0.000040386, "4.0386e-05"],
  [0.0001, "0.0001"],
  [-0, "0"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [2 ** 64, "1.8446744073709552e+19"],
])("%d is written as %s", (value, written) => {
  const registry = new Registry(new FakeClock());
  registry.value("prometheus_tsdb_head_series", () => value);
  expect(text(registry)[2]).toBe(`prometheus_tsdb_head_series ${written}`);
});

test("a value is read when the page is asked for, and one that nobody knows is not shown", () => {
  const registry = new Registry(new FakeClock());
  let series: number | undefined = 3;
  registry.value("prometheus_tsdb_head_series", () => series);
  expect(text(registry)).toEqual([
    "# HELP prometheus_tsdb_head_series Series in the head.",
    "# TYPE prometheus_tsdb_head_series gauge",
    "prometheus_tsdb_head_series 3",
    "",
  ]);
  series = undefined;
  expect(text(registry)).toEqual([""]);
});

test("names that are not in the catalogue, and second registrations, are our own mistakes", () => {
  const registry = new Registry(new FakeClock());
  expect(() => registry.value("prometheus_nope", () => 1)).toThrow("not in the catalogue");
  registry.counter("prometheus_tsdb_compactions_total");
  expect(() => registry.counter("prometheus_tsdb_compactions_total")).toThrow("twice");
  expect(() => registry.gauge("prometheus_tsdb_reloads_total")).toThrow("is no gauge");
});

test("label values are escaped and sorted by label name", () => {
  const registry = new Registry(new FakeClock());
  registry.gauge("prometheus_sd_discovered_targets").set(1, 'a"b\\c\nd', "x");
  expect(text(registry)[2]).toBe('prometheus_sd_discovered_targets{config="x",name="a\\"b\\\\c\\nd"} 1');
});

test("a histogram's buckets are cumulative, its bounds Go's", () => {
  const registry = new Registry(new FakeClock());
  const size = registry.histogram("prometheus_http_response_size_bytes");
  for (const bytes of [100, 101, 2e9]) size.observe(bytes, "/metrics");
  expect(text(registry).slice(2, -1)).toEqual([
    'prometheus_http_response_size_bytes_bucket{handler="/metrics",le="100"} 1',
    ...["1000", "10000", "100000", "1e+06", "1e+07", "1e+08", "1e+09"].map(
      (le) => `prometheus_http_response_size_bytes_bucket{handler="/metrics",le="${le}"} 2`,
    ),
    'prometheus_http_response_size_bytes_bucket{handler="/metrics",le="+Inf"} 3',
    'prometheus_http_response_size_bytes_sum{handler="/metrics"} 2.000000201e+09',
    'prometheus_http_response_size_bytes_count{handler="/metrics"} 3',
  ]);
});

describe("a summary", () => {
  test("has no quantiles before its first observation, but is there", () => {
    const registry = new Registry(new FakeClock());
    registry.summary("prometheus_tsdb_wal_fsync_duration_seconds");
    expect(text(registry).slice(2, -1)).toEqual([
      'prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.5"} NaN',
      'prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.9"} NaN',
      'prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.99"} NaN',
      "prometheus_tsdb_wal_fsync_duration_seconds_sum 0",
      "prometheus_tsdb_wal_fsync_duration_seconds_count 0",
    ]);
  });

  test("forgets observations after ten minutes in its quantiles, never in its sum", () => {
    const clock = new FakeClock();
    const registry = new Registry(clock);
    const fsync = registry.summary("prometheus_tsdb_wal_fsync_duration_seconds");
    for (let i = 1; i <= 1000; i++) fsync.observe(i / 1000);
    const quantiles = (): number[] => {
      const [sample] = [...fsync.collect()];
      return sample !== undefined && "quantiles" in sample ? sample.quantiles.map(([, value]) => value) : [];
    };
    const [half = 0, ninety = 0, ninetyNine = 0] = quantiles();
    expect(Math.abs(half - 0.5) / 0.5).toBeLessThan(0.011);
    expect(Math.abs(ninety - 0.9) / 0.9).toBeLessThan(0.011);
    expect(Math.abs(ninetyNine - 0.99) / 0.99).toBeLessThan(0.011);
    clock.ms = 300_000;
    fsync.observe(8);
    // One more observation at the top moves the median by one rank.
    expect(Math.abs(quantiles()[0]! - 0.501) / 0.501).toBeLessThan(0.011);
    clock.ms = 601_000;
    expect(Math.abs(quantiles()[0]! - 8) / 8).toBeLessThan(0.011);
    clock.ms = 10_000_000;
    expect(quantiles()).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...fsync.collect()][0]).toMatchObject({ count: 1001, sum: expect.closeTo(508.5, 6) });
  });
});

test("/proc files are read as they are written", () => {
  const stat = `12 (a) b) S ${Array.from({ length: 40 }, (_, i) => i + 4).join(" ")}`;
  expect(parseProcessStat(stat)).toEqual({
    cpuSeconds: (14 + 15) / 100,
    startTicks: 22,
    virtualBytes: 23,
    residentBytes: 24 * 4096,
  });
  const limits =
    "Limit Soft Hard Units\nMax open files            1024                 4096                 files\nMax address space         unlimited            unlimited            bytes\n";
  expect(parseLimit(limits, "Max open files", -1)).toBe(1024);
  expect(parseLimit(limits, "Max address space", 7)).toBe(7);
  expect(parseLimit(limits, "Max nothing", 7)).toBeUndefined();
  expect(parseNetwork("IpExt: A B C D E F InOctets OutOctets\nIpExt: 1 2 3 4 5 6 70 80 9\n")).toEqual({
    received: 70,
    sent: 80,
  });
});

test("the process' own figures are plausible", () => {
  const registry = new Registry(new FakeClock());
  registerProcess(registry);
  const values = new Map(
    registry.collect().map(({ description, samples }) => {
      const [sample] = samples;
      return [description.name, sample !== undefined && "value" in sample ? sample.value : Number.NaN];
    }),
  );
  expect(values.get("process_resident_memory_bytes")).toBeGreaterThan(10e6);
  expect(values.get("process_open_fds")).toBeGreaterThan(2);
  const started = values.get("process_start_time_seconds")!;
  expect(Math.abs(Date.now() / 1000 - process.uptime() - started)).toBeLessThan(3);
  expect(values.size).toBe(9);
});

test("each thread's health is read once for a page", () => {
  const registry = new Registry(new FakeClock());
  const watch = watchThread("main");
  let readings = 0;
  registerThreads(registry, () => {
    readings++;
    return [watch.read()];
  });
  const page = text(registry).filter((line) => !line.startsWith("#"));
  watch.close();
  expect(readings).toBe(1);
  expect(page.filter((line) => line.includes('{thread="main"}'))).toHaveLength(5);
});

test("the HTTP server's metrics and the page itself are counted", async () => {
  const registry = new Registry(new FakeClock());
  const observer = observeHttp(
    registry,
    ROUTES.map(({ pattern }) => pattern),
  );
  const page = metricsPage(registry);
  observer.connectionOpened();
  observer.answered("/api/v1/query", 400, 0.15, 140);
  const body = String((await page.render({ accept: "" })).body);
  expect(body).toContain('prometheus_http_requests_total{code="400",handler="/api/v1/query"} 1\n');
  expect(body).toContain('prometheus_http_requests_total{code="200",handler="/-/ready"} 0\n');
  expect(body).toContain('prometheus_http_request_duration_seconds_bucket{handler="/api/v1/query",le="0.2"} 1\n');
  expect(body).toContain("promhttp_metric_handler_requests_in_flight 1\n");
  expect(String((await page.render({ accept: "" })).body)).toContain(
    'promhttp_metric_handler_requests_total{code="200"} 1\n',
  );
});

test("a loop that is idle is not held up: the interval of samples does not count", async () => {
  const watch = watchThread("main");
  try {
    await new Promise((resolve) => setTimeout(resolve, 400)); // there are samples
    // A busy machine may hold it up once; each reading begins anew.
    await expect.poll(() => watch.read().delayP99Seconds, { interval: 400, timeout: 15_000 }).toBeLessThan(0.05);
  } finally {
    watch.close();
  }
});
