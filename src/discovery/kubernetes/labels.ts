/** The `__meta_kubernetes_*` labels that several roles share. */
import type { Meta, Node, Pod, Service } from "./objects.js";

export const META = "__meta_kubernetes_";

/** Labels under construction; what is empty in the end is left out by whoever reads them. */
export type LabelBag = Record<string, string>;

export function sanitize(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, "_");
}

/** Name, labels and annotations of an object. */
export function addMeta(bag: LabelBag, { name, labels, annotations }: Meta, role: string): void {
  bag[`${META}${role}_name`] = name;
  for (const [kind, texts] of [
    ["label", labels],
    ["annotation", annotations],
  ] as const) {
    for (const [key, value] of Object.entries(texts)) {
      const clean = sanitize(key);
      bag[`${META}${role}_${kind}_${clean}`] = value;
      bag[`${META}${role}_${kind}present_${clean}`] = "true";
    }
  }
}

export function podLabels(pod: Pod): LabelBag {
  const bag: LabelBag = {
    [`${META}pod_ip`]: pod.podIp,
    [`${META}pod_ready`]: pod.ready,
    [`${META}pod_phase`]: pod.phase,
    [`${META}pod_node_name`]: pod.nodeName,
    [`${META}pod_host_ip`]: pod.hostIp,
    [`${META}pod_uid`]: pod.uid,
  };
  addMeta(bag, pod.meta, "pod");
  if (pod.controller !== undefined) {
    bag[`${META}pod_controller_kind`] = pod.controller.kind;
    bag[`${META}pod_controller_name`] = pod.controller.name;
  }
  return bag;
}

export function serviceLabels({ meta }: Service): LabelBag {
  const bag: LabelBag = { [`${META}namespace`]: meta.namespace };
  addMeta(bag, meta, "service");
  return bag;
}

/** With `attach_metadata`: name, labels and annotations of the node; nothing where it is not known. */
export function addNode(bag: LabelBag, node: Node | undefined): void {
  if (node !== undefined) addMeta(bag, node.meta, "node");
}

/** As Go's net.JoinHostPort. */
export function joinPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
