/** The job of a Probe: its targets become parameters of the prober. */
import type { Probe, ProbeSpec } from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { lower, type Mapping, nonEmpty } from "../value.js";
import { type PrometheusContext, shardCount } from "./context.js";
import { authorization, basicAuth, mergeAuthorization, mergeSafeTls, oauth2, proxy, tls } from "./http-client.js";
import { kubernetesSd } from "./kubernetes-sd.js";
import { honorTimestamps } from "./limits.js";
import { type Job, jobOf, limitFields, metricRelabelConfigs, ownSteps } from "./monitor.js";
import { copyLabel, KEEP_JOB_NAME, selectorSteps, setLabel } from "./relabel.js";
import { shardingSteps } from "./sharding.js";

export function probeJob(context: PrometheusContext, probe: Probe, assets: AssetStore): Mapping {
  const spec = probe.spec ?? {};
  const job = jobOf(context, probe, assets, spec.scrapeClass);
  const { client, scrapeClass } = job;
  const targets = targetsOf(job, spec);
  return {
    job_name: `probe/${job.namespace}/${job.name}`,
    ...honorTimestamps(context, true),
    metrics_path: spec.prober?.path ?? "",
    scrape_interval: nonEmpty(spec.interval),
    scrape_timeout: nonEmpty(spec.scrapeTimeout),
    scheme: lower(spec.prober?.scheme),
    params: paramsOf(spec),
    ...limitFields(job, spec),
    body_size_limit: client.gate.since("2.28.0", nonEmpty(context.spec.enforcedBodySizeLimit)),
    ...proxy(client, spec.prober),
    follow_redirects: client.gate.since("2.26.0", spec.followRedirects),
    enable_http2: client.gate.since("2.35.0", spec.enableHttp2),
    ...tls(client, mergeSafeTls(spec.tlsConfig, scrapeClass)),
    ...targets.discovery,
    relabel_configs: [
      KEEP_JOB_NAME,
      ...(nonEmpty(spec.jobName) === undefined ? [] : [setLabel("job", spec.jobName ?? "")]),
      ...targets.steps,
      ...shardingSteps(context, shardCount(context.spec), "__param_target"),
    ],
    bearer_token: spec.bearerTokenSecret === undefined ? undefined : client.store.secret(spec.bearerTokenSecret),
    ...basicAuth(client, spec.basicAuth),
    ...oauth2(client, spec.oauth2),
    ...authorization(client, mergeAuthorization(spec.authorization, scrapeClass)),
    ...metricRelabelConfigs(job, spec.metricRelabelings),
  };
}

/** The module is a parameter too, and wins over one of that name. */
function paramsOf({ module, params }: ProbeSpec): Mapping | undefined {
  const own = nonEmpty(module);
  const out: { [name: string]: readonly string[] } = own === undefined ? {} : { module: [own] };
  for (const { name = "", values = [] } of params ?? []) {
    if (own === undefined || name !== "module") out[name] = values;
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

interface Targets {
  readonly discovery: Mapping;
  readonly steps: readonly Mapping[];
}

function targetsOf(job: Job, { targets, prober }: ProbeSpec): Targets {
  const toProber = [copyLabel("__param_target", "instance"), setLabel("__address__", prober?.url ?? "")];
  if (targets?.staticConfig !== undefined) {
    const { static: addresses = [], labels, relabelingConfigs } = targets.staticConfig;
    return {
      discovery: { static_configs: [{ targets: addresses, labels: { namespace: job.namespace, ...labels } }] },
      steps: [copyLabel("__address__", "__param_target"), ...toProber, ...ownSteps(job, relabelingConfigs)],
    };
  }
  if (targets?.ingress === undefined) return { discovery: {}, steps: [] };
  const { selector, namespaceSelector, relabelingConfigs } = targets.ingress;
  return {
    discovery: kubernetesSd(job.context, {
      role: "ingress",
      namespace: job.namespace,
      namespaceSelector,
      store: job.client.store,
    }),
    steps: [
      ...selectorSteps("ingress", selector),
      {
        source_labels: ["__meta_kubernetes_ingress_scheme", "__address__", "__meta_kubernetes_ingress_path"],
        separator: ";",
        regex: "(.+);(.+);(.+)",
        target_label: "__param_target",
        replacement: "${" + "1}://${" + "2}${" + "3}",
        action: "replace",
      },
      copyLabel("__meta_kubernetes_namespace", "namespace"),
      copyLabel("__meta_kubernetes_ingress_name", "ingress"),
      {
        source_labels: ["__address__"],
        separator: ";",
        regex: "(.*)",
        target_label: "__tmp_ingress_address",
        replacement: "$1",
        action: "replace",
      },
      ...toProber,
      ...ownSteps(job, relabelingConfigs),
    ],
  };
}
