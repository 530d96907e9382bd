/**
 * What all workload objects have in common: a key in, the object read, what belongs to it brought about by its kind, status written.
 * A paused object is left alone, one that is being deleted is released. Running it twice changes nothing.
 */
import { errorMessage, type Logger } from "../../base/index.js";
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import type { ObjectMeta } from "../kube-object.js";
import type { BindingWriter, Workload } from "./bindings.js";
import type { ResourceCache } from "./cache.js";
import type { RegardedObject } from "./events.js";
import { OwnedObjects, type OwnedOptions, type SeenObjects } from "./owned.js";
import type { ReferenceReader, References } from "./references.js";
import { objectPath, type Resource } from "./resources.js";
import type { SetKeeper } from "./sets.js";
import { type Condition, condition, isSameStatus, type SetState, stateOfSet, sumOf, worstOf } from "./status.js";

/** Set by prometheus-operator where it keeps bindings; ours are cleaned without it. */
const STATUS_CLEANUP = "monitoring.coreos.com/status-cleanup";

export interface ReconcilerDeps {
  readonly api: KubernetesApi;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly references: ReferenceReader;
  readonly seen: SeenObjects;
  readonly sets: SetKeeper;
  readonly bindings: BindingWriter;
  readonly settings: OwnedOptions;
  readonly onRejected: (object: RegardedObject, message: string) => void;
}

export interface WorkloadObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: { readonly paused?: boolean; readonly replicas?: number };
  readonly status?: { readonly conditions?: readonly unknown[] };
}

/** Said of an object that is reconciled, beside that it is. */
export interface Note {
  readonly reason: string;
  readonly message: string;
}

/** One set of pods of an object. */
export interface SetOf {
  readonly kind: "StatefulSet" | "DaemonSet";
  /** `namespace/name`. */
  readonly key: string;
  readonly set: StoredObject | undefined;
}

/** What a kind does beyond that. */
export interface WorkloadKind<T extends WorkloadObject> {
  readonly of: Resource;
  readonly objects: ResourceCache<T>;
  sync(key: string, object: T, owned: OwnedObjects, references: References): Promise<Note | undefined>;
  setsOf(object: T): readonly SetOf[];
  /** Beyond what all have. */
  statusOf(object: T, states: readonly SetState[]): object;
}

export class WorkloadReconciler<T extends WorkloadObject> {
  readonly #kind: WorkloadKind<T>;
  readonly #deps: ReconcilerDeps;
  readonly #outcomes = new Map<string, LastRun>();
  /** What each object referred to when it was reconciled last: a change of one of them concerns it. */
  readonly #references = new Map<string, References>();

  constructor(kind: WorkloadKind<T>, deps: ReconcilerDeps) {
    this.#kind = kind;
    this.#deps = deps;
  }

  /** Whether what the object came to was made from this Secret or ConfigMap. */
  refersTo(key: string, kind: "Secret" | "ConfigMap", name: string): boolean {
    const references = this.#references.get(key);
    return (kind === "Secret" ? references?.secrets : references?.configMaps)?.has(name) ?? false;
  }

  /** @throws what kept it from being done; the status tells it too. */
  async reconcile(key: string): Promise<void> {
    const { api, log, settings, sets, seen } = this.#deps;
    const { of } = this.#kind;
    const object = this.#object(key);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) {
      await this.#release(key, object);
      return;
    }
    if (object.spec?.paused === true) {
      log.info("No action taken: the object is paused", { kind: of.kind, key });
      this.#note(key, object, undefined, undefined);
      await this.updateStatus(key);
      return;
    }
    let error: unknown;
    let note: Note | undefined;
    const references: References = { secrets: new Set(), configMaps: new Set() };
    this.#references.set(key, references);
    const owned = new OwnedObjects(api, object, settings, seen);
    try {
      note = await this.#kind.sync(key, object, owned, references);
      if (owned.isChanged) for (const { set } of this.#kind.setsOf(object)) await sets.refresh(set);
    } catch (caught) {
      error = caught;
    }
    this.#note(key, object, error, note);
    await this.updateStatus(key);
    if (error !== undefined) throw error;
  }

