/**
 * Verdicts and words about thousands of configurations beside `amtool check-config`: each field of each receiver, of the
 * global section and of an HTTP client with values of every kind, and what depends on several fields.
 */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAlertmanagerConfig, matcherSyntax } from "../../src/alertmanager/index.js";
import { errorMessage } from "../../src/base/index.js";
import { peerBinary } from "./peer-binary.js";

/** A receiver of each kind with what it must have. */
const RECEIVERS: Readonly<Record<string, string>> = {
  webhook: "url: http://x",
  email: "to: a@b, from: c@d, smarthost: 'h:25'",
  pagerduty: "routing_key: k",
  slack: "api_url: http://x, channel: c",
  wechat: "api_secret: s, corp_id: c",
  opsgenie: "api_key: k",
  victorops: "api_key: k, routing_key: r",
  pushover: "user_key: u, token: t",
  sns: "topic_arn: a, sigv4: {region: r}",
  telegram: "bot_token: t, chat_id: 5",
  webex: "room_id: r, http_config: {authorization: {credentials: x}}",
  discord: "webhook_url: http://x",
  msteams: "webhook_url: http://x",
  msteamsv2: "webhook_url: http://x",
  jira: "api_url: http://x, project: p, issue_type: t",
  rocketchat: "token: t, token_id: i, channel: c",
  mattermost: "webhook_url: http://x",
  incidentio: "url: http://x, alert_source_token: t",
};

/** All names of fields of receivers: amtool knows which of them are whose. */
const FIELDS = (
  "url url_file max_alerts timeout payload to from hello smarthost auth_username auth_password auth_password_file auth_secret " +
  "auth_identity headers html text require_tls tls_config force_implicit_tls threading service_key service_key_file " +
  "routing_key routing_key_file client details images links source severity class component group description api_url " +
  "api_url_file app_token channel username color title fields short_fields actions update_message api_secret corp_id " +
  "message message_type agent_id to_party api_key api_key_file responders tags note priority update_alerts entity " +
  "custom_fields state_message user_key user_key_file token token_file retry expire ttl html monospace sigv4 topic_arn " +
  "phone_number target_arn subject attributes bot_token bot_token_file chat_id chat_id_file message_thread_id parse_mode " +
  "room_id webhook_url webhook_url_file content avatar_url summary project api_type labels issue_type reopen_transition " +
  "reopen_duration token_id token_id_file emoji link_names attachments props alert_source_token " +
  "alert_source_token_file send_resolved http_config unknown"
).split(" ");

const VALUES = [
  ...["''", "5", "1.5", "true", "null", "[a]", "{}", "{a: b}", "http://u.v/w", "<secret>", "1h30m", "'{{ .Status }}'"],
  ...["[{}]", "'5'", "1e3", "99999999999999999999"],
];

/** More of one receiver: what several fields, or the inside of one, must be. */
const MORE: readonly string[] = [
  ...["actions: [{type: t}]", "actions: [{type: t, text: x, url: u}]", "fields: [{title: t}]"].map((s) => `slack ${s}`),
  ...["actions: [{type: t, text: x, name: n, confirm: {}}]", "app_token: t", "update_message: true"].map(
    (s) => `slack ${s}`,
  ),
  ...["images: [{}]", "links: [{href: h}]", "details: {a: {b: [1]}}", "service_key: k"].map((s) => `pagerduty ${s}`),
  ...["responders: [{id: x}]", "responders: [{id: x, type: nope}]", "responders: [{name: x, type: TEAMS}]"].map(
    (s) => `opsgenie ${s}`,
  ),
  ...["custom_fields: {message_type: x}", "custom_fields: {routing_key: x}"].map((s) => `victorops ${s}`),
  ...["html: true, monospace: true", "ttl: 1d"].map((s) => `pushover ${s}`),
  ...["phone_number: p", "target_arn: a", "attributes: {a: b}"].map((s) => `sns ${s}`),
  ...["parse_mode: HTML", "parse_mode: zzz", "message_thread_id: 5"].map((s) => `telegram ${s}`),
  ...["summary: {template: x}", "summary: s", "api_type: cloud", "api_type: zzz"].map((s) => `jira ${s}`),
  ...["token_file: f", "token_id_file: f", "actions: [{}]"].map((s) => `rocketchat ${s}`),
  ...["fields: [{}]", "priority: {priority: x}", "attachments: [{fields: [{}]}]"].map((s) => `mattermost ${s}`),
  ...["url_file: f", "alert_source_token_file: f", "timeout: 5s"].map((s) => `incidentio ${s}`),
  ...["headers: {a: b, A: c}", "threading: {enabled: true}", "auth_password: a, auth_password_file: b"].map(
    (s) => `email ${s}`,
  ),
  ...["threading: {enabled: true, thread_by_date: daily}, headers: {references: x}", "tls_config: {cert_file: a}"].map(
    (s) => `email ${s}`,
  ),
];

