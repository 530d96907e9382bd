import { expect, test } from "vitest";
import { ManualTime, settle } from "../../test/doubles/manual-time.js";
import { RecordingAppender } from "../../test/doubles/scrape-appender.js";
import { silentLogger } from "../base/index.js";
import { DEFAULT_ENGINE_OPTIONS, ScrapeEngine, type ScrapeEngineOptions } from "./engine.js";
import type { FetchResult } from "./http/client.js";
import { DEFAULT_TRANSPORT, type TransportOptions } from "./http/transport.js";
import { DEFAULT_JOB_HISTOGRAMS, type ScrapeJob, type TargetSpec } from "./target.js";

const BODY = "up_x 1\n";
const WALL_MS = 1_700_000_000_000;

interface Fetch {
  readonly slot: number;
  readonly startMs: number;
  readonly url: string;
  readonly timeoutMs: number;
  finish(result?: Partial<FetchResult>): void;
}

/** An engine over manual time. With `manual`, a test finishes each fetch itself; otherwise it takes no time. */
function rig(options: Partial<ScrapeEngineOptions> = {}, manual = false) {
  const time = new ManualTime(WALL_MS);
  const appender = new RecordingAppender();
  const fetches: Fetch[] = [];
  const transports: TransportOptions[] = [];
  let answer: Partial<FetchResult> = {};
  const engine = new ScrapeEngine(
    { ...DEFAULT_ENGINE_OPTIONS, ...options },
    {
      appender,
      clock: time,
      timers: time,
      log: silentLogger,
      createRelabel: () => undefined,
      createFetcher: (url, transport, timeoutMs) => {
        transports.push(transport);
        return {
          fetch: (slot) =>
            new Promise<FetchResult>((resolve) => {
              const finish = (changes: Partial<FetchResult> = {}): void => {
                appender.bodyBuffer(slot, BODY.length, 0).set(Buffer.from(BODY));
                const good = {
                  error: undefined,
                  isBodyTooLarge: false,
                  bodyBytes: BODY.length,
                  contentType: "text/plain",
                };
                resolve({ ...good, ...changes });
              };
              fetches.push({ slot, startMs: time.monotonicMs(), url: url.href, timeoutMs, finish });
              if (!manual) finish(answer);
            }),
          close: () => {
            if (manual) for (const fetch of fetches) fetch.finish({ error: "context canceled" });
          },
        };
      },
    },
  );
  engine.setJob(job());
  return {
    engine,
    time,
    appender,
    fetches,
    transports,
    answerWith: (changes: Partial<FetchResult>) => {
      answer = changes;
    },
  };
}

function job(changes: Partial<ScrapeJob> = {}): ScrapeJob {
  return {
    name: "j",
    transport: DEFAULT_TRANSPORT,
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    limits: { sampleLimit: 0, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 },
    histograms: DEFAULT_JOB_HISTOGRAMS,
    metricRelabelConfigs: [],
    ...changes,
  };
}

function spec(changes: Partial<TargetSpec> = {}): TargetSpec {
  return {
    key: "a",
    jobName: "j",
    labelPairs: ["instance", "h:1", "job", "j"],
    scheme: "http",
    address: "h:1",
    metricsPath: "/metrics",
    params: {},
    intervalMs: 10_000,
    timeoutMs: 5000,
    ...changes,
  };
}

test("a target is scraped once in each interval, on one grid of timestamps", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  await time.advance(50_000);
  const times = appender.targets[0]!.bodies.map(({ input }) => input.timestampMs);
  expect(times.length).toBe(5);
  expect(times.map((t) => t - times[0]!)).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
  expect(times[0]! - WALL_MS).toBeLessThan(10_000);
  expect(appender.targets[0]!.bodies[0]).toMatchObject({ text: BODY, input: { format: "text", bodyBytes: 7 } });
});

test("targets spread over the interval, at places that a restart keeps", async () => {
  const places = async (): Promise<number[]> => {
    const { engine, time, fetches } = rig();
    for (let i = 0; i < 1000; i++) engine.setTarget(spec({ key: `t${i}`, address: `h${i}:1` }));
    await time.advance(10_000);
    return fetches.map(({ startMs }) => startMs);
  };
  const first = await places();
  expect(await places()).toEqual(first);
  const tenths = Array.from({ length: 10 }, (_, i) => first.filter((ms) => Math.floor(ms / 1000) === i).length);
  // 100 each on average; a binomial with these numbers leaves 60 … 140 once in 50,000 draws.
  for (const count of tenths) expect(count).toBeGreaterThan(60);
  for (const count of tenths) expect(count).toBeLessThan(140);
});

