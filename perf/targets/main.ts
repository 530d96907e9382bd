/**
 * `npm run perf -- targets [--targets=N] [--series=N] [--interval=S]`: thousands of targets on one process. When scrapes
 * begin is measured at the exporters' side, by the arrival of requests: from a start, at rest, and over reloads of the
 * configuration that replace a tenth of the targets. CPU and memory are those of the whole process, at rest.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startFleet } from "../ingest/ingest.bench.js";
import { type Load, type System, startPrometheus, startVestal, writeConfig } from "../ingest/systems.js";
import { sleep } from "../process.js";
import { ScrapeStarts, type StartFigures } from "./starts.js";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "2000" },
    series: { type: "string", default: "500" },
    interval: { type: "string", default: "15" },
  },
});
const targets = Number(values.targets);
const series = Number(values.series);
const intervalSeconds = Number(values.interval);
const intervalMs = intervalSeconds * 1000;
const REST_INTERVALS = 3;
const RELOAD_INTERVALS = 2;

interface Figures {
  readonly system: string;
  readonly cpuPercent: number;
  readonly rssMb: number;
  readonly rest: StartFigures;
  readonly reloads: StartFigures;
  /** From the process' start until the last target was asked for the first time. */
  readonly allScrapedSeconds: number;
}

async function measure(start: (load: Load) => Promise<System>): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "vestal-perf-"));
  const replaced = Math.max(1, Math.floor(targets / 10));
  const fleet = await startFleet({ targets: targets + replaced, series, churn: 0, arrivals: true });
  const urls = Array.from({ length: targets + replaced }, (_, i) => `http://127.0.0.1:${fleet.port}/t/${i}`);
  const load = { targetUrls: urls.slice(0, targets), intervalSeconds, folder, port: 19090 };
  try {
    const startMs = (await fleet.arrivals()).now;
    const system = await start(load);
    try {
      const starts = new ScrapeStarts(intervalMs);
      // Prometheus takes targets over 5 s after its start.
      await sleep(intervalMs + 7000);
      starts.add((await fleet.arrivals()).arrivals);
      const allScrapedSeconds = (starts.allSeenMs(targets) - startMs) / 1000;
      const cpuBefore = system.process.cpuSeconds();
      process.stderr.write(`  ${system.name}: every target was asked, measuring\n`);
      await sleep(intervalMs * REST_INTERVALS);
      const cpuSeconds = system.process.cpuSeconds() - cpuBefore;
      const rssMb = system.process.rssBytes() / 1e6;
      const atRest = await fleet.arrivals();
      starts.add(atRest.arrivals);
      const rest = starts.figures(atRest.now - intervalMs * REST_INTERVALS, atRest.now);

      // The first targets leave for others, and come back: the ones between must notice nothing.
      for (const from of [replaced, 0]) {
        writeConfig({ ...load, targetUrls: urls.slice(from, from + targets) });
        process.kill(system.process.pid, "SIGHUP");
        await sleep(intervalMs * RELOAD_INTERVALS);
      }
      const atEnd = await fleet.arrivals();
      starts.add(atEnd.arrivals);
      const stays = (target: number): boolean => target >= replaced && target < targets;
      const reloads = starts.figures(atRest.now, atEnd.now, stays);
      const cpuPercent = (cpuSeconds / (intervalSeconds * REST_INTERVALS)) * 100;
      return { system: system.name, cpuPercent, rssMb, rest, reloads, allScrapedSeconds };
    } finally {
      await system.process.stop();
    }
  } finally {
    fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const systems: ((load: Load) => Promise<System>)[] = [startVestal];
const peers = process.env["PEERS"];
if (peers !== undefined) systems.push((load) => startPrometheus(load, peers));
const figures: Figures[] = [];
for (const start of systems) figures.push(await measure(start));

process.stdout.write(`${targets} targets × ${series} series every ${intervalSeconds} s\n`);
const share = (ms: number): string => `${((ms / intervalMs) * 100).toFixed(2)} %`;
const columns = (name: string, { p99Ms, maxMs, missed }: StartFigures) => ({
  [`${name}: jitter p99`]: share(p99Ms),
  [`${name}: max`]: share(maxMs),
  [`${name}: missed`]: missed,
});
console.table(
  figures.map((row) => ({
    system: row.system,
    "CPU % of a core": row.cpuPercent.toFixed(1),
    "RSS MB": row.rssMb.toFixed(0),
    "all asked after s": row.allScrapedSeconds.toFixed(1),
    ...columns("at rest", row.rest),
    ...columns("reloads", row.reloads),
  })),
);
const isLate =
  figures[0] === undefined || [figures[0].rest, figures[0].reloads].some(({ p99Ms }) => p99Ms > intervalMs / 20);
if (isLate) process.stderr.write("late: the jitter's 99th percentile is above 5 % of the interval\n");
process.exit(isLate ? 1 : 0);
