import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderChart } from "../../../test/support/helm.js";
import { packageRoot } from "../../base/index.js";
import { readRules } from "../../rules/format/index.js";
import { checkAlertTemplate } from "../../template/index.js";
import { rulesText } from "../generate/rules.js";
import type { Json } from "../kube-object.js";
import { chartFiles } from "./chart.js";
import { manifestFiles, manifestText } from "./files.js";
import { LEADER_RIGHTS, NEEDED_RIGHTS, OPTIONAL_RIGHTS, rightsTable } from "./rights.js";

test.each([...manifestFiles().keys()])("deploy/manifests/%s is what the generator makes", (path) => {
  const text = readFileSync(join(packageRoot(), "deploy", "manifests", path), "utf8");
  expect(manifestText(manifestFiles().get(path) ?? [])).toBe(text);
});

test("Prometheus 3.5 can load every rule, and each alert tells what it means", () => {
  for (const { metadata, ...rest } of manifestFiles().get("30-rules.yaml") ?? []) {
    const spec = rest["spec"] as { readonly groups: readonly { readonly rules: readonly Json[] }[] };
    const { errors } = readRules(rulesText(spec as unknown as Json), {
      checkTemplate: (name, text) => {
        checkAlertTemplate(name, text);
        return undefined;
      },
    });
    expect(errors ?? [], metadata.name).toEqual([]);
    for (const rule of spec.groups.flatMap(({ rules }) => rules) as unknown as Readonly<Record<string, unknown>>[]) {
      if (rule["alert"] === undefined) continue;
      expect(Object.keys(rule["annotations"] as object), String(rule["alert"])).toEqual(["summary", "description"]);
    }
  }
});

test.each([...chartFiles().keys()])("deploy/chart/%s is what the generator makes", (path) => {
  expect(chartFiles().get(path)).toBe(readFileSync(join(packageRoot(), "deploy", "chart", path), "utf8"));
});

const CHART = join(packageRoot(), "deploy", "chart");
const IMAGE = { image: { repository: "vestal.example/vestal", tag: "0.1.0" } };
const render = (values: object) => renderChart(CHART, { ...IMAGE, ...values }, "monitoring");
const identity = ({ kind, metadata }: Readonly<Record<string, unknown>>): string =>
  `${String(kind)}/${(metadata as { readonly name: string }).name}`;
const byIdentity = (objects: readonly object[]) =>
  new Map(objects.map((each) => [identity(each as Readonly<Record<string, unknown>>), each]));

test("the chart brings every custom resource that the project has", () => {
  const inChart = readdirSync(join(CHART, "crds")).sort();
  expect(inChart).toEqual(
    readdirSync(join(packageRoot(), "crds"))
      .filter((name) => name.endsWith(".yaml"))
      .sort(),
  );
  for (const name of inChart) {
    expect(readFileSync(join(CHART, "crds", name), "utf8")).toBe(
      readFileSync(join(packageRoot(), "crds", name), "utf8"),
    );
  }
});

test("by default the chart is the plain manifests", () => {
  const plain = [...manifestFiles()].flatMap(([path, all]) => (/webhook|namespace/.test(path) ? [] : all));
  const rendered = byIdentity(render({}));
  expect([...rendered.keys()].sort()).toEqual(plain.map(identity).sort());
  for (const each of plain)
    expect(rendered.get(identity(each)), identity(each)).toEqual(JSON.parse(JSON.stringify(each)));
});

test("with webhooks the chart is the plain manifests and those of the webhooks", () => {
  const plain = [...manifestFiles()].flatMap(([path, all]) => (/namespace/.test(path) ? [] : all));
  const rendered = byIdentity(render({ prometheusOperator: { admissionWebhooks: { enabled: true } } }));
  expect([...rendered.keys()].sort()).toEqual(plain.map(identity).sort());
  for (const each of plain)
    expect(rendered.get(identity(each)), identity(each)).toEqual(JSON.parse(JSON.stringify(each)));
});

test("without an image it says what is missing", () => {
  expect(() => renderChart(CHART, {}, "monitoring")).toThrow(/image\.repository is needed/);
});

test("values change what they say", () => {
  const small = byIdentity(
    render({
      alertmanager: { enabled: false },
      defaultRules: { create: false },
      nodeExporter: { enabled: false },
      prometheus: { prometheusSpec: { replicas: 1, retention: "2d" } },
    }),
  );
  expect(small.get("Prometheus/vestal")).toMatchObject({ spec: { replicas: 1, retention: "2d", ruleSelector: {} } });
  for (const gone of ["Alertmanager/vestal", "PrometheusRule/vestal-general", "ServiceMonitor/node-exporter"]) {
    expect(small.has(gone), gone).toBe(false);
  }
  const guarded = byIdentity(
    render({
      prometheusOperator: {
        admissionWebhooks: { enabled: true },
        extraArgs: ["--log-level=debug"],
        resources: { limits: { memory: "1Gi" } },
      },
    }),
  );
  expect(guarded.has("ValidatingWebhookConfiguration/vestal-admission-webhook")).toBe(true);
  const [container] = (guarded.get("Deployment/vestal-operator") as Deployment).spec.template.spec.containers;
  expect(container?.args.at(-1)).toBe("--log-level=debug");
  expect(container?.resources).toMatchObject({ limits: { memory: "1Gi" }, requests: { cpu: "100m" } });
});

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly args: readonly string[]; readonly resources: object }[];
      };
    };
  };
}

test("docs/migrate.md tells of each right what it is for", () => {
  const text = readFileSync(join(packageRoot(), "docs", "migrate.md"), "utf8");
  expect(text).toContain(rightsTable([...NEEDED_RIGHTS, ...LEADER_RIGHTS]));
  expect(text).toContain(rightsTable(OPTIONAL_RIGHTS));
});
