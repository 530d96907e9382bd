/**
 * The operator at work: informers fill caches, their events put keys of workload objects into queues, and one reconciler a kind
 * works the keys off. What the cluster does not have, or does not allow, is named once and left out.
 */
import type { Logger, Timers } from "../../base/index.js";
import {
  DEFAULT_INFORMER_LIMITS,
  DEFAULT_WORK_QUEUE,
  type KubernetesApi,
  type KubernetesConnection,
  type KubernetesObject,
  type StoredObject,
  WorkQueue,
} from "../../kubernetes/index.js";
import { selects } from "../generate/prometheus/label-selector.js";
import type { ObjectMeta } from "../kube-object.js";
import type { LabelSelector } from "../schema/generated/types.js";
import { type CacheOptions, ResourceCache, type WatchScope } from "./cache.js";
import { CONFIG_MAP, NAMESPACE, type Resource, SECRET, STATEFUL_SET } from "./resources.js";
import { keyOfObject, type NamespaceObject } from "./selection.js";

const STATUS_POLL_MS = 30_000;
const RESYNC_MS = 300_000;
const CONTROLLER_ID = "operator.prometheus.io/controller-id";

/** One kind of workload object and how it is reconciled. */
export interface Controller {
  readonly resource: Resource;
  readonly objects: ResourceCache<WorkloadObject>;
  /** Namespace selectors by which the object chooses monitors and the like. */
  readonly namespaceSelectors: (object: WorkloadObject) => readonly (LabelSelector | undefined)[];
  /** Caches of what it selects: a change concerns every object that might select in its namespace. */
  readonly selected: readonly ResourceCache<SelectedObject>[];
  readonly reconcile: (key: string) => Promise<void>;
  readonly updateStatus: (key: string) => Promise<void>;
  readonly refersTo: (key: string, kind: "Secret" | "ConfigMap", name: string) => boolean;
}

export interface WorkloadObject {
  readonly metadata?: ObjectMeta;
}

export interface SelectedObject {
  readonly metadata?: ObjectMeta;
}

export interface OperatorSettings {
  readonly controllerId: string;
  readonly scope: WatchScope;
  readonly secretSelectors: { readonly label: string; readonly field: string };
  readonly configMapSelectors: { readonly label: string; readonly field: string };
}

export interface OperatorDeps {
  readonly connection: KubernetesConnection;
  readonly api: KubernetesApi;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
}

interface Running {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  readonly statusQueue: WorkQueue;
  readonly counters: { reconciles: number; failures: number };
}

/** What is kept of a Secret or ConfigMap: who it is, and which version. */
interface Stub {
  readonly metadata: ObjectMeta;
}

export class Operator {
  readonly #settings: OperatorSettings;
  readonly #deps: OperatorDeps;
  readonly #running: Running[] = [];
  readonly #caches: { start(): void; stop(): void; readonly isSynced: boolean }[] = [];
  readonly #stops: (() => void)[] = [];
  readonly namespaces: ResourceCache<NamespaceObject>;
  readonly statefulSets: ResourceCache<StoredObject>;
  readonly #secrets: ResourceCache<Stub>;
  readonly #configMaps: ResourceCache<Stub>;
  #isReady = false;

