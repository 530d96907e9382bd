/** `kubernetes_sd_configs`: targets from the objects of a cluster. */
import { errorMessage, type Logger, type Timers, VestalError } from "../../base/index.js";
import type { KubernetesDiscoveryConfig } from "../../config/index.js";
import {
  connectByKubeconfig,
  connectInCluster,
  connectTo,
  type KubernetesConnection,
  type KubernetesObject,
  ownNamespace,
} from "../../kubernetes/index.js";
import type { Discovery } from "../discovery.js";
import type { TargetGroup } from "../messages.js";
import type { InformerPool } from "./informers.js";
import {
  reduceEndpointSlice,
  reduceEndpoints,
  reduceIngress,
  reduceNode,
  reducePod,
  reduceService,
} from "./objects.js";
import { endpointSliceGroup, endpointsGroup, ingressGroup, nodeGroup, podGroup, serviceGroup } from "./roles.js";
import {
  nodesOfEndpoints,
  nodesOfSlice,
  podsOfEndpoints,
  type RoleRules,
  RoleWatch,
  type Store,
  type WatchedEvent,
} from "./watch.js";

export interface KubernetesDiscoveryDeps {
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
  readonly informers: InformerPool;
  readonly userAgent: string;
  readonly onGroups: (groups: readonly TargetGroup[]) => void;
  readonly onEvent: (role: string, event: WatchedEvent) => void;
  readonly onFailure: () => void;
}

const COLLECTIONS = {
  node: { group: "/api/v1", name: "nodes" },
  pod: { group: "/api/v1", name: "pods" },
  service: { group: "/api/v1", name: "services" },
  endpoints: { group: "/api/v1", name: "endpoints" },
  endpointslice: { group: "/apis/discovery.k8s.io/v1", name: "endpointslices" },
  ingress: { group: "/apis/networking.k8s.io/v1", name: "ingresses" },
} as const;

type Resource = keyof typeof COLLECTIONS;

interface AnyWatch {
  readonly groups: readonly TargetGroup[];
  start(): void;
  stop(): void;
}

export class KubernetesDiscovery implements Discovery {
  readonly #config: KubernetesDiscoveryConfig;
  readonly #deps: KubernetesDiscoveryDeps;
  readonly #watches: AnyWatch[] = [];
  readonly #releases: (() => void)[] = [];
  #connection: KubernetesConnection | undefined;
  #isClosed = false;

  /** @throws VestalError KUBERNETES_CONFIG where there is neither a server's address nor a pod's service account. */
  constructor(config: KubernetesDiscoveryConfig, deps: KubernetesDiscoveryDeps) {
    this.#config = config;
    this.#deps = deps;
    if (config.kubeconfigFile === "") {
      this.#connection =
        config.apiServer === undefined
          ? connectInCluster(deps.userAgent)
          : connectTo(config.apiServer, config.http, deps.userAgent);
    }
  }

  get groups(): readonly TargetGroup[] {
    return this.#watches.flatMap(({ groups }) => groups);
  }

  start(): void {
    if (this.#connection !== undefined) {
      this.#begin(this.#connection);
      return;
    }
    connectByKubeconfig(this.#config.kubeconfigFile, this.#deps.userAgent).then(
      (connection) => {
        this.#connection = connection;
        if (this.#isClosed) connection.close();
        else this.#begin(connection);
      },
      (error: unknown) => {
        this.#deps.onFailure();
        this.#deps.log.error("Kubernetes discovery cannot start", {
          discovery: "kubernetes",
          err: errorMessage(error),
        });
      },
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.stop();
    for (const release of this.#releases) release();
    this.#connection?.close();
  }

  #begin(connection: KubernetesConnection): void {
    for (const namespace of this.#namespaces()) {
      const watch = this.#watch(connection, namespace);
      this.#watches.push(watch);
      watch.start();
    }
  }

  /** "" is all of them. */
  #namespaces(): readonly string[] {
    const { namespaces } = this.#config;
    const names = [...namespaces.names];
    if (namespaces.own) {
      const own = ownNamespace();
      if (own === undefined) throw new VestalError("KUBERNETES_CONFIG", "own_namespace: this is not a pod");
      names.push(own);
    }
    return names.length === 0 || this.#config.role === "node" ? [""] : names;
  }

  #watch(connection: KubernetesConnection, namespace: string): AnyWatch {
    const { role, attachNode } = this.#config;
    const store = <T>(resource: Resource, reduce: (object: KubernetesObject) => T): Store<T> =>
      this.#store(connection, resource, resource === "node" ? "" : namespace, reduce);
    const nodes = () => (attachNode ? { nodes: store("node", reduceNode) } : {});
    const watch = <T extends { readonly meta: { readonly namespace: string; readonly name: string } }>(
      rules: RoleRules<T>,
      own: Store<T>,
      side = {},
    ): AnyWatch =>
      new RoleWatch(rules, own, side, {
        timers: this.#deps.timers,
        onGroups: this.#deps.onGroups,
        onEvent: (event) => this.#deps.onEvent(role, event),
      });
    switch (role) {
      case "node":
        return watch({ prefix: "node", build: nodeGroup }, store("node", reduceNode));
      case "pod":
        return watch(
          { prefix: "pod", build: podGroup, nodesOf: ({ nodeName }) => [nodeName] },
          store("pod", reducePod),
          nodes(),
        );
      case "service":
        return watch({ prefix: "svc", build: serviceGroup }, store("service", reduceService));
      case "ingress":
        return watch({ prefix: "ingress", build: ingressGroup }, store("ingress", reduceIngress));
      case "endpoints":
        return watch(
          {
            prefix: "endpoints",
            build: endpointsGroup,
            podsOf: podsOfEndpoints,
            nodesOf: nodesOfEndpoints,
            serviceOf: ({ meta }) => meta.name,
          },
          store("endpoints", reduceEndpoints),
          { services: store("service", reduceService), pods: store("pod", reducePod), ...nodes() },
        );
      case "endpointslice":
        return watch(
          {
            prefix: "endpointslice",
            build: endpointSliceGroup,
            nodesOf: nodesOfSlice,
            serviceOf: ({ meta }) => meta.labels["kubernetes.io/service-name"],
          },
          store("endpointslice", reduceEndpointSlice),
          { services: store("service", reduceService), pods: store("pod", reducePod), ...nodes() },
        );
    }
  }

  #store<T>(
    connection: KubernetesConnection,
    resource: Resource,
    namespace: string,
    reduce: (object: KubernetesObject) => T,
  ): Store<T> {
    const { group, name } = COLLECTIONS[resource];
    const { apiServer, kubeconfigFile, http, selectors } = this.#config;
    const selector = selectors.find((each) => each.role === resource);
    const { timers, random, log, informers } = this.#deps;
    const request = {
      server: JSON.stringify([apiServer, kubeconfigFile, http]),
      path: namespace === "" ? `${group}/${name}` : `${group}/namespaces/${encodeURIComponent(namespace)}/${name}`,
      labelSelector: selector?.label ?? "",
      fieldSelector: selector?.field ?? "",
      reduce,
    };
    const { informer, release } = informers.take(request, { server: connection, timers, random, log });
    const forget = informer.addHandlers({ onFailure: () => this.#deps.onFailure() });
    this.#releases.push(() => {
      forget();
      release();
    });
    informer.start();
    return informer;
  }
}
