/** Jobs of a ServiceMonitor: one an endpoint. */
import type { ServiceMonitor, ServiceMonitorEndpoint } from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { lower, type Mapping, nonEmpty } from "../value.js";
import { type PrometheusContext, shardCount } from "./context.js";
import {
  authorization,
  basicAuth,
  bearerToken,
  mergeAuthorization,
  mergeTls,
  oauth2,
  proxy,
  tls,
} from "./http-client.js";
import { endpointsRole, kubernetesSd, roleSelectors, selectsByRole, withZones } from "./kubernetes-sd.js";
import { honorLabels, honorTimestamps, jobBodySize, trackStaleness } from "./limits.js";
import { jobOf, limitFields, metricRelabelConfigs, ownSteps, targetLabelSteps } from "./monitor.js";
import {
  copyIfSet,
  copyLabel,
  DROP_ENDED_PODS,
  KEEP_JOB_NAME,
  keepIf,
  sanitizeLabelName,
  selectorSteps,
  setLabel,
} from "./relabel.js";
import { shardingSteps } from "./sharding.js";

export function serviceMonitorJobs(context: PrometheusContext, monitor: ServiceMonitor, assets: AssetStore): Mapping[] {
  return (monitor.spec?.endpoints ?? []).map((endpoint, index) =>
    endpointJob(context, monitor, endpoint, index, assets),
  );
}

function endpointJob(
  context: PrometheusContext,
  monitor: ServiceMonitor,
  endpoint: ServiceMonitorEndpoint,
  index: number,
  assets: AssetStore,
): Mapping {
  const spec = monitor.spec ?? {};
  const job = jobOf(context, monitor, assets, spec.scrapeClass);
  const { client, scrapeClass } = job;
  const role = endpointsRole(context, spec.serviceDiscoveryRole);
  return {
    job_name: `serviceMonitor/${job.namespace}/${job.name}/${index}`,
    ...honorLabels(context, endpoint.honorLabels),
    ...honorTimestamps(context, endpoint.honorTimestamps),
    ...trackStaleness(context, endpoint.trackTimestampsStaleness),
    ...kubernetesSd(context, {
      role,
      namespace: job.namespace,
      namespaceSelector: spec.namespaceSelector,
      store: client.store,
      attachMetadata: withZones(context, spec.attachMetadata ?? scrapeClass.attachMetadata),
      selectors: roleSelectors(spec, [role, "service"]),
    }),
    scrape_interval: nonEmpty(endpoint.interval),
    scrape_timeout: nonEmpty(endpoint.scrapeTimeout),
    metrics_path: nonEmpty(endpoint.path),
    params: endpoint.params,
    scheme: lower(endpoint.scheme),
    follow_redirects: client.gate.since("2.26.0", endpoint.followRedirects),
    enable_http2: client.gate.since("2.35.0", endpoint.enableHttp2),
    ...proxy(client, endpoint),
    ...oauth2(client, endpoint.oauth2),
    ...tls(client, mergeTls(endpoint.tlsConfig, scrapeClass)),
    bearer_token_file: nonEmpty(endpoint.bearerTokenFile),
    ...bearerToken(client, endpoint.bearerTokenSecret),
    ...basicAuth(client, endpoint.basicAuth),
    ...authorization(client, mergeAuthorization(endpoint.authorization, scrapeClass)),
    relabel_configs: [
      KEEP_JOB_NAME,
      ...(selectsByRole(spec) ? [] : selectorSteps("service", spec.selector)),
      ...portSteps(endpoint, role),
      ...objectSteps(role),
      ...(endpoint.filterRunning === false ? [] : [DROP_ENDED_PODS]),
      ...targetLabelSteps("service", spec.targetLabels),
      ...targetLabelSteps("pod", spec.podTargetLabels),
      ...targetLabelSteps("pod", context.spec.podTargetLabels),
      { ...copyLabel("__meta_kubernetes_service_name", "job"), replacement: "${" + "1}" },
      ...jobLabelSteps("service", spec.jobLabel),
      ...endpointLabel(endpoint),
      ...ownSteps(job, endpoint.relabelings),
      ...shardingSteps(context, shardCount(context.spec)),
    ],
    ...limitFields(job, spec),
    ...jobBodySize(context, spec.bodySizeLimit),
    ...metricRelabelConfigs(job, endpoint.metricRelabelings),
  };
}

/** Keeps the targets of the wanted port. */
function portSteps({ port, targetPort }: ServiceMonitorEndpoint, role: string): Mapping[] {
  const name = nonEmpty(port);
  if (name !== undefined) {
    return [keepIf([`__meta_kubernetes_${role === "endpointslice" ? "endpointslice" : "endpoint"}_port_name`], name)];
  }
  return containerPortSteps(targetPort);
}

export function containerPortSteps(port: number | string | undefined): Mapping[] {
  if (port === undefined || port === "" || port === 0) return [];
  return [keepIf([`__meta_kubernetes_pod_container_port_${typeof port === "string" ? "name" : "number"}`], port)];
}

/** Names of the objects behind a target. */
function objectSteps(role: string): Mapping[] {
  const prefix = `__meta_kubernetes_${role === "endpointslice" ? "endpointslice" : "endpoint"}_address_target`;
  const owner = (kind: string, label: string): Mapping => ({
    source_labels: [`${prefix}_kind`, `${prefix}_name`],
    separator: ";",
    regex: `${kind};(.*)`,
    replacement: "${" + "1}",
    target_label: label,
  });
  return [
    owner("Node", "node"),
    owner("Pod", "pod"),
    copyLabel("__meta_kubernetes_namespace", "namespace"),
    copyLabel("__meta_kubernetes_service_name", "service"),
    copyLabel("__meta_kubernetes_pod_name", "pod"),
    copyLabel("__meta_kubernetes_pod_container_name", "container"),
  ];
}

/** The job's name may come from a label of the object. */
export function jobLabelSteps(object: string, label: string | undefined): Mapping[] {
  const name = nonEmpty(label);
  return name === undefined ? [] : [copyIfSet(`__meta_kubernetes_${object}_label_${sanitizeLabelName(name)}`, "job")];
}

export function endpointLabel({
  port,
  targetPort,
}: {
  readonly port?: string;
  readonly targetPort?: number | string;
}): Mapping[] {
  const name = nonEmpty(port) ?? nonEmpty(targetPort?.toString());
  return name === undefined ? [] : [setLabel("endpoint", name)];
}
