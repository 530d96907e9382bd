import { describe, expect, test } from "vitest";
import { inputHash, referencesOf, tlsAssets } from "./references.js";
import { AssetStore } from "./store.js";

const monitor = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "ServiceMonitor",
  metadata: { namespace: "shop", name: "web" },
  spec: {
    endpoints: [
      {
        port: "web",
        basicAuth: { username: { name: "login", key: "user" }, password: { name: "login", key: "password" } },
        tlsConfig: { ca: { configMap: { name: "ca", key: "ca.pem" } }, keySecret: { name: "gone", key: "key" } },
      },
    ],
  },
};

describe("references", () => {
  test("are found wherever the kind has them", () => {
    expect(referencesOf(monitor)).toEqual([
      { kind: "Secret", namespace: "shop", name: "login", key: "user" },
      { kind: "Secret", namespace: "shop", name: "login", key: "password" },
      { kind: "ConfigMap", namespace: "shop", name: "ca", key: "ca.pem", tlsFile: "1_shop_ca_ca.pem" },
      { kind: "Secret", namespace: "shop", name: "gone", key: "key", tlsFile: "0_shop_gone_key" },
    ]);
  });

  test("of the server's own certificate are no TLS assets", () => {
    const web = {
      tlsConfig: { cert: { secret: { name: "tls", key: "crt" } }, keySecret: { name: "tls", key: "key" } },
    };
    const prometheus = { ...monitor, kind: "Prometheus", spec: { web } };
    expect(referencesOf(prometheus).map(({ key, tlsFile }) => [key, tlsFile])).toEqual([
      ["crt", undefined],
      ["key", undefined],
    ]);
  });

  test("a kind of another group has none", () => {
    expect(referencesOf({ ...monitor, kind: "Deployment" })).toEqual([]);
  });

  test("TLS files of what exists", () => {
    const assets = new AssetStore();
    assets.addConfigMap({ metadata: { namespace: "shop", name: "ca" }, data: { "ca.pem": "PEM" } });
    expect([...tlsAssets([monitor], assets)]).toEqual([["1_shop_ca_ca.pem", "PEM"]]);
  });
});

describe("the hash of inputs", () => {
  test("does not depend on the order of keys", () => {
    expect(inputHash({ a: 1, b: { c: 2, d: 3 } })).toBe(inputHash({ b: { d: 3, c: 2 }, a: 1 }));
  });

  test("depends on everything else", () => {
    expect(new Set([{ a: [1, 2] }, { a: [2, 1] }, { a: 1 }, { b: 1 }, {}].map(inputHash)).size).toBe(5);
  });
});
