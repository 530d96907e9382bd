/** The kinds of group monitoring.coreos.com. */
import { alertmanagerSpec } from "./alertmanager.js";
import { alertmanagerConfigSpec } from "./alertmanager-config.js";
import { alertmanagerConfigV1Beta1Spec } from "./alertmanager-config-v1beta1.js";
import type { Fields } from "./dsl.js";
import { podMonitorSpec } from "./pod-monitor.js";
import { probeSpec } from "./probe.js";
import { prometheusAgentRules, prometheusAgentSpec, prometheusRules, prometheusSpec } from "./prometheus.js";
import { prometheusRuleSpec } from "./prometheus-rule.js";
import { scrapeConfigRules, scrapeConfigSpec } from "./scrape-config.js";
import { serviceMonitorSpec } from "./service-monitor.js";
import { alertmanagerStatus, bindingStatus, prometheusStatus, thanosRulerStatus } from "./status.js";
import { thanosRulerSpec } from "./thanos-ruler.js";

export const GROUP = "monitoring.coreos.com";

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: number;
}

export interface Version {
  readonly name: string;
  readonly spec: Fields;
  /** CEL rules over the whole specification. */
  readonly rules?: readonly string[];
  /** Served only where the conversion webhook is set up. */
  readonly needsConversion?: boolean;
}

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  /** The first one is stored. */
  readonly versions: readonly Version[];
  readonly status: Fields;
  readonly columns: readonly Column[];
  readonly scale?: { readonly spec: string; readonly status: string; readonly selector: string };
}

const condition = (type: string): Column => ({
  name: type,
  type: "string",
  jsonPath: `.status.conditions[?(@.type == '${type}')].status`,
});

const AGE: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const workloadColumns = (replicas: string): readonly Column[] => [
  { name: "Version", type: "string", jsonPath: ".spec.version", description: "version of the component" },
  { name: replicas, type: "integer", jsonPath: ".spec.replicas", description: "wanted pods" },
  { name: "Ready", type: "integer", jsonPath: ".status.availableReplicas", description: "pods that are ready" },
  condition("Reconciled"),
  condition("Available"),
  AGE,
  {
    name: "Paused",
    type: "boolean",
    jsonPath: ".status.paused",
    description: "true while the object is not reconciled",
    priority: 1,
  },
];

/** Shown beside upstream's columns, of which there are none; nothing reads them. */
const BINDING_COLUMNS: readonly Column[] = [
  {
    name: "Accepted",
    type: "string",
    jsonPath: ".status.bindings[*].conditions[?(@.type == 'Accepted')].status",
    description: "whether the workloads that select the object use it",
  },
  {
    name: "Reason",
    type: "string",
    jsonPath: ".status.bindings[*].conditions[?(@.type == 'Accepted')].reason",
    description: "why it is not used",
    priority: 1,
  },
  AGE,
];

const SHARDS = { spec: ".spec.shards", status: ".status.shards", selector: ".status.selector" };
const REPLICAS = { spec: ".spec.replicas", status: ".status.replicas", selector: ".status.selector" };

export const KINDS: readonly Kind[] = [
  {
    kind: "Prometheus",
    plural: "prometheuses",
    shortName: "prom",
    description: "A Prometheus server: its pods, what it scrapes, which rules it evaluates and where alerts go.",
    versions: [{ name: "v1", spec: prometheusSpec, rules: prometheusRules }],
    status: prometheusStatus,
    columns: workloadColumns("Desired"),
    scale: SHARDS,
  },
  {
    kind: "PrometheusAgent",
    plural: "prometheusagents",
    shortName: "promagent",
    description: "A Prometheus that only scrapes and sends on by remote write.",
    versions: [{ name: "v1alpha1", spec: prometheusAgentSpec, rules: prometheusAgentRules }],
    status: prometheusStatus,
    columns: workloadColumns("Desired"),
    scale: SHARDS,
  },
  {
    kind: "Alertmanager",
    plural: "alertmanagers",
    shortName: "am",
    description: "A cluster of Alertmanagers.",
    versions: [{ name: "v1", spec: alertmanagerSpec }],
    status: alertmanagerStatus,
    columns: workloadColumns("Replicas"),
    scale: REPLICAS,
  },
  {
    kind: "ServiceMonitor",
    plural: "servicemonitors",
    shortName: "smon",
    description: "Which endpoints of which Services are scraped, and how.",
    versions: [{ name: "v1", spec: serviceMonitorSpec }],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "PodMonitor",
    plural: "podmonitors",
    shortName: "pmon",
    description: "Which ports of which pods are scraped, and how.",
    versions: [{ name: "v1", spec: podMonitorSpec }],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "Probe",
    plural: "probes",
    shortName: "prb",
    description: "Targets that a prober such as the blackbox exporter looks at.",
    versions: [{ name: "v1", spec: probeSpec }],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "ScrapeConfig",
    plural: "scrapeconfigs",
    shortName: "scfg",
    description: "A scrape job with any of Prometheus' service discoveries.",
    versions: [{ name: "v1alpha1", spec: scrapeConfigSpec, rules: scrapeConfigRules }],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "PrometheusRule",
    plural: "prometheusrules",
    shortName: "promrule",
    description: "Alerting and recording rules.",
    versions: [{ name: "v1", spec: prometheusRuleSpec }],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "AlertmanagerConfig",
    plural: "alertmanagerconfigs",
    shortName: "amcfg",
    description:
      "A part of the Alertmanager's configuration for one namespace: routes, receivers, inhibition, intervals.",
    versions: [
      { name: "v1alpha1", spec: alertmanagerConfigSpec },
      { name: "v1beta1", spec: alertmanagerConfigV1Beta1Spec, needsConversion: true },
    ],
    status: bindingStatus,
    columns: BINDING_COLUMNS,
  },
  {
    kind: "ThanosRuler",
    plural: "thanosrulers",
    shortName: "ruler",
    description: "A Thanos ruler, which evaluates rules over many Prometheus servers.",
    versions: [{ name: "v1", spec: thanosRulerSpec }],
    status: thanosRulerStatus,
    columns: workloadColumns("Replicas"),
  },
];
