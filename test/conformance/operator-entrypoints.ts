/** Which pure function of the operator answers which kind of case. */
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  mutateRules,
  validateAlertmanagerConfig,
  validateRules,
} from "../../src/operator/generate/admission.js";
import { checkAlertmanagerConfig } from "../../src/operator/generate/alertmanager/check.js";
import { clusterTlsConfig } from "../../src/operator/generate/alertmanager/cluster-tls.js";
import {
  addAlertmanagerConfigs,
  configFromResource,
  configFromText,
  encodeConfig,
  matcherStrategyOf,
  parseYaml,
} from "../../src/operator/generate/alertmanager/config.js";
import { toV1Beta1 } from "../../src/operator/generate/alertmanager/convert.js";
import {
  CONFIG,
  decodeStruct,
  encodeStruct,
  HTTP_CONFIG,
  ROUTE,
} from "../../src/operator/generate/alertmanager/file-schema.js";
import { httpConfigOf } from "../../src/operator/generate/alertmanager/http-client.js";
import {
  sanitizeConfig,
  sanitizeHttpConfig,
  sanitizeRoute,
} from "../../src/operator/generate/alertmanager/sanitize.js";
import { DEFAULT_ALERTMANAGER_VERSION } from "../../src/operator/generate/defaults.js";
import { reasonOf } from "../../src/operator/generate/invalid.js";
import {
  checkPodMonitor,
  checkProbe,
  checkScrapeConfig,
  checkServiceMonitor,
} from "../../src/operator/generate/prometheus/check-monitors.js";
import { agentConfig, type ConfigInput, serverConfig } from "../../src/operator/generate/prometheus/config.js";
import { type ConfigOptions, contextOf } from "../../src/operator/generate/prometheus/context.js";
import { kubernetesSd } from "../../src/operator/generate/prometheus/kubernetes-sd.js";
import { enforceNamespace, type RuleFormat, ruleFile } from "../../src/operator/generate/rules.js";
import { AssetStore } from "../../src/operator/generate/store.js";
import { thanosRemoteWrite } from "../../src/operator/generate/thanos/remote-write.js";
import { compact } from "../../src/operator/generate/value.js";
import { Version } from "../../src/operator/generate/version.js";
import { webConfig } from "../../src/operator/generate/web-config.js";
import { alertmanagerStatefulSet } from "../../src/operator/generate/workload/alertmanager.js";
import type { WorkloadOptions } from "../../src/operator/generate/workload/options.js";
import {
  agentDaemonSet,
  agentStatefulSet,
  prometheusStatefulSet,
} from "../../src/operator/generate/workload/prometheus.js";
import { thanosRulerStatefulSet } from "../../src/operator/generate/workload/thanos-ruler.js";
import type {
  Alertmanager,
  AlertmanagerConfig,
  HTTPConfig,
  NamespaceSelector,
  PodMonitor,
  Probe,
  Prometheus,
  PrometheusAgent,
  PrometheusApiserverConfig,
  PrometheusExcludedFromEnforcement,
  PrometheusRule,
  ScrapeConfig,
  ServiceMonitor,
  ThanosRuler,
} from "../../src/operator/schema/generated/types.js";

export interface CaseContext {
  readonly area: string;
  readonly case: string;
  readonly entrypoint: string;
  readonly expect: "config" | "object" | "verdict" | "admission" | "error";
  readonly component_version?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly additional?: Readonly<Record<string, string>>;
  readonly rule_config_maps?: readonly string[];
  readonly object_order?: readonly string[];
  readonly [key: string]: unknown;
}

export interface Case {
  readonly context: CaseContext;
  readonly objects: readonly unknown[];
  readonly baseConfig: string | undefined;
}

interface AnyObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

export function answer(input: Case): unknown {
  const entry = ENTRYPOINTS[input.context.entrypoint];
  if (entry === undefined) throw new Error(`unknown entry point ${input.context.entrypoint}`);
  return entry(input);
}

