/** The `alerting` section: where alerts are sent. */
import { parse } from "yaml";
import type { PrometheusAlerting, PrometheusAlertingAlertmanager } from "../../schema/generated/types.js";
import { invalid } from "../invalid.js";
import { lower, type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import type { PrometheusContext } from "./context.js";
import { authorization, basicAuth, type ClientContext, proxy, sigv4, tls } from "./http-client.js";
import { endpointsRole, kubernetesSd } from "./kubernetes-sd.js";
import { keepIf, relabelConfigs } from "./relabel.js";

/** Raw YAML from Secrets that users maintain themselves. */
export interface AlertingExtras {
  readonly relabelConfigs?: string | undefined;
  readonly alertmanagerConfigs?: string | undefined;
}

export function alertingSection(
  context: PrometheusContext,
  client: ClientContext,
  alerting: PrometheusAlerting | undefined,
  extras: AlertingExtras,
): Mapping | undefined {
  const isAbsent =
    alerting === undefined && extras.relabelConfigs === undefined && extras.alertmanagerConfigs === undefined;
  if (isAbsent) return undefined;
  const replicaLabel = context.spec.replicaExternalLabelName ?? "prometheus_replica";
  return {
    alert_relabel_configs: [
      ...(replicaLabel === "" ? [] : [{ action: "labeldrop", regex: quoteRegex(replicaLabel) }]),
      ...rawList("additional alert relabel configs", extras.relabelConfigs),
    ],
    alertmanagers: [
      ...(alerting?.alertmanagers ?? []).map((endpoint) => alertmanager(context, client, endpoint)),
      ...rawList("additional Alertmanager configs", extras.alertmanagerConfigs),
    ],
  };
}

/** A list of mappings in YAML, as a user wrote it. */
export function rawList(what: string, text: string | undefined): Mapping[] {
  const list: unknown = text === undefined ? undefined : parseYaml(what, text);
  if (list === undefined || list === null) return [];
  if (
    !Array.isArray(list) ||
    !list.every((item) => typeof item === "object" && item !== null && !Array.isArray(item))
  ) {
    return invalid(`${what}: expected a list of mappings`);
  }
  return list as Mapping[];
}

function parseYaml(what: string, text: string): unknown {
  try {
    return parse(text, { version: "1.1", schema: "core", merge: true });
  } catch (error) {
    return invalid(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function alertmanager(
  context: PrometheusContext,
  client: ClientContext,
  endpoint: PrometheusAlertingAlertmanager,
): Mapping {
  const { gate } = client;
  return {
    scheme: lower(endpoint.scheme),
    path_prefix: endpoint.pathPrefix,
    timeout: endpoint.timeout,
    enable_http2: gate.since("2.35.0", endpoint.enableHttp2),
    ...tls(client, endpoint.tlsConfig),
    ...proxy(client, endpoint),
    ...kubernetesSd(context, {
      role: endpointsRole(context),
      namespace: endpoint.namespace ?? context.namespace,
      store: client.store,
    }),
    bearer_token_file: nonEmpty(endpoint.bearerTokenFile),
    ...gate.since("2.26.0", basicAuth(client, endpoint.basicAuth)),
    ...authorization(client, endpoint.authorization),
    ...gate.since("2.48.0", sigv4(client, endpoint.sigv4)),
    api_version: apiVersion(context, endpoint),
    relabel_configs: [
      keepIf(["__meta_kubernetes_service_name"], endpoint.name ?? ""),
      ...portSteps(context, endpoint),
      ...relabelConfigs(endpoint.relabelings),
    ],
    alert_relabel_configs: gate.since("2.51.0", nonEmptyList(relabelConfigs(endpoint.alertRelabelings))),
  };
}

/** Prometheus 3 speaks version 2 only. */
function apiVersion(
  { gate, version }: PrometheusContext,
  endpoint: PrometheusAlertingAlertmanager,
): string | undefined {
  const wanted = lower(endpoint.apiVersion);
  if (wanted !== "v2" && (wanted !== "v1" || version.major > 2)) return undefined;
  return gate.since("2.11.0", wanted);
}

function portSteps(context: PrometheusContext, { port }: PrometheusAlertingAlertmanager): Mapping[] {
  if (port === undefined || port === "" || port === 0) return [];
  if (typeof port === "number") return [keepIf(["__meta_kubernetes_pod_container_port_number"], String(port))];
  const object = endpointsRole(context) === "endpointslice" ? "endpointslice" : "endpoint";
  return [keepIf([`__meta_kubernetes_${object}_port_name`], port)];
}

/** A label's name as a regular expression that matches only it. */
function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
