/**
 * Random relabelling: a real Prometheus and Vestal are given the same jobs, found in files, over HTTP and written down, with
 * rules of all actions, and list the same active and dropped targets with the same labels.
 *
 *   RELABEL_SEED=N RELABEL_JOBS=N   another set of jobs, more of them
 */
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal } from "./harness.js";

const SEED = Number(process.env["RELABEL_SEED"] ?? 20_261_126);
const JOBS = Number(process.env["RELABEL_JOBS"] ?? 500);

let state = SEED;
/** Below `bound`. */
function random(bound: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return Math.floor(((state >>> 8) / 2 ** 24) * bound);
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
let addresses = 0;
const chance = (percent: number): boolean => random(100) < percent;

/** A reference to a group in braces. */
const braced = (group: string): string => `$\{${group}}`;

const NAMES = [
  "env",
  "zone",
  "app",
  "instance",
  "job",
  "__address__",
  "__scheme__",
  "__metrics_path__",
  "__meta_a",
  "__meta_label_team",
  "__param_target",
  "__tmp_hash",
  "__scrape_interval__",
  "missing",
  "übung.x",
] as const;
const VALUES = ["prod", "dev", "a-1", "a-2", "team/x", "", "10.0.0.1:80", "ÄÖ", "x y", "http", "1"] as const;
const REGEXES = [
  "(.*)",
  "(.+)",
  "prod|dev",
  "(prod|dev)",
  "a-(\\d)",
  "([^:]+)(?::\\d+)?;(.*)",
  "([^:]+):(\\d+)",
  "__meta_label_(.+)",
  "__meta_(.*)",
  "env|zone",
  "(?i)PROD",
  "(?P<first>[a-z])(.*)",
  ".*;.*",
  "",
  "team/(?P<team>.*)",
  "\\p{Lu}+",
  "(a)?(b)?.*",
] as const;
const REPLACEMENTS = [
  "$1",
  braced("1"),
  "$2:$1",
  "x-$1-y",
  "",
  braced("first"),
  "$first",
  `${braced("team")}/$1`,
  "const",
  "$$1",
  "$0",
  "$9",
] as const;
const TARGETS = [
  "env",
  "zone",
  "copy",
  "instance",
  "job",
  "__address__",
  "__param_target",
  "__metrics_path__",
  "__tmp_x",
  braced("1"),
  "l_$1",
] as const;

function rule(): Record<string, unknown> {
  const action = pick([
    ...["replace", "replace", "replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep"],
    ...["lowercase", "uppercase", "keepequal", "dropequal"],
  ]);
  const source_labels = Array.from({ length: 1 + random(2) }, () => pick(NAMES));
  const separator = chance(20) ? { separator: pick(["", "/", ";;"]) } : {};
  const regex = chance(75) ? { regex: pick(REGEXES) } : {};
  switch (action) {
    case "replace": {
      const replacement = chance(60) ? { replacement: pick(REPLACEMENTS) } : {};
      return { source_labels, ...separator, ...regex, ...replacement, target_label: pick(TARGETS) };
    }
    case "keep":
    case "drop":
      return {
        source_labels,
        ...separator,
        action,
        regex: pick(action === "keep" ? [".*", "(.+)", ...REGEXES] : REGEXES.slice(2)),
      };
    case "hashmod":
      return {
        source_labels,
        ...separator,
        action,
        modulus: 1 + random(9),
        target_label: pick(["__tmp_hash", "shard"]),
      };
    case "labelmap":
      return {
        action,
        regex: pick(["__meta_label_(.+)", "__meta_(.*)", "(e)nv", "z(.*)"]),
        ...(chance(40) && { replacement: pick(["m_$1", "$1", `k_${braced("1")}`]) }),
      };
    case "labeldrop":
    case "labelkeep":
      return {
        action,
        regex: pick(action === "labelkeep" ? ["__.*|env|instance|job", ".*"] : ["env", "z.*", "__meta_.*", "app|zone"]),
      };
    case "lowercase":
    case "uppercase":
      return { source_labels, ...separator, action, target_label: pick(["case", "env", "instance"]) };
    default:
      return { source_labels, action, target_label: pick(["env", "zone", "job", "instance"]) };
  }
}

function group(): { targets: string[]; labels: Record<string, string> } {
  const labels: Record<string, string> = {};
  for (const name of ["env", "zone", "app", "__meta_a", "__meta_label_team", "__meta_label_Tier", "__param_target"]) {
    if (chance(45)) labels[name] = pick(VALUES);
  }
  if (chance(5)) labels["__scheme__"] = pick(["http", "https"]);
  if (chance(5)) labels["__metrics_path__"] = pick(["/probe", "relative"]);
  // Each but once: of equal ones a map's order decides which is shown.
  const address = (): string =>
    `127.0.${Math.floor(++addresses / 250)}.${addresses % 250}${pick([":1", ":2", ":80", ""])}`;
  const targets = Array.from({ length: 1 + random(3) }, address);
  return { targets, labels };
}

const folders: string[] = [];
let http: HttpServer;
let servers: { readonly theirs: Server; readonly ours: Server };

beforeAll(async () => {
  const jobs: Record<string, unknown>[] = [];
  const groups: unknown[][] = [];
  const shared = makeFolder();
  folders.push(shared);
  http = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(groups[Number(request.url?.slice(1))] ?? []));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  for (let i = 0; i < JOBS; i++) {
    const found = Array.from({ length: 1 + random(3) }, group);
    groups.push(found);
    const file = join(shared, `${i}.json`);
    writeFileSync(file, JSON.stringify(found));
    // The real one needs a watcher of the system for each job with files, and a machine has about a hundred.
    const byFile = i % 10 === 0 ? { file_sd_configs: [{ files: [file] }] } : undefined;
    const discovery =
      byFile ?? pick([{ static_configs: found }, { http_sd_configs: [{ url: `http://127.0.0.1:${port}/${i}` }] }]);
    const relabel_configs = Array.from({ length: random(6) }, rule);
    jobs.push({ job_name: `job-${i}`, scheme: pick(["http", "https"]), ...discovery, relabel_configs });
  }
  const config = { global: { scrape_interval: "1h", keep_dropped_targets: 1000 }, scrape_configs: jobs };
  const made = [makeFolder(), makeFolder()];
  folders.push(...made);
  const [theirs, ours] = await Promise.all([
    startPrometheus({ config, folder: made[0]! }),
    startVestal({ config, folder: made[1]! }),
  ]);
  servers = { theirs, ours };
}, 90_000);