const HTTP_CONFIGS = [
  ...[
    "{basic_auth: {}}",
    "{basic_auth: {username: u, password: p, password_file: f}}",
    "{bearer_token: a, bearer_token_file: b}",
  ],
  ...[
    "{authorization: {type: Basic, credentials: c}}",
    "{authorization: {credentials: c}, bearer_token: x}",
    "{oauth2: {}}",
  ],
  ...["{oauth2: {client_id: i, token_url: http://t}, basic_auth: {username: u}}", "{proxy_url: x y}", "{no_proxy: a}"],
  ...[
    "{proxy_from_environment: true, proxy_url: http://p}",
    "{proxy_connect_header: {a: [b]}}",
    "{http_headers: {a: b}}",
  ],
  ...["{tls_config: {min_version: TLS10}}", "{http_headers: {Authorization: {values: [b]}}}", "{nope: 1}"],
];

const ROUTES = [
  ...["{}", "{receiver: z}", "{receiver: r, matchers: [a=b]}", "{receiver: r, mute_time_intervals: [t]}", "null", "[]"],
  ...["{receiver: r, group_by: [a, a]}", "{receiver: r, group_by: ['...', a]}", "{receiver: r, group_by: ['']}"],
  ...["{receiver: r, group_interval: 0s}", "{receiver: r, repeat_interval: 0s}", "{receiver: r, group_wait: x}"],
  ...["[{receiver: z}]", "[{match: {'a b': b}}]", "[{match_re: {a: '('}}]", "[{matchers: [a]}]", "[{matchers: x}]"].map(
    (routes) => `{receiver: r, routes: ${routes}}`,
  ),
  ...["[{active_time_intervals: [zz]}]", "[{continue: x}]", "[{group_by: [b, b]}]"].map(
    (r) => `{receiver: r, routes: ${r}}`,
  ),
];

const SECTIONS = [
  ...["[{}]", "[{source_match: {'a b': b}}]", "[{source_matchers: ['a=~(']}]", "[{equal: ['']}]", "[{nope: 1}]"].map(
    (rules) => `inhibit_rules: ${rules}`,
  ),
  ...["{}", "{client_type: x}", "{endpoint: x, compression: zz}", "{endpoint: x, headers: {a: b}}"].map(
    (s) => `tracing: ${s}`,
  ),
  ...[
    "{}",
    "{nope: 1}",
    "{file_outputs: [{}]}",
    "{webhook_outputs: [{url: x}]}",
    "{webhook_outputs: [{url: http://x}]}",
  ].map((s) => `event_recorder: ${s}`),
  "templates: x",
  "nope: 1",
];

const INTERVALS = [
  ...[
    "times: [{}]",
    "times: [{start_time: '9:00', end_time: '10:00'}]",
    "times: [{start_time: '09:00', end_time: '24:00'}]",
  ],
  ...[
    "times: [{start_time: '10:00', end_time: '09:00'}]",
    "weekdays: ['monday:friday']",
    "weekdays: ['friday:monday']",
  ],
  ...[
    "weekdays: [x]",
    "days_of_month: ['-5:-1']",
    "days_of_month: ['5:1']",
    "days_of_month: ['0']",
    "days_of_month: ['1:x']",
  ],
  ...[
    "months: ['january:march']",
    "months: ['13']",
    "years: ['2022:2020']",
    "years: ['x']",
    "location: X/Y",
    "location: Local",
  ],
];

/** A list of fields in flow form, one of them with another value or none. */
function withField(fields: string, name: string, value: string): string {
  const kept = fields.split(/, (?=[a-z_0-9]+:)/).filter((field) => !field.startsWith(`${name}:`));
  return [...kept, `${name}: ${value}`].join(", ");
}

