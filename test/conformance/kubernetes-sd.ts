/**
 * Discovery in Kubernetes: each case's objects are served by an API server, its configuration is applied to a running
 * discovery, and active and dropped targets are compared with those of a real Prometheus; sequences go on by events.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { errorMessage, silentLogger, systemTimers } from "../../src/base/index.js";
import { loadConfig } from "../../src/config/index.js";
import { DiscoveryManager, diskDiscoveryFiles } from "../../src/discovery/index.js";
import { type ApiObject, FakeApiServer } from "../doubles/kubernetes/api-server.js";
import { type AreaResult, type FileResult, FileTally } from "./result.js";

interface Case {
  readonly steps: readonly { readonly objects: string; readonly expected: string }[];
}

interface Expected {
  readonly active: readonly unknown[];
  readonly dropped: readonly unknown[];
}

interface Verdict {
  readonly name: string;
  readonly config: string;
  readonly ok: boolean;
  readonly error?: string;
}

type Objects = Readonly<Record<string, { readonly items: readonly ApiObject[] }>>;

/** An event of a pod or service comes before those of what is made from it. */
const COLLECTIONS = [
  "/api/v1/nodes",
  "/api/v1/namespaces",
  "/api/v1/services",
  "/api/v1/pods",
  "/api/v1/endpoints",
  "/apis/discovery.k8s.io/v1/endpointslices",
  "/apis/networking.k8s.io/v1/ingresses",
];
const AT_ONCE = 8;
const SETTLE_MS = 150;
const DEADLINE_MS = 5000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @param dir  the folder `conformance/kubernetes-sd`. */
export async function run(dir: string): Promise<AreaResult> {
  const cases = readdirSync(dir)
    .filter((name) => existsSync(join(dir, name, "case.json")))
    .sort();
  const files: FileResult[] = [];
  for (let i = 0; i < cases.length; i += AT_ONCE) {
    files.push(...(await Promise.all(cases.slice(i, i + AT_ONCE).map((name) => runCase(join(dir, name), name)))));
  }
  if (existsSync(join(dir, "config-verdicts.json"))) files.push(checkVerdicts(join(dir, "config-verdicts.json")));
  return { files };
}

async function runCase(folder: string, name: string): Promise<FileResult> {
  const tally = new FileTally(name);
  const scratch = mkdtempSync(join(tmpdir(), "vestal-sd-"));
  const server = await FakeApiServer.start();
  const manager = new DiscoveryManager(
    { batchMs: 20 },
    { files: diskDiscoveryFiles(silentLogger), timers: systemTimers, log: silentLogger, onChanges: () => {} },
  );
  try {
    const { steps } = readJson<Case>(join(folder, "case.json"));
    for (const [index, step] of steps.entries()) {
      await move(server, readJson<Objects>(join(folder, step.objects)), index === 0);
      if (index === 0) manager.apply(loadConfig(configOf(folder, scratch, server.url), { file: "case.yml" }).config);
      const difference = await compare(manager, readJson<Expected>(join(folder, step.expected)));
      if (difference !== undefined) {
        tally.fail(`step ${index + 1}: ${difference}`);
        return tally.result();
      }
    }
    tally.pass();
  } catch (error) {
    tally.fail(errorMessage(error));
  } finally {
    manager.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  return tally.result();
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

/** The server of the test speaks plain HTTP, so what is said of certificates stays without effect. */
function configOf(folder: string, scratch: string, url: string): string {
  const token = join(scratch, "token");
  writeFileSync(token, "token");
  return readFileSync(join(folder, "config.yaml"), "utf8")
    .replaceAll("__API_SERVER__", url)
    .replaceAll("__TOKEN_FILE__", token)
    .replaceAll(/^.*ca_file: __CA_FILE__.*$/gm, (line) =>
      line.replace("ca_file: __CA_FILE__", "insecure_skip_verify: true"),
    )
    .replaceAll(/kubeconfig_file: .*/g, () => `kubeconfig_file: ${writeKubeconfig(scratch, url)}`);
}

function writeKubeconfig(scratch: string, server: string): string {
  const file = join(scratch, "kubeconfig");
  const context = { cluster: "c", user: "u" };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: { token: "token" } }],
    contexts: [{ name: "x", context }],
    "current-context": "x",
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function move(server: FakeApiServer, objects: Objects, isFirst: boolean): Promise<void> {
  for (const path of COLLECTIONS) {
    server.sync(path, objects[path]?.items ?? []);
    // Each collection has a stream of its own: only time orders them.
    if (!isFirst) await sleep(30);
  }
}

/** Undefined once the targets are the expected ones and stay so; else what differs at the deadline. */
async function compare(manager: DiscoveryManager, expected: Expected): Promise<string | undefined> {
  const wanted = { active: sorted(expected.active), dropped: sorted(expected.dropped) };
  const current = () => ({
    active: sorted(
      manager.targets().map(({ discoveredLabels, labels, jobName, url }) => ({
        discoveredLabels,
        labels,
        scrapePool: jobName,
        scrapeUrl: url,
      })),
    ),
    dropped: sorted(
      manager.dropped().targets.map(({ discoveredLabels, jobName }) => ({ discoveredLabels, scrapePool: jobName })),
    ),
  });
  let waitedMs = 0;
  for (; waitedMs < DEADLINE_MS; waitedMs += SETTLE_MS) {
    await sleep(SETTLE_MS);
    if (!isDeepStrictEqual(current(), wanted)) continue;
    await sleep(SETTLE_MS);
    if (isDeepStrictEqual(current(), wanted)) return undefined;
  }
  const got = current();
  const lines = (["active", "dropped"] as const).flatMap((kind) => [
    ...wanted[kind].filter((text) => !got[kind].includes(text)).map((text) => `missing ${kind} ${text}`),
    ...got[kind].filter((text) => !wanted[kind].includes(text)).map((text) => `unexpected ${kind} ${text}`),
  ]);
  return lines.length === 0 ? "the same targets, another number of times" : lines.slice(0, 4).join("\n  ");
}

function sorted(targets: readonly unknown[]): readonly string[] {
  return targets.map((target) => JSON.stringify(sortKeys(target))).sort();
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortKeys(each)]),
  );
}

/** Fields that came after 3.5 are accepted here, and are no defect. */
function checkVerdicts(file: string): FileResult {
  const tally = new FileTally("config-verdicts.json");
  for (const { name, config, ok, error = "" } of readJson<readonly Verdict[]>(file)) {
    let problem: string | undefined;
    try {
      loadConfig(config, { file: "case.yml" });
    } catch (caught) {
      problem = errorMessage(caught);
    }
    if (!ok && /field (?:namespace|deployment|job|cronjob) not found in type kubernetes/.test(error)) {
      if (problem === undefined) tally.skip();
      else tally.fail(`${name}: refused with ${problem}, but the field is known since 3.6`);
    } else if (ok === (problem === undefined)) tally.pass();
    else tally.fail(`${name}: ${problem ?? "accepted"}, expected ${ok ? "accepted" : error}`);
  }
  return tally.result();
}
