/** Further cases of the comparison with the real Alertmanager: each receiver with all of its fields, and with texts that are too long. */
import type { Case, PostedAlert, Step } from "./alertmanager-cases.js";

const LONG = "Ünïcödé 😀 <&> long ".repeat(500);

const one: PostedAlert = {
  labels: { alertname: "High", severity: "critical", instance: "h:1", job: "api" },
  annotations: { summary: 'It is <high> & "bad"', description: "line\nsecond `code` *bold* _under_ [x](y)" },
  generatorURL: "http://prom/graph?g0.expr=up&g0.tab=1",
};
const two: PostedAlert = { labels: { ...one.labels, instance: "h:2" }, annotations: { summary: "second" } };
const long: PostedAlert = { labels: { alertname: "Long", instance: "h:3" }, annotations: { summary: LONG } };
const resolved = (alert: PostedAlert): PostedAlert => ({ ...alert, endsIn: 0 });
const fireAndResolve: readonly Step[] = [
  { at: 0, alerts: [one, two] },
  { at: 2.4, alerts: [resolved(one), resolved(two)] },
];
const json = (body: unknown, status = 200) => ({ status, body: JSON.stringify(body), type: "application/json" });
const hook = (base: string): string => `webhook_configs: [{url: "${base}"}]`;

type Receiver = NonNullable<Case["receiver"]>;

/** Fires with two alerts and resolves. */
const told = (name: string, receiver: Receiver, more: Partial<Case> = {}): Case => ({
  name,
  receiver,
  steps: fireAndResolve,
  ...more,
});
/** Fires with two alerts: what fails is told at the next flush. */
const fired = (name: string, receiver: Receiver, more: Partial<Case> = {}): Case => ({
  name,
  receiver,
  steps: fireAndResolve.slice(0, 1),
  ...more,
});
/** Fires with one alert whose text no service takes as it is. */
const tooLong = (name: string, receiver: Receiver, more: Partial<Case> = {}): Case => ({
  name,
  receiver,
  steps: [{ at: 0, alerts: [long] }],
  ...more,
});

const MESSAGE = "'{{ .CommonAnnotations.summary }}'";
const BRACKETS = [
  "[FIRING:1] High (x)",
  "[a] - b",
  "[a]: b",
  "{a: 1} b: c",
  '[a] "b',
  '[a] "b" c',
  "[it's] [x]",
  "[a] @",
  "[a] ? b",
  "[a] : b",
  "[a]b",
  "[a]\n- b",
  "[a]\nb: c",
  "[a]\n@",
  "{a} b",
  '"q" r',
  "[a, b]] c",
  "[a] # c",
  "[]x",
  "[a]%",
  "[a\n] b",
  "[a, [b] c",
  "[{a: 1}, 'x]y'] z",
  "[a] | b",
  "[a] 'b",
  "{1: 2} x",
  "[1, 2.5, true, null, 0x1f, 1_000, 2020-01-01] z",
  "- a\nb",
  "a: [b] c",
  "12 x",
  "%a",
];
const SNS_ANSWER = {
  status: 200,
  body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
  type: "text/xml",
};
const SLACK_ANSWER = { status: 200, body: "ok" };
const TELEGRAM_ANSWER = json({ ok: true, result: { message_id: 1, chat: { id: 1 } } });
const SIGV4 = "sigv4: {region: eu-west-1, access_key: a, secret_key: s}";

/** `HH:MM` of now plus some hours, in UTC. */
function clock(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
}

/** An interval around now in UTC that does not cross midnight: within the day as far as it can. */
function around(): { readonly start: string; readonly end: string } {
  const hour = new Date().getUTCHours();
  return { start: hour === 0 ? "00:00" : clock(-1), end: hour === 23 ? "24:00" : clock(1) };
}

const today = new Date();
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const day = DAYS[today.getUTCDay()];
const otherDay = DAYS[(today.getUTCDay() + 3) % 7];

