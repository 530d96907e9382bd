/**
 * The Service of all kubelets with its Endpoints and EndpointSlices: a ServiceMonitor finds kubelets and cAdvisor by it, since
 * kubelets are no pods. Kept by looking at the nodes at an interval.
 */
import type { Logger } from "../../base/index.js";
import { type KubernetesApi, KubernetesError } from "../../kubernetes/index.js";
import {
  type EndpointSlice,
  type KubeletAddresses,
  type KubeletOptions,
  kubeletAddresses,
  kubeletEndpoints,
  kubeletService,
  kubeletSlices,
  type NodeObject,
} from "../generate/kubelet.js";
import { applyObject, type DesiredObject } from "./apply.js";
import { collectionPath, objectPath, type Resource, SERVICE } from "./resources.js";

const NODE: Resource = { root: "/api/v1", plural: "nodes", kind: "Node", apiVersion: "v1" };
const ENDPOINTS: Resource = { root: "/api/v1", plural: "endpoints", kind: "Endpoints", apiVersion: "v1" };
const ENDPOINT_SLICE: Resource = {
  root: "/apis/discovery.k8s.io/v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
  apiVersion: "discovery.k8s.io/v1",
};

export interface KubeletSettings extends KubeletOptions {
  /** Label selector of nodes. */
  readonly selector: string;
  readonly hasEndpoints: boolean;
}

export class KubeletService {
  readonly #settings: KubeletSettings;
  readonly #api: KubernetesApi;
  readonly #log: Logger;
  readonly counters = { addressErrors: 0, syncs: 0, failures: 0 };

  constructor(settings: KubeletSettings, api: KubernetesApi, log: Logger) {
    this.#settings = settings;
    this.#api = api;
    this.#log = log;
  }

  /** Brings everything up to date once. */
  async sync(): Promise<void> {
    this.counters.syncs++;
    try {
      await this.#apply();
    } catch (error) {
      this.counters.failures++;
      throw error;
    }
  }

  async #apply(): Promise<void> {
    const settings = this.#settings;
    const api = this.#api;
    const nodes = await api.list(collectionPath(NODE, ""), settings.selector);
    const { addresses, problems } = kubeletAddresses(nodes as readonly NodeObject[], settings);
    this.counters.addressErrors += problems.length;
    for (const problem of problems) this.#log.warn("A kubelet cannot be scraped", { err: problem });
    await applyObject(api, SERVICE, kubeletService(settings) as DesiredObject);
    if (settings.hasEndpoints) {
      await applyObject(api, ENDPOINTS, kubeletEndpoints(addresses, settings) as DesiredObject);
    }
    if (settings.keepsSlices) await this.#applySlices(addresses);
  }

  async #applySlices(addresses: KubeletAddresses["addresses"]): Promise<void> {
    const { namespace, name } = this.#settings;
    const api = this.#api;
    const service = await api.get(objectPath(SERVICE, namespace, name));
    const existing = await api.list(collectionPath(ENDPOINT_SLICE, namespace), `kubernetes.io/service-name=${name}`);
    const slices = kubeletSlices(addresses, existing as readonly EndpointSlice[], service ?? {}, this.#settings);
    for (const slice of slices.kept) await applyObject(api, ENDPOINT_SLICE, slice as DesiredObject);
    for (const empty of slices.removed) await api.delete(objectPath(ENDPOINT_SLICE, namespace, empty));
  }
}

/** Whether the failure is one of rights: it will not pass by itself. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 403;
}