  /** How the last reconciliation of an object ended; undefined before the first. */
  lastRun(key: string): LastRun | undefined {
    return this.#outcomes.get(key);
  }

  #note(key: string, { metadata }: T, error: unknown, note: Note | undefined): void {
    const reason = error === undefined ? undefined : errorMessage(error);
    this.#outcomes.set(key, { error: reason, note, generation: metadata?.generation ?? 0, atMs: this.#deps.nowMs() });
  }

  async updateStatus(key: string): Promise<void> {
    const { api, nowMs, sets } = this.#deps;
    const { of } = this.#kind;
    const object = this.#object(key);
    const outcome = this.#outcomes.get(key);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) return;
    // Before its first reconciliation nothing is known of it.
    if (outcome === undefined) return;
    const isPaused = object.spec?.paused ?? false;
    const { namespace = "", name = "", generation = 0 } = object.metadata ?? {};
    const wanted = Math.max(0, object.spec?.replicas ?? 1);
    const states: SetState[] = [];
    for (const { kind, key: setKey, set } of this.#kind.setsOf(object)) {
      states.push(await stateOfSet(api, kind, set, setKey, wanted));
      if (kind === "StatefulSet" && !isPaused) await sets.repair(set);
    }
    const before = (object.status?.conditions ?? []) as readonly Partial<Condition>[];
    const status = {
      ...sumOf(states),
      paused: isPaused,
      conditions: [
        condition("Available", worstOf(states), generation, before, nowMs()),
        condition("Reconciled", reconciled(outcome), generation, before, nowMs()),
      ],
      ...this.#kind.statusOf(object, states),
    };
    if (isSameStatus(object.status, status)) return;
    const { apiVersion, kind } = of;
    const metadata = { name, namespace };
    await api.applyStatus(objectPath(of, namespace, name), { apiVersion, kind, metadata, status });
  }

  /** Items of some lists name no kind. */
  #object(key: string): T | undefined {
    const object = this.#kind.objects.get(key);
    const { apiVersion, kind } = this.#kind.of;
    return object === undefined ? undefined : { ...object, apiVersion, kind };
  }

  async #release(key: string, object: T | undefined): Promise<void> {
    const { api, bindings } = this.#deps;
    const { of } = this.#kind;
    this.#outcomes.delete(key);
    this.#references.delete(key);
    bindings.release(workloadOf(of, key));
    const { finalizers = [], namespace = "", name = "", resourceVersion = "" } = object?.metadata ?? {};
    if (!finalizers.includes(STATUS_CLEANUP)) return;
    const left = finalizers.filter((each) => each !== STATUS_CLEANUP);
    await api.mergePatch(objectPath(of, namespace, name), { metadata: { finalizers: left, resourceVersion } });
  }
}

export interface LastRun {
  /** What kept it from being done. */
  readonly error: string | undefined;
  readonly note: Note | undefined;
  /** Of the object. */
  readonly generation: number;
  readonly atMs: number;
}

function reconciled({ error, note }: LastRun): Pick<Condition, "status" | "reason" | "message"> {
  if (error !== undefined) return { status: "False", reason: "ReconciliationFailed", message: error };
  return { status: "True", reason: note?.reason ?? "", message: note?.message ?? "" };
}

export function workloadOf(of: Resource, key: string): Workload {
  const [namespace = "", name = ""] = key.split("/");
  return { group: "monitoring.coreos.com", resource: of.plural, namespace, name };
}

/** As text in the status, for the scale subresource. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
}

/** Labels of the pods that a set makes. */
export function podLabels(set: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const { template } = (set["spec"] ?? {}) as {
    readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  };
  return template?.metadata?.labels ?? {};
}
