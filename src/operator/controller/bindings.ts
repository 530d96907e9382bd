/**
 * What a monitor's status says of the workloads that selected it: `status.bindings`, one entry a workload, with the condition
 * `Accepted` and its reason. Reconcilers report verdicts; one writer computes all entries of an object and writes them, seldom and
 * beside the reconciliations, so that thousands of monitors hold up nothing. Entries of workloads that are not ours stay.
 */
import { errorMessage, type Logger, type Timers } from "../../base/index.js";
import { type JsonObject, type KubernetesApi, KubernetesError, WorkQueue } from "../../kubernetes/index.js";
import type { ObjectMeta } from "../kube-object.js";
import type { ResourceCache } from "./cache.js";
import { objectPath, type Resource } from "./resources.js";
import { keyOfObject } from "./selection.js";

export interface Workload {
  readonly group: string;
  /** Plural, as in the API's paths. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface BoundObject {
  readonly metadata?: ObjectMeta;
  readonly status?: { readonly bindings?: readonly Binding[] };
}

export interface Binding {
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly conditions?: readonly BindingCondition[];
}

export interface BindingCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

/** By `namespace/name` of what a workload selects: why it is not used, or undefined where it is. */
export type Verdicts = ReadonlyMap<string, string | undefined>;

export interface BindingOptions {
  /** 0: verdicts are only kept for who asks, and no status is written. */
  readonly writesPerSecond: number;
}

/** Of status alone nothing depends but what people see: a burst of thousands may take a minute. */
export const DEFAULT_BINDINGS: BindingOptions = { writesPerSecond: 50 };

export interface BindingDeps {
  readonly api: KubernetesApi;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly log: Logger;
  /** Whether a workload that an entry names is known not to exist any more. */
  readonly isGone: (workload: Workload) => boolean;
}

interface Kind {
  readonly of: Resource;
  readonly cache: ResourceCache<BoundObject>;
}

/** What was written last, for as long as the cache has not seen it. */
interface Written {
  readonly before: string | undefined;
  readonly object: JsonObject;
}

const CONFLICTS_MAX = 5;

export class BindingWriter {
  readonly #options: BindingOptions;
  readonly #deps: BindingDeps;
  readonly #queue: WorkQueue;
  readonly #kinds = new Map<string, Kind>();
  /** By workload, then by plural. */
  readonly #verdicts = new Map<string, Map<string, Verdicts>>();
  readonly #written = new Map<string, Written>();
  #nextWriteMs = 0;

  constructor(options: BindingOptions, deps: BindingDeps) {
    this.#options = options;
    this.#deps = deps;
    const retry = { workers: 2, backoffMs: 1000, backoffMsMax: 300_000 };
    this.#queue = new WorkQueue(
      retry,
      (key) => this.#work(key),
      deps.timers,
      (key, error) => {
        deps.log.warn("Bindings could not be written; it is tried again", { key, err: errorMessage(error) });
      },
    );
  }

