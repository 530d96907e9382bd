/** Parts of pods and StatefulSets that all workloads share. */
import type { KubeObject } from "../../kube-object.js";
import type {
  DnsConfig,
  HostAlias,
  LocalReference,
  PrometheusStorage,
  PrometheusUpdateStrategy,
} from "../../schema/generated/types.js";
import { label } from "../resource-name.js";
import { type Mapping, nonEmpty, nonEmptyList } from "../value.js";

interface PodFields {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly schedulerName?: string;
  readonly priorityClassName?: string;
  readonly serviceAccountName?: string;
  readonly securityContext?: KubeObject;
  readonly tolerations?: readonly KubeObject[];
  readonly affinity?: KubeObject;
  readonly topologySpreadConstraints?: readonly KubeObject[];
  readonly hostAliases?: readonly HostAlias[];
  readonly hostNetwork?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly hostUsers?: boolean;
  readonly dnsPolicy?: string;
  readonly dnsConfig?: DnsConfig;
  readonly imagePullSecrets?: readonly LocalReference[];
  readonly terminationGracePeriodSeconds?: number;
}

/** What a user says about placement, network and rights of the pods. */
export function podFields(spec: PodFields, defaultGraceSeconds: number): Mapping {
  return {
    nodeSelector: nonEmptyMap(spec.nodeSelector),
    schedulerName: nonEmpty(spec.schedulerName),
    priorityClassName: nonEmpty(spec.priorityClassName),
    serviceAccountName: nonEmpty(spec.serviceAccountName),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
    securityContext: spec.securityContext,
    tolerations: nonEmptyList(spec.tolerations),
    affinity: spec.affinity,
    topologySpreadConstraints: nonEmptyList(spec.topologySpreadConstraints),
    hostAliases: nonEmptyList(spec.hostAliases)?.map(({ hostnames, ip }) => ({ hostnames, ip: ip ?? "" })),
    hostNetwork: spec.hostNetwork ? true : undefined,
    enableServiceLinks: spec.enableServiceLinks,
    hostUsers: spec.hostUsers,
    dnsPolicy: nonEmpty(spec.dnsPolicy) ?? (spec.hostNetwork ? "ClusterFirstWithHostNet" : undefined),
    dnsConfig:
      spec.dnsConfig === undefined
        ? undefined
        : {
            nameservers: nonEmptyList(spec.dnsConfig.nameservers),
            searches: nonEmptyList(spec.dnsConfig.searches),
            options: nonEmptyList(spec.dnsConfig.options)?.map(({ name, value }) => ({ name, value })),
          },
    imagePullSecrets: nonEmptyList(spec.imagePullSecrets) as readonly Mapping[] | undefined,
  };
}

export function nonEmptyMap(map: Readonly<Record<string, string>> | undefined): Mapping | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : map;
}

export function updateStrategy(strategy: PrometheusUpdateStrategy | undefined): Mapping {
  if (strategy === undefined) return { type: "RollingUpdate" };
  return {
    type: nonEmpty(strategy.type),
    rollingUpdate:
      strategy.rollingUpdate === undefined ? undefined : { maxUnavailable: strategy.rollingUpdate.maxUnavailable },
  };
}

export interface Volumes {
  readonly volumes: readonly Mapping[];
  readonly mounts: readonly Mapping[];
}

/** Secrets or ConfigMaps of a user, each mounted below a folder of that kind. */
export function mountAll(kind: "secret" | "configmap", names: readonly string[] | undefined, folder: string): Volumes {
  const list = (names ?? []).map((name) => ({ name, volume: label(kind, name) }));
  return {
    volumes: list.map(({ name, volume }) => ({
      name: volume,
      ...(kind === "secret" ? { secret: { secretName: name } } : { configMap: { name } }),
    })),
    mounts: list.map(({ name, volume }) => ({ name: volume, readOnly: true, mountPath: `${folder}/${name}` })),
  };
}

export function tlsAssetsVolume(secrets: readonly string[]): Mapping {
  return { name: "tls-assets", projected: { sources: secrets.map((name) => ({ secret: { name } })) } };
}

/** In memory: credentials are in there. */
export const CONFIG_OUT_VOLUME: Mapping = { name: "config-out", emptyDir: { medium: "Memory" } };

export function ruleVolumes(configMaps: readonly string[]): Mapping[] {
  return configMaps.map((name) => ({ name, configMap: { name, optional: true } }));
}

export interface DataStorage {
  /** The volume's name, unless the claim has one. */
  readonly name: string;
  readonly storage: PrometheusStorage | undefined;
}

export function dataVolumeName({ name, storage }: DataStorage): string {
  return nonEmpty(storage?.volumeClaimTemplate?.metadata?.name) ?? name;
}

/** Data is in a claim, or in a volume that lives as long as the pod. */
export function dataStorage({ name, storage }: DataStorage): {
  readonly volumes: Mapping[];
  readonly claims?: Mapping[];
} {
  if (storage === undefined) return { volumes: [{ name, emptyDir: {} }] };
  if (storage.emptyDir !== undefined) return { volumes: [{ name, emptyDir: storage.emptyDir }] };
  if (storage.ephemeral !== undefined) return { volumes: [{ name, ephemeral: storage.ephemeral }] };
  const { apiVersion, kind, metadata, spec, status } = storage.volumeClaimTemplate ?? {};
  return {
    volumes: [],
    claims: [
      {
        apiVersion: nonEmpty(apiVersion),
        kind: nonEmpty(kind),
        metadata: {
          name: dataVolumeName({ name, storage }),
          labels: nonEmptyMap(metadata?.labels),
          annotations: nonEmptyMap(metadata?.annotations),
        },
        spec: {
          ...spec,
          accessModes: spec?.["accessModes"] ?? ["ReadWriteOnce"],
          resources: spec?.["resources"] ?? {},
        },
        status: status ?? {},
      },
    ],
  };
}
