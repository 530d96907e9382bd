/**
 * StatefulSets and DaemonSets of a workload: made, replaced where what they are made from or what they are has changed, and
 * helped where Kubernetes itself gets stuck: claims that must grow, pods that wait for a refresh, rollouts that a broken pod holds up.
 */
import { errorMessage, type Logger } from "../../base/index.js";
import { type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import { quantityValue } from "../generate/quantity.js";
import { INPUT_HASH } from "../generate/workload/metadata.js";
import { createWorkload, type DesiredObject, replaceWorkload } from "./apply.js";
import type { ResourceCache } from "./cache.js";
import { collectionPath, objectPath, PERSISTENT_VOLUME_CLAIM, POD, type Resource, SERVICE } from "./resources.js";

/** Rights beyond prometheus-operator's own role, each with something that works only with it. */
export interface Rights {
  /** `pods: patch`: pods see new configuration at once. */
  readonly mayPatchPods: boolean;
  /** `persistentvolumeclaims: list, patch`: claims grow with their object. */
  readonly mayGrowClaims: boolean;
}

export type RepairPolicy = "none" | "evict" | "delete";

export interface SetDeps {
  readonly api: KubernetesApi;
  readonly log: Logger;
  readonly wait: (ms: number) => Promise<void>;
  readonly rights: Rights;
  readonly repairPolicy: RepairPolicy;
}

/** A change of it makes the kubelet look at a pod, and so at what the pod mounts. */
export const REFRESH_ANNOTATION = "operator.prometheus.io/refreshed-at";

export class SetKeeper {
  readonly #deps: SetDeps;

  constructor(deps: SetDeps) {
    this.#deps = deps;
  }

  /** @param make  the set for a hash over `inputs` and what is there. */
  async keep(
    of: Resource,
    cache: ResourceCache<StoredObject>,
    key: string,
    hashOf: (inputs: readonly unknown[]) => string,
    inputs: readonly unknown[],
    make: (inputHash: string) => DesiredObject,
  ): Promise<void> {
    const { api, log, wait } = this.#deps;
    const existing = cache.get(key);
    if (existing?.metadata.deletionTimestamp !== undefined) return;
    const inputHash = hashOf([...inputs, existing?.["spec"]]);
    if (existing === undefined) {
      await createWorkload(api, of, make(inputHash));
      return;
    }
    if (existing.metadata.annotations?.[INPUT_HASH] === inputHash) return;
    const desired = make(inputHash);
    let isRemade = false;
    await replaceWorkload(api, of, existing, desired, wait, (reason) => {
      isRemade = true;
      log.info("A set of pods is made anew, since a field of it cannot be changed", { key, err: reason });
    });
    if (isRemade) await this.#growClaims(key, existing, desired);
  }

  /** The user's own governing Service must be there, and lead to the pods. */
  async checkService(namespace: string, name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const service = await this.#deps.api.get(objectPath(SERVICE, namespace, name));
    if (service === undefined) throw new Error(`serviceName: there is no Service ${namespace}/${name}`);
    const { selector = {} } = (service["spec"] ?? {}) as { readonly selector?: Readonly<Record<string, string>> };
    const wrong = Object.entries(selector).find(([label, value]) => labels[label] !== value);
    if (wrong === undefined && Object.keys(selector).length > 0) return;
    const why = wrong === undefined ? "it has no selector" : `its selector asks for ${wrong.join("=")}`;
    throw new Error(`serviceName: the Service ${namespace}/${name} does not lead to the pods: ${why}`);
  }

  /** Pods of the set read anew what they mount. Best effort: without it they do so within a minute or two. */
  async refresh(set: StoredObject | undefined): Promise<void> {
    const { api, log, rights } = this.#deps;
    if (!rights.mayPatchPods || set === undefined) return;
    const annotations = { [REFRESH_ANNOTATION]: new Date().toISOString() };
    for (const { metadata } of await this.#podsOf(set)) {
      try {
        await api.mergePatch(objectPath(POD, metadata.namespace ?? "", metadata.name), { metadata: { annotations } });
      } catch (error) {
        log.debug("A pod could not be told to look for new configuration", {
          pod: metadata.name,
          err: errorMessage(error),
        });
      }
    }
  }

  /** A pod of an old revision that is not ready holds up a rollout for ever: it goes, if the operator may do that. */
  async repair(set: StoredObject | undefined): Promise<void> {
    const { api, log, repairPolicy } = this.#deps;
    const { updateRevision, currentRevision } = (set?.["status"] ?? {}) as Readonly<Record<string, string>>;
    if (repairPolicy === "none" || set === undefined || updateRevision === undefined) return;
    if (updateRevision === currentRevision) return;
    for (const pod of await this.#podsOf(set)) {
      const { name, namespace = "", labels, deletionTimestamp } = pod.metadata;
      const isOld = labels?.["controller-revision-hash"] !== updateRevision;
      if (!isOld || deletionTimestamp !== undefined || isPodReady(pod)) continue;
      log.info("A pod of an old revision is not ready and holds up the rollout; it goes", {
        pod: name,
        how: repairPolicy,
      });
      const path = objectPath(POD, namespace, name);
      if (repairPolicy === "delete") await api.delete(path);
      else {
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
        try {
          await api.create(`${path}/eviction`, eviction);
        } catch (error) {
          // A disruption budget says "not now".
          if (!(error instanceof KubernetesError) || error.status !== 429) throw error;
          log.debug("A pod may not be evicted now", { pod: name, err: error.message });
        }
      }
    }
  }

  async #podsOf(set: StoredObject): Promise<readonly StoredObject[]> {
    const { selector } = (set["spec"] ?? {}) as {
      readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    };
    const text = Object.entries(selector?.matchLabels ?? {}).map(([label, value]) => `${label}=${value}`);
    return this.#deps.api.list(collectionPath(POD, set.metadata.namespace ?? ""), text.join(","));
  }

  /** Claims of a StatefulSet stay as they were made: where the object asks for more, each is told so. They never shrink. */
  async #growClaims(key: string, existing: StoredObject, desired: DesiredObject): Promise<void> {
    const { api, log, rights } = this.#deps;
    const [namespace = "", set = ""] = key.split("/");
    for (const [claim, storage] of claimSizes(desired)) {
      const before = claimSizes(existing).get(claim);
      if (before === undefined || !(quantityValue(storage) > quantityValue(before))) continue;
      if (!rights.mayGrowClaims) {
        log.warn("Claims do not grow with their object: rights to list and patch persistentvolumeclaims are missing", {
          key,
        });
        return;
      }
      for (const { metadata } of await api.list(collectionPath(PERSISTENT_VOLUME_CLAIM, namespace))) {
        const prefix = `${claim}-${set}-`;
        if (!metadata.name.startsWith(prefix) || !/^\d+$/.test(metadata.name.slice(prefix.length))) continue;
        try {
          const patch = { spec: { resources: { requests: { storage } } } };
          await api.mergePatch(objectPath(PERSISTENT_VOLUME_CLAIM, namespace, metadata.name), patch);
          log.info("A claim grows", { claim: metadata.name, storage });
        } catch (error) {
          // The storage class decides: 403 and 422 will not pass by themselves.
          if (!(error instanceof KubernetesError) || error.status < 400 || error.status >= 500) throw error;
          log.warn("A claim cannot grow", { claim: metadata.name, err: error.message });
        }
      }
    }
  }
}

export function isPodReady({ status }: Readonly<Record<string, unknown>>): boolean {
  const { phase, conditions } = (status ?? {}) as {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
  return phase === "Running" && conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** Requested storage by the name of the claim template. */
function claimSizes(set: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const { volumeClaimTemplates = [] } = (set["spec"] ?? {}) as {
    readonly volumeClaimTemplates?: readonly {
      readonly metadata?: { readonly name?: string };
      readonly spec?: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
    }[];
  };
  return new Map(
    volumeClaimTemplates.flatMap(({ metadata, spec }) => {
      const storage = spec?.resources?.requests?.storage;
      return metadata?.name === undefined || storage === undefined ? [] : [[metadata.name, storage] as const];
    }),
  );
}
