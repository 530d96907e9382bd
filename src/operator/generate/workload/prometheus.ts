/** StatefulSets of Prometheus servers and agents, and the DaemonSet of an agent that runs on every node. */
import { posix } from "node:path";
import type { KubeObject } from "../../kube-object.js";
import type { Prometheus, PrometheusAgent } from "../../schema/generated/types.js";
import { type ConfigOptions, contextOf, type PrometheusContext, type PrometheusObject } from "../prometheus/context.js";
import { protobufMessage } from "../prometheus/remote-write.js";
import { isInLogFolder, retentionTime } from "../prometheus/sections.js";
import { shardInZone, zoneOfShard } from "../prometheus/sharding.js";
import { compact, type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import { webConfigMounts } from "../web-config.js";
import { ArgumentList } from "./arguments.js";
import { imageOf } from "./image.js";
import { mergeContainers } from "./merge-containers.js";
import { DEFAULT_CONTAINER, MODE_LABEL, NAME_LABEL, SHARD_LABEL, VERSION_LABEL, workloadMetadata } from "./metadata.js";
import type { WorkloadInput, WorkloadOptions } from "./options.js";
import {
  CONFIG_OUT_VOLUME,
  dataStorage,
  dataVolumeName,
  mountAll,
  podFields,
  ruleVolumes,
  tlsAssetsVolume,
  updateStrategy,
} from "./pod.js";
import {
  dataSubPath,
  pathBelow,
  prometheusNames,
  prometheusUrl,
  routePrefix,
  STORAGE_FOLDER,
} from "./prometheus-names.js";
import { CONFINED, httpCommand, type Reloader, reloaderContainer } from "./reloader.js";
import { compactionOf, thanosSidecar } from "./thanos-sidecar.js";

const CONFIG_FOLDER = "/etc/prometheus/config";
const CONFIG_OUT_FOLDER = "/etc/prometheus/config_out";
const WEB_CONFIG_FOLDER = "/etc/prometheus/web_config";
const RULES_FOLDER = "/etc/prometheus/rules";
const LOG_FOLDER = "/var/log/prometheus";
/** The Secret's key with the configuration. */
export const CONFIG_KEY = "prometheus.yaml.gz";
const CONFIG_OUT_FILE = "prometheus.env.yaml";
/** To end, a server writes what is in memory. */
const GRACE_SECONDS = 600;

export interface PrometheusInput extends WorkloadInput {
  readonly shard: number;
  readonly ruleConfigMaps: readonly string[];
  readonly configOptions?: ConfigOptions;
  readonly version?: string | undefined;
  /** Wins over the name that follows from the object. */
  readonly name?: string | undefined;
}

/** A server and an agent differ in this. */
interface Kind {
  readonly mode: "server" | "agent";
  readonly serviceName: string;
  readonly selector: (name: string) => Readonly<Record<string, string>>;
}

const selectorOf = (application: string, name: string) => ({
  "app.kubernetes.io/managed-by": "prometheus-operator",
  "app.kubernetes.io/name": application,
  "app.kubernetes.io/instance": name,
  [NAME_LABEL]: name,
});

const SERVER: Kind = {
  mode: "server",
  serviceName: "prometheus-operated",
  selector: (name) => ({ ...selectorOf("prometheus", name), prometheus: name }),
};

const AGENT: Kind = {
  mode: "agent",
  serviceName: "prometheus-agent-operated",
  selector: (name) => selectorOf("prometheus-agent", name),
};

/** A pod while it is being made. */
interface Draft {
  readonly kind: Kind;
  readonly object: PrometheusObject;
  readonly context: PrometheusContext;
  readonly input: PrometheusInput;
  readonly names: ReturnType<typeof prometheusNames>;
  readonly selector: Readonly<Record<string, string>>;
}

function draftOf(kind: Kind, object: PrometheusObject, input: PrometheusInput, isSharded: boolean): Draft {
  const context = contextOf(object, input.configOptions, input.version);
  const shard = isSharded ? { [SHARD_LABEL]: String(input.shard) } : {};
  return {
    kind,
    object,
    context,
    input,
    names: prometheusNames(kind.mode, context.name),
    selector: { ...kind.selector(context.name), ...shard },
  };
}

export function prometheusStatefulSet(prometheus: Prometheus, input: PrometheusInput): KubeObject {
  const spec = prometheus.spec ?? {};
  const draft = draftOf(SERVER, prometheus, input, true);
  const { version } = draft.context;
  const compaction = compactionOf(spec, version);
  const sidecar = thanosSidecar(prometheus, draft.context, input, compaction, draft.names);
  const goGc = spec.runtime?.goGC;
  return statefulSet(draft, {
    image: imageOf({
      image: spec.image,
      base: nonEmpty(spec.baseImage) ?? input.options.prometheusBaseImage,
      version: `v${version}`,
      tag: spec.tag,
      sha: spec.sha,
    }),
    addArguments: (list) => addServerArguments(list, prometheus, draft.context),
    addLateArguments: (list) => {
      if (compaction === "disabled") {
        const block = nonEmpty(spec.thanos?.blockSize) ?? "2h";
        list.add("storage.tsdb.max-block-duration", block).add("storage.tsdb.min-block-duration", block);
      }
      if (compaction === "delayed")
        list.add("storage.tsdb.delay-compact-file.path", `${STORAGE_FOLDER}/thanos.shipper.json`);
      const hasLateSamples = spec.tsdb?.outOfOrderTimeWindow !== undefined && compaction !== "default";
      list.addIf(hasLateSamples, "no-storage.tsdb.allow-overlapping-compaction", "2.55.0");
    },
    env: goGc === undefined || draft.context.gate.allows("2.53.0") ? [] : [{ name: "GOGC", value: String(goGc) }],
    queryLogFile: spec.queryLogFile,
    ruleConfigMaps: input.ruleConfigMaps,
    sidecars: sidecar === undefined ? [] : [sidecar.container],
    sidecarVolumes: sidecar?.volumes ?? [],
  });
}

export function agentStatefulSet(agent: PrometheusAgent, input: PrometheusInput): KubeObject {
  const draft = draftOf(AGENT, agent, input, true);
  return statefulSet(draft, agentParts(draft));
}

function agentParts({ context, input }: Draft): Parts {
  return {
    image: imageOf({
      image: context.spec.image,
      base: input.options.prometheusBaseImage,
      version: `v${context.version}`,
    }),
    addArguments: (list) => addAgentArguments(list, context),
    addLateArguments: () => undefined,
    env: [],
    queryLogFile: undefined,
    ruleConfigMaps: [],
    sidecars: [],
    sidecarVolumes: [],
  };
}

/** One pod a node, without data of its own. */
export function agentDaemonSet(agent: PrometheusAgent, input: PrometheusInput): KubeObject {
  const draft = draftOf(AGENT, agent, input, false);
  const { spec } = draft.context;
  return compact({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: workloadMetadata({
      owner: agent,
      name: draft.names.prefixed,
      selector: selectorWith(draft),
      labels: { [MODE_LABEL]: draft.kind.mode },
      options: input.options,
    }),
    spec: {
      selector: { matchLabels: selectorWith(draft) },
      minReadySeconds: nonZeroSeconds(spec.minReadySeconds),
      template: podTemplate(draft, agentParts(draft), true),
      updateStrategy: {},
    },
  }) as KubeObject;
}

function nonZeroSeconds(seconds: number | undefined): number | undefined {
  return seconds === 0 ? undefined : seconds;
}

/** Labels that all objects of the operator carry are part of the selector. */
function selectorWith({ selector, input }: Draft): Readonly<Record<string, string>> {
  return { ...selector, ...input.options.labels };
}

interface Parts {
  readonly image: string;
  readonly addArguments: (list: ArgumentList) => void;
  /** Behind the one of the web configuration. */
  readonly addLateArguments: (list: ArgumentList) => void;
  readonly env: readonly Mapping[];
  readonly queryLogFile: string | undefined;
  readonly ruleConfigMaps: readonly string[];
  readonly sidecars: readonly KubeObject[];
  readonly sidecarVolumes: readonly Mapping[];
}

function statefulSet(draft: Draft, parts: Parts): KubeObject {
  const { object, context, input, kind, names } = draft;
  const { spec } = context;
  const replicas = spec.replicas ?? 1;
  const data = dataStorage({ name: names.dataVolume, storage: spec.storage });
  return compact({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: workloadMetadata({
      owner: object,
      name: input.name ?? names.shard(input.shard),
      selector: selectorWith(draft),
      labels: { [MODE_LABEL]: kind.mode },
      inputHash: input.inputHash,
      options: input.options,
    }),
    spec: {
      serviceName: spec.serviceName ?? kind.serviceName,
      replicas: replicas < 0 ? 1 : replicas,
      podManagementPolicy: spec.podManagementPolicy ?? "Parallel",
      updateStrategy: updateStrategy(spec.updateStrategy),
      minReadySeconds: nonZeroSeconds(spec.minReadySeconds),
      selector: { matchLabels: selectorWith(draft) },
      template: podTemplate(draft, parts, false),
      volumeClaimTemplates: data.claims,
      persistentVolumeClaimRetentionPolicy: spec.persistentVolumeClaimRetentionPolicy as Mapping | undefined,
    },
  }) as KubeObject;
}

function podTemplate(draft: Draft, parts: Parts, isDaemonSet: boolean): Mapping {
  const { context, input, selector } = draft;
  const { spec, version, gate } = context;
  const { options } = input;
  const zone = isDaemonSet ? "" : zoneOfShard(context, input.shard);
  const common = commonVolumes(draft, isDaemonSet);
  const server = serverVolumes(draft, parts);
  const hasWebConfig = isDaemonSet || gate.allows("2.24.0");
  const web = hasWebConfig
    ? webConfigMounts(WEB_CONFIG_FOLDER, draft.names.webConfigSecret, spec.web ?? {})
    : undefined;
  const isWebSet = isDaemonSet || spec.web !== undefined;

  const list = new ArgumentList(gate);
  parts.addArguments(list);
  if (web !== undefined) list.add("web.config.file", web.file);
  parts.addLateArguments(list);

  const ruleMounts = parts.ruleConfigMaps.map((name) => ({ name, mountPath: `${RULES_FOLDER}/${name}` }));
  const reloader = (isInit: boolean): KubeObject =>
    reloaderContainer({
      ...reloaderBasics(context, options),
      ...(isInit
        ? { name: "init-config-reloader", isInit }
        : { name: "config-reloader", ...reloadMethod(context, options) }),
      webConfigFile: isInit || !isWebSet ? undefined : web?.file,
      watchedFolders: ruleMounts.map(({ mountPath }) => mountPath),
      mounts: [
        { name: "config", mountPath: CONFIG_FOLDER },
        { name: "config-out", mountPath: CONFIG_OUT_FOLDER },
        ...(isWebSet ? (web?.mounts ?? []) : []),
        ...ruleMounts,
      ],
      shard: isDaemonSet ? 0 : input.shard,
      hasNodeName: isDaemonSet,
      zone,
      shardInZone: zone === "" ? undefined : shardInZone(context, input.shard),
    });
  const main: KubeObject = compact({
    name: "prometheus",
    image: parts.image,
    imagePullPolicy: nonEmpty(spec.imagePullPolicy),
    ports: spec.listenLocal ? undefined : [{ name: portName(context), containerPort: 9090, protocol: "TCP" }],
    args: list.build(spec.additionalArgs),
    env: nonEmptyList(parts.env),
    volumeMounts: nonEmptyList([...common.mounts, ...server.mounts, ...(web?.mounts ?? [])]),
    ...probes(context),
    resources: spec.resources ?? {},
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: CONFINED,
  }) as KubeObject;
  const data = isDaemonSet ? { volumes: [] } : dataStorage({ name: draft.names.dataVolume, storage: spec.storage });

  return {
    metadata: {
      labels: { [VERSION_LABEL]: version.toString(), ...spec.podMetadata?.labels, ...selector, ...options.labels },
      annotations: { [DEFAULT_CONTAINER]: "prometheus", ...spec.podMetadata?.annotations },
    },
    spec: {
      shareProcessNamespace: spec.reloadStrategy === "ProcessSignal",
      containers: mergeContainers([main, reloader(false), ...parts.sidecars], spec.containers),
      initContainers: mergeContainers([reloader(true)], spec.initContainers),
      automountServiceAccountToken: spec.automountServiceAccountToken ?? true,
      ...podFields(
        {
          ...spec,
          ...(zone === "" ? {} : { nodeSelector: { ...spec.nodeSelector, "topology.kubernetes.io/zone": zone } }),
          topologySpreadConstraints: spreadConstraints(spec.topologySpreadConstraints, selectorWith(draft)),
        },
        GRACE_SECONDS,
      ),
      volumes: [
        ...common.volumes,
        ...server.volumes,
        ...(web?.volumes ?? []),
        ...parts.sidecarVolumes,
        ...data.volumes,
        ...(isDaemonSet ? [] : (spec.volumes ?? [])),
      ],
    },
  };
}

function portName({ spec }: PrometheusContext): string {
  return nonEmpty(spec.portName) ?? "web";
}

/** Spreads over domains the pods of the object, or of the shard only. */
function spreadConstraints(
  constraints: readonly KubeObject[] | undefined,
  selector: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  return (constraints ?? []).map(({ additionalLabelSelectors, ...constraint }) => {
    if (additionalLabelSelectors === undefined) return constraint;
    const labels = Object.entries(selector).filter(
      ([name]) => additionalLabelSelectors !== "OnResource" || name !== SHARD_LABEL,
    );
    const own = (constraint["labelSelector"] ?? {}) as { readonly matchLabels?: Readonly<Record<string, string>> };
    return {
      ...constraint,
      labelSelector: { ...own, matchLabels: { ...own.matchLabels, ...Object.fromEntries(labels) } },
    };
  });
}

function commonVolumes({ context, names, input }: Draft, isDaemonSet: boolean) {
  const { spec } = context;
  const secrets = mountAll("secret", spec.secrets, "/etc/prometheus/secrets");
  const configMaps = mountAll("configmap", spec.configMaps, "/etc/prometheus/configmaps");
  const hasLog = isInLogFolder(spec.scrapeFailureLogFile);
  const data = { name: names.dataVolume, storage: spec.storage };
  const dataMount = { name: dataVolumeName(data), mountPath: STORAGE_FOLDER, subPath: dataSubPath(spec.storage) };
  return {
    volumes: [
      { name: "config", secret: { secretName: names.configSecret } },
      tlsAssetsVolume(input.tlsSecrets),
      CONFIG_OUT_VOLUME,
      ...secrets.volumes,
      ...configMaps.volumes,
      ...(hasLog ? [LOG_VOLUME] : []),
    ],
    mounts: [
      { name: "config-out", readOnly: true, mountPath: CONFIG_OUT_FOLDER },
      { name: "tls-assets", readOnly: true, mountPath: "/etc/prometheus/certs" },
      ...(isDaemonSet ? [] : [dataMount]),
      ...(spec.volumeMounts ?? []),
      ...secrets.mounts,
      ...configMaps.mounts,
      ...(hasLog ? [LOG_MOUNT] : []),
    ],
  };
}

const LOG_VOLUME: Mapping = { name: "log-file", emptyDir: {} };
const LOG_MOUNT: Mapping = { name: "log-file", mountPath: LOG_FOLDER };

function serverVolumes({ context }: Draft, { ruleConfigMaps, queryLogFile }: Parts) {
  // The folder of logs is one volume, whoever asks for it.
  const hasLog = isInLogFolder(queryLogFile) && context.spec.scrapeFailureLogFile === undefined;
  return {
    volumes: [...(hasLog ? [LOG_VOLUME] : []), ...ruleVolumes(ruleConfigMaps)],
    mounts: [
      ...ruleConfigMaps.map((name) => ({ name, readOnly: true, mountPath: `${RULES_FOLDER}/${name}` })),
      ...(hasLog ? [LOG_MOUNT] : []),
    ],
  };
}

function reloaderBasics({ spec }: PrometheusContext, options: WorkloadOptions) {
  return {
    options: options.reloader,
    localHost: options.localHost,
    logFormat: spec.logFormat,
    logLevel: spec.logLevel,
    imagePullPolicy: spec.imagePullPolicy,
    configFile: posix.join(CONFIG_FOLDER, CONFIG_KEY),
    envsubstFile: posix.join(CONFIG_OUT_FOLDER, CONFIG_OUT_FILE),
  };
}

function reloadMethod(
  context: PrometheusContext,
  options: WorkloadOptions,
): Pick<Reloader, "isLocal" | "reloadUrl" | "runtimeInfoUrl"> {
  return context.spec.reloadStrategy === "ProcessSignal"
    ? { runtimeInfoUrl: prometheusUrl(context, options, "/api/v1/status/runtimeinfo") }
    : { isLocal: context.spec.listenLocal, reloadUrl: prometheusUrl(context, options, "/-/reload") };
}

/** Starting may take as long as reading the log of a large server does. */
function probes(context: PrometheusContext): Mapping {
  const { spec } = context;
  const handler = (path: string): Mapping =>
    spec.listenLocal
      ? { exec: httpCommand(`http://localhost:9090${pathBelow(context, path)}`) }
      : {
          httpGet: {
            path: pathBelow(context, path),
            port: portName(context),
            scheme: spec.web?.tlsConfig === undefined ? undefined : "HTTPS",
          },
        };
  const longest = spec.maximumStartupDurationSeconds ?? 0;
  const failureThreshold = longest >= 60 ? Math.ceil(longest / 60) : 60;
  const periodSeconds = longest >= 60 ? Math.ceil(longest / failureThreshold) : 15;
  return {
    startupProbe: { ...handler("/-/ready"), timeoutSeconds: 3, periodSeconds, failureThreshold },
    readinessProbe: { ...handler("/-/ready"), timeoutSeconds: 3, periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...handler("/-/healthy"), timeoutSeconds: 3, periodSeconds: 5, failureThreshold: 6 },
  };
}

function addCommonArguments(list: ArgumentList, context: PrometheusContext): void {
  const { spec, version } = context;
  list.add("config.file", posix.join(CONFIG_OUT_FOLDER, CONFIG_OUT_FILE));
  if (version.major === 2) {
    list.add("web.console.templates", "/etc/prometheus/consoles");
    list.add("web.console.libraries", "/etc/prometheus/console_libraries");
  }
  list.addIf(spec.reloadStrategy !== "ProcessSignal", "web.enable-lifecycle");
  if (spec.web?.pageTitle !== undefined && version.isAtLeast("2.6.0")) list.add("web.page-title", spec.web.pageTitle);
  list.addIfSet("web.max-connections", spec.web?.maxConnections);
  if (spec.enableRemoteWriteReceiver) {
    list.addIf(true, "web.enable-remote-write-receiver", "2.33.0");
    const messages = nonEmptyList(spec.remoteWriteReceiverMessageVersions)?.map(protobufMessage);
    list.addIfSet("web.remote-write-receiver.accepted-protobuf-messages", messages?.join(","), "2.54.0");
  }
  addFeatures(list, context);
  list.addIfSet("web.external-url", spec.externalUrl);
  list.add("web.route-prefix", routePrefix(context));
  if (spec.logLevel !== "info") list.addIfSet("log.level", spec.logLevel);
  if (spec.logFormat !== "logfmt") list.addIfSet("log.format", spec.logFormat, "2.6.0");
  if (spec.listenLocal) list.add("web.listen-address", "127.0.0.1:9090");
}

function addFeatures(list: ArgumentList, { spec, version }: PrometheusContext): void {
  const sendsVersion2 = spec.remoteWrite?.some(({ messageVersion }) => messageVersion === "V2.0") ?? false;
  if (sendsVersion2 && version.isBelow("3.4.0")) list.addIfSet("enable-feature", "metadata-wal-records", "2.54.0");
  if (spec.enableOTLPReceiver ?? spec.otlp !== undefined) {
    if (version.major >= 3) list.add("web.enable-otlp-receiver");
    else list.addIfSet("enable-feature", "otlp-write-receiver", "2.47.0");
  }
  list.addIfSet("enable-feature", nonEmptyList(spec.enableFeatures)?.join(","), "2.25.0");
  const needsXor2 = spec.tsdb?.chunkEncoding?.floats === "Xor2" && !spec.enableFeatures?.includes("xor2-encoding");
  if (needsXor2) list.addIfSet("enable-feature", "xor2-encoding", "3.13.0");
}

function addServerArguments(list: ArgumentList, { spec = {} }: Prometheus, context: PrometheusContext): void {
  const { version } = context;
  addCommonArguments(list, context);
  if (version.isBelow("2.7.0")) list.addIfSet("storage.tsdb.retention", nonEmpty(spec.retention) ?? "24h");
  else if (version.isBelow("3.11.0")) {
    list.addIfSet("storage.tsdb.retention.time", retentionTime(spec));
    list.addIfSet("storage.tsdb.retention.size", spec.retentionSize);
  }
  list.add("storage.tsdb.path", STORAGE_FOLDER);
  list.addIf(spec.enableAdminAPI, "web.enable-admin-api");
  list.addIfSet("rules.alert.for-outage-tolerance", spec.rules?.alert?.forOutageTolerance, "2.4.0");
  list.addIfSet("rules.alert.for-grace-period", spec.rules?.alert?.forGracePeriod, "2.4.0");
  list.addIfSet("rules.alert.resend-delay", spec.rules?.alert?.resendDelay, "2.4.0");
  const { lookbackDelta, maxSamples = 0, maxConcurrency = 0, timeout } = spec.query ?? {};
  if (lookbackDelta !== undefined) list.add("query.lookback-delta", lookbackDelta);
  list.addIfSet("query.max-samples", maxSamples > 0 ? maxSamples : undefined, "2.5.0");
  list.addIfSet("query.max-concurrency", maxConcurrency > 0 ? maxConcurrency : undefined);
  if (timeout !== undefined) list.add("query.timeout", timeout);
  const allowsOverlaps = spec.allowOverlappingBlocks === true && version.isBelow("2.39.0");
  list.addIf(allowsOverlaps, "storage.tsdb.allow-overlapping-blocks", "2.11.0");
  addWalCompression(list, "tsdb", spec.walCompression, "2.11.0");
}

function addAgentArguments(list: ArgumentList, context: PrometheusContext): void {
  addCommonArguments(list, context);
  if (context.version.major === 2) list.add("enable-feature", "agent");
  else list.add("agent");
  list.add("storage.agent.path", STORAGE_FOLDER);
  addWalCompression(list, "agent", context.spec.walCompression);
}

function addWalCompression(list: ArgumentList, storage: string, isWanted: boolean | undefined, since?: string): void {
  if (isWanted !== undefined) list.addIf(true, `${isWanted ? "" : "no-"}storage.${storage}.wal-compression`, since);
}
