/**
 * Kubernetes' own types inside our resources. They keep every field; only what server-side apply needs to merge lists
 * is described.
 */
import { int32, intOrString, list, map, open, shape, string } from "./dsl.js";

const byName = (name: string) =>
  list("", open("KubeObject", { name: string("", { required: true }) })(""), { keys: [name] });

/** A container, or a patch of one: merged with the generated one of the same name. */
export const container = open("Container", {
  name: string("container name", { required: true }),
  env: byName("name"),
  volumeMounts: list("", open("KubeObject", { mountPath: string("", { required: true }) })(""), {
    keys: ["mountPath"],
  }),
  volumeDevices: list("", open("KubeObject", { devicePath: string("", { required: true }) })(""), {
    keys: ["devicePath"],
  }),
});

export const affinity = open("KubeObject");
export const resources = open("KubeObject");
export const volumeMount = open("VolumeMount", {
  name: string("", { required: true }),
  mountPath: string("", { required: true }),
});
export const volume = open("Volume", { name: string("volume name", { required: true }) });
export const podSecurityContext = open("KubeObject");
export const emptyDir = open("KubeObject");
export const ephemeral = open("KubeObject");
export const toleration = open("KubeObject");

export const dnsConfig = shape("DnsConfig", {
  nameservers: list("name servers", string("", { minLength: 1 }), { listType: "set" }),
  options: list(
    "resolver options",
    shape("DnsOption", { name: string("option", { required: true, minLength: 1 }), value: string("value") })(""),
    {
      keys: ["name"],
    },
  ),
  searches: list("search domains", string("", { minLength: 1 }), { listType: "set" }),
});

export const hostAlias = shape("HostAlias", {
  hostnames: list("host names of the address", string(""), { required: true }),
  ip: string("address", { required: true }),
});

export const localReference = shape(
  "LocalReference",
  { name: string("object name", { default: "" }) },
  { isAtomic: true },
);

export const volumeClaimTemplate = shape("VolumeClaimTemplate", {
  apiVersion: string("always v1"),
  kind: string("always PersistentVolumeClaim"),
  metadata: shape("EmbeddedMetadata", {
    annotations: map("annotations to add", string("")),
    labels: map("labels to add", string("")),
    name: string("name"),
  })("metadata of the claim"),
  spec: open("KubeObject")("specification of the claim"),
  status: open("KubeObject")("unused"),
});

export const topologySpreadConstraint = open("TopologySpreadConstraint", {
  additionalLabelSelectors: string("labels that are added to the selector: those of the resource, or of the shard", {
    oneOf: ["OnResource", "OnShard"],
  }),
  maxSkew: int32("largest difference between domains", { required: true }),
  topologyKey: string("node label of the domain", { required: true }),
  whenUnsatisfiable: string("what to do when it cannot be met", { required: true }),
});

/** A port by name or number. */
export const port = intOrString;
