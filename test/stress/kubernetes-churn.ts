/**
 * A cluster in motion: pods and endpoint slices of services change, come and go while every watch is cut again and again and
 * the server forgets versions. What is found must follow within seconds, and a target whose object did not change must
 * never go away, however often the connection does.
 *
 *   node dist/test/stress/kubernetes-churn.js [PODS] [SERVICES] [SECONDS] [CUT-SECONDS]
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../src/base/index.js";
import { type ApiObject, FakeApiServer } from "../doubles/kubernetes/api-server.js";
import type { ChurnChange, ChurnHeap, ShownTarget } from "./kubernetes-churn-worker.js";

const PODS = "/api/v1/pods";
const SERVICES = "/api/v1/services";
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
const TICK_MS = 100;
/** The server forgets old versions so often. */
const COMPACT_MS = 7000;
const CONVERGE_MS_MAX = 60_000;

export interface ChurnOptions {
  readonly pods: number;
  readonly services: number;
  readonly seconds: number;
  readonly cutSeconds: number;
  /** Of all pods, in a minute. */
  readonly changedShare: number;
  readonly seed: number;
}

export interface ChurnResult {
  readonly changes: number;
  /** Times that a target went whose object had not changed. */
  readonly flaps: number;
  /** From a change until the targets show it, in the worst case. */
  readonly slowestMs: number;
  /** At the end all targets are those that the objects say. */
  readonly isConverged: boolean;
  readonly heapBeforeBytes: number;
  readonly heapAfterBytes: number;
  readonly requests: number;
}

interface PodState {
  readonly index: number;
  version: number;
  ip: string;
  /** When its last change was made; undefined once the targets of both jobs show it. */
  pendingMs: number | undefined;
  isGone: boolean;
}

export async function runChurn(options: ChurnOptions): Promise<ChurnResult> {
  const api = await FakeApiServer.start();
  const churn = new Churn(api, options);
  try {
    return await churn.run();
  } finally {
    await churn.stop();
    await api.stop();
  }
}

class Churn {
  readonly #api: FakeApiServer;
  readonly #options: ChurnOptions;
  readonly #pods: PodState[] = [];
  readonly #byAddress = new Map<string, PodState>();
  /** Of each job: what is found, by key. */
  readonly #targets = { pods: new Map<string, ShownTarget>(), slices: new Map<string, ShownTarget>() };
  /** Of each job: the same by what names a pod there. */
  readonly #named = { pods: new Map<string, ShownTarget>(), slices: new Map<string, ShownTarget>() };
  readonly #worker: Worker;
  readonly #heaps: ((bytes: number) => void)[] = [];
  #state: number;
  #ips = 0;
  #changes = 0;
  #flaps = 0;
  #slowestMs = 0;

