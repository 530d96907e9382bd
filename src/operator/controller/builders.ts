/** The pure builders of `generate/`, given the operator's flags: what the reconcilers ask for. */
import { createHash } from "node:crypto";
import { clusterTlsConfig } from "../generate/alertmanager/cluster-tls.js";
import { DEFAULT_PROMETHEUS_VERSION } from "../generate/defaults.js";
import { invalid } from "../generate/invalid.js";
import type { ConfigOptions } from "../generate/prometheus/context.js";
import type { Enforcement } from "../generate/prometheus/namespace-label.js";
import { enforceNamespace, ruleFile, rulesText } from "../generate/rules.js";
import { Version } from "../generate/version.js";
import { webConfig } from "../generate/web-config.js";
import { alertmanagerStatefulSet } from "../generate/workload/alertmanager.js";
import type { WorkloadOptions } from "../generate/workload/options.js";
import { agentStatefulSet, prometheusStatefulSet } from "../generate/workload/prometheus.js";
import { prometheusNames } from "../generate/workload/prometheus-names.js";
import { governingService } from "../generate/workload/services.js";
import type { KubeObject } from "../kube-object.js";
import type { Alertmanager, Prometheus, PrometheusAgent, PrometheusSpec } from "../schema/generated/types.js";
import type { AlertmanagerBuilders } from "./alertmanager.js";
import type { DesiredObject } from "./apply.js";
import type { PrometheusBuilders } from "./prometheus.js";

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

/** Rules have an older list of exemptions of their own. */
function ruleEnforcement(spec: PrometheusSpec): Enforcement {
  const older = (spec.prometheusRulesExcludedFromEnforce ?? []).map(({ ruleName = "", ruleNamespace = "" }) => ({
    resource: "prometheusrules" as const,
    namespace: ruleNamespace,
    name: ruleName,
  }));
  return { ...spec, excludedFromEnforcement: [...(spec.excludedFromEnforcement ?? []), ...older] };
}

export function prometheusBuilders(isAgent: boolean, flags: BuilderFlags, config: ConfigOptions): PrometheusBuilders {
  const options = workloadOptions(flags);
  return {
    inputHash: (inputs) => inputHash([...inputs, options, config]),
    ruleFile: (rule, { spec = {} }) =>
      rulesText(
        ruleFile(
          enforceNamespace(rule, ruleEnforcement(spec)),
          "prometheus",
          Version.parse(spec.version || DEFAULT_PROMETHEUS_VERSION),
          { hasExperimentalFunctions: spec.enableFeatures?.includes("promql-experimental-functions") ?? false },
        ),
      ),
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
