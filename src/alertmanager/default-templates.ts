/** The texts that notifications have by default, under Alertmanager's names. */

const define = (name: string, body: string): string => `{{ define "${name}" }}${body}{{ end }}\n`;
const call = (name: string): string => `{{ template "${name}" . }}`;

const SUBJECT =
  '[{{ .Status | toUpper }}{{ with .Alerts.Firing }}{{ if eq $.Status "firing" }}:{{ len . }}{{ end }}{{ end }}] ' +
  '{{ join " " .GroupLabels.SortedPairs.Values }} ' +
  "{{ if lt (len .GroupLabels) (len .CommonLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}" +
  '{{ join " " .Values }}{{ end }}){{ end }}';

const PAIRS = (indent: string): string => `{{ range .SortedPairs }}${indent}- {{ .Name }} = {{ .Value }}\n{{ end }}`;
const LIST =
  `{{ range . }}Labels:\n{{ with .Labels }}${PAIRS(" ")}{{ end }}` +
  `Annotations:\n{{ with .Annotations }}${PAIRS(" ")}{{ end }}Source: {{ .GeneratorURL }}\n{{ end }}`;
const MARKDOWN_LIST =
  `{{ range . }}\nLabels:\n{{ with .Labels }}${PAIRS("  ")}{{ end }}\n` +
  `Annotations:\n{{ with .Annotations }}${PAIRS("  ")}{{ end }}\nSource: {{ .GeneratorURL }}\n{{ end }}\n`;

/** The alerts of one state under a heading. */
const section = (state: "Firing" | "Resolved", heading: string, list: string, before: string, after: string): string =>
  `{{ with .Alerts.${state} }}${before}${heading}Alerts ${state}:\n{{ template "${list}" . }}${after}{{ end }}`;

/** Both states, with empty lines around. */
const spaced = (heading: string, list: string): string =>
  `${section("Firing", heading, list, "\n", "\n")}\n${section("Resolved", heading, list, "\n", "\n")}\n`;
/** Both states without a line's end behind the last. */
const tight = `${section("Firing", "", "__text_alert_list", "", "")}\n${section("Resolved", "", "__text_alert_list", "", "")}`;

const ANNOTATIONS = '{{ join " " .CommonAnnotations.SortedPairs.Values }}\n';
const TEXT = spaced("", "__text_alert_list");
const MARKDOWN = spaced("# ", "__text_alert_list_markdown");
const COLOR = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}';

/** The highest severity decides, firing alerts first. */
const JIRA_PRIORITY = `
{{- define "__jira_priority" -}}
{{- $level := 0 -}}
{{- range . -}}
  {{- $severity := index .Labels "severity" -}}
  {{- if eq $severity "critical" }}{{ $level = 3 }}{{ end -}}
  {{- if and (eq $severity "warning") (lt $level 2) }}{{ $level = 2 }}{{ end -}}
  {{- if and (eq $severity "info") (lt $level 1) }}{{ $level = 1 }}{{ end -}}
{{- end -}}
{{- if eq $level 3 }}High{{ else if eq $level 2 }}Medium{{ else if eq $level 1 }}Low{{ end -}}
{{- end -}}
{{- define "jira.default.priority" -}}
{{- $known := false -}}
{{- range .Alerts.Firing }}{{ if match "^(critical|warning|info)$" (index .Labels "severity") }}{{ $known = true }}{{ end }}{{ end -}}
{{- if $known }}{{ template "__jira_priority" .Alerts.Firing }}{{ else }}{{ template "__jira_priority" .Alerts.Resolved }}{{ end -}}
{{- end }}
`;

const EMPTY = [
  "__description",
  "slack.default.callbackid",
  "slack.default.pretext",
  "slack.default.iconemoji",
  "slack.default.iconurl",
  "slack.default.text",
  "slack.default.footer",
  "wechat.default.to_user",
  "wechat.default.to_party",
  "wechat.default.to_tag",
  "wechat.default.agent_id",
  "discord.default.content",
  "rocketchat.default.emoji",
  "rocketchat.default.iconurl",
  "rocketchat.default.text",
];

const SUBJECTS = [
  "slack.default.title",
  "pagerduty.default.description",
  "opsgenie.default.message",
  "victorops.default.entity_display_name",
  "pushover.default.title",
  "sns.default.subject",
  "discord.default.title",
  "msteams.default.summary",
  "msteams.default.title",
  "msteamsv2.default.title",
  "jira.default.summary",
  "rocketchat.default.title",
  "mattermost.default.title",
  "email.default.subject",
];

const NAMES = [
  "slack.default.username",
  "pagerduty.default.client",
  "victorops.default.monitoring_tool",
  "rocketchat.default.alias",
  "mattermost.default.username",
];

const URLS = [
  "slack.default.titlelink",
  "pagerduty.default.clientURL",
  "opsgenie.default.source",
  "pushover.default.url",
  "rocketchat.default.titlelink",
  "mattermost.default.titlelink",
];

const fallback = (kind: string): string => `${call(`${kind}.default.title`)} | ${call(`${kind}.default.titlelink`)}`;

export const DEFAULT_TEMPLATES = [
  define("__alertmanager", "Alertmanager"),
  define("__alertmanagerURL", "{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}"),
  define("__subject", SUBJECT),
  define("__text_alert_list", LIST),
  define("__text_alert_list_markdown", MARKDOWN_LIST),
  ...EMPTY.map((name) => define(name, "")),
  ...SUBJECTS.map((name) => define(name, call("__subject"))),
  ...NAMES.map((name) => define(name, call("__alertmanager"))),
  ...URLS.map((name) => define(name, call("__alertmanagerURL"))),
  define("slack.default.fallback", fallback("slack")),
  define("mattermost.default.fallback", fallback("mattermost")),
  define("slack.default.color", COLOR),
  define("mattermost.default.color", COLOR),
  define("pagerduty.default.instances", call("__text_alert_list")),
  define("opsgenie.default.description", ANNOTATIONS + tight),
  define("victorops.default.state_message", ANNOTATIONS + tight),
  define(
    "wechat.default.message",
    `${call("__subject")}\n${ANNOTATIONS}${tight}\nAlertmanagerUrl:\n${call("__alertmanagerURL")}`,
  ),
  define("pushover.default.message", ANNOTATIONS + TEXT),
  define("sns.default.message", ANNOTATIONS + TEXT),
  define("webex.default.message", ANNOTATIONS + TEXT),
  define("telegram.default.message", `\n${TEXT}`),
  define("discord.default.message", `\n${TEXT}`),
  define("msteams.default.text", `\n${MARKDOWN}`),
  define("msteamsv2.default.text", `\n${MARKDOWN}`),
  define("jira.default.description", `\n${MARKDOWN}`),
  define("mattermost.default.text", `\n${MARKDOWN}`),
  JIRA_PRIORITY,
].join("");

export { EMAIL_TEMPLATE } from "./email-template.js";