function receiverFile(kind: string, fields: string): string {
  return `route: {receiver: r}\nreceivers:\n- name: r\n  ${kind}_configs:\n  - {${fields}}\n`;
}

const AROUND = "receivers: [{name: r}]\ntime_intervals: [{name: t, time_intervals: []}]\n";

function* files(): Generator<string> {
  for (const [kind, base] of Object.entries(RECEIVERS)) {
    yield receiverFile(kind, "");
    yield receiverFile(kind, base);
    for (const name of new Set(FIELDS)) {
      const source = receiverFile(kind, withField(base, name, "x"));
      yield source;
      // A field that is not of this receiver is one, whatever its value.
      if (ownVerdict(source).includes(`field ${name} not found`)) continue;
      for (const value of VALUES) yield receiverFile(kind, withField(base, name, value));
    }
  }
  for (const line of MORE) {
    const [kind = "", ...rest] = line.split(" ");
    const more = rest.join(" ");
    yield receiverFile(
      kind,
      `${withField(RECEIVERS[kind]!, more.split(":")[0]!, "").replace(/, [a-z_0-9]+: $/, "")}, ${more}`,
    );
  }
  for (const client of HTTP_CONFIGS) {
    yield receiverFile("webhook", `url: http://x, http_config: ${client}`);
    yield `global: {http_config: ${client}}\nroute: {receiver: r}\n${AROUND}`;
  }
  for (const route of ROUTES) yield `route: ${route}\n${AROUND}`;
  for (const section of SECTIONS) yield `route: {receiver: r}\n${AROUND}${section}\n`;
  for (const interval of INTERVALS) {
    yield `route: {receiver: r}\nreceivers: [{name: r}]\ntime_intervals: [{name: a, time_intervals: [{${interval}}]}]\n`;
  }
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "am-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What amtool says of each file: nothing where it is good. */
function realVerdicts(names: readonly string[]): ReadonlyMap<string, string> {
  const options: ExecFileSyncOptionsWithStringEncoding = {
    encoding: "utf8",
    cwd: folder,
    maxBuffer: 1e9,
    stdio: "pipe",
  };
  let output: string;
  try {
    output = execFileSync(peerBinary("amtool"), ["check-config", ...names], options);
  } catch (error) {
    // It ends with 1 where a file is wrong.
    output = (error as { readonly stdout: string }).stdout;
  }
  const verdicts = new Map<string, string>();
  for (const part of output.split(/^Checking '/m).slice(1)) {
    const said = part.slice(part.indexOf("'") + 1).trim();
    verdicts.set(
      part.slice(0, part.indexOf("'")),
      said.startsWith("FAILED: ") ? said.slice("FAILED: ".length).trim() : "",
    );
  }
  return verdicts;
}

/** Without the place in the file, which amtool does not know. */
function ownVerdict(source: string): string {
  try {
    loadAlertmanagerConfig(source, folder, matcherSyntax("fallback"));
    return "";
  } catch (error) {
    return errorMessage(error)
      .replace(/ \(line \d+[^)]*\)$/, "")
      .trim();
  }
}

/** Where YAML itself is wrong, or the value of a field may be one of two kinds, the words are our own. */
function isInOwnWords(source: string, said: string): boolean {
  return /^yaml: line/.test(said) || /(?:summary|description): [[{]/.test(source);
}

test("verdicts and words are amtool's", () => {
  const sources = [...new Set(files())];
  const names = sources.map((_, i) => `${i}.yml`);
  for (const [i, source] of sources.entries()) writeFileSync(join(folder, names[i]!), source);
  const differences: object[] = [];
  for (let from = 0; from < names.length; from += 1000) {
    const verdicts = realVerdicts(names.slice(from, from + 1000));
    for (const [name, real] of verdicts) {
      const source = sources[Number.parseInt(name, 10)]!;
      const own = ownVerdict(source);
      const isSame = isInOwnWords(source, real) ? (real === "") === (own === "") : real === own;
      if (!isSame) differences.push({ source, real, own });
    }
    expect(verdicts.size).toBe(Math.min(1000, names.length - from));
  }
  expect(sources.length).toBeGreaterThan(3000);
  expect(differences).toEqual([]);
});
