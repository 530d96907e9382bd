/**
 * Vestal's Alertmanager beside the real one: the same configuration and the same alerts at the same times into both, and the
 * same notifications out of both, in the same order: method, path, the headers that matter, the body.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { SERVER_CERTIFICATE, SERVER_KEY } from "../doubles/certificates.js";
import { type Case, CASES as FIRST_CASES, type Step } from "./alertmanager-cases.js";
import { MORE_CASES, MORE_INTERVALS } from "./alertmanager-more-cases.js";
import { type Mail, startMail } from "./mail-double.js";
import { peerBinary } from "./peer-binary.js";

type Side = "real" | "vestal";

const CASES: readonly Case[] = [...FIRST_CASES, ...MORE_CASES];

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const HEADERS = [
  "x-one",
  "content-type",
  "user-agent",
  "authorization",
  "x-auth-token",
  "x-user-id",
  "accept-language",
];
/** The last step of any case is before this; two group intervals and a retry later all is told. */
const WATCH_MS = 18_000;
/** Everything takes twice the time that the cases say, so that a busy machine does not change what happens. */
const SLOWNESS = 2;
const STAGGER_MS = 60;
/** Alerts begin a little later than they are posted: an old one would be told at once, before others join it. */
const BEGINS_AFTER_MS = 1000;

/** Behind the answers that a case gives, where another would be a refusal, which is tried again as often as time allows. */
const GOOD_ANSWERS: Readonly<Record<string, NonNullable<Case["answers"]>[number]>> = {
  slack: { status: 200, body: "ok" },
  telegram: {
    status: 200,
    body: '{"ok":true,"result":{"message_id":1,"chat":{"id":1}}}',
    type: "application/json",
  },
  rocketchat: { status: 200, body: '{"success":true}', type: "application/json" },
};

const seen = new Map<string, Seen[]>();
let folder = "";
let recorder: HttpServer;
let mail: ReturnType<typeof startMail>;
const servers: HttpServer[] = [];
const proxied = new Set<Socket>();
const children: ChildProcess[] = [];
const urls = new Map<Side, string>();
const secrets = { real: "real", vestal: "vestal" } as const;

function record(side: Side, name: string, entry: Seen): number {
  const key = `${side} ${name}`;
  const list = seen.get(key) ?? [];
  seen.set(key, list);
  list.push(entry);
  return list.length - 1;
}

/** `/real/CASE/…`: where a request comes from and to which case it belongs. */
function startRecorder(): HttpServer {
  return createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [, side, name = "", ...rest] = (request.url ?? "").split("/") as [string, Side, string, ...string[]];
      const caseName = name.split("?")[0]!;
      const text = Buffer.concat(parts).toString();
      const type = request.headers["content-type"] ?? "";
      const headers = Object.fromEntries(
        HEADERS.flatMap((header) => {
          const value = request.headers[header];
          return value === undefined ? [] : [[header, String(value)]];
        }),
      );
      // A signature covers the time, and each SDK names itself.
      if (caseName.startsWith("sns")) {
        headers["authorization"] = headers["authorization"]?.replace(/\/\d{8}\/|SignedHeaders=.*/g, "") ?? "";
        delete headers["user-agent"];
      }
      // The library that the real one uses for it names nobody.
      if (caseName.startsWith("telegram") || caseName.startsWith("jira")) delete headers["user-agent"];
      const body =
        type.includes("json") && text !== ""
          ? (JSON.parse(text) as unknown)
          : type.includes("form")
            ? Object.fromEntries([...new URLSearchParams(text)].sort())
            : text;
      const index = record(side, caseName, { method: request.method ?? "", path: `/${rest.join("/")}`, headers, body });
      const given = CASES.find((item) => item.name === caseName)?.answers?.[index];
      const answer = given ?? GOOD_ANSWERS[caseName.split("-")[0]!] ?? { status: 200 };
      response.writeHead(answer.status, answer.type === undefined ? {} : { "Content-Type": answer.type });
      response.end(answer.body ?? "");
    });
  });
}

