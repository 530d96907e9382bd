/**
 * A node for pods of StatefulSets: it mounts Secrets and ConfigMaps into a folder, runs init containers, then each container as a
 * process of this project, and says at which ports they listen. Ports and paths differ from a real node's, since many tests share
 * one machine: files are below the pod's own folder, and what they say of paths is changed accordingly.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ApiObject } from "./api-server.js";
import type { TestCluster } from "./cluster.js";
import { freePort, type Processes } from "./operator-process.js";

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
  readonly projected?: { readonly sources: readonly { readonly secret?: { readonly name: string } }[] };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}

/** Folders of containers that files and arguments name. */
const ROOTS = ["/etc/prometheus", "/etc/alertmanager", "/prometheus", "/alertmanager"];
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  prometheus: ["server"],
  alertmanager: ["alertmanager"],
  "config-reloader": ["prometheus-config-reloader"],
  "init-config-reloader": ["prometheus-config-reloader"],
};

class Pod {
  readonly name: string;
  readonly #folder: string;
  readonly #cluster: TestCluster;
  readonly #processes: Processes;
  readonly #spec: PodSpec;
  readonly #children: ChildProcess[] = [];
  readonly #written = new Map<string, string>();
  /** By the port that the container would have. */
  readonly ports = new Map<number, number>();

  constructor(name: string, folder: string, spec: PodSpec, cluster: TestCluster, processes: Processes) {
    this.name = name;
    this.#folder = folder;
    this.#spec = spec;
    this.#cluster = cluster;
    this.#processes = processes;
  }

