/**
 * The cases of the comparison with the real Alertmanager: each has a route of its own under the label `case`, receivers of
 * its own, and what is posted at which time. All run in one pair of processes.
 */

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly generatorURL?: string;
  /** Seconds from now; without it the alert fires until it times out. */
  readonly endsIn?: number;
}

export type Step =
  | { readonly at: number; readonly alerts: readonly PostedAlert[] }
  | { readonly at: number; readonly silence: Readonly<Record<string, string>>; readonly forSeconds: number }
  | { readonly at: number; readonly expireSilence: true };

export interface Case {
  readonly name: string;
  /** Of the route, in YAML's flow form; the receiver has the case's name. */
  readonly route?: string;
  /** Further routes below the case's, in flow form. */
  readonly routes?: string;
  /** Further receivers, in flow form. */
  readonly receivers?: (base: string) => string;
  /** Of the receiver, in flow form. `base` is where it sends to. */
  /** `proxy` leads to hosts that cannot be configured. */
  readonly receiver?: (base: string, smtp: string, proxy: string) => string;
  readonly steps: readonly Step[];
  /** What the recording server answers, in order; then 200. */
  readonly answers?: readonly { readonly status: number; readonly body?: string; readonly type?: string }[];
}

const hook = (base: string): string => `webhook_configs: [{url: "${base}"}]`;
const one: PostedAlert = {
  labels: { alertname: "High", severity: "critical", instance: "h:1", job: "api" },
  annotations: { summary: 'It is <high> & "bad"', runbook: "http://x/?a=1&b=2" },
  generatorURL: "http://prom/graph?g0.expr=up&g0.tab=1",
};
const two: PostedAlert = { labels: { ...one.labels, instance: "h:2" }, annotations: { summary: "second" } };
const info: PostedAlert = { labels: { ...one.labels, severity: "info", instance: "h:3" } };
const resolved = (alert: PostedAlert): PostedAlert => ({ ...alert, endsIn: 0 });
const fireAndResolve: readonly Step[] = [
  { at: 0, alerts: [one, two] },
  { at: 2.4, alerts: [resolved(one), resolved(two)] },
];
/** For what fails: it is told again at the next flush, which nothing else must come near to. */
const fireOnly = fireAndResolve.slice(0, 1);
const json = (body: unknown) => ({ status: 200, body: JSON.stringify(body), type: "application/json" });

/** An integration with its payloads: fires with two alerts, then resolves. */
function payload(
  name: string,
  receiver: (base: string, smtp: string, proxy: string) => string,
  more: Partial<Case> = {},
): Case {
  return { name, receiver, steps: fireAndResolve, ...more };
}

const throughProxy = (proxy: string): string =>
  `http_config: {proxy_url: "${proxy}", tls_config: {insecure_skip_verify: true}}`;

