/** Labels, annotations and owners of the objects that the operator makes. */
import type { ObjectMeta, OwnerReference } from "../../kube-object.js";
import type { Mapping } from "../value.js";
import type { WorkloadOptions } from "./options.js";

export const MANAGED_BY = "prometheus-operator";
export const INPUT_HASH = "prometheus-operator-input-hash";
export const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";
export const VERSION_LABEL = "app.kubernetes.io/version";
export const SHARD_LABEL = "operator.prometheus.io/shard";
export const NAME_LABEL = "operator.prometheus.io/name";
export const MODE_LABEL = "operator.prometheus.io/mode";

type Map = Readonly<Record<string, string>>;

/** Labels by which everything that the operator made is found. */
export const MANAGED_LABELS: Map = { "managed-by": MANAGED_BY, "app.kubernetes.io/managed-by": MANAGED_BY };

interface Owner {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

export function ownerReference({ apiVersion, kind, metadata }: Owner, isController = true): OwnerReference {
  return {
    apiVersion: apiVersion ?? "",
    kind: kind ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    ...(isController ? { blockOwnerDeletion: true, controller: true } : {}),
  };
}

/** `kubectl apply --prune` must not take an object for one that it applied. */
function withoutKubectl(annotations: Map): Map {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !name.startsWith("kubectl.kubernetes.io/")));
}

export interface WorkloadMetadata {
  readonly owner: Owner;
  readonly name: string;
  readonly selector: Map;
  readonly labels?: Map;
  readonly inputHash?: string;
  readonly options: WorkloadOptions;
}

/** Without a namespace: whoever applies the workload adds the owner's. */
export function workloadMetadata({ owner, name, selector, labels, inputHash, options }: WorkloadMetadata): Mapping {
  const annotations = withoutKubectl({
    ...owner.metadata?.annotations,
    ...options.annotations,
    ...(inputHash === undefined ? {} : { [INPUT_HASH]: inputHash }),
  });
  return {
    name,
    labels: { ...MANAGED_LABELS, ...owner.metadata?.labels, ...labels, ...selector, ...options.labels },
    annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    ownerReferences: [ownerReference(owner) as unknown as Mapping],
  };
}

/** Of Services, Secrets and ConfigMaps. */
export function objectMetadata(
  owner: Owner,
  name: string,
  options: Pick<WorkloadOptions, "labels" | "annotations">,
  labels: Map = {},
  isController = true,
): Mapping {
  return {
    name,
    namespace: owner.metadata?.namespace,
    labels: { ...MANAGED_LABELS, ...labels, ...options.labels },
    annotations: Object.keys(options.annotations ?? {}).length > 0 ? options.annotations : undefined,
    ownerReferences: [ownerReference(owner, isController) as unknown as Mapping],
  };
}
