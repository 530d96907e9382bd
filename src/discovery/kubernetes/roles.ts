/**
 * From one object of each role to its target group: pure functions of the object and of what surrounds it. Which labels
 * there are, and what makes a target, is Prometheus' (its documentation of `kubernetes_sd_config`, and what the released
 * program was seen to do).
 */
import type { TargetGroup } from "../messages.js";
import { addMeta, addNode, joinPort, type LabelBag, META, podLabels, sanitize, serviceLabels } from "./labels.js";
import type {
  Address,
  Container,
  ContainerPort,
  EndpointSlice,
  Endpoints,
  Ingress,
  Node,
  Pod,
  Reference,
  Service,
  SliceEndpoint,
  SlicePort,
} from "./objects.js";

/** What an object is looked up in. */
export interface Surroundings {
  /** By `namespace/name`. */
  pod(key: string): Pod | undefined;
  service(key: string): Service | undefined;
  /** Undefined too where nodes are not to be attached. */
  node(name: string): Node | undefined;
}

export function nodeGroup(source: string, node: Node): TargetGroup {
  const labels: LabelBag = { [`${META}node_provider_id`]: node.providerId };
  addMeta(labels, node.meta, "node");
  const address = nodeAddress(node);
  if (address === undefined) return { source, targets: [], labels: {} };
  const target: LabelBag = { __address__: joinPort(address, node.kubeletPort), instance: node.meta.name };
  for (const each of node.addresses) {
    const name = `${META}node_address_${sanitize(each.type)}`;
    target[name] ??= each.address;
  }
  return { source, targets: [target], labels };
}

/** Which of a node's addresses is used, best first. */
const ADDRESS_TYPES = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

function nodeAddress({ addresses }: Node): string | undefined {
  for (const wanted of ADDRESS_TYPES) {
    const found = addresses.find(({ type }) => type === wanted);
    if (found !== undefined) return found.address;
  }
  return undefined;
}

export function podGroup(source: string, pod: Pod, around: Surroundings): TargetGroup {
  if (pod.podIp === "") return { source, targets: [], labels: {} };
  const labels = podLabels(pod);
  labels[`${META}namespace`] = pod.meta.namespace;
  addNode(labels, around.node(pod.nodeName));
  const targets = pod.containers.flatMap((container) => {
    const base: LabelBag = {
      [`${META}pod_container_name`]: container.name,
      [`${META}pod_container_id`]: container.id,
      [`${META}pod_container_image`]: container.image,
      [`${META}pod_container_init`]: String(container.isInit),
    };
    if (container.ports.length === 0) return [{ __address__: pod.podIp, ...base }];
    return container.ports.map((port) => ({
      __address__: joinPort(pod.podIp, port.number),
      ...base,
      ...portLabels(port, port.protocol),
    }));
  });
  return { source, targets, labels };
}

function portLabels({ name, number }: ContainerPort, protocol: string): LabelBag {
  return {
    [`${META}pod_container_port_name`]: name,
    [`${META}pod_container_port_number`]: String(number),
    [`${META}pod_container_port_protocol`]: protocol,
  };
}

export function serviceGroup(source: string, service: Service): TargetGroup {
  const { meta, type } = service;
  const shared: LabelBag = { [`${META}service_type`]: type };
  if (type === "ExternalName") shared[`${META}service_external_name`] = service.externalName;
  else shared[`${META}service_cluster_ip`] = service.clusterIp;
  if (type === "LoadBalancer") shared[`${META}service_loadbalancer_ip`] = service.loadBalancerIp;
  const targets = service.ports.map((port) => ({
    __address__: joinPort(`${meta.name}.${meta.namespace}.svc`, port.number),
    [`${META}service_port_name`]: port.name,
    [`${META}service_port_number`]: String(port.number),
    [`${META}service_port_protocol`]: port.protocol,
    ...shared,
  }));
  return { source, targets, labels: serviceLabels(service) };
}

export function ingressGroup(source: string, ingress: Ingress): TargetGroup {
  const labels: LabelBag = { [`${META}namespace`]: ingress.meta.namespace };
  addMeta(labels, ingress.meta, "ingress");
  if (ingress.className !== undefined) labels[`${META}ingress_class_name`] = ingress.className;
  const targets = ingress.rules.flatMap(({ host, paths }) => {
    const scheme = ingress.tlsHosts.some((pattern) => matchesHost(pattern, host)) ? "https" : "http";
    return paths.map((path) => ({
      __address__: host,
      [`${META}ingress_scheme`]: scheme,
      [`${META}ingress_host`]: host,
      [`${META}ingress_path`]: path,
    }));
  });
  return { source, targets, labels };
}

/** Equal, or `*.x` for exactly one more label. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const parts = pattern.split(".");
  const labels = host.split(".");
  if (parts[0] !== "*" || parts.length !== labels.length) return false;
  return parts.slice(1).join(".") === labels.slice(1).join(".");
}

/** Pods that addresses lead to, and their ports that targets were made for. */
class SeenPods {
  readonly #pods = new Map<string, { readonly pod: Pod; readonly ports: Set<number> }>();

  /** @param port undefined where the port has no number. */
  add(key: string, pod: Pod, port: number | undefined): void {
    let entry = this.#pods.get(key);
    if (entry === undefined) {
      entry = { pod, ports: new Set() };
      this.#pods.set(key, entry);
    }
    if (port !== undefined) entry.ports.add(port);
  }

  /** Targets for the declared ports of these pods that no address has. */
  otherPorts(): readonly LabelBag[] {
    return [...this.#pods.values()].flatMap(({ pod, ports }) => {
      if (pod.podIp === "") return [];
      return pod.containers.flatMap((container) =>
        container.ports
          .filter(({ number }) => !ports.has(number))
          .map((port) => ({
            __address__: joinPort(pod.podIp, port.number),
            ...containerLabels(container, port, port.protocol),
            ...podLabels(pod),
          })),
      );
    });
  }
}

