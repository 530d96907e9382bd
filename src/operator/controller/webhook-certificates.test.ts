import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ApiObject, FakeApiServer } from "../../../test/doubles/kubernetes/api-server.js";
import { createLogger } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT } from "../../http/index.js";
import { connectTo, KubernetesApi, type KubernetesConnection } from "../../kubernetes/index.js";
import { WebhookCertificates } from "./webhook-certificates.js";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const DAY_MS = 86_400_000;
const BEGIN_MS = Date.parse("2026-11-26T00:00:00Z");

let server: FakeApiServer;
let connection: KubernetesConnection;
let nowMs = BEGIN_MS;

beforeEach(async () => {
  nowMs = BEGIN_MS;
  server = await FakeApiServer.start();
  connection = connectTo(server.url, DEFAULT_HTTP_CLIENT, "Test");
  const webhook = (name: string, service: string) => ({
    name,
    clientConfig: { service: { name: service, namespace: "mon", path: "/x" } },
  });
  server.put(VALIDATING, {
    metadata: { name: "hooks" },
    webhooks: [webhook("ours", "hook"), webhook("theirs", "other")],
  });
  server.put(DEFINITIONS, {
    metadata: { name: "alertmanagerconfigs.monitoring.coreos.com" },
    spec: { conversion: { strategy: "Webhook", webhook: { clientConfig: webhook("", "hook").clientConfig } } },
  });
});

afterEach(async () => {
  connection.close();
  await server.stop();
});

function certificates(): WebhookCertificates {
  const options = {
    namespace: "mon",
    secret: "hook-tls",
    service: "hook",
    configuration: "hooks",
    lifetimeMs: 90 * DAY_MS,
  };
  const log = createLogger({ level: "error", format: "logfmt" });
  return new WebhookCertificates(options, new KubernetesApi(connection, "test"), log, () => nowMs);
}

const keyOf = (key: string): string => {
  const { data } = server.read("/api/v1/secrets", "mon/hook-tls") as ApiObject & {
    readonly data: Readonly<Record<string, string>>;
  };
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
};

interface Trusting {
  readonly clientConfig: { readonly caBundle?: string };
}

const decoded = ({ clientConfig }: Trusting): string =>
  Buffer.from(clientConfig.caBundle ?? "", "base64").toString("utf8");
const bundles = (): readonly string[] =>
  (server.read(VALIDATING, "hooks") as ApiObject & { readonly webhooks: readonly Trusting[] }).webhooks.map(decoded);
const conversionBundle = (): string => {
  const definition = server.read(DEFINITIONS, "alertmanagerconfigs.monitoring.coreos.com") as ApiObject & {
    readonly spec: { readonly conversion: { readonly webhook: Trusting } };
  };
  return decoded(definition.spec.conversion.webhook);
};

test("a certificate is made once, and its authority is trusted by our webhooks only", async () => {
  await certificates().sync();
  const certificate = keyOf("tls.crt");
  const leaf = new X509Certificate(certificate);
  expect(leaf.checkHost("hook.mon.svc")).toBe("hook.mon.svc");
  expect(leaf.verify(new X509Certificate(keyOf("ca.crt")).publicKey)).toBe(true);
  expect(bundles()).toEqual([keyOf("ca.crt"), ""]);
  expect(conversionBundle()).toBe(keyOf("ca.crt"));
  await certificates().sync();
  expect(keyOf("tls.crt")).toBe(certificate);
});

test("it is renewed when two thirds of its time are over; the authority before is trusted until it ends", async () => {
  await certificates().sync();
  const [certificate, authority] = [keyOf("tls.crt"), keyOf("ca.crt")];
  nowMs += 59 * DAY_MS;
  await certificates().sync();
  expect(keyOf("tls.crt")).toBe(certificate);
  nowMs += 2 * DAY_MS;
  await certificates().sync();
  expect(keyOf("tls.crt")).not.toBe(certificate);
  expect(keyOf("ca.crt").endsWith(authority)).toBe(true);
  expect(bundles()[0]).toBe(keyOf("ca.crt"));
  nowMs += 61 * DAY_MS;
  await certificates().sync();
  expect(keyOf("ca.crt")).not.toContain(authority);
});

test.each([
  ["is no certificate", "nonsense"],
  ["is missing", ""],
])("one that %s is made anew, and what others keep in the Secret stays", async (_, text) => {
  server.put("/api/v1/secrets", {
    metadata: { name: "hook-tls", namespace: "mon" },
    type: "Opaque",
    data: { "tls.crt": Buffer.from(text).toString("base64"), other: "eA==" },
  });
  await certificates().sync();
  expect(new X509Certificate(keyOf("tls.crt")).checkHost("hook.mon.svc")).toBe("hook.mon.svc");
  expect(keyOf("other")).toBe("x");
});

test("where nothing asks the webhooks, there is no certificate", async () => {
  server.delete(VALIDATING, "hooks");
  server.put(DEFINITIONS, { metadata: { name: "alertmanagerconfigs.monitoring.coreos.com" }, spec: {} });
  await certificates().sync();
  expect(server.list("/api/v1/secrets")).toEqual([]);
});

test("a configuration that may not be written is named, and the others are", async () => {
  server.refusals.push({ method: "PUT", path: /validatingwebhook/, code: 403 });
  await certificates().sync();
  expect(bundles()[0]).toBe("");
  expect(conversionBundle()).toBe(keyOf("ca.crt"));
});
