/**
 * What is scraped: takes differences of target lists from the control worker, gives each target to the shard that its
 * labels hash to, and joins discovery's view with the shards' for the API.
 */
import type {
  ActiveTarget,
  ApiFailure,
  DroppedTarget,
  MetadataService,
  TargetMetadata,
  TargetsService,
} from "../../api/index.js";
import { failure } from "../../api/index.js";
import { errorMessage } from "../../base/index.js";
import type {
  DiscoveryChanges,
  DiscoveryRefresh,
  DiscoveryStats,
  DroppedTargets,
  Target,
} from "../../discovery/index.js";
import { Labels } from "../../model/index.js";
import { parseMetricSelector } from "../../promql/parser/index.js";
import type { ScrapeJob } from "../../scrape/index.js";
import { shardOf } from "../../shard/index.js";
import type { TargetsMessage } from "./ingest-messages.js";
import { targetKey, targetSpecOf } from "./scrape-jobs.js";
import type { ShardSet } from "./shards.js";

interface Routed {
  readonly target: Target;
  readonly shard: number;
}

export class TargetRegistry implements TargetsService, MetadataService {
  readonly #shardCount: number;
  readonly #shards: ShardSet;
  readonly #targets = new Map<string, Routed>();
  /** Told how long it took to bring a job's targets up to date here. */
  onSynced: (jobName: string, seconds: number) => void = () => {};
  onRefreshed: (refresh: DiscoveryRefresh) => void = () => {};
  /** As the control worker counts. */
  discovery: DiscoveryStats = {
    fileReadErrors: 0,
    fileSeconds: {},
    failedConfigs: 0,
    kubernetesEvents: {},
    failures: {},
  };
  #jobs: readonly ScrapeJob[] = [];
  #dropped: DroppedTargets = { targets: [], counts: {} };

  constructor(shardCount: number, shards: ShardSet) {
    this.#shardCount = shardCount;
    this.#shards = shards;
  }

  get targetCount(): number {
    return this.#targets.size;
  }

  /** Targets in each job, for the pools' metrics. */
  countsByJob(): ReadonlyMap<string, number> {
    const counts = new Map(this.#jobs.map(({ name }) => [name, 0]));
    for (const { target } of this.#targets.values()) counts.set(target.jobName, (counts.get(target.jobName) ?? 0) + 1);
    return counts;
  }

  /** Jobs of the configuration that is in force now. */
  setJobs(jobs: readonly ScrapeJob[]): void {
    const names = new Set(jobs.map(({ name }) => name));
    const removedJobs = this.#jobs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    this.#jobs = jobs;
    for (const [key, { target }] of this.#targets) if (!names.has(target.jobName)) this.#targets.delete(key);
    for (let shard = 0; shard < this.#shardCount; shard++) {
      this.#shards.sendTargets(shard, { ...NOTHING, setJobs: jobs, removedJobs });
    }
  }

  apply(changes: DiscoveryChanges, dropped: DroppedTargets): void {
    this.#dropped = dropped;
    const messages = Array.from({ length: this.#shardCount }, () => ({
      ...NOTHING,
      setTargets: [] as TargetsMessage["setTargets"][number][],
      removedTargets: [] as string[],
    }));
    for (const { jobName, added, removed, updated } of changes.jobs) {
      const startedMs = performance.now();
      for (const key of removed.map((plain) => targetKey(jobName, plain))) {
        const known = this.#targets.get(key);
        if (known === undefined) continue;
        this.#targets.delete(key);
        messages[known.shard]!.removedTargets.push(key);
      }
      for (const target of [...added, ...updated]) {
        const shard = shardOf(Labels.of(target.labels), this.#shardCount);
        this.#targets.set(targetKey(jobName, target.key), { target, shard });
        messages[shard]!.setTargets.push(targetSpecOf(target));
      }
      this.onSynced(jobName, (performance.now() - startedMs) / 1000);
    }
    for (const [shard, message] of messages.entries()) {
      if (message.setTargets.length + message.removedTargets.length > 0) this.#shards.sendTargets(shard, message);
    }
  }

  /** A shard has a new thread that knows nothing yet. */
  resend(shard: number): void {
    const own = [...this.#targets.values()].filter((routed) => routed.shard === shard);
    this.#shards.sendTargets(shard, {
      ...NOTHING,
      setJobs: this.#jobs,
      setTargets: own.map(({ target }) => targetSpecOf(target)),
    });
  }

  // ── for the API ────────────────────────────────────────────────────────────────────────────────────────────────

  async active(): Promise<readonly ActiveTarget[]> {
    const statuses = new Map(
      (await this.#shards.collect()).flatMap(({ targets }) => targets.map((one) => [one.key, one])),
    );
    const missing = new Set(this.#shards.missingShards());
    const all = [...this.#targets].map(([key, { target, shard }]): ActiveTarget => {
      const status = statuses.get(key);
      return {
        discoveredLabels: target.discoveredLabels,
        labels: target.labels,
        scrapePool: target.jobName,
        scrapeUrl: target.url,
        lastError: status?.lastError ?? (missing.has(shard) ? `shard ${shard} is being rebuilt` : ""),
        lastScrapeMs: status === undefined || status.lastScrapeMs === 0 ? undefined : status.lastScrapeMs,
        lastScrapeDurationSeconds: status?.lastScrapeDurationSeconds ?? 0,
        health: status?.health ?? "unknown",
        scrapeInterval: target.scrapeInterval,
        scrapeTimeout: target.scrapeTimeout,
      };
    });
    return all.sort((a, b) => (a.scrapePool < b.scrapePool ? -1 : a.scrapePool > b.scrapePool ? 1 : 0));
  }

  dropped(): readonly DroppedTarget[] {
    return this.#dropped.targets.map(({ discoveredLabels, jobName }) => ({ discoveredLabels, scrapePool: jobName }));
  }

  droppedCounts(): Readonly<Record<string, number>> {
    return { ...Object.fromEntries(this.#jobs.map(({ name }) => [name, 0])), ...this.#dropped.counts };
  }

  scrapePools(): readonly string[] {
    return this.#jobs.map(({ name }) => name);
  }

  async ofTargets(metric: string | undefined): Promise<readonly TargetMetadata[]> {
    const answers = await this.#shards.metadata(metric ?? "");
    return answers.flatMap(({ targets }) =>
      targets.flatMap(({ key, metadata }) => {
        const routed = this.#targets.get(key);
        return routed === undefined ? [] : [{ target: routed.target.labels, metadata }];
      }),
    );
  }

  targetFilter(selector: string): ((labels: Readonly<Record<string, string>>) => boolean) | ApiFailure {
    try {
      const matchers = parseMetricSelector(selector);
      return (labels) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ""));
    } catch (error) {
      return failure("bad_data", errorMessage(error), "match_target");
    }
  }
}

const NOTHING: TargetsMessage = { type: "targets", setJobs: [], removedJobs: [], setTargets: [], removedTargets: [] };
