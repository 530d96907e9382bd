/** The StatefulSet of an Alertmanager cluster. */
import { posix } from "node:path";
import type { KubeObject } from "../../kube-object.js";
import type { Alertmanager, AlertmanagerSpec } from "../../schema/generated/types.js";
import { clusterTlsMounts } from "../alertmanager/cluster-tls.js";
import { DEFAULT_ALERTMANAGER_VERSION } from "../defaults.js";
import { sizeBytes } from "../quantity.js";
import { compact, type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import { Version, VersionGate } from "../version.js";
import { webConfigMounts } from "../web-config.js";
import { ArgumentList, isSame } from "./arguments.js";
import { imageOf } from "./image.js";
import { mergeContainers } from "./merge-containers.js";
import { DEFAULT_CONTAINER, VERSION_LABEL, workloadMetadata } from "./metadata.js";
import type { WorkloadInput, WorkloadOptions } from "./options.js";
import {
  CONFIG_OUT_VOLUME,
  dataStorage,
  dataVolumeName,
  mountAll,
  podFields,
  tlsAssetsVolume,
  updateStrategy,
} from "./pod.js";
import { CONFINED, POD_IP_ENV, POD_NAME_ENV, reloaderContainer } from "./reloader.js";

const CONFIG_FOLDER = "/etc/alertmanager/config";
const CONFIG_OUT_FOLDER = "/etc/alertmanager/config_out";
const TEMPLATES_FOLDER = "/etc/alertmanager/templates";
const STORAGE_FOLDER = "/alertmanager";
export const ALERTMANAGER_CONFIG_KEY = "alertmanager.yaml.gz";
const CONFIG_OUT_FILE = "alertmanager.env.yaml";
const SERVICE = "alertmanager-operated";
const GRACE_SECONDS = 120;

export function alertmanagerNames(name: string) {
  const prefixed = `alertmanager-${name}`;
  return {
    prefixed,
    /** What a user gives, unless the object names another one. */
    configSecret: prefixed,
    generatedSecret: `${prefixed}-generated`,
    webConfigSecret: `${prefixed}-web-config`,
    tlsAssets: `${prefixed}-tls-assets`,
    dataVolume: `${prefixed}-db`,
  };
}

interface Context {
  readonly name: string;
  readonly namespace: string;
  readonly spec: AlertmanagerSpec;
  readonly versionText: string;
  readonly version: Version;
  readonly replicas: number;
  readonly options: WorkloadOptions;
}

export interface AlertmanagerInput extends WorkloadInput {
  readonly version?: string | undefined;
}

export function alertmanagerStatefulSet(alertmanager: Alertmanager, input: AlertmanagerInput): KubeObject {
  const { options } = input;
  const spec = alertmanager.spec ?? {};
  const versionText = nonEmpty(spec.version) ?? DEFAULT_ALERTMANAGER_VERSION;
  const context: Context = {
    name: alertmanager.metadata?.name ?? "",
    namespace: alertmanager.metadata?.namespace ?? "",
    spec,
    versionText,
    version: Version.parse(input.version ?? versionText),
    replicas: Math.max(spec.replicas ?? 1, 0),
    options,
  };
  const names = alertmanagerNames(context.name);
  const selector = {
    "app.kubernetes.io/name": "alertmanager",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "app.kubernetes.io/instance": context.name,
    alertmanager: context.name,
    ...options.labels,
  };
  const data = dataStorage({ name: names.dataVolume, storage: spec.storage });
  return compact({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: workloadMetadata({
      owner: alertmanager,
      name: names.prefixed,
      selector,
      inputHash: input.inputHash,
      options,
    }),
    spec: {
      serviceName: spec.serviceName ?? SERVICE,
      replicas: context.replicas,
      podManagementPolicy: spec.podManagementPolicy ?? "Parallel",
      updateStrategy: updateStrategy(spec.updateStrategy),
      minReadySeconds: spec.minReadySeconds === 0 ? undefined : spec.minReadySeconds,
      selector: { matchLabels: selector },
      template: podTemplate(context, input, selector),
      volumeClaimTemplates: data.claims,
      persistentVolumeClaimRetentionPolicy: spec.persistentVolumeClaimRetentionPolicy as Mapping | undefined,
    },
  }) as KubeObject;
}

function podTemplate(context: Context, input: AlertmanagerInput, selector: Readonly<Record<string, string>>): Mapping {
  const { spec, version, options } = context;
  const names = alertmanagerNames(context.name);
  const templates = templateVolume(spec);
  const secrets = mountAll("secret", spec.secrets, "/etc/alertmanager/secrets");
  const configMaps = mountAll("configmap", spec.configMaps, "/etc/alertmanager/configmaps");
  const web = version.isAtLeast("0.22.0")
    ? webConfigMounts("/etc/alertmanager/web_config", names.webConfigSecret, spec.web ?? {})
    : undefined;
  const clusterTls = version.isAtLeast("0.24.0")
    ? clusterTlsMounts("/etc/alertmanager/cluster_tls_config", context.name, spec.clusterTLS)
    : undefined;
  const data = dataStorage({ name: names.dataVolume, storage: spec.storage });
  const own = [...secrets.mounts, ...configMaps.mounts];
  const list = new ArgumentList(new VersionGate(version));
  addArguments(list, context);
  list.addIfSet("web.config.file", web?.file);
  list.addIfSet("cluster.tls-config", clusterTls?.file);

  const reloader = (isInit: boolean): KubeObject =>
    reloaderContainer({
      ...(isInit
        ? { name: "init-config-reloader", isInit }
        : {
            name: "config-reloader",
            isLocal: spec.listenLocal,
            reloadUrl: reloadUrl(context),
            webConfigFile: web?.file,
          }),
      options: options.reloader,
      localHost: options.localHost,
      logFormat: spec.logFormat,
      logLevel: spec.logLevel,
      imagePullPolicy: spec.imagePullPolicy,
      shard: -1,
      configFile: posix.join(CONFIG_FOLDER, ALERTMANAGER_CONFIG_KEY),
      envsubstFile: posix.join(CONFIG_OUT_FOLDER, CONFIG_OUT_FILE),
      watchedFolders: [
        CONFIG_FOLDER,
        ...(templates === undefined ? [] : [TEMPLATES_FOLDER]),
        ...own.map((mount) => String(mount["mountPath"])),
      ],
      mounts: [
        { name: "config-volume", readOnly: true, mountPath: CONFIG_FOLDER },
        { name: "config-out", mountPath: CONFIG_OUT_FOLDER },
        ...(templates === undefined ? [] : [TEMPLATES_MOUNT]),
        ...own,
        ...(web?.mounts ?? []),
      ],
    });
  const main: KubeObject = compact({
    name: "alertmanager",
    image: imageOf({
      image: spec.image,
      base: nonEmpty(spec.baseImage) ?? options.alertmanagerBaseImage,
      version: context.versionText,
      tag: spec.tag,
      sha: spec.sha,
    }),
    imagePullPolicy: nonEmpty(spec.imagePullPolicy),
    args: list.build(spec.additionalArgs),
    ports: portsOf(spec),
    env: [POD_IP_ENV, ...(version.isAtLeast("0.30.0") ? [POD_NAME_ENV] : [])],
    volumeMounts: [
      { name: "config-volume", mountPath: CONFIG_FOLDER },
      { name: "config-out", readOnly: true, mountPath: CONFIG_OUT_FOLDER },
      { name: "tls-assets", readOnly: true, mountPath: "/etc/alertmanager/certs" },
      {
        name: dataVolumeName({ name: names.dataVolume, storage: spec.storage }),
        mountPath: STORAGE_FOLDER,
        subPath: spec.storage === undefined || spec.storage.disableMountSubPath ? undefined : "alertmanager-db",
      },
      ...(templates === undefined ? [] : [TEMPLATES_MOUNT]),
      ...own,
      ...(spec.volumeMounts ?? []),
      ...(web?.mounts ?? []),
      ...(clusterTls?.mounts ?? []),
    ],
    ...probes(context),
    resources: withMemoryRequest(spec.resources),
    securityContext: CONFINED,
    terminationMessagePolicy: "FallbackToLogsOnError",
  }) as KubeObject;

  return {
    metadata: {
      labels: { [VERSION_LABEL]: version.toString(), ...spec.podMetadata?.labels, ...selector },
      annotations: { ...spec.podMetadata?.annotations, [DEFAULT_CONTAINER]: "alertmanager" },
    },
    spec: {
      automountServiceAccountToken: spec.automountServiceAccountToken,
      containers: mergeContainers([main, reloader(false)], spec.containers),
      initContainers: mergeContainers([reloader(true)], spec.initContainers),
      ...podFields(spec, GRACE_SECONDS),
      volumes: [
        { name: "config-volume", secret: { secretName: names.generatedSecret } },
        tlsAssetsVolume(input.tlsSecrets),
        CONFIG_OUT_VOLUME,
        ...(templates === undefined ? [] : [templates]),
        ...secrets.volumes,
        ...configMaps.volumes,
        ...(web?.volumes ?? []),
        ...(clusterTls?.volumes ?? []),
        ...data.volumes,
        ...(spec.volumes ?? []),
      ],
    },
  };
}

/** Without a request a pod of little memory is the first to be ended. */
export function withMemoryRequest(resources: KubeObject | undefined): Mapping {
  const requests = (resources?.["requests"] ?? {}) as Mapping;
  return { ...resources, requests: { ...requests, memory: requests["memory"] ?? "200Mi" } };
}

const TEMPLATES_MOUNT: Mapping = { name: "notification-templates", readOnly: true, mountPath: TEMPLATES_FOLDER };

/** All templates in one folder; of two with one key the first counts. */
function templateVolume({ alertmanagerConfiguration }: AlertmanagerSpec): Mapping | undefined {
  const templates = nonEmptyList(alertmanagerConfiguration?.templates);
  if (templates === undefined) return undefined;
  const keys = new Set<string>();
  const sources: Mapping[] = [];
  for (const template of templates) {
    for (const kind of ["configMap", "secret"] as const) {
      const { name = "", key = "" } = template[kind] ?? {};
      if (template[kind] === undefined || keys.has(key)) continue;
      keys.add(key);
      sources.push({ [kind]: { name, items: [{ key, path: key }] } });
    }
  }
  return { name: "notification-templates", projected: { sources } };
}

function portsOf({ listenLocal, portName }: AlertmanagerSpec): Mapping[] {
  return [
    ...(listenLocal ? [] : [{ name: nonEmpty(portName) ?? "web", containerPort: 9093, protocol: "TCP" }]),
    { name: "mesh-tcp", containerPort: 9094, protocol: "TCP" },
    { name: "mesh-udp", containerPort: 9094, protocol: "UDP" },
  ];
}

function isHttps({ spec, version }: Context): boolean {
  return spec.web?.tlsConfig !== undefined && version.isAtLeast("0.22.0");
}

function pathBelow({ spec }: Context, path: string): string {
  return posix.normalize((nonEmpty(spec.routePrefix) ?? "/") + path);
}

function reloadUrl(context: Context): string {
  const scheme = isHttps(context) ? "https" : "http";
  return `${scheme}://${context.options.localHost}:9093${pathBelow(context, "/-/reload")}`;
}

function probes(context: Context): Mapping {
  const { spec } = context;
  if (spec.listenLocal) return {};
  const handler = (path: string): Mapping => ({
    httpGet: {
      path: pathBelow(context, path),
      port: nonEmpty(spec.portName) ?? "web",
      scheme: isHttps(context) ? "HTTPS" : undefined,
    },
  });
  return {
    livenessProbe: { ...handler("/-/healthy"), timeoutSeconds: 3, failureThreshold: 10 },
    readinessProbe: {
      ...handler("/-/ready"),
      initialDelaySeconds: 3,
      timeoutSeconds: 3,
      periodSeconds: 5,
      failureThreshold: 10,
    },
  };
}

function addArguments(list: ArgumentList, context: Context): void {
  const { spec, replicas, options, name, namespace } = context;
  list.add("config.file", posix.join(CONFIG_OUT_FOLDER, CONFIG_OUT_FILE));
  list.add("storage.path", STORAGE_FOLDER);
  list.add("data.retention", nonEmpty(spec.retention) ?? "120h");
  // One alone has nobody to speak with: the value is empty.
  if (replicas === 1 && !spec.forceEnableClusterMode) list.add("cluster.listen-address=");
  else list.add("cluster.listen-address", "[$(POD_IP)]:9094");
  list.add("web.listen-address", spec.listenLocal ? "127.0.0.1:9093" : ":9093");
  list.addIfSet("web.external-url", spec.externalUrl);
  list.addIfSet("enable-feature", nonEmptyList(spec.enableFeatures)?.join(","), "0.27.0");
  list.add("web.route-prefix", nonEmpty(spec.routePrefix) ?? "/");
  list.addIfSet("web.get-concurrency", spec.web?.getConcurrency, "0.17.0");
  list.addIfSet("web.timeout", spec.web?.timeout, "0.17.0");
  list.addIfSet("silences.max-silences", spec.limits?.maxSilences, "0.28.0");
  const maxBytes = nonEmpty(spec.limits?.maxPerSilenceBytes);
  list.addIfSet(
    "silences.max-per-silence-bytes",
    maxBytes === undefined ? undefined : Math.trunc(sizeBytes(maxBytes)),
    "0.28.0",
  );
  addStartDelay(list, spec);
  if (spec.logLevel !== "info") list.addIfSet("log.level", spec.logLevel);
  if (spec.logFormat !== "logfmt") list.addIfSet("log.format", spec.logFormat, "0.16.0");
  list.addIfSet("cluster.advertise-address", spec.clusterAdvertiseAddress);
  list.addIfSet("cluster.gossip-interval", spec.clusterGossipInterval);
  list.addIfSet("cluster.pushpull-interval", spec.clusterPushpullInterval);
  list.addIfSet("cluster.peer-timeout", spec.clusterPeerTimeout);
  list.addIfSet("cluster.peer-name", "$(POD_NAME)", "0.30.0");
  if (context.version.isAtLeast("0.26.0")) list.add("cluster.label", spec.clusterLabel ?? `${namespace}/${name}`);
  const service = spec.serviceName ?? SERVICE;
  const domain = nonEmpty(options.clusterDomain);
  const host = domain === undefined ? service : `${service}.${namespace}.svc.${domain}.`;
  for (let replica = 0; replica < replicas; replica++) {
    list.add("cluster.peer", `alertmanager-${name}-${replica}.${host}:9094`);
  }
  for (const peer of spec.additionalPeers ?? []) list.add("cluster.peer", peer);
  list.add("cluster.reconnect-timeout", "5m");
}

/** Notifications wait until the cluster knows what was sent; a user's own value wins. */
function addStartDelay(list: ArgumentList, spec: AlertmanagerSpec): void {
  const name = "dispatch.start-delay";
  const isTaken = spec.additionalArgs?.some((argument) => isSame(argument.name ?? "", name));
  if (spec.minReadySeconds !== undefined && !isTaken) list.addIfSet(name, `${spec.minReadySeconds}s`, "0.30.0");
}
