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
  type Reduce,
  type StoredObject,
  WorkQueue,
} from "../../kubernetes/index.js";
import type { ObjectMeta } from "../kube-object.js";
import type { LabelSelector } from "../schema/generated/types.js";
import { type BindingOptions, BindingWriter, type BoundObject, type Workload } from "./bindings.js";
import { type CacheOptions, ResourceCache, type WatchScope } from "./cache.js";
import { type NamespaceView, PolledNamespaces } from "./namespaces.js";
import { SeenObjects } from "./owned.js";
import type { SetOf, WorkloadObject, WorkloadReconciler } from "./reconciler.js";
import { DEFAULT_REFERENCES, ReferenceReader, type VersionOf } from "./references.js";
import { CONFIG_MAP, DAEMON_SET, NAMESPACE, type Resource, SECRET, SERVICE, STATEFUL_SET } from "./resources.js";
import { isMatched, isSelected, keyOfObject, type NamespaceObject, type Selectors } from "./selection.js";

const STATUS_POLL_MS = 30_000;
const RESYNC_MS = 300_000;
/** Of one kind at a time: while one waits for the API, another computes; more only hold more memory. */
const RECONCILERS = 2;
const CONTROLLER_ID = "operator.prometheus.io/controller-id";
const MANAGED = "managed-by=prometheus-operator";

/** One kind of workload object and how it is reconciled. */
export interface Controller {
  readonly resource: Resource;
  readonly objects: ResourceCache<WorkloadObject>;
  /** All objects of the cluster are in the cache: what is not there does not exist. */
  readonly isComplete: boolean;
  readonly selectors: (object: WorkloadObject) => Selectors;
  /** Caches of what it selects. */
  readonly selected: readonly SelectedCache[];
  readonly setsOf: (object: WorkloadObject) => readonly SetOf[];
  readonly reconciler: Pick<WorkloadReconciler<WorkloadObject>, "reconcile" | "updateStatus" | "refersTo" | "lastRun">;
}

export interface SelectedCache {
  readonly of: Resource;
  readonly cache: ResourceCache<SelectedObject>;
}

export interface SelectedObject {
  readonly metadata?: ObjectMeta;
}

/** A controller as others may look at it. */
export interface ControllerView {
  readonly controller: Controller;
  /** A change of this object is not worked off yet. */
  readonly isWaiting: (key: string) => boolean;
  /** False for objects that another operator looks after. */
  readonly isOurs: (object: WorkloadObject) => boolean;
}

export interface OperatorSettings {
  readonly controllerId: string;
  readonly scope: WatchScope;
  readonly secretSelectors: { readonly label: string; readonly field: string };
  readonly configMapSelectors: { readonly label: string; readonly field: string };
  /** Where Secrets and ConfigMaps are watched; undefined where they may not be. */
  readonly referenceScope: WatchScope | undefined;
  /** Those that are looked at now and then, where namespaces may not be watched. */
  readonly namespaces: readonly string[] | undefined;
  /** Services can be watched only with rights that prometheus-operator's own role does not have. */
  readonly mayWatchServices: boolean;
  readonly mayWatchDaemonSets: boolean;
  readonly bindings: BindingOptions;
}

export interface OperatorDeps {
  readonly connection: KubernetesConnection;
  readonly api: KubernetesApi;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
  readonly nowMs: () => number;
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
  readonly namespaces: NamespaceView;
  readonly statefulSets: ResourceCache<StoredObject>;
  readonly daemonSets: ResourceCache<StoredObject> | undefined;
  readonly references: ReferenceReader;
  readonly seen: SeenObjects;
  readonly bindings: BindingWriter;
  readonly #secrets: ResourceCache<Stub> | undefined;
  readonly #configMaps: ResourceCache<Stub> | undefined;
  readonly #services: ResourceCache<Stub> | undefined;
  #isReady = false;
  #isStopped = false;

