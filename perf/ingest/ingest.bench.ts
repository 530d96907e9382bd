/**
 * End-to-end ingest: the same fleet of exporters scraped by each system in turns, never at once. CPU and RSS are the
 * operating system's own figures of the whole process, read over a window after a warm-up.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../src/base/index.js";
import { sleep } from "../process.js";
import { type Load, type System, startPrometheus, startVestal, startVictoriaMetrics } from "./systems.js";

export interface IngestOptions {
  readonly targets: number;
  readonly series: number;
  readonly intervalSeconds: number;
  /** Share of the series that change a label at every scrape. */
  readonly churn: number;
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  /** Folder with the peers' binaries in `bin/`; undefined measures only ourselves. */
  readonly peers: string | undefined;
}

export interface IngestFigures {
  readonly system: string;
  readonly samples: number;
  readonly cpuSeconds: number;
  readonly cpuMicrosPerSample: number;
  readonly samplesPerSecondPerCore: number;
  readonly rssBytes: number;
  readonly rssBytesPerSeries: number;
  readonly diskBytesPerSample: number;
}

export async function benchIngest(options: IngestOptions): Promise<readonly IngestFigures[]> {
  const starts: ((load: Load) => Promise<System>)[] = [startVestal];
  const { peers } = options;
  if (peers !== undefined)
    starts.push(
      (load) => startPrometheus(load, peers),
      (load) => startVictoriaMetrics(load, peers),
    );
  const figures: IngestFigures[] = [];
  for (const start of starts) figures.push(await measure(start, options));
  return figures;
}

async function measure(start: (load: Load) => Promise<System>, options: IngestOptions): Promise<IngestFigures> {
  const folder = mkdtempSync(join(tmpdir(), "vestal-perf-"));
  const fleet = await startFleet(options);
  try {
    const targetUrls = Array.from({ length: options.targets }, (_, i) => `http://127.0.0.1:${fleet.port}/t/${i}`);
    const system = await start({ targetUrls, intervalSeconds: options.intervalSeconds, folder, port: 19090 });
    try {
      await sleep(options.warmupSeconds * 1000);
      const before = { cpu: system.process.cpuSeconds(), samples: await system.samples() };
      process.stderr.write(
        `  ${system.name}: warm after ${options.warmupSeconds} s, measuring ${options.windowSeconds} s\n`,
      );
      await sleep(options.windowSeconds * 1000);
      const cpuSeconds = system.process.cpuSeconds() - before.cpu;
      const total = await system.samples();
      const samples = total - before.samples;
      const rssBytes = system.process.rssBytes();
      return {
        system: system.name,
        samples,
        cpuSeconds,
        cpuMicrosPerSample: (cpuSeconds / samples) * 1e6,
        samplesPerSecondPerCore: samples / cpuSeconds,
        rssBytes,
        rssBytesPerSeries: rssBytes / (options.targets * options.series),
        diskBytesPerSample: system.diskBytes() / total,
      };
    } finally {
      await system.process.stop();
    }
  } finally {
    fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Arrivals {
  /** The fleet's monotonic clock as it answers. */
  readonly now: number;
  /** Requests since the last answer: which target, and when. */
  readonly arrivals: readonly (readonly [target: number, ms: number])[];
}

/** Exporters in a process of their own. */
export interface Fleet {
  readonly port: number;
  /** Only where it was started with `arrivals`. */
  arrivals(): Promise<Arrivals>;
  stop(): void;
}

export async function startFleet(
  options: Pick<IngestOptions, "targets" | "series" | "churn"> & { readonly arrivals?: boolean },
): Promise<Fleet> {
  const entry = join(packageRoot(), "dist", "perf", "ingest", "fleet.js");
  const { targets, series, churn, arrivals = false } = options;
  const fleet = { port: 0, targets, series, churn, arrivals, seed: 1 };
  const child = spawn(process.execPath, [entry, JSON.stringify(fleet)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const nextLine = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const failed = (code: unknown): void => reject(new Error(`the fleet of exporters ended: ${code}`));
      child.once("exit", failed).once("error", failed);
      lines.once("line", (line) => {
        child.off("exit", failed).off("error", failed);
        resolve(line);
      });
    });
  const { port } = JSON.parse(await nextLine()) as { port: number };
  return {
    port,
    arrivals: async () => {
      child.stdin.write("\n");
      return JSON.parse(await nextLine()) as Arrivals;
    },
    stop: () => child.stdin.end(),
  };
}
