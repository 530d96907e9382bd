/**
 * Turns a configuration and what is found into targets, and reports differences. Runs in the control worker; nothing
 * here knows of threads. `apply` reports its difference before it returns; later changes are collected for a moment and
 * come in one batch.
 */
import type { Logger, Timers } from "../base/index.js";
import type { Config, FileDiscoveryConfig, ScrapeConfig } from "../config/index.js";
import { type DiscoveryFiles, FileDiscovery, type FileDiscoveryStats } from "./file.js";
import type { DiscoveryChanges, DroppedTargets, Target, TargetChanges, TargetGroup } from "./messages.js";
import { type TargetFailure, TargetPool } from "./pool.js";

export interface DiscoveryManagerOptions {
  /** Changes within this time make one batch. */
  readonly batchMs: number;
}

export interface DiscoveryManagerDeps {
  readonly files: DiscoveryFiles;
  readonly timers: Timers;
  readonly log: Logger;
  readonly onChanges: (changes: DiscoveryChanges) => void;
}

interface FileProvider {
  readonly discovery: FileDiscovery;
  /** Names of the jobs that use it. */
  jobs: readonly string[];
}

export class DiscoveryManager {
  readonly #options: DiscoveryManagerOptions;
  readonly #deps: DiscoveryManagerDeps;
  readonly #pools = new Map<string, TargetPool>();
  readonly #providers = new Map<string, FileProvider>();
  /** `configHash` and index that the receiver knows of each job. */
  readonly #announced = new Map<string, string>();
  #stopBatch: (() => void) | undefined;
  #isApplying = false;

  constructor(options: DiscoveryManagerOptions, deps: DiscoveryManagerDeps) {
    this.#options = options;
    this.#deps = deps;
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

  /** For the metrics of file discovery. */
  fileStats(): readonly FileDiscoveryStats[] {
    return [...this.#providers.values()].map(({ discovery }) => discovery.stats);
  }

  close(): void {
    this.#stopBatch?.();
    for (const { discovery } of this.#providers.values()) discovery.close();
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
    const wanted = new Map<string, { readonly config: FileDiscoveryConfig; readonly jobs: string[] }>();
    for (const job of jobs) {
      for (const config of job.fileDiscoveries) {
        const key = JSON.stringify(config);
        const users = wanted.get(key)?.jobs ?? [];
        if (!users.includes(job.jobName)) users.push(job.jobName);
        wanted.set(key, { config, jobs: users });
      }
    }
    for (const [key, provider] of this.#providers) {
      const users = wanted.get(key)?.jobs ?? [];
      for (const jobName of provider.jobs) {
        if (!users.includes(jobName)) this.#removeGroups(jobName, provider.discovery.groups, key);
      }
      if (wanted.has(key)) continue;
      provider.discovery.close();
      this.#providers.delete(key);
    }
    for (const [key, { config, jobs: users }] of wanted) {
      const known = this.#providers.get(key);
      if (known === undefined) this.#startProvider(key, config, users);
      else {
        const joined = users.filter((jobName) => !known.jobs.includes(jobName));
        known.jobs = users;
        this.#setGroups(joined, known.discovery.groups, key);
      }
    }
  }

  #startProvider(key: string, config: FileDiscoveryConfig, jobs: readonly string[]): void {
    const discovery = new FileDiscovery(config, this.#deps, (groups) => {
      this.#setGroups(provider.jobs, groups, key);
      if (!this.#isApplying) this.#reportSoon();
    });
    const provider: FileProvider = { discovery, jobs };
    this.#providers.set(key, provider);
    discovery.start();
  }

  #setGroups(jobs: readonly string[], groups: readonly TargetGroup[], key: string): void {
    for (const jobName of jobs) {
      const pool = this.#pools.get(jobName);
      for (const group of groups) pool?.setGroup({ ...group, source: `file/${key}/${group.source}` });
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
      if (isNews || changes.added.length + changes.removed.length + changes.updated.length > 0) jobs.push(changes);
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
