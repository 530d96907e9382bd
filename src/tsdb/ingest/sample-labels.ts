/** From the labels that a target exposes to those that are stored: target labels, `exported_`, relabelling, limits. */
import type { SeriesText } from "../../exposition/index.js";
import { compareBytes, Labels, METRIC_NAME } from "../../model/index.js";
import type { ScrapeTargetOptions } from "../../storage/index.js";

/** Labels of an exposed series after the target's labels and metric relabelling; undefined if relabelling drops it. */
export function sampleLabels({ pairs, emptied }: SeriesText, options: ScrapeTargetOptions): Labels | undefined {
  const merged = options.honorLabels ? honored(pairs, emptied, options.labels) : overridden(pairs, options.labels);
  if (options.relabelMetric === undefined) return merged;
  const relabelled = options.relabelMetric(merged);
  return relabelled === undefined || relabelled.size === 0 ? undefined : relabelled;
}

/** Labels of a series that the scrape itself reports, such as `up`. */
export function reportLabels(metric: string, target: Labels): Labels {
  return target.with(METRIC_NAME, metric);
}

/** What is wrong with a label set by the target's limits, in Prometheus' words; undefined if nothing is. */
export function labelLimitProblem(labels: Labels, { limits }: ScrapeTargetOptions): string | undefined {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = limits;
  if (labelLimit === 0 && labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return undefined;
  const metric = labels.get(METRIC_NAME);
  if (labelLimit > 0 && labels.size > labelLimit) {
    return `label_limit exceeded (metric: ${shown(metric)}, number of labels: ${labels.size}, limit: ${labelLimit})`;
  }
  for (const [name, value] of labels.entries()) {
    const nameBytes = Buffer.byteLength(name);
    if (labelNameLengthLimit > 0 && nameBytes > labelNameLengthLimit) {
      return `label_name_length_limit exceeded (metric: ${shown(metric)}, label name: ${name}, length: ${nameBytes}, limit: ${labelNameLengthLimit})`;
    }
    const valueBytes = Buffer.byteLength(value);
    if (labelValueLengthLimit > 0 && valueBytes > labelValueLengthLimit) {
      return `label_value_length_limit exceeded (metric: ${shown(metric)}, label name: ${name}, value: ${JSON.stringify(value)}, length: ${valueBytes}, limit: ${labelValueLengthLimit})`;
    }
  }
  return undefined;
}

/** Prometheus shows at most 50 characters of the metric's name. */
function shown(metric: string): string {
  return metric.length > 50 ? metric.slice(0, 50) : metric;
}

/** `honor_labels`: what the target says wins, an empty value too; the target's own labels fill up. */
function honored(exposed: readonly string[], emptied: readonly string[], target: Labels): Labels {
  if (!emptied.some((name) => target.has(name))) return mergeSorted(exposed, target.pairs, true);
  const filling = [...target.entries()].filter(([name]) => !emptied.includes(name)).flat();
  return mergeSorted(exposed, filling, true);
}

/** The target's labels win; an exposed label of the same name lives on as `exported_NAME`. */
function overridden(exposed: readonly string[], target: Labels): Labels {
  const merged = mergeSorted(exposed, target.pairs, false);
  let conflicts: [string, string][] | undefined;
  for (let i = 0; i < exposed.length; i += 2) {
    if (!target.has(exposed[i]!)) continue;
    conflicts ??= [];
    conflicts.push([exposed[i]!, exposed[i + 1]!]);
  }
  if (conflicts === undefined) return merged;
  const map = new Map(merged.entries());
  conflicts.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of conflicts) {
    let free = `exported_${name}`;
    while (map.has(free)) free = `exported_${free}`;
    map.set(free, value);
  }
  return Labels.of(map);
}

/** Both lists are flat and sorted; of a name in both, the first list's pair counts if `firstWins`. */
function mergeSorted(first: readonly string[], second: readonly string[], firstWins: boolean): Labels {
  const pairs: string[] = [];
  let i = 0;
  let k = 0;
  while (i < first.length || k < second.length) {
    const order = i >= first.length ? 1 : k >= second.length ? -1 : compareBytes(first[i]!, second[k]!);
    if (order < 0 || (order === 0 && firstWins)) pairs.push(first[i]!, first[i + 1]!);
    else pairs.push(second[k]!, second[k + 1]!);
    if (order <= 0) i += 2;
    if (order >= 0) k += 2;
  }
  return new Labels(pairs);
}
