import { afterEach, expect, test } from "vitest";
import { type Exporter, respond, startExporter } from "../../test/doubles/exporter.js";
import { RecordingAppender } from "../../test/doubles/scrape-appender.js";
import { silentLogger, systemClock, systemTimers } from "../base/index.js";
import {
  createClientContext,
  DEFAULT_ENGINE_OPTIONS,
  DEFAULT_JOB_HISTOGRAMS,
  DEFAULT_TRANSPORT,
  ScrapeEngine,
  type ScrapeJob,
  TargetClient,
  type TargetSpec,
} from "./index.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const JOB: ScrapeJob = {
  name: "j",
  transport: DEFAULT_TRANSPORT,
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  limits: { sampleLimit: 0, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 },
  histograms: DEFAULT_JOB_HISTOGRAMS,
  metricRelabelConfigs: [],
};

function spec(exporter: Exporter, path: string): TargetSpec {
  return {
    key: path,
    jobName: "j",
    labelPairs: ["instance", exporter.address, "job", "j"],
    scheme: "http",
    address: exporter.address,
    metricsPath: path,
    params: { module: ["a b"] },
    intervalMs: 100,
    timeoutMs: 80,
  };
}

/** A whole thread's scraping over real sockets and time. */
function startEngine() {
  const appender = new RecordingAppender();
  const context = createClientContext(appender, "Vestal/0.0.0");
  const engine = new ScrapeEngine(DEFAULT_ENGINE_OPTIONS, {
    appender,
    clock: systemClock,
    timers: systemTimers,
    log: silentLogger,
    createFetcher: (url, transport, timeoutMs) => new TargetClient(url, transport, timeoutMs, context),
    createRelabel: () => undefined,
  });
  closers.push(() => engine.stop());
  return { appender, engine };
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error("the condition did not come true within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("targets are scraped over real sockets: good, failing and silent ones side by side", async () => {
  const exporter = await startExporter(({ path }) =>
    path.startsWith("/silent") ? undefined : respond("up_x 1\n", path.startsWith("/bad") ? { status: "503 Busy" } : {}),
  );
  closers.push(() => exporter.close());
  const { appender, engine } = startEngine();
  const paths = ["/good", "/bad", "/silent"];
  engine.setJob(JOB);
  for (const path of paths) engine.setTarget(spec(exporter, path));
  const [good, bad, silent] = appender.targets;
  await until(() => good!.bodies.length >= 3 && bad!.failures.length >= 3 && silent!.failures.length >= 2);

  expect(engine.statuses().map(({ health, lastError }) => [health, lastError])).toEqual([
    ["up", ""],
    ["down", "server returned HTTP status 503 Busy"],
    ["down", `Get "http://${exporter.address}/silent?module=a+b": context deadline exceeded`],
  ]);
  expect(engine.counters().scrapes).toBeGreaterThanOrEqual(8);
  expect(exporter.requests[0]).toMatchObject({
    method: "GET",
    headers: {
      host: exporter.address,
      "user-agent": "Vestal/0.0.0",
      accept:
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "accept-encoding": "gzip",
      "x-prometheus-scrape-timeout-seconds": "0.08",
    },
  });
  expect(good!.bodies[0]!.text).toBe("up_x 1\n");
});