/** A proxy to hosts whose names are fixed: each CONNECT ends in one server of ours, with a certificate of ours. */
function startFixedHosts(side: Side): Promise<number> {
  const hosts = createHttpsServer({ cert: SERVER_CERTIFICATE, key: SERVER_KEY }, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const url = request.url ?? "";
      const isPagerduty = request.headers.host?.startsWith("events.pagerduty.com") === true;
      const name = isPagerduty ? "pagerduty-v1" : url.includes("token=html") ? "pushover-html" : "pushover";
      const headers = { host: String(request.headers.host), "content-type": String(request.headers["content-type"]) };
      const body = text === "" ? "" : (JSON.parse(text) as unknown);
      const index = record(side, name, { method: request.method ?? "", path: url, headers, body });
      response.writeHead(CASES.find((item) => item.name === name)?.answers?.[index]?.status ?? 200).end("{}");
    });
  });
  const proxy = createHttpServer().on("connect", (_request, socket: Socket) => {
    const { port } = hosts.address() as AddressInfo;
    const inner = connect({ host: "127.0.0.1", port }, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const [from, to] of [
      [inner, socket],
      [socket, inner],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
    proxied.add(socket);
  });
  servers.push(hosts, proxy);
  return new Promise((resolve) => {
    hosts.listen(0, "127.0.0.1", () =>
      proxy.listen(0, "127.0.0.1", () => resolve((proxy.address() as AddressInfo).port)),
    );
  });
}

function decodePart(part: string): { readonly headers: string[]; readonly text: string } {
  const [head = "", ...body] = part.split("\n\n");
  const joined = body.join("\n\n").replace(/=\n/g, "");
  const bytes = joined.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers: head.split("\n").filter(Boolean).sort(), text: Buffer.from(bytes, "latin1").toString("utf8") };
}

/** By headers without those that differ each time, and decoded parts. */
function onMail({ said, lines }: Mail): void {
  const whole = lines.join("\n");
  const at = whole.indexOf("\n\n");
  const headers = whole.slice(0, at).split("\n").sort();
  const boundary = /boundary=(\S+)/.exec(whole)?.[1] ?? "";
  const side = headers.find((line) => line.startsWith("From:"))?.includes("real") === true ? "real" : "vestal";
  const parts = whole
    .slice(at + 2)
    .split(`--${boundary}`)
    .map((part) => part.replace(/^\n|\n$/g, ""))
    .filter((part) => part !== "" && !part.startsWith("--"))
    .map(decodePart);
  const name = headers.find((line) => line.startsWith("X-Case:"))?.slice("X-Case: ".length) ?? "email";
  record(side, name, {
    method: "MAIL",
    path: said.join(" ").replaceAll("REAL", "SIDE").replaceAll("VESTAL", "SIDE"),
    headers: Object.fromEntries(
      headers
        .filter((line) => !/^(?:Date|Message-Id|Content-Type):/i.test(line))
        .map((line) => [line.split(":")[0]!, line.replace(/real|vestal/g, "SIDE")]),
    ),
    body: parts,
  });
}

