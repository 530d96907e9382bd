/** Whether a Prometheus accepts what it selected, and if not, why. One bad object never spoils the others. */
import { isIP } from "node:net";
import { isValidLabelName } from "../../../relabel/index.js";
import type {
  PodMonitor,
  PodMonitorPodMetricsEndpoint,
  Probe,
  ScrapeConfig,
  ServiceMonitor,
  ServiceMonitorEndpoint,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import type { AssetStore, NamespacedStore } from "../store.js";
import { nonEmpty, sortedKeys } from "../value.js";
import {
  checkOauth2,
  checkOneCredential,
  checkProxyConfig,
  checkSafeAuthorization,
  checkSafeTlsConfig,
  checkTlsConfig,
  needAuthorization,
  needBasicAuth,
  needOauth2,
  needProxy,
  needSafeTls,
  needTls,
} from "./check-http-client.js";
import { checkRelabelConfigs, nameValidationOf } from "./check-relabel.js";
import { checkDiscoveries } from "./check-service-discovery.js";
import type { PrometheusContext } from "./context.js";
import { selectsByRole } from "./kubernetes-sd.js";
import { requirementsOf } from "./label-selector.js";
import { checkScrapeTimeout } from "./sections.js";

/** @throws InvalidConfigurationError, as the functions below, with the reason. */
export function checkServiceMonitor(context: PrometheusContext, monitor: ServiceMonitor, assets: AssetStore): void {
  const spec = monitor.spec ?? {};
  const store = assets.forNamespace(monitor.metadata?.namespace ?? "");
  at("selector", () => requirementsOf(spec.selector));
  checkSelectorMechanism(context, spec);
  spec.endpoints?.forEach((endpoint, index) => {
    at(`endpoints[${index}]`, () => checkServiceEndpoint(context, endpoint, store));
  });
  checkScrapeClass(context, spec.scrapeClass);
}

function checkServiceEndpoint(
  context: PrometheusContext,
  endpoint: ServiceMonitorEndpoint,
  store: NamespacedStore,
): void {
  if (context.spec.arbitraryFSAccessThroughSMs?.deny) checkNoFiles(endpoint);
  checkOneCredential(endpoint);
  checkSafeAuthorization(endpoint.authorization);
  checkOauth2(endpoint.oauth2);
  at("tlsConfig", () => checkTlsConfig(endpoint.tlsConfig));
  checkProxyConfig(endpoint);
  if (nonEmpty(endpoint.bearerTokenSecret?.name) !== undefined) {
    at("bearerTokenSecret", () => store.needSecret(endpoint.bearerTokenSecret));
  }
  needBasicAuth(store, endpoint.basicAuth);
  needTls(store, endpoint.tlsConfig);
  needOauth2(store, endpoint.oauth2);
  needAuthorization(store, endpoint.authorization);
  checkScrapeTimeout(endpoint.scrapeTimeout, nonEmpty(endpoint.interval) ?? context.spec.scrapeInterval);
  at("relabelings", () => checkRelabelConfigs(endpoint.relabelings, context.version));
  at("metricRelabelings", () => checkRelabelConfigs(endpoint.metricRelabelings, context.version));
  needProxy(store, endpoint);
}

/** `arbitraryFSAccessThroughSMs`: a monitor's author must not read the pod's files. */
function checkNoFiles({ bearerTokenFile, tlsConfig }: ServiceMonitorEndpoint): void {
  const files = {
    bearerTokenFile,
    caFile: tlsConfig?.caFile,
    certFile: tlsConfig?.certFile,
    keyFile: tlsConfig?.keyFile,
  };
  for (const [field, path] of Object.entries(files)) {
    if (nonEmpty(path) !== undefined) invalid(`${field}: the Prometheus does not let monitors name files of its pods`);
  }
}

function checkSelectorMechanism(
  { version }: PrometheusContext,
  monitor: { readonly selectorMechanism?: string },
): void {
  if (selectsByRole(monitor) && version.isBelow("2.17.0")) {
    invalid("selectorMechanism: RoleSelector needs Prometheus 2.17.0 or later");
  }
}

function checkScrapeClass({ scrapeClasses }: PrometheusContext, name: string | undefined): void {
  if (nonEmpty(name) !== undefined && !scrapeClasses.has(name ?? "")) {
    invalid(`scrapeClass: the Prometheus has none of the name "${name}"`);
  }
}

export function checkPodMonitor(context: PrometheusContext, monitor: PodMonitor, assets: AssetStore): void {
  const spec = monitor.spec ?? {};
  const store = assets.forNamespace(monitor.metadata?.namespace ?? "");
  at("selector", () => requirementsOf(spec.selector));
  checkSelectorMechanism(context, spec);
  spec.podMetricsEndpoints?.forEach((endpoint, index) => {
    at(`podMetricsEndpoints[${index}]`, () => checkPodEndpoint(context, endpoint, store));
  });
  checkScrapeClass(context, spec.scrapeClass);
}

function checkPodEndpoint(
  context: PrometheusContext,
  endpoint: PodMonitorPodMetricsEndpoint,
  store: NamespacedStore,
): void {
  checkScrapeTimeout(endpoint.scrapeTimeout, nonEmpty(endpoint.interval) ?? context.spec.scrapeInterval);
  at("relabelings", () => checkRelabelConfigs(endpoint.relabelings, context.version));
  at("metricRelabelings", () => checkRelabelConfigs(endpoint.metricRelabelings, context.version));
  checkOneCredential(endpoint);
  checkSafeAuthorization(endpoint.authorization);
  checkOauth2(endpoint.oauth2);
  at("tlsConfig", () => checkSafeTlsConfig(endpoint.tlsConfig));
  const token = endpoint.bearerTokenSecret;
  if (nonEmpty(token?.name) !== undefined && nonEmpty(token?.key) !== undefined) {
    at("bearerTokenSecret", () => store.needSecret(token));
  }
  needBasicAuth(store, endpoint.basicAuth);
  needSafeTls(store, endpoint.tlsConfig);
  needOauth2(store, endpoint.oauth2);
  needAuthorization(store, endpoint.authorization);
  needProxy(store, endpoint);
}

export function checkProbe(context: PrometheusContext, probe: Probe, assets: AssetStore): void {
  const spec = probe.spec ?? {};
  const { targets } = spec;
  const store = assets.forNamespace(probe.metadata?.namespace ?? "");
  checkScrapeClass(context, spec.scrapeClass);
  if (targets?.staticConfig === undefined && targets?.ingress === undefined) {
    invalid("targets: staticConfig or ingress is needed");
  }
  if (spec.bearerTokenSecret !== undefined) at("bearerTokenSecret", () => store.needSecret(spec.bearerTokenSecret));
  needBasicAuth(store, spec.basicAuth);
  needSafeTls(store, spec.tlsConfig);
  needAuthorization(store, spec.authorization);
  needOauth2(store, spec.oauth2);
  checkScrapeTimeout(spec.scrapeTimeout, nonEmpty(spec.interval) ?? context.spec.scrapeInterval);
  at("metricRelabelings", () => checkRelabelConfigs(spec.metricRelabelings, context.version));
  at("targets.staticConfig", () => {
    checkStaticLabels(context, targets?.staticConfig?.labels);
    checkRelabelConfigs(targets?.staticConfig?.relabelingConfigs, context.version);
  });
  at("targets.ingress", () => checkRelabelConfigs(targets?.ingress?.relabelingConfigs, context.version));
  at("prober", () => {
    needProxy(store, spec.prober);
    checkProberAddress(spec.prober?.url ?? "");
  });
}

function checkStaticLabels({ version }: PrometheusContext, labels: Readonly<Record<string, string>> | undefined): void {
  for (const name of sortedKeys(labels)) {
    if (!isValidLabelName(name, nameValidationOf(version))) invalid(`"${name}" is not a label name`);
  }
}

const DNS_NAME = /^(?:[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,62}))(?:\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?$/;

function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text !== "" && text.replaceAll(".", "").length <= 255 && DNS_NAME.test(text));
}

