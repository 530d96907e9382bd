/** A cluster that is played back: exporters answer with expositions of real servers, whose counters grow from scrape to scrape. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { packageRoot } from "../../src/base/index.js";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";

const CORPUS = join(packageRoot(), "..", "shared", "corpus");
const MANIFESTS = join(CORPUS, "kube-prometheus");

export const DASHBOARDS_FILE = join(MANIFESTS, "grafana-dashboardDefinitions.yaml");
export const hasCorpus = existsSync(DASHBOARDS_FILE);

/** Jobs as that installation names them; `honor_labels` as its monitors say. */
const JOBS: readonly (readonly [job: string, file: string, labels: Readonly<Record<string, string>>])[] = [
  ["apiserver", "apiserver.txt", {}],
  ["kube-scheduler", "scheduler.txt", {}],
  ["kube-controller-manager", "controller-manager.txt", {}],
  ["kube-state-metrics", "kube-state-metrics.txt", {}],
  ["node-exporter", "node-exporter.txt", { instance: "node-0" }],
  ["prometheus-k8s", "prometheus.txt", { namespace: "monitoring", pod: "prometheus-k8s-0" }],
];

export interface CorpusCluster {
  readonly config: unknown;
  close(): Promise<void>;
}

export async function startCorpusCluster(folder: string): Promise<CorpusCluster> {
  const scrapes = new Map<string, number>();
  const players = new Map<string, (factor: number) => string>(
    JOBS.map(([job, file]) => [`/${job}`, player(readFileSync(join(CORPUS, file), "utf8"))] as const),
  );
  const exporter: Exporter = await startExporter(({ path }) => {
    const count = (scrapes.get(path) ?? 0) + 1;
    scrapes.set(path, count);
    return respond(players.get(path)?.(1 + count / 100) ?? "");
  });
  return {
    config: {
      global: { scrape_interval: "2s", scrape_timeout: "2s", evaluation_interval: "3s" },
      rule_files: [writeRules(folder)],
      scrape_configs: JOBS.map(([job, , labels]) => ({
        job_name: job,
        honor_labels: true,
        metrics_path: `/${job}`,
        static_configs: [{ targets: [exporter.address], labels: { cluster: "demo", ...labels } }],
      })),
    },
    close: () => exporter.close(),
  };
}

/** The exposition with what counts (counters, parts of histograms and summaries) multiplied by `factor`. */
function player(text: string): (factor: number) => string {
  const types = new Map<string, string>();
  const lines = text.split("\n").map((line) => {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type !== null) types.set(type[1] ?? "", type[2] ?? "");
    const sample = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line);
    if (sample === null) return { line, counted: undefined };
    const [, name = "", labels = "", value = ""] = sample;
    const base = name.replace(/_(?:bucket|count|sum)$/, "");
    const isCounted = types.get(name) === "counter" || types.get(base) === "histogram" || /_(?:count|sum)$/.test(name);
    return { line, counted: isCounted ? { head: `${name}${labels} `, value: Number(value) } : undefined };
  });
  return (factor) =>
    lines.map(({ line, counted }) => (counted === undefined ? line : counted.head + counted.value * factor)).join("\n");
}

/** The installation's own recording and alerting rules, evaluated often. */
function writeRules(folder: string): string {
  const below = join(folder, "rules");
  mkdirSync(below, { recursive: true });
  for (const name of readdirSync(MANIFESTS).filter((each) => each.endsWith("-prometheusRule.yaml"))) {
    const { spec } = load(readFileSync(join(MANIFESTS, name), "utf8")) as { spec: { groups: { interval?: string }[] } };
    const groups = spec.groups.map(({ interval: _, ...group }) => group);
    writeFileSync(join(below, name), JSON.stringify({ groups }));
  }
  return join(below, "*.yaml");
}
