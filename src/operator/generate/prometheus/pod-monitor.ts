/** Jobs of a PodMonitor: one an endpoint. */
import type { PodMonitor, PodMonitorPodMetricsEndpoint } from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { lower, type Mapping, nonEmpty, nonZero } from "../value.js";
import { type PrometheusContext, shardCount } from "./context.js";
import {
  authorization,
  basicAuth,
  bearerToken,
  mergeAuthorization,
  mergeSafeTls,
  oauth2,
  proxy,
  tls,
} from "./http-client.js";
import { kubernetesSd, roleSelectors, selectsByRole, withZones } from "./kubernetes-sd.js";
import { honorLabels, honorTimestamps, jobBodySize, trackStaleness } from "./limits.js";
import { jobOf, limitFields, metricRelabelConfigs, ownSteps, targetLabelSteps } from "./monitor.js";
import { copyLabel, DROP_ENDED_PODS, KEEP_JOB_NAME, keepIf, selectorSteps, setLabel } from "./relabel.js";
import { containerPortSteps, endpointLabel, jobLabelSteps } from "./service-monitor.js";
import { shardingSteps } from "./sharding.js";

export function podMonitorJobs(context: PrometheusContext, monitor: PodMonitor, assets: AssetStore): Mapping[] {
  return (monitor.spec?.podMetricsEndpoints ?? []).map((endpoint, index) =>
    endpointJob(context, monitor, endpoint, index, assets),
  );
}

function endpointJob(
  context: PrometheusContext,
  monitor: PodMonitor,
  endpoint: PodMonitorPodMetricsEndpoint,
  index: number,
  assets: AssetStore,
): Mapping {
  const spec = monitor.spec ?? {};
  const job = jobOf(context, monitor, assets, spec.scrapeClass);
  const { client, scrapeClass } = job;
  return {
    job_name: `podMonitor/${job.namespace}/${job.name}/${index}`,
    ...honorLabels(context, endpoint.honorLabels),
    ...honorTimestamps(context, endpoint.honorTimestamps),
    ...trackStaleness(context, endpoint.trackTimestampsStaleness),
    ...kubernetesSd(context, {
      role: "pod",
      namespace: job.namespace,
      namespaceSelector: spec.namespaceSelector,
      store: client.store,
      attachMetadata: withZones(context, spec.attachMetadata ?? scrapeClass.attachMetadata),
      selectors: roleSelectors(spec, ["pod"]),
    }),
    scrape_interval: nonEmpty(endpoint.interval),
    scrape_timeout: nonEmpty(endpoint.scrapeTimeout),
    metrics_path: nonEmpty(endpoint.path),
    params: endpoint.params,
    scheme: lower(endpoint.scheme),
    follow_redirects: client.gate.since("2.26.0", endpoint.followRedirects),
    enable_http2: client.gate.since("2.35.0", endpoint.enableHttp2),
    ...tls(client, mergeSafeTls(endpoint.tlsConfig, scrapeClass)),
    ...bearerToken(client, endpoint.bearerTokenSecret),
    ...basicAuth(client, endpoint.basicAuth),
    ...oauth2(client, endpoint.oauth2),
    ...proxy(client, endpoint),
    ...authorization(client, mergeAuthorization(endpoint.authorization, scrapeClass)),
    relabel_configs: [
      KEEP_JOB_NAME,
      ...(endpoint.filterRunning === false ? [] : [DROP_ENDED_PODS]),
      ...(selectsByRole(spec) ? [] : selectorSteps("pod", spec.selector)),
      ...portSteps(endpoint),
      copyLabel("__meta_kubernetes_namespace", "namespace"),
      copyLabel("__meta_kubernetes_pod_container_name", "container"),
      copyLabel("__meta_kubernetes_pod_name", "pod"),
      ...targetLabelSteps("pod", spec.podTargetLabels),
      ...targetLabelSteps("pod", context.spec.podTargetLabels),
      setLabel("job", `${job.namespace}/${job.name}`),
      ...jobLabelSteps("pod", spec.jobLabel),
      ...endpointLabel(endpoint),
      ...ownSteps(job, endpoint.relabelings),
      ...(context.options.isDaemonSet ? [] : shardingSteps(context, shardCount(context.spec))),
    ],
    ...limitFields(job, spec),
    ...jobBodySize(context, spec.bodySizeLimit),
    ...metricRelabelConfigs(job, endpoint.metricRelabelings),
  };
}

function portSteps({ port, portNumber, targetPort }: PodMonitorPodMetricsEndpoint): Mapping[] {
  const name = nonEmpty(port);
  if (name !== undefined) return [keepIf(["__meta_kubernetes_pod_container_port_name"], name)];
  return containerPortSteps(nonZero(portNumber) ?? targetPort);
}
