/**
 * The Service of all kubelets with its Endpoints and EndpointSlices: a ServiceMonitor finds kubelets and cAdvisor by it, since
 * kubelets are no pods. Kept by looking at the nodes at an interval.
 */
import { createHash } from "node:crypto";
import type { Logger } from "../../base/index.js";
import { type JsonObject, type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import { applyObject, type DesiredObject } from "./apply.js";
import type { OwnedOptions } from "./owned.js";
import { collectionPath, objectPath, type Resource, SERVICE } from "./resources.js";

const NODE: Resource = { root: "/api/v1", plural: "nodes", kind: "Node", apiVersion: "v1" };
const ENDPOINTS: Resource = { root: "/api/v1", plural: "endpoints", kind: "Endpoints", apiVersion: "v1" };
const ENDPOINT_SLICE: Resource = {
  root: "/apis/discovery.k8s.io/v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
  apiVersion: "discovery.k8s.io/v1",
};

/** As kube-controller-manager: more endpoints make another slice. */
const SLICE_ENDPOINTS_MAX = 512;
const NAME_LENGTH_MAX = 63;

export interface KubeletOptions extends OwnedOptions {
  readonly namespace: string;
  readonly name: string;
  /** Label selector of nodes. */
  readonly selector: string;
  readonly addressPriority: string;
  readonly hasEndpoints: boolean;
  readonly hasEndpointSlices: boolean;
  readonly hasHttpMetrics: boolean;
}

interface NodeObject {
  readonly metadata: StoredObject["metadata"];
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface Kubelet {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly isReady: boolean;
}

export class KubeletService {
  readonly #options: KubeletOptions;
  readonly #api: KubernetesApi;
  readonly #log: Logger;
  readonly counters = { addressErrors: 0, syncs: 0, failures: 0 };

  constructor(options: KubeletOptions, api: KubernetesApi, log: Logger) {
    this.#options = options;
    this.#api = api;
    this.#log = log;
  }

  /** Brings everything up to date once. */
  async sync(): Promise<void> {
    this.counters.syncs++;
    try {
      const nodes = (await this.#api.list(
        collectionPath(NODE, ""),
        this.#options.selector,
      )) as unknown as readonly NodeObject[];
      const kubelets = this.#kubeletsOf(nodes);
      await applyObject(this.#api, SERVICE, this.#service());
      if (this.#options.hasEndpoints) await applyObject(this.#api, ENDPOINTS, this.#endpoints(kubelets));
      if (this.#options.hasEndpointSlices) await this.#applySlices(kubelets);
    } catch (error) {
      this.counters.failures++;
      throw error;
    }
  }

  #kubeletsOf(nodes: readonly NodeObject[]): readonly Kubelet[] {
    const { addressPriority } = this.#options;
    const types = ["InternalIP", "ExternalIP"];
    if (addressPriority === "external") types.reverse();
    return nodes.flatMap(({ metadata, status }) => {
      const found = types
        .map((type) => status?.addresses?.find((each) => each.type === type)?.address)
        .find((address) => address !== undefined);
      if (found === undefined) {
        this.counters.addressErrors++;
        this.#log.warn("A node has no address for its kubelet", { node: metadata.name });
        return [];
      }
      const isReady = status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
      return [{ name: metadata.name, uid: metadata.uid ?? "", address: found, isReady }];
    });
  }

  #metadata(name: string, labels: Readonly<Record<string, string>>): DesiredObject["metadata"] {
    const { namespace, annotations } = this.#options;
    return {
      name,
      namespace,
      labels: { ...this.#options.labels, ...labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    };
  }

  get #labels(): Readonly<Record<string, string>> {
    return {
      "app.kubernetes.io/managed-by": "prometheus-operator",
      "app.kubernetes.io/name": "kubelet",
      "k8s-app": "kubelet",
    };
  }

  get #ports(): readonly { readonly name: string; readonly port: number }[] {
    return [
      { name: "https-metrics", port: 10250 },
      ...(this.#options.hasHttpMetrics ? [{ name: "http-metrics", port: 10255 }] : []),
      { name: "cadvisor", port: 4194 },
    ];
  }

  #service(): DesiredObject {
    const spec = { type: "ClusterIP", clusterIP: "None", ports: this.#ports };
    return { metadata: this.#metadata(this.#options.name, this.#labels), spec };
  }

  #endpoints(kubelets: readonly Kubelet[]): DesiredObject {
    const of = (wanted: boolean) =>
      kubelets
        .filter(({ isReady }) => isReady === wanted)
        .map((kubelet) => ({ ip: kubelet.address, targetRef: reference(kubelet) }));
    const ready = of(true);
    const notReady = of(false);
    const subset = {
      ...(ready.length > 0 && { addresses: ready }),
      ...(notReady.length > 0 && { notReadyAddresses: notReady }),
      ports: this.#ports,
    };
    const labels = {
      ...this.#labels,
      "endpointslice.kubernetes.io/skip-mirror": String(this.#options.hasEndpointSlices),
    };
    return { metadata: this.#metadata(this.#options.name, labels), subsets: kubelets.length === 0 ? [] : [subset] };
  }

  async #applySlices(kubelets: readonly Kubelet[]): Promise<void> {
    const { namespace, name } = this.#options;
    const families = [
      ["IPv4", kubelets.filter(({ address }) => !address.includes(":"))],
      ["IPv6", kubelets.filter(({ address }) => address.includes(":"))],
    ] as const;
    const wanted = new Set<string>();
    for (const [addressType, all] of families) {
      for (let i = 0; i * SLICE_ENDPOINTS_MAX < all.length; i++) {
        const part = all.slice(i * SLICE_ENDPOINTS_MAX, (i + 1) * SLICE_ENDPOINTS_MAX);
        const sliceName = shortName(`${name}-${addressType.toLowerCase()}-${i}`);
        wanted.add(sliceName);
        await applyObject(this.#api, ENDPOINT_SLICE, this.#slice(sliceName, addressType, part));
      }
    }
    const selector = `kubernetes.io/service-name=${name},endpointslice.kubernetes.io/managed-by=prometheus-operator`;
    for (const { metadata } of await this.#api.list(collectionPath(ENDPOINT_SLICE, namespace), selector)) {
      if (!wanted.has(metadata.name)) await this.#api.delete(objectPath(ENDPOINT_SLICE, namespace, metadata.name));
    }
  }

  #slice(name: string, addressType: string, kubelets: readonly Kubelet[]): DesiredObject {
    const labels = {
      ...this.#labels,
      "endpointslice.kubernetes.io/managed-by": "prometheus-operator",
      "kubernetes.io/service-name": this.#options.name,
    };
    return {
      metadata: this.#metadata(name, labels),
      addressType,
      endpoints: kubelets.map((kubelet) => ({
        addresses: [kubelet.address],
        conditions: { ready: kubelet.isReady },
        nodeName: kubelet.name,
        targetRef: reference(kubelet),
      })),
      ports: this.#ports.map((port) => ({ ...port, protocol: "TCP" })),
    };
  }
}

function reference({ name, uid }: Kubelet): JsonObject {
  return { kind: "Node", name, uid, apiVersion: "v1" };
}

/** A name that is too long keeps its begin and gets a hash. */
function shortName(name: string): string {
  if (name.length <= NAME_LENGTH_MAX) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, NAME_LENGTH_MAX - 9)}-${hash}`;
}

/** Whether the failure is one of rights: it will not pass by itself. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 403;
}