test("thousands of targets need one timer", () => {
  const { engine, time } = rig();
  for (let i = 0; i < 5000; i++) engine.setTarget(spec({ key: `t${i}` }));
  expect(time.timerCount).toBe(1);
});

test.each([
  { name: "2 ms late is aligned", lateMs: 2, tolerance: 2, adjust: true, expected: 0 },
  { name: "3 ms late is not", lateMs: 3, tolerance: 2, adjust: true, expected: 3 },
  { name: "a larger tolerance counts", lateMs: 20, tolerance: 30, adjust: true, expected: 0 },
  { name: "but never more than 1 % of the interval", lateMs: 120, tolerance: 200, adjust: true, expected: 120 },
  { name: "without adjustment every time is kept", lateMs: 1, tolerance: 2, adjust: false, expected: 1 },
])("timestamps: $name", async ({ lateMs, tolerance, adjust, expected }) => {
  const { engine, time, appender } = rig({ timestampToleranceMs: tolerance, adjustTimestamps: adjust });
  engine.setTarget(spec());
  await time.advance(10_000);
  const first = appender.targets[0]!.bodies[0]!.input.timestampMs;
  time.setWall(time.nowMs() + lateMs);
  await time.advance(10_000);
  expect(appender.targets[0]!.bodies[1]!.input.timestampMs - first - 10_000).toBe(expected);
});

test("a slow scrape is never overtaken; the tick it covers is made up for once", async () => {
  const { engine, time, fetches } = rig({}, true);
  engine.setTarget(spec());
  await time.advance(10_000);
  const start = fetches[0]!.startMs;
  await time.advance(25_000);
  expect(fetches.length).toBe(1);
  const endMs = time.monotonicMs();
  fetches[0]!.finish();
  await time.advance(0);
  expect(fetches[1]!.startMs).toBe(endMs);
  fetches[1]!.finish();
  await time.advance(10_000);
  const nextTick = start + 10_000 * Math.ceil((endMs - start) / 10_000);
  expect(fetches[2]!.startMs).toBe(nextTick);
  expect(engine.counters().missedTicks).toBe(Math.floor((endMs - start) / 10_000) - 1);
});

test("no more scrapes are under way than slots; the rest wait in order", async () => {
  const { engine, time, fetches } = rig({ inFlightMax: 2 }, true);
  for (const key of ["a", "b", "c", "d"]) engine.setTarget(spec({ key, address: `${key}:1` }));
  await time.advance(10_000);
  expect(fetches.length).toBe(2);
  expect(engine.counters()).toMatchObject({ inFlight: 2, queued: 2 });
  expect(new Set(fetches.map(({ slot }) => slot)).size).toBe(2);
  fetches[0]!.finish();
  await settle();
  expect(fetches.length).toBe(3);
  expect(fetches[2]!.slot).toBe(fetches[0]!.slot);
});

test("a failed fetch is stored as such and shown", async () => {
  const { engine, time, appender, answerWith } = rig();
  answerWith({ error: "body size limit exceeded", isBodyTooLarge: true });
  engine.setTarget(spec());
  expect(engine.statuses()[0]).toMatchObject({ health: "unknown", lastError: "", lastScrapeMs: 0 });
  await time.advance(10_000);
  expect(appender.targets[0]!.failures.length).toBe(1);
  expect(engine.statuses()[0]).toMatchObject({
    health: "down",
    lastError: "body size limit exceeded",
    scrapeUrl: "http://h:1/metrics",
  });
  expect(engine.counters().exceededBodySizeLimit).toBe(1);
});

test("storage that cannot keep a scrape makes the target unhealthy, and the next scrape tries again", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  appender.outcome = () => {
    throw new Error("write wal: no space left on device");
  };
  await time.advance(10_000);
  expect(engine.statuses()[0]).toMatchObject({ health: "down", lastError: "write wal: no space left on device" });
  appender.outcome = () => appender.good();
  await time.advance(10_000);
  expect(engine.statuses()[0]).toMatchObject({ health: "up", lastError: "" });
  expect(engine.counters().failedCommits).toBe(1);
});

test("what storage counts reaches the counters", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  appender.outcome = () => appender.good({ error: "sample limit exceeded", limit: "sample" });
  await time.advance(10_000);
  appender.outcome = () => appender.good({ outOfOrder: 1, duplicates: 2, outOfBounds: 3 });
  await time.advance(10_000);
  expect(engine.counters()).toMatchObject({
    exceededSampleLimit: 1,
    sampleOutOfOrder: 1,
    sampleDuplicateTimestamp: 2,
    sampleOutOfBounds: 3,
  });
  expect(engine.intervalLengths()).toMatchObject([{ intervalMs: 10_000, count: 1, sumSeconds: 10 }]);
});

