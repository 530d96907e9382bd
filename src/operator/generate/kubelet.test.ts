import { describe, expect, test } from "vitest";
import {
  type EndpointSlice,
  type KubeletOptions,
  kubeletAddresses,
  kubeletEndpoints,
  kubeletService,
  kubeletSlices,
  type NodeObject,
} from "./kubelet.js";

const options: KubeletOptions = {
  namespace: "kube-system",
  name: "kubelet",
  hasHttpPort: false,
  keepsSlices: true,
  maxEndpointsPerSlice: 2,
};

function node(name: string, ip: string, ready = "True", type = "InternalIP"): NodeObject {
  return {
    metadata: { name, uid: `uid-${name}` },
    status: { addresses: [{ type, address: ip }], conditions: [{ type: "Ready", status: ready }] },
  };
}

const addressesOf = (nodes: readonly NodeObject[]) => kubeletAddresses(nodes, options).addresses;

describe("addresses of kubelets", () => {
  test("in the order of nodes, with a reason for what has none", () => {
    const { addresses, problems } = kubeletAddresses(
      [node("b", "10.0.0.2", "True", "ExternalIP"), node("a", "10.0.0.1"), node("c", "?"), { metadata: { name: "d" } }],
      options,
    );
    expect(addresses.map(({ node, ip }) => [node, ip])).toEqual([
      ["a", "10.0.0.1"],
      ["b", "10.0.0.2"],
    ]);
    expect(problems).toEqual(['node c: "?" is no address', "node d has no address"]);
  });

  test("a silent node gives way to the one that has its address now", () => {
    const addresses = addressesOf([node("old", "10.0.0.1", "Unknown"), node("new", "10.0.0.1")]);
    expect(addresses.map(({ node }) => node)).toEqual(["new"]);
  });

  test("a silent node stays while its address is its own", () => {
    expect(addressesOf([node("old", "10.0.0.1", "Unknown")])).toHaveLength(1);
  });
});

describe("slices", () => {
  const service = { metadata: { uid: "u" } };
  const slice = (name: string, ...ips: string[]): EndpointSlice => ({
    metadata: { name },
    addressType: "IPv4",
    endpoints: ips.map((ip) => ({ addresses: [ip] })),
  });
  const ipsOf = (slices: readonly unknown[]) =>
    (slices as EndpointSlice[]).map(({ endpoints = [] }) => endpoints.map(({ addresses = [] }) => addresses[0]));

  test("keep what is, fill what has room, then begin a new one", () => {
    const addresses = addressesOf(["1", "2", "3", "4"].map((n) => node(n, `10.0.0.${n}`)));
    const existing = [slice("one", "10.0.0.9", "10.0.0.2"), slice("gone", "10.0.0.8")];
    const { kept, removed } = kubeletSlices(addresses, existing, service, options);
    expect(ipsOf(kept)).toEqual([
      ["10.0.0.2", "10.0.0.1"],
      ["10.0.0.3", "10.0.0.4"],
    ]);
    expect(removed).toEqual([]);
  });

  test("an empty one is removed", () => {
    const { kept, removed } = kubeletSlices([], [slice("one", "10.0.0.9")], service, options);
    expect([kept, removed]).toEqual([[], ["one"]]);
  });

  test("addresses of the two families do not mix; new slices belong to the Service", () => {
    const { kept } = kubeletSlices(addressesOf([node("a", "10.0.0.1"), node("b", "fd00::1")]), [], service, options);
    expect(kept.map(({ addressType }) => addressType)).toEqual(["IPv4", "IPv6"]);
    expect(kept[0]!["metadata"]).toMatchObject({
      name: "kubelet-ipv4-0",
      labels: { "kubernetes.io/service-name": "kubelet" },
      ownerReferences: [{ kind: "Service", uid: "u", controller: true }],
    });
  });
});

test("the Service and its Endpoints have the same ports", () => {
  const ports = [
    { name: "https-metrics", port: 10250, protocol: "TCP" },
    { name: "cadvisor", port: 4194, protocol: "TCP" },
  ];
  expect(kubeletService(options)["spec"]).toEqual({ type: "ClusterIP", clusterIP: "None", ports });
  const endpoints = kubeletEndpoints(addressesOf([node("a", "10.0.0.1")]), options);
  expect(endpoints["subsets"]).toMatchObject([{ addresses: [{ ip: "10.0.0.1", nodeName: "a" }], ports }]);
  expect(endpoints["metadata"]).toMatchObject({ labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } });
});