  async start(namespace: string): Promise<void> {
    for (const root of ROOTS) mkdirSync(join(this.#folder, root), { recursive: true });
    for (const { ports = [] } of this.#spec.containers) {
      for (const { containerPort } of ports) this.ports.set(containerPort, await freePort());
    }
    this.mount(namespace);
    for (const container of this.#spec.initContainers ?? []) {
      const child = this.#run(container);
      if (child === undefined) continue;
      const [code] = (await once(child, "close")) as [number];
      if (code !== 0)
        throw new Error(`init container ${container.name} of ${this.name} ended with ${code}\n${this.#processes.log}`);
    }
    for (const container of this.#spec.containers) {
      const child = this.#run(container);
      if (child !== undefined) this.#children.push(child);
    }
  }

  /** What the Secrets and ConfigMaps say now; files that did not change stay untouched. */
  mount(namespace: string): void {
    const volumes = new Map((this.#spec.volumes ?? []).map((volume) => [volume.name, volume]));
    const all = [...this.#spec.containers, ...(this.#spec.initContainers ?? [])];
    for (const { name, mountPath } of all.flatMap(({ volumeMounts = [] }) => volumeMounts)) {
      const volume = volumes.get(name);
      const folder = join(this.#folder, /\.\w+$/.test(mountPath) ? dirname(mountPath) : mountPath);
      mkdirSync(folder, { recursive: true });
      for (const [file, content] of this.#contentOf(namespace, volume)) this.#write(join(folder, file), content);
    }
  }

  #contentOf(namespace: string, volume: Volume | undefined): readonly (readonly [file: string, content: Buffer])[] {
    const { server } = this.#cluster;
    const secret = (name: string) =>
      Object.entries((server.read("/api/v1/secrets", `${namespace}/${name}`)?.["data"] ?? {}) as object).map(
        ([file, value]) => [file, Buffer.from(String(value), "base64")] as const,
      );
    if (volume?.secret !== undefined) return secret(volume.secret.secretName);
    if (volume?.projected !== undefined) {
      return volume.projected.sources.flatMap((source) =>
        source.secret === undefined ? [] : secret(source.secret.name),
      );
    }
    if (volume?.configMap === undefined) return [];
    const map = server.read("/api/v1/configmaps", `${namespace}/${volume.configMap.name}`);
    return Object.entries((map?.["data"] ?? {}) as object).map(([file, value]) => [file, Buffer.from(String(value))]);
  }

  #write(file: string, content: Buffer): void {
    const packed = file.endsWith(".gz") && content.length > 0;
    const text = this.#located((packed ? gunzipSync(content) : content).toString("utf8"));
    if (this.#written.get(file) === text) return;
    this.#written.set(file, text);
    writeFileSync(file, packed ? gzipSync(text) : text);
  }

  #located(text: string): string {
    return ROOTS.reduce(
      (all, root) => all.replaceAll(new RegExp(`(?<![\\w./-])${root}(?=[/"'\\s]|$)`, "gm"), this.#folder + root),
      text,
    );
  }

  #run({ name, args = [], env = [], ports = [] }: Container): ChildProcess | undefined {
    const program = PROGRAMS[name];
    if (program === undefined) return undefined;
    const port = (number: number): string => String(this.ports.get(number) ?? 0);
    const own = args
      .map((argument) =>
        this.#located(argument.replace(/^(--[\w.-]+=)(.*)$/s, (_, flag: string, value: string) => flag + value)),
      )
      .map((argument) => this.#located(argument))
      .map((argument) =>
        argument.replace(
          /(localhost|127\.0\.0\.1|\[::1\]):(\d+)/,
          (_, host: string, number: string) => `${host.replace("localhost", "127.0.0.1")}:${port(Number(number))}`,
        ),
      )
      .map((argument) =>
        argument.replace(
          /^(--(?:web\.)?listen-address=):(\d+)$/,
          (_, flag: string, number: string) => `${flag}127.0.0.1:${port(Number(number))}`,
        ),
      );
    const located = own.map((argument) => {
      const [, flag, value] = /^(--[\w.-]+=)(\/.*)$/s.exec(argument) ?? [];
      const root = ROOTS.find((each) => value === each || value?.startsWith(`${each}/`));
      return flag !== undefined && value !== undefined && root !== undefined
        ? `${flag}${this.#folder}${value}`
        : argument;
    });
    const main = ports.find(({ name: each }) => each === "web");
    const listen =
      main === undefined || located.some((each) => each.includes("listen-address=127"))
        ? []
        : [`--web.listen-address=127.0.0.1:${port(main.containerPort)}`];
    const cluster = program[0] === "alertmanager" ? ["--cluster.listen-address="] : [];
    const kept = located.filter((each) => !each.startsWith("--cluster"));
    const variables = Object.fromEntries(env.map((each) => [each.name, each.value ?? this.name]));
    return this.#processes.start([...program, ...kept, ...listen, ...cluster], { ...process.env, ...variables });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => this.#processes.kill(child)));
  }
}

const SETS = "/apis/apps/v1/statefulsets";
const PODS = "/api/v1/pods";
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";

/** Runs what StatefulSets ask for, and tells Services where it is. */
export class Kubelet {
  readonly #cluster: TestCluster;
  readonly #processes: Processes;
  readonly #folder: string;
  readonly #pods = new Map<string, Pod | undefined>();
  readonly #timer: NodeJS.Timeout;
  /** What went wrong first. */
  failure: unknown;

  constructor(cluster: TestCluster, processes: Processes, folder: string) {
    this.#cluster = cluster;
    this.#processes = processes;
    this.#folder = folder;
    this.#timer = setInterval(() => this.#look(), 100);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#pods.values()].map((pod) => pod?.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where a port of a pod is on this machine. */
  port(pod: string, containerPort: number): number | undefined {
    return this.#pods.get(pod)?.ports.get(containerPort);
  }

  #look(): void {
    for (const set of this.#cluster.server.list(SETS)) {
      const { name, namespace = "" } = set.metadata;
      const { replicas = 1, template } = set["spec"] as {
        readonly replicas?: number;
        readonly template: { readonly spec: PodSpec };
      };
      for (let i = 0; i < replicas; i++) {
        const key = `${namespace}/${name}-${i}`;
        if (!this.#pods.has(key)) this.#start(key, namespace, template.spec);
        else this.#pods.get(key)?.mount(namespace);
      }
    }
    this.#tellServices();
  }

  #start(key: string, namespace: string, spec: PodSpec): void {
    this.#pods.set(key, undefined);
    const [, name = ""] = key.split("/");
    const pod = new Pod(name, join(this.#folder, key.replace("/", "_")), spec, this.#cluster, this.#processes);
    pod.start(namespace).then(
      () => this.#pods.set(key, pod),
      (error: unknown) => {
        this.failure ??= error;
      },
    );
  }

  /** Slices of Services whose pods run here. */
  #tellServices(): void {
    const { server } = this.#cluster;
    for (const service of server.list("/api/v1/services")) {
      const { name, namespace = "" } = service.metadata;
      const { selector, ports = [] } = service["spec"] as {
        readonly selector?: Readonly<Record<string, string>>;
        readonly ports?: readonly { readonly name: string; readonly port: number }[];
      };
      if (selector === undefined) continue;
      const found = server
        .list(PODS)
        .filter(({ metadata }) => metadata.namespace === namespace)
        .filter(({ metadata }) =>
          Object.entries(selector).every(([label, value]) => metadata.labels?.[label] === value),
        )
        .filter(({ metadata }) => this.#pods.get(`${namespace}/${metadata.name}`) !== undefined);
      for (const { metadata } of found) {
        const open = ports.flatMap(({ name: port, port: number }) => {
          const real = this.port(`${namespace}/${metadata.name}`, number);
          return real === undefined ? [] : [{ name: port, port: real, protocol: "TCP" }];
        });
        if (open.length > 0) putSlice(server, namespace, name, metadata.name, open);
      }
    }
  }
}

/** The endpoint of one pod. */
export function putSlice(
  server: TestCluster["server"],
  namespace: string,
  service: string,
  pod: string,
  ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[],
): void {
  const slice: ApiObject = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${service}-${pod}`, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports,
    endpoints: [
      {
        addresses: ["127.0.0.1"],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: "Pod", name: pod, namespace },
      },
    ],
  };
  const known = server.read(SLICES, `${namespace}/${service}-${pod}`);
  if (JSON.stringify(known?.["ports"]) !== JSON.stringify(ports)) server.put(SLICES, slice);
}
