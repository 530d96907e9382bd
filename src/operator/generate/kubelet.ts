/** The Service of the kubelets. Nodes are no pods, so no selector finds them: the operator keeps its endpoints itself. */
import { isIP, isIPv4 } from "node:net";
import type { KubeObject, ObjectMeta } from "../kube-object.js";
import { compact, compareText, type Mapping } from "./value.js";

export interface NodeObject {
  readonly metadata?: ObjectMeta;
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface KubeletOptions {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly addressPriority?: "internal" | "external";
  /** The port without TLS, which many clusters have closed. */
  readonly hasHttpPort: boolean;
  /** Endpoints are not mirrored where slices are kept too. */
  readonly keepsSlices: boolean;
  readonly maxEndpointsPerSlice?: number;
}

const PORTS = [
  { name: "https-metrics", port: 10250 },
  { name: "cadvisor", port: 4194 },
  { name: "http-metrics", port: 10255, isHttp: true },
] as const;

const MAX_ENDPOINTS_PER_SLICE = 512;

interface Address {
  readonly ip: string;
  readonly node: string;
  readonly uid: string;
  readonly isKnown: boolean;
}

export interface KubeletAddresses {
  readonly addresses: readonly Address[];
  /** Nodes that cannot be scraped, and why. */
  readonly problems: readonly string[];
}

/** One address or more of each node, in the order of names. */
export function kubeletAddresses(nodes: readonly NodeObject[], { addressPriority }: KubeletOptions): KubeletAddresses {
  const problems: string[] = [];
  const all: Address[] = [];
  const types = addressPriority === "external" ? ["ExternalIP", "InternalIP"] : ["InternalIP", "ExternalIP"];
  for (const node of [...nodes].sort((a, b) => compareText(a.metadata?.name ?? "", b.metadata?.name ?? ""))) {
    const name = node.metadata?.name ?? "";
    const ips = types.map((type) => ipsOf(node, type)).find((found) => found.length > 0) ?? [];
    if (ips.length === 0) problems.push(`node ${name} has no address`);
    const isKnown =
      node.status?.conditions?.some(({ type, status }) => type === "Ready" && status !== "Unknown") ?? false;
    for (const ip of ips) {
      if (isIP(ip) === 0) problems.push(`node ${name}: "${ip}" is no address`);
      else all.push({ ip, node: name, uid: node.metadata?.uid ?? "", isKnown });
    }
  }
  return { addresses: withoutReused(all), problems };
}

function ipsOf({ status }: NodeObject, type: string): string[] {
  return (status?.addresses ?? []).filter((address) => address.type === type).map(({ address }) => address);
}

/** Of nodes with one address those are dropped that are silent: a new node has taken the address of a lost one. */
function withoutReused(addresses: readonly Address[]): Address[] {
  const owners = new Map(addresses.filter(({ isKnown }) => isKnown).map(({ ip, node }) => [ip, node]));
  const lost = new Set(addresses.filter(({ isKnown }) => !isKnown).map(({ ip }) => ip));
  return addresses.filter(({ ip, node }) => !(owners.has(ip) && lost.has(ip) && owners.get(ip) !== node));
}

function labelsOf(options: KubeletOptions, more: Readonly<Record<string, string>> = {}) {
  return {
    ...more,
    "k8s-app": "kubelet",
    "app.kubernetes.io/name": "kubelet",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    ...options.labels,
  };
}

function metadataOf(options: KubeletOptions, labels: Readonly<Record<string, string>>): Mapping {
  const { name, namespace, annotations = {} } = options;
  return { name, namespace, labels, annotations: Object.keys(annotations).length > 0 ? annotations : undefined };
}

function portsOf({ hasHttpPort }: KubeletOptions): Mapping[] {
  return PORTS.filter((port) => hasHttpPort || !("isHttp" in port)).map(({ name, port }) => ({
    name,
    port,
    // What the API server would fill in: else each look would find a difference.
    protocol: "TCP",
  }));
}

export function kubeletService(options: KubeletOptions): KubeObject {
  return compact({
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(options, labelsOf(options)),
    spec: { type: "ClusterIP", clusterIP: "None", ports: portsOf(options) },
  }) as KubeObject;
}

const targetOf = ({ node, uid }: Address): Mapping => ({ kind: "Node", name: node, uid, apiVersion: "v1" });

export function kubeletEndpoints(addresses: readonly Address[], options: KubeletOptions): KubeObject {
  const skip = options.keepsSlices ? { "endpointslice.kubernetes.io/skip-mirror": "true" } : {};
  return compact({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: metadataOf(options, { ...labelsOf(options), ...skip }),
    subsets: [
      {
        addresses: addresses.map((address) => ({
          ip: address.ip,
          nodeName: address.node,
          targetRef: targetOf(address),
        })),
        ports: portsOf(options),
      },
    ],
  }) as KubeObject;
}

export interface EndpointSlice {
  readonly metadata?: ObjectMeta;
  readonly addressType?: string;
  readonly endpoints?: readonly { readonly addresses?: readonly string[]; readonly [key: string]: unknown }[];
  readonly [key: string]: unknown;
}

export interface SliceChanges {
  /** Slices as they should be. */
  readonly kept: readonly KubeObject[];
  /** Names of slices that became empty. */
  readonly removed: readonly string[];
}

/** Slices with the fewest changes: an address stays where it is, a new one goes into the first slice with room. */
export function kubeletSlices(
  addresses: readonly Address[],
  existing: readonly EndpointSlice[],
  service: { readonly metadata?: ObjectMeta },
  options: KubeletOptions,
): SliceChanges {
  const max = options.maxEndpointsPerSlice ?? MAX_ENDPOINTS_PER_SLICE;
  const waiting = new Map(addresses.map((address) => [address.ip, address]));
  const take = (ip: string | undefined): Address[] => {
    const address = ip === undefined ? undefined : waiting.get(ip);
    if (address === undefined) return [];
    waiting.delete(address.ip);
    return [address];
  };
  const filled = existing.map((slice) => ({
    slice,
    addressType: slice.addressType ?? "",
    members: (slice.endpoints ?? []).flatMap(({ addresses: [ip, ...more] = [] }) => (more.length > 0 ? [] : take(ip))),
  }));
  for (const address of [...waiting.values()]) {
    const addressType = isIPv4(address.ip) ? "IPv4" : "IPv6";
    const room = filled.find((one) => one.addressType === addressType && one.members.length < max);
    if (room !== undefined) room.members.push(address);
    else {
      const slice = newSlice(freeName(options.name, addressType, filled), addressType, service, options);
      filled.push({ slice, addressType, members: [address] });
    }
  }
  return {
    kept: filled
      .filter(({ members }) => members.length > 0)
      .map(
        ({ slice, members }) => compact({ ...(slice as Mapping), endpoints: members.map(endpointOf) }) as KubeObject,
      ),
    removed: filled.filter(({ members }) => members.length === 0).map(({ slice }) => slice.metadata?.name ?? ""),
  };
}

function endpointOf(address: Address): Mapping {
  return {
    addresses: [address.ip],
    conditions: { ready: true },
    nodeName: address.node,
    targetRef: targetOf(address),
  };
}

const NAME_MAX = 253;

function freeName(service: string, addressType: string, taken: readonly { readonly slice: EndpointSlice }[]): string {
  const names = new Set(taken.map(({ slice }) => slice.metadata?.name));
  const begin = `${service.slice(0, NAME_MAX - 16)}-${addressType.toLowerCase()}`;
  for (let n = 0; ; n++) {
    if (!names.has(`${begin}-${n}`)) return `${begin}-${n}`;
  }
}

function newSlice(
  name: string,
  addressType: string,
  service: { readonly metadata?: ObjectMeta },
  options: KubeletOptions,
): EndpointSlice {
  const labels = labelsOf(options, {
    "kubernetes.io/service-name": options.name,
    "endpointslice.kubernetes.io/managed-by": "prometheus-operator",
  });
  const owner = { apiVersion: "v1", kind: "Service", name: options.name, uid: service.metadata?.uid ?? "" };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...metadataOf({ ...options, name }, labels),
      ownerReferences: [{ ...owner, blockOwnerDeletion: true, controller: true }],
    } as ObjectMeta,
    addressType,
    ports: portsOf(options),
  };
}
