/** The cluster's namespaces: watched, or, where only single ones may be read, looked at now and then. */
import { errorMessage, type Logger, type Timers } from "../../base/index.js";
import type { InformerHandlers, KubernetesApi } from "../../kubernetes/index.js";
import type { ResourceCache } from "./cache.js";
import { NAMESPACE, objectPath } from "./resources.js";
import type { NamespaceObject } from "./selection.js";

export type NamespaceView = Pick<
  ResourceCache<NamespaceObject>,
  "get" | "list" | "addHandlers" | "start" | "stop" | "isSynced"
>;

const POLL_MS = 60_000;

export class PolledNamespaces implements NamespaceView {
  readonly #names: readonly string[];
  readonly #api: KubernetesApi;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #known = new Map<string, NamespaceObject>();
  readonly #handlers: InformerHandlers<NamespaceObject>[] = [];
  #isSynced = false;
  #stop: (() => void) | undefined;

  constructor(names: readonly string[], api: KubernetesApi, timers: Timers, log: Logger) {
    this.#names = names;
    this.#api = api;
    this.#timers = timers;
    this.#log = log;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get(name: string): NamespaceObject | undefined {
    return this.#known.get(name);
  }

  list(): readonly NamespaceObject[] {
    return [...this.#known.values()];
  }

  addHandlers(handlers: InformerHandlers<NamespaceObject>): void {
    this.#handlers.push(handlers);
  }

  start(): void {
    void this.#look(); // reports its own failures
    this.#stop = this.#timers.every(POLL_MS, () => void this.#look());
  }

  stop(): void {
    this.#stop?.();
  }

  async #look(): Promise<void> {
    for (const name of this.#names) {
      const before = this.#known.get(name);
      const after = await this.#read(name);
      this.#known.set(name, after);
      if (before !== undefined) for (const handlers of this.#handlers) handlers.onUpdate?.(before, after);
    }
    this.#isSynced = true;
  }

  /** One that may not be read has no labels: only selectors that take every namespace take it. */
  async #read(name: string): Promise<NamespaceObject> {
    try {
      const labels = (await this.#api.get(objectPath(NAMESPACE, "", name)))?.metadata.labels;
      return { metadata: { name, ...(labels !== undefined && { labels }) } };
    } catch (error) {
      this.#log.warn("A namespace cannot be read; it counts as one without labels", { name, err: errorMessage(error) });
      return { metadata: { name } };
    }
  }
}
