/**
 * Discoveries that ask APIs, beside the real Prometheus: both are given the same sections and led to one server, which plays
 * the providers' APIs; both must list the same targets with the same labels.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CloudDouble, startCloud } from "../doubles/cloud.js";
import { type DiscoveryCase, discoveryCases } from "./discovery-tables.js";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const folders = [makeFolder(), makeFolder()];
let cloud: CloudDouble;
let cases: readonly DiscoveryCase[] = [];
let theirs: Server;
let ours: Server;

/** Sections of mechanisms that take no proxy name the server themselves. */
const WITHOUT_PROXY: ReadonlySet<string> = new Set([
  "docker",
  "dockerswarm",
  "scaleway",
  "eureka",
  "puppetdb",
  "marathon",
  "uyuni",
  "ec2",
  "lightsail",
]);

function config(sides: readonly DiscoveryCase[]) {
  const proxy = {
    proxy_url: `http://127.0.0.1:${cloud.port}`,
    tls_config: { insecure_skip_verify: true },
    enable_http2: false,
  };
  return {
    scrape_configs: sides.map(({ name, mechanism, section }) => ({
      job_name: name,
      // Nobody is at these addresses.
      scrape_interval: "1h",
      scrape_timeout: "1s",
      [`${mechanism}_sd_configs`]: [
        { refresh_interval: "5s", ...(WITHOUT_PROXY.has(mechanism) ? {} : proxy), ...section },
      ],
    })),
  };
}

beforeAll(async () => {
  let table = {};
  cloud = await startCloud(() => table);
  cases = discoveryCases(`http://127.0.0.1:${cloud.port}`);
  table = Object.assign({}, ...cases.map(({ answers }) => answers));
  const [theirFolder = "", ourFolder = ""] = folders;
  theirs = await startPrometheus({
    config: config(cases),
    folder: theirFolder,
  });
  ours = await startVestal({ config: config(cases), folder: ourFolder });
}, 120_000);
afterAll(async () => {
  await killAll();
  cloud.close();
  for (const folder of folders) removeFolder(folder);
});

interface ApiTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
}

/** Of a pool, in an order of its own. */
async function targetsOf(server: Server, { name, newerLabels }: DiscoveryCase): Promise<readonly unknown[]> {
  const answer = await api(server, "targets", { state: "active", scrapePool: name });
  const { activeTargets } = answer.data as { readonly activeTargets: readonly ApiTarget[] };
  const sorted = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .filter(([label]) => newerLabels?.test(label) !== true)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return activeTargets
    .filter(({ scrapePool }) => scrapePool === name)
    .map(({ discoveredLabels, labels }) => ({ discovered: sorted(discoveredLabels), labels: sorted(labels) }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const NAMES = discoveryCases("").map(({ name }) => name);

test.each(NAMES)("%s", async (name) => {
  const one = cases.find((each) => each.name === name);
  if (one === undefined) throw new Error(`no case ${name}`);
  const found = async (server: Server): Promise<readonly unknown[]> => {
    await waitUntil(`targets of ${name}`, 30_000, async () => (await targetsOf(server, one)).length > 0);
    return await targetsOf(server, one);
  };
  expect(await found(ours)).toEqual(await found(theirs));
});
