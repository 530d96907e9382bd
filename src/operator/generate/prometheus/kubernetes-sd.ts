/** The `kubernetes_sd_configs` of monitors and of Alertmanager endpoints. */
import type { LabelSelector, NamespaceSelector, PrometheusApiserverConfig } from "../../schema/generated/types.js";
import type { NamespacedStore } from "../store.js";
import { type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import type { PrometheusContext } from "./context.js";
import { authorization, basicAuth, proxy, tls } from "./http-client.js";
import { selectorText } from "./label-selector.js";
import { shardingZones } from "./sharding.js";

export interface KubernetesSd {
  readonly role: string;
  /** Of the object which the targets are looked up for. */
  readonly namespace: string;
  readonly namespaceSelector?: NamespaceSelector | undefined;
  readonly store: NamespacedStore;
  readonly attachMetadata?: AttachMetadata | undefined;
  /** Discovery asks the API server for these objects only. */
  readonly selectors?: readonly Mapping[];
}

interface AttachMetadata {
  readonly node?: boolean;
}

/** The role that finds a Service's targets. */
export function endpointsRole(
  { options, version, spec }: PrometheusContext,
  wanted?: string,
): "endpoints" | "endpointslice" {
  const isKnown = options.isEndpointSliceSupported && version.isAtLeast("2.21.0");
  return isKnown && (wanted ?? spec.serviceDiscoveryRole) === "EndpointSlice" ? "endpointslice" : "endpoints";
}

export function kubernetesSd(context: PrometheusContext, sd: KubernetesSd): Mapping {
  const namespaces = namespacesOf(context, sd);
  const selectors = [
    ...(context.options.isDaemonSet ? [{ role: "pod", field: "spec.nodeName=$(NODE_NAME)" }] : []),
    ...(sd.selectors ?? []),
  ];
  return {
    kubernetes_sd_configs: [
      {
        role: sd.role,
        namespaces: namespaces.length === 0 ? undefined : { names: namespaces },
        ...apiServer(context, sd.store, context.spec.apiserverConfig),
        attach_metadata: attachedMetadata(context, sd),
        selectors: nonEmptyList(selectors),
      },
    ],
  };
}

function namespacesOf({ spec }: PrometheusContext, { namespace, namespaceSelector }: KubernetesSd): readonly string[] {
  if (spec.ignoreNamespaceSelectors) return [namespace];
  if (namespaceSelector?.any) return [];
  return nonEmptyList(namespaceSelector?.matchNames) ?? [namespace];
}

function apiServer(
  context: PrometheusContext,
  store: NamespacedStore,
  config: PrometheusApiserverConfig | undefined,
): Mapping {
  if (config === undefined) return {};
  const client = { store, gate: context.gate, isTlsInline: context.options.isTlsInline };
  return {
    api_server: config.host ?? "",
    ...basicAuth(client, config.basicAuth),
    bearer_token: nonEmpty(config.bearerToken),
    bearer_token_file: nonEmpty(config.bearerTokenFile),
    ...authorization(client, config.authorization),
    ...tls(client, config.tlsConfig),
    ...proxy(client, config),
  };
}

/** First version whose role attaches the node's metadata. */
const ATTACH_SINCE: Readonly<Record<string, string>> = { pod: "2.35.0", endpoints: "2.37.0", endpointslice: "2.37.0" };

function attachedMetadata({ gate }: PrometheusContext, { role, attachMetadata }: KubernetesSd): Mapping | undefined {
  const since = ATTACH_SINCE[role];
  if (attachMetadata === undefined || since === undefined) return undefined;
  return gate.since(since, { node: attachMetadata.node ?? false });
}

/** Shards by zone need the node's zone, where pods do not carry it. */
export function withZones(
  context: PrometheusContext,
  metadata: AttachMetadata | undefined,
): AttachMetadata | undefined {
  const isNeeded = shardingZones(context) !== undefined && !context.options.hasPodTopologyLabels;
  return isNeeded ? { node: true } : metadata;
}

/** Lets the API server apply a monitor's selector, instead of relabelling. */
export function roleSelectors(
  monitor: { readonly selector?: LabelSelector; readonly selectorMechanism?: string },
  roles: readonly string[],
): readonly Mapping[] {
  if (!selectsByRole(monitor)) return [];
  const label = selectorText(monitor.selector);
  return roles.map((role) => ({ role, label }));
}

export function selectsByRole({ selectorMechanism }: { readonly selectorMechanism?: string }): boolean {
  return selectorMechanism !== undefined && selectorMechanism !== "RelabelConfig";
}
