/** The pure builders of `generate/`, given the operator's flags: what the reconcilers ask for. */
import { createHash } from "node:crypto";
import { clusterTlsConfig } from "../generate/alertmanager/cluster-tls.js";
import { DEFAULT_PROMETHEUS_VERSION, DEFAULT_THANOS_VERSION } from "../generate/defaults.js";
import { invalid } from "../generate/invalid.js";
import type { ConfigOptions } from "../generate/prometheus/context.js";
import type { Enforcement } from "../generate/prometheus/namespace-label.js";
import { enforceNamespace, ruleFeatures, ruleFile, rulesText } from "../generate/rules.js";
import { Version } from "../generate/version.js";
import { webConfig } from "../generate/web-config.js";
import { alertmanagerStatefulSet } from "../generate/workload/alertmanager.js";
import { INPUT_HASH } from "../generate/workload/metadata.js";
import type { WorkloadOptions } from "../generate/workload/options.js";
import { agentDaemonSet, agentStatefulSet, prometheusStatefulSet } from "../generate/workload/prometheus.js";
import { prometheusNames } from "../generate/workload/prometheus-names.js";
import { governingService } from "../generate/workload/services.js";
import { thanosRulerNames, thanosRulerStatefulSet } from "../generate/workload/thanos-ruler.js";
import type { KubeObject } from "../kube-object.js";
import type { Alertmanager, Prometheus, PrometheusAgent, PrometheusSpec } from "../schema/generated/types.js";
import type { AlertmanagerBuilders } from "./alertmanager.js";
import type { DesiredObject } from "./apply.js";
import type { PrometheusBuilders } from "./prometheus.js";
import type { ThanosRulerBuilders } from "./thanos-ruler.js";

/** The operator's flags as far as workloads depend on them. */
export interface BuilderFlags {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly localhost: string;
  readonly clusterDomain: string;
  readonly images: {
    readonly prometheus: string;
    readonly alertmanager: string;
    readonly thanos: string;
    readonly reloader: string;
  };
  readonly reloader: {
    readonly cpuRequest: string;
    readonly cpuLimit: string;
    readonly memoryRequest: string;
    readonly memoryLimit: string;
    readonly hasProbes: boolean;
  };
}

function workloadOptions({
  labels,
  annotations,
  localhost,
  clusterDomain,
  images,
  reloader,
}: BuilderFlags): WorkloadOptions {
  return {
    labels,
    annotations,
    localHost: localhost,
    clusterDomain,
    reloader: {
      image: images.reloader,
      cpuRequests: reloader.cpuRequest,
      cpuLimits: reloader.cpuLimit,
      memoryRequests: reloader.memoryRequest,
      memoryLimits: reloader.memoryLimit,
      enableProbes: reloader.hasProbes,
    },
    prometheusBaseImage: images.prometheus,
    alertmanagerBaseImage: images.alertmanager,
    thanosBaseImage: images.thanos,
  };
}

/** A decimal number as prometheus-operator writes it; which one is not comparable between two programs. */
function inputHash(inputs: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest().readBigUInt64BE().toString();
}

/** Images come from the objects and the flags only: without both, a workload cannot be made. */
function needImages(flags: BuilderFlags, image: string | undefined, base: string, baseFlag: string): void {
  if ((image ?? "") === "" && base === "")
    invalid(`there is no image: set spec.image, or the operator's --${baseFlag}`);
  if (flags.images.reloader === "") {
    invalid("there is no image of the configuration reloader: set the operator's --prometheus-config-reloader");
  }
}

/** The builders leave the namespace to the request. */
function placed(set: KubeObject, owner: { readonly metadata?: Prometheus["metadata"] }): DesiredObject {
  const metadata = { ...(set["metadata"] as DesiredObject["metadata"]), namespace: owner.metadata?.namespace ?? "" };
  return { ...set, metadata };
}

