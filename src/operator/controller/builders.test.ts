import { expect, test } from "vitest";
import type { Prometheus, PrometheusRule } from "../schema/generated/types.js";
import { type BuilderFlags, prometheusBuilders } from "./builders.js";

const flags: BuilderFlags = {
  labels: {},
  annotations: {},
  localhost: "localhost",
  clusterDomain: "",
  images: { prometheus: "p", alertmanager: "a", thanos: "t", reloader: "r" },
  reloader: { cpuRequest: "", cpuLimit: "", memoryRequest: "", memoryLimit: "", hasProbes: false },
};

const builders = prometheusBuilders(false, flags, {});

function prometheus(spec: Prometheus["spec"] & {}): Prometheus {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "Prometheus",
    metadata: { namespace: "ns", name: "main" },
    spec,
  };
}

const rule: PrometheusRule = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: { namespace: "shop", name: "rules" },
  spec: { groups: [{ name: "g", rules: [{ alert: "Down", expr: "up == 0" }] }] },
};

test("rules see and tell their own namespace only, where the Prometheus forces it", () => {
  const text = builders.ruleFile(rule, prometheus({ enforcedNamespaceLabel: "namespace" }));
  expect(text).toContain('up{namespace="shop"} == 0');
  expect(text).toContain("namespace: shop");
});

test.each([
  { excludedFromEnforcement: [{ resource: "prometheusrules" as const, namespace: "shop" }] },
  { prometheusRulesExcludedFromEnforce: [{ ruleNamespace: "shop", ruleName: "rules" }] },
])("an exempt rule stays as it is", (exemption) => {
  const text = builders.ruleFile(rule, prometheus({ enforcedNamespaceLabel: "namespace", ...exemption }));
  expect(text).not.toContain("shop");
});

test("the governing Service is shared: no object controls it", () => {
  expect(builders.governingService(prometheus({ thanos: {} }))).toMatchObject({
    metadata: { name: "prometheus-operated", namespace: "ns", ownerReferences: [{ kind: "Prometheus", name: "main" }] },
    spec: {
      clusterIP: "None",
      ports: [
        { name: "web", port: 9090 },
        { name: "grpc", port: 10901 },
      ],
      selector: { "app.kubernetes.io/name": "prometheus" },
    },
  });
  expect(builders.governingService(prometheus({ serviceName: "mine" }))).toBeUndefined();
});