test("a Content-Type that nobody can parse fails the scrape, unless there is a fallback", async () => {
  const { engine, time, appender, answerWith } = rig();
  answerWith({ contentType: "" });
  engine.setTarget(spec());
  await time.advance(10_000);
  expect(engine.statuses()[0]?.lastError).toBe(
    "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
  );
  engine.setJob(job({ transport: { ...DEFAULT_TRANSPORT, fallbackScrapeProtocol: "OpenMetricsText1.0.0" } }));
  await time.advance(10_000);
  expect(engine.statuses()[0]).toMatchObject({ health: "up", lastError: "" });
  expect(appender.targets[0]!.bodies[0]!.input.format).toBe("openmetrics");
});

test("series of a removed target end two intervals later, at the time of the first missing scrape", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  await time.advance(10_000);
  const last = appender.targets[0]!.bodies[0]!.input.timestampMs;
  engine.removeTarget("a");
  expect(engine.targetCount).toBe(0);
  await time.advance(last + 20_999 - time.nowMs());
  expect(appender.targets[0]!.closed).toBeUndefined();
  await time.advance(2);
  expect(appender.targets[0]!.closed).toEqual({ timestampMs: last + 10_000, staleMarkers: true });
  expect(time.timerCount).toBe(0);
});

test("a target that comes back in time keeps its series", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  await time.advance(10_000);
  const last = appender.targets[0]!.bodies[0]!.input.timestampMs;
  engine.removeTarget("a");
  await time.advance(last + 20_500 - time.nowMs());
  engine.setTarget(spec());
  await time.advance(30_000);
  expect(appender.targets.length).toBe(1);
  expect(appender.targets[0]!.closed).toBeUndefined();
  expect(appender.targets[0]!.bodies.length).toBe(4);
});

test("a target removed before its first scrape leaves nothing", async () => {
  const { engine, appender } = rig();
  engine.setTarget(spec());
  engine.removeTarget("a");
  expect(appender.targets[0]!.closed).toMatchObject({ staleMarkers: false });
});

test("a target removed during its scrape ends after it", async () => {
  const { engine, time, appender, fetches } = rig({}, true);
  engine.setTarget(spec());
  await time.advance(10_000);
  engine.removeTarget("a");
  await time.advance(3000);
  fetches[0]!.finish();
  await time.advance(30_000);
  expect(appender.targets[0]!.bodies.length).toBe(1);
  expect(appender.targets[0]!.closed).toMatchObject({ staleMarkers: true });
});

test("a reload without a change for a target disturbs neither its place nor its scrape under way", async () => {
  const { engine, time, fetches, appender } = rig({}, true);
  engine.setTarget(spec());
  await time.advance(10_000);
  engine.setJob(job());
  engine.setTarget(spec());
  fetches[0]!.finish();
  await time.advance(10_000);
  expect(fetches[1]!.startMs - fetches[0]!.startMs).toBe(10_000);
  expect(appender.targets.length).toBe(1);
});

test("a new interval and timeout hold from the next scrape on, over the same series", async () => {
  const { engine, time, fetches, appender } = rig();
  engine.setTarget(spec());
  await time.advance(10_000);
  engine.setTarget(spec({ intervalMs: 2000, timeoutMs: 1000 }));
  await time.advance(10_000);
  expect(fetches.length).toBe(6);
  expect(fetches.at(-1)!.timeoutMs).toBe(1000);
  expect(fetches[5]!.startMs - fetches[4]!.startMs).toBe(2000);
  expect(appender.targets.length).toBe(1);
});

test("new limits open the target anew without ending its series", async () => {
  const { engine, time, appender } = rig();
  engine.setTarget(spec());
  await time.advance(10_000);
  engine.setJob(job({ limits: { sampleLimit: 5, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 } }));
  await time.advance(10_000);
  expect(appender.targets[0]!.closed).toMatchObject({ staleMarkers: false });
  expect(appender.targets[1]!.options.limits.sampleLimit).toBe(5);
  expect(appender.targets[1]!.bodies.length).toBe(1);
});

test("an address that cannot be asked fails each scrape with the reason", async () => {
  const { engine, time } = rig();
  engine.setTarget(spec({ address: "127.0.0.1:99999" }));
  await time.advance(10_000);
  expect(engine.statuses()[0]?.lastError).toBe(
    'Get "http://127.0.0.1:99999/metrics": dial tcp: address 99999: invalid port',
  );
});

test("stopping waits for what is under way and writes no staleness markers", async () => {
  const { engine, time, appender } = rig({}, true);
  engine.setTarget(spec());
  await time.advance(10_000);
  await engine.stop();
  expect(appender.targets[0]).toMatchObject({ bodies: [], failures: [], closed: { staleMarkers: false } });
  expect(time.timerCount).toBe(0);
});