function containerLabels(container: Container, port: ContainerPort, protocol: string): LabelBag {
  return {
    [`${META}pod_container_name`]: container.name,
    [`${META}pod_container_image`]: container.image,
    [`${META}pod_container_init`]: String(container.isInit),
    ...portLabels(port, protocol),
  };
}

/** Labels of the pod, and of its last container that declares the port. */
function addPod(target: LabelBag, pod: Pod, port: number | undefined, protocol: string): void {
  Object.assign(target, podLabels(pod));
  for (const container of pod.containers) {
    const declared = container.ports.find(({ number }) => number === port);
    if (declared !== undefined) Object.assign(target, containerLabels(container, declared, protocol));
  }
}

/** The pod that an address refers to, if it lies in what is watched. */
function podOf(target: Reference | undefined, around: Surroundings): readonly [key: string, pod: Pod] | undefined {
  if (target === undefined || target.kind !== "Pod") return undefined;
  const key = `${target.namespace}/${target.name}`;
  const pod = around.pod(key);
  return pod === undefined ? undefined : [key, pod];
}

function addNodeOf(
  target: LabelBag,
  nodeName: string | undefined,
  ref: Reference | undefined,
  around: Surroundings,
): void {
  if (nodeName !== undefined) addNode(target, around.node(nodeName));
  else if (ref?.kind === "Node") addNode(target, around.node(ref.name));
}

function addService(labels: LabelBag, namespace: string, name: string, around: Surroundings): void {
  const service = around.service(`${namespace}/${name}`);
  if (service !== undefined) Object.assign(labels, serviceLabels(service));
}

export function endpointsGroup(source: string, endpoints: Endpoints, around: Surroundings): TargetGroup {
  const { meta } = endpoints;
  const labels: LabelBag = { [`${META}namespace`]: meta.namespace };
  addService(labels, meta.namespace, meta.name, around);
  addMeta(labels, meta, "endpoints");
  const seen = new SeenPods();
  const targets: LabelBag[] = [];
  const add = (address: Address, port: ContainerPort, ready: string): void => {
    const target: LabelBag = {
      __address__: joinPort(address.ip, port.number),
      [`${META}endpoint_port_name`]: port.name,
      [`${META}endpoint_port_protocol`]: port.protocol,
      [`${META}endpoint_ready`]: ready,
      [`${META}endpoint_hostname`]: address.hostname,
    };
    if (address.target !== undefined) {
      target[`${META}endpoint_address_target_kind`] = address.target.kind;
      target[`${META}endpoint_address_target_name`] = address.target.name;
    }
    if (address.nodeName !== undefined) target[`${META}endpoint_node_name`] = address.nodeName;
    addNodeOf(target, address.nodeName, address.target, around);
    const found = podOf(address.target, around);
    if (found !== undefined) {
      const [key, pod] = found;
      addPod(target, pod, port.number, port.protocol);
      seen.add(key, pod, port.number);
    }
    targets.push(target);
  };
  for (const { ports, ready, notReady } of endpoints.subsets) {
    for (const port of ports) {
      for (const address of ready) add(address, port, "true");
      for (const address of notReady) add(address, port, "false");
    }
  }
  return { source, targets: [...targets, ...seen.otherPorts()], labels };
}

export function endpointSliceGroup(source: string, slice: EndpointSlice, around: Surroundings): TargetGroup {
  const { meta } = slice;
  const labels: LabelBag = { [`${META}namespace`]: meta.namespace };
  addMeta(labels, meta, "endpointslice");
  labels[`${META}endpointslice_address_type`] = slice.addressType;
  const serviceName = meta.labels["kubernetes.io/service-name"];
  if (serviceName !== undefined && serviceName !== "") addService(labels, meta.namespace, serviceName, around);
  const seen = new SeenPods();
  const targets: LabelBag[] = [];
  for (const endpoint of slice.endpoints) {
    for (const port of slice.ports) {
      for (const address of endpoint.addresses) {
        const target = sliceTarget(address, endpoint, port);
        addNodeOf(target, endpoint.nodeName, endpoint.target, around);
        const found = podOf(endpoint.target, around);
        if (found !== undefined) {
          const [key, pod] = found;
          addPod(target, pod, port.number, port.protocol ?? "");
          seen.add(key, pod, port.number);
        }
        targets.push(target);
      }
    }
  }
  return { source, targets: [...targets, ...seen.otherPorts()], labels };
}

function sliceTarget(address: string, endpoint: SliceEndpoint, port: SlicePort): LabelBag {
  const target: LabelBag = { __address__: port.number === undefined ? address : joinPort(address, port.number) };
  const set = (name: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined) target[`${META}endpointslice_${name}`] = String(value);
  };
  set("port_name", port.name);
  set("port_protocol", port.protocol);
  set("port", port.number);
  set("port_app_protocol", port.appProtocol);
  set("endpoint_conditions_ready", endpoint.ready);
  set("endpoint_conditions_serving", endpoint.serving);
  set("endpoint_conditions_terminating", endpoint.terminating);
  set("endpoint_hostname", endpoint.hostname);
  set("address_target_kind", endpoint.target?.kind);
  set("address_target_name", endpoint.target?.name);
  set("endpoint_node_name", endpoint.nodeName);
  set("endpoint_zone", endpoint.zone);
  for (const [key, value] of Object.entries(endpoint.topology)) {
    set(`endpoint_topology_${sanitize(key)}`, value);
    set(`endpoint_topology_present_${sanitize(key)}`, true);
  }
  return target;
}
