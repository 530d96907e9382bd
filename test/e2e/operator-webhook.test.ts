/** The webhooks as a process over TLS: reviews in, answers out, and certificates that change while it runs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT_CERTIFICATE, CLIENT_KEY, SERVER_CERTIFICATE, SERVER_KEY } from "../doubles/certificates.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";

let folder: string;
let processes: Processes;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vestal-webhook-"));
  processes = new Processes();
  port = await freePort();
  write(SERVER_CERTIFICATE, SERVER_KEY);
  processes.start([
    "admission-webhook",
    `--web.listen-address=127.0.0.1:${port}`,
    `--web.cert-file=${join(folder, "tls.crt")}`,
    `--web.key-file=${join(folder, "tls.key")}`,
    `--web.client-ca-file=${join(folder, "none")}`,
    "--web.tls-reload-interval=100ms",
  ]);
  await processes.until("it listens", async () => (await ask("/healthz").catch(() => undefined))?.status === 200);
});

afterEach(async () => {
  await processes.killAll();
  rmSync(folder, { recursive: true, force: true });
});

function write(certificate: string, key: string): void {
  writeFileSync(join(folder, "tls.key"), key);
  writeFileSync(join(folder, "tls.crt"), certificate);
}

interface Asked {
  readonly status: number;
  readonly body: string;
  readonly subject: string;
}

function ask(path: string, body?: object): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        let text = "";
        const subject = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, subject }));
      },
    );
    call.setTimeout(10_000, () => call.destroy(new Error("no answer within 10 s")));
    call.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const review = (resource: string, version: string, object: object) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: { uid: "u-1", name: "n", resource: { group: "monitoring.coreos.com", version, resource }, object },
});

const rules = (expr: string, labels: object = {}) => ({
  metadata: { name: "n" },
  spec: { groups: [{ name: "g", rules: [{ alert: "A", expr, labels }] }] },
});

async function response(path: string, body: object): Promise<unknown> {
  const { status, body: text } = await ask(path, body);
  expect(status).toBe(200);
  return (JSON.parse(text) as { readonly response: unknown }).response;
}

test("rules and AlertmanagerConfigs are looked at, mended and converted", async () => {
  const validate = "/admission-prometheusrules/validate";
  expect(await response(validate, review("prometheusrules", "v1", rules("up == 0")))).toEqual({
    uid: "u-1",
    allowed: true,
  });
  expect(await response(validate, review("prometheusrules", "v1", rules("up ==")))).toMatchObject({
    uid: "u-1",
    allowed: false,
    status: { code: 422, reason: "Invalid", details: { kind: "prometheusrules" } },
  });
  const mended = await response(
    "/admission-prometheusrules/mutate",
    review("prometheusrules", "v1", rules("up", { n: 5 })),
  );
  const { patch, ...rest } = mended as { readonly patch: string };
  expect(rest).toEqual({ uid: "u-1", allowed: true, patchType: "JSONPatch" });
  expect(JSON.parse(Buffer.from(patch, "base64").toString())).toEqual([
    { op: "replace", path: "/spec/groups/0/rules/0/labels/n", value: "5" },
    { op: "add", path: "/metadata/annotations", value: { "prometheus-operator-validated": "true" } },
  ]);
  const config = { spec: { route: { receiver: "nobody" }, receivers: [{ name: "someone" }] } };
  expect(
    await response("/admission-alertmanagerconfigs/validate", review("alertmanagerconfigs", "v1alpha1", config)),
  ).toMatchObject({ allowed: false });

  const old = {
    apiVersion: "monitoring.coreos.com/v1alpha1",
    kind: "AlertmanagerConfig",
    metadata: { name: "c", namespace: "n" },
    spec: {
      muteTimeIntervals: [{ name: "night" }],
      inhibitRules: [{ sourceMatch: [{ name: "a", value: "b", regex: true }] }],
    },
  };
  const conversion = (desiredAPIVersion: string, objects: readonly object[]) => ({
    apiVersion: "apiextensions.k8s.io/v1beta1",
    kind: "ConversionReview",
    request: { uid: "u-2", desiredAPIVersion, objects },
  });
  expect(await response("/convert", conversion("monitoring.coreos.com/v1beta1", [old]))).toEqual({
    uid: "u-2",
    result: { status: "Success" },
    convertedObjects: [
      {
        apiVersion: "monitoring.coreos.com/v1beta1",
        kind: "AlertmanagerConfig",
        metadata: { name: "c", namespace: "n" },
        spec: {
          timeIntervals: [{ name: "night" }],
          inhibitRules: [{ sourceMatch: [{ name: "a", value: "b", matchType: "=~" }] }],
        },
      },
    ],
  });
  expect(await response("/convert", conversion("monitoring.coreos.com/v7", [old]))).toMatchObject({
    uid: "u-2",
    result: { status: "Failure", message: expect.stringContaining("v7") },
  });
  expect((await ask(validate, { kind: "Pod" })).status).toBe(400);
  expect((await ask(validate)).status).toBe(405);
  expect((await ask("/none", {})).status).toBe(404);
  expect((await ask("/metrics")).body).toMatch(/prometheus_operator_rule_validation_errors_total 1\n/);
}, 120_000);

test("a new certificate counts from then on, and a broken one leaves the old one in force", async () => {
  expect((await ask("/healthz")).subject).toBe("vestal-test");
  write("nonsense", CLIENT_KEY);
  await processes.until("the complaint", () => processes.log.includes("the old one stays"));
  expect((await ask("/healthz")).subject).toBe("vestal-test");
  write(CLIENT_CERTIFICATE, CLIENT_KEY);
  await processes.until("the new certificate", async () => (await ask("/healthz")).subject === "vestal-client");
}, 120_000);
