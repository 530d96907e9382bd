/**
 * Turns a configuration and what is found into targets, and reports differences. Runs in the control worker; nothing
 * here knows of threads. `apply` reports its difference before it returns; later changes are collected for a moment and
 * come in one batch.
 */
import { type Logger, type Timers, VestalError } from "../base/index.js";
import type { Config, DiscoveryConfig, ScrapeConfig } from "../config/index.js";
import { DEFAULT_INFORMER_LIMITS, type InformerLimits } from "../kubernetes/index.js";
import { createDiscovery } from "./create.js";
import type { Discovery } from "./discovery.js";
import { type DiscoveryFiles, FileDiscovery } from "./file.js";
import { InformerPool } from "./kubernetes/informers.js";
import type {
  DiscoveryChanges,
  DiscoveryRefresh,
  DiscoveryStats,
  DroppedTargets,
  Target,
  TargetChanges,
  TargetGroup,
} from "./messages.js";
import { type TargetFailure, TargetPool } from "./pool.js";

export interface DiscoveryManagerOptions {
  /** Changes within this time make one batch. */
  readonly batchMs: number;
  /** Of requests to servers that tell targets. */
  readonly userAgent?: string;
  readonly informerLimits?: InformerLimits;
}

export interface DiscoveryManagerDeps {
  readonly files: DiscoveryFiles;
  readonly timers: Timers;
  readonly log: Logger;
  readonly random?: () => number;
  readonly onChanges: (changes: DiscoveryChanges) => void;
  /** A mechanism that asks at an interval has asked. */
  readonly onRefreshed?: (refresh: DiscoveryRefresh) => void;
  /** Counts of failures changed, perhaps without a change of targets. */
  readonly onFailure?: () => void;
}

interface Provider {
  readonly mechanism: string;
  /** Undefined where it could not be made: its jobs find nothing by it. */
  readonly discovery: Discovery | undefined;
  /** Names of the jobs that use it. */
  jobs: readonly string[];
}

export class DiscoveryManager {
  readonly #options: DiscoveryManagerOptions;
  readonly #deps: DiscoveryManagerDeps;
  readonly #pools = new Map<string, TargetPool>();
  readonly #providers = new Map<string, Provider>();
  readonly #informers: InformerPool;
  readonly #kubernetesEvents = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  /** `configHash` and index that the receiver knows of each job. */
  readonly #announced = new Map<string, string>();
  #stopBatch: (() => void) | undefined;
  #isApplying = false;

  constructor(options: DiscoveryManagerOptions, deps: DiscoveryManagerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#informers = new InformerPool(options.informerLimits ?? DEFAULT_INFORMER_LIMITS);
  }

  /** Goes over to `config`. Targets that stay the same keep their key and are in no list of the report. */
  apply(config: Pick<Config, "scrapeConfigs">): void {
    this.#isApplying = true;
    const removals = this.#removePools(config.scrapeConfigs);
    config.scrapeConfigs.forEach((job, index) => {
      const pool = this.#pools.get(job.jobName);
      if (pool === undefined) this.#pools.set(job.jobName, newPool(job, index));
      else updatePool(pool, job, index);
    });
    this.#applyProviders(config.scrapeConfigs);
    this.#isApplying = false;
    this.#report(removals);
  }

  /** The targets of all jobs, in the order of the configuration. */
  targets(): readonly Target[] {
    return this.#poolsInOrder().flatMap((pool) => [...pool.targets.values()]);
  }

  dropped(): DroppedTargets {
    const pools = this.#poolsInOrder();
    return {
      targets: pools.flatMap((pool) => pool.dropped),
      counts: Object.fromEntries(pools.map((pool) => [pool.config.jobName, pool.droppedCount])),
    };
  }

  /** Targets that could not be made, as of their job's last change. */
  failures(): readonly TargetFailure[] {
    return this.#poolsInOrder().flatMap((pool) => pool.failures);
  }

