/** Informers that several jobs share: one list and one watch for each collection and selector of an API server. */
import { Informer, type InformerDeps, type InformerLimits, type KubernetesObject } from "../../kubernetes/index.js";

export interface InformerRequest<T> {
  /** Names the API server and who asks it. */
  readonly server: string;
  readonly path: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** Of the resource, so equal for equal paths. */
  readonly reduce: (object: KubernetesObject) => T;
}

export class InformerPool {
  readonly #limits: InformerLimits;
  readonly #informers = new Map<string, { readonly informer: Informer<unknown>; users: number }>();

  constructor(limits: InformerLimits) {
    this.#limits = limits;
  }

  /** Returns the informer, started, and what gives it back; the last user's stops it. */
  take<T>(request: InformerRequest<T>, deps: InformerDeps): { readonly informer: Informer<T>; release(): void } {
    const { server, path, labelSelector, fieldSelector, reduce } = request;
    const key = JSON.stringify([server, path, labelSelector, fieldSelector]);
    let entry = this.#informers.get(key);
    if (entry === undefined) {
      const options = { path, labelSelector, fieldSelector, limits: this.#limits };
      entry = { informer: new Informer<unknown>(options, reduce, deps), users: 0 };
      this.#informers.set(key, entry);
    }
    entry.users++;
    const taken = entry;
    return {
      // Equal paths have one `reduce`, so what is kept has its type.
      informer: entry.informer as Informer<T>,
      release: () => {
        if (--taken.users > 0) return;
        taken.informer.stop();
        this.#informers.delete(key);
      },
    };
  }
}
