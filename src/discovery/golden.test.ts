import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot, silentLogger } from "../base/index.js";
import { loadConfig } from "../config/index.js";
import { DiscoveryManager } from "./index.js";
import { globalUrl } from "./url.js";

const folder = join(packageRoot(), "test", "golden", "config");

/** The folder of the recorded cases as if the program had been started in it. */
const files = {
  readText: (path: string) => readFileSync(join(folder, path), "utf8"),
  list: (path: string) => readdirSync(join(folder, path)),
  modifiedSeconds: () => 0,
  watch: () => undefined,
};
const timers = { after: () => () => {}, every: () => () => {} };

interface Answer {
  readonly activeTargets: readonly { readonly [key: string]: unknown }[];
  readonly droppedTargets: readonly unknown[];
  readonly droppedTargetCounts: Readonly<Record<string, number>>;
}

describe("a configuration gives the targets of Prometheus", () => {
  test.each(["full", "strings", "targets"])("%s", (name) => {
    const text = readFileSync(join(folder, `${name}.yml`), "utf8");
    const expected = JSON.parse(readFileSync(join(folder, `${name}.targets.json`), "utf8")) as Answer;
    const { config } = loadConfig(text, { file: `${name}.yml`, folder: ".", env: { VESTAL_REGION: "eu" } });
    const manager = new DiscoveryManager({ batchMs: 1 }, { files, timers, log: silentLogger, onChanges: () => {} });
    manager.apply(config);
    const active = manager.targets().map((target) => ({
      discoveredLabels: target.discoveredLabels,
      labels: target.labels,
      scrapePool: target.jobName,
      scrapeUrl: target.url,
      globalUrl: globalUrl(target.url, {
        listenAddress: "127.0.0.1:21510",
        scheme: "http",
        host: "prometheus.example",
      }),
      scrapeInterval: target.scrapeInterval,
      scrapeTimeout: target.scrapeTimeout,
    }));
    const dropped = manager.dropped();
    expect(sorted(active)).toEqual(sorted(expected.activeTargets));
    expect(sorted(dropped.targets.map((target) => target.discoveredLabels))).toEqual(
      sorted(expected.droppedTargets.map((target) => (target as { discoveredLabels: unknown }).discoveredLabels)),
    );
    expect(dropped.counts).toEqual(expected.droppedTargetCounts);
  });
});

function sorted(values: readonly unknown[]): readonly unknown[] {
  const order = (value: unknown): string =>
    JSON.stringify(value, (_key, item: unknown) =>
      typeof item === "object" && item !== null ? Object.fromEntries(Object.entries(item).sort()) : item,
    );
  return values.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}