  constructor(settings: OperatorSettings, deps: OperatorDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const { label: secretLabel, field: secretField } = settings.secretSelectors;
    const { label: mapLabel, field: mapField } = settings.configMapSelectors;
    const everywhere = { allowed: [], denied: settings.scope.denied };
    this.namespaces = this.cache<NamespaceObject>(NAMESPACE, { scope: everywhere }, reduceStub);
    this.statefulSets = this.cache<StoredObject>(
      STATEFUL_SET,
      { scope: settings.scope, labelSelector: "managed-by=prometheus-operator" },
      (object) => object as unknown as StoredObject,
    );
    this.#secrets = this.cache<Stub>(
      SECRET,
      { scope: settings.scope, labelSelector: secretLabel, fieldSelector: secretField },
      reduceStub,
    );
    this.#configMaps = this.cache<Stub>(
      CONFIG_MAP,
      { scope: settings.scope, labelSelector: mapLabel, fieldSelector: mapField },
      reduceStub,
    );
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** For metrics: by kind. */
  get counters(): readonly {
    readonly kind: string;
    readonly reconciles: number;
    readonly failures: number;
    readonly waiting: number;
  }[] {
    return this.#running.map(({ controller, counters, queue }) => ({
      kind: controller.resource.kind,
      ...counters,
      waiting: queue.length,
    }));
  }

  /** A cache that starts with the operator. */
  cache<T>(
    of: Resource,
    options: Omit<CacheOptions, "limits">,
    reduce: (object: KubernetesObject) => T,
  ): ResourceCache<T> {
    const { connection, timers, random, log } = this.#deps;
    const cache = new ResourceCache<T>(of, { ...options, limits: DEFAULT_INFORMER_LIMITS }, reduce, {
      server: connection,
      timers,
      random,
      log,
    });
    this.#caches.push(cache);
    return cache;
  }

  add(controller: Controller): void {
    const { timers, log } = this.#deps;
    const { kind } = controller.resource;
    const counters = { reconciles: 0, failures: 0 };
    const fail = (what: string) => (key: string, error: unknown) => {
      counters.failures++;
      log.error(`${what} failed; it is tried again`, {
        kind,
        key,
        err: error instanceof Error ? error.message : String(error),
      });
    };
    const work = (key: string): Promise<void> => {
      counters.reconciles++;
      return controller.reconcile(key);
    };
    const queue = new WorkQueue(DEFAULT_WORK_QUEUE, work, timers, fail("A reconciliation"));
    const statusQueue = new WorkQueue(DEFAULT_WORK_QUEUE, controller.updateStatus, timers, fail("A status update"));
    this.#running.push({ controller, queue, statusQueue, counters });
  }

  /** Resolves once all caches are filled and every object is in its queue. */
  async start(): Promise<void> {
    for (const cache of this.#caches) cache.start();
    while (!this.#caches.every(({ isSynced }) => isSynced)) await this.#pause(50);
    for (const running of this.#running) this.#follow(running);
    this.#followShared();
    this.#stops.push(
      this.#deps.timers.every(STATUS_POLL_MS, () => this.#each((key, { statusQueue }) => statusQueue.add(key))),
    );
    this.#stops.push(this.#deps.timers.every(RESYNC_MS, () => this.#each((key, { queue }) => queue.add(key))));
    this.#isReady = true;
    this.#deps.log.info("successfully synced all caches");
  }

  async stop(): Promise<void> {
    this.#isReady = false;
    for (const stop of this.#stops) stop();
    for (const cache of this.#caches) cache.stop();
    await Promise.all(this.#running.flatMap(({ queue, statusQueue }) => [queue.stop(), statusQueue.stop()]));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#deps.timers.after(ms, resolve));
  }

  /** Objects with another operator's id are not ours. */
  #isOurs({ metadata }: WorkloadObject): boolean {
    return (metadata?.annotations?.[CONTROLLER_ID] ?? "") === this.#settings.controllerId;
  }

  #each(visit: (key: string, running: Running) => void): void {
    for (const running of this.#running) {
      for (const object of running.controller.objects.list()) {
        if (this.#isOurs(object)) visit(keyOfObject(object), running);
      }
    }
  }

  #follow(running: Running): void {
    const { controller, queue } = running;
    const namespaceOf = ({ metadata }: WorkloadObject): string => metadata?.namespace ?? "";
    const enqueue = (object: WorkloadObject): void => {
      if (this.#isOurs(object)) queue.add(keyOfObject(object));
    };
    controller.objects.addHandlers(
      {
        onAdd: enqueue,
        onDelete: enqueue,
        // Its status is written by us: that is no reason to begin again.
        onUpdate: (before, after) => {
          if (isChanged(before.metadata, after.metadata)) enqueue(after);
        },
      },
      namespaceOf,
    );
    for (const cache of controller.selected) {
      const concern = ({ metadata }: SelectedObject): void =>
        this.#enqueueForNamespace(running, metadata?.namespace ?? "");
      cache.addHandlers(
        {
          onAdd: concern,
          onDelete: concern,
          onUpdate: (before, after) => {
            if (isChanged(before.metadata, after.metadata)) concern(after);
          },
        },
        namespaceOf,
      );
    }
  }

  /** Objects of the namespace itself, and those that select in it. */
  #enqueueForNamespace({ controller, queue }: Running, namespace: string): void {
    const labels = this.namespaces.get(namespace)?.metadata?.labels;
    for (const object of controller.objects.list()) {
      if (!this.#isOurs(object)) continue;
      const concerns =
        object.metadata?.namespace === namespace ||
        controller.namespaceSelectors(object).some((selector) => selects(selector, labels));
      if (concerns) queue.add(keyOfObject(object));
    }
  }

  #followShared(): void {
    const namespaceOf = ({ metadata }: { readonly metadata?: ObjectMeta }): string => metadata?.namespace ?? "";
    this.statefulSets.addHandlers(
      {
        onAdd: (set) => this.#ownerOf(set, "status"),
        onUpdate: (before, after) =>
          this.#ownerOf(after, isChanged(before.metadata, after.metadata) ? "both" : "status"),
        onDelete: (set) => this.#ownerOf(set, "both"),
      },
      namespaceOf,
    );
    for (const [kind, cache] of [
      ["Secret", this.#secrets],
      ["ConfigMap", this.#configMaps],
    ] as const) {
      const concern = (stub: Stub): void => this.#concerning(kind, stub);
      cache.addHandlers({ onAdd: concern, onDelete: concern, onUpdate: (_, after) => concern(after) }, namespaceOf);
    }
    this.namespaces.addHandlers(
      {
        onUpdate: (before, after) => {
          if (JSON.stringify(before.metadata?.labels) === JSON.stringify(after.metadata?.labels)) return;
          this.#each((key, { controller, queue }) => {
            const object = controller.objects.get(key);
            const isConcerned = (selector: LabelSelector | undefined): boolean =>
              selects(selector, before.metadata?.labels) !== selects(selector, after.metadata?.labels);
            if (object !== undefined && controller.namespaceSelectors(object).some(isConcerned)) queue.add(key);
          });
        },
      },
      ({ metadata }) => metadata?.name ?? "",
    );
  }

  /** A Secret or ConfigMap that somebody refers to, or that we own and somebody changed. */
  #concerning(kind: "Secret" | "ConfigMap", stub: Stub): void {
    const name = keyOfObject(stub);
    const owners = new Set(stub.metadata.ownerReferences?.map(({ uid }) => uid));
    this.#each((key, { controller, queue }) => {
      const uid = controller.objects.get(key)?.metadata?.uid;
      if (controller.refersTo(key, kind, name) || (uid !== undefined && owners.has(uid))) queue.add(key);
    });
  }

  #ownerOf(set: StoredObject, what: "status" | "both"): void {
    const owners = (set.metadata["ownerReferences"] ?? []) as readonly { readonly uid?: string }[];
    this.#each((key, { controller, queue, statusQueue }) => {
      const uid = controller.objects.get(key)?.metadata?.uid;
      if (!owners.some((owner) => owner.uid === uid)) return;
      statusQueue.add(key);
      if (what === "both") queue.add(key);
    });
  }
}

function reduceStub({ metadata }: KubernetesObject): Stub {
  const { name, namespace, uid, resourceVersion, labels, ownerReferences } = metadata;
  return {
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels !== undefined && labels !== null && { labels }),
      ...(ownerReferences !== undefined && ownerReferences !== null && { ownerReferences: ownerReferences as never }),
    },
  };
}

/** What a person changed: the generation moves with the specification only. */
function isChanged(before: ObjectMeta | undefined, after: ObjectMeta | undefined): boolean {
  const of = (metadata: ObjectMeta | undefined): string =>
    JSON.stringify([metadata?.generation, metadata?.labels, metadata?.annotations, metadata?.deletionTimestamp]);
  return of(before) !== of(after);
}
