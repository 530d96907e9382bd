/**
 * Leader election by a Lease: of several processes the one that holds it works. It renews it well before it ends, and gives up its
 * work when it cannot; who waits takes over a Lease that has ended.
 */
import type { Logger, Timers } from "../base/index.js";
import { type KubernetesApi, KubernetesError, type StoredObject } from "./api.js";

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly leaseSeconds: number;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #api: KubernetesApi;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  #isLeader = false;
  #isStopped = false;
  #lastRenewedMs = 0;
  #stopTimer: (() => void) | undefined;

  constructor(options: LeaseOptions, api: KubernetesApi, timers: Timers, log: Logger, nowMs: () => number = Date.now) {
    this.#options = options;
    this.#api = api;
    this.#timers = timers;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** @param onLost  the lease could not be renewed in time: whoever works must stop at once. */
  run(onLeading: () => void, onLost: () => void): void {
    const { leaseSeconds } = this.#options;
    const round = async (): Promise<void> => {
      if (this.#isStopped) return;
      try {
        if (await this.#tryHold()) {
          this.#lastRenewedMs = this.#nowMs();
          if (!this.#isLeader) {
            this.#isLeader = true;
            this.#log.info("This process leads", { lease: this.#options.name });
            onLeading();
          }
        }
      } catch (error) {
        this.#log.warn("The lease cannot be written", { err: error instanceof Error ? error.message : String(error) });
      }
      if (this.#isLeader && this.#nowMs() - this.#lastRenewedMs > leaseSeconds * 1000) {
        onLost();
        return;
      }
      if (!this.#isStopped) this.#stopTimer = this.#timers.after((leaseSeconds * 1000) / 4, () => void round());
    };
    void round(); // reports its own failures
  }

  /** Gives the lease back, so that another need not wait for its end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer?.();
    if (!this.#isLeader) return;
    this.#isLeader = false;
    try {
      const lease = await this.#api.get(this.#path);
      const spec = (lease?.["spec"] ?? {}) as LeaseSpec;
      if (lease === undefined || spec.holderIdentity !== this.#options.identity) return;
      await this.#api.replace(this.#path, { ...lease, spec: { ...spec, holderIdentity: "", leaseDurationSeconds: 1 } });
    } catch (error) {
      this.#log.warn("The lease could not be given back: it ends by itself", {
        err: error instanceof Error ? error.message : String(error),
      });
    }
  }

  get #path(): string {
    const { namespace, name } = this.#options;
    return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
  }

  async #tryHold(): Promise<boolean> {
    const lease = await this.#api.get(this.#path);
    const spec = (lease?.["spec"] ?? {}) as LeaseSpec;
    const isMine = spec.holderIdentity === this.#options.identity;
    const endsMs = Date.parse(spec.renewTime ?? "") + (spec.leaseDurationSeconds ?? 0) * 1000;
    const isTaken = !isMine && (spec.holderIdentity ?? "") !== "" && endsMs > this.#nowMs();
    if (isTaken) return false;
    try {
      await this.#write(lease, spec, isMine);
      return true;
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 409) return false; // another was faster
      throw error;
    }
  }

  #write(lease: StoredObject | undefined, spec: LeaseSpec, isMine: boolean): Promise<StoredObject> {
    const { namespace, name, identity, leaseSeconds } = this.#options;
    // The API wants exactly six decimals.
    const now = new Date(this.#nowMs()).toISOString().replace("Z", "000Z");
    const next: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: isMine ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (spec.leaseTransitions ?? 0) + (isMine ? 0 : 1),
    };
    if (lease !== undefined) return this.#api.replace(this.#path, { ...lease, spec: next });
    const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
    const metadata = { name, namespace };
    return this.#api.create(collection, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: next });
  }
}
