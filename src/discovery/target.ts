/**
 * From what discovery found to a target that can be scraped: labels that every target has, relabelling, checks, URL.
 * Pure functions; the words of a refusal are Prometheus'.
 */
import { createHash } from "node:crypto";
import { errorMessage } from "../base/index.js";
import type { ScrapeConfig } from "../config/index.js";
import { formatDuration, Labels, parseDuration, quoteGo } from "../model/index.js";
import { type CompiledRule, isWellFormed, relabel } from "../relabel/index.js";
import type { DroppedTarget, LabelRecord, Target } from "./messages.js";
import { targetUrl } from "./url.js";

const PARAM_PREFIX = "__param_";
const META_PREFIX = "__meta_";
const RESERVED_PREFIX = "__";

export type TargetOutcome =
  | { readonly kind: "active"; readonly target: Target }
  | { readonly kind: "dropped"; readonly target: DroppedTarget }
  | { readonly kind: "failed"; readonly reason: string };

/** What a target needs of its job: the settings and the compiled rules. */
export interface TargetJob {
  readonly config: ScrapeConfig;
  readonly index: number;
  readonly rules: readonly CompiledRule[];
}

/** The labels before relabelling: of the target, then of its group, then the job's own where they are missing. */
export function discoveredLabels(config: ScrapeConfig, own: LabelRecord, group: LabelRecord): Labels {
  const labels = new Map<string, string>();
  for (const [name, value] of Object.entries(own)) labels.set(name, value);
  for (const [name, value] of Object.entries(group)) if (!Object.hasOwn(own, name)) labels.set(name, value);
  const setMissing = (name: string, value: string): void => {
    if ((labels.get(name) ?? "") === "") labels.set(name, value);
  };
  setMissing("job", config.jobName);
  setMissing("__scrape_interval__", formatDuration(config.intervalMs));
  setMissing("__scrape_timeout__", formatDuration(config.timeoutMs));
  setMissing("__metrics_path__", config.metricsPath);
  setMissing("__scheme__", config.scheme);
  for (const [name, values] of Object.entries(config.params)) {
    const [first] = values;
    if (first !== undefined) setMissing(PARAM_PREFIX + name, first);
  }
  return Labels.of(labels);
}

export function makeTarget(job: TargetJob, own: LabelRecord, group: LabelRecord): TargetOutcome {
  const { config } = job;
  const discovered = discoveredLabels(config, own, group);
  const { labels, droppedBy } = relabel(discovered, job.rules);
  if (labels === undefined) {
    const { jobName } = config;
    const target = { jobIndex: job.index, jobName, discoveredLabels: discovered.toObject(), droppedBy: droppedBy ?? 0 };
    return { kind: "dropped", target };
  }
  const reason = checkAddress(labels.get("__address__"));
  if (reason !== undefined) return { kind: "failed", reason };
  const timing = checkTiming(labels);
  if (typeof timing === "string") return { kind: "failed", reason: timing };
  const bad = [...labels.entries()].find(([, value]) => !isWellFormed(value));
  if (bad !== undefined)
    return { kind: "failed", reason: `invalid label value for ${quoteGo(bad[0])}: ${quoteGo(bad[1])}` };
  return { kind: "active", target: activeTarget(job, discovered, labels, timing) };
}

function activeTarget(job: TargetJob, discovered: Labels, relabelled: Labels, timing: Timing): Target {
  const all = relabelled.toObject();
  all["instance"] ||= relabelled.get("__address__");
  const kept = Object.entries(all).filter(([name]) => !name.startsWith(META_PREFIX));
  const visible = kept.filter(([name]) => !name.startsWith(RESERVED_PREFIX));
  const url = targetUrl(relabelled, job.config.params);
  return {
    key: targetKey(kept, url),
    jobIndex: job.index,
    jobName: job.config.jobName,
    labels: Object.fromEntries(visible),
    discoveredLabels: discovered.toObject(),
    url,
    scheme: relabelled.get("__scheme__"),
    address: relabelled.get("__address__"),
    intervalMs: timing.intervalMs,
    timeoutMs: timing.timeoutMs,
    scrapeInterval: relabelled.get("__scrape_interval__"),
    scrapeTimeout: relabelled.get("__scrape_timeout__"),
  };
}

interface Timing {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** The interval and time-out that the labels ask for, or why they cannot be. */
function checkTiming(labels: Labels): Timing | string {
  const interval = labels.get("__scrape_interval__");
  const timeout = labels.get("__scrape_timeout__");
  const intervalMs = durationOf(interval);
  if (typeof intervalMs === "string") return `error parsing scrape interval: ${intervalMs}`;
  if (intervalMs === 0) return "scrape interval cannot be 0";
  const timeoutMs = durationOf(timeout);
  if (typeof timeoutMs === "string") return `error parsing scrape timeout: ${timeoutMs}`;
  if (timeoutMs === 0) return "scrape timeout cannot be 0";
  if (timeoutMs > intervalMs) {
    return `scrape timeout cannot be greater than scrape interval (${quoteGo(timeout)} > ${quoteGo(interval)})`;
  }
  return { intervalMs, timeoutMs };
}

function durationOf(text: string): number | string {
  try {
    return parseDuration(text);
  } catch (error) {
    // parseDuration throws nothing but its verdict on the text.
    return errorMessage(error);
  }
}

function checkAddress(address: string): string | undefined {
  if (address === "") return "no address";
  return address.includes("/") ? `${quoteGo(address)} is not a valid hostname` : undefined;
}

/** Equal for targets that Prometheus takes for one: the same labels, hidden ones included, and the same URL. */
function targetKey(labels: readonly (readonly [string, string])[], url: string): string {
  const hash = createHash("sha256");
  for (const [name, value] of labels.toSorted(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${name}\0${value}\0`);
  return hash.update(url).digest("base64url");
}
