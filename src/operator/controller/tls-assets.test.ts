import { expect, test } from "vitest";
import { AssetStore } from "../generate/store.js";
import { addTlsAssets, addWorkloadTlsAssets } from "./tls-assets.js";

const key = (name: string) => ({ name: "tls", key: name });
const tlsConfig = { ca: { configMap: key("ca") }, cert: { secret: key("cert") }, keySecret: key("key") };

function store(): AssetStore {
  const assets = new AssetStore();
  assets.addSecret({ metadata: { name: "tls", namespace: "n" }, stringData: { cert: "C", key: "K", own: "O" } });
  assets.addConfigMap({ metadata: { name: "tls", namespace: "n" }, data: { ca: "A" } });
  return assets;
}

test("what clients need is an asset, wherever a monitor names it", () => {
  const found = new Map<string, Buffer>();
  addTlsAssets(found, store(), "n", { spec: { endpoints: [{ tlsConfig }] } });
  expect([...found].map(([name, content]) => [name, content.toString()])).toEqual([
    ["1_n_tls_ca", "A"],
    ["0_n_tls_cert", "C"],
    ["0_n_tls_key", "K"],
  ]);
});

test("the certificate of a workload's own server is none: pods mount it from where it is", () => {
  const found = new Map<string, Buffer>();
  const web = { tlsConfig: { cert: { secret: key("own") }, keySecret: key("own") } };
  addWorkloadTlsAssets(found, store(), "n", {
    web,
    grpcServerTlsConfig: web.tlsConfig,
    remoteWrite: [{ url: "x", tlsConfig }],
  });
  expect([...found.keys()]).toEqual(["1_n_tls_ca", "0_n_tls_cert", "0_n_tls_key"]);
});
