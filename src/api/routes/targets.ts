/** `targets`, `scrape_pools`, `metadata`, `targets/metadata`: what is scraped, and what the scrapes said of metrics. */
import type { ActiveTarget, ApiDeps, MetricMetadata } from "../deps.js";
import { formatTime } from "../go-time.js";
import { type Parameters, parseGoInt } from "../parameters.js";
import { fail, respond, success } from "../respond.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure, invalidParameter } from "../types.js";
import { globalUrl } from "./global-url.js";

export async function targets(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const pool = request.query.get("scrapePool");
  const state = request.query.get("state").toLowerCase();
  const all = state === "" || state === "any";
  const inPool = (target: { readonly scrapePool: string }) => pool === "" || target.scrapePool === pool;
  const withDropped = all || state === "dropped";
  return success({
    activeTargets:
      all || state === "active"
        ? (await deps.targets.active()).filter(inPool).map((target) => activeTarget(target, deps))
        : [],
    droppedTargets: withDropped
      ? deps.targets
          .dropped()
          .filter(inPool)
          .map(({ discoveredLabels, scrapePool }) => ({ discoveredLabels: sorted(discoveredLabels), scrapePool }))
      : [],
    droppedTargetCounts: withDropped ? sorted(deps.targets.droppedCounts()) : null,
  });
}

function activeTarget(target: ActiveTarget, deps: ApiDeps): unknown {
  return {
    discoveredLabels: sorted(target.discoveredLabels),
    labels: sorted(target.labels),
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: globalUrl(target.scrapeUrl, deps.externalUrl, deps.listenPort),
    lastError: target.lastError,
    lastScrape: formatTime(target.lastScrapeMs),
    lastScrapeDuration: target.lastScrapeDurationSeconds,
    health: target.health,
    scrapeInterval: target.scrapeInterval,
    scrapeTimeout: target.scrapeTimeout,
  };
}

export async function relabelSteps({ query }: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const pool = query.get("scrapePool");
  if (pool === "") return fail(failure("bad_data", "no scrapePool parameter provided"));
  const labels = query.get("labels");
  if (labels === "") return fail(failure("bad_data", "no labels parameter provided"));
  return respond(await deps.rules.relabelSteps(pool, labels), false);
}

export function scrapePools(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return success({ scrapePools: [...deps.targets.scrapePools()].sort() });
}

export async function metadata(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const limit = numberParameter(request.form, "limit");
  if (typeof limit === "object") return fail(limit);
  const limitPerMetric = numberParameter(request.form, "limit_per_metric");
  if (typeof limitPerMetric === "object") return fail(limitPerMetric);
  const byMetric = new Map<string, Map<string, { type: string; unit: string; help: string }>>();
  for (const { metadata: items } of await deps.metadata.ofTargets(request.form.get("metric") || undefined)) {
    for (const { metric, type, help, unit } of items) {
      let entries = byMetric.get(metric);
      if (entries === undefined) {
        if (limit >= 0 && byMetric.size >= limit) continue;
        entries = new Map();
        byMetric.set(metric, entries);
      }
      if (limitPerMetric > 0 && entries.size >= limitPerMetric) continue;
      entries.set(`${type}\xff${unit}\xff${help}`, { type, unit, help });
    }
  }
  return success(sorted(Object.fromEntries([...byMetric].map(([name, entries]) => [name, [...entries.values()]]))));
}

export async function targetsMetadata(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const limit = numberParameter(request.form, "limit");
  if (typeof limit === "object") return fail(limit);
  const selector = request.form.get("match_target");
  const filter = selector === "" ? () => true : deps.metadata.targetFilter(selector);
  if (typeof filter === "object") return fail(invalidParameter("match_target", filter.message));
  const metric = request.form.get("metric");
  const found: unknown[] = [];
  for (const { target, metadata: items } of await deps.metadata.ofTargets(metric === "" ? undefined : metric)) {
    // As there: the limit is looked at between targets, so the last one may pass it.
    if (limit >= 0 && found.length >= limit) break;
    if (!filter(target)) continue;
    for (const item of items) found.push(targetMetadata(sorted(target), item, metric === ""));
  }
  return success(found);
}

function targetMetadata(target: Readonly<Record<string, string>>, item: MetricMetadata, named: boolean): unknown {
  const rest = { type: item.type, help: item.help, unit: item.unit };
  return named ? { target, metric: item.metric, ...rest } : { target, ...rest };
}

function numberParameter(form: Parameters, name: string): number | ApiFailure {
  const source = form.get(name);
  if (source === "") return -1;
  const value = parseGoInt(source, 64, "Atoi");
  return typeof value === "string" ? failure("bad_data", `${name} must be a number`) : value;
}

/** Go writes maps sorted by key. */
function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