function configOf(side: Side, port: number, mailPort: number, proxyPort: number): string {
  const base = (item: Case): string => `http://127.0.0.1:${port}/${side}/${item.name}`;
  const smtp = `127.0.0.1:${mailPort}`;
  const hook = (item: Case): string => `webhook_configs: [{url: "${base(item)}"}]`;
  const routes = CASES.map((item) => {
    const children = item.routes === undefined ? "" : `\n      routes:\n      ${item.routes}`;
    const more = (item.route ?? "").replace(/, (?=[a-z_]+:)/g, "\n      ");
    return `    - matchers: ['case="${item.name}"']\n      receiver: ${item.name}${more === "" ? "" : `\n      ${more}`}${children}`;
  });
  const receivers = CASES.flatMap((item) => [
    `- {name: ${item.name}, ${(item.receiver?.(base(item), smtp, `http://127.0.0.1:${proxyPort}`) ?? hook(item))
      .replaceAll("am@x.org", `${side}@x.org`)
      .replaceAll("SMTPS", `127.0.0.1:${(mail.tls.address() as AddressInfo).port}`)
      .replaceAll("FOLDER/url-of", `${folder}/${side}-url-of`)
      .replaceAll("FOLDER", folder)}}`,
    ...(item.receivers === undefined ? [] : [item.receivers(base(item))]),
  ]);
  return `global: {resolve_timeout: 1h}
route:
  receiver: nobody
  group_by: [case]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
${routes.join("\n")}
receivers:
- name: nobody
${receivers.join("\n")}
inhibit_rules:
- {source_matchers: ['role="source"'], target_matchers: ['severity="info"', 'case=~"inhib.*"'], equal: [case, job]}
time_intervals:
- {name: never, time_intervals: [{years: ['1990:1991']}]}
- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}], location: Europe/Berlin}]}
${MORE_INTERVALS.map((interval) => `- ${interval}`).join("\n")}
templates: ['${folder}/*.tmpl']
`;
}

async function start(side: Side, port: number, mailPort: number): Promise<void> {
  const file = join(folder, `${side}.yml`);
  for (const { name } of CASES) {
    writeFileSync(join(folder, `${side}-url-of-${name}`), `http://127.0.0.1:${port}/${side}/${name}\n`);
  }
  writeFileSync(file, configOf(side, port, mailPort, await startFixedHosts(side)));
  const webPort = await freePort();
  const args = [
    `--config.file=${file}`,
    `--storage.path=${join(folder, side)}`,
    `--web.listen-address=127.0.0.1:${webPort}`,
    "--web.external-url=http://am.example/prefix",
    "--web.route-prefix=/",
    "--cluster.listen-address=",
    "--log.level=debug",
  ];
  const [program, first] =
    side === "real"
      ? [peerBinary("prometheus-alertmanager"), []]
      : [process.execPath, [join(packageRoot(), "bin", "vestal"), "alertmanager"]];
  const child = spawn(program, [...first, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (log += part.toString()));
  const url = `http://127.0.0.1:${webPort}`;
  urls.set(side, url);
  for (let i = 0; ; i++) {
    const isReady = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    if (i > 100 || child.exitCode !== null) throw new Error(`${side} does not start:\n${log}`);
    await sleep(100);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const silenceIds = new Map<string, string>();

async function send(side: Side, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await fetch(`${urls.get(side)}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${side} ${method} ${path}: ${answer.status} ${text}`);
  return text;
}

/** The same body to both, with times of this moment. */
async function perform(item: Case, step: Step, startedMs: number): Promise<void> {
  const now = new Date();
  const label = { case: item.name };
  const to = async (side: Side): Promise<void> => {
    if ("alerts" in step) {
      const alerts = step.alerts.map(({ endsIn, ...alert }) => ({
        ...alert,
        labels: { ...alert.labels, ...label },
        startsAt: new Date(startedMs + BEGINS_AFTER_MS).toISOString(),
        ...(endsIn !== undefined && { endsAt: new Date(now.getTime() + endsIn * 1000 * SLOWNESS).toISOString() }),
      }));
      await send(side, "POST", "/api/v2/alerts", alerts);
    } else if ("silence" in step) {
      const matchers = Object.entries({ ...step.silence, ...label }).map(([name, value]) => ({
        name: name.replace(/[~!]/g, ""),
        value,
        isRegex: name.endsWith("~"),
        isEqual: !name.includes("!"),
      }));
      const times = {
        startsAt: now.toISOString(),
        endsAt: new Date(now.getTime() + step.forSeconds * 1000 * SLOWNESS).toISOString(),
      };
      const text = await send(side, "POST", "/api/v2/silences", {
        matchers,
        ...times,
        createdBy: "test",
        comment: "test",
      });
      silenceIds.set(`${side} ${item.name}`, (JSON.parse(text) as { silenceID: string }).silenceID);
    } else await send(side, "DELETE", `/api/v2/silence/${silenceIds.get(`${side} ${item.name}`)}`);
  };
  await Promise.all((["real", "vestal"] as const).map(to));
}

async function play(item: Case): Promise<void> {
  const startedMs = Date.now();
  for (const step of item.steps) {
    await sleep(startedMs + step.at * 1000 * SLOWNESS - Date.now());
    await perform(item, step, startedMs);
  }
  await sleep(startedMs + WATCH_MS - Date.now());
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "am-peers-"));
  writeFileSync(
    join(folder, "own.tmpl"),
    '{{ define "own" }}[{{ .Status | toUpper }}] {{ .GroupLabels.SortedPairs.Values | join " " }} {{ range $i, $a := .Alerts }}{{ $i }}:{{ $a.Labels.instance }},{{ end }}{{ end }}',
  );
  writeFileSync(join(folder, "secret"), "from-a-file\n");
  writeFileSync(join(folder, "chat"), "-77\n");
  recorder = startRecorder();
  mail = startMail(onMail);
  await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => mail.plain.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => mail.tls.listen(0, "127.0.0.1", resolve));
  const ports = [recorder, mail.plain].map((server) => (server.address() as AddressInfo).port) as [number, number];
  await Promise.all([start("real", ...ports), start("vestal", ...ports)]);
  // One after the other begins, so that a busy machine need not tell of all at one moment.
  await Promise.all(CASES.map((item, i) => sleep(i * STAGGER_MS).then(() => play(item))));
}, 90_000);