const ENTRYPOINTS: Readonly<Record<string, (input: Case) => unknown>> = {
  "prometheus-server": (input) => serverConfig(prometheusOf(input), configInput(input)),
  "prometheus-agent": (input) => agentConfig(prometheusOf(input), configInput(input)),
  "kubernetes-sd-fragment": kubernetesSdFragment,
  "validate-resource": verdict,
  workload,
  "web-config": (input) => {
    const { spec } = only<Prometheus>(input, "Prometheus", "Alertmanager", "ThanosRuler", "PrometheusAgent");
    return webConfig(input.context["mounting_dir"] as string, spec?.web ?? {}) ?? null;
  },
  "alertmanager-cluster-tls": (input) => {
    const { spec } = only<Alertmanager>(input, "Alertmanager");
    return clusterTlsConfig(input.context["mounting_dir"] as string, spec?.clusterTLS) ?? null;
  },
  "thanosruler-remote-write": (input) => thanosRemoteWrite(only<ThanosRuler>(input, "ThanosRuler"), assetsOf(input)),
  "rule-file": ({ context, objects }) =>
    ruleFile(
      objects[0] as PrometheusRule,
      context["rule_format"] as RuleFormat,
      Version.parse(context.component_version ?? ""),
      { hasExperimentalFunctions: context.options?.["enable_experimental_functions"] === true },
    ),
  "rule-namespace-label": ({ context, objects }) =>
    enforceNamespace(
      objects[0] as PrometheusRule,
      {
        enforcedNamespaceLabel: (context["enforced_namespace_label"] ?? "") as string,
        excludedFromEnforcement: (context["excluded_from_enforcement"] ?? []) as PrometheusExcludedFromEnforcement[],
      },
      context["prometheus_rule"] === true ? "prometheus" : "thanos",
    ),
  "convert-v1alpha1-to-v1beta1": ({ objects }) => toV1Beta1(objects[0] as AlertmanagerConfig),
  "admission-webhook": admission,
  "alertmanager-from-cr": alertmanagerFromResource,
  "alertmanager-add-configs": alertmanagerWithConfigs,
  "alertmanager-sanitize": sanitized,
  "alertmanager-http-config": (input) => {
    const store = assetsOf(input).forNamespace("default");
    const draft = httpConfigOf(store, input.context["http_config"] as HTTPConfig | undefined);
    return compact(encodeStruct(HTTP_CONFIG, draft ?? {}));
  },
};

/** The flags of the operator as a case gives them. */
interface OperatorConfig {
  readonly localhost?: string;
  readonly cluster_domain?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly prometheus_default_base_image?: string;
  readonly alertmanager_default_base_image?: string;
  readonly thanos_default_base_image?: string;
  readonly reloader: WorkloadOptions["reloader"];
}

function workloadOptions(config: OperatorConfig): WorkloadOptions {
  return {
    localHost: config.localhost ?? "",
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    clusterDomain: config.cluster_domain ?? "",
    reloader: config.reloader,
    prometheusBaseImage: config.prometheus_default_base_image ?? "",
    alertmanagerBaseImage: config.alertmanager_default_base_image ?? "",
    thanosBaseImage: config.thanos_default_base_image ?? "",
  };
}

function workload(input: Case): unknown {
  const { context } = input;
  const common = {
    options: workloadOptions(context["operator_config"] as OperatorConfig),
    inputHash: (context["input_hash"] ?? "") as string,
    tlsSecrets: (context["tls_asset_secrets"] ?? []) as string[],
    ruleConfigMaps: context.rule_config_maps ?? [],
    version: context.component_version,
  };
  const prometheus = {
    ...common,
    shard: (context["shard"] ?? 0) as number,
    configOptions: optionsOf(input),
    name: context["object_name"] as string | undefined,
  };
  const made = (() => {
    switch (context.area) {
      case "workload-prometheus":
        return prometheusStatefulSet(prometheusOf(input), prometheus);
      case "workload-prometheusagent":
        return agentStatefulSet(prometheusOf(input), prometheus);
      case "workload-prometheusagent-daemonset":
        return agentDaemonSet(prometheusOf(input), prometheus);
      case "workload-alertmanager":
        return alertmanagerStatefulSet(only<Alertmanager>(input, "Alertmanager"), common);
      default:
        return thanosRulerStatefulSet(only<ThanosRuler>(input, "ThanosRuler"), common);
    }
  })();
  const { ownerReferences: _, ...metadata } = made["metadata"] as Record<string, unknown>;
  return { ...made, metadata };
}

function admission({ context, objects }: Case): AdmissionAnswer {
  const { request = {} } = objects[0] as { request?: AdmissionRequest };
  if (context["hook"] === "rules-mutate") return mutateRules(request);
  if (context["hook"] === "alertmanagerconfig-validate") return validateAlertmanagerConfig(request);
  return validateRules(request, { isUtf8: context.options?.["name_validation_scheme"] === "utf8" });
}

function alertmanagerVersion({ context }: Case): Version {
  return Version.parse(context.component_version ?? DEFAULT_ALERTMANAGER_VERSION);
}

function alertmanagerFromResource(input: Case): unknown {
  const alertmanager = only<Alertmanager>(input, "Alertmanager");
  const config = only<AlertmanagerConfig>(input, "AlertmanagerConfig");
  const global = alertmanager.spec?.alertmanagerConfiguration?.global;
  return encodeConfig(configFromResource(global, config, alertmanagerVersion(input), assetsOf(input)));
}

function alertmanagerWithConfigs(input: Case): unknown {
  const draft = configFromText(input.baseConfig ?? "");
  const configs = objectsOf<AlertmanagerConfig>(input, "AlertmanagerConfig");
  const strategy = matcherStrategyOf(only<Alertmanager>(input, "Alertmanager"));
  addAlertmanagerConfigs(draft, configs, strategy, alertmanagerVersion(input), assetsOf(input));
  return encodeConfig(draft);
}

const FRAGMENTS = { route: [ROUTE, sanitizeRoute], http_config: [HTTP_CONFIG, sanitizeHttpConfig] } as const;

