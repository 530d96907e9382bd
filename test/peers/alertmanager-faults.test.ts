/**
 * What integrations make of answers that are no success, beside the real Alertmanager: how often each asks, whether it tries again,
 * and the words of its log. Each case is a receiver; its first request gets the fault, later ones get what is a success.
 */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { killAll, makeFolder, removeFolder, type Server, startAlertmanager, waitUntil } from "./harness.js";

type Side = "real" | "vestal";

const SIDES: readonly Side[] = ["real", "vestal"];

interface Kind {
  readonly section: string;
  /** Of the receiver, given where it sends to. */
  readonly config: (url: string) => Readonly<Record<string, unknown>>;
  /** The field in which a template may be wrong. */
  readonly text: string;
  /** The field of a file with a secret, and the one that it stands for. */
  readonly secret?: readonly [file: string, value: string];
  /** A success's body, where any other is a refusal. */
  readonly good?: string;
}

const bearer = { authorization: { credentials: "t" } };
const SNS_GOOD =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
const KINDS: Readonly<Record<string, Kind>> = {
  webhook: {
    section: "webhook_configs",
    config: (url) => ({ url, payload: { t: "x" } }),
    text: "payload",
    secret: ["url_file", "url"],
  },
  slack: {
    section: "slack_configs",
    config: (api_url) => ({ api_url, channel: "#a" }),
    text: "text",
    secret: ["api_url_file", "api_url"],
    good: "ok",
  },
  slackapp: {
    section: "slack_configs",
    config: (app_url) => ({ app_url, app_token: "t", channel: "#a" }),
    text: "title",
    secret: ["app_token_file", "app_token"],
    good: '{"ok":true,"ts":"1.2","channel":"C"}',
  },
  pagerduty: {
    section: "pagerduty_configs",
    config: (url) => ({ url, routing_key: "k" }),
    text: "description",
    secret: ["routing_key_file", "routing_key"],
  },
  opsgenie: {
    section: "opsgenie_configs",
    config: (url) => ({ api_url: `${url}/`, api_key: "k" }),
    text: "message",
    secret: ["api_key_file", "api_key"],
  },
  victorops: {
    section: "victorops_configs",
    config: (url) => ({ api_url: `${url}/`, api_key: "k", routing_key: "r" }),
    text: "state_message",
    secret: ["api_key_file", "api_key"],
  },
  discord: {
    section: "discord_configs",
    config: (webhook_url) => ({ webhook_url }),
    text: "message",
    secret: ["webhook_url_file", "webhook_url"],
  },
  msteams: {
    section: "msteams_configs",
    config: (webhook_url) => ({ webhook_url }),
    text: "text",
    secret: ["webhook_url_file", "webhook_url"],
  },
  msteamsv2: {
    section: "msteamsv2_configs",
    config: (webhook_url) => ({ webhook_url }),
    text: "text",
    secret: ["webhook_url_file", "webhook_url"],
  },
  webex: {
    section: "webex_configs",
    config: (api_url) => ({ api_url, room_id: "r", http_config: bearer }),
    text: "message",
  },
  wechat: {
    section: "wechat_configs",
    config: (url) => ({ api_url: `${url}/`, api_secret: "s", corp_id: "c" }),
    text: "message",
    secret: ["api_secret_file", "api_secret"],
    good: '{"access_token":"t","errcode":0}',
  },
  telegram: {
    section: "telegram_configs",
    config: (api_url) => ({ api_url, bot_token: "b", chat_id: 5 }),
    text: "message",
    secret: ["bot_token_file", "bot_token"],
    good: '{"ok":true,"result":{"message_id":1,"chat":{"id":1}}}',
  },
  jira: {
    section: "jira_configs",
    config: (api_url) => ({ api_url, project: "P", issue_type: "Bug" }),
    text: "summary",
    good: '{"issues":[]}',
  },
  rocketchat: {
    section: "rocketchat_configs",
    config: (api_url) => ({ api_url, token: "t", token_id: "i", channel: "#c" }),
    // A missing file of its token refuses the whole configuration.
    text: "text",
    good: '{"success":true}',
  },
  mattermost: {
    section: "mattermost_configs",
    config: (webhook_url) => ({ webhook_url }),
    text: "text",
    secret: ["webhook_url_file", "webhook_url"],
  },
  incidentio: { section: "incidentio_configs", config: (url) => ({ url, alert_source_token: "t" }), text: "" },
  sns: {
    section: "sns_configs",
    config: (api_url) => ({
      api_url,
      sigv4: { region: "r", access_key: "a", secret_key: "s" },
      topic_arn: "arn:aws:sns:r:1:t",
    }),
    text: "message",
    good: SNS_GOOD,
  },
};

interface Fault {
  readonly status?: number;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends without an answer. */
  readonly isCut?: boolean;
}

const status = (code: number): readonly [string, Fault] => [String(code), { status: code, body: "the <reason> is ü" }];
const FAULTS: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries([400, 401, 403, 404, 408, 413, 422, 500, 502, 503].map(status)),
  "429": {
    status: 429,
    body: '{"message":"slow down","retry_after":0.1}',
    type: "application/json",
    headers: { "Retry-After": "1" },
  },
  "400-json": {
    status: 400,
    body: '{"message":"m","error":"e","errors":["x","y"],"status":"s","ok":false}',
    type: "application/json",
  },
  "404-empty": { status: 404 },
  "304": { status: 304 },
  "307": { status: 307, headers: { Location: "moved" } },
  "302": { status: 302, headers: { Location: "moved" } },
  cut: { isCut: true },
  nonsense: { status: 200, body: "<html>" },
  "refused-json": {
    status: 200,
    body: '{"ok":false,"success":false,"error":"no_way","errcode":7,"errmsg":"no"}',
    type: "application/json",
  },
};
/** What comes of the configuration, not of an answer. */
const OWN_FAULTS = ["template", "secret"];

