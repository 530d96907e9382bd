/** What the jobs of all monitors have in common. */
import type { ObjectMeta } from "../../kube-object.js";
import type { PrometheusScrapeClass, RelabelConfig } from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { type Mapping, nonEmptyList } from "../value.js";
import { type PrometheusContext, scrapeClassOf } from "./context.js";
import type { ClientContext } from "./http-client.js";
import { fallbackProtocol, jobLimits, nativeHistograms, scrapeProtocols } from "./limits.js";
import { enforceInRelabelConfigs } from "./namespace-label.js";
import { copyIfSet, relabelConfigs, sanitizeLabelName } from "./relabel.js";

interface Monitor {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** A monitor that is being turned into jobs. */
export interface Job {
  readonly context: PrometheusContext;
  readonly monitor: Monitor;
  readonly name: string;
  readonly namespace: string;
  readonly scrapeClass: PrometheusScrapeClass;
  readonly client: ClientContext;
}

export function jobOf(
  context: PrometheusContext,
  monitor: Monitor,
  assets: AssetStore,
  scrapeClass: string | undefined,
): Job {
  const namespace = monitor.metadata?.namespace ?? "";
  return {
    context,
    monitor,
    name: monitor.metadata?.name ?? "",
    namespace,
    scrapeClass: scrapeClassOf(context, scrapeClass),
    client: { store: assets.forNamespace(namespace), gate: context.gate, isTlsInline: context.options.isTlsInline },
  };
}

/** Steps of the scrape class, then the monitor's own, then the enforced label. */
export function ownSteps(job: Job, configs: readonly RelabelConfig[] | undefined): Mapping[] {
  return [
    ...relabelConfigs(job.scrapeClass.relabelings),
    ...relabelConfigs(enforceInRelabelConfigs(job.context.spec, job.monitor, configs)),
  ];
}

export function metricRelabelConfigs(job: Job, configs: readonly RelabelConfig[] | undefined): Mapping {
  return {
    metric_relabel_configs: nonEmptyList([
      ...relabelConfigs(job.scrapeClass.metricRelabelings),
      ...relabelConfigs(enforceInRelabelConfigs(job.context.spec, job.monitor, configs)),
    ]),
  };
}

type LimitFields = Parameters<typeof jobLimits>[1] &
  Parameters<typeof nativeHistograms>[1] & {
    readonly scrapeProtocols?: readonly string[];
    readonly fallbackScrapeProtocol?: string;
  };

export function limitFields(job: Job, fields: LimitFields): Mapping {
  return {
    ...jobLimits(job.context, fields),
    ...nativeHistograms(job.context, fields),
    ...scrapeProtocols(job.context, fields.scrapeProtocols),
    ...fallbackProtocol(job.context, fields.fallbackScrapeProtocol, job.scrapeClass.fallbackScrapeProtocol),
  };
}

/** Copies labels of an object (`pod`, `service`) to its targets. */
export function targetLabelSteps(object: string, labels: readonly string[] | undefined): Mapping[] {
  return (labels ?? []).map((label) => {
    const name = sanitizeLabelName(label);
    return copyIfSet(`__meta_kubernetes_${object}_label_${name}`, name);
  });
}
