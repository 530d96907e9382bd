/** `vestal operator`: the flags of prometheus-operator 0.93, and what they come to. */
import type { BuilderFlags } from "../operator/controller/builders.js";
import type { EarlyEnd } from "./flags.js";
import { type GoFlag, goDurationMs, parseGoFlags } from "./go-flags.js";
import { vestalVersion } from "./version.js";

export interface OperatorOptions extends BuilderFlags {
  readonly listenAddress: string;
  readonly tls:
    | {
        readonly certFile: string;
        readonly keyFile: string;
        readonly clientCaFile: string;
        readonly minVersion: string;
        readonly reloadMs: number;
      }
    | undefined;
  readonly logLevel: string;
  readonly logFormat: "logfmt" | "json";
  readonly apiServer: {
    readonly url: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly caFile: string;
    readonly isInsecure: boolean;
    readonly impersonate: string;
    readonly kubeconfig: string;
  };
  readonly namespaces: {
    readonly all: readonly string[];
    readonly denied: readonly string[];
    readonly prometheus: readonly string[];
    readonly alertmanager: readonly string[];
    readonly alertmanagerConfig: readonly string[];
    readonly thanosRuler: readonly string[];
  };
  readonly selectors: {
    readonly prometheus: string;
    readonly alertmanager: string;
    readonly thanosRuler: string;
    readonly secretField: string;
    readonly secretLabel: string;
    readonly configMapField: string;
    readonly configMapLabel: string;
  };
  readonly controllerId: string;
  readonly disableUnmanagedConfiguration: boolean;
  readonly watchReferencesEverywhere: boolean;
  readonly repairPolicy: string;
  readonly gates: ReadonlyMap<string, boolean>;
  readonly kubelet: {
    /** `namespace/name`, or "" where no kubelet Service is kept. */
    readonly service: string;
    readonly selector: string;
    readonly addressPriority: string;
    readonly hasEndpoints: boolean;
    readonly hasEndpointSlices: boolean;
    readonly syncMs: number;
    readonly hasHttpMetrics: boolean;
  };
  readonly leaderElection: boolean;
  /** Of webhooks whose certificates the operator makes; undefined where others do. */
  readonly webhooks:
    | {
        readonly namespace: string;
        readonly secret: string;
        readonly service: string;
        readonly configuration: string;
        readonly lifetimeMs: number;
      }
    | undefined;
  readonly warnings: readonly string[];
}

/** Of upstream, but for the status of monitors, which is on here. */
const GATES: Readonly<Record<string, boolean>> = {
  PrometheusAgentDaemonSet: false,
  PrometheusTopologySharding: true,
  PrometheusShardRetentionPolicy: true,
  StatusForConfigurationResources: true,
  RemoteWriteCustomResourceDefinition: false,
};

const LEVELS = ["all", "debug", "info", "warn", "error", "none"];

const text = (name: string, help: string, initial = "", check?: GoFlag["check"]): GoFlag => ({
  name,
  kind: "string",
  default: initial,
  help,
  ...(check !== undefined && { check }),
});
const bool = (name: string, help: string, initial = false): GoFlag => ({
  name,
  kind: "bool",
  default: String(initial),
  help,
});
const oneOf = (choices: readonly string[]) => (value: string) =>
  choices.includes(value) ? undefined : `must be one of ${choices.join(", ")}`;
