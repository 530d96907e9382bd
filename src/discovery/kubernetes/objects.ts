/** What discovery keeps of Kubernetes' objects: a few fields of each, since a cluster has thousands. */
import type { KubernetesObject, ObjectMeta } from "../../kubernetes/index.js";

type Texts = Readonly<Record<string, string>>;

export interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Texts;
  readonly annotations: Texts;
}

const NONE: Texts = {};

function metaOf({ name, namespace, labels, annotations }: ObjectMeta): Meta {
  return { name, namespace: namespace ?? "", labels: labels ?? NONE, annotations: annotations ?? NONE };
}

// The shapes below are what the API documents of the fields that are read; anything may be missing.

interface PortSource {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
}

interface ContainerSource {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly PortSource[] | null;
}

interface PodSource extends KubernetesObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly ContainerSource[] | null;
    readonly initContainers?: readonly ContainerSource[] | null;
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
    readonly containerStatuses?: readonly ContainerStatusSource[] | null;
    readonly initContainerStatuses?: readonly ContainerStatusSource[] | null;
  };
}

interface ContainerStatusSource {
  readonly name: string;
  readonly containerID?: string;
}

export interface ContainerPort {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly id: string;
  readonly isInit: boolean;
  readonly ports: readonly ContainerPort[];
}

export interface Pod {
  readonly meta: Meta;
  readonly uid: string;
  readonly controller: { readonly kind: string; readonly name: string } | undefined;
  readonly nodeName: string;
  readonly phase: string;
  readonly podIp: string;
  readonly hostIp: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  /** Ordinary ones first, then init containers. */
  readonly containers: readonly Container[];
}

export function reducePod(object: KubernetesObject): Pod {
  const { metadata, spec, status } = object as PodSource;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const containers = (
    sources: readonly ContainerSource[] | null | undefined,
    statuses: readonly ContainerStatusSource[] | null | undefined,
    isInit: boolean,
  ): readonly Container[] =>
    (sources ?? []).map(({ name, image, ports }) => ({
      name,
      image: image ?? "",
      id: statuses?.find((each) => each.name === name)?.containerID ?? "",
      isInit,
      ports: (ports ?? []).map((port) => ({
        name: port.name ?? "",
        number: port.containerPort ?? 0,
        protocol: port.protocol ?? "",
      })),
    }));
  return {
    meta: metaOf(metadata),
    uid: metadata.uid ?? "",
    controller: owner && { kind: owner.kind, name: owner.name },
    nodeName: spec?.nodeName ?? "",
    phase: status?.phase ?? "",
    podIp: status?.podIP ?? "",
    hostIp: status?.hostIP ?? "",
    ready: (status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "unknown").toLowerCase(),
    containers: [
      ...containers(spec?.containers, status?.containerStatuses, false),
      ...containers(spec?.initContainers, status?.initContainerStatuses, true),
    ],
  };
}

interface NodeSource extends KubernetesObject {
  readonly spec?: { readonly providerID?: string };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[] | null;
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
}

export interface Node {
  readonly meta: Meta;
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
}

export function reduceNode(object: KubernetesObject): Node {
  const { metadata, spec, status } = object as NodeSource;
  return {
    meta: metaOf(metadata),
    providerId: spec?.providerID ?? "",
    kubeletPort: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0,
    addresses: (status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
  };
}

interface ServiceSource extends KubernetesObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly loadBalancerIP?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[] | null;
  };
}

export interface Service {
  readonly meta: Meta;
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  readonly loadBalancerIp: string;
  readonly ports: readonly ContainerPort[];
}

export function reduceService(object: KubernetesObject): Service {
  const { metadata, spec } = object as ServiceSource;
  return {
    meta: metaOf(metadata),
    type: spec?.type ?? "",
    clusterIp: spec?.clusterIP ?? "",
    externalName: spec?.externalName ?? "",
    loadBalancerIp: spec?.loadBalancerIP ?? "",
    ports: (spec?.ports ?? []).map(({ name, port, protocol }) => ({
      name: name ?? "",
      number: port,
      protocol: protocol ?? "",
    })),
  };
}

