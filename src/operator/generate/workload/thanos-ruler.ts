/** The StatefulSet of a ThanosRuler. */
import { posix } from "node:path";
import type { KubeObject } from "../../kube-object.js";
import type { KeySelector, ThanosRuler, ThanosRulerSpec } from "../../schema/generated/types.js";
import { DEFAULT_THANOS_VERSION } from "../defaults.js";
import { invalid } from "../invalid.js";
import { compact, type Mapping, nonEmpty, nonEmptyList, sortedKeys } from "../value.js";
import { Version, VersionGate } from "../version.js";
import { webConfigMounts } from "../web-config.js";
import { withMemoryRequest } from "./alertmanager.js";
import { ArgumentList } from "./arguments.js";
import { imageOf } from "./image.js";
import { addedContainer, mergeContainers } from "./merge-containers.js";
import { DEFAULT_CONTAINER, VERSION_LABEL, workloadMetadata } from "./metadata.js";
import type { WorkloadInput } from "./options.js";
import { dataStorage, dataVolumeName, podFields, ruleVolumes, tlsAssetsVolume, updateStrategy } from "./pod.js";
import { CONFINED, POD_NAME_ENV, reloaderContainer } from "./reloader.js";
import { addGrpcTls } from "./thanos-sidecar.js";

const RULES_FOLDER = "/etc/thanos/rules";
const CONFIG_FOLDER = "/etc/thanos/config";
const STORAGE_FOLDER = "/thanos/data";
const REPLICA_LABEL = "thanos_ruler_replica";
export const REMOTE_WRITE_KEY = "remote-write.yaml";
const GRACE_SECONDS = 120;

export function thanosRulerNames(name: string) {
  const prefixed = `thanos-ruler-${name}`;
  return {
    prefixed,
    configSecret: `${prefixed}-config`,
    webConfigSecret: `${prefixed}-web-config`,
    tlsAssets: `${prefixed}-tls-assets`,
    dataVolume: `${prefixed}-data`,
  };
}

export interface ThanosRulerInput extends WorkloadInput {
  readonly ruleConfigMaps: readonly string[];
}

export function thanosRulerStatefulSet(ruler: ThanosRuler, input: ThanosRulerInput): KubeObject {
  const { options } = input;
  const spec = ruler.spec ?? {};
  const name = ruler.metadata?.name ?? "";
  const names = thanosRulerNames(name);
  const selector = {
    ...spec.podMetadata?.labels,
    ...options.labels,
    "app.kubernetes.io/name": "thanos-ruler",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "app.kubernetes.io/instance": name,
    "thanos-ruler": name,
  };
  const data = dataStorage({ name: names.dataVolume, storage: spec.storage });
  return compact({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: workloadMetadata({ owner: ruler, name: names.prefixed, selector, inputHash: input.inputHash, options }),
    spec: {
      serviceName: spec.serviceName ?? "thanos-ruler-operated",
      replicas: spec.replicas,
      podManagementPolicy: spec.podManagementPolicy ?? "Parallel",
      updateStrategy: updateStrategy(spec.updateStrategy),
      minReadySeconds: spec.minReadySeconds === 0 ? undefined : spec.minReadySeconds,
      selector: { matchLabels: selector },
      template: podTemplate(ruler, input, selector),
      volumeClaimTemplates: data.claims,
    },
  }) as KubeObject;
}

/** Files of a user's Secrets that arguments name. */
class SecretFiles {
  readonly volumes: Mapping[] = [];
  readonly mounts: Mapping[] = [];

  mount(volume: string, { name = "", key = "" }: KeySelector): string {
    const mountPath = posix.join(CONFIG_FOLDER, volume);
    this.volumes.push({ name: volume, secret: { secretName: name, items: [{ key, path: key }] } });
    this.mounts.push({ name: volume, readOnly: true, mountPath });
    return posix.join(mountPath, key);
  }
}

