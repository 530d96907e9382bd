/**
 * The Helm chart, made from the same objects as the plain manifests. Names of values are those of kube-prometheus-stack where they mean
 * the same. Its templates use the functions toYaml, nindent, quote, required, include and default, and nothing else of Helm's.
 */
import { stringify } from "yaml";
import { alertmanagerManifests, clusterMonitors, prometheusManifests } from "./monitoring.js";
import type { Installation, Manifest } from "./objects.js";
import { operatorManifests, webhookManifests } from "./operator.js";
import { ruleManifests } from "./rules.js";

const VERSION = "0.1.0";
/** Texts that stand for what the chart fills in; nothing else contains them. */
const NAMESPACE = "vestal-chart-namespace";
const IMAGE = "vestal-chart-image:tag";
const REPOSITORY = "vestal-chart-image";
const INSTALLATION: Installation = { namespace: NAMESPACE, image: IMAGE };

const HEAD = "Made by `npm run manifests` from src/operator/manifests/chart.ts: do not edit.";

interface Section {
  readonly file: string;
  /** Value that turns it on. */
  readonly enabled: string;
  readonly manifests: readonly Manifest[];
}

const HELPERS = `{{- /* ${HEAD} */ -}}
{{- define "vestal.image" -}}
{{- $repository := required "image.repository is needed: where the cluster can pull Vestal's image from" .Values.image.repository -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
`;

/** By path below `deploy/chart`. */
export function chartFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  files.set("Chart.yaml", `# ${HEAD}\n${stringify(CHART)}`);
  files.set("values.yaml", `# ${HEAD}\n${stringify(valuesOf(), { lineWidth: 0 })}`);
  files.set("templates/_helpers.tpl", HELPERS);
  for (const { file, enabled, manifests } of sections()) {
    const documents = manifests.map((each) => templateOf(each)).join("---\n");
    files.set(`templates/${file}.yaml`, `{{- /* ${HEAD} */ -}}\n{{- if ${enabled} }}\n${documents}{{- end }}\n`);
  }
  return files;
}

const CHART = {
  apiVersion: "v2",
  name: "vestal",
  description:
    "Monitoring for a Kubernetes cluster: operator, Prometheus, Alertmanager, rules and what every cluster is scraped for",
  type: "application",
  version: VERSION,
  appVersion: VERSION,
};

function byKind(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`the chart lacks a ${kind}`);
  return found;
}

/** What the templates add themselves. */
function withoutKeys(spec: unknown, ...keys: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(spec as object).filter(([key]) => !keys.includes(key)));
}

function valuesOf() {
  const prometheus = byKind(prometheusManifests(INSTALLATION), "Prometheus")["spec"];
  const alertmanager = byKind(alertmanagerManifests(INSTALLATION), "Alertmanager")["spec"];
  const secret = byKind(alertmanagerManifests(INSTALLATION), "Secret")["stringData"] as Readonly<
    Record<string, string>
  >;
  return {
    image: { repository: "", tag: "" },
    prometheusOperator: {
      enabled: true,
      extraArgs: [],
      resources: { requests: { cpu: "100m", memory: "150Mi" }, limits: { memory: "512Mi" } },
      admissionWebhooks: { enabled: false },
    },
    prometheus: { enabled: true, prometheusSpec: withoutKeys(prometheus, "image", "alerting") },
    alertmanager: {
      enabled: true,
      alertmanagerSpec: withoutKeys(alertmanager, "image"),
      stringConfig: secret["alertmanager.yaml"] ?? "",
    },
    defaultRules: { create: true },
    kubelet: { enabled: true },
    kubeApiServer: { enabled: true },
    coreDns: { enabled: true },
    nodeExporter: { enabled: true },
    kubeStateMetrics: { enabled: true },
  };
}

const MONITOR_VALUES: Readonly<Record<string, string>> = {
  kubelet: "kubelet",
  apiserver: "kubeApiServer",
  coredns: "coreDns",
  "node-exporter": "nodeExporter",
  "kube-state-metrics": "kubeStateMetrics",
};

function sections(): readonly Section[] {
  return [
    { file: "operator", enabled: ".Values.prometheusOperator.enabled", manifests: operatorManifests(INSTALLATION) },
    {
      file: "admission-webhook",
      enabled: ".Values.prometheusOperator.admissionWebhooks.enabled",
      manifests: webhookManifests(INSTALLATION),
    },
    { file: "prometheus", enabled: ".Values.prometheus.enabled", manifests: prometheusManifests(INSTALLATION) },
    { file: "alertmanager", enabled: ".Values.alertmanager.enabled", manifests: alertmanagerManifests(INSTALLATION) },
    ...clusterMonitors(INSTALLATION).map((monitor) => ({
      file: `monitor-${monitor.metadata.name}`,
      enabled: `.Values.${MONITOR_VALUES[monitor.metadata.name] ?? ""}.enabled`,
      manifests: [monitor],
    })),
    { file: "rules", enabled: ".Values.defaultRules.create", manifests: ruleManifests(INSTALLATION) },
  ];
}

/** A place in the YAML text, and the template that comes there. */
const PLACES: readonly (readonly [marker: string, template: string])[] = [
  [
    "  chartPrometheusSpec: true\n",
    '  image: {{ include "vestal.image" . }}\n  {{- toYaml .Values.prometheus.prometheusSpec | nindent 2 }}\n',
  ],
  [
    "  chartAlertmanagerSpec: true\n",
    '  image: {{ include "vestal.image" . }}\n  {{- toYaml .Values.alertmanager.alertmanagerSpec | nindent 2 }}\n',
  ],
  ["  alertmanager.yaml: chart\n", "  alertmanager.yaml: {{ quote .Values.alertmanager.stringConfig }}\n"],
  [
    "            - --chart-extra-args\n",
    "            {{- range .Values.prometheusOperator.extraArgs }}\n            - {{ quote . }}\n            {{- end }}\n",
  ],
  [
    "          resources: chart\n",
    "          resources: {{- toYaml .Values.prometheusOperator.resources | nindent 12 }}\n",
  ],
];

function templateOf(manifest: Manifest): string {
  const text = stringify(prepared(manifest), { lineWidth: 0, aliasDuplicateObjects: false })
    // Alerts' own templates are no concern of Helm's.
    .replaceAll("{{", '{{ "{{" }}');
  const filled = PLACES.reduce((all, [marker, template]) => all.replaceAll(marker, template), text);
  return filled
    .replaceAll(IMAGE, '{{ include "vestal.image" . }}')
    .replaceAll(REPOSITORY, "{{ .Values.image.repository }}")
    .replaceAll(NAMESPACE, "{{ .Release.Namespace }}");
}

/** With marks where values come in. */
function prepared(manifest: Manifest): unknown {
  const { kind } = manifest;
  if (kind === "Prometheus") {
    const { alerting } = manifest["spec"] as { readonly alerting: unknown };
    return { ...manifest, spec: { chartPrometheusSpec: true, alerting } };
  }
  if (kind === "Alertmanager") return { ...manifest, spec: { chartAlertmanagerSpec: true } };
  if (kind === "Secret") return { ...manifest, stringData: { "alertmanager.yaml": "chart" } };
  if (kind !== "Deployment" || manifest.metadata.name !== "vestal-operator") return manifest;
  const copy = JSON.parse(JSON.stringify(manifest)) as {
    spec: { template: { spec: { containers: { args: string[]; resources: unknown }[] } } };
  };
  const [container] = copy.spec.template.spec.containers;
  if (container !== undefined) {
    container.args.push("--chart-extra-args");
    container.resources = "chart";
  }
  return copy;
}