  constructor(api: FakeApiServer, options: ChurnOptions) {
    this.#api = api;
    this.#options = options;
    this.#state = options.seed;
    for (let index = 0; index < options.pods; index++) this.#addPod(index);
    for (let service = 0; service < options.services; service++) this.#putService(service);
    this.#worker = new Worker(join(packageRoot(), "dist", "test", "stress", "kubernetes-churn-worker.js"), {
      workerData: configOf(api.url),
    });
    this.#worker.on("message", (message: ChurnChange | ChurnHeap) => {
      if (message.type === "heap") this.#heaps.shift()?.(message.usedBytes);
      else this.#changed(message);
    });
  }

  async run(): Promise<ChurnResult> {
    const { seconds, cutSeconds, pods, changedShare } = this.#options;
    await this.#until(() => this.#isConverged());
    const heapBeforeBytes = await this.#heap();
    this.#api.faults.cutWatchesMs = cutSeconds * 1000;
    this.#api.cutAll();
    const changesPerTick = (pods * changedShare * TICK_MS) / 60_000;
    const endMs = Date.now() + seconds * 1000;
    let due = 0;
    let compactMs = Date.now() + COMPACT_MS;
    while (Date.now() < endMs) {
      for (due += changesPerTick; due >= 1; due--) this.#changeOne();
      if (Date.now() > compactMs) {
        this.#api.compact(this.#random(2) === 0);
        compactMs = Date.now() + COMPACT_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    const isConverged = await this.#until(() => this.#isConverged()).then(
      () => true,
      () => false,
    );
    return {
      changes: this.#changes,
      flaps: this.#flaps,
      slowestMs: this.#slowestMs,
      isConverged,
      heapBeforeBytes,
      heapAfterBytes: await this.#heap(),
      requests: this.#api.requests.length,
    };
  }

  async stop(): Promise<void> {
    this.#worker.postMessage("stop");
    await this.#worker.terminate();
  }

  #changed({ job, added, removed }: ChurnChange): void {
    const targets = this.#targets[job as Job];
    const named = this.#named[job as Job];
    const nameIn = (target: ShownTarget): string => (job === "pods" ? target.pod : target.address);
    const nowMs = performance.now();
    const gone = removed.flatMap((key) => targets.get(key) ?? []);
    for (const target of gone) {
      targets.delete(target.key);
      if (named.get(nameIn(target))?.key === target.key) named.delete(nameIn(target));
    }
    for (const target of added) {
      targets.set(target.key, target);
      named.set(nameIn(target), target);
    }
    for (const target of gone) {
      const state = this.#stateOf(target);
      // It was right as it was, and is gone: nothing about it has changed.
      if (state === undefined || state.isGone || named.has(nameIn(target))) continue;
      if (job === "slices" || target.version === String(state.version)) this.#flaps++;
    }
    for (const state of new Set([...added, ...gone].map((target) => this.#stateOf(target)))) {
      if (state?.pendingMs === undefined || !this.#isShown(state)) continue;
      this.#slowestMs = Math.max(this.#slowestMs, nowMs - state.pendingMs);
      state.pendingMs = undefined;
    }
  }

  /** The pod whose address a target has now. */
  #stateOf({ address }: ShownTarget): PodState | undefined {
    return this.#byAddress.get(address);
  }

  #isShown(state: PodState): boolean {
    const address = `${state.ip}:8080`;
    const pod = this.#named.pods.get(nameOf(state.index));
    const endpoint = this.#named.slices.get(address);
    if (state.isGone) return pod === undefined && endpoint === undefined;
    return pod?.address === address && pod.version === String(state.version) && endpoint !== undefined;
  }

  #isConverged(): boolean {
    const live = this.#pods.filter(({ isGone }) => !isGone);
    const sizes = Object.values(this.#targets).map(({ size }) => size);
    return sizes.every((size) => size === live.length) && live.every((state) => this.#isShown(state));
  }

  async #until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + CONVERGE_MS_MAX;
    while (!condition()) {
      if (performance.now() > endMs) throw new Error("the targets did not become those of the cluster in a minute");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #heap(): Promise<number> {
    return new Promise((resolve) => {
      this.#heaps.push(resolve);
      this.#worker.postMessage("heap");
    });
  }

  #addPod(index: number): void {
    const state = { index, version: 1, ip: this.#newIp(), pendingMs: undefined, isGone: false };
    this.#pods[index] = state;
    this.#putPod(state);
  }

  #changeOne(): void {
    const state = this.#pods[this.#random(this.#pods.length)]!;
    this.#changes++;
    state.pendingMs = performance.now();
    const kind = this.#random(4);
    if (state.isGone || kind === 0) {
      // A pod of the same name on another address: what a restart of a StatefulSet is.
      this.#byAddress.delete(`${state.ip}:8080`);
      state.ip = this.#newIp();
      state.isGone = false;
    } else if (kind === 1) {
      state.isGone = true;
      this.#api.delete(PODS, `apps/${nameOf(state.index)}`);
      this.#putSlice(state.index % this.#options.services);
      return;
    }
    state.version++;
    this.#putPod(state);
    this.#putSlice(state.index % this.#options.services);
  }

  #putPod(state: PodState): void {
    const { index, version, ip } = state;
    this.#byAddress.set(`${ip}:8080`, state);
    const name = nameOf(index);
    this.#api.put(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "apps",
        uid: `uid-${index}`,
        labels: { app: `app-${index % this.#options.services}`, version: String(version) },
        annotations: { "example.org/checksum": "a".repeat(64) },
      },
      spec: {
        nodeName: `node-${index % 50}`,
        containers: [{ name: "main", image: "registry.example/app:1", ports: [{ name: "web", containerPort: 8080 }] }],
      },
      status: { phase: "Running", podIP: ip, hostIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
    });
  }

  #putService(service: number): void {
    const metadata = { name: `app-${service}`, namespace: "apps", labels: { app: `app-${service}` } };
    const spec = { clusterIP: "10.1.0.1", type: "ClusterIP", ports: [{ name: "web", port: 80, protocol: "TCP" }] };
    this.#api.put(SERVICES, { apiVersion: "v1", kind: "Service", metadata, spec });
    this.#putSlice(service);
  }

  #putSlice(service: number): void {
    const endpoints: unknown[] = [];
    for (let index = service; index < this.#pods.length; index += this.#options.services) {
      const { ip, isGone } = this.#pods[index]!;
      if (isGone) continue;
      const targetRef = { kind: "Pod", name: nameOf(index), namespace: "apps", uid: `uid-${index}` };
      endpoints.push({ addresses: [ip], conditions: { ready: true, serving: true, terminating: false }, targetRef });
    }
    const labels = { "kubernetes.io/service-name": `app-${service}` };
    const object: ApiObject = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `app-${service}-x`, namespace: "apps", labels },
      addressType: "IPv4",
      ports: [{ name: "web", port: 8080, protocol: "TCP" }],
      endpoints,
    };
    this.#api.put(SLICES, object);
  }

  #newIp(): string {
    const n = ++this.#ips;
    return `10.${100 + ((n >> 16) & 63)}.${(n >> 8) & 255}.${n & 255}`;
  }

  /** Below `bound`; a linear congruence is random enough, and its seed reproduces it. */
  #random(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((this.#state / 0x80000000) * bound);
  }
}

/** Of the second, only addresses are looked at: it takes a pod's labels as they are when the slice changes, as Prometheus. */
type Job = "pods" | "slices";

function nameOf(index: number): string {
  return `pod-${index}`;
}

function configOf(apiServer: string): string {
  const common = [
    { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
    { source_labels: ["__meta_kubernetes_pod_label_version"], target_label: "version" },
  ];
  const job = (job_name: string, role: string) => ({
    job_name,
    kubernetes_sd_configs: [{ role, api_server: apiServer }],
    relabel_configs: common,
  });
  return JSON.stringify({ scrape_configs: [job("pods", "pod"), job("slices", "endpointslice")] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [pods = 5000, services = 500, seconds = 120, cutSeconds = 10] = process.argv.slice(2).map(Number);
  const result = await runChurn({ pods, services, seconds, cutSeconds, changedShare: 0.1, seed: 1 });
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.log(
    `${pods} pods, ${services} services, ${seconds} s, watches cut every ${cutSeconds} s: ${result.changes} changes, ` +
      `slowest ${result.slowestMs.toFixed(0)} ms, flaps ${result.flaps}, converged ${result.isConverged}, ` +
      `heap ${mib(result.heapBeforeBytes)} -> ${mib(result.heapAfterBytes)} MiB, ${result.requests} requests`,
  );
  const isGood = result.isConverged && result.flaps === 0 && result.slowestMs < 5000;
  process.exit(isGood ? 0 : 1);
}
