import { gunzipSync } from "node:zlib";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { agentConfig, type ConfigInput, serverConfig } from "../generate/prometheus/config.js";
import { AssetStore } from "../generate/store.js";
import type { PodMonitor, Prometheus, ServiceMonitor } from "../schema/generated/types.js";
import { JobTexts } from "./config-text.js";

const monitor = (name: string, more: object = {}): ServiceMonitor => ({
  metadata: { name, namespace: "n" },
  spec: { selector: { matchLabels: { app: name } }, endpoints: [{ port: "http", ...more }] },
});
const podMonitor: PodMonitor = {
  metadata: { name: "p", namespace: "n" },
  spec: { selector: {}, podMetricsEndpoints: [{ port: "x" }] },
};
const prometheus: Prometheus = { metadata: { name: "m", namespace: "n" }, spec: { scrapeInterval: "10s" } };

function inputOf(serviceMonitors: readonly ServiceMonitor[], more: Partial<ConfigInput> = {}): ConfigInput {
  const selection = { serviceMonitors, podMonitors: [podMonitor], probes: [], scrapeConfigs: [] };
  return { selection, assets: new AssetStore(), options: {}, ...more };
}

const textOf = (texts: JobTexts, ...of: Parameters<JobTexts["packedConfig"]>): string =>
  gunzipSync(texts.packedConfig(...of)).toString();

test("the text is the configuration, however often it is made and whatever was kept", () => {
  const texts = new JobTexts();
  const raw = '- job_name: own\n  static_configs: [{ targets: ["a:1"] }]\n';
  for (const isAgent of [false, true]) {
    const make = isAgent ? agentConfig : serverConfig;
    for (const names of [[], ["a"], ["a", "b"], ["b"], ["b", "c", "a"]]) {
      for (const extras of [{}, { scrapeConfigs: raw }]) {
        const input = inputOf(
          names.map((name) => monitor(name)),
          { extras },
        );
        for (let round = 0; round < 2; round++) {
          expect(load(textOf(texts, prometheus, isAgent, input))).toEqual(
            JSON.parse(JSON.stringify(make(prometheus, input))),
          );
        }
      }
    }
    const none = { ...inputOf([]), selection: { serviceMonitors: [], podMonitors: [], probes: [], scrapeConfigs: [] } };
    expect(load(textOf(texts, prometheus, isAgent, none))).toEqual(JSON.parse(JSON.stringify(make(prometheus, none))));
  }
});

test("a Secret that changes counts although its monitor stays, and so does another specification", () => {
  const texts = new JobTexts();
  const secret = (user: string) => {
    const assets = new AssetStore();
    assets.addSecret({ metadata: { name: "s", namespace: "n" }, stringData: { u: user, p: "x" } });
    return assets;
  };
  const reference = (key: string) => ({ name: "s", key });
  const guarded = monitor("a", { basicAuth: { username: reference("u"), password: reference("p") } });
  expect(textOf(texts, prometheus, false, inputOf([guarded], { assets: secret("one") }))).toContain("username: one");
  expect(textOf(texts, prometheus, false, inputOf([guarded], { assets: secret("two") }))).toContain("username: two");
  const plain = monitor("b");
  expect(textOf(texts, prometheus, false, inputOf([plain]))).not.toContain("sample_limit: 7");
  const limited: Prometheus = { ...prometheus, spec: { ...prometheus.spec, enforcedSampleLimit: 7 } };
  expect(textOf(texts, limited, false, inputOf([plain]))).toContain("sample_limit: 7");
});

test("what is kept is bounded, and without it the text is the same", () => {
  const texts = new JobTexts({ charactersMax: 1 });
  const input = inputOf([monitor("a"), monitor("b")]);
  const first = textOf(texts, prometheus, false, input);
  expect(textOf(texts, prometheus, false, input)).toBe(first);
});