afterAll(async () => {
  await killAll();
  http.close();
  for (const folder of folders) removeFolder(folder);
});

interface Shown {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly scrapePool?: string;
  readonly scrapeUrl?: string;
  readonly scrapeInterval?: string;
  readonly scrapeTimeout?: string;
}

const sorted = (record: Readonly<Record<string, string>> | undefined): unknown =>
  Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

/** By job: each target as a line, in order. */
async function targetsOf(server: Server): Promise<Map<string, string[]>> {
  const { data } = await api(server, "targets");
  const { activeTargets, droppedTargets } = data as { activeTargets: Shown[]; droppedTargets: Shown[] };
  const lines = new Map<string, string[]>();
  for (const [kind, list] of [
    ["active", activeTargets],
    ["dropped", droppedTargets],
  ] as const) {
    for (const target of list) {
      // The file's path is that of one of the two; the job's own name may be relabelled away, the discovered one not.
      const job = target.scrapePool ?? target.discoveredLabels["job"] ?? "";
      const { scrapeUrl, scrapeInterval, scrapeTimeout } = target;
      const shown = [
        kind,
        sorted(target.discoveredLabels),
        sorted(target.labels),
        scrapeUrl,
        scrapeInterval,
        scrapeTimeout,
      ];
      lines.set(job, [...(lines.get(job) ?? []), JSON.stringify(shown)]);
    }
  }
  for (const list of lines.values()) list.sort();
  return lines;
}

function differencesOf(theirs: Map<string, string[]>, ours: Map<string, string[]>): string[] {
  return [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((job) => {
    const [a, b] = [theirs.get(job) ?? [], ours.get(job) ?? []];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    return [`${job}\n  theirs ${a.join("\n         ")}\n  ours   ${b.join("\n         ")}`];
  });
}

test(`the same targets of ${JOBS} jobs (seed ${SEED})`, async () => {
  let theirs = new Map<string, string[]>();
  let differences: string[] = ["not asked yet"];
  // A real one takes over what was found every five seconds.
  const deadline = Date.now() + 60_000;
  while (differences.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    theirs = await targetsOf(servers.theirs);
    differences = differencesOf(theirs, await targetsOf(servers.ours));
  }
  expect(differences.slice(0, 5).join("\n")).toBe("");
  const lines = [...theirs.values()].flat();
  for (const kind of ["active", "dropped"]) {
    expect(lines.filter((line) => line.startsWith(`["${kind}"`)).length, kind).toBeGreaterThan(JOBS / 4);
  }
}, 120_000);
