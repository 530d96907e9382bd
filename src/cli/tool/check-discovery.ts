/** `check service-discovery`: what a job finds within a time, before and after relabelling. */
import { readFileSync } from "node:fs";
import { silentLogger, systemTimers, VestalError } from "../../base/index.js";
import { type DiscoveryConfig, loadConfig, type ScrapeConfig } from "../../config/index.js";
import {
  createDiscovery,
  discoveredLabels,
  diskDiscoveryFiles,
  InformerPool,
  makeTarget,
  type TargetGroup,
} from "../../discovery/index.js";
import { DEFAULT_INFORMER_LIMITS } from "../../kubernetes/index.js";
import { compileRules, relabel } from "../../relabel/index.js";
import { vestalVersion } from "../version.js";
import { EXIT_FAILURE, EXIT_SUCCESS, type ToolIo } from "./io.js";

type LabelRecord = Readonly<Record<string, string>>;

interface Found {
  readonly discoveredLabels: LabelRecord;
  readonly labels: LabelRecord;
  /** Empty: promtool shows that there is an error, and not which. */
  readonly error?: Record<string, never>;
}

/** @returns the exit code. */
export async function checkDiscovery(
  io: ToolIo,
  { file, job, timeoutMs }: { readonly file: string; readonly job: string; readonly timeoutMs: number },
): Promise<number> {
  let jobs: readonly ScrapeConfig[];
  try {
    jobs = loadConfig(readFileSync(file, "utf8"), { file, env: process.env }).config.scrapeConfigs;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    io.err(`Cannot load config ${error.message}\n`);
    return EXIT_FAILURE;
  }
  const config = jobs.find(({ jobName }) => jobName === job);
  if (config === undefined) {
    io.err(`Job ${job} not found. Select one of:\n${jobs.map(({ jobName }) => `\t${jobName}\n`).join("")}`);
    return EXIT_FAILURE;
  }
  let groups: readonly TargetGroup[];
  try {
    groups = await discover(config, timeoutMs);
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    io.err(`Could not create new discoverer ${error.message}\n`);
    return EXIT_FAILURE;
  }
  io.out(goJson(foundBy(config, groups)));
  return EXIT_SUCCESS;
}

/** Every group that was told within the time, static ones first. */
async function discover(config: ScrapeConfig, timeoutMs: number): Promise<readonly TargetGroup[]> {
  const groups: TargetGroup[] = config.staticGroups.map(({ targets, labels }, i) => ({
    source: String(i),
    targets: targets.map((address) => ({ __address__: address })),
    labels,
  }));
  const deps = {
    files: diskDiscoveryFiles(silentLogger),
    timers: systemTimers,
    random: Math.random,
    log: silentLogger,
    userAgent: `Vestal/${vestalVersion()}`,
    informers: new InformerPool(DEFAULT_INFORMER_LIMITS),
    onKubernetesEvent: () => {},
    onFailure: () => {},
  };
  const running = config.discoveries.map((sd: DiscoveryConfig) =>
    createDiscovery(sd, deps, (found) => void groups.push(...found)),
  );
  try {
    for (const discovery of running) discovery.start();
    // As promtool, all of the time: nobody knows that there is nothing more to come.
    await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  } finally {
    for (const discovery of running) discovery.close();
  }
  return groups;
}

function foundBy(config: ScrapeConfig, groups: readonly TargetGroup[]): readonly Found[] {
  const rules = compileRules(config.relabelRules);
  const found = new Map<string, Found>();
  for (const group of groups) {
    for (const target of group.targets) {
      const discovered = discoveredLabels(config, target, group.labels);
      const outcome = makeTarget({ config, index: 0, rules }, target, group.labels);
      const one: Found = {
        discoveredLabels: sorted(discovered.toObject()),
        labels:
          outcome.kind === "active" ? sorted(finalLabels(relabel(discovered, rules).labels?.toObject() ?? {})) : {},
        ...(outcome.kind === "failed" && { error: {} }),
      };
      found.set(JSON.stringify([group.source, one]), one);
    }
  }
  return [...found.values()];
}

/** All that relabelling left but what discovery told: those of scraping too. */
function finalLabels(labels: LabelRecord): LabelRecord {
  const kept = Object.entries(labels).filter(([name]) => !name.startsWith("__meta_"));
  return { ...Object.fromEntries(kept), instance: labels["instance"] || (labels["__address__"] ?? "") };
}

function sorted(labels: LabelRecord): LabelRecord {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As Go writes JSON with an indent: without what would be markup in a page. */
function goJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