function sanitized(input: Case): unknown {
  const fragment = input.context["fragment"] as keyof typeof FRAGMENTS | undefined;
  const [struct, sanitize] = fragment === undefined ? ([CONFIG, sanitizeConfig] as const) : FRAGMENTS[fragment];
  const draft = decodeStruct(struct, parseYaml(input.baseConfig ?? ""));
  sanitize(draft, alertmanagerVersion(input));
  return compact(encodeStruct(struct, draft));
}

/** Some cases give an agent's specification in the form of a server's. */
function prometheusOf(input: Case): Prometheus & PrometheusAgent {
  return only(input, "Prometheus", "PrometheusAgent");
}

function kubernetesSdFragment({ context }: Case): unknown {
  const { namespace_selector, monitor_namespace, role, apiserver_config, attach_metadata } = context;
  const prometheus: Prometheus = {
    metadata: { namespace: "default", name: "test" },
    spec: apiserver_config === undefined ? {} : { apiserverConfig: apiserver_config as PrometheusApiserverConfig },
  };
  const fragment = kubernetesSd(contextOf(prometheus, {}, context.component_version), {
    role: role as string,
    namespace: monitor_namespace as string,
    namespaceSelector: namespace_selector as NamespaceSelector | undefined,
    store: new AssetStore().forNamespace(monitor_namespace as string),
    attachMetadata: attach_metadata as { node?: boolean } | undefined,
  });
  return compact({ scrape_configs: [{ job_name: "k8s-sd-test", ...fragment }] });
}

const CHECKS = {
  ServiceMonitor: checkServiceMonitor,
  PodMonitor: checkPodMonitor,
  Probe: checkProbe,
  ScrapeConfig: checkScrapeConfig,
} as const;

function verdict(input: Case): unknown {
  const assets = assetsOf(input);
  const [config] = objectsOf<AlertmanagerConfig>(input, "AlertmanagerConfig");
  if (config !== undefined) {
    const store = assets.forNamespace(config.metadata?.namespace ?? "");
    const reason = reasonOf(() => checkAlertmanagerConfig(config, alertmanagerVersion(input), store));
    return { accepted: reason === undefined, reason };
  }
  for (const [kind, check] of Object.entries(CHECKS)) {
    const [monitor] = objectsOf<ServiceMonitor & PodMonitor & Probe & ScrapeConfig>(input, kind);
    if (monitor === undefined) continue;
    const reason = reasonOf(() =>
      check(contextOf(prometheusOf(input), optionsOf(input), input.context.component_version), monitor, assets),
    );
    return { accepted: reason === undefined, reason };
  }
  throw new Error("the case has nothing to judge");
}

function objectsOf<T>({ objects, context }: Case, kind: string): T[] {
  const order = context.object_order;
  const place = (object: AnyObject) => `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
  const found = (objects as AnyObject[]).filter((object) => object?.kind === kind);
  if (order !== undefined) found.sort((a, b) => order.indexOf(place(a)) - order.indexOf(place(b)));
  else found.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
  return found as T[];
}

function only<T>(input: Case, ...kinds: readonly string[]): T {
  const [object] = kinds.flatMap((kind) => objectsOf<T>(input, kind));
  if (object === undefined) throw new Error(`the case has no ${kinds.join(" or ")}`);
  return object;
}

export function assetsOf(input: Case): AssetStore {
  const assets = new AssetStore();
  for (const secret of objectsOf<Parameters<AssetStore["addSecret"]>[0]>(input, "Secret")) assets.addSecret(secret);
  for (const map of objectsOf<Parameters<AssetStore["addConfigMap"]>[0]>(input, "ConfigMap")) assets.addConfigMap(map);
  return assets;
}

function optionsOf({ context }: Case): ConfigOptions {
  const isOn = (name: string) => context.options?.[name] === true;
  return {
    isEndpointSliceSupported: isOn("endpointslice_supported"),
    isDaemonSet: isOn("daemonset_mode"),
    hasTopologySharding: isOn("feature_gate_topology_sharding"),
    hasRetentionPolicies: isOn("feature_gate_retention_policies"),
    hasPodTopologyLabels: isOn("pod_topology_labels_supported"),
    isTlsInline: isOn("inline_tls_config"),
    isVersionIgnored: isOn("bypass_version_check"),
  };
}

function configInput(input: Case): ConfigInput {
  const { additional = {}, component_version, rule_config_maps = [] } = input.context;
  return {
    selection: {
      serviceMonitors: objectsOf<ServiceMonitor>(input, "ServiceMonitor"),
      podMonitors: objectsOf<PodMonitor>(input, "PodMonitor"),
      probes: objectsOf<Probe>(input, "Probe"),
      scrapeConfigs: objectsOf<ScrapeConfig>(input, "ScrapeConfig"),
    },
    assets: assetsOf(input),
    extras: {
      scrapeConfigs: additional["scrape_configs"],
      relabelConfigs: additional["alert_relabel_configs"],
      alertmanagerConfigs: additional["alertmanager_configs"],
    },
    options: optionsOf(input),
    version: component_version,
    ruleConfigMaps: rule_config_maps,
  };
}