  constructor(settings: OperatorSettings, deps: OperatorDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const { scope, referenceScope } = settings;
    const everywhere = { allowed: [], denied: scope.denied };
    const whole = (object: KubernetesObject): StoredObject => object as unknown as StoredObject;
    this.namespaces =
      settings.namespaces === undefined
        ? this.cache<NamespaceObject>(NAMESPACE, { scope: everywhere }, reduceStub)
        : this.#poll(settings.namespaces);
    this.statefulSets = this.cache(STATEFUL_SET, { scope, labelSelector: MANAGED }, whole);
    this.daemonSets = settings.mayWatchDaemonSets
      ? this.cache(DAEMON_SET, { scope, labelSelector: MANAGED }, whole)
      : undefined;
    const stubs = (of: Resource, within: WatchScope | undefined, selectors = { label: "", field: "" }) =>
      within === undefined
        ? undefined
        : this.cache<Stub>(
            of,
            {
              scope: within,
              labelSelector: selectors.label,
              fieldSelector: selectors.field,
              isMetadataOnly: true,
            },
            reduceStub,
          );
    this.#secrets = stubs(SECRET, referenceScope, settings.secretSelectors);
    this.#configMaps = stubs(CONFIG_MAP, referenceScope, settings.configMapSelectors);
    const ours = { label: MANAGED, field: "" };
    this.#services = settings.mayWatchServices ? stubs(SERVICE, scope, ours) : undefined;
    const versionOf: VersionOf = (kind, key) => {
      const stub = (kind === "Secret" ? this.#secrets : this.#configMaps)?.get(key);
      return stub?.metadata.resourceVersion;
    };
    this.references = new ReferenceReader(DEFAULT_REFERENCES, deps.api, versionOf);
    this.seen = new SeenObjects(versionOf);
    const { api, timers, nowMs, log } = deps;
    const isGone = (workload: Workload): boolean => this.#isGone(workload);
    this.bindings = new BindingWriter(settings.bindings, { api, timers, nowMs, log, isGone });
  }

  #poll(names: readonly string[]): NamespaceView {
    const { api, timers, log } = this.#deps;
    const view = new PolledNamespaces(names, api, timers, log);
    this.#caches.push(view);
    return view;
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

  /** What works on each kind, for who looks on. */
  get views(): readonly ControllerView[] {
    return this.#running.map(({ controller, queue }) => ({
      controller,
      isWaiting: (key) => queue.has(key),
      isOurs: (object) => this.#isOurs(object),
    }));
  }

  /** A cache that starts with the operator. */
  cache<T>(of: Resource, options: Omit<CacheOptions, "limits">, reduce: Reduce<T>): ResourceCache<T> {
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
    const { reconciler } = controller;
    const work = (key: string): Promise<void> => {
      counters.reconciles++;
      return reconciler.reconcile(key);
    };
    const options = { ...DEFAULT_WORK_QUEUE, workers: RECONCILERS };
    const queue = new WorkQueue(options, work, timers, fail("A reconciliation"));
    const statusQueue = new WorkQueue(
      DEFAULT_WORK_QUEUE,
      (key) => reconciler.updateStatus(key),
      timers,
      fail("A status update"),
    );
    for (const { of, cache } of controller.selected) this.bindings.register(of, cache as ResourceCache<BoundObject>);
    this.#running.push({ controller, queue, statusQueue, counters });
  }

  /** Resolves once all caches are filled and every object is in its queue. */
  async start(): Promise<void> {
    for (const cache of this.#caches) cache.start();
    while (!this.#caches.every(({ isSynced }) => isSynced)) {
      await this.#pause(50);
      if (this.#isStopped) return;
    }
    for (const running of this.#running) this.#follow(running);
    this.#followShared();
    this.#stops.push(
      this.#deps.timers.every(STATUS_POLL_MS, () => this.#each((key, { statusQueue }) => statusQueue.add(key))),
    );
    const resync = (): void => {
      this.#each((key, { queue }) => queue.add(key));
      this.bindings.sweep();
    };
    this.#stops.push(this.#deps.timers.every(RESYNC_MS, resync));
    this.bindings.sweep();
    this.#isReady = true;
    this.#deps.log.info("successfully synced all caches");
  }

  async stop(): Promise<void> {
    this.#isReady = false;
    this.#isStopped = true;
    for (const stop of this.#stops) stop();
    for (const cache of this.#caches) cache.stop();
    await Promise.all(this.#running.flatMap(({ queue, statusQueue }) => [queue.stop(), statusQueue.stop()]));
    await this.bindings.stop();
  }

  /** A workload that a status names and that the cluster does not have. */
  #isGone({ group, resource, namespace, name }: Workload): boolean {
    const { scope } = this.#settings;
    const running = this.#running.find(({ controller }) => controller.resource.plural === resource);
    if (group !== "monitoring.coreos.com" || running?.controller.isComplete !== true) return false;
    if (scope.denied.includes(namespace)) return false;
    const object = running.controller.objects.get(`${namespace}/${name}`);
    return object === undefined || object.metadata?.deletionTimestamp !== undefined;
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
    for (const { of, cache } of controller.selected) {
      const concern = (...versions: readonly SelectedObject[]): void => this.#enqueueSelecting(running, of, versions);
      cache.addHandlers(
        {
          onAdd: (object) => concern(object),
          onDelete: (object) => concern(object),
          onUpdate: (before, after) => {
            if (isChanged(before.metadata, after.metadata)) concern(before, after);
          },
        },
        namespaceOf,
      );
    }
  }

  /** Workloads that select any of the versions of an object. */
  #enqueueSelecting({ controller, queue }: Running, { plural }: Resource, versions: readonly SelectedObject[]): void {
    for (const object of controller.objects.list()) {
      const wanted = controller.selectors(object).get(plural);
      if (wanted === undefined || !this.#isOurs(object)) continue;
      if (versions.some((each) => isSelected(each, wanted, object, this.namespaces))) queue.add(keyOfObject(object));
    }
  }

  #followShared(): void {
    const namespaceOf = ({ metadata }: { readonly metadata?: ObjectMeta }): string => metadata?.namespace ?? "";
    for (const cache of [this.statefulSets, this.daemonSets]) {
      cache?.addHandlers(
        {
          onAdd: (set) => this.#ownerOf(set, "status"),
          onUpdate: (before, after) =>
            this.#ownerOf(after, isChanged(before.metadata, after.metadata) ? "both" : "status"),
          onDelete: (set) => this.#ownerOf(set, "both"),
        },
        namespaceOf,
      );
    }
    for (const [kind, cache] of [
      ["Secret", this.#secrets],
      ["ConfigMap", this.#configMaps],
      ["Service", this.#services],
    ] as const) {
      const concern = (stub: Stub): void => this.#concerning(kind, stub);
      cache?.addHandlers({ onAdd: concern, onDelete: concern, onUpdate: (_, after) => concern(after) }, namespaceOf);
    }
    this.namespaces.addHandlers(
      {
        onUpdate: (before, after) => {
          if (JSON.stringify(before.metadata?.labels) === JSON.stringify(after.metadata?.labels)) return;
          this.#each((key, { controller, queue }) => {
            const object = controller.objects.get(key);
            const isConcerned = (selector: LabelSelector | undefined): boolean =>
              isMatched(selector, before.metadata?.labels) !== isMatched(selector, after.metadata?.labels);
            if (object === undefined) return;
            const selectors = [...controller.selectors(object).values()];
            if (selectors.some(({ namespaces }) => isConcerned(namespaces))) queue.add(key);
          });
        },
      },
      ({ metadata }) => metadata?.name ?? "",
    );
  }

  /** A Secret or ConfigMap that somebody refers to, or an object that we own and somebody changed. */
  #concerning(kind: "Secret" | "ConfigMap" | "Service", stub: Stub): void {
    const name = keyOfObject(stub);
    const owners = new Set(stub.metadata.ownerReferences?.map(({ uid }) => uid));
    this.#each((key, { controller, queue }) => {
      const uid = controller.objects.get(key)?.metadata?.uid;
      if (
        (kind !== "Service" && controller.reconciler.refersTo(key, kind, name)) ||
        (uid !== undefined && owners.has(uid))
      )
        queue.add(key);
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