interface ReferenceSource {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

export interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

function referenceOf(source: ReferenceSource | undefined | null): Reference | undefined {
  if (source === undefined || source === null) return undefined;
  return { kind: source.kind ?? "", name: source.name ?? "", namespace: source.namespace ?? "" };
}

interface AddressSource {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ReferenceSource;
}

interface EndpointsSource extends KubernetesObject {
  readonly subsets?:
    | readonly {
        readonly addresses?: readonly AddressSource[] | null;
        readonly notReadyAddresses?: readonly AddressSource[] | null;
        readonly ports?:
          | readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[]
          | null;
      }[]
    | null;
}

export interface Address {
  readonly ip: string;
  readonly hostname: string;
  readonly nodeName: string | undefined;
  readonly target: Reference | undefined;
}

export interface Endpoints {
  readonly meta: Meta;
  readonly subsets: readonly {
    readonly ready: readonly Address[];
    readonly notReady: readonly Address[];
    readonly ports: readonly ContainerPort[];
  }[];
}

export function reduceEndpoints(object: KubernetesObject): Endpoints {
  const { metadata, subsets } = object as EndpointsSource;
  const addresses = (sources: readonly AddressSource[] | null | undefined): readonly Address[] =>
    (sources ?? []).map(({ ip, hostname, nodeName, targetRef }) => ({
      ip,
      hostname: hostname ?? "",
      nodeName,
      target: referenceOf(targetRef),
    }));
  return {
    meta: metaOf(metadata),
    subsets: (subsets ?? []).map((subset) => ({
      ready: addresses(subset.addresses),
      notReady: addresses(subset.notReadyAddresses),
      ports: (subset.ports ?? []).map(({ name, port, protocol }) => ({
        name: name ?? "",
        number: port,
        protocol: protocol ?? "",
      })),
    })),
  };
}

interface EndpointSliceSource extends KubernetesObject {
  readonly addressType?: string;
  readonly ports?:
    | readonly {
        readonly name?: string;
        readonly port?: number;
        readonly protocol?: string;
        readonly appProtocol?: string;
      }[]
    | null;
  readonly endpoints?:
    | readonly {
        readonly addresses?: readonly string[] | null;
        readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
        readonly hostname?: string;
        readonly nodeName?: string;
        readonly zone?: string;
        readonly targetRef?: ReferenceSource;
        readonly deprecatedTopology?: Texts;
      }[]
    | null;
}

export interface SlicePort {
  readonly name: string | undefined;
  readonly number: number | undefined;
  readonly protocol: string | undefined;
  readonly appProtocol: string | undefined;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean | undefined;
  readonly serving: boolean | undefined;
  readonly terminating: boolean | undefined;
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  readonly target: Reference | undefined;
  readonly topology: Texts;
}

export interface EndpointSlice {
  readonly meta: Meta;
  readonly addressType: string;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export function reduceEndpointSlice(object: KubernetesObject): EndpointSlice {
  const { metadata, addressType, ports, endpoints } = object as EndpointSliceSource;
  return {
    meta: metaOf(metadata),
    addressType: addressType ?? "",
    ports: (ports ?? []).map(({ name, port, protocol, appProtocol }) => ({
      name,
      number: port,
      protocol,
      appProtocol,
    })),
    endpoints: (endpoints ?? []).map((each) => ({
      addresses: each.addresses ?? [],
      ready: each.conditions?.ready,
      serving: each.conditions?.serving,
      terminating: each.conditions?.terminating,
      hostname: each.hostname,
      nodeName: each.nodeName,
      zone: each.zone,
      target: referenceOf(each.targetRef),
      topology: each.deprecatedTopology ?? NONE,
    })),
  };
}

interface IngressSource extends KubernetesObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly tls?: readonly { readonly hosts?: readonly string[] | null }[] | null;
    readonly rules?:
      | readonly {
          readonly host?: string;
          readonly http?: { readonly paths?: readonly { readonly path?: string }[] | null };
        }[]
      | null;
  };
}

export interface Ingress {
  readonly meta: Meta;
  readonly className: string | undefined;
  readonly tlsHosts: readonly string[];
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] }[];
}

export function reduceIngress(object: KubernetesObject): Ingress {
  const { metadata, spec } = object as IngressSource;
  return {
    meta: metaOf(metadata),
    className: spec?.ingressClassName,
    tlsHosts: (spec?.tls ?? []).flatMap(({ hosts }) => hosts ?? []),
    rules: (spec?.rules ?? []).map(({ host, http }) => {
      const paths = (http?.paths ?? []).map(({ path }) => (path === undefined || path === "" ? "/" : path));
      return { host: host ?? "", paths: paths.length === 0 ? ["/"] : paths };
    }),
  };
}
