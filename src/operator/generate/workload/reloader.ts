/** The container that watches configuration and rules, replaces variables in them, and asks for a reload. */
import { posix } from "node:path";
import type { KubeObject } from "../../kube-object.js";
import { compact, type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import type { ReloaderOptions } from "./options.js";

const PORT = 8080;
/** The init container listens elsewhere, so that both can be in one pod. */
const INIT_PORT = 8081;

export interface Reloader {
  readonly name: string;
  readonly options: ReloaderOptions;
  readonly localHost: string;
  /** Runs once, before the others start. */
  readonly isInit?: boolean;
  readonly isLocal?: boolean | undefined;
  readonly reloadUrl?: string;
  /** Reloads by a signal; the URL tells whether it has happened. */
  readonly runtimeInfoUrl?: string;
  readonly webConfigFile?: string | undefined;
  readonly configFile?: string;
  readonly envsubstFile?: string;
  readonly watchedFolders?: readonly string[];
  readonly mounts: readonly Mapping[];
  readonly shard?: number;
  readonly zone?: string;
  readonly shardInZone?: number | undefined;
  readonly hasNodeName?: boolean;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly imagePullPolicy?: string | undefined;
}

export function reloaderContainer(reloader: Reloader): KubeObject {
  const { options, isInit } = reloader;
  const isLocal = reloader.isLocal === true && !isInit;
  const port = isInit ? INIT_PORT : PORT;
  return compact({
    name: reloader.name,
    image: options.image,
    imagePullPolicy: nonEmpty(reloader.imagePullPolicy),
    terminationMessagePolicy: "FallbackToLogsOnError",
    env: environment(reloader),
    command: ["/bin/prometheus-config-reloader"],
    args: argumentsOf(reloader, isLocal ? `${reloader.localHost}:${PORT}` : `:${port}`),
    ports: isLocal
      ? undefined
      : [{ name: isInit ? "reloader-init" : "reloader-web", containerPort: port, protocol: "TCP" }],
    volumeMounts: nonEmptyList(reloader.mounts),
    resources: resourcesOf(options),
    securityContext: CONFINED,
    ...(isInit || !options.enableProbes ? {} : probes(isLocal)),
  }) as KubeObject;
}

/** Nothing in these containers needs more. */
export const CONFINED: Mapping = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

function fieldEnv(name: string, fieldPath: string): Mapping {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

export const POD_NAME_ENV: Mapping = fieldEnv("POD_NAME", "metadata.name");
export const POD_IP_ENV: Mapping = fieldEnv("POD_IP", "status.podIP");

function environment({ hasNodeName, shard, zone, shardInZone }: Reloader): Mapping[] {
  return [
    POD_NAME_ENV,
    ...(hasNodeName ? [fieldEnv("NODE_NAME", "spec.nodeName")] : []),
    ...(shard === undefined ? [] : [{ name: "SHARD", value: String(shard) }]),
    ...(nonEmpty(zone) === undefined ? [] : [{ name: "TOPOLOGY_ZONE", value: zone }]),
    ...(shardInZone === undefined ? [] : [{ name: "INZONE_SHARD", value: String(shardInZone) }]),
  ];
}

function argumentsOf(reloader: Reloader, listenAddress: string): string[] {
  const { configFile, watchedFolders = [], logLevel, logFormat } = reloader;
  // Kubelet replaces the folder behind a mounted file: watching it is faster than waiting for the next look.
  const folder = configFile === undefined ? undefined : posix.dirname(configFile);
  const isWatched = folder === undefined || watchedFolders.includes(folder);
  const flag = (name: string, value: string | undefined) =>
    nonEmpty(value) === undefined ? [] : [`--${name}=${value}`];
  return [
    ...(reloader.isInit ? ["--watch-interval=0"] : []),
    `--listen-address=${listenAddress}`,
    ...flag("web-config-file", reloader.webConfigFile),
    ...(reloader.runtimeInfoUrl === undefined
      ? flag("reload-url", reloader.reloadUrl)
      : ["--reload-method=signal", `--runtimeinfo-url=${reloader.runtimeInfoUrl}`]),
    ...flag("config-file", configFile),
    ...flag("config-envsubst-file", reloader.envsubstFile),
    ...[...watchedFolders, ...(isWatched ? [] : [folder])].map((watched) => `--watched-dir=${watched}`),
    ...(logLevel === "info" ? [] : flag("log-level", logLevel)),
    ...(logFormat === "logfmt" ? [] : flag("log-format", logFormat)),
  ];
}

function resourcesOf(options: ReloaderOptions): Mapping {
  const list = (cpu: string | undefined, memory: string | undefined): Mapping | undefined => {
    const isSet = (quantity: string | undefined) => nonEmpty(quantity) !== undefined && quantity !== "0";
    const entries = { cpu: isSet(cpu) ? cpu : undefined, memory: isSet(memory) ? memory : undefined };
    return entries.cpu === undefined && entries.memory === undefined ? undefined : entries;
  };
  return {
    limits: list(options.cpuLimits, options.memoryLimits),
    requests: list(options.cpuRequests, options.memoryRequests),
  };
}

function probes(isLocal: boolean): Mapping {
  const probe = isLocal
    ? { exec: httpCommand(`http://localhost:${PORT}/healthz`) }
    : { httpGet: { path: "/healthz", port: PORT } };
  return { livenessProbe: probe, readinessProbe: probe, startupProbe: probe };
}

/** Asks a server which listens in its pod only. */
export function httpCommand(url: string): Mapping {
  const script = `if [ -x "$(command -v curl)" ]; then exec curl --fail ${url}; elif [ -x "$(command -v wget)" ]; then exec wget -q -O /dev/null ${url}; else exit 1; fi`;
  return { command: ["sh", "-c", script] };
}