/** In flow form, for the file's list of time intervals. */
export const MORE_INTERVALS: readonly string[] = [
  `{name: around-now, time_intervals: [{times: [{start_time: '${around().start}', end_time: '${around().end}'}]}]}`,
  `{name: this-day, time_intervals: [{weekdays: ['${day}'], days_of_month: ['${today.getUTCDate()}', '-1'], months: ['1:12'], years: ['2000:2100'], location: UTC}]}`,
  `{name: other-day, time_intervals: [{weekdays: ['${otherDay}']}, {years: ['1999']}]}`,
  // Fifteen hours apart: one of two days is it in each, and the whole week in both together.
  "{name: any-day-there, time_intervals: [{weekdays: ['monday:wednesday'], location: Pacific/Auckland}, {weekdays: ['thursday:saturday', 'sunday'], location: Pacific/Auckland}]}",
];

export const MORE_CASES: readonly Case[] = [
  told(
    "webhook-fields",
    (base) =>
      `webhook_configs: [{url: "${base}", max_alerts: 2, timeout: 5s, http_config: {http_headers: {X-One: {values: [a, b]}}, basic_auth: {username: u, password_file: FOLDER/secret}}}]`,
  ),
  // Text that begins as YAML and does not go on as such.
  told(
    "webhook-payload-brackets",
    (base) =>
      `webhook_configs: [{url: "${base}", payload: ${JSON.stringify({ texts: BRACKETS, title: '{{ template "slack.default.title" . }}' })}}]`,
  ),
  told("webhook-url-file", (base) => `webhook_configs: [{url_file: 'FOLDER/url-of-${base.split("/").at(-1)}'}]`),
  { name: "webhook-404", answers: [{ status: 404 }], steps: [{ at: 0, alerts: [one] }] },
  { name: "webhook-429", answers: [{ status: 429 }, { status: 429 }], steps: [{ at: 0, alerts: [one] }] },
  { name: "webhook-300", answers: [{ status: 300 }], steps: [{ at: 0, alerts: [one] }] },
  { name: "group-wait-zero", route: "group_wait: 0s", steps: [{ at: 0, alerts: [one] }] },
  {
    name: "annotations-change",
    steps: [
      { at: 0, alerts: [one] },
      { at: 1.4, alerts: [{ ...one, annotations: { summary: "changed" } }] },
      { at: 2.6, alerts: [{ ...two, annotations: { summary: "joins" } }] },
    ],
  },
  { name: "resolved-unknown", steps: [{ at: 1, alerts: [resolved(one)] }] },
  { name: "repeat-below-group-interval", route: "repeat_interval: 1s", steps: [{ at: 0, alerts: [one] }] },
  {
    name: "nested-routes",
    route: "group_by: ['...']",
    routes:
      "- matchers: ['severity=~\"critical|warning\"']\n        group_by: [alertname]\n        continue: true\n        routes:\n        - {matchers: ['instance=\"h:1\"'], receiver: nest-a, continue: true, group_by: ['...']}\n        - {matchers: ['instance=~\"h:.\"'], receiver: nest-b}\n      - {match: {job: api}, receiver: nest-c, group_by: [job, instance]}",
    receivers: (base) => ["a", "b", "c"].map((x) => `- {name: nest-${x}, ${hook(`${base}/${x}`)}}`).join("\n"),
    steps: [{ at: 0, alerts: [one, two] }],
  },
  {
    name: "utf8-matchers",
    routes:
      '- {matchers: [\'"größe.x"=~"ü.*"\', \'{a="1","b c"!="2"}\'], receiver: utf-a}\n      - {matchers: [\'größe.x=~ü.*\'], receiver: utf-b}',
    receivers: (base) => ["a", "b"].map((x) => `- {name: utf-${x}, ${hook(`${base}/${x}`)}}`).join("\n"),
    steps: [
      {
        at: 0,
        alerts: [
          { labels: { alertname: "u1", "größe.x": "über", a: "1" } },
          { labels: { alertname: "u2", "größe.x": "ü", a: "2" } },
        ],
      },
    ],
  },
  {
    name: "inhib-missing-equal",
    steps: [
      {
        at: 0,
        alerts: [
          { labels: { alertname: "s", role: "source" } },
          { labels: { alertname: "t", severity: "info" } },
          { labels: { alertname: "t2", severity: "info", job: "x" } },
        ],
      },
    ],
  },
  {
    name: "inhib-both-sides",
    steps: [
      {
        at: 0,
        alerts: [
          { labels: { alertname: "s1", role: "source", severity: "info" } },
          { labels: { alertname: "s2", role: "source", severity: "info" } },
          { labels: { alertname: "t", severity: "info" } },
        ],
      },
    ],
  },
  {
    name: "inhib-two-sources",
    steps: [
      {
        at: 0,
        alerts: [
          { labels: { alertname: "s1", role: "source" }, endsIn: 1.5 },
          { labels: { alertname: "s2", role: "source" } },
          { labels: { alertname: "t", severity: "info" } },
        ],
      },
    ],
  },
  {
    name: "silence-not-equal",
    steps: [
      { at: 0, silence: { "severity!": "info" }, forSeconds: 60 },
      { at: 0.1, alerts: [one, { labels: { ...one.labels, severity: "info" } }] },
    ],
  },
  { name: "muted-around-now", route: "mute_time_intervals: [around-now]", steps: [{ at: 0, alerts: [one] }] },
  { name: "muted-on-this-day", route: "mute_time_intervals: [this-day]", steps: [{ at: 0, alerts: [one] }] },
  { name: "not-muted-on-other-day", route: "mute_time_intervals: [other-day]", steps: [{ at: 0, alerts: [one] }] },
  { name: "active-any-day-there", route: "active_time_intervals: [any-day-there]", steps: [{ at: 0, alerts: [one] }] },
  {
    name: "active-but-muted",
    route: "active_time_intervals: [around-now], mute_time_intervals: [other-day, this-day]",
    steps: [{ at: 0, alerts: [one] }],
  },
  told(
    "slack-fields",
    (base) =>
      `slack_configs: [{api_url: "${base}", channel: '#a', username: u, color: '{{ .Status }}', pretext: p, text: ${MESSAGE}, title: t, title_link: 'http://l', fallback: f, callback_id: c, footer: '{{ .Receiver }}', icon_emoji: ':x:', icon_url: 'http://i', image_url: 'http://im', thumb_url: 'http://th', link_names: true, short_fields: true, mrkdwn_in: [text], message_text: m, send_resolved: true, fields: [{title: a, value: b, short: false}, {title: c, value: d}], actions: [{type: button, text: t, url: 'http://u', style: danger}]}]`,
    { answers: [SLACK_ANSWER, SLACK_ANSWER] },
  ),
  told(
    "slack-app",
    (base) => `slack_configs: [{app_url: "${base}", app_token: tok, channel: '#a', send_resolved: true, timeout: 5s}]`,
    { answers: [json({ ok: true, ts: "1.2", channel: "C1" }), json({ ok: true, ts: "1.3", channel: "C1" })] },
  ),
  tooLong(
    "slack-long",
    (base) =>
      `slack_configs: [{api_url: "${base}", channel: '#a', title: ${MESSAGE}, text: ${MESSAGE}, fallback: ${MESSAGE}}]`,
    {
      answers: [SLACK_ANSWER],
    },
  ),
  told("slack-500", (base) => `slack_configs: [{api_url: "${base}", channel: '#a', send_resolved: true}]`, {
    answers: [{ status: 500, body: "no" }, SLACK_ANSWER, SLACK_ANSWER],
  }),
  told(
    "pagerduty-fields",
    (base) =>
      `pagerduty_configs: [{routing_key_file: FOLDER/secret, url: "${base}", client: c, client_url: 'http://c/{{ .Status }}', description: ${MESSAGE}, severity: '{{ if .CommonLabels.severity }}{{ .CommonLabels.severity }}{{ end }}', source: s, class: cl, component: co, group: '{{ .GroupLabels.case }}', images: [{src: 'http://i', alt: a, href: 'http://h'}], links: [{href: 'http://l', text: t}, {href: '', text: ''}], details: {firing: '', list: [1, two, {three: '{{ .Status }}'}], number: 5}}]`,
    { answers: [{ status: 202 }, { status: 202 }] },
  ),
  tooLong(
    "pagerduty-long",
    (base) =>
      `pagerduty_configs: [{routing_key: k, url: "${base}", description: ${MESSAGE}, details: {big: ${MESSAGE}}}]`,
    {
      answers: [{ status: 202 }],
    },
  ),
  tooLong(
    "pagerduty-very-long",
    (base) =>
      `pagerduty_configs: [{routing_key: k, url: "${base}", details: {${Array.from({ length: 60 }, (_, i) => `big${i}: ${MESSAGE}`).join(", ")}}}]`,
    { answers: [{ status: 202 }] },
  ),
  fired("pagerduty-403", (base) => `pagerduty_configs: [{routing_key: k, url: "${base}"}]`, {
    answers: [{ status: 403 }, { status: 400, body: '{"status":"invalid"}', type: "application/json" }],
  }),
  told(
    "opsgenie-fields",
    (base) =>
      `opsgenie_configs: [{api_key_file: FOLDER/secret, api_url: "${base}/", message: 'm {{ .Status }}', description: ${MESSAGE}, source: s, note: n, entity: e, actions: 'a, b', tags: ' x,y ', priority: '{{ if eq .Status "firing" }}P2{{ end }}', details: {a: b}, responders: [{id: i, type: '{{ "team" }}'}, {name: n, type: schedule}, {username: '{{ "" }}', type: user}]}]`,
  ),
  tooLong(
    "opsgenie-long",
    (base) => `opsgenie_configs: [{api_key: k, api_url: "${base}/", message: ${MESSAGE}, description: ${MESSAGE}}]`,
  ),
  told(
    "victorops-fields",
    (base) =>
      `victorops_configs: [{api_key_file: FOLDER/secret, api_url: "${base}/", routing_key: r, message_type: '{{ "WARNING" }}', state_message: ${MESSAGE}, entity_display_name: d, monitoring_tool: t, custom_fields: {a: '{{ .Status }}', b: c}}]`,
  ),
  tooLong(
    "victorops-long",
    (base) => `victorops_configs: [{api_key: k, api_url: "${base}/", routing_key: r, state_message: ${MESSAGE}}]`,
  ),
  told(
    "discord-fields",
    (base) => `discord_configs: [{webhook_url: "${base}", title: 't {{ .Status }}', message: ${MESSAGE}, content: c}]`,
    { answers: [{ status: 429, body: "{}", type: "application/json" }, { status: 204 }, { status: 204 }] },
  ),
  tooLong(
    "discord-long",
    (base) =>
      `discord_configs: [{webhook_url: "${base}", title: ${MESSAGE}, message: ${MESSAGE}, content: ${MESSAGE}}]`,
  ),
  told(
    "msteams-fields",
    (base) => `msteams_configs: [{webhook_url: "${base}", title: t, summary: s, text: ${MESSAGE}}]`,
  ),
  told("msteamsv2-fields", (base) => `msteamsv2_configs: [{webhook_url: "${base}", title: t, text: ${MESSAGE}}]`),
  tooLong("msteamsv2-long", (base) => `msteamsv2_configs: [{webhook_url: "${base}", text: ${MESSAGE}}]`),
  told(
    "webex-fields",
    (base) =>
      `webex_configs: [{api_url: "${base}", room_id: '{{ "r" }}', message: ${MESSAGE}, http_config: {authorization: {type: Bearer, credentials_file: FOLDER/secret}}}]`,
  ),
  tooLong(
    "webex-long",
    (base) =>
      `webex_configs: [{api_url: "${base}", room_id: r, message: ${MESSAGE}, http_config: {authorization: {credentials: t}}}]`,
  ),
  fired(
    "wechat-fields",
    (base) =>
      `wechat_configs: [{api_secret_file: FOLDER/secret, corp_id: c, api_url: "${base}/", to_party: p, to_tag: t, agent_id: '1', message_type: markdown, message: ${MESSAGE}, send_resolved: true}]`,
    {
      answers: [json({ access_token: "tok" }), json({ errcode: 40014 }), json({ errcode: 0 })],
    },
  ),
  told(
    "telegram-markdown",
    (base) =>
      `telegram_configs: [{bot_token_file: FOLDER/secret, chat_id_file: FOLDER/chat, api_url: "${base}", parse_mode: MarkdownV2, message: ${MESSAGE}}]`,
    { answers: [TELEGRAM_ANSWER, TELEGRAM_ANSWER] },
  ),
  tooLong(
    "telegram-long",
    (base) => `telegram_configs: [{bot_token: b, chat_id: 5, api_url: "${base}", parse_mode: '', message: ${MESSAGE}}]`,
    {
      answers: [TELEGRAM_ANSWER],
    },
  ),
  fired("telegram-refuses", (base) => `telegram_configs: [{bot_token: b, chat_id: 5, api_url: "${base}"}]`, {
    answers: [json({ ok: false, error_code: 400, description: "Bad Request: chat not found" }, 400), TELEGRAM_ANSWER],
  }),
  told(
    "jira-fields",
    (base) =>
      `jira_configs: [{api_url: "${base}", api_type: datacenter, project: '{{ "P" }}', issue_type: '{{ "Bug" }}', priority: '{{ "High" }}', summary: ${MESSAGE}, description: 'd {{ .Status }}', labels: ['a b', x], fields: {components: [{name: c}], customfield_2: 5, customfield_3: ['{{ .Status }}']}}]`,
    { answers: [json({ issues: [] }), json({}, 201), json({ issues: [] })] },
  ),
  told(
    "jira-cloud",
    (base) =>
      `jira_configs: [{api_url: "${base}", api_type: cloud, project: P, issue_type: Bug, summary: {template: s, enable_update: false}, description: {template: d, enable_update: true}, resolve_transition: Done, wont_fix_resolution: wont}]`,
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
  told(
    "jira-reopens",
    (base) =>
      `jira_configs: [{api_url: "${base}", project: P, issue_type: Bug, reopen_transition: Open, resolve_transition: Done, reopen_duration: 1h}]`,
    {
      answers: [
        json({ issues: [{ key: "P-2", fields: { status: { name: "x", statusCategory: { key: "done" } } } }] }),
        { status: 204 },
        json({ transitions: [{ id: "11", name: "Open" }] }),
        { status: 204 },
        json({ issues: [] }),
      ],
    },
  ),
  tooLong(
    "jira-long",
    (base) =>
      `jira_configs: [{api_url: "${base}", project: P, issue_type: Bug, summary: ${MESSAGE}, description: ${MESSAGE}}]`,
    {
      answers: [json({ issues: [] }), json({}, 201)],
    },
  ),
  told(
    "rocketchat-fields",
    (base) =>
      `rocketchat_configs: [{api_url: "${base}", token_file: FOLDER/secret, token_id_file: FOLDER/secret, channel: '#{{ .Status }}', color: blue, emoji: ':e:', icon_url: 'http://i', image_url: 'http://im', thumb_url: 'http://th', link_names: true, short_fields: true, text: ${MESSAGE}, title: t, title_link: 'http://l', send_resolved: true, fields: [{title: a, value: '{{ .Status }}', short: false}, {title: c, value: d}], actions: [{type: button, text: go, url: 'http://x', msg: m}]}]`,
    { answers: [json({ success: true }), json({ success: true })] },
  ),
  fired(
    "rocketchat-refuses",
    (base) => `rocketchat_configs: [{api_url: "${base}", token: t, token_id: i, channel: '#c'}]`,
    {
      answers: [json({ success: false, error: "nope" }), json({ success: true })],
    },
  ),
  tooLong(
    "rocketchat-long",
    (base) =>
      `rocketchat_configs: [{api_url: "${base}", token: t, token_id: i, channel: '#c', title: ${MESSAGE}, text: ${MESSAGE}}]`,
    {
      answers: [json({ success: true })],
    },
  ),
  told(
    "mattermost-fields",
    (base) =>
      `mattermost_configs: [{webhook_url_file: 'FOLDER/url-of-${base.split("/").at(-1)}', channel: c, username: u, icon_url: 'http://i', icon_emoji: ':e:', text: ${MESSAGE}, send_resolved: true, priority: {priority: important, persistent_notifications: true}, attachments: [{fallback: f, color: '{{ .Status }}', pretext: p, text: t, author_name: a, author_link: 'http://a', author_icon: 'http://ai', title: ti, title_link: 'http://tl', fields: [{title: x, value: y, short: true}], thumb_url: 'http://th', footer: fo, footer_icon: 'http://fi', image_url: 'http://im'}]}]`,
  ),
  tooLong("mattermost-long", (base) => `mattermost_configs: [{webhook_url: "${base}", text: ${MESSAGE}}]`),
  told(
    "incidentio-fields",
    (base) =>
      `incidentio_configs: [{url: "${base}", alert_source_token_file: FOLDER/secret, max_alerts: 1, timeout: 5s}]`,
    { answers: [{ status: 429 }, { status: 202 }, { status: 202 }] },
  ),
  tooLong("incidentio-long", (base) => `incidentio_configs: [{url: "${base}", alert_source_token: t}]`),
  told(
    "sns-phone",
    (base) =>
      `sns_configs: [{api_url: "${base}", ${SIGV4}, phone_number: '+1', message: 'm {{ .Status }}', subject: 's'}]`,
    { answers: [SNS_ANSWER, SNS_ANSWER] },
  ),
  told(
    "sns-target-fifo",
    (base) =>
      `sns_configs: [{api_url: "${base}", ${SIGV4}, topic_arn: 'arn:aws:sns:eu-west-1:1:t.fifo', message: 'm', attributes: {k: v, l: '{{ .Status }}'}}]`,
    { answers: [SNS_ANSWER, SNS_ANSWER] },
  ),
  tooLong(
    "sns-long",
    (base) =>
      `sns_configs: [{api_url: "${base}", ${SIGV4}, target_arn: 'arn:t', subject: ${MESSAGE}, message: ${MESSAGE}${MESSAGE}}]`.replace(
        "''",
        "",
      ),
    {
      answers: [SNS_ANSWER],
    },
  ),
  ...[
    ["login", "hello: am-login, auth_username: u, auth_password: p"],
    ["plain", "hello: am-plain, auth_username: u, auth_identity: i, auth_password_file: FOLDER/secret"],
    ["cram", "hello: am-cram, auth_username: u, auth_secret: s"],
    ["all-ways", "hello: am-cram-login, auth_username: u, auth_password: p"],
    [
      "starttls",
      "hello: am-starttls-plain, require_tls: true, tls_config: {insecure_skip_verify: true}, auth_username: u, auth_password: p",
    ],
    ["tls-not-needed", "hello: am-starttls"],
    ["needs-tls", "require_tls: true"],
    ["implicit", "smarthost: 'SMTPS', force_implicit_tls: true, tls_config: {insecure_skip_verify: true}"],
    ["only-text", `html: '', text: ${MESSAGE}, send_resolved: true`],
    [
      "headers",
      "headers: {Subject: 'S {{ .Status }} ü', Reply-To: r@x.org, X-Long: '{{ .CommonAnnotations.summary }}', To: 'T <t@x.org>'}",
    ],
    [
      "names",
      `to: '"A, B" <a@x.org>, <b@x.org>', html: '<b>{{ .CommonAnnotations.summary }}</b><a href="{{ .ExternalURL }}?{{ .Receiver }}&x={{ .CommonLabels.job }}">{{ .Status }}</a>'`,
    ],
  ].map(([name, fields = ""]) => {
    const withCase = (given: string): string =>
      given.includes("headers: {")
        ? given.replace("headers: {", "headers: {X-Case: '{{ .CommonLabels.case }}', ")
        : `${given}, headers: {X-Case: '{{ .CommonLabels.case }}'}`;
    const needed = { from: "am@x.org", to: "c@x.org", smarthost: "'SMTP'", require_tls: "false" };
    const missing = Object.entries(needed).flatMap(([field, value]) =>
      new RegExp(`(?:^|, )${field}: `).test(fields) ? [] : [`, ${field}: ${value}`],
    );
    const receiver: Receiver = (_, smtp) =>
      `email_configs: [{${withCase(fields)}${missing.join("")}}]`.replace("'SMTP'", `'${smtp}'`);
    return told(`email-${name}`, receiver);
  }),
  told(
    "email-threading",
    (_, smtp) =>
      `email_configs: [{to: c@x.org, from: am@x.org, smarthost: '${smtp}', require_tls: false, send_resolved: true, threading: {enabled: true, thread_by_date: daily}, headers: {X-Case: '{{ .CommonLabels.case }}'}}]`,
  ),
];