const pairs = (value: string): string | undefined => {
  const bad = value.split(",").find((pair) => pair !== "" && !pair.includes("="));
  return bad === undefined ? undefined : `invalid key=value pair: ${JSON.stringify(bad)}`;
};
const quantity = (value: string): string | undefined =>
  value === "" || /^\d+(?:\.\d+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.test(value)
    ? undefined
    : "quantities must match a number and a unit";
const gates = (value: string): string | undefined => {
  for (const pair of value.split(",").filter((each) => each !== "")) {
    const [name = "", state = ""] = pair.split("=");
    if (!Object.hasOwn(GATES, name))
      return `feature gate ${JSON.stringify(name)} is unknown (supported: ${Object.keys(GATES).join(", ")})`;
    if (state !== "true" && state !== "false") return `${name}: true or false is expected`;
  }
  return undefined;
};
const nothing = (flag: GoFlag): GoFlag => ({ ...flag, hasNoEffect: true });

const MIN_VERSIONS = ["VersionTLS12", "VersionTLS13"];

/** What the web servers of the operator and of the admission webhook share. */
const WEB_FLAGS: readonly GoFlag[] = [
  text("web.cert-file", "Certificate of the web server.", "/etc/tls/private/tls.crt"),
  text("web.key-file", "Private key of the web server.", "/etc/tls/private/tls.key"),
  text("web.client-ca-file", "Authority that client certificates must be of.", "/etc/tls/private/tls-ca.crt"),
  text(
    "web.tls-min-version",
    "Least version of TLS: VersionTLS12 or VersionTLS13.",
    "VersionTLS13",
    oneOf(MIN_VERSIONS),
  ),
  nothing(text("web.tls-cipher-suites", "Cipher suites of the web server: those of Node.js are used.")),
  nothing(text("web.tls-curves", "Curves of the web server: those of Node.js are used.")),
  {
    name: "web.tls-reload-interval",
    kind: "duration",
    default: "1m0s",
    help: "How often certificate files are looked at.",
  },
  nothing(bool("web.enable-http2", "HTTP/2: the web server speaks HTTP/1.1.")),
  text("log-level", `Least level of log lines: ${LEVELS.join(", ")}.`, "info", oneOf(LEVELS)),
  text("log-format", "Form of log lines: logfmt or json.", "logfmt", oneOf(["logfmt", "json"])),
  bool("version", "Print the version."),
  bool("short-version", "Print the version number only."),
];

/** Flags of prometheus-operator's admission webhook. */
export const WEBHOOK_FLAGS: readonly GoFlag[] = [
  text("web.listen-address", "Address on which reviews, metrics and health are served.", ":8443"),
  bool("web.enable-tls", "Serve over TLS.", true),
  ...WEB_FLAGS,
  text(
    "name-validation-scheme",
    "Which names of metrics and labels rules may have: utf8 or legacy.",
    "utf8",
    oneOf(["utf8", "legacy"]),
  ),
];

export interface WebhookOptions
  extends Pick<OperatorOptions, "listenAddress" | "tls" | "logLevel" | "logFormat" | "warnings"> {
  readonly isUtf8: boolean;
}

export type WebhookCommand = { readonly kind: "start"; readonly options: WebhookOptions } | EarlyEnd;

export function readWebhookCommand(args: readonly string[]): WebhookCommand {
  const parsed = parseGoFlags("admission-webhook", WEBHOOK_FLAGS, args);
  if (parsed.kind === "end") return parsed;
  const { values, rest, warnings } = parsed;
  const early = versionEnd(values, "admission-webhook");
  if (early !== undefined) return early;
  if (rest.length > 0)
    return { kind: "end", exitCode: 1, stderr: `admission-webhook: unexpected argument ${rest[0]}\n` };
  const options: WebhookOptions = {
    listenAddress: values.get("web.listen-address") ?? "",
    tls: tlsOf(values),
    logLevel: values.get("log-level") ?? "",
    logFormat: values.get("log-format") === "json" ? "json" : "logfmt",
    warnings,
    isUtf8: values.get("name-validation-scheme") !== "legacy",
  };
  return { kind: "start", options };
}

type Values = ReadonlyMap<string, string>;

function tlsOf(values: Values): OperatorOptions["tls"] {
  const of = (name: string): string => values.get(name) ?? "";
  if (of("web.enable-tls") !== "true") return undefined;
  return {
    certFile: of("web.cert-file"),
    keyFile: of("web.key-file"),
    clientCaFile: of("web.client-ca-file"),
    minVersion: of("web.tls-min-version") === "VersionTLS12" ? "TLSv1.2" : "TLSv1.3",
    reloadMs: goDurationMs(of("web.tls-reload-interval")) ?? 60_000,
  };
}

function webhooksOf(of: (name: string) => string): OperatorOptions["webhooks"] {
  const [namespace = "", secret = ""] = of("webhook-certificate-secret").split("/");
  if (secret === "") return undefined;
  const lifetimeMs = goDurationMs(of("webhook-certificate-lifetime")) ?? 0;
  return { namespace, secret, service: of("webhook-service"), configuration: of("webhook-configuration"), lifetimeMs };
}

function versionEnd(values: Values, program: string): EarlyEnd | undefined {
  if (values.get("short-version") === "true") return { kind: "end", exitCode: 0, stdout: `${vestalVersion()}\n` };
  if (values.get("version") !== "true") return undefined;
  return { kind: "end", exitCode: 0, stdout: `vestal ${program}, version ${vestalVersion()}\n` };
}

export const OPERATOR_FLAGS: readonly GoFlag[] = [
  text("web.listen-address", "Address on which metrics and health are served.", ":8080"),
  bool("web.enable-tls", "Serve over TLS."),
  ...WEB_FLAGS,
  text("as", "User to act as towards the API server."),
  text("apiserver", "Address of the API server; without it, the pod's own cluster."),
  text("kubeconfig", "kubeconfig file that leads to the API server."),
  text("cert-file", "Client certificate for the API server."),
  text("key-file", "Key of the client certificate."),
  text("ca-file", "Authority of the API server's certificate."),
  bool("tls-insecure", "Do not verify the API server's certificate."),
  text("kubelet-service", "Service with the addresses of all kubelets to keep, as namespace/name.", "", (value) =>
    value === "" || /^[^/]+\/[^/]+$/.test(value) ? undefined : "namespace/name is expected",
  ),
  text("kubelet-selector", "Label selector of the nodes whose kubelets are listed."),
  text(
    "kubelet-node-address-priority",
    "Address of a node that is preferred: internal or external.",
    "internal",
    oneOf(["internal", "external"]),
  ),
  bool("kubelet-endpointslice", "Keep EndpointSlice objects of kubelets."),
  bool("kubelet-endpoints", "Keep an Endpoints object of kubelets.", true),
  {
    name: "kubelet-sync-period",
    kind: "duration",
    default: "3m0s",
    help: "How often the kubelets' addresses are brought up to date.",
  },
  bool("kubelet-http-metrics", "List port 10255 of kubelets too.", true),
  text("prometheus-config-reloader", "Image of the configuration reloader.", ""),
  text("config-reloader-cpu-request", 'CPU that a reloader requests; "0" is none.', "10m", quantity),
  text("config-reloader-cpu-limit", 'CPU that a reloader is limited to; "0" is none.', "10m", quantity),
  text("config-reloader-memory-request", 'Memory that a reloader requests; "0" is none.', "50Mi", quantity),
  text("config-reloader-memory-limit", 'Memory that a reloader is limited to; "0" is none.', "50Mi", quantity),
  bool("enable-config-reloader-probes", "Probes for reloaders."),
  text("alertmanager-default-base-image", "Image of Alertmanagers without one, without its tag."),
  text("prometheus-default-base-image", "Image of Prometheuses without one, without its tag."),
  text("thanos-default-base-image", "Image of Thanos where none is given, without its tag."),
  text(
    "controller-id",
    "Only objects with this value of the annotation operator.prometheus.io/controller-id are reconciled; without it, only those without.",
  ),
  text(
    "repair-policy-for-statefulsets",
    "What is done with a rollout that is stuck: none, evict or delete.",
    "none",
    oneOf(["none", "evict", "delete"]),
  ),
  text("namespaces", "Namespaces that are watched; all by default."),
  text("deny-namespaces", "Namespaces that are not watched."),
  text("prometheus-instance-namespaces", "Namespaces of Prometheus and PrometheusAgent objects."),
  text("alertmanager-instance-namespaces", "Namespaces of Alertmanager objects."),
  text("alertmanager-config-namespaces", "Namespaces of AlertmanagerConfig objects."),
  text("thanos-ruler-instance-namespaces", "Namespaces of ThanosRuler objects."),
  bool("watch-referenced-objects-in-all-namespaces", "Watch Secrets and ConfigMaps of monitors' namespaces too."),
  text("annotations", "Annotations of everything that is made, as key=value, joined by commas.", "", pairs),
  text("labels", "Labels of everything that is made, as key=value, joined by commas.", "", pairs),
  text("localhost", "Name by which containers of a pod reach each other.", "localhost"),
  text("cluster-domain", "Domain of the cluster; empty leaves it to the resolver's search list."),
  text("prometheus-instance-selector", "Label selector of Prometheus and PrometheusAgent objects."),
  text("alertmanager-instance-selector", "Label selector of Alertmanager objects."),
  text("thanos-ruler-instance-selector", "Label selector of ThanosRuler objects."),
  text("secret-field-selector", "Field selector of Secrets that are watched."),
  text("secret-label-selector", "Label selector of Secrets that are watched."),
  text("configmap-field-selector", "Field selector of ConfigMaps that are watched."),
  text("configmap-label-selector", "Label selector of ConfigMaps that are watched."),
  nothing({ name: "auto-gomemlimit-ratio", kind: "float", default: "0", help: "Go's memory limit." }),
  bool("disable-unmanaged-prometheus-configuration", "Manage the configuration also where no selector is set."),
  text("feature-gates", `Features as name=true or name=false: ${Object.keys(GATES).join(", ")}.`, "", gates),
  text(
    "webhook-certificate-secret",
    "Secret for a certificate of the admission webhooks that the operator makes and renews, as namespace/name; empty leaves it to others.",
    "",
    (value) => (value === "" || /^[^/]+\/[^/]+$/.test(value) ? undefined : "namespace/name is expected"),
  ),
  text("webhook-service", "Service of the admission webhooks, in the Secret's namespace.", "vestal-admission-webhook"),
  text(
    "webhook-configuration",
    "Name of the validating and mutating webhook configurations that get the certificate's authority.",
    "vestal-admission-webhook",
  ),
  {
    name: "webhook-certificate-lifetime",
    kind: "duration",
    default: "2160h0m0s",
    help: "How long such a certificate is good; it is renewed when two thirds of it are over.",
  },
  bool("leader-elect", "Only one of several operators works, by a Lease."),
];

export type OperatorCommand =
  | { readonly kind: "start"; readonly options: OperatorOptions }
  | { readonly kind: "crds" }
  | EarlyEnd;

export function readOperatorCommand(args: readonly string[]): OperatorCommand {
  const parsed = parseGoFlags("operator", OPERATOR_FLAGS, args);
  if (parsed.kind === "end") return parsed;
  const { values, rest, warnings } = parsed;
  const of = (name: string): string => values.get(name) ?? "";
  const is = (name: string): boolean => of(name) === "true";
  const early = versionEnd(values, "operator");
  if (early !== undefined) return early;
  const [command = "start"] = rest;
  if (command === "crds" || command === "full-crds") return { kind: "crds" };
  if (command !== "start") {
    return {
      kind: "end",
      exitCode: 1,
      stderr: `Unknown command: ${command}\nAvailable commands: crds, full-crds, start\n`,
    };
  }
  const list = (name: string): readonly string[] =>
    of(name)
      .split(",")
      .filter((each) => each !== "");
  const map = (name: string) =>
    Object.fromEntries(list(name).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  const all = list("namespaces");
  const denied = list("deny-namespaces");
  if (all.length > 0 && denied.length > 0) {
    return { kind: "end", exitCode: 1, stderr: "operator: --namespaces and --deny-namespaces exclude each other\n" };
  }
  const own = (name: string): readonly string[] => (list(name).length > 0 ? list(name) : all);
  const gateValues = new Map(Object.entries(GATES));
  for (const pair of list("feature-gates")) gateValues.set(pair.split("=")[0]!, pair.endsWith("=true"));
  const options: OperatorOptions = {
    listenAddress: of("web.listen-address"),
    tls: tlsOf(values),
    logLevel: of("log-level"),
    logFormat: of("log-format") === "json" ? "json" : "logfmt",
    apiServer: {
      url: of("apiserver"),
      certFile: of("cert-file"),
      keyFile: of("key-file"),
      caFile: of("ca-file"),
      isInsecure: is("tls-insecure"),
      impersonate: of("as"),
      kubeconfig: of("kubeconfig"),
    },
    namespaces: {
      all,
      denied,
      prometheus: own("prometheus-instance-namespaces"),
      alertmanager: own("alertmanager-instance-namespaces"),
      alertmanagerConfig: own("alertmanager-config-namespaces"),
      thanosRuler: own("thanos-ruler-instance-namespaces"),
    },
    selectors: {
      prometheus: of("prometheus-instance-selector"),
      alertmanager: of("alertmanager-instance-selector"),
      thanosRuler: of("thanos-ruler-instance-selector"),
      secretField: of("secret-field-selector"),
      secretLabel: of("secret-label-selector"),
      configMapField: of("configmap-field-selector"),
      configMapLabel: of("configmap-label-selector"),
    },
    controllerId: of("controller-id"),
    labels: map("labels"),
    annotations: map("annotations"),
    localhost: of("localhost"),
    clusterDomain: of("cluster-domain"),
    images: {
      prometheus: of("prometheus-default-base-image"),
      alertmanager: of("alertmanager-default-base-image"),
      thanos: of("thanos-default-base-image"),
      reloader: of("prometheus-config-reloader"),
    },
    reloader: {
      cpuRequest: of("config-reloader-cpu-request"),
      cpuLimit: of("config-reloader-cpu-limit"),
      memoryRequest: of("config-reloader-memory-request"),
      memoryLimit: of("config-reloader-memory-limit"),
      hasProbes: is("enable-config-reloader-probes"),
    },
    disableUnmanagedConfiguration: is("disable-unmanaged-prometheus-configuration"),
    watchReferencesEverywhere: is("watch-referenced-objects-in-all-namespaces"),
    repairPolicy: of("repair-policy-for-statefulsets"),
    gates: gateValues,
    kubelet: {
      service: of("kubelet-service"),
      selector: of("kubelet-selector"),
      addressPriority: of("kubelet-node-address-priority"),
      hasEndpoints: is("kubelet-endpoints"),
      hasEndpointSlices: is("kubelet-endpointslice"),
      syncMs: goDurationMs(of("kubelet-sync-period")) ?? 180_000,
      hasHttpMetrics: is("kubelet-http-metrics"),
    },
    leaderElection: is("leader-elect"),
    webhooks: webhooksOf(of),
    warnings,
  };
  return { kind: "start", options };
}