export const CASES: readonly Case[] = [
  payload(
    "pushover",
    (_, __, proxy) =>
      `pushover_configs: [{user_key: u, token: t, url_title: 'x y', ttl: 90s, sound: s, ${throughProxy(proxy)}}]`,
  ),
  payload(
    "pushover-html",
    (_, __, proxy) =>
      `pushover_configs: [{user_key: u, token: html, html: true, message: '<b>{{ .CommonAnnotations.summary }}{{ .Status }}</b>', ${throughProxy(proxy)}}]`,
  ),
  payload(
    "pagerduty-v1",
    (_, __, proxy) => `pagerduty_configs: [{service_key: k, details: {own: '{{ .Status }}'}, ${throughProxy(proxy)}}]`,
    { answers: [{ status: 403 }], steps: fireOnly },
  ),
  { name: "one-alert", steps: [{ at: 0, alerts: [one] }] },
  { name: "fires-and-resolves", steps: fireAndResolve },
  {
    name: "joins",
    steps: [
      { at: 0, alerts: [one] },
      { at: 1.3, alerts: [two] },
    ],
  },
  {
    name: "one-of-two-resolves",
    steps: [
      { at: 0, alerts: [one, two] },
      { at: 1.4, alerts: [resolved(one)] },
    ],
  },
  {
    name: "resolves-in-group-wait",
    route: "group_wait: 4s",
    steps: [
      { at: 0, alerts: [one] },
      { at: 0.8, alerts: [resolved(one)] },
    ],
  },
  { name: "repeats", route: "repeat_interval: 3s", steps: [{ at: 0, alerts: [one] }] },
  {
    name: "no-resolved",
    receiver: (base) => `webhook_configs: [{url: "${base}", send_resolved: false}]`,
    steps: fireAndResolve,
  },
  { name: "fires-again", steps: [...fireAndResolve, { at: 4.3, alerts: [one] }] },
  { name: "group-by-two", route: "group_by: [alertname, instance]", steps: [{ at: 0, alerts: [one, two] }] },
  { name: "group-by-all", route: "group_by: ['...']", steps: [{ at: 0, alerts: [one, two] }] },
  { name: "group-by-nothing", route: "group_by: []", steps: [{ at: 0, alerts: [one, info] }] },
  {
    name: "max-alerts",
    receiver: (base) => `webhook_configs: [{url: "${base}", max_alerts: 1}]`,
    steps: [{ at: 0, alerts: [one, two] }],
  },
  {
    name: "child-routes",
    routes:
      "- {matchers: ['severity=\"info\"'], receiver: child-info}\n      - {matchers: ['instance=~\"h:[12]\"'], receiver: child-rest}",
    receivers: (base) => `- {name: child-info, ${hook(`${base}/info`)}}\n- {name: child-rest, ${hook(`${base}/rest`)}}`,
    steps: [{ at: 0, alerts: [one, two, info] }],
  },
  {
    name: "continue",
    routes:
      "- {matchers: ['severity=\"critical\"'], receiver: cont-a, continue: true}\n      - {match: {job: api}, receiver: cont-b}",
    receivers: (base) => `- {name: cont-a, ${hook(`${base}/a`)}}\n- {name: cont-b, ${hook(`${base}/b`)}}`,
    steps: [{ at: 0, alerts: [one, info] }],
  },
  {
    name: "negative-and-empty-matchers",
    routes: "- {matchers: ['team!=\"x\"', 'owner=\"\"', 'instance!~\"h:2\"'], receiver: neg-a}",
    receivers: (base) => `- {name: neg-a, ${hook(`${base}/a`)}}`,
    steps: [{ at: 0, alerts: [one, two] }],
  },
  {
    name: "match-re",
    routes: "- {match_re: {instance: 'h:(1|3)'}, receiver: re-a}",
    receivers: (base) => `- {name: re-a, ${hook(`${base}/a`)}}`,
    steps: [{ at: 0, alerts: [one, two, info] }],
  },
  { name: "inhibited", steps: [{ at: 0, alerts: [{ labels: { ...one.labels, role: "source" } }, info] }] },
  {
    name: "inhibition-ends",
    steps: [{ at: 0, alerts: [{ labels: { ...one.labels, role: "source" }, endsIn: 2 }, info] }],
  },
  {
    name: "inhibition-needs-equal",
    steps: [{ at: 0, alerts: [{ labels: { ...one.labels, job: "other", role: "source" } }, info] }],
  },
  {
    name: "silenced",
    steps: [
      { at: 0, silence: { instance: "h:1" }, forSeconds: 60 },
      { at: 0.1, alerts: [one, two] },
    ],
  },
  {
    name: "silence-by-expression",
    steps: [
      { at: 0, silence: { "instance~": "h:[12]" }, forSeconds: 60 },
      { at: 0.1, alerts: [one, two, info] },
    ],
  },
  {
    name: "silence-ends",
    steps: [
      { at: 0, silence: { instance: "h:1" }, forSeconds: 4 },
      { at: 0.1, alerts: [one] },
    ],
  },
  {
    name: "silence-is-expired",
    steps: [
      { at: 0, silence: { instance: "h:1" }, forSeconds: 60 },
      { at: 0.1, alerts: [one] },
      { at: 1.6, expireSilence: true },
    ],
  },
  { name: "muted-by-time", route: "mute_time_intervals: [always]", steps: [{ at: 0, alerts: [one] }] },
  { name: "not-muted-by-time", route: "mute_time_intervals: [never]", steps: [{ at: 0, alerts: [one] }] },
  { name: "active-by-time", route: "active_time_intervals: [always]", steps: [{ at: 0, alerts: [one] }] },
  { name: "inactive-by-time", route: "active_time_intervals: [never]", steps: [{ at: 0, alerts: [one] }] },
  {
    name: "utf8-label",
    route: "group_by: ['größe']",
    steps: [{ at: 0, alerts: [{ labels: { alertname: "u", größe: 'ü "1"', "a.b/c": "x" } }] }],
  },
  {
    name: "empty-labels",
    steps: [{ at: 0, alerts: [{ labels: { alertname: "e", gone: "", kept: "1" }, annotations: { none: "" } }] }],
  },
  { name: "timed-end", steps: [{ at: 0, alerts: [{ ...one, endsIn: 1.4 }] }] },
  { name: "retries-500", answers: [{ status: 500 }, { status: 503 }], steps: [{ at: 0, alerts: [one] }] },
  { name: "gives-up-400", answers: [{ status: 400 }], steps: [{ at: 0, alerts: [one] }] },
  {
    name: "url-template",
    receiver: (base) => `webhook_configs: [{url: '${base}/{{ .CommonLabels.job }}/{{ .Status }}'}]`,
    steps: fireAndResolve,
  },
  {
    name: "own-payload",
    receiver: (base) =>
      `webhook_configs: [{url: "${base}", payload: {title: '{{ .Status | toUpper }} {{ .CommonLabels.alertname }}', count: '{{ len .Alerts }}', list: ['{{ .Receiver }}', 'a: b'], flag: true, data: '{{ .CommonLabels | toJson }}', '{{ .Status }}': x}}]`,
    steps: fireAndResolve,
  },
  {
    name: "own-template",
    receiver: (base) =>
      `slack_configs: [{api_url: "${base}", channel: '#x', title: '{{ template "own" . }}', text: '{{ range .Alerts }}{{ .Labels.SortedPairs }}|{{ .Annotations.summary | title | reReplaceAll "[aeiou]" "*" }}|{{ .StartsAt.Format "2006" }}{{ end }} {{ .CommonLabels.Remove (stringSlice "job") }} {{ (index .Alerts 0).Labels.Names | join "+" }} {{ dict "a" (list 1 "b") | toJson }}'}]`,
    steps: [{ at: 0, alerts: [one, two] }],
    answers: [{ status: 200, body: "ok" }],
  },
  {
    name: "slack-template-fails",
    receiver: (base) => `slack_configs: [{api_url: "${base}", channel: '#x', title: 'half {{ .Status.Nope }} never'}]`,
    steps: [{ at: 0, alerts: [one] }],
    answers: [{ status: 200, body: "ok" }],
  },
  {
    name: "bad-template",
    receiver: (base) => `webhook_configs: [{url: "${base}/{{ .Nope }}"}, {url: "${base}/good"}]`,
    steps: [{ at: 0, alerts: [one] }],
  },
  {
    name: "two-integrations",
    receiver: (base) => `webhook_configs: [{url: "${base}/1"}, {url: "${base}/2", send_resolved: false}]`,
    steps: fireAndResolve,
  },
  {
    name: "basic-auth",
    receiver: (base) => `webhook_configs: [{url: "${base}", http_config: {basic_auth: {username: u, password: p}}}]`,
    steps: [{ at: 0, alerts: [one] }],
  },
  {
    name: "bearer",
    receiver: (base) => `webhook_configs: [{url: "${base}", http_config: {authorization: {credentials: t}}}]`,
    steps: [{ at: 0, alerts: [one] }],
  },
  payload(
    "slack",
    (base) =>
      `slack_configs: [{api_url: "${base}", channel: '#a', send_resolved: true, fields: [{title: t, value: '{{ .Status }}'}, {title: u, value: v, short: true}], actions: [{type: button, text: go, url: 'http://x'}, {type: button, text: ask, name: n, value: v, confirm: {text: sure, title: t}}]}]`,
    {
      answers: [
        { status: 200, body: "ok" },
        { status: 200, body: "ok" },
      ],
    },
  ),
  payload("slack-refuses", (base) => `slack_configs: [{api_url: "${base}", channel: '#a'}]`, {
    answers: [json({ ok: false, error: "channel_not_found" })],
    steps: fireOnly,
  }),
  payload(
    "pagerduty",
    (base) =>
      `pagerduty_configs: [{routing_key: k, url: "${base}", class: c, severity: warning, links: [{href: 'http://x', text: l}], details: {more: '{{ .CommonLabels.job }}', nested: {a: '{{ len .Alerts }}'}}}]`,
    { answers: [{ status: 429 }, { status: 202 }] },
  ),
  payload(
    "opsgenie",
    (base) =>
      `opsgenie_configs: [{api_key: k, api_url: "${base}/", tags: 'a,b', priority: P1, update_alerts: true, details: {x: '{{ .Status }}'}, responders: [{name: 'x,y', type: teams}, {username: u, type: user}]}]`,
  ),
  payload(
    "victorops",
    (base) =>
      `victorops_configs: [{api_key: k, api_url: "${base}/", routing_key: '{{ .CommonLabels.job }}', custom_fields: {extra: '{{ .Status }}'}}]`,
  ),
  payload(
    "discord",
    (base) => `discord_configs: [{webhook_url: "${base}", username: bot, avatar_url: 'http://x/a.png'}]`,
  ),
  payload("msteams", (base) => `msteams_configs: [{webhook_url: "${base}"}]`),
  payload("msteamsv2", (base) => `msteamsv2_configs: [{webhook_url: "${base}"}]`),
  payload(
    "webex",
    (base) => `webex_configs: [{api_url: "${base}", room_id: r, http_config: {authorization: {credentials: t}}}]`,
  ),
  payload(
    "wechat",
    (base) =>
      `wechat_configs: [{api_secret: s, corp_id: c, api_url: "${base}/", to_user: '@all', agent_id: '1', send_resolved: true}]`,
    { answers: [json({ access_token: "tok" }), json({ errcode: 0 }), json({ errcode: 0 })] },
  ),
  payload(
    "telegram",
    (base) =>
      `telegram_configs: [{bot_token: 'b', chat_id: -5, api_url: "${base}", message_thread_id: 7, disable_notifications: true}]`,
    {
      answers: [
        json({ ok: true, result: { message_id: 1, chat: { id: 1 } } }),
        json({ ok: true, result: { message_id: 1, chat: { id: 1 } } }),
      ],
    },
  ),
  payload(
    "telegram-plain",
    (base) =>
      `telegram_configs: [{bot_token: 'b', chat_id: 5, api_url: "${base}", parse_mode: '', message: '{{ .Status }} & <b>'}]`,
    {
      answers: [
        json({ ok: true, result: { message_id: 1, chat: { id: 1 } } }),
        json({ ok: true, result: { message_id: 1, chat: { id: 1 } } }),
      ],
    },
  ),
  payload(
    "jira",
    (base) =>
      `jira_configs: [{api_url: "${base}", project: P, issue_type: Bug, labels: [l, '{{ .CommonLabels.job }}'], fields: {customfield_1: {value: '{{ .Status }}'}}}]`,
    { answers: [json({ issues: [] }), { status: 201, body: "{}", type: "application/json" }, json({ issues: [] })] },
  ),
  payload(
    "jira-update",
    (base) =>
      `jira_configs: [{api_url: "${base}", project: P, issue_type: Bug, resolve_transition: Done, reopen_transition: Open, reopen_duration: 1h}]`,
    {
      answers: [
        json({ issues: [{ key: "P-1", fields: { status: { name: "x", statusCategory: { key: "new" } } } }] }),
        { status: 204 },
        json({ issues: [{ key: "P-1", fields: { status: { name: "x", statusCategory: { key: "new" } } } }] }),
        { status: 204 },
        json({ transitions: [{ id: "31", name: "Done" }] }),
        { status: 204 },
      ],
    },
  ),
  payload(
    "rocketchat",
    (base) =>
      `rocketchat_configs: [{api_url: "${base}", token: t, token_id: i, channel: '#c', send_resolved: true, fields: [{title: a, value: b}], actions: [{text: go, url: 'http://x'}]}]`,
    { answers: [json({ success: true }), json({ success: true })] },
  ),
  payload(
    "mattermost",
    (base) =>
      `mattermost_configs: [{webhook_url: "${base}", channel: c, send_resolved: true, priority: {priority: urgent, requested_ack: true}, props: {card: x}, fields: [{title: a, value: b}]}]`,
  ),
  payload("incidentio", (base) => `incidentio_configs: [{url: "${base}", alert_source_token: t}]`),
  payload(
    "sns",
    (base) =>
      `sns_configs: [{api_url: "${base}", sigv4: {region: eu-west-1, access_key: a, secret_key: s}, topic_arn: 'arn:x', attributes: {k: '{{ .Status }}'}}]`,
    {
      answers: [
        {
          status: 200,
          body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
          type: "text/xml",
        },
        {
          status: 200,
          body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
          type: "text/xml",
        },
      ],
    },
  ),
  payload(
    "email",
    (_, smtp) =>
      `email_configs: [{to: 'A B <a@x.org>, c@x.org', from: am@x.org, smarthost: '${smtp}', require_tls: false, send_resolved: true, text: 'plain {{ .Status }} ü', headers: {X-Case: '{{ .CommonLabels.case }}'}}]`,
  ),
];
