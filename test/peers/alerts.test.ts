/**
 * Vestal and a real Prometheus evaluate the same rules over the same target and tell of their alerts: directly to an
 * endpoint each that writes down what it is told, and through a real Alertmanager each to a webhook.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const INTERVAL_MS = 1000;
/** Prometheus looks for its Alertmanagers five seconds after its start. */
const SETTLE_MS = 7500;
const LENGTH_MS = 24_000;

/** Seconds since the beginning in which a series is high. */
const HIGH: Readonly<Record<string, readonly (readonly [from: number, to: number])[]>> = {
  "pending-firing-resolved": [[2, 9]],
  "pending-only": [[2, 5]],
  keep: [[2, 5]],
  zero: [
    [1, 4],
    [10, 13],
  ],
  recorded: [[3, 9]],
};

const RULES = `
groups:
- name: alerts
  labels: {team: a}
  rules:
  - alert: PendingFiringResolved
    expr: level{k="pending-firing-resolved"} > 5
    for: 3s
    labels: {severity: "{{ if gt $value 8.0 }}page{{ else }}warn{{ end }}"}
    annotations: {summary: "{{ $labels.k }} is at {{ humanize $value }} of {{ $externalLabels.replica }}", query: '{{ with query "level" }}{{ len . }}{{ end }}'}
  - alert: PendingOnly
    expr: level{k="pending-only"} > 5
    for: 10s
  - alert: Keep
    expr: level{k="keep"} > 5
    keep_firing_for: 4s
  - alert: Zero
    expr: level{k="zero"} > 5
    annotations: {bad: "{{ template \\"none\\" }}"}
- name: chained
  rules:
  - record: k:level:max
    expr: max by (k) (level)
  - alert: Recorded
    expr: k:level:max{k="recorded"} > 5
    for: 2s
`;

interface Told {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly receivedMs: number;
}

const servers: HttpServer[] = [];
const children: ReturnType<typeof spawn>[] = [];
const folders: string[] = [];
let beganMs = Number.POSITIVE_INFINITY;