function podTemplate(ruler: ThanosRuler, input: ThanosRulerInput, selector: Readonly<Record<string, string>>): Mapping {
  const { options, ruleConfigMaps } = input;
  const spec = ruler.spec ?? {};
  if (spec.queryConfig === undefined && nonEmptyList(spec.queryEndpoints) === undefined) {
    invalid("queryConfig or queryEndpoints is needed");
  }
  const names = thanosRulerNames(ruler.metadata?.name ?? "");
  const versionText = nonEmpty(spec.version) ?? DEFAULT_THANOS_VERSION;
  const version = Version.parse(versionText);
  const files = new SecretFiles();
  const list = new ArgumentList(new VersionGate(version));
  addArguments(list, files, spec, names.configSecret, version);

  // The web server is configured where there is a reloader, which needs it too.
  const hasWeb = ruleConfigMaps.length > 0 && version.isAtLeast("0.21.0");
  const web = hasWeb ? webConfigMounts("/etc/thanos/web_config", names.webConfigSecret, spec.web ?? {}) : undefined;
  const ruleMounts = ruleConfigMaps.map((name) => ({ name, mountPath: `${RULES_FOLDER}/${name}` }));
  const isHttps = spec.web?.tlsConfig !== undefined && version.isAtLeast("0.21.0");
  const reloader = reloaderContainer({
    name: "config-reloader",
    options: options.reloader,
    localHost: options.localHost,
    isLocal: spec.listenLocal,
    webConfigFile: web?.file,
    reloadUrl: `${isHttps ? "https" : "http"}://${options.localHost}:10902${posix.normalize(`${spec.routePrefix ?? ""}/-/reload`)}`,
    logFormat: spec.logFormat,
    logLevel: spec.logLevel,
    watchedFolders: ruleMounts.map(({ mountPath }) => mountPath),
    mounts: [...ruleMounts, ...(web?.mounts ?? [])],
    shard: -1,
  });
  const data = dataStorage({ name: names.dataVolume, storage: spec.storage });
  const main: KubeObject = compact({
    name: "thanos-ruler",
    image: imageOf({ image: spec.image, base: options.thanosBaseImage, version: versionText }),
    imagePullPolicy: nonEmpty(spec.imagePullPolicy),
    args: ["rule", ...list.build(spec.additionalArgs), ...(web === undefined ? [] : [`--http.config=${web.file}`])],
    env: [POD_NAME_ENV],
    volumeMounts: [
      ...files.mounts,
      { name: "tls-assets", readOnly: true, mountPath: "/etc/thanos/certs" },
      ...(web?.mounts ?? []),
      { name: dataVolumeName({ name: names.dataVolume, storage: spec.storage }), mountPath: STORAGE_FOLDER },
      ...ruleMounts.map((mount) => ({ ...mount, readOnly: true })),
      ...(spec.volumeMounts ?? []),
    ],
    resources: withMemoryRequest(spec.resources),
    ports: [
      { name: "grpc", containerPort: 10901, protocol: "TCP" },
      ...(spec.listenLocal ? [] : [{ name: nonEmpty(spec.portName), containerPort: 10902, protocol: "TCP" }]),
    ],
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: CONFINED,
  }) as KubeObject;
  return {
    metadata: {
      labels: { ...selector, [VERSION_LABEL]: version.toString() },
      annotations: { ...spec.podMetadata?.annotations, [DEFAULT_CONTAINER]: "thanos-ruler" },
    },
    spec: {
      containers: mergeContainers(ruleConfigMaps.length > 0 ? [main, reloader] : [main], spec.containers),
      initContainers: nonEmptyList(spec.initContainers)?.map(addedContainer),
      ...podFields(spec, GRACE_SECONDS),
      volumes: [
        ...files.volumes,
        tlsAssetsVolume(input.tlsSecrets),
        ...(web?.volumes ?? []),
        ...ruleVolumes(ruleConfigMaps),
        ...data.volumes,
        ...(spec.volumes ?? []),
      ],
    },
  };
}

function addArguments(
  list: ArgumentList,
  files: SecretFiles,
  spec: ThanosRulerSpec,
  configSecret: string,
  version: Version,
): void {
  list.add("data-dir", STORAGE_FOLDER);
  list.add("eval-interval", spec.evaluationInterval);
  list.add("tsdb.retention", spec.retention);
  list.addIfSet("rule-query-offset", spec.ruleQueryOffset, "0.38.0");
  const concurrency = spec.ruleConcurrentEval ?? 0;
  list.addIfSet("rule-concurrent-evaluation", concurrency > 0 ? concurrency : undefined, "0.37.0");
  list.addIfSet("for-outage-tolerance", spec.ruleOutageTolerance, "0.30.0");
  list.addIfSet("for-grace-period", spec.ruleGracePeriod, "0.30.0");
  list.addIfSet("resend-delay", spec.resendDelay);
  list.addIfSet("enable-feature", nonEmptyList(spec.enableFeatures)?.join(","), "0.39.0");
  list.add("label", `${REPLICA_LABEL}="$(POD_NAME)"`);
  for (const name of sortedKeys(spec.labels)) list.add("label", `${name}="${spec.labels?.[name] ?? ""}"`);
  for (const name of [REPLICA_LABEL, ...(spec.alertDropLabels ?? [])]) list.add("alert.label-drop", name);
  if (spec.listenLocal) list.add("http-address", "localhost:10902");
  if (spec.logLevel !== "info") list.addIfSet("log.level", spec.logLevel);
  list.addIfSet("log.format", spec.logFormat);
  list.add("rule-file", posix.join(RULES_FOLDER, "*", "*.yaml"));

  const remoteWrite = files.mount("remote-write-config", { name: configSecret, key: REMOTE_WRITE_KEY });
  if (version.isAtLeast("0.24.0") && nonEmptyList(spec.remoteWrite) !== undefined) {
    list.add("remote-write.config-file", remoteWrite);
  }
  if (spec.queryConfig !== undefined) list.add("query.config-file", files.mount("query-config", spec.queryConfig));
  else for (const endpoint of spec.queryEndpoints ?? []) list.add("query", endpoint);
  if (spec.alertmanagersConfig !== undefined) {
    list.add("alertmanagers.config-file", files.mount("alertmanager-config", spec.alertmanagersConfig));
  } else for (const url of spec.alertmanagersUrl ?? []) list.add("alertmanagers.url", url);

  const fileOr = (flag: string, file: string | undefined, volume: string, secret: KeySelector | undefined) => {
    if (file !== undefined) list.add(flag, file);
    else if (secret !== undefined) list.add(flag, files.mount(volume, secret));
  };
  fileOr("objstore.config-file", spec.objectStorageConfigFile, "objstorage-config", spec.objectStorageConfig);
  fileOr("tracing.config-file", nonEmpty(spec.tracingConfigFile), "tracing-config", spec.tracingConfig);
  fileOr("alert.relabel-config-file", spec.alertRelabelConfigFile, "alertrelabel-config", spec.alertRelabelConfigs);
  addGrpcTls(list, spec.grpcServerTlsConfig);
  list.addIfSet("web.external-prefix", spec.externalPrefix);
  list.addIfSet("web.route-prefix", spec.routePrefix);
  list.addIfSet("alert.query-url", spec.alertQueryUrl);
}