afterAll(async () => {
  for (const child of children) {
    child.kill("SIGKILL");
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(0),
    );
  }
  for (const socket of proxied) socket.destroy();
  for (const server of [recorder, ...servers]) {
    server.closeAllConnections();
    server.close();
  }
  mail.plain.close();
  mail.tls.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A side's name in URLs and addresses is no difference. */
function normal(side: Side, name: string): unknown {
  // Groups are told beside each other: only within one is there an order.
  const groupOf = ({ path, body }: Seen): string => {
    const key = typeof body === "object" && body !== null && "groupKey" in body ? String(body.groupKey) : "";
    return `${key} ${key === "" ? "" : path}`;
  };
  const entries = (seen.get(`${side} ${name}`) ?? []).toSorted((a, b) =>
    groupOf(a) < groupOf(b) ? -1 : groupOf(a) > groupOf(b) ? 1 : 0,
  );
  // One that repeats without end may just have been told once more: the first ones count.
  const isEndless = name.startsWith("repeat");
  const text = JSON.stringify(isEndless ? entries.slice(0, 3) : entries);
  return JSON.parse(text.replaceAll(secrets[side], "SIDE"));
}

describe("the real Alertmanager and Vestal's tell the same", () => {
  test.each(CASES.map(({ name }) => name))("%s", (name) => {
    expect(normal("vestal", name)).toEqual(normal("real", name));
  });

  test("nearly every case was told something", () => {
    const silent = CASES.filter(({ name }) => !seen.has(`real ${name}`)).map(({ name }) => name);
    expect(silent).toEqual([
      ...["resolves-in-group-wait", "muted-by-time", "inactive-by-time", "resolved-unknown"],
      ...["muted-around-now", "muted-on-this-day", "active-but-muted", "email-needs-tls"],
    ]);
  });

  test("the API shows the same alerts, groups, silences, receivers and configuration", async () => {
    const get = async (side: Side, path: string): Promise<unknown> => {
      const value = JSON.parse(await send(side, "GET", path)) as unknown;
      const text = JSON.stringify(value)
        .replaceAll(secrets[side], "SIDE")
        .replace(/"(?:updatedAt|id|endsAt|startsAt)":"[^"]*"/g, '""')
        .replace(/"silencedBy":\["[^"]*"\]/g, '"silencedBy":["ID"]');
      return text;
    };
    for (const path of [
      "/api/v2/receivers",
      "/api/v2/alerts?filter=instance%3D%22h%3A1%22&active=false",
      "/api/v2/alerts?receiver=joins|continue",
      "/api/v2/alerts/groups?receiver=group.*",
      "/api/v2/silences?filter=instance%3D%22h%3A1%22",
    ]) {
      expect(await get("vestal", path), path).toEqual(await get("real", path));
    }
    const config = async (side: Side): Promise<string> => {
      const { config: shown } = JSON.parse(await send(side, "GET", "/api/v2/status")) as {
        config: { original: string };
      };
      return (
        shown.original
          .replaceAll(secrets[side], "SIDE")
          .replace(/proxy_url: .*/g, "proxy_url")
          // The real one writes its default into the configuration with the first notification.
          .replace(/^ *severity: error\n/gm, "")
      );
    };
    expect(await config("vestal")).toBe(await config("real"));
  });
});
