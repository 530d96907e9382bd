import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Prometheus } from "../../schema/generated/types.js";
import type { WorkloadOptions } from "./options.js";
import { configurationSecret, MAX_SECRET_BYTES, sidecarClientSecret, tlsAssetSecrets } from "./secrets.js";
import { governingService } from "./services.js";

const options: WorkloadOptions = {
  labels: { team: "ops" },
  localHost: "localhost",
  reloader: { image: "reloader" },
  prometheusBaseImage: "prometheus",
  alertmanagerBaseImage: "alertmanager",
  thanosBaseImage: "thanos",
};

const owner: Prometheus = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "Prometheus",
  metadata: { namespace: "ns", name: "main", uid: "u1" },
  spec: {},
};

describe("Secrets", () => {
  test("the configuration is packed", () => {
    const secret = configurationSecret(
      { owner, name: "prometheus-main", options },
      "prometheus.yaml.gz",
      "global: {}\n",
    );
    const { "prometheus.yaml.gz": packed } = secret["data"] as Record<string, string>;
    expect(gunzipSync(Buffer.from(packed!, "base64")).toString()).toBe("global: {}\n");
    expect(secret["metadata"]).toMatchObject({
      namespace: "ns",
      labels: { "managed-by": "prometheus-operator", team: "ops" },
      ownerReferences: [{ kind: "Prometheus", name: "main", uid: "u1", controller: true }],
    });
  });

  test("many TLS files take several Secrets", () => {
    const file = "x".repeat(MAX_SECRET_BYTES / 2 - 10);
    const files = new Map(["c", "a", "b"].map((name) => [name, file]));
    const secrets = tlsAssetSecrets({ owner, name: "assets", options }, files);
    const keys = secrets.map(({ metadata, data }) => [
      (metadata as { name: string }).name,
      Object.keys(data as object),
    ]);
    expect(keys).toEqual([
      ["assets-0", ["a", "b"]],
      ["assets-1", ["c"]],
    ]);
  });

  test("without TLS files there is one Secret, as the pods mount it", () => {
    expect(tlsAssetSecrets({ owner, name: "assets", options }, new Map())).toHaveLength(1);
  });

  test("the sidecar does not check the name in its neighbour's certificate", () => {
    const { data } = sidecarClientSecret(owner, options);
    const text = Buffer.from(Object.values(data as Record<string, string>)[0]!, "base64").toString();
    expect(text).toBe("tls_config:\n  insecure_skip_verify: true\n");
  });
});

describe("the governing Service", () => {
  test("is shared: no object controls it", () => {
    const service = governingService("Prometheus", owner, options)!;
    expect(service["metadata"]).toEqual({
      name: "prometheus-operated",
      namespace: "ns",
      labels: {
        "managed-by": "prometheus-operator",
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "operated-prometheus": "true",
        team: "ops",
      },
      ownerReferences: [{ apiVersion: "monitoring.coreos.com/v1", kind: "Prometheus", name: "main", uid: "u1" }],
    });
    expect(service["spec"]).toEqual({
      clusterIP: "None",
      ports: [{ name: "web", port: 9090, targetPort: "web" }],
      selector: { "app.kubernetes.io/name": "prometheus" },
    });
  });

  test("is the user's, if the object names one", () => {
    expect(governingService("Prometheus", { ...owner, spec: { serviceName: "mine" } }, options)).toBeUndefined();
  });
});