/** `host` or `host:port`; an IPv6 address with a port is in brackets. */
function checkProberAddress(address: string): void {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address);
  const host = match === null ? address : (match[1] ?? match[2] ?? "");
  const port = match?.[3];
  const isPort = port === undefined || (/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65_536);
  if (!isHost(host) || !isPort) invalid(`url: "${address}" is neither host nor host:port`);
}

export function checkScrapeConfig(context: PrometheusContext, config: ScrapeConfig, assets: AssetStore): void {
  const spec = config.spec ?? {};
  const store = assets.forNamespace(config.metadata?.namespace ?? "");
  checkScrapeClass(context, spec.scrapeClass);
  at("relabelings", () => checkRelabelConfigs(spec.relabelings, context.version));
  needBasicAuth(store, spec.basicAuth);
  needAuthorization(store, spec.authorization);
  needOauth2(store, spec.oauth2);
  needSafeTls(store, spec.tlsConfig);
  checkScrapeTimeout(spec.scrapeTimeout, nonEmpty(spec.scrapeInterval) ?? context.spec.scrapeInterval);
  needProxy(store, spec);
  at("metricRelabelings", () => checkRelabelConfigs(spec.metricRelabelings, context.version));
  spec.staticConfigs?.forEach(({ labels }, index) => {
    at(`staticConfigs[${index}]`, () => checkStaticLabels(context, labels));
  });
  checkDiscoveries(context.version, spec, store);
}