async function listen(onBody: (path: string, body: string) => string): Promise<number> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(onBody(request.url ?? "", body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function exposition(): string {
  const seconds = (Date.now() - beganMs) / 1000;
  return Object.entries(HIGH)
    .map(([k, ranges]) => `level{k="${k}"} ${ranges.some(([from, to]) => seconds >= from && seconds < to) ? 9 : 1}\n`)
    .join("");
}

interface Webhook {
  readonly status: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** A real Alertmanager that passes on to `hook`. */
async function startAlertmanager(hook: number): Promise<number> {
  const folder = makeFolder();
  folders.push(folder);
  const port = await freePort();
  const config = {
    route: {
      receiver: "hook",
      group_by: ["alertname"],
      group_wait: "100ms",
      group_interval: "1s",
      repeat_interval: "1h",
    },
    receivers: [{ name: "hook", webhook_configs: [{ url: `http://127.0.0.1:${hook}/` }] }],
  };
  writeFileSync(join(folder, "alertmanager.yml"), JSON.stringify(config));
  const args = [`--config.file=${join(folder, "alertmanager.yml")}`, `--storage.path=${join(folder, "data")}`];
  args.push(`--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address=", "--log.level=error");
  children.push(spawn(peerBinary("prometheus-alertmanager"), args, { stdio: "ignore", cwd: folder }));
  await waitUntil("Alertmanager is ready", 20_000, async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
  return port;
}

interface Side {
  readonly told: Told[];
  readonly hooks: string[];
}

const vestal: Side = { told: [], hooks: [] };
const prometheus: Side = { told: [], hooks: [] };
/** Of both servers, at one moment. */
let apiAnswers: readonly (readonly unknown[])[] = [];

const ASKED = [
  "rules",
  "rules?type=alert&exclude_alerts=true",
  "rules?type=record",
  "rules?rule_name[]=Keep&rule_name[]=Zero",
  "rules?rule_group[]=chained",
  "rules?file[]=none",
  'rules?match[]={team="a"}',
  'rules?match[]={severity="page"}',
  'rules?match[]={severity=~".*page.*"}',
  "rules?group_limit=1",
  "rules?group_limit=1&group_next_token=none",
  "rules?group_limit=0",
  "rules?type=other",
  "alerts",
];

async function getJson(server: Server, path: string): Promise<unknown> {
  return (await fetch(`${server.url}/api/v1/${path}`)).json();
}

async function configOf(side: Side, target: number, rules: string): Promise<unknown> {
  const direct = await listen((path, body) => {
    expect(path).toBe("/prefix/api/v2/alerts");
    const receivedMs = Date.now();
    for (const alert of JSON.parse(body) as Omit<Told, "receivedMs">[]) side.told.push({ ...alert, receivedMs });
    return "";
  });
  const hook = await listen((_path, body) => {
    for (const { status, labels } of (JSON.parse(body) as Webhook).alerts)
      side.hooks.push(`${labels["alertname"]} ${status}`);
    return "";
  });
  const alertmanager = await startAlertmanager(hook);
  return {
    global: { scrape_interval: "1s", evaluation_interval: "1s", external_labels: { replica: "r", drop: "x" } },
    rule_files: [rules],
    scrape_configs: [{ job_name: "level", static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
    alerting: {
      alert_relabel_configs: [{ action: "labeldrop", regex: "drop" }],
      alertmanagers: [
        {
          path_prefix: "/prefix",
          static_configs: [{ targets: [`127.0.0.1:${direct}`] }],
          alert_relabel_configs: [{ target_label: "to", replacement: "direct" }],
        },
        { static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] },
      ],
    },
  };
}

beforeAll(async () => {
  const target = await listen(exposition);
  const shared = makeFolder();
  folders.push(shared);
  const rules = join(shared, "rules.yml");
  writeFileSync(rules, RULES);
  const args = ["--rules.alert.resend-delay=3s", "--web.external-url=http://example.org/x/", "--web.route-prefix=/"];
  const start = async (side: Side, run: typeof startVestal) => {
    const folder = makeFolder();
    folders.push(folder);
    mkdirSync(folder, { recursive: true });
    return run({ folder, args, config: await configOf(side, target, rules) });
  };
  const [ours, theirs] = await Promise.all([start(vestal, startVestal), start(prometheus, startPrometheus)]);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  beganMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 8000));
  apiAnswers = await Promise.all(
    [ours, theirs].map((server) => Promise.all(ASKED.map((path) => getJson(server, path)))),
  );
  await new Promise((resolve) => setTimeout(resolve, LENGTH_MS - 8000));
}, 120_000);

afterAll(async () => {
  await killAll();
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) server.close().closeAllConnections();
  for (const folder of folders) removeFolder(folder);
});

interface Episode {
  readonly startsMs: number;
  readonly endsMs: number | undefined;
  readonly posts: number;
  readonly last: Told;
}

/** Times that an alert fired, by label set. */
function episodesOf(told: readonly Told[]): ReadonlyMap<string, readonly Episode[]> {
  const byAlert = new Map<string, Map<string, Told[]>>();
  for (const one of told) {
    const key = JSON.stringify(Object.entries(one.labels).sort());
    const starts = byAlert.get(key) ?? new Map<string, Told[]>();
    byAlert.set(key, starts);
    starts.set(one.startsAt, [...(starts.get(one.startsAt) ?? []), one]);
  }
  return new Map(
    [...byAlert].map(([key, starts]) => [
      key,
      [...starts].map(([startsAt, posts]): Episode => {
        const resolved = posts.find(({ endsAt, receivedMs }) => Date.parse(endsAt) <= receivedMs + 100);
        return {
          startsMs: Date.parse(startsAt),
          endsMs: resolved === undefined ? undefined : Date.parse(resolved.endsAt),
          posts: posts.filter((post) => resolved === undefined || post.endsAt !== resolved.endsAt).length,
          last: posts[0]!,
        };
      }),
    ]),
  );
}

describe("what an Alertmanager is told", () => {
  test("the same alerts, from the same instants on, as often, and their ends", () => {
    const ours = episodesOf(vestal.told);
    const theirs = episodesOf(prometheus.told);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    expect(ours.size).toBe(4);
    for (const [key, want] of theirs) {
      const got = ours.get(key)!;
      expect(got.length, key).toBe(want.length);
      for (const [i, episode] of want.entries()) {
        const own = got[i]!;
        expect(Math.abs(own.startsMs - episode.startsMs), key).toBeLessThanOrEqual(INTERVAL_MS);
        expect(own.endsMs === undefined, key).toBe(episode.endsMs === undefined);
        expect(Math.abs((own.endsMs ?? 0) - (episode.endsMs ?? 0)), key).toBeLessThanOrEqual(INTERVAL_MS);
        expect(Math.abs(own.posts - episode.posts), key).toBeLessThanOrEqual(1);
        expect(own.last.annotations, key).toEqual(episode.last.annotations);
        expect(own.last.generatorURL, key).toBe(episode.last.generatorURL);
      }
    }
    const zero = [...ours].find(([key]) => key.includes("Zero"))?.[1] ?? [];
    expect(zero.length).toBe(2);
  });

  test("an alert that is sent again is valid for four times the delay", () => {
    const firing = vestal.told.filter(({ endsAt, receivedMs }) => Date.parse(endsAt) > receivedMs + 1000);
    expect(firing.length).toBeGreaterThan(5);
    for (const { endsAt, receivedMs } of firing)
      expect(Math.abs(Date.parse(endsAt) - receivedMs - 12_000)).toBeLessThan(2000);
  });
});

test("a real Alertmanager passes the same on to its webhook", () => {
  const orderOf = (side: Side, alert: string) => side.hooks.filter((line) => line.startsWith(`${alert} `));
  for (const alert of ["PendingFiringResolved", "Keep", "Zero", "Recorded", "PendingOnly"]) {
    const ours = orderOf(vestal, alert);
    expect(new Set(ours), alert).toEqual(new Set(orderOf(prometheus, alert)));
    expect(ours.at(0), alert).toBe(alert === "PendingOnly" ? undefined : `${alert} firing`);
    expect(ours.at(-1), alert).toBe(alert === "PendingOnly" ? undefined : `${alert} resolved`);
  }
});

test.each(ASKED.map((path, i) => [path, i] as const))("/api/v1/%s: the same document, but for times", (_path, i) => {
  const withoutTimes = (answer: unknown): unknown =>
    JSON.parse(
      JSON.stringify(answer, (key, value: unknown) =>
        /^(?:evaluationTime|lastEvaluation|activeAt|keepFiringSince)$/.test(key)
          ? typeof value
          : // Prometheus lists alerts by group in the order of a Go map, another one each time.
            key === "alerts" && Array.isArray(value)
            ? value.sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1))
            : value,
      ),
    );
  expect(withoutTimes(apiAnswers[0]![i])).toEqual(withoutTimes(apiAnswers[1]![i]));
});