const folder = makeFolder();
const counts = new Map<string, string[]>();
const servers = new Map<Side, Server>();
let recorder: HttpServer;

const NAMES = Object.entries(KINDS).flatMap(([kind, { text, secret }]) => [
  ...Object.keys(FAULTS).map((fault) => `${kind}-${fault}`),
  ...OWN_FAULTS.filter((fault) => (fault === "secret" ? secret !== undefined : text !== "")).map(
    (fault) => `${kind}-${fault}`,
  ),
]);

function parts(name: string): readonly [kind: string, fault: string] {
  const at = name.indexOf("-");
  return [name.slice(0, at), name.slice(at + 1)];
}

function receiver(side: Side, name: string, port: number): object {
  const [kind, fault] = parts(name);
  const { section, config, text, secret } = KINDS[kind]!;
  const made: Record<string, unknown> = { ...config(`http://127.0.0.1:${port}/${side}/${name}`) };
  if (fault === "template")
    made[text] = kind === "webhook" ? { t: '{{ template "nope" . }}' } : '{{ template "nope" . }}';
  if (fault === "secret" && secret !== undefined) {
    delete made[secret[1]];
    made[secret[0]] = "/nowhere/at-all";
  }
  return { name, [section]: [made] };
}

function startRecorder(): HttpServer {
  return createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const [, side = "", whole = "", ...rest] = (request.url ?? "").split("/");
      const name = whole.split("?")[0] ?? "";
      const key = `${side} ${name}`;
      const list = counts.get(key) ?? [];
      counts.set(key, list);
      list.push(`${request.method} ${rest.join("/")}`);
      const [kind, faultName] = parts(name);
      const fault = list.length === 1 ? FAULTS[faultName] : undefined;
      if (fault?.isCut === true) {
        request.socket.destroy();
        return;
      }
      const good = KINDS[kind]?.good ?? "{}";
      const type = good.startsWith("{") ? "application/json" : good.startsWith("<") ? "text/xml" : "text/plain";
      response.writeHead(fault?.status ?? 200, {
        "content-type": fault?.type ?? (fault === undefined ? type : "text/plain"),
        ...fault?.headers,
      });
      response.end(fault === undefined ? good : fault.body);
    });
  });
}

/** The errors that a side has logged of a receiver, without what differs between two processes. */
function logged(side: Side, name: string): string[] {
  const lines = (servers.get(side)?.log() ?? "")
    .split("\n")
    .filter((line) => line.includes(`case=\\"${name}\\"`) || line.includes(`receiver=${name} `));
  return lines.flatMap((line) => {
    const level = /level=(\w+)/.exec(line)?.[1]?.toLowerCase();
    if (level !== "warn" && level !== "error") return [];
    const said = /\berr="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? /\berr=(\S+)/.exec(line)?.[1] ?? "";
    return [`${level} ${said.replaceAll(side, "SIDE").replace(/127\.0\.0\.1:\d+/g, "ADDRESS")}`];
  });
}

beforeAll(async () => {
  recorder = startRecorder();
  await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
  const { port } = recorder.address() as AddressInfo;
  await Promise.all(
    SIDES.map(async (side) => {
      const config = {
        route: {
          receiver: "nobody",
          group_by: ["case"],
          group_wait: "500ms",
          group_interval: "1h",
          routes: NAMES.map((name) => ({ receiver: name, matchers: [`case="${name}"`] })),
        },
        receivers: [{ name: "nobody" }, ...NAMES.map((name) => receiver(side, name, port))],
      };
      const server = await startAlertmanager(side, folder, JSON.stringify(config));
      servers.set(side, server);
      const alerts = NAMES.map((name) => ({ labels: { alertname: "A", case: name }, annotations: { summary: "s" } }));
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${server.url}/api/v2/alerts`, {
        method: "POST",
        headers,
        body: JSON.stringify(alerts),
      });
      expect(answer.status).toBe(200);
    }),
  );
  const isAsked = (name: string): boolean =>
    FAULTS[parts(name)[1]] === undefined || SIDES.every((side) => counts.has(`${side} ${name}`));
  await waitUntil("every receiver is asked", 60_000, async () => NAMES.every(isAsked));
  // A second attempt comes within 0.75 s, a third a little later: nothing has come for longer than that.
  let [before, quietSince] = [0, Date.now()];
  await waitUntil("all is told", 60_000, async () => {
    const now = [...counts.values()].reduce((sum, list) => sum + list.length, 0);
    if (now !== before) [before, quietSince] = [now, Date.now()];
    return Date.now() - quietSince > 5000;
  });
}, 150_000);

afterAll(async () => {
  await killAll();
  recorder.closeAllConnections();
  recorder.close();
  removeFolder(folder);
});

test.each(NAMES)("%s: the same requests", (name) => {
  expect(counts.get(`vestal ${name}`)).toEqual(counts.get(`real ${name}`));
});

/** The SDK of SNS tries again by itself, in silence, where the connection or the service failed. */
const SILENT = new Set(["sns-500", "sns-502", "sns-503", "sns-cut"]);

test.each(NAMES.filter((name) => !SILENT.has(name)))("%s: the same words", (name) => {
  expect(logged("vestal", name)).toEqual(logged("real", name));
});
