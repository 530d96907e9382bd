/**
 * What the operator watches: one view over the informers of a resource, of which there is one for each allowed namespace, or a
 * single one for all. Secrets and ConfigMaps are watched for their metadata only; content is fetched where it is referred to.
 */
import type { Logger, Timers } from "../../base/index.js";
import {
  type ApiServer,
  Informer,
  type InformerHandlers,
  type InformerLimits,
  type Reduce,
} from "../../kubernetes/index.js";
import { collectionPath, type Resource } from "./resources.js";

export interface WatchScope {
  /** Empty: all namespaces. */
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

export interface CacheOptions {
  readonly scope: WatchScope;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly isMetadataOnly?: boolean;
  readonly limits: InformerLimits;
}

export interface CacheDeps {
  readonly server: ApiServer;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
}

export class ResourceCache<T> {
  readonly #informers: readonly Informer<T>[];
  readonly #denied: ReadonlySet<string>;

  constructor(of: Resource, options: CacheOptions, reduce: Reduce<T>, deps: CacheDeps) {
    const { scope, labelSelector = "", fieldSelector = "", isMetadataOnly = false, limits } = options;
    this.#denied = new Set(scope.denied);
    const namespaces = scope.allowed.length === 0 ? [""] : scope.allowed;
    this.#informers = namespaces.map((namespace) => {
      const path = collectionPath(of, namespace);
      return new Informer<T>({ path, labelSelector, fieldSelector, isMetadataOnly, limits }, reduce, deps);
    });
  }

  /** @param handlers  are told of objects outside the denied namespaces only. */
  addHandlers(handlers: InformerHandlers<T>, namespaceOf: (object: T) => string): void {
    const allowed = (object: T): boolean => !this.#denied.has(namespaceOf(object));
    let left = this.#informers.length;
    for (const informer of this.#informers) {
      informer.addHandlers({
        ...handlers,
        onAdd: (object) => allowed(object) && handlers.onAdd?.(object),
        onUpdate: (before, after) => allowed(after) && handlers.onUpdate?.(before, after),
        onDelete: (object) => allowed(object) && handlers.onDelete?.(object),
        onSynced: () => --left === 0 && handlers.onSynced?.(),
      });
    }
  }

  start(): void {
    for (const informer of this.#informers) informer.start();
  }

  stop(): void {
    for (const informer of this.#informers) informer.stop();
  }

  get isSynced(): boolean {
    return this.#informers.every(({ isSynced }) => isSynced);
  }

  /** By `namespace/name`. */
  get(key: string): T | undefined {
    if (this.#denied.has(key.split("/")[0] ?? "")) return undefined;
    for (const { store } of this.#informers) {
      const object = store.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  /** In the order of `namespace/name`. */
  list(): readonly T[] {
    const all = this.#informers.flatMap(({ store }) => [...store]);
    return all
      .filter(([key]) => !this.#denied.has(key.split("/")[0] ?? ""))
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, object]) => object);
  }
}