  /** For metrics. */
  stats(): DiscoveryStats {
    const files = [...this.#providers.values()].flatMap(({ discovery }) =>
      discovery instanceof FileDiscovery ? [discovery.stats] : [],
    );
    return {
      fileReadErrors: files.reduce((sum, { readErrors }) => sum + readErrors, 0),
      fileSeconds: Object.fromEntries(files.flatMap(({ timestamps }) => [...timestamps])),
      failedConfigs: [...this.#providers.values()].filter(({ discovery }) => discovery === undefined).length,
      kubernetesEvents: Object.fromEntries(this.#kubernetesEvents),
      failures: Object.fromEntries(this.#failures),
    };
  }

  close(): void {
    this.#stopBatch?.();
    for (const { discovery } of this.#providers.values()) discovery?.close();
    this.#providers.clear();
  }

  #poolsInOrder(): readonly TargetPool[] {
    return [...this.#pools.values()].sort((a, b) => a.index - b.index);
  }

  #removePools(jobs: readonly ScrapeConfig[]): readonly TargetChanges[] {
    const names = new Set(jobs.map((job) => job.jobName));
    const removals: TargetChanges[] = [];
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      removals.push(pool.removal());
      this.#pools.delete(name);
      this.#announced.delete(name);
    }
    return removals;
  }

  /** Starts what is new, stops what nobody uses, and hands groups to jobs that began to use what runs. */
  #applyProviders(jobs: readonly ScrapeConfig[]): void {
    const wanted = new Map<string, { readonly config: DiscoveryConfig; readonly jobs: string[] }>();
    for (const job of jobs) {
      for (const config of job.discoveries) {
        const key = JSON.stringify(config);
        const users = wanted.get(key)?.jobs ?? [];
        if (!users.includes(job.jobName)) users.push(job.jobName);
        wanted.set(key, { config, jobs: users });
      }
    }
    for (const [key, provider] of this.#providers) {
      const users = wanted.get(key)?.jobs ?? [];
      for (const jobName of provider.jobs) {
        if (!users.includes(jobName)) this.#removeGroups(jobName, provider.discovery?.groups ?? [], key);
      }
      if (wanted.has(key)) continue;
      provider.discovery?.close();
      this.#providers.delete(key);
    }
    for (const [key, { config, jobs: users }] of wanted) {
      const known = this.#providers.get(key);
      if (known === undefined) this.#startProvider(key, config, users);
      else {
        const joined = users.filter((jobName) => !known.jobs.includes(jobName));
        known.jobs = users;
        this.#setGroups(joined, known.discovery?.groups ?? [], key);
      }
    }
  }

  #startProvider(key: string, config: DiscoveryConfig, jobs: readonly string[]): void {
    const mechanism = config.kind === "unavailable" ? config.mechanism : config.kind;
    const provider: Provider & { discovery: Discovery | undefined } = { mechanism, discovery: undefined, jobs };
    this.#providers.set(key, provider);
    try {
      const discovery = this.#create(config, (groups) => {
        this.#setGroups(provider.jobs, groups, key);
        if (!this.#isApplying) this.#reportSoon();
      });
      provider.discovery = discovery;
      discovery.start();
    } catch (error) {
      // As in Prometheus, one that cannot be made costs its jobs what it would have found, and nobody else anything.
      if (!(error instanceof VestalError)) throw error;
      provider.discovery = undefined;
      const err = error.message;
      this.#deps.log.error("Cannot create service discovery", { type: mechanism, err, config: jobs.join(", ") });
    }
  }

  #create(config: DiscoveryConfig, onGroups: (groups: readonly TargetGroup[]) => void): Discovery {
    const deps = {
      ...this.#deps,
      random: this.#deps.random ?? Math.random,
      userAgent: this.#options.userAgent ?? "Vestal",
      informers: this.#informers,
      onKubernetesEvent: (role: string, event: string) => this.#count(this.#kubernetesEvents, `${role} ${event}`),
      onFailure: (mechanism: string) => {
        this.#count(this.#failures, mechanism);
        this.#deps.onFailure?.();
      },
      onRefreshed: (mechanism: string, seconds: number, isFailed: boolean) =>
        this.#deps.onRefreshed?.({ mechanism, seconds, isFailed }),
    };
    return createDiscovery(config, deps, onGroups);
  }

  #count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  #setGroups(jobs: readonly string[], groups: readonly TargetGroup[], key: string): void {
    for (const jobName of jobs) {
      const pool = this.#pools.get(jobName);
      for (const group of groups) pool?.setGroup({ ...group, source: `${key}/${group.source}` });
    }
  }

  #removeGroups(jobName: string, groups: readonly TargetGroup[], key: string): void {
    this.#setGroups(
      [jobName],
      groups.map((group) => ({ ...group, targets: [] })),
      key,
    );
  }

  #reportSoon(): void {
    this.#stopBatch ??= this.#deps.timers.after(this.#options.batchMs, () => this.#report([]));
  }

  #report(removals: readonly TargetChanges[]): void {
    this.#stopBatch?.();
    this.#stopBatch = undefined;
    const jobs = [...removals];
    for (const pool of this.#poolsInOrder()) {
      const changes = pool.sync();
      if (changes === undefined) continue;
      this.#logFailures(pool);
      const state = `${changes.jobIndex} ${changes.configHash}`;
      const isNews = this.#announced.get(changes.jobName) !== state;
      this.#announced.set(changes.jobName, state);
      const differences = changes.added.length + changes.removed.length + changes.updated.length;
      if (isNews || differences > 0 || pool.isDroppedChanged) jobs.push(changes);
    }
    if (jobs.length > 0) this.#deps.onChanges({ kind: "targets", jobs });
  }

  #logFailures(pool: TargetPool): void {
    for (const { jobName, source, index, reason } of pool.failures) {
      const err = `instance ${index} in group ${source}: ${reason}`;
      this.#deps.log.error("Creating target failed", { component: "scrape manager", scrape_pool: jobName, err });
    }
  }
}

function newPool(job: ScrapeConfig, index: number): TargetPool {
  const pool = new TargetPool(job, index);
  setStaticGroups(pool, job);
  return pool;
}

function updatePool(pool: TargetPool, job: ScrapeConfig, index: number): void {
  const isSame = pool.config.hash === job.hash;
  pool.setConfig(job, index);
  if (isSame) return;
  for (const source of pool.sources) {
    if (source.startsWith("static/")) pool.setGroup({ source, targets: [], labels: {} });
  }
  setStaticGroups(pool, job);
}

function setStaticGroups(pool: TargetPool, job: ScrapeConfig): void {
  job.staticGroups.forEach(({ targets, labels }, i) => {
    pool.setGroup({
      source: `static/${i}`,
      targets: targets.map((address) => ({ __address__: address })),
      labels,
    });
  });
}
