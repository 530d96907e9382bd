/** The Thanos sidecar of a Prometheus: it serves the data to Thanos queries and uploads blocks. */
import { posix } from "node:path";
import type { KubeObject } from "../../kube-object.js";
import type { Prometheus, PrometheusSpec, TLSConfig } from "../../schema/generated/types.js";
import { DEFAULT_THANOS_VERSION } from "../defaults.js";
import type { PrometheusContext } from "../prometheus/context.js";
import { compact, type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import { Version, VersionGate } from "../version.js";
import { ArgumentList } from "./arguments.js";
import { imageOf } from "./image.js";
import type { WorkloadInput } from "./options.js";
import { dataVolumeName } from "./pod.js";
import { dataSubPath, type prometheusNames, prometheusUrl, STORAGE_FOLDER } from "./prometheus-names.js";
import { CONFINED } from "./reloader.js";

const CONFIG_FOLDER = "/etc/thanos/config";
const CLIENT_VOLUME = "thanos-prometheus-http-client-file";
const CLIENT_FILE = "prometheus.http-client-file.yaml";
/** How the sidecar speaks to a Prometheus with TLS in its own pod, where the certificate's name cannot match. */
export const SIDECAR_CLIENT_FILES: Readonly<Record<string, string>> = {
  [CLIENT_FILE]: "tls_config:\n  insecure_skip_verify: true\n",
};

/**
 * What happens to blocks that are uploaded: Prometheus compacts as usual, or not at all, or only blocks that have been
 * uploaded.
 */
export type Compaction = "default" | "disabled" | "delayed";

function thanosVersion(spec: PrometheusSpec): Version {
  return Version.parse(nonEmpty(spec.thanos?.version) ?? DEFAULT_THANOS_VERSION);
}

export function compactionOf(spec: PrometheusSpec, version: Version): Compaction {
  if (spec.disableCompaction) return "disabled";
  const { objectStorageConfig, objectStorageConfigFile } = spec.thanos ?? {};
  if (objectStorageConfig === undefined && objectStorageConfigFile === undefined) return "default";
  return version.isAtLeast("3.9.0") && thanosVersion(spec).isAtLeast("0.41.0") ? "delayed" : "disabled";
}

export interface Sidecar {
  readonly container: KubeObject;
  readonly volumes: readonly Mapping[];
}

export function thanosSidecar(
  { spec = {} }: Prometheus,
  context: PrometheusContext,
  { options }: WorkloadInput,
  compaction: Compaction,
  names: ReturnType<typeof prometheusNames>,
): Sidecar | undefined {
  const { thanos } = spec;
  if (thanos === undefined) return undefined;
  const version = thanosVersion(spec);
  const list = new ArgumentList(new VersionGate(version));
  const env: Mapping[] = [];
  const mounts: Mapping[] = (thanos.volumeMounts ?? []).map(({ name, mountPath }) => ({ name, mountPath }));
  const volumes: Mapping[] = [];
  const local = (isLocal: boolean | undefined) => (thanos.listenLocal || isLocal ? "127.0.0.1" : "");

  list.add("prometheus.url", prometheusUrl(context, options, ""));
  list.add("grpc-address", `${local(thanos.grpcListenLocal)}:10901`);
  list.add("http-address", `${local(thanos.httpListenLocal)}:10902`);
  addGrpcTls(list, thanos.grpcServerTlsConfig);
  if (thanos.objectStorageConfig !== undefined || thanos.objectStorageConfigFile !== undefined) {
    if (thanos.objectStorageConfigFile !== undefined) list.add("objstore.config-file", thanos.objectStorageConfigFile);
    else {
      list.add("objstore.config", "$(OBJSTORE_CONFIG)");
      env.push({ name: "OBJSTORE_CONFIG", valueFrom: { secretKeyRef: thanos.objectStorageConfig as Mapping } });
    }
    list.add("tsdb.path", STORAGE_FOLDER);
    mounts.push({
      name: dataVolumeName({ name: names.dataVolume, storage: spec.storage }),
      mountPath: STORAGE_FOLDER,
      subPath: dataSubPath(spec.storage),
    });
    if (compaction === "delayed") {
      list.add("shipper.meta-file-name", "thanos.shipper.json").add("shipper.ignore-unequal-block-size");
    }
  }
  if (nonEmpty(thanos.tracingConfigFile) !== undefined) list.addIfSet("tracing.config-file", thanos.tracingConfigFile);
  else if (thanos.tracingConfig !== undefined) {
    list.add("tracing.config", "$(TRACING_CONFIG)");
    env.push({ name: "TRACING_CONFIG", valueFrom: { secretKeyRef: thanos.tracingConfig as Mapping } });
  }
  list.addIfSet("log.level", nonEmpty(thanos.logLevel) ?? spec.logLevel);
  list.addIfSet("log.format", nonEmpty(thanos.logFormat) ?? spec.logFormat);
  list.addIfSet("min-time", thanos.minTime);
  list.addIfSet("prometheus.ready_timeout", thanos.readyTimeout);
  list.addIfSet("prometheus.get_config_timeout", thanos.getConfigTimeout, "0.29.0");
  list.addIfSet("prometheus.get_config_interval", thanos.getConfigInterval, "0.29.0");
  if (version.isAtLeast("0.24.0")) {
    list.add("prometheus.http-client-file", posix.join(CONFIG_FOLDER, CLIENT_FILE));
    mounts.push({ name: CLIENT_VOLUME, mountPath: CONFIG_FOLDER });
    volumes.push({ name: CLIENT_VOLUME, secret: { secretName: names.sidecarClientSecret } });
  }
  const container = compact({
    name: "thanos-sidecar",
    image: imageOf({
      image: thanos.image,
      base: thanos.baseImage ?? options.thanosBaseImage,
      version: thanos.version ?? DEFAULT_THANOS_VERSION,
      tag: thanos.tag,
      sha: thanos.sha,
    }),
    imagePullPolicy: nonEmpty(spec.imagePullPolicy),
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: CONFINED,
    ports: [
      { name: "http", containerPort: 10902 },
      { name: "grpc", containerPort: 10901 },
    ],
    resources: thanos.resources ?? {},
    env: nonEmptyList(env),
    volumeMounts: nonEmptyList(mounts),
    args: ["sidecar", ...list.build(thanos.additionalArgs)],
  }) as KubeObject;
  return { container, volumes };
}

const TLS_VERSIONS: Readonly<Record<string, string>> = { TLS10: "1.0", TLS11: "1.1", TLS12: "1.2", TLS13: "1.3" };

/** Thanos takes files only. */
export function addGrpcTls(list: ArgumentList, tls: TLSConfig | undefined): void {
  if (tls === undefined) return;
  list.addIfSet("grpc-server-tls-cert", tls.certFile);
  list.addIfSet("grpc-server-tls-key", tls.keyFile);
  list.addIfSet("grpc-server-tls-client-ca", tls.caFile);
  list.addIfSet("grpc-server-tls-min-version", TLS_VERSIONS[tls.minVersion ?? ""], "0.37.0");
  list.addIfSet("grpc-server-tls-ciphers", nonEmptyList(tls.cipherSuites)?.join(","), "0.42.0");
  list.addIfSet("grpc-server-tls-curves", nonEmptyList(tls.curves)?.join(","), "0.42.0");
}
