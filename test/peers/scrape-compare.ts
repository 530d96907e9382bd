/**
 * One exporter whose answers go through phases, scraped by a real Prometheus and by Vestal with one and with three shards.
 * After each phase all must show the same series, values and targets: what depends on the moment of a scrape is left out.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Exporter, type PlainResponse, type ResponsePlan, respond, startExporter } from "../doubles/exporter.js";
import {
  api,
  killAll,
  makeFolder,
  queryMatrix,
  queryVector,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

/** Answer of a target in a phase: a body, or a whole response. */
export type Answer = string | ResponsePlan;

export interface Job {
  readonly name: string;
  /** Of `scrape_configs`, beside what every job has. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** By phase; the last one stays. */
  readonly answers: readonly Answer[];
  /** Phases in which file_sd lists the target; it is static where this is missing. */
  readonly listed?: readonly boolean[];
}

const INTERVAL_MS = 1000;
/** Scrapes of each target in each phase before anything is compared. */
const SCRAPES = 3;
/** Removed targets need some intervals more. */
const SETTLE_MS = 15_000;

export function text(...lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

export function openMetrics(...lines: readonly string[]): ResponsePlan {
  return respond(`${lines.join("\n")}\n# EOF\n`, { contentType: "application/openmetrics-text; version=1.0.0" });
}

export function response(body: string, how: PlainResponse): ResponsePlan {
  return respond(body, how);
}

interface Scraper {
  readonly name: string;
  readonly server: Server;
  readonly sdFolder: string;
}

export class Comparison {
  readonly #jobs: readonly Job[];
  readonly #exporter: Exporter;
  /** What else is compared at the end of each phase. */
  readonly more: ((server: Server) => Promise<unknown>)[] = [];
  readonly #folders: string[] = [];
  readonly #scrapers: Scraper[] = [];
  readonly #counts = new Map<string, number>();
  #phase = 0;

  private constructor(jobs: readonly Job[], exporter: Exporter) {
    this.#jobs = jobs;
    this.#exporter = exporter;
  }

  /** @param args  of both servers. */
  static async start(jobs: readonly Job[], args: readonly string[] = []): Promise<Comparison> {
    let comparison: Comparison | undefined;
    const exporter = await startExporter((request) => comparison?.answer(request.path));
    comparison = new Comparison(jobs, exporter);
    await comparison.#startScraper("prometheus", (folder, config) => startPrometheus({ folder, config, args }));
    for (const shards of [1, 3]) {
      await comparison.#startScraper(`vestal-${shards}`, (folder, config) =>
        startVestal({ folder, config, args: [...args, `--ingest.threads=${shards}`] }),
      );
    }
    return comparison;
  }

  /** The real Prometheus first. */
  get servers(): readonly Server[] {
    return this.#scrapers.map(({ server }) => server);
  }

  async stop(): Promise<void> {
    await killAll();
    await this.#exporter.close();
    for (const folder of this.#folders) removeFolder(folder);
  }

  answer(path: string): ResponsePlan | undefined {
    const url = new URL(path, "http://exporter");
    const job = this.#jobs.find(({ name }) => `/${name}` === url.pathname);
    if (job === undefined) return respond("", { status: "404 Not Found" });
    const key = `${url.searchParams.get("by")} ${job.name} ${this.#phase}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    const answer = job.answers[Math.min(this.#phase, job.answers.length - 1)]!;
    return typeof answer === "string" ? respond(answer) : answer;
  }

  /** Lets all scrape in this phase, and compares what they show. */
  async check(phase: number): Promise<void> {
    this.#phase = phase;
    for (const { sdFolder } of this.#scrapers) this.#writeFiles(sdFolder);
    const listed = this.#jobs.filter((job) => this.#isListed(job));
    await waitUntil(`all targets are scraped in phase ${phase}`, 60_000, async () =>
      this.#scrapers.every(({ name }) =>
        listed.every((job) => (this.#counts.get(`${name} ${job.name} ${phase}`) ?? 0) >= SCRAPES),
      ),
    );
    const [prometheus, ...others] = this.#scrapers;
    let shown = new Map<string, Shown>();
    const look = async (): Promise<boolean> => {
      shown = new Map(
        await Promise.all(this.#scrapers.map(async (one) => [one.name, await this.#shownBy(one)] as const)),
      );
      const want = JSON.stringify(shown.get(prometheus!.name));
      return others.every(({ name }) => JSON.stringify(shown.get(name)) === want);
    };
    await waitUntil(`phase ${phase} looks the same`, SETTLE_MS, look).catch(() => undefined); // the assertions say what differs
    const want = shown.get(prometheus!.name)!;
    expect(want.now.length, "Prometheus shows something").toBeGreaterThan(this.#jobs.length);
    for (const { name } of others) expect(shown.get(name), `phase ${phase}, ${name}`).toEqual(want);
  }

  async #shownBy(scraper: Scraper): Promise<Shown> {
    const more = await Promise.all(this.more.map((ask) => ask(scraper.server)));
    return { ...(await shownBy(scraper)), more };
  }

  async #startScraper(name: string, start: (folder: string, config: unknown) => Promise<Server>): Promise<void> {
    const folder = makeFolder();
    this.#folders.push(folder);
    this.#writeFiles(folder);
    this.#scrapers.push({ name, server: await start(folder, this.#configOf(name, folder)), sdFolder: folder });
  }

  #configOf(scraper: string, folder: string): unknown {
    return {
      global: { scrape_interval: `${INTERVAL_MS}ms`, scrape_timeout: "900ms" },
      scrape_configs: this.#jobs.map(({ name, config, listed }) => ({
        job_name: name,
        metrics_path: `/${name}`,
        params: { by: [scraper] },
        ...(listed === undefined
          ? { static_configs: [{ targets: [this.#exporter.address] }] }
          : { file_sd_configs: [{ files: [join(folder, `${name}.json`)] }] }),
        ...config,
      })),
    };
  }

  #writeFiles(folder: string): void {
    for (const job of this.#jobs) {
      if (job.listed === undefined) continue;
      const targets = this.#isListed(job) ? [{ targets: [this.#exporter.address], labels: { listed: "yes" } }] : [];
      writeFileSync(join(folder, `${job.name}.json`), JSON.stringify(targets));
    }
  }

  #isListed({ listed }: Job): boolean {
    return listed === undefined || listed[Math.min(this.#phase, listed.length - 1)] === true;
  }
}

interface Shown {
  /** Series that an instant query finds, with their values. */
  readonly now: readonly string[];
  /** Series of the last ten minutes, with the different values that they had. */
  readonly ever: readonly string[];
  /** Health and last error of each target. */
  readonly targets: readonly string[];
  readonly more?: readonly unknown[];
}

/** Values of these depend on the moment. */
const UNSTABLE = new Set(["scrape_duration_seconds"]);
/** And of these, which values they ever had. */
const UNSTABLE_EVER = new Set(["scrape_duration_seconds", "scrape_series_added", "scrape_samples_scraped"]);

async function shownBy({ server }: Scraper): Promise<Shown> {
  const now = Date.now() / 1000;
  const vector = await queryVector(server, '{__name__!=""}', now);
  const matrix = await queryMatrix(server, '{__name__!=""}[10m]', now + 400);
  const { data } = await api(server, "targets", { state: "active" });
  const { activeTargets } = data as {
    activeTargets: { scrapePool: string; health: string; lastError: string; labels: unknown }[];
  };
  return {
    now: vector
      .map(({ metric, value, histogram }) => {
        const shown = histogram === undefined ? value[1] : JSON.stringify(histogram[1]);
        return `${seriesOf(metric)} ${UNSTABLE.has(nameOf(metric)) ? "" : shown}`;
      })
      .sort(),
    ever: matrix
      .map(({ metric, values = [], histograms = [] }) => {
        const all = [...values.map(([, value]) => value), ...histograms.map(([, value]) => JSON.stringify(value))];
        const different = [...new Set(all)].sort().join(" ");
        return `${seriesOf(metric)} ${UNSTABLE_EVER.has(nameOf(metric)) ? "" : different}`;
      })
      .sort(),
    targets: activeTargets
      .map(
        ({ scrapePool, health, lastError }) => `${scrapePool} ${health} ${lastError.replace(/by=[a-z0-9-]+/, "by=")}`,
      )
      .sort(),
  };
}

function nameOf(metric: Readonly<Record<string, string>>): string {
  return metric["__name__"] ?? "";
}

function seriesOf(metric: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(metric).sort());
}