function secretNames(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-tls-assets-${i}`);
}

type RuleSpec = Pick<
  PrometheusSpec,
  "enforcedNamespaceLabel" | "excludedFromEnforcement" | "prometheusRulesExcludedFromEnforce"
>;

/** Rules have an older list of exemptions of their own. */
function ruleEnforcement(spec: RuleSpec): Enforcement {
  const older = (spec.prometheusRulesExcludedFromEnforce ?? []).map(({ ruleName = "", ruleNamespace = "" }) => ({
    resource: "prometheusrules" as const,
    namespace: ruleNamespace,
    name: ruleName,
  }));
  return { ...spec, excludedFromEnforcement: [...(spec.excludedFromEnforcement ?? []), ...older] };
}

/** Rule files, or why there are none, kept beside the rules: checking them is the dearest part of a reconciliation. */
class Derived {
  readonly #known = new WeakMap<object, Map<string, { readonly text: string } | { readonly error: unknown }>>();

  of(rule: object, depends: string, make: () => string): string {
    const known = this.#known.get(rule) ?? new Map<string, { readonly text: string } | { readonly error: unknown }>();
    this.#known.set(rule, known);
    const found = known.get(depends) ?? attempt(make);
    if (known.size > DERIVED_MAX) known.clear();
    known.set(depends, found);
    if ("error" in found) throw found.error;
    return found.text;
  }
}

/** Different settings of workloads that select one rule. */
const DERIVED_MAX = 32;

function attempt(make: () => string): { readonly text: string } | { readonly error: unknown } {
  try {
    return { text: make() };
  } catch (error) {
    return { error };
  }
}

export function prometheusBuilders(isAgent: boolean, flags: BuilderFlags, config: ConfigOptions): PrometheusBuilders {
  const options = workloadOptions(flags);
  const ruleTexts = new Derived();
  return {
    inputHash: (inputs) => inputHash([...inputs, options, config]),
    ruleFile: (rule, { spec = {} }) => {
      const version = spec.version || DEFAULT_PROMETHEUS_VERSION;
      const features = ruleFeatures(spec.enableFeatures);
      const enforcement = ruleEnforcement(spec);
      const { enforcedNamespaceLabel, excludedFromEnforcement } = enforcement;
      const depends = JSON.stringify([version, features, enforcedNamespaceLabel, excludedFromEnforcement]);
      return ruleTexts.of(rule, depends, () =>
        rulesText(
          ruleFile(
            enforceNamespace(rule, enforcement, "prometheus", features),
            "prometheus",
            Version.parse(version),
            features,
          ),
        ),
      );
    },
    webConfig: ({ spec }) => webConfig("/etc/prometheus/web_config", spec?.web ?? {}),
    statefulSet: (prometheus, input) => {
      needImages(flags, prometheus.spec?.image, flags.images.prometheus, "prometheus-default-base-image");
      const names = prometheusNames(isAgent ? "agent" : "server", prometheus.metadata?.name ?? "");
      const all = {
        options,
        configOptions: config,
        inputHash: input.inputHash,
        tlsSecrets: secretNames(names.prefixed, input.tlsSecretCount),
        shard: input.shard,
        ruleConfigMaps: input.ruleConfigMaps,
        name: input.name,
      };
      const set = isAgent
        ? agentStatefulSet(prometheus as PrometheusAgent, all)
        : prometheusStatefulSet(prometheus as Prometheus, all);
      return placed(set, prometheus);
    },
    daemonSet: (agent, input) => {
      needImages(flags, agent.spec?.image, flags.images.prometheus, "prometheus-default-base-image");
      const names = prometheusNames("agent", agent.metadata?.name ?? "");
      const set = agentDaemonSet(agent as PrometheusAgent, {
        options,
        configOptions: { ...config, isDaemonSet: true },
        inputHash: input.inputHash,
        tlsSecrets: secretNames(names.prefixed, input.tlsSecretCount),
        shard: 0,
        ruleConfigMaps: [],
      });
      const { metadata, ...rest } = placed(set, agent);
      // The generator leaves the hash out, as upstream's does; it is how a change is noticed.
      const annotations = { ...metadata.annotations, [INPUT_HASH]: input.inputHash };
      return { ...rest, metadata: { ...metadata, annotations } };
    },
    governingService: (prometheus) =>
      governingService(isAgent ? "PrometheusAgent" : "Prometheus", prometheus, options) as DesiredObject | undefined,
  };
}

export function alertmanagerBuilders(flags: BuilderFlags): AlertmanagerBuilders {
  const options = workloadOptions(flags);
  return {
    inputHash: (inputs) => inputHash([...inputs, options]),
    webConfig: ({ spec }) => webConfig("/etc/alertmanager/web_config", spec?.web ?? {}),
    clusterTlsConfig: ({ spec }) => clusterTlsConfig("/etc/alertmanager/cluster_tls_config", spec?.clusterTLS),
    statefulSet: (alertmanager, input) => {
      needImages(flags, alertmanager.spec?.image, flags.images.alertmanager, "alertmanager-default-base-image");
      const tlsSecrets = secretNames(`alertmanager-${alertmanager.metadata?.name ?? ""}`, input.tlsSecretCount);
      return placed(
        alertmanagerStatefulSet(alertmanager, { options, inputHash: input.inputHash, tlsSecrets }),
        alertmanager,
      );
    },
    governingService: (alertmanager: Alertmanager) =>
      governingService("Alertmanager", alertmanager, options) as DesiredObject | undefined,
  };
}

export function thanosRulerBuilders(flags: BuilderFlags): ThanosRulerBuilders {
  const options = workloadOptions(flags);
  const ruleTexts = new Derived();
  return {
    inputHash: (inputs) => inputHash([...inputs, options]),
    ruleFile: (rule, { spec = {} }) => {
      const version = spec.version || DEFAULT_THANOS_VERSION;
      const { enforcedNamespaceLabel } = spec;
      const enforcement = ruleEnforcement(spec);
      const depends = JSON.stringify([version, enforcedNamespaceLabel, enforcement.excludedFromEnforcement]);
      return ruleTexts.of(rule, depends, () =>
        rulesText(ruleFile(enforceNamespace(rule, enforcement, "thanos"), "thanos", Version.parse(version))),
      );
    },
    webConfig: ({ spec }) => webConfig("/etc/thanos/web_config", spec?.web ?? {}),
    statefulSet: (ruler, { ruleConfigMaps, tlsSecretCount, inputHash: hash }) => {
      needImages(flags, ruler.spec?.image, flags.images.thanos, "thanos-default-base-image");
      const tlsSecrets = secretNames(thanosRulerNames(ruler.metadata?.name ?? "").prefixed, tlsSecretCount);
      const set = thanosRulerStatefulSet(ruler, { options, inputHash: hash, tlsSecrets, ruleConfigMaps });
      return placed(set, ruler);
    },
    governingService: (ruler) => governingService("ThanosRuler", ruler, options) as DesiredObject | undefined,
  };
}