  /** Objects to be written. */
  get length(): number {
    return this.#queue.length;
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  /** A kind whose objects can be bound. */
  register(of: Resource, cache: ResourceCache<BoundObject>): void {
    this.#kinds.set(of.plural, { of, cache });
  }

  /** What a workload selected when it was reconciled last, by plural. */
  verdictsOf(workload: Workload): ReadonlyMap<string, Verdicts> | undefined {
    return this.#verdicts.get(idOf(workload));
  }

  /** All that the workload selects of a kind; what it no longer names is no longer bound to it. */
  report({ plural }: Resource, workload: Workload, verdicts: Verdicts): void {
    const id = idOf(workload);
    const ofWorkload = this.#verdicts.get(id) ?? new Map<string, Verdicts>();
    this.#verdicts.set(id, ofWorkload);
    const before = ofWorkload.get(plural);
    ofWorkload.set(plural, verdicts);
    this.#compare(plural, workload, verdicts, before);
  }

  /** The workload is gone: nothing says any more that it uses something. */
  release(workload: Workload): void {
    const before = this.#verdicts.get(idOf(workload));
    this.#verdicts.delete(idOf(workload));
    for (const plural of this.#kinds.keys()) this.#compare(plural, workload, new Map(), before?.get(plural));
  }

  /** Takes up objects that name a workload which was deleted while nobody looked. */
  sweep(): void {
    if (this.#options.writesPerSecond === 0) return;
    for (const [plural, { cache }] of this.#kinds) {
      for (const object of cache.list()) {
        const isStale = (object.status?.bindings ?? []).some((each) => this.#deps.isGone(workloadOf(each)));
        if (isStale) this.#queue.add(`${plural} ${keyOfObject(object)}`);
      }
    }
  }

  #compare(plural: string, workload: Workload, verdicts: Verdicts, before: Verdicts | undefined): void {
    if (this.#options.writesPerSecond === 0) return;
    for (const object of this.#kinds.get(plural)?.cache.list() ?? []) {
      const key = keyOfObject(object);
      const entry = object.status?.bindings?.find((each) => isOf(each, workload));
      const isWanted = verdicts.has(key);
      // An entry that was wanted before may be on its way into the cache.
      const isAsWanted = isWanted
        ? entry !== undefined && isCurrent(entry, verdicts.get(key), object.metadata?.generation)
        : entry === undefined && before?.has(key) !== true;
      if (!isAsWanted) this.#queue.add(`${plural} ${key}`);
    }
  }

  async #work(id: string): Promise<void> {
    const [plural = "", key = ""] = id.split(" ");
    const kind = this.#kinds.get(plural);
    const cached = kind?.cache.get(key);
    if (kind === undefined || cached === undefined) {
      this.#written.delete(id);
      return;
    }
    const written = this.#written.get(id);
    const isStale = written !== undefined && written.before === cached.metadata?.resourceVersion;
    if (!isStale) this.#written.delete(id);
    let current = (isStale ? written.object : { apiVersion: kind.of.apiVersion, kind: kind.of.kind, ...cached }) as
      | (JsonObject & BoundObject)
      | undefined;
    const path = objectPath(kind.of, cached.metadata?.namespace ?? "", cached.metadata?.name ?? "");
    for (let left = CONFLICTS_MAX; current !== undefined; left--) {
      const before = current.status?.bindings ?? [];
      const bindings = this.#bindingsOf(plural, key, current);
      if (JSON.stringify(bindings) === JSON.stringify(before)) return;
      await this.#turn();
      try {
        const object = await this.#deps.api.replace(`${path}/status`, {
          ...current,
          status: { ...current.status, bindings },
        });
        this.#written.set(id, { before: cached.metadata?.resourceVersion, object });
        return;
      } catch (error) {
        if (error instanceof KubernetesError && error.status === 404) return;
        if (!(error instanceof KubernetesError) || error.status !== 409 || left === 0) throw error;
        current = await this.#deps.api.get(path);
      }
    }
  }

  #bindingsOf(plural: string, key: string, object: BoundObject): readonly Binding[] {
    const before = object.status?.bindings ?? [];
    const after: Binding[] = [];
    const known = new Set<string>();
    for (const entry of before) {
      const workload = workloadOf(entry);
      const id = idOf(workload);
      const verdicts = this.#verdicts.get(id)?.get(plural);
      known.add(id);
      if (verdicts === undefined) {
        if (!this.#deps.isGone(workload)) after.push(entry);
      } else if (verdicts.has(key)) after.push(this.#bindingOf(workload, verdicts.get(key), object, entry));
    }
    for (const [id, kinds] of this.#verdicts) {
      const verdicts = kinds.get(plural);
      if (known.has(id) || verdicts?.has(key) !== true) continue;
      const [group = "", resource = "", namespace = "", name = ""] = id.split("/");
      after.push(this.#bindingOf({ group, resource, namespace, name }, verdicts.get(key), object, undefined));
    }
    return after;
  }

  #bindingOf(
    workload: Workload,
    rejection: string | undefined,
    { metadata }: BoundObject,
    before: Binding | undefined,
  ): Binding {
    const old = before?.conditions?.find(({ type }) => type === "Accepted");
    if (before !== undefined && isCurrent(before, rejection, metadata?.generation)) return before;
    const status = rejection === undefined ? "True" : "False";
    const condition: BindingCondition = {
      type: "Accepted",
      status,
      reason: rejection === undefined ? "" : "InvalidConfiguration",
      message: rejection ?? "",
      ...(metadata?.generation !== undefined && { observedGeneration: metadata.generation }),
      lastTransitionTime:
        old?.status === status && old.lastTransitionTime !== undefined
          ? old.lastTransitionTime
          : `${new Date(this.#deps.nowMs()).toISOString().slice(0, 19)}Z`,
    };
    return { ...workload, conditions: [condition] };
  }

  /** Waits for the next moment at which a write is allowed. */
  async #turn(): Promise<void> {
    const nowMs = this.#deps.nowMs();
    const atMs = Math.max(nowMs, this.#nextWriteMs);
    this.#nextWriteMs = atMs + 1000 / this.#options.writesPerSecond;
    if (atMs > nowMs) await new Promise<void>((resolve) => this.#deps.timers.after(atMs - nowMs, resolve));
  }
}

function idOf({ group, resource, namespace, name }: Workload): string {
  return `${group}/${resource}/${namespace}/${name}`;
}

function workloadOf({ group = "", resource = "", namespace = "", name = "" }: Binding): Workload {
  return { group, resource, namespace, name };
}

function isOf(binding: Binding, workload: Workload): boolean {
  return idOf(workloadOf(binding)) === idOf(workload);
}

/** Whether an entry says this verdict about this generation. */
function isCurrent({ conditions }: Binding, rejection: string | undefined, generation: number | undefined): boolean {
  const condition = conditions?.find(({ type }) => type === "Accepted");
  return (
    condition?.status === (rejection === undefined ? "True" : "False") &&
    (condition.message ?? "") === (rejection ?? "") &&
    condition.observedGeneration === generation
  );
}
